"""Methods that other packages add: found, described, used, and part of what a run is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import camcli as library
from camcli.attribution.objective import Objective
from camcli.config import load_config
from camcli.errors import MethodError, PluginError
from camcli.evaluation.plan import EvaluationPlan
from camcli.methods import METHOD_NAMES, canonical_name, create_method, method_class
from camcli.methods.outside import saliency_of
from camcli.methods.probe import Probe
from camcli.network.split import split
from camcli.network.trace import trace
from camcli.output.identity import compare
from camcli.run.build import build
from camcli.system import plugins
from tests.cli.conftest import Camcli
from tests.conftest import GlobalAverageHead
from tests.plugins.installing import install, install_example

MODEL = ("-m", "example:small", "-q", "-j", "1", "--device", "cpu")

METHOD = """
from dataclasses import dataclass
from camcli.methods.base import Method, Saliency

@dataclass(frozen=True)
class Mine(Method):
    name = "mine"

    def explain(self, probe, objective):
        {body}
"""
SUM = "return Saliency(probe.activation.sum(1))"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):
        picture = Image.radial_gradient("L").resize((40 + number, 40))
        picture.convert("RGB").save(folder / f"{number}.png")
    return folder


@pytest.fixture
def example(site: Path) -> Path:
    install_example(site)
    return site


def test_a_method_of_another_package_is_listed_with_it(camcli: Camcli, example: Path) -> None:
    known = library.METHODS
    assert known == (*METHOD_NAMES, "peak-cam")
    last = camcli("methods").stdout.splitlines()[-1]
    assert last.startswith("peak-cam")
    assert last.endswith("(from camcli-example 1.2)")
    described = json.loads(camcli("methods", "PeakCAM", "--json").stdout)
    assert (described["name"], described["package"]) == ("peak-cam", "camcli-example 1.2")
    assert described["options"][0]["name"] == "positive"


def test_it_is_asked_for_as_any_other(example: Path, average_head: GlobalAverageHead) -> None:
    assert canonical_name("Peak_CAM") == "peak-cam"
    assert EvaluationPlan(["all"]).names == (*METHOD_NAMES, "peak-cam")
    assert EvaluationPlan(["PeakCAM"]).names == ("peak-cam",)
    with pytest.raises(MethodError, match="there is no method 'peek-cam'; did you mean 'peak-cam'"):
        method_class("peek-cam")
    with pytest.raises(MethodError, match=r"positive: .*boolean"):
        create_method("peak-cam", {"positive": "perhaps"})
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    probe = Probe(split(trace(average_head, images), "features"), images)
    found = create_method("peak-cam", {}).explain(probe, Objective.of(torch.tensor([1, 3])))
    activation = average_head.features(images)
    weights = average_head.head.weight[[1, 3]] / activation[0, 0].numel()
    expected = (weights[:, :, None, None] * activation).sum(1).relu()
    torch.testing.assert_close(found.positive, expected)


@pytest.mark.slow
def test_a_run_of_it_is_known_by_the_package_and_its_version(
    camcli: Camcli, example: Path, photos: Path
) -> None:
    command = ("explain", "photos", *MODEL, "--method", "peak-cam")
    assert camcli(*command).code == 0
    install_example(example, version="1.3")
    plugins._declared.cache_clear()
    refused = camcli(*command, "--resume")
    assert refused.code == 2
    assert (
        "method.plugin (the package that brings it, and its version): camcli-example 1.2 then, "
        "camcli-example 1.3 now" in refused.stderr
    )
    assert "model.plugin" in refused.stderr


def test_a_run_of_camclis_own_method_says_nothing_of_packages(example: Path) -> None:
    flags = {"model.name": "example:small", "run.device": "cpu", "run.compile": False}
    own = build(load_config(flags=flags | {"method.name": "eigen-cam"})).fingerprint()
    assert own["model"]["plugin"] == "camcli-example 1.2"
    assert "plugin" not in own["method"]
    theirs = build(load_config(flags=flags | {"method.name": "peak-cam"})).fingerprint()
    differences = {each.key: (each.one, each.other) for each in compare(own, theirs).differences}
    assert differences["method.plugin"] == ("camcli's own", "camcli-example 1.2")
    assert not compare(own, theirs).unknown


@pytest.mark.slow
def test_python_takes_it_and_gives_the_bytes_of_the_command(
    camcli: Camcli, example: Path, photos: Path
) -> None:
    assert camcli("explain", "photos", *MODEL, "--method", "peak-cam").code == 0
    files = sorted(photos.iterdir())
    found = library.explain("example:small", files, method="PeakCAM", device="cpu")
    for one, file in zip(found, files, strict=True):
        np.testing.assert_array_equal(one.map, np.load(f"out/maps/{file.name}.npy"))


def test_help_reads_no_declarations_and_a_run_imports_no_other_plug_in(
    camcli: Camcli, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_method("grad-cam", {})
    assert not [name for name in sys.modules if name.startswith("camcli_example")]
    plugins._declared.cache_clear()
    monkeypatch.setattr(plugins, "_entry_points", lambda group: pytest.fail(f"read {group}"))
    assert camcli("--help").code == 0
    assert camcli("explain", "--help").code == 0


WRONG = {
    "cannot be imported: ModuleNotFoundError: No module named 'nowhere_at_all'": (
        "import nowhere_at_all"
    ),
    "cannot be imported: SystemExit: 3": "raise SystemExit(3)",
    "cannot be imported: AttributeError": "Yours = 1",
    "is no class that extends camcli.methods.base.Method": "class Mine: pass",
    "is no frozen dataclass": METHOD.format(body=SUM).replace("@dataclass(frozen=True)", ""),
    "lacks explain": METHOD.format(body=SUM).replace("def explain", "def explained"),
    "calls itself 'other', not 'mine'": METHOD.format(body=SUM).replace('"mine"', '"other"'),
    "has options that cannot be checked": METHOD.format(body=SUM).replace(
        'name = "mine"', 'name = "mine"\n    depth: "Unknown" = 1'
    ),
}


@pytest.mark.parametrize("told", WRONG)
def test_a_plug_in_that_is_none_is_named_in_one_message(
    camcli: Camcli, site: Path, told: str
) -> None:
    install(site, "their-own", {"methods/mine": "Mine"}, WRONG[told])
    finished = camcli("methods", "mine")
    assert finished.code == 2
    assert told in finished.stderr
    assert "the plug-in 'mine' of their-own 0.1 (their_own:Mine)" in finished.stderr
    assert finished.stderr.endswith("mend it, or remove it: pip uninstall their-own\n")
    listed = camcli("methods")
    assert listed.code == 0
    assert len(listed.stdout.splitlines()) == len(METHOD_NAMES)
    assert f"camcli: warning: {finished.stderr.removeprefix('camcli: ')}" == listed.stderr


CLASHES = {
    "lift-cam": "has the name of camcli's own 'lift-cam'",
    "LiftCAM": "has the name of camcli's own 'lift-cam'",
    "all": "has the name of camcli's own 'all'",
    "peak cam": "has no name that can be asked for: it takes small letters",
}


@pytest.mark.parametrize("name", CLASHES)
def test_a_name_that_is_taken_or_none_is_refused(camcli: Camcli, site: Path, name: str) -> None:
    install(site, "their-own", {f"methods/{name}": "Mine"}, METHOD.format(body=SUM))
    with pytest.raises(PluginError) as refused:
        method_class(name.lower())
    assert f"{name!r} of their-own 0.1" in str(refused.value)
    assert CLASHES[name] in str(refused.value)
    listed = camcli("methods")
    assert str(refused.value) in listed.stderr
    assert EvaluationPlan(["all"]).names == METHOD_NAMES
    assert method_class("grad-cam").name == "grad-cam"


def test_a_name_that_two_packages_take_is_neithers(site: Path) -> None:
    for distribution in ("one-package", "two-package"):
        install(site, distribution, {"methods/mine": "Mine"}, METHOD.format(body=SUM))
    with pytest.raises(PluginError, match=r"'mine' of one-package 0\.1 .* of two-package 0\.1"):
        method_class("mine")


WRONG_ANSWERS = {
    "fails: ZeroDivisionError: division by zero": "1 / 0",
    "returns a Tensor, not a Saliency": "return probe.activation",
    "returns maps of shape (2, 6, 4, 4), not (2, h, w)": "return Saliency(probe.activation)",
}


@pytest.mark.parametrize("told", WRONG_ANSWERS)
def test_a_method_with_a_wrong_answer_is_named(
    site: Path, average_head: GlobalAverageHead, told: str
) -> None:
    install(site, "their-own", {"methods/mine": "Mine"}, METHOD.format(body=WRONG_ANSWERS[told]))
    images = torch.ones(2, 3, 16, 16)
    probe = Probe(split(trace(average_head, images), "features"), images)
    with pytest.raises(PluginError) as refused:
        saliency_of(create_method("mine", {}), probe, Objective.of(torch.tensor([1, 3])))
    assert f"'mine' of their-own 0.1 (their_own:Mine) {told}" in str(refused.value)


@pytest.mark.slow
def test_a_method_that_fails_in_a_run_ends_it_with_one_message(
    camcli: Camcli, example: Path, photos: Path
) -> None:
    install(example, "their-own", {"methods/mine": "Mine"}, METHOD.format(body="1 / 0"))
    finished = camcli("explain", "photos", *MODEL, "--method", "mine")
    assert finished.code == 2
    assert "their-own 0.1 (their_own:Mine) fails: ZeroDivisionError" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_declarations_that_cannot_be_read_are_told_and_stop_nothing(
    camcli: Camcli, example: Path
) -> None:
    install(example, "broken", {"methods/mine": "Mine"})
    (points,) = example.glob("broken-*/entry_points.txt")
    points.write_text("[camcli.methods]\nno equals sign\n")
    listed = camcli("methods")
    assert listed.code == 0
    assert "peak-cam" in listed.stdout
    assert "the entry points of broken cannot be read" in listed.stderr
