"""What a run is asked to do: YAML, `--set` overrides and flags, validated into one frozen record.

Precedence is defaults < YAML file < `--set key=value` < flags. Every mistake is reported at once,
each with its key, the value found and the valid choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from camcli.errors import ConfigError, suggest

Colormap = Literal["turbo", "viridis", "magma", "jet", "gray"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Artefact = Literal["maps", "overlays", "components"]
Precision = Literal["auto", "fp32", "tf32", "bf16", "fp16"]
MapSize = Literal["input", "layer", "original"]
PromptScore = Literal["cosine", "softmax"]

_MAX_YAML_BYTES = 1_000_000


class _Section(BaseModel):
    """A frozen mapping that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelConfig(_Section):
    """Which network, and where in it to look."""

    name: str = Field(
        "demo",
        description="demo, demo-clip, a torchvision model's name, timm:NAME, open_clip:ARCH/TAG, "
        "or package.module:factory",
    )
    weights: str | None = Field(
        "default", description="default, null (random), or the path of a checkpoint"
    )
    layer: str | tuple[str, ...] = Field(
        "auto",
        min_length=1,
        description="auto, a module path, or several, whose normalised maps are averaged",
    )
    kwargs: dict[str, Any] = Field(
        default_factory=dict, description="for the model's constructor, or the factory"
    )
    output: str | None = Field(
        None, description="key of the scores in a network that returns several tensors"
    )
    labels: str | None = Field(
        None, description="file of class names: .txt one a line, .json or .csv"
    )
    probabilities: Literal["auto", "softmax", "sigmoid"] = Field(
        "auto", description="sigmoid where classes do not exclude each other"
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


class MethodConfig(_Section):
    """Which saliency method, with its own options."""

    name: str = Field("lift-cam", description="see `camcli methods`")
    options: dict[str, Any] = Field(default_factory=dict, description="the method's own")


class PromptsConfig(_Section):
    """What a dual encoder is asked about; a list of texts may stand alone."""

    texts: tuple[str, ...] = Field((), description="asked of every picture")
    file: str | None = Field(
        None,
        description="further ones: one a line, or .csv or .jsonl with an image and a prompt each",
    )
    templates: tuple[str, ...] = Field(
        (), description="each prompt is put for {} in all of them, and the embeddings averaged"
    )
    score: PromptScore = Field(
        "cosine", description="cosine times the learned scale, or its softmax over the prompts"
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
        return {"texts": value} if isinstance(value, str | list | tuple) else value


class PreprocessConfig(_Section):
    """How a picture becomes the network's input, where the weights' own transform does not serve.

    `resize` is the shorter side in pixels, or [height, width] to squash; `crop` is the centre
    crop's side, or [height, width]. `mean` and `std` are per RGB channel, on values in [0, 1].
    """

    resize: int | tuple[int, int] = 256
    crop: int | tuple[int, int] = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: Interpolation = "bilinear"

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


class RunConfig(_Section):
    """How the work is done; apart from `precision`, nothing here changes results but rounding."""

    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = "auto"
    decode_timeout: float = Field(
        60.0, gt=0, le=86400, description="seconds until decoding one picture is given up"
    )
    max_pixels: int = Field(
        178_956_970, ge=1, description="larger pictures are refused, as decompression bombs"
    )
    precision: Precision = Field("auto", description="of the trunk; the tail is always float32")
    compile: Literal["auto"] | bool = Field(
        "auto", description="auto: when the pictures ahead are worth it"
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="for random weights and sampling methods")


class OutputConfig(_Section):
    """What is written, and how it looks."""

    save: tuple[Artefact, ...] = Field(("maps", "overlays"), description="may be empty")
    map_size: MapSize = Field("input", description="resolution of the .npy maps")
    normalize: Literal["minmax", "max"] = Field(
        "minmax", description="minmax: (m - min) / (max - min); max: m / max, zero stays zero"
    )
    colormap: Colormap = "turbo"
    alpha: float = Field(0.5, ge=0.0, le=1.0, description="opacity of the heatmap")
    overlay_format: Literal["png", "jpg"] = Field(
        "png", description="png keeps every pixel; jpg is a tenth of the work and a fifth the size"
    )
    overlay_side: Annotated[int, Field(ge=16)] | None = Field(
        None, description="longest side of an overlay in pixels; null: that of its picture"
    )


class Config(_Section):
    """A whole run, resolved."""

    model: ModelConfig = ModelConfig()
    method: MethodConfig = MethodConfig()
    targets: tuple[str, ...] = Field(
        ("top1",),
        min_length=1,
        description="top1, topN, positive, a class index or name, folder, @file.csv, or prompts "
        "(the default where there are any)",
    )
    prompts: PromptsConfig = PromptsConfig()
    preprocess: Literal["auto"] | PreprocessConfig = "auto"
    run: RunConfig = RunConfig()
    output: OutputConfig = OutputConfig()

    @field_validator("targets", mode="before")
    @classmethod
    def _one_target_may_stand_alone(cls, value: object) -> object:
        listed = value if isinstance(value, list | tuple) else [value]
        return [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in listed]

    @model_validator(mode="before")
    @classmethod
    def _empty_sections_are_defaults(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        given = {key: section for key, section in value.items() if section is not None}
        if given.get("prompts"):
            given.setdefault("targets", ("prompts",))
        return given


def load_config(
    path: Path | None = None,
    overrides: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Resolve a run's configuration.

    Args:
        path: A YAML file, or None for the defaults.
        overrides: `key=value` strings with dotted keys and YAML values, as given to `--set`.
        flags: Dotted keys and values that win over everything else.

    Raises:
        ConfigError: Listing every mistake found, one a line.

    """
    tree = read_yaml(path) if path else {}
    for override in overrides:
        key, value = _parse_override(override)
        _assign(tree, key, value)
    for key, value in (flags or {}).items():
        _assign(tree, key, value)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        source = str(path) if path else "the options given"
        lines = "\n".join(f"  {line}" for line in _explain(error))
        raise ConfigError(f"the configuration from {source} is not valid:\n{lines}") from None


def dump_config(config: Config) -> str:
    """Return the configuration as YAML that `load_config` reads back to the same record."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


class _StrictLoader(yaml.SafeLoader):
    """YAML without tags, aliases or duplicate keys: what a configuration from a stranger may do."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "aliases are not supported here", event.start_mark
            )
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                complaint = "a key must be a plain word"
            elif key_node.value in seen:
                complaint = f"the key {key_node.value!r} appears twice"
            else:
                seen.add(key_node.value)
                continue
            raise yaml.constructor.ConstructorError(None, None, complaint, key_node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping safely.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or holds something else than a mapping.

    """
    try:
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise ConfigError(f"{path} is over {_MAX_YAML_BYTES} bytes: not a camcli config")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the config {path}: {error}") from None
    tree = parse_value(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of keys, not {type(tree).__name__}")
    return tree


def parse_value(text: str, source: str) -> Any:
    """Read YAML safely.

    Args:
        text: The YAML.
        source: What to call it in the complaint.

    Raises:
        ConfigError: It is no YAML that a configuration may hold.

    """
    try:
        return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader underneath
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {error}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source} is not valid YAML: {type(error).__name__}") from None


def _parse_override(override: str) -> tuple[str, Any]:
    key, separator, value = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set takes key=value, such as output.alpha=0.4, not {override!r}")
    return key.strip(), parse_value(value, f"the value of --set {key}")


def _assign(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[last] = value


def _explain(error: ValidationError) -> Iterable[str]:
    """One line per mistake; pydantic's lines for the members of a union are told as one."""
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        *sections, last = problem["loc"] or ("",)
        path = tuple(part for part in sections if _is_key(part))
        # A key that does not exist comes last and may look like anything.
        if problem["type"] in _ABOUT_A_KEY or _is_key(last):
            path = (*path, last)
        key = ".".join(str(part) for part in path)
        lines.setdefault(key, f"{key}: {_complaint(problem, path)}")
    return lines.values()


_ABOUT_A_KEY = {"extra_forbidden", "invalid_key"}


def _is_key(part: int | str) -> bool:
    """Tell a key of the config from the tags that pydantic adds for the members of a union."""
    return isinstance(part, int) or (
        part.isidentifier() and part not in {"int", "str", "float", "PreprocessConfig", "tuple"}
    )


def _complaint(problem: Mapping[str, Any], path: tuple[int | str, ...]) -> str:
    value = problem["input"]
    if problem["type"] == "extra_forbidden":
        keys = _keys_at(path[:-1])
        return f"no such key{suggest(str(path[-1]), keys)} (valid: {', '.join(keys)})"
    expected = _choices_at(path)
    if expected and not isinstance(value, dict):
        hint = suggest(value, expected) if isinstance(value, str) else ""
        return f"{value!r} is not one of {', '.join(expected)}{hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]} (found {value!r})"


def _section_at(path: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the section that a path of keys leads to, None where it leads to a plain value."""
    section: type[BaseModel] | None = Config
    for part in path:
        field = section.model_fields.get(str(part)) if section else None
        candidates = [field.annotation, *get_args(field.annotation)] if field else []
        section = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None
        )
    return section


def _keys_at(path: Sequence[int | str]) -> list[str]:
    section = _section_at(path)
    return list(section.model_fields) if section else []


def _choices_at(path: tuple[int | str, ...]) -> list[str]:
    """Return the words that the field at `path` accepts, where it accepts only words."""
    names = [part for part in path if isinstance(part, str)]
    section = _section_at(names[:-1]) if names else None
    field = section.model_fields.get(names[-1]) if section else None
    annotation: Any = field.annotation if field else None
    if annotation is not None and len(names) < len(path):
        annotation = next(iter(get_args(annotation)), None)
    choices = get_args(annotation)
    return [str(choice) for choice in choices] if all(isinstance(c, str) for c in choices) else []
