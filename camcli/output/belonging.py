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
        layers = _layers_by_method(self._fingerprints.get(shard, {}))
        method, layer = row.get("method"), row.get("layer")
        if method is None or not layers:
            return
        if method not in layers:
            recorded = ", ".join(layers)
            yield f"of another run: method {method} in the row, {recorded} in its record"
        elif None not in (layer, layers[method]) and layer != layers[method]:
            yield f"of another run: layer {layer} in the row, {layers[method]} in its record"

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


def _layers_by_method(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return the methods of a run and where each explains, as far as its fingerprint says it."""
    section, model = fingerprint.get("method"), fingerprint.get("model")
    if not isinstance(section, Mapping) or "name" not in section:
        return {}
    layer = model.get("layer") if isinstance(model, Mapping) else None
    others = section.get("others") or {}
    return {section["name"]: layer} | {name: each["layer"] for name, each in others.items()}
