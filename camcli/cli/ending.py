"""How a run ended: in a line, and as an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from camcli.cli.console import counted_as

if TYPE_CHECKING:
    from camcli.run.outcome import Outcome


def summary(outcome: Outcome, output: Path) -> str:
    """Return what a run did, and how to go on where it was interrupted."""
    rows, resumed = outcome.tally.rows, outcome.resumed
    parts = [counted_as(rows["ok"], "map")]
    parts += [f"{rows[status]} {status}" for status in ("degenerate", "failed") if rows[status]]
    if resumed.images:
        parts.append(f"{counted_as(resumed.images, 'image')} done before")
    if resumed.redone:
        parts.append(f"{len(resumed.redone)} of them again")
    rate = outcome.tally.images / outcome.seconds if outcome.seconds else 0.0
    ending = "done"
    if outcome.interrupted:
        ending = f"interrupted ({outcome.interrupted}); go on with --resume"
    return (
        f"{ending}: {', '.join(parts)} in {outcome.seconds:.1f} s ({rate:.1f} images/s) -> {output}"
    )


def exit_code(outcome: Outcome, fail_fast: bool, exit_zero: bool) -> int:
    """Return the exit code of `camcli explain`, as its help lists them.

    Args:
        outcome: How the run ended.
        fail_fast: Whether the run was to stop at the first image that fails.
        exit_zero: Whether to return 0 even if images failed.

    """
    if fail_fast and outcome.tally.rows["failed"]:
        return 1
    if outcome.interrupted:
        return 130
    flawed = outcome.tally.rows + outcome.resumed.counts
    return 1 if (flawed["failed"] or flawed["degenerate"]) and not exit_zero else 0
