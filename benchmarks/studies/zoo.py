"""Measure DeepLIFT's completeness on every classification model of torchvision or timm.

    python -m benchmarks.studies.zoo --rows rows.jsonl > zoo.md
    python -m benchmarks.studies.zoo 'resnet*' --rows rows.jsonl
    python -m benchmarks.studies.zoo --names timm:vit_tiny_patch16_224 timm:resnet10t \
        --rows rows.jsonl

Weights are random. Every model is measured in a process of its own, so that its memory is freed,
and gets its row at once; models that are already in `--rows` are not measured again.

The columns: the default layer and the activation there (bypasses are tensors that bypass the
split); what `camcli.network.corners` says of its layout, with the least ratio of how much a changed
corner of the image moves its own corner of the map and any quarter beyond it; parameters in
millions; split is max |tail(trunk(x)) - model(x)| / max |model(x)|; completeness is
|ΣC - Δ| / max(|Δ|, Σ|C|) of LIFT-CAM for the top class, the larger of two noise images; seconds to
load, trace, split and check, and to explain one image, on the CPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

IMAGES = 2
SEED = 1


def measure(name: str) -> dict[str, Any]:
    """Load, split and explain one model with random weights; return its row."""
    import torch

    from camcli.attribution.objective import Objective
    from camcli.config import ModelConfig
    from camcli.methods.lift_cam import LiftCam
    from camcli.methods.probe import Probe
    from camcli.models import load_model
    from camcli.network.corners import checked_corners, corner_changes, corner_ratios
    from camcli.network.default_layer import default_layer
    from camcli.network.headless import require_head
    from camcli.network.split import check_split, split
    from camcli.network.trace import trace
    from camcli.run.cut import examples_for

    torch.set_flush_denormal(True)
    start = time.perf_counter()
    model = load_model(ModelConfig(name=name, weights=None))
    examples = examples_for(model, torch.device("cpu"))
    traced = trace(model.network, examples, model.output)
    require_head(traced, model.network, model.labels)
    network = split(traced, model.default_layer or default_layer(traced, examples))
    split_error = check_split(network, traced, model.network, examples)
    (network,) = checked_corners(traced, [network], examples)
    prepared = time.perf_counter()
    (changes,) = corner_changes(traced, [network.layer], examples)
    generator = torch.Generator().manual_seed(SEED)
    images = torch.randn(IMAGES, 3, *network.image_size, generator=generator)
    probe = Probe(network, images, with_reference=True)
    saliency = LiftCam().explain(probe, Objective.of(probe.logits.argmax(1)))
    explained = time.perf_counter()
    assert saliency.completeness_error is not None
    layout = network.layout
    return {
        "layer": network.layer,
        "input": list(network.image_size),
        "order": layout.order,
        "activation": [layout.channels, layout.height, layout.width],
        "extra_tokens": layout.extra_tokens,
        "in_rows": layout.in_rows,
        "layout_check": network.layout_check,
        "corner_ratio": float(corner_ratios(changes).min().clamp(max=1e6)),
        "bypasses": len(network.bypasses),
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "split_error": split_error,
        "completeness_error": float(saliency.completeness_error.max()),
        "prepare_seconds": prepared - start,
        "explain_seconds": (explained - prepared) / IMAGES,
    }


def measure_apart(name: str, timeout: float) -> dict[str, Any]:
    """Measure in a process of its own; a failure becomes a row with the last line of stderr."""
    command = [sys.executable, "-m", "benchmarks.studies.zoo", "--one", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"model": name, "failure": f"not done after {timeout:.0f} s"}
    if done.returncode == 0:
        return {"model": name, **json.loads(done.stdout.splitlines()[-1])}
    if done.returncode < 0:
        return {"model": name, "failure": f"ended by signal {-done.returncode} (memory?)"}
    return {"model": name, "failure": (done.stderr.strip().splitlines() or ["no message"])[-1]}


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    head = (
        "model", "default layer", "input", "activation", "corners", "parameters", "split",
        "completeness", "prepare", "explain",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return "\n".join(lines)


def _cells(row: Mapping[str, Any]) -> list[str]:
    if "failure" in row:
        return [row["model"], f"**{row['failure']}**", *[""] * 8]
    order = row["order"]
    if row["extra_tokens"]:
        order += f", {row['extra_tokens']} extra"
    if not row["in_rows"]:
        order += ", not in rows"
    if row["bypasses"]:
        order += f", {row['bypasses']} bypass{'es' * (row['bypasses'] > 1)}"
    return [
        row["model"],
        f"`{row['layer']}`",
        "x".join(map(str, row["input"])),
        f"{'x'.join(map(str, row['activation']))} ({order})",
        f"{row['layout_check']}, {row['corner_ratio']:.2g}",
        f"{row['parameters'] / 1e6:.1f} M",
        f"{row['split_error']:.0e}",
        f"{row['completeness_error']:.0e}",
        f"{row['prepare_seconds']:.1f} s",
        f"{row['explain_seconds']:.2f} s",
    ]


def torchvision_names(pattern: str) -> list[str]:
    """Return the names of torchvision's classification models that match a shell pattern."""
    from camcli.models.catalogue import catalogue

    names = (model.name for model in catalogue(None) if model.source == "torchvision")
    return [name for name in names if fnmatch(name, pattern)]


def main() -> None:
    """Measure what is asked for, and print the table of all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "pattern", nargs="?", default="*", help="shell pattern of torchvision's model names"
    )
    parser.add_argument("--names", nargs="+", help="these models instead, of any source")
    parser.add_argument(
        "--rows",
        type=Path,
        default=Path("zoo.jsonl"),
        help="file of JSON lines to keep the rows in",
    )
    parser.add_argument("--timeout", type=float, default=1200.0, help="seconds for one model")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    lines = options.rows.read_text().splitlines() if options.rows.exists() else []
    rows = {row["model"]: row for row in map(json.loads, lines)}
    names = options.names or torchvision_names(options.pattern)
    for name in names:
        if name not in rows:
            rows[name] = measure_apart(name, options.timeout)
            with options.rows.open("a") as file:
                file.write(json.dumps(rows[name]) + "\n")
            print(_cells(rows[name]), file=sys.stderr)
    print(table(rows[name] for name in names))


if __name__ == "__main__":
    main()
