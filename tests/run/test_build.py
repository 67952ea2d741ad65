"""What a run is built from."""

from __future__ import annotations

import pytest

from camcli.config import load_config
from camcli.errors import ConfigError
from camcli.methods import METHOD_NAMES, method_class
from camcli.run.build import build


@pytest.mark.slow
def test_several_layers_are_named_together() -> None:
    flags = {"run.device": "cpu", "run.compile": False, "model.layer": ["stages.2", "stages.3"]}
    assert build(load_config(flags=flags)).layer == "stages.2+stages.3"


@pytest.mark.parametrize("name", [name for name in METHOD_NAMES if not method_class(name).signed])
def test_a_method_without_negative_evidence_has_no_signed_maps(name: str) -> None:
    flags = {"method.name": name, "output.sign": "signed"}
    with pytest.raises(ConfigError) as refused:
        build(load_config(flags=flags))
    said = str(refused.value)
    assert said.startswith(f"output.sign: nothing in a map of {name} speaks")
    assert all(other in said for other in ("lift-cam", "deep-lift", "grad-cam", "shap-cam"))
    assert ("the target -CLASS" in said) == method_class(name).uses_class


def test_signed_maps_of_several_layers_are_refused() -> None:
    flags = {"model.layer": ["stages.2", "stages.3"], "output.sign": "negative"}
    with pytest.raises(ConfigError, match=r"output\.sign: the maps of several layers"):
        build(load_config(flags=flags))
