"""What can be named as a model, and which source a name belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from camcli.errors import ModelError, suggest
from camcli.models.sources import own_sources, plugged_in, sources, usage
from camcli.models.sources.base import ListedModel, Source
from camcli.models.sources.prefixed import PrefixedSource

_OF_WEIGHTS = {".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".tar"}


@dataclass(frozen=True)
class Summary:
    """A source with more models than are listed.

    Attributes:
        usage: How `--model` spells them.
        source: The source's label.
        content: How many there are and how to list them, or what it takes to have them.

    """

    usage: str
    source: str
    content: str


def find_source(name: str) -> Source:
    """Return the source of a model; a prefix of another package's comes before a factory.

    Raises:
        ModelError: No source knows the name; with near ones, and what can be named.
        PluginError: It is a source of another package, and cannot be used.

    """
    if outside := plugged_in(name):
        return outside
    found = next((source for source in own_sources() if source.matches(name)), None)
    if found is None:
        _refuse_file(name)
        plain = [known for source in _plain() for known in source.names()]
        raise ModelError(
            f"there is no model {name!r}{suggest(name, plain)} (a model is {usage()}; "
            "`camcli models` lists what can be named)"
        )
    return found


def _refuse_file(name: str) -> None:
    kind = Path(name).suffix.lower()
    if kind == ".onnx":
        raise ModelError(
            f"{name}: a network in an ONNX file has no modules, and so no layers to explain at; "
            "name the PyTorch network that it was exported from, as package.module:factory"
        )
    if kind in _OF_WEIGHTS:
        raise ModelError(
            f"{name}: a file holds weights, and does not say what network they belong to; name "
            f"the network with --model, and give its weights with --checkpoint {name}"
        )


def catalogue(pattern: str | None) -> list[ListedModel]:
    """List the models whose name matches a shell pattern, or holds a plain word.

    The many models of a source with a prefix are listed only where a pattern begins with it.

    Raises:
        ModelError: The models of a package are asked for that is not installed.

    """
    named = _named_by_prefix(pattern)
    asked: Sequence[Source] = _plain() if named is None else [named]
    return _matching([model for source in asked for model in source.listed()], pattern)


def summaries() -> list[Summary]:
    """Return the sources whose models a list without a pattern leaves out."""
    found = ((source, source.summary()) for source in sources())
    return [Summary(source.usage, source.label, text) for source, text in found if text is not None]


def further_patterns(pattern: str) -> list[str]:
    """Return the patterns to try where one matches nothing: among the models with a prefix."""
    named = _named_by_prefix(pattern)
    if named is not None:
        return [f"{named.prefix}*"]
    return [f"{source.prefix}*{pattern}*" for source in _prefixed()]


def _plain() -> list[Source]:
    return [source for source in own_sources() if not isinstance(source, PrefixedSource)]


def _prefixed() -> list[PrefixedSource]:
    return [source for source in sources() if isinstance(source, PrefixedSource)]


def _named_by_prefix(pattern: str | None) -> PrefixedSource | None:
    if pattern is None:
        return None
    own = (source for source in own_sources() if isinstance(source, PrefixedSource))
    return plugged_in(pattern) or next((it for it in own if it.matches(pattern)), None)


def _matching(models: list[ListedModel], pattern: str | None) -> list[ListedModel]:
    if pattern is None:
        return models
    glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
    return [model for model in models if fnmatchcase(model.name, glob)]
