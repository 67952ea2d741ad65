"""How well a dual encoder finds scenes by their captions, and captions by their scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from camcli.demo.captions import Caption, Mention, Thing, WordTokenizer, full_caption
from camcli.demo.dual_encoder import normalised
from camcli.demo.scenes import CLASSES

CANDIDATES = 100
"""How many scenes, with a caption each, a match is picked from."""

_BATCH = 100


@dataclass(frozen=True, eq=False)
class CaptionedScenes:
    """`images`: uint8 (n, 3, 128, 128); `things`: what is in each."""

    images: Tensor
    things: tuple[tuple[Thing, ...], ...]


@dataclass(frozen=True)
class Retrieval:
    """Fractions, 0 to 1, of scenes for which the pick is true.

    Attributes:
        image_to_text: The best of `CANDIDATES` captions is true of the scene.
        text_to_image: The caption is true of the best of `CANDIDATES` scenes.
        classes: The best of the ten prompts "a CLASS" name the classes present.

    """

    image_to_text: float
    text_to_image: float
    classes: float


def truths(captions: Sequence[Caption], scenes: Sequence[Sequence[Thing]]) -> Tensor:
    """Return which caption is true of which scene, bool (scenes, captions)."""
    return torch.tensor([[caption.is_true_of(things) for caption in captions] for things in scenes])


@torch.inference_mode()
def measure_retrieval(network: Any, scenes: CaptionedScenes) -> Retrieval:
    """Measure a dual encoder, in evaluation mode, on scenes of at least one object each."""
    images = torch.cat(
        [
            network.encode_image(normalised(batch), normalize=True)
            for batch in torch.split(scenes.images, _BATCH)
        ]
    )
    captions = [full_caption(things) for things in scenes.things]
    texts = _encoded(network, captions)
    found = []
    for start in range(0, len(captions), CANDIDATES):
        part = slice(start, start + CANDIDATES)
        true = truths(captions[part], scenes.things[part])
        scores = images[part] @ texts[part].T
        rows = torch.arange(len(true))
        found.append(torch.stack([true[rows, scores.argmax(1)], true[scores.argmax(0), rows]]))
    to_text, to_image = torch.cat(found, 1).float().mean(1).tolist()
    names = _encoded(network, [Caption((Mention(name, None),)) for name in CLASSES])
    return Retrieval(to_text, to_image, _share_named(images @ names.T, scenes.things))


def _encoded(network: Any, captions: Sequence[Caption]) -> Tensor:
    tokens = WordTokenizer()([str(caption) for caption in captions])
    features: Tensor = network.encode_text(tokens, normalize=True)
    return features


def _share_named(scores: Tensor, scenes: Sequence[Sequence[Thing]]) -> float:
    present = torch.tensor([[name in {t.name for t in ts} for name in CLASSES] for ts in scenes])
    ranks = scores.argsort(1, descending=True).argsort(1)
    return float(((ranks < present.sum(1, keepdim=True)) == present).all(1).float().mean())
