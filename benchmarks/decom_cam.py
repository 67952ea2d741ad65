"""Time decom-cam against plain forward passes and against its slow reference, in one run.

    python -m benchmarks.decom_cam PHOTOS [--model squeezenet1_1] [--compile] [--rounds 5]

Every round times every side once, one after the other, so that whatever else the machine does
falls on all of them; a ratio is taken within each round, and the table has its median and
quartiles. The sides:

- forward: the whole network on the batch, compiled with --compile, times Q + 2 in the ratio;
- decom-cam: the default options; masked pictures go through that same network, and the trunk of
  the first pass is compiled too, while the tail's gradient is eager;
- decom-cam, bfloat16: the same, network and trunk in bfloat16 but for the tail's gradient;
- decom-cam, deeplift: `integrate: deeplift, channel_weights: lift`;
- reference: `tests/reference/decom_cam.py`, image by image, eager, on a few of the images.

The share of the decomposition is what `decompose` takes of decom-cam's time in the same round.
Models other than squeezenet1_1 and demo have random weights here; that does not change their cost.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch._inductor.config as inductor
from torch import Tensor, nn

from camcli.assembly import split_at
from camcli.config import ModelConfig
from camcli.graph.split import SplitNetwork
from camcli.images.decode import decode
from camcli.methods import create_method, decom_cam
from camcli.methods.decomposition import decompose
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.records import ImageItem, ImageRef
from tests.reference import decom_cam as reference

COMPONENTS = 10
FORWARDS = 4
WITH_WEIGHTS = ("squeezenet1_1", "demo")


@dataclass(frozen=True)
class Work:
    """What every side works on: normalised images (B, 3, H, W) and the class of each."""

    model: LoadedModel
    images: Tensor
    classes: Tensor


def images_of(model: LoadedModel, photos: Sequence[Path]) -> Tensor:
    """Return the photographs as the network wants them."""
    refs = [ImageRef(i, path, path.name) for i, path in enumerate(photos)]
    items = [decode(ref, model.preprocess) for ref in refs]
    pixels = np.stack([item.pixels for item in items if isinstance(item, ImageItem)])
    mean, std = colours(model)
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - mean) / std


def colours(model: LoadedModel) -> tuple[Tensor, Tensor]:
    """Return the mean and deviation of the normalisation, (3, 1, 1) each."""
    preprocess = model.preprocess
    mean, std = torch.tensor(preprocess.mean), torch.tensor(preprocess.std)
    return mean.view(3, 1, 1), std.view(3, 1, 1)


def predict(network: Callable[[Tensor], Tensor], images: Tensor) -> None:
    """Run plain forward passes, several, for one is over too soon to be timed well."""
    with torch.no_grad():
        for _ in range(FORWARDS):
            network(images)


def explain(network: SplitNetwork, work: Work, options: Mapping[str, object]) -> Tensor:
    """Return raw maps, from pictures on: trunk, tail, method."""
    mean, std = colours(work.model)
    method = create_method("decom-cam", options)
    probe = Probe(network, work.images, method.uses_deeplift, black=-mean / std)
    return method.explain(probe, work.classes).maps


def refer(work: Work, layer: nn.Module, count: int) -> None:
    """Explain the first few images by the slow reference."""
    mean, std = (t.view(3).numpy() for t in colours(work.model))
    for image, target in zip(work.images[:count], work.classes[:count], strict=True):
        reference.decom_cam(
            work.model.network, layer, image, int(target), (mean, std), reference.PAPER
        )


def compiled(module: Callable[..., object]) -> Callable[..., object]:
    """Compile as a batch tool would: weights frozen, one batch size."""
    return torch.compile(module, dynamic=False, options={"freezing": True})


class InBfloat16(nn.Module):
    """A network that computes in bfloat16 and gives float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).bfloat16()

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return what the network gives: a tensor, or several."""
        found = self.network(images.bfloat16())
        return found.float() if isinstance(found, Tensor) else tuple(t.float() for t in found)


@dataclass(frozen=True)
class FastSplit(SplitNetwork):
    """A split network whose plain predictions come from one function, undivided."""

    whole: Callable[[Tensor], Tensor]

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits (B, N) of images (B, 3, H, W)."""
        return self.whole(images)


