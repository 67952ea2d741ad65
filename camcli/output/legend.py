"""What is said about a picture beside it: a colour bar and a caption, below and never over it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from camcli.output.colour_bar import Colour, colour_bar
from camcli.output.lettering import Font, Lettering, rounded, wrapped
from camcli.output.target_words import in_words

if TYPE_CHECKING:
    from camcli.config import OutputConfig
    from camcli.records import SaliencyMap, Target

_BACKGROUND = (20, 22, 27)
_BRIGHT = (236, 238, 242)
_DIM = (150, 156, 168)
# In pixels: what can be read, and what is as large in a picture that is shown at another size.
_SMALLEST_TEXT = 13
_TEXT_SHARE = 1 / 42
# Times the height of the text; a smaller picture is set in the middle of its legend.
_NARROWEST = 15
_MOST_LINES = 2


@dataclass(frozen=True)
class _Line:
    text: str
    colour: Colour


def with_legend(picture: Image.Image, saliency_map: SaliencyMap, look: OutputConfig) -> Image.Image:
    """Return a picture with what `output.colorbar` and `output.caption` ask for below it.

    Every pixel of the picture is kept. Text is a fortieth of the picture's mean side, and never
    smaller than 13 pixels; a picture that is too narrow for it gets margins.

    Args:
        picture: RGB.
        saliency_map: What it shows.
        look: Which colour bar and caption are asked for, and the colours.

    Returns:
        The picture itself where nothing is asked for, or else a new RGB image.

    """
    if look.caption == "none" and not look.colorbar:
        return picture
    size = text_size(picture.size)
    width = max(picture.width, _NARROWEST * size)
    margin, step = size // 2, round(size * 1.35)
    room = width - 2 * margin
    lettering = Lettering(look.font)
    font = lettering.at(size)
    lines = [
        _Line(line, colour)
        for text, colour in _caption(saliency_map, look.caption)
        for line in wrapped(lettering.spelt(text), room, font, _MOST_LINES)
    ]
    bar = (size + margin) if look.colorbar else 0
    height = margin + bar + len(lines) * step + (margin if lines else 0)
    canvas = Image.new("RGB", (width, picture.height + height), _BACKGROUND)
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    top = picture.height + margin
    if look.colorbar:
        drawn = colour_bar(saliency_map, look, (room, size), font, _BRIGHT, _BACKGROUND)
        canvas.paste(drawn, (margin, top))
    _write(canvas, lines, (margin, top + bar), font, step)
    return canvas


def text_size(picture: tuple[int, int]) -> int:
    """Return the height in pixels of the text below a picture of a (width, height) in pixels."""
    return max(_SMALLEST_TEXT, round(math.sqrt(picture[0] * picture[1]) * _TEXT_SHARE))


def _caption(saliency_map: SaliencyMap, caption: str) -> Iterator[tuple[str, Colour]]:
    """Yield the sentences of a caption, with their colours."""
    target = saliency_map.target
    if caption != "none":
        yield in_words(target, saliency_map.meaning.sign), _BRIGHT
    if caption == "label":
        yield sureness(target), _DIM
    if caption == "full":
        yield _numbers(target), _DIM
        if target.margin is not None:
            yield f"margin {rounded(target.margin)}", _DIM
        yield f"{saliency_map.method} at {saliency_map.layer}", _DIM


def sureness(target: Target) -> str:
    """Return the probability, and the score where there is none."""
    if target.probability is None:
        return f"score {rounded(target.score)}"
    percent = rounded(100 * target.probability)
    rounded_up = percent == "100" and target.probability < 1
    return "probability over 99.9%" if rounded_up else f"probability {percent}%"


def _numbers(target: Target) -> str:
    score = f"score {rounded(target.score)}"
    return score if target.probability is None else f"{score}, {sureness(target)}"


def _write(
    canvas: Image.Image, lines: Sequence[_Line], corner: tuple[int, int], font: Font, step: int
) -> None:
    drawing = ImageDraw.Draw(canvas)
    left, top = corner
    for number, line in enumerate(lines):
        drawing.text((left, top + number * step), line.text, line.colour, font)
