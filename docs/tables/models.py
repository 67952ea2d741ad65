"""The model sources, from their table."""

from __future__ import annotations

from camcli.models.sources import own_sources
from camcli.models.sources.base import Source
from docs.tables.markdown import code, page, summary, table


def models_page() -> str:
    """Return the page of all places where a network can come from."""
    return page(
        "Model sources",
        "Where `--model` finds a network; the sources are asked in this order whether a name is "
        "theirs. `camcli models [PATTERN]` lists the names that a source knows; [Networks and "
        "layers](../guide/networks.md) says how to use them.",
        table(
            ("`--model`", "what it loads", "explains", "default weights", "module"),
            map(_row, own_sources()),
        ),
    )


def _row(source: Source) -> tuple[str, ...]:
    return (
        code(source.usage) if " " not in source.usage else source.usage,
        summary(type(source).__doc__),
        "texts" if source.dual_encoders else "classes",
        "may be downloaded" if source.downloads else "need no download",
        code(type(source).__module__),
    )
