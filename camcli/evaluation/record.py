"""The record of an evaluation: `run.json` in its output folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from camcli.errors import OutputError
from camcli.evaluation.cost import Cost
from camcli.evaluation.report.truth_use import TruthRead, truth_read
from camcli.models.listed_images import FileUse
from camcli.output.json_schema import schema_of
from camcli.output.record import RUN_SCHEMA, read_run, write_run
from camcli.output.resume import ResumeState
from camcli.run.record import environment

State = Literal["running", "interrupted", "finished"]


@dataclass(frozen=True)
class EvaluationRunDocument:
    """`run.json` of `camcli evaluate`, written when it starts and when it ends.

    Attributes:
        state: running, also of an evaluation that was killed; interrupted, by a signal; finished.
        camcli: The version that wrote it.
        python: The version of Python.
        packages: The versions of the packages that are always used, by name.
        platform: The operating system and the machine's kind.
        fingerprint: What decides the figures, for evaluations to be compared by.
        resumed: Of images that were evaluated before, how many are not as they were.
        left_out: How many files of the inputs are no images, by suffix.
        listings: What was made of each file that lists images.
        unused: What was asked for and decides nothing, a line each.
        truth: What was read of the ground truth, None without any.
        costs: What an explanation costs, by method; empty until it is measured.
        schema: The version of this record.

    """

    state: State
    camcli: str
    python: str
    packages: Mapping[str, str]
    platform: str
    fingerprint: Mapping[str, Any]
    resumed: Mapping[str, int]
    left_out: Mapping[str, int]
    listings: Sequence[FileUse]
    unused: Sequence[str]
    truth: TruthRead | None
    costs: Mapping[str, Cost]
    schema: int = RUN_SCHEMA


def evaluation_run_schema() -> dict[str, Any]:
    """Return what `run.json` of this version must be: every key is there, and no other."""
    return schema_of(EvaluationRunDocument, "camcli evaluation record", RUN_SCHEMA)


@dataclass(frozen=True)
class EvaluationRecord:
    """Writes the record, and reads the costs that an interrupted evaluation left in it.

    Attributes:
        folder: The output folder.
        fingerprint: What determines the figures.
        resumed: What an earlier evaluation left in the folder.
        truth: How much of the ground truth is used, None without any.
        left_out: How many pictures the inputs hold that are not images of the job, by suffix.
        listings: What was made of each file that lists images.
        unused: What was given and decides nothing, a line each.

    """

    folder: Path
    fingerprint: Mapping[str, Any]
    resumed: ResumeState = field(default_factory=ResumeState)
    truth: Mapping[str, Any] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    listings: Sequence[FileUse] = ()
    unused: Sequence[str] = ()

    def costs(self) -> dict[str, Cost]:
        """Return the costs that were measured before, none where nothing is resumed.

        Raises:
            OutputError: The record cannot be read.

        """
        if not self.resumed.images:
            return {}
        try:
            stored = read_run(self.folder)
            return {name: Cost(**cost) for name, cost in stored.get("costs", {}).items()}
        except (AttributeError, TypeError) as error:
            raise OutputError(f"cannot read the costs in {self.folder}: {error}") from None

    def write(self, state: State, costs: Mapping[str, Cost]) -> None:
        """Replace the record."""
        document = EvaluationRunDocument(
            state=state,
            **environment(),
            fingerprint=self.fingerprint,
            resumed=self.resumed.to_json(),
            left_out=dict(self.left_out),
            listings=self.listings,
            unused=self.unused,
            truth=None if self.truth is None else truth_read(self.truth),
            costs=costs,
        )
        write_run(self.folder, asdict(document))
