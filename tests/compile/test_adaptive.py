"""When a trunk is compiled, and that nothing but its speed changes with that."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from camcli.compile import adaptive
from camcli.compile.adaptive import AdaptiveTrunk
from camcli.compile.aligned_weights import AlignedLibrary
from camcli.compile.compilation import Compilation, compiler_missing
from camcli.compile.compiled_trunk import CompiledTrunk
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.trial import Runner
from camcli.network.split import split
from camcli.network.trace import trace
from tests.conftest import GlobalAverageHead
from tests.network.test_split import Tokens

needs_compiler = pytest.mark.skipif(compiler_missing() is not None, reason="needs a C++ compiler")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "camcli" / "compiled"


@pytest.fixture
def trunk(average_head: GlobalAverageHead) -> InferenceTrunk:
    return InferenceTrunk(split(trace(average_head, torch.randn(2, 3, 16, 16)), "features").trunk)


EXAMPLE = torch.zeros(4, 3, 16, 16)


def run(trunk: AdaptiveTrunk, images: Tensor) -> Tensor:
    with torch.no_grad():
        (activation,) = trunk(images)
    return activation


@needs_compiler
def test_a_compiled_trunk_takes_over_and_is_found_again(trunk: InferenceTrunk, cache: Path) -> None:
    notices: list[str] = []
    images = torch.randn(11, 3, 16, 16)
    with torch.no_grad():
        (expected,) = trunk(images)
    first = AdaptiveTrunk(trunk, EXAMPLE, "always", 100, notices.append)
    torch.testing.assert_close(run(first, images), expected, rtol=1e-4, atol=1e-4)
    assert isinstance(first._runner, CompiledTrunk)
    assert len(list(cache.glob("*.pt2"))) == 1
    assert any("compiling" in line for line in notices)
    assert isinstance(first._runner._run, AlignedLibrary)

    notices.clear()
    second = AdaptiveTrunk(trunk, EXAMPLE, "auto", 1, notices.append)
    torch.testing.assert_close(run(second, images[:3]), expected[:3], rtol=1e-4, atol=1e-4)
    assert isinstance(second._runner, CompiledTrunk)
    assert notices == []


@needs_compiler
def test_images_may_be_counted_by_another_dimension_than_the_first(cache: Path) -> None:
    network = Tokens(batch_first=False).eval()
    halves = split(trace(network, torch.randn(2, 3, 16, 16)), "blocks.1.norm1")
    assert halves.batch_dims == (1, 1)
    fast = InferenceTrunk(halves.trunk, batch_dims=halves.batch_dims)
    images, notices = torch.randn(11, 3, 16, 16), list[str]()
    adaptive_trunk = AdaptiveTrunk(fast, EXAMPLE, "always", 100, notices.append)
    with torch.no_grad():
        for count in (11, 4, 3, 1):
            found, expected = adaptive_trunk(images[:count]), fast(images[:count])
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert isinstance(adaptive_trunk._runner, CompiledTrunk), notices


@pytest.mark.parametrize("wrong", [float("nan"), 2.0])
def test_a_compiled_trunk_with_wrong_outputs_is_not_used(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    monkeypatch.setattr(Compilation, "ready", True)
    monkeypatch.setattr(
        Compilation,
        "load",
        lambda _: lambda images: tuple(wrong * output for output in trunk(images)),
    )
    notices: list[str] = []
    images = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        (expected,) = trunk(images)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10, notices.append)
    for _ in range(2):
        torch.testing.assert_close(run(adaptive_trunk, images), expected)
    assert len(notices) == 1
    assert "is off by" in notices[0]


def test_few_images_are_not_worth_compiling(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compilation, "start", _fail)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 50, _fail)
    for _ in range(5):
        run(adaptive_trunk, torch.randn(4, 3, 16, 16))


def test_many_slow_images_are_worth_compiling(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(adaptive, "compiler_missing", lambda: None)
    monkeypatch.setattr(Compilation, "start", lambda self: started.append(self))
    notices: list[str] = []
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, notices.append)
    run(adaptive_trunk, torch.randn(4, 3, 16, 16))
    assert not started, "how slow they are is known after the first batch"
    run(adaptive_trunk, torch.randn(4, 3, 16, 16))
    assert len(started) == 1
    assert "in the background" in notices[0]


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
    monkeypatch.setattr(Compilation, "start", _fail)
    later = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, _fail)
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

    later = AdaptiveTrunk(trunk, EXAMPLE, "auto", 100, _fail)
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
    monkeypatch.setattr(Compilation, "start", _fail)
    monkeypatch.setattr(Compilation, "load", _fail)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, _fail)
    for _ in range(4):
        run(adaptive_trunk, torch.randn(4, 3, 16, 16))


def test_what_another_run_rejects_meanwhile_is_not_compiled(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    monkeypatch.setattr(adaptive, "compiler_missing", lambda: None)
    monkeypatch.setattr(Compilation, "start", _fail)
    notices: list[str] = []
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10**12, notices.append)
    run(adaptive_trunk, EXAMPLE)
    Compilation(trunk, EXAMPLE, requested=False).reject()
    for _ in range(4):
        run(adaptive_trunk, EXAMPLE)
    assert len(notices) == 1
    assert notices[0].endswith("another run found that it is no faster compiled")


@needs_compiler
def test_who_asks_for_compiling_gets_it_even_if_it_was_rejected_before(
    trunk: InferenceTrunk, cache: Path
) -> None:
    cache.mkdir(parents=True)
    Compilation(trunk, EXAMPLE, requested=False).reject()
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "always", 100, lambda _: None)
    run(adaptive_trunk, EXAMPLE)
    assert isinstance(adaptive_trunk._runner, CompiledTrunk)


def test_a_package_is_kept_when_memory_runs_out(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need_too_much(_: Tensor) -> tuple[Tensor, ...]:
        raise torch.OutOfMemoryError("no memory")

    cache.mkdir(parents=True)
    package = Compilation(trunk, EXAMPLE, requested=True).package
    package.write_bytes(b"stands for a package")
    monkeypatch.setattr(Compilation, "load", lambda _: need_too_much)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10, _fail)
    with pytest.raises(torch.OutOfMemoryError):
        run(adaptive_trunk, EXAMPLE)
    assert package.exists()


def test_images_from_a_pipe_are_worth_compiling_once_many_have_come(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(adaptive, "compiler_missing", lambda: None)
    monkeypatch.setattr(Compilation, "start", lambda self: started.append(self))
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", None, lambda _: None)
    for _ in range(4):
        run(adaptive_trunk, torch.randn(4, 3, 16, 16))
    assert not started
    adaptive_trunk._images_seen = 10**12
    run(adaptive_trunk, torch.randn(4, 3, 16, 16))
    assert started


def test_never_means_never(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compilation, "start", _fail)
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "never", 10**12, _fail)
    for _ in range(3):
        run(adaptive_trunk, torch.randn(4, 3, 16, 16))


def test_no_compiler_is_one_line_of_notice(
    trunk: InferenceTrunk, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    notices: list[str] = []
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "always", 100, notices.append)
    run(adaptive_trunk, torch.randn(4, 3, 16, 16))
    assert notices == ["not compiling the network: there is no C++ compiler (g++) on this machine"]


def test_a_broken_package_is_removed(trunk: InferenceTrunk, cache: Path) -> None:
    cache.mkdir(parents=True)
    package = Compilation(trunk, EXAMPLE, requested=True).package
    package.write_bytes(b"not a package")
    notices: list[str] = []
    adaptive_trunk = AdaptiveTrunk(trunk, EXAMPLE, "auto", 10, notices.append)
    images = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        (expected,) = trunk(images)
    torch.testing.assert_close(run(adaptive_trunk, images), expected)
    assert not package.exists()
    assert "going on without compiling" in notices[0]


def _fail(*_: object) -> None:
    raise AssertionError("nothing was to be done or said")
