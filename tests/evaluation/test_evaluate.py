"""`camcli evaluate` from images to tables."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from camcli.cli import app
from camcli.demo.scenes import make_scene
from camcli.errors import CamcliError
from camcli.evaluation.metrics import METRICS
from camcli.evaluation.metrics.complexity import COMPLEXITY, ComplexityInput
from camcli.evaluation.record import evaluation_run_schema
from camcli.evaluation.report import summary
from camcli.evaluation.report.document import evaluation_schema
from camcli.evaluation.rows import evaluation_row_schema
from tests.output.schemas import mistakes

Run = Callable[..., Any]
FIRST_SEED = 9_000_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five scenes of two objects, their masks, and targets that name every object."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    lines = ["image,target"]
    for number in range(5):
        scene = make_scene(FIRST_SEED + number, objects=2)
        scene.image.save(folder / "images" / f"{number}.png")
        for thing in scene.objects:
            mask = Image.fromarray(thing.mask)
            mask.save(folder / "masks" / f"{number}.{thing.class_name}.png")
            lines.append(f"{number}.png,{thing.class_name}")
    (folder / "targets.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def run(world: Path, tmp_path: Path) -> Run:
    def call(*arguments: str, output: str = "out", code: int = 0) -> Path:
        folder = tmp_path / output
        common = ["-o", str(folder), "-q", "--no-costs", "--steps", "3", "-m", "demo"]
        result = CliRunner().invoke(app, ["evaluate", str(world / "images"), *common, *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        check_schemas(folder)
        return folder

    return call


def check_schemas(folder: Path) -> None:
    """Hold all that an evaluation writes as JSON against its published schemas."""
    row_schema = evaluation_row_schema()
    for row in rows_of(folder):
        assert mistakes(row, row_schema) == []
    for name, schema in (("table", evaluation_schema()), ("run", evaluation_run_schema())):
        assert mistakes(json.loads((folder / f"{name}.json").read_text()), schema) == []


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def table_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "table.json").read_text())
    return found["methods"]


def mean(folder: Path, method: str, metric: str) -> float:
    return float(table_of(folder)[method]["metrics"][metric]["mean"])


@pytest.mark.slow
def test_a_figure_depends_neither_on_the_batch_nor_on_the_other_methods(run: Run) -> None:
    together = run("--methods", "lift-cam,lift-pyramid,ablation-cam,random", "-b", "4", output="a")
    alone = run("--methods", "lift-cam", "-b", "1", output="b")
    pyramid = run("--methods", "lift-pyramid", "-b", "3", output="c")
    for row, other, third in zip(*map(rows_of, (together, alone, pyramid)), strict=True):
        for name, again in (("lift-cam", other), ("lift-pyramid", third)):
            first, second = row["methods"][name], again["methods"][name]
            assert first["values"] == pytest.approx(second["values"], abs=1e-4), row["image"]
            assert first["insertion"] == pytest.approx(second["insertion"], abs=1e-4)


@pytest.mark.slow
def test_energy_follows_the_target_from_object_to_object(run: Run, world: Path) -> None:
    targets = f"@{world / 'targets.csv'}"
    methods = "lift-cam,lift-pyramid,eigen-cam"
    out = run("--methods", methods, "--target", targets, "--truth", str(world / "masks"))
    assert len(rows_of(out)) == 10
    for method in ("lift-cam", "lift-pyramid"):
        assert mean(out, method, "energy") > 3 * mean(out, method, "energy_on_others")
        assert mean(out, method, "pointing") > 0.7
    # A map that ignores the target has each object's energy once as own, once as other.
    own, other = mean(out, "eigen-cam", "energy"), mean(out, "eigen-cam", "energy_on_others")
    assert own == pytest.approx(other, rel=1e-3)


@pytest.mark.slow
def test_resume_continues_where_the_evaluation_stopped(run: Run, world: Path) -> None:
    whole = run("--methods", "lift-cam,random", output="whole")
    part = run("--methods", "lift-cam,random", "--limit", "3", output="part")
    journal = part / "manifest.jsonl"
    journal.write_text(journal.read_text() + '{"image": "3.png", "sta')
    run("--methods", "lift-cam,random", "--resume", output="part")
    assert [row["image"] for row in rows_of(part)] == [row["image"] for row in rows_of(whole)]
    for name in ("lift-cam", "random"):
        found, expected = table_of(part)[name]["metrics"], table_of(whole)[name]["metrics"]
        for metric, estimate in expected.items():
            assert found[metric] == pytest.approx(estimate, abs=1e-4), metric


@pytest.mark.slow
def test_an_interruption_leaves_tables_of_what_is_done(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camcli.evaluation.evaluator import Evaluator

    evaluate = Evaluator.evaluate

    def interrupted(self: Evaluator, batch: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return evaluate(self, batch)

    monkeypatch.setattr(Evaluator, "evaluate", interrupted)
    out = run("--methods", "random", "-b", "2", code=130)
    assert len(rows_of(out)) == 2
    assert json.loads((out / "run.json").read_text())["state"] == "interrupted"
    monkeypatch.undo()
    run("--methods", "random", "-b", "2", "--resume")
    assert len(rows_of(out)) == 5


@pytest.mark.slow
def test_another_evaluation_is_not_resumed(run: Run) -> None:
    run("--methods", "random", "--limit", "2")
    with pytest.raises(CamcliError, match=r"evaluation\.methods"):
        run("--methods", "lift-cam", "--resume")
    with pytest.raises(CamcliError, match="not empty"):
        run("--methods", "random")


@pytest.mark.slow
def test_maps_that_explain_wrote_have_the_figures_of_their_method(
    run: Run, world: Path, tmp_path: Path
) -> None:
    stored = tmp_path / "stored"
    arguments = [str(world / "images"), "-m", "demo", "-q", "-o", str(stored), "--save", "maps"]
    assert CliRunner().invoke(app, ["explain", *arguments]).exit_code == 0
    out = run("--methods", "lift-cam", "--from", str(stored))
    for row in rows_of(out):
        fresh, read = row["methods"]["lift-cam"], row["methods"]["stored"]
        assert read["values"] == pytest.approx(fresh["values"], abs=1e-4)
    with pytest.raises(CamcliError, match=r"model\.weights: sha256:"):
        run("--from", str(stored), "--set", "model.weights=null", output="other")
    with pytest.raises(CamcliError, match="no run of camcli explain"):
        run("--from", str(world), output="other")


@pytest.mark.slow
def test_shap_agreement_and_an_expensive_method_limited_to_few_images(run: Run) -> None:
    out = run(
        "--methods", "lift-cam,grad-cam,shap-cam", "--option", "shap-cam.pairs=2",
        "--at-most", "shap-cam=1",
    )  # fmt: skip
    table = table_of(out)
    assert table["shap-cam"]["metrics"]["insertion"]["count"] == 1
    assert table["lift-cam"]["metrics"]["insertion"]["count"] == 5
    assert table["lift-cam"]["metrics"]["shap_cosine"]["count"] == 1
    assert table["lift-cam"]["metrics"]["shap_scaled_error"]["mean"] < 0.4
    assert 0.9 < table["lift-cam"]["metrics"]["shap_cosine"]["mean"] <= 1
    assert table["shap-cam"]["metrics"]["shap_cosine"]["count"] == 0


@pytest.mark.slow
def test_leads_and_all_the_files(run: Run) -> None:
    out = run("--methods", "lift-cam,random", "--against", "lift-cam")
    lead = table_of(out)["random"]["lead"]["insertion"]
    rows = rows_of(out)
    differences = [
        row["methods"]["lift-cam"]["values"]["insertion"]
        - row["methods"]["random"]["values"]["insertion"]
        for row in rows
    ]
    assert lead["mean"] == pytest.approx(np.mean(differences))
    assert lead["low"] < lead["mean"] < lead["high"]
    with (out / "table.csv").open() as file:
        lines = {(line["method"], line["metric"]): line for line in csv.DictReader(file)}
    assert float(lines["random", "insertion"]["lead"]) == pytest.approx(lead["mean"])
    assert "| lift-cam minus |" in (out / "table.md").read_text()
    svg = (out / "curves.svg").read_text()
    assert svg.count("<polyline") == 4


@pytest.mark.slow
def test_a_new_metric_is_one_function_and_one_row_of_the_table(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMPLEXITY, "metrics", COMPLEXITY.metrics)  # put back afterwards

    @COMPLEXITY.metric("lit", "lit places", better="lower", bounds=(0, 1), source="", percent=True)
    def lit(given: ComplexityInput) -> Tensor:
        return (given.maps > 0.5).double().mean((1, 2))

    monkeypatch.setattr(summary, "METRICS", (lit, *METRICS))
    out = run("--methods", "lift-cam,random", "--against", "random")
    values = [row["methods"]["lift-cam"]["values"]["lit"] for row in rows_of(out)]
    assert all(0 < value < 1 for value in values)
    assert mean(out, "lift-cam", "lit") == pytest.approx(np.mean(values))
    ahead = table_of(out)["lift-cam"]["lead"]["lit"]["mean"]
    assert ahead == pytest.approx(mean(out, "random", "lit") - np.mean(values))
    assert "| method | n | lit places ↓ |" in (out / "table.md").read_text()
    with (out / "table.csv").open() as file:
        lines = {(line["method"], line["metric"]): line for line in csv.DictReader(file)}
    assert float(lines["lift-cam", "lit"]["mean"]) == pytest.approx(np.mean(values))


@pytest.mark.slow
def test_an_image_that_cannot_be_read_has_a_failed_row(
    run: Run, world: Path, tmp_path: Path, broken_jpeg: Path
) -> None:
    out = run(str(broken_jpeg), "--methods", "random", "--limit", "9", code=1)
    assert [row["status"] for row in rows_of(out)].count("failed") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "nothing to evaluate"),
        (["--methods", "lift-kam"], "lift-cam"),
        (["--methods", "random", "--option", "seed=1"], "METHOD.KEY=VALUE"),
        (["--methods", "random", "--option", "random.sed=1"], "no such option"),
        (["--methods", "random", "--at-most", "random"], "METHOD=N"),
        (["--methods", "random", "--at-most", "ramdom=3"], "'random'"),
        (["--methods", "random", "--insertion", "black"], "zero, blur"),
        (["--methods", "random", "--truth", "nowhere.json"], "no annotation"),
        (["--methods", "random", "--against", "lift-cam"], "--against"),
    ],
)
def test_mistakes_are_named_before_any_image(
    arguments: list[str], complaint: str, run: Run
) -> None:
    with pytest.raises(CamcliError, match=complaint):
        run(*arguments)
