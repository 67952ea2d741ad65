"""Where the files of a model are: in a folder, or in a repository of the Hugging Face Hub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camcli.errors import ModelError

CONFIG = "config.json"


@dataclass(frozen=True)
class Location:
    """A folder with a model's files, or a state of a repository.

    Attributes:
        name: As the user wrote it, for messages.
        place: The folder's path, or ORG/NAME.
        revision: The repository's commit; None of a folder.
        config: What its `config.json` holds.

    """

    name: str
    place: str
    revision: str | None
    config: dict[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """What every loader of transformers is given, beside the place."""
        return {} if self.revision is None else {"revision": self.revision}


def locate(name: str, asked: str) -> Location:
    """Find a model in a folder that is there, or else in a repository.

    Args:
        name: As the user wrote it, for messages.
        asked: A folder (`./vit`, `/models/vit`, `~/vit`, or any that is there), or `ORG/NAME`
            with or without `@REVISION`.

    Raises:
        ModelError: See `in_folder` and `in_repository`.

    """
    is_path = not asked or asked.startswith((".", "/", "~")) or Path(asked).is_dir()
    return in_folder(name, asked) if is_path else in_repository(name, asked)


def in_folder(name: str, asked: str) -> Location:
    """Find a model in a folder.

    Raises:
        ModelError: There is no such folder, or it holds no `config.json`.

    """
    folder = Path(asked).expanduser()
    if not asked or not folder.is_dir():
        raise ModelError(f"{name}: there is no folder {asked!r}; give one that holds a {CONFIG}")
    return Location(name, str(folder), None, _read(folder / CONFIG, name))


def in_repository(name: str, asked: str) -> Location:
    """Find a model in a repository of the Hub, or in the copy that its cache has.

    Raises:
        ModelError: There is no such repository or revision, it cannot be reached and is not in
            the cache, or it holds no `config.json`; each with its reason.

    """
    repository, _, revision = asked.partition("@")
    config = _fetched(name, repository, revision or None)
    # The cache keeps each commit in a folder of its own, which pins the files that follow.
    return Location(name, repository, config.parent.name, _read(config, name))


def _fetched(name: str, repository: str, revision: str | None) -> Path:
    from huggingface_hub import constants, errors, hf_hub_download

    try:
        return Path(hf_hub_download(repository, CONFIG, revision=revision))
    except errors.HFValidationError:
        reason = f"{repository!r} is no name of a repository, which is ORG/NAME, and no folder"
    except errors.GatedRepoError:
        reason = "its owner must let you in: ask for access on its page, then `hf auth login`"
    except errors.RepositoryNotFoundError:
        reason = "the Hub has no such repository, or it is private: `hf auth login` shows those"
    except errors.RevisionNotFoundError:
        reason = f"the repository has no branch, tag or commit {revision!r}"
    except errors.LocalEntryNotFoundError:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the Hub cannot be reached"
        reason = (
            f"it is not in the cache {constants.HF_HUB_CACHE} (set by HF_HOME), and {why}. "
            f"Get it with `hf download {repository}` where there is a network, or name a folder"
        )
    except errors.EntryNotFoundError:
        reason = f"the repository holds no {CONFIG}, and so does not say what model it is"
    except Exception as error:  # of a connection, as many kinds as there are ways to fail
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    raise ModelError(f"cannot get {name}: {reason}")


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{name}: the folder {path.parent} holds no {CONFIG}, and so does not say what model "
            "it is: give one that the library has saved a model in"
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{name}: cannot read {path}: {error}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{name}: {path} holds no JSON object")
    return content
