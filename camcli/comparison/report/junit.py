"""A comparison as JUnit XML, which CI servers show as test results: a test case for each row."""

from __future__ import annotations

from xml.etree import ElementTree

from camcli.comparison.compare import Comparison
from camcli.comparison.gate import Gate
from camcli.system.escaping import in_xml


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
            classname=in_xml(difference.image),
            name=in_xml(difference.about or "no target"),
        )
        if complaints := failing.get(id(difference)):
            message = in_xml("; ".join(complaints))
            ElementTree.SubElement(case, "failure", message=message).text = message
    document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
