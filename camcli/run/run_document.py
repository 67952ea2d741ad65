"""What `run.json` of `camcli explain` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from camcli.config import Config
from camcli.models.listed_images import FileUse
from camcli.network.layout import Order
from camcli.network.split import LayoutCheck
from camcli.output.json_schema import schema_of
from camcli.output.record import RUN_SCHEMA


@dataclass(frozen=True)
class Activation:
    """The activation that is explained.

    Attributes:
        order: How its axes are read.
        channels: How many channels it has.
        height: How many places it has downwards.
        width: How many places it has across.
        layout_check: Whether changes of the image's corners confirmed that, where it was tried.
        bypasses: Tensors that reach the scores around the layer, by the nodes of the graph.

    """

    order: Order
    channels: int
    height: int
    width: int
    layout_check: LayoutCheck | None
    bypasses: list[str]


@dataclass(frozen=True)
class Converted:
    """What a network had of other precisions, and which these were.

    Attributes:
        weights: Of its weights.
        forward: Of what its forward asks for.

    """

    weights: list[str]
    forward: list[str]


@dataclass(frozen=True)
class RunDocument:
    """`run.json` of `camcli explain`, written when a run starts and when it ends.

    Attributes:
        state: running, also of a run that was killed; interrupted, by a signal; stopped, by the
            machine; finished.
        camcli: The version that wrote it.
        python: The version of Python.
        packages: The versions of the packages that a run always uses, by name.
        platform: The operating system and the machine's kind.
        device: Where the network ran.
        batch_size: How many images it took at once.
        workers: How many processes decoded and wrote.
        started: When the run started, or went on the last time; ISO 8601 with its time zone.
        config: The configuration, with every default.
        converted_to_float32: The precisions that are float32 in this run.
        fingerprint: What decides the results, for runs to be compared by; its keys are those of the
            configuration, with what `auto` came to and digests in place of files.
        activation: The activation that is explained; that of the first method, where methods look
            at different layers.
        left_out: How many files of the inputs were left out, by suffix or by the reason.
        unused: What was asked for and decides nothing, a line each.
        resumed: Of images that were explained before, how many are not as they were: their bytes
            `changed`, they are `unreadable` now, or are `unlisted`.
        scale: The raw value that became 1 in all maps, where they have one scale; by method, where
            there are several.
        images: How many images are done, those of earlier starts counted.
        rows: How many rows have each status, likewise.
        listings: What was made of each file that lists images.
        seconds: What the last start took in all (`total`), and of it the calling thread in each
            stage.
        images_per_second: How many images the last start did in a second; null where shards that
            were joined took no time.
        listing: Digest of the names in the listing that shards divide, null of a whole run, and of
            one whose images come bit by bit.
        shards: How many shards were joined to this run, null where it was run as one.
        schema: The version of this record.

    """

    state: Literal["running", "interrupted", "stopped", "finished"]
    camcli: str
    python: str
    packages: dict[str, str]
    platform: str
    device: str
    batch_size: int
    workers: int
    started: str
    config: Config
    converted_to_float32: Converted
    fingerprint: dict[str, Any]
    activation: Activation
    left_out: dict[str, int]
    unused: list[str]
    resumed: dict[str, int]
    scale: float | dict[str, float] | None
    images: int
    rows: dict[str, int]
    listings: list[FileUse]
    seconds: dict[str, float]
    images_per_second: float | None
    listing: str | None = None
    shards: int | None = None
    schema: int = RUN_SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the record as builtins, every key always present."""
        return asdict(self) | {"config": self.config.model_dump(mode="json")}


def run_schema() -> dict[str, Any]:
    """Return what `run.json` of this version must be: every key is there, and no other."""
    return schema_of(RunDocument, "camcli run record", RUN_SCHEMA)
