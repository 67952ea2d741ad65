"""One batch: every source's maps, and the metrics of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from camcli.engine import Engine
from camcli.evaluation.ground_truth.truth import ObjectMasks, Truth, TruthGap, outcome_of
from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.rows import EvaluationRow, MethodResult
from camcli.evaluation.scorer import PerturbationScorer
from camcli.evaluation.shapley import with_agreement
from camcli.evaluation.sources.base import MapSource
from camcli.evaluation.suite import MetricSuite
from camcli.network.split import SplitNetwork
from camcli.output.manifest_row import ErrorInfo
from camcli.records import Batch, FailedImage, ImageItem, Target
from camcli.targets.class_target import target_of


@dataclass(frozen=True)
class Evaluator:
    """Evaluates batches; no figure depends on the batch or on the other sources.

    Attributes:
        engine: Chooses the classes to explain, at its own network.
        sources: What has maps.
        traced: The engine's network before it was accelerated, which costs are relative to.
        scorer: Scores altered images, for the faithfulness metrics.
        truth: Where the objects are, None where that is not known.
        at_most: By source, how many of the first images it is limited to; the others have no limit.

    """

    engine: Engine
    sources: tuple[MapSource, ...]
    traced: SplitNetwork
    scorer: PerturbationScorer
    truth: Truth | None = None
    at_most: Mapping[str, int] = field(default_factory=dict)

    def image_batch(self, items: Sequence[ImageItem]) -> ImageBatch:
        """Return decoded images as the network takes them."""
        return ImageBatch(items, self.engine.normalized(items), self.engine.black)

    def evaluate(self, batch: Batch) -> list[EvaluationRow]:
        """Return the rows of a batch, in the order of its images."""
        found = {failure.ref.index: [_failed(failure)] for failure in batch.failures}
        if batch.items:
            found |= self._evaluate_items(batch.items)
        return [row for index in sorted(found) for row in found[index]]

    def _evaluate_items(self, items: Sequence[ImageItem]) -> dict[int, list[EvaluationRow]]:
        """Return the rows of each image, by its place in the listing."""
        batch = self.image_batch(items)
        logits = batch.probe(self.engine.network).logits.float().cpu()
        choices = [self.engine.choose(item, row) for item, row in zip(items, logits, strict=True)]
        found = {
            item.ref.index: [_failed(choice)] if isinstance(choice, FailedImage) else []
            for item, choice in zip(items, choices, strict=True)
        }
        wanted = [[] if isinstance(choice, FailedImage) else choice for choice in choices]
        for slot in range(max(map(len, wanted))):
            rows = [row for row, chosen in enumerate(wanted) if slot < len(chosen)]
            asked = [wanted[row][slot] for row in rows]
            targets = self.engine.described_targets(logits[rows], asked)
            results = self._evaluate_targets(batch.of(rows), targets)
            for row, result in zip(rows, results, strict=True):
                found[items[row].ref.index].append(result)
        return found

    def _evaluate_targets(
        self, batch: ImageBatch, targets: Sequence[Target]
    ) -> list[EvaluationRow]:
        """Evaluate one target for each image."""
        truth = [self._truth(*seen) for seen in zip(batch.items, targets, strict=True)]
        seen = zip(batch.images, targets, truth, strict=True)
        suites = [self._suite(image, target, found) for image, target, found in seen]
        results: list[dict[str, MethodResult]] = [{} for _ in targets]
        coefficients: list[dict[str, Tensor]] = [{} for _ in targets]
        for source in self.sources:
            rows = self._rows_for(source, batch)
            if not rows:
                continue
            asked = [target_of(targets[row]) for row in rows]
            saliency = source.saliency(batch.of(rows), asked)
            for place, row in enumerate(rows):
                results[row][source.name] = suites[row].measure(saliency, place)
                if saliency.coefficients is not None:
                    coefficients[row][source.name] = saliency.coefficients[place]
        return [
            EvaluationRow(
                item.ref.name,
                "ok",
                target,
                with_agreement(result, alphas),
                truth=outcome_of(found),
                sha256={"image": item.sha256},
                label=item.ref.label,
            )
            for item, target, result, alphas, found in zip(
                batch.items, targets, results, coefficients, truth, strict=True
            )
        ]

    def _rows_for(self, source: MapSource, batch: ImageBatch) -> list[int]:
        limit = self.at_most.get(source.name, float("inf"))
        return [row for row, item in enumerate(batch.items) if item.ref.index < limit]

    def _truth(self, item: ImageItem, target: Target) -> ObjectMasks | TruthGap | None:
        return self.truth.masks(item, target) if self.truth else None

    def _suite(
        self, image: Tensor, target: Target, truth: ObjectMasks | TruthGap | None
    ) -> MetricSuite:
        masks = truth if isinstance(truth, ObjectMasks) else None
        baseline = self.scorer.baseline_scores(image, target.index, target.sign)
        return MetricSuite(self.scorer, baseline, masks)


def _failed(failure: FailedImage) -> EvaluationRow:
    error = ErrorInfo(failure.type, failure.message)
    return EvaluationRow(failure.ref.name, "failed", error=error, label=failure.ref.label)
