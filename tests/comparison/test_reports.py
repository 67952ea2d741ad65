"""What people and CI servers read of a comparison, whatever is in names and labels."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from camcli.comparison.compare import Comparison, compare, read_side
from camcli.comparison.gate import gate_from
from camcli.comparison.report.json_report import json_ready
from camcli.comparison.report.junit import junit
from camcli.comparison.report.markdown import markdown
from camcli.comparison.report.terminal import print_comparison
from tests.comparison.runs import blob, row_of, write_run

HOSTILE = "a|b <img src=x onerror=alert(1)> \"'&amp; `$` [x](y)\n\x1b[31m\x00\u202ergb.png"


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    rows = [row_of(HOSTILE, target=HOSTILE), row_of("b.png")]
    golden = write_run(tmp_path / "golden", rows, [blob(10, 10)] * 2)
    new = write_run(tmp_path / "new", rows, [blob(10, 30), blob(10, 10)])
    return compare(read_side(golden), read_side(new))


def test_markdown_shows_names_as_they_are(comparison: Comparison) -> None:
    text = markdown(comparison, gate_from(["cosine=0.98"], [], []), worst=1)
    assert text.startswith("**1 row fails**: 2 pairs compared")
    assert "\\<img src=x" in text
    assert r"a\|b" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    table = text.split("\n\n")[-1].splitlines()
    assert len(table) == 3, "a header, its rule, and the worst row in one line"


def test_junit_is_xml_with_a_case_for_each_row(comparison: Comparison) -> None:
    root = ElementTree.fromstring(junit(comparison, gate_from(["cosine=0.98"], [], [])))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    first, second = root
    failure = first.find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("cosine ")
    assert "<img src=x onerror=alert(1)>" in (first.get("classname") or "")
    assert second.find("failure") is None


def test_json_has_every_row_and_the_verdict(comparison: Comparison) -> None:
    report = json.loads(json.dumps(json_ready(comparison, gate_from(["cosine=0.98"], [], []))))
    assert report["passed"] is False
    assert report["measures"]["cosine"]["count"] == 2
    assert report["differences"][0]["image"] == HOSTILE
    assert report["differences"][0]["complaints"]
    assert json_ready(comparison, gate_from([], [], []))["passed"] is True


def test_the_terminal_shows_names_as_text(comparison: Comparison) -> None:
    console = Console(width=200, file=io.StringIO())
    print_comparison(comparison, gate_from([], [], []), 10, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[x](y)" in said
    assert "\x1b" not in said
