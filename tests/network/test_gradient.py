"""What stops a gradient is found, and methods that need one are refused there and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.errors import LayerError
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.gradient_need import require_gradient
from camcli.methods.probe import Probe
from camcli.network.default_layer import default_layer, has_gradient
from camcli.network.gradient import gradient_of_top, places_matter, stoppers
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace
from camcli.network.trial import Trial
from tests.network.small import Small, small, two_images


def detached(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images).detach())


def compared(network: Small, images: Tensor) -> Tensor:
    return network.classify((network.body(images) > 0.1).float())


def rounded(network: Small, images: Tensor) -> Tensor:
    return network.classify((network.body(images) * 4).round())


def cut(forward: Callable[..., Tensor]) -> SplitNetwork:
    return split(trace(small(forward), two_images()), "body")


@pytest.mark.parametrize(
    ("forward", "operation", "exact"),
    [(detached, "aten.detach", True), (compared, "aten.gt", False), (rounded, "aten.round", None)],
)
def test_no_gradient_is_refused_with_what_stops_it_and_what_works(
    forward: Callable[..., Tensor], operation: str, exact: bool | None
) -> None:
    """DeepLIFT passes what is detached, but no comparison."""
    halves, images = cut(forward), two_images()
    assert gradient_of_top(Trial.of(halves, images)) is None
    assert stoppers(halves.tail) == [f"{operation} (in the model's own forward)"]
    with pytest.raises(LayerError) as caught:
        require_gradient(create_method("grad-cam", {}), Trial.of(halves, images))
    message = str(caught.value)
    assert "grad-cam needs the gradient of the scores at the layer 'body'" in message
    assert f"{operation} (in the model's own forward) lets none through" in message
    assert "eigen-cam" in message
    assert "grad-cam++" not in message
    if exact is not None:
        assert ("lift-cam" in message) is exact
    for name in ("eigen-cam", "score-cam"):
        require_gradient(create_method(name, {}), Trial.of(halves, images))


def test_a_layer_is_found_where_no_gradient_reaches_any() -> None:
    images = two_images()
    assert default_layer(trace(small(compared), images), images) == "body"


def test_places_matter_where_emptying_them_changes_the_scores() -> None:
    halves, images = cut(detached), two_images()
    assert places_matter(Trial.of(halves, images))
    assert has_gradient(Trial.of(halves, images))
    unread = cut(lambda self, x: self.classify(self.body(x) * 0.0 + 1.0))
    assert not places_matter(Trial.of(unread, images))


def test_a_gradient_that_flows_is_that_of_the_top_scores() -> None:
    halves, images = cut(Small.forward), two_images()
    network = Small().eval()
    leaf = network.body(images).detach().requires_grad_()
    (expected,) = torch.autograd.grad(network.classify(leaf).amax(1).sum(), leaf)
    found = gradient_of_top(Trial.of(halves, images))
    assert found is not None
    torch.testing.assert_close(found, expected)
    assert stoppers(halves.tail) == []


class Asked(Probe):
    """Remembers what it was asked for."""

    def __init__(self, network: SplitNetwork, images: Tensor) -> None:
        super().__init__(network, images)
        self.asked: set[str] = set()

    def gradient(self, objective: Objective) -> Tensor:
        self.asked.add("gradient")
        return super().gradient(objective)

    def relevance(self, objective: Objective) -> Tensor:
        self.asked.add("relevance")
        return super().relevance(objective)


def test_methods_declare_what_they_ask_for() -> None:
    halves, images = cut(Small.forward), two_images()
    variants = [(name, {}) for name in METHOD_NAMES]
    variants += [("decom-cam", {"channel_weights": "lift"})]
    for name, options in variants:
        method, probe = create_method(name, options), Asked(halves, images)
        method.explain(probe, Objective.of(torch.tensor([0, 2])))
        declared = {"gradient": method.uses_gradient, "relevance": method.uses_relevance}
        assert probe.asked == {need for need, used in declared.items() if used}, name
