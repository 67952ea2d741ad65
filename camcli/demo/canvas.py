"""A drawing surface that records, for every pixel, what was painted there last."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from camcli.demo.palette import Colour
from camcli.demo.shapes import Outline, grown

# Odd, so that every pixel has a subpixel at its very centre to read the label from.
_SUPERSAMPLING = 3
_EDGE_SHADE = 0.45
_FEW_CORNERS = 12
# As a fraction of a shape's longer side: small shapes drawn with the scene's stroke would be all
# edge.
_WIDEST_EDGE = 0.09


def _ink(colour: Colour, label: int) -> tuple[int, int, int, int]:
    red, green, blue = (int(value) for value in colour)
    return red, green, blue, label


def _flat(outline: Outline) -> list[float]:
    corners: list[float] = outline.ravel().tolist()
    return corners


class Canvas:
    """A supersampled image whose alpha channel holds the label of whatever is on top.

    One drawing call thus paints a subpixel and labels it; whatever is painted over loses it.
    The ground is an RGB image, labelled 0; `stroke` is the greatest edge width, in pixels.
    """

    def __init__(self, ground: Image.Image, stroke: float) -> None:
        self._stroke = stroke * _SUPERSAMPLING
        big = (ground.width * _SUPERSAMPLING, ground.height * _SUPERSAMPLING)
        self._image = ground.resize(big, Image.Resampling.BILINEAR)
        self._image.putalpha(0)
        self._pen = ImageDraw.Draw(self._image)

    def paint(self, outline: Outline, fill: Colour, label: int) -> None:
        """Fill an outline, given in pixels, and edge it darker; `label` is from 0 to 255."""
        big = outline * _SUPERSAMPLING
        stroke = max(1.0, min(self._stroke, _WIDEST_EDGE * float(np.ptp(big, axis=0).max())))
        inside, edge = _ink(fill, label), _ink(fill * _EDGE_SHADE, label)
        if len(big) > _FEW_CORNERS:
            self._pen.polygon(_flat(grown(big, stroke / 2)), fill=edge)
            self._pen.polygon(_flat(grown(big, -stroke / 2)), fill=inside)
        else:
            # Sharp corners need mitres, which `grown` would cut off.
            corners = _flat(big)
            self._pen.polygon(corners, fill=inside)
            closed = corners + corners[:4]
            self._pen.line(closed, fill=edge, width=round(stroke), joint="curve")

    def image(self) -> Image.Image:
        """Return the anti-aliased RGB image, of the ground's size."""
        return self._image.convert("RGB").reduce(_SUPERSAMPLING)

    def labels(self) -> NDArray[np.uint8]:
        """Return the label at every pixel's centre, of shape (height, width)."""
        middle = _SUPERSAMPLING // 2
        alpha = np.asarray(self._image.getchannel("A"))
        return alpha[middle::_SUPERSAMPLING, middle::_SUPERSAMPLING]
