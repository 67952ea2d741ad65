"""Where networks come from: one module a source, and how `--model` spells what each has.

The table holds import paths, so that saying what can be named imports neither torch nor any
library of networks.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camcli.models.sources.base import Source

SOURCES: Mapping[str, str] = {
    "demo": "camcli.models.sources.demo:DemoSource",
    "demo-clip": "camcli.models.sources.demo_clip:DemoClipSource",
    "a torchvision model such as resnet50": "camcli.models.sources.torchvision:TorchvisionSource",
    "timm:NAME": "camcli.models.sources.timm:TimmSource",
    "open_clip:ARCH/TAG": "camcli.models.sources.open_clip:OpenClipSource",
    "hf:ORG/NAME": "camcli.models.sources.hugging_face:HuggingFaceSource",
    "package.module:factory": "camcli.models.sources.factory:FactorySource",
}
"""By usage, in the order in which they are asked whether a name is theirs: a prefix comes before
the factory, which takes every name with a colon."""


def usage() -> str:
    """Return how `--model` spells what each source has, as one phrase."""
    return one_of(list(SOURCES))


def one_of(usages: list[str]) -> str:
    """Return a choice between usages, as one phrase."""
    *others, last = usages
    return f"{', '.join(others)} or {last}" if others else last


def sources() -> Iterator[Source]:
    """Yield every source; each is imported when it is reached."""
    for spelling, home in SOURCES.items():
        module, _, attribute = home.partition(":")
        source: type[Source] = getattr(importlib.import_module(module), attribute)
        yield source(spelling)
