"""Score the demo network's maps against the scenes' exact object masks.

    python -m benchmarks.studies.demo_localization [--scenes 500]

Scenes that the network was not trained on, with one object or two (each object is then a target).
Energy is the fraction of the map inside the target object, peak the fraction of maps whose largest
value lies on it. `uniform` is what a constant map would score.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.demo.network import INPUT_SIZE, normalised
from camcli.demo.scenes import CLASSES, Scene, make_scene
from camcli.evaluation.metrics.localisation import energy_inside, peak_inside
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.network.split import SplitNetwork
from camcli.run.cut import split_at

METHODS = ("lift-cam", "deep-lift", "grad-cam", "eigen-cam")
# Far from the seeds of the training scenes and of the scenes that measured the accuracy.
FIRST_SEED = 5_000_000
BATCH = 32


@dataclass(frozen=True)
class Objects:
    """A batch of objects: scene images (B, 3, H, W), classes (B,) and masks (B, H, W)."""

    images: Tensor
    classes: Tensor
    masks: Tensor


def objects_of(scenes: Sequence[Scene]) -> Iterator[Objects]:
    """Yield every object of the scenes, in batches."""
    every = [(scene, thing) for scene in scenes for thing in scene.objects]
    for start in range(0, len(every), BATCH):
        some = every[start : start + BATCH]
        pixels = np.stack([np.asarray(scene.image) for scene, _ in some])
        yield Objects(
            images=normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2)),
            classes=torch.tensor([CLASSES.index(thing.class_name) for _, thing in some]),
            masks=torch.from_numpy(np.stack([thing.mask for _, thing in some])),
        )


def scores(network: SplitNetwork, scenes: Sequence[Scene]) -> dict[str, list[Tensor]]:
    """Return (energy, peak) of every object, by method."""
    found = defaultdict(list)
    for objects in objects_of(scenes):
        probe = Probe(network, objects.images)
        maps = {
            name: create_method(name, {}).explain(probe, Objective.of(objects.classes)).positive
            for name in METHODS
        }
        maps["uniform"] = torch.ones_like(maps[METHODS[0]])
        for name, raw in maps.items():
            full = F.interpolate(raw[:, None], network.image_size, mode="bilinear")[:, 0]
            energy = energy_inside(full, objects.masks)
            peak = peak_inside(full, objects.masks).double()
            found[name].append(torch.stack([energy, peak], 1))
    return found


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=500, help="of each kind")
    count = parser.parse_args().scenes
    model = load_model(ModelConfig(name="demo", weights="default", layer="auto"))
    network = split_at(model, "auto", torch.device("cpu"))
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    size = (INPUT_SIZE, INPUT_SIZE)
    single = scores(network, [make_scene(seed, size, objects=1) for seed in seeds])
    double = scores(network, [make_scene(seed, size, objects=2) for seed in seeds])
    print("| method | energy, one object | peak | energy, two objects | peak |")
    print("|---|---|---|---|---|")
    for name in (*METHODS, "uniform"):
        figures = [torch.cat(part[name]).nanmean(0) * 100 for part in (single, double)]
        cells = " | ".join(f"{energy:.1f} % | {peak:.1f} %" for energy, peak in figures)
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
