"""Tables: a disclosed frame and its variables become accessible HTML with the file behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from kansen_analysis.display import downloads
from kansen_analysis.display._html import below, text, words
from kansen_analysis.edition.disclosure import REASON
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

HIDDEN = "x"
PROVISIONAL = "*"
LONG = 15  # rows; a longer table scrolls under its own header
_NAME = 24  # characters of the longest name that is not broken on a desk
_ROOMS = (6, 9, 12, 16, 24, 34)  # characters, as in kansen.css
_ACROSS, _GAP = 124, 2  # characters that stand beside each other on a desk, and between columns
KINDS = ("code", "text", "count", "mean", "share", "difference", "year")
_LEGEND = {  # in the order in which they are explained
    numbers.SMALL: "afgeschermd: 1 tot en met 4 leerlingen",
    HIDDEN: f"afgeschermd: {REASON}",
    numbers.UNKNOWN: numbers.UNKNOWN_WORD,
    PROVISIONAL: "voorlopig cijfer",
}


@dataclass(frozen=True, repr=False)
class Table:
    """A table that shows itself in a notebook.

    Parameters
    ----------
    name : str
        Unique in the monitor; names the files.
    caption : str
        What, of whom, where and when.
    frame, variables : pandas.DataFrame
        The disclosed frame and its description.
    source : str
        Publisher and data set.
    notes : tuple of str
        Below the table.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    variables: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()

    def html(self) -> str:
        """Return the table, its legend, notes, source and files as HTML."""
        links = downloads.link(
            self.name, self.frame, self.variables, source=self.source, notes=self.notes
        )
        return "\n".join(
            [
                f'<div class="kansen-block" id="tabel-{text(self.name)}">',
                bare(self.name, self.caption, self.frame, self.variables),
                below(self.source, self.notes, links, self.name, self.caption),
                "</div>",
            ]
        )

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return f"Tabel {self.name}: {self.caption} ({len(self.frame)} rijen)"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}


def table(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    variables: pd.DataFrame,
    source: str,
    notes: Sequence[str] = (),
) -> Table:
    """Make a table of a disclosed frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `disclosure.disclose` returns it. The first column shown names the row.
        Beside ``x`` stand ``x_low`` and ``x_high`` (a hidden count, or a range) and ``x_reason``;
        a column ``provisional`` marks its rows.
    name : str
        Unique in the monitor: letters, digits and hyphens.
    caption : str
        What, of whom, where and when.
    variables : pandas.DataFrame
        Indexed by column name, in the order of the table, with ``label``, ``unit``, ``decimals``
        and ``kind`` (code, text, count, mean, share, difference, year). Only columns that stand
        here are shown and published.
    source : str
        Publisher and data set.
    notes : sequence of str
        Below the table.

    Returns
    -------
    Table
        Shows itself in a notebook as text/html.

    Raises
    ------
    UsageError
        If no column is described, or a kind is not known.

    Examples
    --------
    >>> frame = pd.DataFrame({"year": [2023, 2024], "share": [45.25, None]})
    >>> about = pd.DataFrame(
    ...     {"label": ["Schooljaar", "Streefniveau"], "unit": ["", "%"], "decimals": [0, 1],
    ...      "kind": ["year", "share"]}, index=["year", "share"])
    >>> table(frame, name="streef", caption="Streefniveau", variables=about, source="Inspectie")
    Tabel streef: Streefniveau (2 rijen)
    """
    shown = described(frame, variables)
    return Table(name, caption, frame, shown, source, tuple(notes))


def about(*rows: tuple) -> pd.DataFrame:
    """Return variables from rows of (column, label, unit, decimals, kind[, base])."""
    names = ["column", "label", "unit", "decimals", "kind", "base"]
    return pd.DataFrame([(*row, "")[:6] for row in rows], columns=names).set_index("column")


