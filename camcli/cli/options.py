"""The options that several commands have in common, each declared once with the key it sets."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer

from camcli.cli.asked_methods import first_and_others, with_methods_as_asked
from camcli.cli.surroundings import file_here, variables
from camcli.config import Config, load_config
from camcli.config.artefacts import SAVE_CHOICES
from camcli.errors import OutputError
from camcli.methods import method_names
from camcli.models import sources
from camcli.targets import rules

if TYPE_CHECKING:
    from camcli.output.folder import FolderPolicy

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="YAML configuration.")]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key of the configuration."),
]


Isolated = Annotated[
    bool,
    typer.Option("--isolated", help="Leave out camcli.yaml in this folder and CAMCLI_ variables."),
]


def _methods_to_complete() -> list[str]:
    return list(method_names())


@dataclass(frozen=True)
class Sets:
    """Marks an option with the key of the configuration that it sets."""

    key: str


@dataclass(frozen=True)
class Flags:
    """The shared options as given on the command line, in the order of --help.

    None and empty lists stand for options that were not given; the file decides their keys.
    """

    model: Annotated[
        str | None,
        Sets("model.name"),
        typer.Option(
            "--model",
            "-m",
            help=f"Which network: {sources.usage()}.",
        ),
    ] = None
    checkpoint: Annotated[
        Path | None,
        Sets("model.weights"),
        typer.Option(
            "--checkpoint",
            help="Weights: .safetensors, a PyTorch file, an index of parts, or a folder; nothing "
            "in it is run.",
        ),
    ] = None
    checkpoint_key: Annotated[
        str | None,
        Sets("model.checkpoint_key"),
        typer.Option(
            "--checkpoint-key",
            metavar="KEY",
            help="Where in the checkpoint the weights are, where it holds several sets.",
        ),
    ] = None
    strip_prefix: Annotated[
        str | None,
        Sets("model.strip_prefix"),
        typer.Option(
            "--strip-prefix",
            metavar="PREFIX",
            help="What the checkpoint has before the network's own names; the rest is left out.",
        ),
    ] = None
    adapter: Annotated[
        Path | None,
        Sets("model.adapter"),
        typer.Option("--adapter", help="Folder of a PEFT adapter, merged into the weights."),
    ] = None
    layer: Annotated[
        list[str],
        Sets("model.layer"),
        typer.Option(
            "--layer",
            help="Module path to explain at, or auto. Repeatable: their maps are averaged.",
        ),
    ] = field(default_factory=list)
    method: Annotated[
        list[str],
        Sets("method.name"),
        typer.Option(
            "--method",
            autocompletion=_methods_to_complete,
            help="Which saliency method; see `camcli methods`. Repeatable: images pass through the "
            "network once for all of them.",
        ),
    ] = field(default_factory=list)
    option: Annotated[
        list[str],
        typer.Option(
            "--option",
            metavar="METHOD.KEY=VALUE",
            help="Set an option of one method. Repeatable.",
        ),
    ] = field(default_factory=list)
    target: Annotated[
        list[str],
        Sets("targets"),
        typer.Option(
            "--target",
            help=f"What to explain: {rules.usage()}. A class's name wins over a number and a word "
            "for a rule; class:NAME, index:2 and @top1 leave no doubt. Behind a -, what speaks "
            "against it. Repeatable.",
        ),
    ] = field(default_factory=list)
    versus: Annotated[
        str | None,
        Sets("versus"),
        typer.Option(
            "--versus",
            metavar="CLASS",
            help=f"Explain what the class has beyond another: {rules.VERSUS}.",
        ),
    ] = None
    prompt: Annotated[
        list[str],
        Sets("prompts.texts"),
        typer.Option("--prompt", help="A text for a dual encoder to look for. Repeatable."),
    ] = field(default_factory=list)
    prompts: Annotated[
        Path | None,
        Sets("prompts.file"),
        typer.Option(
            "--prompts",
            help="File of prompts: one per line, or .csv or .jsonl with image and prompt.",
        ),
    ] = None
    batch_size: Annotated[
        str | None,
        Sets("run.batch_size"),
        typer.Option("--batch-size", "-b", metavar="N", help="Images per batch, or auto."),
    ] = None
    workers: Annotated[
        str | None,
        Sets("run.workers"),
        typer.Option(
            "--workers", "-j", metavar="N", help="Processes that decode and draw, or auto."
        ),
    ] = None
    device: Annotated[
        str | None,
        Sets("run.device"),
        typer.Option("--device", help="Where to compute: auto, cpu, cuda or cuda:N."),
    ] = None
    precision: Annotated[
        str | None,
        Sets("run.precision"),
        typer.Option(
            "--precision",
            help="Of the trunk: auto, fp32, tf32, bf16 or fp16; the tail is always fp32.",
        ),
    ] = None
    compile: Annotated[
        bool | None,
        Sets("run.compile"),
        typer.Option(
            "--compile/--no-compile",
            help="Compile the network. Default: if there are enough images to repay it.",
        ),
    ] = None
    save: Annotated[
        list[str],
        Sets("output.save"),
        typer.Option("--save", help=f"What to write: {', '.join(SAVE_CHOICES)}. Repeatable."),
    ] = field(default_factory=list)
    style: Annotated[
        str | None,
        Sets("output.style"),
        typer.Option("--style", help="How overlays look: blend, mask, heat or contour."),
    ] = None
    colormap: Annotated[
        str | None,
        Sets("output.colormap"),
        typer.Option("--colormap", help="Their colours: turbo, viridis, ... or any of cmap."),
    ] = None
    alpha: Annotated[
        float | None,
        Sets("output.alpha"),
        typer.Option("--alpha", metavar="0...1", help="Opacity of the map, of blend and mask."),
    ] = None
    colorbar: Annotated[
        bool | None,
        Sets("output.colorbar"),
        typer.Option("--colorbar/--no-colorbar", help="Draw a colour bar below overlays."),
    ] = None
    caption: Annotated[
        str | None,
        Sets("output.caption"),
        typer.Option(
            "--caption", help="What to write below overlays: none, label, or full for all figures."
        ),
    ] = None
    overrides: Overrides = field(default_factory=list)
    isolated: Isolated = False

    def over(self, file: Path | None) -> Config:
        """Return the configuration of a file, overridden by variables and these options.

        Args:
            file: A YAML file, or None for camcli.yaml in the working folder if there is one.

        Raises:
            ConfigError: The file or a value is wrong.

        """
        values = {KEYS[name]: value for name, value in vars(self).items() if name in KEYS}
        given = {key: value for key, value in values.items() if value not in (None, [])}
        paths = {key: str(value) for key, value in given.items() if isinstance(value, Path)}
        flags, around = given | paths, {}
        if not self.isolated:
            file = file or file_here()
            around = self._from_environment(flags.keys())
        config = load_config(
            file, self.overrides, first_and_others(flags), first_and_others(around)
        )
        return with_methods_as_asked(config, self.option)

    def _from_environment(self, given: Collection[str]) -> dict[str, Any]:
        """Return what variables set, by key, of the keys that are not given as options."""
        types = {name: get_args(_DECLARED[name])[0] for name in KEYS}
        set_here = {text.partition("=")[0].strip() for text in self.overrides} | set(given)
        names = {name for name, key in KEYS.items() if key in set_here}
        found = variables(types, names, os.environ)
        return {KEYS[name]: value for name, value in found.items()}


_DECLARED: Mapping[str, Any] = get_type_hints(Flags, include_extras=True)
KEYS: Mapping[str, str] = {
    name: mark.key
    for name, option in _DECLARED.items()
    for mark in get_args(option)
    if isinstance(mark, Sets)
}
"""The keys that options set, by the name of the option's parameter."""


