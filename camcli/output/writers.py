"""Turn explained images into files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.atomic import write_bytes
from camcli.output.contact_sheet import contact_sheet
from camcli.output.encode import PICTURE_ENCODERS, npy, png
from camcli.output.render import over_original, overlay
from camcli.records import SaliencyMap

Written = dict[str, tuple[str, str]]
"""What was written (`map`, `overlay`, ...): relative path and SHA-256 of each."""


@dataclass(frozen=True)
class ArtefactWriter:
    """Writes what a run keeps of each image.

    Attributes:
        folder: The output folder.
        config: What to write, and how it looks.
        class_in_name: Whether file names carry the class, as images can have several targets.
        staging: Where files lie until they are whole, by default beside the finished ones.

    """

    folder: Path
    config: OutputConfig
    class_in_name: bool
    staging: Path | None = None

    def write(self, saliency_map: SaliencyMap) -> Written:
        """Write the files of a map that is not degenerate.

        Raises:
            OSError: A file could not be written; no partial file is left behind.

        """
        values = saliency_map.values
        assert values is not None
        written = {}
        if "maps" in self.config.save:
            data = npy(self._map_values(saliency_map, values))
            written["map"] = self._save("maps", saliency_map, ".npy", data)
        if "overlays" in self.config.save:
            data = PICTURE_ENCODERS[self.config.overlay_format](self.draw(saliency_map))
            suffix = f".{self.config.overlay_format}"
            written["overlay"] = self._save("overlays", saliency_map, suffix, data)
        if saliency_map.components and saliency_map.components.maps is not None:
            parts = [self._map_values(saliency_map, part) for part in saliency_map.components.maps]
            data = npy(np.stack(parts))
            written["components"] = self._save("components", saliency_map, ".npy", data)
            sheet = contact_sheet(saliency_map, self.config.colormap, self.config.alpha)
            written["sheet"] = self._save("sheets", saliency_map, ".png", png(sheet))
        return written

    def draw(self, saliency_map: SaliencyMap) -> Image.Image:
        """Return the overlay of a map that is not degenerate."""
        item, values, look = saliency_map.item, saliency_map.values, self.config
        assert item.original is not None
        assert values is not None
        return overlay(item.original, item.geometry, values, look.colormap, look.alpha)

    def _map_values(
        self, saliency_map: SaliencyMap, values: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        if self.config.map_size == "original":
            return over_original(values, saliency_map.item.geometry)
        return values

    def _save(
        self, kind: str, saliency_map: SaliencyMap, suffix: str, data: bytes
    ) -> tuple[str, str]:
        name = saliency_map.item.ref.name
        if self.class_in_name:
            name += f".{saliency_map.target.index}"
        relative = f"{kind}/{name}{suffix}"
        write_bytes(self.folder / relative, data, self.staging)
        return relative, hashlib.sha256(data).hexdigest()
