"""What other packages add to camcli: the entry points that their distributions declare.

Declarations are read without importing what they name; a plug-in is imported when it is asked for.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from camcli.errors import CamcliWarning, PluginError


@dataclass(frozen=True)
class Plugin:
    """One entry point of a distribution.

    Attributes:
        name: By which a user asks for it.
        home: What it names, as `package.module:attribute`.
        distribution: The name that pip has for what declares it.
        version: Of the distribution.

    """

    name: str
    home: str
    distribution: str
    version: str

    @property
    def origin(self) -> str:
        """The distribution and its version, by which a run knows the plug-in."""
        return f"{self.distribution} {self.version}"

    def load(self) -> Any:
        """Import what the entry point names.

        Raises:
            PluginError: It cannot be imported.

        """
        from importlib.metadata import EntryPoint

        try:
            return EntryPoint(self.name, self.home, "camcli").load()
        except (Exception, SystemExit) as error:  # whatever the package does when it is imported
            raise self.refused(f"cannot be imported: {type(error).__name__}: {error}") from error

    def refused(self, why: str) -> PluginError:
        """Return what to raise where the plug-in cannot be used."""
        return PluginError(
            f"the plug-in {self.name!r} of {self.origin} ({self.home}) {why}; mend it, or remove "
            f"it: pip uninstall {self.distribution}"
        )


@dataclass(frozen=True)
class PluginTable:
    """The plug-ins of a group, beside what camcli has of the same kind.

    Attributes:
        group: Of entry points, such as `camcli.methods`.
        own: The names that camcli uses itself, and their folded forms stand for.
        pattern: What a name is made of.
        spelling: The same in words.
        folded: Brings the spellings of a name together that mean the same.

    """

    group: str
    own: tuple[str, ...]
    pattern: re.Pattern[str]
    spelling: str
    folded: Callable[[str], str] = str

    def find(self, word: str) -> Plugin | None:
        """Return the plug-in that a word means, None where it means none.

        Raises:
            PluginError: Its name is camcli's own, another plug-in's too, or no name.

        """
        declared = self._named(word)
        if not declared:
            return None
        if fault := self._fault(declared):
            raise fault
        return declared[0]

    def usable(self) -> tuple[Plugin, ...]:
        """Return the plug-ins whose names mean them alone, sorted by name."""
        return tuple(rivals[0] for rivals in self._by_name() if not self._fault(rivals))

    def faults(self) -> Iterator[PluginError]:
        """Yield, for each name that cannot be used, what `find` raises for it."""
        yield from filter(None, map(self._fault, self._by_name()))

    def _named(self, word: str) -> list[Plugin]:
        asked = self.folded(word)
        return [plugin for plugin in declared(self.group) if self.folded(plugin.name) == asked]

    def _by_name(self) -> list[list[Plugin]]:
        found: dict[str, list[Plugin]] = defaultdict(list)
        for plugin in declared(self.group):
            found[self.folded(plugin.name)].append(plugin)
        return list(found.values())

    def _fault(self, rivals: Sequence[Plugin]) -> PluginError | None:
        first = rivals[0]
        taken = {self.folded(name): name for name in self.own}.get(self.folded(first.name))
        if taken is not None:
            return first.refused(f"has the name of camcli's own {taken!r}, so it cannot be told "
                                 "which of them is meant")  # fmt: skip
        if len(rivals) > 1:
            others = " and ".join(plugin.origin for plugin in rivals[1:])
            return first.refused(f"has the same name as one of {others}, so it cannot be told "
                                 "which of them is meant")  # fmt: skip
        if not self.pattern.fullmatch(first.name):
            return first.refused(f"has no name that can be asked for: it takes {self.spelling}")
        return None


def declared(group: str) -> tuple[Plugin, ...]:
    """Return the plug-ins of a group that are installed, sorted by name and distribution."""
    return _declared(group, tuple(sys.path))


@cache
def _declared(group: str, _places: tuple[str, ...]) -> tuple[Plugin, ...]:
    """Read the declarations, anew only where packages are looked for elsewhere than before."""
    found = (
        Plugin(
            name=point.name,
            home=point.value,
            distribution=str(point.dist.metadata["Name"]),
            version=str(point.dist.metadata["Version"]),
        )
        for point in _entry_points(group)
        if point.dist is not None
    )
    return tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.distribution)))


def _entry_points(group: str) -> Iterable[Any]:
    from importlib.metadata import entry_points

    try:
        return entry_points(group=group)
    except Exception:  # the declarations of some distribution, of plug-ins or not, cannot be read
        return _readable_entry_points(group)


def _readable_entry_points(group: str) -> Iterator[Any]:
    from importlib.metadata import distributions

    for distribution in distributions():
        try:
            yield from distribution.entry_points.select(group=group)
        except Exception as error:
            warnings.warn(
                f"the entry points of {distribution.metadata['Name']} cannot be read "
                f"({type(error).__name__}: {error}), so plug-ins of it are not found; install it "
                "again",
                CamcliWarning,
                stacklevel=2,
            )
