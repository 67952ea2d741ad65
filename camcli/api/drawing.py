"""Overlays as a caller asks for them, drawn as the command draws them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from camcli.config import OutputConfig
from camcli.errors import ConfigError
from camcli.output.artefacts.overlays import Overlays
from camcli.output.artefacts.picture import Picture
from camcli.output.provenance import Provenance
from camcli.records import SaliencyMap


@dataclass(frozen=True)
class Drawing:
    """Draws the overlays of maps.

    Attributes:
        config: How they look where a caller says nothing.
        provenance: Returns what pictures say that they were made by; it reads every weight.

    """

    config: OutputConfig
    provenance: Callable[[], Provenance]

    def of(self, saliency_map: SaliencyMap, **look: Any) -> Picture:
        """Return the overlay of a map that is not degenerate.

        Args:
            saliency_map: The map, with its image.
            **look: Keys of the section `output`, None for what `config` says.

        Raises:
            ConfigError: No overlay can look so.

        """
        given = {key: value for key, value in look.items() if value is not None}
        try:
            config = OutputConfig.model_validate({**self.config.model_dump(), **given})
        except ValidationError as error:
            told = "; ".join(str(each["msg"]) for each in error.errors())
            raise ConfigError(f"the overlay cannot be drawn so: {told}") from None
        drawn = Overlays(config, self.provenance()).render(saliency_map)
        assert drawn is not None
        return drawn
