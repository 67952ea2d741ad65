r"""Text in pictures.

The font is the one that every Pillow has, so that the same text is the same pixels everywhere. It
has letters without accents and little else. What it lacks is spelt out (`caf\xe9`), as a box for
every letter would tell nothing; `output.font` names a font that has more.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# No caption shows more, and measuring a text takes time in proportion to its length.
_LONGEST = 500
# No character at all, which every font shows as what stands for those that it lacks.
_LACKING = "\uffff"
_SIZE_OF_TRIAL = 16


@dataclass(frozen=True)
class Lettering:
    """The font of a run's pictures.

    Attributes:
        file: A TrueType or OpenType font, None for the one of Pillow.

    """

    file: str | None = None

    def at(self, size: int) -> Font:
        """Return the font at a height in pixels; raises `OSError` where it cannot be read."""
        return _font(self.file, size)

    def spelt(self, text: str) -> str:
        r"""Return a text with what the font lacks as Python would escape it (`\xe9`).

        It ends in `...` after 500 characters.
        """
        escaped = "".join(_drawable(self.file, character) for character in text[:_LONGEST])
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
        end = _line_end(text, width, font)
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, shortened(text, width, font)]


def _line_end(text: str, width: float, font: Font) -> int:
    """Return how much of a text that is too wide stands in its first line, at least a letter."""
    lengths = range(1, len(text) + 1)
    room = max(bisect_right(lengths, width, key=lambda n: font.getlength(text[:n])), 1)
    space = text.rfind(" ", 1, room + 1)
    return room if space < 0 else space


def _cut(text: str, length: int) -> str:
    return f"{text[:length].rstrip()}..."


@lru_cache(maxsize=8)
def _font(file: str | None, size: int) -> Font:
    return ImageFont.load_default(size) if file is None else ImageFont.truetype(file, size)


@lru_cache(maxsize=4096)
def _drawable(file: str | None, character: str) -> str:
    font = _font(file, _SIZE_OF_TRIAL)
    drawn, lacking = (bytes(font.getmask(each)) for each in (character, _LACKING))
    if character == " " or (character.isprintable() and drawn != lacking):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
