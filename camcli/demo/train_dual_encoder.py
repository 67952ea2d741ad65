"""Trains the demo's dual encoder from scratch: `python -m camcli.demo.train_dual_encoder`."""

import argparse
import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from camcli.demo.captions import Caption, Thing, WordTokenizer, draw_caption, things_in
from camcli.demo.dual_encoder import IMAGE_SIZE, WEIGHTS, new_dual_encoder, normalised
from camcli.demo.retrieval import CaptionedScenes, Retrieval, measure_retrieval, truths
from camcli.demo.scenes import make_scene

_TRAINING_COUNTS = (1, 2, 2, 3)
_SEEDS_PER_RUN = 1_000_000
_UNSEEN_SEED = 1_000_000_000
_BATCH = 64
_PEAK_RATE = 2e-3
_WEIGHT_DECAY = 0.05
_SHARPEST = math.log(100)


@dataclass(frozen=True)
class Report:
    """What is written beside the weights: where they come from and how good they are.

    `retrieval` is measured over `unseen_scenes` scenes of two objects.
    """

    seed: int
    training_scenes: int
    steps: int
    training_seconds: float
    parameters: int
    logit_scale: float
    unseen_scenes: int
    retrieval: Retrieval
    sha256: str


def draw_scenes(seeds: range, counts: Sequence[int], workers: int = 1) -> CaptionedScenes:
    """Draw one scene per seed, with `counts[seed % len(counts)]` objects each."""
    asked = [(seed, counts[seed % len(counts)]) for seed in seeds]
    pool = ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else nullcontext()
    with pool as executor:
        drawn = list(executor.map(_drawn, asked, chunksize=64) if executor else map(_drawn, asked))
    images = torch.from_numpy(np.stack([image for image, _ in drawn]))
    return CaptionedScenes(
        images.permute(0, 3, 1, 2).contiguous(), tuple(things for _, things in drawn)
    )


def _drawn(asked: tuple[int, int]) -> tuple[NDArray[np.uint8], tuple[Thing, ...]]:
    seed, count = asked
    scene = make_scene(seed, (IMAGE_SIZE, IMAGE_SIZE), objects=count)
    return np.asarray(scene.image), things_in(scene)


def _varied(images: Tensor, chance: torch.Generator) -> Tensor:
    """Zoom, shift, relight and add noise to normalised images, so that captions stay true."""
    count = len(images)
    maps = torch.zeros(count, 2, 3)
    zoom = torch.empty(count).uniform_(0.85, 1.15, generator=chance)
    maps[:, 0, 0] = maps[:, 1, 1] = zoom
    maps[:, :, 2] = torch.empty(count, 2).uniform_(-0.1, 0.1, generator=chance)
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    gain = torch.empty(count, 1, 1, 1).uniform_(0.85, 1.15, generator=chance)
    tint = torch.empty(count, 3, 1, 1).uniform_(-0.12, 0.12, generator=chance)
    level = torch.empty(count, 1, 1, 1).uniform_(0.0, 0.12, generator=chance)
    noise = torch.empty_like(moved).normal_(generator=chance)
    return moved * gain + tint + noise * level


@dataclass(frozen=True, eq=False)
class _Lesson:
    """A batch: normalised images, a caption drawn for each, and which caption is true of which."""

    images: Tensor
    captions: Sequence[Caption]
    true: Tensor


def _lessons(scenes: CaptionedScenes, steps: int, seed: int) -> Iterator[_Lesson]:
    chance, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < _BATCH:
            order = torch.cat([order, torch.randperm(len(scenes.things), generator=chance)])
        chosen, order = order[:_BATCH], order[_BATCH:]
        things = [scenes.things[index] for index in chosen.tolist()]
        captions = [draw_caption(seen, rng) for seen in things]
        images = _varied(normalised(scenes.images[chosen]), chance)
        yield _Lesson(images, captions, truths(captions, things))


def _loss(scores: Tensor, true: Tensor) -> Tensor:
    """Return CLIP's symmetric cross-entropy, its targets spread evenly over all true pairs."""
    to_text = true / true.sum(1, keepdim=True)
    to_image = true / true.sum(0, keepdim=True)
    return (
        functional.cross_entropy(scores, to_text) + functional.cross_entropy(scores.T, to_image.T)
    ) / 2


def train(scenes: CaptionedScenes, steps: int, seed: int) -> Any:
    """Train a dual encoder for `steps` batches of 64; return it ready to evaluate."""
    torch.manual_seed(seed)
    network: Any = new_dual_encoder().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), _PEAK_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=steps)
    tokenizer = WordTokenizer()
    started, recent = time.monotonic(), 0.0
    for step, lesson in enumerate(_lessons(scenes, steps, seed), start=1):
        inputs = lesson.images.contiguous(memory_format=torch.channels_last)
        tokens = tokenizer([str(caption) for caption in lesson.captions])
        with torch.autocast("cpu", torch.bfloat16):
            images, texts = network.encode_image(inputs), network.encode_text(tokens)
        cosines = functional.normalize(images.float()) @ functional.normalize(texts.float()).T
        loss = _loss(network.logit_scale.exp() * cosines, lesson.true.float())
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            network.logit_scale.clamp_(0.0, _SHARPEST)
        recent += loss.item()
        if step % 50 == 0:
            elapsed = time.monotonic() - started
            print(f"step {step}/{steps}  loss {recent / 50:.3f}  {elapsed:.0f} s", flush=True)
            recent = 0.0
    return network.to(memory_format=torch.contiguous_format).eval()


def _rounded(network: nn.Module) -> dict[str, Tensor]:
    """Round the parameters to float16, in the network as well, and return them."""
    rounded = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(rounded)
    return rounded


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m camcli.demo.train_dual_encoder", description=__doc__
    )
    weights = Path(__file__).parent / "weights"
    parser.add_argument("--out", type=Path, default=weights, help="folder for the weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=9_000, help="training scenes to draw")
    parser.add_argument("--steps", type=int, default=1_100, help=f"batches of {_BATCH}")
    parser.add_argument("--unseen", type=int, default=1_000, help="scenes to measure on")
    parser.add_argument("--workers", type=int, default=2, help="processes drawing scenes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the scenes, train, measure on unseen scenes, write weights and report."""
    options = _arguments(argv)
    started = time.monotonic()
    first = options.seed * _SEEDS_PER_RUN
    scenes = draw_scenes(range(first, first + options.scenes), _TRAINING_COUNTS, options.workers)
    print(f"drew {options.scenes} scenes in {time.monotonic() - started:.0f} s", flush=True)
    network = train(scenes, options.steps, options.seed)
    seconds = time.monotonic() - started
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / WEIGHTS
    save_file(_rounded(network), path)
    unseen = range(_UNSEEN_SEED, _UNSEEN_SEED + options.unseen)
    report = Report(
        seed=options.seed,
        training_scenes=options.scenes,
        steps=options.steps,
        training_seconds=round(seconds, 1),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        logit_scale=round(network.logit_scale.exp().item(), 3),
        unseen_scenes=options.unseen,
        retrieval=measure_retrieval(network, draw_scenes(unseen, (2,), options.workers)),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    text = json.dumps(asdict(report), indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
