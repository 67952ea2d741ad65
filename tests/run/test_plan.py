"""A plan gives every image to exactly one of its shards, and counts them before they are listed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from camcli.records import ImageRef, Shard
from camcli.run.plan import RunPlan

_REFS = [ImageRef(index, Path(str(index)), str(index)) for index in range(11)]


@pytest.mark.parametrize("count", [1, 2, 3, 20])
@pytest.mark.parametrize("total", [0, 1, 5, 11])
def test_shards_of_a_plan_have_each_image_once_and_as_many_as_they_count(
    count: int, total: int
) -> None:
    plan = RunPlan(_REFS, Path("out"), total=total)

    shards = [replace(plan, shard=Shard(index, count)) for index in range(count)]

    found = [list(shard.images()) for shard in shards]
    assert [shard.image_count for shard in shards] == [len(images) for images in found]
    assert sorted(ref.index for images in found for ref in images) == list(range(total))


def test_a_plan_without_a_total_has_all_images_and_no_count() -> None:
    plan = RunPlan(_REFS, Path("out"))
    assert list(plan.images()) == _REFS
    assert list(plan.images()) == _REFS, "as often as they are asked for"
    assert plan.image_count is None


def test_an_endless_listing_is_not_read_ahead() -> None:
    endless = (ImageRef(index, Path(str(index)), str(index)) for index in itertools.count())
    images = RunPlan(endless, Path("out"), shard=Shard(1, 2)).images()
    assert [ref.index for ref in itertools.islice(images, 3)] == [1, 3, 5]
    assert next(endless).index == 6
    assert RunPlan(endless, Path("out"), shard=Shard(1, 2)).listing_digest() is None


def test_a_listing_is_known_by_its_names_and_their_order() -> None:
    plan = RunPlan(_REFS, Path("out"), shard=Shard(0, 2))
    digest = plan.listing_digest()
    assert replace(plan, shard=Shard(1, 2)).listing_digest() == digest
    changed = (_REFS[::-1], _REFS[:-1], [*_REFS, ImageRef(11, Path("11"), "11")])
    assert digest not in {replace(plan, refs=refs).listing_digest() for refs in changed}
    assert (
        replace(plan, total=10).listing_digest() == replace(plan, refs=_REFS[:-1]).listing_digest()
    )
