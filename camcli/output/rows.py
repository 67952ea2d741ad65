"""Turn explained images, and the files written for them, into manifest rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.output.manifest_row import ComponentsInfo, ErrorInfo, ManifestRow
from camcli.output.writers import Written
from camcli.records import Components, FailedImage, SaliencyMap
from camcli.storage.location import Location


@dataclass(frozen=True)
class RowMaker:
    """Makes the rows of a run.

    Attributes:
        methods: The names of its methods, and the layers that each explains at.

    """

    methods: Sequence[tuple[str, str]]

    def row(self, saliency_map: SaliencyMap, written: Written) -> ManifestRow:
        """Return the row of a map; a degenerate one has no files of its own."""
        item = saliency_map.item
        return ManifestRow(
            image=item.ref.name,
            path=readable(item.ref.path),
            status="degenerate" if saliency_map.degenerate else "ok",
            method=saliency_map.method,
            layer=saliency_map.layer,
            error=ErrorInfo("Degenerate", saliency_map.degenerate)
            if saliency_map.degenerate
            else None,
            width=item.geometry.width,
            height=item.geometry.height,
            crop_box=item.geometry.crop_box,
            target=saliency_map.target,
            map=_path_in(written, "map"),
            map_range=saliency_map.range,
            map_values=None if saliency_map.degenerate else saliency_map.meaning,
            overlay=_path_in(written, "overlay"),
            components=_components_info(saliency_map.components, written),
            artefacts=_without_a_field(written),
            completeness_error=saliency_map.completeness_error,
            note=item.note,
            sha256={"image": item.sha256} | {name: sha for name, (_, sha) in written.items()},
            label=item.ref.label,
        )

    def failed(self, failure: FailedImage) -> list[ManifestRow]:
        """Return the rows of an image that could not be explained, one for each method."""
        return [
            ManifestRow(
                image=failure.ref.name,
                path=readable(failure.ref.path),
                status="failed",
                method=method,
                layer=layer,
                error=ErrorInfo(failure.type, failure.message),
                label=failure.ref.label,
            )
            for method, layer in self.methods
        ]


def readable(path: Location) -> str:
    """Return a path as text that UTF-8 can hold; undecodable bytes are escaped."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _path_in(written: Written, name: str) -> str | None:
    return written[name][0] if name in written else None


def _without_a_field(written: Written) -> dict[str, str] | None:
    """Return the paths of the artefacts that have no field of their own in a row, by kind."""
    return {
        name: path for name, (path, _) in written.items() if not ARTEFACT_KINDS[name].place
    } or None


def _components_info(components: Components | None, written: Written) -> ComponentsInfo | None:
    if components is None:
        return None
    return ComponentsInfo(
        path=_path_in(written, "components"),
        sheet=_path_in(written, "sheet"),
        weights=components.weights,
        explained_variance=components.explained_variance,
        channels=components.channels,
    )
