"""Where maps to evaluate come from: methods at work, or a folder that `explain` wrote."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.errors import InputError, OutputError
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork
from camcli.output.folder import read_run
from camcli.output.manifest import FILE_NAME, read_rows
from camcli.records import ImageItem


class Look:
    """One batch of images, and the passes through the trunk that its methods share."""

    def __init__(self, items: Sequence[ImageItem], images: Tensor, black: Tensor) -> None:
        self.items = items
        self.images = images
        self.black = black
        self._probes: dict[int, Probe] = {}

    def probe(self, network: SplitNetwork, with_slopes: bool = False) -> Probe:
        """Return the batch at a network's cut; the trunk runs once for each network."""
        if id(network) not in self._probes:
            self._probes[id(network)] = Probe(network, self.images, with_slopes, self.black)
        return self._probes[id(network)]

    def of(self, rows: Sequence[int]) -> Look:
        """Return a look at some of the images; itself, if at all of them."""
        if list(rows) == list(range(len(self.items))):
            return self
        return Look([self.items[row] for row in rows], self.images[list(rows)], self.black)


class MapSource(ABC):
    """Something that has a map for each image and class.

    Attributes:
        name: As tables call it.

    """

    name: str

    @abstractmethod
    def saliency(self, look: Look, classes: Tensor) -> Saliency:
        """Return the maps of a batch, one class an image, int64 (B,)."""

    def as_traced(self) -> MapSource:
        """Return the same source with its network as traced, in float32, nothing accelerated."""
        return self


@dataclass(frozen=True)
class MethodSource(MapSource):
    """A method at work.

    Attributes:
        name: Of the method.
        method: The method.
        network: Cut where it looks.
        traced: The same before it was accelerated.

    """

    name: str
    method: Method
    network: SplitNetwork
    traced: SplitNetwork

    def as_traced(self) -> MapSource:
        """See `MapSource.as_traced`."""
        return replace(self, network=self.traced)

    def saliency(self, look: Look, classes: Tensor) -> Saliency:
        """Explain the batch; see `MapSource.saliency`."""
        return self.method.explain(look.probe(self.network, self.method.uses_deeplift), classes)


@dataclass(frozen=True)
class StoredSource(MapSource):
    """Maps that `camcli explain` wrote.

    Attributes:
        name: Of the folder.
        paths: The maps' files, by image and class.
        size: (H, W) of the network's input.

    """

    name: str
    paths: Mapping[tuple[str, int], Path]
    size: tuple[int, int]

    def saliency(self, look: Look, classes: Tensor) -> Saliency:
        """Read the batch's maps, NaN where there is none; see `MapSource.saliency`."""
        maps = [
            self._read(item.ref.name, target)
            for item, target in zip(look.items, classes.tolist(), strict=True)
        ]
        return Saliency(torch.stack(maps).to(look.images))

    def _read(self, image: str, target: int) -> Tensor:
        path = self.paths.get((image, target))
        if path is None:
            return torch.full(self.size, torch.nan)
        try:
            values = torch.from_numpy(np.load(path, allow_pickle=False)).float()
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the map {path}: {error}") from None
        return F.interpolate(values[None, None], self.size, mode="bilinear")[0, 0]


def stored_source(folder: Path, size: tuple[int, int], digest: str) -> StoredSource:
    """Open a folder that `camcli explain` wrote.

    Args:
        folder: The folder.
        size: (H, W) of the network's input.
        digest: Of the network's weights, which must be those that were explained.

    Raises:
        InputError: It holds no run with maps of this network's input.

    """
    try:
        fingerprint: dict[str, Any] = read_run(folder)["fingerprint"]
        model, output = fingerprint["model"], fingerprint["output"]
        rows = list(read_rows(folder / FILE_NAME))
    except (OutputError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} holds no run of camcli explain ({type(error).__name__}: {error})"
        ) from None
    if model.get("digest") != digest:
        raise InputError(
            f"the maps in {folder} explain {model.get('name')} with other weights than those "
            "given here: give the same --model and --checkpoint"
        )
    if output.get("map_size") == "original":
        raise InputError(
            f"the maps in {folder} lie over the original images (output.map_size=original); "
            "explain again with output.map_size=input or layer"
        )
    paths = {
        (row["image"], row["target"]["index"]): folder / row["map"] for row in rows if row["map"]
    }
    if not paths:
        raise InputError(f"{folder} holds no maps: explain again with --save maps")
    return StoredSource(folder.name or str(folder), paths, size)
