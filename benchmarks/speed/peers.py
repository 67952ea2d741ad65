"""Explain one folder with camcli and with comparable tools, alternating in one run.

    python -m benchmarks.speed.peers PHOTOS [--model resnet50] [--method grad-cam] [--rounds 3]

Every side reads the same JPEG files (made from PHOTOS, see `benchmarks.data.photographs`), explains
the predicted class by the same network at the same layer, and writes for each image a float32 map
of the network's input size as .npy, and an overlay of the image's own size as .png (the others by
Pillow at its fastest setting).

camcli is timed from outside: `camcli explain` as a command over the whole folder, including the
interpreter, imports, loading and tracing of the network, divided by the number of files; and a
second time without these, according to its own record of the run. The others are timed as loops in
this process that are warm already, and over a part of the folder, which suffices for a steady
loop; that favours them. They run as their documentation shows, in eager float32: pytorch-grad-cam
as in its example, one image at a time, and in batches, which its README mentions; torch-cam as in
its quick tour; Captum as in its tutorials, but its maps are drawn by Pillow instead of Matplotlib,
which would otherwise dominate. Denormal numbers are flushed to zero for all.

Grad-CAM is compared with `--method grad-cam`, Captum's LayerDeepLift with `--method deep-lift`
(with a black image as the reference, because Captum has none at a layer).

Each of camcli's sides first has a run of its own, which is reported separately: it compiles the
network, unless the cache (`--cache`, by default a folder for this run alone) holds it already. The
timed runs find it there, as a user's later runs do.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import transforms

from benchmarks.data.photographs import make_photographs
from benchmarks.speed.other_tools import PEERS, Peer
from camcli.config import ModelConfig
from camcli.models import LoadedModel, load_model

# Pillow's defaults would cost the others more.
PNG: dict[str, int] = {"compress_level": 1, "compress_type": zlib.Z_RLE}
WITH_WEIGHTS = ("squeezenet1_1",)
LAYERS = {"resnet50": "layer4", "squeezenet1_1": "features"}
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Loop:
    """A loop over files, as a user of a library writes it."""

    peer: Peer
    transform: Callable[[Image.Image], Tensor]
    files: Sequence[Path]
    folder: Path

    def __call__(self) -> None:
        """Explain every file and write its map and overlay."""
        self.folder.mkdir(exist_ok=True)
        for start in range(0, len(self.files), self.peer.batch):
            files = self.files[start : start + self.peer.batch]
            images = [Image.open(file).convert("RGB") for file in files]
            maps = self.peer.explain(torch.stack([self.transform(p) for p in images]))
            for file, image, values in zip(files, images, maps, strict=True):
                np.save(self.folder / f"{file.name}.npy", values)
                overlay = self.peer.draw(image, values)
                overlay.save(self.folder / f"{file.name}.png", **PNG)


@dataclass(frozen=True)
class Command:
    """`camcli explain` over a whole folder, in a process of its own."""

    arguments: tuple[str, ...]
    folder: Path
    cache: Path

    def __call__(self) -> float:
        """Run it, and check that no image failed; degenerate ones are allowed.

        Returns:
            The seconds in `run.json`: from the start of the processes that decode to the last
            file, without the interpreter, imports, loading and tracing.
        """
        command = [sys.executable, "-m", "camcli", "explain", *self.arguments, "--exit-zero"]
        command += ["-o", str(self.folder), "--quiet"]
        environment = os.environ | {"XDG_CACHE_HOME": str(self.cache)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        record = {} if done.returncode else json.loads((self.folder / "run.json").read_text())
        if record.get("rows", {}).get("failed") != 0:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        return float(record["seconds"]["total"])


def camcli_sides(
    options: argparse.Namespace, files: Path, results: Path, cache: Path
) -> dict[str, Command]:
    """Return camcli at each precision."""
    chosen = [str(files), "-m", options.model, "--layer", LAYERS[options.model]]
    chosen += ["--method", options.method, "--checkpoint", str(checkpoint_in(results))]
    return {
        f"camcli, {precision}": Command(
            (*chosen, "--precision", precision), results / precision, cache
        )
        for precision in PRECISIONS
    }


def peer_sides(
    options: argparse.Namespace, files: Sequence[Path], results: Path, stack: ExitStack
) -> dict[str, Loop]:
    """Return the other tools on the same network, whose weights camcli is given as a checkpoint."""
    weights = "default" if options.model in WITH_WEIGHTS else None
    model = load_model(ModelConfig(name=options.model, weights=weights))
    torch.save(model.network.state_dict(), checkpoint_in(results))
    network = model.network.eval()
    # As when its user has just loaded it, all parameters of the network require gradients.
    network.requires_grad_(True)
    layer = network.get_submodule(LAYERS[options.model])
    return {
        name: Loop(peer, transform_of(model), files, results / f"peer-{number}")
        for number, (name, peer) in enumerate(PEERS[options.method](network, layer, stack).items())
    }


def checkpoint_in(results: Path) -> Path:
    """Return where the network's weights are stored."""
    return results / "weights.pt"


