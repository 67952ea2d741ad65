"""Which annotation belongs to which image: by the name that it states, else by that of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camcli.evaluation.ground_truth.content import Annotations, Reader
from camcli.models.image_lookup import AmbiguousImageError, Assignment, Entry, ImageIndex, Match
from camcli.records import ImageRef


@dataclass(frozen=True)
class Found:
    """The annotation of an image.

    Attributes:
        match: The annotation, and how well it fits.
        by_file: Whether it states the name of no image, and its own file is named as this one.

    """

    match: Match[Reader]
    by_file: bool


@dataclass(frozen=True)
class _Round:
    """Annotations under one kind of name, and how they went to the images that they may mean."""

    index: ImageIndex[Reader]
    assignment: Assignment

    @classmethod
    def of(cls, source: str, entries: Sequence[Entry[Reader]], refs: Sequence[ImageRef]) -> _Round:
        index = ImageIndex(source, entries)
        return cls(index, index.assign(refs))

    def best(self, ref: ImageRef) -> Match[Reader] | None:
        match = self.index.best(ref)
        refused = self.assignment.refused.get(ref.index)
        if match is not None and refused:
            raise AmbiguousImageError(refused)
        return match

    def has_none_for(self, ref: ImageRef) -> bool:
        try:
            return self.index.best(ref) is None
        except AmbiguousImageError:
            return False


class Matching:
    """The annotations of a file or folder, matched to every image that was given.

    One that states the name of no image, as after images were renamed with their annotations, goes
    to an image without another that is named as its own file.
    """

    def __init__(self, annotations: Annotations, source: str, listing: Sequence[ImageRef]) -> None:
        """Match annotations.

        Args:
            annotations: What was read.
            source: What messages call it.
            listing: Every image that was given.

        """
        self._stated = _Round.of(source, annotations.entries, listing)
        idle = set(range(len(annotations.entries))) - self._stated.assignment.claimed
        files = {
            number: Entry((file,), annotations.entries[number].value)
            for number, file in enumerate(annotations.files)
            if number in idle
        }
        left = [ref for ref in listing if self._stated.has_none_for(ref)] if files else []
        self._numbers = tuple(files)
        self._by_file = _Round.of(source, tuple(files.values()), left)

    def of(self, ref: ImageRef) -> Found | None:
        """Return the annotation of an image, None where it has none.

        Raises:
            AmbiguousImageError: It cannot be told from another's.

        """
        match = self._stated.best(ref)
        if match is not None:
            return Found(match, by_file=False)
        match = self._by_file.best(ref)
        return None if match is None else Found(match, by_file=True)

    @property
    def unmatched(self) -> list[str]:
        """The names of the annotations that no image has."""
        by_file = {self._numbers[place] for place in self._by_file.assignment.taken}
        taken = self._stated.assignment.taken | by_file
        entries = enumerate(self._stated.index.entries)
        return [entry.name for number, entry in entries if number not in taken]
