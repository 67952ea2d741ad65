"""The section `output`: what is written, and how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from camcli.config.artefacts import SAVE_CHOICES
from camcli.config.colormaps import DIVERGING, is_diverging, known_colormap
from camcli.config.fonts import known_font
from camcli.config.section import Section
from camcli.records import MapSign, Normalize

Colormap = Annotated[str, AfterValidator(known_colormap)]
if TYPE_CHECKING:  # type checkers cannot follow choices that are computed
    Artefact: TypeAlias = str
else:
    Artefact = Literal[SAVE_CHOICES]
Style = Literal["blend", "mask", "heat", "contour"]
MapSize = Literal["input", "layer", "original"]
_SIGNED_COLORMAP = "coolwarm"
Scale = Literal["image", "run"] | Annotated[float, Field(gt=0, allow_inf_nan=False)]


class OutputConfig(Section):
    """What is written, and how it looks."""

    save: tuple[Artefact, ...] = Field(
        ("maps", "overlays"), description="what to write; may be empty"
    )
    map_size: MapSize = Field("input", description="resolution of the .npy maps")
    sign: MapSign = Field(
        "positive",
        description="what of a map is kept; positive: what speaks for the target; negative: what "
        "speaks against it, as positive numbers; signed: both, what speaks against it below 0",
    )
    normalize: Normalize = Field(
        "minmax",
        description="minmax: (m - min) / (max - min); max: m / max |m|, zero stays zero; robust: m "
        "/ the magnitude that 99 % of the places do not exceed, clipped; none: the raw map. The "
        "default is max for signed maps and for one scale",
    )
    scale: Scale = Field(
        "image",
        description="which raw value becomes 1; image: each map has its own; run: the largest of "
        "all the run's maps, for all of them; a number: this one, and what is beyond is clipped",
    )
    colormap: Colormap = Field(
        "turbo",
        description="turbo, viridis, coolwarm, ... or any other of the cmap package; for signed "
        "maps a diverging one, by default coolwarm",
    )
    alpha: float = Field(
        0.5, ge=0.0, le=1.0, description="opacity of the heatmap, of blend and mask"
    )
    style: Style = Field(
        "blend",
        description="blend: the map over the image; mask: the image darkened where the map is low; "
        "heat: the map alone; contour: lines at a quarter, a half and three quarters",
    )
    colorbar: bool = Field(
        False,
        description="draw a bar below overlays that says which raw value a colour stands for; not "
        "for mask, which has no colours",
    )
    caption: Literal["none", "label", "full"] = Field(
        "none",
        description="what stands below overlays; label: the target and its probability; full: the "
        "score, the method and the layer, too",
    )
    font: Annotated[str, AfterValidator(known_font)] | None = Field(
        None, description="font file of captions and sheets; null: Pillow's, of plain Latin letters"
    )
    overlay_format: Literal["png", "jpg"] = Field(
        "png", description="png is lossless; jpg takes a tenth of the time and a fifth of the space"
    )
    overlay_side: Annotated[int, Field(ge=16)] | None = Field(
        None,
        description="longest side of an overlay in pixels, its legend left out; null: the image's",
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_suit_the_maps(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        given = dict(value)
        signed = given.get("sign") == "signed"
        if signed:
            given.setdefault("colormap", _SIGNED_COLORMAP)
        if signed or given.get("scale", "image") != "image":
            given.setdefault("normalize", "max")
        return given

    @field_validator("normalize")
    @classmethod
    def _zero_stays_zero(cls, value: str, info: ValidationInfo) -> str:
        if value == "minmax" and info.data.get("sign") == "signed":
            raise ValueError(
                "minmax moves the zero of a signed map, so that its signs are lost; take max, "
                "robust or none"
            )
        return value

    @field_validator("scale", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError(f"a scale is image, run or a number, not {str(value).lower()}")
        return value

    @field_validator("scale")
    @classmethod
    def _maps_have_a_scale(cls, value: str | float, info: ValidationInfo) -> str | float:
        normalize = info.data.get("normalize")
        if value != "image" and normalize == "minmax":
            raise ValueError(
                "minmax begins each map at its own lowest value, so that maps do not compare; take "
                "output.normalize max, robust or none with one scale, or leave it out"
            )
        if not isinstance(value, str) and normalize == "robust":
            raise ValueError(
                "robust finds the scale in the maps, and a number gives it; take output.normalize "
                "max with a number, or the scale image or run"
            )
        return value

    @field_validator("colormap")
    @classmethod
    def _zero_is_in_the_middle(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("sign") == "signed" and not is_diverging(value):
            raise ValueError(
                f"{value} is not diverging, so that its colours do not show where a signed map is "
                f"zero; take {', '.join(DIVERGING)}, or another diverging map of cmap"
            )
        return value

    @field_validator("colorbar")
    @classmethod
    def _there_are_colours(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("style") == "mask":
            raise ValueError(
                "mask shows the image's own colours, which no bar explains; leave the bar out, or "
                "take the style blend, heat or contour"
            )
        return value

    @field_validator("save", mode="before")
    @classmethod
    def _one_may_stand_alone(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value
