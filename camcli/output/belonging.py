"""Whether the shards and rows in a folder belong to the run that its records speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from camcli.errors import OutputError
from camcli.output.files import run_path
from camcli.output.identity import compare
from camcli.output.record import read_run
from camcli.records import Shard

# What a row repeats of its run, by the key that it has in the fingerprint.
_REPEATED = {"method": ("method", "name"), "layer": ("model", "layer")}


class Belonging:
    """The fingerprints that the records in a folder hold, and what does not fit them.

    Attributes:
        faults: By file name, records that are missing or of another run than the first.

    """

    def __init__(self, folder: Path, shards: Sequence[Shard]) -> None:
        """Read the records of shards, of which there is at least one."""
        self.faults: list[tuple[str, str]] = []
        self._fingerprints: dict[Shard, Mapping[str, Any]] = {}
        for shard in shards:
            self._add(folder, shard)

    def faults_of(self, shard: Shard, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield in what a row differs from the run of its shard."""
        fingerprint = self._fingerprints.get(shard, {})
        for key, (section, name) in _REPEATED.items():
            entries = fingerprint.get(section)
            recorded = entries.get(name) if isinstance(entries, Mapping) else None
            if key in row and recorded is not None and row[key] != recorded:
                yield f"of another run: {key} {row[key]} in the row, {recorded} in its record"

    def _add(self, folder: Path, shard: Shard) -> None:
        path = run_path(folder, shard)
        try:
            fingerprint: Mapping[str, Any] = read_run(folder, shard)["fingerprint"]
        except OutputError:
            self.faults.append((path.name, "missing or unreadable"))
            return
        first = next(iter(self._fingerprints), shard)
        self._fingerprints[shard] = fingerprint
        found = compare(self._fingerprints[first], fingerprint)
        told = [f"{d.key}: {d.one} there, {d.other} here" for d in found.differences]
        told += [f"{key}: in one of them only" for key in found.unknown]
        if told:
            other = run_path(folder, first).name
            self.faults.append((path.name, f"of another run than {other}: {'; '.join(told)}"))
