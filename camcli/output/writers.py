"""Turn explained images into files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from camcli.config import OutputConfig
from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.output.artefacts import AnyArtefact, saved_artefacts
from camcli.output.atomic import write_bytes
from camcli.output.provenance import Provenance
from camcli.records import SaliencyMap, Target

Written = dict[str, tuple[str, str]]
"""The files that were written, by kind (`map`, `overlay`, ...): relative path and SHA-256."""


@dataclass(frozen=True)
class ArtefactWriter:
    """Writes what a run keeps of each image.

    Attributes:
        folder: The output folder.
        config: What to write, and how it looks.
        provenance: What made the maps.
        class_in_name: Whether file names carry the class, as images can have several targets.
        staging: Where files lie until they are whole, by default beside the finished ones.

    """

    folder: Path
    config: OutputConfig
    provenance: Provenance
    class_in_name: bool
    staging: Path | None = None

    def write(self, saliency_map: SaliencyMap) -> Written:
        """Write the files of a map that is not degenerate.

        Raises:
            OSError: A file could not be written; no partial file is left behind.

        """
        written = {}
        for name, artefact in self._artefacts.items():
            rendered = artefact.render(saliency_map)
            if rendered is not None:
                data = artefact.encode(rendered)
                path = self._path(name, saliency_map, artefact.suffix)
                write_bytes(self.folder / path, data, self.staging)
                written[name] = path, hashlib.sha256(data).hexdigest()
        return written

    @cached_property
    def _artefacts(self) -> dict[str, AnyArtefact]:
        return saved_artefacts(self.config, self.provenance)

    def _path(self, name: str, saliency_map: SaliencyMap, suffix: str) -> str:
        stem = saliency_map.item.ref.name
        if self.class_in_name:
            stem += f".{_written(saliency_map.target)}"
        return f"{ARTEFACT_KINDS[name].folder}/{stem}{suffix}"


def _written(target: Target) -> str:
    """Return a target as file names have it: `281`, `-281`, or `281v282+285` beside two others."""
    rivals = "+".join(str(other.index) for other in target.versus)
    return (
        f"{'-' if target.sign == 'negative' else ''}{target.index}{'v' if rivals else ''}{rivals}"
    )
