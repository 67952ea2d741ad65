"""The kinds of target, from their table."""

from __future__ import annotations

from camcli.targets.rules import RULES, rules
from docs.tables.markdown import code, page, summary, table


def targets_page() -> str:
    """Return the page of everything that `--target` can ask for."""
    return page(
        "Targets",
        "Which classes `--target` (`targets` in a configuration) asks for. It is repeatable, and "
        "read as these, in this order. Behind a `-` each asks for what speaks against its classes, "
        "unless a class is called so; [Getting started](../guide/getting_started.md#targets) says "
        "more.",
        table(
            ("`--target`", "asks for"),
            (
                (code(usage), summary(rule.__doc__))
                for usage, rule in zip(RULES, rules(), strict=True)
            ),
        ),
    )
