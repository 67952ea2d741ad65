"""The guide's Python runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from camcli.cli import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_guides_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_images").mkdir()
    for number, path in enumerate(sorted((ROOT / "sample_images").glob("*.png"))[:2]):
        shutil.copy(path, tmp_path / "sample_images" / f"{number}.png")
    command = ["explain", "sample_images", "-m", "demo", "-q", "-j", "1", "-o", "out"]
    assert CliRunner().invoke(app, command).exit_code == 0
    text = (ROOT / "docs" / "guide" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert len(names["found"]) == 2  # type: ignore[arg-type]
    assert len(names["table"]) == 2  # type: ignore[arg-type]
    assert "sample_images/1.png" in capsys.readouterr().out
