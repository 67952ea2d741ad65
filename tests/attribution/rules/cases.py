"""Small functions, each of one operation or block, and the inputs that every rule is tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.reference.tails import Function

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
