"""One batch: trunk, then methods over the tail, then normalised maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from camcli.attribution.attribution import check_rules
from camcli.errors import ImageError
from camcli.methods.base import Saliency
from camcli.methods.cut_method import CutMethod
from camcli.methods.normalisation import Normalised
from camcli.methods.outside import saliency_of
from camcli.methods.probe import Probe
from camcli.methods.scaling import min_max
from camcli.network.endings.meaning import kind_of, probabilities_of
from camcli.network.split import SplitNetwork
from camcli.records import (
    Batch,
    Components,
    FailedImage,
    ImageItem,
    MapSign,
    Preprocess,
    SaliencyMap,
    Target,
    Versus,
)
from camcli.targets.class_target import ClassTarget
from camcli.targets.plan import TargetPlan

_FIRST_CLASS = ClassTarget(0)


@dataclass(frozen=True)
class Explained:
    """One image with its maps: of its first target by every method, then of the second."""

    item: ImageItem
    maps: tuple[SaliencyMap, ...]


@dataclass(frozen=True)
class Engine:
    """Explains batches of decoded images; an image's result does not depend on its batch.

    Nor does what a method finds depend on the others: all but the passes through the trunk, and
    what is the same for both, is its own.

    Attributes:
        methods: The saliency methods, at least one, with the network on `device`. The first one's
            scores say which classes to explain.
        targets: Which classes to explain.
        preprocess: Gives the normalisation of the network's input.
        device: Where to compute.
        at_layer_size: Keep maps at the layer's resolution instead of the network input's.
        keep_components: Keep the components' maps, and not only their weights.

    """

    methods: tuple[CutMethod, ...]
    targets: TargetPlan
    preprocess: Preprocess
    device: torch.device
    at_layer_size: bool = False
    keep_components: bool = False

    def __post_init__(self) -> None:
        for each in self.methods:
            if each.method.uses_deeplift:
                check_rules(each.network)  # before any image is touched

    @property
    def network(self) -> SplitNetwork:
        """The network, cut for the first method; its scores are those of all."""
        return self.methods[0].network

    def explain(self, batch: Batch) -> list[Explained | FailedImage]:
        """Explain every image of a batch for each of its targets, by each method.

        Returns:
            One entry for each item, in order: its maps, or a failure where no class to explain
            is given for it.

        """
        if not batch.items:
            return []
        probes = self.probes(batch.items)
        logits = [probe.logits.float().cpu() for probe in probes]
        choices = [self.choose(*each) for each in zip(batch.items, logits[0], strict=True)]
        targets = [[] if isinstance(choice, FailedImage) else choice for choice in choices]
        found: list[list[SaliencyMap]] = [[] for _ in batch.items]
        for slot in range(max(map(len, targets))):
            for row, saliency_map in self._explain_slot(batch.items, probes, logits, targets, slot):
                found[row].append(saliency_map)
        return [
            choice if isinstance(choice, FailedImage) else Explained(item, tuple(maps))
            for item, choice, maps in zip(batch.items, choices, found, strict=True)
        ]

    def at_scales(self, scales: Mapping[str, float]) -> Engine:
        """Return the same engine with one raw value that becomes 1 in all maps, by method."""
        methods = (
            replace(each, normalisation=replace(each.normalisation, scale=scales.get(each.name)))
            for each in self.methods
        )
        return replace(self, methods=tuple(methods))

    def rehearse(self, size: int) -> None:
        """Explain `size` black images for the first class, to learn how much memory it takes."""
        black = self.black.expand(size, 3, *self.network.image_size).contiguous()
        first = self.targets.axis.objective([_FIRST_CLASS] * size, self.device)
        for each, probe in zip(self.methods, self._probes_of(black), strict=True):
            self._finish(each, saliency_of(each.method, probe, first))

    def probes(self, items: Sequence[ImageItem]) -> list[Probe]:
        """Return a batch of decoded images at the target layer of each method."""
        return self._probes_of(self.normalized(items))

    def _probes_of(self, images: Tensor) -> list[Probe]:
        """Return the probe of each method; methods of one cut share its pass through the trunk."""
        found: dict[tuple[int, bool], Probe] = {}
        for each in self.methods:
            cut, with_reference = id(each.network), each.method.uses_deeplift
            if (cut, with_reference) in found:
                continue
            other = found.get((cut, not with_reference))
            found[cut, with_reference] = (
                Probe(each.network, images, with_reference, black=self.black)
                if other is None
                else other.beside(with_reference)
            )
        return [found[id(each.network), each.method.uses_deeplift] for each in self.methods]

    @property
    def black(self) -> Tensor:
        """A black pixel as the network's input, float32 (3, 1, 1)."""
        return self._normalize(torch.zeros(3, device=self.device)).view(3, 1, 1)

    def normalized(self, items: Sequence[ImageItem]) -> Tensor:
        """Return the network's input, float32 (B, 3, H, W), of decoded images."""
        if len({item.pixels.dtype for item in items}) > 1:
            return torch.cat([self.normalized([item]) for item in items])
        pixels = torch.from_numpy(np.stack([item.pixels for item in items])).to(self.device)
        if pixels.is_floating_point():
            return pixels.permute(0, 3, 1, 2).contiguous()
        count, height, width, _ = pixels.shape
        rows = pixels.view(count, height, width * 3).to(torch.float32).div_(255)
        return self._normalize(rows).view(count, height, width, 3).permute(0, 3, 1, 2)

    def _normalize(self, rows: Tensor) -> Tensor:
        """Normalise rows of RGB pixels (..., W * 3) in [0, 1], in place.

        Subtracting a row from rows takes half as long as subtracting three numbers separately.
        """
        width = rows.shape[-1] // 3
        mean = torch.tensor(self.preprocess.mean, device=self.device).repeat(width)
        std = torch.tensor(self.preprocess.std, device=self.device).repeat(width)
        return rows.sub_(mean).div_(std)

    def choose(self, item: ImageItem, logits: Tensor) -> list[ClassTarget] | FailedImage:
        """Return what to explain in an image with these logits, (n,), on the CPU."""
        try:
            return self.targets.choose(item.ref, logits)
        except ImageError as error:
            return FailedImage(item.ref, "TargetError", str(error))

    def _explain_slot(
        self,
        items: Sequence[ImageItem],
        probes: Sequence[Probe],
        logits: Sequence[Tensor],
        targets: list[list[ClassTarget]],
        slot: int,
    ) -> Iterator[tuple[int, SaliencyMap]]:
        """Explain each image's target number `slot`; images with fewer targets are skipped."""
        rows = [row for row, chosen in enumerate(targets) if slot < len(chosen)]
        asked = [chosen[slot] if slot < len(chosen) else _FIRST_CLASS for chosen in targets]
        objective = self.targets.axis.objective(asked, self.device)
        for each, probe, scores in zip(self.methods, probes, logits, strict=True):
            saliency = saliency_of(each.method, probe, objective)
            yield from self._maps_in(each, saliency, items, rows, asked, scores)

    def _maps_in(
        self,
        cut: CutMethod,
        saliency: Saliency,
        items: Sequence[ImageItem],
        rows: Sequence[int],
        asked: Sequence[ClassTarget],
        logits: Tensor,
    ) -> Iterator[tuple[int, SaliencyMap]]:
        """Yield the maps that one method found in some rows of a batch."""
        found = self._finish(cut, saliency)
        maps = found.maps.cpu().numpy()
        components = self._components(saliency)
        given = saliency.degenerate or [None] * len(asked)
        errors = saliency.completeness_error
        gaps = [None] * len(asked) if errors is None else [_finite(e) for e in errors.tolist()]
        described = self.described_targets(logits, asked)
        for row in rows:
            low, high, meaning = found.low[row], found.high[row], found.values[row]
            reason = (
                given[row]
                or _why_not_finite((low, high), described[row])
                or _why_empty(low, high, asked[row], meaning.sign)
            )
            yield (
                row,
                SaliencyMap(
                    item=items[row],
                    target=described[row],
                    method=cut.name,
                    layer=cut.layer,
                    values=None if reason else maps[row],
                    range=None if reason else (low, high),
                    completeness_error=gaps[row],
                    degenerate=reason,
                    components=None if components is None or reason else components[row],
                    meaning=meaning,
                ),
            )

    def _finish(self, cut: CutMethod, saliency: Saliency) -> Normalised:
        """Stretch what is kept of a method's raw maps (B, h, w), and normalise each."""
        raw = cut.normalisation.part(saliency.maps)[:, None].float()
        maps = self._stretched(raw, saliency.interpolation)
        if cut.normalisation.sign != "signed":
            maps.clamp_min_(0)  # bicubic overshoots
        return cut.normalisation.of(maps[:, 0])

    def _stretched(self, maps: Tensor, mode: str) -> Tensor:
        if self.at_layer_size:
            return maps
        return F.interpolate(maps, self.network.image_size, mode=mode, align_corners=False)

    def _components(self, saliency: Saliency) -> list[Components] | None:
        """Return each image's components, where the method has them."""
        found = saliency.components
        if found is None:
            return None
        maps: Iterable[np.ndarray | None] = [None] * len(found.maps)
        if self.keep_components:
            stretched = self._stretched(found.maps.float(), saliency.interpolation)
            maps = min_max(stretched.clamp_min(0)).cpu().numpy()
        weights, variances = found.weights.tolist(), found.explained_variance.tolist()
        return [
            Components(kept, tuple(weight), tuple(variance), found.channels)
            for kept, weight, variance in zip(maps, weights, variances, strict=True)
        ]

    def described_targets(self, logits: Tensor, asked: Sequence[ClassTarget]) -> list[Target]:
        """Return the record of one target for each image, given logits (B, n) on the CPU."""
        axis = self.targets.axis
        # Row by row: the last bit of a vectorised sigmoid depends on the place in the batch.
        kind = kind_of(self.network.probabilities)
        return [
            Target(
                index=target.index,
                name=self.targets.table.name_of(target.index),
                score=float(axis.scores(row)[target.index]),
                probability=(
                    None if kind == "value" else float(self.class_probabilities(row)[target.index])
                ),
                score_kind=kind,
                sign=target.sign,
                versus=tuple(
                    Versus(rival.index, self.targets.table.name_of(rival.index), rival.weight)
                    for rival in target.rivals
                ),
                margin=_margin(axis.scores(row), target),
            )
            for target, row in zip(asked, logits, strict=True)
        ]

    def class_probabilities(self, logits: Tensor) -> Tensor:
        """Return the probabilities of the classes, (..., N), of logits (..., n)."""
        axis = self.targets.axis
        return axis.probabilities(probabilities_of(axis.own(logits), self.network.probabilities))


def _margin(scores: Tensor, target: ClassTarget) -> float | None:
    """Return s_c - Σ w_r s_r of a class c and its rivals r, given scores (N,)."""
    if not target.rivals:
        return None
    values = scores.double()
    others = sum(rival.weight * float(values[rival.index]) for rival in target.rivals)
    return float(values[target.index]) - others


def _why_not_finite(ends: tuple[float, float], target: Target) -> str | None:
    if not np.isfinite(ends).all():
        return "the map holds NaN or infinity: the network's activation or score is not finite"
    if not np.isfinite(target.score):
        return "the network's score of the class is NaN or infinity, so no map explains it"
    return None


def _why_empty(low: float, high: float, target: ClassTarget, sign: MapSign) -> str | None:
    if low == high == 0:
        beyond = ", beyond what it is compared with," if target.rivals else ""
        evidence = _evidence(target, sign)
        return f"the map is zero everywhere: no {evidence} the class{beyond} at this layer"
    if low == high:
        return "the map has the same value everywhere"
    return None


def _evidence(target: ClassTarget, sign: MapSign) -> str:
    if sign == "signed":
        return "evidence for or against"
    speaks_for = (sign == "positive") == (target.sign == "positive")
    return "positive evidence for" if speaks_for else "evidence against"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
