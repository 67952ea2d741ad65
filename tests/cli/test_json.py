"""What commands print for programs that are not runs."""

from __future__ import annotations

import json

import pytest

from camcli.output import merge, verify
from camcli.output.merge import Merged
from camcli.output.verify import Damage, Verification
from tests.cli.conftest import Camcli


def test_verify_prints_what_it_found(camcli: Camcli, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Verification(2, 3, [Damage("maps/a\udcff.npy", "a\udcff", "changed")])
    monkeypatch.setattr(verify, "verify_folder", lambda _: found)
    finished = camcli("verify", "out", "--json")
    assert finished.code == 1
    assert json.loads(finished.stdout) == {
        "rows": 2,
        "files": 3,
        "damages": [{"path": "maps/a\udcff.npy", "image": "a\udcff", "fault": "changed"}],
    }
    assert finished.stderr.startswith("3 files of 2 rows checked: 1 damaged")


def test_merge_prints_how_much_it_joined(camcli: Camcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "merge_shards", lambda _: Merged(2, 7))
    assert json.loads(camcli("merge", "out", "--json").stdout) == {"shards": 2, "images": 7}


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
