"""Checkpoints in several files with an index that says which holds what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from camcli.errors import ModelError
from camcli.models.checkpoints.telling import shortened, tell

INDEX = ".index.json"
"""What the name of an index ends in, such as `model.safetensors.index.json`."""


def read_parts(index: Path, read: Callable[[Path], object]) -> dict[str, Tensor]:
    """Return the weights that an index lists, from the files beside it.

    Args:
        index: Maps each name to a file, under `weight_map`.
        read: Returns what a single file holds.

    Raises:
        ModelError: The index is no such mapping, or a file of it is missing or lacks a weight.

    """
    weight_map = _weight_map(index)
    files = dict.fromkeys(weight_map.values())
    absent = [name for name in files if not (index.parent / name).is_file()]
    if absent:
        raise ModelError(
            f"the checkpoint {index} is in {len(files)} parts, of which {len(absent)} are not "
            f"beside it: {shortened(absent)}"
        )
    weights: dict[str, Tensor] = {}
    surplus: list[str] = []
    for name in files:
        held = read(index.parent / name)
        tensors = held if isinstance(held, Mapping) else {}
        listed = [key for key, file in weight_map.items() if file == name]
        lacking = [key for key in listed if not isinstance(tensors.get(key), Tensor)]
        if lacking:
            raise ModelError(f"{index.parent / name} lacks {shortened(lacking)}, unlike {index}")
        weights |= {key: tensors[key] for key in listed}
        surplus += [key for key in tensors if key not in listed]
    tell(index, "", surplus)
    return weights


def _weight_map(index: Path) -> Mapping[str, str]:
    try:
        content: Any = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read the checkpoint {index}: {error}") from None
    found = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not found or not all(map(_is_beside, found.values())):
        raise ModelError(
            f"the checkpoint {index} is no index: it needs a weight_map from the name of each "
            "weight to a file in the same folder"
        )
    return found


def _is_beside(name: object) -> bool:
    """Return whether an entry is the plain name of a file, so that it leads nowhere else."""
    return isinstance(name, str) and Path(name).name == name
