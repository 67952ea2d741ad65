"""What is kept of a network: made once, by the network itself, and gone with it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of, check_rules
from camcli.attribution.heads.general import GeneralHead
from camcli.attribution.heads.one_class import ClassHead
from camcli.attribution.heads.pooled import PooledHead
from camcli.attribution.objective import Objective
from camcli.errors import LayerError
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace

IMAGES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
OBJECTIVE = Objective.of(torch.tensor([0, 1, 2]))


class Headed(nn.Module):
    def __init__(self, *head: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.Tanh())
        self.head = nn.Sequential(*head)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


def pooled() -> SplitNetwork:
    return cut(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))


def convolutional() -> SplitNetwork:
    return cut(nn.Conv2d(6, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def other() -> SplitNetwork:
    return cut(nn.Flatten(), nn.Linear(6 * 64, 8), nn.GELU(), nn.Linear(8, 4))


def cut(*head: nn.Module) -> SplitNetwork:
    return split(trace(Headed(*head).eval(), IMAGES[:2]), "features")


def test_a_network_has_one_attribution() -> None:
    network = other()
    assert attribution_of(network) is attribution_of(network)
    assert attribution_of(network).tail.deeplift is attribution_of(network).tail.deeplift


def test_a_copy_with_another_trunk_has_an_attribution_of_its_own() -> None:
    """Its reference is computed in the memory format that its own trunk gives."""
    network = other()
    Probe(network, IMAGES).contributions(OBJECTIVE)
    seen: list[Tensor] = []

    def channels_last(images: Tensor) -> tuple[Tensor, ...]:
        seen.append(network.trunk(images)[0].contiguous(memory_format=torch.channels_last))
        return (seen[-1],)

    fast = replace(network, trunk=channels_last)
    found = Probe(fast, IMAGES).contributions(OBJECTIVE)
    assert len(seen) == 1
    assert attribution_of(fast) is not attribution_of(network)
    for each in (network, fast):
        assert attribution_of(each).tail.deeplift.reference_passes == 1
    torch.testing.assert_close(found.maps, Probe(network, IMAGES).contributions(OBJECTIVE).maps)


@pytest.mark.slow
def test_an_attribution_goes_with_its_network() -> None:
    network = other()
    Probe(network, IMAGES, with_reference=True).contributions(OBJECTIVE)
    kept = weakref.ref(attribution_of(network))
    assert kept() is not None
    del network
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize(
    ("network", "with_reference", "kind"),
    [
        (pooled, True, PooledHead),
        (pooled, False, GeneralHead),
        (convolutional, True, ClassHead),
        (convolutional, False, ClassHead),
        (other, True, GeneralHead),
        (other, False, GeneralHead),
    ],
)
def test_the_head_is_the_fastest_that_fits(network, with_reference, kind) -> None:
    halves = network()
    with torch.no_grad():
        raw, *bypass = halves.trunk(IMAGES)
    assert type(attribution_of(halves).head(raw, bypass, with_reference)) is kind


@pytest.mark.parametrize("network", [pooled, convolutional, other])
@pytest.mark.parametrize("with_reference", [False, True])
def test_every_head_does_all_that_a_probe_may_ask(network, with_reference) -> None:
    """And agrees with the general head, which takes no short cut."""
    halves = network()
    with torch.no_grad():
        raw, *bypass = halves.trunk(IMAGES)
    attribution = attribution_of(halves)
    head = attribution.head(raw, bypass, with_reference)
    general = GeneralHead(attribution.tail, raw, bypass)
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(head.logits, general.logits, **close)
    assert not head.logits.requires_grad
    torch.testing.assert_close(head.gradient(OBJECTIVE), general.gradient(OBJECTIVE), **close)
    torch.testing.assert_close(head.relevance(OBJECTIVE), general.relevance(OBJECTIVE), **close)
    torch.testing.assert_close(
        head.contributions(OBJECTIVE).maps,
        general.contributions(OBJECTIVE).maps,
        **close,
    )
    (depth,) = head.contributions_by_depth(OBJECTIVE)
    torch.testing.assert_close(depth.maps, general.contributions(OBJECTIVE).maps, **close)
    torch.testing.assert_close(
        head.scores(OBJECTIVE, raw * 0.5), general.scores(OBJECTIVE, raw * 0.5), **close
    )


def test_a_missing_rule_is_found_before_any_pass() -> None:
    class Sorting(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            return maps.mean((2, 3)).sort(1).values

    check_rules(other())
    network = cut(Sorting())
    with pytest.raises(LayerError, match=r"DeepLIFT has no exact rule for aten\.sort \(in head.0"):
        check_rules(network)
    probe = Probe(network, IMAGES)
    with pytest.raises(LayerError, match=r"aten\.sort"):
        probe.contributions(OBJECTIVE)
    assert torch.isfinite(probe.gradient(OBJECTIVE)).all()
