"""`camcli doctor` says what there is, and what does not work."""

from __future__ import annotations

import json
import platform
import re
import sys
from pathlib import Path

import pytest
import torch

from camcli.api.explainer import Explainer
from camcli.doctor import caches, packages
from camcli.doctor.self_test import self_test
from camcli.errors import ConfigError
from camcli.system.distribution import DISTRIBUTION, EXTRAS, install_command
from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.plugins.conftest import site  # noqa: F401
from tests.plugins.installing import install, install_example

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OF_DEVELOPERS = {"dev", "docs", "compare"}


@pytest.mark.slow
def test_a_machine_where_all_works_is_described(camcli: Camcli) -> None:  # noqa: F811
    finished = camcli("doctor", "--json")
    assert finished.code == 0, finished.stdout
    record = json.loads(finished.stdout)
    assert record["works"] is True
    found = {(each["topic"], each["name"]): each["found"] for each in record["findings"]}
    assert found["versions", "python"] == platform.python_version()
    assert found["devices", "cpu"] == f"{torch.get_num_threads()} threads"
    assert found["self-test", "demo"].startswith("a car in ")
    assert {name for topic, name in found if topic == "extras"} == EXTRAS.keys()


def test_what_does_not_work_is_said_and_ends_with_1(
    camcli: Camcli,  # noqa: F811
    site: Path,  # noqa: F811
) -> None:
    install_example(site)
    install(site, "their-own", {"methods/mine": "Mine", "methods/lift-cam": "Mine"}, "1 / 0")
    finished = camcli("doctor", "--no-self-test")
    assert finished.code == 1
    assert re.search(r"methods/peak-cam +camcli-example 1\.2\n", finished.stdout)
    wrong = [line for line in finished.stdout.splitlines() if "wrong: " in line]
    assert len(wrong) == 2
    assert "'mine' of their-own 0.1 (their_own:Mine) cannot be imported" in wrong[0]
    assert "has the name of camcli's own 'lift-cam'" in wrong[1]


def test_an_extra_that_is_missing_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    found = {each.name: each for each in packages.extras()}
    assert found["timm"].found.startswith(f"not installed: pip install '{DISTRIBUTION}[timm]'")
    assert not any(each.problem for each in found.values()), "camcli works without"


def test_a_cache_that_cannot_be_written_to_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "camcli").mkdir()
    (tmp_path / "camcli" / "kept").write_bytes(b"0" * 2**20)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(caches, "_hub", lambda: tmp_path / "none" / "yet")
    own, _ = caches.caches()
    assert (own.found, own.problem) == (f"1.0 MiB in {tmp_path / 'camcli'}", None)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert all("cannot be written to" in str(each.problem) for each in caches.caches())


def test_a_demo_that_cannot_be_explained_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object, **options: object) -> None:
        raise ConfigError("no such device")

    monkeypatch.setattr(Explainer, "__init__", fail)
    (found,) = self_test()
    assert found.problem == "the demo cannot be explained: ConfigError: no such device"


def test_the_extras_are_those_of_the_distribution() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    declared = PROJECT["optional-dependencies"].keys()
    assert EXTRAS.keys() == declared - OF_DEVELOPERS


def test_nothing_installs_the_other_project_that_is_called_camcli() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "camcli").rglob("*.py")]
    wrong = re.compile(r"(?:pip|pipx|uvx?) (?:install |run )?['\"]?camcli(?![\w-])")
    assert wrong.search("pip install 'camcli[timm]'")
    assert not wrong.search(install_command("timm"))
    assert not [page for page in pages if wrong.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_comes_with_those_that_results_depend_on(
    camcli: Camcli,  # noqa: F811
    option: str,
) -> None:
    lines = camcli(option).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["camcli", "python", "torch"]
    assert lines[2].startswith(f"torch {torch.__version__} (cpu")


def test_help_is_short_to_ask_for(camcli: Camcli) -> None:  # noqa: F811
    for command in ((), ("explain",), ("config", "show")):
        assert camcli(*command, "-h").stdout == camcli(*command, "--help").stdout != ""
