"""A change of one corner of the image says whether a layout is right."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from camcli.errors import CamcliWarning, LayerError
from camcli.network.corners import checked_corners, corner_changes, corner_ratios
from camcli.network.layout import Layout
from camcli.network.split import split
from camcli.network.trace import TracedNetwork, trace
from tests.network.networks import ChannelsLast, Tokens


def test_each_corner_of_a_convolution_moves_its_own_and_no_other() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    images = torch.randn(2, 3, 16, 32)
    (changes,) = corner_changes(trace(network, images), ["0"], images)
    before, after = images[:1], images[:1].clone()
    after[:, :, :4, :8] = images[1:, :, :4, :8]
    moved = (network[0](after) - network[0](before)).abs().sum(1)
    torch.testing.assert_close(changes[0, 0, 0], moved[0, :1, :2].mean())
    assert changes.count_nonzero() == 4
    assert (changes[:, ::3, ::3].flatten(1).diagonal() > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("batch_first", [True, False])
def test_tokens_are_confirmed(batch_first: bool) -> None:
    traced, images = _traced(Tokens(batch_first=batch_first), 32)
    (cut,) = checked_corners(traced, [split(traced, "blocks.0")], images)
    assert cut.layout_check == "confirmed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "layer", "mistake"),
    [
        (Tokens, "blocks.0", {"places": tuple(range(64))}),  # shifted
        (Tokens, "blocks.0", {"places": tuple(range(66, 2, -1))}),  # turned
        (ChannelsLast, "mlp", {"order": "NCHW"}),
        (ChannelsLast, "mlp", {"order": "tokens", "places": tuple(torch.arange(64).view(8, 8).T
                                                                    .flatten().tolist())}),
    ],
    ids=["shifted by class tokens", "turned", "channels taken for rows", "transposed"],
)  # fmt: skip
def test_a_wrong_layout_is_refused_by_name(
    network: type[nn.Module], layer: str, mistake: dict[str, object]
) -> None:
    torch.manual_seed(0)
    traced, images = _traced(network(), 32)
    right = split(traced, layer).layout
    traced.readings[traced.outputs[layer]] = replace(right, **mistake)  # type: ignore[arg-type]
    with pytest.raises(LayerError, match=f"cannot tell how the layer '{layer}' lies in space"):
        checked_corners(traced, [split(traced, layer)], images)


class Blurred(nn.Module):
    """What each place sees is little beside what all of them see."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 4, 4, 4)
        self.everywhere = nn.Softplus()
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patches(images)
        mean = x.mean((2, 3), keepdim=True)
        x = self.everywhere(0.0 * x + mean)
        return self.head(x.mean((2, 3)))


def test_what_corners_cannot_tell_is_said() -> None:
    traced, images = _traced(Blurred(), 32)
    cut = split(traced, "everywhere")
    assert cut.layout == Layout("NCHW", 4, 8, 8)
    with pytest.warns(CamcliWarning, match="could not be confirmed by trying"):
        (cut,) = checked_corners(traced, [cut], images)
    assert cut.layout_check == "inconclusive"


class Mixed(nn.Module):
    """Sixteen places; each corner is given `strength` times as much of the next as of itself."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 4, 4, 4)
        self.mixer = _Mixer(strength)
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.mixer(self.patches(images).flatten(2)).mean(2))


class _Mixer(nn.Module):
    """Each place, and what it is given of the corners; all of them alike, if it is none itself."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        corners = [0, 3, 15, 12]
        weight = torch.zeros(16, 16)
        weight[:, corners] = 1.0
        weight[corners] = 0.0
        weight[corners, [*corners[1:], corners[0]]] = strength
        self.corners = nn.Linear(16, 16, bias=False)
        self.corners.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.corners(x)


def test_a_corner_moves_its_own_by_its_share() -> None:
    """Of an image that changes alike everywhere, so that what is mixed alone decides."""
    images = torch.zeros(2, 3, 16, 16)
    images[1] = 1.0
    (changes,) = corner_changes(trace(Mixed(4.0).eval(), images), ["mixer"], images)
    torch.testing.assert_close(corner_ratios(changes), torch.full((4,), 1 / 4.0))


def test_only_clear_evidence_against_a_layout_refuses_it() -> None:
    """Where all places are mixed, another corner may move one nearly twice as much by chance."""
    images = torch.zeros(2, 3, 16, 16)
    images[1] = 1.0
    traced = trace(Mixed(1.8).eval(), images)
    with pytest.warns(CamcliWarning, match="could not be confirmed by trying"):
        checked_corners(traced, [split(traced, "mixer")], images)
    traced = trace(Mixed(2.5).eval(), images)
    with pytest.raises(LayerError, match="top left, top right, bottom left, bottom right"):
        checked_corners(traced, [split(traced, "mixer")], images)


def test_a_strip_one_row_high_has_two_corners() -> None:
    traced, images = _traced(ChannelsLast(), 4, 32)
    (cut,) = checked_corners(traced, [split(traced, "mlp")], images)
    assert (cut.layout.height, cut.layout.width) == (1, 8)
    assert cut.layout_check == "confirmed"


def _traced(
    network: nn.Module, height: int, width: int | None = None
) -> tuple[TracedNetwork, Tensor]:
    images = torch.randn(2, 3, height, width or height, generator=torch.Generator().manual_seed(0))
    return trace(network.eval(), images), images
