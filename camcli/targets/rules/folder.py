"""`folder`: the class that an image's folder is named after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.errors import TargetError
from camcli.records import ImageRef
from camcli.storage.location import folder_name
from camcli.targets.class_table import ClassTable
from camcli.targets.rules.base import Rule, Vocabulary, spells

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Folder(Rule):
    """The class that the parent folder is named after: its name or its WordNet id, no index."""

    table: ClassTable

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:
        """Return the rule of the word `folder`."""
        if not spells(spec, "folder"):
            return None
        if vocabulary.table.labels is None:
            raise TargetError(
                "the network's class names are not known, so no folder names a class; give them in "
                "model.labels, such as a file with the sorted names of the training folders"
            )
        return cls(vocabulary.table)

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        """Return the folder's class."""
        try:
            return [self.table.index_named(folder_name(ref.path))]
        except TargetError as error:
            raise TargetError(
                f"its folder tells no class: {error}. Give an @file.csv where folders do not tell"
            ) from None
