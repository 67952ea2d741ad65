"""Turn explained pictures into files, and the files into manifest rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.atomic import write_bytes
from camcli.output.contact_sheet import contact_sheet
from camcli.output.encode import PICTURE_ENCODERS, npy, png
from camcli.output.render import over_picture, overlay
from camcli.records import (
    Components,
    ComponentsInfo,
    ErrorInfo,
    FailedImage,
    ManifestRow,
    SaliencyMap,
)


@dataclass(frozen=True)
class ArtefactWriter:
    """Writes what a run keeps of each picture.

    Attributes:
        folder: The output folder.
        config: What to write, and how it looks.
        method: Name of the method, for the rows.
        layer: Module path of the layer, for the rows.
        class_in_name: Whether file names carry the class, as pictures can have several targets.
        staging: Where files lie until they are whole, by default beside the finished ones.

    """

    folder: Path
    config: OutputConfig
    method: str
    layer: str
    class_in_name: bool
    staging: Path | None = None

    def write(self, saliency_map: SaliencyMap) -> ManifestRow:
        """Write one picture's files for one target and return its row.

        Raises:
            OSError: A file could not be written; no partial file is left behind.

        """
        item = saliency_map.item
        written = {} if saliency_map.degenerate else self._write_files(saliency_map)
        return ManifestRow(
            image=item.ref.name,
            path=readable(item.ref.path),
            status="degenerate" if saliency_map.degenerate else "ok",
            method=self.method,
            layer=self.layer,
            error=ErrorInfo("Degenerate", saliency_map.degenerate)
            if saliency_map.degenerate
            else None,
            width=item.geometry.width,
            height=item.geometry.height,
            crop_box=item.geometry.crop_box,
            target=saliency_map.target,
            map=_path_in(written, "map"),
            map_range=saliency_map.range,
            overlay=_path_in(written, "overlay"),
            components=_components_info(saliency_map.components, written),
            completeness_error=saliency_map.completeness_error,
            note=item.note,
            sha256={"image": item.sha256} | {what: sha for what, (_, sha) in written.items()},
        )

    def failed(self, failure: FailedImage) -> ManifestRow:
        """Return the row of a picture that could not be explained."""
        return ManifestRow(
            image=failure.ref.name,
            path=readable(failure.ref.path),
            status="failed",
            method=self.method,
            layer=self.layer,
            error=ErrorInfo(failure.type, failure.message),
        )

    def _write_files(self, saliency_map: SaliencyMap) -> dict[str, tuple[str, str]]:
        """Write the files asked for; return (path, SHA-256) of each."""
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
        assert item.picture is not None
        assert values is not None
        return overlay(item.picture, item.geometry, values, look.colormap, look.alpha)

    def _map_values(
        self, saliency_map: SaliencyMap, values: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        if self.config.map_size == "original":
            return over_picture(values, saliency_map.item.geometry)
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


def readable(path: Path) -> str:
    """Return a path as text that UTF-8 can hold; undecodable bytes are escaped."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _path_in(written: Mapping[str, tuple[str, str]], what: str) -> str | None:
    return written[what][0] if what in written else None


def _components_info(
    components: Components | None, written: Mapping[str, tuple[str, str]]
) -> ComponentsInfo | None:
    if components is None:
        return None
    return ComponentsInfo(
        path=_path_in(written, "components"),
        sheet=_path_in(written, "sheet"),
        weights=components.weights,
        explained_variance=components.explained_variance,
        channels=components.channels,
    )
