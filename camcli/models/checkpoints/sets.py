"""Find the set of weights that is meant in what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from camcli.errors import ModelError, suggest
from camcli.models.checkpoints.averages import is_average, only_average
from camcli.models.checkpoints.choice import ANY, Choice
from camcli.models.checkpoints.telling import shortened, tell
from camcli.models.inert_pickle import Inert

_USUAL = ("state_dict", "model_state_dict", "model", "net", "network", "module")
"""What training scripts call the weights, the first of these that is there."""

_DEEP = 4


@dataclass(frozen=True)
class WeightSet:
    """A set of weights.

    Attributes:
        weights: Tensors by the names that the checkpoint has for them.
        where: The keys that lead to it, joined by points; empty where it is all there is.

    """

    weights: dict[str, Tensor]
    where: str = ""


def weights_in(content: object, path: Path, choice: Choice = ANY) -> WeightSet:
    """Return the tensors by name that a checkpoint is about; what is left out is told.

    Args:
        content: What the file holds.
        path: The file.
        choice: What the user says of it.

    Raises:
        ModelError: It holds no tensors by name, not those that are asked for, or several sets of
            them of which none is the usual one.

    """
    keys: list[str] = []
    left_out: list[str] = []
    if choice.key is not None:
        content, keys = _under(content, choice.key, path), [choice.key]
    while isinstance(content, Mapping):
        key = _key_of_weights(content, path, choice)
        if key is None:
            break
        left_out += [_described(k, v) for k, v in content.items() if k != key]
        keys.append(str(key))
        content = content[key]
    weights = _tensors_in(content)
    if not isinstance(content, Mapping) or not weights:
        raise _nothing_there(content, path)
    left_out += [_described(k, v) for k, v in content.items() if str(k) not in weights]
    where = ".".join(keys)
    tell(path, where, left_out)
    return WeightSet(weights, where)


def _nothing_there(content: object, path: Path) -> ModelError:
    places = list(_places(content))
    reason = f"the checkpoint {path} holds no mapping of names to tensors"
    if not places:
        return ModelError(reason)
    return ModelError(
        f"{reason} where they are usual, but in {shortened(places)}: name one of these, as in "
        f"--checkpoint-key {places[0]}"
    )


def _under(content: object, wanted: str, path: Path) -> object:
    """Return what is at a place in nested mappings, whose keys may contain points themselves."""
    if not wanted:
        return content
    for key, value in content.items() if isinstance(content, Mapping) else ():
        rest = wanted.removeprefix(str(key))
        if wanted.startswith(str(key)) and (not rest or rest[0] == "."):
            return _under(value, rest[1:], path)
    places = list(_places(content))
    raise ModelError(
        f"model.checkpoint_key: nothing in the checkpoint {path} is called {wanted!r}"
        f"{suggest(wanted, places)}; weights are in {shortened(places) or 'no key'}"
    )


def _places(content: object, depth: int = _DEEP) -> Iterator[str]:
    """Yield where in nested mappings tensors by name are."""
    for key, value in content.items() if isinstance(content, Mapping) and depth else ():
        if _tensors_in(value):
            yield str(key)
        yield from (f"{key}.{inner}" for inner in _places(value, depth - 1))


def _key_of_weights(content: Mapping[Any, Any], path: Path, choice: Choice) -> Any:
    """Return the key of the mapping that holds the weights, None where it is the one given."""
    holding = [key for key, value in content.items() if _holds_weights(value)]
    averages = [key for key in holding if is_average(str(key))]
    itself = any(tensor.dim() for tensor in _tensors_in(content).values())
    usual = [key for key in _USUAL if key in holding]
    if choice.averaged and averages:
        return _only(averages, path)
    if usual or itself:
        return usual[0] if usual else None
    others = [key for key in holding if key not in averages and _tensors_in(content[key])]
    if not others and not averages:
        return None
    if not others and choice.averaged is False:
        raise only_average(path, shortened(averages))
    return _only(others or averages, path)


def _only(keys: list[Any], path: Path) -> Any:
    if len(keys) > 1:
        raise ModelError(
            f"the checkpoint {path} holds several sets of weights, {shortened(keys)}, and none "
            f"of them is called {' or '.join(_USUAL[:3])}: name the one that you mean, as in "
            f"--checkpoint-key {keys[0]}"
        )
    return keys[0]


def _holds_weights(value: object) -> bool:
    return isinstance(value, Mapping) and bool(
        _tensors_in(value) or any(_holds_weights(value.get(key)) for key in _USUAL)
    )


def _tensors_in(value: object) -> dict[str, Tensor]:
    items = value.items() if isinstance(value, Mapping) else ()
    return {str(name): tensor for name, tensor in items if isinstance(tensor, Tensor)}


def _described(key: object, value: object) -> str:
    if isinstance(value, Inert):
        return f"{key} ({value.origin})"
    if not _holds_weights(value):
        return str(key)
    return f"{key} ({_AVERAGED if is_average(str(key)) else _SECOND})"


_AVERAGED = "averaged weights, which --set model.ema=yes takes"
_SECOND = "weights as well"
