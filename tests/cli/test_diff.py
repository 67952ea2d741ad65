"""The recipe of docs/guide/ci.md, as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from safetensors.torch import save_file

from camcli.models import LoadedModel
from tests.cli.conftest import Camcli, Finished

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "ci.md"
SAMPLES = GUIDE.parents[2] / "sample_images"


@pytest.fixture
def recipe() -> list[list[list[str]]]:
    """Return the guide's blocks of commands, each as the arguments of its lines."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return [[shlex.split(line)[1:] for line in block.splitlines()] for block in blocks]


def run(camcli: Camcli, block: list[list[str]]) -> Finished:
    """Run every line of a block, and return how the last one ended."""
    *first, last = block
    for line in first:
        finished = camcli(*line, "-q")
        assert finished.code == 0, finished.stderr
    return camcli(*last)


def configure(**settings: object) -> None:
    lines = [f"  {key}: {value}\n" for key, value in {"name": "demo", **settings}.items()]
    Path("maps.yaml").write_text("model:\n" + "".join(lines))


@pytest.mark.slow
def test_a_changed_weight_fails_the_build_and_another_batch_size_does_not(
    camcli: Camcli, recipe: list[list[list[str]]], demo_model: LoadedModel
) -> None:
    once, build, alone = recipe
    Path("sample_images").symlink_to(SAMPLES)
    configure()
    assert run(camcli, once).code == 0
    assert Path("golden.npz").stat().st_size < 200_000

    other_batches = [[*build[0], "--set", "run.batch_size=3"], build[1]]
    passed = run(camcli, other_batches)
    assert passed.code == 0, passed.stderr
    assert passed.stderr.strip() == "10 pairs compared: passed"
    assert run(camcli, alone).code == 0

    weights = {name: value.clone() for name, value in demo_model.network.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    last = [name for name, value in weights.items() if value.dim() == 4][-1]
    weights[last] = torch.randn(weights[last].shape, generator=generator) * weights[last].std()
    save_file(weights, "changed.safetensors")
    configure(weights="changed.safetensors")
    failed = run(camcli, build)
    assert failed.code == 1
    root = ElementTree.parse("maps.xml").getroot()
    failures = [case.get("classname") for case in root if case.find("failure") is not None]
    (worst,) = re.findall(r"the worst: (\S+)", failed.stderr)
    assert worst in failures
    assert int(root.get("failures") or 0) == len(failures) >= 1
    assert "row" in Path("maps.md").read_text(encoding="utf-8").splitlines()[0]
