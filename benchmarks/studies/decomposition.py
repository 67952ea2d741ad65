"""Compare ways to find the leading components of a batch of matrices.

    python -m benchmarks.studies.decomposition PHOTOS [--device cuda] [--batch 16]

The matrices are what decom-cam decomposes: the channels of largest gradient weight of SqueezeNet
1.1 (`features`) on photographs, resized so that the layer is 7x7, 14x14 or 28x28, weighted and
centred. Milliseconds per image are the median of the repeats, with their quartiles. The errors are
the worst over the images and the Q components, as fractions of the leading singular value, against
a float64 SVD: of S_q, and of X itself rebuilt from the Q components (beyond the best possible,
which leaves S_{Q+1}); neither is affected by components of equal strength, which are not unique.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.models import get_model
from torchvision.transforms.functional import pil_to_tensor

from camcli.methods._ops.decomposition import decompose

Found = tuple[Tensor, Tensor]  # patterns (B, Q, n) and singular values (B, Q)
COMPONENTS = 10
OVERSAMPLING = 10
# Sides of the image at which SqueezeNet's last stage is 7x7, 14x14 and 28x28.
SIDES = {7: 128, 14: 240, 28: 464}


def chosen(matrices: Tensor) -> Found:
    """Decompose as camcli does."""
    found = decompose(matrices, COMPONENTS, center=False)
    return found.patterns, found.values


def gram_eigh(matrices: Tensor, dtype: torch.dtype) -> Found:
    """Decompose by the eigenvectors of the smaller Gram matrix."""
    x = matrices.to(dtype)
    tall = x.shape[1] > x.shape[2]
    squares, vectors = torch.linalg.eigh(x.mT @ x if tall else x @ x.mT)
    values = squares[:, -COMPONENTS:].flip(-1).clamp_min(0).sqrt()
    vectors = vectors[..., -COMPONENTS:].flip(-1)
    patterns = x @ vectors / values[:, None] if tall else vectors
    return patterns.mT, values


def svd(matrices: Tensor) -> Found:
    """Decompose the whole matrix, float32."""
    u, values, _ = torch.linalg.svd(matrices, full_matrices=False)
    return u[..., :COMPONENTS].mT, values[:, :COMPONENTS]


def randomised(matrices: Tensor, iterations: int) -> Found:
    """Halko, Martinsson and Tropp, SIAM Review 2011, arXiv 0909.4061, algorithms 4.4 and 5.1."""
    basis = torch.linalg.qr(matrices @ _start(matrices.shape[2], matrices)).Q
    for _ in range(iterations):
        basis = torch.linalg.qr(matrices.mT @ basis).Q
        basis = torch.linalg.qr(matrices @ basis).Q
    u, values, _ = torch.linalg.svd(basis.mT @ matrices, full_matrices=False)
    return (basis @ u)[..., :COMPONENTS].mT, values[:, :COMPONENTS]


def subspace(matrices: Tensor, iterations: int) -> Found:
    """Iterate a subspace of the smaller Gram matrix, with one Rayleigh-Ritz step at the end."""
    tall = matrices.shape[1] > matrices.shape[2]
    gram = matrices.mT @ matrices if tall else matrices @ matrices.mT
    basis = _start(gram.shape[1], matrices).expand(len(matrices), -1, -1)
    for _ in range(iterations):
        basis = torch.linalg.qr(gram @ basis).Q
    squares, vectors = torch.linalg.eigh(basis.mT @ gram @ basis)
    values = squares[:, -COMPONENTS:].flip(-1).clamp_min(0).sqrt()
    basis = basis @ vectors[..., -COMPONENTS:].flip(-1)
    patterns = matrices @ basis / values[:, None] if tall else basis
    return patterns.mT, values


def _start(size: int, like: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    width = min(COMPONENTS + OVERSAMPLING, *like.shape[1:])
    return torch.randn(size, width, generator=generator).to(like)


WAYS: dict[str, Callable[[Tensor], Found]] = {
    "camcli (Gram `eigh`, float64)": chosen,
    "Gram `eigh`, float32": partial(gram_eigh, dtype=torch.float32),
    "`svd`, float32": svd,
    "randomised, 2 iterations": partial(randomised, iterations=2),
    "randomised, 8 iterations": partial(randomised, iterations=8),
    "subspace, 8 iterations": partial(subspace, iterations=8),
    "subspace, 32 iterations": partial(subspace, iterations=32),
}


def matrices_of(photos: Sequence[Path], side: int, channels: int) -> Tensor:
    """Return weighted, centred activations (B, side², channels)."""
    network = get_model("squeezenet1_1", weights="DEFAULT").eval()
    photographs = [pil_to_tensor(Image.open(path).convert("RGB"))[None] / 255 for path in photos]
    size = (SIDES[side], SIDES[side])
    images = torch.cat(
        [F.interpolate(p, size, mode="bilinear", antialias=True) for p in photographs]
    )
    activation = network.features((images - 0.45) / 0.225).detach().requires_grad_()
    scores = network.classifier(activation).mean((2, 3)).amax(1)
    (gradient,) = torch.autograd.grad(scores.sum(), activation)
    weights, index = gradient.mean((2, 3)).topk(channels)
    maps = activation.detach().flatten(2).gather(1, index[..., None].expand(-1, -1, side * side))
    weighted = (maps * weights[..., None]).mT
    return weighted - weighted.mean(1, keepdim=True)


def errors_of(way: Callable[[Tensor], Found], matrices: Tensor) -> tuple[float, float]:
    """Return the worst error of the singular values and of the rebuilt matrix."""
    exact = matrices.double()
    truth = torch.linalg.svdvals(exact)
    patterns, values = (t.double() for t in way(matrices))
    off = (values - truth[:, :COMPONENTS]).abs().amax(1) / truth[:, 0]
    rest = torch.linalg.matrix_norm(exact - patterns.mT @ (patterns @ exact), 2)
    beyond = (rest - truth[:, COMPONENTS]).clamp_min(0) / truth[:, 0]
    return float(off.max()), float(beyond.max())


def milliseconds(way: Callable[[Tensor], Found], matrices: Tensor, repeats: int) -> list[float]:
    """Return the quartiles of the milliseconds per image over the repeats."""
    spent = []
    for _ in range(repeats + 1):
        _synchronise(matrices.device)
        start = time.perf_counter()
        way(matrices)
        _synchronise(matrices.device)
        spent.append(1000 * (time.perf_counter() - start) / len(matrices))
    quartiles = torch.tensor(spent[1:]).quantile(torch.tensor([0.25, 0.5, 0.75]))
    return [float(q) for q in quartiles]


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    """Print one table row for each size and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    photos = sorted(args.photos.iterdir())[: args.batch]
    print("| layer | P | way | ms per image (quartiles) | error of S | error of X |")
    print("|---|---|---|---|---|---|")
    for side in SIDES:
        for channels in (100, 500):
            matrices = matrices_of(photos, side, channels).to(args.device)
            for name, way in WAYS.items():
                low, median, high = milliseconds(way, matrices, args.repeats)
                off, beyond = errors_of(way, matrices)
                print(
                    f"| {side}x{side} | {channels} | {name} | {median:.2f} ({low:.2f} to "
                    f"{high:.2f}) | {off:.0e} | {beyond:.0e} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
