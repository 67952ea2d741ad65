"""The small dual encoder that camcli carries with it: `demo-clip`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from camcli.config import ModelConfig
from camcli.demo.captions import WordTokenizer
from camcli.demo.dual_encoder import (
    DEFAULT_LAYER,
    IMAGE_SIZE,
    MEAN,
    STD,
    WIDTH,
    load_dual_encoder,
    new_dual_encoder,
)
from camcli.models.loaded import LoadedModel
from camcli.models.prompt_scores import TOWER
from camcli.models.sources.bundled import BundledSource
from camcli.models.sources.optional_package import OPEN_CLIP
from camcli.models.text_tower import TextTower
from camcli.models.weights import DEFAULT, set_weights, weights_record
from camcli.records import Preprocess


@dataclass(frozen=True)
class DemoClipSource(BundledSource):
    """The demo's dual encoder: bundled weights, random ones, or those of a checkpoint."""

    dual_encoders: ClassVar[bool] = True

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load the dual encoder, which open_clip builds; see `Source.load`."""
        self.refuse_kwargs(config)
        preprocess = preprocess or Preprocess(IMAGE_SIZE, (IMAGE_SIZE, IMAGE_SIZE), MEAN, STD)
        try:
            model: Any = load_dual_encoder() if config.weights == DEFAULT else new_dual_encoder()
        except ImportError:
            raise OPEN_CLIP.missing(config.name) from None
        set_weights(model, config, preprocess.crop, images=model.visual)
        return LoadedModel(
            name=config.name,
            network=model.visual.eval(),
            preprocess=preprocess,
            labels=None,
            default_layer=f"{TOWER}.{DEFAULT_LAYER}",
            weights=weights_record(config.weights),
            text=TextTower(config.name, model.eval(), WordTokenizer, WIDTH),
        )
