"""Which rows are compared, what is measured of them, and what a gate lets pass."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camcli.comparison.compare import Comparison, compare, read_side
from camcli.comparison.frozen import SIDE, freeze
from camcli.comparison.gate import gate_from
from camcli.comparison.report.document import document_of
from camcli.comparison.report.markdown import markdown
from camcli.comparison.settings import settings_apart
from camcli.errors import CamcliError, InputError
from camcli.evaluation.rows import EvaluationRow
from camcli.output.manifest import to_line
from camcli.records import Target
from tests.comparison.runs import blob, row_of, write_run

_number = itertools.count()


def run(tmp_path: Path, rows: list[dict[str, Any]], maps: list[Any]) -> Path:
    return write_run(tmp_path / f"run{next(_number)}", rows, maps)


def compared(golden: Path, new: Path) -> Comparison:
    return compare(read_side(golden), read_side(new))


def test_a_run_is_like_itself(tmp_path: Path) -> None:
    same = run(tmp_path, [row_of("a.png"), row_of("b.png", "dog", 4)], [blob(3, 5), blob(9, 40)])
    found = compared(same, same)
    assert not found.events
    for name, perfect in (("cosine", 1), ("spearman", 1), ("ssim", 1), ("peak_shift", 0)):
        assert found.values(name) == pytest.approx([perfect, perfect])
    assert found.values("score") == found.values("probability") == [0, 0]


def test_a_peak_shift_is_in_pixels_of_the_image(tmp_path: Path) -> None:
    """The maps of 32 x 48 cover a crop of 64 x 96 pixels, so each of theirs is two of the image."""
    golden = run(tmp_path, [row_of("a.png")], [blob(10, 10)])
    new = run(tmp_path, [row_of("a.png")], [blob(13, 14)])
    (difference,) = compared(golden, new).differences
    assert difference.figures["peak_shift"] == pytest.approx(math.hypot(6, 8))


def test_maps_of_two_sizes_are_compared_at_the_smaller(tmp_path: Path) -> None:
    small = blob(10, 10)
    golden = run(tmp_path, [row_of("a.png")], [small])
    new = run(tmp_path, [row_of("a.png")], [np.kron(small, np.ones((3, 3), np.float32))])
    (difference,) = compared(golden, new).differences
    assert difference.figures["cosine"] == pytest.approx(1)
    assert difference.figures["peak_shift"] == pytest.approx(0)


def test_maps_of_different_parts_of_an_image_are_not_compared(tmp_path: Path) -> None:
    golden = run(tmp_path, [row_of("a.png")], [blob(10, 10)])
    new = run(tmp_path, [row_of("a.png", crop_box=[0, 0, 90, 60])], [blob(10, 10)])
    (difference,) = compared(golden, new).differences
    assert difference.event == "crop-changed"
    assert difference.figures["cosine"] is None


def test_maps_of_two_images_of_one_name_are_told(tmp_path: Path) -> None:
    made = [(digest, blob(10, 10)) for digest in ("ab", "cd", None)]
    one, other, unknown = (
        run(tmp_path, [row_of("a.png", sha256=digest and {"image": digest})], [values])
        for digest, values in made
    )
    freeze(read_side(one), tmp_path / "one.npz")
    for golden in (one, tmp_path / "one.npz"):
        assert compared(golden, other).events == {"image-changed": 1}
        assert not compared(golden, one).events
        assert not compared(golden, unknown).events


def test_maps_at_the_size_of_the_image_cover_all_of_it(tmp_path: Path) -> None:
    row = row_of("a.png", width=200, height=100, crop_box=[50, 0, 150, 100])
    folder = run(tmp_path, [row], [blob(10, 10)])
    record = {"fingerprint": {"output": {"map_size": "original"}}}
    (folder / "run.json").write_text(json.dumps(record))
    assert read_side(folder)[0].extent == (0, 0, 200, 100)
    freeze(read_side(folder), tmp_path / "golden.npz")
    assert read_side(tmp_path / "golden.npz")[0].extent == (0, 0, 200, 100)


def test_rows_are_paired_by_image_and_target_whatever_their_order(tmp_path: Path) -> None:
    rows = [row_of("a.png", "cat", 3), row_of("a.png", "dog", 4), row_of("b.png", "cat", 3)]
    maps = [blob(3, 5), blob(9, 40), blob(20, 20)]
    golden = run(tmp_path, rows, maps)
    new = run(tmp_path, rows[::-1], maps[::-1])
    assert compared(golden, new).values("cosine") == pytest.approx([1, 1, 1])


def test_what_happened_to_a_row_is_told_apart(tmp_path: Path) -> None:
    failed = row_of("broken.png", None, status="failed")
    golden = run(
        tmp_path,
        [row_of("a.png"), row_of("gone.png"), failed],
        [blob(3, 5), blob(3, 5), None],
    )
    new = run(
        tmp_path,
        [row_of("a.png", "dog", 4), row_of("broken.png"), row_of("more.png")],
        [blob(3, 5), blob(3, 5), blob(3, 5)],
    )
    found = compared(golden, new)
    events = {difference.image: difference.event for difference in found.differences}
    assert events == {
        "a.png": "target-changed",
        "gone.png": "missing",
        "broken.png": "status-changed",
        "more.png": "new",
    }
    changed = next(d for d in found.differences if d.image == "a.png")
    assert (changed.target, changed.new_target) == ("cat", "dog")
    assert changed.figures["cosine"] == pytest.approx(1)
    assert changed.figures["score"] is None, "scores of two classes are not comparable"


def test_a_class_and_what_speaks_against_it_are_two_targets(tmp_path: Path) -> None:
    against = row_of("a.png")
    against["target"]["sign"] = "negative"
    golden = run(tmp_path, [row_of("a.png")], [blob(3, 5)])
    (difference,) = compared(golden, run(tmp_path, [against], [blob(3, 5)])).differences
    assert difference.event == "target-changed"
    assert difference.new_target == "-cat"


def test_the_worst_comes_first(tmp_path: Path) -> None:
    rows = [row_of(f"{name}.png") for name in "abc"]
    golden = run(tmp_path, rows, [blob(10, 10)] * 3)
    new = run(tmp_path, rows, [blob(10, 11), blob(10, 30), blob(10, 10)])
    assert [d.image for d in compared(golden, new).differences] == ["b.png", "a.png", "c.png"]


def test_a_gate_fails_what_breaks_a_limit_or_could_not_be_measured(tmp_path: Path) -> None:
    rows = [row_of("a.png"), row_of("b.png"), row_of("c.png")]
    golden = run(tmp_path, rows, [blob(10, 10)] * 3)
    new = run(tmp_path, rows, [blob(10, 10), blob(10, 30), None])
    found = compared(golden, new)
    gate = gate_from(["cosine=0.98"], ["peak_shift=50"], [])
    failures = {difference.image: complaints for difference, complaints in gate.failures(found)}
    assert set(failures) == {"b.png", "c.png"}
    assert failures["b.png"][0].startswith("cosine ")
    assert failures["c.png"] == ["no cosine to compare", "no peak_shift to compare"]
    assert gate_from([], [], []).is_open


def test_a_limit_itself_passes(tmp_path: Path) -> None:
    golden = run(tmp_path, [row_of("a.png")], [blob(10, 10)])
    new = run(tmp_path, [row_of("a.png")], [blob(13, 14)])
    shift = compared(golden, new).values("peak_shift")[0]
    assert not list(gate_from([], [f"peak_shift={shift!r}"], []).failures(compared(golden, new)))


@pytest.mark.parametrize(
    ("under", "over", "events", "message"),
    [
        (["cosin=1"], [], [], "did you mean 'cosine'"),
        (["cosine"], [], [], "MEASURE=NUMBER"),
        (["cosine=nan"], [], [], "MEASURE=NUMBER"),
        (["score=1"], [], [], "of score, higher is worse: --fail-over"),
        ([], ["ssim=1"], [], "of ssim, lower is worse: --fail-under"),
        (
            [],
            [],
            ["changed"],
            "target-changed, status-changed, image-changed, crop-changed, missing, new",
        ),
    ],
)
def test_a_gate_that_cannot_be_understood_is_refused(
    under: list[str], over: list[str], events: list[str], message: str
) -> None:
    with pytest.raises(CamcliError, match=message):
        gate_from(under, over, events)


def test_a_frozen_run_stands_for_the_run(tmp_path: Path) -> None:
    rows = [row_of("a.png"), row_of("broken.png", None, status="failed")]
    folder = run(tmp_path, rows, [blob(60, 80, (128, 192)), None])
    file = tmp_path / "golden.npz"
    freeze(read_side(folder), file)
    found = compared(file, folder)
    assert not found.events
    assert found.values("cosine") == pytest.approx([1], abs=1e-6)
    assert found.values("peak_shift") == [0]
    kept = read_side(file)[0].read_map()
    assert kept is not None
    assert kept.shape == (43, SIDE)


def test_fifty_frozen_images_are_small_enough_to_commit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    coarse = [rng.random((14, 14)).astype(np.float32) for _ in range(50)]
    maps = [np.kron(values, np.ones((16, 16), np.float32)) for values in coarse]
    folder = run(tmp_path, [row_of(f"{n}.png") for n in range(50)], maps)
    freeze(read_side(folder), tmp_path / "golden.npz")
    assert (tmp_path / "golden.npz").stat().st_size < 1_000_000


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 nor is this"])
def test_a_broken_frozen_run_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "golden.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no frozen run"):
        read_side(path)


def test_an_evaluation_is_no_run_to_compare(tmp_path: Path) -> None:
    row = EvaluationRow("a.png", "ok", Target(1, "cat", 2.0, 0.5))
    (tmp_path / "manifest.jsonl").write_text(to_line(row) + "\n")
    with pytest.raises(InputError, match="holds an evaluation, which has figures and no maps"):
        read_side(tmp_path)


def test_a_frozen_run_with_objects_in_it_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    np.savez(path, rows=np.array([object()], dtype=object), shapes=[], maps=[])
    with pytest.raises(InputError, match="no frozen run"):
        read_side(path)


def test_a_frozen_run_whose_parts_do_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    rows = np.frombuffer(b'{"format": 1, "rows": [{"image": "a", "status": "ok"}]}', np.uint8)
    np.savez(path, rows=rows, shapes=np.array([[2, 2]]), maps=np.zeros(3, np.uint16))
    with pytest.raises(InputError, match="do not belong together"):
        read_side(path)


def test_runs_without_a_common_image_are_refused(tmp_path: Path) -> None:
    golden = run(tmp_path, [row_of("a.png")], [blob(3, 5)])
    new = run(tmp_path, [row_of("x/a.png")], [blob(3, 5)])
    with pytest.raises(InputError, match="no image in common"):
        compared(golden, new)


def test_what_holds_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no run"):
        read_side(tmp_path / "nothing")
    with pytest.raises(InputError, match="no manifest"):
        read_side(tmp_path)
    (tmp_path / "manifest.0-of-2.jsonl").touch()
    with pytest.raises(InputError, match="camcli merge"):
        read_side(tmp_path)
    (tmp_path / "manifest.jsonl").touch()
    with pytest.raises(InputError, match="no rows"):
        read_side(tmp_path)


def test_a_map_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = run(tmp_path, [row_of("a.png")], [np.zeros((2, 3, 4), np.float32)])
    with pytest.raises(InputError, match="is no map"):
        compared(folder, folder)


def by(method: str, image: str = "a.png", **fields: Any) -> dict[str, Any]:
    return row_of(image, method=method, **fields)


def test_rows_of_several_methods_are_compared_by_method(tmp_path: Path) -> None:
    golden = run(tmp_path, [by("lift-cam"), by("grad-cam")], [blob(3, 5), blob(20, 40)])
    new = run(tmp_path, [by("grad-cam"), by("eigen-cam")], [blob(20, 40), blob(3, 5)])
    found = {each.method: each for each in compared(golden, new).differences}
    assert found["grad-cam"].figures["cosine"] == pytest.approx(1)
    assert {name: each.event for name, each in found.items()} == {
        "grad-cam": None, "lift-cam": "missing", "eigen-cam": "new",
    }  # fmt: skip
    assert found["lift-cam"].about == "cat by lift-cam"


def test_two_runs_of_one_method_each_are_compared_whichever_these_are(tmp_path: Path) -> None:
    golden = run(tmp_path, [by("lift-cam")], [blob(3, 5)])
    new = run(tmp_path, [by("grad-cam")], [blob(3, 5)])
    (difference,) = compared(golden, new).differences
    assert (difference.method, difference.event) == (None, None)
    assert difference.figures["cosine"] == pytest.approx(1)


def test_what_the_runs_were_asked_for_otherwise_is_told_by_their_records(tmp_path: Path) -> None:
    sides = [run(tmp_path, [by(name)], [blob(3, 5)]) for name in ("lift-cam", "grad-cam")]
    for side, name, weights in zip(sides, ("lift-cam", "grad-cam"), "ab", strict=True):
        fingerprint = {
            "method": {"name": name},
            "model": {"name": "net", "weights": f"sha256:{weights * 64}"},
            "output": {"save": [name]},
            "surroundings": {"torch": name},
        }
        (side / "run.json").write_text(json.dumps({"fingerprint": fingerprint}))
    golden, new = sides
    told = settings_apart(golden, new, read_side(golden), read_side(new))
    assert told == (
        "method.name: lift-cam in the first run, grad-cam in the second",
        f"model.weights: sha256:{'a' * 12} in the first run, sha256:{'b' * 12} in the second",
    )
    assert settings_apart(golden, golden, read_side(golden), read_side(golden)) == ()


def test_without_a_record_rows_say_by_which_methods_they_were_made(tmp_path: Path) -> None:
    golden = run(tmp_path, [by("lift-cam", layer="body")], [blob(3, 5)])
    new = run(tmp_path, [by("grad-cam", layer="body")], [blob(3, 5)])
    sides = read_side(golden), read_side(new)
    told = settings_apart(golden, new, *sides)
    assert told == ("method: lift-cam in the first run, grad-cam in the second",)
    found = compare(*sides, told)
    gate = gate_from([], [], [])
    assert document_of(found, gate).to_json()["settings"] == told
    assert "- method\\: lift-cam in the first run" in markdown(found, gate, 3)
