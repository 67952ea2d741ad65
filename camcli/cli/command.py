"""A command: what it does not take for an option's value, and how it ends where nobody reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, takewhile
from typing import Any

import typer
from typer.core import TyperCommand

from camcli.cli.console import abandon_stdout
from camcli.cli.ending import CLOSED_PIPE
from camcli.cli.help import by_panel


class Command(TyperCommand):
    """A command of `camcli`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, of which none may be missing before the next option.

        `--layer --method lift-cam` would otherwise look for a layer called `--method`.

        Raises:
            BadParameter: An option without its value stands before another option.

        """
        names, with_value = _names(self.params), _names(_taking_a_value(self.params))
        for option, following in pairwise(takewhile(lambda each: each != "--", args)):
            if option in with_value and following in names:
                raise typer.BadParameter(
                    f"it needs a value, and {following} behind it is an option", param_hint=option
                )
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options under the headings of what they are about."""
        parameters = self.get_params(ctx)
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        options = [each for each in parameters if each.param_type_name == "option"]
        for title, listed in {"Arguments": arguments, **by_panel(options)}.items():
            records = [record for each in listed if (record := each.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a reader of stdout that has gone ends it without a word."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            abandon_stdout()
            raise typer.Exit(CLOSED_PIPE) from None


def _taking_a_value(params: Iterable[Any]) -> list[Any]:
    return [each for each in params if not getattr(each, "is_flag", False)]


def _names(params: Iterable[Any]) -> set[str]:
    names = (name for each in params for name in (*each.opts, *each.secondary_opts))
    return {name for name in names if name.startswith("-")}
