"""What the tests of adaptive trunks share."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from camcli.compile.adaptive import AdaptiveTrunk
from camcli.compile.compilation import compiler_missing

needs_compiler = pytest.mark.skipif(compiler_missing() is not None, reason="needs a C++ compiler")
EXAMPLE = torch.zeros(4, 3, 16, 16)


def run(trunk: AdaptiveTrunk, images: Tensor) -> Tensor:
    with torch.no_grad():
        (activation,) = trunk(images)
    return activation


def fail(*_: object) -> None:
    raise AssertionError("nothing was to be done or said")
