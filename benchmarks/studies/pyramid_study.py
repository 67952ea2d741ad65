"""Choose the form of lift-pyramid: which depths, how each is scaled, how they are weighted.

    python -m benchmarks.studies.pyramid_study photos PHOTOS [--half first|second]
                                                        [--count 50] [--products]
    python -m benchmarks.studies.pyramid_study scenes [--count 100] [--products]

Photographs with SqueezeNet at matched area (AD, IC, ADD, insertion, deletion), every second one for
the choice and the others for the report; scenes of two objects with the demo network, each object
being a target (energy and pointing, with the exact masks).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.demo.network import INPUT_SIZE, normalised
from camcli.demo.scenes import CLASSES, make_scene
from camcli.evaluation.metrics.faithfulness import (
    matched_drop,
    matched_drop_in_deletion,
    matched_increase,
)
from camcli.evaluation.metrics.localisation import energy_inside, peak_inside
from camcli.evaluation.metrics.perturbation_curves import deletion, insertion
from camcli.evaluation.scorer import PerturbationScorer
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.methods.lift_pyramid import LiftPyramid
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import SplitNetwork
from camcli.records import FailedImage
from camcli.run.cut import split_at

FIRST_SEED = 6_000_000
BATCH = 10
MATCHED = (matched_drop, matched_increase, matched_drop_in_deletion, insertion, deletion)

DEPTHS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "squeezenet1_1": {
        "ends and last blocks": (
            "features.4", "features.7", "features.9", "features.10", "features.11", "features.12",
        ),
        "with the stem": (
            "features.1", "features.4", "features.7", "features.9", "features.10", "features.11",
            "features.12",
        ),
        "with the pooled stem": (
            "features.2", "features.4", "features.7", "features.9", "features.10", "features.11",
            "features.12",
        ),
        "every block": (
            "features.3", "features.4", "features.6", "features.7", "features.9", "features.10",
            "features.11", "features.12",
        ),
        "ends": ("features.4", "features.7", "features.12"),
        "last two ends": ("features.7", "features.12"),
        "last blocks": ("features.9", "features.10", "features.11", "features.12"),
        "target layer": ("features.12",),
    },
    "demo": {
        "ends and last blocks": ("stages.1", "stages.2", "stages.3"),
        "with the stem": ("stages.0", "stages.1", "stages.2", "stages.3"),
        "with the pooled stem": ("stages.0", "stages.1", "stages.2", "stages.3"),
        "every block": (
            "stages.1.2", "stages.1", "stages.2.2", "stages.2", "stages.3.2", "stages.3",
        ),
        "ends": ("stages.1", "stages.3"),
        "last two ends": ("stages.1", "stages.3"),
        "last blocks": ("stages.2", "stages.3"),
        "target layer": ("stages.3",),
    },
}  # fmt: skip

# How each depth's upsampled evidence, (L, B, H, W), is scaled.
SCALES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "min-max": lambda e: (e - _low(e)) / (_high(e) - _low(e)).clamp_min(1e-12),
    "mean": lambda e: e / e.mean((2, 3), keepdim=True).clamp_min(1e-12),
    "none": lambda e: e * e.shape[-1] ** 0,
    "ranks": lambda e: e.flatten(2).argsort(2).argsort(2).float().view_as(e),
}


def _low(e: Tensor) -> Tensor:
    return e.amin((2, 3), keepdim=True)


def _high(e: Tensor) -> Tensor:
    return e.amax((2, 3), keepdim=True)


def _equal(evidence: Tensor) -> Tensor:
    return torch.ones(evidence.shape[:2])


def _agreement(evidence: Tensor) -> Tensor:
    """Weight each depth by its mean correlation with the others, where positive."""
    flat = evidence.flatten(2).transpose(0, 1)
    centred = flat - flat.mean(2, keepdim=True)
    unit = centred / centred.norm(dim=2, keepdim=True).clamp_min(1e-12)
    depths = flat.shape[1]
    mean = ((unit @ unit.mT).sum(2) - 1) / max(depths - 1, 1)
    return mean.T.clamp_min(0) if depths > 1 else torch.ones(1, len(flat))


def _share(evidence: Tensor) -> Tensor:
    """Weight each depth by its positive evidence, as a fraction of the greatest of any depth."""
    total = evidence.sum((2, 3))
    return total / total.amax(0, keepdim=True).clamp_min(1e-12)


WEIGHTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "equal": _equal, "agreement": _agreement, "share": _share,
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One form of the method.

    Attributes:
        depths: Which layers; see `DEPTHS`.
        scale: How each depth is scaled; see `SCALES`.
        weights: How much each depth counts; see `WEIGHTS`.
        floor: Lower bound of each depth in their product; None for their sum.
        cells: The map is averaged over a grid of this many cells each way; None for no grid.
        at_shallowest: Whether depths meet at the shallowest one's resolution, not the image's.

    """

    depths: str = "ends and last blocks"
    scale: str = "min-max"
    weights: str = "equal"
    floor: float | None = None
    cells: int | None = None
    at_shallowest: bool = False

    def combine(self, evidence: Tensor) -> Tensor:
        """Return the map (B, H, W) of the evidence of its depths (L, B, H, W)."""
        weights = WEIGHTS[self.weights](evidence)[..., None, None]
        levels = SCALES[self.scale](evidence)
        if self.floor is None:
            found = (levels * weights).sum(0)
        else:
            found = (levels.clamp_min(self.floor).log() * weights).mean(0).exp()
        return found if self.cells is None else F.adaptive_avg_pool2d(found, self.cells)

    def __str__(self) -> str:
        product = "" if self.floor is None else f", product above {self.floor:g}"
        cells = "" if self.cells is None else f", over {self.cells} x {self.cells} cells"
        place = ", at the shallowest" if self.at_shallowest else ""
        return f"{self.depths} | {self.scale} | {self.weights}{product}{cells}{place}"


