from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter

from camcli.methods._ops.masking import Composite, gaussian_blur, upsample


@pytest.mark.parametrize("sigma", [0.3, 2.3, 10.0, 40.0])
def test_blur_is_that_of_scipy(sigma: float) -> None:
    images = torch.randn(2, 3, 50, 37, generator=torch.Generator().manual_seed(0))
    blurred = gaussian_blur(images, sigma)
    for found, image in zip(blurred.flatten(0, 1), images.flatten(0, 1), strict=True):
        np.testing.assert_allclose(found, gaussian_filter(image.double(), sigma), atol=2e-6)


@pytest.mark.parametrize("size", [(50, 37), (13, 7), (5, 90)])
def test_upsampling_is_bicubic_interpolation(size: tuple[int, int]) -> None:
    maps = torch.rand(2, 4, 13, 7, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(maps, size, mode="bicubic", align_corners=False)
    torch.testing.assert_close(upsample(maps, size), expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("in_rgb", [True, False])
def test_composite_is_the_larger_of_sharp_and_blurred(in_rgb: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(2, 3, 20, 30, generator=generator)
    masks = torch.rand(2, 4, 20, 30, generator=generator)
    mean = torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1)
    std = torch.tensor([0.2, 0.3, 0.25]).view(3, 1, 1)
    images = (rgb - mean) / std
    dark = -mean / std if in_rgb else torch.zeros(3, 1, 1)
    composite = Composite(images, 3.0, dark)
    composite.through(1 - masks[:, :2])  # whose memory the next result must not share a trace of
    found = composite.through(masks).unflatten(0, (2, 4))
    source = rgb if in_rgb else images
    for b in range(2):
        blurred = np.stack([gaussian_filter(channel, 3.0) for channel in source[b].numpy()])
        for q in range(4):
            mask = masks[b, q].numpy()
            shown = torch.from_numpy(np.maximum(source[b].numpy() * mask, blurred * (1 - mask)))
            expected = (shown - mean) / std if in_rgb else shown
            torch.testing.assert_close(found[b, q], expected, rtol=0, atol=2e-5)
    torch.testing.assert_close(composite.blurred, gaussian_blur(images, 3.0), atol=1e-5, rtol=0)
