"""Score-CAM: the score of the picture seen through each activation map."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


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

    def coefficients(self, probe: Probe, classes: Tensor) -> Tensor:
        """Look at the picture through each map; see `LinearCam.coefficients`."""
        scores = [
            probe.scores_of_images(probe.images * _mask(maps, probe.images), classes)
            for maps in probe.activation.unbind(1)
        ]
        return torch.softmax(torch.stack(scores, 1), 1)


def _mask(maps: Tensor, images: Tensor) -> Tensor:
    """Return H, (B, 1, H, W), of one map (B, h, w) of each image."""
    size = images.shape[-2:]
    upsampled = F.interpolate(maps[:, None].float(), size, mode="bilinear", align_corners=False)
    low, high = (bound[:, None, None, None] for bound in upsampled.flatten(1).aminmax(dim=1))
    return torch.where(high > low, (upsampled - low) / (high - low), 0.0)