def transform_of(model: LoadedModel) -> Callable[[Image.Image], Tensor]:
    """Return torchvision's own transform with the settings that camcli uses for a network."""
    preprocess = model.preprocess
    transform: Callable[[Image.Image], Tensor] = transforms.Compose(
        [
            transforms.Resize(preprocess.resize),
            transforms.CenterCrop(preprocess.crop),
            transforms.ToTensor(),
            transforms.Normalize(preprocess.mean, preprocess.std),
        ]
    )
    return transform


def agreement(mine: Path, theirs: Path, files: Iterable[Path]) -> float:
    """Return the mean cosine between two tools' maps, over the images for which both have one."""
    cosines = []
    for file in files:
        own = mine / "maps" / f"{file.name}.npy"
        b = np.load(theirs / f"{file.name}.npy").ravel()
        if own.exists() and b.any():
            a = np.load(own).ravel()
            cosines.append(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
    return statistics.mean(cosines) if cosines else float("nan")


def measure(
    sides: Mapping[str, tuple[Loop | Command, int]], rounds: int
) -> dict[str, tuple[float, ...]]:
    """Return the milliseconds per image of every side in each round, one side after the other.

    Every side writes into a folder that does not exist yet. A side that reports its time without
    start-up is listed a second time, with that.
    """
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        for name, (run, images) in sides.items():
            shutil.rmtree(run.folder, ignore_errors=True)
            start = time.perf_counter()
            started = run()
            times = {name: time.perf_counter() - start}
            if started is not None:
                times[f"{name}, once started"] = started
            for side, seconds in times.items():
                found.setdefault(side, []).append(1000 * seconds / images)
                print(f"round {number + 1}: {side} {found[side][-1]:.1f} ms", file=sys.stderr)
    return {name: tuple(spent) for name, spent in found.items()}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, minimum and maximum."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summary(
    found: Mapping[str, Sequence[float]], cosines: Mapping[str, float]
) -> dict[str, dict[str, object]]:
    """Return the figures of each side, with ratios taken within each round."""
    own = [name for name in found if name.startswith("camcli")]
    return {
        name: {
            "ms_an_image": spread(spent),
            "slower_than": {
                mine: spread([a / b for a, b in zip(spent, found[mine], strict=True)])
                for mine in own
                if mine != name
            },
            "cosine_of_maps": cosines.get(name),
        }
        for name, spent in found.items()
    }


def print_table(sides: Mapping[str, Any]) -> None:
    """Print a summary as Markdown."""
    own = [name for name in sides if name.startswith("camcli")]
    heads = ["side", "ms per image", *(f"{mine} is faster by" for mine in own), "maps' cosine"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, side in sides.items():
        times = [side["ms_an_image"], *(side["slower_than"].get(mine) for mine in own)]
        cells = [
            "" if t is None else "{median:.3g} ({min:.3g} to {max:.3g})".format(**t) for t in times
        ]
        cosine = side["cosine_of_maps"]
        cells.append("" if cosine is None else f"{cosine:.4f}")
        print(f"| {name} | {' | '.join(cells)} |")


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", choices=LAYERS, default="resnet50")
    parser.add_argument("--method", choices=PEERS, default="grad-cam")
    parser.add_argument("--count", type=int, default=1000, help="files that camcli explains")
    parser.add_argument("--few", type=int, default=32, help="how many of them the others explain")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="folder for compiled networks")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def compare(options: argparse.Namespace, results: Path, stack: ExitStack) -> dict[str, Any]:
    """Run every side, and return the results, JSON-ready."""
    folder, cache = results / "photographs", options.cache or results / "cache"
    make_photographs(options.photos, folder, options.count)
    few = sorted(folder.iterdir())[: options.few]
    commands = camcli_sides(options, folder, results, cache)
    loops = peer_sides(options, few, results, stack)
    sides = {name: (command, options.count) for name, command in commands.items()}
    compiling = {
        name: (replace(command, arguments=(*command.arguments, "--compile")), options.count)
        for name, command in commands.items()
    }
    first = measure(compiling, 1)
    for loop in loops.values():
        loop()
    found = measure(
        sides | {name: (loop, len(few)) for name, loop in loops.items()}, options.rounds
    )
    exact = commands["camcli, fp32"].folder
    cosines = {name: agreement(exact, loop.folder, few) for name, loop in loops.items()}
    return {
        "model": options.model,
        "layer": LAYERS[options.model],
        "method": options.method,
        "files": options.count,
        "files_of_others": len(few),
        "rounds": options.rounds,
        "threads": torch.get_num_threads(),
        "first_run_ms_an_image": {name: spent for name, (spent,) in first.items()},
        "sides": summary(found, cosines),
    }


def main() -> None:
    """Print the times of each side, and the ratios."""
    options = parsed()
    torch.set_flush_denormal(True)
    with ExitStack() as stack:
        results = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = compare(options, results, stack)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print("{model} at {layer}, {method}, {files} files, {threads} threads\n".format(**found))
    print_table(found["sides"])
    for name, spent in found["first_run_ms_an_image"].items():
        print(f"\n{name}, the first run, which compiles first: {spent:.1f} ms per image")


if __name__ == "__main__":
    main()
