"""What every source of networks has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from camcli.config import ModelConfig
from camcli.models.loaded import LoadedModel
from camcli.records import Preprocess


@dataclass(frozen=True)
class ListedModel:
    """A model that can be named.

    Attributes:
        name: As `--model` takes it.
        source: The label of its source.
        weights: Names of the weights that the source knows, besides `null` and a checkpoint.

    """

    name: str
    source: str
    weights: tuple[str, ...]


@dataclass(frozen=True)
class Source(ABC):
    """Where networks come from: which names are its own, which it lists, how it loads one.

    Attributes:
        usage: How `--model` spells its models, for help and messages; said by the table.
        label: What `camcli models` calls it.
        downloads: Whether `default` weights may come over the network.
        dual_encoders: Whether its networks score texts instead of classes.

    """

    usage: str
    label: ClassVar[str]
    downloads: ClassVar[bool] = False
    dual_encoders: ClassVar[bool] = False

    @abstractmethod
    def matches(self, name: str) -> bool:
        """Return whether a name is one that this source is asked for."""

    @abstractmethod
    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load a network, on the CPU and in evaluation mode.

        Args:
            config: Its name, which matches, and its weights: `default`, None for random ones, or
                the path of a checkpoint.
            preprocess: What replaces the preprocessing that comes with the weights, if anything.

        Raises:
            ModelError: A package is missing, there is no such network, or its weights cannot be
                loaded or do not fit.

        """

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Return the names that `--model` takes, as far as they are known.

        Raises:
            ModelError: A package is missing.

        """

    @abstractmethod
    def listed(self) -> list[ListedModel]:
        """Return the same with the weights that are known for each.

        Raises:
            ModelError: A package is missing.

        """

    def summary(self) -> str | None:
        """Return what a list says in place of models that it leaves out, None where it has all."""
        return None
