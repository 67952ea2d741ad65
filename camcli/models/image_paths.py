"""How alike two spellings of an image's path are."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

_ROOT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|[A-Za-z]:(?=/)")
# Not `.001` or `. Bernard`: those belong to the name.
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,4}$")


class Likeness(NamedTuple):
    """How well a spelling in a file fits an image; of two, the larger fits better.

    Attributes:
        whole: Whether all components agree on both sides.
        tail: How many components agree, counted from the file name.
        name: 3 for the same file name, 2 where one is the other without its suffix, 1 where they
            differ in their suffixes.
        exact: Whether what agrees is also spelt alike: case, accents, percent-encoding.

    """

    whole: bool
    tail: int
    name: int
    exact: bool


@dataclass(frozen=True)
class SpelledPath:
    r"""A path or URL as somebody wrote it, component by component.

    `\` separates as `/` does; a scheme, a drive, a root, `.` and `..` are no components.
    """

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> SpelledPath:
        """Take a path apart; one without any component has none."""
        parts: list[str] = []
        for part in _ROOT.sub("", text.strip().replace("\\", "/"), count=1).split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return cls(tuple(parts))

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The components without what spellings differ in: case, accents' form, encoding."""
        return tuple(map(_folded, self.parts))

    def tails(self, depth: int) -> list[str]:
        """Return the last `depth` components, folded, with and without the suffix.

        A tail that the path is too short for is left out.
        """
        if not 0 < depth <= len(self.parts):
            return []
        *folders, name = self.folded[-depth:]
        return ["/".join([*folders, form]) for form in {name, without_suffix(name)}]

    def likeness(self, other: SpelledPath) -> Likeness | None:
        """Return how alike two paths are, None where not even their file names are."""
        if not (self.parts and other.parts):
            return None
        name = _name_likeness(self.folded[-1], other.folded[-1])
        if not name:
            return None
        tail = 1
        for mine, theirs in zip(self.folded[-2::-1], other.folded[-2::-1], strict=False):
            if mine != theirs:
                break
            tail += 1
        whole = tail == len(self.parts) == len(other.parts)
        return Likeness(whole, tail, name, self._spelt(tail) == other._spelt(tail))

    def _spelt(self, tail: int) -> tuple[str, ...]:
        *folders, name = self.parts[-tail:]
        return (*folders, without_suffix(name))


def without_suffix(name: str) -> str:
    """Return a file name without what looks like a file type's suffix."""
    return _SUFFIX.sub("", name)


def _folded(part: str) -> str:
    return unicodedata.normalize("NFC", unquote(part)).casefold()


def _name_likeness(one: str, other: str) -> int:
    if one == other:
        return 3
    bare, other_bare = without_suffix(one), without_suffix(other)
    if one == other_bare or bare == other:
        return 2
    return int(bare == other_bare)
