"""What commands print for programs that are not runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Camcli


@pytest.mark.slow
def test_verify_and_merge_print_what_they_found(camcli: Camcli, scenes: Path) -> None:
    command = ("explain", scenes, "-q", "--exit-zero", "--method", "eigen-cam", "--limit", "2")
    for shard in ("0/2", "1/2"):
        assert camcli(*command, "--save", "maps", "--shard", shard).code == 0
    assert json.loads(camcli("merge", "out", "--json").stdout) == {"shards": 2, "images": 2}
    found = json.loads(camcli("verify", "out", "--json").stdout)
    assert found == {"rows": 2, "files": 2, "damages": []}
    Path("out/maps/0.png.npy").write_bytes(b"")
    finished = camcli("verify", "out", "--json")
    assert finished.code == 1
    (damage,) = json.loads(finished.stdout)["damages"]
    assert damage == {"path": "maps/0.png.npy", "image": "0.png", "fault": "changed"}


def test_completion_knows_commands_options_and_methods(
    camcli: Camcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_CAMCLI_COMPLETE", "complete_bash")

    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        return camcli().stdout.split()

    assert completed("camcli expl") == ["explain"]
    assert completed("camcli explain --vers") == ["--versus"]
    assert completed("camcli explain --method grad") == ["grad-cam", "grad-cam++"]
