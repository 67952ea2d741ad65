"""How many images a batch holds: as asked, what suits a CPU, or what fits a GPU."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import pytest
import torch

from camcli.attribution.objective import Objective
from camcli.config import load_config
from camcli.engine import Engine
from camcli.errors import PluginError
from camcli.methods.base import Method, Saliency
from camcli.methods.cut_method import CutMethod
from camcli.methods.probe import Probe
from camcli.run.batch_size import largest_that_fits
from camcli.run.build import build


@functools.cache
def _engine() -> Engine:
    return build(load_config()).engine


def _engine_of(method: Method) -> Engine:
    engine = _engine()
    return dataclasses.replace(engine, methods=(CutMethod(method, engine.network),))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "images_ahead", "batch_size"),
    [
        ({}, None, 32),
        ({}, 5, 5),
        ({"model.layer": "layer1"}, None, 16),
        ({"method.name": "lift-pyramid"}, None, 16),
        ({"method.name": "lift-pyramid", "run.batch_size": "24"}, None, 24),
    ],
)
def test_a_cpu_takes_smaller_batches_where_the_tail_is_most_of_the_network(
    asked: dict[str, Any], images_ahead: int | None, batch_size: int
) -> None:
    common = {
        "model.name": "resnet18",
        "model.weights": None,
        "run.device": "cpu",
        "run.compile": False,
    }

    found = build(load_config(None, [], common | asked), images_ahead)

    assert found.batch_size == batch_size


class _Greedy(Method):
    """A method that has memory for a few images only."""

    name = "greedy"

    def __init__(self, room: int, error: Exception) -> None:
        self._room, self._error = room, error
        self.tried: list[int] = []

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        self.tried.append(len(objective))
        if len(objective) > self._room:
            raise self._error
        return Saliency(probe.activation.mean(1))


@pytest.mark.slow
@pytest.mark.parametrize(("room", "size"), [(100, 8), (3, 2), (0, 1)])
def test_the_largest_batch_that_fits(room: int, size: int) -> None:
    greedy = _Greedy(room, torch.OutOfMemoryError("CUDA out of memory"))
    engine = _engine_of(greedy)
    assert largest_that_fits(engine, [8, 4, 2, 1]) == size
    assert greedy.tried == [tried for tried in (8, 4, 2) if tried >= size]


def test_what_is_not_about_memory_is_not_taken_for_it() -> None:
    engine = _engine_of(_Greedy(0, RuntimeError("a shape is wrong")))
    with pytest.raises(PluginError, match="a shape is wrong"):
        largest_that_fits(engine, [2, 1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_the_batch_is_as_large_as_fits() -> None:
    config = load_config(flags={"run.device": "cuda"})
    assert build(config).batch_size == 256
    assert build(config, images_ahead=5).batch_size == 5
