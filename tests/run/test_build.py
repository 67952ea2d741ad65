"""What a run is built from."""

from __future__ import annotations

import pytest

from camcli.config import load_config
from camcli.run.build import build


@pytest.mark.slow
def test_several_layers_are_named_together() -> None:
    flags = {"run.device": "cpu", "run.compile": False, "model.layer": ["stages.2", "stages.3"]}
    assert build(load_config(flags=flags)).layer == "stages.2+stages.3"
