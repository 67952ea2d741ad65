"""The algebra of pairs: values stay untouched, multipliers add up, limits are derivatives."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from camcli.attribution import chunks, secants
from camcli.attribution.pair import Pair, with_multipliers
from camcli.attribution.secants.exponentials import _log_logarithmic_mean


def pair(value: list[float], reference: list[float]) -> Pair:
    return Pair(
        torch.tensor(value, dtype=torch.float64, requires_grad=True),
        torch.tensor(reference, dtype=torch.float64),
    )


def multipliers(y: Pair, x: Pair) -> Tensor:
    return torch.autograd.grad(y.value.sum(), x.value)[0]


def test_a_chain_multiplies_multipliers() -> None:
    x = pair([2.0], [-1.0])
    y = secants.rescale(torch.exp, secants.rescale(torch.relu, x))
    assert y.value.item() == pytest.approx(math.exp(2.0))
    assert multipliers(y, x).item() == pytest.approx((math.exp(2.0) - 1.0) / 3.0)


def test_multipliers_replace_derivatives_without_touching_values() -> None:
    line = torch.tensor([3.0], requires_grad=True)
    value = with_multipliers(torch.tensor([7.0]), 2.0 * line)
    assert value.item() == 7.0
    assert torch.autograd.grad(value.sum(), line)[0].item() == 2.0


def test_no_kink_is_stepped_over_however_small_the_input() -> None:
    x = pair([1e-200, -1e-200], [-1e-200, 1e-200])
    assert multipliers(secants.rescale(torch.relu, x), x).tolist() == [0.5, 0.5]


def test_no_kink_of_a_relu_is_stepped_over_and_nothing_to_nothing_has_no_multiplier() -> None:
    x = pair([1e-200, -1e-200, 0.0, -1.0, 2.0], [-1e-200, 1e-200, 0.0, -3.0, 2.0])
    assert multipliers(secants.relu(x), x).tolist() == [0.5, 0.5, 0.0, 0.0, 1.0]


def test_a_relu_follows_the_rescale_rule_chunk_by_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(5, 3, 4, generator=generator).double().requires_grad_()
    x = Pair(value, torch.randn(1, 3, 4, generator=generator).double())
    expected = multipliers(secants.rescale(torch.relu, x), x)
    torch.testing.assert_close(multipliers(secants.relu(x), x), expected)
    monkeypatch.setattr(chunks, "_CACHED", 24)  # two rows at a time
    torch.testing.assert_close(multipliers(secants.relu(x), x), expected)


def test_the_largest_of_channels_last_elements_keeps_their_format() -> None:
    generator = torch.Generator().manual_seed(1)
    value = torch.randn(2, 3, 5, 5, generator=generator)
    reference = torch.randn(1, 3, 5, 5, generator=generator)
    found = {}
    for memory_format in (torch.contiguous_format, torch.channels_last):
        now = value.contiguous(memory_format=memory_format).requires_grad_()
        x = Pair(now.flatten(2), reference.contiguous(memory_format=memory_format).flatten(2))
        y = secants.largest(x, x.value.detach().topk(2), x.reference.topk(2))
        (gradient,) = torch.autograd.grad(y.value.sum(), now)
        assert gradient.is_contiguous(memory_format=memory_format)
        found[memory_format] = gradient
    torch.testing.assert_close(*found.values())
    assert found[torch.channels_last].sum() > 0


def test_an_infinite_derivative_counts_for_nothing() -> None:
    x = pair([0.0, 4.0], [0.0, 0.0])
    assert multipliers(secants.rescale(torch.sqrt, x), x).tolist() == [0.0, 0.5]


@pytest.mark.parametrize(("now", "then"), [(3.0, 1.0), (1.0, 3.0)])
def test_a_product_treats_its_factors_alike(now: float, then: float) -> None:
    a, b = pair([now], [then]), pair([now], [then])
    y = secants.times(a, b)
    of_a, of_b = torch.autograd.grad(y.value, (a.value, b.value))
    assert of_a.item() == of_b.item() == 2.0


def test_a_square_is_a_product_of_equals() -> None:
    x = pair([3.0, -2.0], [1.0, 2.0])
    assert multipliers(secants.square(x), x).tolist() == [4.0, 0.0]
    x = pair([3.0, -2.0], [1.0, 2.0])
    assert multipliers(secants.times(x, x), x).tolist() == [4.0, 0.0]


def test_the_logarithmic_mean_has_its_textbook_values() -> None:
    """L(a, a) = a, L(a, b) = (a - b) / ln(a / b), symmetric; 0 where both are absent."""
    log = torch.tensor([2.0, 8.0, 1e-300, 0.0, 1.0], dtype=torch.float64).log()
    other = torch.tensor([2.0, 1.0, 1e300, 0.0, 1.0 + 1e-9], dtype=torch.float64).log()
    found = _log_logarithmic_mean(log, other).exp()
    expected = [2.0, 7.0 / math.log(8.0), 1e300 / (600 * math.log(10)), 0.0, 1.0 + 0.5e-9]
    assert found.tolist() == pytest.approx(expected, rel=1e-9)
    assert torch.equal(found, _log_logarithmic_mean(other, log).exp())


def test_softmax_multipliers_ignore_a_shift_of_all_scores() -> None:
    x, shifted = pair([1.0, 2.0, 0.5], [0.0, 1.0, 3.0]), pair([51.0, 52.0, 50.5], [0.0, 1.0, 3.0])
    first = torch.autograd.grad(secants.softmax(x, -1).value[0], x.value)[0]
    second = torch.autograd.grad(secants.softmax(shifted, -1).value[0], shifted.value)[0]
    torch.testing.assert_close(first, second, rtol=1e-12, atol=1e-13)
    total = secants.log_sum_exp(shifted, -1)
    assert multipliers(total, shifted).sum().item() == pytest.approx(1.0)


def test_a_masked_score_has_no_share_and_spoils_nothing() -> None:
    x = pair([1.0, -math.inf, 2.0], [0.0, -math.inf, 1.5])
    y = secants.softmax(x, -1)
    found = torch.autograd.grad(y.value[0], x.value)[0]
    assert torch.isfinite(found).all()
    assert found[1] == 0.0
    assert found[[0, 2]] @ x.delta[[0, 2]] == pytest.approx((y.value - y.reference)[0].item())


def test_the_reference_may_have_a_batch_of_one() -> None:
    reference = torch.randn(1, 4, dtype=torch.float64)
    value = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    y = secants.normalized(Pair(value, reference), (-1,), 1e-5)
    for output in range(4):
        (multiplier,) = torch.autograd.grad(y.value[:, output].sum(), value, retain_graph=True)
        total = (multiplier * (value - reference)).sum(1)
        torch.testing.assert_close(total, (y.value - y.reference)[:, output], atol=1e-12, rtol=0)


def test_a_quotient_adds_up_where_its_denominator_changes_sign() -> None:
    a, b = (torch.tensor([[x]], dtype=torch.float64, requires_grad=True) for x in (3.0, -2.0))
    a0, b0 = (torch.tensor([[x]], dtype=torch.float64) for x in (1.0, 2.0))
    q = secants.quotient(Pair(a, a0), Pair(b, b0))
    of_a, of_b = torch.autograd.grad(q.value.sum(), (a, b))
    assert float(of_a * 2.0 + of_b * -4.0) == pytest.approx(3.0 / -2.0 - 1.0 / 2.0)
