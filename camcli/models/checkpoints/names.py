"""Find a network's own names among those that a checkpoint has for its weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from torch import Tensor

from camcli.errors import ModelError, suggest
from camcli.models.checkpoints.averages import (
    COUNT,
    is_average,
    is_averaged_model,
    no_average,
    only_average,
)
from camcli.models.checkpoints.choice import ANY, Choice
from camcli.models.checkpoints.sets import WeightSet
from camcli.models.checkpoints.telling import shortened, tell

_PREFIXES = ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "model.", "net.", "network.")
"""What wrappers of networks put before the names of parameters."""

_WITHIN = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What wrappers of a network's parts leave within the names."""


def under_own_names(
    found: WeightSet, expected: Collection[str], path: Path, choice: Choice = ANY
) -> dict[str, Tensor]:
    """Return weights by the names that a network has for them, as far as these can be found.

    A checkpoint of a larger module has the network's names behind a prefix, beside weights of
    other parts, which are told and left out. Wrappers put `module.` and the like before some.

    Args:
        found: As the checkpoint has them.
        expected: The network's names, which must all be there for a prefix to count.
        path: The checkpoint.
        choice: What the user says of it.

    Raises:
        ModelError: They are there behind several prefixes, and none of them is the usual one; or
            not behind the one that the user gives, or not averaged as the user asks.

    """
    weights = found.weights
    if choice.prefix:
        weights = _behind(_prefix_given(choice.prefix, weights, path), weights, path)
        return _each_by_itself(weights, expected, path)
    prefixes = _prefixes_of(weights, expected)
    averaged = is_average(found.where) or is_averaged_model(weights)
    prefix = _prefix_meant(prefixes, averaged, path, choice)
    if prefix is None:
        return _each_by_itself(weights, expected, path)
    return _behind(prefix, weights, path)


def _prefix_meant(prefixes: list[str], averaged: bool, path: Path, choice: Choice) -> str | None:
    """Return the prefix of the set that is meant, None where no prefix has the whole network."""
    averages = [prefix for prefix in prefixes if averaged or is_average(prefix)]
    others = [prefix for prefix in prefixes if prefix not in averages]
    if choice.averaged and not averages and not averaged:
        raise no_average(path, shortened(map(_quoted, prefixes)) or "weights under other names")
    if choice.averaged is False and not others and (averages or averaged):
        raise only_average(path, shortened(map(_quoted, averages)) or "of an AveragedModel")
    prefixes = (averages or others) if choice.averaged else (others or averages)
    usual = [prefix for prefix in prefixes if not _without_wrappers(prefix)]
    if len(prefixes) > 1 and len(usual) != 1:
        raise ModelError(
            f"the checkpoint {path} holds weights that fit {len(prefixes)} times, "
            f"{shortened(map(_in_words, prefixes))}: say which you mean, as in --strip-prefix "
            f"{next(filter(None, prefixes))}"
        )
    return next(iter(usual or prefixes), None)


def _prefix_given(prefix: str, weights: Collection[str], path: Path) -> str:
    """Return a prefix as names have it: the point at its end may be left out."""
    for spelt in (f"{prefix.removesuffix('.')}.", prefix):
        if any(name.startswith(spelt) for name in weights):
            return spelt
    known = list(dict.fromkeys(f"{name.partition('.')[0]}." for name in weights if "." in name))
    raise ModelError(
        f"model.strip_prefix: no name in the checkpoint {path} begins with {prefix!r}"
        f"{suggest(prefix, known)}; they begin with {shortened(known) or shortened(weights)}"
    )


def _behind(prefix: str, weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    if not prefix:
        return dict(weights)
    left_out = [name for name in weights if not name.startswith(prefix)]
    averages = any(is_average(name) for name in left_out)
    remark = "; averages are among them, which --set model.ema=yes takes" if averages else ""
    tell(path, prefix, [_described(name) for name in left_out], remark)
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }


def _described(name: str) -> str:
    if name == COUNT:
        return f"{name} (they are averages over training)"
    return name


def _prefixes_of(weights: Collection[str], expected: Collection[str]) -> list[str]:
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
    for inner in _WITHIN:
        name = name.replace(f".{inner}", ".")
    while name not in until:
        prefix = next((each for each in _PREFIXES if name.startswith(each)), None)
        if prefix is None:
            break
        name = name.removeprefix(prefix)
    return name


def _in_words(prefix: str) -> str:
    return f"behind {prefix.removesuffix('.')!r}" if prefix else "under the network's own names"


def _quoted(prefix: str) -> str:
    return repr(prefix) if prefix else "those without a prefix"
