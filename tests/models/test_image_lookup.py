"""Which entry of a user's file means which image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from camcli.models.image_lookup import AmbiguousImageError, Entry, ImageIndex
from camcli.models.listed_images import ListedImages
from camcli.records import ImageRef


def refs(*names: str) -> list[ImageRef]:
    return [ImageRef(i, Path("/data/photos", name), name) for i, name in enumerate(names)]


def assigned(entries: Sequence[str], images: Sequence[str]) -> list[str | None]:
    """Return the entry that each image gets, None where it gets none."""
    index = ImageIndex("truth.json", [Entry((entry,), entry) for entry in entries])
    listing = refs(*images)
    refused = index.assign(listing).refused
    found = []
    for ref in listing:
        try:
            match = None if ref.index in refused else index.best(ref)
        except AmbiguousImageError:
            match = None
        found.append(match and match.entry.value)
    return found


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("cats/1.png", "cats/1.png"),
        ("./cats//1.png", "cats/1.png"),
        ("cats/../cats/1.png", "cats/1.png"),
        ("/data/photos/cats/1.png", "cats/1.png"),
        ("images\\cats\\1.png", "cats/1.png"),
        ("C:\\Users\\me\\cats\\1.png", "cats/1.png"),
        ("https://host/bucket/cats/my%20cat.png", "cats/my cat.png"),
        ("s3://bucket/cats/1.png", "cats/1.png"),
        ("cats/1", "cats/1.png"),
        ("cats/1.jpg", "cats/1.png"),
        ("cats/1.png.json", "cats/1.png"),
        ("Cats/1.PNG", "cats/1.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("scan.001", "scan.001.png"),
        ("images/1.png", "1.png"),
        ("1.png", "cats/1.png"),
        ("train/1.png", "cats/1.png"),
    ],
)
def test_an_entry_is_found_however_its_path_is_written(entry: str, image: str) -> None:
    assert assigned([entry, "other/2.png"], [image, "other/3.png"]) == [entry, None]


def test_equal_names_in_two_folders_are_told_apart_by_their_folders() -> None:
    images = ["cats/1.png", "dogs/1.png"]
    for prefix in ("", "/data/photos/", "x/y/z/", "photos\\"):
        entries = [f"{prefix}dogs/1.png", f"{prefix}cats/1.png"]
        assert assigned(entries, images) == entries[::-1]
    assert assigned(["cats/1.jpg", "dogs/1"], images) == ["cats/1.jpg", "dogs/1"]


def test_a_name_that_two_images_share_goes_to_neither() -> None:
    assert assigned(["1.png"], ["cats/1.png", "dogs/1.png"]) == [None, None]
    assert assigned(["1"], ["cats/1.png", "dogs/1.jpg"]) == [None, None]


def test_a_name_that_two_entries_share_is_refused_with_both() -> None:
    index = ImageIndex("truth.json", [Entry((name,), 0) for name in ("x/1.png", "y/1.png")])
    with pytest.raises(AmbiguousImageError, match=r"2 entries .* x/1\.png and y/1\.png"):
        index.best(refs("1.png")[0])


def test_an_entry_that_is_one_image_wholly_is_not_lent_to_another() -> None:
    assert assigned(["1.png"], ["1.png", "sub/1.png"]) == ["1.png", None]
    assert assigned(["1"], ["sub/1.png", "1.png"]) == [None, "1"]
    assert assigned(["photos/1.png", "1.png"], ["1.png", "photos/1.png"]) == [
        "1.png",
        "photos/1.png",
    ]


def test_spellings_decide_only_between_entries_that_fit_alike() -> None:
    assert assigned(["A.png", "a.png"], ["a.png", "A.png"]) == ["a.png", "A.png"]
    assert assigned(["a%20b.png", "a b.png"], ["a b.png"]) == ["a b.png"]
    assert assigned(["A.PNG"], ["a.png"]) == ["A.PNG"]


def test_the_same_file_listed_twice_is_one_image() -> None:
    index = ImageIndex("t.csv", [Entry(("1.png",), 7)])
    path = Path("/data/1.png")
    twice = [ImageRef(0, path, "data/1.png"), ImageRef(1, path, "data/1~2.png")]
    assert not index.assign(twice).refused
    assert [match and match.entry.value for match in map(index.best, twice)] == [7, 7]


def test_a_path_without_components_is_no_image() -> None:
    assert assigned(["", "/", "."], ["1.png"]) == [None]


def test_what_a_file_lists_too_much_is_counted_with_examples() -> None:
    listed = ListedImages("t.csv", {"cats/1.png": [0], "./cats/1.png": [2], "gone.png": [1]})
    listed.expect(refs("cats/1.png", "2.png"))
    assert listed.of(refs("cats/1.png")[0]) == [0, 2]
    assert listed.of(ImageRef(1, Path("/data/photos/2.png"), "2.png")) is None
    use = listed.use()
    assert (use.entries, use.used, use.unused) == (2, 1, ("gone.png",))
    assert use.lines() == [
        "t.csv: 1 of 2 entries match no image of the run, such as gone.png",
    ]


def test_an_ambiguous_entry_of_a_whole_listing_is_refused_with_both_images() -> None:
    listed = ListedImages("t.csv", {"1.png": [0]})
    listing = refs("cats/1.png", "dogs/1.png")
    listed.expect(listing)
    for ref in listing:
        with pytest.raises(AmbiguousImageError, match=r"may mean cats/1\.png or dogs/1\.png"):
            listed.of(ref)


def test_an_entry_that_met_two_images_of_a_stream_is_told() -> None:
    listed = ListedImages("t.csv", {"1.png": [0], "2.png": [1]})
    for ref in refs("cats/1.png", "dogs/1.png", "cats/1.png"):
        listed.notice(ref)
    unused, shared = listed.use().lines()
    assert "1 of 2 entries match no image of the run, such as 2.png" in unused
    assert "1.png was taken for both /data/photos/cats/1.png and /data/photos/dogs/1.png" in shared


def test_an_entry_of_another_folder_is_told() -> None:
    listed = ListedImages("t.csv", {"dog/1.png": [0], "2.png": [1], "cat/3": [2]})
    found = [listed.of(each) for each in refs("cat/1.png", "cat/2.png", "cat/3.png")]
    assert found == [[0], [1], [2]]
    use = listed.use()
    assert (use.by_name, use.matched) == (1, ("cat/1.png with dog/1.png",))
    assert "t.csv: matched by file name alone, as their folders differ: 1 image" in use.lines()[-1]
