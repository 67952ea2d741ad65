"""Does the map go where the prompt says? Two-object scenes, the demo's dual encoder, exact masks.

    python -m benchmarks.studies.prompt_direction [--scenes 200]
                                                [--methods decom-cam,lift-cam,grad-cam]

Each scene is explained for both of its objects, by class ("a house") and by colour and class ("a
red house"). `named` and `other` are the fractions of the map's energy inside the mask of the object
that the prompt names and inside that of the other; `right way` is how often named > other.
`uniform` is what a constant map would score. The seeds are far from those of the training.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.demo.captions import Mention
from camcli.demo.dual_encoder import IMAGE_SIZE, normalised
from camcli.demo.scenes import Scene, SceneObject, make_scene
from camcli.evaluation.metrics.localisation import energy_inside
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.models.prompt_scores import with_prompts
from camcli.models.prompts import Prompt, PromptPlan
from camcli.run.cut import split_at

METHODS = ("decom-cam", "lift-cam", "grad-cam")
FIRST_SEED = 9_000_000
BATCH = 16


@dataclass(frozen=True, eq=False)
class Question:
    """A scene, the object that the prompt names, and the other one."""

    scene: Scene
    named: SceneObject
    other: SceneObject
    prompt: str


@dataclass(frozen=True)
class Direction:
    """Mean fractions of energy in the named and the other object, and how often named has more."""

    named: float
    other: float
    right_way: float


def two_object_scenes(count: int) -> list[Scene]:
    """Draw scenes of two objects each that no training used."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    return [make_scene(FIRST_SEED + n, size, objects=2) for n in range(count)]


def questions(scenes: Sequence[Scene], with_colour: bool) -> list[Question]:
    """Make a question about either object of every scene."""
    return [
        Question(scene, named, other, _named(named, with_colour))
        for scene in scenes
        for named, other in (scene.objects, scene.objects[::-1])
    ]


def _named(thing: SceneObject, with_colour: bool) -> str:
    return str(Mention(thing.class_name, thing.colour if with_colour else None))


def directions(asked: Sequence[Question], methods: Sequence[str]) -> dict[str, Direction]:
    """Explain every question with every method, and measure where the maps lie."""
    texts = tuple(dict.fromkeys(question.prompt for question in asked))
    plan = PromptPlan(tuple(Prompt(text, (text,)) for text in texts), tuple(range(len(texts))))
    model = with_prompts(load_model(ModelConfig(name="demo-clip")), plan, "cosine")
    made = [create_method(name, {}) for name in methods]
    network = split_at(model, "auto", torch.device("cpu"))
    black = normalised(torch.zeros(1, 3, 1, 1, dtype=torch.uint8))[0]
    shares: dict[str, list[Tensor]] = {name: [] for name in (*methods, "uniform")}
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        probe = Probe(network, _images(some), with_reference=True, black=black)
        classes = torch.tensor([texts.index(question.prompt) for question in some])
        maps = {
            method.name: method.explain(probe, Objective.of(classes)).positive for method in made
        }
        maps["uniform"] = torch.ones(len(some), 1, 1)
        for name, raw in maps.items():
            shares[name].append(_shares(raw, some))
    return {name: _summary(torch.cat(found)) for name, found in shares.items()}


def _images(some: Sequence[Question]) -> Tensor:
    pixels = np.stack([np.asarray(question.scene.image) for question in some])
    return normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2))


def _shares(maps: Tensor, some: Sequence[Question]) -> Tensor:
    """Return the energy in the named object and in the other, (questions, 2)."""
    full = F.interpolate(maps[:, None].float(), (IMAGE_SIZE, IMAGE_SIZE), mode="bilinear")[:, 0]
    masks = [np.stack([q.named.mask for q in some]), np.stack([q.other.mask for q in some])]
    return torch.stack([energy_inside(full, torch.from_numpy(mask)) for mask in masks], 1)


def _summary(shares: Tensor) -> Direction:
    """Average; a map that is zero everywhere counts as zero for both objects."""
    went = shares.nan_to_num(0.0)
    named, other = went.mean(0).tolist()
    return Direction(named, other, float((went[:, 0] > went[:, 1]).double().mean()))


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--methods", default=",".join(METHODS))
    options = parser.parse_args()
    scenes, methods = two_object_scenes(options.scenes), options.methods.split(",")
    print("| method | prompt | named | other | right way |")
    print("|---|---|---|---|---|")
    for wording, with_colour in (("a house", False), ("a red house", True)):
        for name, found in directions(questions(scenes, with_colour), methods).items():
            cells = f"{found.named:.1%} | {found.other:.1%} | {found.right_way:.1%}"
            print(f"| {name} | {wording} | {cells} |")


if __name__ == "__main__":
    main()
