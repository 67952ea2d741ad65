"""What an explanation costs against a prediction by the same network.

    python -m benchmarks.engine [--model resnet50] [--method lift-cam] [--batch 32] [--rounds 9]

Both sides run the same trunk (compiled where --compile is given), on the same pixels in memory:
the prediction is trunk and tail, the explanation is everything the engine does, from bytes to
normalised maps at the input's resolution. Random weights, whose values do not matter to time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.timing import alternate
from camcli.assembly import assemble
from camcli.config import load_config
from camcli.records import Batch, Geometry, ImageItem, ImageRef


def noise(count: int, height: int, width: int) -> Batch:
    """Return a batch of noise, as decoding would hand it over."""
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


def main() -> None:
    """Print images a second of both sides, and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--layer", default="auto")
    parser.add_argument("--method", default="lift-cam")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    flags = {
        "model.name": options.model,
        "model.weights": None,
        "model.layer": options.layer,
        "method.name": options.method,
        "run.precision": options.precision,
        "run.batch_size": options.batch,
        "run.compile": options.compile,
    }
    assembled = assemble(load_config(flags=flags), options.batch, print)
    engine = assembled.engine
    batch = noise(options.batch, *engine.network.image_size)
    images = engine.normalized(batch.items)

    def predict() -> None:
        with torch.no_grad():
            engine.network.predict(images)

    def normalize_and_predict() -> None:
        with torch.no_grad():
            engine.network.predict(engine.normalized(batch.items))

    times = alternate(
        {
            "prediction": predict,
            "prediction from bytes": normalize_and_predict,
            "explanation": lambda: engine.explain(batch),
        },
        options.rounds,
    )
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
