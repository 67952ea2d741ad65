"""What schedules a run, by name: one module each, and one row here.

The table holds import paths, so that an executor's own packages are imported only where it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from camcli.config import Config
from camcli.errors import ConfigError, suggest
from camcli.run.executors.base import Executor

_TABLE: Mapping[str, str] = {
    "local": "camcli.run.executors.local:LocalExecutor",
}


def executor_for(config: Config) -> Executor:
    """Return what schedules a run, as `run.executor` names it; nothing is started yet.

    Raises:
        ConfigError: There is no executor of that name.

    """
    name = config.run.executor
    if name not in _TABLE:
        raise ConfigError(
            f"run.executor: there is no executor {name!r}{suggest(name, _TABLE)} (executors: "
            f"{', '.join(_TABLE)})"
        )
    module, _, attribute = _TABLE[name].partition(":")
    made: Executor = getattr(importlib.import_module(module), attribute)(config)
    return made
