"""`@file.csv`: the classes that a file lists for each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.models.listed_images import ListedImages
from camcli.records import ImageRef, Sign
from camcli.targets.listing import read_listing
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.signed_class import SignedClass

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Listed(Rule):
    """The classes that a file has for the image, in the order of its lines."""

    listed: ListedImages[SignedClass]

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of a path behind an `@`."""
        if not spec.startswith("@"):
            return None
        path = Path(spec[1:])
        found = read_listing(path, vocabulary.table)
        return cls(ListedImages(str(path), found.by_image, found.unread))

    @property
    def many(self) -> bool:
        """Whether the file has more than one class for some image."""
        return self.listed.most > 1

    @property
    def signs(self) -> set[Sign]:
        """Which kinds of evidence the file asks for."""
        return {listed.sign for listed in self.listed.values()}

    def listed_images(self) -> ListedImages[SignedClass]:
        """Return what the file has."""
        return self.listed

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        """Return the classes that the file has for an image."""
        return [listed.index for listed in self.signed_classes(ref, logits)]

    def signed_classes(self, ref: ImageRef, logits: Tensor) -> Sequence[SignedClass]:  # noqa: ARG002
        """Return what the file has for an image, classes behind a `-` as what speaks against."""
        found = self.listed.of(ref)
        if found is None:
            raise TargetError(f"{self.listed.source} names no class for {ref.name}")
        return found
