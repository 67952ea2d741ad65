"""Files that name the classes of each image."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import TargetError
from camcli.targets.class_table import ClassTable
from camcli.targets.listing import read_listing

TABLE = ClassTable(4, ("tench", "shark", "crane", "cock"))
NUMBERED = ClassTable(4, ("1", "10", "2", "3"))


def _read(path: Path, table: ClassTable) -> dict[str, list[int]]:
    """Return the classes of a listing in which nothing is negated."""
    found = read_listing(path, table).by_image
    assert all(listed.sign == "positive" for of in found.values() for listed in of)
    return {image: [listed.index for listed in of] for image, of in found.items()}


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


@pytest.mark.parametrize("column", ["target", "class", "class_name", "label"])
def test_an_image_may_have_several_lines(listing: Path, column: str) -> None:
    listing.write_text(f"note,image,{column}\nx,a.jpg,tench\nx,sub/b.jpg,3\nx,a.jpg,Cock\n")
    assert _read(listing, TABLE) == {"a.jpg": [0, 3], "sub/b.jpg": [3]}


@pytest.mark.parametrize("column", ["target", "class", "class_name", "label"])
def test_a_number_is_a_name_where_a_class_has_it(listing: Path, column: str) -> None:
    listing.write_text(f"image,{column}\na.jpg,2\nb.jpg,index:3\nc.jpg,class:3\nd.jpg, 1 \n")
    assert _read(listing, NUMBERED) == {
        "a.jpg": [2],
        "b.jpg": [3],
        "c.jpg": [3],
        "d.jpg": [0],
    }
    listing.write_text(f"image,{column}\na.jpg,2\nb.jpg,0\n")
    with pytest.raises(TargetError, match=r"line 3 of .*t\.csv: no class is called '0'"):
        read_listing(listing, NUMBERED)


def test_a_class_index_is_never_a_name(listing: Path) -> None:
    listing.write_text("image,class_index\na.jpg,2\nb.jpg,1\n")
    assert _read(listing, NUMBERED) == {"a.jpg": [2], "b.jpg": [1]}
    listing.write_text("image,class_index\na.jpg,tench\n")
    with pytest.raises(TargetError, match="'tench' is no class index"):
        read_listing(listing, TABLE)


def test_columns_that_name_different_classes_are_refused(listing: Path) -> None:
    listing.write_text("image,class_index,class_name,label\na.jpg,0,tench,fish\nb.jpg,3,cock,\n")
    assert _read(listing, TABLE) == {"a.jpg": [0], "b.jpg": [3]}
    listing.write_text("image,class_name,class_index\na.jpg,tench,0\nb.jpg,crane,3\n")
    with pytest.raises(TargetError, match=r"line 3 .* class_index '3' and class_name 'crane' are"):
        read_listing(listing, TABLE)


@pytest.mark.parametrize("text", ["photo,class\na,1\n", "image,thing\na,1\n", ""])
def test_a_file_without_the_right_header_is_refused(listing: Path, text: str) -> None:
    listing.write_text(text)
    with pytest.raises(TargetError, match="needs a header with image and one of target, class_"):
        read_listing(listing, TABLE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"image,class\na.jpg,tensh\n", "line 2 of .*t.csv: there is no class 'tensh'"),
        (b"image,class\na.jpg\n", "line 2 of .*t.csv: it names no class: class is empty"),
        (b"image,class\na.jpg,9\n", "there is no class 9"),
        (b"image,class\na\xff.jpg,1\n", "cannot read .*t.csv"),
        (b'image,class\n"' + b"a" * 200_000 + b'",1\n', "cannot read .*t.csv: field larger"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(listing: Path, content: bytes, reason: str) -> None:
    listing.write_bytes(content)
    with pytest.raises(TargetError, match=reason):
        read_listing(listing, TABLE)
