"""A whole evaluation: images in, rows appended as they are done, tables at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camcli import __version__
from camcli.errors import OutputError
from camcli.evaluation.cost import Cost, cost_of
from camcli.evaluation.evaluator import Evaluator
from camcli.evaluation.report.curve_plot import curve_plot
from camcli.evaluation.report.summary import Summary, summarise
from camcli.evaluation.report.tables import comma_separated, json_ready, markdown
from camcli.evaluation.rows import Journal
from camcli.evaluation.sources import Look
from camcli.images.stream import stream
from camcli.output.atomic import write_bytes
from camcli.output.folder import Claim, FolderPolicy, ResumeState, open_folder, write_run
from camcli.output.manifest import FILE_NAME, read_rows
from camcli.output.rows import readable
from camcli.records import Batch, ImageRef
from camcli.run.interrupt import Interruption

# The images that a cost is measured on.
_TIMED = 1


@dataclass(frozen=True)
class EvaluationJob:
    """One evaluation.

    Attributes:
        refs: The images.
        folder: The output folder.
        folder_policy: What to do where it is not empty.
        described: What determines the figures; a run that is resumed must match.
        batch_size: Images a batch.
        workers: Decoding threads.
        with_costs: Whether to measure what each method costs.
        against: The method whose lead over the others is estimated, or None.

    """

    refs: Iterable[ImageRef]
    folder: Path
    folder_policy: FolderPolicy
    described: Mapping[str, Any]
    batch_size: int
    workers: int
    with_costs: bool = True
    against: str | None = None


def run_evaluation(
    job: EvaluationJob,
    evaluator: Evaluator,
    on_images: Callable[[int], object],
    interruption: Interruption,
) -> Summary:
    """Evaluate every image of a job, and write its tables.

    What was asked to stop early has its tables, too, of the images that were done.

    Args:
        job: What to evaluate.
        evaluator: What evaluates it.
        on_images: Told how many images more are done.
        interruption: When it is requested, the batch in hand is finished and no more is begun.

    Raises:
        OutputError: The output folder cannot be used.
        InputError: A map or an annotation of some image cannot be read.

    """
    claim = Claim(job.folder_policy)
    with open_folder(job.folder, claim, job.described, rows_per_image_vary=True) as earlier:
        return _evaluate(job, evaluator, on_images, interruption, earlier)


def _evaluate(
    job: EvaluationJob,
    evaluator: Evaluator,
    on_images: Callable[[int], object],
    interruption: Interruption,
    earlier: ResumeState,
) -> Summary:
    record = _Record(job)
    costs = record.costs(earlier)
    record.write("running", costs)
    on_images(earlier.images)
    refs = (ref for ref in job.refs if not earlier.holds(ref.name, readable(ref.path)))
    preprocess = evaluator.engine.preprocess
    batches = stream(refs, preprocess, job.batch_size, job.workers)
    with closing(batches), Journal(job.folder / FILE_NAME) as journal:
        for batch in batches:
            if interruption.requested:
                break
            if job.with_costs and not costs and batch.items:
                costs = _costs(evaluator, batch)
                record.write("running", costs)
            journal.append(evaluator.evaluate(batch))
            on_images(len(batch.items) + len(batch.failures))
    record.write("interrupted" if interruption.requested else "finished", costs)
    rows = list(read_rows(job.folder / FILE_NAME))
    summary = summarise(rows, [s.name for s in evaluator.sources], costs, job.against)
    _write_tables(job.folder, summary)
    return summary


def _costs(evaluator: Evaluator, batch: Batch) -> dict[str, Cost]:
    items = batch.items[:_TIMED]
    look = Look(items, evaluator.engine.normalized(items), evaluator.engine.black)
    classes = look.probe(evaluator.traced).logits.argmax(1)
    return {
        s.name: cost_of(s.as_traced(), evaluator.traced, look, classes) for s in evaluator.sources
    }


def _write_tables(folder: Path, summary: Summary) -> None:
    images = curve_plot(summary.insertion, summary.deletion)
    texts = {
        "table.md": markdown(summary),
        "table.csv": comma_separated(summary),
        "table.json": json.dumps(json_ready(summary), indent=2, ensure_ascii=False) + "\n",
        "curves.svg": images,
    }
    for name, text in texts.items():
        write_bytes(folder / name, text.encode("utf-8"))


class _Record:
    """`run.json` of an evaluation."""

    def __init__(self, job: EvaluationJob) -> None:
        self._job = job

    def costs(self, earlier: ResumeState) -> dict[str, Cost]:
        """Return what an earlier run into the folder measured."""
        if not earlier.images:
            return {}
        try:
            stored = json.loads((self._job.folder / "run.json").read_text(encoding="utf-8"))
            return {name: Cost(**cost) for name, cost in stored.get("costs", {}).items()}
        except (OSError, ValueError, TypeError) as error:
            raise OutputError(f"cannot read run.json in {self._job.folder}: {error}") from None

    def write(self, state: str, costs: Mapping[str, Cost]) -> None:
        write_run(
            self._job.folder,
            {
                "state": state,
                "camcli": __version__,
                "fingerprint": self._job.described,
                "costs": {name: asdict(cost) for name, cost in costs.items()},
            },
        )
