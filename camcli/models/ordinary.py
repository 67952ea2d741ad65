"""Refuse what cannot be explained whatever is tried, each kind for its own reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from camcli.errors import ModelError

_QUANTISED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized")
_SHARDED = ("FullyShardedDataParallel", "FSDPModule")


def require_network(made: Any, name: str) -> nn.Module:
    """Return what a user's function made, if it is a network that shows its modules.

    Args:
        made: By the function.
        name: As the user names the model, for messages.

    Raises:
        ModelError: It is something else, or a network compiled to a graph without modules.

    """
    if isinstance(made, torch.export.ExportedProgram) or _is_exported(made):
        raise ModelError(
            f"{name} returned a network that torch.export made a graph of, in which its layers "
            "are gone: return the module that was exported"
        )
    if isinstance(made, torch.jit.ScriptFunction):
        raise ModelError(f"{name} returned a function of TorchScript, not a torch.nn.Module")
    if isinstance(made, nn.Module):
        for path, module in made.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                part = f"{name}: its part {path!r} is" if path else f"{name} returned"
                raise ModelError(
                    f"{part} a TorchScript module, compiled by torch.jit, whose layers cannot be "
                    "traced: return the module that was scripted or traced, with its weights"
                )
        return made
    raise ModelError(f"{name} returned {_described(made)}, not a torch.nn.Module{_advice(made)}")


def require_weights(network: nn.Module, name: str) -> None:
    """Check that a network's weights are dense numbers that are there.

    Raises:
        ModelError: They are not, for the first reason that is found.

    """
    for path, module in network.named_modules():
        kind = type(module)
        if kind.__module__.startswith(_QUANTISED):
            raise ModelError(
                f"{name}: {path or 'it'} is quantised ({kind.__name__}), and integers have no "
                "gradient: return the network as it was before it was quantised"
            )
        if any(parent.__name__ in _SHARDED for parent in kind.__mro__):
            raise ModelError(
                f"{name}: {path or 'it'} is sharded over several processes "
                f"({kind.__name__}): gather its full state_dict, and return the network that was "
                "sharded with it"
            )
    for path, tensor in _tensors(network):
        reason = _flaw(tensor)
        if reason is not None:
            raise ModelError(f"{name}: {path} {reason}")


def _flaw(tensor: Tensor) -> str | None:
    """Return why a parameter or buffer cannot be computed with in float32, None if it can."""
    if nn.parameter.is_lazy(tensor):
        return (
            "has no size yet, as the network is lazy: run it once on an image of the right size "
            "where it is made, or give its layers their sizes"
        )
    if tensor.is_meta:
        return (
            "has no values, as it is on the device 'meta': load the network's weights where it is "
            "made"
        )
    if tensor.layout != torch.strided:
        return f"is sparse ({tensor.layout}): make it dense with to_dense()"
    if tensor.is_quantized or _is_integer_weight(tensor):
        return (
            f"is quantised ({tensor.dtype}), and integers have no gradient: return the network as "
            "it was before it was quantised"
        )
    if type(tensor) not in (Tensor, nn.Parameter, nn.Buffer):
        return (
            f"is a {type(tensor).__name__} and no plain tensor, as of a quantised or sharded "
            "network: return the network with plain weights"
        )
    return None


def _is_integer_weight(tensor: Tensor) -> bool:
    floats = tensor.is_floating_point() or tensor.is_complex()
    return isinstance(tensor, nn.Parameter) and not floats


def _tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _is_exported(made: Any) -> bool:
    """Return whether it is the graph of an exported network, which calls operations alone."""
    return isinstance(made, fx.GraphModule) and any(
        isinstance(node.target, torch._ops.OpOverload) for node in made.graph.nodes
    )


def _described(made: Any) -> str:
    if isinstance(made, type):
        return f"the class {made.__name__}"
    if isinstance(made, tuple | list):
        return f"a {type(made).__name__} of {', '.join(type(part).__name__ for part in made)}"
    return type(made).__name__


def _advice(made: Any) -> str:
    if isinstance(made, type) and issubclass(made, nn.Module):
        return ": return an instance of it"
    if isinstance(made, tuple | list) and any(isinstance(part, nn.Module) for part in made):
        return ": return the network alone"
    if isinstance(made, dict):
        return ": put the weights into a network, or name the network and give them by --checkpoint"
    if callable(made):
        return ": a function has no layers to explain at; make it the forward of a module"
    return ""
