"""What commands take from where they are started, in which order, and that they say so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from camcli.cli.options import Flags
from tests.cli.conftest import Camcli


def test_the_file_in_the_folder_is_found_and_said(camcli: Camcli) -> None:
    Path("camcli.yaml").write_text("run: {seed: 7}\n")
    shown = camcli("config", "show")
    assert yaml.safe_load(shown.stdout)["run"]["seed"] == 7
    assert shown.stderr == (
        "camcli: the configuration is camcli.yaml in this folder (--isolated leaves it out)\n"
    )
    alone = camcli("config", "show", "--isolated")
    assert (yaml.safe_load(alone.stdout)["run"]["seed"], alone.stderr) == (0, "")


def test_a_file_that_is_named_takes_its_place(camcli: Camcli) -> None:
    Path("camcli.yaml").write_text("run: {seed: 7}\n")
    Path("other.yaml").write_text("output: {alpha: 0.25}\n")
    shown = camcli("config", "show", "-c", "other.yaml")
    assert yaml.safe_load(shown.stdout)["run"]["seed"] == 0
    assert shown.stderr == ""


def test_each_source_goes_over_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = [Flags().over(None).output.colormap]
    Path("camcli.yaml").write_text("output: {colormap: jet}\n")
    found.append(Flags().over(None).output.colormap)
    monkeypatch.setenv("CAMCLI_COLORMAP", "viridis")
    found.append(Flags().over(None).output.colormap)
    by_key = ["output.colormap=inferno"]
    found.append(Flags(overrides=by_key).over(None).output.colormap)
    found.append(Flags(overrides=by_key, colormap="magma").over(None).output.colormap)
    assert found == ["turbo", "jet", "viridis", "inferno", "magma"]
    said = capsys.readouterr().err.splitlines()
    assert sum("CAMCLI_COLORMAP=viridis" in line for line in said) == 1, "where it counts alone"
    assert Flags(isolated=True).over(None).output.colormap == "turbo"


@pytest.mark.parametrize(
    ("variable", "text", "section", "key", "value"),
    [
        ("CAMCLI_MODEL", "resnet18", "model", "name", "resnet18"),
        ("CAMCLI_CHECKPOINT", "a.pt", "model", "weights", "a.pt"),
        ("CAMCLI_METHOD", "GradCAM", "method", "name", "grad-cam"),
        ("CAMCLI_BATCH_SIZE", "8", "run", "batch_size", 8),
        ("CAMCLI_COMPILE", "false", "run", "compile", False),
        ("CAMCLI_ALPHA", "0.25", "output", "alpha", 0.25),
        ("CAMCLI_SAVE", "maps", "output", "save", ["maps"]),
        ("CAMCLI_SAVE", "[maps, overlays]", "output", "save", ["maps", "overlays"]),
        ("CAMCLI_TARGET", "index:007", "targets", None, ["index:007"]),
        ("CAMCLI_DEVICE", "", "run", "device", "auto"),
    ],
)
def test_a_variable_says_what_its_option_says(
    camcli: Camcli,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str,
    section: str,
    key: str | None,
    value: object,
) -> None:
    monkeypatch.setenv(variable, text)
    shown = camcli("config", "show")
    assert shown.code == 0, shown.stderr
    found = yaml.safe_load(shown.stdout)[section]
    assert (found if key is None else found[key]) == value
    assert (f"camcli: from the environment: {variable}={text}" in shown.stderr) == bool(text)
    assert camcli("config", "show", "--isolated").stderr == ""


def test_a_variable_of_no_option_is_told(camcli: Camcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMCLI_DEVISE", "cpu")
    shown = camcli("config", "show")
    assert shown.code == 0
    assert "warning: the variable CAMCLI_DEVISE is not used" in shown.stderr
    assert "did you mean 'CAMCLI_DEVICE'" in shown.stderr


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("CAMCLI_ALPHA", "[", "the variable CAMCLI_ALPHA is not valid YAML"),
        ("CAMCLI_BATCH_SIZE", "many", "run.batch_size: "),
    ],
)
def test_a_wrong_value_is_an_error(
    camcli: Camcli, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, told: str
) -> None:
    monkeypatch.setenv(variable, text)
    shown = camcli("config", "show")
    assert shown.code == 2
    assert told in shown.stderr
