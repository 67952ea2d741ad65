"""How close methods' coefficients are to the Shapley values that shap-cam samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from camcli.evaluation.metrics.agreement import AGREEMENT, AgreementInput
from camcli.evaluation.rows import MethodResult
from camcli.methods.shap_cam import ShapCam


def with_agreement(
    results: Mapping[str, MethodResult], coefficients: Mapping[str, Tensor]
) -> dict[str, MethodResult]:
    """Add the agreement metrics to the results of one image, where they can be computed.

    Args:
        results: By method.
        coefficients: (K,), by method, of those that have any. Only methods whose coefficients
            belong to the same K channel maps as shap-cam's are compared with it.

    """
    shapley = coefficients.get(ShapCam.name)
    compared = dict(results)
    if shapley is None:
        return compared
    for name, found in coefficients.items():
        if name != ShapCam.name and found.shape == shapley.shape:
            given = AgreementInput(found[None].cpu(), shapley[None].cpu())
            values = {**compared[name].values, **AGREEMENT.measure(given)}
            compared[name] = replace(compared[name], values=values)
    return compared
