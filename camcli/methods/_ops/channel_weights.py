"""What a gradient says each channel is worth."""

from __future__ import annotations

from torch import Tensor


def gradient_weights(gradient: Tensor) -> Tensor:
    """Return Grad-CAM's α_k = mean_ij g_k(i, j), (B, K), of gradients g (B, K, h, w)."""
    return gradient.mean((2, 3))


def grad_cam_plus_plus_weights(gradient: Tensor, activation: Tensor) -> Tensor:
    """Return Grad-CAM++'s channel weights, (B, K), up to the factor exp(s) that all share.

    α_k = Σ_ij a_k(i, j) ReLU(g_k(i, j)), with a = g² / (2 g² + g³ Σ_ab A_k(a, b)), cancelled to
    1 / (2 + g Σ_ab A_k(a, b)): that needs no small constant against division by 0, which would
    decide the result where gradients are small themselves.

    Chattopadhay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep
    Convolutional Networks", WACV 2018, arXiv 1710.11063, equations 10, 11 and 19.

    Args:
        gradient: g, (B, K, h, w), of the score before any softmax.
        activation: A, (B, K, h, w).

    """
    total = activation.sum((2, 3), keepdim=True)
    return (gradient.relu() / (2 + gradient * total)).sum((2, 3))
