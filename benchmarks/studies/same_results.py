"""Whether two revisions of camcli give the same results, to the byte.

    python -m benchmarks.studies.same_results BEFORE [AFTER] [--photos DIR] [--only CASE]...

BEFORE and AFTER are revisions of this repository; without AFTER, the working tree is compared. Both
explain and evaluate the same images by the same commands, without compiling, with one thread. Maps,
components and overlays have to be the same bytes, manifest rows the same values; fields that were
added are allowed. A case whose network needs weights that are missing (TORCH_HOME) is reported and
counted, never skipped silently. Exit code 1 if anything differs.

Overlays are drawn in grey, whose colours are the same in every table. The last case draws in turbo
and reports by how much the colours differ at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.data.revisions import ROOT, environment_of, revision_tree

_GREY = ("--set", "output.colormap=gray")
_METHODS = (
    "lift-cam", "deep-lift", "lift-pyramid", "decom-cam", "grad-cam", "grad-cam++", "xgrad-cam",
    "layer-cam", "hires-cam", "eigen-cam", "eigen-grad-cam", "ablation-cam", "score-cam", "lrp-cam",
    "lime-cam", "shap-cam", "centred", "random",
)  # fmt: skip
_FAST = tuple(name for name in _METHODS if name not in ("score-cam", "lime-cam", "shap-cam"))


@dataclass(frozen=True)
class Case:
    """One command that both revisions run.

    Attributes:
        name: As `--only` takes it.
        arguments: Those of camcli, without inputs and output folder.
        images: How many of the photographs are its input; 0 for `sample_images`.
        colour: Whether overlays are drawn in turbo, and may differ by the colour table.

    """

    name: str
    arguments: tuple[str, ...]
    images: int = 0
    colour: bool = False


def _explain(name: str, *arguments: str, images: int = 0, colour: bool = False) -> Case:
    look = () if colour else _GREY
    return Case(name, ("explain", "--no-compile", *look, *arguments), images, colour)


CASES = (
    *(_explain(f"demo, {method}", "--method", method) for method in _METHODS),
    _explain("demo, three targets", "--target", "top2", "--target", "cat"),
    _explain("demo, two layers", "--layer", "stages", "--layer", "expand"),
    _explain("demo, original size", "--set", "output.map_size=original", "-b", "3"),
    _explain("demo, maximum", "--set", "output.normalize=max", "--set", "output.overlay_side=200"),
    _explain("demo, jpg", "--set", "output.overlay_format=jpg"),
    _explain("demo, components", "--method", "decom-cam", "--save", "maps", "--save", "components"),
    *(
        _explain(f"squeezenet, {method}", "-m", "squeezenet1_1", "--method", method, images=10)
        for method in _FAST
    ),
    _explain(
        "squeezenet, components", "-m", "squeezenet1_1", "--method", "decom-cam",
        "--save", "maps", "--save", "overlays", "--save", "components", images=10,
    ),
    _explain(
        "squeezenet, middle layer", "-m", "squeezenet1_1", "--layer", "features.7", "--target",
        "top2", images=10,
    ),
    _explain("resnet50", "-m", "resnet50", "--set", "model.weights=null", images=4),
    *(
        _explain(f"transformer, {method}", "-m", "vit_b_16", "--set", "model.weights=null",
                 "--method", method, images=3)
        for method in ("lift-cam", "grad-cam", "lift-pyramid")
    ),
    _explain("swin", "-m", "swin_t", "--set", "model.weights=null", images=3),
    _explain("prompts", "-m", "demo-clip", "--prompt", "a house", "--prompt", "a fish"),
    _explain(
        "prompts, components", "-m", "demo-clip", "--prompt", "a tree", "--method", "decom-cam",
        "--save", "maps", "--save", "overlays", "--save", "components",
    ),
    Case(
        "evaluate, demo",
        ("evaluate", "--methods", "lift-cam,grad-cam,decom-cam,random", "--no-costs"),
    ),
    Case(
        "evaluate, squeezenet",
        ("evaluate", "-m", "squeezenet1_1", "--methods", "lift-cam,shap-cam", "--no-costs",
         "--option", "shap-cam.pairs=2", "--at-most", "shap-cam=1"),
        images=2,
    ),
    _explain("demo, in colour", colour=True),
)  # fmt: skip


def main() -> None:
    """Compare two revisions, case by case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("before")
    parser.add_argument("after", nargs="?")
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared/data/photos")
    parser.add_argument("--only", action="append", default=[])
    asked = parser.parse_args()
    chosen = [case for case in CASES if not asked.only or case.name in asked.only]
    different = skipped = 0
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix="camcli-same-") as scratch:
        sides = [
            held.enter_context(revision_tree(revision)) for revision in (asked.before, asked.after)
        ]
        for number, case in enumerate(chosen):
            reason = _missing(case, asked.photos)
            if reason:
                skipped += 1
                print(f"not compared   {case.name}: {reason}", flush=True)
                continue
            before, after = (Path(scratch) / str(number) / side for side in ("before", "after"))
            for tree, folder in zip(sides, (before, after), strict=True):
                _run(case, tree, folder, asked.photos)
            found = list(differences(before, after, case.colour))
            different += bool(found)
            verdict = "DIFFERENT     " if found else "same          "
            print(verdict, case.name, _counted(after), *found[:5], sep="  ", flush=True)
    print(f"{len(chosen) - skipped} compared, {different} different, {skipped} not compared")
    sys.exit(1 if different else 0)


