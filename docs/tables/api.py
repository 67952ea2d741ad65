"""The API pages, one for each room of the package: made from docstrings when the site is built."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.tables.markdown import escaped, page, prose, summary

_PACKAGE = Path(__file__).parents[2] / "camcli"
_LEFT_OUT = frozenset({"__main__", "cli"})
_ENTRY = re.compile(r"^(\w[\w, .*]*): (.*)$", re.DOTALL)

_Definition = ast.ClassDef | ast.FunctionDef


def write_api_pages(folder: Path) -> None:
    """Write the page of every room into a folder, and delete the pages of rooms that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = api_pages()
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def api_pages() -> Mapping[str, str]:
    """Return the page of every room and the page that lists them, by file name."""
    rooms = {room.stem: _modules(room) for room in _rooms()}
    listed = [f"- [`camcli.{n}`]({n}.md): {_module_summary(m[0])}" for n, m in rooms.items()]
    tree = "```{toctree}\n:hidden:\n:glob:\n\n*\n```"
    introduction = "The package room by room, from its docstrings. Imports run downward only."
    pages = {f"{name}.md": _room_page(name, modules) for name, modules in rooms.items()}
    return {"index.md": page("API", introduction, "\n".join(listed), tree), **pages}


def _rooms() -> Iterator[Path]:
    for path in sorted(_PACKAGE.iterdir()):
        named = path.stem not in _LEFT_OUT and not path.stem.startswith("__")
        if named and (path.suffix == ".py" or (path / "__init__.py").exists()):
            yield path


def _modules(room: Path) -> list[Path]:
    """Return the files of a room, its own first."""
    if room.is_file():
        return [room]
    own = room / "__init__.py"
    return [own, *sorted(path for path in room.rglob("*.py") if path != own)]


def _room_page(name: str, modules: list[Path]) -> str:
    sections = [section for path in modules if (section := _module(path))]
    return page(f"camcli.{name}", _module_summary(modules[0]), *sections)


def _module(path: Path) -> str:
    """Return the section of a module, empty where it defines nothing public."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    definitions = [described for node in tree.body for described in _described(node, "###")]
    if not definitions:
        return ""
    title = f"## {_dotted(path).removeprefix('camcli.')}"
    return "\n\n".join([title, _docstring(ast.get_docstring(tree)), *definitions])


def _described(node: ast.stmt, heading: str) -> Iterator[str]:
    if not isinstance(node, _Definition) or node.name.startswith("_"):
        return
    signature = f"```python\n{_signature(node)}\n```"
    yield "\n\n".join([f"{heading} {node.name}", signature, _docstring(ast.get_docstring(node))])
    if isinstance(node, ast.ClassDef):
        for member in node.body:
            yield from _described(member, heading + "#")


def _signature(node: _Definition) -> str:
    if isinstance(node, ast.FunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return f"def {node.name}({ast.unparse(node.args)}){returns}"
    bases = ", ".join(map(ast.unparse, node.bases))
    fields = [
        f"    {ast.unparse(field)}"
        for field in node.body
        if isinstance(field, ast.AnnAssign) and not ast.unparse(field.target).startswith("_")
    ]
    head = f"class {node.name}({bases})" if bases else f"class {node.name}"
    return "\n".join([f"{head}:", *fields]) if fields else head


def _docstring(text: str | None) -> str:
    """Return a docstring with its sections as lists."""
    if not text:
        return ""
    body, *sections = re.split(r"\n{2,}(?=(?:Args|Attributes|Returns|Yields|Raises):\n)", text)
    return "\n\n".join([prose(body), *map(_section, sections)])


def _section(text: str) -> str:
    head, _, body = text.partition("\n")
    entries = re.split(r"\n(?=    \S)", body.rstrip())
    return f"**{head}**\n\n" + "\n".join(f"- {_entry(' '.join(e.split()))}" for e in entries)


def _entry(text: str) -> str:
    named = _ENTRY.match(text)
    return f"`{named[1]}`: {escaped(named[2])}" if named else escaped(text)


def _module_summary(path: Path) -> str:
    source = path if path.is_file() else path / "__init__.py"
    return summary(ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))))


def _dotted(path: Path) -> str:
    parts = path.relative_to(_PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
