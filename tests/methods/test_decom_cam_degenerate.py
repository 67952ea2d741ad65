"""Images that DecomCAM has to refuse, or finds fewer components in."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.methods.decom_cam import DecomCam
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from tests.methods.probes import components_of, demo_probe


class Pooled(nn.Module):
    """A layer whose activation is the image itself, coarsely; a head that is not linear."""

    def __init__(self, cell: int, channels: int = 3) -> None:
        super().__init__()
        self.stage = nn.Sequential(nn.AvgPool2d(cell), nn.Conv2d(3, channels, 1))
        self.head = nn.Linear(channels, 2)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.stage(images).square().mean((2, 3)))
        return logits


def pooled_probe(images: Tensor, cell: int = 8, channels: int = 3) -> Probe:
    torch.manual_seed(1)
    network = Pooled(cell, channels).eval()
    return Probe(split(trace(network, torch.rand(2, *images.shape[1:])), "stage"), images)


def test_what_cannot_be_decomposed_is_degenerate_and_leaves_the_others_alone() -> None:
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    spoiled = images.clone()
    spoiled[1] = 0.3
    spoiled[2, 0, 5, 5] = torch.nan
    classes = torch.zeros(4, dtype=torch.int64)
    method = DecomCam(threshold=None, weights="min-max")
    found = method.explain(pooled_probe(spoiled), Objective.of(classes))
    assert found.degenerate is not None
    first, constant, broken, last = found.degenerate
    assert first is None
    assert last is None
    assert "constant" in (constant or "")
    assert "NaN" in (broken or "")
    whole = method.explain(pooled_probe(images), Objective.of(classes))
    torch.testing.assert_close(found.maps[[0, 3]], whole.maps[[0, 3]])
    assert found.maps[[0, 3]].isfinite().all()


@pytest.mark.slow
def test_nothing_above_the_threshold_is_degenerate(
    demo_split: SplitNetwork, scene_batch: Tensor
) -> None:
    probe = demo_probe(demo_split, scene_batch[:2])
    found = DecomCam(threshold=1e6).explain(probe, Objective.of(torch.tensor([0, 1])))
    assert found.degenerate == ["no component has a positive weight of at least 1e+06"] * 2
    assert not components_of(found).weights.any()


def test_a_score_that_is_not_finite_is_degenerate() -> None:
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    probe = pooled_probe(images)
    probe.scores_of_images = (  # type: ignore[method-assign]
        lambda shown, _: torch.full((len(shown),), torch.inf)
    )
    found = DecomCam().explain(probe, Objective.of(torch.tensor([0])))
    assert found.degenerate == ["the score of a component is NaN or infinity"]


def test_fewer_channels_than_asked_for_are_all_taken() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = DecomCam(threshold=None, weights="min-max").explain(
        pooled_probe(images), Objective.of(torch.tensor([0, 1]))
    )
    assert components_of(found).channels == 3
    assert components_of(found).maps.shape == (2, 3, 4, 4)
    assert found.degenerate == [None, None]


def test_components_that_an_image_does_not_have_are_zero() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    images[0] = images[0, :, :1]  # the same in every row: at 2x2, centred, one component
    found = components_of(
        DecomCam(threshold=None, weights="min-max").explain(
            pooled_probe(images, cell=16, channels=8), Objective.of(torch.tensor([0, 0]))
        )
    )
    assert found.maps.shape == (2, 4, 2, 2)
    assert (found.explained_variance[0] > 0).tolist() == [True, False, False, False]
    assert (found.explained_variance[1] > 0).tolist() == [True, True, True, False]
    assert not found.maps[0, 1:].any()
    assert not found.weights[0, 1:].any()
