"""How each kind of publisher tells which files there are, and how a table of StatLine is read."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from kansen_analysis.errors import Finding, MissingFileError
from kansen_analysis.fetch.client import Client
from kansen_analysis.fetch.content import refuse_fields
from kansen_analysis.fetch.errors import FetchError, NotThereError, UnreachableError
from kansen_analysis.fetch.store import Part, safe_name
from kansen_analysis.fetch.where import Item, Way, span
from kansen_analysis.sources import schoolyear

PAGES_MAX = 1000  # pages of one table


@dataclass
class Offer:
    """What one way leads to.

    Parameters
    ----------
    way : Way
        The way.
    items : list of Item
        Files to fetch.
    findings : list of Finding
        What went wrong while looking.
    """

    way: Way
    items: list[Item] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Write down what goes wrong and go on."""
        try:
            yield
        except Finding as finding:
            self.findings.append(finding)


def find(way: Way, client: Client) -> Offer:
    """Ask a publisher which files there are.

    Parameters
    ----------
    way : Way
        Where to look.
    client : Client
        Asks.

    Returns
    -------
    Offer
        Never raises for a file or page that is not there: that is a finding.
    """
    found = Offer(way)
    kinds = {
        "file": _listed, "duo_file": _listed, "page": _page, "ckan": _ckan, "odata": _tables,
        "hand": lambda *_: None,
    }  # fmt: skip
    with found.noting():
        kinds[way.kind](way, client, found)
    return found


def _named(way: Way, url: str, name: str = "", **more) -> Item:
    """Make an item, under the name in its address when it has no other."""
    name = name or unquote(Path(urlsplit(url).path).name)
    if not safe_name(name):
        raise FetchError(
            way.source,
            f"the file name {name!r}",
            "a name that ends in .csv, .ods or .xlsx",
            f"download it by hand from {way.landing_page}",
        )
    more.setdefault("years", tuple(schoolyear.find(name)))
    return Item(way.source, name, url, landing_page=way.landing_page, **more)


def _listed(way: Way, client: Client, offer: Offer) -> None:
    """Take the files that are written down, but for school years that were found already."""
    shown = {year for item in offer.items for year in item.years}
    for years, file in way.rules.get("files", {}).items():
        first = span(years)
        if first and shown.issuperset(first):
            continue
        url = urljoin(way.rules.get("base", ""), quote(file, safe=":/,;()&'+=%"))
        if way.rules.get("snapshot"):
            now = schoolyear.of_date(date.today())
            name = f"{Path(file).stem}-{schoolyear.label(now)}{Path(file).suffix}"
            offer.items.append(_named(way, url, name, years=(now,)))
        else:
            offer.items.append(_named(way, url, years=first))


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.links.append(href)


def _links(way: Way, client: Client, url: str) -> list[str]:
    """Return the addresses a web page links to."""
    reader = _Links()
    reader.feed(client.read(way.source, url).decode("utf-8", errors="replace"))
    return list(dict.fromkeys(urljoin(url, link.strip()) for link in reader.links))


def _page(way: Way, client: Client, offer: Offer) -> None:
    """Take the links of a page, or of the pages behind it, and what else is written down."""
    link, via = re.compile(way.rules["link"]), way.rules.get("via")
    with offer.noting():
        links = _links(way, client, way.rules["page"])
        behind = [url for url in links if via and re.search(via, url) and not link.search(url)]
        for url in behind:
            with offer.noting():
                links += _links(way, client, url)
        files = [url for url in dict.fromkeys(links) if link.search(unquote(urlsplit(url).path))]
        for url in files:
            with offer.noting():
                offer.items.append(_named(way, url))
        if not files and not offer.findings:
            raise MissingFileError(
                way.source,
                f"no link to a file on {way.rules['page']}",
                f"a link such as {way.rules['link']}",
                "open the page and download the file by hand; if the page moved, correct where.yml",
            )
    _listed(way, client, offer)


def _answer(way: Way, client: Client, action: str, query: str) -> dict:
    url = f"{way.rules['api']}{action}?{query}"
    answer = client.read_json(way.source, url)
    if answer.get("success") is not True:
        raise FetchError(way.source, f"no success at {url}", "an answer of CKAN", "try again later")
    return answer["result"]


