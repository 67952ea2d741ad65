"""Looks that nothing shows are told, and those that nobody asked for are not."""

from __future__ import annotations

import pytest

from camcli.config import OutputConfig
from camcli.output.idle_looks import idle_looks


@pytest.mark.parametrize("sign", ["positive", "negative", "signed"])
def test_the_colours_that_a_sign_brings_along_were_not_asked_for(sign: str) -> None:
    output = OutputConfig.model_validate({"sign": sign, "save": ["maps"]})
    assert list(idle_looks(output)) == []


def test_colours_that_were_asked_for_and_that_nothing_has_are_told() -> None:
    output = OutputConfig.model_validate({"sign": "signed", "save": ["maps"], "colormap": "bwr"})
    assert list(idle_looks(output)) == ["output.colormap is not used: no overlays are saved"]
