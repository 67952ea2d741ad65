"""`folder`: the class that an image's folder is named after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.records import ImageRef
from camcli.targets.class_table import ClassTable
from camcli.targets.rules.base import Rule, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Folder(Rule):
    """The class that the parent folder names, by index or name."""

    table: ClassTable

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `folder`."""
        return cls(vocabulary.table) if spec == "folder" else None

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the folder's class."""
        return [self.table.index_of(ref.path.parent.name)]
