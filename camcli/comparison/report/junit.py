"""A comparison as JUnit XML, which CI servers show as test results: a test case for each row."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from camcli.comparison.compare import Comparison
from camcli.comparison.gate import Gate

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(comparison: Comparison, gate: Gate) -> bytes:
    """Return the document, UTF-8."""
    failing = {id(difference): why for difference, why in gate.failures(comparison)}
    suite = ElementTree.Element(
        "testsuite",
        name="camcli diff",
        tests=str(len(comparison.differences)),
        failures=str(len(failing)),
    )
    for difference in comparison.differences:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=writable(difference.image),
            name=writable(difference.about or "no target"),
        )
        if complaints := failing.get(id(difference)):
            message = writable("; ".join(complaints))
            ElementTree.SubElement(case, "failure", message=message).text = message
    document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def writable(text: str) -> str:
    """Return text with what XML cannot hold spelt out."""
    return _UNWRITABLE.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text)
