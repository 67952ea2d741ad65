"""Read the weights of a checkpoint without running anything that is in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.models.inert_pickle import read_pickle
from camcli.models.state_dict import shortened, under_own_names, weights_in


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the parameters in a `.safetensors` file or a PyTorch checkpoint, on the CPU.

    Nothing in a PyTorch file is run. What training scripts save beside the weights is left out,
    and told.

    Raises:
        ModelError: The file is missing, broken, or refused; with the reason.

    """
    refuse_missing(path)
    if path.suffix != ".safetensors":
        return weights_in(read_pickle(path), path)
    try:
        return load_file(path)
    except Exception as error:  # as many kinds as there are ways to break such a file
        reason = str(error) or type(error).__name__
        raise ModelError(f"cannot read the checkpoint {path}: {reason}") from None


def read_for(network: nn.Module, path: Path) -> dict[str, Tensor]:
    """Read a checkpoint, its weights by a network's own names; see `read_checkpoint`.

    Raises:
        ModelError: Also where the network's weights are there more than once.

    """
    return under_own_names(read_checkpoint(path), network.state_dict().keys(), path)


def refuse_missing(path: Path) -> None:
    """Raise a `ModelError` where a checkpoint is no file."""
    if path.suffix == ".json":
        raise ModelError(f"{path} is an index of a checkpoint in parts: join them into one file")
    if not os.path.isfile(path):  # noqa: PTH113  (Path.is_file raises where a name is too long)
        raise ModelError(f"there is no checkpoint file {path}")


def load_checkpoint(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights of a checkpoint, every one of them.

    Raises:
        ModelError: Also where keys or shapes differ; named, with what was expected.

    """
    fill(network, read_for(network, path), path)


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
        f"  {what}: {shortened(names)}"
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
