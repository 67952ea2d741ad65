"""`prompts`: what a dual encoder is asked about an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.models.listed_images import ListedImages
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef
from camcli.targets.rules.base import Rule, Vocabulary, spells

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Prompts(Rule):
    """Every prompt, or those that a file has for the image."""

    plan: PromptPlan

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `prompts`."""
        if not spells(spec, "prompts"):
            return None
        if vocabulary.prompts is None:
            raise TargetError("the network has classes, and there are no prompts to be targets")
        return cls(vocabulary.prompts)

    def listed_images(self) -> ListedImages[int] | None:
        """Return what a file of prompts has for single images."""
        return self.plan.listed

    @property
    def many(self) -> bool:
        """Whether an image can have more than one prompt."""
        return self.plan.many

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the places of an image's prompts, which are the classes of the network."""
        return self.plan.places(ref)
