"""Every ending of a run has its exit code and its summary."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from camcli.cli.ending import exit_code, summary
from camcli.output.resume import ResumeState
from camcli.run.outcome import Outcome, Tally


def _outcome(
    rows: dict[str, int], interrupted: str | None = None, before: tuple[str, ...] = ()
) -> Outcome:
    resumed = ResumeState()
    for number, status in enumerate(before):
        resumed.add(str(number), None, (status,))
    return Outcome(Tally(Counter(rows), sum(rows.values())), resumed, interrupted, 2.0)


@pytest.mark.parametrize(
    ("outcome", "fail_fast", "exit_zero", "code"),
    [
        (_outcome({"ok": 3}), False, False, 0),
        (_outcome({"ok": 3, "failed": 1}), False, False, 1),
        (_outcome({"ok": 3, "degenerate": 1}), False, False, 1),
        (_outcome({"ok": 3}, before=("failed",)), False, False, 1),
        (_outcome({"ok": 3, "failed": 1}), False, True, 0),
        (_outcome({"ok": 3}, "SIGINT"), False, False, 130),
        (_outcome({"ok": 3, "failed": 1}, "SIGINT"), False, True, 130),
        (_outcome({"ok": 3, "failed": 1}, "--fail-fast"), True, False, 1),
        (_outcome({"ok": 3}, "SIGTERM"), True, False, 130),
    ],
)
def test_each_ending_has_its_exit_code(
    outcome: Outcome, fail_fast: bool, exit_zero: bool, code: int
) -> None:
    assert exit_code(outcome, fail_fast, exit_zero) == code


def test_a_summary_counts_what_was_done_now_and_before() -> None:
    outcome = _outcome({"ok": 3, "failed": 1}, before=("ok", "ok"))
    assert summary(outcome, Path("out")) == (
        "done: 3 maps, 1 failed, 2 images done before in 2.0 s (2.0 images/s) -> out"
    )


def test_an_interrupted_run_says_why_and_how_to_go_on() -> None:
    text = summary(_outcome({"ok": 1}, "SIGINT"), Path("out"))
    assert text.startswith("interrupted (SIGINT); go on with --resume: 1 map in")
