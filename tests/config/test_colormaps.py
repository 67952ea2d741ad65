from __future__ import annotations

import subprocess
import sys

import pytest

from camcli.config import load_config
from camcli.config.colormaps import COLORMAPS, qualified_name
from camcli.errors import ConfigError


@pytest.mark.parametrize("name", COLORMAPS)
def test_the_usual_colour_maps_exist(name: str) -> None:
    assert ":" in qualified_name(name)


@pytest.mark.parametrize("name", ["RdBu", "crameri:vik", "cmocean:balance_r", "Blues"])
def test_any_colour_map_of_cmap_may_be_asked_for(name: str) -> None:
    assert load_config(None, [f"output.colormap={name}"]).output.colormap == name


def test_an_unknown_colour_map_is_refused_with_suggestions() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["output.colormap=virids"])
    message = str(caught.value)
    assert "output.colormap: 'virids' is not one of turbo, viridis, magma" in message
    assert "did you mean 'viridis'" in message
    assert "found" not in message


@pytest.mark.parametrize("value", ["''", "_r", "red, blue", "'#ff0000'", "3", "[turbo]"])
def test_a_value_that_names_no_colour_map_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"output\.colormap"):
        load_config(None, [f"output.colormap={value}"])


def test_the_usual_colour_maps_are_configured_without_loading_cmap() -> None:
    code = (
        "import sys; from camcli.config import load_config\n"
        "load_config(None, ['output.colormap=coolwarm'])\n"
        "assert not {'cmap', 'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
