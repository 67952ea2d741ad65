"""LIFT pyramid: DeepLIFT contributions at several depths, where they agree."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.chunks import chunks
from camcli.attribution.objective import Objective
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe
from camcli.methods.scaling import min_max
from camcli.network.stages import stage_layers
from camcli.network.trace import TracedNetwork

# Of the range of a map, [0, 1]: a depth without evidence at a place holds the others down there,
# but does not silence them.
_FLOOR = 1e-6


@dataclass(frozen=True)
class LiftPyramid(Method):
    """map = mean over cells of (Π_l max(E_l, ε))^(1/L), E_l = minmax(upsample(ReLU(Σ_k C_k))).

    C are the contributions at layer l. Every depth attributes the same score difference: deep
    layers by meaning, but coarsely, shallow ones by fine detail, but of many things. Their
    geometric mean at the image's resolution, ε = 1e-6, is high where all L of them agree. Where
    a single one has nothing it leaves a hole; the mean over the cells of the shallowest layer fills
    those that are smaller than what that layer can see.

    The shallowest layer is the stem, behind its pooling: the reference of every depth is what an
    empty stem makes of it, which separates objects better than an empty deep layer does. All come
    out of one pass through the tail that starts there, in the arithmetic of two forward passes.
    The completeness error reported is the worst of all depths: a layer that part of the score
    bypasses, as only one that was asked for can be, shows in it.

    Not for a network whose early stages hold an operation without a DeepLIFT rule, nor where memory
    is scarce: the activations from the shallowest depth on are kept for the backward pass.
    """

    name = "lift-pyramid"
    uses_deeplift = True

    layers: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "description": "module paths, shallowest first; by default the ends of the stages "
            "and the blocks of the last stage, up to the target layer"
        },
    )

    def depths(self, traced: TracedNetwork, layer: str) -> tuple[str, ...]:
        """Return the layers asked for, or the automatic choice; see `Method.depths`."""
        return self.layers or stage_layers(traced, layer)

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Take the geometric mean of all depths; see `Method.explain`."""
        by_depth = probe.contributions_by_depth(objective)
        size = probe.network.image_size
        logarithms = torch.zeros(len(objective), *size, device=objective.device)
        for sums, *evidence in chunks(logarithms, *(depth.evidence for depth in by_depth)):
            for of_depth in evidence:
                sums += _level(of_depth, size).clamp_min_(_FLOOR).log_()
        agreement = logarithms.div_(len(by_depth)).exp_().sub_(_FLOOR).clamp_min_(0)
        _, height, width = by_depth[0].evidence.shape
        maps = F.adaptive_avg_pool2d(agreement[:, None], (height, width))[:, 0]
        errors = torch.stack([depth.completeness_error for depth in by_depth])
        return Saliency(maps, errors.amax(0))


def _level(evidence: Tensor, size: tuple[int, int]) -> Tensor:
    """Return one depth's map, (B, H, W) in [0, 1]; 0 without positive evidence for the class."""
    positive = evidence[:, None].relu()
    level = F.interpolate(positive, size, mode="bilinear", align_corners=False)[:, 0]
    return min_max(level, out=level)
