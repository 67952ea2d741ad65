"""Sources of other packages: what is asked of their classes, and of what they load."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from torch import nn

from camcli.config import ModelConfig
from camcli.errors import CamcliError
from camcli.models.loaded import LoadedModel
from camcli.models.sources.base import ListedModel
from camcli.models.sources.prefixed import PrefixedSource
from camcli.records import Preprocess
from camcli.system.plugins import Plugin

T = TypeVar("T")


def source_of(plugin: Plugin) -> OutsideSource:
    """Import the source that a plug-in names.

    Raises:
        PluginError: It cannot be imported, or is no concrete class that extends `PrefixedSource`
            with the plug-in's name as prefix.

    """
    found = plugin.load()
    if not (isinstance(found, type) and issubclass(found, PrefixedSource)):
        raise plugin.refused(
            "is no class that extends camcli.models.sources.prefixed.PrefixedSource"
        )
    if inspect.isabstract(found):
        raise plugin.refused(f"lacks {', '.join(sorted(found.__abstractmethods__))}")
    prefix = f"{plugin.name}:"
    if getattr(found, "prefix", None) != prefix:
        raise plugin.refused(f"has the prefix {getattr(found, 'prefix', None)!r}, not {prefix!r}")
    if not isinstance(getattr(found, "label", None), str):
        raise plugin.refused("has no label, which says what `camcli models` calls it")
    usage = f"{prefix}NAME"
    return OutsideSource(usage, plugin, _attempt(plugin, lambda: found(usage)))


@dataclass(frozen=True)
class OutsideSource(PrefixedSource):
    """A source of another package; where it fails, it is named.

    Attributes:
        plugin: The package's declaration of it.
        inner: The source itself.

    """

    plugin: Plugin
    inner: PrefixedSource

    @property
    def label(self) -> str:  # type: ignore[override]
        """What the source calls itself."""
        return self.inner.label

    @property
    def prefix(self) -> str:  # type: ignore[override]
        """What every name begins with."""
        return self.inner.prefix

    @property
    def downloads(self) -> bool:  # type: ignore[override]
        """Whether the source's weights may come over the network."""
        return self.inner.downloads

    @property
    def dual_encoders(self) -> bool:  # type: ignore[override]
        """Whether the source's networks score texts."""
        return self.inner.dual_encoders

    def names(self) -> Sequence[str]:
        """Ask the source for its names; see `Source.names`."""
        return _attempt(self.plugin, self.inner.names)

    def listed(self) -> list[ListedModel]:
        """Ask the source for its models; see `Source.listed`."""
        return _attempt(self.plugin, self.inner.listed)

    def summary(self) -> str:
        """Return what the source says of its models, and which package it is of."""
        return f"{_attempt(self.plugin, self.inner.summary)} (from {self.plugin.origin})"

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Have the source load a network; see `Source.load`.

        Raises:
            PluginError: The source fails, or returns no `LoadedModel` with a network.

        """
        found = _attempt(self.plugin, lambda: self.inner.load(config, preprocess))
        if not isinstance(found, LoadedModel):
            raise self.plugin.refused(f"loads a {type(found).__name__}, not a LoadedModel")
        if not isinstance(found.network, nn.Module):
            raise self.plugin.refused(
                f"loads a {type(found.network).__name__} as its network, not a torch.nn.Module"
            )
        found.network.eval()
        return replace(found, plugin=self.plugin.origin)


def _attempt(plugin: Plugin, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except CamcliError:
        raise
    except Exception as error:  # whatever the package does
        raise plugin.refused(f"fails: {type(error).__name__}: {error}") from error
