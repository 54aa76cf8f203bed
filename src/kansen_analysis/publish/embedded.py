"""The embedded engine: a static site from executed notebooks, with pandoc and nothing else."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import nbformat
import pypandoc
from nbformat import NotebookNode

from kansen_analysis.display import annex, components
from kansen_analysis.edition import store
from kansen_analysis.errors import RenderError
from kansen_analysis.publish import cells, dialect, project
from kansen_analysis.publish.execute import AT_ONCE, Progress
from kansen_analysis.publish.project import Entry, Project

ANNEX = f"files/downloads/{annex.FILE}"
# divs and spans in HTML are left as they are written; the dialect has ::: and [] for them
FILES = tuple(
    f"display/assets/{name}" for name in ("fonts.css", "kansen.css", "favicon.svg")
) + tuple(f"publish/assets/{name}" for name in ("site.css", "site.js"))
# file: is what a page is opened from on disk; styles stand in attributes of columns and images
POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
    "img-src 'self' file: data:; font-src data:; base-uri 'none'; form-action 'none'"
)
READER = "markdown-native_divs-native_spans-markdown_in_html_blocks"
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
_TAG = re.compile(r"<[^>]*>")
MENU_MOST = 12  # lines below a heading of the menu that are shown outside their own part


@dataclass(frozen=True)
class Page:
    """One page while it is being made.

    Parameters
    ----------
    name : str
        Path below the notebooks folder, without suffix.
    notebook : NotebookNode
        Executed.
    front : dict
        Its YAML.
    title : str
        Its title as plain text with the quotes of a printer, for the menu.
    """

    name: str
    notebook: NotebookNode
    front: dict
    title: str

    def lang(self, site: Project) -> str:
        """Language of the page: its own, else that of the site."""
        return self.front.get("lang", site.lang)

    @property
    def file(self) -> str:
        """Path of the notebook below the notebooks folder."""
        return f"{self.name}.ipynb"


def version() -> str:
    """Name the pandoc that this engine runs.

    Returns
    -------
    str
        For example ``"3.9"``.
    """
    return str(pypandoc.get_pandoc_version())


def read_pages(work: Path) -> list[Page]:
    """Read the notebooks of a folder.

    Raises
    ------
    DialectError
        When a notebook does not keep to the dialect in what surrounds its markdown.
    """
    names = project.pages(work)
    read = {name: nbformat.read(work / f"{name}.ipynb", as_version=4) for name in names}
    dialect.check(read)
    fronts = [dialect.front_matter(page) for page in read.values()]
    titles = _plain([str(front["title"]) for front in fronts])
    pages = zip(read.items(), fronts, titles, strict=True)
    return [Page(name, page, front, title) for (name, page), front, title in pages]


def check(work: Path, site: Project) -> list[str]:
    """Check notebooks against the whole dialect, markdown included, without writing anything.

    Parameters
    ----------
    work : Path
        Folder with notebooks, executed or not.
    site : Project

    Returns
    -------
    list of str
        Warnings, such as a reference to nothing.

    Raises
    ------
    DialectError
        When something is not in the dialect.
    """
    converted = _convert_all(read_pages(work), site, lambda page: {})
    return [warning for _, _, warnings in converted for warning in warnings]


def build(
    work: Path,
    output: Path,
    site: Project,
    made: str,
    progress: Progress | None = None,
) -> list[str]:
    """Write the site.

    Parameters
    ----------
    work : Path
        Folder with executed notebooks and the files they refer to.
    output : Path
        Folder to make.
    site : Project
    made : str
        Last line of the footer.
    progress : callable, optional

    Returns
    -------
    list of str
        Warnings.

    Raises
    ------
    DialectError
        When something is not in the dialect.
    """
    pages = read_pages(work)
    menu = site.tree({page.name: page.title for page in pages})
    shutil.copytree(
        work, output, ignore=shutil.ignore_patterns("*.ipynb", ".*"), dirs_exist_ok=True
    )
    package = resources.files("kansen_analysis")
    (output / "assets").mkdir(exist_ok=True)
    for name in FILES:
        (output / "assets" / Path(name).name).write_bytes((package / name).read_bytes())

    workbook = ANNEX if (work / ANNEX).exists() else ""

    def surroundings(page: Page) -> dict[str, Any]:
        return _surroundings(page, menu, site, made) | {"annex": workbook}

    index, warnings = [], []
    converted = _convert_all(pages, site, surroundings)
    for done, (page, (text, images, told)) in enumerate(zip(pages, converted, strict=True), 1):
        target = output / f"{page.name}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        for file, content in images.items():
            path = target.parent / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        index += sections(text, f"{page.name}.html")
        warnings += told
        if progress:
            progress(f"rendered {page.file}", done, len(pages))
    entries = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    # a script and not a JSON file: a page opened from disk may not fetch anything
    (output / "assets" / "search-index.js").write_text(
        f"window.kansenSearch={entries};\n", encoding="utf-8"
    )
    return warnings


# Pandoc ---------------------------------------------------------------------------------------


def _convert_all(pages: Iterable[Page], site: Project, surroundings) -> list[tuple]:
    """Convert pages side by side; what is wrong in all of them is told at once."""

    def convert(page: Page):
        try:
            settings = scratch / f"{page.name.replace('/', ' ')}.yaml"
            return _convert(page, site, surroundings(page), settings), []
        except dialect.DialectError as error:
            return None, error.breaches

    with store.scratch() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(convert, pages))
    wrong = [breach for _, found in results for breach in found]
    if wrong:
        raise dialect.DialectError(wrong)
    return [converted for converted, _ in results]


def _convert(
    page: Page, site: Project, variables: dict[str, Any], settings: Path
) -> tuple[str, dict[str, bytes], list[str]]:
    """Run pandoc on one page: HTML, images, warnings."""
    text = cells.write(page.notebook, site, f"{Path(page.name).name}_files")
    assets = resources.files("kansen_analysis.publish") / "assets"
    with resources.as_file(assets) as folder:
        defaults = {
            "from": READER,
            "to": "html5",
            "standalone": True,
            "template": str(folder / "page.html"),
            "filters": [str(folder / "dialect.lua")],
            "metadata": {
                "lang": page.lang(site),
                "number-sections": page.front.get("number-sections", site.number_sections),
                "toc-depth": str(site.toc_depth),
            },
            "variables": variables,
            "email-obfuscation": "none",
            "wrap": "none",
            "syntax-highlighting": "none",
        }
        # pandoc takes the settings from a file only
        settings.write_text(_yaml(defaults), encoding="utf-8")
        run = subprocess.run(
            [_pandoc(), f"--defaults={settings}"],
            input=text.markdown.encode(),
            capture_output=True,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            check=False,
        )
    told = run.stderr.decode(errors="replace")
    wrong: list[dialect.Breach] = []
    warnings: list[dialect.Breach] = []
    for line in told.splitlines():
        if line.startswith("kansen\t"):
            _, kind, cell, message = line.split("\t", 3)
            breach = dialect.Breach(page.file, int(cell), message)
            (wrong if kind == "error" else warnings).append(breach)
    if wrong:
        raise dialect.DialectError(wrong)
    if run.returncode:
        raise RenderError(f"{page.file}: pandoc stopped, {' '.join(told.split())[:400]}")
    text_ = _footnotes(run.stdout.decode(), site.said(page.lang(site)))
    return text_, text.images, [str(warning) for warning in warnings]


def _plain(titles: list[str]) -> list[str]:
    """Write titles as a page shows them, without markup."""
    block = _yaml({"titles": titles})
    with store.scratch() as scratch:
        template = scratch / "titles"
        template.write_text("$for(titles)$$titles$\n$endfor$", encoding="utf-8")
        run = subprocess.run(
            [_pandoc(), f"--from={READER}", "--to=html", "--wrap=none", f"--template={template}"],
            input=f"---\n{block}\n---\n".encode(),
            capture_output=True,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            check=True,
        )
    return [html.unescape(_TAG.sub("", line)) for line in run.stdout.decode().splitlines()]


def _yaml(value: object) -> str:
    r"""Write JSON, which is YAML but for one thing: a sign outside the first plane is no pair.

    Examples
    --------
    >>> print(_yaml("€ 😀"))
    "\u20ac 😀"
    """
    return _PAIR.sub(lambda found: json.loads(f'"{found[0]}"'), json.dumps(value))


@functools.cache
def _pandoc() -> str:
    return pypandoc.get_pandoc_path()


def _footnotes(text: str, said: Mapping[str, str]) -> str:
    """Give the notes a heading and their arrows a name, which pandoc leaves out."""
    text = re.sub(
        r'(<section id="footnotes"[^>]*)>\s*<hr />',
        rf'\1 aria-labelledby="voetnoten">\n<h2 id="voetnoten">{said["notes"]}</h2>',
        text,
    )
    return text.replace(
        'class="footnote-back" role="doc-backlink"',
        f'class="footnote-back" role="doc-backlink" aria-label="{said["back"]}"',
    )


# What stands around a page ---------------------------------------------------------------------


def _surroundings(page: Page, menu: list[Entry], site: Project, made: str) -> dict[str, Any]:
    said = site.said(page.lang(site))
    root = "../" * page.name.count("/")
    lines = [line for entry in menu for line in entry.walk()]
    order = list({line.page: line for line in lines if line.page}.values())
    return {
        "root": root,
        "site-title": html.escape(site.title),
        "pagetitle": html.escape(page.title),
        "generator": f"kansen_analysis, pandoc {version()}",
        "menu": _menu(menu, page.name, root),
        "frame": said,
        "script-words": html.escape(_yaml(said["script"])) if "script" in said else "",
        "breadcrumbs": _breadcrumbs(page, menu, root, said),
        "neighbours": _neighbours(page.name, order, root, said),
        "made": html.escape(made),
        "policy": POLICY,
        "favicon": site.favicon or "assets/favicon.svg",
        "colophon": components.colophon(site.colophon).html if site.colophon else "",
    }


def _link(entry: Entry, current: str, root: str) -> str:
    here = ' aria-current="page"' if entry.page == current else ""
    return f'<a href="{root}{entry.page}.html"{here}>{html.escape(entry.text)}</a>'


def _menu(entries: Iterable[Entry], current: str, root: str) -> str:
    items = []
    for entry in entries:
        head = (
            _link(entry, current, root) if entry.page else f"<span>{html.escape(entry.text)}</span>"
        )
        shown = [
            child
            for child in entry.children
            # a menu with every school in it on every page would weigh more than the page
            if not entry.page or len(entry.children) <= MENU_MOST or child.page == current
        ]
        below = _menu(shown, current, root) if shown else ""
        items.append(f"<li>{head}{below}</li>")
    return "<ul>\n" + "\n".join(items) + "\n</ul>"


def _breadcrumbs(page: Page, menu: list[Entry], root: str, said: Mapping[str, str]) -> str:
    """Show the way to a page that stands below another line of the menu."""
    way = next((way for entry in menu if (way := _way(entry, page.name))), [])
    if len(way) < 2:
        return ""
    items = [
        _link(entry, "", root) if entry.page else html.escape(entry.text) for entry in way[:-1]
    ]
    items.append(f'<span aria-current="page">{html.escape(way[-1].text)}</span>')
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<nav class="breadcrumbs" aria-label="{said["way"]}"><ol>{listed}</ol></nav>'


def _way(entry: Entry, name: str) -> list[Entry]:
    if entry.page == name:
        return [entry]
    below = next((way for child in entry.children if (way := _way(child, name))), None)
    return [entry, *below] if below else []


def _neighbours(name: str, order: list[Entry], root: str, said: Mapping[str, str]) -> str:
    at = next((i for i, entry in enumerate(order) if entry.page == name), None)
    if at is None or len(order) < 2:
        return ""
    links = []
    for word, rel, i in ((said["before"], "prev", at - 1), (said["after"], "next", at + 1)):
        if 0 <= i < len(order):
            entry = order[i]
            links.append(
                f'<a rel="{rel}" href="{root}{entry.page}.html"><span>{word}</span> '
                f"{html.escape(entry.text)}</a>"
            )
    joined = "\n".join(links)
    return f'<nav class="neighbours" aria-label="{said["beside"]}">\n{joined}\n</nav>'


# Search ---------------------------------------------------------------------------------------


@dataclass
class _Part:
    """What stands below one heading of a page."""

    anchor: str
    heading: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _Sections(HTMLParser):
    """Cut the text of a page at its headings; figures, tables and sources hold no sentences."""

    SKIP = frozenset({"script", "style", "nav", "svg", "table", "summary"})
    QUIET = frozenset(
        f"kansen-{name}" for name in ("source", "links", "legend", "hidden", "number-only")
    ) | {"visually-hidden"}
    HEADINGS = frozenset({"h2", "h3"})
    INLINE = frozenset(
        {"a", "abbr", "b", "code", "em", "i", "mark", "span", "strong", "sub", "sup"}
    )
    EMPTY = frozenset({"br", "hr", "img", "input", "source", "wbr"})

    def __init__(self):
        super().__init__()
        self.title: list[str] = []
        self.parts = [_Part("")]
        self.inside = False
        self.target: list[str] | None = None
        self.skipping: list[str] = []  # tags open since the one that is skipped

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.inside |= tag == "main"
        if not self.inside or tag in self.EMPTY:
            return
        classes = (attrs.get("class") or "").split()
        if self.skipping or tag in self.SKIP or any(name in classes for name in self.QUIET):
            self.skipping.append(tag)
        elif tag == "h1":
            self.target = self.title
        elif tag in self.HEADINGS and attrs.get("id"):
            self.parts.append(_Part(attrs["id"]))
            self.target = self.parts[-1].heading
        elif tag not in self.INLINE:
            self.handle_data(" ")

    def handle_endtag(self, tag):
        self.inside &= tag != "main"
        if not self.inside:
            return
        if self.skipping:
            if tag in self.skipping:
                del self.skipping[len(self.skipping) - 1 - self.skipping[::-1].index(tag) :]
        elif tag == "h1" or tag in self.HEADINGS:
            self.target = None
        if tag not in self.INLINE:
            self.handle_data(" ")

    def handle_startendtag(self, tag, attrs):
        """Nothing stands in it."""

    def handle_data(self, data):
        if self.inside and not self.skipping:
            (self.parts[-1].text if self.target is None else self.target).append(data)


def sections(text: str, href: str) -> list[list[str]]:
    """Cut a page into what the search can find.

    Parameters
    ----------
    text : str
        HTML of a page.
    href : str
        Its address from the root of the site.

    Examples
    --------
    >>> page = '<h1>A</h1><p>b</p><h2 id="c">C</h2><p>d</p><table><td>3,4</table><p>e</p>'
    >>> sections(f"<main>{page}</main>", "a.html")
    [['a.html', 'A', '', 'b'], ['a.html#c', 'A', 'C', 'd e']]
    """
    parser = _Sections()
    parser.feed(text)
    title = " ".join("".join(parser.title).split())
    found = []
    for part in parser.parts:
        body = " ".join("".join(part.text).split())
        if body or part.heading:
            address = f"{href}#{part.anchor}" if part.anchor else href
            found.append([address, title, " ".join("".join(part.heading).split()), body])
    return found
