from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camcli.errors import OutputError
from camcli.output.atomic import write_bytes
from camcli.output.files import manifest_path, staging_path
from camcli.output.folder import Claim, FolderPolicy, open_folder, sort_manifest
from camcli.output.lock import FolderLock
from camcli.output.manifest import Manifest, read_rows
from camcli.output.merge import merge_shards
from camcli.output.owner import Owner
from camcli.output.record import write_run
from camcli.output.resume import ResumeState
from camcli.output.verify import verify_folder
from camcli.records import WHOLE, ErrorInfo, ManifestRow, Shard

_FINGERPRINT = {"model": {"name": "demo"}, "targets": ["top1"]}
_RESUME = Claim(FolderPolicy.RESUME)
_OVERWRITE = Claim(FolderPolicy.OVERWRITE)


def _record(state: str = "finished", images: int = 0) -> dict[str, Any]:
    return {
        "state": state,
        "fingerprint": _FINGERPRINT,
        "started": "2026-01-01",
        "images": images,
        "rows": {"ok": images, "degenerate": 0, "failed": 0},
        "seconds": {"total": 1.0, "explain": 0.5},
    }


def _explain(folder: Path, name: str, status: str = "ok") -> ManifestRow:
    """Write what an image leaves behind, and return its row."""
    if status != "ok":
        return ManifestRow(name, name, "failed", "m", "l", ErrorInfo("ImageError", "broken"))
    data = f"map of {name}".encode()
    write_bytes(folder / "maps" / f"{name}.npy", data)
    digest = {"map": hashlib.sha256(data).hexdigest()}
    return ManifestRow(name, name, "ok", "m", "l", map=f"maps/{name}.npy", sha256=digest)


def _run(
    folder: Path,
    names: str,
    claim: Claim = Claim(),  # noqa: B008
    failing: str = "",
    state: str = "finished",
    fingerprint: dict[str, Any] = _FINGERPRINT,
    vary: bool = False,
) -> ResumeState:
    """Do what a run does, with one image for every letter."""
    with open_folder(folder, claim, fingerprint, vary) as resume_state:
        write_run(folder, _record("running") | {"fingerprint": fingerprint}, claim.shard)
        order = {}
        with Manifest(manifest_path(folder, claim.shard)) as manifest:
            for place, name in enumerate(names):
                order[name] = place
                if not resume_state.holds(name, name):
                    manifest.append([_explain(folder, name, "failed" if name in failing else "ok")])
        if state == "finished":
            sort_manifest(folder, claim, order)
        write_run(folder, _record(state, len(names)) | {"fingerprint": fingerprint}, claim.shard)
    return resume_state


def _names(folder: Path) -> str:
    return "".join(row["image"] for row in read_rows(folder / "manifest.jsonl"))


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    resume_state = _run(tmp_path / "a" / "out", "abc")
    assert (resume_state.images, resume_state.redone) == (0, set())
    assert sorted(p.name for p in (tmp_path / "a" / "out").iterdir()) == [
        *("manifest.jsonl", "maps", "run.json")
    ]


def test_an_occupied_folder_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError, match="not empty"):
        _run(tmp_path, "abc")
    with pytest.raises(OutputError, match="no camcli run to go on with"):
        _run(tmp_path, "abc", _RESUME)
    with pytest.raises(OutputError, match="no camcli run to overwrite"):
        _run(tmp_path, "abc", _OVERWRITE)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_of_someone_elses_maps_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "atlas.jpg").touch()
    with pytest.raises(OutputError, match="no camcli run to overwrite"):
        _run(tmp_path, "abc", _OVERWRITE)
    assert (tmp_path / "maps" / "atlas.jpg").exists()


