"""Checkpoints of training scripts are read, and nothing in them is run."""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime
import decimal
import enum
import os
import pathlib
import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from camcli.errors import CamcliWarning, ModelError
from camcli.models.checkpoint import read_checkpoint
from camcli.models.inert_pickle import Inert, read_pickle

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3)}

BESIDE: dict[str, Any] = {
    "Namespace": argparse.Namespace(lr=0.1, nested=argparse.Namespace(path=pathlib.Path("x"))),
    "SimpleNamespace": types.SimpleNamespace(epoch=3),
    "NumPy scalar": np.float64(0.93),
    "NumPy array": np.arange(3.0),
    "NumPy state": np.random.get_state(),  # noqa: NPY002
    "path": pathlib.PurePosixPath("runs/3"),
    "Windows path": pathlib.PureWindowsPath("runs"),
    "date": datetime.date(2024, 1, 1),
    "datetime": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    "duration": datetime.timedelta(hours=3),
    "defaultdict": collections.defaultdict(list, {"loss": [1.0, 2.0]}),
    "deque": collections.deque([1, 2], maxlen=4),
    "counter": collections.Counter("aab"),
    "decimal": decimal.Decimal("0.1"),
    "set": frozenset({1}),
    "version": torch.__version__,
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_training_scripts_save_beside_the_weights_is_left_out_and_told(
    tmp_path: Path, name: str, zipped: bool
) -> None:
    path = tmp_path / "best.pth.tar"
    content = {"state_dict": WEIGHTS, "extra": BESIDE[name]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.warns(CamcliWarning, match="'state_dict' are used, and not extra"):
        found = read_checkpoint(path).weights
    assert found.keys() == WEIGHTS.keys()
    assert torch.equal(found["a.weight"], WEIGHTS["a.weight"])


def test_the_settings_of_hydra_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning saves them with the weights; stand-ins carry what OmegaConf's objects do."""
    made = {}
    for home, name in (("dictconfig", "DictConfig"), ("base", "ContainerMetadata"),
                       ("nodes", "AnyNode")):  # fmt: skip
        module = types.ModuleType(f"omegaconf.{home}")
        made[name] = type(name, (), {"__module__": module.__name__})
        setattr(module, name, made[name])
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    settings, node, metadata = made["DictConfig"](), made["AnyNode"](), made["ContainerMetadata"]()
    vars(node).update(_val=0.1, _parent=settings)
    vars(metadata).update(ref_type=Any, object_type=dict, optional=True)
    vars(settings).update(_content={"lr": node}, _metadata=metadata)
    torch.save({"state_dict": WEIGHTS, "hyper_parameters": settings}, tmp_path / "a.ckpt")
    with pytest.warns(CamcliWarning, match=r"not hyper_parameters \(omegaconf\.dictconfig\.Dict"):
        found = read_checkpoint(tmp_path / "a.ckpt").weights
    assert torch.equal(found["a.weight"], WEIGHTS["a.weight"])


def test_the_names_of_numpy_1_are_read_as_those_of_numpy_2(tmp_path: Path) -> None:
    torch.save({"state_dict": WEIGHTS, "best": np.float64(0.5)}, tmp_path / "new.pt",
               _use_new_zipfile_serialization=False)  # fmt: skip
    data = (tmp_path / "new.pt").read_bytes().replace(b"numpy._core.multi", b"numpy.core.multi")
    (tmp_path / "old.pt").write_bytes(data)
    content = read_pickle(tmp_path / "old.pt")
    assert isinstance(content, dict)
    assert content["best"].origin == "numpy.core.multiarray.scalar"


def test_objects_of_known_types_keep_nothing(tmp_path: Path) -> None:
    torch.save({"args": argparse.Namespace(token="secret")}, tmp_path / "a.pt")
    before = set(torch.serialization.get_safe_globals())
    content = read_pickle(tmp_path / "a.pt")
    assert isinstance(content, dict)
    assert isinstance(content["args"], Inert)
    assert vars(content["args"]) == {}
    assert set(torch.serialization.get_safe_globals()) == before


class Config(dict[str, int]):
    pass


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("extra", [Config(a=1), Colour.RED, torch.nn.ReLU()], ids=repr)
def test_objects_of_other_types_are_refused_by_name(tmp_path: Path, extra: object) -> None:
    torch.save({"state_dict": WEIGHTS, "extra": extra}, tmp_path / "a.pt")
    kind = type(extra)
    with pytest.raises(ModelError, match="refused: it holds more than weights") as caught:
        read_checkpoint(tmp_path / "a.pt")
    assert f"{kind.__module__}.{kind.__qualname__}" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


class Runs:
    """An object whose pickle calls a function with arguments."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("hidden_in", ["value", "state of a Namespace", "NumPy scalar", "mapping"])
@pytest.mark.parametrize("function", [os.system, eval, exec])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_would_run_code_runs_nothing(
    tmp_path: Path, hidden_in: str, function: Any, zipped: bool
) -> None:
    mark = tmp_path / "ran"
    command = f"touch {mark}" if function is os.system else f"open({str(mark)!r}, 'w')"
    attack = Runs(function, command)
    extra: Any = {
        "value": attack,
        "state of a Namespace": argparse.Namespace(a=attack),
        "NumPy scalar": Runs(np.float64(1).__reduce__()[0], attack, attack),
        "mapping": collections.defaultdict(None, {"a": attack}),
    }[hidden_in]
    torch.save({"state_dict": WEIGHTS, "extra": extra}, tmp_path / "a.pt",
               _use_new_zipfile_serialization=zipped)  # fmt: skip
    with pytest.raises(ModelError, match="refused"):
        read_checkpoint(tmp_path / "a.pt")
    assert not mark.exists()
    with contextlib.suppress(TypeError):
        torch.load(tmp_path / "a.pt", weights_only=False)
    assert mark.exists()  # the attack is a real one


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (b"<!doctype html>", "cannot read the checkpoint"),
        (b"", "cannot read the checkpoint"),
        (pickle.dumps(WEIGHTS["a.weight"].tolist(), protocol=5), "cannot read the checkpoint"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.bin").write_bytes(data)
    with pytest.raises(ModelError, match=reason) as caught:
        read_checkpoint(tmp_path / "a.bin")
    assert str(tmp_path / "a.bin") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
