from __future__ import annotations

import pytest
import torch
from torch import nn

from camcli.attribution.objective import Objective
from camcli.evaluation.metrics.randomisation import cascading_randomisation
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import LoadedModel
from camcli.network.split import split
from camcli.network.trace import trace

IMAGES = torch.randn(4, 3, 128, 128, generator=torch.Generator().manual_seed(0))


def similarities(network: nn.Module, name: str) -> dict[str, float]:
    def maps() -> torch.Tensor:
        # DeepLIFT keeps its reference pass, which belongs to the weights it was made with.
        probe = Probe(split(trace(network, IMAGES), "stages.2"), IMAGES)
        return create_method(name, {}).explain(probe, Objective.of(torch.arange(4))).maps

    return {path: float(rho.nanmean()) for path, rho in cascading_randomisation(network, maps)}


@pytest.mark.slow
def test_maps_change_with_the_weights_and_the_weights_come_back(demo_model: LoadedModel) -> None:
    network = demo_model.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = similarities(network, "layer-cam")
    assert next(iter(found)) == "classifier"
    assert list(found)[-1] == "stages.0.0"
    assert found["stages.0.0"] < 0.5
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.slow
def test_a_map_that_ignores_the_network_does_not_change(demo_model: LoadedModel) -> None:
    found = similarities(demo_model.network, "random")
    assert min(found.values()) > 0.999


def test_stopping_early_restores_the_weights(demo_model: LoadedModel) -> None:
    network = demo_model.network
    weight = network.state_dict()["classifier.weight"].clone()
    cascade = cascading_randomisation(network, lambda: torch.rand(1, 4, 4))
    next(cascade)
    assert not torch.equal(network.state_dict()["classifier.weight"], weight)
    cascade.close()
    assert torch.equal(network.state_dict()["classifier.weight"], weight)
