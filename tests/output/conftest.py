from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the lock of an output folder lies."""
    return tmp_path / "out" / ".camcli" / "lock"
