"""From a recognised file to tidy tables: canonical names, typed values, one unit per row.

A file is kept as wide as it is published, one frame per layout and school year: text as categories,
a count as its lowest and highest. `fold` makes the tidy table of it when it is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pandas as pd

from kansen_analysis.errors import (
    CellError,
    ConsistencyError,
    DuplicateError,
    FileFormatError,
    Finding,
    LayoutError,
    SchoolYearError,
)
from kansen_analysis.sources import persons, schoolyear, values
from kansen_analysis.sources.reading import Body
from kansen_analysis.sources.recognise import Part, Recognised
from kansen_analysis.sources.spec import YEARS, Layout, Source, get, header_year

LINE = "_line"  # kept while reading, so that every finding can name its line
ENDS = ("_low", "_high")  # of a count that may be hidden


@dataclass
class Log:
    """What is found while a file is read."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Wide:
    """The rows of a file that are in one layout and of one school year, as wide as they stand.

    Parameters
    ----------
    layout : Layout
        Names the columns.
    where : str
        What stands before a header in a message: the sheet.
    frame : pandas.DataFrame
        ``year``, `LINE` and the variables: text, codes and dates as categories, means as numbers,
        of a count ``_low`` and ``_high``.
    """

    layout: Layout
    where: str
    frame: pd.DataFrame

    def header(self, name: str) -> str:
        """Return the raw header of a variable, for messages."""
        return self.where + self.layout.columns.get(name, name)


def counts(frame: pd.DataFrame) -> list[str]:
    """Return the names of the counts in a frame."""
    return [c.removesuffix("_low") for c in frame.columns if c.endswith("_low")]