SUMS = (
    Form(), *(Form(depths=d) for d in DEPTHS["demo"] if d != "ends and last blocks"),
    *(Form(scale=s) for s in SCALES if s != "min-max"),
    *(Form(weights=w) for w in WEIGHTS if w != "equal"), Form(floor=1e-6),
)  # fmt: skip
_POOLED = "with the pooled stem"
PRODUCTS = (
    Form(), *(Form(depths=d) for d in ("with the stem", "target layer")),
    *(Form(depths=d, floor=1e-6) for d in DEPTHS["demo"] if d != "target layer"),
    *(Form(depths=d, floor=1e-6, cells=56) for d in ("with the stem", _POOLED)),
    Form(depths="with the stem", floor=1e-2),
    *(Form(depths=_POOLED, floor=f, at_shallowest=True) for f in (1e-6, 1e-2)),
)  # fmt: skip


class Study:
    """Every form's maps of a batch, from one pass at the shallowest depth of all."""

    def __init__(self, name: str, forms: Sequence[Form]) -> None:
        self.forms = forms
        self.model: LoadedModel = load_model(ModelConfig(name=name))
        self.choices = DEPTHS[name]
        order = [path for path, _ in self.model.network.named_modules()]
        every = sorted({p for paths in self.choices.values() for p in paths}, key=order.index)
        self.layers = tuple(every)
        method = LiftPyramid(layers=self.layers)
        self.network: SplitNetwork = split_at(self.model, "auto", torch.device("cpu"), method)

    def maps(
        self, images: Tensor, classes: Tensor | None = None
    ) -> tuple[Tensor, dict[Form, Tensor]]:
        """Return the classes explained, and the maps (B, H, W) in [0, 1] of every form."""
        probe = Probe(self.network, images, with_reference=True)
        classes = probe.logits.argmax(1) if classes is None else classes
        size = self.network.image_size
        by_depth = {
            layer: found.maps.sum(1, keepdim=True).relu()
            for layer, found in zip(
                self.layers, probe.contributions_by_depth(Objective.of(classes)), strict=True
            )
        }
        found = {}
        for form in self.forms:
            layers = self.choices[form.depths]
            shape = by_depth[layers[0]].shape[-2:] if form.at_shallowest else size
            evidence = [F.interpolate(by_depth[layer], shape, mode="bilinear") for layer in layers]
            combined = form.combine(torch.stack(evidence)[:, :, 0])[:, None]
            stretched = F.interpolate(combined, size, mode="bilinear")[:, 0]
            found[form] = SCALES["min-max"](stretched[None])[0]
        return classes, found


