"""Several methods in one run: each finds what it finds alone, and they share what they can."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camcli.attribution.heads.general import GeneralHead
from camcli.config import load_config
from camcli.engine import Engine, Explained
from camcli.errors import CamcliError, ConfigError, MethodError
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.output.folder import FolderPolicy
from camcli.output.verify import verify_folder
from camcli.records import Batch, ImageItem
from camcli.run import explain as subject
from camcli.run.build import BuiltRun, build
from camcli.run.interrupt import Interruption
from camcli.run.plan import RunPlan
from camcli.workers.demand import workers_for
from tests.harness.kill_resume import tree

MANY = ("lift-cam", "grad-cam", "lift-pyramid", "decom-cam", "eigen-cam")
FIXED = {"run.batch_size": 2, "run.workers": 1, "run.compile": False, "output.save": ["maps"]}


def built(*methods: Any, **flags: Any) -> BuiltRun:
    named = {key.replace("__", "."): value for key, value in flags.items()}
    return build(load_config(flags=FIXED | {"method": list(methods)} | named), 2)


def items_of(folder: Path, engine: Engine, count: int = 2) -> tuple[ImageItem, ...]:
    refs = find_images([str(folder)])[:count]
    found = [decode(ref, engine.preprocess) for ref in refs]
    return tuple(item for item in found if isinstance(item, ImageItem))


def run(
    made: BuiltRun, folder: Path, scenes: Path, policy: FolderPolicy = FolderPolicy.REFUSE
) -> list[dict[str, Any]]:
    plan = RunPlan(find_images([str(scenes)]), folder, policy, total=2)
    workers = workers_for(made.config)
    subject.explain(plan, made, workers, lambda _: None, Interruption())
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["auto", ["stages.2", "stages.3"]])
def test_each_method_finds_to_the_bit_what_it_finds_alone(layer: Any, scenes: Path) -> None:
    names = MANY if layer == "auto" else MANY[:2]
    together = built(*names, targets=["top2"], model__layer=layer).engine
    items = items_of(scenes, together)
    found = together.explain(Batch(items))
    for place, name in enumerate(names):
        alone = built(name, targets=["top2"], model__layer=layer).engine.explain(Batch(items))
        for one, all_of_them in zip(alone, found, strict=True):
            assert isinstance(one, Explained)
            assert isinstance(all_of_them, Explained)
            mine = all_of_them.maps[place :: len(names)]
            assert [each.method for each in mine] == [name, name]
            for expected, got in zip(one.maps, mine, strict=True):
                for field in ("target", "layer", "range", "completeness_error", "degenerate"):
                    assert getattr(got, field) == getattr(expected, field), (name, field)
                np.testing.assert_array_equal(got.values, expected.values)


def test_rows_are_by_target_and_then_by_method(scenes: Path) -> None:
    engine = built("grad-cam", "lift-cam", targets=["top2"]).engine
    for found in engine.explain(Batch(items_of(scenes, engine))):
        assert isinstance(found, Explained)
        first, second = found.maps[0].target.index, found.maps[2].target.index
        assert [(each.target.index, each.method) for each in found.maps] == [
            (first, "grad-cam"), (first, "lift-cam"), (second, "grad-cam"), (second, "lift-cam"),
        ]  # fmt: skip


def counted(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[Any]:
    calls: list[Any] = []
    usual: Callable[..., Any] = getattr(owner, name)

    def counting(*given: Any) -> Any:
        calls.append(given)
        return usual(*given)

    monkeypatch.setattr(owner, name, counting)
    return calls


def test_methods_share_the_trunk_and_what_they_ask_of_the_tail(
    scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("grad-cam", "xgrad-cam", "hires-cam", "layer-cam", "lift-cam", "deep-lift")
    engine = built(*names).engine
    assert len({id(each.network) for each in engine.methods}) == 1
    passes = counted(monkeypatch, type(engine.network.trunk), "__call__")
    gradients = counted(monkeypatch, GeneralHead, "gradient")
    engine.explain(Batch(items_of(scenes, engine)))
    assert len(passes) == 1
    assert len(gradients) == 1


def test_a_method_that_looks_elsewhere_has_a_cut_of_its_own() -> None:
    made = built("lift-cam", "lift-pyramid", "grad-cam")
    first, pyramid, third = made.methods
    assert first.network is third.network
    assert pyramid.network is not first.network
    assert len(made.cuts) == 2
    assert made.fingerprint()["method"]["others"] == {
        "lift-pyramid": {"place": 2, "options": {"layers": None}, "layer": pyramid.layer},
        "grad-cam": {"place": 3, "options": {}, "layer": first.layer},
    }


@pytest.mark.parametrize(
    ("methods", "flags", "error", "told"),
    [
        (("lift-cam", "LIFT_CAM"), {}, ConfigError, "lift-cam is named twice"),
        (("lift-cam", "no-such"), {}, MethodError, "there is no method 'no-such'"),
        (("lift-cam", "grad-cam"), {"output__scale": 2.0}, ConfigError, "one method's maps"),
        (
            ("lift-cam", "layer-cam"),
            {"output__sign": "signed"},
            ConfigError,
            "in a map of layer-cam",
        ),
        (
            ("lift-cam", "grad-cam"),
            {"output__save": ["components"]},
            ConfigError,
            "lift-cam and grad-cam have no components",
        ),
        (("grad-cam", "eigen-cam"), {"targets": ["-3"]}, CamcliError, "eigen-cam makes the same"),
        (("lift-cam", {"options": {}}), {}, ConfigError, "method.others.0.name: is missing"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(
    methods: tuple[Any, ...], flags: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        built(*methods, **flags)


@pytest.mark.slow
def test_a_run_that_stopped_within_an_image_ends_with_the_same_bytes(
    scenes: Path, tmp_path: Path
) -> None:
    made = built("lift-cam", "eigen-cam", output__save=["maps", "grid"])
    rows = run(made, tmp_path / "once", scenes)
    assert [row["method"] for row in rows] == ["lift-cam", "eigen-cam"] * 2
    assert rows[0]["map"].startswith("maps/lift-cam/")
    assert rows[1]["map"].startswith("maps/eigen-cam/")
    run(made, tmp_path / "twice", scenes)
    torn, record = tmp_path / "twice" / "manifest.jsonl", tmp_path / "twice" / "run.json"
    torn.write_text("".join(f"{line}\n" for line in torn.read_text().splitlines()[:3]))
    record.write_text(json.dumps(json.loads(record.read_text()) | {"state": "running"}))
    run(made, tmp_path / "twice", scenes, FolderPolicy.RESUME)
    assert tree(tmp_path / "once") == tree(tmp_path / "twice")


@pytest.mark.slow
def test_the_files_that_rows_share_are_verified_once(scenes: Path, tmp_path: Path) -> None:
    made = built("lift-cam", "eigen-cam", output__save=["maps", "grid"])
    rows = run(made, tmp_path, scenes)
    found = verify_folder(tmp_path)
    assert (found.rows, found.files, found.damages) == (4, 6, [])
    (tmp_path / rows[0]["artefacts"]["grid"]).write_bytes(b"damaged")
    (damage,) = verify_folder(tmp_path).damages
    assert damage.path == rows[0]["artefacts"]["grid"]


@pytest.mark.slow
def test_each_method_has_a_scale_of_its_own(scenes: Path, tmp_path: Path) -> None:
    scaled = run(built("lift-cam", "grad-cam", output__scale="run"), tmp_path / "run", scenes)
    for name in ("lift-cam", "grad-cam"):
        largest = max(row["map_range"][1] for row in scaled if row["method"] == name)
        scales = {row["map_values"]["scale"] for row in scaled if row["method"] == name}
        assert scales == {largest}
        record = json.loads((tmp_path / "run" / "run.json").read_text())
        assert record["scale"][name] == largest


def test_an_image_that_fails_has_a_row_for_each_method_and_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from camcli.cli.progress import Progress
    from camcli.output.rows import RowMaker
    from camcli.records import FailedImage, ImageRef

    failed = FailedImage(ImageRef(0, Path("a.png"), "a.png"), "ImageError", "broken")
    rows = RowMaker([("lift-cam", "body"), ("grad-cam", "stem")]).failed(failed)
    assert [(row.method, row.layer) for row in rows] == [("lift-cam", "body"), ("grad-cam", "stem")]
    degenerate = [replace(row, status="degenerate") for row in rows]
    with Progress(2, False, False) as progress:
        progress.on_rows(rows)
        progress.on_rows(degenerate)
    told = capsys.readouterr().err
    assert told.count("a.png: failed: broken") == 1
    assert "a.png: degenerate by lift-cam: broken" in told
    assert "a.png: degenerate by grad-cam: broken" in told
