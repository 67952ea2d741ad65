"""One batch: every source's maps, and what each of them is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from camcli.engine import Engine
from camcli.evaluation.ground_truth.truth import Truth
from camcli.evaluation.rows import EvaluationRow, MethodResult
from camcli.evaluation.scorer import PerturbationScorer
from camcli.evaluation.shapley import with_agreement
from camcli.evaluation.sources import Look, MapSource
from camcli.evaluation.suite import MetricSuite
from camcli.network.split import SplitNetwork
from camcli.records import Batch, ErrorInfo, FailedImage, ImageItem, Target


@dataclass(frozen=True)
class Evaluator:
    """Evaluates batches; no figure depends on the batch or on which sources stand beside.

    Attributes:
        engine: Chooses the classes to explain, at its own network.
        sources: What has maps.
        traced: The engine's network before it was accelerated, the measure of what methods cost.
        scorer: Measures faithfulness.
        truth: Where the objects are, if that is known.
        at_most: How many images of the listing a source is asked for, where not for all.

    """

    engine: Engine
    sources: tuple[MapSource, ...]
    traced: SplitNetwork
    scorer: PerturbationScorer
    truth: Truth | None = None
    at_most: Mapping[str, int] = field(default_factory=dict)

    def evaluate(self, batch: Batch) -> list[EvaluationRow]:
        """Return the rows of a batch, in the order of its images."""
        found = {failure.ref.index: [_failed(failure)] for failure in batch.failures}
        if batch.items:
            found |= self._evaluate_items(batch.items)
        return [row for index in sorted(found) for row in found[index]]

    def _evaluate_items(self, items: Sequence[ImageItem]) -> dict[int, list[EvaluationRow]]:
        """Return the rows of each image, by its place in the listing."""
        look = Look(items, self.engine.normalized(items), self.engine.black)
        logits = look.probe(self.engine.network).logits.float().cpu()
        choices = [self.engine.choose(item, row) for item, row in zip(items, logits, strict=True)]
        found = {
            item.ref.index: [_failed(choice)] if isinstance(choice, FailedImage) else []
            for item, choice in zip(items, choices, strict=True)
        }
        classes = [[] if isinstance(choice, FailedImage) else choice for choice in choices]
        for slot in range(max(map(len, classes))):
            rows = [row for row, chosen in enumerate(classes) if slot < len(chosen)]
            asked = [classes[row][slot] for row in rows]
            targets = self.engine.described_targets(logits[rows], asked)
            for row, result in zip(
                rows, self._evaluate_targets(look.of(rows), targets), strict=True
            ):
                found[items[row].ref.index].append(result)
        return found

    def _evaluate_targets(self, look: Look, targets: Sequence[Target]) -> list[EvaluationRow]:
        """Evaluate one class for each image."""
        suites = [self._suite(*seen) for seen in zip(look.items, look.images, targets, strict=True)]
        results: list[dict[str, MethodResult]] = [{} for _ in targets]
        coefficients: list[dict[str, Tensor]] = [{} for _ in targets]
        for source in self.sources:
            rows = self._rows_for(source, look)
            if not rows:
                continue
            classes = torch.tensor([targets[row].index for row in rows], device=look.images.device)
            saliency = source.saliency(look.of(rows), classes)
            for place, row in enumerate(rows):
                results[row][source.name] = suites[row].measure(saliency, place)
                if saliency.coefficients is not None:
                    coefficients[row][source.name] = saliency.coefficients[place]
        return [
            EvaluationRow(item.ref.name, "ok", target, with_agreement(result, alphas))
            for item, target, result, alphas in zip(
                look.items, targets, results, coefficients, strict=True
            )
        ]

    def _rows_for(self, source: MapSource, look: Look) -> list[int]:
        limit = self.at_most.get(source.name, float("inf"))
        return [row for row, item in enumerate(look.items) if item.ref.index < limit]

    def _suite(self, item: ImageItem, image: Tensor, target: Target) -> MetricSuite:
        masks = self.truth.masks(item, target) if self.truth else None
        return MetricSuite(self.scorer, self.scorer.baseline_scores(image, target.index), masks)


def _failed(failure: FailedImage) -> EvaluationRow:
    return EvaluationRow(failure.ref.name, "failed", error=ErrorInfo(failure.type, failure.message))
