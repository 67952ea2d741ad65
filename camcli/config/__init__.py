"""What a run is asked to do: YAML, `--set` overrides and flags, validated into one frozen record.

All mistakes are reported together, each with its key, the value found and the valid choices.
"""

from camcli.config.load import dump_config, load_config
from camcli.config.mistakes import keys_of
from camcli.config.sections import (
    Colormap,
    Config,
    ModelConfig,
    OutputConfig,
    Precision,
    PreprocessConfig,
    PromptsConfig,
    PromptScore,
    RunConfig,
    TargetConfig,
)
from camcli.config.strict_yaml import parse_value

__all__ = [
    "Colormap",
    "Config",
    "ModelConfig",
    "OutputConfig",
    "Precision",
    "PreprocessConfig",
    "PromptScore",
    "PromptsConfig",
    "RunConfig",
    "TargetConfig",
    "dump_config",
    "keys_of",
    "load_config",
    "parse_value",
]
