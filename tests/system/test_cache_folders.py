from __future__ import annotations

import sys
from pathlib import Path

import pytest

from camcli.system.cache_folders import cache_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")


def test_the_users_cache_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("texts") == tmp_path / "camcli" / "texts"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("unset", [None, ""])
def test_the_default_cache_folder_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if unset is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
    assert cache_folder("compiled") == tmp_path / ".cache" / "camcli" / "compiled"
