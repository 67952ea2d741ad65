"""`--versus`: which classes the explained one is compared with, and how much each counts."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camcli.config import Config
from camcli.errors import TargetError
from camcli.models.listed_images import ListedImages
from camcli.records import ImageRef
from camcli.system.wording import counted_as
from camcli.targets.class_table import ClassTable, UnknownClassError
from camcli.targets.class_target import Rival
from camcli.targets.listing import read_listing
from camcli.targets.rules import VERSUS
from camcli.targets.rules.base import spells

if TYPE_CHECKING:
    from torch import Tensor

_EMPTY = "empty-prompt"


class SelfContrastError(TargetError):
    """A class is to be compared with itself."""


class Contrast(ABC):
    """One `--versus`."""

    @abstractmethod
    def rivals(self, ref: ImageRef, scores: Tensor, index: int) -> tuple[Rival, ...]:
        """Return what a class is compared with in an image.

        Args:
            ref: The image.
            scores: (N,), of the classes, on the CPU.
            index: The class.

        Raises:
            SelfContrastError: It is the class itself.
            TargetError: Nothing is named for this image.

        """

    def listed_images(self) -> ListedImages[int] | None:
        """Return what a file lists for single images, None where no file is read."""
        return None


@dataclass(frozen=True)
class RunnerUp(Contrast):
    """The class of highest score but for the explained one itself."""

    def rivals(self, ref: ImageRef, scores: Tensor, index: int) -> tuple[Rival, ...]:  # noqa: ARG002
        """See `Contrast.rivals`."""
        best: list[int] = scores.topk(2).indices.tolist()
        return (Rival(next(other for other in best if other != index)),)


@dataclass(frozen=True)
class Nearest(Contrast):
    """The `count` classes of nearest score, each weighed by its share of e^s among them.

    Zhang et al., "Finer-CAM: Spotting the Difference Reveals Finer Details for Visual
    Explanation", CVPR 2025, arXiv 2501.11309: the classes whose logits are closest to the explained
    one's, subtracted in proportion to their probabilities. The shares are taken as constants, so
    that what is explained stays linear in the logits.
    """

    count: int

    def rivals(self, ref: ImageRef, scores: Tensor, index: int) -> tuple[Rival, ...]:  # noqa: ARG002
        """See `Contrast.rivals`."""
        order = (scores - scores[index]).abs().argsort(stable=True).tolist()
        nearest = [other for other in order if other != index][: self.count]
        shares = scores[nearest].double().softmax(0).tolist()
        return tuple(map(Rival, nearest, shares))


@dataclass(frozen=True)
class OneRival(Contrast):
    """One class, whatever the image."""

    index: int
    table: ClassTable

    def rivals(self, ref: ImageRef, scores: Tensor, index: int) -> tuple[Rival, ...]:  # noqa: ARG002
        """See `Contrast.rivals`."""
        if index == self.index:
            name = self.table.name_of(index) or index
            raise SelfContrastError(
                f"the explained class of {ref.name} is {name}, which --versus names"
            )
        return (Rival(self.index),)


@dataclass(frozen=True)
class Listed(Contrast):
    """The classes that a file has for the image in its column `versus`, in equal parts."""

    listed: ListedImages[int]

    def rivals(self, ref: ImageRef, scores: Tensor, index: int) -> tuple[Rival, ...]:  # noqa: ARG002
        """See `Contrast.rivals`."""
        found = self.listed.of(ref)
        if found is None:
            raise TargetError(f"{self.listed.source} names no class for {ref.name} (--versus)")
        others = list(dict.fromkeys(found))
        if index in others:
            raise SelfContrastError(
                f"{self.listed.source} compares the explained class of {ref.name} with itself"
            )
        return tuple(Rival(other, 1 / len(others)) for other in others)

    def listed_images(self) -> ListedImages[int] | None:
        """Return what the file has."""
        return self.listed


def needs_empty_prompt(config: Config) -> bool:
    """Return whether something may be compared with the empty prompt."""
    own = [target.versus for target in config.targets if not isinstance(target, str)]
    return any(word is not None and spells(word.strip(), _EMPTY) for word in [config.versus, *own])


def contrast_of(spec: str, table: ClassTable) -> Contrast:
    """Return what `--versus` spells; as for `--target`, a class that is called so comes first.

    Raises:
        TargetError: It refers to what does not exist, may mean a class as well as a rule, or there
            are too few classes.

    """
    word = spec.strip()
    if table.has_label(word) and not word.startswith("@"):
        return OneRival(table.index_named(word), table)
    rule = _rule_of(word, table)
    if rule is not None:
        table.refuse_for_rule(word)
        return rule
    if word.startswith("@"):
        path = Path(word[1:])
        found = read_listing(path, table, ["versus"])
        rivals = {image: [each.index for each in of] for image, of in found.by_image.items()}
        return Listed(ListedImages(str(path), rivals, found.unread))
    return OneRival(_index_of(word, table), table)


def _index_of(word: str, table: ClassTable) -> int:
    try:
        return table.index_of(word)
    except UnknownClassError as error:
        raise TargetError(f"{error} (versus is {VERSUS})") from None


def _rule_of(word: str, table: ClassTable) -> Contrast | None:
    """Return the rule that a word spells, None where it spells none."""
    if spells(word, _EMPTY):
        if table.beside is None:
            raise TargetError("the network has classes, and the empty prompt is beside prompts")
        return OneRival(table.size, table)
    nearest = re.fullmatch(r"@?nearest([0-9]{1,9})", word)
    if nearest is None and not spells(word, "runner-up"):
        return None
    count = int(nearest[1]) if nearest else 1
    if table.size == 1:
        raise TargetError("the network has a single class, so there is none to compare it with")
    if not 1 <= count < table.size:
        raise TargetError(
            f"the network has {table.size} classes, so a class has "
            f"{counted_as(table.size - 1, 'other')}, and {word} asks for {count}"
        )
    return Nearest(count) if nearest else RunnerUp()
