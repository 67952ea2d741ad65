"""camcli: batch saliency maps for image networks, from the command line and from Python.

import camcli

for found in camcli.explain(network, ["cat.jpg", "dog.jpg"], targets="top1"):
print(found.image, found.target.name, found.map.shape)
found.overlay().save(f"{found.image}.png")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camcli.api.explainer import Explainer, explain
    from camcli.api.explanation import Explanation, Explanations
    from camcli.api.stored import StoredRow, StoredRun, open_run
    from camcli.config import load_config
    from camcli.errors import CamcliError
    from camcli.methods import METHODS

__version__ = "0.1.0"

__all__ = [
    "METHODS",
    "CamcliError",
    "Explainer",
    "Explanation",
    "Explanations",
    "StoredRow",
    "StoredRun",
    "__version__",
    "explain",
    "load_config",
    "open_run",
]

# Looked up when they are used: `import camcli` is for help and version numbers too.
_HOMES = {
    "CamcliError": "camcli.errors:CamcliError",
    "Explainer": "camcli.api.explainer:Explainer",
    "Explanation": "camcli.api.explanation:Explanation",
    "Explanations": "camcli.api.explanation:Explanations",
    "METHODS": "camcli.methods:METHODS",
    "StoredRow": "camcli.api.stored:StoredRow",
    "StoredRun": "camcli.api.stored:StoredRun",
    "explain": "camcli.api.explainer:explain",
    "load_config": "camcli.config:load_config",
    "open_run": "camcli.api.stored:open_run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'camcli' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
