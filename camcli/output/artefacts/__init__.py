"""What a run writes for each image and target: one class a kind, found by its name."""

from __future__ import annotations

import importlib

from camcli.config import OutputConfig
from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.output.artefacts.base import AnyArtefact
from camcli.output.provenance import Provenance

__all__ = ["AnyArtefact", "saved_artefacts"]


def saved_artefacts(config: OutputConfig, provenance: Provenance) -> dict[str, AnyArtefact]:
    """Return what makes every kind of artefact that a configuration asks for, by kind."""
    return {
        name: _artefact_class(kind.artefact)(config, provenance)
        for name, kind in ARTEFACT_KINDS.items()
        if kind.saved_as in config.save
    }


def _artefact_class(path: str) -> type[AnyArtefact]:
    module, _, attribute = path.partition(":")
    found: type[AnyArtefact] = getattr(importlib.import_module(module), attribute)
    return found