LOOKS = ("style", "colormap", "alpha", "colorbar", "caption")
"""The options of how overlays look."""


def takes_flags(
    without: Collection[str] = (), **own: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the shared options in place of its parameter of type `Flags`.

    Args:
        without: Names of the options that the command does not have.
        own: The command's own declarations in place of the shared ones, by name.

    """
    options = {name: own.get(name, it) for name, it in _DECLARED.items() if name not in without}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        (receiver,) = (name for name, hint in hints.items() if hint is Flags)

        @wraps(command)
        def run(**given: Any) -> None:
            flags = Flags(**{name: given.pop(name) for name in options})
            command(**given, **{receiver: flags})

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command).parameters.values():
            if parameter.name == receiver:
                parameters += [_parameter(name, option) for name, option in options.items()]
            else:
                parameters.append(parameter.replace(annotation=hints[parameter.name]))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def _parameter(name: str, option: Any) -> inspect.Parameter:
    """Return the parameter of an option, with the default that Typer uses if it is not given."""
    kinds: Mapping[Any, Any] = {list: [], bool: False}
    declared = get_args(option)[0]
    default = kinds.get(get_origin(declared) or declared)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=option)


def folder_policy(resume: bool, overwrite: bool) -> FolderPolicy:
    """Return what to do with an output folder that is not empty, as two flags ask.

    Raises:
        OutputError: They contradict each other.

    """
    from camcli.output.folder import FolderPolicy

    if resume and overwrite:
        raise OutputError(
            "--overwrite and --resume (or --retry-failed) contradict each other: give one of them"
        )
    return (
        FolderPolicy.RESUME
        if resume
        else FolderPolicy.OVERWRITE
        if overwrite
        else FolderPolicy.REFUSE
    )
