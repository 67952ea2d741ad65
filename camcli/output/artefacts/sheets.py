"""The contact sheet of a map's components."""

from __future__ import annotations

from camcli.output.artefacts.base import MapArtefact
from camcli.output.artefacts.picture import Picture
from camcli.output.contact_sheet import contact_sheet
from camcli.output.encode import png
from camcli.output.lettering import Lettering
from camcli.records import SaliencyMap


class Sheets(MapArtefact[Picture]):
    """All components of a map over the image, as one PNG."""

    @property
    def suffix(self) -> str:
        """`.png`."""
        return ".png"

    def render(self, saliency_map: SaliencyMap) -> Picture | None:
        """Return the sheet, None where the method has no components."""
        components = saliency_map.components
        if components is None or components.maps is None:
            return None
        look = self.config
        sheet = contact_sheet(saliency_map, look.colormap, look.alpha, Lettering(look.font))
        return Picture(sheet, self.provenance.facts(saliency_map))

    def encode(self, rendered: Picture) -> bytes:
        """Return the sheet as a PNG file."""
        return png(rendered.image, rendered.facts)
