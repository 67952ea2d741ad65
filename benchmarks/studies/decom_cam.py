"""Time decom-cam against plain forward passes and its slow reference implementation, in one run.

    python -m benchmarks.studies.decom_cam PHOTOS [--model squeezenet1_1] [--compile] [--rounds 5]

Every round times every side once, one after the other, so that other load on the machine affects
all of them; ratios are taken within each round, and the table has their medians and quartiles. The
sides:

- forward: the network on the batch, compiled as a whole with --compile, times Q + 2 in the ratio;
- camcli's forward: the same as camcli predicts, with the fastest trunk and an eager tail;
- decom-cam: the default options, the trunk as camcli runs it, compiled with --compile, and an eager
  tail, including the masked images;
- decom-cam, bfloat16: the same with `--precision bf16`;
- decom-cam, deeplift: `integrate: deeplift, channel_weights: lift`;
- reference: `tests/reference/decom_cam.py`, image by image, eager, on a few of the images.

The decomposition's percentage is the part of decom-cam's time that `decompose` takes in the same
round. Models other than squeezenet1_1 and demo have random weights; that does not change their
cost.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch._inductor.config as inductor
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.compile.acceleration import accelerate
from camcli.config import ModelConfig, Precision, RunConfig
from camcli.images.decode import decode
from camcli.methods import create_method, decom_cam
from camcli.methods._ops.decomposition import decompose
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.network.split import SplitNetwork
from camcli.records import ImageItem, ImageRef
from camcli.run.cut import split_at
from tests.reference import decom_cam as reference

COMPONENTS = 10
FORWARDS = 4
# CPU seconds of all threads are fairer than the wall clock on a machine with other load.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
WITH_WEIGHTS = ("squeezenet1_1", "demo")


@dataclass(frozen=True)
class Work:
    """The input of every side: normalised images (B, 3, H, W) and the class of each."""

    model: LoadedModel
    images: Tensor
    classes: Tensor


def images_of(model: LoadedModel, photos: Sequence[Path]) -> Tensor:
    """Return the photographs as the network's normalised input, (B, 3, H, W)."""
    refs = [ImageRef(i, path, path.name) for i, path in enumerate(photos)]
    items = [decode(ref, model.preprocess) for ref in refs]
    pixels = np.stack([item.pixels for item in items if isinstance(item, ImageItem)])
    mean, std = colours(model)
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - mean) / std


def colours(model: LoadedModel) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation of the normalisation, (3, 1, 1) each."""
    preprocess = model.preprocess
    mean, std = torch.tensor(preprocess.mean), torch.tensor(preprocess.std)
    return mean.view(3, 1, 1), std.view(3, 1, 1)


def predict(network: Callable[[Tensor], Tensor], images: Tensor) -> None:
    """Run several plain forward passes, because one is too short to be timed well."""
    with torch.no_grad():
        for _ in range(FORWARDS):
            network(images)


def explain(network: SplitNetwork, work: Work, options: Mapping[str, object]) -> Tensor:
    """Return raw maps, starting from images: trunk, prediction, method."""
    mean, std = colours(work.model)
    method = create_method("decom-cam", options)
    probe = Probe(network, work.images, method.uses_deeplift, black=-mean / std)
    return method.explain(probe, Objective.of(probe.logits.argmax(1))).positive


def refer(work: Work, layer: nn.Module, count: int) -> None:
    """Explain the first few images with the slow reference implementation."""
    mean, std = (t.view(3).numpy() for t in colours(work.model))
    for image, target in zip(work.images[:count], work.classes[:count], strict=True):
        reference.decom_cam(
            work.model.network, layer, image.contiguous(), int(target), (mean, std), reference.PAPER
        )


def compiled(module: Callable[..., object]) -> Callable[..., object]:
    """Compile as for a batch tool: frozen weights, one batch size."""
    return torch.compile(module, dynamic=False, options={"freezing": True})


def ready(network: SplitNetwork, precision: Precision, compiling: bool, batch: int) -> SplitNetwork:
    """Return the network as a run of camcli uses it."""
    run = RunConfig(precision=precision, compile=compiling)
    return accelerate(network, run, torch.device("cpu"), batch, None, print)


class DecompositionClock:
    """Stands in for `decompose` and adds up its time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.seconds = 0.0

    def __call__(self, *args: object) -> object:
        """Decompose, and add the time that it takes."""
        start = self._now()
        found = decompose(*args)  # type: ignore[arg-type]
        self.seconds += self._now() - start
        return found


def sides_of(
    work: Work, network: SplitNetwork, few: int, compiling: bool
) -> dict[str, tuple[Callable[[], object], int]]:
    """Return each side with the number of images that it works on."""
    batch = len(work.images)
    plain = compiled(work.model.network) if compiling else work.model.network
    full, low = (ready(network, precision, compiling, batch) for precision in ("fp32", "bf16"))
    deeplift = {"integrate": "deeplift", "channel_weights": "lift"}
    layer = work.model.network.get_submodule(network.layer)
    return {
        "forward": (partial(predict, plain, work.images), FORWARDS * batch),
        "camcli's forward": (partial(predict, full.predict, work.images), FORWARDS * batch),
        "decom-cam": (partial(explain, full, work, {}), batch),
        "decom-cam, bfloat16": (partial(explain, low, work, {}), batch),
        "decom-cam, deeplift": (partial(explain, full, work, deeplift), batch),
        "reference": (partial(refer, work, layer, few), few),
    }


def measure(
    sides: Mapping[str, tuple[Callable[[], object], int]], rounds: int, now: Callable[[], float]
) -> dict[str, list[float]]:
    """Return the seconds per image of each side in each round, and those of the decomposition."""
    found = defaultdict(list)
    for number in range(rounds + 1):
        for name, (side, count) in sides.items():
            clock = DecompositionClock(now)
            with patch.object(decom_cam, "decompose", clock):
                start = now()
                side()
                spent = (now() - start) / count
            if number:  # the first round compiles, and fills caches
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
    print("| side | ms per image: median (quartiles) |\n|---|---|")
    for name, spent in seconds.items():
        print(f"| {name} | {quartiles(1000 * spent)} |")
    ratios = {
        "decom-cam / (Q + 2) forwards": seconds["decom-cam"] / passes,
        "decom-cam / (Q + 2) of camcli's forwards": seconds["decom-cam"]
        / ((COMPONENTS + 2) * seconds["camcli's forward"]),
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
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
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
        f"{'compiled' if args.compile else 'eager'}, {args.rounds} rounds, {args.clock} clock, "
        f"load {os.getloadavg()[0]:.1f}\n"
    )
    report(
        measure(sides_of(work, network, args.few, args.compile), args.rounds, CLOCKS[args.clock])
    )


if __name__ == "__main__":
    main()
