"""Every rule, alone, through a real export: exact, finite, and equal to the slow definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.attribution.attribution import check_rules
from camcli.errors import LayerError
from camcli.network.split import SplitNetwork
from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number
from tests.reference.tails import Function, attribute, attribute_through, network_of

BATCH = 3


@dataclass(frozen=True)
class Case:
    """A function of tensors of these shapes, with inputs drawn by `draw`."""

    name: str
    function: Function
    shapes: tuple[tuple[int, ...], ...]
    draw: Callable[[Tensor], Tensor] = lambda normal: normal


def positive(normal: Tensor) -> Tensor:
    return normal.abs() + 0.1


def narrow(normal: Tensor) -> Tensor:
    return 0.9 * torch.tanh(normal)


def elementwise(name: str, function: Function, draw: Callable[[Tensor], Tensor] | None = None):
    return Case(name, function, ((6,),), draw or (lambda normal: 3 * normal))


def module(name: str, made: nn.Module, *shapes: tuple[int, ...]) -> Case:
    torch.manual_seed(1)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.7)
    return Case(name, made.eval(), shapes)


class SelfAttention(nn.Module):
    def __init__(self, **options: object) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True, **options)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


class SqueezeExcitation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.up(F.silu(self.down(pooled))))


def stochastic_depth(x: Tensor) -> Tensor:
    from torchvision.ops import stochastic_depth as drop

    return x + drop(torch.tanh(x), 0.4, "row", training=False)


def channel_shuffle(x: Tensor) -> Tensor:
    left, right = F.channel_shuffle(x, 2).chunk(2, 1)
    return torch.cat([left, F.relu(right)], 1)


_MASK = torch.tensor([[True, True, False], [True, True, True]])
_BIAS = torch.tensor([[0.5, -1.0, 0.2], [-0.3, 2.0, 0.0]], dtype=torch.float64)
_QKV = ((2, 2, 4), (2, 3, 4), (2, 3, 4))

ELEMENTWISE = [
    *(
        elementwise(name, getattr(F, name))
        for name in (
            "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish",
            "hardswish", "hardsigmoid", "hardtanh", "logsigmoid", "softplus", "softshrink",
            "hardshrink", "softsign",
        )
    ),
    *(
        elementwise(name, getattr(torch, name))
        for name in ("sigmoid", "tanh", "exp", "expm1", "square", "abs", "erf", "sin", "cos",
                     "atan", "sinh", "cosh")
    ),
    *(
        elementwise(name, getattr(torch, name), positive)
        for name in ("log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal")
    ),
    elementwise("gelu of tanh", lambda x: F.gelu(x, approximate="tanh")),
    elementwise("clamp", lambda x: x.clamp(-1.0, 2.0)),
    elementwise("threshold", lambda x: F.threshold(x, 0.5, 0.0)),
    elementwise("power 3", lambda x: x**3),
    elementwise("power -1.5", lambda x: x**-1.5, positive),
    elementwise("2 to the power", lambda x: 2.0**x),
    module("prelu", nn.PReLU(5), (5, 3)),
]  # fmt: skip

PRODUCTS = [
    Case("mul", torch.mul, ((5,), (5,))),
    Case("mul with itself", lambda x: x * x, ((5,),)),
    Case("mul, broadcast", torch.mul, ((2, 3, 2), (2, 1, 2))),
    Case("matmul", torch.matmul, ((2, 3), (3, 4))),
    Case("bmm", lambda a, b: torch.bmm(a, b), ((2, 3), (3, 2))),
    Case("baddbmm", lambda a, b, c: torch.baddbmm(c, a, b, beta=0.5, alpha=2.0),
         ((2, 3), (3, 2), (2, 2))),
    Case("einsum", lambda a, b: torch.einsum("bij,bkj->bik", a, b), ((2, 3), (4, 3))),
    Case("einsum of itself", lambda a: torch.einsum("bij,bkj->bik", a, a), ((2, 3),)),
    Case("einsum with a constant", lambda a: torch.einsum("bij,j->bi", a, a.new_ones(3)),
         ((2, 3),)),
    Case("div", torch.div, ((5,), (5,)), positive),
    Case("constant over x", lambda x: 2.0 / x, ((5,),), positive),
    Case("x over constant", lambda x: x / 2.0, ((5,),)),
    Case("glu", lambda x: F.glu(x, -1), ((2, 6),)),
    Case("addcmul", lambda a, b, c: torch.addcmul(a, b, c, value=0.5), ((4,), (4,), (4,))),
    Case("lerp", lambda a, b: torch.lerp(a, b, 0.3), ((4,), (4,))),
]  # fmt: skip

POOLS = [
    Case("max_pool1d, overlapping", lambda x: F.max_pool1d(x, 3, 1), ((2, 7),)),
    Case("max_pool2d", lambda x: F.max_pool2d(x, 2), ((2, 4, 6),)),
    Case("max_pool2d, overlapping", lambda x: F.max_pool2d(x, 3, 2, 1), ((2, 5, 7),)),
    Case("max_pool2d, dilated", lambda x: F.max_pool2d(x, 2, 1, 0, 2), ((2, 5, 5),)),
    Case("max_pool2d, ceil", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), ((2, 6, 6),)),
    Case("max_pool3d", lambda x: F.max_pool3d(x, 2, 1), ((2, 3, 3, 3),)),
    Case("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, 3), ((2, 5, 7),)),
    Case("amax", lambda x: x.amax((2, 3)), ((2, 3, 4),)),
    Case("amin", lambda x: x.amin((1, 3), keepdim=True), ((2, 3, 4),)),
    Case("max over one", lambda x: x.max(-1).values, ((2, 3, 4),)),
    Case("min over one", lambda x: x.min(2, keepdim=True)[0], ((2, 3, 4),)),
    Case("maximum", torch.maximum, ((5,), (5,))),
    Case("minimum", torch.minimum, ((5,), (5,))),
    Case("max of two", torch.max, ((5,), (5,))),
]

NORMS = [
    Case("softmax", lambda x: x.softmax(-1), ((2, 4),), lambda n: 3 * n),
    Case("softmax over channels", lambda x: x.softmax(1), ((4, 2),), lambda n: 3 * n),
    Case("log_softmax", lambda x: x.log_softmax(-1), ((2, 4),), lambda n: 3 * n),
    Case("logsumexp", lambda x: x.logsumexp(-1), ((2, 4),), lambda n: 3 * n),
    module("layer_norm", nn.LayerNorm(5), (2, 5)),
    module("layer_norm over two", nn.LayerNorm((2, 3)), (2, 2, 3)),
    module("layer_norm, plain", nn.LayerNorm(5, elementwise_affine=False), (2, 5)),
    module("rms_norm", nn.RMSNorm(5), (2, 5)),
    module("group_norm", nn.GroupNorm(2, 4), (4, 2, 3)),
    module("instance_norm", nn.InstanceNorm2d(3, affine=True), (3, 2, 3)),
    module("batch_norm", nn.BatchNorm2d(3), (3, 2, 2)),
    Case("normalize", lambda x: F.normalize(x, dim=1), ((4, 2),)),
    Case("norm", lambda x: x.norm(dim=-1, keepdim=True), ((2, 4),)),
    Case("divided by the norm", lambda x: x / x.norm(dim=-1, keepdim=True), ((2, 4),)),
    Case("var", lambda x: x.var((2,)), ((2, 4),)),
    Case("var, biased", lambda x: x.var(-1, unbiased=False, keepdim=True), ((2, 4),)),
    Case("std", lambda x: x.std(-1), ((2, 4),)),
]

ATTENTION = [
    Case("attention", F.scaled_dot_product_attention, _QKV),
    Case("attention, masked",
         lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=_MASK), _QKV),
    Case("attention, biased",
         lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=_BIAS.to(q)), _QKV),
    Case("attention, causal",
         lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
         ((2, 3, 4), (2, 3, 4), (2, 3, 4))),
    Case("attention, scaled",
         lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.2), _QKV),
    Case("attention, grouped queries",
         lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
         ((4, 2, 4), (2, 3, 4), (2, 3, 4))),
    module("multi-head attention", SelfAttention(), (3, 4)),
    module("multi-head attention with a bias token", SelfAttention(add_bias_kv=True), (3, 4)),
    module("transformer encoder layer",
           nn.TransformerEncoderLayer(4, 2, 6, activation="gelu", batch_first=True), (3, 4)),
    module("pre-norm transformer encoder layer",
           nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, norm_first=True), (3, 4)),
    module("transformer decoder layer",
           nn.TransformerDecoderLayer(4, 2, 6, batch_first=True), (3, 4), (2, 4)),
]  # fmt: skip

STRUCTURE = [
    Case("interpolate, bilinear",
         lambda x: F.interpolate(x, (5, 7), mode="bilinear") ** 2, ((2, 3, 4),)),
    Case("interpolate, nearest", lambda x: F.interpolate(x, scale_factor=2) ** 2, ((2, 3, 4),)),
    Case("interpolate, bicubic, anti-aliased",
         lambda x: F.interpolate(x, (2, 2), mode="bicubic", antialias=True) ** 2, ((2, 3, 4),)),
    module("squeeze and excitation", SqueezeExcitation(), (4, 2, 3)),
    Case("channel shuffle", channel_shuffle, ((4, 2, 2),)),
    Case("pixel unshuffle", lambda x: F.relu(F.pixel_unshuffle(x, 2)), ((2, 4, 4),)),
    Case("stochastic depth and dropout", stochastic_depth, ((5,),)),
    module("dropout", nn.Sequential(nn.Dropout(0.5), nn.Tanh(), nn.AlphaDropout(0.5)), (5,)),
    Case("windows rolled", lambda x: torch.tanh(x.roll((1, 1), (2, 3)).unfold(2, 2, 2)),
         ((2, 4, 4),)),
    Case("cat, pad and index",
         lambda x: torch.cat([F.pad(x, (1, 1)), x.new_ones(x.shape[0], 2)], 1)[:, [0, 2, 1]] ** 2,
         ((5,),)),
    Case("where and masked_fill",
         lambda x: torch.where(torch.arange(5) > 2, x.tanh(), x)
         .masked_fill(torch.arange(5) == 0, 7.0), ((5,),)),
    Case("rows written by slice", lambda x: torch.zeros_like(x).slice_scatter(x.exp()[:, 1:], 1, 1),
         ((2, 3),)),
]  # fmt: skip

CASES = [*ELEMENTWISE, *PRODUCTS, *POOLS, *NORMS, *ATTENTION, *STRUCTURE]


def drawn(case: Case, batch: tuple[int, ...], seed: int, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    normal = [
        torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)
        for shape in case.shapes
    ]
    return [case.draw(values).to(dtype) for values in normal]


def cast(case: Case, dtype: torch.dtype) -> Function:
    return case.function.to(dtype) if isinstance(case.function, nn.Module) else case.function


@lru_cache
def network(case: Case, dtype: torch.dtype) -> SplitNetwork:
    return network_of(cast(case, dtype), drawn(case, (), 0, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contributions_add_up_and_stay_finite(case: Case) -> None:
    """In float64 to 1e-9, in float32 to 1e-4; also where some or all of the input is unchanged."""
    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        references = drawn(case, (), 0, dtype)
        inputs = drawn(case, (BATCH,), 1, dtype)
        for x, reference in zip(inputs, references, strict=True):
            x[1] = reference
            x[2].view(-1)[::2] = reference.reshape(-1)[::2]
        found = attribute_through(network(case, dtype), inputs, references)
        assert torch.isfinite(found.multipliers).all()
        assert found.error < tolerance
        assert found.delta[0].abs().max() > 1e-3  # the case says something
        assert not found.delta[1].abs().max() > tolerance


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tiny_change_has_the_gradient_for_multiplier(case: Case) -> None:
    """Where Δ vanishes the multipliers become the derivatives; so a wrong sign or factor shows."""
    if case in POOLS:
        pytest.skip("a maximum keeps its kink at any scale")
    references = drawn(case, (), 0, torch.float64)
    steps = drawn(case, (1,), 1, torch.float64)
    inputs = [r + 1e-7 * s for r, s in zip(references, steps, strict=True)]
    found = attribute_through(network(case, torch.float64), inputs, references)
    points = [r[None].clone().requires_grad_() for r in references]
    outputs = cast(case, torch.float64)(*points).flatten()
    for n, output in enumerate(outputs):
        gradients = torch.autograd.grad(output, points, retain_graph=True, allow_unused=True)
        expected = torch.cat(
            [
                torch.zeros(p.numel(), dtype=p.dtype) if g is None else g.flatten()
                for p, g in zip(points, gradients, strict=True)
            ]
        )
        torch.testing.assert_close(found.multipliers[0, n], expected, rtol=1e-4, atol=1e-4)


Definition = Callable[[list[Number]], Sequence[Number]]


def check_against_definition(
    function: Function,
    shape: tuple[int, ...],
    definition: Definition,
    draw: Callable[[Tensor], Tensor] = lambda normal: normal,
) -> None:
    """Compare every multiplier of a function of one tensor with the slow definition's."""
    generator = torch.Generator().manual_seed(5)
    x, reference = draw(torch.randn(2, *shape, generator=generator, dtype=torch.float64))
    found = attribute(function, [x[None]], [reference])
    numbers = slow.inputs(x.flatten().tolist(), reference.flatten().tolist())
    expected = definition(numbers)
    assert len(expected) == found.outputs.shape[1]
    for n, output in enumerate(expected):
        multipliers = [output.multipliers.get(i, 0.0) for i in range(len(numbers))]
        expected_multipliers = torch.tensor(multipliers, dtype=torch.float64)
        torch.testing.assert_close(
            found.multipliers[0, n], expected_multipliers, rtol=1e-9, atol=1e-9
        )
        assert found.outputs[0, n] == pytest.approx(output.value, rel=1e-9, abs=1e-12)
        assert found.delta[0, n] == pytest.approx(output.delta, rel=1e-9, abs=1e-12)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


