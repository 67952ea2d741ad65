"""The networks that camcli carries with it."""

from __future__ import annotations

import pytest

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models import load_model


@pytest.mark.parametrize("name", ["demo", "demo-clip"])
def test_bundled_networks_take_no_arguments(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name} takes no model"):
        load_model(ModelConfig(name=name, kwargs={"depth": 3}))
