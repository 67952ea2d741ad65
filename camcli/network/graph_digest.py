"""A digest of what a traced network computes, by which runs and caches know an architecture."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from torch import Tensor, fx, nn

from camcli.system.tensor_digest import digest_of

_DEVICE = re.compile(r"device\(type='\w+'(, index=\d+)?\)")


def graph_digest(module: nn.Module) -> str:
    """Return a digest of a graph: its operations with their arguments, and its constants.

    It changes when the code of a network is edited so that it computes something else. Weights
    are left out, and so is the device.
    """
    sha = hashlib.sha256()
    for code in code_of(module):
        sha.update(_DEVICE.sub("device", code).encode())
    sha.update(digest_of(_constants(module)))
    return sha.hexdigest()


def code_of(module: nn.Module) -> Iterator[str]:
    """Yield the code of each graph in a module, those of branches included."""
    for part in module.modules():
        if isinstance(part, fx.GraphModule):
            yield part.code


def tensors_of(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield each tensor that a graph in a module reads, by name: weights and constants."""
    for prefix, part in module.named_modules():
        if isinstance(part, fx.GraphModule):
            for name in dict.fromkeys(str(n.target) for n in part.graph.find_nodes(op="get_attr")):
                value = _attribute(part, name)
                if isinstance(value, Tensor):
                    yield f"{prefix}.{name}".lstrip("."), value


def _constants(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors that no `state_dict` holds."""
    weights = module.state_dict()
    return ((name, tensor) for name, tensor in tensors_of(module) if name not in weights)


def _attribute(module: nn.Module, path: str) -> object:
    owner, _, name = path.rpartition(".")
    return getattr(module.get_submodule(owner), name)
