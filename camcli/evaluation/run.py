"""A whole evaluation: images in, rows appended as they are done, tables at the end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camcli.errors import CamcliWarning
from camcli.evaluation.cost import Cost, cost_of
from camcli.evaluation.evaluator import Evaluator
from camcli.evaluation.record import EvaluationRecord
from camcli.evaluation.report.files import write_report
from camcli.evaluation.report.summary import Summary, summarise
from camcli.images.stream import stream
from camcli.output.folder import FolderPolicy, clear_changed, open_folder, sort_manifest
from camcli.output.manifest import FILE_NAME, Manifest, read_rows
from camcli.output.resume import ResumeState
from camcli.records import Batch, ImageRef
from camcli.run.interrupt import Interruption
from camcli.run.plan import RunPlan
from camcli.run.remaining import Remaining
from camcli.targets.class_target import ClassTarget

# The images that a cost is measured on.
_TIMED = 1


@dataclass(frozen=True)
class EvaluationJob:
    """One evaluation.

    Attributes:
        refs: The images.
        folder: The output folder.
        folder_policy: What to do where it is not empty.
        fingerprint: What determines the figures; a run that is resumed must match.
        batch_size: Images a batch.
        workers: Decoding threads.
        with_costs: Whether to measure what each method costs.
        against: The method whose lead over the others is estimated, or None.
        left_out: How many pictures the inputs hold that are not images of the job, by suffix.
        unused: What was given and decides nothing, a line each.

    """

    refs: Iterable[ImageRef]
    folder: Path
    folder_policy: FolderPolicy
    fingerprint: Mapping[str, Any]
    batch_size: int
    workers: int
    with_costs: bool = True
    against: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    unused: Sequence[str] = ()


def run_evaluation(
    job: EvaluationJob,
    evaluator: Evaluator,
    on_images: Callable[[int], object],
    interruption: Interruption,
) -> Summary:
    """Evaluate every image of a job, and write its tables.

    An evaluation that is stopped early has its tables as well, of the images that were done.

    Args:
        job: What to evaluate.
        evaluator: What evaluates it.
        on_images: Called with the number of images that were done since the last call.
        interruption: When it is requested, the current batch is finished and no more is begun.

    Raises:
        OutputError: The output folder cannot be used.
        InputError: A map or an annotation of some image cannot be read.

    """
    plan = RunPlan(job.refs, job.folder, job.folder_policy, retry_failed=True)
    with open_folder(job.folder, plan, job.fingerprint, rows_per_image_vary=True) as resumed:
        images = Remaining(plan, resumed)
        return _evaluate(job, evaluator, on_images, interruption, images, resumed)


def _evaluate(
    job: EvaluationJob,
    evaluator: Evaluator,
    on_images: Callable[[int], object],
    interruption: Interruption,
    images: Remaining,
    resumed: ResumeState,
) -> Summary:
    truth = evaluator.truth.report.to_json() if evaluator.truth else None
    listings = evaluator.engine.targets.file_uses()
    record = EvaluationRecord(
        job.folder, job.fingerprint, resumed, truth, job.left_out, listings, job.unused
    )
    costs = record.costs()
    record.write("running", costs)
    on_images(resumed.images)
    preprocess = evaluator.engine.preprocess
    batches = stream(images, preprocess, job.batch_size, job.workers)
    with closing(batches), Manifest(job.folder / FILE_NAME) as manifest:
        for batch in batches:
            if interruption.requested:
                break
            if job.with_costs and not costs and batch.items:
                costs = _costs(evaluator, batch)
                record.write("running", costs)
            manifest.append(evaluator.evaluate(batch))
            on_images(len(batch.items) + len(batch.failures))
    clear_changed(job.folder, images.plan, resumed)
    if resumed.end and not interruption.requested:
        sort_manifest(job.folder, images.plan, images.order)
    for line in resumed.lines():
        warnings.warn(line, CamcliWarning, stacklevel=2)
    record.write("interrupted" if interruption.requested else "finished", costs)
    rows = list(read_rows(job.folder / FILE_NAME))
    summary = summarise(rows, [s.name for s in evaluator.sources], costs, job.against, truth)
    write_report(job.folder, summary)
    return summary


def _costs(evaluator: Evaluator, batch: Batch) -> dict[str, Cost]:
    timed = evaluator.image_batch(batch.items[:_TIMED])
    best = timed.probe(evaluator.traced).logits.argmax(1)
    targets = [ClassTarget(index) for index in best.tolist()]
    return {
        s.name: cost_of(s.as_traced(), evaluator.traced, timed, targets) for s in evaluator.sources
    }
