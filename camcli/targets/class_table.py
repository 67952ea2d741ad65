"""The classes of a network, by index and by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from camcli.errors import TargetError, suggest
from camcli.models.text_files import whole_number
from camcli.targets.class_names import folded
from camcli.targets.synsets import is_synset

_SHOWN = 5

# A class called `2`, `02`, `-1` or `0.5`: beside such names a number may be meant as a name.
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?", re.ASCII)


class UnknownClassError(TargetError):
    """A word is no class's name; it may have been meant for something else."""


@dataclass(frozen=True)
class ClassTable:
    """The classes of a network: how many, and their names where they are known.

    Attributes:
        size: How many there are.
        labels: Their names, by index.
        ids: How data sets identify them, such as by WordNet's `n02102480`, where that is known.
        beside: The name of what is scored behind the last class, and only compared with classes;
            None where nothing is.

    """

    size: int
    labels: tuple[str, ...] | None
    ids: tuple[str, ...] | None = None
    beside: str | None = None

    def name_of(self, index: int) -> str | None:
        """Return a class's name, None where names are not known."""
        if index == self.size:
            return self.beside
        return self.labels[index] if self.labels and index < len(self.labels) else None

    def is_named(self, index: int, word: str) -> bool:
        """Return whether a word is this class's name or id, in any spelling.

        Others may have the same name.
        """
        own = (self.name_of(index), self.ids[index] if self.ids else None)
        return folded(word) in (folded(name) for name in own if name is not None)

    def names(self, word: str) -> bool:
        """Return whether a word, as it stands, is the name of some class."""
        return bool(self._called(word))

    def has_label(self, word: str) -> bool:
        """Return whether a class is called precisely so."""
        return self.labels is not None and word in self.labels

    def refuse_for_rule(self, word: str) -> None:
        """Refuse a rule's word that may mean a class as well.

        Raises:
            TargetError: It names a class; the message has both readings.

        """
        if not word.startswith("@") and self.names(word):
            name = self.name_of(self.index_named(word))
            raise TargetError(
                f"may be the class {name!r} or the rule: write class:{name} or @{word}"
            )

    def index_of(self, word: str) -> int:
        """Return the class that a word asks for.

        `index:2` is an index, and `class:NAME` a name. Any other word is a name, or else, where it
        cannot be meant as one, an index.

        Raises:
            UnknownClassError: No class has that name.
            TargetError: There is no such index, the word may mean several classes, or names are
                not known.

        """
        word = word.strip()
        spelling, colon, rest = word.partition(":")
        if colon and spelling in ("index", "class"):
            return self._spelt(spelling, rest.strip(), word)
        if whole_number(word) is None or self.names(word):
            return self.index_named(word)
        if self.labels is not None and any(map(_NUMBER.fullmatch, self.labels)):
            raise TargetError(self._no_such_number(word))
        return self.index_numbered(word)

    def index_named(self, word: str) -> int:
        """Return the class that has a name, which is never taken for an index.

        The name as it is written counts before one that differs in case, spaces or underscores, and
        that before an id.

        Raises:
            UnknownClassError: No class has that name.
            TargetError: Several have it, or names are not known.

        """
        if self.labels is None:
            raise TargetError(
                f"cannot look up the class {word!r}: the network's class names are not known; give "
                + ("the index 0" if self.size == 1 else f"an index from 0 to {self.size - 1}")
                + ", or the names (model.labels)"
            )
        found = self._called(word)
        if not found:
            raise UnknownClassError(f"there is no class {word!r}{self._why_not(word)}")
        if len(found) > 1:
            raise TargetError(f"{word!r} may mean several classes: write {self._choices(found)}")
        return found[0]

    def index_numbered(self, word: str) -> int:
        """Return the class that a number is the index of, which is never taken for a name.

        Raises:
            TargetError: It is no number, or too large a one.

        """
        index = whole_number(word)
        if index is None:
            raise TargetError(f"{word!r} is no class index: give a number from 0 on")
        if index >= self.size:
            raise TargetError(
                f"there is no class {index}: the network has {self.size}{self._other_of_one()}"
            )
        return index

    def _spelt(self, spelling: str, rest: str, word: str) -> int:
        """Return the class of `index:2` or `class:NAME`; some class may be called just that."""
        read = self.index_numbered if spelling == "index" else self.index_named
        own = self._called(word)
        if not own:
            return read(rest)
        try:
            meant = read(rest)
        except TargetError:
            return self.index_named(word)
        raise TargetError(
            f"{word!r} is a class's name, and also spells the {spelling} {rest!r}: write "
            f"class:{word} or class:{self.name_of(meant)}"
        )

    def _called(self, word: str) -> Sequence[int]:
        """Return the classes that have a name; of kinds of names, the first that has it counts."""
        if self.labels is None:
            return ()
        exact, alike, ids = self._places
        word = word.strip()
        return exact.get(word) or alike.get(folded(word)) or ids.get(folded(word), ())

    @cached_property
    def _places(self) -> tuple[Mapping[str, Sequence[int]], ...]:
        """Where each name stands as it is, where in any spelling, and where each id."""
        labels, ids = self.labels or (), self.ids or ()
        return tuple(map(_by_name, (labels, map(folded, labels), map(folded, ids))))

    def _choices(self, found: Sequence[int]) -> str:
        shown = [f"index:{index} ({self.name_of(index)!r})" for index in found[:_SHOWN]]
        more = f" (or one of {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
        return " or ".join(shown) + more

    def _no_such_number(self, word: str) -> str:
        """Say both readings of a number beside classes that are named by numbers."""
        index = int(word)
        if index >= self.size:
            return f"no class is called {word!r}, and there is no index {index}"
        return (
            f"no class is called {word!r}, and index {index} is the class {self.name_of(index)!r}: "
            f"write index:{index} if that is meant"
        )

    def _other_of_one(self) -> str:
        """Say how the other class of a single score is asked for, which has no index."""
        if self.size > 1 or self.labels is not None:
            return ""
        return (
            ". What speaks against its only class is -0; if its score is the logit of one class "
            "against another, two names in model.labels make classes of both"
        )

    def _why_not(self, word: str) -> str:
        if is_synset(word.strip()) and self.ids is None:
            return ": it is a WordNet id, and the network's class names are not ImageNet's"
        return suggest(word, self.labels or ())


def _by_name(names: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        places[name].append(index)
    return dict(places)
