from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from camcli.errors import ConfigError
from camcli.images.shard import shard_from, shard_of
from camcli.records import WHOLE, ImageRef, Shard


def _ref(index: int) -> ImageRef:
    return ImageRef(index, Path(str(index)), str(index))


def _slurm(index: int, count: int, first: int = 0, step: int = 1) -> dict[str, str]:
    return {
        "SLURM_ARRAY_TASK_ID": str(index),
        "SLURM_ARRAY_TASK_COUNT": str(count),
        "SLURM_ARRAY_TASK_MIN": str(first),
        "SLURM_ARRAY_TASK_STEP": str(step),
    }


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_the_shards_together_are_exactly_the_listing(count: int) -> None:
    refs = [_ref(i) for i in range(11)]
    shards = [list(shard_of(refs, Shard(i, count))) for i in range(count)]
    assert sorted((ref for shard in shards for ref in shard), key=lambda ref: ref.index) == refs
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert [shard == refs[i::count] for i, shard in enumerate(shards)] == [True] * count


def test_an_endless_listing_can_be_sharded() -> None:
    refs = (_ref(i) for i in itertools.count())
    taken = itertools.islice(shard_of(refs, Shard(2, 5)), 3)
    assert [ref.index for ref in taken] == [2, 7, 12]


def test_the_whole_listing_is_one_shard() -> None:
    assert list(shard_of([_ref(0), _ref(1)], WHOLE)) == [_ref(0), _ref(1)]


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("0/4", {}, (0, 4)),
        ("3/4", {}, (3, 4)),
        ("0/1", {}, (0, 1)),
        ("auto", _slurm(2, 4), (2, 4)),
        (
            "auto",
            _slurm(4, 4, 1),
            (3, 4),
        ),
        (
            "auto",
            _slurm(20, 3, 10, 5),
            (2, 3),
        ),
        ("auto", {"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "9"}, (0, 9)),
        ("auto/9", {"JOB_COMPLETION_INDEX": "5"}, (5, 9)),
        ("auto", {"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "2"}, (1, 2)),
        ("auto", {"CLOUD_RUN_TASK_INDEX": "7", "CLOUD_RUN_TASK_COUNT": "8"}, (7, 8)),
    ],
)
def test_a_shard_is_read_from_the_flag_or_the_cluster(
    text: str, environment: dict[str, str], expected: tuple[int, int]
) -> None:
    assert shard_from(text, environment) == Shard(*expected)


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("4/4", {}, "0/4 to 3/4"),
        ("0/0", {}, "is no shard"),
        ("-1/4", {}, "takes I/N"),
        ("1", {}, "takes I/N"),
        ("1/2/3", {}, "takes I/N"),
        ("1e9/4", {}, "takes I/N"),
        ("auto", {}, "finds no array job"),
        ("auto", {"JOB_COMPLETION_INDEX": "5"}, "auto/N"),
        ("auto", {"JOB_COMPLETION_INDEX": "x", "JOB_COMPLETIONS": "3"}, "is not a number"),
        ("auto", _slurm(4, 4), "is no shard"),
        (
            "auto",
            _slurm(12, 3, 10, 5),
            "steps of 5",
        ),
        (
            "auto",
            _slurm(0, 4, 1),
            "is no shard",
        ),
    ],
)
def test_a_flag_that_names_no_shard_is_refused(
    text: str, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        shard_from(text, environment)
