"""What every kind of artefact is: something that is rendered from maps, and encoded as a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from camcli.config import OutputConfig
from camcli.output.provenance import Provenance
from camcli.records import SaliencyMap

Rendered = TypeVar("Rendered")


@dataclass(frozen=True)
class Artefact(ABC, Generic[Rendered]):
    """Makes the files of one kind.

    Attributes:
        config: How they look.
        provenance: What the maps were made with.

    """

    config: OutputConfig
    provenance: Provenance

    @property
    @abstractmethod
    def suffix(self) -> str:
        """What follows the image's name in a file's, with its dot."""

    @abstractmethod
    def encode(self, rendered: Rendered) -> bytes:
        """Return what was rendered as the bytes of a file."""


class MapArtefact(Artefact[Rendered]):
    """Makes a file of each map that is not degenerate."""

    @abstractmethod
    def render(self, saliency_map: SaliencyMap) -> Rendered | None:
        """Return what the file will show, None where a map has nothing of this kind."""


class ImageArtefact(Artefact[Rendered]):
    """Makes one file of all the maps of an image."""

    @abstractmethod
    def render(self, maps: Sequence[SaliencyMap]) -> Rendered:
        """Return what the file will show of an image's maps, degenerate ones among them."""


AnyArtefact: TypeAlias = MapArtefact[Any] | ImageArtefact[Any]
