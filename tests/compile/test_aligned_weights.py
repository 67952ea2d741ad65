"""A compiled library computes the same with its weights at multiples of 64 bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from camcli.compile import package_file
from camcli.compile.aligned_weights import AlignedLibrary, address, aligned_copy
from camcli.compile.package_file import load_package
from tests.compile.trunks import needs_compiler

CPU = torch.device("cpu")
IMAGES = torch.linspace(-1, 1, 2 * 3 * 16 * 16).view(2, 3, 16, 16)


class Various(nn.Module):
    """Has weights in oneDNN's layouts, in PyTorch's own, and in the middle of a larger one."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, groups=8),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, groups=32),
            nn.GELU(),
            nn.Conv2d(32, 64, 1),
        )
        self.head = nn.Linear(64, 40)
        self.register_buffer("table", torch.randn(3, 100))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        activation = self.features(images)
        return activation, self.head(activation.mean((2, 3))) + self.table[1:2, 30:70]


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, torch.dtype]:
    """Return an unpacked package as the compiler makes it, and the precision it computes in."""
    torch.manual_seed(0)
    archive = tmp_path_factory.mktemp("made") / "trunk.pt2"
    network, images = Various().eval().to(request.param), IMAGES.to(request.param)
    with torch.no_grad():
        program = torch.export.export(network, (images,))
        torch._inductor.aoti_compile_and_package(
            program, package_path=str(archive), inductor_configs={"freezing": True}
        )
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(archive.parent)
    return archive.with_suffix(""), request.param


@pytest.mark.slow
@needs_compiler
def test_aligned_it_computes_the_same_to_the_bit(made: tuple[Path, torch.dtype]) -> None:
    package, dtype = made
    (library,) = package.rglob("*.so")
    runner = torch._C._aoti.AOTIModelContainerRunnerCpu(str(library), 1)
    expected = runner.run([IMAGES.to(dtype)])
    aligned = AlignedLibrary(library)
    # Memory that was freed too early would be written over here.
    clutter = [torch.full((size,), float("nan")) for size in (16, 256, 4096, 65536) * 50]
    found = aligned(IMAGES.to(dtype))
    assert len(found) == len(expected) == 2, len(clutter)
    assert all(map(torch.equal, found, expected))


@needs_compiler
def test_every_weight_in_use_is_one_that_was_handed_over(made: tuple[Path, torch.dtype]) -> None:
    (library,) = made[0].rglob("*.so")
    aligned = AlignedLibrary(library)
    in_use = aligned._runner.extract_constants_map(False).values()
    places = {address(weight) for weight in aligned._weights.values()}
    assert {address(weight) for weight in in_use} == places
    begins = {
        address(weight) - (0 if weight.is_mkldnn else weight.storage_offset() * weight.itemsize)
        for weight in in_use
    }
    assert {place % 64 for place in begins} == {0}


@needs_compiler
def test_an_unpacked_package_is_loaded_with_aligned_weights(
    made: tuple[Path, torch.dtype],
) -> None:
    assert isinstance(load_package(made[0], CPU), AlignedLibrary)


@needs_compiler
@pytest.mark.parametrize("missing", [AttributeError, TypeError, RuntimeError])
def test_a_pytorch_that_cannot_exchange_weights_loads_them_as_they_are(
    made: tuple[Path, torch.dtype], monkeypatch: pytest.MonkeyPatch, missing: type[Exception]
) -> None:
    def refuse(_: Path) -> AlignedLibrary:
        raise missing

    def load_as_it_is(path: str, device_index: int) -> tuple[str, int]:
        return path, device_index

    monkeypatch.setattr(package_file, "AlignedLibrary", refuse)
    monkeypatch.setattr(torch._inductor, "aoti_load_package", load_as_it_is)
    assert load_package(made[0], CPU) == (str(made[0]), -1)


def test_a_library_with_several_weights_of_one_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Runner:
        def __init__(self, library: str, runners: int) -> None:
            pass

        def extract_constants_map(self, inactive: bool) -> dict[str, Tensor]:
            return {"weight": torch.zeros(3)}

        def get_constant_names_to_original_fqns(self) -> dict[str, str]:
            return {"weight_0": "weight", "weight_1": "weight"}

    monkeypatch.setattr(torch._C._aoti, "AOTIModelContainerRunnerCpu", Runner)
    with pytest.raises(RuntimeError, match="several weights of one name"):
        AlignedLibrary(Path("trunk.so"))


@pytest.mark.parametrize(
    "weight",
    [
        torch.randn(4, 8, 3, 3).contiguous(memory_format=torch.channels_last),
        torch.randn(6, 50)[1:3, 5:20],
        torch.randn(5, 1).expand(5, 7),
        torch.randn(7, 5, dtype=torch.bfloat16).t(),
        torch.tensor(3.0),
        torch.zeros(0, 4),
    ],
)
def test_a_copy_has_the_same_strides_and_memory_of_its_own(weight: Tensor) -> None:
    copy = aligned_copy(weight)
    assert torch.equal(copy, weight)
    assert copy.stride() == weight.stride()
    assert copy.storage_offset() == weight.storage_offset()
    assert copy.untyped_storage().data_ptr() % 64 == 0
    if weight.numel():
        assert copy.untyped_storage().data_ptr() != weight.untyped_storage().data_ptr()
