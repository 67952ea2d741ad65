"""The kinds of artefact that a run can write for its maps, or for its images: one row per kind.

The table holds import paths, so that configurations can be checked, and images named to suit it,
without loading the code that draws.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArtefactKind:
    """What is known about a kind of artefact without making one.

    Attributes:
        artefact: Import path of its `camcli.output.artefacts.base.Artefact`.
        saved_as: The choice of `output.save` that asks for it; several kinds may share one.
        folder: The folder of its files, within the output folder.
        suffixes: What its file names may end with, after the image's own name.
        needs_original: Whether it is drawn in the process that holds the image, as it shows that
            or has its size, and not from the map alone.
        place: The keys that lead to its path in a manifest row; if empty, the path is in the row's
            `artefacts`, under the kind's name.

    """

    artefact: str
    saved_as: str
    folder: str
    suffixes: tuple[str, ...]
    needs_original: bool = False
    place: tuple[str, ...] = ()


ARTEFACT_KINDS: dict[str, ArtefactKind] = {
    "map": ArtefactKind(
        artefact="camcli.output.artefacts.maps:Maps",
        saved_as="maps",
        folder="maps",
        suffixes=(".npy",),
        place=("map",),
    ),
    "overlay": ArtefactKind(
        artefact="camcli.output.artefacts.overlays:Overlays",
        saved_as="overlays",
        folder="overlays",
        suffixes=(".png", ".jpg"),
        needs_original=True,
        place=("overlay",),
    ),
    "heat": ArtefactKind(
        artefact="camcli.output.artefacts.heat:Heat",
        saved_as="heat",
        folder="heat",
        suffixes=(".png",),
        needs_original=True,
    ),
    "components": ArtefactKind(
        artefact="camcli.output.artefacts.components:ComponentMaps",
        saved_as="components",
        folder="components",
        suffixes=(".npy",),
        place=("components", "path"),
    ),
    "sheet": ArtefactKind(
        artefact="camcli.output.artefacts.sheets:Sheets",
        saved_as="components",
        folder="sheets",
        suffixes=(".png",),
        needs_original=True,
        place=("components", "sheet"),
    ),
    "grid": ArtefactKind(
        artefact="camcli.output.artefacts.grids:Grids",
        saved_as="grid",
        folder="grids",
        suffixes=(".png",),
        needs_original=True,
    ),
}
"""The kinds by name: the key of their digests in a manifest row. They are written in this order."""

SAVE_CHOICES: tuple[str, ...] = tuple(
    dict.fromkeys(kind.saved_as for kind in ARTEFACT_KINDS.values())
)
"""What `output.save` accepts."""
