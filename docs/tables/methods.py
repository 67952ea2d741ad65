"""The methods, from their docstrings and options."""

from __future__ import annotations

import json

from camcli.methods import METHOD_NAMES, method_class, options_of
from docs.tables.markdown import code, escaped, page, prose, summary, table


def methods_page() -> str:
    """Return the page of all methods: formula, paper and options."""
    overview = table(
        ("method", "map"),
        ((code(name), summary(_doc(name))) for name in METHOD_NAMES),
    )
    return page(
        "Methods",
        "A_k is activation map k at the target layer, of K; s is the score of the explained class; "
        "C_k are the DeepLIFT contributions of A_k. `--method NAME` chooses a method, "
        "`--set method.options.KEY=VALUE` sets an option, `camcli methods NAME` prints the same.",
        overview,
        *map(_section, METHOD_NAMES),
    )


def _section(name: str) -> str:
    parts = [f"## {name}", prose(_doc(name))]
    if options := options_of(name):
        rows = (
            (code(option.name), code(json.dumps(option.default)), escaped(option.description))
            for option in options
        )
        parts.append(table(("option", "default", "meaning"), rows))
    return "\n\n".join(parts)


def _doc(name: str) -> str:
    return method_class(name).__doc__ or ""
