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


def scores_of(network: Small, images: Tensor) -> Tensor:
    return network.classify(network.body(images))


NO_SCORES: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "pairs": (lambda s: torch.stack([s, -s], 2), r"\(B, 3, 2\)\. It holds 3 x 2 numbers"),
    "maps": (
        lambda s: s[:, :, None, None].expand(-1, -1, 2, 2),
        r"\(B, 3, 2, 2\)\. .*maps of segmenters",
    ),
    "a mean over the batch": (lambda s: s.mean(0), r"\(3\)\. It has no axis of images"),
    "a loss": (lambda s: s.mean(), r"\(\)\. It has no axis of images"),
    "images second": (lambda s: s.t(), r"\(3, B\)\. .*along axis 1.*output\.movedim\(1, 0\)"),
    "images and classes as one": (lambda s: s.flatten(), r"\(\?\)\. Images and other things"),
    "a fixed batch": (lambda s: s.view(int(s.shape[0]), 3), r"\(2, 3\)\. The network fixes its"),
    "complex": (torch.fft.fft, r"\(B, 3\) complex64\. Complex numbers.*magnitude"),
    "a class number": (lambda s: s.argmax(1), r"\(B\) int64\. Whole numbers"),
    "a decision": (lambda s: s > 0, r"\(B, 3\) bool\. Whole numbers"),
    "as many as are above 0": (lambda s: s[s > 0], r"\(\?\)\. How many numbers"),
    "nothing": (lambda s: s[:, :0], r"\(B, 0\)\. It holds no number at all"),
    "two kinds": (lambda s: (s.argmax(1), s.mean()), r"0: whole.*; 1: it has no axis of images"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "reason"), NO_SCORES.values(), ids=NO_SCORES)
def test_what_is_no_score_is_refused_by_what_it_is(
    made: Callable[[Tensor], Any], reason: str
) -> None:
    network = small(lambda self, images: made(scores_of(self, images)))
    with pytest.raises(ModelError, match=f"must return scores of classes.*{reason}"):
        trace(network, two_images())


@pytest.mark.parametrize("axes", [(2, 3), (1,)], ids=["(B, 3, 1, 1)", "(B, 1, 3)"])
def test_axes_of_length_one_take_nothing_from_scores(axes: tuple[int, ...]) -> None:
    def forward(self: Small, images: Tensor) -> Tensor:
        scores = scores_of(self, images)
        for axis in axes:
            scores = scores.unsqueeze(axis)
        return scores

    network, images = small(forward), two_images()
    traced = trace(network, images)
    halves = split(traced, "body")
    torch.testing.assert_close(halves.predict(images), Small().eval()(images))
    assert check_split(halves, traced, network, images) < 1e-6


def test_a_plain_row_of_scores_is_meant_where_another_output_has_axes_of_length_one() -> None:
    def forward(self: Small, images: Tensor) -> dict[str, Tensor]:
        maps = self.body(images)
        return {"pooled": maps.mean((2, 3), keepdim=True), "scores": self.classify(maps)}

    assert trace(small(forward), two_images()).scores.place == "scores"


def test_whole_numbers_beside_scores_are_passed_over() -> None:
    def forward(self: Small, images: Tensor) -> dict[str, Tensor]:
        scores = self.classify(self.body(images))
        return {"decided": scores.argmax(1), "scores": scores}

    assert trace(small(forward), two_images()).scores.place == "scores"


def test_a_generator_of_random_numbers_is_refused_by_name() -> None:
    def forward(self: Small, images: Tensor) -> Tensor:
        drawn = torch.Generator().manual_seed(0)
        return self.classify(self.body(images)) + torch.rand(1, generator=drawn)

    with pytest.raises(ModelError, match="computes with a Generator"):
        split(trace(small(forward), two_images()), "body")
