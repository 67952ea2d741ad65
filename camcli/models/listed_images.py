"""A user's file that lists something for images, on its way through a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from camcli.models.image_lookup import AmbiguousImageError, Assignment, Entry, ImageIndex
from camcli.models.image_paths import SpelledPath
from camcli.records import ImageRef
from camcli.storage.location import absolute
from camcli.system.wording import counted_as

T = TypeVar("T")

_EXAMPLES = 5


@dataclass(frozen=True)
class FileUse:
    """What a run made of a file.

    Attributes:
        source: The file.
        entries: How many images it lists.
        used: How many of them are images of the run.
        unused: The first of the others.
        by_name: How many images have an entry for its file name alone, as the folders differ.
        matched: The first of those, each with its entry.
        columns: Its columns that nothing in the run reads.
        shared: The first of those that were taken for several images, each with two of them. Only
            where images arrive one by one; in a whole listing they are refused.

    """

    source: str
    entries: int
    used: int
    unused: tuple[str, ...]
    shared: tuple[str, ...]
    columns: tuple[str, ...] = ()
    by_name: int = 0
    matched: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as builtins."""
        return dict(vars(self))

    def lines(self) -> list[str]:
        """Return what the user should know, a line each."""
        found = []
        if missing := self.entries - self.used:
            found.append(
                f"{self.source}: {missing} of {self.entries} entries match no image of the run, "
                f"such as {', '.join(self.unused[:3])}"
            )
        if self.columns:
            found.append(f"{self.source}: nothing reads the columns {', '.join(self.columns)}")
        if self.by_name:
            found.append(
                f"{self.source}: matched by file name alone, as their folders differ: "
                f"{counted_as(self.by_name, 'image')}, such as {', '.join(self.matched[:3])}"
            )
        found += [f"{self.source}: {shared}; write paths there" for shared in self.shared]
        return found


class ListedImages(Generic[T]):
    """What a file lists for images, by place, and which entries of it met their images."""

    def __init__(
        self, source: str, by_image: Mapping[str, Sequence[T]], unread: Sequence[str] = ()
    ) -> None:
        r"""Index a file's entries; those that spell one path alike, as `./a` and `a`, are one.

        Args:
            source: What messages call the file.
            by_image: What it lists, by the image as it is spelt there.
            unread: The columns that were not looked at.

        """
        merged: dict[tuple[str, ...], Entry[list[T]]] = {}
        for image, listed in by_image.items():
            parts = SpelledPath.of(image).parts
            merged.setdefault(parts, Entry((image,), [])).value.extend(listed)
        self.source = source
        self._unread = tuple(unread)
        self._index = ImageIndex(source, merged.values())
        self._assignment: Assignment | None = None
        self._met: dict[str, str] = {}
        self._shared: dict[str, str] = {}
        self._by_name = 0
        self._matched: list[str] = []

    @property
    def most(self) -> int:
        """How much is listed for the image with the most."""
        return max((len(entry.value) for entry in self._index.entries), default=0)

    def values(self) -> Iterator[T]:
        """Yield all that is listed, whatever the image."""
        for entry in self._index.entries:
            yield from entry.value

    def expect(self, listing: Sequence[ImageRef]) -> None:
        """Learn of every image that there is, so that none gets what belongs to another."""
        self._assignment = self._index.assign(listing)

    def notice(self, ref: ImageRef) -> None:
        """Learn of the next image of a listing that is never whole."""
        try:
            match = self._index.best(ref)
        except AmbiguousImageError:
            return
        if match is None:
            return
        name = match.entry.name
        path = absolute(ref.path)
        first = self._met.setdefault(name, path)
        if first != path and len(self._shared) < _EXAMPLES:
            self._shared.setdefault(name, f"{name} was taken for both {first} and {path}")

    def of(self, ref: ImageRef) -> Sequence[T] | None:
        """Return what is listed for an image, None where nothing is.

        Raises:
            AmbiguousImageError: Another image or entry could be meant as well.

        """
        if self._assignment and ref.index in self._assignment.refused:
            raise AmbiguousImageError(self._assignment.refused[ref.index])
        match = self._index.best(ref)
        if match is None:
            return None
        if match.by_name_alone:
            self._by_name += 1
            if len(self._matched) < _EXAMPLES:
                self._matched.append(f"{ref.name} with {match.entry.name}")
        return match.entry.value

    def use(self) -> FileUse:
        """Return what the run made of the file."""
        entries = self._index.entries
        taken = self._assignment.taken if self._assignment else frozenset[int]()
        met = {entries[number].name for number in taken} | self._met.keys()
        unused = [entry.name for entry in entries if entry.name not in met]
        return FileUse(
            self.source,
            entries=len(entries),
            used=len(entries) - len(unused),
            unused=tuple(unused[:_EXAMPLES]),
            shared=tuple(self._shared.values()),
            columns=self._unread,
            by_name=self._by_name,
            matched=tuple(self._matched),
        )
