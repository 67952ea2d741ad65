"""How DecomCAM weighs its components."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.methods import create_method
from camcli.methods.decom_cam import DecomCam
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from tests.methods.probes import components_of, demo_probe


def test_deeplift_weights_are_the_scores_of_masked_activations_where_the_tail_is_linear(
    average_head: nn.Module,
) -> None:
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(3, 3, 32, 32, generator=generator)
    network = split(trace(average_head, images[:2]), "features")
    probe = Probe(network, images)
    classes = torch.tensor([0, 1, 3])
    method = DecomCam(components=3, integrate="deeplift", threshold=None, weights="max")
    found = components_of(method.explain(probe, Objective.of(classes)))
    activation = probe.activation
    for row, (target, weights) in enumerate(zip(classes, found.weights, strict=True)):
        scores = []
        for part in found.maps[row]:
            mask = (part - part.min()) / (part.max() - part.min())
            tail = torch.cat(
                [
                    mask * activation[row : row + 1],
                    torch.zeros(1, *mask.shape).expand(1, activation.shape[1], *mask.shape),
                ]
            )
            shown, nothing = network.tail(tail)[:, target]
            scores.append(shown - nothing)
        expected = torch.stack(scores)
        if expected.max() > 0:
            torch.testing.assert_close(weights, expected / expected.max(), rtol=1e-4, atol=1e-5)
    assert (found.weights == 1).any()


@pytest.mark.slow
def test_deeplift_scores_no_masked_image(
    demo_split: SplitNetwork, scene_batch: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Tensor:
        raise AssertionError("a masked forward pass")

    monkeypatch.setattr(Probe, "scores_of_images", refuse)
    classes = torch.tensor([0, 1])
    probe = demo_probe(demo_split, scene_batch[:2])
    DecomCam(integrate="deeplift").explain(probe, Objective.of(classes))
    with pytest.raises(AssertionError, match="masked forward"):
        DecomCam().explain(probe, Objective.of(classes))


SCORES = torch.tensor([[4.0, 1.0, -2.0, 0.5], [-3.0, -1.0, -2.0, -5.0]])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 0.25, 0, 0.125], [0, 0, 0, 0]]),
        ({"threshold": 0.75}, [[1, 0.25, 0, 0], [0, 0, 0, 0]]),
        ({"threshold": None}, [[1, 0.25, -0.5, 0.125], [0, 0, 0, 0]]),
        ({"weights": "min-max"}, [[1, 0.5, 0, 2.5 / 6], [0, 0, 0, 0]]),
        (
            {"weights": "min-max", "threshold": None},
            [[1, 0.5, 0, 2.5 / 6], [0.5, 1, 0.75, 0]],
        ),
    ],
)
def test_integration_weights(options: dict[str, object], expected: list[list[float]]) -> None:
    method = DecomCam(**options)  # type: ignore[arg-type]
    found = method._integration_weights(SCORES, torch.ones(2, 4, dtype=torch.bool))
    torch.testing.assert_close(found, torch.tensor(expected))


def test_softmax_weights_are_the_scores_times_their_softmax() -> None:
    method = DecomCam(weights="softmax", threshold=None)
    found = method._integration_weights(SCORES, torch.ones(2, 4, dtype=torch.bool))
    raw = SCORES.numpy()
    torch.testing.assert_close(
        found.numpy(), raw * np.exp(raw) / np.exp(raw).sum(1, keepdims=True), rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("threshold", [None, 0.0])
@pytest.mark.parametrize("weights", ["max", "min-max", "softmax"])
def test_absent_components_weigh_nothing_and_count_for_nothing(
    weights: str, threshold: float | None
) -> None:
    method = create_method("decom-cam", {"weights": weights, "threshold": threshold})
    assert isinstance(method, DecomCam)
    present = torch.tensor([[True, True, False, False], [False] * 4])
    found = method._integration_weights(torch.tensor([[2.0, 1.0, 9.0, -9.0]] * 2), present)
    alone = method._integration_weights(
        torch.tensor([[2.0, 1.0]]), torch.ones(1, 2, dtype=torch.bool)
    )
    torch.testing.assert_close(found[:1, :2], alone)
    assert not found[0, 2:].any()
    assert not found[1].any()