def test_overwriting_removes_what_camcli_wrote_and_nothing_else(tmp_path: Path) -> None:
    _run(tmp_path, "abc")
    (tmp_path / "notes.txt").touch()
    _run(tmp_path, "d", _OVERWRITE)
    assert _names(tmp_path) == "d"
    assert [p.name for p in (tmp_path / "maps").iterdir()] == ["d.npy"]
    assert (tmp_path / "notes.txt").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        _run(tmp_path / "out", "a")


def test_a_folder_in_use_is_refused_whatever_is_asked(tmp_path: Path) -> None:
    with open_folder(tmp_path, Claim(), _FINGERPRINT, False):
        for claim in (Claim(), _RESUME, _OVERWRITE):
            with pytest.raises(OutputError, match=r"in use by another run \(process"):
                _run(tmp_path, "a", claim)


def test_resuming_does_what_is_left(tmp_path: Path) -> None:
    _run(tmp_path, "ab", state="interrupted")
    resume_state = _run(tmp_path, "abcd", _RESUME)
    assert resume_state.images == 2
    assert resume_state.counts == {"ok": 2}
    assert _names(tmp_path) == "abcd"


def test_resuming_nothing_is_beginning(tmp_path: Path) -> None:
    _run(tmp_path / "out", "ab", _RESUME)
    assert _names(tmp_path / "out") == "ab"


def test_another_config_is_refused_by_its_keys(tmp_path: Path) -> None:
    _run(tmp_path, "ab")
    other = {"model": {"name": "other"}, "targets": ["top1"], "new": 1}
    with pytest.raises(OutputError, match="another one") as caught:
        _run(tmp_path, "ab", _RESUME, fingerprint=other)
    assert "model.name: 'demo' then, 'other' now" in str(caught.value)
    assert "new: None then, 1 now" in str(caught.value)
    assert "targets" not in str(caught.value)


def test_a_torn_row_is_cut_off(tmp_path: Path) -> None:
    _run(tmp_path, "abc")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    with (tmp_path / "manifest.jsonl").open("ab") as file:
        file.truncate(len(expected) - 10)
    assert _run(tmp_path, "abc", _RESUME).images == 2
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_of_several_targets_the_last_image_may_lack_some(tmp_path: Path) -> None:
    _run(tmp_path, "abc", state="interrupted")
    assert _run(tmp_path, "abc", _RESUME, vary=True).images == 2
    assert _names(tmp_path) == "abc"
    assert _run(tmp_path, "abc", _RESUME, vary=True).images == 3  # it was finished


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_what_lost_its_files_is_done_again_in_its_place(tmp_path: Path, damage: str) -> None:
    _run(tmp_path, "abcd")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    path = tmp_path / "maps" / "b.npy"
    path.write_bytes(b"")
    if damage == "missing":
        path.unlink()
    resume_state = _run(tmp_path, "abcd", _RESUME)
    assert resume_state.redone == {"b"}
    assert resume_state.counts == {"ok": 3}
    assert path.read_bytes() == b"map of b"
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_order_is_restored_although_it_took_several_attempts(tmp_path: Path) -> None:
    _run(tmp_path, "abcd")
    expected = (tmp_path / "manifest.jsonl").read_bytes()
    (tmp_path / "maps" / "a.npy").unlink()
    _run(tmp_path, "ab", _RESUME, state="interrupted")
    assert _names(tmp_path) == "bcda"
    _run(tmp_path, "abcd", _RESUME)
    assert (tmp_path / "manifest.jsonl").read_bytes() == expected


def test_failed_rows_are_kept_unless_a_retry_is_asked_for(tmp_path: Path) -> None:
    _run(tmp_path, "abc", failing="b")
    assert _run(tmp_path, "abc", _RESUME).counts == {"ok": 2, "failed": 1}
    resume_state = _run(tmp_path, "abc", replace(_RESUME, retry_failed=True))
    assert resume_state.redone == {"b"}
    rows = list(read_rows(tmp_path / "manifest.jsonl"))
    assert [(row["image"], row["status"]) for row in rows] == [
        *(("a", "ok"), ("b", "ok"), ("c", "ok"))
    ]