def _missing(case: Case, photos: Path) -> str | None:
    if case.images and not photos.is_dir():
        return f"there are no photographs in {photos}"
    if "squeezenet1_1" in case.arguments and "TORCH_HOME" not in os.environ:
        return "set TORCH_HOME to a folder with its weights"
    return None


def _run(case: Case, tree: Path, folder: Path, photos: Path) -> None:
    images = sorted(photos.glob("*.*"))[: case.images]
    inputs = [str(path) for path in images] or [str(ROOT / "sample_images")]
    cache = folder.parent / "cache"
    environment = {**environment_of(tree, cache), "OMP_NUM_THREADS": "1"}
    output = ("-q", "-o", str(folder))
    command = [sys.executable, "-m", "camcli", *case.arguments, *inputs, *output]
    # Python first looks for modules in its working folder: the revision's.
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{case.name} in {tree}: exit code {done.returncode}\n{done.stderr}")


def differences(before: Path, after: Path, colour: bool) -> Iterator[str]:
    """Yield the differences between two output folders, one line each."""
    old, new = _files(before), _files(after)
    for name in sorted(old ^ new):
        yield f"{name}: only {'before' if name in old else 'after'}"
    for name in sorted(old & new):
        first, second = (before / name).read_bytes(), (after / name).read_bytes()
        if first == second:
            continue
        if colour and name.startswith("overlays/"):
            print(f"               {name}: colours differ by {_levels(before, after, name)} of 255")
        else:
            yield f"{name}: other bytes"
    yield from _changed_rows(_rows(before), _rows(after), colour)


def _files(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in names if name not in ("manifest.jsonl", "run.json")}


def _levels(before: Path, after: Path, name: str) -> int:
    first, second = (
        np.asarray(Image.open(folder / name)).astype(int) for folder in (before, after)
    )
    return int(np.abs(first - second).max())


def _rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _changed_rows(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], colour: bool
) -> Iterator[str]:
    if len(before) != len(after):
        yield f"{len(before)} rows before, {len(after)} after"
    for old, new in zip(before, after, strict=False):
        for path, value in _leaves(old):
            if colour and path == ("sha256", "overlay"):
                continue
            if _at(new, path) != value:
                where = ".".join(map(str, path))
                yield f"{old['image']}: {where}: {value!r} before, {_at(new, path)!r} after"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value


def _at(row: Any, path: Sequence[Any]) -> Any:
    for key in path:
        row = row.get(key) if isinstance(row, dict) else None
    return row


def _counted(folder: Path) -> str:
    return f"{len(_rows(folder))} rows, {len(_files(folder))} files"


if __name__ == "__main__":
    main()
