"""Operations that add up along axes: a sum's place is the mean of what is summed."""

from __future__ import annotations

from torch import Tensor

from camcli.network.places.arrays import average, compact, is_somewhere, nowhere
from camcli.network.places.merging import merged
from camcli.network.places.registry import Call, Places, named, rule


@rule(*named("linear"))
def linear(call: Call) -> Tensor:
    """Mix the last axis, of which one place is left."""
    return average(call.input, [-1]).expand(call.shape)


@rule(*named("matmul", "mm", "bmm"))
def product(call: Call) -> Tensor | None:
    """Row i of the first by column j of the second: the place of the row, if it has one.

    So the scores of attention are at the query's place, and what they weight is too: the mean of
    all values is nowhere in particular.
    """
    first, second = call.operands()
    if first.dim() < 2 or second.dim() < 2:
        return nowhere(call.shape)
    return _first_known([average(first, [-1]), average(second, [-2])], call.shape)


@rule(*named("addmm", "baddbmm"))
def added_product(call: Call) -> Tensor:
    """As a product; what is added has its shape."""
    added, first, second = call.operands()
    return _first_known([average(first, [-1]), average(second, [-2]), added], call.shape)


@rule(*named("scaled_dot_product_attention"))
def attention(call: Call) -> Tensor:
    """Attention answers at the place of the query."""
    return average(call.input, [-1]).expand(call.shape)


@rule(*named("einsum"))
def einsum(call: Call) -> Tensor | None:
    """As a product, with the axes that the letters name."""
    equation: str = call.arguments["equation"].replace(" ", "")
    given, _, made = equation.partition("->")
    if "." in equation or "->" not in equation:
        return None
    found = []
    for letters, places in zip(given.split(","), call.operands(), strict=True):
        summed = [dim for dim, letter in enumerate(letters) if letter not in made]
        left = average(places, summed) if summed else compact(places)
        left = left.squeeze(summed) if summed else left
        names = [letter for letter in letters if letter in made]
        left = left.permute([names.index(letter) for letter in made if letter in names])
        for dim, letter in enumerate(made):
            left = left if letter in names else left.unsqueeze(dim)
        found.append(left)
    return _first_known(found, call.shape)


@rule(
    *named(
        "amax", "amin", "linalg_vector_norm", "logsumexp", "max", "mean", "median", "min", "norm",
        "std", "std_mean", "sum", "var", "var_mean", "prod", "all", "any",
    )
)  # fmt: skip
def reduced(call: Call) -> Places | None:
    """Reduce some axes, or all."""
    if len(call.operands()) > 1:  # the larger of two tensors
        return merged(call)
    axes = call.arguments.get("dim")
    axes = [axes] if isinstance(axes, int) else list(axes or range(call.input.dim()))
    shape = list(call.input.shape)
    for axis in axes:
        shape[axis] = 1
    mean = average(call.input, axes).expand(shape).reshape(call.shape)
    return (mean,) * len(call.shapes) if len(call.shapes) > 1 else mean


@rule(
    *named(
        "batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "group_norm",
        "instance_norm", "layer_norm", "log_softmax", "_log_softmax", "native_group_norm",
        "native_layer_norm", "normalize", "rms_norm", "_fused_rms_norm", "softmax", "_softmax",
        "native_batch_norm",
    )
)  # fmt: skip
def normalised(call: Call) -> Places:
    """Stay in place, whatever a value is divided by."""
    if len(call.shapes) == 1:
        return call.input
    return (call.input, *(nowhere(shape) for shape in call.shapes[1:]))


@rule(*named("glu"))
def gated(call: Call) -> Tensor:
    """One half of an axis is gated by the other."""
    axis = call.arguments["dim"]
    return call.input.narrow(axis, 0, call.shape[axis])


def _first_known(candidates: list[Tensor], shape: tuple[int, ...]) -> Tensor:
    places = next((one for one in candidates if is_somewhere(one)), candidates[0])
    return places.expand(shape)
