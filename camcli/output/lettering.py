r"""Text in pictures, in the one font that every Pillow has: the same text is the same pixels.

The font has letters without accents and little else. What it lacks is spelt out (`caf\xe9`): a box
for every letter would tell nothing, and a font of the machine would look different on the next.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# No caption shows more, and measuring a text takes time in proportion to its length.
_LONGEST = 500
# No character at all, which every font shows as what stands for those that it lacks.
_LACKING = "\uffff"
_SIZE_OF_TRIAL = 16


@lru_cache(maxsize=8)
def font_of(size: int) -> Font:
    """Return the font at a height in pixels."""
    return ImageFont.load_default(size)


def spelt(text: str) -> str:
    r"""Return a text with every character that the font lacks as Python would escape it (`\xe9`).

    It ends in `...` after 500 characters.
    """
    escaped = "".join(map(_drawable, text[:_LONGEST]))
    return escaped if len(text) <= _LONGEST else f"{escaped}..."


def rounded(value: float) -> str:
    """Return a number with three digits, such as 0.0222 or 1480."""
    return f"{float(f'{value:.3g}'):g}"


def shortened(text: str, width: float, font: Font) -> str:
    """Return a text, as `spelt` returns it, that is cut off before it is wider than that."""
    if font.getlength(text) <= width:
        return text
    cuts = range(1, len(text))
    kept = bisect_right(cuts, width, key=lambda n: font.getlength(_cut(text, n)))
    return _cut(text, kept) if kept else ""


def wrapped(text: str, width: float, font: Font, most_lines: int) -> list[str]:
    """Break a text, as `spelt` returns it, into lines of a width, of which the last is shortened.

    Lines break at spaces, and inside words that are wider than a line.
    """
    lines: list[str] = []
    while len(lines) < most_lines - 1 and font.getlength(text) > width:
        cuts = range(1, len(text) + 1)
        room = max(bisect_right(cuts, width, key=lambda n: font.getlength(text[:n])), 1)
        end = text.rfind(" ", 1, room + 1)
        end = room if end < 0 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, shortened(text, width, font)]


def _cut(text: str, length: int) -> str:
    return f"{text[:length].rstrip()}..."


@lru_cache(maxsize=4096)
def _drawable(character: str) -> str:
    font = font_of(_SIZE_OF_TRIAL)
    if character.isprintable() and bytes(font.getmask(character)) != bytes(font.getmask(_LACKING)):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
