"""Everything that can be said of one map of one image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.evaluation.ground_truth.masks import ObjectMasks
from camcli.evaluation.metrics.complexity import entropy, gini
from camcli.evaluation.metrics.localisation import energy_inside, peak_inside
from camcli.evaluation.perturbation import BaselineScores, PerturbationScorer
from camcli.evaluation.rows import MethodResult
from camcli.methods.base import Saliency
from camcli.methods.scaling import bounds, scaled


@dataclass(frozen=True)
class MetricSuite:
    """Measures maps of one image and class.

    Attributes:
        scorer: Measures faithfulness.
        baseline_scores: The image, as the scorer saw it.
        masks: Where the object is, if that is known.

    """

    scorer: PerturbationScorer
    baseline_scores: BaselineScores
    masks: ObjectMasks | None

    def measure(self, found: Saliency, place: int) -> MethodResult:
        """Measure one map of a batch, stretched to the image's input and to [0, 1]."""
        size = (self.baseline_scores.image.shape[-2], self.baseline_scores.image.shape[-1])
        saliency = input_map(found.maps[place], size, found.interpolation)
        told = found.degenerate[place] if found.degenerate else None
        reason = told or _why_degenerate(saliency)
        if reason:
            return MethodResult(degenerate=reason)
        result = self.scorer.score_map(self.baseline_scores, saliency)
        maps = saliency[None].cpu()
        values = {
            **result.values,
            "gini": float(gini(maps)),
            "entropy": float(entropy(maps)),
            **self._localisation(maps),
        }
        return MethodResult(values, result.insertion, result.deletion)

    def _localisation(self, maps: Tensor) -> dict[str, float]:
        if self.masks is None:
            return {}
        target = self.masks.target[None]
        values = {
            "energy": float(energy_inside(maps, target)),
            "pointing": float(peak_inside(maps, target)),
        }
        if bool(self.masks.others.any()):
            values["energy_on_others"] = float(energy_inside(maps, self.masks.others[None]))
        return values


def input_map(raw: Tensor, size: tuple[int, int], interpolation: str) -> Tensor:
    """Return a raw map (h, w) at the input's size (H, W), min-max normalised as `explain` does.

    A map that is zero everywhere stays so; one that is not finite becomes NaN.
    """
    full = F.interpolate(raw.float()[None, None], size, mode=interpolation, align_corners=False)
    full = full[0, 0].clamp_min(0)  # bicubic overshoots
    low, high = bounds(full)
    if not bool(torch.isfinite(low) & torch.isfinite(high)):
        return torch.full_like(full, torch.nan)
    return scaled(full, low, high)


def _why_degenerate(saliency: Tensor) -> str | None:
    if bool(saliency.isnan().any()):
        return "there is no map, or it is not finite"
    return None if bool(saliency.any()) else "the map has the same value everywhere"
