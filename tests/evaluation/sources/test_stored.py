"""Maps that were stored are read for the network, classes and images that they explain."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from camcli.errors import InputError
from camcli.evaluation.image_batch import ImageBatch
from camcli.evaluation.sources.stored import StoredSource, stored_sources
from camcli.records import Geometry, ImageItem, ImageRef
from camcli.targets.class_target import ClassTarget

RUN: dict[str, Any] = {
    "model": {"name": "net:build", "layer": "body", "output": "species", "kwargs": {"pool": "mean"},
              "labels": None, "probabilities": "softmax", "weights": "sha256:1", "graph": "1"},
    "method": {"name": "lift-cam", "options": {}},
    "targets": ["top1"],
    "prompts": {"texts": []},
    "preprocess": {"resize": 4, "crop": [4, 4]},
    "run": {"precision": "fp32", "seed": 0},
    "output": {"map_size": "input"},
    "surroundings": {"torch": "2.14.1"},
}  # fmt: skip
VALUES = np.arange(16, dtype=np.float32).reshape(4, 4) / 15


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    row = {"image": "a.png", "status": "ok", "target": {"index": 1}, "map": "a.npy"}
    np.save(tmp_path / "a.npy", VALUES)
    digest = hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()
    row |= {"sha256": {"image": "abc", "map": digest}}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    record(tmp_path, RUN)
    return tmp_path


def record(folder: Path, fingerprint: dict[str, Any]) -> None:
    (folder / "run.json").write_text(json.dumps({"fingerprint": fingerprint}))


def changed(section: str, **values: Any) -> dict[str, Any]:
    return RUN | {section: RUN[section] | values}


def stored_source_in(*given: Any) -> StoredSource:
    (source,) = stored_sources(*given)
    return source


def batch_of(sha256: str) -> ImageBatch:
    ref = ImageRef(0, Path("photos/a.png"), "a.png")
    pixels = np.zeros((4, 4, 3), np.uint8)
    item = ImageItem(ref, None, pixels, Geometry(4, 4, (0, 0, 4, 4)), sha256)
    return ImageBatch([item], torch.zeros(1, 3, 4, 4), torch.zeros(3, 1, 1))


def test_a_map_is_read_for_its_image_and_class(folder: Path) -> None:
    source = stored_source_in(folder, (4, 4), RUN)
    assert source.name == folder.name
    found = source.saliency(batch_of("abc"), [ClassTarget(1)]).maps
    torch.testing.assert_close(found, torch.from_numpy(VALUES)[None])
    assert source.saliency(batch_of("abc"), [ClassTarget(0)]).maps.isnan().all()


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("model", {"output": "colour"}),
        ("model", {"kwargs": {"pool": "max"}}),
        ("model", {"labels": "5 names"}),
        ("model", {"probabilities": "sigmoid"}),
        ("model", {"weights": "sha256:2"}),
        ("model", {"graph": "2"}),
        ("preprocess", {"crop": [8, 8]}),
        ("prompts", {"texts": ["a cat"]}),
    ],
    ids=str,
)
def test_maps_of_something_else_are_refused_by_the_key_that_differs(
    section: str, values: dict[str, Any], folder: Path
) -> None:
    (key,) = values
    with pytest.raises(InputError, match=rf"{section}\.{key}.* in {folder}, .* here"):
        stored_source_in(folder, (4, 4), changed(section, **values))


def test_maps_for_other_targets_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r'targets: \["top1"\] in'):
        stored_source_in(folder, (4, 4), RUN | {"targets": ["top2"]})


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("model", {"layer": "stem"}),
        ("method", {"name": "grad-cam"}),
        ("run", {"precision": "bf16"}),
        ("output", {"map_size": "layer"}),
    ],
    ids=str,
)
def test_maps_are_compared_across_layers_methods_and_precisions(
    section: str, values: dict[str, Any], folder: Path
) -> None:
    assert stored_source_in(folder, (4, 4), changed(section, **values)).maps


def test_a_map_of_another_image_by_the_same_name_is_refused(folder: Path) -> None:
    source = stored_source_in(folder, (4, 4), RUN)
    with pytest.raises(InputError, match=r"a\.npy was made from another file than photos/a\.png"):
        source.saliency(batch_of("def"), [ClassTarget(1)])


def test_a_map_that_was_altered_is_refused(folder: Path) -> None:
    np.save(folder / "a.npy", VALUES[::-1])
    with pytest.raises(InputError, match=r"a\.npy is not the one that its run wrote"):
        stored_source_in(folder, (4, 4), RUN).saliency(batch_of("abc"), [ClassTarget(1)])


def test_a_run_of_degenerate_rows_alone_is_not_told_to_save_maps(folder: Path) -> None:
    row = {"image": "a.png", "status": "degenerate", "target": {"index": 1}, "map": None}
    (folder / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=r"of 1 row in .*, none has a map: .*degenerate or failed"):
        stored_source_in(folder, (4, 4), RUN)


def test_what_holds_no_maps_of_the_networks_input_is_refused(folder: Path) -> None:
    record(folder, changed("output", map_size="original"))
    with pytest.raises(InputError, match="lie over the original images"):
        stored_source_in(folder, (4, 4), RUN)
    record(folder, {"evaluation": {}, **RUN})
    with pytest.raises(InputError, match="holds no run of camcli explain"):
        stored_source_in(folder, (4, 4), RUN)
    (folder / "run.json").unlink()
    with pytest.raises(InputError, match="holds no run of camcli explain"):
        stored_source_in(folder, (4, 4), RUN)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"sign": "signed", "normalize": "max", "scale": 1.0, "clipped": 0}, "are signed"),
        ({"sign": "negative", "normalize": "none", "scale": 1.0, "clipped": 0}, "are negative"),
        ({"sign": "positive", "normalize": "robust", "scale": 1.0, "clipped": 2}, "are clipped"),
    ],
)
def test_maps_that_do_not_order_what_speaks_for_the_target_are_refused(
    values: dict[str, Any], complaint: str, folder: Path
) -> None:
    manifest = folder / "manifest.jsonl"
    row = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(row | {"map_values": values}) + "\n")
    with pytest.raises(InputError, match=f"{complaint}.*explain again with"):
        stored_source_in(folder, (4, 4), RUN)


def test_a_run_of_several_methods_is_a_source_for_each(folder: Path) -> None:
    others = {"grad-cam": {"place": 2, "options": {}, "layer": "body"}}
    record(folder, changed("method", others=others))
    np.save(folder / "b.npy", VALUES[::-1])
    row = json.loads((folder / "manifest.jsonl").read_text())
    rows = [
        row | {"method": "lift-cam"},
        row | {"method": "grad-cam", "map": "b.npy", "sha256": {}},
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    sources = stored_sources(folder, (4, 4), RUN)
    assert [each.name for each in sources] == [f"{folder.name}/lift-cam", f"{folder.name}/grad-cam"]
    for source, values in zip(sources, (VALUES, VALUES[::-1]), strict=True):
        found = source.saliency(batch_of("abc"), [ClassTarget(1)]).maps[0]
        np.testing.assert_array_equal(found.numpy(), values)
