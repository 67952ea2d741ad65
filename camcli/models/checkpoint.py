"""Fill networks with the weights of checkpoints, without running anything that is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.models.checkpoints.choice import ANY, Choice
from camcli.models.checkpoints.files import read_content
from camcli.models.checkpoints.names import under_own_names
from camcli.models.checkpoints.sets import WeightSet, weights_in
from camcli.models.checkpoints.telling import shortened


def read_checkpoint(path: Path, choice: Choice = ANY) -> WeightSet:
    """Read the set of weights in a checkpoint that is meant, on the CPU.

    Nothing in it is run. What training scripts save beside the weights is left out, and told.

    Args:
        path: A file or folder; see `read_content`.
        choice: Which of several sets is meant.

    Raises:
        ModelError: It is missing, broken, or refused; with the reason.

    """
    return weights_in(read_content(path), path, choice)


def read_for(network: nn.Module, path: Path, choice: Choice = ANY) -> dict[str, Tensor]:
    """Read a checkpoint, its weights by a network's own names; see `read_checkpoint`.

    Raises:
        ModelError: Also where the network's weights are there more than once.

    """
    found = read_checkpoint(path, choice)
    return under_own_names(found, network.state_dict().keys(), path, choice)


def load_checkpoint(network: nn.Module, path: Path, choice: Choice = ANY) -> None:
    """Fill a network with the weights of a checkpoint, every one of them.

    Raises:
        ModelError: Also where keys or shapes differ; named, with what was expected.

    """
    fill(network, read_for(network, path, choice), path)


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
    complaints += _advice(network, weights)
    if complaints:
        raise ModelError(
            f"the checkpoint {path} does not fit the network:\n" + "\n".join(complaints)
        )
    network.load_state_dict({name: weights.get(name, tensor) for name, tensor in expected.items()})


def _advice(network: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield what to do where nothing but the length of the last layer differs."""
    reshaped = [
        (weights[name].shape, tensor.shape)
        for name, tensor in network.state_dict().items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    lengths = {(there[:1], here[:1]) for there, here in reshaped if there[1:] == here[1:]}
    if len(lengths) == 1 and all(there[1:] == here[1:] for there, here in reshaped):
        (((there,), (here,)),) = lengths
        yield (
            f"  if the checkpoint has {there} classes where the network has {here}, build it with "
            f"as many, as in --set model.kwargs.num_classes={there}"
        )
