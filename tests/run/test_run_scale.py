"""One scale for all the maps of a run, however often it is stopped."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camcli.config import Config, load_config
from camcli.errors import ConfigError, MachineError
from camcli.images.find import find_images
from camcli.output.atomic import write_bytes
from camcli.output.folder import FolderPolicy
from camcli.records import Shard
from camcli.run import explain as subject
from camcli.run.build import BuiltRun, build
from camcli.run.interrupt import Interruption
from camcli.run.outcome import Outcome
from camcli.run.plan import RunPlan
from camcli.run.run_scale import require_whole_run
from camcli.workers.demand import workers_for
from tests.harness.kill_resume import tree


def config_of(**output: Any) -> Config:
    flags = {"run.batch_size": 2, "run.workers": 1, "run.compile": False, "output.save": ["maps"]}
    return load_config(flags=flags | {f"output.{key}": value for key, value in output.items()})


@pytest.fixture(scope="module")
def whole() -> BuiltRun:
    return build(config_of(scale="run"))


def explained(
    built: BuiltRun,
    folder: Path,
    scenes: Path,
    policy: FolderPolicy = FolderPolicy.REFUSE,
    interruption: Interruption | None = None,
) -> Outcome:
    """Explain four of the scenes into a folder."""
    plan = RunPlan(find_images([str(scenes)]), folder, policy, total=4)
    workers = workers_for(built.config)
    stop = interruption or Interruption()
    return subject.explain(plan, built, workers, lambda _: None, stop)


def maps_in(folder: Path) -> dict[str, np.ndarray]:
    paths = sorted(folder.rglob("*.npy"))
    return {str(path.relative_to(folder)): np.load(path) for path in paths}


@pytest.mark.slow
def test_maps_of_one_scale_compare_as_their_raw_values_do(
    whole: BuiltRun, scenes: Path, tmp_path: Path
) -> None:
    found = explained(whole, tmp_path / "run", scenes)
    each = replace(whole, config=config_of(normalize="none"))
    (method,) = each.methods
    raw = replace(method, normalisation=replace(method.normalisation, normalize="none"))
    raw_engine = replace(each.engine, methods=(raw,))
    explained(replace(each, engine=raw_engine), tmp_path / "raw", scenes)
    scaled, raw = maps_in(tmp_path / "run"), maps_in(tmp_path / "raw")
    largest = max(float(values.max()) for values in raw.values())
    assert len(raw) == 4
    assert scaled.keys() == raw.keys()
    for name, values in raw.items():
        np.testing.assert_allclose(scaled[name], values / largest, rtol=1e-6)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["scale"] == found.scales["lift-cam"] == pytest.approx(largest)
    assert found.tally.clipped == 0


@pytest.mark.slow
def test_a_run_stopped_in_either_pass_ends_with_the_same_bytes(
    whole: BuiltRun, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained(whole, tmp_path / "once", scenes)
    folder, stop = tmp_path / "often", Interruption()
    measure = subject.scales_of_run

    def stopped(*given: Any) -> dict[str, float]:
        stop.request("in the first pass")
        return measure(*given)

    with monkeypatch.context() as patch:
        patch.setattr(subject, "scales_of_run", stopped)
        explained(whole, folder, scenes, interruption=stop)
    record = json.loads((folder / "run.json").read_text())
    assert (record["scale"], record["images"]) == (None, 0)

    left = iter([None] * 2)

    def until_full(*given: Any) -> None:
        if next(left, "none") == "none":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_bytes(*given)

    with monkeypatch.context() as patch:
        patch.setattr("camcli.output.writers.write_bytes", until_full)
        with pytest.raises(MachineError, match="No space left"):
            explained(whole, folder, scenes, FolderPolicy.RESUME)

    monkeypatch.setattr(subject, "scales_of_run", lambda *_: pytest.fail("measured again"))
    last = explained(whole, folder, scenes, FolderPolicy.RESUME)
    assert (last.resumed.images, last.tally.images) == (2, 2)
    assert tree(folder) == tree(tmp_path / "once")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shard": Shard(1, 3)}, "a shard does not see the images of the others"),
        ({"refs": iter(())}, "paths on standard input can be read only once"),
    ],
)
def test_a_scale_that_cannot_be_known_is_refused(changes: dict[str, Any], reason: str) -> None:
    plan = replace(RunPlan([], Path("out")), **changes)
    with pytest.raises(ConfigError, match=f"{reason}.*give the raw value .* as a number"):
        require_whole_run(plan, config_of(scale="run"))
    require_whole_run(plan, config_of(scale=0.5))
