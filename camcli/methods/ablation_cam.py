"""Ablation-CAM: how far the score falls without each activation map."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.presence import scores_of_presence
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class AblationCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α_k = (s - s_k) / |s|, s_k the score with A_k set to zero.

    The paper divides by s, which turns every coefficient over where the score is negative; the
    division by its size does the same to a positive score. Costs K passes through the tail.

    Desai and Ramaswamy, "Ablation-CAM: Visual Explanations for Deep Convolutional Network via
    Gradient-free Localization", WACV 2020.
    """

    name = "ablation-cam"
    signed = True

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Take the maps away one at a time; see `LinearCam.coefficients`."""
        channels = probe.activation.shape[1]
        without_one = 1 - torch.eye(channels, device=objective.device)
        ablated = scores_of_presence(probe, without_one.expand(len(objective), -1, -1), objective)
        score = objective.scores(probe.logits)[:, None]
        return (score - ablated) / score.abs().clamp_min(torch.finfo(score.dtype).tiny)
