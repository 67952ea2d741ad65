"""Where networks come from: one module a source, and how `--model` spells what each has.

The table holds import paths, so that saying what can be named imports neither torch nor any
library of networks. Other packages add sources by entry points of the group `camcli.sources`; the
name of one is the prefix of its models, and it is imported when a model is asked for by that.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from camcli.errors import CamcliWarning, PluginError
from camcli.system.plugins import PluginTable

if TYPE_CHECKING:
    from camcli.models.sources.base import Source
    from camcli.models.sources.outside import OutsideSource

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


PLUGINS = PluginTable(
    group="camcli.sources",
    own=tuple(spelling.partition(":")[0] for spelling in SOURCES),
    pattern=re.compile(r"[a-z][a-z0-9_-]+"),
    spelling="small letters, digits, hyphens and underscores, such as myhub",
)
"""The sources of other packages, by what stands before the colon."""


def usage() -> str:
    """Return how `--model` spells what each source has, as one phrase."""
    return one_of(list(SOURCES))


def one_of(usages: list[str]) -> str:
    """Return a choice between usages, as one phrase."""
    *others, last = usages
    return f"{', '.join(others)} or {last}" if others else last


def own_sources() -> Iterator[Source]:
    """Yield the sources of camcli itself; each is imported when it is reached."""
    for spelling, home in SOURCES.items():
        module, _, attribute = home.partition(":")
        source: type[Source] = getattr(importlib.import_module(module), attribute)
        yield source(spelling)


def sources() -> Iterator[Source]:
    """Yield every source, those of other packages behind camcli's own.

    Those that cannot be used are left out with a warning.
    """
    yield from own_sources()
    faults = list(PLUGINS.faults())
    for plugin in PLUGINS.usable():
        from camcli.models.sources.outside import source_of

        try:
            yield source_of(plugin)
        except PluginError as error:
            faults.append(error)
    for fault in faults:
        warnings.warn(str(fault), CamcliWarning, stacklevel=2)


def plugged_in(name: str) -> OutsideSource | None:
    """Return the source of another package that a model's name asks for by its prefix, if any.

    Raises:
        PluginError: The source cannot be used.

    """
    prefix, colon, _ = name.partition(":")
    plugin = PLUGINS.find(prefix) if colon else None
    if plugin is None:
        return None
    from camcli.models.sources.outside import source_of

    return source_of(plugin)
