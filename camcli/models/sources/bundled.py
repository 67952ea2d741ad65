"""Networks that camcli carries with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models.sources.base import ListedModel, Source
from camcli.models.weights import DEFAULT


@dataclass(frozen=True)
class BundledSource(Source):
    """A single network, whose usage is its name."""

    label: ClassVar[str] = "demo"

    def matches(self, name: str) -> bool:
        """Return whether the network is meant."""
        return name == self.usage

    def names(self) -> Sequence[str]:
        """Return its one name."""
        return (self.usage,)

    def listed(self) -> list[ListedModel]:
        """Return the network with its bundled weights."""
        return [ListedModel(self.usage, self.label, (DEFAULT,))]

    def refuse_kwargs(self, config: ModelConfig) -> None:
        """Raise a `ModelError` where arguments are given, of which there are none to choose."""
        if config.kwargs:
            raise ModelError(f"{self.usage} takes no model.kwargs (found {config.kwargs!r})")
