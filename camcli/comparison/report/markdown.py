"""A comparison in Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from camcli.comparison.compare import Comparison
from camcli.comparison.gate import Gate, described
from camcli.comparison.measures import MEASURES
from camcli.comparison.report.summary import counted, figures, shown, verdict
from camcli.system.escaping import in_markdown


def markdown(comparison: Comparison, gate: Gate, worst: int) -> str:
    """Return a verdict, the table of measures, and the `worst` rows."""
    measures = [
        [figure.title, str(figure.count), shown(figure.mean), shown(figure.worst)]
        for figure in figures(comparison).values()
    ]
    rows = [
        [
            in_markdown(difference.image),
            in_markdown(difference.about),
            *(shown(difference.figures[name]) for name in MEASURES),
            in_markdown("; ".join(gate.complaints(difference)) or described(difference)),
        ]
        for difference in gate.worst(comparison, worst)
    ]
    titles = ["image", "target", *(measure.title for measure in MEASURES.values()), ""]
    return "\n".join(
        [
            f"**{verdict(comparison, gate)}**: {counted(comparison)}\n",
            *(f"- {in_markdown(line)}\n" for line in comparison.settings),
            _table(["measure", "pairs", "mean", "worst"], measures),
            _table(titles, rows),
        ]
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
