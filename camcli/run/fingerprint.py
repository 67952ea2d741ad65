"""What decides the results of a run: by it, runs, shards and stored maps know each other."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camcli import __version__
from camcli.compile.acceleration import resolve_precision
from camcli.config.identity import Part, deciding_keys
from camcli.errors import InputError
from camcli.methods import origin_of
from camcli.methods.base import Method
from camcli.methods.cut_method import CutMethod
from camcli.output.identity import PLUGIN, SURROUNDINGS
from camcli.records import Preprocess
from camcli.system.file_digest import content_digest

if TYPE_CHECKING:
    from camcli.run.build import BuiltRun

# By module; those of model sources count where they were imported.
_TOLD_PACKAGES = {
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "PIL": "pillow",
    "timm": "timm",
    "open_clip": "open_clip_torch",
    "transformers": "transformers",
}


def fingerprint_of(built: BuiltRun) -> dict[str, Any]:
    """Return what determines the results of a run, JSON-ready.

    It has an entry for each key of the configuration that decides results, under its section, as
    `camcli.config.identity` says; `model.graph`, a digest of what the traced network computes; and
    `surroundings`: versions and the kind of device, whose differences are told and not refused.

    Raises:
        InputError: A file that results depend on cannot be read.

    """
    asked = built.config.model_dump(mode="json")
    found: dict[str, Any] = {}
    for key, part in deciding_keys():
        *above, name = key.split(".")
        entries, given = found, asked
        for section in above:
            entries, given = entries.setdefault(section, {}), given[section]
        if part is Part.RESOLVED:
            entries[name] = RESOLVED[key](built)
        else:
            entries[name] = _content(given[name]) if part is Part.CONTENT else given[name]
    found["model"]["graph"] = built.engine.network.graph
    origins = {"model": built.model.plugin, "method": origin_of(built.methods[0].name)}
    for section, origin in origins.items():
        if origin is not None:
            found[section][PLUGIN] = origin
    found[SURROUNDINGS] = _versions() | {"device": built.engine.device.type}
    ready: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return ready


def options_of(method: Method) -> dict[str, Any]:
    """Return all options of a method with their values, also those that were not given."""
    return {field.name: getattr(method, field.name) for field in fields(method)}  # type: ignore[arg-type]


def digest_of_given(path: Path) -> str:
    """Return a digest of what a file or folder holds that a user named.

    Raises:
        InputError: It cannot be read.

    """
    try:
        return content_digest(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def _content(given: str | None) -> str | None:
    return None if given is None else digest_of_given(Path(given))


def _beside(method: CutMethod, place: int) -> dict[str, Any]:
    """Return what a method beside the first is known by; its place is that of its rows."""
    options, origin = options_of(method.of_one_layer), origin_of(method.name)
    known = {"place": place, "options": options, "layer": method.layer}
    return known if origin is None else known | {PLUGIN: origin}


def _targets(built: BuiltRun) -> list[Any]:
    """Return the targets as they were given, and what a file holds in place of its path."""
    return [_target(target) for target in built.config.model_dump(mode="json")["targets"]]


def _target(given: Any) -> Any:
    if isinstance(given, dict):
        return given | {"versus": _target(given["versus"])}
    if not isinstance(given, str):
        return given
    word = given.strip()
    bare = word.removeprefix("-").lstrip()
    if not bare.startswith("@") or not Path(bare[1:]).is_file():
        return given
    against = "-" if word.startswith("-") else ""
    return f"{against}@file with {digest_of_given(Path(bare[1:]))}"


def _names(names: Iterable[str] | None) -> str | None:
    """Return a digest of class names that a reader can tell from another."""
    if names is None:
        return None
    listed = list(names)
    sha = hashlib.sha256("\n".join(listed).encode(errors="surrogateescape"))
    return f"{len(listed)} names from {listed[0]!r}, sha256:{sha.hexdigest()}"


def _versions() -> dict[str, str]:
    loaded = {name: package for name, package in _TOLD_PACKAGES.items() if name in sys.modules}
    return {"camcli": __version__} | {package: version(package) for package in loaded.values()}


RESOLVED: Mapping[str, Callable[[BuiltRun], Any]] = {
    "model.weights": lambda built: f"sha256:{built.model.digest()}",
    "model.layer": lambda built: built.layer,
    "model.labels": lambda built: _names(built.model.labels),
    "model.probabilities": lambda built: built.engine.network.probabilities,
    "method.name": lambda built: built.methods[0].name,
    "method.options": lambda built: options_of(built.methods[0].of_one_layer),
    "method.others": lambda built: {
        each.name: _beside(each, place) for place, each in enumerate(built.methods[1:], start=2)
    },
    "targets": _targets,
    "versus": lambda built: _target(built.config.versus),
    "images.window": lambda built: built.engine.preprocess.window or "auto",
    "run.precision": lambda built: resolve_precision(
        built.config.run.precision, built.engine.device
    ),
    **{
        f"preprocess.{field.name}": attrgetter(f"engine.preprocess.{field.name}")
        for field in fields(Preprocess)
        if field.name != "window"
    },
}
"""What each resolved key came to in a run."""
