"""The files that an evaluation leaves beside its rows."""

from __future__ import annotations

import json
from pathlib import Path

from camcli.evaluation.report.curve_plot import curve_plot
from camcli.evaluation.report.document import document_of
from camcli.evaluation.report.summary import Summary
from camcli.evaluation.report.tables import comma_separated, markdown
from camcli.output.atomic import write_bytes


def write_report(folder: Path, summary: Summary) -> None:
    """Write table.md, table.csv, table.json and curves.svg, each replaced as a whole."""
    texts = {
        "table.md": markdown(summary),
        "table.csv": comma_separated(summary),
        "table.json": json.dumps(document_of(summary).to_json(), indent=2, ensure_ascii=False)
        + "\n",
        "curves.svg": curve_plot(summary.insertion, summary.deletion),
    }
    for name, text in texts.items():
        write_bytes(folder / name, text.encode("utf-8"))
