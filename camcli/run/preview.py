"""What a run would do, found out as far as nothing has to be downloaded for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.config import Config
from camcli.models.catalogue import find_source
from camcli.models.prompt_scores import with_prompts, with_unread_prompts
from camcli.output.files import run_path
from camcli.output.folder import FolderPolicy, check_folder
from camcli.output.record import read_run, refuse_another_run
from camcli.run.build import BuiltRun, build
from camcli.run.plan import RunPlan
from camcli.run.run_scale import require_whole_run


@dataclass(frozen=True)
class Preview:
    """What a run would explain.

    Attributes:
        built: The run, ready but for its weights.
        weights_are_there: Whether it has its own weights; where they may have to be downloaded,
            random ones stand in.

    """

    built: BuiltRun
    weights_are_there: bool


def preview(plan: RunPlan, config: Config) -> Preview:
    """Set up a run as it would be, with random weights in place of any that may be downloaded.

    Raises:
        CamcliError: The run would end with the same before it touches an image.

    """
    require_whole_run(plan, config)
    offline = without_download(config)
    own = offline.model.weights == config.model.weights
    quick = offline.run.model_copy(update={"compile": False, "batch_size": 1})
    built = build(
        offline.model_copy(update={"run": quick}),
        images_ahead=0,
        read=with_prompts if own else with_unread_prompts,
    )
    check_folder(plan.folder, plan)
    if isinstance(plan.refs, Sequence):
        built.engine.targets.expect(plan.refs)
    resumed = plan.folder_policy is FolderPolicy.RESUME
    if own and resumed and run_path(plan.folder, plan.shard).exists():
        recorded = read_run(plan.folder, plan.shard)["fingerprint"]
        refuse_another_run(plan.folder, built.fingerprint(), recorded)
    return Preview(built, own)


def without_download(config: Config) -> Config:
    """Return a configuration with random weights in place of those that may be downloaded."""
    weights, name = config.model.weights, config.model.name
    source = find_source(name)
    if not source.downloads or weights is None or Path(weights).is_file():
        return config
    known = {each for model in source.listed() if model.name == name for each in model.weights}
    if weights != "default" and weights not in known:
        return config  # a mistake, which loading finds out
    model = config.model.model_copy(update={"weights": None})
    return config.model_copy(update={"model": model})
