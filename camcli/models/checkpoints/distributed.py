"""Folders of `torch.distributed.checkpoint`: tensors in pieces, and `.metadata` that lists them.

The list is a pickle, and so is everything in the folder that is no tensor. The list is read by an
unpickler that knows the types of a list alone; what is no tensor is not read at all.
"""

from __future__ import annotations

import pickle
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.checkpoint import filesystem, metadata
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load

from camcli.errors import ModelError
from camcli.models.checkpoints.telling import shortened

_LIST = ".metadata"
_TYPES = (
    *("Metadata", "MetadataIndex", "StorageMeta", "TensorProperties", "TensorStorageMetadata"),
    *("BytesStorageMetadata", "ChunkStorageMetadata", "_MEM_FORMAT_ENCODING"),
)
_PATHS = ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")


def read_distributed(folder: Path) -> dict[str, Any]:
    """Return the tensors in such a folder, joined from their pieces and nested as they were saved.

    Raises:
        ModelError: Its list holds anything else, or a piece is missing or broken.

    """
    reader = _Reader(folder)
    listed = reader.read_metadata()
    tensors = {
        name: torch.empty(held.size, dtype=held.properties.dtype)
        for name, held in listed.state_dict_metadata.items()
        if isinstance(held, metadata.TensorStorageMetadata)
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a single process, which is what is meant
            load(tensors, storage_reader=reader, no_dist=True)
    except (CheckpointException, Exception) as error:  # the former is no Exception
        reason = str(error).strip().rpartition("\n")[2] or type(error).__name__
        raise ModelError(f"cannot read the checkpoint {folder}: {reason}") from None
    return _nested(tensors, listed)


class _Reader(filesystem.FileSystemReader):
    """Reads a folder whose list is not trusted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._list = folder / _LIST

    def read_metadata(self, *_arguments: Any, **_options: Any) -> metadata.Metadata:
        """Return the list; see `read_distributed`."""
        try:
            with self._list.open("rb") as file:
                found = _ListUnpickler(file).load()
        except pickle.UnpicklingError as error:
            raise ModelError(f"the checkpoint {self._list.parent} is refused: {error}") from None
        except Exception as error:  # as many kinds as there are ways to break such a file
            raise ModelError(f"cannot read {self._list}: {type(error).__name__}: {error}") from None
        if not isinstance(found, metadata.Metadata):
            raise ModelError(f"cannot read {self._list}: it lists no checkpoint")
        _require_pieces(self._list.parent, found)
        if getattr(found, "storage_meta", None) is None:
            found.storage_meta = metadata.StorageMeta()
        return found


class _ListUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return a type that such lists are made of."""
        if module == metadata.__name__ and name in _TYPES:
            return getattr(metadata, name)
        if (module, name) == (filesystem.__name__, "_StorageInfo"):
            return filesystem._StorageInfo
        if module in ("pathlib", "pathlib._local") and name in _PATHS:
            return _plain_path
        if (module, name) == ("torch.serialization", "_get_layout"):
            return torch.serialization._get_layout
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and (name == "Size" or isinstance(getattr(torch, name), torch.dtype)):
            return getattr(torch, name)
        raise pickle.UnpicklingError(
            f"its list of tensors holds an object of the type {module}.{name}, and reading that "
            "could run code. Save model.state_dict() with torch.save, or as .safetensors"
        )


def _plain_path(*parts: str) -> str:
    """Stand for a path, which is for the record only, on any system."""
    return "/".join(parts)


def _require_pieces(folder: Path, listed: metadata.Metadata) -> None:
    """Check that every file of the list lies in the folder, and in no other."""
    files = dict.fromkeys(piece.relative_path for piece in (listed.storage_data or {}).values())
    outside = [name for name in files if Path(name).name != name]
    if outside:
        raise ModelError(
            f"the checkpoint {folder} is refused: it lists files outside its folder, "
            f"{shortened(outside)}"
        )
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        raise ModelError(
            f"the checkpoint {folder} is in {len(files)} files, of which {len(absent)} are not "
            f"there: {shortened(absent)}"
        )


def _nested(tensors: dict[str, Tensor], listed: metadata.Metadata) -> dict[str, Any]:
    """Return tensors in mappings as they were saved: their names are paths joined by points."""
    paths = listed.planner_data if isinstance(listed.planner_data, dict) else {}
    nested: dict[str, Any] = {}
    for name, tensor in tensors.items():
        *above, last = paths.get(name, (name,))
        held = nested
        for key in above:
            held = held.setdefault(key, {})
        held[last] = tensor
    for name in listed.state_dict_metadata.keys() - tensors.keys():
        nested.setdefault(str(paths.get(name, (name,))[0]), None)
    return nested