def test_an_image_under_a_name_that_another_had_is_not_done(tmp_path: Path) -> None:
    _run(tmp_path, "ab")
    with open_folder(tmp_path, _RESUME, _FINGERPRINT, False) as resume_state:
        assert resume_state.holds("a", "a")
        assert not resume_state.holds("a", "elsewhere/a")
        assert not resume_state.holds("c", "c")


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
    _run(tmp_path, "ab", state="interrupted")
    _die(tmp_path)
    _run(tmp_path, "abc", _RESUME)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.jsonl", "maps", "run.json"]


def test_after_a_power_failure_every_file_is_read(tmp_path: Path) -> None:
    _run(tmp_path, "abc", state="interrupted")
    (tmp_path / "maps" / "b.npy").write_bytes(b"MAP OF B")
    _die(tmp_path)
    assert _run(tmp_path, "abc", _RESUME).redone == set()
    _die(tmp_path, boot="before the power failed")
    assert _run(tmp_path, "abc", _RESUME).redone == {"b"}
    assert (tmp_path / "maps" / "b.npy").read_bytes() == b"map of b"


def _shard(index: int, count: int, folder_policy: FolderPolicy = FolderPolicy.REFUSE) -> Claim:
    return Claim(folder_policy, shard=Shard(index, count))


def test_shards_share_a_folder_and_together_are_the_whole(tmp_path: Path) -> None:
    _run(tmp_path / "whole", "abcdefg")
    folder = tmp_path / "shards"
    with ExitStack() as held:
        for index in (2, 0, 1):
            held.enter_context(open_folder(folder, _shard(index, 3), _FINGERPRINT, False))
    for index in (1, 2, 0):
        _run(folder, "abcdefg"[index::3], _shard(index, 3))
    assert merge_shards(folder).images == 7
    for path in (tmp_path / "whole").rglob("*"):
        if path.is_file() and path.name != "run.json":
            same = folder / path.relative_to(tmp_path / "whole")
            assert same.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.jsonl", "maps", "run.json"]
    assert json.loads((folder / "run.json").read_text())["rows"]["ok"] == 7
    assert _run(folder, "abcdefg", _RESUME).images == 7


def test_an_interrupted_merge_is_completed(tmp_path: Path) -> None:
    for index in range(2):
        _run(tmp_path, "abcd"[index::2], _shard(index, 2))
    left = (tmp_path / "manifest.1-of-2.jsonl").read_bytes()
    merge_shards(tmp_path)
    (tmp_path / "manifest.1-of-2.jsonl").write_bytes(left)
    merge_shards(tmp_path)
    assert _names(tmp_path) == "abcd"
    assert not (tmp_path / "manifest.1-of-2.jsonl").exists()


def test_what_cannot_be_merged_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot join"):
        merge_shards(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="no shards"):
        merge_shards(tmp_path)
    _run(tmp_path, "ac", _shard(0, 2))
    with pytest.raises(OutputError, match="--shard 1/2"):
        merge_shards(tmp_path)
    _run(tmp_path, "b", _shard(1, 2), state="interrupted")
    with pytest.raises(OutputError, match="--shard 1/2 again with --resume"):
        merge_shards(tmp_path)
    _run(tmp_path, "bdfh", _shard(1, 2, FolderPolicy.RESUME))
    with pytest.raises(OutputError, match="2, 4 images"):
        merge_shards(tmp_path)
    with (
        FolderLock(tmp_path / ".camcli" / "lock.0-of-2"),
        pytest.raises(OutputError, match="in use"),
    ):
        merge_shards(tmp_path)


