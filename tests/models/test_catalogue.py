"""The table of sources is all that loading, lists, help and messages know of them."""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import Any

import pytest

from camcli.config import ModelConfig
from camcli.errors import ModelError, PromptError
from camcli.models import load_model, sources
from camcli.models.catalogue import catalogue, find_source, further_patterns, summaries
from camcli.models.prompt_scores import with_prompts
from camcli.models.prompts import PromptPlan
from camcli.models.sources.factory import FactorySource
from camcli.models.sources.prefixed import PrefixedSource

USAGE = "toy:NAME"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {USAGE: "tests.models.toy_source:ToySource"}
    monkeypatch.setattr(sources, "SOURCES", row | dict(sources.SOURCES))


@pytest.fixture
def absent_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {USAGE: "tests.models.toy_source:AbsentToySource"}
    monkeypatch.setattr(sources, "SOURCES", row | dict(sources.SOURCES))


def refusal(name: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(ModelConfig(name=name))
    return str(caught.value)


@pytest.mark.usefixtures("toys")
class TestANewSource:
    def test_it_loads_what_has_its_prefix(self) -> None:
        loaded = load_model(ModelConfig(name="toy:kite", output="logits"))
        assert (loaded.name, loaded.weights, loaded.output) == ("toy:kite", "wooden", "logits")
        assert loaded.labels == ("engine", "coach", "track")

    def test_it_is_listed_where_a_pattern_asks_for_it(self) -> None:
        assert [model.name for model in catalogue("toy:*")] == ["toy:train", "toy:kite"]
        assert [(m.name, m.source, m.weights) for m in catalogue("toy:k*")] == [
            ("toy:kite", "toy", ("wooden",))
        ]
        assert "toy:kite" not in [model.name for model in catalogue(None)]

    def test_the_list_of_all_says_how_many_it_has(self) -> None:
        (summary,) = [summary for summary in summaries() if summary.source == "toy"]
        assert (summary.usage, summary.content) == (USAGE, "2 models; camcli models 'toy:*'")

    def test_usage_and_messages_name_it(self) -> None:
        assert sources.usage().startswith(f"{USAGE}, ")
        assert ", demo, " in sources.usage()
        assert f"(a model is {sources.usage()};" in refusal("resnet5")
        assert f"names no model: give {USAGE}, " in refusal("my-package:build")
        assert further_patterns("kite")[0] == "toy:*kite*"
        plan = PromptPlan((), ())
        with pytest.raises(PromptError, match="take a dual encoder, toy:NAME, demo-clip, open"):
            with_prompts(load_model(ModelConfig(name="demo")), plan, "cosine")


@pytest.mark.usefixtures("absent_toys")
class TestASourceWithoutItsPackage:
    def test_the_list_of_all_says_what_installs_it(self) -> None:
        (summary,) = [summary for summary in summaries() if summary.source == "toy"]
        assert summary.content == "needs pip install 'camcli-saliency[toy]'; camcli models 'toy:*'"

    def test_asking_for_its_models_says_so_too(self) -> None:
        expected = (
            "a model named toy:NAME needs toys, which is not installed: "
            r"pip install 'camcli-saliency\[toy\]', or pip install toy_networks"
        )
        with pytest.raises(ModelError, match=expected):
            catalogue("toy:*")


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("demo", "demo"),
        ("demo-clip", "demo-clip"),
        ("resnet50", "a torchvision model such as resnet50"),
        ("timm:resnet50", "timm:NAME"),
        ("timm:", "timm:NAME"),
        ("open_clip:RN50/openai", "open_clip:ARCH/TAG"),
        ("hf:google/vit-base-patch16-224", "hf:ORG/NAME"),
        ("hf:./folder", "hf:ORG/NAME"),
        ("timm:hf-hub:org/kite", "timm:NAME"),
        ("timm.models:build", "package.module:factory"),
        ("demo:build", "package.module:factory"),
    ],
)
def test_a_name_belongs_to_one_source(name: str, usage: str) -> None:
    assert find_source(name).usage == usage


@pytest.mark.parametrize("name", ["timm", "open_clip", "torchvision", "Demo", "resnet50 "])
def test_a_name_of_no_source_is_no_model(name: str) -> None:
    assert f"there is no model {name!r}" in refusal(name)


def test_a_near_name_is_suggested() -> None:
    assert "did you mean 'demo-clip'" in refusal("demo-clop")


def test_prefixes_are_tried_before_factories() -> None:
    rows = list(sources.sources())
    (factory,) = [place for place, row in enumerate(rows) if isinstance(row, FactorySource)]
    prefixed = [place for place, row in enumerate(rows) if isinstance(row, PrefixedSource)]
    assert prefixed
    assert max(prefixed) < factory


def test_only_what_may_be_downloaded_is_said_to_be() -> None:
    downloaded = [source.label for source in sources.sources() if source.downloads]
    assert downloaded == ["torchvision", "timm", "open_clip", "Hugging Face"]


def test_a_pattern_with_a_prefix_is_answered_with_that_source() -> None:
    assert further_patterns("timm:no_such") == ["timm:*"]
    assert further_patterns("no_such") == ["timm:*no_such*", "open_clip:*no_such*"]


@pytest.mark.slow
def test_naming_the_sources_imports_no_library_of_networks() -> None:
    script = (
        "import sys\n"
        "import camcli.models\n"
        "from camcli.models import sources\n"
        "sources.usage()\n"
        "heavy = {'torch', 'torchvision', 'timm', 'open_clip', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "next(sources.sources())\n"
        "found = {'torchvision', 'timm', 'open_clip'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_models_are_found_by_word_and_by_shell_pattern() -> None:
    listed = {model.name: model for model in catalogue(None)}
    assert listed["demo"].source == listed["demo-clip"].source == "demo"
    assert listed["resnet50"].weights == ("IMAGENET1K_V1", "IMAGENET1K_V2")
    assert [m.name for m in catalogue("squeeze")] == ["squeezenet1_0", "squeezenet1_1"]
    assert [m.name for m in catalogue("vit_b_*")] == ["vit_b_16", "vit_b_32"]


def test_without_timm_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without_timm(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "timm":
            raise ImportError(name)
        return usual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_timm)
    with pytest.raises(ModelError, match=r"pip install 'camcli-saliency\[timm\]'"):
        load_model(ModelConfig(name="timm:resnet10t", weights=None))
