"""Captions of scenes, whether they are true of a scene, and their tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from camcli.demo.palette import PALETTE
from camcli.demo.scenes import CLASSES, Scene
from camcli.errors import PromptError, suggest

CONTEXT_LENGTH = 20
"""The most tokens in a text, including its start and end."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """An object of a scene in words: its class, its colour's name, and its centre in pixels."""

    name: str
    colour: str
    centre: Place


def things_in(scene: Scene) -> tuple[Thing, ...]:
    """Return the objects of a scene, in drawing order."""
    return tuple(Thing(item.class_name, item.colour, item.centre) for item in scene.objects)


@dataclass(frozen=True)
class Mention:
    """How a caption refers to an object: its class, and its colour or None."""

    name: str
    colour: str | None

    def means(self, thing: Thing) -> bool:
        """Return whether an object fits the words."""
        return self.name == thing.name and self.colour in (None, thing.colour)

    def __str__(self) -> str:
        words = self.name if self.colour is None else f"{self.colour} {self.name}"
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


RELATIONS: Mapping[str, Callable[[Place, Place], bool]] = MappingProxyType(
    {
        "and": lambda _first, _second: True,
        "left of": lambda first, second: first[0] < second[0],
        "right of": lambda first, second: first[0] > second[0],
        "above": lambda first, second: first[1] < second[1],
        "below": lambda first, second: first[1] > second[1],
    }
)
"""What may stand between two objects, and when it is true of their centres."""


@dataclass(frozen=True)
class Caption:
    """One object, or two and their spatial relation."""

    mentions: tuple[Mention, ...]
    relation: str = "and"
    opening: str = ""

    def is_true_of(self, things: Sequence[Thing]) -> bool:
        """Return whether it is true of a scene with these objects."""
        first, *rest = self.mentions
        holds = RELATIONS[self.relation]
        return any(
            first.means(one)
            and all(
                any(
                    mention.means(other) and other is not one and holds(one.centre, other.centre)
                    for other in things
                )
                for mention in rest
            )
            for one in things
        )

    def __str__(self) -> str:
        return self.opening + f" {self.relation} ".join(map(str, self.mentions))


_OPENINGS = ("", "", "a photo of ", "a picture of ", "a drawing of ")
_OFTEN = 0.6


def draw_caption(things: Sequence[Thing], rng: np.random.Generator) -> Caption:
    """Draw a random true caption of a scene with these objects, of which there is at least one."""
    count = 2 if len(things) > 1 and rng.random() < _OFTEN else 1
    chosen = [things[index] for index in rng.permutation(len(things))[:count]]
    mentions = tuple(
        Mention(thing.name, thing.colour if rng.random() < _OFTEN else None) for thing in chosen
    )
    opening = _OPENINGS[rng.integers(len(_OPENINGS))]
    if count == 1:
        return Caption(mentions, opening=opening)
    centres = [thing.centre for thing in chosen]
    true = [name for name, holds in RELATIONS.items() if holds(*centres)]
    return Caption(mentions, true[rng.integers(len(true))], opening)


def full_caption(things: Sequence[Thing]) -> Caption:
    """Name a scene's first objects, at most two, with their colours and which is on the left."""
    mentions = tuple(Mention(thing.name, thing.colour) for thing in things[:2])
    if len(mentions) == 1:
        return Caption(mentions)
    first, second = (thing.centre for thing in things[:2])
    return Caption(mentions, "left of" if first[0] < second[0] else "right of")


_WORDS = ("a", "an", "the", "photo", "picture", "drawing", "of", "and", "left", "right")
_PAD, _START = 0, 1
_KNOWN_WORDS: tuple[str, ...] = (*_WORDS, "above", "below", *PALETTE, *CLASSES)
_TOKENS = {word: token for token, word in enumerate(_KNOWN_WORDS, start=2)}
_END = 2 + len(_KNOWN_WORDS)

VOCABULARY_SIZE = _END + 1
"""Padding, start, every word that occurs in captions, and the end, whose token is the highest."""


class WordTokenizer:
    """Texts as tokens, a word each, in the manner of open_clip's tokenizers.

    Case and punctuation are ignored, and "the" is read as "a". Only words that occur in captions
    are known.
    """

    context_length = CONTEXT_LENGTH

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text without start and end.

        Raises:
            PromptError: It contains a word that occurs in no caption.

        """
        words = re.findall(r"[^\W_]+", text.casefold())
        unknown = next((word for word in words if word not in _TOKENS), None)
        if unknown is not None:
            raise PromptError(
                f"the demo's dual encoder does not know the word {unknown!r}"
                f"{suggest(unknown, _KNOWN_WORDS)} (it knows {', '.join(_KNOWN_WORDS)})"
            )
        return [_TOKENS["a" if word in ("an", "the") else word] for word in words]

    def __call__(self, texts: str | Sequence[str], context_length: int | None = None) -> Tensor:
        """Return tokens, int64 (texts, context length); texts that are too long are truncated."""
        listed = [texts] if isinstance(texts, str) else texts
        length = context_length or CONTEXT_LENGTH
        tokens = torch.full((len(listed), length), _PAD)
        for row, text in enumerate(listed):
            shown = [_START, *self.encode(text)[: length - 2], _END]
            tokens[row, : len(shown)] = torch.tensor(shown)
        return tokens