def described(frame: pd.DataFrame, variables: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `variables` whose column is in the frame.

    Raises
    ------
    UsageError
        If there is none, or one has a kind that is not known.
    """
    shown = variables.loc[[name for name in variables.index if name in frame.columns]]
    if shown.empty:
        raise UsageError("none of the columns of this frame is described in variables")
    wrong = shown.index[~shown["kind"].isin(KINDS)]
    if len(wrong):
        raise UsageError(f"{wrong[0]}: kind is not one of {', '.join(KINDS)}")
    return shown


def bare(name: str, caption: str, frame: pd.DataFrame, variables: pd.DataFrame) -> str:
    """Return only the table in its scroll region, with the legend of its symbols.

    Parameters
    ----------
    name, caption, frame, variables
        As in `table`.

    Returns
    -------
    str
        HTML without blank lines, so that Markdown leaves it alone.
    """
    variables = described(frame, variables)
    names = list(variables.index)
    rows, used = [], set()
    for row in frame.astype(object).to_dict("records"):
        cells = [cell(row, each, variables.loc[each]) for each in names]
        used |= {symbol for symbol in _LEGEND for each in cells if each == symbol}
        if row.get("provisional") is True:
            cells[0] += PROVISIONAL
            used.add(PROVISIONAL)
        rows.append(cells)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    head = "".join(
        f'<th scope="col" class="{_class(about.kind)}{room}">{_header(about)}</th>'
        for about, room in zip(each_row(variables), _rooms(variables, columns), strict=True)
    )
    body = []
    for cells in rows:
        first, *rest = (
            f' class="{_class(kind)}">{words(each) if kind == "text" else text(each)}'
            for each, kind in zip(cells, variables["kind"], strict=True)
        )
        tail = "".join(f"<td{each}</td>" for each in rest)
        body.append(f'<tr><th scope="row"{first}</th>{tail}</tr>')
    title = f'<span class="kansen-caption">{words(caption)}</span>'
    heading = f"tabel-{text(name)}-titel"
    legend = "; ".join(f"<b>{text(s)}</b>&nbsp;{text(_LEGEND[s])}" for s in _LEGEND if s in used)
    long = " kansen-long" if len(rows) > LONG else ""
    return "\n".join(
        [
            f'<div class="kansen-scroll{long}" role="region" aria-labelledby="{heading}" '
            'tabindex="0">',
            '<table class="kansen-table" data-quarto-disable-processing="true">',
            f'<caption id="{heading}">{title}</caption>',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody>",
            "</table>",
            "</div>",
            *([f'<p class="kansen-legend">{legend}</p>'] if legend else []),
        ]
    )


def cell(row: dict, name: str, about: pd.Series) -> str:
    """Write one cell in Dutch.

    Parameters
    ----------
    row : dict
        Column name to value.
    name : str
        The column.
    about : pandas.Series
        Its row of `variables`.

    Returns
    -------
    str
        The text of the cell; the unit stands in the header.
    """
    value, kind = row.get(name), about["kind"]
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if kind in ("code", "text"):
        return numbers.UNKNOWN if pd.isna(value) else str(value)
    if kind == "year":
        return numbers.school_year(value)
    if kind == "count":
        return numbers.number(value, 0) if pd.notna(value) else numbers.masked(low, high)
    decimals = 1 if pd.isna(about.get("decimals")) else int(about["decimals"])
    if pd.notna(value):
        return (numbers.signed if kind == "difference" else numbers.number)(value, decimals)
    if pd.notna(row.get(f"{name}_reason")):
        return HIDDEN
    if low is None or high is None:
        return numbers.UNKNOWN
    return numbers.span(low, high, decimals)


def _header(about) -> str:
    unit = "" if pd.isna(about.unit) else str(about.unit)
    if unit.lower() == str(about.label).lower():
        unit = ""  # "Leerlingen (leerlingen)" says nothing
    tail = f' <span class="kansen-unit">({text(unit)})</span>' if unit else ""
    return words(about.label) + tail


def _class(kind: str) -> str:
    if kind in ("code", "year"):
        return "kansen-text kansen-whole"  # never broken over two lines
    return "kansen-text" if kind == "text" else "kansen-number"


def _rooms(variables: pd.DataFrame, columns: Sequence[Sequence[str]]) -> list[str]:
    """Return the classes that keep a column from one word wide, a header from being a tower.

    Where all columns together are wider than a page on a desk, the widest give way first: a
    sentence may take more lines, down to its longest word.
    """
    rooms, least = [], []
    for about, cells in zip(each_row(variables), columns, strict=True):
        header = f"{about.label} {'' if pd.isna(about.unit) else about.unit}"
        longest = max(map(len, cells), default=0)
        sentence = longest if about.kind == "text" else 0
        # a name stays on one line, a sentence takes three
        need = max(len(header) / 3, sentence if sentence <= _NAME else max(_NAME, sentence / 3))
        rooms.append(next((w for w in _ROOMS if w >= need), _ROOMS[-1]) if need > 4 else 0)
        parts = " ".join([header, *(cells if about.kind == "text" else ())]).split()
        whole = 0 if about.kind == "text" else longest
        least.append(max([whole, *map(len, parts)]))
    while sum(map(max, rooms, least)) + _GAP * len(rooms) > _ACROSS:
        wide = max((w for w, word in zip(rooms, least, strict=True) if w > word), default=0)
        if not wide:
            break  # no column can give way: it scrolls in its region
        at = next(i for i, w in enumerate(rooms) if w == wide and w > least[i])
        rooms[at] = max((w for w in _ROOMS if w < wide), default=0)
    return [f" kansen-w{wide}" if wide else "" for wide in rooms]
