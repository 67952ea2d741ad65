from __future__ import annotations

import json

import pytest

from camcli.images.names import UniqueNames, safe_name


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (["a", "cat.jpg"], "a/cat.jpg"),
        (["", "..", ".", "x", "..", "cat.jpg"], "x/cat.jpg"),
        (["a\nb\t.jpg"], "a%0Ab%09.jpg"),
        (["caf\udce9.jpg"], "caf%E9.jpg"),
        (["..\\..\\boot.ini"], "..%5C..%5Cboot.ini"),
        (["12:30 <b>.jpg"], "12%3A30 %3Cb%3E.jpg"),
        (["-rf", "\N{CAT FACE} é.jpg"], "-rf/\N{CAT FACE} é.jpg"),
        (["..."], "..."),
        ([".."], "unnamed"),
        ([], "unnamed"),
    ],
)
def test_names_are_relative_and_printable(parts: list[str], name: str) -> None:
    assert safe_name(parts) == name
    json.dumps(name).encode()


@pytest.mark.parametrize("char", ["a", "é", "\N{CAT FACE}", "\udcff"])
@pytest.mark.parametrize("suffix", [".jpg", "." + "z" * 240, ""])
def test_long_parts_leave_room_for_added_suffixes(char: str, suffix: str) -> None:
    long = safe_name([char * 250 + suffix])
    other = safe_name([char * 251 + suffix])
    assert len(f"{long}~12.281.npy".encode()) <= 255
    assert long != other
    assert long.startswith(safe_name([char]))
    if suffix == ".jpg":
        assert long.endswith(".jpg")


def test_a_part_of_two_hundred_bytes_is_kept() -> None:
    part = "a" * 196 + ".jpg"
    assert safe_name([part]) == part
    assert safe_name(["a" + part]) != "a" + part


def test_each_name_is_handed_out_once() -> None:
    unique = UniqueNames()
    wished = ["a/cat.jpg", "a/cat.jpg", "a/cat~2.jpg", "a/cat.jpg", "a/cat.jpg", "b/cat.jpg", "x"]
    given = [unique.take(name) for name in wished]
    assert given == [
        *("a/cat.jpg", "a/cat~2.jpg", "a/cat~2~2.jpg", "a/cat~3.jpg", "a/cat~4.jpg"),
        *("b/cat.jpg", "x"),
    ]
