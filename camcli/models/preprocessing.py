"""From what a configuration says about preprocessing to what is done."""

from __future__ import annotations

from camcli.config import Config, PreprocessConfig
from camcli.records import Preprocess


def stated(config: Config) -> Preprocess | None:
    """Return the preprocessing that a configuration states, None for what the weights come with."""
    given = config.preprocess
    return resolved(given) if isinstance(given, PreprocessConfig) else None


def resolved(config: PreprocessConfig) -> Preprocess:
    """Return a preprocessing with its crop's two sides."""
    crop = config.crop if isinstance(config.crop, tuple) else (config.crop, config.crop)
    return Preprocess(
        resize=config.resize,
        crop=crop,
        mean=config.mean,
        std=config.std,
        interpolation=config.interpolation,
        odd_margin=config.odd_margin,
    )
