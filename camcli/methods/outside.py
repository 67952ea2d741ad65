"""Methods of other packages: what is asked of their classes, and of what they answer."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from camcli.attribution.objective import Objective
from camcli.errors import CamcliError, ImageError, MachineError, PluginError
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe
from camcli.system.out_of_memory import is_out_of_memory
from camcli.system.plugins import Plugin

_OURS = __name__.partition(".")[0]


def class_of(plugin: Plugin) -> type[Method]:
    """Import the method that a plug-in names.

    Raises:
        PluginError: It cannot be imported, or is no concrete, frozen dataclass of that name which
            extends `Method`, with options of types that can be checked.

    """
    found = plugin.load()
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise plugin.refused("is no class that extends camcli.methods.base.Method")
    if not _is_frozen_dataclass(found):
        raise plugin.refused("is no frozen dataclass, whose fields are the options of a method")
    if inspect.isabstract(found):
        raise plugin.refused(f"lacks {', '.join(sorted(found.__abstractmethods__))}")
    if getattr(found, "name", None) != plugin.name:
        raise plugin.refused(f"calls itself {getattr(found, 'name', None)!r}, not {plugin.name!r}")
    _require_options(found, plugin)
    return found


def _is_frozen_dataclass(kind: type) -> bool:
    return is_dataclass(kind) and bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _require_options(method: type[Method], plugin: Plugin) -> None:
    """Refuse options whose types are not known, which pydantic says when a value is checked."""
    try:
        TypeAdapter(method).validate_python({})
    except ValidationError:  # an option without a default
        return
    except (PydanticUserError, NameError, TypeError) as error:
        raise plugin.refused(f"has options that cannot be checked: {error}") from error


def saliency_of(method: Method, probe: Probe, objective: Objective) -> Saliency:
    """Ask a method for the maps of a batch, and look at the answer where it is another package's.

    Raises:
        PluginError: A method of another package fails, or returns no maps of the batch.

    """
    if type(method).__module__.partition(".")[0] == _OURS:
        return method.explain(probe, objective)
    try:
        found = method.explain(probe, objective)
    except (CamcliError, ImageError, MachineError):
        raise
    except Exception as error:  # whatever the package does
        if is_out_of_memory(error):
            raise
        raise _refused(method, f"fails: {type(error).__name__}: {error}") from error
    if not isinstance(found, Saliency):
        raise _refused(method, f"returns a {type(found).__name__}, not a Saliency")
    if found.maps.ndim != 3 or len(found.maps) != len(probe.activation):
        batch = len(probe.activation)
        raise _refused(method, f"returns maps of shape {tuple(found.maps.shape)}, not ({batch}, "
                               "h, w): one for each image of the batch")  # fmt: skip
    return found


def _refused(method: Method, why: str) -> PluginError:
    from camcli.methods import PLUGINS

    plugin = PLUGINS.find(method.name)
    if plugin is None:  # a class that a program handed over itself
        return PluginError(f"the method {method.name} ({type(method).__module__}) {why}")
    return plugin.refused(why)
