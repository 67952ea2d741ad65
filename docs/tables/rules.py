"""The DeepLIFT rules, from their table."""

from __future__ import annotations

from collections import defaultdict

from docs.tables.markdown import code, escaped, page, table


def rules_page() -> str:
    """Return the page of all operations that have a rule, by family."""
    families: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for operation, family, summary in all_rules():
        families[family][summary].append(operation)
    return page(
        "DeepLIFT's rules",
        "Which operations of a network's tail DeepLIFT attributes through, and how. The names are "
        "those of the exported graph (ATen). An operation that is not listed, and whose input "
        "depends on the activation, is refused by name.",
        *(_section(family, rules) for family, rules in sorted(families.items())),
    )


def all_rules() -> list[tuple[str, str, str]]:
    """Return every rule's operation, family and what it does in a line."""
    try:
        from camcli.attribution.rules import all_rules as records
    except ImportError:  # the rules are one table, without families
        return _ungrouped()
    return [(record.operation, record.family, record.summary) for record in records()]


def _ungrouped() -> list[tuple[str, str, str]]:
    from camcli.attribution.rules import RULES

    found = []
    for operation, rule in RULES.items():
        named = str(operation) if str(operation).startswith("aten.") else operation.__name__
        summary = (rule.apply.__doc__ or rule.apply.__name__.strip("_<>")).partition("\n")[0]
        found.append((named, "operations", summary.replace("_", " ")))
    return found


def _section(family: str, rules: dict[str, list[str]]) -> str:
    rows = (
        (escaped(summary), ", ".join(map(code, sorted(operations))))
        for summary, operations in sorted(rules.items())
    )
    return f"## {family}\n\n" + table(("rule", "operations"), rows)
