"""Which rows of several runs stand side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camcli.comparison.entry import Entry


@dataclass(frozen=True)
class ShownRun:
    """A run on the page.

    Attributes:
        name: What the page calls it.
        entries: Its rows, in order.
        colormap: The colour map that its maps are drawn in.

    """

    name: str
    entries: Sequence[Entry]
    colormap: str


@dataclass(frozen=True)
class Item:
    """One place on the page: an image, and each run's row about it.

    Attributes:
        image: The image's name.
        rows: A row of each run, None where it has none.

    """

    image: str
    rows: tuple[Entry | None, ...]

    @property
    def row(self) -> Entry:
        """The first row that there is."""
        return next(row for row in self.rows if row is not None)


def items_of(runs: Sequence[ShownRun]) -> list[Item]:
    """Pair the rows of all runs by image, in the order of the first run that has it.

    Of an image with several targets, rows for the same target share an item; a target that not all
    runs have explained takes the places that are left.
    """
    by_image = [_by_image(run.entries) for run in runs]
    images = dict.fromkeys(image for found in by_image for image in found)
    return [
        item for image in images for item in _items_of(image, [f.get(image, []) for f in by_image])
    ]


def _by_image(entries: Sequence[Entry]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.image].append(entry)
    return found


def _items_of(image: str, rows: Sequence[Sequence[Entry]]) -> list[Item]:
    order = {key: place for place, key in enumerate(entry.key for entry in max(rows, key=len))}
    slots = [_empty(len(rows)) for _ in order]
    for run, entries in enumerate(rows):
        left = [entry for entry in entries if entry.key not in order]
        for entry in entries:
            if entry.key in order:
                slots[order[entry.key]][run] = entry
        for entry in left:
            free = next((slot for slot in slots if slot[run] is None), None)
            if free is None:
                slots.append(free := _empty(len(rows)))
            free[run] = entry
    return [Item(image, tuple(slot)) for slot in slots if any(slot)]


def _empty(runs: int) -> list[Entry | None]:
    return [None] * runs
