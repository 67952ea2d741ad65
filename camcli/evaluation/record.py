"""The record of an evaluation: `run.json` in its output folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from camcli.errors import OutputError
from camcli.evaluation.cost import Cost
from camcli.output.record import read_run, write_run
from camcli.output.resume import ResumeState
from camcli.run.record import environment


@dataclass(frozen=True)
class EvaluationRecord:
    """Writes the record, and reads the costs that an interrupted evaluation left in it.

    Attributes:
        folder: The output folder.
        fingerprint: What determines the figures.
        resumed: What an earlier evaluation left in the folder.
        truth: How much of the ground truth is used, None without any.
        given: What was made of what else was given, JSON-ready by its key.

    """

    folder: Path
    fingerprint: Mapping[str, Any]
    resumed: ResumeState = field(default_factory=ResumeState)
    truth: Mapping[str, Any] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

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

    def write(self, state: str, costs: Mapping[str, Cost]) -> None:
        """Replace the record: `state` is running, interrupted or finished."""
        write_run(
            self.folder,
            {
                "state": state,
                **environment(),
                "fingerprint": self.fingerprint,
                "resumed": self.resumed.to_json(),
                **self.given,
                "truth": self.truth,
                "costs": {name: asdict(cost) for name, cost in costs.items()},
            },
        )
