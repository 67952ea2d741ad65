"""Several layers at once: each normalised, all at the finest resolution, averaged."""

from __future__ import annotations

import pytest
import torch

from camcli.attribution.objective import Objective
from camcli.methods.deep_lift import DeepLiftMap
from camcli.methods.layer_mean import LayerMean
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import LoadedModel
from camcli.run.cut import split_at, splits_at

CPU = torch.device("cpu")


@pytest.mark.slow
def test_maps_are_normalised_and_averaged(demo_model: LoadedModel) -> None:
    shallow, deep = splits_at(demo_model, ("stages.1", "stages.3"), CPU)
    torch.manual_seed(0)
    images = torch.randn(3, 3, 128, 128)
    classes = shallow.predict(images).argmax(1)
    found = LayerMean(LiftCam(), (deep,)).explain(Probe(shallow, images), Objective.of(classes))
    each = [
        LiftCam().explain(Probe(halves, images), Objective.of(classes))
        for halves in (shallow, deep)
    ]
    assert found.maps.shape == each[0].maps.shape == (3, 32, 32)
    expected = torch.zeros(3, 32, 32)
    for row in range(3):
        for saliency in each:
            values = torch.nn.functional.interpolate(
                saliency.positive[None, row : row + 1], (32, 32), mode="bilinear"
            )[0, 0]
            expected[row] += (values - values.min()) / (values.max() - values.min()) / 2
    torch.testing.assert_close(found.maps, expected)
    errors = torch.stack([s.completeness_error for s in each])
    assert torch.equal(found.completeness_error, errors.amax(0))


@pytest.mark.slow
def test_a_layer_whose_map_is_flat_adds_nothing(demo_model: LoadedModel) -> None:
    class Flat(DeepLiftMap):
        def explain(self, probe, objective):
            saliency = super().explain(probe, objective)
            flat = torch.zeros_like(saliency.maps)
            return type(saliency)(flat if probe.network.layer == "stages.3" else saliency.maps)

    shallow, deep = splits_at(demo_model, ("stages.1", "stages.3"), CPU)
    images, classes = torch.randn(2, 3, 128, 128), torch.tensor([1, 5])
    both = LayerMean(Flat(), (deep,)).explain(Probe(shallow, images), Objective.of(classes))
    assert torch.isfinite(both.maps).all()
    assert both.maps.amax((1, 2)).tolist() == pytest.approx([0.5, 0.5])
    assert both.completeness_error is None


@pytest.mark.slow
def test_a_probe_is_made_once_for_each_layer(demo_model: LoadedModel) -> None:
    probe = Probe(split_at(demo_model, "stages.1", CPU), torch.randn(1, 3, 128, 128))
    deep = split_at(demo_model, "stages.3", CPU)
    assert probe.at(deep) is probe.at(deep)
    torch.testing.assert_close(probe.at(deep).logits, probe.logits, atol=1e-5, rtol=1e-5)


def test_it_goes_by_the_name_of_its_method(demo_model: LoadedModel) -> None:
    mean = LayerMean(LiftCam(), ())
    assert (mean.name, mean.uses_deeplift) == ("lift-cam", True)
