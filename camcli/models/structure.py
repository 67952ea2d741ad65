"""What a module computes apart from its weights, as text: its parts and their settings."""

from __future__ import annotations

import types
from collections.abc import Iterator

import torch
from torch import nn

_PLAIN = (bool, int, float, str, type(None), torch.dtype)
_NO_SETTINGS = frozenset({"training"})


def structure_of(module: nn.Module) -> Iterator[tuple[str, str]]:
    """Yield the name of each part of a module with its class and its plain settings.

    A module's `repr` leaves out what `state_dict` does not show either, such as the number of
    attention heads. Settings are numbers, texts, and tuples and names of functions.
    """
    for name, part in module.named_modules():
        kind = type(part)
        yield name, f"{kind.__module__}.{kind.__qualname__} {dict(_settings(part))}"


def _settings(part: nn.Module) -> Iterator[tuple[str, object]]:
    for name, value in sorted(vars(part).items()):
        if name.startswith("_") or name in _NO_SETTINGS:
            continue
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            yield name, value.__qualname__
        elif isinstance(value, _PLAIN) or (
            isinstance(value, tuple | list) and all(isinstance(item, _PLAIN) for item in value)
        ):
            yield name, value
