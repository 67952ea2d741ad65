"""Archives, tables, datasets and lists hold what the folder holds that they were made of."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from camcli.errors import CamcliWarning, InputError
from camcli.images.decode import decode, stored_picture
from camcli.images.find import find_images, refs_from_paths
from camcli.images.listing import Listing
from camcli.records import FailedImage, ImageItem
from camcli.storage.reading import digest_of, found_at
from tests.images.archives import (
    files_in,
    save_to_disk,
    table_of,
    write_parquet,
    write_tar,
    write_zip,
)
from tests.images.decoding import PREPROCESS


def _listed(folder: Path) -> Path:
    lines = [f"{name},a" for name, _ in files_in(folder)]
    (folder / "list.csv").write_text("\n".join(["image,label", *lines]))
    return folder / "list.csv"


SOURCES: dict[str, Callable[[Path, Path], Path]] = {
    "tar": lambda folder, to: write_tar(to / "scenes.tar", files_in(folder)),
    "tar of ./": lambda folder, to: write_tar(
        to / "dotted.tar", [(f"./{name}", data) for name, data in reversed(files_in(folder))]
    ),
    "zip": lambda folder, to: write_zip(to / "scenes.zip", files_in(folder)),
    "parquet": lambda folder, to: write_parquet(to / "scenes.parquet", table_of(files_in(folder))),
    "dataset": lambda folder, to: save_to_disk(to / "scenes", [table_of(files_in(folder))]),
    "csv": lambda folder, _: _listed(folder),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, scenes: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    for name, data in files_in(scenes):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(data)
    return SOURCES[request.param](copy, tmp_path)


def test_a_source_has_the_images_of_the_folder_it_was_made_of(scenes: Path, source: Path) -> None:
    expected, found = find_images([str(scenes)]), find_images([str(source)])
    assert [ref.name for ref in found] == [ref.name for ref in expected]
    for wanted, ref in zip(expected, found, strict=True):
        one, other = decode(wanted, PREPROCESS), decode(ref, PREPROCESS)
        assert isinstance(one, ImageItem)
        assert isinstance(other, ImageItem)
        assert np.array_equal(one.pixels, other.pixels)
        assert one.sha256 == other.sha256 == digest_of(ref.path)
        assert stored_picture(wanted.path) == stored_picture(ref.path)


def test_what_a_row_says_of_an_image_finds_it_again(source: Path) -> None:
    for ref in find_images([str(source)]):
        assert digest_of(found_at(str(ref.path))) == digest_of(ref.path)


def test_members_beside_other_inputs_say_which_archive_they_are_of(
    scenes: Path, tmp_path: Path
) -> None:
    data = files_in(scenes)
    for name in ("train-00.tar", "train-01.tar"):
        write_tar(tmp_path / name, data[:1])
    expected = ["train-00/0.png", "train-01/0.png"]
    for inputs in (
        [f"{tmp_path}/train-{{00..01}}.tar"],
        [f"{tmp_path}/train-{{00,01}}.tar"],
        [f"{tmp_path}/train-00.tar", f"{tmp_path}/train-01.tar"],
    ):
        assert [ref.name for ref in find_images(inputs)] == expected
    (found,) = {ref.name for ref in find_images([f"{tmp_path}/*-00.tar"])}
    assert found.endswith("train-00/0.png")


def test_a_shard_that_is_missing_is_told(tmp_path: Path, scenes: Path) -> None:
    write_tar(tmp_path / "train-0.tar", files_in(scenes)[:1])
    with pytest.raises(InputError, match=r"no such file or folder.*train-1\.tar"):
        find_images([f"{tmp_path}/train-{{0..1}}.tar"])
    with pytest.raises(InputError, match="is no range"):
        find_images([f"{tmp_path}/train-{{3..1}}.tar"])


def _labels(listing: Listing) -> list[object]:
    return [ref.label for ref in listing]


def test_what_lies_beside_an_image_is_its_label(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "web.tar",
        [
            *((f"a/{key}.jpg", b"x") for key in "01234"),
            ("a/0.cls", b"7\n"),
            ("a/0.txt", b"a caption, which .cls outdoes"),
            ("a/1.json", json.dumps({"label": "tench", "id": 3}).encode()),
            ("a/2.txt", b" cock "),
            ("a/3.json", b"[1"),
            ("4.cls", b"9"),
        ],
    )
    assert _labels(find_images([str(path)])) == [7, "tench", "cock", None, None]


def test_a_table_names_its_classes(tmp_path: Path) -> None:
    members = [(f"{number}.png", b"x") for number in range(5)]
    named = write_parquet(tmp_path / "named.parquet", table_of(members, "abcde"))
    plain = write_parquet(tmp_path / "plain.parquet", table_of(members))
    assert _labels(find_images([str(named)])) == ["a", "b", "c", "d", "e"]
    assert _labels(find_images([str(plain)])) == [0, 1, 2, 3, 4]


def test_rows_without_a_path_are_called_by_their_number(tmp_path: Path, scenes: Path) -> None:
    data = [data for _, data in files_in(scenes)]
    path = write_parquet(tmp_path / "bytes.parquet", pa.table({"photo": data}))
    found = find_images([str(path)])
    assert [ref.name for ref in found][:2] == ["00000000", "00000001"]
    assert isinstance(decode(found[5], PREPROCESS), ImageItem)


def test_a_table_may_say_where_its_images_are(tmp_path: Path, scenes: Path) -> None:
    images = [{"bytes": None, "path": str(scenes / "0.png")}, {"bytes": None, "path": None}]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"image": pa.array(images, kind)})
    first, second = find_images([str(write_parquet(tmp_path / "paths.parquet", table))])
    assert isinstance(decode(first, PREPROCESS), ImageItem)
    failed = decode(second, PREPROCESS)
    assert isinstance(failed, FailedImage)
    assert failed.message == "the row holds no image"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"text": ["a"]}, "no column holds images"),
        ({"one": [b"a"], "two": [b"a"]}, "one, two may all hold the images"),
    ],
)
def test_a_table_whose_images_are_not_known_is_refused(
    tmp_path: Path, columns: dict[str, list[object]], said: str
) -> None:
    path = write_parquet(tmp_path / "t.parquet", pa.table(columns))
    with pytest.raises(InputError, match=said):
        find_images([str(path)])


def test_datasets_of_several_splits_say_which(tmp_path: Path) -> None:
    table = table_of([("x.png", b"x")])
    for split in ("train", "test"):
        save_to_disk(tmp_path / "all" / split, [table])
    (tmp_path / "all" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    names = [ref.name for ref in find_images([str(tmp_path / "all")])]
    assert names == ["train/data-00000/x.png", "test/data-00000/x.png"]


def test_archives_in_folders_and_columns_of_lists_are_told(tmp_path: Path, scenes: Path) -> None:
    write_zip(tmp_path / "inner.zip", files_in(scenes))
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.warns(CamcliWarning, match="1 entry left out, archives are opened where they are"):
        assert len(find_images([str(tmp_path)])) == 1
    (tmp_path / "list.csv").write_text("path,colour\na.png,red\na.png,red\n")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert len(find_images([str(tmp_path / "list.csv")])) == 1
    assert [str(warning.message).split(": ")[-1] for warning in told] == [
        "as a list of images, nothing reads the columns colour",
        "1 of the images given are named again, and explained once",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("photo\na.png\n", "needs a header with one of image, path, file, url"),
        ("image,label\na.png,1\n,2\n", "line 3 of .* names no image"),
    ],
)
def test_a_list_that_lists_no_image_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        find_images([str(tmp_path / "list.csv")])


def test_a_path_that_arrives_may_be_a_url_and_no_archive(tmp_path: Path, scenes: Path) -> None:
    archive = write_tar(tmp_path / "scenes.tar", files_in(scenes))
    url, tar = refs_from_paths(["s3://bucket/a/b.jpg", str(archive)])
    assert (url.name, str(url.path)) == ("bucket/a/b.jpg", "s3://bucket/a/b.jpg")
    failed = decode(tar, PREPROCESS)
    assert isinstance(failed, FailedImage)
    assert failed.message == "archives and tables are opened where they are inputs of their own"
