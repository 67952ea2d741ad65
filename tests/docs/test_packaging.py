"""What is made of the repository besides the wheel: a conda package, an image, a manual page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from camcli.system.distribution import DISTRIBUTION
from docs.tables.commands import all_commands
from docs.tables.manual import manual

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OF_CONDA = {"torch": "pytorch", "isal": "python-isal"}


def test_conda_needs_what_pip_needs() -> None:
    recipe = re.sub(r"\{%.*?%\}", "", (ROOT / "conda/meta.yaml").read_text(), flags=re.DOTALL)
    found = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "x", recipe))
    assert found["package"]["name"] == DISTRIBUTION
    needed = {f"python {PROJECT['project']['requires-python']}"}
    for requirement in PROJECT["project"]["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)(>=[\d.]+).*", requirement).groups()  # type: ignore[union-attr]
        needed.add(f"{OF_CONDA.get(name, name)} {bound}")
    assert set(found["requirements"]["run"]) == needed
    assert PROJECT["build-system"]["requires"] == ["hatchling>=1.24"]
    assert "hatchling >=1.24" in found["requirements"]["host"]


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--" not in line]
    paths = {path for each in copied for path in each}
    assert all((ROOT / path).exists() for path in paths)
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    assert paths == kept


def test_the_wheel_brings_the_manual() -> None:
    (source,) = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert (ROOT / source).read_text(encoding="utf-8") == manual()
    for name, _ in all_commands():
        assert f".SS camcli {name}" in manual()


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_is_roff_without_a_warning() -> None:
    command = ["groff", "-man", "-Tutf8", "-K", "utf-8", "-ww", "-z"]
    found = subprocess.run(command, input=manual(), capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
