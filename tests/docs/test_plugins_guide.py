"""The guide to plug-ins shows the package that the tests install."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests/plugins/example"


def test_the_guide_shows_the_example_as_it_is() -> None:
    page = (ROOT / "docs/guide/plugins.md").read_text(encoding="utf-8")
    shown = re.findall(r"```(?:toml|python)\n(.*?)```", page, flags=re.DOTALL)
    files = ("pyproject.toml", "src/camcli_example/peak_cam.py", "src/camcli_example/networks.py")
    assert shown == [(EXAMPLE / name).read_text(encoding="utf-8") for name in files]
