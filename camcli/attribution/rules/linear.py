"""DeepLIFT through what is affine in the activation: multipliers are the derivatives."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor

from camcli.attribution.call import Arguments, DeepLiftCall, Keywords
from camcli.attribution.rules.operations import AFFINE_IN_ALL, AFFINE_IN_FIRST, LIKE_ANOTHER
from camcli.attribution.rules.registry import ANY, FIRST_TWO, aten, rule

_aten = torch.ops.aten


@rule(*AFFINE_IN_FIRST)
def affine(call: DeepLiftCall) -> Any:
    """Take the derivatives as multipliers: affine in the first argument, whatever the others."""
    return call.plain()


@rule(*AFFINE_IN_ALL, positions=ANY)
def affine_in_all(call: DeepLiftCall) -> Any:
    """Take the derivatives as multipliers: affine in all arguments together."""
    return call.plain()


@rule(*aten("slice_scatter", "select_scatter"), _aten.lerp.Scalar, positions=FIRST_TWO)
def affine_in_two(call: DeepLiftCall) -> Any:
    """Take the derivatives as multipliers: affine in the first two arguments together."""
    return call.plain()


@rule(_aten.where, positions=(1, 2))
def choice(call: DeepLiftCall) -> Any:
    """Give 1 to the elements that a constant condition chooses, and 0 to the others."""
    return call.plain()


@rule(*LIKE_ANOTHER, positions=FIRST_TWO)
def like_another(call: DeepLiftCall) -> Any:
    """Give 1 to the tensor, and 0 to the other, whose shape or dtype alone is taken."""
    return call.plain()


@rule(operator.getitem)
def one_of_several(call: DeepLiftCall) -> Any:
    """Pass the multipliers on to the result that is read among several."""
    return call.plain()


@rule(_aten.detach)
def detached(call: DeepLiftCall) -> Tensor:
    """Give 1: the values are those of the input, which the network itself detaches."""
    tensor: Tensor = call.args[0]
    return tensor


def _is_not_training(args: Arguments, _kwargs: Keywords) -> bool:
    return not args[2]


@rule(*aten("dropout", "feature_dropout", "alpha_dropout"), condition=_is_not_training)
def dropout(call: DeepLiftCall) -> Any:
    """Give 1: nothing is dropped in evaluation; refused in training."""
    return call.plain()
