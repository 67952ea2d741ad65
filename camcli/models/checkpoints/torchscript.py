"""Read the weights in a TorchScript archive; the code in it is not run, nor compiled.

`torch.jit.load` compiles what an archive holds and runs what its modules define for loading. Their
parameters lie in an ordinary pickle, `data.pkl`: modules with their attributes, and tensors that
point at files of raw numbers. Only the names that such a pickle needs are let through.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from camcli.errors import ModelError
from camcli.models.checkpoints.zip_names import names_in_zip

_CODE = "constants.pkl"
_DATA = "data.pkl"


class _Module:
    """Stands for any module of the archive: what it is given by name is kept."""

    def __init__(self) -> None:
        self.attributes: Mapping[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        self.attributes = state if isinstance(state, dict) else {}


def _first(value: object, *_: object) -> object:
    return value


_ALLOWED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    **{
        ("torch.jit._pickle", name): _first
        for name in (
            *("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist"),
            *("build_tensor_from_id", "restore_type_tag"),
        )
    },
}

_NUMBERS: Mapping[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_torchscript(path: Path) -> bool:
    """Return whether a file is an archive that `torch.jit.save` wrote."""
    return {_CODE, _DATA} <= {name.rpartition("/")[2] for name in names_in_zip(path)}


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return the parameters and buffers in an archive, by the module paths they had.

    Raises:
        ModelError: The archive is broken, or holds objects that camcli does not know.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            data = next(name for name in archive.namelist() if name.endswith(f"/{_DATA}"))
            with archive.open(data) as file:
                module = _Reader(file, archive, data.removesuffix(_DATA)).load()
    except pickle.UnpicklingError as error:
        raise ModelError(f"the checkpoint {path} is refused: {error}") from None
    except Exception as error:  # as many kinds as there are ways to break such a file
        raise ModelError(
            f"cannot read the TorchScript archive {path}: {type(error).__name__}: {error}"
        ) from None
    return dict(_tensors(module))


class _Reader(pickle.Unpickler):
    """Reads `data.pkl`, and nothing but modules, tensors and plain values."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(file)
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name, if it is one that an archive needs."""
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module == "torch" and name in _NUMBERS:
            return _NUMBERS[name]
        raise pickle.UnpicklingError(
            f"the TorchScript archive holds more than modules and weights, a {module}.{name}"
        )

    def persistent_load(self, pid: Any) -> Any:
        """Return the numbers that a tensor points at."""
        _, dtype, key, _, count = pid
        raw = self._archive.read(f"{self._root}data/{key}")
        held = (
            torch.frombuffer(bytearray(raw), dtype=dtype) if count else torch.empty(0, dtype=dtype)
        )
        return torch.storage.TypedStorage(
            wrap_storage=held.untyped_storage(), dtype=dtype, _internal=True
        )


def _tensors(module: object, path: str = "") -> Iterator[tuple[str, Tensor]]:
    for name, value in module.attributes.items() if isinstance(module, _Module) else ():
        if isinstance(value, Tensor):
            yield f"{path}{name}", value
        yield from _tensors(value, f"{path}{name}.")
