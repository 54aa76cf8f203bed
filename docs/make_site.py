"""Write the documentation as a site: ``python docs/make_site.py [FOLDER]``, or ``make docs``.

The pages are the Markdown of the repository, a reference from the docstrings of what can be
imported and a gallery of the figures in the notebooks. The engine is the one that renders the
monitor (`kansen_analysis.publish.embedded`), so nothing else is installed. A dead link stops it.
"""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

import kansen_analysis
from kansen_analysis.edition import store
from kansen_analysis.errors import RenderError
from kansen_analysis.publish import dialect, embedded, links
from kansen_analysis.publish.project import Project

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "reports" / "docs"
EDITION = "editions/demo-2024-2025"
DUTCH = ("readme-nl", "glossary")  # pages in Dutch, in the Dutch frame

# The menu: heading, and per page its name in the site and its file.
MENU: dict[str, dict[str, str]] = {
    "": {"index": "docs/index.md"},
    "Adviser": {"readme-nl": "README.nl.md", "glossary": "docs/glossary.md"},
    "Researcher": {
        "readme": "README.md",
        "own-analysis": "docs/own-analysis.md",
        "new-year": "docs/new-year.md",
        "commands": "docs/commands.md",
        "data": "data/README.md",
        "sources": "docs/sources.md",
    },
    "Lectorate": {
        "reproduce": "docs/reproduce.md",
        "goals": "docs/goals.md",
        "methods": "docs/methods.md",
        "mutants": "docs/mutants.md",
    },
    "Programme": {"programme": "docs/programme.md", "leerjaar-3": "docs/leerjaar-3.md"},
    "Developer": {
        "contributing": "CONTRIBUTING.md",
        "architecture": "docs/architecture.md",
        "edition": "docs/edition.md",
        "dialect": "docs/dialect.md",
        "look": "docs/look.md",
        "performance": "docs/performance.md",
    },
}
LAST = {"changelog": "CHANGELOG.md"}
FILES = {name: file for part in (*MENU.values(), LAST) for name, file in part.items()}

