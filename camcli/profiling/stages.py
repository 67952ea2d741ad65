"""What each stage of an explanation costs when it has the machine to itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

import torch

from camcli.engine import Engine, Explained
from camcli.errors import InputError
from camcli.images.decode import decode
from camcli.output.artefacts import AnyArtefact, saved_artefacts
from camcli.output.artefacts.base import ImageArtefact
from camcli.output.writers import ArtefactWriter
from camcli.records import Batch, FailedImage, ImageItem, ImageRef, Reading, SaliencyMap
from camcli.run.build import BuiltRun
from camcli.system.wording import counted_as
from camcli.workers.demand import draws, reading_for, workers_for
from camcli.workers.pool import RemoteWriter

_MapsOfImage: TypeAlias = Sequence[SaliencyMap]


@dataclass(frozen=True)
class Stage:
    """One stage of explaining an image.

    Attributes:
        name: What is done.
        where: What it belongs to: "read", "compute", "write", or "read and write".
        milliseconds: Time per image, the median over rounds.

    """

    name: str
    where: str
    milliseconds: float


def measure_stages(refs: Sequence[ImageRef], built: BuiltRun, rounds: int) -> tuple[Stage, ...]:
    """Time each stage on one batch of images, one after the other.

    Args:
        refs: At least a batch of images; those that cannot be decoded are skipped, and the batch
            is filled up with its last image.
        built: The run to measure.
        rounds: How often to time each stage, after once to warm up.

    Raises:
        InputError: None of the images can be decoded.

    """
    engine = built.engine
    refs = refs[: built.batch_size]
    items = _decoded(refs, engine, reading_for(built.config))
    batch = Batch((*items, *[items[-1]] * (built.batch_size - len(items))))
    results = engine.explain(batch)[: len(items)]
    maps = [r.maps for r in results if isinstance(r, Explained) and _has_a_map(r)]
    reading = _reading([item.ref for item in items], built, rounds)
    writing = _writing(maps, len(items), built, rounds)
    apart = _milliseconds_apart(items, maps, built, rounds)
    here = sum(stage.milliseconds for stage in (reading, *writing))
    handing_over = Stage("hand over", "read and write", max(apart - here, 0.0))
    return (reading, handing_over, *_computing(batch, engine, rounds), *writing)


def _decoded(refs: Sequence[ImageRef], engine: Engine, reading: Reading) -> list[ImageItem]:
    found = [decode(ref, engine.preprocess, reading) for ref in refs]
    items = [item for item in found if not isinstance(item, FailedImage)]
    if not items:
        raise InputError(f"of {counted_as(len(refs), 'image')}, none can be decoded")
    return items


def _reading(refs: Sequence[ImageRef], built: BuiltRun, rounds: int) -> Stage:
    preprocess, reading = built.engine.preprocess, reading_for(built.config)
    (spent,) = _milliseconds(
        rounds, len(refs), lambda: [decode(ref, preprocess, reading) for ref in refs]
    )
    return Stage("decode", "read", spent)


def _milliseconds_apart(
    items: Sequence[ImageItem], maps: Sequence[_MapsOfImage], built: BuiltRun, rounds: int
) -> float:
    """Return the milliseconds per image of decoding and writing together in a worker process."""
    preprocess = built.engine.preprocess
    with (
        tempfile.TemporaryDirectory(prefix="camcli-bench-") as folder,
        workers_for(built.config) as workers,
    ):
        local = _writer(Path(folder), built)
        writer = RemoteWriter(workers, local) if draws(built.config) else local

        def work() -> None:
            for item in items:
                workers.decode(item.ref, preprocess)
            for of_image in maps:
                writer.write(of_image)
            for item in items:
                workers.forget(item.ref)

        (spent,) = _milliseconds(rounds, len(items), work)
    return spent


def _writer(folder: Path, built: BuiltRun) -> ArtefactWriter:
    return ArtefactWriter(
        folder,
        built.config.output,
        built.provenance,
        class_in_name=built.engine.targets.many,
        method_in_path=len(built.methods) > 1,
    )


def _computing(batch: Batch, engine: Engine, rounds: int) -> list[Stage]:
    images = engine.normalized(batch.items)

    @torch.no_grad()
    def trunk() -> None:
        engine.network.trunk(images)
        _wait_for(engine.device)

    def copy() -> None:
        engine.normalized(batch.items)
        _wait_for(engine.device)

    copying, in_trunk, explaining = _milliseconds(
        rounds, len(batch.items), copy, trunk, lambda: engine.explain(batch)
    )
    rest = max(explaining - copying - in_trunk, 0.0)
    return [
        Stage("copy and normalise", "compute", copying),
        Stage("trunk", "compute", in_trunk),
        Stage("tail and method", "compute", rest),
    ]


def _has_a_map(explained: Explained) -> bool:
    return not all(saliency_map.degenerate for saliency_map in explained.maps)


def _writing(
    maps: Sequence[_MapsOfImage], images: int, built: BuiltRun, rounds: int
) -> list[Stage]:
    output = built.config.output
    if not maps:
        return []
    with tempfile.TemporaryDirectory(prefix="camcli-bench-") as folder:
        writer = _writer(Path(folder), built)
        kinds = saved_artefacts(output, built.provenance).values()

        def render() -> list[tuple[AnyArtefact, object]]:
            return [(kind, made) for m in maps for kind in kinds for made in _rendered(kind, m)]

        rendered = [(kind, shown) for kind, shown in render() if shown is not None]

        def encode() -> None:
            for kind, shown in rendered:
                kind.encode(shown)

        rendering, encoding, writing = _milliseconds(
            rounds, images, render, encode, lambda: [writer.write(m) for m in maps]
        )
    rest = max(writing - rendering - encoding, 0.0)
    return [
        Stage("render", "write", rendering),
        Stage("encode", "write", encoding),
        Stage("write", "write", rest),
    ]


def _rendered(kind: AnyArtefact, maps: _MapsOfImage) -> list[object]:
    if isinstance(kind, ImageArtefact):
        return [kind.render(maps)]
    return [kind.render(saliency_map) for saliency_map in maps if not saliency_map.degenerate]


def _milliseconds(rounds: int, count: int, *things: Callable[[], object]) -> list[float]:
    """Return the median milliseconds per image of each callable; they alternate."""
    times: list[list[float]] = [[] for _ in things]
    for _ in range(rounds + 1):
        for found, thing in zip(times, things, strict=True):
            start = time.perf_counter()
            thing()
            found.append(time.perf_counter() - start)
    return [median(found[1:]) * 1000 / count for found in times]


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
