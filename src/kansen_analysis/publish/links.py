"""Check that a finished site hangs together and asks nothing of the outside."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# what a browser fetches by itself, as against what a reader may click
_FETCHED = {
    ("img", "src"),
    ("script", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("object", "data"),
}
_FETCHED_RELS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect"}


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[tuple[str, bool]] = []  # address, fetched by the browser itself

    def handle_starttag(self, tag, attrs):
        named = {name: value or "" for name, value in attrs}
        if "id" in named:
            self.ids.add(named["id"])
        if tag == "a" and "name" in named:
            self.ids.add(named["name"])
        if tag in ("a", "area") and "href" in named:
            self.links.append((named["href"], False))
        if tag == "link" and "href" in named:
            fetched = bool(_FETCHED_RELS & set(named.get("rel", "").lower().split()))
            self.links.append((named["href"], fetched))
        self.links += [(named[a], True) for t, a in _FETCHED if t == tag and named.get(a)]
        srcset = named.get("srcset", "")
        if srcset and not srcset.startswith("data:"):
            self.links += [(each.split()[0], True) for each in srcset.split(",") if each.strip()]

    handle_startendtag = handle_starttag


def broken(site: Path) -> list[str]:
    """Find links and anchors that lead nowhere, and what would be fetched from elsewhere.

    Parameters
    ----------
    site : Path
        Folder with the finished pages.

    Returns
    -------
    list of str
        One line per mistake, with the page it stands on.
    """
    site = Path(site)
    parsed: dict[Path, _Links] = {}
    for path in sorted(site.rglob("*.html")):
        parser = _Links()
        parser.feed(path.read_text(encoding="utf-8"))
        parsed[path.resolve()] = parser
    found = []
    for page, parser in parsed.items():
        name = page.relative_to(site.resolve()).as_posix()
        for address, fetched in dict.fromkeys(parser.links):
            if problem := _problem(page, address, fetched, parsed):
                found.append(f"{name}: {address} {problem}")
    return found


def _problem(page: Path, address: str, fetched: bool, parsed: dict[Path, _Links]) -> str | None:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        outside = parts.scheme in ("http", "https", "ftp", "") and parts.netloc
        return "would be fetched from outside the site" if fetched and outside else None
    target = page
    if parts.path:
        target = (page.parent / unquote(parts.path)).resolve()
        if target.is_dir():
            target /= "index.html"
        if not target.exists():
            return "leads to a file that is not there"
    anchor = unquote(parts.fragment)
    if anchor and anchor != "top" and target in parsed and anchor not in parsed[target].ids:
        return "leads to an anchor that is not there"
    return None
