"""A resumed run does what is left, and ends with the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.files import staging_path
from camcli.output.folder import open_folder
from camcli.output.manifest import read_rows
from camcli.output.owner import Owner
from camcli.output.resume import DoneImage, ResumeState
from camcli.records import ImageRef
from tests.output.runs import FINGERPRINT, RESUME, names_in, run


def test_resuming_does_what_is_left(tmp_path: Path) -> None:
    run(tmp_path, "ab", state="interrupted")
    resume_state = run(tmp_path, "abcd", RESUME)
    assert resume_state.images == 2
    assert resume_state.counts == {"ok": 2}
    assert names_in(tmp_path) == "abcd"


def test_resuming_nothing_is_beginning(tmp_path: Path) -> None:
    run(tmp_path / "out", "ab", RESUME)
    assert names_in(tmp_path / "out") == "ab"


def test_another_config_is_refused_by_its_keys(tmp_path: Path) -> None:
    run(tmp_path, "ab")
    other = {"model": {"name": "other"}, "targets": ["top1"], "new": 1}
    with pytest.raises(OutputError, match="another one") as caught:
        run(tmp_path, "ab", RESUME, fingerprint=other)
    assert "model.name: demo then, other now" in str(caught.value)
    assert "new: recorded for one of the two only" in str(caught.value)
    assert "targets" not in str(caught.value)


def test_a_torn_row_is_cut_off(tmp_path: Path) -> None:
    run(tmp_path, "abc")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    with (tmp_path / "manifest.jsonl").open("ab") as file:
        file.truncate(len(expected) - 10)
    assert run(tmp_path, "abc", RESUME).images == 2
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_of_several_targets_the_last_image_may_lack_some(tmp_path: Path) -> None:
    run(tmp_path, "abc", state="interrupted")
    assert run(tmp_path, "abc", RESUME, vary=True).images == 2
    assert names_in(tmp_path) == "abc"
    assert run(tmp_path, "abc", RESUME, vary=True).images == 3  # it was finished


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_what_lost_its_files_is_done_again_in_its_place(tmp_path: Path, damage: str) -> None:
    run(tmp_path, "abcd")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    path = tmp_path / "maps" / "b.npy"
    path.write_bytes(b"")
    if damage == "missing":
        path.unlink()
    resume_state = run(tmp_path, "abcd", RESUME)
    assert resume_state.redone == {"b"}
    assert resume_state.counts == {"ok": 3}
    assert path.read_bytes() == b"map of b"
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_order_is_restored_although_it_took_several_attempts(tmp_path: Path) -> None:
    run(tmp_path, "abcd")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    (tmp_path / "maps" / "a.npy").unlink()
    run(tmp_path, "ab", RESUME, state="interrupted")
    assert names_in(tmp_path) == "bcda"
    run(tmp_path, "abcd", RESUME)
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_failed_rows_are_kept_unless_a_retry_is_asked_for(tmp_path: Path) -> None:
    run(tmp_path, "abc", failing="b")
    assert run(tmp_path, "abc", RESUME).counts == {"ok": 2, "failed": 1}
    resume_state = run(tmp_path, "abc", replace(RESUME, retry_failed=True))
    assert resume_state.redone == {"b"}
    rows = list(read_rows(tmp_path / "manifest.jsonl"))
    assert [(row["image"], row["status"]) for row in rows] == [
        *(("a", "ok"), ("b", "ok"), ("c", "ok"))
    ]


def test_an_image_under_a_name_that_another_had_is_not_done(tmp_path: Path) -> None:
    run(tmp_path, "ab")
    with open_folder(tmp_path, RESUME, FINGERPRINT, False) as resume_state:
        assert resume_state.holds(ImageRef(0, Path("a"), "a"))
        assert not resume_state.holds(ImageRef(0, Path("elsewhere/a"), "a"))
        assert not resume_state.holds(ImageRef(0, Path("c"), "c"))


def _done_from(path: Path, status: str = "ok") -> tuple[ResumeState, ImageRef]:
    """Return what a run has of one image, and the image."""
    digest = {"image": hashlib.sha256(path.read_bytes()).hexdigest()}
    row = {"path": str(path), "status": status, "sha256": None if status == "failed" else digest}
    resume_state = ResumeState(end=1)
    resume_state.add("a", DoneImage.of([row]))
    return resume_state, ImageRef(0, path, "a")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(b"a picture")
    return tmp_path / "a.png"


def test_bytes_decide_whether_an_image_changed_and_times_do_not(image: Path) -> None:
    resume_state, ref = _done_from(image)
    os.utime(image, (0, 0))
    assert resume_state.holds(ref)
    assert list(resume_state.lines()) == []
    image.write_bytes(b"a Picture")
    os.utime(image, (0, 0))
    assert not resume_state.holds(ref)
    assert resume_state.counts == {}
    assert list(resume_state.lines()) == [
        "1 image done before, but changed since, and so not kept: a"
    ]


def test_an_image_that_cannot_be_read_now_keeps_its_rows_and_is_told(image: Path) -> None:
    resume_state, ref = _done_from(image)
    image.unlink()
    assert resume_state.holds(ref)
    assert list(resume_state.lines()) == [
        "1 image done before, but not to be read now; rows kept: a"
    ]


def test_an_image_that_failed_stays_failed_until_a_retry_is_asked_for(image: Path) -> None:
    resume_state, ref = _done_from(image, "failed")
    assert resume_state.holds(ref)
    image.unlink()
    assert resume_state.holds(ref)
    assert list(resume_state.lines()) == []


def test_an_image_whose_row_has_no_digest_is_not_known_to_be_the_same(image: Path) -> None:
    resume_state = ResumeState()
    resume_state.add("a", DoneImage.of([{"path": str(image), "status": "ok"}]))
    assert not resume_state.holds(ImageRef(0, image, "a"))


def test_images_that_are_not_given_any_more_are_told(image: Path) -> None:
    resume_state, _ = _done_from(image)
    resume_state.compare_with({"b": 0})
    assert resume_state.to_json() == {"changed": 0, "unreadable": 0, "unlisted": 1}
    assert list(resume_state.lines()) == ["1 image done before, but not given now; rows kept: a"]


def _die(folder: Path, boot: str | None = None) -> None:
    """Leave what a killed run leaves: its lock, unfinished files and `running`."""
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"state": "running"}))
    me = Owner.me()
    lock = folder / ".camcli" / "lock"
    lock.parent.mkdir()
    dead = replace(me, pid=2**22 + 1, boot=boot or me.boot)
    lock.write_text(json.dumps(vars(dead)))
    staging_path(folder).mkdir()
    (staging_path(folder) / ".writing-x").write_bytes(b"half")


def test_a_killed_runs_unfinished_files_are_removed(tmp_path: Path) -> None:
    run(tmp_path, "ab", state="interrupted")
    _die(tmp_path)
    run(tmp_path, "abc", RESUME)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.jsonl", "maps", "run.json"]


def test_after_a_power_failure_every_file_is_read(tmp_path: Path) -> None:
    run(tmp_path, "abc", state="interrupted")
    (tmp_path / "maps" / "b.npy").write_bytes(b"MAP OF B")
    _die(tmp_path)
    assert run(tmp_path, "abc", RESUME).redone == set()
    _die(tmp_path, boot="before the power failed")
    assert run(tmp_path, "abc", RESUME).redone == {"b"}
    assert (tmp_path / "maps" / "b.npy").read_bytes() == b"map of b"


def test_an_image_whose_label_changed_is_explained_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    digest = {"image": hashlib.sha256(b"a").hexdigest()}
    row = {"path": str(tmp_path / "a"), "status": "ok", "sha256": digest}
    for stored, label, held in (({"label": 1}, 1, True), ({"label": 1}, 2, False), ({}, 2, True)):
        state = ResumeState()
        state.add("a", DoneImage.of([row | stored]))
        assert state.holds(ImageRef(0, tmp_path / "a", "a", label)) is held
