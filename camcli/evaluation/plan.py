"""What a user asks an evaluation for, and what of that determines its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from camcli.errors import CamcliError, MethodError, OutputError, suggest
from camcli.evaluation.metrics.perturbation_curves import Baseline
from camcli.methods import canonical_name, create_method, method_names, origin_of
from camcli.methods.written_options import options_by_method
from camcli.output.identity import PLUGIN
from camcli.output.manifest import FILE_NAME
from camcli.output.record import read_run
from camcli.run.build import BuiltRun
from camcli.run.fingerprint import digest_of_given, options_of

# What an evaluation has of its own.
_OWN = ("method", "output")
_BASELINES: tuple[Baseline, ...] = get_args(Baseline)


@dataclass(frozen=True)
class EvaluationPlan:
    """What to evaluate, and how.

    Attributes:
        methods: Names of methods; `all` stands for every one.
        options: `METHOD.KEY=VALUE`, the methods' own options.
        at_most: `METHOD=N`, methods limited to the first N images.
        folders: Folders that `camcli explain` wrote.
        truth: Masks or annotations, or None.
        steps: The number of steps of the insertion and deletion curves.
        insertion: The baseline that insertion starts from.
        deletion: The baseline that deletion ends at.
        against: The method whose lead over the others is estimated, or None.

    """

    methods: Sequence[str]
    options: Sequence[str] = ()
    at_most: Sequence[str] = ()
    folders: Sequence[Path] = ()
    truth: Path | None = None
    steps: int = 10
    insertion: Baseline = "blur"
    deletion: Baseline = "zero"
    against: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The methods, each once and as their table spells them."""
        if "all" in self.methods:
            return method_names()
        return tuple(dict.fromkeys(map(canonical_name, self.methods)))

    def options_by_method(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the options of every method that is evaluated.

        Raises:
            MethodError: An option is not written as `METHOD.KEY=VALUE`, or its method is not
                evaluated.

        """
        return options_by_method(self.options, self.names)

    def limits(self, sources: Sequence[str]) -> dict[str, int]:
        """Return how many of the first images each limited source is evaluated on.

        Args:
            sources: The names of all sources, methods and folders.

        Raises:
            MethodError: A limit is not written as `METHOD=N`, or its method is not evaluated.

        """
        limits = {}
        for text in self.at_most:
            word, _, number = text.partition("=")
            name = source_named(word, sources)
            if name not in sources or not number.isdigit():
                raise MethodError(
                    "--at-most takes METHOD=N for a method that is evaluated, such as "
                    f"score-cam=10, not {text!r}{suggest(word, sources)}"
                )
            limits[name] = int(number)
        return limits

    def fingerprint(self, built: BuiltRun) -> dict[str, Any]:
        """Return what determines the figures, JSON-ready: a resumed evaluation must match.

        It is the run's without its method and output, which an evaluation has of its own, and all
        of the plan but `against`, which changes no row.

        Raises:
            CamcliError: An option is wrong, or a file cannot be read.

        """
        run = built.fingerprint()
        options = self.options_by_method()
        made = {name: create_method(name, options[name]) for name in self.names}
        manifests = {name_of(folder): folder / FILE_NAME for folder in self.folders}
        stored = [name for folder in self.folders for name in names_of(folder, _recorded(folder))]
        limits = self.limits([*self.names, *stored])
        origins = {name: origin for name in made if (origin := origin_of(name)) is not None}
        return {
            **{section: entry for section, entry in run.items() if section not in _OWN},
            "evaluation": {
                "methods": {name: options_of(method) for name, method in made.items()},
                **({PLUGIN: origins} if origins else {}),
                "at_most": limits,
                "folders": {name: digest_of_given(path) for name, path in manifests.items()},
                "truth": digest_of_given(self.truth) if self.truth else None,
                "steps": self.steps,
                "insertion": self.insertion,
                "deletion": self.deletion,
            },
        }


def source_named(word: str, sources: Sequence[str]) -> str:
    """Return the source that a word means: one of that very name, or else a method."""
    return word if word in sources else canonical_name(word)


def name_of(folder: Path) -> str:
    """Return what the maps of a folder are called in tables."""
    return folder.name or str(folder)


def names_of(folder: Path, methods: Sequence[str]) -> list[str]:
    """Return what the maps of a folder are called, of each method where it has several."""
    name = name_of(folder)
    return [name] if len(methods) == 1 else [f"{name}/{method}" for method in methods]


def methods_in(fingerprint: Mapping[str, Any]) -> list[str]:
    """Return the methods of a run of `camcli explain`, as its fingerprint names them."""
    section = fingerprint["method"]
    return [section["name"], *section.get("others", ())]


def _recorded(folder: Path) -> list[str]:
    try:
        return methods_in(read_run(folder)["fingerprint"])
    except (OutputError, KeyError, TypeError):
        return [name_of(folder)]  # opening it says what is wrong with it


def baseline_named(word: str, option: str) -> Baseline:
    """Return the baseline that a user named.

    Args:
        word: What was given.
        option: Where, for the message.

    Raises:
        CamcliError: There is no such baseline.

    """
    for baseline in _BASELINES:
        if word == baseline:
            return baseline
    raise CamcliError(f"{option} is one of {', '.join(_BASELINES)}, not {word!r}")
