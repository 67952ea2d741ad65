"""The DeepLIFT rules, from their table."""

from __future__ import annotations

from collections import defaultdict

from camcli.attribution.rules import all_rules
from docs.tables.markdown import code, escaped, page, table


def rules_page() -> str:
    """Return the page of all operations that have a rule, by family."""
    families: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for rule in all_rules():
        families[rule.family][rule.summary].append(rule.operation)
    return page(
        "DeepLIFT's rules",
        "Which operations of a network's tail DeepLIFT attributes through, and how. The names are "
        "those of the exported graph (ATen). An operation that is not listed, and whose input "
        "depends on the activation, is refused by name.",
        *(_section(family, rules) for family, rules in sorted(families.items())),
    )


def _section(family: str, rules: dict[str, list[str]]) -> str:
    rows = (
        (escaped(summary), ", ".join(map(code, sorted(operations))))
        for summary, operations in sorted(rules.items())
    )
    return f"## {family}\n\n" + table(("rule", "operations"), rows)
