"""From a configuration to an engine that is ready to explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from camcli.attribution.attribution import check_rules
from camcli.compile.acceleration import compiling, streamlined
from camcli.config import Config, OutputConfig, PromptScore
from camcli.engine import Engine
from camcli.errors import ConfigError, TargetError
from camcli.methods import METHOD_NAMES, create_method, method_class
from camcli.methods.base import Method
from camcli.methods.cut_method import CutMethod
from camcli.methods.layer_mean import LayerMean
from camcli.methods.normalisation import Normalisation
from camcli.models import LoadedModel, load_configured
from camcli.models.prompt_scores import with_prompts
from camcli.models.prompts import EMPTY_PROMPT, PromptPlan, plan_prompts
from camcli.models.reading import read_as
from camcli.network.split import SplitNetwork
from camcli.output.provenance import Provenance
from camcli.run.batch_size import choose_batch_size
from camcli.run.cut import cuts_for
from camcli.run.device import resolve_device
from camcli.run.fingerprint import fingerprint_of
from camcli.targets.classes import classes_of
from camcli.targets.contrast import needs_empty_prompt
from camcli.targets.plan import TargetPlan
from camcli.targets.synsets import synsets_of
from camcli.workers.demand import worker_count


@dataclass(frozen=True)
class BuiltRun:
    """Everything a run needs but its images.

    Attributes:
        config: What was asked for.
        model: The network that was loaded.
        engine: Ready to explain.
        batch_size: Images a batch.
        workers: How many threads decode, and how many have results written.

    """

    config: Config
    model: LoadedModel
    engine: Engine
    batch_size: int
    workers: int

    @property
    def methods(self) -> tuple[CutMethod, ...]:
        """The methods, the first one first."""
        return self.engine.methods

    @property
    def cuts(self) -> tuple[SplitNetwork, ...]:
        """The network, cut at each of the layers of each method; every cut once."""
        cuts = {id(cut): cut for each in self.methods for cut in each.cuts}
        return tuple(cuts.values())

    @property
    def layer(self) -> str:
        """The layer that the first method explains at, or several joined by `+`."""
        return self.methods[0].layer

    @property
    def provenance(self) -> Provenance:
        """What pictures say that they were made with."""
        return Provenance(self.model.name, self.fingerprint()["model"]["weights"])

    def fingerprint(self) -> dict[str, Any]:
        """Return what determines the results of the run; see `fingerprint_of`."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> dict[str, Any]:
        return fingerprint_of(self)  # it reads every weight


def build(
    config: Config,
    images_ahead: int | None = None,
    notify: Callable[[str], None] = lambda _: None,
    read: Callable[[LoadedModel, PromptPlan | None, PromptScore], LoadedModel] = with_prompts,
    load: Callable[[Config], LoadedModel] = load_configured,
) -> BuiltRun:
    """Load the network, cut it, and set up the methods and their targets.

    Args:
        config: What to run.
        images_ahead: How many images there are, None where that is not known.
        notify: Receives, a line each, what was decided on the way.
        read: Makes a network's classes of the prompts.
        load: Returns the network; called once what needs no network is known to be right.

    Raises:
        CamcliError: Whatever in the configuration does not exist or does not fit, before any
            image is touched.

    """
    run = config.run
    methods = _methods(config)
    for method in methods:
        _require_signs(config, method)
    keep_components = _keeps_components(config, methods)
    device = resolve_device(run.device)
    prompts = plan_prompts(config.prompts, needs_empty_prompt(config))
    model = read(load(config), prompts, config.prompts.score)
    model = read_as(model, config.model.probabilities)
    if config.images.window != "auto":
        model = replace(model, preprocess=replace(model.preprocess, window=config.images.window))
    model.network.to(device)
    # Random and freshly trained networks are full of numbers too small to matter, on which CPUs
    # are a hundred times slower.
    torch.set_flush_denormal(True)
    cuts = cuts_for(model, config.model.layers, device, methods)
    each_cut = list({id(cut): cut for of_method in cuts for cut in of_method}.values())
    fast = {id(cut): streamlined(cut, run, device) for cut in each_cut}
    network = fast[id(cuts[0][0])]
    ids = model.class_ids or synsets_of(model.labels)
    beside = EMPTY_PROMPT if prompts and prompts.empty else None
    table, axis = classes_of(
        network.classes, model.labels, ids, network.probabilities, notify, beside
    )
    targets = TargetPlan(config.targets, table, prompts, axis, config.versus)
    for method in methods:
        _require_class(method, targets)
    parts = _EngineParts(config, model, methods, cuts, targets, device, keep_components)
    # Before anything is compiled for it.
    batch_size = choose_batch_size(run, device, each_cut, lambda: parts.engine(fast), images_ahead)
    compiled = {
        cut: compiling(network, run, device, batch_size, images_ahead, notify)
        for cut, network in fast.items()
    }
    return BuiltRun(config, model, parts.engine(compiled), batch_size, worker_count(run))


