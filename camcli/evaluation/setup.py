"""From an evaluation plan to an evaluator that is ready."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from camcli.attribution.attribution import check_rules
from camcli.compile.acceleration import accelerate
from camcli.engine import Engine
from camcli.errors import CamcliWarning, MethodError, PromptError, TargetError
from camcli.evaluation.evaluator import Evaluator
from camcli.evaluation.ground_truth.formats import read_truth
from camcli.evaluation.ground_truth.survey import survey
from camcli.evaluation.plan import EvaluationPlan
from camcli.evaluation.scorer import PerturbationScorer
from camcli.evaluation.sources.base import MapSource
from camcli.evaluation.sources.method import MethodSource
from camcli.evaluation.sources.stored import stored_sources
from camcli.methods import create_method
from camcli.methods.base import Method
from camcli.methods.gradient_need import require_gradient
from camcli.network.split import SplitNetwork
from camcli.network.trial import Trial
from camcli.records import ImageRef
from camcli.run.build import BuiltRun
from camcli.run.cut import examples_for, split_at


def evaluator_for(
    plan: EvaluationPlan, built: BuiltRun, listing: Sequence[ImageRef], total: int
) -> Evaluator:
    """Set up what a plan asks for.

    Args:
        plan: What to evaluate.
        built: The network that is explained.
        listing: Every image that was given.
        total: How many of them, from the first, are evaluated.

    Raises:
        CamcliError: Whatever does not exist or does not fit, before any image is touched.

    """
    _check_built(built)
    if plan.truth and "positive" not in built.engine.targets.signs:
        raise TargetError(
            "--truth says where a class is, and every target asks for what speaks against one: "
            "leave --truth out, or add the class itself as a target"
        )
    built.engine.targets.expect(listing)
    options = plan.options_by_method()
    methods = [create_method(name, options[name]) for name in plan.names]
    network = built.engine.network
    traced = split_at(built.model, network.layer, built.engine.device)
    sources: list[MapSource] = [_method_source(method, built, traced) for method in methods]
    if plan.folders:
        fingerprint = built.fingerprint()
        for folder in plan.folders:
            sources += stored_sources(folder, network.image_size, fingerprint)
    names = [source.name for source in sources]
    _check_names(names, plan)
    truth = None
    if plan.truth:
        annotations = read_truth(plan.truth, listing)
        truth = survey(annotations, plan.truth, listing, total, built.engine.targets.table)
    return Evaluator(
        engine=built.engine,
        sources=tuple(sources),
        traced=traced,
        scorer=_scorer(plan, built.engine),
        truth=truth,
        at_most=plan.limits(names),
    )


def _check_built(built: BuiltRun) -> None:
    if built.model.text and built.engine.targets.table.size == 1:
        raise PromptError(
            "evaluate measures the probability of a prompt among several: give another --prompt "
            "beside it, such as what else is in the images"
        )
    if len(built.config.model.layers) > 1:
        raise MethodError("evaluate takes one layer at a time: name one with --layer")


def _check_names(names: Sequence[str], plan: EvaluationPlan) -> None:
    if not names:
        raise MethodError("nothing to evaluate: give --methods, or --from a folder of maps")
    if len(set(names)) < len(names):
        raise MethodError(
            f"two of {', '.join(names)} share a name: rename a folder given to --from"
        )
    if plan.against not in (None, *names):
        raise MethodError(
            f"--against takes a method that is evaluated ({', '.join(names)}), not {plan.against!r}"
        )
    if plan.against is not None and len(names) < 2:
        raise MethodError(
            f"--against estimates the lead of {plan.against} over others, and nothing else is "
            "evaluated: add to --methods, or leave it out"
        )


def _scorer(plan: EvaluationPlan, engine: Engine) -> PerturbationScorer:
    how = engine.network.probabilities
    if how == "none":
        warnings.warn(
            "nothing turns the network's scores into probabilities (score_kind: value), so AD, IC, "
            "ADD, insertion and deletion are of the scores themselves",
            CamcliWarning,
            stacklevel=2,
        )
    return PerturbationScorer(
        engine.network.predict,
        plan.steps,
        plan.insertion,
        plan.deletion,
        engine.class_probabilities,
    )


def _method_source(method: Method, built: BuiltRun, traced: SplitNetwork) -> MethodSource:
    """Pair a method with the network cut at its layer, which for most is the engine's."""
    engine = built.engine
    if type(method).depths is Method.depths:
        network = engine.network
    else:
        (layer,) = built.config.model.layers
        traced = split_at(built.model, layer, engine.device, method)
        run = built.config.run
        network = accelerate(traced, run, engine.device, built.batch_size, 0, lambda _: None)
    # Before any image is touched.
    require_gradient(method, Trial.of(traced, examples_for(built.model, engine.device)))
    if method.uses_deeplift:
        check_rules(network)
    return MethodSource(method.name, method, network, traced, engine.targets.axis)
