"""Explain images that a program holds, with the engine of the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn

from camcli.api.drawing import Drawing
from camcli.api.explanation import Explanation, Explanations, explanation_of, failure_of
from camcli.api.given_images import named, prepared
from camcli.api.preparation import Preparation, preprocess_from
from camcli.api.surroundings import own_surroundings
from camcli.config import Config, load_config
from camcli.engine import Explained
from camcli.errors import CamcliError, ConfigError
from camcli.models import LoadedModel, load_model, named_as
from camcli.models.in_memory import from_memory
from camcli.models.preprocessing import stated
from camcli.records import Batch, FailedImage, ImageItem, Preprocess, Reading
from camcli.run.batch_size import choose_batch_size
from camcli.run.batches import FixedBatches, in_order
from camcli.run.build import BuiltRun, build
from camcli.run.device import resolve_device
from camcli.run.run_scale import is_of_run, unknown_scale

# Of files and of the processes that write them.
_OF_RUNS_ALONE = frozenset(
    {"run.workers", "run.executor", "run.decode_timeout", "output.overlay_format"}
)

Method = str | Mapping[str, Any]
Targets = str | int | Mapping[str, Any] | Sequence[str | int | Mapping[str, Any]]


class Explainer:
    """A network, a layer, a method and targets, made ready once and used for many images.

    The maps are those of `camcli explain`, to the byte, for the same images in a call as in a run.
    The network given is copied: its weights, hooks, mode and device stay as they are, and what
    happens to it later changes nothing here.

    Also a context manager, which lets go of the network at the end.

    Example:
        >>> with Explainer(network, method="deep-lift") as explainer:  # doctest: +SKIP
        ...     for found in explainer.stream(images):
        ...         print(found.image, found.target.name)

    Attributes:
        config: What was asked for, as a run would have it.

    """

    def __init__(
        self,
        model: nn.Module | str,
        *,
        layer: str | Sequence[str] = "auto",
        method: Method | Sequence[Method] = "lift-cam",
        targets: Targets | None = None,
        versus: str | None = None,
        prompts: str | Sequence[str] | None = None,
        preprocess: Preparation = None,
        labels: Sequence[str] | str | Path | None = None,
        output: str | None = None,
        device: str | torch.device = "auto",
        settings: Mapping[str, Any] | None = None,
        config: str | Path | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Load or copy the network, trace it and cut it at the layer.

        Args:
            model: A network that maps images (B, 3, H, W) to scores (B, N), or a name as the
                command takes it.
            layer: `auto`, a module path, or several.
            method: Its name, or `{"name": ..., "options": {...}}`; or several, for which images
                pass through the network once.
            targets: As `--target` has them, or a class index, or several; None for the class of
                the highest score, or for the prompts.
            versus: What the explained class is compared with, as `--versus` has it.
            prompts: Texts to explain, for a dual encoder.
            preprocess: How images become the network's input: the section of a configuration as a
                mapping, a transform of torchvision's weights, or None for what comes with the
                network.
            labels: Class names by index, or the path of a file with them.
            output: The key of the scores in a network that returns several tensors.
            device: Where to compute: auto, cpu, cuda or cuda:N.
            settings: Any other keys of the configuration, dotted: `{"output.normalize": "max"}`.
            config: A YAML file that everything above goes over.
            notify: Receives, a line each, what was decided on the way.

        Raises:
            CamcliError: Something asked for does not exist or does not fit, as with the command.

        """
        flags = {"run.compile": False, **_flags(layer, method, targets, versus, prompts, output)}
        if not isinstance(model, nn.Module):
            flags["model.name"] = model
        if isinstance(labels, str | Path):
            flags["model.labels"] = str(labels)
        if str(device) != "auto":
            flags["run.device"] = str(device)
        path = None if config is None else Path(config)
        _refuse_unused(settings or {})
        self.config = load_config(path, flags={**flags, **(settings or {})})
        if is_of_run(self.config):
            raise unknown_scale("images are explained call by call here")
        self._device = resolve_device(self.config.run.device)
        self._sizes: dict[int | None, int] = {}

        def load(config: Config) -> LoadedModel:
            return _loaded(model, config, preprocess, labels)

        with own_surroundings(self._device):
            self._built: BuiltRun | None = build(self.config, 1, notify, load=load)

    @property
    def layer(self) -> str:
        """The layer explained at, or several joined by `+`."""
        return self._ready().layer

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The class names by index, None where they are not known."""
        return self._ready().model.labels

    @property
    def preprocess(self) -> Preprocess:
        """How images become the network's input."""
        return self._ready().model.preprocess

    def explain(self, images: Any) -> Explanations:
        """Explain images; one that cannot be read, or names no class, becomes a failed one.

        Args:
            images: One, or several in a list, an array, a tensor or an iterator. An image is a
                path, a PIL image, a uint8 array (H, W), (H, W, 3) or (H, W, 4), a uint8 tensor
                (3, H, W), or the network's own input as a floating-point tensor (3, H, W). A path
                may also be a folder or a glob.

        Returns:
            One explanation for each image, target and method, in order.

        Raises:
            InputError: Something given is no image.
            CamcliError: The explainer is closed.

        """
        return Explanations(list(self.stream(images)))

    def stream(self, images: Any) -> Iterator[Explanation]:
        """Explain images batch by batch, as they come; see `explain`."""
        built, given = self._ready(), named(images)
        size = self._batch_size(built, len(given) if isinstance(given, Sequence) else None)
        output, run = self.config.output, self.config.run
        drawing = Drawing(output, lambda: built.provenance)
        reading = Reading(run.max_pixels, output.overlay_side)
        network = FixedBatches(built.engine, size)
        coming = prepared(given, built.engine.preprocess, reading)
        while batch := list(islice(coming, size)):
            items = tuple(each for each in batch if isinstance(each, ImageItem))
            failures = tuple(each for each in batch if isinstance(each, FailedImage))
            with own_surroundings(self._device):
                results = network.explain(Batch(items))
            for found in in_order(results, failures):
                yield from _explanations(found, drawing)

    def _batch_size(self, built: BuiltRun, count: int | None) -> int:
        """Return how many images a batch has; on a GPU, finding that out takes some passes."""
        if count not in self._sizes:
            with own_surroundings(self._device):
                self._sizes[count] = choose_batch_size(
                    self.config.run, self._device, built.cuts, lambda: built.engine, count
                )
        return self._sizes[count]

    def close(self) -> None:
        """Let go of the network."""
        self._built = None

    def _ready(self) -> BuiltRun:
        if self._built is None:
            raise CamcliError("the explainer is closed: make another")
        return self._built

    def __enter__(self) -> Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def explain(model: nn.Module | str, images: Any, **options: Any) -> Explanations:
    """Explain images with a network, in one go.

    Args:
        model: A network that maps images (B, 3, H, W) to scores (B, N), or a name as the command
            takes it.
        images: One or several; see `Explainer.explain`.
        **options: layer, method, targets, preprocess, labels and the others of `Explainer`.

    Returns:
        One explanation for each image and target, in order.

    Raises:
        CamcliError: Something asked for does not exist or does not fit, as with the command.

    """
    with Explainer(model, **options) as explainer:
        return explainer.explain(images)


