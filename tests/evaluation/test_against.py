"""Evaluating what speaks against a class: its confidence, its stored maps, its localisation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from camcli.evaluation.ground_truth.findings import Findings
from camcli.evaluation.ground_truth.report import TruthReport
from camcli.evaluation.ground_truth.truth import Truth
from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.scorer import PerturbationScorer
from camcli.evaluation.sources.stored import stored_sources
from camcli.records import Geometry, ImageItem, ImageRef, Target
from camcli.targets.class_target import ClassTarget


def test_the_confidence_is_one_minus_the_probability_of_the_class(
    network: nn.Module, images: Tensor, maps: Tensor
) -> None:
    scorer = PerturbationScorer(network, steps=4)
    pro, con = (
        scorer.score_map(scorer.baseline_scores(images[0], 1, sign), maps[0])
        for sign in ("positive", "negative")
    )
    for name in vars(pro):
        ours, theirs = getattr(pro, name), getattr(con, name)
        torch.testing.assert_close(theirs, 1 - ours, rtol=0, atol=1e-6)


def test_what_little_is_left_of_a_sure_class_is_no_rounding(images: Tensor) -> None:
    logits = torch.tensor([20.0, 0.0])
    scorer = PerturbationScorer(lambda shown: logits.expand(len(shown), 2))
    found = scorer.baseline_scores(images[0], 0, "negative").whole
    expected = float(1 / (1 + torch.tensor(20.0, dtype=torch.float64).exp()))
    assert abs(found - expected) < 1e-6 * expected


def item(name: str) -> ImageItem:
    return ImageItem(
        ref=ImageRef(0, Path(name), name),
        original=None,
        pixels=np.zeros((4, 4, 3), np.uint8),
        geometry=Geometry(4, 4, (0.0, 0.0, 4.0, 4.0)),
        sha256="",
    )


def test_stored_maps_are_found_by_class_and_sign(tmp_path: Path) -> None:
    fingerprint = {
        "model": {"name": "net"},
        "method": {"name": "lift-cam"},
        "output": {"map_size": "input"},
    }
    (tmp_path / "run.json").write_text(json.dumps({"fingerprint": fingerprint}))
    targets = [{"index": 1, "sign": "positive"}, {"index": 1, "sign": "negative"}, {"index": 2}]
    rows = []
    for value, target in enumerate(targets):
        np.save(tmp_path / f"{value}.npy", np.full((4, 4), value, np.float32))
        row = {"image": "a.png", "status": "ok", "target": target, "map": f"{value}.npy"}
        rows.append(row)
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (source,) = stored_sources(tmp_path, (4, 4), fingerprint)
    asked = [
        ClassTarget(1, "negative"),
        ClassTarget(1),
        ClassTarget(2),  # written before rows had signs
        ClassTarget(2, "negative"),
    ]
    batch = ImageBatch([item("a.png")] * 4, torch.zeros(4, 3, 4, 4), torch.zeros(3, 1, 1))
    found = source.saliency(batch, asked).maps.amax((1, 2))
    assert found[:3].tolist() == [1.0, 0.0, 2.0]
    assert found[3].isnan()


def test_what_speaks_against_a_class_is_not_looked_for_where_the_class_is() -> None:
    truth = Truth({}, TruthReport("truth.json", 1, 0, 0, {}, Findings()))
    target = Target(1, None, 0.0, 0.5, sign="negative")
    assert truth.masks(item("a.png"), target) == "evidence against the class"
    assert truth.masks(item("a.png"), replace(target, sign="positive")) == "image not annotated"
