"""The tools that camcli is compared with, explaining and drawing as their documentation shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import to_pil_image

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Peer:
    """Another tool, and how it explains and draws.

    Attributes:
        explain: Normalised images (B, 3, H, W) -> maps (B, H, W) in [0, 1].
        draw: An image and its map -> the overlay, of the image's size.
        batch: How many images it gets at a time.

    """

    explain: Callable[[Tensor], Map]
    draw: Callable[[Image.Image, Map], Image.Image]
    batch: int = 1


def grad_cam_peers(network: nn.Module, layer: nn.Module, stack: ExitStack) -> dict[str, Peer]:
    """Return Grad-CAM of three packages, hooked into a network until the stack is closed."""
    from captum.attr import LayerAttribution, LayerGradCam
    from pytorch_grad_cam import GradCAM
    from torchcam.methods import GradCAM as TorchCam

    extractor = stack.enter_context(GradCAM(model=network, target_layers=[layer]))
    by_pytorch_grad_cam = partial(extractor, targets=None)
    captum = LayerGradCam(network, layer)

    def by_torch_cam(images: Tensor) -> Map:
        with TorchCam(network, layer) as extractor:
            out = network(images)
            (cam,) = extractor(out.squeeze(0).argmax().item(), out)
        return stretched(cam, images)

    def by_captum(images: Tensor) -> Map:
        target = predicted(network, images)
        found = captum.attribute(images, target=target, relu_attributions=True)
        return normalised(LayerAttribution.interpolate(found, images.shape[2:], "bilinear"))

    return {
        "pytorch-grad-cam": Peer(by_pytorch_grad_cam, drawn_by_pytorch_grad_cam),
        "pytorch-grad-cam, batches of 16": Peer(
            by_pytorch_grad_cam, drawn_by_pytorch_grad_cam, batch=16
        ),
        "torch-cam": Peer(by_torch_cam, drawn_by_torch_cam),
        "Captum LayerGradCam": Peer(by_captum, drawn_by_pillow),
    }


def deep_lift_peers(network: nn.Module, layer: nn.Module, _stack: ExitStack) -> dict[str, Peer]:
    """Return Captum's DeepLIFT at a layer."""
    from captum.attr import LayerAttribution, LayerDeepLift

    captum = LayerDeepLift(network, layer)

    def by_captum(images: Tensor) -> Map:
        target = predicted(network, images)
        found = captum.attribute(images, baselines=0, target=target).sum(1, keepdim=True).relu()
        return normalised(LayerAttribution.interpolate(found, images.shape[2:], "bilinear"))

    return {"Captum LayerDeepLift": Peer(by_captum, drawn_by_pillow)}


def predicted(network: nn.Module, images: Tensor) -> Tensor:
    """Return the class of each image, (B,)."""
    with torch.no_grad():
        classes: Tensor = network(images).argmax(1)
    return classes


def stretched(cam: Tensor, images: Tensor) -> Map:
    """Stretch a map (B, h, w) to the size of the images."""
    return normalised(F.interpolate(cam[:, None], images.shape[2:], mode="bilinear"))


def normalised(maps: Tensor) -> Map:
    """Scale each of the maps (B, 1, H, W) to [0, 1]."""
    flat = maps.detach()[:, 0]
    low, high = flat.amin((1, 2), keepdim=True), flat.amax((1, 2), keepdim=True)
    found: Map = ((flat - low) / (high - low).clamp_min(1e-12)).numpy()
    return found


def drawn_by_pytorch_grad_cam(image: Image.Image, values: Map) -> Image.Image:
    """Draw as pytorch-grad-cam's README does."""
    import cv2
    from pytorch_grad_cam.utils.image import show_cam_on_image

    rgb = np.float32(image) / 255
    return Image.fromarray(show_cam_on_image(rgb, cv2.resize(values, image.size), use_rgb=True))


def drawn_by_torch_cam(image: Image.Image, values: Map) -> Image.Image:
    """Draw as torch-cam's quick tour does."""
    from torchcam.utils import overlay_mask

    return overlay_mask(image, to_pil_image(values, mode="F"), alpha=0.5)


def drawn_by_pillow(image: Image.Image, values: Map) -> Image.Image:
    """Blend a red heatmap over an image."""
    heat = Image.fromarray(np.rint(values * 255).astype(np.uint8)).resize(image.size)
    return Image.blend(image, Image.merge("RGB", (heat, *[Image.new("L", heat.size)] * 2)), 0.5)


PEERS = {"grad-cam": grad_cam_peers, "deep-lift": deep_lift_peers}
