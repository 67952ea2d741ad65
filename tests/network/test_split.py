"""Cuts at every kind of place: beside residual connections, in any layout, for any image size."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from camcli.attribution.objective import Objective
from camcli.errors import ModelError
from camcli.methods.probe import Probe
from camcli.network.split import check_split, split
from camcli.network.trace import trace
from tests.network.networks import ChannelsLast, Residuals, Tokens, Windows, cut

CUTS = [
    (Residuals(), "stem", "NCHW", 0),
    (Residuals(), "shared", "NCHW", 0),
    (Residuals(), "shared@1", "NCHW", 0),
    (Residuals(), "shared.first", "NCHW", 1),
    (Residuals(), "shared.second", "NCHW", 1),
    (Residuals(), "shared.first@1", "NCHW", 1),
    (ChannelsLast(), "stem", "NCHW", 0),
    (ChannelsLast(), "norm", "NHWC", 1),
    (ChannelsLast(), "mlp.0", "NHWC", 1),
    (ChannelsLast(), "mlp", "NHWC", 1),
    (Tokens(), "patches", "NCHW", 0),
    (Tokens(), "blocks.0", "tokens", 0),
    (Tokens(), "blocks.1.norm1", "tokens", 1),
    (Tokens(), "blocks.1.linear1", "tokens", 1),
    (Tokens(registers=0), "blocks.0", "tokens", 0),
    (Tokens(batch_first=False), "blocks.0", "tokens-first", 0),
    (Tokens(batch_first=False), "blocks.1.norm1", "tokens-first", 1),
    (Windows(), "norm", "NHWC", 0),
    (Windows(), "stem", "NCHW", 0),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "layer", "order", "bypasses"),
    CUTS,
    ids=[f"{type(n).__name__}-{layer}-{i}" for i, (n, layer, _, _) in enumerate(CUTS)],
)
def test_any_layer_can_be_explained_at(
    network: nn.Module, layer: str, order: str, bypasses: int
) -> None:
    """Also for images that are not square, whose grid the layout must get right."""
    halves = cut(network, layer)
    assert halves.layout.order == order
    assert len(halves.bypasses) == bypasses
    assert halves.layout.height * 24 == halves.layout.width * 16
    probe = Probe(halves, torch.randn(3, 3, 16, 24), with_reference=True)
    contributions = probe.contributions(Objective.of(torch.tensor([0, 1, 2])))
    assert probe.activation.shape == contributions.maps.shape
    assert float(contributions.completeness_error.max()) < 1e-5
    assert torch.isfinite(contributions.maps).all()


def test_the_batch_size_is_free_and_changes_nothing() -> None:
    halves = cut(Windows(), "norm")
    images, classes = torch.randn(5, 3, 16, 24), torch.tensor([0, 1, 2, 0, 1])
    together = Probe(halves, images).contributions(Objective.of(classes)).maps
    for row in range(5):
        probe = Probe(halves, images[row : row + 1])
        alone = probe.contributions(Objective.of(classes[row : row + 1])).maps
        torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=1e-4)


def test_a_reused_module_can_be_cut_at_each_of_its_calls() -> None:
    network, images = Residuals(), torch.randn(2, 3, 16, 24)
    once = F.conv2d(images, network.stem.weight, network.stem.bias, 2, 1)
    first, second = cut(network, "shared"), cut(network, "shared@1")
    torch.testing.assert_close(first.trunk(images)[0], network.shared(once))
    torch.testing.assert_close(second.trunk(images)[0], network.shared(network.shared(once)))


def test_halves_that_do_not_compute_what_the_network_does_are_refused() -> None:
    traced, images = trace(Residuals(), torch.randn(2, 3, 16, 24)), torch.randn(2, 3, 16, 24)
    with pytest.raises(ModelError, match="does not compute the same when cut at 'stem'"):
        check_split(split(traced, "stem"), traced, Residuals(), images)
