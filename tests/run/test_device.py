"""Which device a name stands for, and which names stand for none."""

from __future__ import annotations

import pytest
import torch

from camcli.errors import ConfigError
from camcli.run.device import resolve_device


def test_auto_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert resolve_device("auto") == torch.device(expected)


def test_a_device_that_exists_is_taken_as_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name in ("cpu", "cuda", "cuda:1"):
        assert resolve_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["gpu", "", "mps", "cuda:x", "tpu:0"])
def test_other_names_are_refused_with_the_choices(name: str) -> None:
    with pytest.raises(ConfigError, match="auto, cpu, cuda, cuda:N"):
        resolve_device(name)


def test_a_gpu_that_is_not_there_is_refused_with_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match=r"no 'cuda:1': PyTorch sees 1 CUDA"):
        resolve_device("cuda:1")
