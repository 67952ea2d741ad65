"""Every ending of a run has its exit code and its summary."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from camcli.cli.ending import FLAWS, NOBODY_READS, exit_code, flaws_from, summary
from camcli.errors import CamcliError
from camcli.output.resume import DoneImage, ResumeState
from camcli.run.outcome import Outcome, Tally


def _outcome(
    rows: dict[str, int], interrupted: str | None = None, before: tuple[str, ...] = ()
) -> Outcome:
    resumed = ResumeState()
    for number, status in enumerate(before):
        resumed.add(str(number), DoneImage(None, None, (status,)))
    tally = Tally(Counter(rows), sum(rows.values()), rows.get("failed", 0))
    return Outcome(tally, resumed, interrupted, 2.0)


@pytest.mark.parametrize(
    ("outcome", "fail_fast", "flaws", "code"),
    [
        (_outcome({"ok": 3}), False, FLAWS, 0),
        (_outcome({"ok": 3, "failed": 1}), False, FLAWS, 1),
        (_outcome({"ok": 3, "degenerate": 1}), False, FLAWS, 1),
        (_outcome({"ok": 3}, before=("failed",)), False, FLAWS, 1),
        (_outcome({"ok": 3, "failed": 1}), False, (), 0),
        (_outcome({"ok": 3}, "SIGINT"), False, FLAWS, 130),
        (_outcome({"ok": 3, "failed": 1}, "SIGINT"), False, (), 130),
        (_outcome({"ok": 3, "failed": 1}, "--fail-fast"), True, FLAWS, 1),
        (_outcome({"ok": 3, "degenerate": 1}), False, ("failed",), 0),
        (_outcome({"ok": 3, "failed": 1}), False, ("failed",), 1),
        (_outcome({"ok": 3}, "SIGTERM"), True, FLAWS, 143),
        (_outcome({"ok": 3}, NOBODY_READS), False, FLAWS, 141),
    ],
)
def test_each_ending_has_its_exit_code(
    outcome: Outcome, fail_fast: bool, flaws: tuple[str, ...], code: int
) -> None:
    assert exit_code(outcome, fail_fast, flaws) == code


def test_a_summary_counts_what_was_done_now_and_before() -> None:
    outcome = _outcome({"ok": 3, "failed": 1}, before=("ok", "ok"))
    assert summary(outcome, Path("out")) == (
        "done: 3 maps, 1 failed, 2 images done before in 2.0 s (2.0 images/s) -> out"
    )


def test_an_interrupted_run_says_why_and_how_to_go_on() -> None:
    text = summary(_outcome({"ok": 1}, "SIGINT"), Path("out"))
    assert text.startswith("interrupted (SIGINT); go on with --resume: 1 map in")


@pytest.mark.parametrize(
    ("words", "exit_zero", "flaws"),
    [
        ([], False, FLAWS),
        ([], True, ()),
        (["never"], False, ()),
        (["never"], True, ()),
        (["degenerate"], False, ("degenerate",)),
        (["failed", "degenerate", "failed"], False, ("failed", "degenerate")),
    ],
)
def test_what_a_run_fails_on_is_named(
    words: list[str], exit_zero: bool, flaws: tuple[str, ...]
) -> None:
    assert flaws_from(words, exit_zero) == flaws


@pytest.mark.parametrize(
    ("words", "exit_zero", "reason"),
    [
        (["fail"], False, "failed, degenerate, never, not 'fail'; did you mean 'failed'"),
        (["never", "failed"], False, "leaves nothing"),
        (["failed"], True, "give one of the two"),
    ],
)
def test_a_contradiction_in_it_is_refused(words: list[str], exit_zero: bool, reason: str) -> None:
    with pytest.raises(CamcliError, match=reason):
        flaws_from(words, exit_zero)
