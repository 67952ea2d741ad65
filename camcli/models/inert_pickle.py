"""Read a PyTorch checkpoint without running anything that is in it.

PyTorch's restricted unpickler makes tensors and plain containers, and refuses every other name. Of
what training scripts save beside the weights, some types are known: each of their names is read
as a class of ours that takes whatever it is given and keeps none of it.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from camcli.errors import ModelError

_NUMPY = ("numpy._core", "numpy.core")
_KEPT_OUT = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    *("datetime.date", "datetime.time", "datetime.datetime", "datetime.timedelta"),
    *("datetime.timezone", "decimal.Decimal", "fractions.Fraction", "uuid.UUID"),
    *(
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in (
            *("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"),
        )
    ),
    *(f"builtins.{name}" for name in ("list", "dict", "tuple", "str", "int", "float", "bool")),
    *(f"builtins.{name}" for name in ("frozenset", "slice", "range")),
    *("numpy.dtype", "numpy.ndarray"),
    *(f"{core}.multiarray.{name}" for core in _NUMPY for name in ("scalar", "_reconstruct")),
    "torch.torch_version.TorchVersion",
    *("typing.Any", "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig"),
    *("omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata"),
    *(
        f"omegaconf.nodes.{kind}Node"
        for kind in ("Any", "String", "Integer", "Float", "Boolean", "Enum", "Path", "Bytes")
    ),
)
_MAPPINGS = (
    "collections.defaultdict",
    *(f"{home}.utilities.data.AttributeDict" for home in ("lightning_fabric", "lightning.fabric")),
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
)
_SEQUENCES = ("collections.deque",)

_LFS = b"version https://git-lfs"


class Inert:
    """Stands for an object whose type is known and whose content is not read.

    Attributes:
        origin: The name of the type.

    """

    origin = ""

    def __new__(cls, *_arguments: object) -> Inert:
        """Take any arguments, and keep none."""
        return super().__new__(cls)

    def __setstate__(self, _state: object) -> None:
        """Take any state, and keep none."""


class _NewMapping:
    """Stands for a kind of dict: an ordinary one is filled instead."""

    def __new__(cls, *_arguments: object) -> Any:
        return {}


class _NewSequence:
    """Stands for a kind of list: an ordinary one is filled instead."""

    def __new__(cls, *_arguments: object) -> Any:
        return []


def read_pickle(path: Path) -> object:
    """Return what a PyTorch file holds, on the CPU; objects of known types are `Inert`.

    Raises:
        ModelError: The file holds anything else, or is no PyTorch file.

    """
    try:
        with warnings.catch_warnings(), nothing_is_run():
            warnings.simplefilter("ignore")  # of a broken file, there are more than help
            # What is mapped is not read into memory of its own first.
            mapped = _can_be_mapped(path)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # as many kinds as there are ways to break such a file
        raise refused(path, error) from None


@contextmanager
def nothing_is_run() -> Iterator[None]:
    """Let objects of known types through as `Inert`, inside, wherever PyTorch reads a file."""
    with torch.serialization.safe_globals(_stand_ins()):
        yield


def refused(path: Path, error: Exception) -> ModelError:
    """Return what to raise where PyTorch does not read a checkpoint, in camcli's words."""
    text = str(error)
    named = re.search(r"GLOBAL ([\w.<>]+)", text)
    if named:
        return ModelError(
            f"the checkpoint {path} is refused: it holds more than weights, an object of the type "
            f"{named[1]}, and reading it could run code. {_SAVE_WEIGHTS}"
        )
    if path.read_bytes()[: len(_LFS)] == _LFS:
        return ModelError(
            f"the checkpoint {path} is a pointer of Git LFS, not the file itself: get that with "
            "git lfs pull"
        )
    if isinstance(error, pickle.UnpicklingError) and ".tar" not in text:
        reason = "it is broken, no PyTorch file, or pickled in a way that cannot be read safely"
        return ModelError(f"cannot read the checkpoint {path}: {reason}. {_SAVE_WEIGHTS}")
    reason = text.splitlines()[0] if text else type(error).__name__
    return ModelError(f"cannot read the checkpoint {path}: {reason}")


def refused_by_library(name: str, error: Exception) -> ModelError | None:
    """Return what to raise where a library of networks met a pickle that may run code.

    Args:
        name: Of the model whose weights they are.
        error: Whatever the library raised; None is returned where it is another reason.

    """
    text = str(error)
    if not isinstance(error, pickle.UnpicklingError) and "weights_only" not in text:
        return None
    named = re.search(r"GLOBAL ([\w.<>]+)", text)
    what = f"an object of the type {named[1]}" if named else "more than tensors"
    return ModelError(
        f"the weights of {name} are refused: they are pickled with {what}, and reading it could "
        "run code. Take weights in .safetensors"
    )


_SAVE_WEIGHTS = "Save model.state_dict() with torch.save, or as .safetensors"


def _stand_ins() -> list[Any]:
    """Return pairs of a class and the name that it stands for, as PyTorch takes them."""
    kept_out = [(type("Inert", (Inert,), {"origin": name}), name) for name in _KEPT_OUT]
    mappings = [(_NewMapping, name) for name in _MAPPINGS]
    return [*kept_out, *mappings, *((_NewSequence, name) for name in _SEQUENCES)]


def _can_be_mapped(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return all(file.compress_type == zipfile.ZIP_STORED for file in archive.infolist())
