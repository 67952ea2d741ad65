"""How each precision of the trunk affects maps and predictions.

    python -m benchmarks.speed.precision PHOTOS [-m squeezenet1_1] [--method lift-cam] [--batch 20]

Every photograph is explained for the class that float32 predicts, uncompiled. Printed are the
cosine of each map to float32's (mean, 1st percentile, lowest), the fraction of photographs with
the same prediction, and the worst completeness error.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from camcli.attribution.objective import Objective
from camcli.config import Precision, load_config
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.records import ImageItem
from camcli.run.build import build


@dataclass(frozen=True)
class Explanations:
    """Maps (M, h, w) at the layer's size, predictions (M,) and completeness errors (M,)."""

    maps: npt.NDArray[np.float32]
    predictions: npt.NDArray[np.int64]
    errors: npt.NDArray[np.float32]


def explanations(
    options: argparse.Namespace, precision: Precision, classes: torch.Tensor | None
) -> Explanations:
    """Explain all photographs at one precision, for given classes or those predicted."""
    flags = {
        "model.name": options.model,
        "method.name": options.method,
        "run.precision": precision,
        "run.device": options.device,
        "run.compile": False,
        "run.batch_size": options.batch,
    }
    engine = build(load_config(flags=flags)).engine
    decoded = [decode(ref, engine.preprocess) for ref in find_images([str(options.photos)])]
    items = [item for item in decoded if isinstance(item, ImageItem)]
    maps, predictions, errors = [], [], []
    for start in range(0, len(items), options.batch):
        (probe,) = engine.probes(items[start : start + options.batch])
        predicted = probe.logits.argmax(1)
        wanted = predicted if classes is None else classes[start : start + len(predicted)]
        saliency = engine.methods[0].method.explain(probe, Objective.of(wanted.to(engine.device)))
        maps.append(saliency.positive.float().cpu().numpy())
        predictions.append(predicted.cpu().numpy())
        if saliency.completeness_error is not None:
            errors.append(saliency.completeness_error.float().cpu().numpy())
    return Explanations(
        np.concatenate(maps),
        np.concatenate(predictions),
        np.concatenate(errors) if errors else np.zeros(0, np.float32),
    )


def cosines(found: npt.NDArray[np.float32], exact: npt.NDArray[np.float32]) -> Sequence[float]:
    """Return the cosine of each map to its exact one."""
    a = found.reshape(len(found), -1).astype(np.float64)
    b = exact.reshape(len(exact), -1).astype(np.float64)
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products: Sequence[float] = ((a * b).sum(1) / np.maximum(sizes, 1e-300)).tolist()
    return products


def main() -> None:
    """Print one line for each precision."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("-m", "--model", default="squeezenet1_1")
    parser.add_argument("--method", default="lift-cam")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "fp16"])
    options = parser.parse_args()
    exact = explanations(options, "fp32", None)
    for precision in options.precisions:
        found = explanations(options, precision, torch.from_numpy(exact.predictions))
        near = cosines(found.maps, exact.maps)
        same = float((found.predictions == exact.predictions).mean())
        worst = float(found.errors.max()) if len(found.errors) else float("nan")
        print(
            f"{options.model} {options.method} {precision}: cosine mean {np.mean(near):.5f}, "
            f"1st percentile {np.percentile(near, 1):.5f}, lowest {min(near):.5f}; same top-1 "
            f"{100 * same:.0f} %; worst completeness error {worst:.1e}"
        )


if __name__ == "__main__":
    main()
