from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from camcli import Explainer


@pytest.fixture(scope="module")
def demo() -> Iterator[Explainer]:
    with Explainer("demo") as explainer:
        yield explainer


@pytest.fixture(scope="module")
def files(scenes: Path) -> list[str]:
    return [str(path) for path in sorted(scenes.glob("*.png"))[:3]]
