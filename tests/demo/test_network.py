import hashlib
import json
from pathlib import Path

import pytest
import torch

from camcli.demo import train
from camcli.demo.accuracy import share_recognised
from camcli.demo.dataset import draw_examples
from camcli.demo.network import DEFAULT_LAYER, INPUT_SIZE, DemoNet, load_demo, normalised
from camcli.demo.scenes import CLASSES

WEIGHTS = Path(train.__file__).parent / "weights"

# Neither the training seeds nor those the report was measured on.
UNSEEN = range(2_000_000_000, 2_000_000_400)


@pytest.fixture(scope="module")
def network() -> DemoNet:
    return load_demo()


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    return json.loads((WEIGHTS / "demo.json").read_text(encoding="utf-8"))


def test_packaged_network_is_ready_to_evaluate(network: DemoNet) -> None:
    assert not network.training
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


def test_report_describes_the_weights(network: DemoNet, report: dict[str, object]) -> None:
    weights = (WEIGHTS / "demo.safetensors").read_bytes()
    assert len(weights) < 2_000_000
    assert report["sha256"] == hashlib.sha256(weights).hexdigest()
    assert report["classes"] == list(CLASSES)
    assert report["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert sum(parameter.numel() for parameter in network.parameters()) <= 480_000


@pytest.mark.slow
def test_single_objects_are_recognised(network: DemoNet, report: dict[str, object]) -> None:
    share = share_recognised(network, draw_examples(UNSEEN, (1,)))
    assert share >= 0.95
    assert share == pytest.approx(report["single_accuracy"], abs=0.03)


@pytest.mark.slow
def test_several_objects_are_recognised(network: DemoNet, report: dict[str, object]) -> None:
    share = share_recognised(network, draw_examples(UNSEEN, (2, 3)))
    assert share == pytest.approx(report["several_accuracy"], abs=0.06)


@pytest.mark.parametrize("size", [(128, 128), (224, 224), (96, 160)])
def test_any_input_size_is_accepted(network: DemoNet, size: tuple[int, int]) -> None:
    assert network(torch.zeros(2, 3, *size)).shape == (2, len(CLASSES))


def test_default_layer_is_a_map_at_stride_eight(network: DemoNet) -> None:
    shapes = []
    layer = network.get_submodule(DEFAULT_LAYER)
    handle = layer.register_forward_hook(lambda *call: shapes.append(call[2].shape))
    network(torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE))
    handle.remove()
    assert shapes[0][2:] == (INPUT_SIZE // 8, INPUT_SIZE // 8)


def test_the_network_can_be_exported(network: DemoNet) -> None:
    images = draw_examples(UNSEEN[:2], (1,)).images
    exported = torch.export.export(network, (normalised(images),))
    torch.testing.assert_close(exported.module()(normalised(images)), network(normalised(images)))


@pytest.mark.slow
def test_several_workers_draw_the_same_scenes() -> None:
    alone, shared = (draw_examples(UNSEEN[:6], (1, 2), workers) for workers in (1, 2))
    assert torch.equal(alone.images, shared.images)
    assert torch.equal(alone.targets, shared.targets)


def test_targets_spread_their_mass_over_the_classes_present() -> None:
    targets = draw_examples(range(4), (0, 1, 2, 3)).targets
    assert targets.sum(1).tolist() == pytest.approx([1.0] * 4)
    assert (targets > 0).sum(1).tolist() == [10, 1, 2, 3]


@pytest.mark.slow
def test_training_repeats_exactly_and_is_reported(tmp_path: Path) -> None:
    options = ["--scenes", "64", "--steps", "2", "--unseen", "4", "--workers", "1"]
    for name in ("one", "two"):
        train.main(["--out", str(tmp_path / name), *options])
    one, two = (json.loads((tmp_path / name / "demo.json").read_text()) for name in ("one", "two"))
    assert one["sha256"] == two["sha256"]
    assert one["training_scenes"] == 64
