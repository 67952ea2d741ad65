"""Garbage is collected less often during start-up, and as usual afterwards."""

from __future__ import annotations

import gc

import pytest

from camcli.cli.startup import starting_up


def test_the_usual_thresholds_are_restored_even_after_an_error() -> None:
    usual = gc.get_threshold()
    inside = []

    def fail() -> None:
        with starting_up():
            inside.append(gc.get_threshold()[0])
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert inside[0] > 10 * usual[0]
    assert gc.get_threshold() == usual
