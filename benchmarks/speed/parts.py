"""Do components follow the parts of objects? Correlate maps with the scenes' exact part masks.

    python -m benchmarks.speed.parts [--scenes 500] [--channels 30]

Scenes of one object each that the demo network was not trained on, explained for that object. For
every named part (roof, wheel, eye, ...) that is at least 0.2 % of the image, the figure is the
largest Pearson correlation, over the maps that a method offers, between a map and the part's mask;
averaged over the objects that have the part, then over the parts.

A method that offers ten maps gets the best of ten, an advantage over one that offers a single map
whether or not its maps mean anything. The controls have the same choice: the OSSMs of as many
random channels, with their own weights, and ten single random channels.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.demo.network import INPUT_SIZE, MEAN, STD, normalised
from camcli.demo.scenes import CLASSES, SceneObject, make_scene
from camcli.methods import create_method
from camcli.methods._ops.masking import upsample
from camcli.methods.decom_cam import DecomCam
from camcli.methods.probe import Contributions, Probe
from camcli.models import load_model
from camcli.run.cut import split_at

FIRST_SEED = 6_000_000
BATCH = 32
SMALLEST_PART = 0.002


@dataclass(frozen=True)
class RandomChannels(DecomCam):
    """DecomCAM of random channels, instead of those of largest weight."""

    def _choose(
        self,
        probe: Probe,
        classes: Tensor,
        contributions: Contributions | None,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor]:
        alphas = probe.gradient(Objective.of(classes)).mean((2, 3))
        drawn = torch.rand_like(alphas).topk(self.channels).indices
        return alphas.gather(1, drawn), drawn


def maps_of(probe: Probe, classes: Tensor, channels: int) -> dict[str, Tensor]:
    """Return the maps that each method offers, (B, M, h, w)."""
    ossms = {
        "decom-cam": DecomCam(),
        f"decom-cam, {channels} channels": DecomCam(channels=channels),
        f"decom-cam, {channels} random channels": RandomChannels(channels=channels),
    }
    found = {}
    for name, method in ossms.items():
        components = method.explain(probe, Objective.of(classes)).components
        assert components is not None
        found[name] = components.maps
    drawn = torch.rand(probe.activation.shape[:2]).topk(10).indices
    found["10 random channels, no SVD"] = torch.stack(
        [maps[index] for maps, index in zip(probe.activation, drawn, strict=True)]
    )
    for name in ("decom-cam", "lift-cam", "grad-cam"):
        single = create_method(name, {}).explain(probe, Objective.of(classes)).positive
        found[f"{name}, its one map"] = single[:, None]
    return found


def best_correlation(maps: Tensor, mask: Tensor) -> float:
    """Return the largest Pearson correlation of any of the maps (M, H, W) with a mask (H, W).

    A constant map counts as uncorrelated.
    """
    maps = maps.flatten(1).double()
    maps = maps - maps.mean(1, keepdim=True)
    flat = mask.flatten().double()
    flat = flat - flat.mean()
    scale = maps.norm(dim=1) * flat.norm()
    return float(torch.where(scale > 0, maps @ flat / scale, 0).max())


def objects_of(seeds: Sequence[int]) -> Iterator[tuple[Tensor, list[SceneObject]]]:
    """Yield scenes of one object each: network inputs (B, 3, H, W), and the objects."""
    for start in range(0, len(seeds), BATCH):
        scenes = [
            make_scene(seed, (INPUT_SIZE, INPUT_SIZE), objects=1)
            for seed in seeds[start : start + BATCH]
        ]
        pixels = np.stack([np.asarray(scene.image) for scene in scenes])
        images = normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        yield images, [scene.objects[0] for scene in scenes]


def measure(seeds: Sequence[int], channels: int) -> dict[str, dict[str, list[float]]]:
    """Return the figures by method and part ("house: roof")."""
    model = load_model(ModelConfig(name="demo"))
    network = split_at(model, "auto", torch.device("cpu"))
    black = (-torch.tensor(MEAN) / torch.tensor(STD)).view(3, 1, 1)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for images, things in objects_of(seeds):
        probe = Probe(network, images, black=black)
        classes = torch.tensor([CLASSES.index(thing.class_name) for thing in things])
        for name, maps in maps_of(probe, classes, channels).items():
            stretched = upsample(maps, network.image_size)
            for row, thing in enumerate(things):
                for part, mask in thing.parts.items():
                    if mask.mean() >= SMALLEST_PART:
                        figure = best_correlation(stretched[row], torch.from_numpy(mask))
                        found[name][f"{thing.class_name}: {part}"].append(figure)
    return found


def report(found: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Print the averages, and the figures of every part, as Markdown."""
    means = {
        name: {part: float(np.mean(figures)) for part, figures in parts.items()}
        for name, parts in found.items()
    }
    print("| maps | correlation with parts, mean over parts |\n|---|---|")
    for name, parts in means.items():
        print(f"| {name} | {np.mean(list(parts.values())):.3f} |")
    first = next(iter(found))
    print(f"\n| part | objects | {' | '.join(found)} |\n|---|---|{'---|' * len(found)}")
    for part in sorted(found[first]):
        cells = " | ".join(f"{means[name][part]:.2f}" for name in found)
        print(f"| {part} | {len(found[first][part])} | {cells} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--channels", type=int, default=30)
    args = parser.parse_args()
    torch.manual_seed(0)
    report(measure(range(FIRST_SEED, FIRST_SEED + args.scenes), args.channels))


if __name__ == "__main__":
    main()
