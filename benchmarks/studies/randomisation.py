"""Whether maps follow the weights: cascading randomisation, from the scores downwards.

    python -m benchmarks.studies.randomisation photos PHOTOS [--count 8]
    python -m benchmarks.studies.randomisation scenes [--count 16]

Photographs with SqueezeNet, scenes of one object with the demo network. The weights of one module
after the other, the deepest first, are replaced by noise of the same mean and standard deviation;
after each, every method explains the class that the trained network predicted. The table holds
Spearman's ρ between those maps and the trained network's, averaged over the images that still have
a map; 1 means that nothing has changed. `random` derives its maps from the image alone, `centred`
from nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.demo.network import INPUT_SIZE, normalised
from camcli.demo.scenes import make_scene
from camcli.evaluation.metrics.randomisation import cascading_randomisation
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.methods import create_method
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.records import FailedImage
from camcli.run.cut import split_at

FIRST_SEED = 8_000_000
CPU = torch.device("cpu")
METHODS = (
    "lift-pyramid", "lift-cam", "deep-lift", "decom-cam", "grad-cam", "grad-cam++", "xgrad-cam",
    "layer-cam", "hires-cam", "eigen-cam", "eigen-grad-cam", "lrp-cam", "ablation-cam", "random",
)  # fmt: skip


def maps_of(model: LoadedModel, images: Tensor, classes: Tensor) -> Tensor:
    """Return every method's maps of a batch with the current weights, (M B, H, W)."""
    found = []
    # DeepLIFT keeps its pass at the reference, so every set of weights needs a new split.
    plain = Probe(split_at(model, "auto", CPU), images)
    for name in METHODS:
        method = create_method(name, {})
        probe = plain
        if name == "lift-pyramid":
            probe = Probe(split_at(model, "auto", CPU, method), images, with_reference=True)
        maps = method.explain(probe, Objective.of(classes)).positive
        found.append(F.interpolate(maps[:, None], images.shape[-2:], mode="bilinear")[:, 0])
    return torch.cat(found)


def cascade(model: LoadedModel, images: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield each randomised module, and the mean ρ of each method, (M,)."""
    network: nn.Module = model.network
    with torch.no_grad():
        classes = network(images).argmax(1)
    steps = cascading_randomisation(network, lambda: maps_of(model, images, classes))
    for path, similarity in steps:
        yield path, similarity.view(len(METHODS), -1).nanmean(1)


def photographs(folder: Path, model: LoadedModel, count: int) -> Tensor:
    """Return the first photographs of a folder as the network sees them."""
    refs = list(find_images([str(folder)]))[:count]
    items = [decode(ref, model.preprocess) for ref in refs]
    pixels = [item.pixels for item in items if not isinstance(item, FailedImage)]
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    preprocess = model.preprocess
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (preprocess.mean, preprocess.std))
    return (images - mean) / std


def scenes(count: int) -> Tensor:
    """Return scenes of one object each as the demo network sees them."""
    drawn = [make_scene(FIRST_SEED + i, (INPUT_SIZE, INPUT_SIZE), objects=1) for i in range(count)]
    pixels = np.stack([np.asarray(scene.image) for scene in drawn])
    return normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2))


def print_table(rows: Sequence[tuple[str, Tensor]]) -> None:
    """Print methods as rows and randomised modules as columns."""
    print(f"| method | {' | '.join(path for path, _ in rows)} |")
    print(f"|{'---|' * (len(rows) + 1)}")
    for number, name in enumerate(METHODS):
        cells = [float(similarity[number]) for _, similarity in rows]
        print(f"| {name} | {' | '.join(f'{c:.2f}' if c == c else '–' for c in cells)} |")


def main() -> None:
    """Print the table of one network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", choices=["photos", "scenes"])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=8)
    asked = parser.parse_args()
    torch.set_flush_denormal(True)
    model = load_model(ModelConfig(name="demo" if asked.world == "scenes" else "squeezenet1_1"))
    if asked.world == "scenes":
        images = scenes(asked.count)
    else:
        images = photographs(asked.folder, model, asked.count)
    print_table(list(cascade(model, images)))


if __name__ == "__main__":
    main()