def photos(forms: Sequence[Form], folder: Path, half: str, count: int) -> None:
    """Print the faithfulness of every form on half of the photographs."""
    study = Study("squeezenet1_1", forms)
    preprocess = study.model.preprocess
    listing = find_images([str(folder)])
    refs = [ref for ref in listing if ref.index % 2 == (half == "second")][:count]
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (preprocess.mean, preprocess.std))
    scorer = PerturbationScorer(study.network.predict)
    table: dict[Form, list[list[float]]] = defaultdict(list)
    for start in range(0, len(refs), BATCH):
        items = [decode(ref, preprocess) for ref in refs[start : start + BATCH]]
        pixels = [item.pixels for item in items if not isinstance(item, FailedImage)]
        images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
        images = (images - mean) / std
        classes, maps = study.maps(images)
        for row, image in enumerate(images):
            baseline_scores = scorer.baseline_scores(image, int(classes[row]))
            for form, found in maps.items():
                scores = scorer.score_map(baseline_scores, found[row])
                table[form].append([float(metric.compute(scores)) for metric in MATCHED])
        _print(table, "AD | IC | ADD | insertion | deletion", (100, 100, 100, 1, 1))


def scenes(forms: Sequence[Form], count: int) -> None:
    """Print the localisation of every form on scenes of two objects, each of which is explained."""
    study = Study("demo", forms)
    table: dict[Form, list[list[float]]] = defaultdict(list)
    for images, classes, masks in _objects(count):
        _, maps = study.maps(images, classes)
        for form, found in maps.items():
            energy, peak = energy_inside(found, masks), peak_inside(found, masks).double()
            table[form] += torch.stack([energy, peak], 1).tolist()
    _print(table, "energy | pointing", (100, 100))


def _objects(count: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = make_scene(seed, (INPUT_SIZE, INPUT_SIZE), objects=2)
        pixels = torch.from_numpy(np.asarray(scene.image).copy()).permute(2, 0, 1)[None]
        images = normalised(pixels).repeat(2, 1, 1, 1)
        classes = torch.tensor([CLASSES.index(thing.class_name) for thing in scene.objects])
        yield images, classes, torch.from_numpy(np.stack([t.mask for t in scene.objects]))


def _print(table: Mapping[Form, list[list[float]]], titles: str, scales: Sequence[int]) -> None:
    count = len(next(iter(table.values())))
    print(f"\n| depths | scale | weights | {titles} | (n = {count})")
    for form, rows in table.items():
        means = torch.tensor(rows).nanmean(0) * torch.tensor(scales)
        cells = " | ".join(f"{value:.3g}" for value in means.tolist())
        print(f"| {form} | {cells} |", flush=True)


def main() -> None:
    """Run the study on photographs or on scenes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", choices=["photos", "scenes"])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--half", choices=["first", "second"], default="first")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--products", action="store_true", help="the second round's forms")
    asked = parser.parse_args()
    forms = PRODUCTS if asked.products else SUMS
    torch.set_flush_denormal(True)
    if asked.world == "scenes":
        scenes(forms, asked.count)
    else:
        photos(forms, asked.folder, asked.half, asked.count)


if __name__ == "__main__":
    main()
