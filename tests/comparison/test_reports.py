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
from camcli.comparison.report.document import diff_schema, document_of
from camcli.comparison.report.junit import junit
from camcli.comparison.report.markdown import markdown
from camcli.comparison.report.summary import counted
from camcli.comparison.report.terminal import print_comparison
from tests.comparison.runs import blob, row_of, write_run
from tests.output import schemas

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
    assert "\u202e" not in (first.get("classname") or "")


def test_json_has_every_row_and_the_verdict(comparison: Comparison) -> None:
    report = json.loads(
        json.dumps(document_of(comparison, gate_from(["cosine=0.98"], [], [])).to_json())
    )
    assert report["passed"] is False
    assert report["measures"]["cosine"]["count"] == 2
    assert report["differences"][0]["image"] == HOSTILE
    assert report["differences"][0]["complaints"]
    assert document_of(comparison, gate_from([], [], [])).passed


def test_the_json_is_as_its_schema_says_whatever_happened_to_the_rows(tmp_path: Path) -> None:
    error = {"status": "failed", "target": None}
    rows = [row_of("a.png"), row_of("b.png"), row_of("c.png"), row_of("gone.png")]
    other = [
        row_of("a.png"),
        row_of("b.png", "dog", 4),
        row_of("c.png", **error),
        row_of("new.png"),
    ]
    golden = write_run(tmp_path / "golden", rows, [blob(10, 10)] * 4)
    new = write_run(tmp_path / "new", other, [blob(10, 30), blob(10, 10), None, blob(1, 1)])
    found = document_of(
        compare(read_side(golden), read_side(new)), gate_from(["ssim=0.9"], [], ["missing"])
    )
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert schemas.mistakes(written, diff_schema()) == []
    assert len({each["event"] for each in written["differences"]}) == 5
    (extra,) = schemas.mistakes({**written, "verdict": "passed"}, diff_schema())
    assert "'verdict' was unexpected" in extra
    (later,) = schemas.mistakes({**written, "schema": 2}, diff_schema())
    assert "1 was expected" in later


def test_the_terminal_shows_the_end_of_long_names(tmp_path: Path) -> None:
    rows = [row_of(f"{'a_long_folder/' * 6}{letter}") for letter in "XY"]
    run = write_run(tmp_path / "run", rows, [blob(1, 1)] * 2)
    console = Console(width=80, file=io.StringIO())
    print_comparison(compare(read_side(run), read_side(run)), gate_from([], [], []), 2, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "X" in said
    assert "Y" in said


def test_pairs_that_kept_no_map_are_told(tmp_path: Path) -> None:
    rows = [row_of("a.png"), row_of("b.png"), row_of("c.png", None, status="failed")]
    golden = write_run(tmp_path / "golden", rows, [blob(1, 1), blob(1, 1), None])
    new = write_run(tmp_path / "new", rows, [blob(1, 1), None, None])
    found = counted(compare(read_side(golden), read_side(new)))
    assert found == "3 pairs compared, 1 without maps to compare (--save maps)"


def test_every_field_of_the_json_says_what_it_is() -> None:
    schema = diff_schema()
    for described in (schema, *schema["$defs"].values()):
        assert all(value["description"] for value in described["properties"].values())


def test_the_terminal_shows_names_as_text(comparison: Comparison) -> None:
    console = Console(width=200, file=io.StringIO())
    print_comparison(comparison, gate_from([], [], []), 10, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[x](y)" in said
    assert "\x1b" not in said
