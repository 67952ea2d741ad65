"""Compare decom-cam's maps with those of its slow reference, for both shipped configs.

    python -m benchmarks.studies.decom_cam_agreement PHOTOS [--count 20]

SqueezeNet 1.1 with pretrained weights, the predicted class of each photograph, the maps resized to
the network's input. The correlation is Pearson's, over pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.studies.decom_cam import colours, images_of
from camcli.attribution.objective import Objective
from camcli.config import ModelConfig, load_config
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.run.cut import split_at
from tests.reference import decom_cam as reference

CONFIGS = {
    "configs/decom_cam.yaml": reference.PAPER,
    "configs/decom_cam_released.yaml": reference.RELEASED,
}


def main() -> None:
    """Print one table row for each config."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    model = load_model(ModelConfig(name="squeezenet1_1"))
    network = split_at(model, "auto", torch.device("cpu"))
    layer = model.network.get_submodule(network.layer)
    every = sorted(args.photos.iterdir())
    images = images_of(model, every[:: len(every) // args.count][: args.count])
    mean, std = colours(model)
    probe = Probe(network, images, black=-mean / std)
    classes = probe.logits.argmax(1)
    seen_as = mean.view(3).numpy(), std.view(3).numpy()
    print("| config | photographs | mean correlation | lowest | largest difference of a weight |")
    print("|---|---|---|---|---|")
    for path, settings in CONFIGS.items():
        asked = load_config(Path(path)).method
        saliency = create_method(asked.name, asked.options).explain(probe, Objective.of(classes))
        assert saliency.components is not None
        maps = F.interpolate(saliency.positive[:, None], network.image_size, mode="bicubic")[:, 0]
        expected = [
            reference.decom_cam(model.network, layer, image, int(target), seen_as, settings)
            for image, target in zip(images, classes, strict=True)
        ]
        together = [
            np.corrcoef(mine.clamp_min(0).ravel(), theirs.map.ravel())[0, 1]
            for mine, theirs in zip(maps, expected, strict=True)
        ]
        weights = np.stack([theirs.weights for theirs in expected])
        apart = np.abs(saliency.components.weights.numpy() - weights).max()
        print(
            f"| {path} | {len(images)} | {np.mean(together):.6f} | {np.min(together):.6f} | "
            f"{apart:.1e} |"
        )


if __name__ == "__main__":
    main()