def _ckan(way: Way, client: Client, offer: Offer) -> None:
    """Follow the resource's id to its data set, and that to where the file is today.

    Both ids and addresses change when DUO publishes again. When the id is gone, the file is looked
    for by its name.
    """
    wanted, file = way.rules["resource"], way.rules.get("file", "")
    try:
        resource = _answer(way, client, "resource_show", f"id={wanted}")
        package = _answer(way, client, "package_show", f"id={resource['package_id']}")
        packages = [package]
    except NotThereError:
        if not file:
            raise
        answer = _answer(way, client, "package_search", f"q={quote(Path(file).stem)}")
        packages = answer["results"]
    resources = [resource for package in packages for resource in package.get("resources", [])]
    named = {resource["id"]: unquote(Path(urlsplit(resource["url"]).path).name)
             for resource in resources}  # fmt: skip
    hits = [r for r in resources if r["id"] == wanted] or [
        r for r in resources if file and named[r["id"]].lower() == file.lower()
    ]
    if len(hits) != 1:
        there = ", ".join(sorted(set(named.values()))) or "no files"
        raise MissingFileError(
            file or way.source,
            f"{there} in the data set",
            f"{file or f'resource {wanted}'} once",
            f"look for it on {way.landing_page}; its id in where.yml may have changed",
        )
    hit = hits[0]
    size, digest = str(hit.get("size") or ""), str(hit.get("hash") or "").rpartition(":")[2].lower()
    item = _named(
        way,
        hit["url"],
        file,
        years=(),
        size=int(size) if size.isdecimal() else None,
        digest=digest if re.fullmatch("[0-9a-f]+", digest) else "",
        data_set=way.rules["data_set"],
    )
    fields = _fields(way, client, hit["id"])
    if fields:  # before megabytes come that nobody can use
        refuse_fields(item, fields)
    offer.items.append(item)


def _fields(way: Way, client: Client, resource: str) -> list[str]:
    """Return the names of the fields of a resource; none when the portal does not tell."""
    try:
        answer = _answer(way, client, "datastore_search", f"resource_id={resource}&limit=0")
    except UnreachableError:
        raise
    except FetchError:  # a file that is no table there; its header is looked at when it has come
        return []
    return [str(field.get("id", "")) for field in answer.get("fields", ())]


def _tables(way: Way, client: Client, offer: Offer) -> None:
    for table in way.rules["tables"]:
        url = way.rules["feed"] + table
        offer.items.append(_named(way, url, f"{table}.csv", years=(), table=True))


def _modified(item: Item, client: Client) -> str:
    """Return when the publisher last changed a table."""
    infos = client.read_json(item.name, f"{item.url}/TableInfos?$format=json").get("value") or [{}]
    return str(infos[0].get("Modified") or "")


def write_table(
    item: Item,
    client: Client,
    part: Part,
    known: Mapping[str, str],
    progress: Callable[[int, int | None], None],
) -> bool:
    """Write a whole table of StatLine as csv: names, keys and numbers as the publisher has them.

    Parameters
    ----------
    item : Item
        The table.
    client : Client
        Asks.
    part : Part
        Takes the csv: commas, UTF-8, the columns of TypedDataSet, keys with their spaces; a cell
        without a value is empty.
    known : mapping
        ``last_modified`` of the version we have, if any.
    progress : callable
        Gets the number of bytes written.

    Returns
    -------
    bool
        False when the table did not change.

    Raises
    ------
    FetchError
        When a page does not come, or pages do not fit each other.
    """
    modified = _modified(item, client)
    if modified and modified == known.get("last_modified"):
        return False
    part.begin({"Last-Modified": modified})
    url, header, seen = f"{item.url}/TypedDataSet?$format=json", None, set()
    again = "run the same command again"
    with part.writing(0) as handle:
        while url:
            seen.add(url)
            answer = client.read_json(item.name, url)
            rows = answer.get("value")
            if not isinstance(rows, list) or (header is None and not rows):
                raise FetchError(item.name, f"no rows at {url}", "rows", again)
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\n")
            if header is None:
                header = list(rows[0])
                writer.writerow(header)
            for row in rows:
                if list(row) != header:
                    raise FetchError(item.name, f"other columns at {url}", ", ".join(header), again)
                writer.writerow("" if value is None else value for value in row.values())
            handle.write(text.getvalue().encode())
            progress(handle.tell(), None)
            url = answer.get("odata.nextLink")
            if (url and (url := urljoin(item.url, url)) in seen) or len(seen) > PAGES_MAX:
                raise FetchError(item.name, f"pages without an end at {url}", "a last page", again)
    if _modified(item, client) != modified:
        raise FetchError(
            item.name, "a table that was replaced while it was read", "one edition", again
        )
    return True
