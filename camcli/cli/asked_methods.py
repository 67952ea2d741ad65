"""The methods of a run, from what options, variables and files name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from camcli.config import Config, MethodConfig, OneMethod
from camcli.methods import canonical_name
from camcli.methods.written_options import options_by_method


def first_and_others(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return keys and values, of several methods the first and the others, each in its key."""
    if "method.name" not in given:
        return dict(given)
    first, *others = given["method.name"]
    return {**given, "method.name": first, "method.others": others}


def with_methods_as_asked(config: Config, options: Sequence[str]) -> Config:
    """Spell methods as their table does, so that a run is the same however it is asked for.

    Args:
        config: As it was given.
        options: `METHOD.KEY=VALUE`, over those in the configuration.

    Raises:
        MethodError: An option is written otherwise, or is about another method.

    """
    names = [canonical_name(each.name) for each in config.method.all]
    own = options_by_method(options, names)
    first, *others = (
        OneMethod(name=name, options={**each.options, **own[name]})
        for name, each in zip(names, config.method.all, strict=True)
    )
    method = MethodConfig(name=first.name, options=first.options, others=tuple(others))
    return config.model_copy(update={"method": method})
