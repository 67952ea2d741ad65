"""What is found in one image for one target, and how it shows itself."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from camcli.api.drawing import Drawing
from camcli.errors import CamcliError
from camcli.output.artefacts.maps import at_map_size
from camcli.output.artefacts.picture import Picture
from camcli.output.encode import png
from camcli.output.render import over_original
from camcli.output.target_words import in_words
from camcli.records import Components, FailedImage, SaliencyMap, Status, Target
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

_SHOWN_SIDE = 320


@dataclass(frozen=True)
class Explanation:
    """One image, explained for one target; or why it is not.

    Attributes:
        image: The image's name: its path as given, or its place as `image-0`.
        status: ok; degenerate, where no map speaks for the class; failed, where the image could
            not be read or names no class.
        reason: Why there is no map; None where there is one.

    """

    image: str
    status: Status
    reason: str | None
    _found: SaliencyMap | None = None
    _drawing: Drawing | None = None

    @property
    def target(self) -> Target | None:
        """The explained class with its score and probability; None of a failed image."""
        return None if self._found is None else self._found.target

    @property
    def method(self) -> str | None:
        """The method; None of a failed image, which each of them failed."""
        return None if self._found is None else self._found.method

    @property
    def map(self) -> npt.NDArray[np.float32] | None:
        """The map, float32 (h, w), over the network's input; None without one.

        In [0, 1] and of the input's size, but where `output.sign`, `output.normalize` and
        `output.map_size` say otherwise.
        """
        found, drawing = self._found, self._drawing
        if found is None or found.values is None or drawing is None:
            return None
        return at_map_size(found.values, found.item.geometry, drawing.config)

    @property
    def range(self) -> tuple[float, float] | None:
        """The least and the largest value of the map before it was normalised."""
        return None if self._found is None else self._found.range

    @property
    def completeness_error(self) -> float | None:
        """|ΣC - Δ| / max(|Δ|, Σ|C|); None of a method that does not claim to add up."""
        return None if self._found is None else self._found.completeness_error

    @property
    def components(self) -> Components | None:
        """The components of the map, where the method has them."""
        return None if self._found is None else self._found.components

    @property
    def crop_box(self) -> tuple[float, float, float, float] | None:
        """(left, top, right, bottom) of the network's input in the image's pixels."""
        return None if self._found is None else self._found.item.geometry.crop_box

    def over_image(self) -> npt.NDArray[np.float32]:
        """Return the map at the image's own size, 0 where the network saw nothing.

        Raises:
            CamcliError: There is no map.

        """
        found, values = self._with_map()
        return over_original(values, found.item.geometry)

    def overlay(
        self,
        style: Literal["blend", "mask", "heat", "contour"] | None = None,
        colormap: str | None = None,
        alpha: float | None = None,
    ) -> Image.Image:
        """Return the image with the map over it, RGB, as the command draws it.

        What is None is as the configuration has it, and so are caption and colour bar.

        Args:
            style: How the map is drawn.
            colormap: turbo, viridis, or any other of the cmap package; of signed maps one with two
                ends.
            alpha: Opacity of the map, of blend and mask.

        Raises:
            CamcliError: There is no map, or no overlay can look so.

        """
        return self._picture(style=style, colormap=colormap, alpha=alpha).image

    def _picture(self, **look: Any) -> Picture:
        found, _ = self._with_map()
        assert self._drawing is not None
        return self._drawing.of(found, **look)

    def _with_map(self) -> tuple[SaliencyMap, npt.NDArray[np.float32]]:
        if self._found is None or self._found.values is None:
            raise CamcliError(f"{self.image} has no map: {self.reason}")
        return self._found, self._found.values

    @property
    def title(self) -> str:
        """The image and its class in a line, such as `cat.jpg: tabby 0.83`."""
        if self._found is None:
            return f"{self.image}: {self.reason}"
        target = self._found.target
        number = target.score if target.probability is None else target.probability
        told = f"{self.image}: {in_words(target, self._found.meaning.sign)} {number:.3g}"
        return told if self.reason is None else f"{told} ({self.reason})"

    def __repr__(self) -> str:
        return f"<Explanation {self.title}>"

    def _repr_png_(self) -> bytes | None:
        if self.status != "ok":
            return None
        picture = self._picture()
        return png(picture.image, picture.facts)

    def _repr_html_(self) -> str:
        shown = self._repr_png_()
        title = html.escape(self.title)
        if shown is None:
            return f"<p>{title}</p>"
        data = base64.b64encode(shown).decode("ascii")
        return (
            f'<figure style="display:inline-block;margin:4px"><img alt="{title}" '
            f'style="max-width:{_SHOWN_SIDE}px" src="data:image/png;base64,{data}">'
            f"<figcaption>{title}</figcaption></figure>"
        )


class Explanations(Sequence[Explanation]):
    """The explanations of several images, in order; shows itself as a row of overlays."""

    def __init__(self, found: Sequence[Explanation]) -> None:
        self._found = tuple(found)

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> Explanation: ...
    @overload
    def __getitem__(self, index: slice) -> Explanations: ...
    def __getitem__(self, index: int | slice) -> Explanation | Explanations:
        found = self._found[index]
        return found if isinstance(found, Explanation) else Explanations(found)

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self._found)

    def __repr__(self) -> str:
        images = counted_as(len({each.image for each in self}), "image")
        without = Counter(each.status for each in self if each.status != "ok")
        told = "".join(f", {count} {status}" for status, count in sorted(without.items()))
        return f"<Explanations of {images}: {counted_as(len(self) - without.total(), 'map')}{told}>"

    def _repr_html_(self) -> str:
        return "".join(each._repr_html_() for each in self)


def explanation_of(saliency_map: SaliencyMap, drawing: Drawing) -> Explanation:
    """Return what the engine found, as the caller sees it."""
    status: Status = "degenerate" if saliency_map.degenerate else "ok"
    name, reason = saliency_map.item.ref.name, saliency_map.degenerate
    return Explanation(name, status, reason, saliency_map, drawing)


def failure_of(failed: FailedImage) -> Explanation:
    """Return an image that could not be explained, with the reason."""
    return Explanation(failed.ref.name, "failed", failed.message)
