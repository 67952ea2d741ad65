"""Maps that `camcli explain` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.errors import InputError, OutputError
from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.sources.base import MapSource
from camcli.methods.base import Saliency
from camcli.output.manifest import FILE_NAME, read_rows
from camcli.output.record import read_run
from camcli.targets.signed_class import SignedClass


@dataclass(frozen=True)
class StoredSource(MapSource):
    """The maps of one output folder.

    Attributes:
        name: The folder's.
        paths: The maps' files, by image and target.
        size: (H, W) of the network's input.

    """

    name: str
    paths: Mapping[tuple[str, SignedClass], Path]
    size: tuple[int, int]

    def saliency(self, batch: ImageBatch, targets: Sequence[SignedClass]) -> Saliency:
        """Read the batch's maps, NaN where there is none; see `MapSource.saliency`.

        Raises:
            InputError: A map cannot be read.

        """
        maps = [
            self._read(item.ref.name, target)
            for item, target in zip(batch.items, targets, strict=True)
        ]
        return Saliency(torch.stack(maps).to(batch.images))

    def _read(self, image: str, target: SignedClass) -> Tensor:
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
        InputError: The folder holds no run, or no maps of this network's input.

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
        (row["image"], _target_of(row["target"])): folder / row["map"] for row in rows if row["map"]
    }
    if not paths:
        raise InputError(f"{folder} holds no maps: explain again with --save maps")
    return StoredSource(folder.name or str(folder), paths, size)


def _target_of(target: Mapping[str, Any]) -> SignedClass:
    """Return what a row explains; rows without a sign are older than signs."""
    return SignedClass(target["index"], target.get("sign", "positive"))
