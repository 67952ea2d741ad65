"""Which of the weights in a checkpoint are meant, as a user says it."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.config import ModelConfig


@dataclass(frozen=True)
class Choice:
    """What picks a set of weights where a checkpoint holds several.

    Attributes:
        key: Where in the checkpoint they are, keys joined by points; None: they are looked for.
        prefix: What stands before the network's own names; None: it is looked for.
        averaged: Whether averages of weights over training are meant, or the weights themselves;
            None: the weights, and averages only where there is nothing else.

    """

    key: str | None = None
    prefix: str | None = None
    averaged: bool | None = None

    @classmethod
    def of(cls, config: ModelConfig) -> Choice:
        """Return what a configuration says."""
        averaged = None if config.ema == "auto" else config.ema
        return cls(config.checkpoint_key, config.strip_prefix, averaged)


ANY = Choice()
"""What holds where the user says nothing."""
