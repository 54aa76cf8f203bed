"""Names and lists from the data as markdown: escaped, and linked only where the page exists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kansen_analysis.display.publication import current
from kansen_analysis.sources import schoolyear

_SPECIAL = re.compile(r"[\\`*_\[\]<>|@$^~#{}!]|&(?=#?\w+;)|^[-+:=%]")
_NUMBERED = re.compile(r"^(\(?\w+)([.)])(?=\s)")  # what pandoc takes for an item of a list
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def plain(text) -> str:
    """Write text from the data so that markdown shows it as it is: the one border for all of it.

    Names of schools, municipalities, boards and documents are data. Whatever they hold, it is no
    link, formula, reference, heading or HTML, and it stays on one line.

    Examples
    --------
    >>> print(plain("De *Eik* @school"))
    De \\*Eik\\* \\@school
    >>> print(plain("[klik](javascript:alert(1))"), plain("- ::: {.x}"))
    \\[klik\\](javascript:alert(1)) \\- ::: \\{.x\\}
    """
    line = _CONTROL.sub(_gap, str(text)).strip()
    return _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", line))


def _gap(match: re.Match) -> str:
    """Keep the spaces of the house, such as a thin one in a number; of others one is left."""
    return match[0] if match[0] in ("\u00a0", "\u202f", "\u2009") else " "


def link(text, page: str) -> str:
    """Link a name to a page.

    Examples
    --------
    >>> link("De Eik", "scholen/90AA00.ipynb")
    '[De Eik](scholen/90AA00.ipynb)'
    """
    return f"[{plain(text)}]({page})"


def link_if_made(text, page: str) -> str:
    """Link a name to a page that is made while publishing; elsewhere only the name.

    In plain `quarto render` there are no such pages, and a link would lead nowhere.
    """
    return link(text, page) if current().generated else plain(text)


def listed(years: Iterable[int]) -> str:
    """Write school years as a list in a sentence.

    Examples
    --------
    >>> listed([2022, 2023, 2024])
    '2022-2023, 2023-2024 en 2024-2025'
    """
    *others, last = [schoolyear.label(int(year)) for year in years]
    return f"{', '.join(others)} en {last}" if others else last


def linked_table(header: list[str], rows: Iterable[Iterable[str]], caption: str) -> str:
    """Write a table whose cells are markdown already; the first column is the wide one.

    Examples
    --------
    >>> print(linked_table(["School"], [["De Eik"]], "Scholen"))
    | School |
    |:---|
    | De Eik |
    <BLANKLINE>
    : Scholen
    """
    lines = [header, [":---"] * len(header), *rows]
    body = "\n".join(
        f"|{'|'.join(cells)}|" if cells[0] == ":---" else f"| {' | '.join(cells)} |"
        for cells in (list(line) for line in lines)
    )
    return f"{body}\n\n: {caption}"
