"""Text files that users write are read alike, whatever they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import PromptError, TargetError
from camcli.models.text_files import read_columns, read_text, whole_number

WANTED = (("image",), ("class", "label"))


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfdog\r\n")
    assert read_text(tmp_path / "a.txt", "a.txt", TargetError) == "dog\n"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PromptError, match=r"^cannot read the prompts in a\.txt: "):
        read_text(path, "the prompts in a.txt", PromptError)


def test_wanted_columns_are_picked_by_the_first_name_that_is_there() -> None:
    text = 'label,more,image,class\nx,,a.jpg,dog\ny,,"b,\nb.jpg",\nz\n'
    rows = list(read_columns(text, "a.csv", WANTED, TargetError))
    assert [(row.line, row.values) for row in rows] == [
        (2, ("a.jpg", "dog")),
        (4, ("b,\nb.jpg", "")),
        (5, ("", "")),
    ]
    assert rows[0].cells == {"label": "x", "more": "", "image": "a.jpg", "class": "dog"}


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), (" 007 ", 7), ("-7", None), ("7.0", None), ("²", None), ("9" * 5000, None)],
)
def test_a_number_is_written_in_digits_alone(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(("text", "found"), [("", "none"), ("image,thing\na,1\n", "image, thing")])
def test_a_header_that_lacks_a_column_is_told_what_is_there(text: str, found: str) -> None:
    expected = f"^a.csv needs a header with image and one of class, label; it has {found}$"
    with pytest.raises(TargetError, match=expected):
        list(read_columns(text, "a.csv", WANTED, TargetError))


def test_a_field_beyond_the_limit_is_a_mistake_and_no_crash() -> None:
    text = f"image,class\n{'a' * 200_000},1\n"
    with pytest.raises(TargetError, match=r"cannot read a\.csv: field larger"):
        list(read_columns(text, "a.csv", WANTED, TargetError))
