"""The map of a CAM before its ReLU: activation maps weighted and added up."""

from __future__ import annotations

import torch
from torch import Tensor


def weighted_sum(coefficients: Tensor, activation: Tensor) -> Tensor:
    """Return Σ_k α_k A_k, (B, h, w), of α (B, K) and A (B, K, h, w)."""
    return torch.einsum("bk,bkhw->bhw", coefficients, activation)
