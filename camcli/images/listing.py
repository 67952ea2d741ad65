"""The images that inputs hold, in order, and what was found beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

from camcli.records import ImageRef
from camcli.storage.containers.entry import Label
from camcli.storage.location import unpacked
from camcli.system.wording import counted_as


class Picture(NamedTuple):
    """What an input holds: an image, or what is not one.

    Attributes:
        location: Where it lies, as `packed` has it.
        name: What it is to be called, before names that coincide are numbered.
        label: See `ImageRef.label`.
        suffix: What it ends with where it is a picture of another format, None for an image.
        refused: Why it is not taken, None where it is.

    """

    location: str
    name: str
    label: Label | None = None
    suffix: str | None = None
    refused: str | None = None

    @property
    def is_image(self) -> bool:
        """Whether it is to be explained."""
        return self.suffix is None and self.refused is None


class Listing(Sequence[ImageRef]):
    """The images found, in order.

    Kept as plain strings and turned into records on access: a third of the memory, which matters
    for a million images.

    Attributes:
        left_out: How much was left out, by suffix of pictures of other formats, or by reason.

    """

    def __init__(
        self,
        locations: list[str],
        names: list[str],
        labels: Mapping[int, Label],
        left_out: Mapping[str, int],
    ) -> None:
        self._locations = locations
        self._names = names
        self._labels = labels
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self._locations)

    @overload
    def __getitem__(self, index: int) -> ImageRef: ...
    @overload
    def __getitem__(self, index: slice) -> list[ImageRef]: ...
    def __getitem__(self, index: int | slice) -> ImageRef | list[ImageRef]:
        places = range(len(self))[index]
        return [self._ref(i) for i in places] if isinstance(places, range) else self._ref(places)

    def _ref(self, index: int) -> ImageRef:
        location = unpacked(self._locations[index])
        return ImageRef(index, location, self._names[index], self._labels.get(index))


@dataclass(frozen=True)
class _Refusal:
    """What was refused for one reason, the first of it as an example."""

    example: str
    count: int


class Unlisted:
    """Counts what inputs hold that is not listed for them.

    Attributes:
        suffixes: Pictures of other formats, by suffix.
        repeated: Images that an earlier input has.

    """

    def __init__(self) -> None:
        self.suffixes: Counter[str] = Counter()
        self.repeated = 0
        self._refused: dict[str, _Refusal] = {}

    def add(self, picture: Picture) -> None:
        """Count a picture that is no image to explain."""
        if picture.refused is None:
            self.suffixes[picture.suffix or ""] += 1
            return
        earlier = self._refused.get(picture.refused)
        example = earlier.example if earlier else picture.name
        self._refused[picture.refused] = _Refusal(example, earlier.count + 1 if earlier else 1)

    @property
    def left_out(self) -> Counter[str]:
        """How much was left out, by suffix or reason."""
        refused = {reason: refusal.count for reason, refusal in self._refused.items()}
        return self.suffixes + Counter(refused)

    def messages(self) -> Iterator[str]:
        """Yield what the user should know, a line each."""
        if self.suffixes:
            yield told(self.suffixes)
        for reason, refusal in self._refused.items():
            counted = counted_as(refusal.count, "entry", "entries")
            yield f"{counted} left out, {reason}: such as {refusal.example}"
        if self.repeated:
            yield f"{self.repeated} of the images given are named again, and explained once"


def told(suffixes: Counter[str]) -> str:
    """Say which pictures were left out because of their formats."""
    total = suffixes.total()
    counted = ", ".join(f"{number} {suffix}" for suffix, number in suffixes.most_common())
    what = "1 picture was" if total == 1 else f"{total} pictures were"
    return f"{what} left out, of formats that are not listed: {counted}; convert to .jpg or .png"
