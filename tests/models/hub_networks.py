"""Tiny transformers networks with random weights, as `save_pretrained` lays them down."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from camcli.models.random_weights import enliven

hf: Any = pytest.importorskip("transformers")
tokenizers: Any = pytest.importorskip("tokenizers")

CLASSES = ("ant", "bee", "cat", "dog", "eel")
SIDE = 32

_SQUARE = {"height": SIDE, "width": SIDE}
_VIT = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": SIDE,
    "patch_size": 8,
}
_DINO = {**_VIT, "mlp_ratio": 2}
_SWIN = {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4, "patch_size": 2}
_STAGES = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
_CONVNEXT = {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2}
_PYRAMID = {
    "num_encoder_blocks": 2,
    "depths": [1, 1],
    "sr_ratios": [2, 1],
    "hidden_sizes": [8, 16],
    "num_attention_heads": [1, 2],
    "mlp_ratios": [2, 2],
}


@dataclass(frozen=True)
class Kind:
    """An architecture, and the image processor that its published weights come with.

    Attributes:
        architecture: What the names of its classes begin with.
        settings: Its sizes, tiny ones.
        processor: The class of its image processor, without its end.
        preparing: Sizes of that.

    """

    architecture: str
    settings: dict[str, Any]
    processor: str
    preparing: dict[str, Any] = field(default_factory=dict)


_SQUASHED = ("ViT", {"size": _SQUARE})
_CROPPED = ("Bit", {"size": {"shortest_edge": 37}, "crop_size": _SQUARE})
_AS_CONVNEXT = ("ConvNext", {"size": {"shortest_edge": SIDE}, "crop_pct": 0.875})
_LARGER = {"size": {"shortest_edge": 73}, "crop_size": {"height": 64, "width": 64}}

KINDS: dict[str, Kind] = {
    "resnet": Kind("ResNet", {**_STAGES, "layer_type": "basic"}, *_AS_CONVNEXT),
    "convnext": Kind("ConvNext", _CONVNEXT, *_AS_CONVNEXT),
    "convnextv2": Kind("ConvNextV2", _CONVNEXT, *_AS_CONVNEXT),
    "regnet": Kind("RegNet", {**_STAGES, "groups_width": 8}, *_AS_CONVNEXT),
    "swin": Kind("Swin", {**_SWIN, "image_size": SIDE}, *_SQUASHED),
    "swinv2": Kind("Swinv2", {**_SWIN, "image_size": SIDE}, *_SQUASHED),
    "vit": Kind("ViT", _VIT, *_SQUASHED),
    "deit": Kind("DeiT", _VIT, "DeiT", {"size": {"height": 37, "width": 37}, "crop_size": _SQUARE}),
    "dinov2": Kind("Dinov2", _DINO, *_CROPPED),
    "dinov2_with_registers": Kind("Dinov2WithRegisters", _DINO, *_CROPPED),
    "beit": Kind("Beit", _VIT, "Beit", {"size": _SQUARE}),
    "bit": Kind("Bit", {**_STAGES, "num_groups": 4, "layer_type": "bottleneck"}, *_CROPPED),
    "mobilevit": Kind(
        "MobileViT",
        {
            "hidden_sizes": [8, 12, 16],
            "neck_hidden_sizes": [4, 8, 8, 8, 8, 8, 16],
            "num_attention_heads": 2,
            "image_size": 64,
        },
        "MobileViT",
        _LARGER,
    ),
    "mobilenet_v2": Kind(
        "MobileNetV2", {"depth_multiplier": 0.25, "image_size": 64}, "MobileNetV2", _LARGER
    ),
    "efficientnet": Kind(
        "EfficientNet",
        {"width_coefficient": 0.25, "depth_coefficient": 0.25, "image_size": 64, "hidden_dim": 320},
        "EfficientNet",
        {"size": {"height": 64, "width": 64}, "rescale_offset": True, "rescale_factor": 1 / 127.5},
    ),
    "segformer": Kind(
        "Segformer",
        {**_PYRAMID, "decoder_hidden_size": 8, "patch_sizes": [7, 3], "strides": [4, 2]},
        "Segformer",
        {"size": {"height": 64, "width": 64}},
    ),
    "pvt": Kind(
        "Pvt",
        {
            **_PYRAMID,
            "image_size": SIDE,
            "patch_sizes": [4, 2],
            "sequence_reduction_ratios": [2, 1],
        },
        "Pvt",
        {"size": _SQUARE},
    ),
    "levit": Kind(
        "Levit",
        {
            "image_size": 128,
            "hidden_sizes": [8, 16, 16],
            "num_attention_heads": [1, 2, 2],
            "depths": [1, 1, 1],
            "key_dim": [4, 4, 4],
            "drop_path_rate": 0,
        },
        "Levit",
        {"size": {"shortest_edge": 128}, "crop_size": {"height": 128, "width": 128}},
    ),
}


def processor_of(kind: Kind) -> Any:
    """Return the image processor of an architecture, that which Pillow resizes for."""
    return _for_pillow(kind.processor)(**kind.preparing)


def _for_pillow(name: str) -> Any:
    return getattr(hf, f"{name}ImageProcessorPil", None) or getattr(hf, f"{name}ImageProcessor")


def save_classifier(folder: Path, name: str) -> Any:
    """Save a classifier of five classes with its image processor, and return it."""
    kind = KINDS[name]
    torch.manual_seed(0)
    settings = getattr(hf, f"{kind.architecture}Config")(
        **kind.settings, id2label=dict(enumerate(CLASSES))
    )
    network = getattr(hf, f"{kind.architecture}ForImageClassification")(settings).eval()
    side = kind.settings.get("image_size", SIDE)
    enliven(network, (side, side))
    network.save_pretrained(folder)
    processor_of(kind).save_pretrained(folder)
    return network


_WORDS = ("<pad>", "<unk>", "</s>", "a", "of", "cat", "dog", "photo", "red")
_CONTEXT = 8
_TEXT = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": len(_WORDS),
    "max_position_embeddings": _CONTEXT,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 2,
}


def tokenizer() -> Any:
    """Return a tokenizer of whole words that puts the end of a text behind it."""
    words = {word: place for place, word in enumerate(_WORDS)}
    model = tokenizers.models.WordLevel(words, unk_token="<unk>")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        "$A </s>", special_tokens=[("</s>", 2)]
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="</s>",
        model_max_length=_CONTEXT,
        model_input_names=["input_ids"],
    )


def save_dual_encoder(folder: Path, architecture: str) -> Any:
    """Save a `CLIP` or `Siglip` with its image processor and tokenizer, and return it."""
    torch.manual_seed(0)
    settings = {"text_config": dict(_TEXT), "vision_config": dict(_VIT)}
    if architecture == "CLIP":
        settings["projection_dim"] = 12
    else:
        settings["text_config"]["projection_size"] = 16
    network = getattr(hf, f"{architecture}Model")(
        getattr(hf, f"{architecture}Config")(**settings)
    ).eval()
    with torch.no_grad():
        network.logit_scale.fill_(2.0)
        if architecture == "Siglip":
            network.logit_bias.fill_(-1.5)
    network.save_pretrained(folder)
    preparing = {"CLIP": _CROPPED[1], "Siglip": _SQUASHED[1]}[architecture]
    _for_pillow(architecture)(**preparing).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return network