def test_shards_of_other_counts_or_configs_and_whole_runs_stay_apart(tmp_path: Path) -> None:
    _run(tmp_path, "ac", _shard(0, 2))
    with pytest.raises(OutputError, match="not empty"):
        _run(tmp_path, "abcd")
    with pytest.raises(OutputError, match="holds shards of 2"):
        _run(tmp_path, "abcd", _RESUME)
    with pytest.raises(OutputError, match="not empty"):
        _run(tmp_path, "a", _shard(0, 3))
    with pytest.raises(OutputError, match="holds shards of 2"):
        _run(tmp_path, "a", _shard(0, 3, FolderPolicy.RESUME))
    with pytest.raises(OutputError, match="targets"):
        _run(tmp_path, "bd", _shard(1, 2), fingerprint=_FINGERPRINT | {"targets": ["top2"]})
    _run(tmp_path, "abcd", _OVERWRITE)
    with pytest.raises(OutputError, match="a run without --shard"):
        _run(tmp_path, "ac", _shard(0, 2, FolderPolicy.RESUME))


def test_a_shard_that_is_overwritten_leaves_the_others_alone(tmp_path: Path) -> None:
    _run(tmp_path, "ac", _shard(0, 2))
    _run(tmp_path, "bd", _shard(1, 2))
    _run(tmp_path, "ae", _shard(0, 2, FolderPolicy.OVERWRITE))
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == [
        *("a.npy", "b.npy", "d.npy", "e.npy")
    ]
    merge_shards(tmp_path)
    assert _names(tmp_path) == "abed"


def test_a_whole_run_does_not_overwrite_shards_at_work(tmp_path: Path) -> None:
    with open_folder(tmp_path, _shard(0, 2), _FINGERPRINT, False):
        write_run(tmp_path, _record("running"), Shard(0, 2))
        with pytest.raises(OutputError, match="in use"):
            _run(tmp_path, "ab", _OVERWRITE)


def test_verifying_finds_every_damage(tmp_path: Path) -> None:
    _run(tmp_path, "abcdef", failing="d")
    assert verify_folder(tmp_path).damages == []
    assert (verify_folder(tmp_path).rows, verify_folder(tmp_path).files) == (6, 5)
    (tmp_path / "maps" / "a.npy").write_bytes(b"MAP OF A")
    (tmp_path / "maps" / "b.npy").unlink()
    (tmp_path / "maps" / "c.npy").write_bytes(b"")
    with (tmp_path / "manifest.jsonl").open("ab") as file:
        file.write(b'{"torn')
    damages = verify_folder(tmp_path).damages
    assert {(damage.path, damage.fault) for damage in damages} == {
        ("maps/a.npy", "changed"),
        ("maps/b.npy", "missing"),
        ("maps/c.npy", "empty"),
        ("manifest.jsonl", "torn"),
    }


def test_a_manifest_that_points_outside_is_not_followed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    secret = tmp_path / "secret.npy"
    secret.write_bytes(b"map of a")
    _run(out, "a")
    for hostile in ("../secret.npy", str(secret), "maps/../../secret.npy", "\0", 7, ["x"]):
        row = json.loads((out / "manifest.jsonl").read_text()) | {"map": hostile}
        (out / "manifest.jsonl").write_text(json.dumps(row) + "\n")
        (damage,) = verify_folder(out).damages
        assert damage.fault in {"outside the folder", "missing"}
    (out / "manifest.jsonl").rename(out / "manifest.0-of-2.jsonl")
    (out / "run.json").rename(out / "run.0-of-2.json")
    _run(out, "a", _shard(0, 2, FolderPolicy.OVERWRITE))
    assert secret.exists()


def test_what_is_no_run_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds no manifest"):
        verify_folder(tmp_path)
    with pytest.raises(OutputError, match="cannot read"):
        verify_folder(tmp_path / "nowhere")


def test_names_of_files(tmp_path: Path) -> None:
    assert manifest_path(tmp_path, WHOLE).name == "manifest.jsonl"
    assert manifest_path(tmp_path, Shard(3, 12)).name == "manifest.3-of-12.jsonl"
