"""The network's confidence in a class as an image is altered according to a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.faithfulness import PerturbationScores, kept, matched_area, removed
from camcli.evaluation.metrics.perturbation_curves import Baseline, baseline_images, most_salient
from camcli.records import Sign


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(1)


@dataclass(frozen=True)
class BaselineScores:
    """One image, and the probabilities that every map of it is compared with.

    Attributes:
        image: (3, H, W), normalised.
        target: The explained class.
        sign: Whether what speaks for it or against it is explained.
        whole: Y, of the image itself.
        insertion_start: Of the baseline that insertion starts from.
        deletion_end: Of the baseline that deletion ends at.

    """

    image: Tensor
    target: int
    sign: Sign
    whole: float
    insertion_start: float
    deletion_end: float


@dataclass(frozen=True)
class PerturbationScorer:
    """Scores altered images, for one image and map at a time.

    All altered copies of one image for one map pass through the network together: their number
    depends on nothing but `steps`, so that no score depends on which other images or methods are
    evaluated.

    Attributes:
        predict: Images (V, 3, H, W) to logits (V, n).
        steps: S, the number of steps of the insertion and deletion curves.
        insertion: The baseline that insertion starts from.
        deletion: The baseline that deletion ends at.
        probabilities: Logits (V, n) to the classes' probabilities (V, N); softmax by default.

    """

    predict: Callable[[Tensor], Tensor]
    steps: int = 10
    insertion: Baseline = "blur"
    deletion: Baseline = "zero"
    probabilities: Callable[[Tensor], Tensor] = _softmax

    def baseline_scores(
        self, image: Tensor, target: int, sign: Sign = "positive"
    ) -> BaselineScores:
        """Score an image (3, H, W) itself and its baselines, which no map alters."""
        whole = image[None]
        views = [whole, *(baseline_images(whole, b) for b in (self.insertion, self.deletion))]
        return BaselineScores(
            image, target, sign, *self._probabilities(torch.cat(views), target, sign).tolist()
        )

    def score_map(self, baseline: BaselineScores, saliency: Tensor) -> PerturbationScores:
        """Score the altered copies of an image for a map (H, W) in [0, 1].

        Returns:
            Scores of one image (B = 1), float64, on the CPU.

        """
        image, maps = baseline.image[None], saliency[None]
        views = [
            *(view(image, m) for m in (maps, matched_area(maps)) for view in (kept, removed)),
            *self._curve_views(image, maps),
        ]
        found = self._probabilities(torch.cat(views), baseline.target, baseline.sign)
        found = found.cpu().double()
        sizes = [1, 1, 1, 1, self.steps - 1, self.steps - 1]
        with_map, without_map, with_ranks, without_ranks, inserted, deleted = found.split(sizes)
        whole, start, end = found.new_tensor(
            [baseline.whole, baseline.insertion_start, baseline.deletion_end]
        ).split(1)
        return PerturbationScores(
            whole=whole,
            kept=with_map,
            removed=without_map,
            matched_kept=with_ranks,
            matched_removed=without_ranks,
            insertion=torch.cat([start, inserted, whole])[None],
            deletion=torch.cat([whole, deleted, end])[None],
        )

    def _curve_views(self, image: Tensor, maps: Tensor) -> list[Tensor]:
        """Return the images between the ends of both curves."""
        reached = most_salient(maps, self.steps)[0, 1:-1, None]
        inserted = torch.where(reached, image, baseline_images(image, self.insertion))
        deleted = torch.where(reached, baseline_images(image, self.deletion), image)
        return [inserted, deleted]

    def _probabilities(self, images: Tensor, target: int, sign: Sign) -> Tensor:
        """Return the probability p of a class, (V,); 1 - p for what speaks against it."""
        with torch.no_grad():
            logits = self.predict(images)
        if sign == "positive":
            return self.probabilities(logits.float())[:, target]
        # In float64: where p is close to 1, what is left of it would be rounding.
        return 1 - self.probabilities(logits.double())[:, target]
