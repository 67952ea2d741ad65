"""What is found in one image for one target, and how it shows itself."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from pydantic import ValidationError

from camcli.config import OutputConfig
from camcli.errors import CamcliError, ConfigError
from camcli.output.encode import png
from camcli.output.levels import drawable
from camcli.output.render import over_original, overlay
from camcli.records import Components, FailedImage, MapSign, SaliencyMap, Status, Target
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

_LOOK = OutputConfig()
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

    @property
    def target(self) -> Target | None:
        """The explained class with its score and probability; None of a failed image."""
        return None if self._found is None else self._found.target

    @property
    def map(self) -> npt.NDArray[np.float32] | None:
        """The map, float32 (h, w), over the network's input; None without one.

        In [0, 1] but where `output.sign` and `output.normalize` say otherwise.
        """
        return None if self._found is None else self._found.values

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
        style: Literal["blend", "mask", "heat", "contour"] = _LOOK.style,
        colormap: str | None = None,
        alpha: float = _LOOK.alpha,
    ) -> Image.Image:
        """Return the image with the map over it, RGB, as the command draws it.

        Args:
            style: How the map is drawn.
            colormap: turbo, viridis, or any other of the cmap package; None for turbo, or for the
                one of two colours that the command has for signed maps.
            alpha: Opacity of the map, of blend and mask.

        Raises:
            CamcliError: There is no map, or no such style or colour map.

        """
        found, values = self._with_map()
        look = _look(style, colormap, alpha, found.meaning.sign)
        original = found.item.original
        assert original is not None
        return overlay(
            original,
            found.item.geometry,
            drawable(values, found.meaning),
            look.colormap,
            look.alpha,
            look.style,
            look.sign == "signed",
        )

    def _with_map(self) -> tuple[SaliencyMap, npt.NDArray[np.float32]]:
        if self._found is None or self._found.values is None:
            raise CamcliError(f"{self.image} has no map: {self.reason}")
        return self._found, self._found.values

    @property
    def title(self) -> str:
        """The image and its class in a line, such as `cat.jpg: tabby 0.83`."""
        if self.target is None:
            return f"{self.image}: {self.reason}"
        own = self.target.name or f"class {self.target.index}"
        against = "against " if self.target.sign == "negative" else ""
        others = ", ".join(each.name or f"class {each.index}" for each in self.target.versus)
        rather = f" rather than {others}" if others else ""
        number = self.target.score if self.target.probability is None else self.target.probability
        told = f"{self.image}: {against}{own}{rather} {number:.3g}"
        return told if self.reason is None else f"{told} ({self.reason})"

    def __repr__(self) -> str:
        return f"<Explanation {self.title}>"

    def _repr_png_(self) -> bytes | None:
        return png(self.overlay()) if self.status == "ok" else None

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


def _look(style: str, colormap: str | None, alpha: float, sign: MapSign) -> OutputConfig:
    given = {"style": style, "alpha": alpha, "sign": sign}
    if colormap is not None:
        given["colormap"] = colormap
    try:
        return OutputConfig.model_validate(given)
    except ValidationError as error:
        told = "; ".join(str(each["msg"]) for each in error.errors())
        raise ConfigError(f"the overlay cannot be drawn so: {told}") from None


def explanation_of(saliency_map: SaliencyMap) -> Explanation:
    """Return what the engine found, as the caller sees it."""
    status: Status = "degenerate" if saliency_map.degenerate else "ok"
    return Explanation(saliency_map.item.ref.name, status, saliency_map.degenerate, saliency_map)


def failure_of(failed: FailedImage) -> Explanation:
    """Return an image that could not be explained, with the reason."""
    return Explanation(failed.ref.name, "failed", failed.message)
