"""What several methods in one run save, against a run of each.

    python -m benchmarks.speed.several_methods PHOTOS [--model squeezenet1_1] [--count 64]

One engine of all the methods and an engine of each alternate over the same decoded images; decoding
and writing are left out, of which one run decodes once. The maps of both are compared: they must be
the same to the bit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.timing import alternate
from camcli.config import load_config
from camcli.engine import Engine, Explained
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.records import Batch, ImageItem, SaliencyMap
from camcli.run.build import build

_METHODS = ("lift-cam", "grad-cam", "hires-cam", "layer-cam")


def main() -> None:
    """Print the times of both, and their ratio round by round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default="squeezenet1_1")
    parser.add_argument("--methods", nargs="+", default=list(_METHODS))
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    together = _engine(asked.model, asked.methods, asked.count)
    apart = [_engine(asked.model, [name], asked.count) for name in asked.methods]
    refs = find_images([str(asked.photos)])[: asked.count]
    decoded = [decode(ref, together.preprocess) for ref in refs]
    items = [item for item in decoded if isinstance(item, ImageItem)]
    times = alternate(
        {
            "one run": lambda: _explained(together, items),
            "a run of each": lambda: [_explained(engine, items) for engine in apart],
            "the first alone": lambda: _explained(apart[0], items),
        },
        asked.rounds,
    )
    same = _same(_explained(together, items), [_explained(engine, items) for engine in apart])
    print(f"{asked.model}, {', '.join(asked.methods)}, {len(items)} images")
    for name, seconds in times.items():
        print(f"{name:16} {1000 * seconds.median / len(items):7.2f} ms an image")
    one, each, first = times.values()
    print(f"one run / a run of each    {one.ratio_to(each)}")
    print(f"one run / the first alone  {one.ratio_to(first)}")
    print(f"maps the same to the bit   {same}")


def _engine(model: str, methods: Sequence[str], count: int) -> Engine:
    torch.manual_seed(0)
    flags = {"model.name": model, "method": list(methods), "run.compile": False}
    return build(load_config(flags=flags), count).engine


def _explained(engine: Engine, items: Sequence[ImageItem], size: int = 32) -> list[SaliencyMap]:
    found: list[SaliencyMap] = []
    for start in range(0, len(items), size):
        for each in engine.explain(Batch(tuple(items[start : start + size]))):
            assert isinstance(each, Explained)
            found += each.maps
    return found


def _same(together: Sequence[SaliencyMap], apart: Sequence[Sequence[SaliencyMap]]) -> bool:
    in_turn = [each for of_image in zip(*apart, strict=True) for each in of_image]
    return all(
        a.values is b.values is None or np.array_equal(a.values, b.values)  # type: ignore[arg-type]
        for a, b in zip(together, in_turn, strict=True)
    )


if __name__ == "__main__":
    main()
