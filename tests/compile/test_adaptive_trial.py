"""What was compiled unasked has to prove faster, and the verdict outlives the run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from camcli.compile import adaptive
from camcli.compile.adaptive import AdaptiveTrunk
from camcli.compile.compilation import Compilation
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.trial import Runner
from tests.compile.trunks import EXAMPLE, fail, run


def compiled_in_the_background(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch, runner: Runner
) -> tuple[AdaptiveTrunk, list[str]]:
    """Return a trunk whose compiler has just ended, having made `runner`, and its notices."""
    cache.mkdir(parents=True)
    compilation = Compilation(trunk, EXAMPLE, requested=False)
    assert not compilation.adopted
    compilation.package.write_bytes(b"stands for a package")
    monkeypatch.setattr(Compilation, "load", lambda _: runner)
    notices: list[str] = []
    return AdaptiveTrunk(trunk, EXAMPLE, "auto", 100, notices.append), notices


def late(runner: Runner, called: list[str]) -> Runner:
    """Return a runner that takes its time."""

    def run_later(images: Tensor) -> tuple[Tensor, ...]:
        time.sleep(0.05)
        called.append("late")
        return runner(images)

    return run_later


@pytest.mark.slow
def test_a_trunk_compiled_unasked_is_rejected_unless_it_is_faster(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower, called = late(trunk, []), list[str]()
    adaptive_trunk, notices = compiled_in_the_background(
        trunk, cache, monkeypatch, late(slower, called)
    )
    images = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        (expected,) = trunk(images)
    for _ in range(20):
        torch.testing.assert_close(run(adaptive_trunk, images), expected)
        torch.testing.assert_close(run(adaptive_trunk, images[:3]), expected[:3])

    assert adaptive_trunk._runner is trunk
    assert len(notices) == 1
    assert notices[0].startswith("going on without compiling the network: compiled, it takes ")
    assert not list(cache.glob("*.pt2"))
    count = len(called)
    monkeypatch.setattr(Compilation, "start", fail)
    later = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, fail)
    for _ in range(3):
        run(later, images)
    assert len(called) == count


def test_what_proves_faster_is_adopted_without_another_trial(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, called = trunk.module, list[str]()

    def faster(images: Tensor) -> tuple[Tensor, ...]:
        return tuple(module(images))

    monkeypatch.setattr(InferenceTrunk, "__call__", staticmethod(late(faster, called)))
    adaptive_trunk, notices = compiled_in_the_background(trunk, cache, monkeypatch, faster)
    for _ in range(8):
        run(adaptive_trunk, EXAMPLE)
    assert adaptive_trunk._runner is faster
    assert notices == []
    assert Compilation(trunk, EXAMPLE, requested=False).adopted

    later = AdaptiveTrunk(trunk, EXAMPLE, "auto", 100, fail)
    run(later, EXAMPLE)
    count = len(called)
    for _ in range(3):
        run(later, EXAMPLE)
    assert len(called) == count


def test_a_trial_that_a_run_did_not_finish_is_left_to_the_next_run(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = compiled_in_the_background(trunk, cache, monkeypatch, late(trunk, []))
    for _ in range(3):
        run(first, EXAMPLE)
    notices: list[str] = []
    second = AdaptiveTrunk(trunk, EXAMPLE, "auto", 100, notices.append)
    for _ in range(8):
        run(second, EXAMPLE)
    assert second._runner is trunk
    assert "times as long" in notices[0]


def test_a_rejected_package_is_not_used_unasked(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    Compilation(trunk, EXAMPLE, requested=False).reject()
    insisting = Compilation(trunk, EXAMPLE, requested=True)
    insisting.package.write_bytes(b"of somebody who insisted")
    assert insisting.ready
    monkeypatch.setattr(Compilation, "start", fail)
    monkeypatch.setattr(Compilation, "load", fail)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, fail)
    for _ in range(4):
        run(adaptive_trunk, torch.randn(4, 3, 16, 16))


def test_what_another_run_rejects_meanwhile_is_not_compiled(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    monkeypatch.setattr(adaptive, "compiler_missing", lambda: None)
    monkeypatch.setattr(Compilation, "start", fail)
    notices: list[str] = []
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, notices.append)
    run(adaptive_trunk, EXAMPLE)
    Compilation(trunk, EXAMPLE, requested=False).reject()
    for _ in range(4):
        run(adaptive_trunk, EXAMPLE)
    assert len(notices) == 1
    assert notices[0].endswith("another run found that it is no faster compiled")


def test_who_asks_for_compiling_gets_it_even_if_it_was_rejected_before(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(images: Tensor) -> tuple[Tensor, ...]:
        return trunk(images)

    cache.mkdir(parents=True)
    Compilation(trunk, EXAMPLE, requested=False).reject()
    monkeypatch.setattr(adaptive, "compiler_missing", lambda: None)
    monkeypatch.setattr(Compilation, "start", lambda self: self.package.write_bytes(b"made"))
    monkeypatch.setattr(Compilation, "load", lambda _: compiled)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "always", 100, lambda _: None)
    run(adaptive_trunk, EXAMPLE)
    assert adaptive_trunk._runner is compiled
