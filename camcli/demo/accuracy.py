"""How well a network recognises unseen scenes."""

import torch
from torch import Tensor

from camcli.demo.dataset import Examples
from camcli.demo.network import DemoNet, normalised

_BATCH = 100


@torch.inference_mode()
def _logits(network: DemoNet, images: Tensor) -> Tensor:
    return torch.cat([network(normalised(batch)) for batch in torch.split(images, _BATCH)])


def share_recognised(network: DemoNet, examples: Examples) -> float:
    """Return the fraction of scenes of n objects whose n highest logits are the classes present.

    With one object per scene this is top-1 accuracy. The network must be in evaluation mode.
    """
    present = examples.targets > 0
    ranks = _logits(network, examples.images).argsort(1, descending=True).argsort(1)
    chosen = ranks < present.sum(1, keepdim=True)
    return float((chosen == present).all(1).float().mean())
