"""Untrusted text in Markdown, XML and spreadsheets, where it is to be read and do nothing."""

from __future__ import annotations

import re

from camcli.system.control_characters import harmless

# All that begins markup within a line: `@` and `:` call people and emoji.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+.!|~@:&])")
# XML 1.0 has no way to write these.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A spreadsheet takes a cell that begins so for a formula, and may run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def in_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, in one line, whatever is in it."""
    one_line = harmless(text).replace("\n", r"\n").replace("\t", " ")
    return _MARKDOWN.sub(r"\\\1", one_line)


def in_xml(text: str) -> str:
    """Return text that XML can hold and that turns no line round; its writer escapes markup."""
    return _NOT_XML.sub(
        lambda m: m.group().encode("unicode_escape").decode("ascii"), harmless(text)
    )


def in_spreadsheet(text: str) -> str:
    """Return text that a spreadsheet takes for text: a `'` goes before what begins a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
