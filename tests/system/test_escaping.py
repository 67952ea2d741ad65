"""Untrusted text does nothing where it is shown."""

from __future__ import annotations

import pytest

from camcli.system.escaping import in_markdown, in_spreadsheet, in_xml


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lift-cam", "lift-cam"),
        ("a|b", r"a\|b"),
        ("`x` <b> [l](u)", r"\`x\` \<b\> \[l\]\(u\)"),
        ("@team :tada: a@b.c", r"\@team \:tada\: a\@b\.c"),
        ("one\ntwo\x1b[2J\u202e", r"one\\ntwo\\x1b\[2J\\u202e"),
    ],
)
def test_markdown_shows_text_as_it_is_in_one_line(text: str, shown: str) -> None:
    assert in_markdown(text) == shown


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_a_formula(begin: str) -> None:
    assert in_spreadsheet(f"{begin}1+1") == f"'{begin}1+1"
    assert in_spreadsheet(f"a{begin}1") == f"a{begin}1"


def test_xml_holds_what_is_left_and_turns_nothing_round() -> None:
    assert in_xml("a\x00\x1b\ufffe\ud800\u202eb]]>&") == (r"a\x00\x1b\ufffe\ud800\u202eb]]>&")
