"""A network that a function of the user's makes: `package.module:factory`."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from torch import nn

from camcli.config import ModelConfig, PreprocessConfig
from camcli.errors import ModelError, suggest
from camcli.models.float32 import as_float32
from camcli.models.loaded import LoadedModel
from camcli.models.ordinary import require_network, require_weights
from camcli.models.preprocessing import resolved
from camcli.models.sources import usage
from camcli.models.sources.base import ListedModel, Source
from camcli.models.weights import set_weights, weights_record
from camcli.models.wrappers import unwrap_parts, unwrapped
from camcli.records import Preprocess


@dataclass(frozen=True)
class FactorySource(Source):
    """Whatever a function, a class or a module of the user's makes.

    `weights: default` leaves the network as the factory made it; `null` takes its weights for
    random ones, and fits batch-norm's statistics to them.
    """

    label: ClassVar[str] = "your own"

    def matches(self, name: str) -> bool:
        """Return whether a name has a module and what is in it, apart by a colon."""
        return ":" in name

    def names(self) -> Sequence[str]:
        """Return no name: there is no list of what users write."""
        return ()

    def listed(self) -> list[ListedModel]:
        """Return no model."""
        return []

    def summary(self) -> str:
        """Return what is loaded."""
        return "what the function returns"

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Call the factory with `model.kwargs`; see `Source.load`.

        Raises:
            ModelError: Also where there is no such function, it fails, or it returns no
                `nn.Module` with plain weights.

        """
        network = _made(config)
        require_weights(network, config.name)
        preprocess = preprocess or resolved(PreprocessConfig())
        converted = as_float32(network, config.name)
        set_weights(network, config, preprocess.crop)
        unwrap_parts(network)
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=preprocess,
            labels=None,
            default_layer=None,
            weights=weights_record(config.weights),
            converted=converted,
        )


def _made(config: ModelConfig) -> nn.Module:
    module_name, _, attribute = config.name.partition(":")
    factory = _attribute(_module(module_name, config.name), attribute, config.name)
    made = factory if isinstance(factory, nn.Module) else _called(factory, config)
    return unwrapped(require_network(made, config.name))


def _module(name: str, model: str) -> ModuleType:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise ModelError(f"{model!r} names no model: give {usage()}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ModelError(
                f"{model}: there is no Python module {error.name!r} in the folder {here} or among "
                "the installed packages; set PYTHONPATH to the folder that holds it"
            ) from None
        raise ModelError(f"{model}: importing {name} fails: {error}") from error
    except Exception as error:  # whatever the user's module does when it is imported
        raise ModelError(
            f"{model}: importing {name} fails: {type(error).__name__}: {error}"
        ) from error


def _attribute(module: ModuleType, name: str, model: str) -> Callable[..., Any]:
    offered = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
    if not callable(getattr(module, name, None)):
        raise ModelError(
            f"{model}: {module.__name__} has no function {name!r}{suggest(name, offered)} "
            f"(it has {', '.join(offered) or 'none'})"
        )
    found: Callable[..., Any] = getattr(module, name)
    return found


def _called(factory: Callable[..., Any], config: ModelConfig) -> Any:
    try:
        inspect.signature(factory).bind(**config.kwargs)
    except TypeError as error:
        raise ModelError(
            f"{config.name} does not take these model.kwargs: {error}; its signature is "
            f"{config.name.partition(':')[2]}{inspect.signature(factory)}"
        ) from None
    except ValueError:  # a callable written in C shows no signature; the call will say
        pass
    try:
        return factory(**config.kwargs)
    except Exception as error:  # whatever the user's factory does
        raise ModelError(f"{config.name} fails: {type(error).__name__}: {error}") from error
