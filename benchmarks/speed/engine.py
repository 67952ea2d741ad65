"""What an explanation costs compared with a prediction by the same network.

    python -m benchmarks.speed.engine [--model resnet50] [--method lift-cam] [--batch 32]
                                      [--rounds 9] [--device auto]

Both sides run the same trunk (compiled unless --no-compile is given), on the same pixels in memory:
the prediction is trunk and tail, to scores in the CPU's memory; the explanation is everything the
engine does, from bytes to normalised maps at the input's resolution. The weights are random, as
their values do not affect the time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.speed.timing import Seconds, alternate
from camcli.config import load_config
from camcli.records import Batch, Geometry, ImageItem, ImageRef
from camcli.run.build import build


def noise(count: int, height: int, width: int) -> Batch:
    """Return a batch of noise images, in the form that decoding returns."""
    rng = np.random.default_rng(0)
    items = []
    for index in range(count):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        geometry = Geometry(width, height, (0.0, 0.0, float(width), float(height)))
        name = f"{index}.png"
        items.append(
            ImageItem(ImageRef(index, Path(name), name), Image.new("RGB", (1, 1)), pixels,
                      geometry, "")
        )  # fmt: skip
    return Batch(tuple(items))


def measure(flags: Mapping[str, object], batch_size: int, rounds: int) -> dict[str, Seconds]:
    """Time predictions, predictions from bytes, and explanations of a batch.

    Args:
        flags: Keys of the configuration with their values, the network among them.
        batch_size: Images in the batch.
        rounds: How often to time each, after once to warm up.
    """
    settings = {"model.weights": None, **flags, "run.batch_size": batch_size}
    notify = partial(print, file=sys.stderr)
    engine = build(load_config(flags=settings), batch_size, notify).engine
    batch = noise(batch_size, *engine.network.image_size)
    images = engine.normalized(batch.items)

    def predict() -> Tensor:
        with torch.no_grad():
            return engine.network.predict(images).cpu()

    def normalize_and_predict() -> Tensor:
        with torch.no_grad():
            return engine.network.predict(engine.normalized(batch.items)).cpu()

    sides: dict[str, Callable[[], object]] = {
        "prediction": predict,
        "prediction from bytes": normalize_and_predict,
        "explanation": lambda: engine.explain(batch),
    }
    return alternate(sides, rounds)


def main() -> None:
    """Print the images per second of each side, and their ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--layer", default="auto")
    parser.add_argument("--method", default="lift-cam")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    flags = {
        "model.name": options.model,
        "model.layer": options.layer,
        "method.name": options.method,
        "run.precision": options.precision,
        "run.device": options.device,
        "run.compile": options.compile,
    }
    times = measure(flags, options.batch, options.rounds)
    print(f"{options.model}, {options.method}, {options.precision}, batch {options.batch}")
    for name, seconds in times.items():
        rate = options.batch / seconds.median
        print(f"  {name:22} {rate:7.1f} images/s")
    ratio = times["prediction"].ratio_to(times["explanation"])
    print(f"  rate of explanations / rate of predictions: {ratio}")
    ratio = times["prediction from bytes"].ratio_to(times["explanation"])
    print(f"  the same, both from bytes:                  {ratio}")


if __name__ == "__main__":
    main()
