"""Maps that `camcli explain` wrote."""

from __future__ import annotations

import hashlib
import io
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
from camcli.evaluation.plan import methods_in, names_of
from camcli.evaluation.sources.base import MapSource
from camcli.methods.base import Saliency
from camcli.output.identity import Wording, refuse_unless_same
from camcli.output.manifest import FILE_NAME, read_rows
from camcli.output.map_values import meaning_of
from camcli.output.record import read_run
from camcli.records import ImageItem
from camcli.system.wording import counted_as
from camcli.targets.class_target import ClassTarget, Rival

_MAY_DIFFER = ("model.layer", "method", "run", "output")
"""What may be another in the run that stored maps: they are compared with others for that."""


@dataclass(frozen=True)
class StoredMap:
    """One map of an output folder.

    Attributes:
        path: Its file.
        image: The SHA-256 of the image's bytes, as far as its row has it.
        sha256: That of the file's own, likewise.

    """

    path: Path
    image: str | None
    sha256: str | None = None


@dataclass(frozen=True)
class StoredSource(MapSource):
    """The maps of one output folder.

    Attributes:
        name: The folder's.
        maps: By image and target.
        size: (H, W) of the network's input.

    """

    name: str
    maps: Mapping[tuple[str, ClassTarget], StoredMap]
    size: tuple[int, int]

    def saliency(self, batch: ImageBatch, targets: Sequence[ClassTarget]) -> Saliency:
        """Read the batch's maps, NaN where there is none; see `MapSource.saliency`.

        Raises:
            InputError: A map cannot be read, or is of another image of the same name.

        """
        maps = [self._read(item, target) for item, target in zip(batch.items, targets, strict=True)]
        return Saliency(torch.stack(maps).to(batch.images))

    def _read(self, item: ImageItem, target: ClassTarget) -> Tensor:
        stored = self.maps.get((item.ref.name, target))
        if stored is None:
            return torch.full(self.size, torch.nan)
        if stored.image not in (None, item.sha256):
            raise InputError(
                f"the map {stored.path} was made from another file than {item.ref.path}: give the "
                "images that were explained"
            )
        try:
            data = stored.path.read_bytes()
            values = torch.from_numpy(np.load(io.BytesIO(data), allow_pickle=False)).float()
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the map {stored.path}: {error}") from None
        if stored.sha256 not in (None, hashlib.sha256(data).hexdigest()):
            raise InputError(
                f"the map {stored.path} is not the one that its run wrote: `camcli verify` "
                "names all that are damaged, and --resume makes them again"
            )
        return F.interpolate(values[None, None], self.size, mode="bilinear")[0, 0]


def stored_sources(
    folder: Path, size: tuple[int, int], fingerprint: Mapping[str, Any]
) -> list[StoredSource]:
    """Open a folder that `camcli explain` wrote: a source for each of its methods.

    Args:
        folder: The folder.
        size: (H, W) of the network's input.
        fingerprint: Of the run that maps are evaluated in. Network, classes, targets, prompts and
            preprocessing must be those that were explained; layer, method, precision, seed and how
            results are written may differ.

    Raises:
        InputError: The folder holds no run, another network's or target's maps, or none of this
            network's input.

    """
    recorded, rows = _run_in(folder)
    wording = Wording(
        f"the maps in {folder} explain something else than what is evaluated here",
        f"in {folder}",
        "here",
        "Give what they were explained with; only the layer, the method, the precision, the "
        "seed and how results are written may differ",
    )
    refuse_unless_same(recorded, fingerprint, wording, _MAY_DIFFER, InputError)
    if recorded["output"]["map_size"] == "original":
        raise InputError(
            f"the maps in {folder} lie over the original images (output.map_size=original); "
            "explain again with output.map_size=input or layer"
        )
    _refuse_other_values(folder, rows)
    methods = methods_in(recorded)
    maps = _maps_by_method(folder, rows, methods)
    if not maps:
        if rows and all(row["status"] != "ok" for row in rows):
            raise InputError(
                f"of {counted_as(len(rows), 'row')} in {folder}, none has a map: they are "
                "degenerate or failed, and say why"
            )
        raise InputError(f"{folder} holds no maps: explain again with --save maps")
    return [
        StoredSource(name, maps.get(method, {}), size)
        for name, method in zip(names_of(folder, methods), methods, strict=True)
    ]


def _maps_by_method(
    folder: Path, rows: Sequence[Mapping[str, Any]], methods: Sequence[str]
) -> dict[str, dict[tuple[str, ClassTarget], StoredMap]]:
    found: dict[str, dict[tuple[str, ClassTarget], StoredMap]] = {}
    for row in rows:
        if row["map"]:
            digests = row.get("sha256") or {}
            stored = StoredMap(folder / row["map"], digests.get("image"), digests.get("map"))
            method = row["method"] if len(methods) > 1 else methods[0]
            found.setdefault(method, {})[row["image"], _target_of(row["target"])] = stored
    return found


def _refuse_other_values(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse maps that do not order the places by what speaks for the target."""
    meanings = [meaning_of(row) for row in rows if row["map"]]
    signs = sorted({each.sign for each in meanings} - {"positive"})
    if signs:
        raise InputError(
            f"the maps in {folder} are {' and '.join(signs)} (output.sign), and metrics ask what "
            "speaks for a target; explain again with output.sign=positive"
        )
    if clipped := sum(each.clipped > 0 and each.normalize != "none" for each in meanings):
        raise InputError(
            f"{clipped} maps in {folder} are clipped (output.normalize=robust, or output.scale), "
            "so that their highest places cannot be told apart; explain again with "
            "output.normalize=minmax, max or none and output.scale=image"
        )


def _run_in(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the fingerprint and the rows of the run in a folder."""
    try:
        fingerprint: dict[str, Any] = read_run(folder)["fingerprint"]
        rows = list(read_rows(folder / FILE_NAME))
        if "evaluation" in fingerprint or "output" not in fingerprint:
            raise ValueError("its record is of another kind of run")
    except (OutputError, OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{folder} holds no run of camcli explain ({type(error).__name__}: {error})"
        ) from None
    return fingerprint, rows


def _target_of(target: Mapping[str, Any]) -> ClassTarget:
    """Return what a row explains; rows without a sign or others are older than those."""
    rivals = (Rival(other["index"], other["weight"]) for other in target.get("versus", ()))
    return ClassTarget(target["index"], target.get("sign", "positive"), tuple(rivals))
