"""The batched singular value decomposition behind every method that takes activations apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

_ROUNDING = torch.finfo(torch.float32).eps


@dataclass(frozen=True)
class Decomposition:
    """The leading singular components of a batch of matrices X = U S Vᵀ.

    A component whose singular value drowns in the rounding of X is absent: all its values are 0.

    Attributes:
        patterns: float32 (B, Q, n), the left singular vectors u_q, orthonormal.
        values: float32 (B, Q), the singular values S_q, descending.
        explained_variance: float32 (B, Q), S_q² / Σ S², the sum over every component, kept or not.

    """

    patterns: Tensor
    values: Tensor
    explained_variance: Tensor

    @property
    def present(self) -> Tensor:
        """Which components there are, bool (B, Q)."""
        return self.values > 0

    @property
    def components(self) -> Tensor:
        """The columns of U S, (B, Q, n)."""
        return self.patterns * self.values[..., None]


@contextmanager
def _in_one_thread() -> Iterator[None]:
    """Decompose matrices of a hundred rows in one thread.

    Threads meet thousands of times in one decomposition. Two gain 10 % where each has a core for
    itself, and take ten times as long where decoders or other programs want the cores, too.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@_in_one_thread()
def decompose(matrices: Tensor, count: int, center: bool) -> Decomposition:
    """Return the leading components of each matrix.

    An SVD's signs are arbitrary; here the entry of largest magnitude of every u_q is positive.

    The components are the eigenvectors of the smaller of X Xᵀ and Xᵀ X, in float64: squaring X
    squares its condition, and float32 would lose what lies under 3e-4 of S₁. Of the ways measured
    it is the only one that is exact to rounding and within a few milliseconds wherever the smaller
    side is 200 or less, and it needs no number of iterations to be chosen. Figures in
    `docs/results/decom_cam.md`, from `benchmarks/studies/decomposition.py`.

    Args:
        matrices: (B, n, m), finite.
        count: Q; fewer are returned where n or m is smaller.
        center: Subtract the mean of each column first, as a principal component analysis does.

    """
    exact = matrices.double()
    norm = torch.linalg.matrix_norm(exact)
    if center:
        exact = exact - exact.mean(1, keepdim=True)
    transposed = exact.mT
    tall = exact.shape[1] > exact.shape[2]
    squares, vectors = torch.linalg.eigh(transposed @ exact if tall else exact @ transposed)
    squares = squares.clamp_min(0)
    leading = slice(-min(count, squares.shape[-1]), None)
    values = squares[:, leading].flip(-1).sqrt()
    vectors = vectors[..., leading].flip(-1).mT
    tolerance = _ROUNDING * max(exact.shape[1:]) * norm
    present = values > tolerance[:, None]
    if tall:
        vectors = vectors @ transposed / torch.where(present, values, 1)[..., None]
    share = squares.sum(-1, keepdim=True)
    return Decomposition(
        patterns=positive_peak(vectors * present[..., None]).float(),
        values=(values * present).float(),
        explained_variance=torch.where(present, values.square() / share, 0).float(),
    )


def first_component(places: Tensor) -> Tensor:
    """Return X v, (B, hw), of X (B, hw, K); of arbitrary sign, NaN where X is not finite."""
    finite = torch.isfinite(places).flatten(1).all(1, keepdim=True)
    gram = torch.nan_to_num(places) @ torch.nan_to_num(places).transpose(1, 2)
    values, vectors = torch.linalg.eigh(gram)
    component = vectors[..., -1] * values[..., -1:].clamp_min(0).sqrt()
    return torch.where(finite, component, torch.nan)


def positive_peak(components: Tensor) -> Tensor:
    """Turn the sign of each component (..., places) so that its largest magnitude is positive."""
    peak = components.abs().argmax(-1, keepdim=True)
    return components * torch.where(components.gather(-1, peak) < 0, -1.0, 1.0)
