"""The small network that camcli carries with it: `demo`."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.config import ModelConfig
from camcli.demo.network import DEFAULT_LAYER, INPUT_SIZE, MEAN, STD, DemoNet, load_demo
from camcli.demo.scenes import CLASSES
from camcli.models.loaded import LoadedModel
from camcli.models.sources.bundled import BundledSource
from camcli.models.weights import DEFAULT, set_weights, weights_record
from camcli.records import Preprocess


@dataclass(frozen=True)
class DemoSource(BundledSource):
    """The demo network: bundled weights, random ones, or those of a checkpoint."""

    def load(self, config: ModelConfig, preprocess: Preprocess | None) -> LoadedModel:
        """Load the demo network; see `Source.load`."""
        self.refuse_kwargs(config)
        preprocess = preprocess or Preprocess(INPUT_SIZE, (INPUT_SIZE, INPUT_SIZE), MEAN, STD)
        network = load_demo() if config.weights == DEFAULT else DemoNet()
        set_weights(network, config, preprocess.crop)
        return LoadedModel(
            name=config.name,
            network=network.eval(),
            preprocess=preprocess,
            labels=CLASSES,
            default_layer=DEFAULT_LAYER,
            weights=weights_record(config.weights),
        )
