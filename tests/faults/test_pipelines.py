"""camcli in a pipeline: streams, closed pipes, shards and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.conftest import DEMO, assert_whole, rows_in
from tests.harness.command_server import CommandServer
from tests.harness.kill_resume import differences, tree


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.slow
def test_rows_stream_while_the_source_goes_on(
    server: CommandServer, scenes: Path, tmp_path: Path, pipe: Path
) -> None:
    (tmp_path / "box").mkdir()
    os.mkfifo(tmp_path / "rows")
    command = ["explain", "-", "-0", *DEMO, "--json", "-o", "out"]
    running = server.start(command, tmp_path, stdin=pipe, stdout=tmp_path / "rows")
    with pipe.open("wb", buffering=0) as paths, (tmp_path / "rows").open("rb") as rows:
        for name in ("0.png", "missing\n.png", "1.png"):
            paths.write(os.fsencode(scenes / name) + b"\0")
            row = json.loads(rows.readline())  # comes although the source has not ended
            assert row["path"].endswith(name)
            assert row["status"] == ("failed" if "missing" in name else "ok")
            if row["map"]:
                assert (tmp_path / "out" / row["map"]).exists()
    finished = running.wait()
    assert finished.code == 1
    assert finished.stderr == ""


@pytest.mark.slow
def test_progress_is_never_on_stdout(server: CommandServer, scenes: Path, tmp_path: Path) -> None:
    command = ["explain", str(scenes), "-m", "demo", "-o", "out"]
    silent = server.run(command, tmp_path)
    assert silent.stdout == b""
    assert "7 maps" in silent.stderr
    printed = server.run([*command, "--json", "--overwrite"], tmp_path)
    assert [json.loads(line) for line in printed.stdout.splitlines()] == rows_in(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("endless", [False, True], ids=["folder", "endless"])
def test_a_closed_stdout_ends_the_run_quietly_and_resumably(
    server: CommandServer, scenes: Path, tmp_path: Path, pipe: Path, endless: bool
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    command = ["explain", str(scenes), *DEMO, "-b", "1"]
    assert server.run([*command, "-o", "out"], whole).code == 0
    os.mkfifo(tmp_path / "rows")
    if endless:
        command = ["explain", "-", *DEMO, "-b", "1"]
    running = server.start(
        [*command, "--json", "-o", "out"],
        tmp_path,
        stdin=pipe if endless else None,
        stdout=tmp_path / "rows",
    )
    source = pipe.open("wb", buffering=0) if endless else None
    with (tmp_path / "rows").open("rb") as rows:
        if source:
            source.write(os.fsencode(scenes / "0.png") + b"\n")
        assert json.loads(rows.readline())["status"] == "ok"
    if source:  # nothing more comes until the next row meets a closed pipe
        source.write(os.fsencode(scenes / "1.png") + b"\n")
    finished = running.wait()
    if source:
        source.close()
    assert (finished.code, finished.stderr) == (141, "")
    assert_whole(tmp_path / "out")
    assert 1 <= len(rows_in(tmp_path / "out")) <= 7
    command = ["explain", str(scenes), *DEMO, "-b", "1", "--resume", "-o", "out"]
    if not endless:
        assert server.run(command, tmp_path).code == 0
        assert differences(tree(whole / "out"), tree(tmp_path / "out")) == []


@pytest.mark.slow
def test_camcli_works_in_a_shell_pipeline(scenes: Path, tmp_path: Path) -> None:
    script = (
        f'set -o pipefail; find "{scenes}" -name "*.png" -print0 | sort -z '
        "| python -m camcli explain - -0 -m demo --json -q -b 2 | head -1 | wc -l; "
        'echo "${PIPESTATUS[@]}"'
    )
    import sys

    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }
    said = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert said.stderr == ""
    lines = said.stdout.split()
    assert lines[0] == "1"
    assert lines[3] in {"0", "141"}  # all rows may fit into the pipe before it is closed


@pytest.mark.slow
def test_concurrent_shards_merge_into_the_whole_run(
    server: CommandServer, scenes: Path, broken_jpeg: Path, tmp_path: Path
) -> None:
    command = ["explain", str(scenes), str(broken_jpeg), *DEMO, "-o", "out", "--target", "top2"]
    for name in ("whole", "shards"):
        (tmp_path / name).mkdir()
    assert server.run(command, tmp_path / "whole").code == 1
    shards = tmp_path / "shards"
    running = [server.start([*command, "--shard", f"{i}/3"], shards) for i in range(3)]
    assert sorted(run.wait().code for run in running) == [0, 0, 1]
    assert server.run(["verify", "out"], shards).code == 0
    assert server.run(["merge", "out"], shards).code == 0
    assert differences(tree(tmp_path / "whole" / "out"), tree(shards / "out")) == []
    again = server.run([*command, "--resume"], shards)
    assert again.code == 1
    assert differences(tree(tmp_path / "whole" / "out"), tree(shards / "out")) == []


@pytest.mark.slow
def test_the_shard_is_taken_from_the_cluster(scenes: Path, tmp_path: Path) -> None:
    variables = {
        "SLURM_ARRAY_TASK_ID": "2",
        "SLURM_ARRAY_TASK_COUNT": "7",
        "SLURM_ARRAY_TASK_MIN": "1",
    }
    with CommandServer(tmp_path, variables) as cluster:
        command = ["explain", str(scenes), *DEMO, "-o", "out", "--shard", "auto"]
        assert cluster.run(command, tmp_path).code == 0
    (row,) = map(json.loads, (tmp_path / "out" / "manifest.1-of-7.jsonl").open())
    assert row["image"] == "1.png"


@pytest.mark.slow
def test_fail_fast_ends_a_run_at_the_first_failure(
    server: CommandServer, scenes: Path, broken_jpeg: Path, tmp_path: Path
) -> None:
    command = ["explain", str(broken_jpeg), str(scenes), *DEMO, "-b", "1", "-o", "out"]
    finished = server.run([*command, "--fail-fast"], tmp_path)
    assert finished.code == 1
    assert len(rows_in(tmp_path / "out")) < 8
    assert_whole(tmp_path / "out")
    assert server.run([*command, "--resume", "--exit-zero"], tmp_path).code == 0
    assert len(rows_in(tmp_path / "out")) == 8
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["rows"] == {"ok": 7, "degenerate": 0, "failed": 1}


@pytest.mark.slow
def test_a_limited_run_is_the_beginning_of_the_whole_run(
    server: CommandServer, scenes: Path, tmp_path: Path
) -> None:
    command = ["explain", str(scenes), *DEMO, "-o", "out"]
    assert server.run([*command, "--limit", "3"], tmp_path).code == 0
    first = rows_in(tmp_path / "out")
    assert server.run([*command, "--resume"], tmp_path).code == 0
    assert rows_in(tmp_path / "out")[:3] == first
    assert len(rows_in(tmp_path / "out")) == 7


@pytest.mark.slow
def test_verify_finds_damage_and_resume_repairs_it(
    server: CommandServer, scenes: Path, tmp_path: Path
) -> None:
    command = ["explain", str(scenes), *DEMO, "-o", "out"]
    assert server.run(command, tmp_path).code == 0
    before = tree(tmp_path / "out")
    assert server.run(["verify", "out"], tmp_path).code == 0
    overlay = tmp_path / "out" / "overlays" / "2.png.png"
    overlay.write_bytes(overlay.read_bytes()[:-1] + b"x")
    (tmp_path / "out" / "maps" / "3.png.npy").unlink()
    found = server.run(["verify", "out"], tmp_path)
    assert found.code == 1
    assert found.stdout.decode().splitlines() == [
        *("changed\toverlays/2.png.png\t2.png", "missing\tmaps/3.png.npy\t3.png")
    ]
    assert server.run(["verify", "out", "--delete-damaged"], tmp_path).code == 1
    resumed = server.run([*command, "--resume"], tmp_path)
    assert resumed.code == 0
    assert differences(before, tree(tmp_path / "out")) == []
    assert server.run(["verify", "nowhere"], tmp_path).code == 2


@pytest.mark.slow
def test_retried_images_get_their_old_place_in_the_manifest(
    server: CommandServer, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for path in sorted(scenes.glob("*.png")):
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())
    command = ["explain", "in", *DEMO, "-o", "out"]
    assert server.run(command, tmp_path).code == 0
    before = tree(tmp_path / "out")
    (tmp_path / "in" / "1.png").write_bytes(b"")
    assert server.run([*command, "--overwrite"], tmp_path).code == 1
    (tmp_path / "in" / "1.png").write_bytes((scenes / "1.png").read_bytes())
    assert server.run([*command, "--resume"], tmp_path).code == 1
    assert server.run([*command, "--retry-failed"], tmp_path).code == 0
    assert differences(before, tree(tmp_path / "out")) == []
