"""What was measured, as text and as JSON."""

from __future__ import annotations

from typing import Any

from camcli.compile.acceleration import resolve_precision
from camcli.profiling.measure import Measured
from camcli.run.build import BuiltRun
from camcli.system.wording import counted_as


def as_text(built: BuiltRun, measured: Measured) -> str:
    """Return a table of the stages, and the ratio of explaining to predicting."""
    lines = [
        "{model}, {layer}, {method}, {precision} on {device}, batches of {batch_size}, "
        "{workers} workers".format(**_header(built)),
        f"{'stage, alone in one thread':30} ms per image",
    ]
    lines += [
        f"  {f'{stage.where}: {stage.name}':28} {stage.milliseconds:9.2f}"
        for stage in measured.stages
    ]
    lines.append("the calling thread in a run")
    lines += [f"  {stage:28} {spent:9.2f}" for stage, spent in measured.waiting.items()]
    low, high = min(measured.ratios), max(measured.ratios)
    lines += [
        f"from files to files, {counted_as(measured.images, 'image')}, "
        f"{counted_as(len(measured.explain), 'round')}",
        f"  {'explain':28} {measured.per_image(measured.explain):9.2f}",
        f"  {'decode and predict':28} {measured.per_image(measured.predict):9.2f}",
        f"  {'ratio':28} {measured.ratio:9.2f}  ({low:.2f} to {high:.2f})",
    ]
    return "\n".join(lines)


def as_json(built: BuiltRun, measured: Measured) -> dict[str, Any]:
    """Return all measurements, JSON-ready; times are in seconds or as their names say."""
    return _header(built) | {
        "images": measured.images,
        "stages": [vars(stage) for stage in measured.stages],
        "waiting": dict(measured.waiting),
        "explain_seconds": list(measured.explain),
        "predict_seconds": list(measured.predict),
        "ratio": measured.ratio,
        "ratios": list(measured.ratios),
    }


def _header(built: BuiltRun) -> dict[str, Any]:
    return {
        "model": built.model.name,
        "layer": built.layer,
        "method": ", ".join(each.name for each in built.methods),
        "device": str(built.engine.device),
        "precision": resolve_precision(built.config.run.precision, built.engine.device),
        "batch_size": built.batch_size,
        "workers": built.workers,
        "save": list(built.config.output.save),
    }
