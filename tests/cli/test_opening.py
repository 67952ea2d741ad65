"""`--open` shows a result where that can be done, and says where it is everywhere else."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path

import pytest

from camcli.cli.opening import open_result, why_not
from tests.cli.conftest import Camcli
from tests.comparison.runs import blob, row_of, write_run


@pytest.fixture(autouse=True)
def _no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of this machine's own desktop, of which `webbrowser` keeps what it found."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for a browser: the file that it writes the addresses to."""
    if shutil.which("sh") is None:
        pytest.skip("the stand-in is a shell script")
    script, opened = tmp_path / "browser", tmp_path / "opened.txt"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> "{opened}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(script))
    return opened


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "a run", [row_of("a.png", "cat")], [blob(3, 4)])


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", "there is no display"),
        ({"DISPLAY": ":0"}, "linux", None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", None),
        ({}, "darwin", None),
        ({}, "win32", None),
        ({"SSH_TTY": "/dev/pts/0", "DISPLAY": ":10"}, "linux", "this is a remote session"),
        ({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "darwin", "this is a remote session"),
        ({"SSH_TTY": "/dev/pts/0", "BROWSER": "forward"}, "linux", None),
    ],
)
def test_a_result_is_shown_where_there_is_a_display_or_a_browser(
    environment: dict[str, str], platform: str, expected: str | None
) -> None:
    found = why_not(environment, platform)
    assert found == expected if expected is None else str(found).startswith(expected)


def test_a_report_is_opened(camcli: Camcli, run: Path, opened: Path) -> None:
    finished = camcli("report", run, "-o", "the page", "-q", "--open")
    assert finished.code == 0
    assert finished.stderr.endswith("\nopened the page/index.html\n")
    assert opened.read_text() == f"{Path('the page/index.html').resolve().as_uri()}\n"


def test_a_diff_is_opened_sorted_by_what_changed(camcli: Camcli, run: Path, opened: Path) -> None:
    finished = camcli("diff", run, run, "-q", "--report", "page", "--open")
    assert finished.code == 0
    assert opened.read_text() == f"{Path('page/index.html').resolve().as_uri()}#sort=changed\n"


def test_nothing_is_opened_that_was_not_asked_for(camcli: Camcli, run: Path, opened: Path) -> None:
    assert camcli("report", run, "-o", "page").code == 0
    assert not opened.exists()


def test_without_a_display_it_is_said_where_the_result_is(camcli: Camcli, run: Path) -> None:
    finished = camcli("report", run, "-o", "page", "-q", "--open")
    assert finished.code == 0
    assert finished.stderr.endswith(
        "not opened (there is no display; BROWSER may name a command that opens it): "
        "page/index.html\n"
    )


def test_a_browser_that_fails_costs_nothing_but_the_view(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BROWSER", "false")
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    open_result(Path("out"))
    assert capsys.readouterr().err == "not opened (no viewer could be started): out\n"


def test_a_page_that_was_not_asked_for_cannot_be_opened(camcli: Camcli, run: Path) -> None:
    finished = camcli("diff", run, run, "--open")
    assert finished.code == 2
    assert "--open opens the page of --report" in finished.stderr
