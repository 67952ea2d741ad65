"""A dual encoder as a network whose classes are prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.config import PromptScore
from camcli.errors import PromptError
from camcli.models.loaded import EMBEDDED, LoadedModel
from camcli.models.prompts import PromptPlan
from camcli.models.sources import one_of, sources
from camcli.models.text_tower import TextTower

TOWER = "visual"
"""The path of the image tower, as open_clip calls it."""


class PromptScores(nn.Module):
    """Images to the scores of prompts: s_p = τ cos(f(x), t_p) + b, or its softmax over p.

    f is the image tower, t_p the embedding of prompt p, τ the learned scale (1 / temperature) and
    b the learned bias. Tower, projection and the scaling to length 1 are one traced graph, so that
    whatever explains a class score explains this one.

    Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML
    2021, arXiv 2103.00020; with the bias, Zhai et al., "Sigmoid Loss for Language Image
    Pre-Training", ICCV 2023, arXiv 2303.15343.
    """

    texts: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(
        self,
        tower: nn.Module,
        texts: Tensor,
        scale: Tensor,
        bias: Tensor | None = None,
        score: PromptScore = "cosine",
    ) -> None:
        """Join an image tower and embedded prompts.

        Args:
            tower: Images (B, 3, H, W) to embeddings (B, D), alone or first among others.
            texts: (prompts, D), each of length 1.
            scale: τ, a scalar.
            bias: b, a scalar; none is 0.
            score: `cosine` for s_p itself, `softmax` for its softmax over the prompts.

        """
        super().__init__()
        self.visual = tower
        self.score = score
        self.register_buffer(EMBEDDED, texts)
        self.register_buffer("scale", scale.clone())
        self.register_buffer("bias", torch.zeros(()) if bias is None else bias.clone())

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of images (B, 3, H, W): (B, prompts)."""
        features = self.visual(images)
        features = features[0] if isinstance(features, tuple) else features
        cosines = F.normalize(features, dim=-1) @ self.texts.T
        scores = self.scale * cosines + self.bias
        return scores.softmax(1) if self.score == "softmax" else scores


def with_prompts(model: LoadedModel, plan: PromptPlan | None, score: PromptScore) -> LoadedModel:
    """Return a model whose classes are the prompts of a plan; without one, what has its own.

    Raises:
        PromptError: There are prompts and no text tower, or a text tower and no prompts; or a
            prompt cannot be read.

    """
    text = _tower_for(model, plan)
    if text is None or plan is None:
        return model
    return _scoring(model, text.embed(plan.read), score, _names(plan))


def with_unread_prompts(
    model: LoadedModel, plan: PromptPlan | None, score: PromptScore
) -> LoadedModel:
    """Return what `with_prompts` does, with some direction in place of each prompt's embedding.

    Raises:
        PromptError: There are prompts and no text tower, or a text tower and no prompts.

    """
    text = _tower_for(model, plan)
    if text is None or plan is None:
        return model
    return _scoring(model, torch.eye(len(plan.read), text.width), score, _names(plan))


def _tower_for(model: LoadedModel, plan: PromptPlan | None) -> TextTower | None:
    """Return what reads the texts of a plan, None where there are neither texts nor a tower."""
    if model.text is None and plan is not None:
        raise PromptError(
            f"{model.name} scores classes and reads no text: leave the prompts out, or take a "
            f"dual encoder, {_dual_encoders()}"
        )
    if model.text is not None and plan is None:
        raise PromptError(
            f"{model.name} scores texts and has no classes: say what to look for with "
            '--prompt "a photo of a dog", --prompts FILE, or the key prompts'
        )
    return model.text


def _names(plan: PromptPlan) -> tuple[str, ...]:
    return tuple(prompt.name for prompt in plan.prompts)


def with_stand_in(model: LoadedModel) -> LoadedModel:
    """Return a dual encoder that scores some direction, to look at its layers."""
    if model.text is None:
        return model
    return _scoring(model, torch.eye(1, model.text.width), "cosine", None)


def _dual_encoders() -> str:
    return one_of([source.usage for source in sources() if source.dual_encoders])


def _scoring(
    model: LoadedModel, texts: Tensor, score: PromptScore, labels: tuple[str, ...] | None
) -> LoadedModel:
    text = model.text
    assert text is not None
    network = PromptScores(model.network, texts, text.scale, text.bias, score)
    independent = text.bias is not None
    return replace(
        model,
        network=network.eval(),
        labels=labels,
        class_ids=None,
        probabilities=_probabilities(score, independent, 1 if labels is None else len(labels)),
    )


def _probabilities(
    score: PromptScore, independent: bool, prompts: int
) -> Literal["softmax", "sigmoid", "none"]:
    """Return what turns scores into probabilities: shares of a single prompt are none."""
    if independent and score != "softmax":
        return "sigmoid"
    return "softmax" if prompts > 1 and score != "softmax" else "none"
