"""What may be installed beside camcli: the packages of its extras, and plug-ins."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from camcli.doctor.finding import Finding
from camcli.errors import PluginError
from camcli.system.distribution import EXTRAS, install_command


def extras() -> Iterator[Finding]:
    """Yield, for each extra, whether what it brings is there, and how to have it."""
    for extra, (module, use) in EXTRAS.items():
        there = find_spec(module) is not None
        found = "installed" if there else f"not installed: {install_command(extra)}"
        yield Finding("extras", extra, f"{found} ({use})")


def plugins() -> Iterator[Finding]:
    """Yield every plug-in, and what is wrong with those that cannot be used."""
    from camcli import methods
    from camcli.methods.outside import class_of
    from camcli.models import sources
    from camcli.models.sources.outside import source_of

    for table, load in ((methods.PLUGINS, class_of), (sources.PLUGINS, source_of)):
        kind = table.group.rpartition(".")[2]
        for plugin in table.usable():
            problem = None
            try:
                load(plugin)
            except PluginError as error:
                problem = str(error)
            yield Finding("plug-ins", f"{kind}/{plugin.name}", plugin.origin, problem)
        for fault in table.faults():
            yield Finding("plug-ins", kind, "cannot be used", str(fault))
