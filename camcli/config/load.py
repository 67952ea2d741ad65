"""Resolve a configuration: defaults < YAML file < `--set key=value` < flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from camcli.config.mistakes import mistakes_in
from camcli.config.sections import Config
from camcli.config.strict_yaml import parse_value, read_yaml
from camcli.errors import ConfigError


def load_config(
    path: Path | None = None,
    overrides: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Resolve a run's configuration.

    Args:
        path: A YAML file, or None for the defaults.
        overrides: `key=value` strings with dotted keys and YAML values, as given to `--set`.
        flags: Dotted keys and values that win over everything else.

    Raises:
        ConfigError: The configuration is not valid; the message lists every mistake, one per line.

    """
    tree = read_yaml(path) if path else {}
    for override in overrides:
        key, value = _parse_override(override)
        _assign(tree, key, value)
    for key, value in (flags or {}).items():
        _assign(tree, key, value)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        source = str(path) if path else "the options given"
        lines = "\n".join(f"  {line}" for line in mistakes_in(error))
        raise ConfigError(f"the configuration from {source} is not valid:\n{lines}") from None


def dump_config(config: Config) -> str:
    """Return the configuration as YAML that `load_config` reads back to the same record."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _parse_override(override: str) -> tuple[str, Any]:
    key, separator, value = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set takes key=value, such as output.alpha=0.4, not {override!r}")
    return key.strip(), parse_value(value, f"the value of --set {key}")


def _assign(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[last] = value
