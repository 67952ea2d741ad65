from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from rich.console import Console

from camcli.evaluation.cost import Cost
from camcli.evaluation.metrics import METRICS
from camcli.evaluation.report.curve_plot import curve_plot
from camcli.evaluation.report.document import document_of
from camcli.evaluation.report.figures import heading
from camcli.evaluation.report.summary import Summary, summarise
from camcli.evaluation.report.tables import comma_separated, markdown
from camcli.evaluation.report.terminal import print_summary


def row(**values: float) -> dict[str, object]:
    curves = {"insertion": [0.1, 0.2, 0.9], "deletion": [0.9, 0.4, 0.1]}
    return {"status": "ok", "methods": {"random": {"values": values, **curves}}}


@pytest.fixture
def every_metric() -> Summary:
    rows = [row(**{metric.key: scale / 4 for metric in METRICS}) for scale in (1, 2, 3)]
    return summarise(rows, ["random"], {})


@pytest.mark.parametrize("width", [40, 80, 200, 500])
def test_every_column_is_printed_once_whatever_the_width(width: int, every_metric: Summary) -> None:
    console = Console(file=io.StringIO(), width=width)
    print_summary(every_metric, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    titles = [line for line in text.splitlines() if line.lstrip().startswith("method")]
    assert len(titles) == text.count("random")
    for metric in METRICS:
        assert sum(f" {heading(metric)} " in f"{line} " for line in titles) == 1, metric.key
    assert (len(titles) == 1) == (width == 500)


def test_the_name_of_a_folder_of_maps_is_text_in_every_table() -> None:
    name = "=cmd()|[red]x[/red]\x1b[2J\u202e<script>&]]>"
    found = {"values": {METRICS[0].key: 0.5}, "insertion": [0.1, 0.9], "deletion": [0.9, 0.1]}
    rows = [{"status": "ok", "methods": {name: found, "random": found}}]
    summary = summarise(rows, [name, "random"], {name: Cost(1.0, 2.0)}, name)
    console = Console(file=io.StringIO(), width=200)
    print_summary(summary, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[red]x[/red]\\x1b[2J\\u202e" in printed
    drawn = curve_plot(summary.insertion, summary.deletion)
    ElementTree.fromstring(drawn)
    assert "<script" not in drawn
    text = markdown(summary)
    assert {line.replace(r"\|", "").count("|") for line in text.splitlines()[:3]} == {4}
    assert "<script" not in text.replace(r"\<", "")
    for told in (printed, drawn, text):
        assert "\x1b" not in told
    for line in list(csv.DictReader(io.StringIO(comma_separated(summary))))[:1]:
        assert line["method"] == f"'{name}"


def test_percentages_have_one_decimal_and_other_figures_three(every_metric: Summary) -> None:
    for metric in METRICS:
        mean = "| 50.0 ± " if metric.percent else "| 0.500 ± "
        column = METRICS.index(metric) + 3
        cell = markdown(every_metric).splitlines()[2].split("|")[column]
        assert f"|{cell}".startswith(mean), metric.key


def test_an_evaluation_of_nothing_but_failures_has_tables_without_columns() -> None:
    summary = summarise([{"status": "failed"}], ["random"], {})
    assert markdown(summary) == "| method | n |\n| --- | --- |\n| random | 0 |\n"
    assert comma_separated(summary).count("\n") == 1
    assert document_of(summary).failed == 1
    assert curve_plot(summary.insertion, summary.deletion).count("<polyline") == 0


def test_a_curve_that_is_not_finite_everywhere_is_left_out() -> None:
    broken = row()
    broken["methods"]["random"]["deletion"] = [0.9, 0.4, None]  # type: ignore[index]
    summary = summarise([row(), broken], ["random"], {})
    assert summary.deletion["random"].tolist() == [0.9, 0.4, 0.1]
    assert "random" not in summarise([broken], ["random"], {}).deletion
