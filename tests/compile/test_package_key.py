"""What a compiled package depends on is part of its name."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from camcli.compile import package_key
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.package_key import package_path
from camcli.network.split import split
from camcli.network.trace import trace
from tests.conftest import GlobalAverageHead

EXAMPLE = torch.zeros(4, 3, 16, 16)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def trunk_of(network: nn.Module, layer: str) -> InferenceTrunk:
    return InferenceTrunk(split(trace(network, torch.randn(2, 3, 16, 16)), layer).trunk)


def test_a_package_is_in_the_users_cache(average_head: GlobalAverageHead, tmp_path: Path) -> None:
    path = package_path(trunk_of(average_head, "features"), EXAMPLE)
    assert path.parent == tmp_path / "camcli" / "compiled"
    assert path.suffix == ".pt2"


def test_other_weights_are_another_package(average_head: GlobalAverageHead) -> None:
    before = package_path(trunk_of(average_head, "features"), EXAMPLE)
    assert package_path(trunk_of(average_head, "features"), EXAMPLE) == before
    torch.nn.init.constant_(average_head.features[0].weight, 0.5)
    assert package_path(trunk_of(average_head, "features"), EXAMPLE) != before


def test_another_batch_size_or_precision_is_another_package(
    average_head: GlobalAverageHead,
) -> None:
    trunk = trunk_of(average_head, "features")
    halves = split(trace(average_head, torch.randn(2, 3, 16, 16)), "features")
    lower = InferenceTrunk(halves.trunk, torch.bfloat16)
    paths = [package_path(trunk, EXAMPLE), package_path(trunk, EXAMPLE[:2])]
    assert len({*paths, package_path(lower, EXAMPLE)}) == 3


class Conditional(nn.Module):
    """Scales its images by a number that stands in a branch."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        branches = (lambda x: x * self.number), (lambda x: x + 1)
        return self.relu(torch.cond(images.isfinite().all(), *branches, (images,))).mean((2, 3))


@pytest.mark.slow
def test_a_network_with_another_branch_is_another_package() -> None:
    def package_of(number: float) -> Path:
        return package_path(trunk_of(Conditional(number).eval(), "relu"), EXAMPLE)

    assert package_of(2.0) == package_of(2.0)
    assert package_of(2.0) != package_of(3.0)


class Table(nn.Module):
    """Multiplies by numbers that no `state_dict` holds."""

    def __init__(self, numbers: Tensor) -> None:
        super().__init__()
        self.numbers = numbers
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        return self.relu(images * self.numbers).mean((2, 3))


def test_constants_that_are_no_weights_are_part_of_the_name() -> None:
    def package_of(number: float) -> Path:
        numbers = torch.tensor([1.0, 2.0, number])[:, None, None]
        return package_path(trunk_of(Table(numbers).eval(), "relu"), EXAMPLE)

    assert package_of(2.0) == package_of(2.0)
    assert package_of(2.0) != package_of(3.0)


def test_weights_that_lie_otherwise_in_memory_are_another_package() -> None:
    linear = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    trunk = trunk_of(linear.eval(), "1")
    before = package_path(trunk, EXAMPLE)
    for name, tensor in list(trunk.module.named_buffers()):
        if tensor.dim() == 4:
            setattr(trunk.module, name, tensor.contiguous())
    assert package_path(trunk, EXAMPLE) != before


def stands_for(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part of the surroundings be another one."""
    if name == "environment":
        monkeypatch.setenv("TORCHINDUCTOR_FREEZING", str(value))
    elif name == "threads":
        monkeypatch.setattr(torch, "get_num_threads", lambda: value)
    elif name == "instructions":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: value)
    else:
        monkeypatch.setattr(package_key, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__version__", "0.0.0"),
        ("MODES", {"cpu": ({},)}),
        ("_compiler", lambda _: "another g++"),
        ("environment", "1"),
        ("threads", 77),
        ("instructions", "another"),
    ],
)
def test_other_surroundings_of_the_compiler_are_another_package(
    name: str, value: object, average_head: GlobalAverageHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = trunk_of(average_head, "features")
    before = package_path(trunk, EXAMPLE)
    stands_for(name, value, monkeypatch)
    assert package_path(trunk, EXAMPLE) != before


def test_a_compiler_is_known_by_what_it_says_of_itself() -> None:
    assert package_key._compiler(sys.executable) == f"Python {platform.python_version()}"
    assert package_key._compiler("no-such-compiler") == ""


def test_where_the_compiler_keeps_its_files_is_not_part_of_the_name(
    average_head: GlobalAverageHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = trunk_of(average_head, "features")
    before = package_path(trunk, EXAMPLE)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    assert package_path(trunk, EXAMPLE) == before
