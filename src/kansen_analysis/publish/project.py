"""The site as a tree: one `_quarto.yml` for both engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import yaml

from kansen_analysis.errors import UsageError
from kansen_analysis.programme.settings import Settings
from kansen_analysis.words.frame import DUTCH

NOTEBOOKS = "notebooks"
CONFIG = "_quarto.yml"


@dataclass(frozen=True)
class Entry:
    """A line of the menu: a page, a heading over other lines, or both.

    Parameters
    ----------
    text : str
        What the menu says.
    page : str or None
        Path of the page below the notebooks folder, without suffix (``"scholen/06GS00"``).
    children : tuple of Entry
        The lines below it.
    """

    text: str
    page: str | None = None
    children: tuple[Entry, ...] = ()

    def walk(self) -> Iterator[Entry]:
        """Yield this line and everything below it, in the order of the menu."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Project:
    """What `_quarto.yml` says that both engines need.

    Parameters
    ----------
    title : str
        Name of the site.
    lang : str
        Language of the pages.
    echo, warning : bool
        Whether code and warnings are shown when a cell does not say so.
    number_sections : bool
        Whether headings are numbered when a page does not say so.
    toc_depth : int
        Lowest level of heading in the table of contents of a page.
    contents : list
        The menu as it stands in the file.
    raw : dict
        The whole file.
    colophon : tuple of (str, str, str)
        What the foot of every page tells: what, who, and an address or nothing.
    favicon : str
        Path of the icon below the site; empty for our own.
    frames : mapping of str to mapping
        By language what stands around a page, in place of the Dutch words (`words.frame.DUTCH`);
        under ``script`` what the script says.
    """

    title: str
    lang: str = "nl"
    echo: bool = True
    warning: bool = True
    number_sections: bool = False
    toc_depth: int = 3
    contents: list = field(default_factory=list)
    raw: dict = field(default_factory=dict)
    colophon: tuple[tuple[str, str, str], ...] = ()
    favicon: str = ""
    frames: Mapping[str, Mapping] = field(default_factory=dict)

    def said(self, lang: str) -> Mapping:
        """Return the words around a page in a language."""
        return {**DUTCH, **self.frames.get(lang, {})}

    def tree(self, titles: dict[str, str]) -> list[Entry]:
        """Build the menu for the pages that exist.

        Parameters
        ----------
        titles : dict
            Page path to title, for every page of the site.

        Returns
        -------
        list of Entry
            The menu. A line for a page that is not there is left out, so that a menu can name
            pages that only some monitors have.

        Examples
        --------
        >>> site = Project("M", contents=["notebooks/index.ipynb", {"section": "S",
        ...     "contents": "notebooks/scholen/*.ipynb"}])
        >>> menu = site.tree({"index": "Start", "scholen/1": "Een"})
        >>> [(line.text, line.page) for entry in menu for line in entry.walk()]
        [('Start', 'index'), ('S', None), ('Een', 'scholen/1')]
        """
        return _entries(self.contents, titles)


def read(root: Path) -> Project:
    """Read `_quarto.yml`.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Raises
    ------
    UsageError
        When the file is missing or is not YAML.
    """
    path = Path(root) / CONFIG
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise UsageError(f"{path} is missing; render from the root of the project.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not valid YAML: {error}") from None
    website = raw.get("website", {})
    html = (raw.get("format") or {}).get("html") or {}
    execute = raw.get("execute", {})
    menu = website.get("sidebar") or {"contents": (website.get("navbar") or {}).get("left", [])}
    return Project(
        title=str(website.get("title", "Monitor")),
        lang=raw.get("lang", "nl"),
        echo=execute.get("echo", True),
        warning=execute.get("warning", True),
        number_sections=html.get("number-sections", False),
        toc_depth=html.get("toc-depth", 3),
        contents=menu.get("contents", []),
        raw=raw,
        colophon=tuple(
            (str(line["what"]), str(line["text"]), str(line.get("href", "")))
            for line in (raw.get("kansen") or {}).get("colophon", [])
        ),
        favicon=str(website.get("favicon", "")),
    )


def named(site: Project, settings: Settings) -> Project:
    """Give a site the name and the foot of the programme it is of.

    Parameters
    ----------
    site : Project
        As `read`.
    settings : Settings
        Of the programme.
    """
    title = f"Monitor {settings.name}"
    address = settings.contact or ""
    lines = (
        ("Van", settings.owner, ""),
        ("Vragen", address.removeprefix("mailto:"), address),
        ("Licentie", settings.licence, ""),
        ("Verwijzen", settings.citation, ""),
    )
    told = tuple((what, text, href) for what, text, href in lines if text)
    website = site.raw.get("website", {}) | {"title": title}
    return replace(
        site,
        title=title,
        colophon=told or site.colophon,
        raw=site.raw | {"website": website},
    )


def pages(notebooks: Path) -> list[str]:
    """List the pages of a notebooks folder, `index` first.

    Parameters
    ----------
    notebooks : Path
        The folder; names that begin with ``.`` or ``_`` are left alone, as Quarto does.

    Returns
    -------
    list of str
        Paths below the folder, without suffix.
    """
    found = (path.relative_to(notebooks) for path in Path(notebooks).rglob("*.ipynb"))
    names = [
        path.with_suffix("").as_posix()
        for path in found
        if not any(part.startswith((".", "_")) for part in path.parts)
    ]
    return sorted(names, key=lambda name: (name != "index", name))


def page_of(href: str) -> str:
    """Name the page a path in `_quarto.yml` stands for.

    Examples
    --------
    >>> page_of("notebooks/scholen/index.ipynb")
    'scholen/index'
    """
    path = PurePosixPath(href)
    parts = path.parts[1:] if path.parts[:1] == (NOTEBOOKS,) else path.parts
    return PurePosixPath(*parts).with_suffix("").as_posix()


def _entries(items, titles: dict[str, str]) -> list[Entry]:
    """Turn Quarto's ways to write a menu into entries."""
    if isinstance(items, str):
        items = [items]
    entries: list[Entry] = []
    for item in items:
        if isinstance(item, str):
            item = {"auto": item} if "*" in item else {"href": item}
        if "auto" in item:
            pattern = page_of(str(item["auto"]))
            found = [Entry(titles[page], page) for page in titles if fnmatch(page, pattern)]
            entries += sorted(found, key=lambda entry: entry.text.casefold())
            continue
        href = item.get("href") or item.get("file")
        heading = item.get("section") or item.get("menu") or item.get("text")
        if heading and str(heading).endswith(".ipynb"):  # a section that is itself a page
            href, heading = heading, None
        page = page_of(href) if href else None
        if page not in titles:
            page = None
        below = item.get("contents") or (item["menu"] if isinstance(item.get("menu"), list) else [])
        children = tuple(child for child in _entries(below, titles) if child.page != page)
        if page or children:
            text = heading or item.get("text") or (titles[page] if page else "")
            entries.append(Entry(str(text), page, children))
    return entries
