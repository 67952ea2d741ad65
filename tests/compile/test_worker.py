"""Of the ways to compile, the fastest that works is kept."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from camcli.compile import worker as compile_worker
from camcli.compile.package_file import load_package
from camcli.compile.worker import compile_to
from tests.compile.trunks import needs_compiler

BROKEN = {"there_is_no_such_setting": True}
IMAGES = torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)


class Trunk(nn.Module):
    """Returns a tuple, as trunks do."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.convolution(images).relu(),)


@pytest.fixture
def program() -> ExportedProgram:
    return torch.export.export(Trunk().eval(), (torch.randn(2, 3, 8, 8),))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "made.pt2"


class Candidate:
    """Stands for an archive that was loaded, and returns its mode."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def __call__(self, images: Tensor) -> str:
        return self.mode


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Have modes compile to archives that hold their names; filled with what each costs."""
    costs: dict[str, float] = {}

    def write(program: ExportedProgram, package_path: str, inductor_configs: dict[str, Any]) -> str:
        with zipfile.ZipFile(package_path, "w") as archive:
            archive.writestr("trunk/mode", str(inductor_configs["mode"]))
        return package_path

    def load(path: str, device_index: int = -1) -> Candidate:
        if Path(path).is_dir():
            return Candidate((Path(path) / "mode").read_text())
        mode = zipfile.ZipFile(path).read("trunk/mode").decode()
        if mode == "does not load":
            raise RuntimeError(mode)
        return Candidate(mode)

    def timed(run: Candidate, images: Tensor) -> tuple[str, float]:
        return run(images), costs[run.mode]

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", write)
    monkeypatch.setattr(torch._inductor, "aoti_load_package", load)
    monkeypatch.setattr(compile_worker, "timed", timed)
    return costs


def use_modes(monkeypatch: pytest.MonkeyPatch, *modes: str) -> None:
    monkeypatch.setattr(compile_worker, "MODES", {"cpu": [{"mode": mode} for mode in modes]})


@pytest.mark.slow
@pytest.mark.parametrize("fastest", ["a", "b", "c"])
def test_the_fastest_mode_is_kept(
    program: ExportedProgram,
    package: Path,
    costs: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
    fastest: str,
) -> None:
    use_modes(monkeypatch, "a", "does not load", "b", "c")
    costs |= {"a": 3.0, "b": 3.0, "c": 3.0, fastest: 2.0}
    compile_to(package, program)
    assert (package / "mode").read_text() == fastest


@needs_compiler
@pytest.mark.slow
def test_what_is_compiled_computes_the_same(
    program: ExportedProgram, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_worker, "MODES", {"cpu": [BROKEN, {"freezing": True}]})
    compile_to(package, program)
    (found,) = load_package(package, IMAGES.device)(IMAGES)
    torch.testing.assert_close(found, program.module()(IMAGES)[0])


def test_where_nothing_works_it_says_why(
    program: ExportedProgram, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_worker, "MODES", {"cpu": [BROKEN, BROKEN]})
    with pytest.raises(Exception, match="there_is_no_such_setting"):
        compile_to(package, program)
    assert not package.exists()


@pytest.mark.slow
def test_the_compiler_ends_with_the_run_that_started_it() -> None:
    """Also when the run is killed, and cannot end it itself."""
    orphan = (
        "import os, time; from threading import Thread; "
        "from camcli.compile.worker import end_with_parent; "
        "Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start(); "
        "print('started', flush=True); time.sleep(100)"
    )
    script = (
        "import os, subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {orphan!r}], stdout=subprocess.PIPE); "
        "assert child.stdout.readline() == b'started\\n'; "
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout.strip().isdigit()
    child = Path("/proc") / parent.stdout.strip()
    deadline = time.monotonic() + 60
    while child.exists() and "Z" not in (child / "stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
