"""What users may write after --target."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from camcli.errors import ImageError, TargetError
from camcli.records import ImageRef
from camcli.targets.class_table import ClassTable
from camcli.targets.class_target import ClassTarget
from camcli.targets.plan import TargetPlan

TABLE = ClassTable(5, ("tench", "great white shark", "crane", "cock", "crane"))
LOGITS = torch.tensor([0.1, 3.0, -1.0, 2.0, 0.5])


def ref(path: str = "birds/cock/1.jpg") -> ImageRef:
    return ImageRef(0, Path(path), path)


def indices(plan: TargetPlan, image: ImageRef) -> list[int]:
    return [target.index for target in plan.choose(image, LOGITS)]


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        (["top1"], [1]),
        (["top3"], [1, 3, 4]),
        (["2"], [2]),
        (["Great_White  shark"], [1]),
        (["folder"], [3]),
        (["top1", "0", "great white shark"], [1, 0]),
    ],
)
def test_classes(specs: list[str], expected: list[int]) -> None:
    assert indices(TargetPlan(specs, TABLE), ref()) == expected


@pytest.mark.parametrize(
    ("specs", "many"),
    [(["top1"], False), (["top2"], True), (["3"], False), (["3", "top1"], True)],
)
def test_many(specs: list[str], many: bool) -> None:
    assert TargetPlan(specs, TABLE).many is many


def test_a_folder_is_a_name_and_never_an_index() -> None:
    numbered = TargetPlan(["folder"], ClassTable(5, ("1", "10", "11", "2", "3")))
    assert numbered.choose(ref("photos/2/1.jpg"), LOGITS) == [ClassTarget(3)]
    for table, folder in ((TABLE, "2"), (TABLE, "index:2"), (TABLE, "class:cock")):
        with pytest.raises(ImageError, match=f"no class '{folder}'"):
            TargetPlan(["folder"], table).choose(ref(f"photos/{folder}/1.jpg"), LOGITS)


def test_a_folder_is_told_by_name_then_by_case_then_by_wordnet_id() -> None:
    table = ClassTable(3, ("hen", "Hen", "crane"), ("n01514859", "n09999999", "n03126707"))
    plan = TargetPlan(["folder"], table)
    folders = {"hen": 0, "Hen": 1, "CRANE": 2, "n03126707": 2, "n01514859": 0}
    assert {f: plan.choose(ref(f"{f}/1.jpg"), LOGITS)[0].index for f in folders} == folders
    with pytest.raises(ImageError, match=r"index:0 \('hen'\) or index:1 \('Hen'\)"):
        plan.choose(ref("HEN/1.jpg"), LOGITS)


def test_the_folder_of_a_bare_file_name_is_the_one_worked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cock").mkdir()
    monkeypatch.chdir(tmp_path / "cock")
    assert TargetPlan(["folder"], TABLE).choose(ref("1.jpg"), LOGITS) == [ClassTarget(3)]


def test_folders_need_class_names() -> None:
    with pytest.raises(TargetError, match=r"names are not known.*model\.labels"):
        TargetPlan(["folder"], ClassTable(5, None))


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("tensh", "did you mean 'tench'"),
        ("crane", "index:2 .* or index:4"),
        ("5", "the network has 5"),
        ("top0", "the network has 5"),
        ("top6", "the network has 5"),
        ("@nowhere.csv", "cannot read nowhere.csv"),
    ],
)
def test_a_target_that_cannot_be_meant_is_refused(spec: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason):
        TargetPlan([spec], TABLE)


def test_all_wrong_targets_are_named() -> None:
    with pytest.raises(TargetError, match=r"(?s)'tensh'.*'9'"):
        TargetPlan(["tensh", "top1", "9"], TABLE)


def test_a_folder_that_names_no_class_fails_the_image_only() -> None:
    with pytest.raises(ImageError, match="no class 'holidays'"):
        TargetPlan(["folder"], TABLE).choose(ref("holidays/1.jpg"), LOGITS)


def test_a_csv_names_classes_by_index_or_name(tmp_path: Path) -> None:
    listing = tmp_path / "t.csv"
    listing.write_text("image,class_name\na.jpg,tench\nsub/b.jpg,3\na.jpg,cock\n")
    plan = TargetPlan([f"@{listing}"], TABLE)
    assert plan.many
    assert indices(plan, ref("x/a.jpg")) == [0, 3]
    assert indices(plan, ref("sub/b.jpg")) == [3]
    with pytest.raises(ImageError, match=r"names no class for c\.jpg"):
        plan.choose(ref("c.jpg"), LOGITS)
