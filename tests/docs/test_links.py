"""Every link in the documentation leads somewhere, and so does what code says of its pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import camcli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if not {"api", "project"} & set(path.parts)  # made when the site is built
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose_of(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that a site and a forge give to the headings of a page."""
    words = (re.sub(r"[^\w\s-]", "", title.lower()) for title in _HEADING.findall(prose_of(page)))
    return {re.sub(r"\s", "-", word.strip()) for word in words}


def dead_links(page: Path) -> list[str]:
    dead = []
    for link in _LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    return dead


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_to_a_page_and_a_heading_that_exist(page: Path) -> None:
    assert dead_links(page) == []


def test_a_link_to_a_page_or_a_heading_that_is_gone_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[a](#a-page) [b](gone.md) [c](#gone)\n```\n[d](gone.md)\n```\n")
    assert dead_links(page) == ["gone.md", "#gone"]


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").splitlines()
    pages = {name(page).removeprefix("docs/").removesuffix(".md") for page in PAGES}
    listed = {page for page in pages if "/" in page}
    assert listed - set(contents) == set()


def test_pages_that_code_and_configurations_refer_to_exist() -> None:
    mentions = re.compile(r"docs/[\w/]+\.md|(?:ARCHITECTURE|CONTRIBUTING)\.md")
    files = [
        path
        for folder in ("camcli", "configs", "benchmarks", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yaml"} and path != Path(__file__)
    ]
    found = {(name(f), page) for f in files for page in mentions.findall(f.read_text("utf-8"))}
    assert found
    assert sorted(mention for mention in found if not (ROOT / mention[1]).exists()) == []


_BENCHMARK = re.compile(r"python\s+-m\s+((?:benchmarks|tests|camcli|docs)(?:\.\w+)+)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_modules_that_a_page_runs_exist(page: Path) -> None:
    modules = _BENCHMARK.findall(page.read_text(encoding="utf-8"))
    missing = [m for m in modules if not (ROOT / f"{m.replace('.', '/')}.py").exists()]
    assert missing == []


_DOTTED = re.compile(r"`(camcli(?:\.\w+)+)`")


def is_defined(dotted: str) -> bool:
    """Return whether a dotted name is a module, is defined by one, or is the package's own."""
    *parents, last = dotted.split(".")
    if parents == ["camcli"] and last in camcli.__all__:
        return True
    path = ROOT / "/".join([*parents, last])
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module = ROOT / ("/".join(parents) + ".py")
    text = module.read_text(encoding="utf-8") if module.exists() else ""
    return re.search(rf"^(?:def |class )?{last}\b", text, re.MULTILINE) is not None


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_modules_that_a_page_names_exist(page: Path) -> None:
    text = re.sub(r"`camcli\.(yaml|sources)`", "", page.read_text(encoding="utf-8"))
    assert [dotted for dotted in _DOTTED.findall(text) if not is_defined(dotted)] == []