def exact(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a count where it is known, missing where it is hidden."""
    low, high = frame[f"{name}_low"], frame[f"{name}_high"]
    return low.where((low == high).fillna(False))


def hidden(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Tell in which rows the publisher hid a count."""
    low, high = (frame[f"{name}{end}"].to_numpy(float, na_value=np.nan) for end in ENDS)
    return ~np.isnan(low) & (low != high)


def plain(column: pd.Series) -> pd.Series:
    """Return categories as what they are: text as text and dates as dates."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    # As `astype` does, which makes Python objects of all categories first.
    values = column.cat.categories.array.take(column.cat.codes.to_numpy(), allow_fill=True)
    return pd.Series(values, column.index, name=column.name, copy=False)


def _check_years(part: Part, file: str, tables: str) -> list[Finding]:
    """Find a school year that one of the columns with a year in its header lacks."""
    layout = part.layout
    years: dict[str, set[int]] = {}
    for name, pattern in layout.patterns.items():
        for header in part.header:
            match = pattern.fullmatch(header) if header else None
            year = header_year(layout.columns[name], match) if match else None
            if year is not None and "{years}" not in layout.columns[name]:
                years.setdefault(name, set()).add(year)
    rules = get(layout.source).meta
    lacking: list[tuple[str, int]] = []
    for together in rules.get("same_years", []):
        every = set().union(*(years.get(name, set()) for name in together))
        for name in together:
            years.setdefault(name, set())
            lacking += [(name, year) for year in sorted(every - years[name])]
    if rules.get("every_year"):
        for name, has in years.items():
            lacking += [(name, y) for y in range(min(has), max(has)) if y not in has]
    return [
        LayoutError(
            file,
            f"no such column of {schoolyear.label(year)}",
            f"a column {layout.columns[name]!r} of every school year",
            f"download the file again; if the publisher dropped it, edit {tables}",
            line=part.line,
            column=layout.columns[name],
        )
        for name, year in lacking
    ]


def check_header(part: Part, file: str) -> list[Finding]:
    """Compare a header with its layout: nothing unknown, nothing missing, nothing twice."""
    layout = part.layout
    findings: list[Finding] = []
    headers = {name: raw.replace("|", "' or '") for name, raw in layout.columns.items()}
    tables = f"sources/{layout.source}/columns.csv (layout {layout.name})"
    line = part.line
    where = part.where
    filled = [(i, h) for i, h in enumerate(part.header) if h]
    known = {
        name: [h for _, h in filled if pattern.fullmatch(h)]
        for name, pattern in layout.patterns.items()
    }
    unknown = [
        h
        for _, h in filled
        if not any(h in hits for hits in known.values()) and not layout.ignored.fullmatch(h)
    ]
    missing = [headers[n] for n, hits in known.items() if not hits and n not in layout.optional]
    if len(unknown) == 1 and len(missing) == 1:
        findings.append(
            LayoutError(
                file,
                f"a column {unknown[0]!r}",
                f"{missing[0]!r}",
                f"if the publisher renamed it, add a row to {tables}; else mend the header",
                line=line,
                column=where + unknown[0],
            )
        )
        return findings
    for header in unknown:
        findings.append(
            LayoutError(
                file,
                f"an unknown column {header!r}",
                "only columns of the layout",
                f"remove it if it is your own; if the publisher added it, add it to {tables} and "
                "variables.csv",
                line=line,
                column=where + header,
            )
        )
    for name, hits in known.items():
        distinct = dict.fromkeys(hits)
        if len(distinct) > 1 and not any(y in layout.columns[name] for y in YEARS):
            findings.append(
                LayoutError(
                    file,
                    "columns " + " and ".join(map(repr, distinct)),
                    f"one column {headers[name]!r}",
                    "remove one of them, or download the file again",
                    line=line,
                    column=where + list(distinct)[1],
                )
            )
    for raw in missing:
        findings.append(
            LayoutError(
                file,
                "no such column",
                f"a column {raw!r}",
                f"if the publisher dropped it, add a row without it to {tables}",
                line=line,
                column=where + raw,
            )
        )
    names = [h for _, h in filled]
    for header in dict.fromkeys(h for h in names if names.count(h) > 1):
        findings.append(
            LayoutError(
                file,
                f"{names.count(header)} columns named {header!r}",
                "one",
                "remove the double column, or download the file again",
                line=line,
                column=where + header,
            )
        )
    findings += _check_years(part, file, tables)
    if any(not h for h in part.header[: filled[-1][0]] if filled):
        findings.append(
            LayoutError(
                file,
                "a column without a name",
                "a name above every column",
                "download the file again",
                line=line,
            )
        )
    return findings


def _marks(part: Part, source: Source) -> str:
    """Return the decimal marks that may stand in a part, the publisher's own first.

    A file that was saved again with another separator may have another mark as well: with commas
    between the cells a point, with semicolons a comma.
    """
    own, separator = source.meta.get("decimal", ","), part.table.separator
    if not separator or separator == part.layout.separator:
        return own
    return own + ("." if own == "," else ",")


def _frames(part: Part, source: Source, file: str, log: Log) -> list[pd.DataFrame]:
    """Read a part: one frame, or one per school year when the headers carry the year."""
    problems = check_header(part, file)
    layout = part.layout
    body = part.table.below(
        part.header_at, len(part.header), source.meta.get("until"), layout.encodings
    )
    log.findings += _about_persons(part, body, file) or problems
    log.findings += body.broken
    log.notes += body.notes
    if not len(body.lines) and not body.broken:
        log.findings.append(
            FileFormatError(
                file,
                "a header without rows",
                "one row per school",
                "download the file again",
                line=part.line,
                column=part.table.sheet or None,
            )
        )
    if problems or not len(body.lines):
        return []
    read: dict[tuple[str, int | None], dict[str, pd.Series]] = {}
    years: set[int] = set()
    marks = _marks(part, source)
    for name, pattern in layout.patterns.items():
        raw = layout.columns[name]
        for at, header in enumerate(part.header):
            match = pattern.fullmatch(header) if header else None
            if not match:
                continue
            year = header_year(raw, match)
            if year is not None:
                years.add(year)
            read[name, year] = values.read_column(
                body.columns[at],
                source.variable[name],
                source,
                values.Place(file, part.where + header, body.lines, log.findings, log.notes),
                thousands=layout.thousands,
                marks=marks,
            )
    shared = {
        c: series for (_, of), found in read.items() if of is None for c, series in found.items()
    }
    shared[LINE] = pd.Series(body.lines, copy=False)
    # The years of a part share their rows, and so what is made of these.
    base = _school(pd.DataFrame(shared, copy=False), file, log.findings)
    base = _decode(Wide(layout, part.where, base), source, file, log.findings)
    frames = []
    own_years: list[int | None] = [*sorted(years)] or [None]
    for year in own_years:
        own = {
            c: series
            for (_, of), found in read.items()
            if of == year
            for c, series in found.items()
        }
        frame = base.copy(deep=False)
        if year is not None:
            frame = frame.assign(**own, year=np.full(len(base), year, dtype=np.int64))
        frames.append(frame)
    return frames


def _about_persons(part: Part, body: Body, file: str) -> list[Finding]:
    """Find persons in the columns that nobody knows: no advice to make these known."""
    unknown = set(part.layout.difference(part.header)[0])
    places = [at for at, header in enumerate(part.header) if header in unknown]
    return [
        persons.finding(file, f"{kind} in column {at + 1}", part.line)
        for at in places
        if (kind := persons.kind_of(body.columns[at].listed() if body.columns else ()))
    ]


def _school(frame: pd.DataFrame, file: str, findings: list) -> pd.DataFrame:
    """Bring BRIN and vestiging, in any of DUO's notations, to one BRIN6 ``school``."""
    if "region" in frame:
        inside = frame["region"].str[:2].isin(["GM", "WK", "BU"]).fillna(False)
        frame["municipality_code"] = frame["region"].str[2:6].where(inside).astype("category")
    if "brin" not in frame or "branch" not in frame:
        return frame
    brin, branch = plain(frame["brin"]), plain(frame["branch"])
    other = (branch.str.len() == 6) & (branch.str[:4] != brin)
    for at in frame.index[other.fillna(False)]:
        findings.append(
            ConsistencyError(
                file,
                f"vestiging {branch[at]} under BRIN {brin[at]}",
                "a vestiging of the BRIN on the same line",
                "compare with the publisher's file",
                line=int(frame[LINE].loc[at]),
                column="vestiging",
            )
        )
    frame = frame.drop(columns=["brin", "branch"])
    frame.insert(0, "school", (brin + branch.str[-2:]).astype("category"))
    return frame


def _year_of(
    frame: pd.DataFrame, part: Part, source: Source, file: str, noted: int | None, findings: list
) -> int | None:
    """Tell the school year: from the content, else from files.csv, else from the name."""
    rule = source.meta["year"]
    if "title" in rule:  # in the words above the header
        above = " ".join(str(c) for row in part.table.head[: part.header_at] for c in row)
        dated = re.search(r"\b1 oktober (\d{4})", above)
        if dated:
            return int(dated[1])
    if "sheet" in rule and part.table.sheet:
        named = schoolyear.find(part.table.sheet)
        return named[0] if named else None
    if rule.get("date") in frame:
        return _year_of_dates(frame, part, rule["date"], file, noted, findings)
    if noted is not None:
        return noted
    stems = source.files["file"].map(lambda name: Path(name).stem)
    if "sheet" in rule:  # LibreOffice puts the name of the sheet behind that of the workbook
        sheets = {Path(file).stem.removeprefix(f"{stem}-") for stem in stems} - {Path(file).stem}
        named = [year for sheet in sheets for year in schoolyear.find(sheet)]
        if len(named) == 1:
            return named[0]
    named_so = stems == Path(file).stem
    listed = source.files.loc[named_so, "school_year"].tolist()
    if listed and re.fullmatch(r"\d{4}", listed[0]):  # a calendar year
        return int(listed[0])
    named = schoolyear.find(listed[0]) if listed else []
    named = named or schoolyear.find(file)
    # Of a sheet that was saved as csv, a name with two school years does not say which.
    if named and not ("sheet" in rule and len(named) > 1):
        # A file that compares two school years is about the first.
        return named[0] if rule.get("name") == "first" else named[-1]
    findings.append(
        SchoolYearError(
            file,
            "no school year in the file or its name",
            "the school year it describes",
            "add a line to files.csv in the data folder (file,source,school_year,note): "
            f'{file},{source.name},2024-2025,"where and when you got it"',
        )
    )
    return None


def _year_of_dates(
    frame: pd.DataFrame, part: Part, name: str, file: str, noted: int | None, findings: list
) -> int | None:
    """Tell the school year from the dates in a column; without one they are findings already."""
    column = part.layout.columns[name]
    days = frame[name]
    years = {day: schoolyear.of_date(day) for day in days.cat.categories}
    found = days.astype(object).map(years, na_action="ignore").dropna()
    distinct = sorted(set(found))
    if not distinct:
        return None
    if len(distinct) > 1:
        common = found.mode().iloc[0]
        at = found.index[found != common][0]
        findings.append(
            SchoolYearError(
                file,
                f"a date in {schoolyear.label(int(found[at]))}",
                f"one school year in the whole file ({schoolyear.label(int(common))})",
                "two files were joined, or a date is wrong; download the file again",
                line=int(frame[LINE].loc[at]),
                column=column,
            )
        )
        return None
    year = int(distinct[0])
    if noted is not None and noted != year:
        findings.append(
            SchoolYearError(
                file,
                f"dates in {schoolyear.label(year)}",
                f"{schoolyear.label(noted)}, as files.csv of the data folder says",
                "correct files.csv, or take the right file",
                line=int(frame[LINE].iloc[0]),
                column=column,
            )
        )
    return year


def _check_means(wide: Wide, source: Source, file: str, findings: list) -> None:
    """Refuse a mean where nobody sat the test, or none where five or more did."""
    frame = wide.frame
    for measure, needs in source.meta.get("mean_needs", {}).items():
        for cell, names in source.cells:
            if names.get(measure) not in frame or f"{names.get(needs)}_low" not in frame:
                continue
            pupils, mean = exact(frame, names[needs]), frame[names[measure]]
            nobody = (pupils == 0).fillna(False) & mean.notna()
            lost = (pupils >= 5).fillna(False) & mean.isna()
            for at in [*frame.index[nobody][:5], *frame.index[lost][:5]]:
                findings.append(
                    ConsistencyError(
                        file,
                        f"{pupils[at]} pupils beside "
                        + ("no mean" if pd.isna(mean[at]) else f"a mean of {mean[at]:g}"),
                        "a mean exactly where pupils sat the test",
                        "compare with the publisher's file; download it again",
                        line=int(frame[LINE].loc[at]),
                        column=" ".join(cell) or wide.header(names[measure]),
                    )
                )


def _meanings(codes: pd.DataFrame) -> list[str]:
    return [c for c in codes.columns if c not in ("variable", "code")]


def _decode(wide: Wide, source: Source, file: str, findings: list) -> pd.DataFrame:
    """Replace the codes of a column by what ``codes.csv`` says they mean."""
    frame = wide.frame
    for variable, table in source.codes_of:
        if variable not in frame:
            continue
        meanings = [c for c in _meanings(table) if (table[c] != "").any()]
        known = table.set_index("code")
        unknown = frame[variable].notna() & ~frame[variable].isin(known.index)
        if variable in source.meta.get("open_codes", []):
            unknown[:] = False
        for code, rows in frame[unknown].groupby(variable, observed=True):
            findings.append(
                CellError(
                    file,
                    f"the code {code!r}" + (f" (on {len(rows)} lines)" if len(rows) > 1 else ""),
                    "one of " + ", ".join(known.index),
                    f"if the publisher added it, add it to sources/{source.name}/codes.csv",
                    line=int(rows[LINE].iloc[0]),
                    column=wide.header(variable),
                )
            )
        codes = plain(frame[variable])
        for column in meanings:
            meaning = codes.map(known[column])
            if column == variable:  # an open list: a code that is not on it stands for itself
                meaning = meaning.fillna(codes)
            frame[column] = meaning.astype("str").astype("category")
        if variable not in meanings:
            frame = frame.drop(columns=variable)
    return frame


def _wanted(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Keep the rows the source is about, and of CBS whole years of the asked-for kind."""
    for column, values_ in source.meta.get("where", {}).items():
        frame = frame[frame[column].isin(list(values_)).fillna(False)]
    period = source.meta["year"].get("period")
    if period and "period" in frame:
        text = plain(frame["period"])
        frame = frame[text.str[4:6].eq(period).fillna(False)]
        years = text.loc[frame.index].str[:4].astype(int)
        frame = frame.assign(year=years).drop(columns="period")
    return frame.reset_index(drop=True)


def _check_sums(wide: Wide, source: Source, file: str, findings: list) -> None:
    """Refuse a total that its parts cannot add up to, or a part larger than its total."""
    frame = wide.frame

    def told(low: int, high: int) -> str:
        return f"{low}" if low == high else f"{low} to {high}"

    def count(at: int, name: str) -> str:
        return told(frame[f"{name}_low"].loc[at], frame[f"{name}_high"].loc[at])

    for name, total in source.meta.get("at_most", {}).items():
        wrong = frame[f"{name}_low"] > frame[f"{total}_high"]
        for at in frame.index[wrong.fillna(False)][:5]:
            findings.append(
                ConsistencyError(
                    file,
                    f"{count(at, name)} beside a total of {count(at, total)}",
                    f"no more than {wide.header(total)}",
                    "compare with where the counts come from, and correct the file",
                    line=int(frame[LINE].loc[at]),
                    column=wide.header(name),
                )
            )
    for total, parts in source.meta.get("adds_up", {}).items():
        names = [n for n in source.variables.index if re.fullmatch(parts, n)]
        names = [n for n in names if f"{n}_low" in frame]
        if f"{total}_low" not in frame or not names:
            continue
        low, high = (reduce(add, (frame[f"{n}{end}"] for n in names)) for end in ENDS)
        wrong = (frame[f"{total}_low"] > high) | (frame[f"{total}_high"] < low)
        for at in frame.index[wrong.fillna(False)][:5]:
            findings.append(
                ConsistencyError(
                    file,
                    f"a total of {count(at, total)} beside parts of {told(low[at], high[at])}",
                    "parts that add up to the total",
                    "compare with the publisher's file; download it again",
                    line=int(frame[LINE].loc[at]),
                    column=wide.header(total),
                )
            )


def _check_keys(frame: pd.DataFrame, source: Source, file: str, findings: list) -> None:
    key = [k for k in [*source.meta["key"], "year"] if k in frame]
    double = frame.duplicated(key) & frame[key[0]].notna()
    for at in frame.index[double][:20]:
        findings.append(
            DuplicateError(
                file,
                " ".join(str(frame.at[at, k]) for k in key) + " a second time",
                "one row per " + " and ".join(key),
                "remove the double row, or download the file again",
                line=int(frame[LINE].loc[at]),
            )
        )


def read(recognised: Recognised, noted: int | None = None) -> tuple[list[Wide], int, list[str]]:
    """Read a recognised file.

    Parameters
    ----------
    recognised : Recognised
        The file and its parts.
    noted : int, optional
        The school year that ``files.csv`` of the data folder gives.

    Returns
    -------
    parts : list of Wide
        One per layout and school year, as fine as the file.
    rows : int
        Rows of data in the file; of a workbook those of its longest sheet.
    notes : list of str
        What is worth a look and no mistake.

    Raises
    ------
    ExceptionGroup
        Of `Finding`, with everything that is wrong in this file.
    """
    source, file = recognised.source, recognised.path.name
    found = Log()
    result: list[Wide] = []
    rows = 0
    for part in recognised.parts:
        before = len(found.findings)
        frames = _frames(part, source, file, found)
        whole = len(found.findings) == before  # what could not be read contradicts nothing
        for number, frame in enumerate(frames):
            rows = max(rows, len(frame))
            frame = _wanted(frame, source)
            if number == 0:
                _check_keys(frame, source, file, found.findings)
            if whole:
                wide = Wide(part.layout, part.where, frame)
                _check_sums(wide, source, file, found.findings)
                _check_means(wide, source, file, found.findings)
            for total in source.meta.get("only_checked", []):
                frame = frame.drop(columns=[f"{total}_low", f"{total}_high"], errors="ignore")
            if "year" not in frame:
                year = _year_of(frame, part, source, file, noted, found.findings)
                if year is None:
                    continue
                frame["year"] = np.full(len(frame), year, dtype=np.int64)
            for column, constant in source.meta.get("constants", {}).items():
                frame[column] = pd.Categorical([constant]).take(np.zeros(len(frame), int))
            result.append(Wide(part.layout, part.where, frame))
    if found.findings:
        raise ExceptionGroup(file, found.findings)
    return result, rows, found.notes


# ---------------------------------------------------------------- from wide to tidy


def _triple(name: str, low: pd.Series, high: pd.Series) -> dict[str, pd.Series]:
    """Return a count with its lowest and highest; hidden, it has no value."""
    low, high = low.astype("Int64"), high.astype("Int64")
    value = low.where((low == high).fillna(False))
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def fold(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Make the tidy table of a wide frame: one row per unit and value of the dimensions.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in `Wide`.
    source : Source
        Its ``long`` names the dimensions into which columns are folded.

    Returns
    -------
    pandas.DataFrame
        Counts as Int64 with ``_low`` and ``_high``, text as text.
    """
    folded = {name for _, names in source.cells for name in names.values()}
    ends = {f"{name}{end}" for name in folded for end in ENDS}
    keep: dict[str, pd.Series] = {}
    for column in frame.columns:
        base = column.removesuffix("_low")
        if source.dimensions and (column in folded or column in ends):
            continue
        if base != column:
            keep |= _triple(base, frame[column], frame[f"{base}_high"])
        elif not column.endswith("_high"):
            keep[column] = plain(frame[column])
    if not source.dimensions:
        return pd.DataFrame(keep, copy=False)
    every, pieces = pd.DataFrame(keep, copy=False), []
    for cell, names in source.cells:
        there = {m: n for m, n in names.items() if n in frame or f"{n}_low" in frame}
        if not there:
            continue
        piece = every.copy(deep=False)
        for dimension, value in zip(source.dimensions, cell, strict=True):
            piece[dimension] = pd.array([value] * len(frame), dtype="str")
        for measure, name in there.items():
            if name in frame:
                piece[measure] = frame[name]
            else:
                triple = _triple(measure, frame[f"{name}_low"], frame[f"{name}_high"])
                piece = piece.assign(**triple)
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True) if pieces else every


def add_up(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Add up rows that differ only in a dimension the table does not have.

    Parameters
    ----------
    frame : pandas.DataFrame
        Tidy, as fine as the file.
    source : Source
        Its ``add_up`` names the dimensions; without it the frame is returned as it is.

    Returns
    -------
    pandas.DataFrame
        Counts with ``_low`` and ``_high``; a sum has a value where the two are the same.
    """
    over = source.meta.get("add_up")
    if not over:
        return frame
    key = [k for k in [*source.meta["key"], "year", *source.dimensions] if k in frame]
    group = frame.groupby([k for k in key if k not in over], sort=False, dropna=False).ngroup()
    result = frame.drop(columns=over).loc[~group.duplicated()].reset_index(drop=True)
    for count in counts(frame):
        for end in ENDS:
            bound = frame[count + end]
            total = np.bincount(group, weights=bound.fillna(0).astype(float))
            unknown = np.bincount(group, weights=bound.isna()) > 0
            result[count + end] = pd.array(total.astype("int64"), dtype="Int64")
            result.loc[unknown, count + end] = pd.NA
        same = (result[f"{count}_low"] == result[f"{count}_high"]).fillna(False)
        result[count] = result[f"{count}_low"].where(same)
    return result


def empty(source: Source) -> pd.DataFrame:
    """Return the tidy table of a source of which there is no file: all its columns, no rows.

    Examples
    --------
    >>> from kansen_analysis.sources import get
    >>> table = empty(get("eindscores"))
    >>> len(table), str(table["mean_score"].dtype), "provider" in table
    (0, 'float64', True)
    """
    nothing = {"year": pd.Series([], dtype="int64"), LINE: pd.Series([], dtype="int32")}
    for name, variable in source.variables.iterrows():
        kind = {"count": "Int32", "mean": "float64", "share": "float64", "year": "int64"}.get(
            variable["kind"], object if variable["kind"] == "date" else "str"
        )
        for end in ENDS if variable["kind"] == "count" else ("",):
            nothing[f"{name}{end}"] = pd.Series([], dtype=kind)
    frame = pd.DataFrame(nothing)
    texts = [c for c in frame.columns if frame[c].dtype in ("str", object)]
    frame = _school(frame.astype(dict.fromkeys(texts, "category")), "", [])
    for code_of, table in source.codes_of:
        meanings = _meanings(table)
        frame = frame.drop(columns=[code_of] if code_of not in meanings else [])
        frame = frame.assign(**{c: pd.Categorical([]) for c in meanings})
    frame = frame.assign(**{c: pd.Categorical([]) for c in source.meta.get("constants", {})})
    gone = [f"{t}{e}" for t in source.meta.get("only_checked", []) for e in ENDS]
    frame = frame.drop(columns=[*gone, *(["period"] if "period" in frame else [])])
    return fold(frame, source)