def _flags(
    layer: str | Sequence[str],
    method: Method | Sequence[Method],
    targets: Targets | None,
    versus: str | None,
    prompts: str | Sequence[str] | None,
    output: str | None,
) -> dict[str, Any]:
    """Return what was given as keys of the configuration."""
    given = {
        "model.layer": None if layer == "auto" else layer,
        "method": {"name": method} if isinstance(method, str) else method,
        "targets": None if targets is None else _targets(targets),
        "versus": versus,
        "prompts": prompts,
        "model.output": output,
    }
    return {key: value for key, value in given.items() if value is not None}


def _targets(given: Targets) -> list[str | Mapping[str, Any]]:
    several = [given] if isinstance(given, str | int | Mapping) else given
    return [f"index:{each}" if isinstance(each, int) else each for each in several]


def _loaded(
    model: nn.Module | str,
    config: Config,
    preparation: Preparation,
    labels: Sequence[str] | str | Path | None,
) -> LoadedModel:
    """Load or copy the network, with what the caller knows of it."""
    preprocess = preprocess_from(preparation) or stated(config)
    if isinstance(model, nn.Module):
        found = from_memory(model, preprocess, config.model.output)
        found = named_as(found, config.model)
    else:
        found = load_model(config.model, preprocess, config.run.seed)
    if labels is None or isinstance(labels, str | Path):
        return found
    return replace(found, labels=tuple(labels), class_ids=None)


def _refuse_unused(settings: Mapping[str, Any]) -> None:
    idle = [key for key in settings if key in _OF_RUNS_ALONE]
    if idle:
        raise ConfigError(
            f"settings: {' and '.join(idle)} decide nothing here, but in a run of the command; "
            "leave them out"
        )


def _explanations(found: Explained | FailedImage, drawing: Drawing) -> Iterator[Explanation]:
    if isinstance(found, FailedImage):
        yield failure_of(found)
    else:
        yield from (explanation_of(each, drawing) for each in found.maps)
