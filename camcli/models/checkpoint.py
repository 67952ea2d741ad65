"""Read the weights of a checkpoint without running anything that is in it."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from camcli.errors import ModelError

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_SHOWN = 6


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the parameters in a `.safetensors` file or a PyTorch checkpoint, on the CPU.

    A PyTorch file is read with `weights_only=True`: one that holds more than tensors and plain
    containers is refused, and nothing in it is run. The usual wrappers (`{"state_dict": ...}`)
    and prefixes (`module.`, `_orig_mod.`) are taken off.

    Raises:
        ModelError: The file is missing, broken, or refused; with the reason.

    """
    refuse_missing(path)
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except pickle.UnpicklingError as error:
        raise refused(path, error) from None
    except Exception as error:  # as many kinds as there are ways to break such a file
        reason = str(error) or type(error).__name__
        raise ModelError(f"cannot read the checkpoint {path}: {reason}") from None
    return _without_prefixes(_unwrapped(content, path))


def refuse_missing(path: Path) -> None:
    """Raise a `ModelError` where a checkpoint is no file."""
    if not os.path.isfile(path):  # noqa: PTH113  (Path.is_file raises where a name is too long)
        raise ModelError(f"there is no checkpoint file {path}")


def refused(path: Path, error: pickle.UnpicklingError) -> ModelError:
    """Return what to raise where a checkpoint holds more than tensors and plain containers."""
    reason = str(error).splitlines()[0]
    return ModelError(
        f"the checkpoint {path} is refused: it holds more than weights, and reading it would "
        f"run code from it ({reason}). Save model.state_dict(), best as .safetensors"
    )


def load_checkpoint(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights of a checkpoint, every one of them.

    Raises:
        ModelError: Also where keys or shapes differ; named, with what was expected.

    """
    fill(network, read_checkpoint(path), path)


def fill(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Fill a network with weights; raises `ModelError` where keys or shapes differ."""
    expected = network.state_dict()
    optional = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = [name for name in expected if name not in weights and name not in optional]
    surplus = [name for name in weights if name not in expected]
    reshaped = [
        f"{name}: {tuple(weights[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    complaints = [
        f"  {what}: {_shortened(names)}"
        for what, names in (
            ("missing", missing),
            ("not in the network", surplus),
            ("of another shape", reshaped),
        )
        if names
    ]
    if complaints:
        raise ModelError(
            f"the checkpoint {path} does not fit the network:\n" + "\n".join(complaints)
        )
    network.load_state_dict({name: weights.get(name, tensor) for name, tensor in expected.items()})


def _read_pickle(path: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a broken file, there are more than help
        # What is mapped is not read into memory of its own first.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=_can_be_mapped(path))


def _can_be_mapped(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return all(file.compress_type == zipfile.ZIP_STORED for file in archive.infolist())


def _unwrapped(content: object, path: Path) -> dict[str, Tensor]:
    while isinstance(content, Mapping):
        inner = next(
            (content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None
        )
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"the checkpoint {path} holds no mapping of names to tensors")
    weights = {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
    if len(weights) != len(content):
        raise ModelError(
            f"the checkpoint {path} holds something else than tensors: "
            f"{_shortened([str(k) for k in content if str(k) not in weights])}"
        )
    return weights


def _without_prefixes(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES * 2:
        if all(name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    return weights


def _shortened(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
