"""Any function of tensors as the tail of a network that is traced, cut and attributed through."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from camcli.attribution.attribution import attribution_of
from camcli.network.split import SplitNetwork, split
from camcli.network.trace import trace

Function = Callable[..., Tensor]


class _Cut(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image * 1.0


class _Behind(nn.Module):
    """image (B, K, 2, 2) -> the tensors it is packed of, each plus its reference -> f -> (B, N)."""

    def __init__(self, function: Function, references: Sequence[Tensor]) -> None:
        super().__init__()
        self.cut = _Cut()
        self.function = function
        self._sizes = [reference.shape for reference in references]
        for number, reference in enumerate(references):
            self.register_buffer(f"reference_{number}", reference)

    def forward(self, image: Tensor) -> Tensor:
        flat = self.cut(image).flatten(1)
        tensors, start = [], 0
        for number, size in enumerate(self._sizes):
            part = flat[:, start : start + size.numel()].unflatten(1, size)
            tensors.append(part + getattr(self, f"reference_{number}"))
            start += size.numel()
        return self.function(*tensors).flatten(1)


@dataclass(frozen=True)
class Attribution:
    """What DeepLIFT says of f at some inputs.

    Attributes:
        multipliers: (B, N, I), the multiplier of each input element for each output element.
        contributions: (B, N, I), multipliers times what the inputs differ from their references.
        outputs: (B, N).
        delta: (B, N), what the outputs differ from those at the references.

    """

    multipliers: Tensor
    contributions: Tensor
    outputs: Tensor
    delta: Tensor

    @property
    def error(self) -> float:
        """The largest |ΣC - Δ| / max(|Δ|, Σ|C|, 1)."""
        scale = self.contributions.abs().sum(-1).maximum(self.delta.abs()).clamp_min(1.0)
        return float(((self.contributions.sum(-1) - self.delta).abs() / scale).max())


def network_of(function: Function, references: Sequence[Tensor]) -> SplitNetwork:
    """Trace and cut a network whose tail is f of tensors with these references."""
    torch.manual_seed(0)
    channels = math.ceil(sum(r.numel() for r in references) / 4)
    network = _Behind(function, references).eval()
    example = torch.randn(2, channels, 2, 2, dtype=references[0].dtype)
    # As it is returned, for the function may well be a softmax.
    return split(trace(network, example, probabilities="none"), "cut")


def attribute(
    function: Function, inputs: Sequence[Tensor], references: Sequence[Tensor]
) -> Attribution:
    """Attribute f of several tensors, (B, ...) each, against references without a batch."""
    return attribute_through(network_of(function, references), inputs, references)


def attribute_through(
    network: SplitNetwork, inputs: Sequence[Tensor], references: Sequence[Tensor]
) -> Attribution:
    """Attribute the function that a network was made of."""
    deltas = [(x - r).flatten(1) for x, r in zip(inputs, references, strict=True)]
    flat = torch.cat(deltas, 1)
    size = flat.shape[1]
    padded = torch.nn.functional.pad(flat, (0, -size % 4)).reshape(len(flat), -1, 2, 2)
    leaf = padded.clone().requires_grad_()
    deeplift = attribution_of(network).tail.deeplift
    outputs = deeplift(leaf)
    multipliers = torch.stack(
        [
            torch.autograd.grad(outputs[:, n].sum(), leaf, retain_graph=True)[0].flatten(1)
            for n in range(outputs.shape[1])
        ],
        1,
    )[..., :size]
    return Attribution(
        multipliers=multipliers,
        contributions=multipliers * flat[:, None],
        outputs=outputs.detach(),
        delta=outputs.detach() - deeplift.logits_at_reference(padded),
    )
