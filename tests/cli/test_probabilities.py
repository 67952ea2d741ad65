"""Probabilities in rows and evaluations are what the network itself returns, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.cli.conftest import Camcli, rows_in
from tests.models.factories import build, ensemble

SIZED = ("--set", "preprocess={resize: [64, 96], crop: [64, 96], mean: [0, 0, 0], std: [1, 1, 1]}")
QUIET = ("-q", "-o", "out", "--set", "run.compile=false", *SIZED)


@pytest.fixture
def pixels(tmp_path: Path) -> torch.Tensor:
    """Noise in the network's size, saved as `noise.png`: (1, 3, 64, 96) in [0, 1]."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    return torch.from_numpy(noise).permute(2, 0, 1)[None] / 255


@torch.no_grad()
def returned(factory: Callable[[], nn.Module], pixels: torch.Tensor) -> float:
    """Return the network's own number for class 2."""
    return float(factory().eval()(pixels)[0, 2])


def test_scores_need_not_have_a_probability(camcli: Camcli, pixels: torch.Tensor) -> None:
    finished = camcli("explain", "noise.png", *QUIET, "-m", "tests.models.factories:build",
                      "--target", "2", "--exit-zero", "--set", "model.probabilities=none",
                      "--save", "maps")  # fmt: skip
    (row,) = rows_in(Path("out"))
    own = returned(build, pixels)
    assert row["target"]["score"] == pytest.approx(own, abs=1e-5), finished.stderr
    assert (row["target"]["score_kind"], row["target"]["probability"]) == ("value", None)


@pytest.mark.parametrize(
    ("factory", "probabilities", "kind", "told"),
    [
        (ensemble, "auto", "probability", "cannot be taken back to logits"),
        (build, "none", "value", "are of the scores themselves"),
    ],
)
def test_an_evaluation_measures_what_the_network_returns(
    camcli: Camcli,
    pixels: torch.Tensor,
    factory: Callable[[], nn.Module],
    probabilities: str,
    kind: str,
    told: str,
) -> None:
    finished = camcli("evaluate", "noise.png", *QUIET, "--no-costs", "--steps", "2",
                      "-m", f"tests.models.factories:{factory.__name__}", "--methods", "random",
                      "--target", "2", "--set", f"model.probabilities={probabilities}")  # fmt: skip
    row = json.loads(Path("out/manifest.jsonl").read_text())
    own = pytest.approx(returned(factory, pixels), abs=1e-5)
    assert row["target"]["score"] == own, finished.stderr
    assert row["target"]["score_kind"] == kind
    assert row["target"]["probability"] == (own if kind == "probability" else None)
    assert row["methods"]["random"]["insertion"][-1] == own
    assert row["methods"]["random"]["deletion"][0] == own
    assert told in finished.stderr
