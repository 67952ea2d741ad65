"""The components of a map, as numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from camcli.output.artefacts.base import MapArtefact
from camcli.output.artefacts.maps import at_map_size
from camcli.output.encode import npy
from camcli.records import SaliencyMap


class ComponentMaps(MapArtefact[npt.NDArray[np.float32]]):
    """Sub-saliency maps as `.npy`: float32 (Q, h, w) in [0, 1], at `output.map_size`."""

    @property
    def suffix(self) -> str:
        """`.npy`."""
        return ".npy"

    def render(self, saliency_map: SaliencyMap) -> npt.NDArray[np.float32] | None:
        """Return the components' maps, None where the method has none."""
        components = saliency_map.components
        if components is None or components.maps is None:
            return None
        geometry = saliency_map.item.geometry
        return np.stack([at_map_size(values, geometry, self.config) for values in components.maps])

    def encode(self, rendered: npt.NDArray[np.float32]) -> bytes:
        """Return the array as a `.npy` file."""
        return npy(rendered)
