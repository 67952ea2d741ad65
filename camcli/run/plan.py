"""What a run is to explain and where its results go, settled before its network is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from camcli.images.shard import shard_of
from camcli.output.folder import FolderPolicy
from camcli.records import WHOLE, ImageRef, Shard


@dataclass(frozen=True)
class RunPlan:
    """One run, or one shard of it: `replace(plan, shard=...)` plans another.

    Attributes:
        refs: The whole listing, in order; may be endless.
        folder: The output folder.
        folder_policy: What to do where it is not empty.
        retry_failed: Whether a resumed run tries again what failed.
        shard: Which of the images are this run's.
        total: How many images of the listing are to be explained by all shards together, None for
            all of a listing whose length is not known.
        patience: Seconds that a slow source may hold up a batch, None for a source that is whole.
        left_out: How many pictures the inputs hold that are not in the listing, by suffix or
            by the reason.

    """

    refs: Iterable[ImageRef]
    folder: Path
    folder_policy: FolderPolicy = FolderPolicy.REFUSE
    retry_failed: bool = False
    shard: Shard = WHOLE
    total: int | None = None
    patience: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def images(self) -> Iterator[ImageRef]:
        """Return this run's images, in order."""
        return shard_of(islice(self.refs, self.total), self.shard)

    def listing_digest(self) -> str | None:
        """Return a digest of the names in the whole listing, None where it comes bit by bit.

        Shards of one run divide one listing; where images were added or removed in between, or come
        in another order, some would be explained twice and others never.
        """
        if not isinstance(self.refs, Sequence):
            return None
        digest = hashlib.sha256()
        for ref in islice(self.refs, self.total):
            digest.update(f"{ref.name}\n".encode())
        return digest.hexdigest()

    @property
    def image_count(self) -> int | None:
        """How many images are this run's, None where that is not known."""
        if self.total is None:
            return None
        return len(range(self.shard.index, self.total, self.shard.count))
