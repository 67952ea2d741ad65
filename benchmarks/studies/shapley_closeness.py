"""How close DeepLIFT's channel coefficients come to Shapley values, compared with gradients.

    python -m benchmarks.studies.shapley_closeness [--images 16] [--steps 800]

A small vision transformer and a small convolutional network with squeeze-and-excitation are
trained on the demo's scenes. The players are the channels of one layer, the value of a coalition is
the top class's logit with the maps of the absent channels set to zero: the game of LIFT-CAM. Its
Shapley values are computed exactly, from all 2^K coalitions. Compared per image are
α_k = Σ_ij C_k(i, j) of DeepLIFT and Σ_ij ∂s/∂A_k(i, j) A_k(i, j) of the gradient: Pearson
correlation with the Shapley values, and relative error |α - φ|₂ / |φ|₂; means over the images.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.attribution.objective import Objective
from camcli.demo.network import normalised
from camcli.demo.scenes import CLASSES, make_scene
from camcli.methods.probe import Probe
from camcli.network.split import split
from camcli.network.trace import trace

SIDE = 32
CHANNELS = 10
TRAINING_SCENES = 512
FIRST_TRAINING_SEED = 6_000_000
FIRST_SEED = 7_000_000
BATCH = 32


class SqueezeExcitation(nn.Module):
    """x · sigmoid(W₂ silu(W₁ mean x)), channel by channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Rescale the channels of x (B, K, h, w)."""
        return x * torch.sigmoid(self.up(F.silu(self.down(x.mean((2, 3), keepdim=True)))))


class SmallCnn(nn.Module):
    """Convolutions to K maps, then two with squeeze-and-excitation between, pooling, linear."""

    layer = "stem"

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1), nn.SiLU(), nn.Conv2d(24, CHANNELS, 3, 2, 1), nn.SiLU()
        )
        self.body = nn.Sequential(
            nn.Conv2d(CHANNELS, 32, 3, padding=1), nn.SiLU(), SqueezeExcitation(32),
            nn.Conv2d(32, 32, 3, padding=1), nn.SiLU(), SqueezeExcitation(32),
        )  # fmt: skip
        self.head = nn.Linear(32, len(CLASSES))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, 10)."""
        logits: Tensor = self.head(self.body(self.stem(images)).mean((2, 3)))
        return logits


class SmallTransformer(nn.Module):
    """Patches of K channels with positions, widened, then two pre-norm blocks and a class token."""

    layer = "positioned"

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1), nn.GELU(), nn.Conv2d(24, CHANNELS, 4, 2, 1)
        )
        self.positioned = nn.GELU()
        self.widen = nn.Conv2d(CHANNELS, width, 1)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (SIDE // 4) ** 2, width))
        self.blocks = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width, 4, 64, 0.0, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(2)
            )
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(CLASSES)))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, 10)."""
        maps = self.positioned(self.patches(images))
        tokens = self.widen(maps).flatten(2).transpose(1, 2) + self.positions
        tokens = torch.cat([self.token.expand(tokens.shape[0], -1, -1), tokens], 1)
        logits: Tensor = self.head(self.blocks(tokens)[:, 0])
        return logits


def scenes(first: int, count: int) -> tuple[Tensor, Tensor]:
    """Return scenes with one object each, (count, 3, SIDE, SIDE), and their classes."""
    drawn = [make_scene(first + i, (4 * SIDE, 4 * SIDE), objects=1) for i in range(count)]
    pixels = np.stack([np.asarray(scene.image.resize((SIDE, SIDE))) for scene in drawn])
    classes = [CLASSES.index(scene.objects[0].class_name) for scene in drawn]
    return normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2)), torch.tensor(classes)


def train(network: nn.Module, images: Tensor, classes: Tensor, steps: int) -> float:
    """Train for some steps; return the accuracy on the training scenes."""
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    network.train()
    for _ in range(steps):
        rows = torch.randint(len(images), (BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(network(images[rows]), classes[rows]).backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        return float((network(images).argmax(1) == classes).float().mean())


def shapley_values(probe: Probe, row: int, target: Tensor) -> Tensor:
    """Return φ (K,) = Σ_S |S|! (K-|S|-1)! / K! (v(S + k) - v(S)), over all coalitions."""
    members = torch.arange(2**CHANNELS)[:, None] >> torch.arange(CHANNELS) & 1
    maps = probe.activation[row] * members[:, :, None, None]
    worth = probe.scores_of_maps(
        maps, torch.full((len(members),), row), Objective.of(target.expand(len(members)))
    ).double()
    size = members.sum(1)
    weight = torch.tensor(
        [
            math.factorial(s) * math.factorial(CHANNELS - s - 1) / math.factorial(CHANNELS)
            for s in range(CHANNELS)
        ],
        dtype=torch.float64,
    )
    values = []
    for k in range(CHANNELS):
        without = (members[:, k] == 0).nonzero()[:, 0]
        gain = worth[without + 2**k] - worth[without]
        values.append((weight[size[without]] * gain).sum())
    return torch.stack(values)


def closeness(found: Tensor, expected: Tensor) -> tuple[float, float]:
    """Return the mean Pearson correlation and relative error of rows (B, K)."""
    centred = [t - t.mean(1, keepdim=True) for t in (found, expected)]
    correlation = F.cosine_similarity(*centred).mean()
    error = ((found - expected).norm(dim=1) / expected.norm(dim=1)).mean()
    return float(correlation), float(error)


def compare(network: nn.Module, images: Tensor) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the closeness of DeepLIFT's and of the gradient's coefficients."""
    halves = split(trace(network, images[:2]), str(network.layer))
    probe = Probe(halves, images, with_reference=True)
    classes = probe.logits.argmax(1)
    deeplift = probe.contributions(Objective.of(classes)).maps.sum((2, 3)).double()
    gradient = (probe.gradient(Objective.of(classes)) * probe.activation).sum((2, 3)).double()
    rows = range(len(images))
    exact = torch.stack([shapley_values(probe, row, classes[row]) for row in rows])
    total = torch.stack([exact.sum(1), deeplift.sum(1)])
    assert torch.allclose(total[0], total[1], rtol=1e-3, atol=1e-3), "both distribute F(A) - F(0)"
    return closeness(deeplift, exact), closeness(gradient, exact)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--steps", type=int, default=800, help="of training")
    options = parser.parse_args()
    training = scenes(FIRST_TRAINING_SEED, TRAINING_SCENES)
    images, _ = scenes(FIRST_SEED, options.images)
    print("| network | training accuracy | coefficients | correlation | relative error |")
    print("|---|---|---|---|---|")
    for kind in (SmallCnn, SmallTransformer):
        torch.manual_seed(0)
        network = kind()
        accuracy = train(network, *training, options.steps)
        names = ("DeepLIFT", "gradient x activation")
        for name, (correlation, error) in zip(names, compare(network, images), strict=True):
            print(
                f"| {kind.__name__} | {accuracy:.0%} | {name} | {correlation:.3f} | {error:.1%} |"
            )


if __name__ == "__main__":
    main()
