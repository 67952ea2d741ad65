"""How a run ended: in a line, and as an exit code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from camcli.errors import CamcliError, suggest
from camcli.system.wording import counted_as

if TYPE_CHECKING:
    from camcli.run.outcome import Outcome


def summary(outcome: Outcome, output: Path) -> str:
    """Return what a run did, and how to go on where it was interrupted."""
    rows, resumed = outcome.tally.rows, outcome.resumed
    without = {"degenerate": rows["degenerate"], "failed": outcome.tally.failed}
    parts = [counted_as(rows["ok"], "map")]
    parts += [f"{count} {status}" for status, count in without.items() if count]
    if resumed.images:
        parts.append(f"{counted_as(resumed.images, 'image')} done before")
    if resumed.redone:
        parts.append(f"{len(resumed.redone)} of them again")
    if outcome.scales:
        several = len(outcome.scales) > 1
        told = [f"{each:.6g}" + f" ({name})" * several for name, each in outcome.scales.items()]
        parts.append(f"all at the scale {', '.join(told)}")
        if outcome.tally.clipped:
            parts.append(f"{outcome.tally.clipped} with values beyond it, which are clipped")
    rate = outcome.tally.images / outcome.seconds if outcome.seconds else 0.0
    ending = "done"
    if outcome.interrupted:
        ending = f"interrupted ({outcome.interrupted}); go on with --resume"
    return (
        f"{ending}: {', '.join(parts)} in {outcome.seconds:.1f} s ({rate:.1f} images/s) -> {output}"
    )


NOBODY_READS = "nobody reads the rows on stdout any more"
CLOSED_PIPE = 141
"""What a shell calls the end of a program whose reader has gone: 128 and SIGPIPE."""

# Of a run that was asked to stop, by the reason.
_STOPPED = {"SIGINT": 130, "SIGTERM": 143, NOBODY_READS: CLOSED_PIPE}

FLAWS = ("failed", "degenerate")
"""The statuses of rows that make a run exit with 1, unless it is told otherwise."""


def flaws_from(words: Sequence[str], exit_zero: bool) -> tuple[str, ...]:
    """Return the statuses that `--fail-on` names, or those of `--exit-zero`: none.

    Raises:
        CamcliError: There is no such status, or the two options contradict each other.

    """
    for word in words:
        if word not in (*FLAWS, "never"):
            choices = [*FLAWS, "never"]
            raise CamcliError(
                f"--fail-on takes {', '.join(choices)}, not {word!r}{suggest(word, choices)}"
            )
    if "never" in words and len(set(words)) > 1:
        raise CamcliError("--fail-on never leaves nothing to fail on beside it")
    if exit_zero and set(words) - {"never"}:
        raise CamcliError("--exit-zero means --fail-on never: give one of the two")
    if exit_zero or "never" in words:
        return ()
    return tuple(dict.fromkeys(words)) or FLAWS


def stopped_code(reason: str) -> int:
    """Return the exit code of a run that was asked to stop, as a shell has it for a signal."""
    return _STOPPED.get(reason, 130)


def exit_code(outcome: Outcome, fail_fast: bool, flaws: Collection[str]) -> int:
    """Return the exit code of `camcli explain`, as its help lists them.

    Args:
        outcome: How the run ended.
        fail_fast: Whether the run was to stop at the first image that fails.
        flaws: The statuses of rows that the run is not to have.

    """
    if fail_fast and outcome.tally.rows["failed"]:
        return 1
    if outcome.interrupted:
        return stopped_code(outcome.interrupted)
    rows = outcome.tally.rows + outcome.resumed.counts
    return 1 if any(rows[status] for status in flaws) else 0
