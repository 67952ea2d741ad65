"""Limits that pass end what takes too long, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from camcli.workers.watchdog import Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog()
    yield watchdog
    watchdog.close()


def test_what_takes_too_long_is_ended_and_its_neighbours_are_not(watchdog: Watchdog) -> None:
    ended = threading.Event()
    with watchdog.limit(60, _fail) as patient, watchdog.limit(0.01, ended.set) as limit:
        assert ended.wait(30)
    assert limit.passed
    assert not patient.passed


@pytest.mark.slow
def test_what_is_done_in_time_is_left_alone(watchdog: Watchdog) -> None:
    for _ in range(100):
        with watchdog.limit(0.2, _fail) as limit:
            pass
        assert not limit.passed
    with watchdog.limit(60, _fail) as limit:
        time.sleep(0.3)  # it has looked meanwhile
    assert not limit.passed
    looked = threading.Event()
    with watchdog.limit(0.4, looked.set):
        assert looked.wait(30), "after all of those would have been over"


def test_one_thread_keeps_all_limits_and_ends_when_it_is_closed(watchdog: Watchdog) -> None:
    before = set(threading.enumerate())
    with watchdog.limit(60, _fail), watchdog.limit(60, _fail):
        (thread,) = (t for t in set(threading.enumerate()) - before if t.name == "camcli-watchdog")
    watchdog.close()
    thread.join(30)
    assert not thread.is_alive()


def test_limits_of_many_threads_do_not_come_between(watchdog: Watchdog) -> None:
    def pass_limits() -> None:
        for _ in range(500):
            with watchdog.limit(30, _fail):
                pass

    threads = [threading.Thread(target=pass_limits) for _ in range(8)]
    ended = threading.Event()
    with watchdog.limit(0.05, ended.set):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ended.wait(30)
    assert watchdog._limits == {}


def _fail() -> None:
    raise AssertionError("there was time left")
