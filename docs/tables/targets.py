"""The kinds of target, from their table."""

from __future__ import annotations

from camcli.targets.rules import RULES, rules
from docs.tables.markdown import code, page, summary, table

_SPELLINGS = (
    ("`class:2`", "the class that is called 2"),
    ("`index:2`", "the class of index 2, whatever it is called"),
    (
        "`2`",
        "the class that is called 2; if none is, the class of index 2, unless the classes are "
        "named by numbers",
    ),
    ("`@top1`", "the class of highest score, and in the same way `@folder` or any other rule"),
    ("`top1`", "the class that is called top1; if none is, the same as `@top1`"),
    ("`@classes.csv`", "a file; `@./top1` is one that has a rule's name"),
)


def targets_page() -> str:
    """Return the page of everything that `--target` can ask for."""
    return page(
        "Targets",
        "Which classes `--target` (`targets` in a configuration) asks for. It is repeatable, and "
        "read as these, in this order; but a class that is called just so comes before them all. "
        "Behind a `-` each asks for what speaks against its classes, unless a class is called so; "
        "[Getting started](../guide/getting_started.md#targets) says more.",
        table(
            ("`--target`", "asks for"),
            (
                (code(usage), summary(rule.__doc__))
                for usage, rule in zip(RULES, rules(), strict=True)
            ),
        ),
        "## Names, numbers and words",
        "A class may be called `2`, or `positive`. What is written is read as a name first; what "
        "has a colon or an `@` can be read in one way only.",
        table(("written", "means"), _SPELLINGS),
        "Of names, one that is written alike counts before one that differs in case, spaces or "
        "underscores, and that before a WordNet id such as `n02102480`, which the classes of an "
        "ImageNet network have beside their names. What may still mean two things is refused, with "
        "both readings and how to write each.",
        "The same holds for each line of a `@file.csv`. Its columns are `image` and one of "
        "`target`, `class`, `class_name`, `label`, read as `--target` would be, "
        "also behind a `-`, and `class_index`, which is always a number. Columns that nothing "
        "reads are told. Of several, the first of `target`, `class_index`, `class`, "
        "`class_name` and `label` decides, and the others may name no other class.",
    )
