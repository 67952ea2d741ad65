"""What every kind of artefact is: something that is rendered from a map, and encoded as a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from camcli.config import OutputConfig
from camcli.output.provenance import Provenance
from camcli.records import SaliencyMap

Rendered = TypeVar("Rendered")


@dataclass(frozen=True)
class Artefact(ABC, Generic[Rendered]):
    """Makes the files of one kind, from maps that are not degenerate.

    Attributes:
        config: How they look.
        provenance: What made the maps.

    """

    config: OutputConfig
    provenance: Provenance

    @property
    @abstractmethod
    def suffix(self) -> str:
        """What follows the image's name in a file's, with its dot."""

    @abstractmethod
    def render(self, saliency_map: SaliencyMap) -> Rendered | None:
        """Return what the file will show, None where a map has nothing of this kind."""

    @abstractmethod
    def encode(self, rendered: Rendered) -> bytes:
        """Return what was rendered as the bytes of a file."""


AnyArtefact: TypeAlias = Artefact[Any]
