"""Features are not explained as if they were scores of classes."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import CamcliWarning, ModelError
from camcli.network.headless import require_head
from camcli.network.trace import trace
from tests.network.networks import Residuals, Tokens
from tests.network.small import Small, small, two_images


def checked(network: nn.Module, labels: tuple[str, ...] | None = None) -> list[str]:
    """Return what is told of a network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = trace(network.eval(), two_images(16))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        require_head(traced, network, labels)
    assert all(warning.category is CamcliWarning for warning in told)
    return [str(warning.message) for warning in told]


def without_head(network: nn.Module) -> nn.Module:
    network.head = nn.Identity()
    return network


def pooled(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2), nn.ReLU(), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


class Refined(Small):
    """Adds a learned correction to what it pools."""

    def forward(self, images: Tensor) -> Any:
        features = self.body(images).amax((2, 3))
        return features + F.pad(self.head(features), (0, 1))


class Gated(nn.Module):
    """Squeeze and excitation behind the last convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.gate = nn.Conv2d(3, 6, 3, 2), nn.Linear(6, 6)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.convolution(images)
        gate = self.gate(maps.mean((2, 3))).sigmoid()
        return (maps * gate[:, :, None, None]).mean((2, 3))


class Said(Small):
    """Ends in a learned map behind its pooling, and says that its outputs are no classes."""

    num_classes = 0


class Around(nn.Module):
    """Passes on what such a network returns, or classifies it."""

    def __init__(self, classifies: bool) -> None:
        super().__init__()
        self.backbone = Said().eval()
        self.linear = nn.Linear(3, 2) if classifies else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.linear(self.backbone(images))
        return scores


class Erasing(nn.Module):
    """Two convolutional heads, the second blind to where the first looks: adversarial erasing."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, 2)
        self.first, self.second = nn.Conv2d(6, 4, 1), nn.Conv2d(6, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.stem(images).relu()
        scores = self.first(maps)
        others = self.second(maps * (scores.amax(1, keepdim=True) < 0.1))
        return (scores + others).mean((2, 3))


def unit_length(network: Small, images: Tensor) -> Tensor:
    return F.normalize(network.classify(network.body(images)))


def by_hand(network: Small, images: Tensor) -> Tensor:
    embedding = network.classify(network.body(images))
    return embedding / embedding.norm(dim=-1, keepdim=True)


def scaled(network: Small, images: Tensor) -> Tensor:
    return 16 * unit_length(network, images)


def by_name(network: Small, images: Tensor) -> dict[str, Tensor]:
    return {"image_embedding": network.classify(network.body(images))}


class Projected(Small):
    """Ends in a linear layer that is named after what it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.projection_head = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))

    def forward(self, images: Tensor) -> Any:
        return self.projection_head(self.body(images).mean((2, 3)))


def pooler_output(network: Small, images: Tensor) -> dict[str, Tensor]:
    return {"pooler_output": network.classify(network.body(images))}


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (without_head(Residuals()), "which further layers of it read as well"),
        (without_head(Tokens(pooled=True)), "the layer 'blocks.1', which further layers"),
        (Refined(), "pools of the layer 'body', which further layers"),
        (Gated(), "pools of the layer 'convolution', which further layers"),
        (small(unit_length), "scales its outputs to length 1"),
        (small(by_hand), "scales its outputs to length 1"),
        (small(scaled), "scales its outputs to length 16"),
        (small(by_name), "it calls them 'image_embedding'"),
        (small(pooler_output), "'pooler_output'.*AutoModelForImageClassification"),
        (Said(), "its num_classes is 0.*model.kwargs"),
        (Around(classifies=False), "its num_classes is 0"),
        (without_head(Small()), "pools of the layer 'body', and its 'head' does nothing"),
        (nn.Sequential(nn.Conv2d(3, 6, 1), nn.MaxPool2d(4), nn.Flatten()),
         "several numbers for each channel of the layer '1'"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)  # fmt: skip
def test_a_network_without_a_head_is_refused_by_what_shows_it(
    network: nn.Module, reason: str
) -> None:
    with pytest.raises(ModelError, match=f"no classification head.*{reason}"):
        checked(network)


@pytest.mark.parametrize(
    ("network", "doubt"),
    [
        (pooled(nn.Conv2d(6, 4, 3)), "the layer '2', whose convolution is larger than 1x1"),
        (pooled(nn.Conv2d(6, 4, 1), nn.BatchNorm2d(4)), "the layer '3', which is normalised"),
        (nn.Sequential(pooled(), nn.Linear(6, 4), nn.ReLU(), nn.Dropout()), "ends in a dropout"),
        (Erasing(), "which further layers of it read as well"),
        (Projected(), "its last layer is called 'projection_head.2'"),
    ],
    ids=["convolution", "batch-norm", "dropout", "erasing", "projection"],
)  # fmt: skip
def test_what_may_be_features_is_told(network: nn.Module, doubt: str) -> None:
    (told,) = checked(network)
    assert "may have no classification head" in told
    assert doubt in told
    assert "in model.labels" in told


def ensemble(network: Small, images: Tensor) -> Tensor:
    """Four heads, of which the mean is taken: not four places."""
    features = network.body(images).mean((2, 3))
    return torch.stack([network.head(factor * features) for factor in range(1, 5)], 1).mean(1)


def of_places(network: Small, images: Tensor) -> Tensor:
    """A linear layer on every place, pooled."""
    return network.head(network.body(images).flatten(2).transpose(1, 2)).mean(1)


def lengths(network: Small, images: Tensor) -> Tensor:
    """Capsules of two numbers, whose lengths are the scores."""
    capsules = network.head(network.body(images).mean((2, 3)))[:, :, None] * torch.ones(2)
    squared = capsules.square().sum(2, keepdim=True)
    return (capsules * squared.sqrt() / (1 + squared)).norm(dim=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        small(Small.forward),
        small(lengths),
        small(ensemble),
        small(of_places),
        Tokens(),
        Around(classifies=True),
        pooled(nn.Conv2d(6, 4, 1)),
        pooled(nn.Conv2d(6, 4, 1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()),
        pooled(nn.Conv2d(6, 1, 3)),
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2)),
    ],
    ids=[
        "linear", "capsules", "heads", "places", "tokens", "around", "1x1", "1x1-relu", "maximum",
        "single", "flat",
    ],
)  # fmt: skip
def test_nothing_is_said_of_a_classifier(network: nn.Module) -> None:
    assert checked(network) == []


def test_names_of_all_outputs_say_that_they_are_classes() -> None:
    network = small(unit_length)
    assert checked(network, ("a", "b", "c")) == []
    with pytest.raises(ModelError, match="no classification head"):
        checked(network, ("a", "b"))


def test_names_do_not_outweigh_the_word_of_the_network() -> None:
    with pytest.raises(ModelError, match="its num_classes is 0"):
        checked(Said(), ("a", "b", "c"))
