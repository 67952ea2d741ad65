"""Every key of the configuration, with its type, its default and its meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from camcli.config.output_section import OutputConfig
from camcli.config.scalar import Scalar, is_null
from camcli.config.section import Section
from camcli.records import Sign

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
OddMargin = Literal["even", "down"]
Precision = Literal["auto", "fp32", "tf32", "bf16", "fp16"]
PromptScore = Literal["cosine", "softmax"]


class ModelConfig(Section):
    """Which network, and where in it to look."""

    name: str = Field("demo", description="see `camcli models`")
    weights: str | None = Field(
        "default", description="default, null (random), or the path of a checkpoint"
    )
    checkpoint_key: str | None = Field(
        None,
        min_length=1,
        description="where in the checkpoint the weights are, as in a.b; null: looked for",
    )
    strip_prefix: str | None = Field(
        None,
        min_length=1,
        description="what the checkpoint has before the network's own names; null: looked for",
    )
    ema: Literal["auto"] | bool = Field(
        "auto",
        description="yes: the checkpoint's averaged weights, no: the others; auto: averages where "
        "there is nothing else",
    )
    adapter: str | None = Field(
        None, min_length=1, description="folder of a PEFT adapter, merged into the weights"
    )
    layer: str | tuple[str, ...] = Field(
        "auto",
        min_length=1,
        description="auto, a module path, or several, whose normalised maps are averaged",
    )
    kwargs: dict[str, Any] = Field(
        default_factory=dict, description="keyword arguments of the constructor or factory"
    )
    output: str | None = Field(
        None, description="key of the scores in a network that returns several tensors"
    )
    labels: str | None = Field(
        None, description="file of class names: .txt with one per line, .json or .csv"
    )
    probabilities: Literal["auto", "softmax", "sigmoid", "none"] = Field(
        "auto",
        description="what turns the explained scores into probabilities; auto: the network's own "
        "ending; none: what the network returns is explained as the number it is",
    )

    @field_validator("name")
    @classmethod
    def _name_is_given(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        return value

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to explain at: one, mostly."""
        return (self.layer,) if isinstance(self.layer, str) else self.layer

    @field_validator("layer")
    @classmethod
    def _each_layer_is_named_once(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        layers = (value,) if isinstance(value, str) else value
        if not all(layers) or len(set(layers)) < len(layers):
            raise ValueError("names each layer once")
        return value


class OneMethod(Section):
    """One saliency method, with its own options; a plain name may stand in for the section."""

    name: str = Field(description="see `camcli methods`")
    options: dict[str, Any] = Field(default_factory=dict, description="options of the method")

    @model_validator(mode="before")
    @classmethod
    def _a_name_may_stand_alone(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str | Scalar) else value


class MethodConfig(OneMethod):
    """Which saliency method, and others beside it; a list of them may stand in for the section."""

    name: str = Field("lift-cam", description="see `camcli methods`")
    others: tuple[OneMethod, ...] = Field(
        (),
        description="more methods for the same images, which pass through the network once for all "
        "of them: names, or name and options",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_list_is_the_first_and_others(cls, value: object) -> object:
        if not isinstance(value, list | tuple) or not value:
            return value
        first, *others = value
        first = {"name": first} if isinstance(first, str | Scalar) else first
        if not isinstance(first, Mapping) or "others" in first:
            return value
        return {**first, "others": others}

    @property
    def all(self) -> tuple[OneMethod, ...]:
        """Every method, the first one first."""
        return (OneMethod(name=self.name, options=self.options), *self.others)


class TargetConfig(Section):
    """A target as a mapping, where `-cat` could be meant otherwise."""

    class_: str = Field(alias="class", min_length=1, description="a class index or name")
    sign: Sign = Field(
        "positive", description="positive: what speaks for the class; negative: against it"
    )
    versus: str | None = Field(
        None, min_length=1, description="what this class is compared with, in place of `versus`"
    )

    def __str__(self) -> str:
        versus = "" if self.versus is None else f" versus {self.versus}"
        return f"{'against ' if self.sign == 'negative' else ''}{self.class_}{versus}"

    @model_serializer
    def _under_its_own_names(self) -> dict[str, str | None]:
        return {"class": self.class_, "sign": self.sign, "versus": self.versus}


def _kind_of_target(value: object) -> str:
    return "TargetConfig" if isinstance(value, Mapping | TargetConfig) else "str"


AnyTarget = Annotated[
    Annotated[str, Tag("str")] | Annotated[TargetConfig, Tag("TargetConfig")],
    Discriminator(_kind_of_target),
]


class PromptsConfig(Section):
    """Texts for a dual encoder; a plain list of texts may stand in for the section."""

    texts: tuple[str, ...] = Field((), description="prompts for every image")
    file: str | None = Field(
        None,
        description="file of more prompts: one per line, or .csv or .jsonl with image and prompt",
    )
    templates: tuple[str, ...] = Field(
        (), description="texts in which each prompt replaces {}; their embeddings are averaged"
    )
    score: PromptScore = Field(
        "cosine",
        description="cosine: cosine similarity times the learned scale; softmax: its softmax",
    )

    @field_validator("texts", "templates", mode="before")
    @classmethod
    def _one_may_stand_alone(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("templates")
    @classmethod
    def _each_has_a_place(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all("{}" in template for template in value):
            raise ValueError("each template has {} where the prompt goes")
        return value

    @model_validator(mode="before")
    @classmethod
    def _texts_may_stand_alone(cls, value: object) -> object:
        return {"texts": value} if isinstance(value, str | Scalar | list | tuple) else value


class PreprocessConfig(Section):
    """How an image becomes the network's input, where the weights' own transform does not fit."""

    resize: int | tuple[int, int] = Field(
        256, description="length of the shorter side in pixels, or [height, width] to squash"
    )
    crop: int | tuple[int, int] = Field(
        224, description="side of the centre crop in pixels, or [height, width]; the input's size"
    )
    mean: tuple[float, float, float] = Field(
        (0.485, 0.456, 0.406), description="per RGB channel, subtracted from values in [0, 1]"
    )
    std: tuple[float, float, float] = Field(
        (0.229, 0.224, 0.225), description="per RGB channel, divided by afterwards"
    )
    interpolation: Interpolation = Field(
        "bilinear", description="how images are resized; always anti-aliased"
    )
    odd_margin: OddMargin = Field(
        "even",
        description="where the crop begins when an odd number of pixels is cut off: half of it "
        "rounded to even, as torchvision does, or down, as transformers does",
    )

    @field_validator("resize", "crop")
    @classmethod
    def _sides_are_positive(cls, value: int | tuple[int, int]) -> int | tuple[int, int]:
        sides = (value,) if isinstance(value, int) else value
        if min(sides) < 1 or max(sides) > 16384:
            raise ValueError("sides are 1 to 16384 pixels")
        return value

    @field_validator("std")
    @classmethod
    def _std_is_positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0:
            raise ValueError("must be positive")
        return value


class ImagesConfig(Section):
    """How image files are read."""

    window: Literal["auto"] | tuple[float, float] = Field(
        "auto",
        description="values of more than 8 bits that become black and white, as [low, high]; "
        "auto: what the file states or uses, told in the row's note",
    )

    @field_validator("window")
    @classmethod
    def _low_is_below_high(cls, value: str | tuple[float, float]) -> str | tuple[float, float]:
        if isinstance(value, tuple) and not -math.inf < value[0] < value[1] < math.inf:
            raise ValueError("needs a low value below a high one")
        return value


class RunConfig(Section):
    """How the work is done; apart from `precision`, nothing here changes results but rounding."""

    device: str = Field("auto", description="auto, cpu, cuda or cuda:N")
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1)] = Field(
        "auto", description="images per batch; auto: as many as fit on a GPU, 16 or 32 on a CPU"
    )
    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = Field(
        "auto", description="processes that decode and draw; auto: the number of cores, up to 16"
    )
    executor: str = Field("local", description="what schedules the run; local: the process itself")
    decode_timeout: float = Field(
        60.0, gt=0, le=86400, description="seconds after which decoding an image is given up"
    )
    max_pixels: int = Field(
        178_956_970, ge=1, description="larger images are refused as decompression bombs"
    )
    precision: Precision = Field(
        "auto", description="precision of the trunk; the tail is always float32"
    )
    compile: Literal["auto"] | bool = Field(
        "auto", description="compile the network; auto: if there are enough images to repay it"
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="of random weights, not of methods")


class Config(Section):
    """The whole configuration of a run, resolved."""

    model: ModelConfig = ModelConfig()
    method: MethodConfig = MethodConfig()
    targets: tuple[AnyTarget, ...] = Field(
        ("@top1",),
        min_length=1,
        description="see `camcli explain --help`, or {class: NAME, sign: negative} for what speaks "
        "against a class, and {class: NAME, versus: OTHER} for what tells two apart; where there "
        "are prompts, the default is @prompts",
    )
    versus: str | None = Field(
        None,
        min_length=1,
        description="what the explained class is compared with: runner-up, nearestN, @file.csv, or "
        "a class name or index; null: nothing",
    )
    prompts: PromptsConfig = PromptsConfig()
    preprocess: Literal["auto"] | PreprocessConfig = "auto"
    images: ImagesConfig = ImagesConfig()
    run: RunConfig = RunConfig()
    output: OutputConfig = OutputConfig()

    @field_validator("targets", mode="before")
    @classmethod
    def _one_target_may_stand_alone(cls, value: object) -> object:
        return value if isinstance(value, list | tuple) else [value]

    @model_validator(mode="before")
    @classmethod
    def _empty_sections_are_defaults(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        given = {key: section for key, section in value.items() if not is_null(section)}
        if given.get("prompts"):
            given.setdefault("targets", ("@prompts",))
        return given