# What the frame says, in English; the script says a few words more.
FRAME = {
    "skip": "Skip to content",
    "search": "Search",
    "search-in": "Search the documentation",
    "menu": "Main menu",
    "way": "Breadcrumbs",
    "contents": "On this page",
    "beside": "Previous and next page",
    "before": "Previous",
    "after": "Next",
    "notes": "Notes",
    "back": "Back to the text",
    "script": {
        "filter": "Search this table",
        "of": "of {} rows",
        "values": "Values; the arrow keys walk along",
        "first": ", the first {} are below",
        "result": "result",
        "results": "results",
        "nothing": "Nothing found",
    },
}
_CODE = r"^ *```.*?^ *```[^\n]*$|`[^`\n]*`"
_FENCE = re.compile(f"({_CODE})", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) (.+?)(?: \{#.+\})?$", re.MULTILINE)
_LINK = r"(?P<picture>!?)\[(?P<words>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<address>[^()\s]+)\)"
_CODE_OR_LINK = re.compile(f"(?P<code>{_CODE})|{_LINK}", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)


# Markdown of the repository ----------------------------------------------------------------------


def anchor(heading: str) -> str:
    """Name a heading as a repository does, so that links hold in both.

    Examples
    --------
    >>> anchor("With `kansen`: the real files")
    'with-kansen-the-real-files'
    """
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change the text between pieces of code."""
    parts = _FENCE.split(text)
    return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))


def links_of(text: str, file: Path, images: set[Path]) -> str:
    """Point links at the pages of the site; what is no page is named by its path.

    Parameters
    ----------
    text : str
        Markdown; its code stays as it is, and code may stand in the words of a link.
    file : Path
        Where it stands.
    images : set of Path
        Collects the pictures that go along.
    """
    pages = {(ROOT / source).resolve(): name for name, source in FILES.items()}

    def point(found: re.Match) -> str:
        if found["code"]:
            return found[0]
        picture, words, address = found["picture"], found["words"], found["address"]
        if re.match(r"[a-z]+:", address):
            return found[0]
        path, _, part = address.partition("#")
        there = (file.parent / path).resolve() if path else file
        if picture:
            images.add(there)
            return f"![{words}]({there.name}){{fig-alt={_quoted(words)}}}"
        if not there.exists():
            raise RenderError(f"{file.relative_to(ROOT)}: {address} leads to nothing")
        if there not in pages:
            told = there.relative_to(ROOT).as_posix()
            return words if told in words else f"{words} (`{told}`)"
        part = f"#{part}" if part else ""
        if words in (path, there.name) or words.endswith(".md"):
            words = _cut(there.read_text("utf-8"))[0]
        return f"[{words}]({pages[there]}.ipynb{part})" if path else f"[{words}]({part})"

    return _CODE_OR_LINK.sub(point, text)


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "'") + '"'


def from_markdown(text: str, file: Path, images: set[Path]) -> NotebookNode:
    """Make a page of a file: its first heading is the title."""

    title, body = _cut(text)
    body = links_of(body, file, images)
    # What our dialect forbids may be told, with a joiner that nobody sees in it.
    body = outside_code(body, lambda part: part.replace("@", "\\@")).replace("{{<", "{\u2060{<")
    lines, fenced, heading = [], False, title
    captions: Counter[str] = Counter()
    for line in [*body.splitlines(), ""]:
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (found := _HEADING.match(line)):
            heading = _bare(found[2])
            line = f"{line} {{#{anchor(heading)}}}"
        if not fenced and not line.startswith("|") and lines and lines[-1].startswith("|"):
            captions[heading] += 1  # every table has a caption, and one of its own
            again = f" ({captions[heading]})" if captions[heading] > 1 else ""
            lines += ["", f": {heading}{again}", ""]
        lines.append(line)
    dutch = (ROOT / FILES[name] == file for name in DUTCH)
    return page(title, [new_markdown_cell("\n".join(lines))], "nl" if any(dutch) else "en")


def _cut(text: str) -> tuple[str, str]:
    """Return the title and what stands below it."""
    head = re.search(r"^# (.+)$", text, re.MULTILINE)
    if not head:
        raise RenderError("A page of the documentation begins with a heading of level 1.")
    return head[1].replace("`", ""), text[: head.start()] + text[head.end() :]


def _bare(heading: str) -> str:
    """Return a heading without the addresses of its links."""
    return re.sub(_LINK, r"\g<words>", heading)


def page(title: str, body: list[NotebookNode], lang: str = "en") -> NotebookNode:
    """Make a notebook with a title."""
    front = f"---\ntitle: {_quoted(title)}\nlang: {lang}\n---"
    return new_notebook(cells=[new_raw_cell(front), *body])


# Reference ---------------------------------------------------------------------------------------


def public() -> Iterator[tuple[str, object]]:
    """Yield every name that can be imported, then the classes that these give."""
    for name in sorted(kansen_analysis.__all__):
        yield name, getattr(kansen_analysis, name)
    results = import_module("kansen_analysis.desk.results")
    opened = import_module("kansen_analysis.edition.open")
    yield "Edition", opened.Edition
    for name in ("Effect", "Outlook"):
        yield name, getattr(results, name)


def members(found: type) -> Iterator[tuple[str, object]]:
    """Yield the public methods and properties of a class, as it lists them."""
    for name, member in vars(found).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member


def reference() -> NotebookNode:
    """Write the reference from the docstrings."""
    parts = [
        "What can be imported from `kansen_analysis`, and what these functions give back. "
        "Everything else may change."
    ]
    for name, found in public():
        parts += [f"## {name} {{#{anchor(name)}}}", described(name, found)]
        if not isinstance(found, type):
            continue
        values, methods = [], []
        for member, value in members(found):
            if isinstance(value, property):
                values.append(f"- `{member}`: {described(member, value)}")
            else:
                methods.append(f"### {name}.{member} {{#{anchor(name)}-{anchor(member)}}}")
                methods.append(described(member, value))
        parts += ["\n".join(values), *methods]
    return page("Reference", [new_markdown_cell("\n\n".join(parts))])


def described(name: str, found: object) -> str:
    """Write signature and docstring of one name as Markdown."""
    text = inspect.getdoc(found) or ""
    if not text:
        raise RenderError(f"{name} has no docstring.")
    parts = []
    if callable(found) and not isinstance(found, type):
        parts.append(f"```python\n{name}{_signature(found)}\n```")
    head, *sections = _SECTION.split(text)
    parts.append(_prose(head))
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        parts += [f"**{title}**", _section(title, body.strip("\n"))]
    return "\n\n".join(parts)


def _signature(found: object) -> str:
    """Write what a function takes, a parameter a line when it is long."""
    signature = inspect.signature(found)
    taken, starred = [], False
    for each in signature.parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and not starred:
            taken.append("*")
            starred = True
        text = each.name if each.annotation is each.empty else f"{each.name}: {each.annotation}"
        if each.default is not each.empty:
            # The address of a function would be another one in every run.
            text += " = ..." if callable(each.default) else f" = {each.default!r}"
        taken.append(text)
    gives = f" -> {signature.return_annotation}"
    line = f"({', '.join(taken)}){gives}"
    if len(line) < 80:
        return line
    return "(\n" + "".join(f"    {each},\n" for each in taken) + f"){gives}"


def _section(title: str, body: str) -> str:
    if title == "Examples":
        return f"```python\n{body}\n```"
    if title not in ("Parameters", "Attributes", "Returns", "Raises"):
        return _prose(body)
    items: list[str] = []
    for line in body.splitlines():
        if not line.startswith(" ") and line:
            name, _, kind = line.partition(" : ")
            items.append(f"- `{name}`" + (f" ({_prose(kind)})" if kind else ""))
        elif line:
            items[-1] += ("" if items[-1].endswith(" ") else " ") + _prose(line)
    return "\n".join(items)


def _prose(text: str) -> str:
    """Write text of a docstring so that it reads as it stands."""
    text = text.strip().replace("``", "`")
    return outside_code(text, lambda part: part.replace("*", "\\*").replace("@", "\\@"))


# Gallery -----------------------------------------------------------------------------------------


def gallery() -> dict[str, NotebookNode]:
    """Make a page per notebook with figures: the lines that make each, and what they give.

    The figures are the outputs stored in the notebooks, which the tests hold against the code.
    """
    pages = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        body: list[NotebookNode] = []
        for cell in notebook.cells:
            if cell.cell_type != "code" or "#| label: fig-" not in cell.source:
                continue
            shown = cell.outputs[0].data.get("text/html", "") if cell.outputs else ""
            if "kansen-absent" in shown or not shown:
                continue
            call = "\n".join(row for row in cell.source.splitlines() if not row.startswith("#|"))
            body += [new_markdown_cell(_recipe(call)), _output(cell)]
        if body:
            pages[f"gallery-{path.stem}"] = page(_title(notebook), body)
    return pages


def _title(notebook: NotebookNode) -> str:
    return str(dialect.front_matter(notebook)["title"])


def _recipe(call: str) -> str:
    """Write the lines that make one figure."""
    module = re.match(r"(?:common\.\w+\()?(\w+)\.", call)[1]
    imports = sorted({module, *re.findall(r"\b(common)\.", call)})
    lines = [
        "from kansen_analysis import open_edition",
        f"from kansen_analysis.pages import {', '.join(imports)}",
        "",
        f'monitor = open_edition("{EDITION}")',
        call,
    ]
    return "```python\n" + "\n".join(lines) + "\n```"


def _output(cell: NotebookNode) -> NotebookNode:
    """Return what a cell shows, marked as Dutch and without its caption."""
    shown = cell.outputs[0].copy()
    text = shown.data["text/html"].replace('class="kansen-block', 'lang="nl" class="kansen-block')
    text = re.sub(r'<a [^>]*href="[^"#]*\.ipynb[^"]*"[^>]*>(.*?)</a>', r"\1", text)
    shown.data = nbformat.from_dict({"text/html": text, "text/plain": shown.data["text/plain"]})
    return new_code_cell("#| echo: false", outputs=[shown])


# The site ----------------------------------------------------------------------------------------


def contents(galleries: dict[str, NotebookNode]) -> list:
    """Return the menu as `_quarto.yml` would hold it."""

    def line(name: str) -> dict[str, str]:
        return {"href": f"notebooks/{name}.ipynb"}

    menu: list = []
    for title, pages in MENU.items():
        rows = [line(name) for name in pages]
        menu += rows if not title else [{"section": title, "contents": rows}]
    menu.append(line("reference"))
    figures = [line(name) | {"text": _title(page)} for name, page in galleries.items()]
    menu.append({"section": "Gallery", "contents": figures})
    return [*menu, *(line(name) for name in LAST)]


def write(output: Path = OUTPUT) -> list[Path]:
    """Write the whole site.

    Parameters
    ----------
    output : Path
        Folder to make; what an earlier run wrote there goes.

    Returns
    -------
    list of Path
        The pages.

    Raises
    ------
    RenderError
        When a link leads nowhere, or a public name has no docstring.
    """
    images: set[Path] = set()
    pages = {
        name: from_markdown((ROOT / file).read_text("utf-8"), ROOT / file, images)
        for name, file in FILES.items()
    }
    galleries = gallery()
    pages |= {"reference": reference()} | galleries
    site = Project("kansen_analysis", lang="en", contents=contents(galleries), frames={"en": FRAME})
    if output.exists():
        shutil.rmtree(output)
    with store.scratch() as work:
        for name, notebook in pages.items():
            nbformat.write(notebook, work / f"{name}.ipynb")
        for path in images:
            shutil.copy(path, work / path.name)
        made = f"kansen_analysis {kansen_analysis.__version__}, pandoc {embedded.version()}"
        warnings = embedded.build(work, output, site, made)
    if wrong := [*warnings, *links.broken(output)]:
        raise RenderError("\n".join(wrong))
    return sorted(output.glob("*.html"))


if __name__ == "__main__":
    try:
        made = write(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
    except RenderError as error:
        sys.exit(str(error))
    print(f"{len(made)} pages: {made[0].parent / 'index.html'}")
