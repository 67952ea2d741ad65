"""Where the files of a model are, and each reason why they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.errors import ModelError
from camcli.models.hub.location import locate

huggingface_hub = pytest.importorskip("huggingface_hub")

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def config_in(folder: Path, text: str = '{"model_type": "vit"}') -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(text)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds one commit of `org/kite`, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--org--kite"
    config_in(repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return tmp_path


def test_a_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config_in(tmp_path / "vit")
    monkeypatch.chdir(tmp_path)
    for asked in ("./vit", "vit", str(tmp_path / "vit")):
        found = locate("hf:x", asked)
        assert (found.revision, found.config) == (None, {"model_type": "vit"})
        assert Path(found.place).samefile(tmp_path / "vit")


@pytest.mark.parametrize("asked", ["org/kite", "org/kite@main", f"org/kite@{COMMIT}"])
def test_a_repository_in_the_cache_is_read_without_a_network(cache: Path, asked: str) -> None:
    found = locate("hf:x", asked)
    assert (found.place, found.revision) == ("org/kite", COMMIT)
    assert found.options == {"revision": COMMIT}


def test_what_is_not_in_the_cache_without_a_network_says_so(cache: Path) -> None:
    with pytest.raises(ModelError) as raised:
        locate("hf:org/gull", "org/gull")
    message = str(raised.value)
    assert message.startswith("cannot get hf:org/gull: it is not in the cache ")
    assert "HF_HUB_OFFLINE is set" in message
    assert "`hf download org/gull`" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("RepositoryNotFoundError", "no such repository, or it is private"),
        ("GatedRepoError", "let you in"),
        ("RevisionNotFoundError", "no branch, tag or commit 'v2'"),
        ("EntryNotFoundError", "holds no config.json"),
    ],
)
def test_each_answer_of_the_hub_has_its_reason(
    monkeypatch: pytest.MonkeyPatch, kind: str, reason: str
) -> None:
    class Answer(getattr(huggingface_hub.errors, kind)):
        def __init__(self) -> None:
            Exception.__init__(self, "404")

    def answer(*_: object, **__: object) -> str:
        raise Answer

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", answer)
    with pytest.raises(ModelError, match=reason):
        locate("hf:x", "org/kite@v2")


def test_what_is_neither_folder_nor_repository_is_refused(tmp_path: Path) -> None:
    config_in(tmp_path / "broken", "{")
    config_in(tmp_path / "list", "[]")
    (tmp_path / "empty").mkdir()
    for asked, reason in (
        ("", "no folder ''"),
        ("./absent", r"no folder './absent'"),
        ("a/b/c", "'a/b/c' is no name of a repository"),
        (str(tmp_path / "empty"), "holds no config.json"),
        (str(tmp_path / "broken"), "cannot read"),
        (str(tmp_path / "list"), "no JSON object"),
    ):
        with pytest.raises(ModelError, match=reason):
            locate("hf:x", asked)
