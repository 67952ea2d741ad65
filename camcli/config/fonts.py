"""Fonts of the user's own, as the configuration names them."""

from __future__ import annotations

from pathlib import Path


def known_font(path: str) -> str:
    """Return the path if a font is there, for the configuration.

    Raises:
        ValueError: There is no file, or no font in it.

    """
    from PIL import ImageFont  # most commands draw nothing

    if not Path(path).is_file():
        raise ValueError("there is no such file; give a .ttf or .otf font")
    try:
        ImageFont.truetype(path)
    except OSError as error:
        raise ValueError(f"not a font that can be read ({error}); give a .ttf or .otf") from None
    return path
