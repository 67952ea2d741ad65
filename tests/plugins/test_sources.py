"""Model sources that other packages add."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError, PluginError
from camcli.models import load_model
from camcli.models.catalogue import find_source
from camcli.models.sources import SOURCES, sources
from tests.cli.conftest import Camcli
from tests.plugins.installing import EXAMPLE, install, install_example

NETWORKS = (EXAMPLE / "src/camcli_example/networks.py").read_text()


def test_a_source_of_another_package_is_listed_with_it(camcli: Camcli, site: Path) -> None:
    install_example(site)
    listed = list(sources())[-1]
    assert (listed.usage, listed.label) == ("example:NAME", "example")
    assert listed.summary() == "2 models; camcli models 'example:*' (from camcli-example 1.2)"
    found = json.loads(camcli("models", "example:l*", "--json").stdout)
    assert found == [{"name": "example:large", "source": "example", "weights": []}]


def test_a_network_of_it_says_where_it_is_from(site: Path) -> None:
    install_example(site)
    loaded = load_model(ModelConfig(name="example:large"))
    assert (loaded.plugin, loaded.labels) == ("camcli-example 1.2", ("plain", "edges"))
    with pytest.raises(ModelError, match="no network 'larg'; did you mean 'large'"):
        load_model(ModelConfig(name="example:larg"))


WRONG = {
    "cannot be imported: SyntaxError": ("ExampleSource", "class ("),
    "is no class that extends camcli.models.sources.prefixed.PrefixedSource": ("_made", ""),
    "lacks load": ("def load", "def loaded"),
    "has the prefix 'example:', not 'theirs:'": ("", ""),
    "has no label": ("label: ClassVar[str] =", "labelled: ClassVar[str] ="),
    "fails: ZeroDivisionError": ("network = _made", "1 / 0; network = _made"),
    "loads a Sequential, not a LoadedModel": ("return LoadedModel(", "return network; dict("),
    "loads a int as its network": ("network=network.eval()", "network=3"),
}


@pytest.mark.parametrize("told", WRONG)
def test_a_source_that_is_none_is_named_in_one_message(
    camcli: Camcli, site: Path, told: str
) -> None:
    before, after = WRONG[told]
    code = NETWORKS if told.startswith("has the prefix") else NETWORKS.replace(
        '"example:"', '"theirs:"'
    )  # fmt: skip
    attribute = "ExampleSource"
    if before == "_made":
        attribute = "_made"
    elif before:
        assert before in code
        code = code.replace(before, after)
    install(site, "their-own", {"sources/theirs": attribute}, code)
    finished = camcli("layers", "theirs:small")
    assert finished.code == 2
    assert f"the plug-in 'theirs' of their-own 0.1 (their_own:{attribute}) " in finished.stderr
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr
    assert find_source("demo").usage == "demo"


@pytest.mark.parametrize("prefix", ["timm", "demo"])
def test_a_prefix_that_is_camclis_own_is_refused(site: Path, prefix: str) -> None:
    install(site, "their-own", {f"sources/{prefix}": "ExampleSource"}, NETWORKS)
    with pytest.raises(PluginError, match=f"'{prefix}' of their-own 0.1 .*camcli's own"):
        find_source(f"{prefix}:small")
    assert find_source("resnet18").label == "torchvision"
    with pytest.warns(CamcliWarning, match=f"'{prefix}' of their-own"):
        assert [source.usage for source in sources()] == list(SOURCES)
