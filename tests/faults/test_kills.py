from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.conftest import DEMO
from tests.harness.command_server import CommandServer
from tests.harness.kill_resume import differences, measure, tree


@pytest.mark.slow
def test_killed_and_resumed_runs_end_like_an_undisturbed_one(tmp_path: Path) -> None:
    figures = measure(kills=5, images=24, kills_per_tree=2, seed=3, scratch=tmp_path)
    assert figures["different"] == 0
    assert figures["kills"] == 5
    assert "at work" in figures["killed"]  # type: ignore[operator]


def test_the_comparison_detects_every_difference(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "run.json").write_text('{"rows": 1, "seconds": 2}')
    before = tree(tmp_path)
    assert differences(before, tree(tmp_path)) == []
    (tmp_path / "run.json").write_text('{"rows": 1, "seconds": 3}')
    assert differences(before, tree(tmp_path)) == []
    (tmp_path / "run.json").write_text('{"rows": 2, "seconds": 3}')
    (tmp_path / "a" / "x").write_text("2")
    (tmp_path / ".hidden").mkdir()
    assert differences(before, tree(tmp_path)) == [".hidden", "a/x", "run.json"]


@pytest.mark.slow
def test_a_second_run_is_refused_while_the_first_lives(
    server: CommandServer, scenes: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "listing"
    subprocess.run(["mkfifo", str(listing)], check=True)
    first = server.start(["explain", "-", *DEMO, "-o", "out"], tmp_path, stdin=listing)
    with listing.open("w") as paths:
        while not (tmp_path / "out" / "run.json").exists():
            assert first.is_running()
            time.sleep(0.01)
        for how in ((), ("--resume",), ("--overwrite",)):
            second = server.run(["explain", str(scenes), *DEMO, "-o", "out", *how], tmp_path)
            assert second.code == 2
            assert f"process {first.pid} on" in second.stderr
        paths.write(f"{scenes / '0.png'}\n")
    assert first.wait().code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("manifest.jsonl", "maps", "overlays", "run.json")
    ]


def test_the_module_runs_the_command_line() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "camcli", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("camcli ")
