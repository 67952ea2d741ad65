"""Options of one method among several, as a command line has them: `METHOD.KEY=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camcli.config import parse_value
from camcli.errors import MethodError
from camcli.methods import canonical_name


def options_by_method(texts: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the options of each method.

    Args:
        texts: `METHOD.KEY=VALUE` each.
        names: The methods, spelt as their table does.

    Raises:
        MethodError: A text is written otherwise, or is about another method.

    """
    options: dict[str, dict[str, Any]] = {name: {} for name in names}
    for text in texts:
        word, dot, rest = text.partition(".")
        name = canonical_name(word)
        key, equals, value = rest.partition("=")
        if not (dot and equals):
            raise MethodError(
                f"--option takes METHOD.KEY=VALUE for a method that is asked for "
                f"({', '.join(names)}), such as shap-cam.pairs=50, not {text!r}"
            )
        if name not in options:
            raise MethodError(
                f"--option {text}: {word!r} is not among the methods that are asked for "
                f"({', '.join(names)})"
            )
        options[name][key] = parse_value(value, f"--option {text}")
    return options
