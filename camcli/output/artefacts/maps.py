"""The saliency map itself, as numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from camcli.config import OutputConfig
from camcli.output.artefacts.base import MapArtefact
from camcli.output.encode import npy
from camcli.output.render import over_original
from camcli.records import Geometry, SaliencyMap


class Maps(MapArtefact[npt.NDArray[np.float32]]):
    """A map as `.npy`: float32 (h, w), as `output.normalize` asks, at `output.map_size`."""

    @property
    def suffix(self) -> str:
        """`.npy`."""
        return ".npy"

    def render(self, saliency_map: SaliencyMap) -> npt.NDArray[np.float32] | None:
        """Return the map's values."""
        assert saliency_map.values is not None
        return at_map_size(saliency_map.values, saliency_map.item.geometry, self.config)

    def encode(self, rendered: npt.NDArray[np.float32]) -> bytes:
        """Return the array as a `.npy` file."""
        return npy(rendered)


def at_map_size(
    values: npt.NDArray[np.float32], geometry: Geometry, config: OutputConfig
) -> npt.NDArray[np.float32]:
    """Return a map at the resolution of `output.map_size`.

    Args:
        values: float32 (h, w), at the resolution of the network's input or of the layer.
        geometry: Where the map belongs in the original image.
        config: Says which resolution is asked for.

    """
    return over_original(values, geometry) if config.map_size == "original" else values
