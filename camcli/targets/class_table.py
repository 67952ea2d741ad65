"""The classes of a network, by index and by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from camcli.errors import TargetError, suggest
from camcli.targets.class_names import folded


class UnknownClassError(TargetError):
    """A word is no class's name; it may have been meant for something else."""


@dataclass(frozen=True)
class ClassTable:
    """The classes of a network: how many, and their names where they are known."""

    size: int
    labels: tuple[str, ...] | None

    def name_of(self, index: int) -> str | None:
        """Return a class's name, None where names are not known."""
        return self.labels[index] if self.labels and index < len(self.labels) else None

    def names(self, word: str) -> bool:
        """Return whether a word, as it stands, is the name of some class."""
        return folded(word) in map(folded, self.labels or ())

    def index_of(self, word: str) -> int:
        """Return the class that a word names, by index or by (case-insensitive) name.

        Raises:
            UnknownClassError: No class has that name.
            TargetError: The index is too large, the name belongs to several classes, or names
                are not known.

        """
        if re.fullmatch(r"\d+", word.strip()):
            return self._checked(int(word))
        if self.labels is None:
            raise TargetError(
                f"cannot look up the class {word!r}: the network's class names are not known; "
                f"give an index from 0 to {self.size - 1}"
            )
        wanted = folded(word)
        found = [i for i, label in enumerate(self.labels) if folded(label) == wanted]
        if len(found) > 1:
            raise TargetError(
                f"the name {word!r} belongs to several classes: give the index, "
                + " or ".join(map(str, found))
            )
        if not found:
            raise UnknownClassError(f"there is no class {word!r}{suggest(word, self.labels)}")
        return found[0]

    def _checked(self, index: int) -> int:
        if index >= self.size:
            raise TargetError(f"there is no class {index}: the network has {self.size}")
        return index