_IN_PLAIN_PYTHON = {
    F.relu: lambda x: max(x, 0.0),
    F.relu6: lambda x: min(max(x, 0.0), 6.0),
    F.leaky_relu: lambda x: x if x > 0 else 0.01 * x,
    F.elu: lambda x: x if x > 0 else math.exp(x) - 1.0,
    F.gelu: lambda x: 0.5 * x * (1.0 + math.erf(x / math.sqrt(2.0))),
    F.silu: lambda x: x * _sigmoid(x),
    F.mish: lambda x: x * math.tanh(math.log1p(math.exp(x))),
    F.hardswish: lambda x: x * min(max(x + 3.0, 0.0), 6.0) / 6.0,
    F.hardsigmoid: lambda x: min(max(x + 3.0, 0.0), 6.0) / 6.0,
    torch.sigmoid: _sigmoid,
    torch.tanh: math.tanh,
    torch.exp: math.exp,
    torch.square: lambda x: x * x,
}


@pytest.mark.parametrize("function", _IN_PLAIN_PYTHON, ids=lambda f: f.__name__)
def test_elementwise_multipliers_are_quotients_of_differences(function: Function) -> None:
    in_plain_python = _IN_PLAIN_PYTHON[function]
    check_against_definition(
        function, (9,), lambda xs: [slow.rescale(in_plain_python, x) for x in xs], lambda n: 4 * n
    )


