"""From a configuration to an engine that is ready to explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from camcli.compile.acceleration import compiling, resolve_precision, streamlined
from camcli.config import Config, PreprocessConfig, RunConfig
from camcli.engine import Engine
from camcli.errors import ConfigError, LayerError
from camcli.methods import create_method
from camcli.methods.base import Method
from camcli.methods.layer_mean import LayerMean
from camcli.models import LoadedModel, load_model
from camcli.models.prompt_scores import with_prompts, with_stand_in
from camcli.models.prompts import plan_prompts
from camcli.network.default_layer import default_layer, warn_if_no_gradient
from camcli.network.layers import Layer, describe_layers
from camcli.network.nodes import shape_of
from camcli.network.split import SplitNetwork, check_split, split
from camcli.network.trace import trace
from camcli.run.batches import largest_that_fits
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan
from camcli.workers.demand import worker_count

_DEVICES = ("cpu", "cuda")
# On CPUs, large batches cost memory and soon also time; measured in docs/performance.md.
_CPU_BATCH = 32
_CPU_BATCH_OF_LARGE_CUTS = 16
_LARGE_CUT_BYTES = 2**19
_LARGEST_POWER = 8  # batches of 256 keep any GPU busy


@dataclass(frozen=True)
class Assembled:
    """Everything a run needs but its images.

    Attributes:
        config: What was asked for.
        model: The network that was loaded.
        engine: Ready to explain.
        batch_size: Images a batch.
        workers: Decoding threads.

    """

    config: Config
    model: LoadedModel
    engine: Engine
    batch_size: int
    workers: int

    @property
    def layer(self) -> str:
        """The layer explained at, or several joined by `+`."""
        method = self.engine.method
        further = method.further if isinstance(method, LayerMean) else ()
        return "+".join(network.layer for network in (self.engine.network, *further))

    def described(self) -> dict[str, Any]:
        """Return what determines the results of the run, JSON-ready: a resumed run must match."""
        asked = self.config.model_dump(mode="json")
        return {
            "model": {
                "name": self.model.name,
                "weights": self.model.weights,
                "digest": self.model.digest(),
                "layer": self.layer,
            },
            "method": asked["method"],
            "targets": asked["targets"],
            "prompts": asked["prompts"],
            "preprocess": {
                "resize": self.engine.preprocess.resize,
                "crop": list(self.engine.preprocess.crop),
                "mean": list(self.engine.preprocess.mean),
                "std": list(self.engine.preprocess.std),
                "interpolation": self.engine.preprocess.interpolation,
            },
            "precision": resolve_precision(self.config.run.precision, self.engine.device),
            "seed": self.config.run.seed,
            "output": asked["output"],
        }


def assemble(
    config: Config,
    images_ahead: int | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Assembled:
    """Load the network, cut it, and set up the method and its targets.

    Args:
        config: What to run.
        images_ahead: How many images there are, None where that is not known.
        notify: Told, a line each, what was decided on the way.

    Raises:
        CamcliError: Whatever in the configuration does not exist or does not fit, before any
            image is touched.

    """
    method = create_method(config.method.name, config.method.options)
    keep_components = _keeps_components(config, method)
    device = _device(config.run.device)
    preprocess = config.preprocess if isinstance(config.preprocess, PreprocessConfig) else None
    prompts = plan_prompts(config.prompts)
    model = load_model(config.model, preprocess, config.run.seed)
    model = with_prompts(model, prompts, config.prompts.score)
    model.network.to(device)
    # Random and freshly trained networks are full of numbers too small to matter, on which CPUs
    # are a hundred times slower.
    torch.set_flush_denormal(True)
    run = config.run
    cuts = splits_at(model, config.model.layers, device, method)
    fast = [streamlined(halves, run, device) for halves in cuts]
    targets = TargetPlan(config.targets, _class_table(fast[0], model), prompts)
    asked = config.model.probabilities

    def engine_of(networks: Sequence[SplitNetwork]) -> Engine:
        network, *further = networks
        return Engine(
            network=network,
            probabilities=network.probabilities if asked == "auto" else asked,
            method=_averaged(method, further) if further else method,
            targets=targets,
            preprocess=model.preprocess,
            device=device,
            at_layer_size=config.output.map_size == "layer",
            normalize=config.output.normalize,
            keep_components=keep_components,
        )

    if run.batch_size == "auto" and device.type == "cuda":
        # Found by trying, before anything is compiled for it.
        batch_size = _batch_that_fits(engine_of(fast), images_ahead)
    else:
        batch_size = _batch_size(run, cuts, images_ahead)
    engine = engine_of(
        [compiling(halves, run, device, batch_size, images_ahead, notify) for halves in fast]
    )
    return Assembled(
        config=config,
        model=model,
        engine=engine,
        batch_size=batch_size,
        workers=worker_count(run),
    )


def _batch_size(run: RunConfig, cuts: Sequence[SplitNetwork], images_ahead: int | None) -> int:
    """Return how many images a batch is filled up to: for a few, that is their number."""
    size = _usual_batch(cuts) if run.batch_size == "auto" else run.batch_size
    return min(size, images_ahead or size)


def _usual_batch(cuts: Sequence[SplitNetwork]) -> int:
    """Return what suits a CPU: fewer images where much leaves the trunk, and the tail is long.

    The tail keeps many times what enters it, for its derivatives.
    """
    sizes = [4 * cut.layout.channels * cut.layout.height * cut.layout.width for cut in cuts]
    return _CPU_BATCH_OF_LARGE_CUTS if max(sizes) > _LARGE_CUT_BYTES else _CPU_BATCH


def _batch_that_fits(engine: Engine, images_ahead: int | None) -> int:
    """Return the largest power of two that fits the device, and no more than there are images."""
    sizes = [2**power for power in range(_LARGEST_POWER, -1, -1)]
    ahead = images_ahead or sizes[0]
    return min(largest_that_fits(engine, [size for size in sizes if size < 2 * ahead]), ahead)


def _keeps_components(config: Config, method: Method) -> bool:
    if "components" not in config.output.save:
        return False
    if not method.decomposes:
        raise ConfigError(
            f"output.save: {method.name} has no components to save; leave them out, or take a "
            "method that decomposes, such as decom-cam"
        )
    if len(config.model.layers) > 1:
        raise ConfigError(
            "output.save: components belong to one layer, and several are asked for; leave the "
            "components out, or name a single layer"
        )
    return True


def split_at(
    model: LoadedModel, layer: str, device: torch.device, method: Method | None = None
) -> SplitNetwork:
    """Trace a network and cut it at one layer; see `splits_at`."""
    return splits_at(model, (layer,), device, method)[0]


def splits_at(
    model: LoadedModel,
    layers: Sequence[str],
    device: torch.device,
    method: Method | None = None,
) -> list[SplitNetwork]:
    """Trace a network and cut it at layers, `auto` for the model's own; checked on two images.

    A method that looks at several depths has the cut at the shallowest, and taps at the others.

    Raises:
        ModelError: The network cannot be traced, or does not compute the same when cut.
        LayerError: It cannot be cut there, or `auto` has no answer.

    """
    images = examples_for(model, device)
    traced = trace(model.network, images, model.output, model.probabilities)
    halves = []
    for layer in layers:
        if layer == "auto":
            layer = model.default_layer or default_layer(traced, images)
        cut, *taps = method.depths(traced, layer) if method else (layer,)
        halves.append(split(traced, cut, taps))
        check_split(halves[-1], traced, model.network, images)
        warn_if_no_gradient(traced, halves[-1], images)
    return halves


def _averaged(method: Method, further: Sequence[SplitNetwork]) -> LayerMean:
    """Average a method over more layers than the engine's own, which must all have its rules."""
    if method.uses_deeplift:
        for network in further:
            _ = network.deeplift
    return LayerMean(method, tuple(further))


