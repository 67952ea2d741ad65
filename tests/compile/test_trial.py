"""Two runners take turns, and the best time of each counts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from camcli.compile import trial
from camcli.compile.trial import Runner, Trial, timed


def baseline(images: Tensor) -> tuple[Tensor, ...]:
    return (images + 1,)


def candidate(images: Tensor) -> tuple[Tensor, ...]:
    return (images + 2,)


@pytest.mark.parametrize(
    ("of_baseline", "of_candidate", "speedup"),
    [((3.0, 3.0, 9.0), (2.0, 2.0, 2.0), 1.5), ((3.0, 9.0, 9.0), (9.0, 9.0, 6.0), 0.5)],
)
def test_the_best_time_of_each_counts(
    monkeypatch: pytest.MonkeyPatch,
    of_baseline: tuple[float, ...],
    of_candidate: tuple[float, ...],
    speedup: float,
) -> None:
    seconds = {baseline: iter(of_baseline), candidate: iter(of_candidate)}

    def scripted(runner: Runner, images: Tensor) -> tuple[tuple[Tensor, ...], float]:
        return runner(images), next(seconds[runner])

    monkeypatch.setattr(trial, "timed", scripted)
    taking_turns = Trial(baseline, candidate)
    added = []
    while not taking_turns.decided:
        (output,) = taking_turns(torch.zeros(2, 3, 4, 4))
        added.append(int(output[0, 0, 0, 0]))

    assert added == [2, 1, 2, 1, 2, 1]
    assert taking_turns.speedup == speedup


def test_a_timed_batch_comes_with_its_outputs() -> None:
    (output,), seconds = timed(baseline, torch.zeros(2, 3, 4, 4))
    assert seconds > 0
    torch.testing.assert_close(output, torch.ones(2, 3, 4, 4))