def fast(
    network: SplitNetwork, trunk: Callable[..., object], whole: Callable[..., object]
) -> FastSplit:
    """Replace the trunk of a split network, and the whole of it."""
    parts = {field.name: getattr(network, field.name) for field in fields(network)}
    return FastSplit(**parts | {"trunk": trunk}, whole=whole)


class DecompositionClock:
    """Stands in for `decompose` and adds up what it takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *args: object) -> object:
        """Decompose, and take the time."""
        start = time.perf_counter()
        found = decompose(*args)  # type: ignore[arg-type]
        self.seconds += time.perf_counter() - start
        return found


def sides_of(
    work: Work, network: SplitNetwork, few: int, compiling: bool
) -> dict[str, tuple[Callable[[], object], int]]:
    """Return each side with the number of images that it works on."""
    make = compiled if compiling else (lambda module: module)
    plain = make(work.model.network)
    full = fast(network, make(network.trunk), plain)
    low = fast(network, make(InBfloat16(network.trunk)), make(InBfloat16(work.model.network)))
    deeplift = {"integrate": "deeplift", "channel_weights": "lift"}
    layer = work.model.network.get_submodule(network.layer)
    batch = len(work.images)
    return {
        "forward": (partial(predict, plain, work.images), FORWARDS * batch),
        "decom-cam": (partial(explain, full, work, {}), batch),
        "decom-cam, bfloat16": (partial(explain, low, work, {}), batch),
        "decom-cam, deeplift": (partial(explain, full, work, deeplift), batch),
        "reference": (partial(refer, work, layer, few), few),
    }


def measure(
    sides: Mapping[str, tuple[Callable[[], object], int]], rounds: int
) -> dict[str, list[float]]:
    """Return the seconds an image of each side in each round, and the decomposition's."""
    found = defaultdict(list)
    for number in range(rounds + 1):
        for name, (side, count) in sides.items():
            clock = DecompositionClock()
            with patch.object(decom_cam, "decompose", clock):
                start = time.perf_counter()
                side()
                spent = (time.perf_counter() - start) / count
            if number:  # the first compiles, and fills caches
                found[name].append(spent)
                if name == "decom-cam":
                    found["decomposition"].append(clock.seconds / count)
    return found


def quartiles(values: Sequence[float]) -> str:
    """Return the median with its quartiles."""
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{median:.3g} ({low:.3g} to {high:.3g})"


def report(found: Mapping[str, Sequence[float]]) -> None:
    """Print the times and the ratios as Markdown."""
    seconds = {name: np.array(spent) for name, spent in found.items()}
    passes = (COMPONENTS + 2) * seconds["forward"]
    print("| side | ms an image: median (quartiles) |\n|---|---|")
    for name, spent in seconds.items():
        print(f"| {name} | {quartiles(1000 * spent)} |")
    ratios = {
        "decom-cam / (Q + 2) forwards": seconds["decom-cam"] / passes,
        "decomposition / decom-cam, %": 100 * seconds["decomposition"] / seconds["decom-cam"],
        "reference / decom-cam": seconds["reference"] / seconds["decom-cam"],
        "reference / decom-cam, bfloat16": seconds["reference"] / seconds["decom-cam, bfloat16"],
        "reference / decom-cam, deeplift": seconds["reference"] / seconds["decom-cam, deeplift"],
        "reference / forward": seconds["reference"] / seconds["forward"],
    }
    print("\n| ratio | median (quartiles) |\n|---|---|")
    for name, ratio in ratios.items():
        print(f"| {name} | {quartiles(ratio)} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default="squeezenet1_1")
    parser.add_argument("--layer", default="auto")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--few", type=int, default=4, help="images the reference explains")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    inductor.freezing = args.compile
    torch.set_flush_denormal(True)
    weights = "default" if args.model in WITH_WEIGHTS else None
    model = load_model(ModelConfig(name=args.model, weights=weights))
    network = split_at(model, args.layer, torch.device("cpu"))
    images = images_of(model, sorted(args.photos.iterdir())[: args.batch])
    with torch.no_grad():
        work = Work(model, images, network.predict(images).argmax(1))
    print(
        f"{args.model} at {network.layer}, batch {args.batch}, {torch.get_num_threads()} threads, "
        f"{'compiled' if args.compile else 'eager'}, {args.rounds} rounds, "
        f"load {os.getloadavg()[0]:.1f}\n"
    )
    report(measure(sides_of(work, network, args.few, args.compile), args.rounds))


if __name__ == "__main__":
    main()
