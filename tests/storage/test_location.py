"""What is written down of a location reads it again, and shows no credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.storage.location import (
    Location,
    Member,
    Url,
    absolute,
    folder_name,
    location_of,
    packed,
    unpacked,
)


@pytest.mark.parametrize(
    "location",
    [
        Path("photos/a.jpg"),
        Path("s3:/no/url"),
        Url("https://me:pw@h/a.jpg?sig=1"),
        Member(Path("photos.tar"), "a/b.jpg", (1536, 20)),
        Member(Url("s3://b/photos.zip"), "a/b.jpg"),
    ],
)
def test_what_is_packed_is_unpacked(location: Location) -> None:
    assert unpacked(packed(location)) == location


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("s3://b/a?b#c.jpg", "s3://b/a?b#c.jpg"),
        ("s3://key:secret@b/a.jpg", "s3://b/a.jpg"),
        ("https://me:secret@h:8/a.jpg?sig=secret#x", "https://h:8/a.jpg"),
        ("https://h?sig=secret", "https://h"),
        ("hf://datasets/o/n@v1/a.jpg", "hf://datasets/o/n@v1/a.jpg"),
    ],
)
def test_a_url_is_shown_without_credentials(whole: str, shown: str) -> None:
    assert str(Url(whole)) == shown


def test_a_member_lies_in_its_archive_as_in_a_folder() -> None:
    member = Member(Path("photos.tar"), "cats/a.jpg")
    assert str(member) == "photos.tar/cats/a.jpg"
    assert absolute(member) == str(Path("photos.tar/cats/a.jpg").absolute())
    assert folder_name(member) == "cats"
    assert folder_name(Member(Path("dogs.tar"), "a.jpg")) == "dogs"
    assert folder_name(Url("s3://b/birds/a.jpg")) == "birds"
    assert folder_name(Path("/fish/a.jpg")) == "fish"


def test_text_is_a_url_only_with_a_scheme() -> None:
    assert location_of("s3://b/a.jpg") == Url("s3://b/a.jpg")
    assert location_of("C:/a.jpg") == Path("C:/a.jpg")
