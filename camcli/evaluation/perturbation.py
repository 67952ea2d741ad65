"""Ask the network what it makes of an image seen through a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from camcli.evaluation.metrics.curves import Baseline, area_under, baseline_images, most_salient
from camcli.evaluation.metrics.faithfulness import (
    average_drop,
    average_drop_in_deletion,
    increase_in_confidence,
    kept,
    matched_area,
    removed,
)


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(1)


@dataclass(frozen=True)
class PerturbationResult:
    """What the network said of one image seen through one map.

    Attributes:
        values: Metrics by key.
        insertion: S + 1 probabilities as the image appears.
        deletion: S + 1 probabilities as it vanishes.

    """

    values: dict[str, float]
    insertion: list[float]
    deletion: list[float]


@dataclass(frozen=True)
class BaselineScores:
    """One image, and the probabilities that every map of it is compared with.

    Attributes:
        image: (3, H, W), normalised.
        target: The explained class.
        whole: Y, of the image itself.
        insertion_start: Of the baseline that insertion starts from.
        deletion_end: Of the baseline that deletion ends at.

    """

    image: Tensor
    target: int
    whole: float
    insertion_start: float
    deletion_end: float


@dataclass(frozen=True)
class PerturbationScorer:
    """Measures faithfulness, one image and map at a time.

    All views of one image through one map go through the network together: how many there are
    depends on nothing but `steps`, so that a figure is the same in whatever company it is measured.

    Attributes:
        predict: Images (V, 3, H, W) to logits (V, N).
        steps: S, the steps of the insertion and deletion curves.
        insertion: What is seen before anything is inserted.
        deletion: What is left where something is deleted.
        probabilities: Logits (V, N) to probabilities (V, N): softmax, if not given.

    """

    predict: Callable[[Tensor], Tensor]
    steps: int = 10
    insertion: Baseline = "blur"
    deletion: Baseline = "zero"
    probabilities: Callable[[Tensor], Tensor] = _softmax

    def baseline_scores(self, image: Tensor, target: int) -> BaselineScores:
        """Look at an image (3, H, W) without any map."""
        whole = image[None]
        views = [whole, *(baseline_images(whole, b) for b in (self.insertion, self.deletion))]
        return BaselineScores(
            image, target, *self._probabilities(torch.cat(views), target).tolist()
        )

    def score_map(self, baseline_scores: BaselineScores, saliency: Tensor) -> PerturbationResult:
        """Look at an image through a map (H, W) in [0, 1]."""
        image, maps = baseline_scores.image[None], saliency[None]
        ranked = matched_area(maps)
        views = [
            *(view(image, m) for m in (maps, ranked) for view in (kept, removed)),
            *self._curve_views(image, maps),
        ]
        found = self._probabilities(torch.cat(views), baseline_scores.target).cpu().double()
        inserted, deleted = found[4:].split(self.steps - 1)
        whole, start, end = (
            found.new_tensor([value])
            for value in (
                baseline_scores.whole,
                baseline_scores.insertion_start,
                baseline_scores.deletion_end,
            )
        )
        insertion = torch.cat([start, inserted, whole])
        deletion = torch.cat([whole, deleted, end])
        values = {
            **_confidence(whole, found[0:1], found[1:2]),
            **{f"matched_{k}": v for k, v in _confidence(whole, found[2:3], found[3:4]).items()},
            "insertion": float(area_under(insertion[None])),
            "deletion": float(area_under(deletion[None])),
        }
        return PerturbationResult(values, insertion.tolist(), deletion.tolist())

    def _curve_views(self, image: Tensor, maps: Tensor) -> list[Tensor]:
        """Return the images between the ends of both curves."""
        reached = most_salient(maps, self.steps)[0, 1:-1, None]
        inserted = torch.where(reached, image, baseline_images(image, self.insertion))
        deleted = torch.where(reached, baseline_images(image, self.deletion), image)
        return [inserted, deleted]

    def _probabilities(self, images: Tensor, target: int) -> Tensor:
        with torch.no_grad():
            logits = self.predict(images)
        return self.probabilities(logits.float())[:, target]


def _confidence(whole: Tensor, seen: Tensor, unseen: Tensor) -> dict[str, float]:
    return {
        "drop": float(average_drop(whole, seen)),
        "increase": float(increase_in_confidence(whole, seen)),
        "drop_in_deletion": float(average_drop_in_deletion(whole, unseen)),
        "clamped_drop_in_deletion": float(average_drop_in_deletion(whole, unseen, clamped=True)),
    }
