"""The shard of the images that this process works on, from `--shard` or the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from camcli.errors import ConfigError
from camcli.records import ImageRef, Shard


@dataclass(frozen=True)
class _Variables:
    """The environment variables in which a scheduler gives an array job its index and count."""

    index: str
    count: str
    first: str | None = None
    step: str | None = None


_SCHEDULERS = (
    _Variables("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
               "SLURM_ARRAY_TASK_STEP"),
    _Variables("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"),
    _Variables("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
    _Variables("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
)  # fmt: skip


def shard_from(text: str, environment: Mapping[str, str]) -> Shard:
    """Parse `I/N`, `auto`, or `auto/N` where the cluster does not give the number of shards.

    Raises:
        ConfigError: It is none of these, there is no such shard, or the environment names none.

    """
    if match := re.fullmatch(r"(\d{1,9})/(\d{1,9})", text):
        return _checked(int(match[1]), int(match[2]), f"--shard {text}")
    if match := re.fullmatch(r"auto(?:/(\d{1,9}))?", text):
        return _from_environment(environment, match[1])
    raise ConfigError(
        f"--shard takes I/N, such as 0/4 to 3/4, or auto (auto/N where the cluster does not say "
        f"how many shards there are), not {text!r}"
    )


def shard_of(refs: Iterable[ImageRef], shard: Shard) -> Iterator[ImageRef]:
    """Return every `count`-th image, starting at number `index`; `refs` may be endless."""
    return islice(refs, shard.index, None, shard.count)


def _from_environment(environment: Mapping[str, str], count: str | None) -> Shard:
    for variables in _SCHEDULERS:
        if variables.index in environment:
            return _array_job_shard(variables, environment, count)
    known = ", ".join(variables.index for variables in _SCHEDULERS)
    raise ConfigError(
        f"--shard auto finds no array job here: none of {known} is set. Give --shard I/N"
    )


def _array_job_shard(
    variables: _Variables, environment: Mapping[str, str], count: str | None
) -> Shard:
    index = _number(variables.index, environment)
    first = _number(variables.first, environment) if variables.first in environment else 0
    step = _number(variables.step, environment) if variables.step in environment else 1
    if count is None and variables.count not in environment:
        raise ConfigError(
            f"--shard auto: {variables.index} is set but {variables.count} is not: say how many "
            "shards there are with --shard auto/N"
        )
    total = int(count) if count is not None else _number(variables.count, environment)
    place, rest = divmod(index - first, max(step, 1))
    if rest:
        raise ConfigError(f"--shard auto: {variables.index}={index} is not in steps of {step}")
    return _checked(place, total, f"--shard auto, from {variables.index}={index}")


def _number(name: str | None, environment: Mapping[str, str]) -> int:
    text = environment[name or ""]
    if not re.fullmatch(r"\d{1,9}", text):
        raise ConfigError(f"--shard auto: {name}={text!r} is not a number")
    return int(text)


def _checked(index: int, count: int, source: str) -> Shard:
    if index >= count or index < 0:
        raise ConfigError(f"{source} is no shard: {_shards(count)}")
    return Shard(index, count)


def _shards(count: int) -> str:
    if count == 0:
        return "there have to be some; the only one is 0/1"
    if count == 1:
        return "of 1, there is 0/1 alone"
    return f"of {count}, they are 0/{count} to {count - 1}/{count}"
