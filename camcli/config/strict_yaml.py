"""Read YAML from an untrusted source: plain values, each key once, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from camcli.errors import ConfigError

_MAX_YAML_BYTES = 1_000_000


class _StrictLoader(yaml.SafeLoader):
    """YAML without tags, aliases or duplicate keys, safe for configurations nobody vouches for.

    A word may begin with `@`, as in `targets: [@top1]`: YAML keeps that sign for later versions.
    """

    def check_plain(self) -> bool:
        return self.peek() == "@" or bool(super().check_plain())

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "aliases are not supported here", event.start_mark
            )
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                complaint = "a key must be a plain word"
            elif key_node.value in seen:
                complaint = f"the key {key_node.value!r} appears twice"
            else:
                seen.add(key_node.value)
                continue
            raise yaml.constructor.ConstructorError(None, None, complaint, key_node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping safely.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or holds something other than a mapping.

    """
    try:
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise ConfigError(f"{path} is over {_MAX_YAML_BYTES} bytes: not a camcli config")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the config {path}: {error}") from None
    tree = parse_value(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of keys, not {type(tree).__name__}")
    return tree


def parse_value(text: str, source: str) -> Any:
    """Read YAML safely.

    Args:
        text: The YAML.
        source: What to call it in an error message.

    Raises:
        ConfigError: It is not YAML that a configuration may hold.

    """
    try:
        return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader underneath
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {error}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source} is not valid YAML: {type(error).__name__}") from None
