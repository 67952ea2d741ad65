"""Measure what a contrast does: energy on the wanted object, and on the other one.

    python -m benchmarks.studies.contrast [--scenes 300]

Scenes of two and of three objects that the demo network was not trained on. Each object is
explained by itself, against each other object of its scene, and against the three nearest classes.
Energy is the fraction of a map inside an object; the intervals are 95 % of a bootstrap over scenes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.studies.demo_localization import FIRST_SEED
from camcli.config import ModelConfig
from camcli.demo.network import INPUT_SIZE, normalised
from camcli.demo.scenes import CLASSES, Scene, make_scene
from camcli.evaluation.metrics.localisation import energy_inside
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.network.split import SplitNetwork
from camcli.records import ImageRef
from camcli.run.cut import split_at
from camcli.targets.class_axis import ClassAxis
from camcli.targets.class_target import ClassTarget, Rival
from camcli.targets.contrast import Nearest

METHODS = ("deep-lift", "lift-cam", "grad-cam")
_ANY = ImageRef(0, Path("scene"), "scene")


def energies(network: SplitNetwork, scene: Scene) -> Iterator[tuple[str, str, float, float]]:
    """Yield method, contrast, and the energy on the object and on the other, for each pair."""
    images = normalised(torch.from_numpy(np.array(scene.image)).permute(2, 0, 1)[None])
    probe = Probe(network, images)
    scores = probe.logits[0]
    for own, other in permutations(scene.objects, 2):
        index, rival = CLASSES.index(own.class_name), CLASSES.index(other.class_name)
        if index == rival:
            continue
        nearest = Nearest(3).rivals(_ANY, scores, index)
        asked = {"none": (), "the other object": (Rival(rival),), "nearest3": nearest}
        for contrast, rivals in asked.items():
            target = ClassTarget(index, rivals=rivals)
            for name in METHODS:
                full = _map(name, probe, target)
                yield name, contrast, _inside(full, own.mask), _inside(full, other.mask)


def _map(name: str, probe: Probe, target: ClassTarget) -> Tensor:
    objective = ClassAxis().objective([target], torch.device("cpu"))
    raw = create_method(name, {}).explain(probe, objective).positive
    return F.interpolate(raw[:, None], probe.network.image_size, mode="bilinear")[:, 0]


def _inside(full: Tensor, mask: np.ndarray) -> float:
    return float(energy_inside(full, torch.from_numpy(mask)[None]))


def table(network: SplitNetwork, objects: int, scenes: int) -> Iterator[str]:
    """Yield the rows of the table for scenes of so many objects."""
    found: Mapping[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    for seed in range(scenes):
        scene = make_scene(
            FIRST_SEED + 1_000_000 * objects + seed, (INPUT_SIZE, INPUT_SIZE), objects=objects
        )
        by_row: Mapping[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for name, contrast, wanted, unwanted in energies(network, scene):
            if np.isfinite([wanted, unwanted]).all():
                by_row[name, contrast].append((wanted, unwanted))
        for row, pairs in by_row.items():
            found[row].append(np.mean(pairs, 0))
    for (name, contrast), means in sorted(
        found.items(), key=lambda item: METHODS.index(item[0][0])
    ):
        wanted, unwanted = (_interval(column) for column in np.array(means).T)
        yield f"| {objects} | {name} | {contrast} | {wanted} | {unwanted} |"


def _interval(values: np.ndarray) -> str:
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return f"{100 * values.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=300)
    scenes = parser.parse_args().scenes
    network = split_at(load_model(ModelConfig(name="demo")), "auto", torch.device("cpu"))
    print("| objects | method | versus | energy on the object | on the other |")
    print("|---|---|---|---|---|")
    for objects in (2, 3):
        for row in table(network, objects, scenes):
            print(row)


if __name__ == "__main__":
    main()
