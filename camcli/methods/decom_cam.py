"""DecomCAM: orthogonal sub-saliency maps, and their integration by what each is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from camcli.attribution.contributions import Contributions
from camcli.attribution.objective import Objective
from camcli.methods._ops.channel_weights import grad_cam_plus_plus_weights, gradient_weights
from camcli.methods._ops.decomposition import Decomposition, decompose
from camcli.methods._ops.masking import Composite, upsample
from camcli.methods.base import Method, Saliency, SubMaps
from camcli.methods.probe import Probe
from camcli.methods.scaling import min_max

_Count = Annotated[int, Field(ge=1)]
_Sigma = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
_Threshold = Annotated[float, Field(allow_inf_nan=False)]
_SMALLEST_CHUNK = 8


@dataclass(frozen=True)
class DecomCam(Method):
    """map = ReLU(Σ_q w_q OSSM_q), the OSSMs from an SVD of the weighted activation maps.

    X (hw, P) holds the P maps α_k A_k of largest signed channel weight α_k = mean_ij ∂s/∂A_k(i, j),
    each centred over space. X = U S Vᵀ gives the orthogonal sub-saliency maps: OSSM_q is column q
    of U S as an h x w map, its location of largest magnitude positive, clamped at 0 and stretched
    over the image I (bicubic). What a component is worth is what it alone shows the network:

        m_q = min-max(OSSM_q),  I_q = max(I m_q, blur(I) (1 - m_q)),  w_q = s(I_q) - s(blur(I))

    Weights below the threshold become 0, the others are divided by the largest.

    `integrate: deeplift` masks the activation instead of the image, and asks DeepLIFT what that
    would score, C its contributions and m_q taken at the layer's resolution:

        w_q = Σ_ij m_q(i, j) Σ_k C_k(i, j)  ≈  F(m_q A) - F(0)

    which is exact where the tail F is linear in the activation, and needs no forward pass at all.
    (The contribution of the singular component itself, through Σ_k <U_q, m_k> <U_q, A_k> with m_k
    DeepLIFT's multipliers, does not serve: a centred U_q sums to 0, so that behind global average
    pooling it is 0 whatever the component is worth.)

    An image has no map where the activation, the gradient or a score is not finite, where the
    chosen maps are constant, and where no component is above the threshold.

    Yang et al., "DecomCAM: Advancing Beyond Saliency Maps through Decomposition and Integration",
    Neurocomputing 610, 2024, arXiv 2405.18882. The sign rule, `lift` and `deeplift` are ours.
    """

    name = "decom-cam"
    decomposes = True

    channels: _Count = field(
        default=100,
        metadata={"description": "P, channels decomposed; all of them where there are fewer"},
    )
    components: _Count = field(
        default=10, metadata={"description": "Q, components kept; fewer where there are fewer"}
    )
    center: bool = field(
        default=True, metadata={"description": "centre each channel over space before the SVD"}
    )
    channel_weights: Literal["gradient", "grad-cam++", "lift"] = field(
        default="gradient",
        metadata={"description": "gradient, grad-cam++, or lift (LIFT-CAM's coefficients)"},
    )
    integrate: Literal["masking", "deeplift"] = field(
        default="masking",
        metadata={"description": "masking, or deeplift, which needs no masked forward passes"},
    )
    baseline: bool = field(
        default=True, metadata={"description": "masking: subtract the score of the blurred image"}
    )
    blur_sigma: _Sigma = field(
        default=10.0,
        metadata={"description": "masking: the Gaussian's, in pixels of the network's input"},
    )
    composite: Literal["rgb", "normalised"] = field(
        default="rgb",
        metadata={
            "description": "masking: compose images as rgb in [0, 1], or as normalised values"
        },
    )
    weights: Literal["max", "min-max", "softmax"] = field(
        default="max",
        metadata={"description": "w / max w, (w - min w) / (max w - min w), or w softmax(w)"},
    )
    threshold: _Threshold | None = field(
        default=0.0, metadata={"description": "smaller weights w_q become 0; null keeps all"}
    )

    @property
    def uses_deeplift(self) -> bool:
        """Whether either kind of weight comes from DeepLIFT."""
        return self.channel_weights == "lift" or self.integrate == "deeplift"

    @property
    def uses_gradient(self) -> bool:
        """Whether the channel weights come from a gradient."""
        return self.channel_weights != "lift"

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Decompose, weigh and add up; see `Method.explain`."""
        contributions = probe.contributions(objective) if self.uses_deeplift else None
        alphas, chosen = self._choose(probe, objective, contributions)
        maps = _gathered(probe.activation, chosen)
        weighted = maps * alphas[..., None]
        finite = weighted.isfinite().flatten(1).all(1)
        # Replaced, for one image's infinity must not stop the decomposition of the others.
        found = decompose(
            torch.where(finite[:, None, None], weighted, 0).mT, self.components, self.center
        )
        ossms = found.components.clamp_min(0).unflatten(-1, probe.activation.shape[2:])
        if self.integrate == "masking":
            scores = self._scores_behind_masks(probe, objective, ossms)
        else:
            assert contributions is not None
            scores = torch.einsum("bqhw,bhw->bq", min_max(ossms), contributions.evidence)
        weights = self._integration_weights(scores, found.present)
        return Saliency(
            maps=torch.einsum("bq,bqhw->bhw", weights, ossms),
            completeness_error=None if contributions is None else contributions.completeness_error,
            components=SubMaps(ossms, weights, found.explained_variance, maps.shape[1]),
            degenerate=self._reasons(finite, found, scores, weights),
            interpolation="bicubic",
        )

    def _choose(
        self, probe: Probe, objective: Objective, contributions: Contributions | None
    ) -> tuple[Tensor, Tensor]:
        """Return the largest channel weights, (B, P), and whose they are."""
        if self.channel_weights == "lift":
            assert contributions is not None
            alphas = contributions.coefficients
        elif self.channel_weights == "grad-cam++":
            alphas = grad_cam_plus_plus_weights(probe.gradient(objective), probe.activation)
        else:
            alphas = gradient_weights(probe.gradient(objective))
        largest, index = alphas.topk(min(self.channels, alphas.shape[1]))
        return largest, index

    def _scores_behind_masks(self, probe: Probe, objective: Objective, ossms: Tensor) -> Tensor:
        """Return s(I_q), less s(blur(I)) if asked for: (B, Q)."""
        dark = probe.black if self.composite == "rgb" else torch.zeros_like(probe.black)
        composite = Composite(probe.images, self.blur_sigma, dark)
        batch = len(objective)
        # As many masked images at a time as the batch has images: that is known to fit.
        scores = []
        for some in ossms.split(max(1, _SMALLEST_CHUNK // batch), dim=1):
            masks = min_max(upsample(some, probe.network.image_size))
            asked = objective.repeat(some.shape[1])
            shown = probe.scores_of_images(composite.through(masks), asked)
            scores.append(shown.view(batch, -1))
        found = torch.cat(scores, 1)
        if self.baseline:
            found = found - probe.scores_of_images(composite.blurred, objective)[:, None]
        return found

    def _integration_weights(self, scores: Tensor, present: Tensor) -> Tensor:
        """Return what each component is multiplied by: (B, Q), 0 for those left out."""
        high = torch.where(present, scores, -torch.inf).amax(1, keepdim=True)
        low = torch.where(present, scores, torch.inf).amin(1, keepdim=True)
        if self.weights == "max":
            relative = torch.where(high > 0, scores / high, 0)
        elif self.weights == "min-max":
            relative = torch.where(high > low, (scores - low) / (high - low), 1)
        else:
            relative = scores * torch.where(present, scores, -torch.inf).softmax(1)
        kept = present if self.threshold is None else present & (scores >= self.threshold)
        return torch.where(kept, relative, 0)

    def _reasons(
        self, finite: Tensor, found: Decomposition, scores: Tensor, weights: Tensor
    ) -> list[str | None]:
        """Return for each image the first reason why it has no map, or None."""
        above = "" if self.threshold is None else f" of at least {self.threshold:g}"
        reasons = {
            "the activation or its weights hold NaN or infinity": ~finite,
            "the chosen channels are constant: there is nothing to decompose": ~found.present.any(
                1
            ),
            "the score of a component is NaN or infinity": ~scores.isfinite().all(1),
            f"no component has a positive weight{above}": ~(weights > 0).any(1),
        }
        held = torch.stack(list(reasons.values()), 1).tolist()
        return [
            next((r for r, true in zip(reasons, row, strict=True) if true), None) for row in held
        ]


def _gathered(maps: Tensor, channels: Tensor) -> Tensor:
    """Return some channels (B, P) of maps (B, K, h, w), each as a row: (B, P, hw)."""
    flat = maps.flatten(2)
    return flat.gather(1, channels[..., None].expand(-1, -1, flat.shape[2]))
