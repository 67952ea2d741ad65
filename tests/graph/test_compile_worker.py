"""Of the ways to compile, the fastest that works is kept."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from camcli.graph import compile_worker, compiled

needs_compiler = pytest.mark.skipif(
    compiled.compiler_missing() is not None, reason="needs a C++ compiler"
)
BROKEN = {"there_is_no_such_setting": True}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    path = tmp_path / "exported.pt2"
    torch.export.save(torch.export.export(network, (torch.randn(2, 3, 8, 8),)), path)
    return path


def compile_in(
    modes: list[dict[str, object]], exported: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setattr(compile_worker, "_MODES", {"cpu": modes})
    monkeypatch.setattr(compile_worker.os, "nice", lambda _: 0)
    package = exported.with_name("made.pt2")
    compile_worker.main(exported, package)
    return package


@needs_compiler
def test_the_fastest_is_kept_and_what_does_not_work_is_passed_over(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: dict[str, float] = {}

    def cost(archive: Path, example: Tensor) -> float:
        assert zipfile.is_zipfile(archive)
        assert example.shape == (2, 3, 8, 8)
        costs[archive.parent.name] = 1.0 + len(costs)
        return costs[archive.parent.name]

    monkeypatch.setattr(compile_worker, "_cost", cost)
    package = compile_in([BROKEN, {}, {"freezing": True}], exported, monkeypatch)

    assert list(costs) == ["1", "2"]
    images = torch.randn(2, 3, 8, 8)
    expected = torch.export.load(exported).module()(images)
    run: Callable[[Tensor], Tensor] = torch._inductor.aoti_load_package(str(package))
    torch.testing.assert_close(run(images), expected)


@needs_compiler
def test_the_cost_is_that_of_a_batch(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = compile_in([{}], exported, monkeypatch)
    assert 0 < compile_worker._cost(package, torch.zeros(2, 3, 8, 8)) < 60


def test_where_nothing_works_it_says_why(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="there_is_no_such_setting"):
        compile_in([BROKEN, BROKEN], exported, monkeypatch)
    assert not exported.with_name("made.pt2").exists()
