"""Leave out of a page what these data cannot show: a caption, a heading, a page, a link to it.

What a function cannot make shows itself as `display.prose.Absent`. In its place nothing stands; a
heading with nothing below it goes too, a sentence that refers to what is gone, and a page that has
nothing to say. What was missing is told once, at the end of the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from kansen_analysis.display._html import words

ABSENT = "kansen-absent"  # the class that `display.prose.Absent` shows itself with
BANNER = "common.banner("  # shown on every page, so that it says nothing of this one
RESEARCH = ".voor-onderzoekers"
TITLE = "Niet op deze pagina"
_ASKS = re.compile(r"^\w+\.[\w.]+\(.*monitor.*\)$", re.MULTILINE)
_HEADING = re.compile(r"(#{2,6})\s.*")
_ANCHOR = re.compile(r"\{#([\w-]+)")
_REASON = re.compile(r"</strong>(.*?)</p>", re.DOTALL)
_REFERENCE = re.compile(r"@((?:fig|tbl|sec)-[\w-]+)", re.IGNORECASE)
_WORDS = r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"  # of a link, not of a picture
_LINK = re.compile(_WORDS + r"\(([^()\s#]+?)\.ipynb(?:#([^()\s]*))?\)")
_HREF = re.compile(r'<a\b[^>]*?href="([^"#]+?)\.ipynb(?:#([^"]*))?"[^>]*>(.*?)</a>', re.DOTALL)


@dataclass
class _Piece:
    """A paragraph, a heading, the line of a block, or a code cell."""

    kind: str  # text, heading, open, close, code
    text: str = ""
    cell: NotebookNode | None = None
    level: int = 0


@dataclass
class _Node:
    """A section or a block with what is in it; the page itself has no opening."""

    opening: _Piece | None = None
    inside: list[_Node | _Piece] = field(default_factory=list)
    closing: _Piece | None = None
    had_code: bool = False

    def pieces(self) -> Iterable[_Piece]:
        """Yield what it is made of, in the order of the page."""
        if self.opening:
            yield self.opening
        for each in self.inside:
            if isinstance(each, _Node):
                yield from each.pieces()
            else:
                yield each
        if self.closing:
            yield self.closing


@dataclass(frozen=True)
class Kept:
    """What is left of a page.

    Attributes
    ----------
    notebook : nbformat.NotebookNode or None
        None when the page has nothing to say.
    gone : frozenset of str
        Anchors and labels that are not on it any more.
    """

    notebook: NotebookNode | None
    gone: frozenset[str]


def without(
    pages: Mapping[str, NotebookNode], hidden: Collection[str] = ()
) -> dict[str, NotebookNode]:
    """Leave out what is empty on all pages, and every link to what is gone.

    Parameters
    ----------
    pages : mapping of str to nbformat.NotebookNode
        Executed, by name as `project.pages` has them; changed in place.
    hidden : collection of str
        Pages beside these that are not shown.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The pages that have something to say.
    """
    kept = {name: prune(page) for name, page in pages.items()}
    left = {name: each.notebook for name, each in kept.items() if each.notebook is not None}
    absent = {*hidden, *(set(kept) - set(left))}
    gone = {name: each.gone for name, each in kept.items()}
    for name, page in left.items():
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = unlink(cell.source, name, absent, gone)
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                for kind in ("text/markdown", "text/html"):
                    if kind in data:
                        data[kind] = unlink(data[kind], name, absent, gone)
    return left


def prune(notebook: NotebookNode) -> Kept:
    """Leave out of one page what could not be made.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; changed in place.

    Examples
    --------
    >>> from nbformat.v4 import new_notebook
    >>> html = '<div class="kansen-absent"><p><strong>Niet te maken.</strong> Geen jaren.</p></div>'
    >>> none = new_code_cell("f()", outputs=[new_output("display_data", {"text/html": html})])
    >>> some = new_code_cell("g()", outputs=[new_output("display_data", {"text/html": "<p>"})])
    >>> page = new_notebook(cells=[new_markdown_cell("## Leeg"), none, new_markdown_cell("## Vol"),
    ...     some])
    >>> [cell.source for cell in prune(page).notebook.cells][:2]
    ['## Vol', 'g()']
    """
    cells = notebook.cells
    raw = [cell for cell in cells if cell.cell_type == "raw"]
    page, reasons = _Node(), []
    _fill(page, list(_pieces(cells)))
    before = _anchors(page.pieces())
    if not any(_is_absent(c) for c in cells) and not any(_is_blank(c) for c in cells):
        return Kept(notebook, frozenset())
    for cell in cells:
        reasons += _reasons(cell)
    _drop(page)
    says = any(_speaks(piece) for piece in page.pieces())
    if not says:
        return Kept(None, frozenset(before))
    left = list(page.pieces())
    gone = before - _anchors(left)
    left = [piece for piece in left if not (piece.kind == "text" and _refers(piece.text, gone))]
    made = [*raw, *_cells(left)]
    told = list(dict.fromkeys(reason for reason in reasons if reason))
    if told:
        made.append(_notice(told))
    notebook.cells = made
    return Kept(notebook, frozenset(gone))


def _pieces(cells: Iterable[NotebookNode]) -> Iterable[_Piece]:
    for cell in cells:
        if cell.cell_type == "code":
            yield _Piece("code", cell=cell)
        elif cell.cell_type == "markdown":
            for part in re.split(r"\n\s*\n", cell.source.strip()):
                yield from _lines(part)


def _lines(part: str) -> Iterable[_Piece]:
    """Take the lines that open or close a block, and headings, out of a paragraph."""
    text: list[str] = []

    def flush() -> Iterable[_Piece]:
        if text:
            yield _Piece("text", "\n".join(text))
            text.clear()

    for line in part.split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading or line.startswith(":::"):
            yield from flush()
            if heading:
                yield _Piece("heading", line, level=len(heading[1]))
            else:
                yield _Piece("open" if line.strip(":").strip() else "close", line)
        else:
            text.append(line)
    yield from flush()


def _fill(page: _Node, pieces: list[_Piece]) -> None:
    """Build the tree: a heading holds what follows until one as high, or the end of its block."""
    stack = [page]

    def leave(level: int) -> None:
        while (top := stack[-1].opening) and top.kind == "heading" and top.level >= level:
            stack.pop()

    for piece in pieces:
        if piece.kind == "heading":
            leave(piece.level)
            node = _Node(piece)
            stack[-1].inside.append(node)
            stack.append(node)
        elif piece.kind == "open":
            if RESEARCH in piece.text:  # about the whole page, not about the section before it
                leave(0)
            node = _Node(piece)
            stack[-1].inside.append(node)
            stack.append(node)
        elif piece.kind == "close":
            leave(0)
            if len(stack) > 1:
                stack[-1].closing = piece
                stack.pop()
        else:
            stack[-1].inside.append(piece)


def _drop(node: _Node) -> bool:
    """Leave out what is empty; return whether anything that was made is left below."""
    some = False
    kept: list[_Node | _Piece] = []
    for each in node.inside:
        if isinstance(each, _Node):
            below = _drop(each)
            node.had_code |= each.had_code
            if each.had_code and not below:
                continue
            some |= below
        elif each.cell is not None:
            neutral = BANNER in each.cell.source
            node.had_code |= not neutral
            if _is_absent(each.cell) or _is_blank(each.cell):
                continue
            some |= not neutral
        kept.append(each)
    node.inside = kept
    return some


def _outputs(cell: NotebookNode) -> list[str]:
    return [
        data.get("text/html") or data.get("text/markdown") or data.get("text/plain") or "image"
        for output in cell.get("outputs", [])
        if (data := output.get("data", {}))
    ]


def _is_absent(cell: NotebookNode) -> bool:
    return any(f'{ABSENT}"' in shown for shown in _outputs(cell))


def _is_blank(cell: NotebookNode) -> bool:
    """Tell whether a cell that asks for something of the edition shows nothing at all."""
    if cell.cell_type != "code" or not _ASKS.search(cell.source):
        return False
    return not cell.get("outputs")


def _speaks(piece: _Piece) -> bool:
    return piece.cell is not None and BANNER not in piece.cell.source


def _reasons(cell: NotebookNode) -> list[str]:
    return [
        html.unescape(found[1]).strip()
        for shown in _outputs(cell)
        if f'{ABSENT}"' in shown and (found := _REASON.search(shown))
    ]


def _anchors(pieces: Iterable[_Piece]) -> set[str]:
    found: set[str] = set()
    for piece in pieces:
        if piece.cell is not None:
            labels = re.findall(r"^#\|\s*label:\s*([\w-]+)", piece.cell.source, re.MULTILINE)
            found |= set(labels)
        else:
            found |= set(_ANCHOR.findall(piece.text))
    return found


def _refers(text: str, gone: Collection[str]) -> bool:
    return any(name.lower() in gone for name in _REFERENCE.findall(text))


def _cells(pieces: Iterable[_Piece]) -> list[NotebookNode]:
    """Write the pieces as cells again, text that follows on text in one."""
    made: list[NotebookNode] = []
    text: list[str] = []

    def flush() -> None:
        if text:
            made.append(new_markdown_cell("\n\n".join(text)))
            text.clear()

    for piece in pieces:
        if piece.cell is not None:
            flush()
            made.append(piece.cell)
        else:
            text.append(piece.text)
    flush()
    return made


def _notice(reasons: list[str]) -> NotebookNode:
    told = " ".join(words(reason) for reason in reasons)  # no school year broken in two
    shown = f'<div class="kansen-block kansen-notice"><p><strong>{TITLE}.</strong> {told}</p></div>'
    output = new_output("display_data", {"text/html": shown, "text/plain": f"{TITLE}: {told}"})
    return new_code_cell("None  # what could not be made", outputs=[output])


def unlink(
    text: str, page: str, absent: Collection[str], gone: Mapping[str, Collection[str]]
) -> str:
    """Turn links to a page that is absent into words, and to a place that is gone into its page.

    Parameters
    ----------
    text : str
        Markdown or HTML.
    page : str
        On which it stands.
    absent : collection of str
        Pages that are not there.
    gone : mapping of str to collection of str
        By page the places that are not there.

    Examples
    --------
    >>> unlink("Zie [de lessen](verhalen.ipynb#sec-a).", "index", {"verhalen"}, {})
    'Zie de lessen.'
    >>> unlink("Zie [de lessen](verhalen.ipynb#sec-a).", "index", {}, {"verhalen": {"sec-a"}})
    'Zie [de lessen](verhalen.ipynb).'
    """
    folder = PurePosixPath(page).parent

    def left(link: re.Match, words: str, path: str, anchor: str | None) -> str:
        there: list[str] = []
        for part in (folder / path).parts:
            there = there[:-1] if part == ".." else [*there, part]
        target = "/".join(there)
        if target in absent:
            return words
        if anchor and anchor in gone.get(target, ()):
            return link[0].replace(f".ipynb#{anchor}", ".ipynb")
        return link[0]

    text = _LINK.sub(lambda link: left(link, link[1], link[2], link[3]), text)
    return _HREF.sub(lambda link: left(link, link[3], link[1], link[2]), text)
