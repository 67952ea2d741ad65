"""An image with what it says of itself, as most artefacts are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Picture:
    """An image to be encoded.

    Attributes:
        image: RGB, or RGBA.
        facts: What the file says of it, by key; see `Provenance.facts`.

    """

    image: Image.Image
    facts: Mapping[str, str]
