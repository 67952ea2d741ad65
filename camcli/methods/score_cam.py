"""Score-CAM: the score of the image seen through each activation map."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe
from camcli.methods.scaling import bounds, scaled

# A network serves eight images in half the time of eight times one.
_IMAGES_AT_A_TIME = 8


@dataclass(frozen=True)
class ScoreCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), with α = softmax over k of the scores s(x ⊙ H_k).

    H_k is A_k upsampled bilinearly to the image x (normalised, so that 0 is the mean colour) and
    scaled to [0, 1], 0 everywhere for a constant map. The score of a baseline image, which the
    paper subtracts, cancels in the softmax. Costs K forward passes.

    Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks",
    CVPR workshops 2020, arXiv 1910.01279.
    """

    name = "score-cam"

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Look at the image through each map; see `LinearCam.coefficients`."""
        batch = len(objective)
        scores = []
        for maps in probe.activation.split(max(1, _IMAGES_AT_A_TIME // batch), dim=1):
            repeats = maps.shape[1]
            masked = probe.images[:, None] * _masks(maps, probe.images)[:, :, None]
            found = probe.scores_of_images(masked.flatten(0, 1), objective.repeat(repeats))
            scores.append(found.view(batch, repeats))
        return torch.softmax(torch.cat(scores, 1), 1)


def _masks(maps: Tensor, images: Tensor) -> Tensor:
    """Return H, (B, M, H, W), of some maps (B, M, h, w) of each image."""
    size = images.shape[-2:]
    upsampled = F.interpolate(maps.float(), size, mode="bilinear", align_corners=False)
    low, high = bounds(upsampled)
    # A map that holds NaN hides the image, as a constant one does: NaN would reach every score.
    return torch.where(high > low, scaled(upsampled, low, high), 0.0)
