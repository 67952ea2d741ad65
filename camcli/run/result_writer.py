"""From an explained image to its files, and the manifest rows that tell of them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from camcli.engine import Explained
from camcli.output.atomic import name_in
from camcli.output.files import staging_path
from camcli.output.manifest_row import ManifestRow
from camcli.output.rows import RowMaker
from camcli.output.writers import ArtefactWriter, Written
from camcli.records import FailedImage, SaliencyMap
from camcli.run.build import BuiltRun
from camcli.run.plan import RunPlan
from camcli.workers.demand import draws
from camcli.workers.failures import GaveUpError
from camcli.workers.pool import RemoteWriter, WorkerPool

# What a file system says of a name that it cannot store, in contrast to what stops every image.
_NAME_ERRORS = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP})


class MapWriter(Protocol):
    """Writes an image's files, in this process or in another."""

    def write(self, maps: Sequence[SaliencyMap]) -> list[Written]:
        """Return what was written; see `ArtefactWriter.write` and `WorkerPool.write`."""


@dataclass(frozen=True)
class ResultWriter:
    """Writes the files of an image, makes its rows, and releases the image.

    Attributes:
        workers: Keep the image.
        maps: Turns its maps into files.
        rows: Turns both into rows.

    """

    workers: WorkerPool
    maps: MapWriter
    rows: RowMaker

    def write(self, result: Explained | FailedImage) -> list[ManifestRow]:
        """Return the rows of an image, once its files are in place.

        Raises:
            OSError: A file could not be written, for another reason than its name.
            StoppedError: The run is over before they are.

        """
        if isinstance(result, FailedImage):
            self.workers.forget(result.ref)
            return self.rows.failed(result)
        try:
            return self._rows(result.maps)
        except GaveUpError as error:
            return self.rows.failed(FailedImage(result.item.ref, error.kind, str(error)))
        except OSError as error:
            if error.errno not in _NAME_ERRORS:
                raise
            reason = f"its results cannot be written: {error.strerror}: {name_in(error)}"
            return self.rows.failed(FailedImage(result.item.ref, type(error).__name__, reason))
        finally:
            self.workers.forget(result.item.ref)

    def _rows(self, maps: Sequence[SaliencyMap]) -> list[ManifestRow]:
        nothing_to_show = all(each.degenerate for each in maps)
        written: list[Written] = [{} for _ in maps] if nothing_to_show else self.maps.write(maps)
        return [self.rows.row(*each) for each in zip(maps, written, strict=True)]


def result_writer(plan: RunPlan, built: BuiltRun, workers: WorkerPool) -> ResultWriter:
    """Return what writes the results of a run."""
    here = ArtefactWriter(
        folder=plan.folder,
        config=built.config.output,
        provenance=built.provenance,
        class_in_name=built.engine.targets.many,
        method_in_path=len(built.engine.methods) > 1,
        staging=staging_path(plan.folder, plan.shard),
    )
    # Where nothing is drawn, no worker has anything that its run has not.
    maps = RemoteWriter(workers, here) if draws(built.config) else here
    methods = [(each.name, each.layer) for each in built.engine.methods]
    return ResultWriter(workers, maps, RowMaker(methods))
