"""The reference has everything that can be written on a command line or in a configuration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camcli.config import config_keys
from camcli.evaluation.metrics import METRICS
from camcli.methods import METHOD_NAMES, options_of
from camcli.output.manifest_row import ManifestRow
from docs import generate
from docs.tables.commands import all_commands

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
COMMANDS = dict(all_commands())
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CAMCLI = re.compile(r"\bcamcli ((?:config )?[a-z]+)([^\n|#]*)")


def reference(page: str) -> str:
    return (generate.FOLDER / page).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """Return the text below a heading of the second level."""
    return reference(page).split(f"\n## {title}\n")[1].split("\n## ")[0]


def flags(command: str) -> set[str]:
    options = [p for p in COMMANDS[command].params if p.param_type_name == "option"]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


def test_the_reference_pages_are_current() -> None:
    assert generate.stale(generate.FOLDER) == []


def test_a_page_that_is_changed_or_left_over_is_stale(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    (tmp_path / "methods.md").write_text("old\n")
    (tmp_path / "gone.md").write_text("left over\n")
    difference = generate.stale(tmp_path)
    assert "-old" in difference
    assert "-left over" in difference
    generate.write(tmp_path)
    assert not (tmp_path / "gone.md").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    text = section("commands.md", f"camcli {command}")
    assert COMMANDS[command].help
    for flag in flags(command):
        assert re.search(rf"`{re.escape(flag)}[` ]", text), flag


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does(command: str) -> None:
    assert [p.name for p in COMMANDS[command].params if not p.help] == []


def test_every_command_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guide" / "getting_started.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`camcli {command.split()[0]}" in guide


@pytest.mark.parametrize("key", list(config_keys()))
def test_every_key_is_in_the_reference(key: str) -> None:
    (row,) = [line for line in reference("configuration.md").splitlines() if f"| `{key}` |" in line]
    assert row.rsplit("|", 2)[1].strip(), "it says what it means"


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_method_and_its_options_are_in_the_reference(method: str) -> None:
    text = section("methods.md", method)
    for option in options_of(method):
        assert f"| `{option.name}` |" in text
        assert option.description


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.key)
def test_every_metric_is_in_the_reference(metric: object) -> None:
    assert f"| `{metric.key}` |" in reference("metrics.md")  # type: ignore[attr-defined]


def test_every_key_of_a_manifest_row_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guide" / "output.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", guide, re.MULTILINE)
    documented = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert set(ManifestRow.__dataclass_fields__) - documented == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", *GUIDES], ids=lambda page: page.stem)
def test_the_commands_that_a_page_shows_exist_with_their_options(page: Path) -> None:
    for block in _SHELL.findall(page.read_text(encoding="utf-8")):
        for command, rest in _CAMCLI.findall(block):
            assert command in COMMANDS
            shown = set(re.findall(r"(?<=\s)(--[a-z-]+|-[a-zA-Z0-9])\b", rest))
            assert shown - flags(command) == set(), f"camcli {command}"


def test_the_readme_shows_commands_and_a_small_image() -> None:
    assert len(_CAMCLI.findall("".join(_SHELL.findall(README)))) >= 3
    (image,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert (ROOT / image).stat().st_size < 300_000


def test_the_targets_of_make_that_pages_name_exist() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [README, *(page.read_text(encoding="utf-8") for page in GUIDES)]
    pages.append((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    named = {t for page in pages for t in re.findall(r"(?:`|^)make ([a-z-]+)", page, re.MULTILINE)}
    assert {"demo", "test", "docs", "reference"} <= named
    assert named - made == set()
