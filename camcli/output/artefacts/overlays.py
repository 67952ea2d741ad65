"""The map as a heatmap over the original image."""

from __future__ import annotations

from camcli.output.artefacts.base import MapArtefact
from camcli.output.artefacts.picture import Picture
from camcli.output.encode import IMAGE_ENCODERS
from camcli.output.legend import with_legend
from camcli.output.levels import drawable
from camcli.output.render import overlay
from camcli.records import SaliencyMap


class Overlays(MapArtefact[Picture]):
    """An overlay as PNG or JPEG, of the size that `output.overlay_side` allows."""

    @property
    def suffix(self) -> str:
        """The suffix of `output.overlay_format`."""
        return f".{self.config.overlay_format}"

    def render(self, saliency_map: SaliencyMap) -> Picture | None:
        """Return the original image with the heatmap over it, and a legend if one is asked for."""
        item, values = saliency_map.item, saliency_map.values
        assert item.original is not None
        assert values is not None
        look = self.config
        drawn = overlay(
            item.original,
            item.geometry,
            drawable(values, saliency_map.meaning),
            look.colormap,
            look.alpha,
            look.style,
            saliency_map.meaning.sign == "signed",
        )
        drawn = with_legend(drawn, saliency_map, look)
        return Picture(drawn, self.provenance.facts(saliency_map))

    def encode(self, rendered: Picture) -> bytes:
        """Return the image as a file of `output.overlay_format`."""
        return IMAGE_ENCODERS[self.config.overlay_format](rendered.image, rendered.facts)
