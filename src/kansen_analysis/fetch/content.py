"""Look whether what was received is the file that was asked for, before it enters the folder."""

from __future__ import annotations

import csv
import zipfile

from kansen_analysis.errors import FileFormatError, LayoutError
from kansen_analysis.fetch.store import Part, checksum
from kansen_analysis.fetch.where import Item
from kansen_analysis.sources.reading import WORKBOOKS, read_bytes
from kansen_analysis.sources.spec import get

_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256"}
_AGAIN = "try again later; if it stays, open the address in a browser"


def verify(item: Item, part: Part) -> None:
    """Refuse anything but a whole data file.

    Parameters
    ----------
    item : Item
        What was asked for, with the size and checksum its publisher gives.
    part : Part
        What was received.

    Raises
    ------
    FileFormatError
        When it is empty, cut off, a web page, or not what its name says.
    LayoutError
        When its columns are not those of its data set, where one is told.
    """
    content = read_bytes(part.path)

    def refuse(found: str, expected: str) -> None:
        raise FileFormatError(item.name, f"{found} at {item.url}", expected, _AGAIN)

    if item.size is not None and len(content) != item.size:
        refuse(f"{len(content)} bytes", f"{item.size}, as the publisher says")
    if item.digest and len(item.digest) in _DIGESTS:
        kind = _DIGESTS[len(item.digest)]
        if checksum(part.path, kind) != item.digest:
            refuse(f"another {kind} checksum", f"{item.digest}, as the publisher says")
    if part.path.suffix.lower() in WORKBOOKS:
        try:
            with zipfile.ZipFile(part.path) as packed:
                bad = packed.testzip()
        except zipfile.BadZipFile:
            bad = "all of it"
        if bad:
            refuse("a workbook that is cut off or damaged", "a workbook that opens")
        return
    lines = content.split(b"\n", 2)
    if len(lines) < 2 or not lines[1].strip() or not any(s in lines[0] for s in (b";", b",")):
        refuse("text that is no table", "a header and rows, with separators")
    if item.data_set:
        head = lines[0].decode("utf-8-sig", errors="replace").strip()
        refuse_fields(item, next(csv.reader([head], delimiter=max(",;\t", key=head.count))))
    if part.total is None and not content.endswith(b"\n"):
        refuse("a last line that stops, in a file of untold length", "a whole file")


def refuse_fields(item: Item, fields: list[str]) -> None:
    """Refuse a table with other fields than its layout has, before it takes another's place.

    Parameters
    ----------
    item : Item
        What was asked for.
    fields : list of str
        The headers it has, or will have.

    Raises
    ------
    LayoutError
        With what it has and lacks.

    Examples
    --------
    >>> wanted = Item("heroverweging", "a.csv", "", data_set="heroverweging")
    >>> refuse_fields(wanted, ["INSTELLINGSCODE", "VESTIGINGSCODE"])
    Traceback (most recent call last):
    kansen_analysis.errors.LayoutError: a.csv: found fields without TYPE_PO, PEILJAAR, ...
    """
    layouts = get(item.data_set).layouts
    has, lacks, layout = min(
        ((*layout.difference(fields), layout) for layout in layouts),
        key=lambda found: len(found[0]) + len(found[1]),
    )
    if not has and not lacks:
        return
    missing = ", ".join(layout.columns[name] for name in lacks)
    sides = [f"without {missing}"] if missing else []
    sides += [f"with {', '.join(has)}"] if has else []
    raise LayoutError(
        item.name,
        f"fields {' and '.join(sides)} at {item.url or item.landing_page}",
        ", ".join(layout.columns.values()),
        f"look on {item.landing_page} for the file that has these and correct where.yml; when the "
        f"publisher changed the layout, add it to sources/{item.data_set}/columns.csv",
    )
