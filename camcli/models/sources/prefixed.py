"""Sources whose many models are named behind a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from camcli.errors import ModelError
from camcli.models.sources.base import Source
from camcli.models.sources.optional_package import OptionalPackage
from camcli.system.wording import counted_as


@dataclass(frozen=True)
class PrefixedSource(Source):
    """The models of a package; listed only where they are asked for by the prefix.

    Attributes:
        prefix: What every name begins with, with its colon.
        package: Where they come from, None where that needs no installing.

    """

    prefix: ClassVar[str]
    package: ClassVar[OptionalPackage | None] = None
    downloads: ClassVar[bool] = True

    def matches(self, name: str) -> bool:
        """Return whether a name has the prefix."""
        return name.startswith(self.prefix)

    def summary(self) -> str:
        """Return how many models the package has, or how to install it; and how to list them."""
        try:
            content = counted_as(len(self.names()), "model")
        except ModelError:
            content = f"needs {self.package.command}" if self.package else "no list"
        return f"{content}; camcli models '{self.prefix}*'"
