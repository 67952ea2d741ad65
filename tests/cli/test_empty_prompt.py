"""`--versus empty-prompt`: what a prompt has beyond a text that says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from camcli.demo.captions import WordTokenizer
from camcli.demo.dual_encoder import load_dual_encoder, normalised
from camcli.demo.scenes import make_scene
from camcli.output.row_schema import row_schema
from tests.cli.conftest import Camcli, rows_in
from tests.output.schemas import mistakes

pytest.importorskip("open_clip")
TEMPLATES = ("a photo of a {}", "a drawing of a {}")
CONFIG = """
model: {name: demo-clip}
method: {name: deep-lift}
prompts: {texts: [house, fish], templates: ["%s", "%s"]}
targets:
  - {class: house, versus: empty-prompt}
  - {class: house, versus: fish}
  - top2
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@torch.no_grad()
def score_of(*texts: str) -> float:
    """Return the score of the image for the mean of some texts, by the dual encoder alone."""
    model, tokenizer = load_dual_encoder(), WordTokenizer()
    image = np.asarray(make_scene(9_500_000, (128, 128), classes=("house", "fish")).image)
    seen = model.visual(normalised(torch.from_numpy(image.copy()).permute(2, 0, 1)[None]))
    read = F.normalize(model.encode_text(tokenizer(list(texts), model.context_length)), dim=-1)
    text = F.normalize(read.mean(0), dim=0)
    return float(model.logit_scale.exp() * (F.normalize(seen, dim=-1) @ text))


@pytest.mark.slow
def test_prompts_are_compared_with_the_empty_one_and_with_each_other(
    camcli: Camcli, tmp_path: Path
) -> None:
    make_scene(9_500_000, (128, 128), classes=("house", "fish")).image.save(tmp_path / "0.png")
    Path("run.yaml").write_text(CONFIG % TEMPLATES)
    done = camcli("explain", "0.png", "-c", "run.yaml", "--no-compile", "-q", "-o", "out")
    assert done.code == 0, done.stderr
    rows = rows_in(Path("out"))
    asked = {word: score_of(*(text.replace("{}", word) for text in TEMPLATES))
             for word in ("house", "fish", "")}  # fmt: skip
    margins = [target["margin"] for row in rows if (target := row["target"])["versus"]]
    differences = [asked["house"] - asked[""], asked["house"] - asked["fish"]]
    assert margins == pytest.approx(differences, abs=1e-3)
    assert rows[0]["target"]["versus"] == [{"index": 2, "name": "the empty prompt", "weight": 1.0}]
    assert all(row["completeness_error"] < 1e-5 for row in rows)
    assert [found for row in rows for found in mistakes(row, row_schema())] == []
    # It has no share of the probability, and is not among the best.
    best = {row["target"]["name"]: row["target"]["probability"] for row in rows[2:]}
    assert best.keys() == {"house", "fish"}
    assert sum(best.values()) == pytest.approx(1)
