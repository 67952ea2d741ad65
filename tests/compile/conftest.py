from __future__ import annotations

from pathlib import Path

import pytest
import torch

from camcli.compile.inference_form import InferenceTrunk
from camcli.network.split import split
from camcli.network.trace import trace
from tests.conftest import GlobalAverageHead


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "camcli" / "compiled"


@pytest.fixture
def trunk(average_head: GlobalAverageHead) -> InferenceTrunk:
    return InferenceTrunk(split(trace(average_head, torch.randn(2, 3, 16, 16)), "features").trunk)
