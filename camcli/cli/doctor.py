"""`camcli doctor`: what there is on this machine, and whether camcli works on it."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from camcli.system.control_characters import harmless

if TYPE_CHECKING:
    from camcli.doctor.finding import Finding


def doctor(
    json: bool = typer.Option(False, "--json", help="Print JSON."),
    self_test: bool = typer.Option(
        True, "--self-test/--no-self-test", help="Explain a sample image with the demo network."
    ),
) -> None:
    """Show versions, devices, the compiler, caches, extras and plug-ins, and test the demo.

    To look at where something does not work, and to put into a report of it. Exit codes: 0
    everything works; 1 something does not, as its line says.
    """
    findings = list(_examined(self_test))
    problems = [finding for finding in findings if finding.problem]
    if json:
        record = {"works": not problems, "findings": [vars(finding) for finding in findings]}
        typer.echo(jsonlib.dumps(record, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(findings)))
    raise typer.Exit(1 if problems else 0)


def _examined(self_test: bool) -> Iterator[Finding]:
    from camcli.doctor import caches, machine, packages

    yield from machine.versions()
    yield from machine.devices()
    yield from machine.compiler()
    yield from caches.caches()
    yield from packages.extras()
    yield from packages.plugins()
    if self_test:
        from camcli.doctor import self_test as test

        yield from test.self_test()


def _lines(findings: list[Finding]) -> Iterator[str]:
    width = max(len(finding.name) for finding in findings)
    for topic, group in groupby(findings, lambda finding: finding.topic):
        yield topic
        for finding in group:
            yield f"  {finding.name:{width}}  {harmless(finding.found)}"
            if finding.problem:
                yield f"  {'':{width}}  wrong: {harmless(finding.problem)}"
