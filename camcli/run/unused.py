"""What was asked of a run and decides nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from camcli.config import Config, ModelConfig
from camcli.models.catalogue import find_source
from camcli.output.idle_looks import idle_looks

if TYPE_CHECKING:
    from camcli.run.build import BuiltRun


def unused_by(built: BuiltRun) -> Iterator[str]:
    """Yield a line for each setting that a run of `camcli explain` does not use."""
    yield from idle_looks(built.config.output)
    yield from _targets_without_say(built)
    yield from idle_inputs(built)


def idle_inputs(built: BuiltRun) -> Iterator[str]:
    """Yield a line for each setting of networks and prompts that decides nothing."""
    config, targets = built.config, built.engine.targets
    if config.run.seed != Config().run.seed and _weights_are_given(config.model):
        yield (
            "run.seed is not used: it is for random weights, and the network has others; methods "
            "that sample have a seed of their own in method.options"
        )
    yield from _idle_choices(config.model)
    listed = targets.prompts and targets.prompts.listed
    if listed and not any(use.source == listed.source for use in targets.file_uses()):
        yield (
            f"{listed.source}: which image a prompt belongs to is not used, as no target is "
            "@prompts: all of them are classes of every image"
        )


def _idle_choices(model: ModelConfig) -> Iterator[str]:
    """Yield what says which weights of a checkpoint are meant where no checkpoint is read."""
    if model.weights is not None and Path(model.weights).exists():
        return
    usual = ModelConfig()
    for name in ("checkpoint_key", "strip_prefix", "ema"):
        if getattr(model, name) != getattr(usual, name):
            yield f"model.{name} is not used: it is for a checkpoint, and none is read"


def _weights_are_given(model: ModelConfig) -> bool:
    """Return whether all weights surely come from a file: a user's factory may draw some."""
    if model.weights is None:
        return False
    source = find_source(model.name)
    known = (listed for listed in source.listed() if listed.name == model.name)
    return model.weights != "default" or source.downloads or any(found.weights for found in known)


def _targets_without_say(built: BuiltRun) -> Iterator[str]:
    """Yield that targets decide no map of methods that know no classes."""
    targets = built.engine.targets
    usual = (Config().targets, ("@prompts",))
    if built.config.targets in usual and not targets.many:
        return
    copies = "; an image's targets get equal maps" if targets.many else ""
    for each in built.methods:
        if not each.of_one_layer.uses_class:
            yield (
                f"targets decide no map: {each.name} makes the same one whatever the class{copies},"
                " and only the score and the probability in a row are the target's"
            )
