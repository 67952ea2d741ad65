"""What a run is asked to do: YAML, `--set` overrides and flags, validated into one frozen record.

All mistakes are reported together, each with its key, the value found and the valid choices.
"""

from camcli.config.keys import config_keys
from camcli.config.load import dump_config, load_config
from camcli.config.output_section import Colormap, OutputConfig
from camcli.config.sections import (
    Config,
    MethodConfig,
    ModelConfig,
    OneMethod,
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
    "MethodConfig",
    "ModelConfig",
    "OneMethod",
    "OutputConfig",
    "Precision",
    "PreprocessConfig",
    "PromptScore",
    "PromptsConfig",
    "RunConfig",
    "TargetConfig",
    "config_keys",
    "dump_config",
    "load_config",
    "parse_value",
]
