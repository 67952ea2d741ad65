"""Somebody has said of every key of the configuration whether it decides results."""

from __future__ import annotations

from camcli.config import config_keys
from camcli.config.identity import IDENTITY, Apart, deciding_keys


def test_every_key_is_said_to_decide_results_or_not() -> None:
    unsaid = set(config_keys()) - IDENTITY.keys()
    assert not unsaid, (
        f"do {sorted(unsaid)} decide results? Say so in camcli/config/identity.py, and give "
        "each another value in tests/run/test_fingerprint.py"
    )
    gone = IDENTITY.keys() - set(config_keys())
    assert not gone, f"camcli/config/identity.py speaks of {sorted(gone)}, which are no keys"


def test_keys_of_sections_that_auto_may_stand_for_are_found() -> None:
    assert {"targets", "preprocess.crop", "model.kwargs"} <= set(config_keys())


def test_what_decides_nothing_has_its_reason() -> None:
    apart = {key for key, part in IDENTITY.items() if isinstance(part, Apart)}
    assert apart.isdisjoint(key for key, _ in deciding_keys())
    assert all(part.reason for part in IDENTITY.values() if isinstance(part, Apart))
