"""Layer-wise relevance propagation through a tail, by the ε-rule.

Relevance R of a tensor x is carried as the multiplier R / x, so that ordinary reverse-mode
differentiation of a graph with altered derivatives propagates it:

- z = affine in x: R_i = Σ_j x_i w_ij R_j / (z_j + ε sign z_j), so multipliers pass by the ordinary
  derivative times z / (z + ε sign z). The bias is part of z and keeps its share.
- y = f(x) element-wise with f(0) = 0: relevance passes unchanged, multiplier f(x) / (x + ε sign x).
- max-pooling: all of it to the largest.
- gates, f(0) ≠ 0 (sigmoid, softmax, ...), and the scale of a normalisation: none; a product of a
  signal and a gate gives all of its relevance to the signal.
- a product of two signals: half to each.

References: Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
Layer-Wise Relevance Propagation", PLoS ONE 2015, equations 56 to 58; gates: Arras et al.,
"Explaining Recurrent Neural Network Predictions in Sentiment Analysis", 2017, arXiv 1706.07206;
normalisation: Ali et al., "XAI for Transformers", ICML 2022, arXiv 2202.07304.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from camcli.attribution.deeplift import value_dependents
from camcli.attribution.rules import AFFINE_IN_FIRST, ELEMENTWISE
from camcli.attribution.secant import with_slopes
from camcli.errors import LayerError
from camcli.network.nodes import innermost_module, operation_name, packet_of

_aten = torch.ops.aten

Operation = Callable[..., Any]
Rule = Callable[[Operation, tuple[Any, ...], dict[str, Any], float], Any]


class Lrp:
    """The tail of a network as a function whose derivatives are LRP's multipliers."""

    def __init__(self, tail: fx.GraphModule, epsilon: float = 1e-9) -> None:
        """Prepare a tail `(activation, *bypass) -> logits`.

        Raises:
            LayerError: An operation has no rule; named with its module.

        """
        self._tail = tail
        self._epsilon = epsilon
        _refuse_unruled(tail.graph)

    def __call__(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the logits (B, N); differentiated by A and times A they are the relevance of A.

        Args:
            activation: The tail's first input; differentiate with respect to it.
            bypass: Its other inputs, which receive no relevance.

        """
        logits: Tensor = _RelevanceInterpreter(self._tail, self._epsilon).run(activation, *bypass)
        return logits


class _RelevanceInterpreter(fx.Interpreter):
    """Runs the tail with every operation that carries relevance replaced by its rule.

    A tensor carries relevance if and only if it requires a gradient.
    """

    def __init__(self, tail: fx.GraphModule, epsilon: float) -> None:
        super().__init__(tail)
        self._epsilon = epsilon

    def run_node(self, n: fx.Node) -> Any:
        if n.op != "call_function":
            return super().run_node(n)
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        rule = _RULES.get(packet_of(n))
        # Sizes are read from what carries relevance, and carry none; all else without a rule was
        # refused before.
        if rule is None or not _carriers(args):
            return n.target(*args, **kwargs)  # type: ignore[operator]
        return rule(n.target, args, kwargs, self._epsilon)  # type: ignore[arg-type]


def _carriers(args: tuple[Any, ...]) -> list[int]:
    """Return the positions of the arguments that carry relevance."""

    def carries(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return any(map(carries, value))
        return isinstance(value, Tensor) and value.requires_grad

    return [position for position, value in enumerate(args) if carries(value)]


def _plainly(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], _epsilon: float) -> Any:
    return op(*args, **kwargs)


def _affine(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], epsilon: float) -> Any:
    z = op(*args, **kwargs)
    if not isinstance(z, Tensor):
        return z
    return with_slopes(z, z * (z / _stabilised(z, epsilon)).detach())


def _elementwise(
    op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], epsilon: float
) -> Any:
    if _carriers(args) != [0]:
        return _gate(op, args, kwargs, epsilon)
    x = args[0]
    y = op(x.detach(), *args[1:], **kwargs)
    at_zero = op(torch.zeros_like(x[:1].detach()), *args[1:], **kwargs)
    if bool((at_zero != 0).any()):
        return y
    return with_slopes(y, x * (y / _stabilised(x, epsilon)).detach())


def _gate(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], _epsilon: float) -> Any:
    detached = [value.detach() if isinstance(value, Tensor) else value for value in args]
    return op(*detached, **kwargs)


def _product(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], epsilon: float) -> Any:
    if len(_carriers(args)) == 1:
        return _affine(op, args, kwargs, epsilon)
    a, b, *rest = args
    line = (op(a, b.detach(), *rest, **kwargs) + op(a.detach(), b, *rest, **kwargs)) / 2
    return with_slopes(op(a, b, *rest, **kwargs), line)


def _quotient(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], epsilon: float) -> Any:
    numerator, denominator, *rest = args
    if isinstance(denominator, Tensor):
        denominator = denominator.detach()
    return _affine(op, (numerator, denominator, *rest), kwargs, epsilon)


def _layer_norm(
    op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], _epsilon: float
) -> Tensor:
    """Centre and scale linearly, by the deviation that this input happens to have."""
    x, shape = args[:2]
    weight, bias, eps = (
        args[at] if at < len(args) else kwargs.get(name, default)
        for at, name, default in ((2, "weight", None), (3, "bias", None), (4, "eps", 1e-5))
    )
    dims = tuple(range(-len(shape), 0))
    centred = x - x.mean(dims, keepdim=True)
    line = centred * torch.rsqrt(centred.detach().square().mean(dims, keepdim=True) + eps)
    line = line if weight is None else line * weight
    return with_slopes(op(*args, **kwargs), line if bias is None else line + bias)


def _like(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], _epsilon: float) -> Any:
    """Give a tensor the shape or dtype of another, which has no part in it."""
    x, other, *rest = args
    return op(x, other.detach(), *rest, **kwargs)


def _attention(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], epsilon: float) -> Any:
    """Let the attention weights be a gate: all relevance goes to the values attended to."""
    query, key, value, *rest = args
    return _affine(op, (query.detach(), key.detach(), value, *rest), kwargs, epsilon)


def _stabilised(z: Tensor, epsilon: float) -> Tensor:
    return z + torch.where(z < 0, -epsilon, epsilon)


def _named(*names: str) -> list[Any]:
    return [getattr(_aten, name) for name in names if hasattr(_aten, name)]


_MAXIMA = _named(
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "adaptive_max_pool2d",
    "max", "amax", "maximum",
)  # fmt: skip
_ALSO_AFFINE = _named(
    "add", "sub", "rsub", "cat", "concat", "stack", "batch_norm", "dropout", "feature_dropout",
    "slice_scatter", "select_scatter", "where",
)  # fmt: skip
_PRODUCTS = _named("mul", "matmul", "bmm", "mm", "mv", "dot", "linear")
_GATES = _named(
    "softmax", "_softmax", "log_softmax", "_log_softmax", "linalg_vector_norm", "norm",
)  # fmt: skip
_LIKE = _named("expand_as", "view_as", "reshape_as", "type_as")

_RULES: dict[Any, Rule] = {
    **dict.fromkeys([*AFFINE_IN_FIRST, *_ALSO_AFFINE], _affine),
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(_PRODUCTS, _product),
    **dict.fromkeys([operator.getitem, *_MAXIMA], _plainly),
    **dict.fromkeys(_GATES, _gate),
    **dict.fromkeys(_LIKE, _like),
    **dict.fromkeys(_named("div", "true_divide"), _quotient),
    _aten.layer_norm: _layer_norm,
    _aten.scaled_dot_product_attention: _attention,
}


def _refuse_unruled(graph: fx.Graph) -> None:
    active = value_dependents(next(node for node in graph.nodes if node.op == "placeholder"))
    missing = {
        operation_name(node): innermost_module(node)
        for node in graph.nodes
        if node in active and node.op == "call_function" and packet_of(node) not in _RULES
    }
    if missing:
        listed = ", ".join(f"{op} (in {module})" for op, module in missing.items())
        raise LayerError(
            f"lrp-cam has no rule for {listed}, between the target layer and the scores; choose a "
            "layer behind it, or another method, such as lift-cam"
        )
