"""One scale for all the maps of a run: the largest that any of them would have by itself.

Methods measure in units of their own, so that each has a scale of its own, too.

It is known only when every image has been explained, so a run with such a scale explains its images
twice: first to find the scale, which its record then keeps, and again to write maps of that scale.
Nothing of the first pass is kept but a number. A run that is stopped in it begins it anew, and one
that is stopped later goes on with the recorded scale; both end with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from camcli.config import Config
from camcli.engine import Explained
from camcli.errors import ConfigError
from camcli.output.resume import ResumeState
from camcli.records import FailedImage
from camcli.run.batches import FixedBatches
from camcli.run.build import BuiltRun
from camcli.run.decoding import decoded_batches
from camcli.run.interrupt import Interruption
from camcli.run.outcome import Tally
from camcli.run.plan import RunPlan
from camcli.run.remaining import Remaining
from camcli.workers.demand import workers_for


def is_of_run(config: Config) -> bool:
    """Return whether the scale has to be found in the maps of the run."""
    return config.output.scale == "run"


def require_whole_run(plan: RunPlan, config: Config) -> None:
    """Refuse a scale of the run where a run does not see all of its images, or not twice.

    Raises:
        ConfigError: Its images come one after the other, or it is a shard.

    """
    if not is_of_run(config):
        return
    reason = None
    if plan.shard.count > 1:
        reason = "a shard does not see the images of the others"
    elif not isinstance(plan.refs, Sequence):
        reason = "paths on standard input can be read only once, and may have no end"
    if reason:
        raise unknown_scale(reason)


def unknown_scale(reason: str) -> ConfigError:
    """Return the error of who asks for the scale of a run where it cannot be known."""
    return ConfigError(
        f"output.scale: run is the largest of all the maps of a run, and {reason}; give the raw "
        "value that is to become 1 as a number, such as a map_range of another run has"
    )


def scales_of_run(
    plan: RunPlan, built: BuiltRun, interruption: Interruption, tally: Tally
) -> dict[str, float]:
    """Explain every image of a run, and return the largest scale of their maps, by method.

    Args:
        plan: What is to be explained.
        built: What explains it, each map by its own scale.
        interruption: When it is requested, the rest is left.
        tally: Gets the time that it takes.

    Returns:
        Nothing where there is no map, or an interruption was requested.

    """
    images = Remaining(plan, ResumeState())
    network = FixedBatches(built.engine, built.batch_size)
    largest: dict[str, float] = {}
    workers = workers_for(built.config)
    with decoded_batches(images, built, workers, interruption, tally) as batches, workers:
        for batch in batches:
            with tally.timed("find the scale"):
                for name, scale in _scales(network.explain(batch)):
                    largest[name] = max(scale, largest.get(name, 0.0))
            for item in batch.items:
                workers.forget(item.ref)
    return {} if interruption.requested else largest


def _scales(results: Iterable[Explained | FailedImage]) -> Iterator[tuple[str, float]]:
    """Yield the scale of every map that has one, with its method."""
    for result in results:
        for saliency_map in result.maps if isinstance(result, Explained) else ():
            if saliency_map.meaning.scale and not saliency_map.degenerate:
                yield saliency_map.method, saliency_map.meaning.scale
