"""Verifying finds every damage, and stays inside the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camcli.errors import OutputError
from camcli.output.folder import FolderPolicy
from camcli.output.verify import verify_folder
from tests.output.runs import FINGERPRINT, run, use_of_shard


def test_verifying_finds_every_damage(tmp_path: Path) -> None:
    run(tmp_path, "abcdef", failing="d")
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
    run(out, "a")
    for hostile in ("../secret.npy", str(secret), "maps/../../secret.npy", "\0", 7, ["x"]):
        row = json.loads((out / "manifest.jsonl").read_text()) | {"map": hostile}
        (out / "manifest.jsonl").write_text(json.dumps(row) + "\n")
        (damage,) = verify_folder(out).damages
        assert damage.fault in {"outside the folder", "missing"}
    (out / "manifest.jsonl").rename(out / "manifest.0-of-2.jsonl")
    (out / "run.json").rename(out / "run.0-of-2.json")
    run(out, "a", use_of_shard(0, 2, FolderPolicy.OVERWRITE))
    assert secret.exists()


def test_what_is_no_run_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds no manifest"):
        verify_folder(tmp_path)
    with pytest.raises(OutputError, match="cannot read"):
        verify_folder(tmp_path / "nowhere")


def test_rows_of_another_run_than_the_records_are_found(tmp_path: Path) -> None:
    run(tmp_path, "ab", fingerprint=FINGERPRINT | {"method": {"name": "m"}})
    assert verify_folder(tmp_path).damages == []
    first, second = (tmp_path / "manifest.jsonl").read_text().splitlines()
    other = json.dumps(json.loads(second) | {"method": "grad-cam"})
    (tmp_path / "manifest.jsonl").write_text(f"{first}\n{other}\n")
    (damage,) = verify_folder(tmp_path).damages
    assert (damage.path, damage.image) == ("manifest.jsonl", "b")
    assert damage.fault == "of another run: method grad-cam in the row, m in its record"


def test_shards_of_another_run_and_records_that_are_gone_are_found(tmp_path: Path) -> None:
    other = FINGERPRINT | {"model": {"name": "other"}}
    run(tmp_path, "ac", use_of_shard(0, 2))
    run(tmp_path / "elsewhere", "bd", use_of_shard(1, 2), fingerprint=other)
    for path in (tmp_path / "elsewhere").glob("*.1-of-2.*"):
        path.rename(tmp_path / path.name)
    for name in "bd":
        (tmp_path / "elsewhere" / "maps" / f"{name}.npy").rename(tmp_path / "maps" / f"{name}.npy")
    (damage,) = verify_folder(tmp_path).damages
    assert damage.path == "run.1-of-2.json"
    expected = "of another run than run.0-of-2.json: model.name: demo there, other here"
    assert damage.fault == expected
    (tmp_path / "run.1-of-2.json").unlink()
    (damage,) = verify_folder(tmp_path).damages
    assert (damage.path, damage.fault) == ("run.1-of-2.json", "missing or unreadable")