def test_a_product_shares_its_interaction_equally() -> None:
    check_against_definition(
        lambda x: x[:, :3] * x[:, 3:], (6,), lambda xs: [xs[i] * xs[i + 3] for i in range(3)]
    )


def test_a_quotient_undoes_a_product() -> None:
    check_against_definition(
        lambda x: x[:, :3] / x[:, 3:],
        (6,),
        lambda xs: [xs[i] / xs[i + 3] for i in range(3)],
        positive,
    )


def test_a_vector_scaled_to_length_1_attributes_no_more_than_it_is() -> None:
    """At the all-zero reference the length is clamped to 1e-12, whose reciprocal is no share."""
    x = torch.randn(BATCH, 8, generator=torch.Generator().manual_seed(0))
    found = attribute(lambda t: F.normalize(t, dim=-1), [x], [torch.zeros(8)])
    torch.testing.assert_close(found.contributions.sum(-1), found.delta)
    assert found.contributions.abs().sum(-1).max() < 10


def test_layer_normalisation_is_close_to_shapley_values_at_an_all_zero_reference() -> None:
    """Its reciprocal deviation there, 1/√ε, once made contributions hundreds of times too large."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, generator=generator, dtype=torch.float64).abs()
    weight = torch.randn(6, generator=generator, dtype=torch.float64)

    def score(values: Tensor) -> Tensor:
        return (F.layer_norm(values, (6,), eps=1e-6) @ weight)[:, None]

    shapley = torch.zeros(6, dtype=torch.float64)
    orders = list(itertools.permutations(range(6)))
    for order in orders:
        shown = torch.tril(torch.ones(7, 6, dtype=torch.float64), -1)[
            :, torch.tensor(order).argsort()
        ]
        shapley[list(order)] += score(shown * x).diff(dim=0)[:, 0] / len(orders)
    found = attribute(score, [x[None]], [torch.zeros(6, dtype=torch.float64)]).contributions[0, 0]
    assert float((found - shapley).norm()) < float(shapley.norm())
    assert float(torch.cosine_similarity(found, shapley, 0)) > 0.9


def test_a_matrix_product_is_products_added_up() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        a = [xs[3 * i : 3 * i + 3] for i in range(2)]
        b = [xs[6 + 2 * k : 8 + 2 * k] for k in range(3)]
        return [slow.dot(row, [b[k][j] for k in range(3)]) for row in a for j in range(2)]

    def multiply(x: Tensor) -> Tensor:
        return x[:, :6].unflatten(1, (2, 3)) @ x[:, 6:].unflatten(1, (3, 2))

    check_against_definition(multiply, (12,), definition)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_is_exponentials_over_their_sum(name: str) -> None:
    check_against_definition(
        lambda x: getattr(x, name)(-1), (5,), getattr(slow, name), lambda n: 2 * n
    )


def test_log_sum_exp_is_what_it_says() -> None:
    check_against_definition(
        lambda x: x.logsumexp(-1, keepdim=True), (5,), lambda xs: [slow.log_sum_exp(xs)]
    )


@pytest.mark.parametrize("shift", [1e4, -1e4])
def test_softmax_neither_overflows_nor_underflows(shift: float) -> None:
    x = torch.tensor([[0.0, 1.0, -700.0]]).double() + shift
    found = attribute(lambda x: x.softmax(-1), [x], [torch.tensor([1.0, 500.0, 0.0]).double()])
    assert torch.isfinite(found.multipliers).all()
    assert found.error < 1e-9


def test_layer_norm_is_made_of_squares_a_root_and_products() -> None:
    weight = torch.tensor([0.5, -1.0, 2.0, 1.5], dtype=torch.float64)

    def definition(xs: list[Number]) -> list[Number]:
        return [x * w for x, w in zip(slow.normalized(xs, 1e-5), weight.tolist(), strict=True)]

    check_against_definition(lambda x: F.layer_norm(x, (4,), weight), (4,), definition)


def test_rms_norm_leaves_the_mean_in() -> None:
    check_against_definition(
        lambda x: F.rms_norm(x, (4,), eps=1e-3),
        (4,),
        lambda xs: slow.normalized(xs, 1e-3, centre=False),
    )


def test_group_norm_normalises_each_group() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        return slow.normalized(xs[:6], 1e-5) + slow.normalized(xs[6:], 1e-5)

    check_against_definition(lambda x: F.group_norm(x, 2), (4, 3), definition)


def test_instance_norm_normalises_each_channel() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        return slow.normalized(xs[:6], 1e-5) + slow.normalized(xs[6:], 1e-5)

    check_against_definition(lambda x: F.instance_norm(x), (2, 2, 3), definition)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_made_of_its_products_and_softmax(causal: bool) -> None:
    def packed(x: Tensor) -> Tensor:
        query, key, value = x.unflatten(1, (3, 1, 3, 2)).unbind(1)
        return F.scaled_dot_product_attention(query, key, value, is_causal=causal)

    def definition(xs: list[Number]) -> list[Number]:
        vectors = [xs[2 * i : 2 * i + 2] for i in range(9)]
        found = slow.attention(
            vectors[:3], vectors[3:6], vectors[6:], lambda i, j: j <= i or not causal
        )
        return [number for row in found for number in row]

    check_against_definition(packed, (18,), definition)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 1, 0)]
)
def test_max_pool_gives_each_window_to_one_place(kernel: int, stride: int, padding: int) -> None:
    height, width = 5, 6

    def definition(xs: list[Number]) -> list[Number]:
        def window(top: int, left: int) -> list[Number]:
            rows = range(max(top, 0), min(top + kernel, height))
            columns = range(max(left, 0), min(left + kernel, width))
            return [xs[row * width + column] for row in rows for column in columns]

        down = range(-padding, height + padding - kernel + 1, stride)
        across = range(-padding, width + padding - kernel + 1, stride)
        return [slow.largest(window(top, left)) for top in down for left in across]

    check_against_definition(
        lambda x: F.max_pool2d(x, kernel, stride, padding), (1, height, width), definition
    )


def test_overlapping_windows_add_up_their_shares() -> None:
    """One peak, seen by every window of a 3x3 pool with stride 1, gets what all of them gain."""
    x = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    x[0, 0, 1, 1] = 2.0
    found = attribute(
        lambda t: F.max_pool2d(t, 3, 1, 1).sum((2, 3)), [x], [torch.zeros(1, 3, 3).double()]
    )
    assert found.contributions[0, 0, 4] == pytest.approx(18.0)
    assert found.contributions[0, 0].sum() == pytest.approx(18.0)


def test_amax_follows_the_maximum_from_where_it_was() -> None:
    check_against_definition(
        lambda x: x.amax(-1), (2, 4), lambda xs: [slow.largest(xs[:4]), slow.largest(xs[4:])]
    )


def test_a_dying_unit_has_no_share_of_its_own_reference() -> None:
    """No NaN, and no step over the kink, where an input equals a reference of 0."""
    x = torch.tensor([[0.0, 1e-30, -1e-30, 1e-8]], dtype=torch.float32)
    found = attribute(torch.relu, [x], [torch.zeros(4)])
    assert torch.isfinite(found.multipliers).all()
    assert found.multipliers[0].diagonal()[1:].tolist() == pytest.approx([1.0, 0.0, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_multipliers_stay_right_however_small_the_change(dtype: torch.dtype) -> None:
    """The quotient gives way to the derivative before rounding spoils it, in either dtype."""
    tolerance = 4 * torch.finfo(dtype).eps ** (1 / 3)
    reference = torch.linspace(-3, 3, 25, dtype=dtype)
    for exponent in range(1, 17):
        step = 10.0**-exponent
        found = attribute(F.gelu, [(reference + step)[None]], [reference])
        middle = (reference.double() + step / 2).requires_grad_()
        (expected,) = torch.autograd.grad(F.gelu(middle).sum(), middle)
        multipliers = found.multipliers[0].diagonal().double()
        assert (multipliers - expected).abs().max() < max(tolerance, step**2)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("aten.cumprod", lambda x: x.cumprod(-1)),
        ("aten.sort", lambda x: x.sort(-1).values),
        ("aten.median", lambda x: x.median(-1, keepdim=True).values),
        ("aten.pow", lambda x: x.abs() ** x),
        ("aten.linalg_vector_norm", lambda x: torch.linalg.vector_norm(x, 1, -1, keepdim=True)),
        ("aten.fft_fft", lambda x: torch.fft.fft(x).real),
        ("aten.div", lambda x: torch.div(x, 2.0, rounding_mode="floor")),
        ("aten.round", torch.round),
    ],
)
def test_an_operation_without_a_rule_is_refused(name: str, function: Function) -> None:
    class Named(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return function(x)

    halves = network_of(Named(), [torch.zeros(4).double()])
    with pytest.raises(LayerError) as caught:
        check_rules(halves)
    message = str(caught.value)
    assert name in message
    assert "(in function)" in message
    assert "grad-cam" in message
