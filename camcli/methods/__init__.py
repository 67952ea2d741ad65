"""Saliency methods, by name: one small class each.

The table holds import paths, so that naming and describing methods does not import torch. A new
method is a file here, a row of the table and a test; what it has in common with others is in `_ops`
and `scaling`, and what it may ask of a batch in `probe`. Other packages add methods by entry points
of the group `camcli.methods`; these are imported when they are asked for.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camcli.errors import MethodError, suggest
from camcli.system.plugins import PluginTable

if TYPE_CHECKING:
    from camcli.methods.base import Method

    METHODS: tuple[str, ...]

_TABLE: Mapping[str, str] = {
    "lift-cam": "camcli.methods.lift_cam:LiftCam",
    "deep-lift": "camcli.methods.deep_lift:DeepLiftMap",
    "lift-pyramid": "camcli.methods.lift_pyramid:LiftPyramid",
    "decom-cam": "camcli.methods.decom_cam:DecomCam",
    "grad-cam": "camcli.methods.grad_cam:GradCam",
    "grad-cam++": "camcli.methods.grad_cam_plus_plus:GradCamPlusPlus",
    "xgrad-cam": "camcli.methods.xgrad_cam:XGradCam",
    "layer-cam": "camcli.methods.layer_cam:LayerCam",
    "hires-cam": "camcli.methods.hires_cam:HiResCam",
    "eigen-cam": "camcli.methods.eigen_cam:EigenCam",
    "eigen-grad-cam": "camcli.methods.eigen_grad_cam:EigenGradCam",
    "ablation-cam": "camcli.methods.ablation_cam:AblationCam",
    "score-cam": "camcli.methods.score_cam:ScoreCam",
    "lrp-cam": "camcli.methods.lrp_cam:LrpCam",
    "lime-cam": "camcli.methods.lime_cam:LimeCam",
    "shap-cam": "camcli.methods.shap_cam:ShapCam",
    "centred": "camcli.methods.centred_map:CentredMap",
    "random": "camcli.methods.random_map:RandomMap",
}

METHOD_NAMES: tuple[str, ...] = tuple(_TABLE)
"""The methods that camcli has itself."""

_ALL = "all"  # of them, in `camcli evaluate --methods`


def _folded(word: str) -> str:
    bare = re.sub(r"[\s_-]", "", word).lower()
    return re.sub("(plusplus|pp)$", "++", bare)


PLUGINS = PluginTable(
    group="camcli.methods",
    own=(*METHOD_NAMES, _ALL),
    pattern=re.compile(r"[a-z][a-z0-9-]*\+*"),
    spelling="small letters, digits and hyphens, such as peak-cam",
    folded=_folded,
)
"""The methods of other packages."""


def method_names() -> tuple[str, ...]:
    """Return the names of all methods, those of other packages behind camcli's own."""
    return (*METHOD_NAMES, *(plugin.name for plugin in PLUGINS.usable()))


@dataclass(frozen=True)
class OptionInfo:
    """One option of a method: its name, its default, and what it does."""

    name: str
    default: Any
    description: str


def canonical_name(word: str) -> str:
    """Return the name of the method that a word means, or the word where it means none.

    Case, hyphens, spaces and underscores do not count, and `pp` or `plus-plus` is `++`: papers and
    other tools write `Grad-CAM++`, `GradCAMPlusPlus` or `gradcam_pp` for `grad-cam++`.
    """
    own = next((name for name in METHOD_NAMES if _folded(name) == _folded(word)), None)
    return own or next((name for name in method_names() if _folded(name) == _folded(word)), word)


def method_class(name: str) -> type[Method]:
    """Return the class of a method, whatever the case and hyphens of its name.

    Raises:
        MethodError: There is no method of that name.
        PluginError: It is one of another package, and cannot be used.

    """
    if plugin := PLUGINS.find(name):
        from camcli.methods.outside import class_of

        return class_of(plugin)
    name = canonical_name(name)
    if name not in _TABLE:
        known = method_names()
        raise MethodError(
            f"there is no method {name!r}{suggest(name, known)} (methods: {', '.join(known)})"
        )
    module, _, attribute = _TABLE[name].partition(":")
    found: type[Method] = getattr(importlib.import_module(module), attribute)
    return found


def origin_of(name: str) -> str | None:
    """Return the distribution and version that a method comes from, None for camcli's own."""
    plugin = PLUGINS.find(name)
    return None if plugin is None else plugin.origin


def create_method(name: str, options: Mapping[str, Any]) -> Method:
    """Make a method with its options.

    Raises:
        MethodError: The method or one of the options does not exist, or a value does not fit;
            every option that is wrong is named.
        PluginError: It is one of another package, and cannot be used.

    """
    from camcli.methods.base import validated

    return validated(method_class(name), options)


def __getattr__(name: str) -> Any:
    # Of the package's public names; what is installed is looked at when it is asked for.
    if name == "METHODS":
        return method_names()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def options_of(name: str) -> list[OptionInfo]:
    """Return the options of a method, in order.

    Raises:
        MethodError: There is no method of that name.

    """
    from dataclasses import MISSING, fields

    return [
        OptionInfo(
            name=field.name,
            default=field.default if field.default is not MISSING else None,
            description=field.metadata.get("description", ""),
        )
        for field in fields(method_class(name))  # type: ignore[arg-type]
    ]
