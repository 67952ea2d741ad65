"""A new executor is a row of the table, and has nothing of the run's loop in it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import pytest

from camcli.config import Config, load_config
from camcli.errors import ConfigError
from camcli.output.merge import merge_shards
from camcli.records import Shard
from camcli.run import executors
from camcli.run.build import BuiltRun
from camcli.run.executors.base import Executor
from camcli.run.executors.local import LocalExecutor
from camcli.run.interrupt import Interruption
from camcli.run.ledger import OnRows
from camcli.run.outcome import Outcome
from camcli.run.plan import RunPlan
from tests.cli.conftest import Camcli, camcli, rows_in  # noqa: F401
from tests.harness.kill_resume import differences, tree


class TwoShards:
    """Explains a plan as two shards, one after the other, and joins them: a cluster of one."""

    started: list[RunPlan] = []  # noqa: RUF012

    def __init__(self, config: Config) -> None:
        self._config = config

    def start(self, plan: RunPlan) -> None:
        self.started.append(plan)

    def run(
        self, plan: RunPlan, built: BuiltRun, on_rows: OnRows, interruption: Interruption
    ) -> Outcome:
        for index in range(2):
            shard = dataclasses.replace(plan, shard=Shard(index, 2))
            with LocalExecutor(self._config) as local:
                outcome = local.run(shard, built, on_rows, interruption)
        merge_shards(plan.folder)
        return outcome

    def __enter__(self) -> TwoShards:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@pytest.fixture
def two_shards(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name under which the toy is in the table."""
    monkeypatch.setitem(executors._TABLE, "two-shards", f"{__name__}:TwoShards")  # type: ignore[arg-type]
    return "two-shards"


@pytest.mark.slow
def test_an_executor_of_the_table_runs_what_names_it(
    camcli: Camcli,  # noqa: F811
    scenes: Path,
    two_shards: str,
) -> None:
    assert camcli("explain", scenes, "-o", "local", "--no-compile", "-b", "4").code == 0
    TwoShards.started.clear()
    finished = camcli(
        "explain", scenes, "-o", "toy", "--no-compile", "-b", "4", "--json",
        "--set", f"run.executor={two_shards}",
    )  # fmt: skip

    assert finished.code == 0, finished.stderr
    assert [plan.image_count for plan in TwoShards.started] == [7]
    assert finished.stdout.count("\n") == 7, "its rows are reported"
    assert rows_in(Path("toy")) == rows_in(Path("local"))
    assert differences(tree(Path("toy")), tree(Path("local"))) == ["run.json"], "names the executor"


def test_a_name_that_is_not_in_the_table_is_a_mistake(
    camcli: Camcli,  # noqa: F811
    scenes: Path,
) -> None:
    finished = camcli("explain", scenes, "--set", "run.executor=locl")
    assert finished.code == 2
    assert "no executor 'locl'; did you mean 'local'?" in finished.stderr
    assert not Path("out").exists()


def test_every_row_of_the_table_makes_an_executor(two_shards: str) -> None:
    assert two_shards in executors._TABLE
    for name in executors._TABLE:
        with executors.executor_for(load_config(flags={"run.executor": name})) as made:
            assert {"start", "run"} <= set(dir(made))
    with pytest.raises(ConfigError):
        executors.executor_for(load_config(flags={"run.executor": "elsewhere"}))


@pytest.mark.slow
def test_the_local_executor_starts_no_more_workers_than_there_are_images(scenes: Path) -> None:
    config = load_config(flags={"run.workers": 3})
    for total, count in ((2, 2), (None, 3)):
        with LocalExecutor(config) as local:
            executor: Executor = local
            executor.start(RunPlan([], scenes, total=total))
            local.wait_until_started()
            assert len(local._workers._all) == count


def test_an_executor_starts_before_pytorch_is_imported() -> None:
    script = (
        "import sys\n"
        "from camcli.config import load_config\n"
        "from camcli.run.executors import executor_for\n"
        "from camcli.run.plan import RunPlan\n"
        "from pathlib import Path\n"
        "with executor_for(load_config()) as executor:\n"
        "    executor.start(RunPlan([], Path('out'), total=1))\n"
        "    assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
