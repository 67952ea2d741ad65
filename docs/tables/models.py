"""The model sources, from the modules that load from them."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from camcli.models import sources
from docs.tables.markdown import code, page, summary, table


def models_page() -> str:
    """Return the page of all places where a network can come from."""
    return page(
        "Model sources",
        "Where `--model` finds a network. `camcli models [PATTERN]` lists the names that a source "
        "knows; [Networks and layers](../guide/networks.md) says how to use them.",
        table(("source", "what it loads", "module"), map(_row, _sources())),
    )


def _sources() -> list[ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(sources.__path__))
    return [importlib.import_module(f"{sources.__name__}.{name}") for name in names]


def _row(module: ModuleType) -> tuple[str, str, str]:
    name = module.__name__.rpartition(".")[2]
    return name.replace("_", " "), summary(module.__doc__), code(module.__name__)
