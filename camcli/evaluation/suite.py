"""Every metric of one map of one image, family by family."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.evaluation.ground_truth.truth import ObjectMasks
from camcli.evaluation.input_map import input_map, why_degenerate
from camcli.evaluation.metrics.complexity import COMPLEXITY, ComplexityInput
from camcli.evaluation.metrics.faithfulness import FAITHFULNESS
from camcli.evaluation.metrics.localisation import LOCALISATION, LocalisationInput
from camcli.evaluation.rows import MethodResult
from camcli.evaluation.scorer import BaselineScores, PerturbationScorer
from camcli.methods.base import Saliency


@dataclass(frozen=True)
class MetricSuite:
    """Measures maps of one image and class.

    Metrics that need the coefficients of two methods are not among them: see `shapley`.

    Attributes:
        scorer: Scores altered images.
        baseline: The scores of the unaltered image.
        masks: Where the objects are, None where that is not known.

    """

    scorer: PerturbationScorer
    baseline: BaselineScores
    masks: ObjectMasks | None

    def measure(self, found: Saliency, place: int) -> MethodResult:
        """Measure the map at a place in a batch, stretched over the image's input."""
        height, width = self.baseline.image.shape[-2:]
        saliency = input_map(found.positive[place], (height, width), found.interpolation)
        given = found.degenerate[place] if found.degenerate else None
        reason = given or why_degenerate(saliency)
        if reason:
            return MethodResult(degenerate=reason)
        scores = self.scorer.score_map(self.baseline, saliency)
        maps = saliency[None].cpu()
        values = FAITHFULNESS.measure(scores) | COMPLEXITY.measure(ComplexityInput(maps))
        if self.masks is not None:
            target, others = self.masks.target[None], self.masks.others[None]
            values |= LOCALISATION.measure(LocalisationInput(maps, target, others))
        return MethodResult(values, scores.insertion[0].tolist(), scores.deletion[0].tolist())
