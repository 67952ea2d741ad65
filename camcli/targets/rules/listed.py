"""`@file.csv`: the classes that a file lists for each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.models.listed_images import ListedImages
from camcli.records import ImageRef
from camcli.targets.listing import read_listing
from camcli.targets.rules.base import Rule, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Listed(Rule):
    """The classes that a file has for the image, in the order of its lines."""

    listed: ListedImages

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of a path behind an `@`."""
        if not spec.startswith("@"):
            return None
        path = Path(spec[1:])
        return cls(ListedImages(str(path), read_listing(path, vocabulary.table)))

    @property
    def many(self) -> bool:
        """Whether the file has more than one class for some image."""
        return self.listed.most > 1

    def listed_images(self) -> ListedImages:
        """Return what the file has."""
        return self.listed

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the classes that the file has for an image."""
        found = self.listed.of(ref)
        if found is None:
            raise TargetError(f"{self.listed.source} names no class for {ref.name}")
        return found
