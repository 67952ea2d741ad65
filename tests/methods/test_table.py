"""The table of methods: a row, a class, its name and its options."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, is_dataclass
from inspect import cleandoc

import pytest

from camcli.errors import MethodError
from camcli.methods import METHOD_NAMES, canonical_name, create_method, method_class, options_of
from camcli.methods.base import Method


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_a_row_names_a_frozen_method_that_goes_by_that_name(name: str) -> None:
    method = method_class(name)
    assert issubclass(method, Method)
    assert method.name == name
    assert is_dataclass(method)
    assert method.__dataclass_params__.frozen
    assert create_method(name, {}) == method()


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_a_method_gives_its_formula_and_describes_its_options(name: str) -> None:
    assert cleandoc(method_class(name).__doc__ or "").startswith("map = ")
    options, declared = options_of(name), fields(method_class(name))
    assert [option.name for option in options] == [field.name for field in declared]
    assert all(option.description for option in options)


def test_an_unknown_method_is_answered_with_near_ones() -> None:
    with pytest.raises(MethodError, match=r"no method 'lift-cm'; did you mean 'lift-cam'"):
        method_class("lift-cm")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *(("GradCAM", "grad-cam"), ("Grad-CAM", "grad-cam"), ("grad_cam", "grad-cam")),
        *(("GradCAM++", "grad-cam++"), ("Grad-CAM++", "grad-cam++"), ("gradcampp", "grad-cam++")),
        *(("GradCAMPlusPlus", "grad-cam++"), ("XGradCAM", "xgrad-cam"), ("LIFT-CAM", "lift-cam")),
        *(("DeepLIFT", "deep-lift"), ("EigenGradCAM", "eigen-grad-cam"), ("Random", "random")),
        *(("grad-cam", "grad-cam"), ("Grad-CAM+", "Grad-CAM+"), ("", "")),
    ],
)
def test_a_method_is_known_whatever_its_case_and_hyphens(word: str, name: str) -> None:
    assert canonical_name(word) == name


def test_no_two_methods_differ_by_case_and_hyphens_alone() -> None:
    assert [canonical_name(name.upper().replace("-", "")) for name in METHOD_NAMES] == list(
        METHOD_NAMES
    )


def test_naming_methods_does_not_import_torch() -> None:
    code = "import sys, camcli.methods as m; sys.exit(not m.METHOD_NAMES or 'torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
