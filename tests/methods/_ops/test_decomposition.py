from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from camcli.methods._ops.decomposition import decompose, positive_peak
from camcli.methods.probe import Probe
from camcli.network.split import SplitNetwork


@pytest.fixture(scope="module")
def activations(squeezenet_split: SplitNetwork, photo_batch: Tensor) -> Tensor:
    """Real matrices (4, 169, 512)."""
    return Probe(squeezenet_split, photo_batch[:4]).activation.flatten(2).mT


@pytest.mark.slow
@pytest.mark.parametrize("channels", [100, 500])
def test_components_and_variances_are_those_of_scikit_learn(
    activations: Tensor, channels: int
) -> None:
    found = decompose(activations[..., :channels], 10, center=True)
    for row, matrix in enumerate(activations[..., :channels]):
        pca = PCA(10, svd_solver="full").fit(matrix.double().numpy())
        projected = pca.transform(matrix.double().numpy()).T
        for component, expected in zip(found.components[row], projected, strict=True):
            expected = expected * np.sign(expected[np.abs(expected).argmax()])
            np.testing.assert_allclose(component, expected, atol=1e-4 * projected.max())
        np.testing.assert_allclose(
            found.explained_variance[row], pca.explained_variance_ratio_, rtol=1e-4
        )


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("channels", [100, 500])
def test_components_are_orthogonal(activations: Tensor, channels: int, center: bool) -> None:
    components = decompose(activations[..., :channels], 10, center).components.double()
    directions = components / components.norm(dim=-1, keepdim=True)
    cosines = directions @ directions.mT - torch.eye(10, dtype=torch.float64)
    assert cosines.abs().max() < 1e-4


def test_the_largest_entry_of_every_component_is_positive(activations: Tensor) -> None:
    components = decompose(activations, 10, center=True).components
    peaks = components.gather(-1, components.abs().argmax(-1, keepdim=True))
    assert (peaks > 0).all()
    turned = decompose(-activations, 10, center=True).components
    torch.testing.assert_close(turned, components, rtol=0, atol=1e-4 * float(components.max()))


@pytest.mark.parametrize("shape", [(6, 40), (40, 6)])
def test_what_drowns_in_rounding_is_absent(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    n, m = shape
    rank_two = torch.randn(n, 2, generator=generator) @ torch.randn(2, m, generator=generator)
    constant = torch.full(shape, 0.1)
    found = decompose(torch.stack([rank_two, constant, torch.zeros(shape)]), 5, center=True)
    assert found.present.tolist() == [
        [True, True, False, False, False],
        [False] * 5,
        [False] * 5,
    ]
    assert not found.components[~found.present].any()
    assert not found.explained_variance[~found.present].any()
    torch.testing.assert_close(found.explained_variance[0].sum(), torch.tensor(1.0))


def test_no_more_components_than_the_matrix_has() -> None:
    assert decompose(torch.rand(2, 9, 4), 10, center=False).patterns.shape == (2, 4, 9)
    assert decompose(torch.rand(2, 4, 9), 10, center=False).patterns.shape == (2, 4, 4)


@pytest.mark.parametrize("matrices", [torch.randn(2, 9, 5), torch.full((2, 9, 5), torch.nan)])
def test_the_number_of_threads_is_left_as_it_was(matrices: Tensor) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with suppress(torch.linalg.LinAlgError):
            decompose(matrices, 3, center=True)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_positive_peak_turns_only_what_points_down() -> None:
    components = torch.tensor([[1.0, -3.0, 2.0], [1.0, -2.0, 3.0]])
    expected = torch.tensor([[-1.0, 3.0, -2.0], [1.0, -2.0, 3.0]])
    torch.testing.assert_close(positive_peak(components), expected)
