"""Maps of an archive, a table or a dataset are those of the folder it was made of, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli import Explainer
from tests.images.archives import (
    files_in,
    save_to_disk,
    table_of,
    write_parquet,
    write_tar,
    write_zip,
)

pytestmark = pytest.mark.slow


def _maps(explainer: Explainer, source: Path | str) -> list[tuple[str, bytes]]:
    found = explainer.explain(source)
    return [(one.image, one.map.tobytes()) for one in found if one.map is not None]


def test_every_source_has_the_maps_of_the_folder(
    demo: Explainer, scenes: Path, tmp_path: Path
) -> None:
    files = files_in(scenes)[-2:]
    (tmp_path / "folder" / "more").mkdir(parents=True)
    for name, data in files:
        (tmp_path / "folder" / name).write_bytes(data)
    expected = _maps(demo, tmp_path / "folder")
    assert len(expected) == len(files)
    assert _maps(demo, write_tar(tmp_path / "scenes.tar", files)) == expected
    assert _maps(demo, write_zip(tmp_path / "scenes.zip", files)) == expected
    table = table_of(files)
    assert _maps(demo, write_parquet(tmp_path / "scenes.parquet", table)) == expected
    assert _maps(demo, save_to_disk(tmp_path / "saved", [table])) == expected
    shards = [write_tar(tmp_path / f"s-{place}.tar", files[place::2]) for place in range(2)]
    inputs = f"{shards[0].parent}/s-{{0..1}}.tar"
    assert {values for _, values in _maps(demo, inputs)} == {values for _, values in expected}
