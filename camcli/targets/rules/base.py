"""What every kind of target has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camcli.models.listed_images import ListedImages
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef, Sign
from camcli.targets.class_table import ClassTable
from camcli.targets.signed_class import SignedClass

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Vocabulary:
    """What a target may refer to.

    Attributes:
        table: The network's classes.
        prompts: What those classes are in a dual encoder, None in other networks.
        even: The score of a class that is as likely as not, None where scores do not say.

    """

    table: ClassTable
    prompts: PromptPlan | None = None
    even: float | None = 0.0


class Rule(ABC):
    """One `--target`: which classes it asks for in an image."""

    @classmethod
    @abstractmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule that a target spells, None where it spells another kind.

        Raises:
            TargetError: It is of this kind, and refers to what does not exist.

        """

    @property
    def many(self) -> bool:
        """Whether an image can have more than one class by this rule."""
        return False

    @property
    def signs(self) -> set[Sign]:
        """Which kinds of evidence the rule itself asks for."""
        return {"positive"}

    def listed_images(self) -> ListedImages[Any] | None:
        """Return what a file lists for single images, None where the rule reads no such file."""
        return None

    @abstractmethod
    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        """Return the class indices for an image.

        Args:
            ref: The image.
            logits: (N,), its scores, on the CPU.

        Raises:
            TargetError: The rule names no class for this image.

        """

    def signed_classes(self, ref: ImageRef, logits: Tensor) -> Sequence[SignedClass]:
        """Return the classes for an image with the side that is asked for; see `classes`."""
        return [SignedClass(index) for index in self.classes(ref, logits)]


def spells(spec: str, word: str) -> bool:
    """Return whether a target is the word of a rule: plain, or behind an `@`.

    A class may have the plain word for its name; behind an `@` it is the rule, whatever the classes
    are called.
    """
    return spec.removeprefix("@") == word
