"""The first signal asks a run to stop; the next one, and those after the run, work as usual."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from camcli.run.interrupt import Interruption, stoppable

_SIGNALS = [signal.SIGINT, signal.SIGTERM]


class _UsualEffectError(Exception):
    pass


@pytest.fixture(autouse=True)
def _usual_handlers() -> Iterator[None]:
    def usual(_number: int, _frame: object) -> None:
        raise _UsualEffectError

    before = {number: signal.signal(number, usual) for number in _SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", _SIGNALS)
def test_the_first_signal_is_a_request_and_the_second_has_its_usual_effect(
    number: signal.Signals,
) -> None:
    interruption = Interruption()
    with stoppable(interruption):
        assert not interruption.requested
        signal.raise_signal(number)
        assert interruption.requested
        assert interruption.reason == number.name
        with pytest.raises(_UsualEffectError):
            signal.raise_signal(number)


@pytest.mark.parametrize("number", _SIGNALS)
def test_signals_have_their_usual_effect_again_after_a_run_even_one_that_failed(
    number: signal.Signals,
) -> None:
    interruption = Interruption()
    with pytest.raises(OSError, match="full"), stoppable(interruption):
        raise OSError("the disk is full")
    with pytest.raises(_UsualEffectError):
        signal.raise_signal(number)
    assert not interruption.requested


def test_of_several_reasons_the_first_counts() -> None:
    interruption = Interruption()
    interruption.request("nobody reads")
    interruption.request("SIGINT")
    assert interruption.reason == "nobody reads"
