"""Which entry of a user's file means which image, the same way for every kind of file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from camcli.errors import TargetError
from camcli.models.image_paths import Likeness, SpelledPath
from camcli.records import ImageRef
from camcli.storage.location import absolute

T = TypeVar("T")

# Longer tails would find the same entries among fewer candidates, and take more memory.
_DEPTHS = (3, 2, 1)


class AmbiguousImageError(TargetError):
    """An image and an entry of a file cannot be told from another one; the message names both."""


@dataclass(frozen=True)
class Entry(Generic[T]):
    """What a file says of one image.

    Attributes:
        spellings: What the file calls the image; the first is shown in messages.
        value: What it says of it.

    """

    spellings: tuple[str, ...]
    value: T

    @property
    def name(self) -> str:
        """The entry in messages."""
        return self.spellings[0]


@dataclass(frozen=True)
class Match(Generic[T]):
    """An entry, and how well it fits the image."""

    entry: Entry[T]
    likeness: Likeness

    @property
    def by_name_alone(self) -> bool:
        """Whether the entry names a folder, and it is not the image's."""
        spelled = SpelledPath.of(self.entry.name)
        return self.likeness.tail == 1 and not self.likeness.whole and len(spelled.parts) > 1


class ImageIndex(Generic[T]):
    r"""Finds the entry that means an image.

    An entry fits an image where their file names agree, at least without a suffix; it fits better
    the more folders before them agree as well, and best where both are wholly the same. Case,
    accents' form, percent-encoding and `\` for `/` count only between entries that fit alike. An
    image has the entry that fits it best, and none where two fit it alike.
    """

    def __init__(self, source: str, entries: Iterable[Entry[T]]) -> None:
        """Index the entries of a file.

        Args:
            source: What messages call the file.
            entries: Its entries.

        """
        self.source = source
        self.entries = tuple(entries)
        self._spelled = [tuple(map(SpelledPath.of, entry.spellings)) for entry in self.entries]
        self._by_tail: dict[str, list[int]] = defaultdict(list)
        self._by_whole: dict[str, list[int]] = defaultdict(list)
        for number, spellings in enumerate(self._spelled):
            for tail in {t for path in spellings for depth in _DEPTHS for t in path.tails(depth)}:
                self._by_tail[tail].append(number)
            for whole in {t for path in spellings for t in path.tails(len(path.parts))}:
                self._by_whole[whole].append(number)

    def best(self, ref: ImageRef) -> Match[T] | None:
        """Return the entry that fits an image best, whatever other images it fits.

        Raises:
            AmbiguousImageError: Several fit it alike.

        """
        found = self._best(ref)
        return None if found is None else Match(self.entries[found[0]], found[1])

    def _best(self, ref: ImageRef) -> tuple[int, Likeness] | None:
        images = _spellings_of(ref)
        fits = {number: self._likeness(number, images) for number in self._candidates(images)}
        top = max((fit for fit in fits.values() if fit), default=None)
        if top is None:
            return None
        first, *others = [number for number, fit in fits.items() if fit == top]
        if others:
            one, other = self.entries[first].name, self.entries[others[0]].name
            raise AmbiguousImageError(
                f"{self.source} has {1 + len(others)} entries "
                + (
                    f"for {ref.name}, called {one} each: keep one of them"
                    if one == other
                    else f"that may mean {ref.name}, such as {one} and {other}: write its path "
                    f"there as {ref.name}"
                )
            )
        return first, top

    def _candidates(self, images: Sequence[SpelledPath]) -> Sequence[int]:
        """Return the entries that are wholly an image's path, or share the longest tail with it."""
        wholes = {tail for path in images for tail in path.tails(len(path.parts))}
        found = {number for whole in wholes for number in self._by_whole.get(whole, ())}
        for depth in () if found else _DEPTHS:
            tails = {tail for path in images for tail in path.tails(depth)}
            if found := {number for tail in tails for number in self._by_tail.get(tail, ())}:
                break
        return sorted(found)

    def _likeness(self, number: int, images: Sequence[SpelledPath]) -> Likeness | None:
        fits = (path.likeness(image) for path in self._spelled[number] for image in images)
        return max((fit for fit in fits if fit), default=None)

    def assign(self, refs: Iterable[ImageRef]) -> Assignment:
        """Give each entry of the file to one image of a whole listing, or to none.

        Of the images that an entry fits best, it goes to the one that it fits better than the
        others.
        """
        claims: dict[int, _Claim] = {}
        refused: dict[int, str] = {}
        for ref in refs:
            try:
                found = self._best(ref)
            except AmbiguousImageError as error:
                refused[ref.index] = str(error)
                continue
            if found:
                claims.setdefault(found[0], _Claim()).add(ref, found[1])
        for number, claim in claims.items():
            refused |= claim.refusals(self.source, self.entries[number].name)
        taken = frozenset(number for number, claim in claims.items() if claim.winner)
        return Assignment(refused, taken, frozenset(claims))


@dataclass(frozen=True)
class Assignment:
    """How the entries of a file went to the images of a listing.

    Attributes:
        refused: Why an image, by its place in the listing, does not have the entry that fits it.
        taken: The numbers of the entries that went to an image.
        claimed: Those of the entries that fit an image best, taken or not.

    """

    refused: dict[int, str]
    taken: frozenset[int]
    claimed: frozenset[int]


@dataclass
class _Claim:
    """The images that one entry fits best."""

    best: Likeness | None = None
    images: list[ImageRef] = field(default_factory=list)
    lost: list[ImageRef] = field(default_factory=list)

    def add(self, ref: ImageRef, likeness: Likeness) -> None:
        if self.best is None or likeness > self.best:
            self.lost += self.images
            self.best, self.images = likeness, [ref]
        elif likeness == self.best:
            self.images.append(ref)
        else:
            self.lost.append(ref)

    @property
    def winner(self) -> bool:
        """Whether all that are left are one image, however often it is listed."""
        return len({absolute(ref.path) for ref in self.images}) == 1

    def refusals(self, source: str, name: str) -> dict[int, str]:
        refusals = {
            ref.index: f"{source} has no entry for {ref.name}: {name} belongs to "
            f"{self.images[0].name}"
            for ref in self.lost
        }
        if not self.winner:
            shown = " or ".join(ref.name for ref in self.images[:2])
            refusals |= {
                ref.index: f"{name} in {source} may mean {shown}: write the image's path there"
                for ref in self.images
            }
        return refusals


def _spellings_of(ref: ImageRef) -> tuple[SpelledPath, SpelledPath]:
    """Return an image's name in the run and its absolute path."""
    return SpelledPath.of(ref.name), SpelledPath.of(absolute(ref.path))
