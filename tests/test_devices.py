"""Everything is computed on the network's device, as a GPU requires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from camcli.cli import app
from camcli.config import load_config
from camcli.engine import Explained
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.methods import METHOD_NAMES
from camcli.records import Batch, FailedImage, ImageItem
from camcli.run.build import BuiltRun, build
from tests.harness.stand_in import EXISTS, StandInTensor, stand_in

pytestmark = pytest.mark.skipif(not EXISTS, reason="needs a PyTorch with devices made in Python")

# For methods whose default numbers take long.
FEWER = {"lime-cam": {"samples": 200}, "shap-cam": {"pairs": 2}}


@contextmanager
def on_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `run.device: auto` mean the stand-in."""
    with stand_in() as device, monkeypatch.context() as patch:
        patch.setattr("camcli.run.build.resolve_device", lambda _: device)
        yield


def assembled(**settings: object) -> BuiltRun:
    defaults = {"model.name": "demo", "run.compile": False, "run.batch_size": 2}
    return build(load_config(flags={**defaults, **settings}), 2)


def explained(work: BuiltRun, folder: Path) -> list[Explained | FailedImage]:
    refs = list(find_images([str(folder)], folder / "out"))[:2]
    items = [decode(ref, work.engine.preprocess) for ref in refs]
    return work.engine.explain(Batch(tuple(i for i in items if isinstance(i, ImageItem))))


def assert_same(
    found: list[Explained | FailedImage],
    expected: list[Explained | FailedImage],
    tolerance: float = 1e-4,
) -> None:
    assert len(found) == len(expected) == 2
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, Explained)
        assert isinstance(other, Explained)
        for a, b in zip(one.maps, other.maps, strict=True):
            assert (a.values is None) == (b.values is None), (a.degenerate, b.degenerate)
            if a.values is not None and b.values is not None:
                np.testing.assert_allclose(a.values, b.values, atol=tolerance)
            assert a.target.index == b.target.index
            assert a.target.score == pytest.approx(b.target.score, rel=tolerance)


def test_the_stand_in_refuses_what_a_gpu_refuses() -> None:
    with stand_in() as device:
        there, here = torch.ones(3, device=device), torch.ones(3)
        assert there.device == device
        with pytest.raises(RuntimeError, match="two devices"):
            _ = there + here
        with pytest.raises(RuntimeError, match="two devices"):
            torch.where(there > 0, there, here)
        with pytest.raises((RuntimeError, TypeError)):
            there.numpy()


def test_the_stand_in_computes() -> None:
    with stand_in() as device:
        a = torch.tensor([1.0, -2.0, 3.0], device=device).requires_grad_()
        (gradient,) = torch.autograd.grad((a * a).relu().sum(), a)
        assert isinstance(gradient, StandInTensor)
        assert gradient.tolist() == [2.0, -4.0, 6.0]
        assert gradient.add_(1).cpu().numpy().tolist() == [3.0, -3.0, 7.0]
        assert (a.detach() + torch.tensor(1.0)).tolist() == [2.0, -1.0, 4.0]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_method_stays_on_the_device(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    settings = {"method.name": method, "method.options": FEWER.get(method, {}), "targets": ["top2"]}
    expected = explained(assembled(**settings), scenes)
    with on_the_stand_in(monkeypatch):
        work = assembled(**settings)
        buffers = list(work.engine.network.trunk._uncompiled.module.buffers())  # type: ignore[attr-defined]
        assert buffers
        assert all(isinstance(buffer, StandInTensor) for buffer in buffers)
        assert_same(explained(work, scenes), expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"model.name": "demo-clip", "prompts": ["a red boat", "a cat"]},
        {"model.name": "demo-clip", "prompts": ["a cat"], "method.name": "decom-cam"},
        {"model.name": "squeezenet1_1", "model.weights": None, "method.name": "lrp-cam"},
        {"model.name": "squeezenet1_1", "model.weights": None, "run.precision": "bf16"},
        {"model.name": "convnext_tiny", "model.weights": None, "preprocess": {"crop": 64}},
        {"output.map_size": "layer", "output.normalize": "max"},
    ],
)
def test_every_kind_of_network_stays_on_the_device(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    if settings.get("model.name") == "demo-clip":
        pytest.importorskip("open_clip")
    expected = explained(assembled(**settings), scenes)
    with on_the_stand_in(monkeypatch):
        assert_same(explained(assembled(**settings), scenes), expected)


@pytest.mark.slow
def test_a_whole_run_writes_the_same_on_the_device(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("cpu", "there"):
        arguments = ["explain", str(scenes), "-o", str(tmp_path / name), "-m", "demo", "-b", "3"]
        command = [*arguments, "--method", "decom-cam", "--save", "components", "--no-compile"]
        if name == "cpu":
            result = CliRunner().invoke(app, command)
        else:
            with on_the_stand_in(monkeypatch):
                result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output

    def files(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        return {str(path): (folder / path).read_bytes() for path in found}

    cpu, there = files("cpu"), files("there")
    assert "standin:0" in json.loads(there.pop("run.json"))["device"]
    assert json.loads(cpu.pop("run.json"))["device"] == "cpu"
    assert len(cpu) > 7
    assert cpu == there


@pytest.mark.slow
def test_an_evaluation_finds_the_same_on_the_device(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = ["evaluate", str(scenes), "-m", "demo", "--methods", "lift-cam,shap-cam,random"]
    command += ["-q", "--no-costs", "--steps", "3", "--limit", "2"]
    assert CliRunner().invoke(app, [*command, "-o", str(tmp_path / "cpu")]).exit_code == 0
    with on_the_stand_in(monkeypatch):
        result = CliRunner().invoke(app, [*command, "-o", str(tmp_path / "there")])
    assert result.exit_code == 0, result.output
    tables = [json.loads((tmp_path / n / "table.json").read_text()) for n in ("cpu", "there")]
    assert tables[0]["methods"] == tables[1]["methods"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("method", ["lift-cam", "decom-cam"])
def test_a_gpu_computes_the_same_maps(
    scenes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiled: bool, method: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = explained(assembled(**{"method.name": method, "run.device": "cpu"}), scenes)
    settings = {"method.name": method, "run.device": "cuda", "run.compile": compiled}
    assert_same(explained(assembled(**settings), scenes), expected, tolerance=1e-3)
