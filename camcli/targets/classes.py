"""From a network's logits and its class names to its classes."""

from __future__ import annotations

from collections.abc import Callable

from camcli.errors import ConfigError
from camcli.network.endings.meaning import Probabilities, even_score
from camcli.system.wording import counted_as
from camcli.targets.class_axis import BesideEmptyPrompt, ClassAxis, TwoSides
from camcli.targets.class_table import ClassTable


def classes_of(
    logits: int,
    labels: tuple[str, ...] | None,
    ids: tuple[str, ...] | None,
    probabilities: Probabilities,
    notify: Callable[[str], None] = lambda _: None,
    beside: str | None = None,
) -> tuple[ClassTable, ClassAxis]:
    """Return the classes of a network, and how they lie among its logits.

    Each logit is a class, but for a single logit with two names: those are its two sides, and the
    second is what it speaks for.

    Args:
        logits: How many there are.
        labels: The class names, None where they are not known.
        ids: How data sets identify the classes, None where that is not known.
        probabilities: What turns logits into probabilities.
        notify: Receives a line about what was decided.
        beside: The name of what the last logit scores, where that is no class.

    Raises:
        ConfigError: There are more names or fewer than classes, or nothing says which values of a
            single number favour which of two.

    """
    even = even_score(probabilities)
    if beside is not None:
        return ClassTable(logits - 1, labels, ids, beside), BesideEmptyPrompt(even)
    if logits == 1 and labels is not None and len(labels) == 2:
        if even is None:
            raise ConfigError(
                "model.labels: there are two names for a single number, and nothing says which "
                "values favour which: set model.probabilities to sigmoid, or give one name"
            )
        notify(
            f"the network's single logit speaks for {labels[1]!r}, class 1, and against "
            f"{labels[0]!r}, class 0: swap the names in model.labels if it is the other way round"
        )
        return ClassTable(2, labels, ids), TwoSides(even)
    if labels is not None and len(labels) != logits:
        raise ConfigError(
            f"model.labels has {counted_as(len(labels), 'class name')}, but the network scores "
            + (_SINGLE if logits == 1 else f"{logits} classes")
        )
    return ClassTable(logits, labels, ids), ClassAxis(even)


_SINGLE = "1 class; a single logit takes one name, or two: what it speaks against, and what for"
