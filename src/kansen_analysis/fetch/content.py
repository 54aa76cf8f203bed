"""Look whether what was received is the file that was asked for, before it enters the folder."""

from __future__ import annotations

import zipfile

from kansen_analysis.errors import FileFormatError
from kansen_analysis.fetch.store import Part, checksum
from kansen_analysis.fetch.where import Item
from kansen_analysis.sources.reading import WORKBOOKS, read_bytes

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
    if part.total is None and not content.endswith(b"\n"):
        refuse("a last line that stops, in a file of untold length", "a whole file")
