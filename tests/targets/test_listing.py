"""Files that name the classes of each image."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import TargetError
from camcli.targets.class_table import ClassTable
from camcli.targets.listing import read_listing

TABLE = ClassTable(4, ("tench", "shark", "crane", "cock"))


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


@pytest.mark.parametrize("column", ["target", "class_index", "class", "class_name", "label"])
def test_an_image_may_have_several_lines(listing: Path, column: str) -> None:
    listing.write_text(f"note,image,{column}\nx,a.jpg,tench\nx,sub/b.jpg,3\nx,a.jpg,Cock\n")
    assert read_listing(listing, TABLE) == {"a.jpg": [0, 3], "sub/b.jpg": [3]}


@pytest.mark.parametrize("text", ["photo,class\na,1\n", "image,thing\na,1\n", ""])
def test_a_file_without_the_right_header_is_refused(listing: Path, text: str) -> None:
    listing.write_text(text)
    with pytest.raises(TargetError, match="needs a header with image and one of target, class_"):
        read_listing(listing, TABLE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"image,class\na.jpg,tensh\n", "there is no class 'tensh'"),
        (b"image,class\na.jpg\n", "there is no class ''"),
        (b"image,class\na.jpg,9\n", "there is no class 9"),
        (b"image,class\na\xff.jpg,1\n", "cannot read .*t.csv"),
        (b'image,class\n"' + b"a" * 200_000 + b'",1\n', "cannot read .*t.csv: field larger"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(listing: Path, content: bytes, reason: str) -> None:
    listing.write_bytes(content)
    with pytest.raises(TargetError, match=reason):
        read_listing(listing, TABLE)
