"""The table of methods: a row, a class, its name and its options."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, is_dataclass
from inspect import cleandoc

import pytest

from camcli.errors import MethodError
from camcli.methods import METHOD_NAMES, create_method, method_class, options_of
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


def test_naming_methods_does_not_import_torch() -> None:
    code = "import sys, camcli.methods as m; sys.exit(not m.METHOD_NAMES or 'torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
