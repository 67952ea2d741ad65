"""An image with all of its maps, in one picture."""

from __future__ import annotations

from collections.abc import Sequence

from camcli.output.artefacts.base import ImageArtefact
from camcli.output.artefacts.picture import Picture
from camcli.output.encode import png
from camcli.output.grid import grid
from camcli.records import SaliencyMap


class Grids(ImageArtefact[Picture]):
    """The photograph and every map over it with its name and score, as one PNG."""

    @property
    def suffix(self) -> str:
        """`.png`."""
        return ".png"

    def render(self, maps: Sequence[SaliencyMap]) -> Picture:
        """Return the grid of an image."""
        return Picture(grid(maps, self.config), self.provenance.facts_of_all(maps))

    def encode(self, rendered: Picture) -> bytes:
        """Return the grid as a PNG file."""
        return png(rendered.image, rendered.facts)
