"""What a page is made of, and when it is refused."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.comparison.entry import Entry
from camcli.comparison.frozen import freeze
from camcli.errors import InputError, OutputError
from camcli.gallery import build as subject
from camcli.gallery.build import build_gallery
from camcli.gallery.items import ShownRun, items_of
from camcli.gallery.source import read_runs
from camcli.gallery.truth import read_truth
from camcli.output.colormaps import lookup_table
from tests.comparison.runs import blob, row_of, write_run
from tests.gallery.conftest import ANSWERS, HOSTILE, rows_of


def content(path: Path) -> Any:
    """Return what a part hands to the page."""
    text = path.read_text(encoding="ascii")
    (argument,) = re.findall(r"^gallery\w+\(\d+,(\".*\")\);\n$", text)
    return json.loads(json.loads(argument))


def entries(*rows: dict[str, Any]) -> ShownRun:
    return ShownRun("run", [Entry(row, lambda: None) for row in rows], "turbo")


def test_rows_about_the_same_stand_side_by_side() -> None:
    first = entries(row_of("a", "cat", 0), row_of("a", "dog", 1), row_of("b", "cat", 0))
    second = entries(row_of("c", "cat", 0), row_of("a", "dog", 1), row_of("a", "owl", 2))
    found = [
        (item.image, *(row and row.target_name for row in item.rows))
        for item in items_of([first, second])
    ]
    assert found == [
        ("a", "cat", "owl"),
        ("a", "dog", "dog"),
        ("b", "cat", None),
        ("c", None, "cat"),
    ]


def test_every_row_is_on_the_page_with_its_figures(run: Path, tmp_path: Path) -> None:
    made = build_gallery(read_runs([run]), tmp_path / "page", {"cat/2.png": "cat"})
    assert made.items == len(ANSWERS) + 1
    assert made.missing == 0
    part = content(tmp_path / "page" / "rows" / "0.js")
    classes = content(tmp_path / "page" / "rows" / "about.js")["classes"]
    assert part["image"] == [*(name for _, _, name in ANSWERS), "dog/broken.png"]
    (shown,) = part["runs"]
    assert [classes[place] for place in shown["target"][:-1]] == [a for a, _, _ in ANSWERS]
    assert shown["probability"] == [*(p for _, p, _ in ANSWERS), None]
    assert shown["status"][-1] == "failed"
    assert [place is not None for place in part["truth"]] == [False, True, *[False] * 4]
    assert part["box"][0] == pytest.approx([32 / 192, 0, 128 / 192, 1], abs=1e-4)


def test_pictures_show_the_image_and_the_map(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    build_gallery(read_runs([run]), folder)
    part = content(folder / "rows" / "0.js")
    with Image.open(folder / part["original"][0]) as original:
        assert original.size == (192, 128)
        middle = np.asarray(original.convert("RGB"))[64, 96]
    assert abs(middle.astype(int) - [0, 90, 160]).max() <= 6
    with Image.open(folder / part["runs"][0]["heat"][1]) as heat:
        expected = lookup_table("turbo")[np.rint(blob(10, 8) * 255).astype(int)]
        assert np.array_equal(np.asarray(heat.convert("RGB")), expected)


def test_runs_are_compared_with_the_first(run: Path, another: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    build_gallery(read_runs([run, another]), folder)
    part = content(folder / "rows" / "0.js")
    assert content(folder / "rows" / "about.js")["runs"] == ["first", "second"]
    change = part["change"]
    assert min(range(len(ANSWERS)), key=lambda item: change[item]) == 2
    assert part["runs"][0]["difference"] == [None] * 6
    with Image.open(folder / part["runs"][1]["difference"][2]) as difference:
        colours = np.asarray(difference.convert("RGB")).astype(int)
    gained, lost = colours[30, 40], colours[10, 16]
    assert gained[0] > gained[2]
    assert lost[2] > lost[0], "red is more, blue is less"


def test_a_page_made_again_draws_nothing_twice(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "page"
    build_gallery(read_runs([run]), folder)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/??/*")}
    assert len(before) > 10
    build_gallery(read_runs([run]), folder)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/??/*")} == before


def test_rows_come_in_parts(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "ITEMS_PER_PART", 4)
    build_gallery(read_runs([run]), tmp_path / "page")
    about = content(tmp_path / "page" / "rows" / "about.js")
    assert (about["parts"], about["itemsPerPart"], about["items"]) == (2, 4, 6)
    assert len(content(tmp_path / "page" / "rows" / "1.js")["image"]) == 2
    assert len(content(tmp_path / "page" / "rows" / "1.details.js")) == 2


def test_originals_that_are_gone_are_counted(run: Path, tmp_path: Path, photos: Path) -> None:
    manifest = run / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace(str(photos), "/nowhere"))
    made = build_gallery(read_runs([run]), tmp_path / "page")
    assert made.missing == len(ANSWERS)
    part = content(tmp_path / "page" / "rows" / "0.js")
    assert part["original"] == [None] * 6
    assert all(part["runs"][0]["thumb"][:-1]), "the map is shown alone"


def test_originals_that_changed_are_counted_and_not_shown(run: Path, tmp_path: Path) -> None:
    manifest = run / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[0]["sha256"] = {"image": "0" * 64}
    rows[1]["sha256"] = {"image": hashlib.sha256(Path(rows[1]["path"]).read_bytes()).hexdigest()}
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    made = build_gallery(read_runs([run]), tmp_path / "page")
    assert (made.changed, made.missing) == (1, 0)
    part = content(tmp_path / "page" / "rows" / "0.js")
    assert [place is None for place in part["original"][:2]] == [True, False]


def test_rows_that_kept_no_map_are_counted_and_failed_ones_are_not(
    photos: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "bare", rows_of(photos), [None] * (len(ANSWERS) + 1))
    made = build_gallery(read_runs([run]), tmp_path / "page")
    assert (made.unmapped, made.missing) == (len(ANSWERS), 0)
    (line,) = made.lines()
    assert line.startswith("5 explained rows kept no map")
    assert build_gallery(read_runs([run]), tmp_path / "page").unmapped == len(ANSWERS)


def test_a_frozen_run_can_be_shown(run: Path, another: Path, tmp_path: Path) -> None:
    freeze(read_runs([run])[0].entries, tmp_path / "golden.npz")
    made = build_gallery(read_runs([tmp_path / "golden.npz", another]), tmp_path / "page")
    assert (made.items, made.missing) == (6, 0)


def test_nothing_else_is_overwritten(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="holds no report"):
        build_gallery(read_runs([run]), tmp_path / "mine")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        build_gallery(read_runs([run]), tmp_path / "file")


def test_the_page_runs_nothing_of_a_run(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    build_gallery(read_runs([run]), folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "script-src 'self'" in page
    for path in (folder / "rows").iterdir():
        text = path.read_text(encoding="ascii")
        assert HOSTILE not in text
        assert text.count("\n") == 1


def test_two_runs_of_one_name_are_told_apart(run: Path, tmp_path: Path) -> None:
    copy = write_run(tmp_path / "elsewhere" / "first", [row_of("a")], [None])
    assert [shown.name for shown in read_runs([run, copy])] == [str(run), str(copy)]


@pytest.mark.parametrize(
    ("record", "colormap"),
    [
        ('{"fingerprint": {"output": {"colormap": "viridis"}}}', "viridis"),
        ('{"fingerprint": []}', "turbo"),
        ("not JSON", "turbo"),
    ],
)
def test_a_run_is_shown_in_its_own_colours(run: Path, record: str, colormap: str) -> None:
    (run / "run.json").write_text(record)
    assert read_runs([run])[0].colormap == colormap


def test_truth_is_the_folder_or_a_file(run: Path, tmp_path: Path) -> None:
    shown = read_runs([run])
    by_folder = read_truth("folder", shown).by_image
    assert by_folder["cat/2.png"] == "cat"
    assert by_folder["dog/4.png"] == "dog"
    listing = tmp_path / "truth.csv"
    listing.write_text("image,class\ncat/1.png,CAT\ngone.png,dog\n")
    stated = read_truth(str(listing), shown)
    assert dict(stated.by_image) == {"cat/1.png": "cat"}
    (line,) = stated.told
    assert "1 of 2 entries match no image of the run, such as gone.png" in line


@pytest.mark.parametrize(
    ("header", "cell", "name"),
    [
        ("class", "index:1", "dog"),
        ("class_index", "1", "dog"),
        ("label", "1", "dog"),
        ("label", " DOG ", "dog"),
        ("label", "bird", "bird"),
        ("class_index", "77", "77"),
    ],
)
def test_a_class_is_named_as_for_a_target(
    run: Path, tmp_path: Path, header: str, cell: str, name: str
) -> None:
    listing = tmp_path / "truth.csv"
    listing.write_text(f"image,{header}\n1,{cell}\n")  # a name without its folder and suffix
    assert dict(read_truth(str(listing), read_runs([run])).by_image) == {"cat/1.png": name}


def test_a_number_stays_a_name_where_classes_are_called_by_numbers(tmp_path: Path) -> None:
    rows = [row_of("a.png", "1", 0), row_of("b.png", "0", 3)]
    run = write_run(tmp_path / "r", rows, [None] * 2)
    listing = tmp_path / "truth.csv"
    listing.write_text("image,class\na.png,3\nb.png,1\n")
    assert dict(read_truth(str(listing), read_runs([run])).by_image) == {"a.png": "3", "b.png": "1"}


def test_wordnet_ids_are_known_where_the_names_are_imagenets(tmp_path: Path) -> None:
    rows = [
        row_of("n01440764/a.png", "tench", 0),
        row_of("n01443537/b.png", "tench", 0),
    ]
    found = read_truth("folder", read_runs([write_run(tmp_path / "r", rows, [None] * 2)]))
    assert found.by_image["n01440764/a.png"] == "tench"
    assert found.by_image["n01443537/b.png"] == "n01443537"  # no row names it


def test_an_image_with_two_true_classes_is_refused(run: Path, tmp_path: Path) -> None:
    listing = tmp_path / "truth.csv"
    listing.write_text("image,class\ncat/1.png,cat\n./cat/1.png,dog\n")
    with pytest.raises(InputError, match=r"gives cat/1\.png two classes: cat and dog"):
        read_truth(str(listing), read_runs([run]))


def test_a_truth_that_fits_nothing_is_refused(run: Path, tmp_path: Path) -> None:
    listing = tmp_path / "truth.csv"
    listing.write_text("image,class\ngone.png,dog\n")
    with pytest.raises(InputError, match="names none of the images"):
        read_truth(str(listing), read_runs([run]))
    flat = write_run(tmp_path / "flat", [row_of("a.png", path="stuff/a.png")], [None])
    with pytest.raises(InputError, match="no folder of the images"):
        read_truth("folder", read_runs([flat]))


def test_the_methods_of_one_run_stand_side_by_side(photos: Path, tmp_path: Path) -> None:
    rows = [row for method in ("lift-cam", "grad-cam") for row in rows_of(photos, method=method)]
    maps = [blob(10, 8 * n) for n in range(len(rows) // 2 - 1)]
    several = write_run(tmp_path / "several", rows, [*maps, None, *maps, None])
    runs = read_runs([several])
    assert [each.name for each in runs] == ["lift-cam", "grad-cam"]
    items = items_of(runs)
    assert len(items) == len(rows) // 2
    assert all(
        [row.method for row in item.rows if row] == ["lift-cam", "grad-cam"] for item in items
    )
    names = [each.name for each in read_runs([several, several])]
    assert names[:2] == [f"{several}: lift-cam", f"{several}: grad-cam"]
