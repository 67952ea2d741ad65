"""From what the user asked for to an evaluator that is ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from camcli.compile.acceleration import accelerate
from camcli.config import parse_value
from camcli.engine import Engine
from camcli.errors import MethodError, PromptError, suggest
from camcli.evaluation.evaluator import Evaluator
from camcli.evaluation.ground_truth.masks import read_truth
from camcli.evaluation.metrics.curves import Baseline
from camcli.evaluation.perturbation import PerturbationScorer
from camcli.evaluation.sources import MapSource, MethodSource, stored_source
from camcli.methods import METHOD_NAMES, create_method
from camcli.methods.base import Method
from camcli.network.scores import probabilities_of
from camcli.network.split import SplitNetwork
from camcli.run.build import BuiltRun
from camcli.run.cut import split_at


@dataclass(frozen=True)
class Question:
    """What an evaluation is to find out.

    Attributes:
        methods: Names of methods; `all` stands for every one.
        options: `METHOD.KEY=VALUE`, the methods' own options.
        at_most: `METHOD=N`, methods asked for the first N images only.
        folders: Folders that `explain` wrote.
        truth: Masks or annotations, or None.
        steps: Of the insertion and deletion curves.
        insertion: What insertion starts from.
        deletion: What deletion ends at.
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
        """The methods, each once."""
        return METHOD_NAMES if "all" in self.methods else tuple(dict.fromkeys(self.methods))

    def described(self, assembled: BuiltRun) -> dict[str, Any]:
        """Return what determines the figures, JSON-ready: a resumed evaluation must match."""
        run = assembled.fingerprint()
        return {
            **{key: run[key] for key in ("model", "targets", "prompts", "preprocess", "seed")},
            "evaluation": {
                "methods": list(self.names),
                "options": sorted(self.options),
                "at_most": sorted(self.at_most),
                "folders": [str(folder) for folder in self.folders],
                "truth": str(self.truth) if self.truth else None,
                "steps": self.steps,
                "insertion": self.insertion,
                "deletion": self.deletion,
            },
        }


def evaluator_for(question: Question, assembled: BuiltRun) -> Evaluator:
    """Set up what a question asks for.

    Raises:
        CamcliError: Whatever does not exist or does not fit, before any image is touched.

    """
    if assembled.model.text and assembled.engine.targets.table.size == 1:
        raise PromptError(
            "evaluate measures the probability of a prompt among several: give another --prompt "
            "beside it, such as what else is in the images"
        )
    if len(assembled.config.model.layers) > 1:
        raise MethodError("evaluate takes one layer at a time: name one with --layer")
    methods = _methods(question)
    network = assembled.engine.network
    traced = split_at(assembled.model, network.layer, assembled.engine.device)
    sources: list[MapSource] = [_at_work(method, assembled, traced) for method in methods]
    if question.folders:
        digest = assembled.model.digest()
        sources += [stored_source(f, network.image_size, digest) for f in question.folders]
    names = [source.name for source in sources]
    if not names:
        raise MethodError("nothing to evaluate: give --methods, or --from a folder of maps")
    if len(set(names)) < len(names):
        raise MethodError(
            f"two of {', '.join(names)} share a name: rename a folder given to --from"
        )
    if question.against not in (None, *names):
        raise MethodError(
            f"--against takes a method that is evaluated ({', '.join(names)}), not "
            f"{question.against!r}"
        )
    return Evaluator(
        engine=assembled.engine,
        sources=tuple(sources),
        traced=traced,
        scorer=_witness(question, assembled.engine),
        truth=read_truth(question.truth) if question.truth else None,
        at_most=_limits(question.at_most, names),
    )


def _witness(question: Question, engine: Engine) -> PerturbationScorer:
    return PerturbationScorer(
        engine.network.predict,
        question.steps,
        question.insertion,
        question.deletion,
        partial(probabilities_of, how=engine.probabilities),
    )


def _methods(question: Question) -> list[Method]:
    options: dict[str, dict[str, Any]] = defaultdict(dict)
    for text in question.options:
        name, dot, rest = text.partition(".")
        key, equals, value = rest.partition("=")
        if not (dot and equals) or name not in question.names:
            raise MethodError(
                f"--option takes METHOD.KEY=VALUE for a method that is evaluated "
                f"({', '.join(question.names)}), such as shap-cam.pairs=50, not {text!r}"
            )
        options[name][key] = parse_value(value, f"--option {text}")
    return [create_method(name, options[name]) for name in question.names]


def _at_work(method: Method, assembled: BuiltRun, traced: SplitNetwork) -> MethodSource:
    """Give a method the network cut where it looks; most look where the engine does."""
    engine = assembled.engine
    if type(method).depths is Method.depths:
        network = engine.network
    else:
        (layer,) = assembled.config.model.layers
        traced = split_at(assembled.model, layer, engine.device, method)
        run = assembled.config.run
        network = accelerate(traced, run, engine.device, assembled.batch_size, 0, lambda _: None)
    if method.uses_deeplift:
        _ = network.deeplift  # refuses an operation without a rule before any image
    return MethodSource(method.name, method, network, traced)


def _limits(texts: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    limits = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in names or not number.isdigit():
            raise MethodError(
                f"--at-most takes METHOD=N for a method that is evaluated{suggest(name, names)}, "
                f"such as score-cam=10, not {text!r}"
            )
        limits[name] = int(number)
    return limits
