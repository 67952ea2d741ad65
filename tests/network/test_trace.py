"""Tracing: in-place operations, softmax ends, and networks that cannot be traced."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of, check_rules
from camcli.compile.inference_form import InferenceTrunk
from camcli.errors import LayerError, ModelError
from camcli.network.split import check_split, split
from camcli.network.trace import trace


class Headed(nn.Module):
    """Convolution, something in between, global average pooling, linear."""

    def __init__(self, between: Callable[[Tensor], Tensor], classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.between = between
        self.head = nn.Linear(4, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.between(self.stem(images)).mean((2, 3)))


def relu_in_place(x: Tensor) -> Tensor:
    return F.relu(x, inplace=True)


def written_by_a_view(x: Tensor) -> Tensor:
    x[:, :2].mul_(2.0)
    return x.relu_()


def read_after_it_was_overwritten(x: Tensor) -> Tensor:
    y = x.view(x.shape[0], 4, -1)
    x.add_(1.0)
    return x * y.view_as(x)


def overwritten_twice(x: Tensor) -> Tensor:
    return F.hardtanh_(F.silu(x, inplace=True).add_(x), -0.5, 2.0)


def filled(x: Tensor) -> Tensor:
    x = x.clone()
    x[:, 0] = 0.0
    return x.clamp_(min=0.0)


IN_PLACE = [relu_in_place, written_by_a_view, read_after_it_was_overwritten, overwritten_twice,
            filled]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("between", IN_PLACE, ids=lambda f: f.__name__)
def test_in_place_operations_become_functional(between: Callable[[Tensor], Tensor]) -> None:
    network = Headed(between)
    images = torch.randn(2, 3, 6, 6)
    traced = trace(network, images)
    halves = split(traced, "stem")
    assert check_split(halves, traced, network, images) < 1e-6
    activation = halves.trunk(images)[0]
    before = activation.clone()
    leaf = activation.requires_grad_()
    deeplift = attribution_of(halves).tail.deeplift
    logits = deeplift(leaf)
    assert torch.equal(leaf, before)
    (multipliers,) = torch.autograd.grad(logits[:, 0].sum(), leaf)
    change = (logits - deeplift.logits_at_reference(leaf))[:, 0]
    torch.testing.assert_close((multipliers * leaf).sum((1, 2, 3)), change, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "ending", [lambda x: x.softmax(1), lambda x: F.log_softmax(x, dim=-1), nn.Softmax(dim=1)]
)
def test_a_softmax_at_the_end_is_cut_off(ending: Callable[[Tensor], Tensor]) -> None:
    class Ended(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = Headed(torch.relu)
            self.ending = ending

        def forward(self, images: Tensor) -> Tensor:
            return self.ending(self.body(images))

    network, images = Ended(), torch.randn(2, 3, 6, 6)
    traced = trace(network, images)
    halves = split(traced, "body.stem")
    torch.testing.assert_close(halves.predict(images), network.body(images))
    assert check_split(halves, traced, network, images) < 1e-6


class Regions(nn.Module):
    """Computes a part of itself in a region that torch.export makes a graph of its own."""

    def __init__(self, region: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.second = nn.Conv2d(8, 8, 3)
        self.classify = nn.Linear(8, 5)
        self.region = region

    def forward(self, images: Tensor) -> Tensor:
        maps = self.second(self.region(self.first, images)).relu()
        return self.classify(maps.mean((2, 3)))


def in_full_precision(module: nn.Module, images: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        return module(images).relu()


def without_gradient(module: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return module(images)


def by_a_condition(module: nn.Module, images: Tensor) -> Tensor:
    maps = module(images)
    return torch.cond(maps.mean() > 0, lambda m: m * 2, lambda m: m - 1, (maps,))


@pytest.mark.slow
@pytest.mark.parametrize("region", [in_full_precision, without_gradient, by_a_condition])
def test_regions_are_traced_through(region: Callable[[nn.Module, Tensor], Tensor]) -> None:
    network = Regions(region).eval()
    halves = split(trace(network, torch.randn(2, 3, 12, 12)), "second")
    check_rules(halves)
    fast = InferenceTrunk(halves.trunk)
    for images in (torch.randn(5, 3, 12, 12) + 1, torch.randn(5, 3, 12, 12) - 1):
        with torch.no_grad():
            expected = network(images)
            torch.testing.assert_close(halves.predict(images), expected, rtol=1e-4, atol=1e-4)
            found = halves.tail(*fast(images))
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_condition_behind_the_layer_has_no_rule_and_says_so() -> None:
    network = Regions(by_a_condition).eval()
    halves = split(trace(network, torch.randn(2, 3, 12, 12)), "first.0")
    with pytest.raises(LayerError, match=r"no exact rule for .*cond"):
        check_rules(halves)


def by_a_condition_with_a_number(module: nn.Module, images: Tensor) -> Tensor:
    maps = module(images)
    return torch.cond(maps.mean() > 0, lambda m: m * torch.tensor(2.0), lambda m: m - 1, (maps,))


def test_a_region_that_cannot_be_traced_through_is_the_models_fault() -> None:
    network = Regions(by_a_condition_with_a_number).eval()
    with pytest.raises(ModelError, match=r"cannot be traced by torch\.export"):
        trace(network, torch.randn(2, 3, 12, 12))


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten())
    network.append(nn.Linear(4 * 16, 2)).train()
    network[1].eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images = torch.randn(2, 3, 4, 4)
    traced = trace(network, images)
    check_split(split(traced, "1"), traced, network, images)
    assert [module.training for module in network] == [True, False, True, True, True]
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())


def complaint(network: nn.Module, size: tuple[int, int] = (6, 6)) -> str:
    with pytest.raises(ModelError) as caught:
        trace(network, torch.randn(2, 3, *size))
    return str(caught.value)


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.gate = Gate()

    def forward(self, images: Tensor) -> Tensor:
        return self.gate(self.stem(images)).mean((2, 3))


class Gate(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.mean() > 0:
            return x
        return -x


def test_a_branch_on_pixels_is_named_with_its_module_and_line() -> None:
    message = complaint(Branching())
    assert "cannot be traced" in message
    assert "in gate (" in message
    assert "test_trace.py, line " in message
    assert "torch.where" in message


def test_numpy_in_the_forward_is_named_too() -> None:
    class Numpy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Headed(lambda x: torch.from_numpy(x.detach().numpy()).to(x))

        def forward(self, images: Tensor) -> Tensor:
            return self.inner(images)

    message = complaint(Numpy())
    assert "in inner (" in message
    assert "test_trace.py, line " in message


def test_a_size_that_the_network_does_not_take_is_no_fault_of_tracing() -> None:
    message = complaint(nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2)))
    assert "does not run on images of 6x6 pixels" in message
    assert "does run on images of 32x32: set preprocess.crop" in message


def test_a_fixed_batch_size_is_explained() -> None:
    class Fixed(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.reshape(2, -1)[:, :5] * 2.0

    assert "batch" in complaint(Fixed())


class Outputs(nn.Module):
    """Whatever `pick` makes of scores (B, 3) and features (B, 4, 6, 6)."""

    def __init__(self, pick: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        self.body = Headed(torch.tanh)
        self.pick = pick

    def forward(self, images: Tensor) -> object:
        return self.pick(self.body(images), self.body.stem(images))


def check_output(pick: Callable[[Tensor, Tensor], object], output: str | None = None) -> None:
    network, images = Outputs(pick), torch.randn(2, 3, 6, 6)
    traced = trace(network, images, output)
    halves = split(traced, "body.stem")
    torch.testing.assert_close(halves.predict(images), network.body(images))
    assert check_split(halves, traced, network, images) < 1e-6


def test_the_only_scores_among_several_outputs_are_found() -> None:
    check_output(lambda scores, features: {"features": features, "logits": scores})
    check_output(lambda scores, features: (features, scores))
    check_output(lambda scores, features: (scores.softmax(1), None, features))


@pytest.mark.parametrize(
    ("pick", "output"),
    [
        (lambda scores, _: {"main": scores, "aux": scores * 2.0}, "main"),
        (lambda scores, _: (scores * 2.0, scores), "1"),
        (lambda scores, _: {"heads": [scores * 2.0, {"b": scores}]}, "heads.1.b"),
    ],
)
def test_an_output_is_taken_by_its_key(
    pick: Callable[[Tensor, Tensor], object], output: str
) -> None:
    check_output(pick, output)


def test_an_ambiguous_output_asks_for_its_key() -> None:
    message = complaint(Outputs(lambda scores, _: {"main": scores, "aux": scores * 2.0}))
    assert "main (B, 3), aux (B, 3)" in message
    assert "--set model.output=KEY" in message


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("mian", "no 'mian'; did you mean 'main'?"),
        ("features", "'features' is no scores of classes (images, classes): it is (B, 4, 6, 6)"),
    ],
)
def test_a_wrong_output_key_lists_what_there_is(output: str, expected: str) -> None:
    network = Outputs(lambda scores, features: {"main": scores, "features": features})
    with pytest.raises(ModelError) as caught:
        trace(network, torch.randn(2, 3, 6, 6), output)
    assert expected in str(caught.value)
    assert "features (B, 4, 6, 6)" in str(caught.value)


def test_a_network_without_scores_is_refused() -> None:
    message = complaint(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()))
    assert "(B, 4, 6, 6)" in message
    assert "classification head" in message


@pytest.mark.parametrize("squeezed", [False, True])
@pytest.mark.parametrize("ended", [False, True])
def test_a_single_logit_is_one_class_with_a_sigmoid(squeezed: bool, ended: bool) -> None:
    class Binary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = Headed(torch.relu, classes=1)

        def forward(self, images: Tensor) -> Tensor:
            logit = self.body(images)
            logit = logit.squeeze(1) if squeezed else logit
            return torch.sigmoid(logit) if ended else logit

    network, images = Binary(), torch.randn(2, 3, 6, 6)
    traced = trace(network, images)
    halves = split(traced, "body.stem")
    assert (halves.classes, halves.probabilities) == (1, "sigmoid")
    torch.testing.assert_close(halves.predict(images), network.body(images))
    assert check_split(halves, traced, network, images) < 1e-6
    check_rules(halves)


def test_a_sigmoid_at_the_end_means_independent_classes() -> None:
    network = nn.Sequential(Headed(torch.relu), nn.Sigmoid())
    halves = split(trace(network, torch.randn(2, 3, 6, 6)), "0.stem")
    assert (halves.classes, halves.probabilities) == (3, "sigmoid")
