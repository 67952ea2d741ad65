"""Resolve a configuration: defaults < YAML file < environment < `--set key=value` < flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from camcli.config.mistakes import mistakes_in
from camcli.config.sections import Config
from camcli.config.strict_yaml import Document, KeyPath, parse, read_yaml
from camcli.errors import ConfigError


def load_config(
    path: Path | None = None,
    overrides: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
) -> Config:
    """Resolve a run's configuration.

    Args:
        path: A YAML file, or None for the defaults.
        overrides: `key=value` strings with dotted keys and YAML values, as given to `--set`.
        flags: Dotted keys and values that win over everything else.
        environment: Dotted keys and values that win over the file alone.

    Raises:
        ConfigError: The configuration is not valid; the message lists every mistake, one per line.

    """
    document = read_yaml(path) if path else Document({}, {})
    tree, places = document.tree, dict(document.places)
    set_by_hand = map(_parse_override, overrides)
    for key, value in (*(environment or {}).items(), *set_by_hand, *(flags or {}).items()):
        _assign(tree, key.split("."), value)
        places = {at: place for at, place in places.items() if not _is_below(at, key.split("."))}
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        source = str(path) if path else "the options given"
        found = "\n".join(f"  {line}" for line in mistakes_in(error, places))
        raise ConfigError(f"the configuration from {source} is not valid:\n{found}") from None


def dump_config(config: Config) -> str:
    """Return the configuration as YAML that `load_config` reads back to the same record."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _parse_override(override: str) -> tuple[str, Any]:
    key, separator, value = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set takes key=value, such as output.alpha=0.4, not {override!r}")
    return key.strip(), parse(value, f"the value of --set {key}").tree


def _assign(tree: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    *parents, last = keys
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[last] = value


def _is_below(path: KeyPath, keys: Sequence[str]) -> bool:
    return list(path[: len(keys)]) == list(keys)
