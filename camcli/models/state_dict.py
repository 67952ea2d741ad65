"""Find the weights of a network in what a checkpoint holds, and say what else is in it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from camcli.errors import CamcliWarning, ModelError
from camcli.models.inert_pickle import Inert

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
"""What training scripts call the weights, the first of these that is there; averages are not."""

_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""What wrappers of networks put before the names of parameters."""

_SHOWN = 6


def weights_in(content: object, path: Path) -> dict[str, Tensor]:
    """Return the tensors by name that a checkpoint is about; what is left out is told.

    Raises:
        ModelError: It holds no tensors by name, or several sets of them and none is the usual one.

    """
    keys: list[str] = []
    left_out: list[str] = []
    while isinstance(content, Mapping):
        key = _wrapper_in(content, path)
        if key is None:
            break
        left_out += [_described(k, v) for k, v in content.items() if k != key]
        keys.append(key)
        content = content[key]
    weights = _tensors_in(content)
    if not isinstance(content, Mapping) or not weights:
        raise ModelError(f"the checkpoint {path} holds no mapping of names to tensors")
    left_out += [_described(k, v) for k, v in content.items() if str(k) not in weights]
    _tell(path, ".".join(keys), left_out)
    return weights


def under_own_names(
    weights: Mapping[str, Tensor], expected: Collection[str], path: Path
) -> dict[str, Tensor]:
    """Return weights by the names that a network has for them, as far as these can be found.

    A checkpoint of a larger module has the network's names behind a prefix, beside weights of
    other parts, which are told and left out. Wrappers put `module.` and the like before some.

    Args:
        weights: As the checkpoint has them.
        expected: The network's names, which must all be there for a prefix to count.
        path: The checkpoint.

    Raises:
        ModelError: They are there behind several prefixes, and none of them is the usual one.

    """
    found = _prefixes_of(weights, expected)
    usual = [prefix for prefix in found if not _without_wrappers(prefix)]
    if not found:
        return _each_by_itself(weights, expected, path)
    if len(found) > 1 and len(usual) != 1:
        raise ModelError(
            f"the checkpoint {path} holds weights that fit {len(found)} times, "
            f"{shortened(map(_as_words, found))}: save those that you mean by themselves"
        )
    prefix = (usual or found)[0]
    if not prefix:
        return dict(weights)
    _tell(path, prefix, [name for name in weights if not name.startswith(prefix)])
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }


def _wrapper_in(content: Mapping[Any, Any], path: Path) -> str | None:
    """Return the key of the mapping that holds the weights, None where it is the one given."""
    usual = [key for key in _WRAPPERS if _holds_weights(content.get(key))]
    if usual:
        return usual[0]
    if _tensors_in(content):
        return None
    others = [key for key, value in content.items() if _tensors_in(value)]
    if len(others) > 1:
        raise ModelError(
            f"the checkpoint {path} holds several sets of weights, {shortened(others)}, and none "
            f"of them is called {' or '.join(_WRAPPERS[:3])}: save the one that you mean by itself"
        )
    return others[0] if others else None


def _holds_weights(value: object) -> bool:
    return isinstance(value, Mapping) and bool(
        _tensors_in(value) or any(_holds_weights(value.get(key)) for key in _WRAPPERS)
    )


def _tensors_in(value: object) -> dict[str, Tensor]:
    items = value.items() if isinstance(value, Mapping) else ()
    return {str(name): tensor for name, tensor in items if isinstance(tensor, Tensor)}


def _prefixes_of(weights: Mapping[str, Tensor], expected: Collection[str]) -> list[str]:
    """Return every prefix behind which all of a network's weights are, perhaps an empty one."""
    needed = [name for name in expected if not name.endswith("num_batches_tracked")]
    if not needed:
        return [""]
    first = needed[0]
    candidates = [name.removesuffix(first) for name in weights if f".{name}".endswith(f".{first}")]
    return [each for each in candidates if all(each + name in weights for name in needed)]


def _each_by_itself(
    weights: Mapping[str, Tensor], expected: Collection[str], path: Path
) -> dict[str, Tensor]:
    """Take wrappers' prefixes off each name that the network does not have but for them."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        bare = name if name in expected else _without_wrappers(name, expected)
        own = bare if bare in expected else name
        if own in renamed:
            raise ModelError(f"the checkpoint {path} holds {own} twice, once behind a prefix")
        renamed[own] = tensor
    return renamed


def _without_wrappers(name: str, until: Collection[str] = ()) -> str:
    """Return a name without the wrappers' prefixes, as far as needed."""
    name = name.replace("._orig_mod.", ".")  # a part of the network that was compiled
    while name not in until:
        prefix = next((each for each in _PREFIXES if name.startswith(each)), None)
        if prefix is None:
            break
        name = name.removeprefix(prefix)
    return name


def _as_words(prefix: str) -> str:
    return f"behind {prefix.removesuffix('.')!r}" if prefix else "under the network's own names"


def _described(key: object, value: object) -> str:
    if isinstance(value, Inert):
        return f"{key} ({value.origin})"
    return f"{key} (weights as well)" if _holds_weights(value) else str(key)


def _tell(path: Path, taken: str, left_out: Sequence[str]) -> None:
    if left_out:
        used = f"the weights in {taken.removesuffix('.')!r}" if taken else "the weights"
        warnings.warn(
            f"of the checkpoint {path}, {used} are used, and not {shortened(left_out)}",
            CamcliWarning,
            stacklevel=2,
        )


def shortened(names: Iterable[object]) -> str:
    """Return the first few of many names, and how many more there are."""
    listed = [str(name) for name in names]
    more = f", and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
