"""DeepLIFT through element-wise functions: the Rescale rule."""

from __future__ import annotations

import torch
from torch import Tensor

from camcli.attribution import secants
from camcli.attribution.call import DeepLiftCall
from camcli.attribution.rules.operations import ELEMENTWISE
from camcli.attribution.rules.registry import rule

_aten = torch.ops.aten


@rule(*(operation for operation in ELEMENTWISE if operation is not _aten.relu))
@rule(_aten.pow.Scalar, positions=(1,))
def rescale(call: DeepLiftCall) -> Tensor:
    """Apply the Rescale rule, Δy / Δx, and the derivative where Δx vanishes."""
    (position,) = call.active
    return secants.rescale(call.of(position), call.pair(position), call.reference).value


@rule(_aten.relu)
def relu(call: DeepLiftCall) -> Tensor:
    """Apply the Rescale rule in the form (y + y₀) / (|x| + |x₀|), where nothing cancels."""
    return secants.relu(call.pair(0), call.reference).value
