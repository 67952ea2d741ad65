"""Which class of the network an annotated name means."""

from __future__ import annotations

from collections import defaultdict

from camcli.evaluation.ground_truth.content import Region
from camcli.targets.class_names import folded
from camcli.targets.class_table import ClassTable


class AmbiguousClassError(LookupError):
    """Several classes of the network have the name."""


class ClassNames:
    """The classes of the network, by name."""

    def __init__(self, table: ClassTable) -> None:
        self._named = table.labels is not None
        self._size = table.size
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for index, label in enumerate(table.labels or ()):
            self._by_name[folded(label)].append(index)

    def class_of(self, region: Region) -> int | None:
        """Return the class of a region that has a label, None where the network has none such.

        Raises:
            AmbiguousClassError: It has several.

        """
        label = region.label or ""
        found = self._by_name.get(folded(label), [])
        if len(found) > 1:
            raise AmbiguousClassError(label)
        if found:
            return found[0]
        if label.isdecimal() and (region.may_be_index or not self._named):
            return int(label) if int(label) < self._size else None
        return None
