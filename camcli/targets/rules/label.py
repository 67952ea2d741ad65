"""`label`: the class that an image's source names beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.records import ImageRef
from camcli.targets.class_table import ClassTable
from camcli.targets.rules.base import Rule, Vocabulary, spells

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class OwnLabel(Rule):
    """The class that an archive, a table or a list of images gives an image.

    A number is an index; a word is read as `--target` would read it.
    """

    table: ClassTable

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `label`."""
        return cls(vocabulary.table) if spells(spec, "label") else None

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the image's own class."""
        if ref.label is None:
            raise TargetError(
                "its source gives it no label: archives have them beside images (.cls, .json, "
                ".txt), tables and CSV files in the column label"
            )
        if isinstance(ref.label, int):
            return [self.table.index_numbered(str(ref.label))]
        return [self.table.index_of(ref.label)]
