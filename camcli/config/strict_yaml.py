"""Read YAML from an untrusted source: plain values, each key once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from camcli.config.scalar import Scalar, is_null, plain
from camcli.errors import ConfigError

_MAX_YAML_BYTES = 1_000_000

KeyPath = tuple[int | str, ...]
"""The keys, and places in lists, that lead to a value."""


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
        return {
            key_node.value: self.construct_object(value_node, deep=deep)
            for key_node, value_node in node.value
        }


def _scalar(loader: _StrictLoader, node: yaml.ScalarNode) -> Scalar:
    make = yaml.SafeLoader.yaml_constructors[node.tag]
    return Scalar(node.value, make(loader, node))


for _kind in ("null", "bool", "int", "float"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _scalar)
# No key takes a date: one that is written is text.
_StrictLoader.add_constructor(
    "tag:yaml.org,2002:timestamp", yaml.SafeLoader.yaml_constructors["tag:yaml.org,2002:str"]
)


@dataclass(frozen=True)
class Place:
    """Where something stands in a file; line and column count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True)
class Document:
    """What a YAML file holds.

    Attributes:
        tree: Text, `Scalar`s, and lists and mappings of them.
        places: Of every key and element, by its path from the root.

    """

    tree: Any
    places: Mapping[KeyPath, Place]


def read_yaml(path: Path) -> Document:
    """Read a YAML mapping safely.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or holds something other than a mapping.

    """
    try:
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise ConfigError(f"{path} is over {_MAX_YAML_BYTES} bytes: not a camcli config")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the config {path}: {error}") from None
    document = parse(text, str(path))
    if is_null(document.tree):
        return Document({}, {})
    if not isinstance(document.tree, dict):
        kind = "a list" if isinstance(document.tree, list) else "a single value"
        raise ConfigError(f"{path} must hold a mapping of keys, such as `output:`, not {kind}")
    return document


def parse(text: str, source: str) -> Document:
    """Read YAML safely.

    Args:
        text: The YAML.
        source: What to call it in an error message.

    Raises:
        ConfigError: It is not YAML that a configuration may hold.

    """
    try:
        return _document(text)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {_reason(error)}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {error}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source} is not valid YAML: {type(error).__name__}") from None


def _document(text: str) -> Document:
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(None, {})
        return Document(loader.construct_document(node), dict(_places(node)))
    finally:
        loader.dispose()


def parse_value(text: str, source: str) -> Any:
    """Return the value of a text in YAML, with the errors of `parse`."""
    return plain(parse(text, source).tree)


def _reason(error: yaml.MarkedYAMLError) -> str:
    what = " ".join(filter(None, (error.context, error.problem)))
    mark = error.problem_mark or error.context_mark
    return f"{_place(mark)}: {what}" if mark else what


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _places(node: yaml.Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Place]]:
    children: Iterable[tuple[int | str, yaml.Node, yaml.Node]] = ()
    if isinstance(node, yaml.MappingNode):
        children = ((key.value, key, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        children = ((place, child, child) for place, child in enumerate(node.value))
    for part, written, below in children:
        yield (*path, part), _place(written.start_mark)
        yield from _places(below, (*path, part))
