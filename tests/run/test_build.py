"""What a run decides by itself when it is put together."""

from __future__ import annotations

from typing import Any

import pytest

from camcli.config import load_config
from camcli.run.build import build


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
