"""Turn explained images into files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from camcli.config import OutputConfig
from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.output.artefacts import AnyArtefact, saved_artefacts
from camcli.output.artefacts.base import Artefact, ImageArtefact
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
        provenance: What the maps were made with.
        class_in_name: Whether file names carry the class, as images can have several targets.
        method_in_path: Whether files lie in a folder of their method, as there are several.
        staging: Where files lie until they are whole, by default beside the finished ones.

    """

    folder: Path
    config: OutputConfig
    provenance: Provenance
    class_in_name: bool
    method_in_path: bool = False
    staging: Path | None = None

    def write(self, maps: Sequence[SaliencyMap]) -> list[Written]:
        """Write the files of an image: those of each map, and those of all its maps together.

        Args:
            maps: Of one image; degenerate ones have no files of their own.

        Returns:
            What belongs to each map.

        Raises:
            OSError: A file could not be written; no partial file is left behind.

        """
        own = [{} if each.degenerate else self._write_map(each) for each in maps]
        shared = self._write_image(maps)
        return [{**written, **shared} for written in own]

    def _write_map(self, saliency_map: SaliencyMap) -> Written:
        written: Written = {}
        for name, artefact in self._artefacts.items():
            if isinstance(artefact, ImageArtefact):
                continue
            rendered = artefact.render(saliency_map)
            if rendered is not None:
                stem = self._stem(saliency_map)
                written[name] = self._write(name, stem, artefact, rendered)
        return written

    def _write_image(self, maps: Sequence[SaliencyMap]) -> Written:
        return {
            name: self._write(name, maps[0].item.ref.name, artefact, artefact.render(maps))
            for name, artefact in self._artefacts.items()
            if isinstance(artefact, ImageArtefact)
        }

    @cached_property
    def _artefacts(self) -> dict[str, AnyArtefact]:
        return saved_artefacts(self.config, self.provenance)

    def _write(
        self, name: str, stem: str, artefact: Artefact[Any], rendered: object
    ) -> tuple[str, str]:
        data = artefact.encode(rendered)
        path = f"{ARTEFACT_KINDS[name].folder}/{stem}{artefact.suffix}"
        write_bytes(self.folder / path, data, self.staging)
        return path, hashlib.sha256(data).hexdigest()

    def _stem(self, saliency_map: SaliencyMap) -> str:
        stem = saliency_map.item.ref.name
        if self.method_in_path:
            stem = f"{saliency_map.method}/{stem}"
        if self.class_in_name:
            stem += f".{_written(saliency_map.target)}"
        return stem


def _written(target: Target) -> str:
    """Return a target as file names have it: `281`, `-281`, or `281v282+285` beside two others."""
    rivals = "+".join(str(other.index) for other in target.versus)
    return (
        f"{'-' if target.sign == 'negative' else ''}{target.index}{'v' if rivals else ''}{rivals}"
    )
