"""Trains the demo network from scratch: `python -m camcli.demo.train`."""

import argparse
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from camcli.demo.accuracy import share_recognised
from camcli.demo.dataset import Examples, draw_examples
from camcli.demo.network import DemoNet, normalised
from camcli.demo.scenes import CLASSES

# One in twenty scenes is empty: clutter alone must be evidence for no class.
_TRAINING_COUNTS = (1,) * 9 + (2,) * 6 + (3,) * 4 + (0,)
_SEEDS_PER_RUN = 1_000_000
_UNSEEN_SEED = 1_000_000_000
_BATCH = 64
_PEAK_RATE = 4e-3
_WEIGHT_DECAY = 0.02


@dataclass(frozen=True)
class Report:
    """What is written beside the weights: where they come from and how good they are.

    The accuracies are fractions, 0 to 1: `single_accuracy` over `unseen_scenes` scenes of one
    object, `several_accuracy` over as many scenes of two or three.
    """

    classes: tuple[str, ...]
    seed: int
    training_scenes: int
    steps: int
    training_seconds: float
    parameters: int
    single_accuracy: float
    several_accuracy: float
    unseen_scenes: int
    sha256: str


def _warped(images: Tensor, chance: torch.Generator) -> Tensor:
    """Mirror, zoom and shift float images a little, each in its own way."""
    count = len(images)
    zoom = torch.empty(count).uniform_(0.85, 1.2, generator=chance)
    flip = torch.randint(0, 2, (count,), generator=chance) * 2.0 - 1.0
    shift = torch.empty(count, 2).uniform_(-0.12, 0.12, generator=chance)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0] = zoom * flip
    maps[:, 1, 1] = zoom
    maps[:, :, 2] = shift
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _relit(images: Tensor, chance: torch.Generator) -> Tensor:
    """Change contrast, tint and brightness of normalised images and add noise."""
    count = len(images)
    gain = torch.empty(count, 1, 1, 1).uniform_(0.75, 1.25, generator=chance)
    tint = torch.empty(count, 3, 1, 1).uniform_(-0.3, 0.3, generator=chance)
    level = torch.empty(count, 1, 1, 1).uniform_(0.0, 0.15, generator=chance)
    noise = torch.empty_like(images).normal_(generator=chance)
    return images * gain + tint + noise * level


def _batches(examples: Examples, steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    chance = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < _BATCH:
            order = torch.cat([order, torch.randperm(len(examples.targets), generator=chance)])
        chosen, order = order[:_BATCH], order[_BATCH:]
        images = _warped(normalised(examples.images[chosen]), chance)
        yield _relit(images, chance), examples.targets[chosen]


def train(examples: Examples, steps: int, seed: int) -> DemoNet:
    """Train a network for `steps` batches of 64, printing progress; return it ready to evaluate."""
    torch.manual_seed(seed)
    network = DemoNet().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), _PEAK_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=steps)
    started, recent = time.monotonic(), 0.0
    for step, (images, targets) in enumerate(_batches(examples, steps, seed), start=1):
        inputs = images.contiguous(memory_format=torch.channels_last)
        loss = functional.cross_entropy(network(inputs), targets)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        recent += loss.item()
        if step % 50 == 0:
            elapsed = time.monotonic() - started
            print(f"step {step}/{steps}  loss {recent / 50:.3f}  {elapsed:.0f} s", flush=True)
            recent = 0.0
    return network.to(memory_format=torch.contiguous_format).eval()


def _saved(network: nn.Module, path: Path) -> str:
    """Write the weights and return the SHA-256 of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m camcli.demo.train", description=__doc__)
    weights = Path(__file__).parent / "weights"
    parser.add_argument("--out", type=Path, default=weights, help="folder for the weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=18_000, help="training scenes to draw")
    parser.add_argument("--steps", type=int, default=1_900, help=f"batches of {_BATCH}")
    parser.add_argument("--unseen", type=int, default=1_000, help="scenes per measured accuracy")
    parser.add_argument("--workers", type=int, default=2, help="processes drawing scenes")
    return parser.parse_args(argv)


def _report(options: argparse.Namespace, network: DemoNet, seconds: float, sha256: str) -> Report:
    unseen = range(_UNSEEN_SEED, _UNSEEN_SEED + options.unseen)
    single = draw_examples(unseen, (1,), options.workers)
    several = draw_examples(unseen, (2, 3), options.workers)
    return Report(
        classes=CLASSES,
        seed=options.seed,
        training_scenes=options.scenes,
        steps=options.steps,
        training_seconds=round(seconds, 1),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        single_accuracy=round(share_recognised(network, single), 4),
        several_accuracy=round(share_recognised(network, several), 4),
        unseen_scenes=options.unseen,
        sha256=sha256,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the scenes, train, measure on unseen scenes, write weights and report."""
    options = _arguments(argv)
    started = time.monotonic()
    first = options.seed * _SEEDS_PER_RUN
    seeds = range(first, first + options.scenes)
    examples = draw_examples(seeds, _TRAINING_COUNTS, options.workers)
    print(f"drew {options.scenes} scenes in {time.monotonic() - started:.0f} s", flush=True)
    network = train(examples, options.steps, options.seed)
    seconds = time.monotonic() - started
    report = _report(options, network, seconds, _saved(network, options.out / "demo.safetensors"))
    text = json.dumps(asdict(report), indent=2)
    (options.out / "demo.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
