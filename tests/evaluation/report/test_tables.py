from __future__ import annotations

import io

import pytest
from rich.console import Console

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
