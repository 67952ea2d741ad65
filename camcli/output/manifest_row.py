"""One line of a manifest, as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from camcli.records import Box, MapValues, Status, Target

ROW_SCHEMA = 1
"""The version of a row, of explain and of evaluate; a field that is added leaves it as it is."""


@dataclass(frozen=True)
class ErrorInfo:
    """What went wrong with one image.

    Attributes:
        type: A word for it.
        message: What happened, and what to do about it.

    """

    type: str
    message: str


@dataclass(frozen=True)
class ComponentsInfo:
    """Where the components of a row are, and how they were weighted.

    Attributes:
        path: Of their maps, None where they were not kept.
        sheet: Path of their contact sheet, likewise.
        weights: How much of each is in the map.
        explained_variance: Shares in [0, 1] of the decomposed activation's variance.
        channels: How many channels of the activation were decomposed.

    """

    path: str | None
    sheet: str | None
    weights: tuple[float, ...]
    explained_variance: tuple[float, ...]
    channels: int


@dataclass(frozen=True)
class ManifestRow:
    """One line of `manifest.jsonl`: one image and target, written after its files.

    Paths are POSIX and relative to the output folder, apart from `path`, the image's own.

    Attributes:
        image: The image's unique name in the run, a relative POSIX path.
        path: Where it was read from, as it was given.
        status: ok; degenerate, where there is a reason that it has no map; failed, where it could
            not be explained at all.
        method: Name of the method.
        layer: Module path of the layer, or several joined by `+`.
        error: Why there is no map, None where there is one.
        width: Of the upright image, in pixels; None of an image that could not be decoded.
        height: Likewise.
        crop_box: (left, top, right, bottom) of the network's input in the image, in its pixels;
            beyond the image where that was padded.
        target: The explained class, None where the image failed before it was chosen.
        map: Path of the map.
        map_range: Least and largest value of the map before it was normalised.
        map_values: What the numbers of the map mean.
        overlay: Path of the overlay.
        components: The components of the map, where the method has them.
        artefacts: Paths, by kind, of files without a field of their own.
        completeness_error: |ΣC - Δ| / max(|Δ|, Σ|C|) of the attribution, a share; None of a method
            that does not claim to add up.
        note: What is to be known of how the file was decoded.
        sha256: Hexadecimal digests of the image's bytes (`image`) and, by kind, of every file
            written for it.
        label: What the image's source says of its class, an index or a name; None where it says
            nothing.
        schema: The version of the row.

    """

    image: str
    path: str
    status: Status
    method: str
    layer: str
    error: ErrorInfo | None = None
    width: int | None = None
    height: int | None = None
    crop_box: Box | None = None
    target: Target | None = None
    map: str | None = None
    map_range: tuple[float, float] | None = None
    map_values: MapValues | None = None
    overlay: str | None = None
    components: ComponentsInfo | None = None
    artefacts: dict[str, str] | None = None
    completeness_error: float | None = None
    note: str | None = None
    sha256: dict[str, str] | None = None
    label: int | str | None = None
    schema: int = ROW_SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON-ready builtins, every key always present."""
        nested = {
            "error": self.error,
            "components": self.components,
            "map_values": self.map_values,
        }
        target = self.target and {
            **vars(self.target),
            "versus": [dict(vars(other)) for other in self.target.versus],
        }
        found = {key: record and dict(vars(record)) for key, record in nested.items()}
        return vars(self) | found | {"target": target}
