"""Saliency methods, by name: one small class each.

The table holds import paths, so that naming and describing methods does not import torch. A new
method is a file here, a row of the table and a test; what it has in common with others is in `_ops`
and `scaling`, and what it may ask of a batch in `probe`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camcli.errors import MethodError, suggest

if TYPE_CHECKING:
    from camcli.methods.base import Method

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
    return next((name for name in _TABLE if _folded(name) == _folded(word)), word)


def _folded(word: str) -> str:
    bare = re.sub(r"[\s_-]", "", word).lower()
    return re.sub("(plusplus|pp)$", "++", bare)


def method_class(name: str) -> type[Method]:
    """Return the class of a method, whatever the case and hyphens of its name.

    Raises:
        MethodError: There is no method of that name.

    """
    name = canonical_name(name)
    if name not in _TABLE:
        raise MethodError(
            f"there is no method {name!r}{suggest(name, _TABLE)} (methods: {', '.join(_TABLE)})"
        )
    module, _, attribute = _TABLE[name].partition(":")
    found: type[Method] = getattr(importlib.import_module(module), attribute)
    return found


def create_method(name: str, options: Mapping[str, Any]) -> Method:
    """Make a method with its options.

    Raises:
        MethodError: The method or one of the options does not exist, or a value does not fit;
            every option that is wrong is named.

    """
    from camcli.methods.base import validated

    return validated(method_class(name), options)


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