@dataclass(frozen=True)
class _EngineParts:
    """What an engine is made of, apart from the form that its networks are in."""

    config: Config
    model: LoadedModel
    methods: Sequence[Method]
    cuts: Sequence[Sequence[SplitNetwork]]
    targets: TargetPlan
    device: torch.device
    keep_components: bool

    def engine(self, networks: Mapping[int, SplitNetwork]) -> Engine:
        """Return the engine with a network in place of each cut, by the cut's `id`."""
        normalisation = _normalisation(self.config.output)
        methods = []
        for method, cuts in zip(self.methods, self.cuts, strict=True):
            network, *further = (networks[id(cut)] for cut in cuts)
            averaged = _averaged(method, further) if further else method
            methods.append(CutMethod(averaged, network, normalisation))
        return Engine(
            methods=tuple(methods),
            targets=self.targets,
            preprocess=self.model.preprocess,
            device=self.device,
            at_layer_size=self.config.output.map_size == "layer",
            keep_components=self.keep_components,
        )


def _methods(config: Config) -> list[Method]:
    """Make the methods that are asked for.

    Raises:
        MethodError: One of them does not exist, or is not as its options say.
        ConfigError: One is named twice, or a scale is given for several.

    """
    asked = config.method.all
    methods = [create_method(each.name, each.options) for each in asked]
    names = [method.name for method in methods]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigError(
            f"method: {' and '.join(twice)} is named twice, and rows and files are known by the "
            "method's name; to compare its options, explain in two runs, and see both with "
            "`camcli report RUN RUN`"
        )
    if len(methods) > 1 and not isinstance(config.output.scale, str):
        raise ConfigError(
            f"output.scale: {config.output.scale:g} is a raw value of one method's maps, and there "
            f"are {len(methods)} methods; take `run`, which finds the scale of each, or one method"
        )
    return methods


def _averaged(method: Method, further: Sequence[SplitNetwork]) -> LayerMean:
    """Average a method over more layers than the engine's own, which must all have its rules."""
    if method.uses_deeplift:
        for network in further:
            check_rules(network)
    return LayerMean(method, tuple(further))


def _normalisation(output: OutputConfig) -> Normalisation:
    """Return how maps become numbers; the scale of a run is found in its images, not here."""
    scale = None if isinstance(output.scale, str) else output.scale
    return Normalisation(output.sign, output.normalize, scale)


def _require_signs(config: Config, method: Method) -> None:
    sign = config.output.sign
    if sign == "positive":
        return
    if not method.signed:
        both = [name for name in METHOD_NAMES if method_class(name).signed]
        against = "explain the target -CLASS, " if method.uses_class else ""
        raise ConfigError(
            f"output.sign: nothing in a map of {method.name} speaks against a target, so {sign} "
            f"maps of it do not exist; leave the sign out, {against}or take a method with both "
            f"signs ({', '.join(both)})"
        )
    if len(config.model.layers) > 1:
        raise ConfigError(
            f"output.sign: the maps of several layers are each stretched to [0, 1] and averaged, "
            f"so {sign} maps of them do not exist; leave the sign out, or name a single layer"
        )


def _keeps_components(config: Config, methods: Sequence[Method]) -> bool:
    if "components" not in config.output.save:
        return False
    if not any(method.decomposes for method in methods):
        names = " and ".join(method.name for method in methods)
        raise ConfigError(
            f"output.save: {names} {'has' if len(methods) == 1 else 'have'} no components to save; "
            "leave them out, or take a method that decomposes, such as decom-cam"
        )
    if len(config.model.layers) > 1:
        raise ConfigError(
            "output.save: components belong to one layer, and several are asked for; leave the "
            "components out, or name a single layer"
        )
    return True


def _require_class(method: Method, targets: TargetPlan) -> None:
    if not method.uses_class and targets.about_a_difference:
        raise TargetError(
            f"targets: {method.name} makes the same map whatever the class, so no map of it shows "
            "what speaks against one, or for one rather than another; ask for the class itself, or "
            "take another method"
        )
