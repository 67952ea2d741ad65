from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from camcli.config import load_config
from camcli.engine import Engine, Explained
from camcli.errors import MachineError
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.records import Batch, FailedImage, ImageItem
from camcli.run.batches import FixedBatches
from camcli.run.build import build
from camcli.system.out_of_memory import is_out_of_memory

_METHODS = ["lift-cam", "eigen-cam"]


@functools.cache
def _engine(*overrides: str) -> Engine:
    return build(load_config(None, overrides)).engine


def _items(engine: Engine, folder: Path) -> tuple[ImageItem, ...]:
    decoded = [decode(ref, engine.preprocess) for ref in find_images([str(folder)])]
    return tuple(item for item in decoded if isinstance(item, ImageItem))


def _bytes(values: npt.NDArray[np.float32] | None) -> bytes | None:
    return None if values is None else values.tobytes()


def _bits(results: Sequence[Explained | FailedImage]) -> dict[str, Any]:
    """Return all that is written of each image, exactly."""
    found = {}
    for result in results:
        assert isinstance(result, Explained)
        found[result.item.ref.name] = [
            (m.target, m.range, m.completeness_error, m.degenerate, _bytes(m.values))
            for m in result.maps
        ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("method", _METHODS)
def test_no_bit_depends_on_the_neighbours(scenes: Path, method: str) -> None:
    engine = _engine(f"method.name={method}", "targets=[top2]")
    items = _items(engine, scenes)
    steady = FixedBatches(engine, 5)
    expected = _bits(steady.explain(Batch(items[:5])) + steady.explain(Batch(items[5:])))
    assert len(expected) == 7
    rng = random.Random(0)
    for size in (1, 3, 5):
        chosen = tuple(rng.sample(items, size))
        found = _bits(steady.explain(Batch(chosen)))
        assert list(found) == [item.ref.name for item in chosen]
        assert found == {name: expected[name] for name in found}


@pytest.mark.slow
def test_with_real_weights_no_bit_depends_on_the_neighbours(
    photos: Path, torch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    engine = _engine("model.name=squeezenet1_1")
    decoded = [decode(ref, engine.preprocess) for ref in find_images([str(photos)])[:6]]
    items = tuple(item for item in decoded if isinstance(item, ImageItem))
    steady = FixedBatches(engine, 3)
    expected = _bits(steady.explain(Batch(items)))
    for chosen in ((items[5],), items[1:3], items[2::-1]):
        found = _bits(steady.explain(Batch(chosen)))
        assert found == {name: expected[name] for name in found}


class _Scarce:
    """An engine on a device that has room for a few images only."""

    def __init__(self, engine: Engine, room: int, error: Exception) -> None:
        self.sizes: list[int] = []
        self._engine = engine
        self._room = room
        self._error = error

    def explain(self, batch: Batch) -> list[Explained | FailedImage]:
        self.sizes.append(len(batch.items))
        if len(batch.items) > self._room:
            raise self._error
        return self._engine.explain(batch)


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("Storage size calculation overflowed with sizes=[9223372036854775807, 112]"),
        MemoryError(),
    ],
    ids=["accelerator", "cpu", "address space", "python"],
)
def test_out_of_memory_halves_the_batch_for_good(scenes: Path, error: Exception) -> None:
    engine = _engine()
    items = _items(engine, scenes)
    scarce = _Scarce(engine, 2, error)
    steady = FixedBatches(scarce, 8)  # type: ignore[arg-type]
    found = steady.explain(Batch(items))
    assert [f.item.ref for f in found if isinstance(f, Explained)] == [i.ref for i in items]
    assert scarce.sizes == [8, 4, 2, 2, 2, 2]
    assert steady.size == 2
    assert _bits(found) == _bits(FixedBatches(engine, 2).explain(Batch(items)))


def test_no_room_for_one_image_stops_the_run(scenes: Path) -> None:
    engine = _engine()
    steady = FixedBatches(_Scarce(engine, 0, torch.OutOfMemoryError()), 4)  # type: ignore[arg-type]
    with pytest.raises(MachineError, match="single image"):
        steady.explain(Batch(_items(engine, scenes)))


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("memory")])
def test_other_errors_are_not_mistaken_for_it(scenes: Path, error: Exception) -> None:
    assert not is_out_of_memory(error)
    engine = _engine()
    steady = FixedBatches(_Scarce(engine, 0, error), 4)  # type: ignore[arg-type]
    with pytest.raises(type(error), match=str(error)):
        steady.explain(Batch(_items(engine, scenes)))


class _Undecomposable:
    """An engine that cannot decompose some images, nor any batch that holds one of them."""

    def __init__(self, engine: Engine, names: set[str]) -> None:
        self._engine = engine
        self._names = names

    def explain(self, batch: Batch) -> list[Explained | FailedImage]:
        if any(item.ref.name in self._names for item in batch.items):
            torch.linalg.svd(torch.full((2, 2), torch.nan))
        return self._engine.explain(batch)


@pytest.mark.slow
def test_a_decomposition_that_fails_costs_only_its_image(scenes: Path) -> None:
    engine = _engine("method.name=eigen-cam")
    items = _items(engine, scenes)
    bad = {items[2].ref.name, items[3].ref.name}
    found = FixedBatches(_Undecomposable(engine, bad), 7).explain(Batch(items))  # type: ignore[arg-type]
    failed = [f for f in found if isinstance(f, FailedImage)]
    assert {f.ref.name for f in failed} == bad
    assert all("converge" in f.message or "finite" in f.message for f in failed)
    assert [(f.ref if isinstance(f, FailedImage) else f.item.ref) for f in found] == [
        item.ref for item in items
    ]
    expected = _bits(FixedBatches(engine, 7).explain(Batch(items)))
    good = _bits([f for f in found if isinstance(f, Explained)])
    assert good == {name: expected[name] for name in good}


def test_an_empty_batch_gives_nothing() -> None:
    assert FixedBatches(_engine(), 4).explain(Batch(())) == []
