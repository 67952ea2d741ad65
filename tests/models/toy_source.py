"""A source that camcli does not have, as a test adds it to the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from camcli.config import ModelConfig
from camcli.models.loaded import LoadedModel
from camcli.models.sources.base import ListedModel
from camcli.models.sources.optional_package import OptionalPackage
from camcli.models.sources.prefixed import PrefixedSource
from camcli.records import Preprocess
from tests.models.factories import Small

TOYS = OptionalPackage("toys", extra="toy", distribution="toy_networks")


@dataclass(frozen=True)
class ToySource(PrefixedSource):
    label: ClassVar[str] = "toy"
    prefix: ClassVar[str] = "toy:"
    package: ClassVar[OptionalPackage] = TOYS
    dual_encoders: ClassVar[bool] = True

    def names(self) -> Sequence[str]:
        return ["toy:train", "toy:kite"]

    def listed(self) -> list[ListedModel]:
        return [ListedModel(name, self.label, ("wooden",)) for name in self.names()]

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        return LoadedModel(
            name=config.name,
            network=Small(3).eval(),
            preprocess=preprocess or Preprocess(64, (64, 64), (0.5,) * 3, (0.5,) * 3),
            labels=("engine", "coach", "track"),
            default_layer="body",
            weights="wooden",
        )


class AbsentToySource(ToySource):
    """Its package is not installed."""

    def names(self) -> Sequence[str]:
        raise TOYS.missing("a model named toy:NAME")

    def listed(self) -> list[ListedModel]:
        return [ListedModel(name, self.label, ()) for name in self.names()]
