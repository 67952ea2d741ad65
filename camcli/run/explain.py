"""A run from its images to its manifest: list -> decode -> explain -> write -> record.

Decoding runs ahead and writing behind, in threads that have processes at work for them, the network
in the calling thread; every queue between them is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from camcli.output.files import manifest_path
from camcli.output.folder import clear_changed, open_folder, sort_manifest
from camcli.output.manifest import Manifest
from camcli.run.batches import FixedBatches, in_order
from camcli.run.build import BuiltRun
from camcli.run.decoding import decoded_batches
from camcli.run.interrupt import Interruption, stoppable
from camcli.run.ledger import Ledger, OnRows
from camcli.run.outcome import Outcome, Tally
from camcli.run.plan import RunPlan
from camcli.run.record import RunRecord
from camcli.run.remaining import Remaining
from camcli.run.result_writer import result_writer
from camcli.run.run_scale import is_of_run, require_whole_run, scales_of_run
from camcli.workers.pool import WorkerPool


def explain(
    plan: RunPlan,
    built: BuiltRun,
    workers: WorkerPool,
    on_rows: OnRows,
    interruption: Interruption,
) -> Outcome:
    """Explain every image of a plan in this process, and record the run in `run.json`.

    Args:
        plan: What to explain, and where to.
        built: What explains it.
        workers: What decodes and writes; closed when the images are done.
        on_rows: Receives the rows of each image once they are in the manifest, in order.
        interruption: When it is requested (Ctrl-C and SIGTERM do so, the second one ends the
            process), what is in flight is finished and no more is begun.

    Raises:
        ConfigError: The scale of the run cannot be known.
        OutputError: The output folder cannot be used.
        MachineError: A file could not be written, or memory ran out; what is in the manifest is
            whole, and the run can be resumed.

    """
    require_whole_run(plan, built.config)
    fingerprint = built.fingerprint()
    targets = built.engine.targets
    if isinstance(plan.refs, Sequence):
        targets.expect(plan.refs)
    rows_per_image_vary = targets.many or len(built.methods) > 1
    with open_folder(plan.folder, plan, fingerprint, rows_per_image_vary) as resumed:
        record = RunRecord(plan, built, fingerprint, resumed)
        with stoppable(interruption), record.kept():
            if is_of_run(built.config) and not record.scales:
                record.found_scales(scales_of_run(plan, built, interruption, record.tally))
            network = FixedBatches(built.engine.at_scales(record.scales), built.batch_size)
            images = Remaining(plan, resumed, targets.notice)
            _explain_all(images, network, plan, built, workers, on_rows, interruption, record.tally)
            clear_changed(plan.folder, plan, resumed)
            if resumed.end and not interruption.requested:
                sort_manifest(plan.folder, plan, images.order)
            return record.end(interruption.reason)


def _explain_all(
    images: Remaining,
    network: FixedBatches,
    plan: RunPlan,
    built: BuiltRun,
    workers: WorkerPool,
    on_rows: OnRows,
    interruption: Interruption,
    tally: Tally,
) -> None:
    writer = result_writer(plan, built, workers)
    with (
        Manifest(manifest_path(plan.folder, plan.shard)) as manifest,
        decoded_batches(images, built, workers, interruption, tally) as batches,
        workers,
        Ledger(2 * built.batch_size, manifest, on_rows, tally) as ledger,
        ThreadPoolExecutor(built.workers, "camcli-write") as writing,
    ):
        for batch in batches:
            with tally.timed("explain"):
                results = network.explain(batch)
            with tally.timed("wait for writing"):
                for result in in_order(results, batch.failures):
                    ledger.enter(writing.submit(writer.write, result))
