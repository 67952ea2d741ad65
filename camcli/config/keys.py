"""The keys of the configuration, and where a key leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from camcli.config.expected import alternatives, bare
from camcli.config.sections import Config


def config_keys(section: type[BaseModel] = Config, above: str = "") -> Iterator[str]:
    """Yield every key of the configuration as `--set` takes it, such as `run.seed`."""
    for name, field in section.model_fields.items():
        below = section_in(field.annotation)
        if below is None:
            yield above + name
        else:
            yield from config_keys(below, f"{above}{name}.")


def keys_called(name: str) -> list[str]:
    """Return every key in a section whose own name is this."""
    return [key for key in config_keys() if "." in key and key.rpartition(".")[2] == name]


def section_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a key holds, perhaps among plain values such as `auto`."""
    sections = (
        each
        for each in map(bare, alternatives(annotation))
        if isinstance(each, type) and issubclass(each, BaseModel)
    )
    return next(sections, None)
