"""Compare ways to weight DecomCAM's components with the masked forward passes that they replace.

    python -m benchmarks.studies.component_weights PHOTOS [--count 24]

SqueezeNet 1.1 with pretrained weights, the predicted class of each photograph, the same components
for all ways. The table has Pearson's correlation with the Q masked weights of an image, and of the
map from the weights (negative ones set to 0) with the map from the masked weights; means over the
photographs.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.studies.decom_cam import colours, images_of
from camcli.attribution.attribution import attribution_of
from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.methods._ops.decomposition import decompose
from camcli.methods.decom_cam import DecomCam
from camcli.methods.probe import Probe
from camcli.methods.scaling import min_max
from camcli.models import load_model
from camcli.run.cut import split_at

CHANNELS, COMPONENTS = 100, 10


def correlation(first: Tensor, second: Tensor) -> float:
    """Return the mean of Pearson's correlations of the rows; constant rows have none."""
    first = first - first.mean(1, keepdim=True)
    second = second - second.mean(1, keepdim=True)
    return float(torch.cosine_similarity(first, second, dim=1, eps=1e-12).mean())


def ways(probe: Probe, classes: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Return the OSSMs (B, Q, h, w), and each way's weights for them (B, Q) by name."""
    leaf = probe.activation.detach().requires_grad_()
    score = attribution_of(probe.network).tail.deeplift(leaf).gather(1, classes[:, None]).sum()
    (multipliers,) = torch.autograd.grad(score, leaf)
    contributions = multipliers * probe.activation
    alphas, chosen = probe.gradient(Objective.of(classes)).mean((2, 3)).topk(CHANNELS)
    index = chosen[..., None, None].expand(-1, -1, *contributions.shape[2:])
    maps = probe.activation.gather(1, index)
    found = decompose((maps * alphas[..., None, None]).flatten(2).mT, COMPONENTS, center=True)
    ossms = found.components.clamp_min(0).unflatten(-1, maps.shape[2:])
    along = found.patterns @ multipliers.gather(1, index).flatten(2).mT
    own = along * (found.patterns @ maps.flatten(2).mT)
    return ossms, {
        "`deeplift`": torch.einsum("bqhw,bhw->bq", min_max(ossms), contributions.sum(1)),
        "singular values": found.values,
        "all equal": torch.ones_like(found.values),
        "contribution of the component itself": own.sum(-1),
    }


def main() -> None:
    """Print one table row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=24)
    args = parser.parse_args()
    model = load_model(ModelConfig(name="squeezenet1_1"))
    network = split_at(model, "auto", torch.device("cpu"))
    every = sorted(args.photos.iterdir())
    mean, std = colours(model)
    images = images_of(model, every[:: len(every) // args.count][: args.count])
    probe = Probe(network, images, black=-mean / std)
    classes = probe.logits.argmax(1)
    masked = DecomCam(threshold=None, weights="max").explain(probe, Objective.of(classes))
    assert masked.components is not None
    ossms, weights = ways(probe, classes)
    print("| w_q | with the masked weights | map with the masked map |\n|---|---|---|")
    for name, given in weights.items():
        with_weights = correlation(given, masked.components.weights)
        maps = torch.einsum("bq,bqhw->bhw", given.clamp_min(0), ossms).flatten(1)
        expected = torch.einsum("bq,bqhw->bhw", masked.components.weights.clamp_min(0), ossms)
        shown = "-" if name == "all equal" else f"{with_weights:.2f}"
        print(f"| {name} | {shown} | {correlation(maps, expected.flatten(1)):.2f} |")


if __name__ == "__main__":
    main()
