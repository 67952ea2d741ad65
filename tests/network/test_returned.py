"""Tensors are found in whatever a network returns, and named as its author names them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from camcli.errors import ModelError
from camcli.network.returned import tensors_of
from camcli.network.split import check_split, split
from camcli.network.trace import trace
from tests.network.small import Small, small, two_images


@dataclass
class Plain:
    logits: Any
    loss: Any = None


class Named(NamedTuple):
    features: Any
    scores: Any


@dataclass
class ModelOutput(OrderedDict):  # type: ignore[type-arg]
    """As transformers registers its outputs: without keys."""

    loss: Any = None
    logits: Any = None
    hidden_states: Any = None

    def __post_init__(self) -> None:
        for name in ("loss", "logits", "hidden_states"):
            if getattr(self, name) is not None:
                self[name] = getattr(self, name)


pytree.register_pytree_node(
    ModelOutput,
    lambda output: (list(output.values()), list(output.keys())),
    lambda values, keys: ModelOutput(**dict(zip(keys, values, strict=True))),
    serialized_type_name=f"{__name__}.ModelOutput",
)


class Registered:
    def __init__(self, first: Any, second: Any) -> None:
        self.parts = [first, second]


pytree.register_pytree_node(
    Registered,
    lambda value: (value.parts, None),
    lambda parts, _: Registered(*parts),
    serialized_type_name=f"{__name__}.Registered",
)

A, B = torch.zeros(1), torch.ones(1)


@pytest.mark.parametrize(
    ("output", "paths"),
    [
        (A, [""]),
        ({"loss": None, "logits": A, "count": 3}, ["logits"]),
        ({0: A, "heads": [B, {"b": A}]}, ["0", "heads.0", "heads.1.b"]),
        ((A, (None, [B])), ["0", "1.1.0"]),
        (Plain(A), ["logits"]),
        (Named(A, B), ["features", "scores"]),
        (ModelOutput(logits=A, hidden_states=(B, B)),
         ["logits", "hidden_states.0", "hidden_states.1"]),
        (SimpleNamespace(logits=A), ["logits"]),
        (Registered(A, B), ["0", "1"]),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_tensors_are_named_by_key_field_or_place(output: object, paths: list[str]) -> None:
    assert list(tensors_of(output)) == paths


@pytest.mark.parametrize("output", [3, None, "logits", [], object()])
def test_an_output_without_a_tensor_is_refused_by_its_type(output: object) -> None:
    with pytest.raises(ModelError, match=f"returns a {type(output).__name__}, .* no tensor"):
        tensors_of(output)


def as_plain(network: Small, images: Tensor) -> Plain:
    return Plain(network.classify(network.body(images)))


def as_model_output(network: Small, images: Tensor) -> ModelOutput:
    maps = network.body(images)
    return ModelOutput(logits=network.classify(maps), hidden_states=(maps, maps * 2))


def as_named(network: Small, images: Tensor) -> Named:
    scores = network.classify(network.body(images))
    return Named(scores * 2, scores)


@pytest.mark.parametrize(
    ("forward", "output"),
    [(as_plain, None), (as_model_output, "logits"), (as_named, "scores")],
)
def test_networks_of_such_outputs_are_explained(forward: Any, output: str | None) -> None:
    network, images = small(forward), two_images()
    traced = trace(network, images, output)
    halves = split(traced, "body")
    torch.testing.assert_close(halves.predict(images), Small().eval()(images))
    assert check_split(halves, traced, network, images) < 1e-6


def test_a_class_number_is_no_score() -> None:
    network = small(lambda self, x: self.classify(self.body(x)).argmax(1))
    with pytest.raises(ModelError, match=r"returns whole numbers.*\(B\) int64"):
        trace(network, two_images())


@pytest.mark.parametrize(
    ("close", "told"),
    [
        (lambda scores: torch.fft.fft(scores), r"complex numbers .*magnitudes by abs"),
        (
            lambda scores: torch.stack([scores, -scores], 2),
            r"\(B, \d+, 2\)\. Several numbers a class",
        ),
        (lambda scores: scores[:, :, None, None].expand(-1, -1, 2, 2), r"2, 2\)\. Scores of every"),
    ],
    ids=["complex", "pairs", "places"],
)
def test_what_is_no_row_of_scores_is_refused_with_what_to_do(
    close: Callable[[Tensor], Tensor], told: str
) -> None:
    network = small(lambda self, x: close(self.classify(self.body(x))))
    with pytest.raises(ModelError, match=told):
        trace(network, two_images())


def test_axes_of_length_1_behind_the_classes_are_taken_away() -> None:
    network, images = (
        small(lambda self, x: self.classify(self.body(x))[:, :, None, None]),
        two_images(),
    )
    halves = split(trace(network, images), "body")
    torch.testing.assert_close(halves.predict(images), Small().eval()(images))


def test_a_generator_of_random_numbers_is_refused_by_name() -> None:
    def forward(self: Small, images: Tensor) -> Tensor:
        drawn = torch.Generator().manual_seed(0)
        return self.classify(self.body(images)) + torch.rand(1, generator=drawn)

    with pytest.raises(ModelError, match="computes with a Generator"):
        split(trace(small(forward), two_images()), "body")


def test_whole_numbers_beside_scores_are_passed_over() -> None:
    def forward(self: Small, images: Tensor) -> dict[str, Tensor]:
        scores = self.classify(self.body(images))
        return {"decided": scores.argmax(1), "scores": scores}

    assert trace(small(forward), two_images()).scores.place == "scores"
