"""Which row of one run is about the same as which row of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from camcli.comparison.entry import Entry, methods_of


class Rows(NamedTuple):
    """Two rows about the same; one of them is None where only one run has it."""

    golden: Entry | None
    new: Entry | None


def pair(golden: Sequence[Entry], new: Sequence[Entry]) -> list[Rows]:
    """Pair the rows of two runs, in the order of the first, what only the second has at the end.

    Rows of one image and target belong together. What is left of an image that both runs have was
    explained for another target, or failed in one of them: those are paired in their order. Runs of
    one method each are compared whichever these are; where a run has several, rows belong together
    only if the same method made them.
    """
    methods = dict.fromkeys([*methods_of(golden), *methods_of(new)])
    if len(methods_of(golden)) == len(methods_of(new)) == 1:
        return _pair_of_a_method(golden, new)
    return [
        rows
        for method in methods
        for rows in _pair_of_a_method(_made_by(method, golden), _made_by(method, new))
    ]


def _made_by(method: str, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.method == method]


def _pair_of_a_method(golden: Sequence[Entry], new: Sequence[Entry]) -> list[Rows]:
    before, after = _by_image(golden), _by_image(new)
    images = dict.fromkeys([*before, *after])
    return [
        rows
        for image in images
        for rows in _pair_image(before.get(image, ()), after.get(image, ()))
    ]


def _by_image(entries: Sequence[Entry]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.image].append(entry)
    return found


def _pair_image(golden: Sequence[Entry], new: Sequence[Entry]) -> Iterator[Rows]:
    others = {entry.key: entry for entry in new}
    matched = {entry.key for entry in golden} & set(others)
    left = iter([entry for entry in new if entry.key not in matched])
    for entry in golden:
        yield Rows(entry, others[entry.key] if entry.key in matched else next(left, None))
    for entry in left:
        yield Rows(None, entry)
