"""The heatmap alone, to be laid over the image in another program."""

from __future__ import annotations

from camcli.output.artefacts.base import MapArtefact
from camcli.output.artefacts.picture import Picture
from camcli.output.bare_heat import bare_heat
from camcli.output.encode import png
from camcli.output.levels import drawable
from camcli.records import SaliencyMap


class Heat(MapArtefact[Picture]):
    """A heatmap as transparent PNG, of the size that `output.overlay_side` allows."""

    @property
    def suffix(self) -> str:
        """`.png`."""
        return ".png"

    def render(self, saliency_map: SaliencyMap) -> Picture | None:
        """Return the coloured map, the more opaque the farther from zero it is."""
        item, values = saliency_map.item, saliency_map.values
        assert item.original is not None
        assert values is not None
        drawn = bare_heat(
            item.original.size,
            item.geometry,
            drawable(values, saliency_map.meaning),
            self.config.colormap,
            saliency_map.meaning.sign == "signed",
        )
        return Picture(drawn, self.provenance.facts(saliency_map))

    def encode(self, rendered: Picture) -> bytes:
        """Return the image as a PNG file."""
        return png(rendered.image, rendered.facts)