def _class_table(network: SplitNetwork, model: LoadedModel) -> ClassTable:
    if model.labels is not None and len(model.labels) != network.classes:
        raise ConfigError(
            f"model.labels: there are {len(model.labels)} class names, but the network scores "
            f"{network.classes} classes"
        )
    return ClassTable(network.classes, model.labels)


@dataclass(frozen=True)
class LayerList:
    """The layers of a model.

    Attributes:
        model: Its name.
        image_size: (H, W) of its input.
        classes: How many scores it has.
        default: The layer that is explained when none is given, None where there is no answer.
        layers: Those whose output reaches the scores, as a tree.

    """

    model: str
    image_size: tuple[int, int]
    classes: int
    default: str | None
    layers: tuple[Layer, ...]


def list_layers(config: Config) -> LayerList:
    """Trace the network that a configuration names, and list its layers.

    Raises:
        ModelError: It cannot be loaded or traced.

    """
    preprocess = config.preprocess if isinstance(config.preprocess, PreprocessConfig) else None
    model = with_stand_in(load_model(config.model, preprocess, config.run.seed))
    images = examples_for(model, torch.device("cpu"))
    traced = trace(model.network, images, model.output)
    try:
        default = model.default_layer or default_layer(traced, images)
    except LayerError:
        default = None
    return LayerList(
        model=model.name,
        image_size=model.preprocess.crop,
        classes=int((shape_of(traced.logits) or (0, 0))[1]),
        default=default,
        layers=tuple(describe_layers(traced)),
    )


def examples_for(model: LoadedModel, device: torch.device) -> Tensor:
    """Return two images of noise (2, 3, H, W) in the size that a model takes."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, *model.preprocess.crop, generator=generator).to(device)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in _DEVICES:
        raise ConfigError(f"run.device: {name!r} is not one of auto, cpu, cuda, cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"run.device: there is no {name!r}: PyTorch sees {torch.cuda.device_count()} CUDA "
            "devices here"
        )
    return device
