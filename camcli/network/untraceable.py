"""Why a network that runs cannot be traced."""

from __future__ import annotations

from torch import nn

from camcli.errors import ModelError
from camcli.network.culprit import culprit_of

_BRANCHES = ("GuardOnDataDependentSymNode", "DataDependentOutputException")
_ADVICE = {
    "a number taken from pixels": (
        "camcli needs a forward without control flow that depends on the pixels' values; replace "
        "such a branch by torch.where or torch.cond, or wrap the part that is fixed at inference"
    ),
    "numpy": "what leaves PyTorch cannot be followed: use its own operations instead of NumPy's",
    "a fixed batch": (
        "its forward takes the number of images for a constant; look for len(x), "
        "int(x.shape[0]) or a view with a constant first size"
    ),
}


def untraceable(error: Exception, network: nn.Module) -> ModelError:
    """Return what to tell the user of a network on which `torch.export` fails."""
    culprit = culprit_of(error, network)
    advice = _ADVICE.get(_kind(culprit.kind, str(error)))
    return ModelError(
        f"the network cannot be traced by torch.export: {culprit.kind}{culprit.place}: "
        f"{culprit.reason}" + (f"\n{advice}" if advice else "")
    )


def _kind(name: str, message: str) -> str:
    if name.startswith(_BRANCHES) or "data-dependent" in message or "data dependent" in message:
        return "a number taken from pixels"
    if "numpy" in message.lower():
        return "numpy"
    if name == "ConstraintViolationError" or "specialized" in message.lower():
        return "a fixed batch"
    return ""
