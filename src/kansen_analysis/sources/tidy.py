"""From a recognised file to one tidy table: canonical names, typed values, one unit per row."""

from __future__ import annotations

import re

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
from kansen_analysis.sources import schoolyear, values
from kansen_analysis.sources.recognise import Part, Recognised
from kansen_analysis.sources.spec import YEARS, Source, get, header_year

LINE = "_line"  # kept while reading, so that every finding can name its line


def _check_years(part: Part, file: str, tables: str) -> list[Finding]:
    """Find a school year that one of the columns with a year in its header lacks."""
    layout, findings = part.layout, []
    years: dict[str, set[int]] = {}
    for name, pattern in layout.patterns.items():
        for header in part.header:
            match = pattern.fullmatch(header) if header else None
            year = header_year(layout.columns[name], match) if match else None
            if year is not None and "{years}" not in layout.columns[name]:
                years.setdefault(name, set()).add(year)
    rules = get(layout.source).meta
    for together in rules.get("same_years", []):
        every = set().union(*(years.get(name, set()) for name in together))
        for name in together:
            years.setdefault(name, set())
            findings += [(name, year) for year in sorted(every - years[name])]
    if rules.get("every_year"):
        for name, has in years.items():
            findings += [(name, y) for y in range(min(has), max(has)) if y not in has]
    return [
        LayoutError(
            file,
            f"no such column of {schoolyear.label(year)}",
            f"a column {layout.columns[name]!r} of every school year",
            f"download the file again; if the publisher dropped it, edit {tables}",
            line=part.grid.lines[part.header_at],
            column=layout.columns[name],
        )
        for name, year in findings
    ]


def check_header(part: Part, file: str) -> list[Finding]:
    """Compare a header with its layout: nothing unknown, nothing missing, nothing twice."""
    layout, findings = part.layout, []
    headers = {name: raw.replace("|", "' or '") for name, raw in layout.columns.items()}
    tables = f"sources/{layout.source}/columns.csv (layout {layout.name})"
    line = part.grid.lines[part.header_at]
    where = f"{part.grid.sheet}: " if part.grid.sheet else ""
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
                f"if the publisher added it, add it to {tables} and variables.csv",
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


def _is_end(row: list, until: str | None) -> bool:
    """Tell whether a row is the first of the notes under a table."""
    return until is not None and str(row[0]).strip().startswith(until)


def _body(part: Part, file: str, until: str | None) -> tuple[list[list], list[int], list[Finding]]:
    """Return the rows below the header, all of the header's width, and their lines."""
    rows, lines, findings = [], [], []
    header = part.header
    width = max(i for i, h in enumerate(header) if h) + 1
    for row, line in zip(
        part.grid.rows[part.header_at + 1 :],
        part.grid.lines[part.header_at + 1 :],
        strict=True,
    ):
        if not any(not isinstance(cell, str) or cell.strip() for cell in row):
            continue
        if _is_end(row, until):
            break
        if part.layout.separator:  # a csv: every row has exactly the header's cells
            wrong = len(row) != len(header)
        else:
            wrong = len(row) > width and any(str(cell).strip() for cell in row[width:])
            row = [*row[:width], *[""] * (width - len(row))]
        if wrong:
            findings.append(
                FileFormatError(
                    file,
                    f"{len(row)} cells",
                    f"{len(header)} cells, as in the header",
                    "the file is cut off or a separator is lost here; download it again",
                    line=line,
                    column=part.grid.sheet or None,
                )
            )
            continue
        rows.append(row)
        lines.append(line)
    if not rows and not findings:
        findings.append(
            FileFormatError(
                file,
                "a header without rows",
                "one row per school",
                "download the file again",
                line=part.grid.lines[part.header_at],
                column=part.grid.sheet or None,
            )
        )
    return rows, lines, findings


def _frames(part: Part, source: Source, file: str, findings: list) -> list[pd.DataFrame]:
    """Read a part: one frame, or one per school year when the headers carry the year."""
    problems = check_header(part, file)
    rows, lines, broken = _body(part, file, source.meta.get("until"))
    findings += problems + broken
    if problems or not rows:
        return []
    meta = source.meta | {"name": source.name}
    columns = list(zip(*rows, strict=True))
    read: dict[tuple[str, int | None], dict[str, pd.Series]] = {}
    years: set[int] = set()
    for name, pattern in part.layout.patterns.items():
        raw = part.layout.columns[name]
        for at, header in enumerate(part.header):
            match = pattern.fullmatch(header) if header else None
            if not match:
                continue
            year = header_year(raw, match)
            if year is not None:
                years.add(year)
            read[name, year] = values.read_column(
                list(columns[at]),
                source.variables.loc[name],
                meta,
                source.masked,
                file=file,
                column=f"{part.grid.sheet}: {header}" if part.grid.sheet else header,
                lines=lines,
                findings=findings,
                thousands=part.layout.thousands,
            )
    frames = []
    for year in sorted(years) or [None]:
        here = {
            column: series
            for (name, of), found in read.items()
            if of in (None, year)
            for column, series in found.items()
        }
        frame = pd.DataFrame(here)
        frame[LINE] = lines
        if year is not None:
            frame["year"] = year
        frames.append(frame)
    return frames


def _school(frame: pd.DataFrame, file: str, findings: list) -> pd.DataFrame:
    """Bring BRIN and vestiging, in any of DUO's notations, to one BRIN6 ``school``."""
    if "region" in frame:
        inside = frame["region"].str[:2].isin(["GM", "WK", "BU"]).fillna(False)
        frame["municipality_code"] = frame["region"].str[2:6].where(inside)
    if "brin" not in frame or "branch" not in frame:
        return frame
    long = frame["branch"].str.len() == 6
    other = long & (frame["branch"].str[:4] != frame["brin"])
    for at in frame.index[other.fillna(False)]:
        findings.append(
            ConsistencyError(
                file,
                f"vestiging {frame.at[at, 'branch']} under BRIN {frame.at[at, 'brin']}",
                "a vestiging of the same BRIN",
                "download the file again",
                line=int(frame.at[at, LINE]),
                column="vestiging",
            )
        )
    frame.insert(0, "school", frame["brin"] + frame["branch"].str[-2:])
    return frame.drop(columns=["brin", "branch"])


def _year_of(
    frame: pd.DataFrame, part: Part, source: Source, file: str, told: int | None, findings: list
) -> int | None:
    """Tell the school year: from the content, else from the name, else from files.csv."""
    rule = source.meta["year"]
    if "title" in rule:  # in the words above the header
        above = " ".join(str(c) for row in part.grid.rows[: part.header_at] for c in row)
        dated = re.search(r"\b1 oktober (\d{4})", above)
        if dated:
            return int(dated[1])
    if "sheet" in rule:
        named = schoolyear.find(part.grid.sheet)
        return named[0] if named else None
    if rule.get("date") in frame:
        days = frame[rule["date"]]
        found = days.dropna().map(schoolyear.of_date)
        distinct = sorted(found.unique())
        if len(distinct) == 1:
            year = int(distinct[0])
            if told is not None and told != year:
                findings.append(
                    SchoolYearError(
                        file,
                        f"dates in {schoolyear.label(year)}",
                        f"{schoolyear.label(told)}, as files.csv of the data folder says",
                        "correct files.csv, or take the right file",
                        line=int(frame[LINE].iloc[0]),
                        column=part.layout.columns[rule["date"]],
                    )
                )
            return year
        if len(distinct) > 1:
            common = found.mode().iloc[0]
            at = found.index[found != common][0]
            findings.append(
                SchoolYearError(
                    file,
                    f"a date in {schoolyear.label(int(found[at]))}",
                    f"one school year in the whole file ({schoolyear.label(int(common))})",
                    "two files were joined, or a date is wrong; download the file again",
                    line=int(frame.at[at, LINE]),
                    column=part.layout.columns[rule["date"]],
                )
            )
        return None  # unreadable dates are findings already
    if told is not None:
        return told
    listed = source.files.loc[source.files["file"] == file, "school_year"].tolist()
    if listed and re.fullmatch(r"\d{4}", listed[0]):  # a calendar year
        return int(listed[0])
    named = schoolyear.find(listed[0]) if listed else []
    named = named or schoolyear.find(file)
    if named:  # a file that compares two school years is about the first
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


def _check_means(frame: pd.DataFrame, source: Source, file: str, findings: list) -> None:
    """Refuse a mean where nobody sat the test, or none where five or more did."""
    for measure, needs in source.meta.get("mean_needs", {}).items():
        pupils, mean = frame[needs], frame[measure]
        nobody = (pupils == 0).fillna(False) & mean.notna()
        lost = (pupils >= 5).fillna(False) & mean.isna()
        for at in [*frame.index[nobody][:5], *frame.index[lost][:5]]:
            what = " ".join(str(frame.at[at, d]) for d in source.dimensions)
            findings.append(
                ConsistencyError(
                    file,
                    f"{pupils[at]} pupils beside "
                    + ("no mean" if pd.isna(mean[at]) else f"a mean of {mean[at]:g}"),
                    "a mean exactly where pupils sat the test",
                    "compare with the publisher's file; download it again",
                    line=int(frame.at[at, LINE]),
                    column=what,
                )
            )


def _decode(frame: pd.DataFrame, part: Part, source: Source, findings: list) -> pd.DataFrame:
    """Replace the codes of a column by what ``codes.csv`` says they mean."""
    for variable, table in source.codes.groupby("variable", sort=False):
        if variable not in frame:
            continue
        meanings = [c for c in table if c not in ("variable", "code") and (table[c] != "").any()]
        known = table.set_index("code")
        unknown = frame[variable].notna() & ~frame[variable].isin(known.index)
        if variable in source.meta.get("open_codes", []):
            unknown[:] = False
        for code, rows in frame[unknown].groupby(variable):
            findings.append(
                CellError(
                    part.file,
                    f"the code {code!r}" + (f" (on {len(rows)} lines)" if len(rows) > 1 else ""),
                    "one of " + ", ".join(known.index),
                    f"if the publisher added it, add it to sources/{source.name}/codes.csv",
                    line=int(rows[LINE].iloc[0]),
                    column=part.layout.columns[variable],
                )
            )
        codes = frame[variable]
        for column in meanings:
            meaning = codes.map(known[column])
            if column == variable:  # an open list: a code that is not on it stands for itself
                meaning = meaning.fillna(codes)
            frame[column] = meaning.astype("str")
        if variable not in meanings:
            frame = frame.drop(columns=variable)
    return frame


def _wanted(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Keep the rows the source is about, and of CBS whole years of the asked-for kind."""
    for column, values_ in source.meta.get("where", {}).items():
        frame = frame[frame[column].isin(list(values_)).fillna(False)]
    period = source.meta["year"].get("period")
    if period and "period" in frame:
        frame = frame[frame["period"].str[4:6].eq(period).fillna(False)]
        frame = frame.assign(year=frame["period"].str[:4].astype(int)).drop(columns="period")
    return frame.reset_index(drop=True)


def _check_sums(frame: pd.DataFrame, part: Part, source: Source, findings: list) -> None:
    """Refuse a total that its parts cannot add up to, or a part larger than its total."""
    for name, total in source.meta.get("at_most", {}).items():
        wrong = frame[f"{name}_low"] > frame[f"{total}_high"]
        for at in frame.index[wrong.fillna(False)][:5]:
            findings.append(
                ConsistencyError(
                    part.file,
                    f"{frame.at[at, name]} beside a total of {frame.at[at, total]}",
                    f"no more than {part.layout.columns[total]}",
                    "compare with where the counts come from, and correct the file",
                    line=int(frame.at[at, LINE]),
                    column=part.layout.columns[name],
                )
            )
    for total, parts in source.meta.get("adds_up", {}).items():
        names = [n for n in source.variables.index if re.fullmatch(parts, n) and n in frame]
        if total not in frame or not names:
            continue
        low = sum(frame[f"{n}_low"] for n in names)
        high = sum(frame[f"{n}_high"] for n in names)
        wrong = (frame[f"{total}_low"] > high) | (frame[f"{total}_high"] < low)
        for at in frame.index[wrong.fillna(False)][:5]:
            span = f"{low[at]}" if low[at] == high[at] else f"{low[at]} to {high[at]}"
            findings.append(
                ConsistencyError(
                    part.file,
                    f"a total of {frame.at[at, total]} beside parts of {span}",
                    "parts that add up to the total",
                    "compare with the publisher's file; download it again",
                    line=int(frame.at[at, LINE]),
                    column=part.layout.columns[total],
                )
            )


def _check_hidden(frame: pd.DataFrame, part: Part, source: Source, findings: list) -> None:
    """Refuse a file in which somebody wrote 5 for ``<5``: many fives and nothing below."""
    if "<5" not in source.masked:
        return
    fives: dict[str, int] = {}
    sixes = 0
    for name in (c.removesuffix("_low") for c in frame if c.endswith("_low")):
        counts = frame[name]
        if (counts.isna() & frame[f"{name}_low"].notna()).any() or counts.between(1, 4).any():
            continue  # hides some, or hides nothing
        five, six = int((counts == 5).sum()), int((counts == 6).sum())
        if five > 5 + 2 * six:  # without any of 1 to 4, so many are no chance
            fives[name] = five
            sixes += six
    if not fives:
        return
    first = next(iter(fives))
    at = frame.index[(frame[first] == 5).fillna(False)][0]
    findings.append(
        ConsistencyError(
            part.file,
            f"{sum(fives.values())} cells of 5 against {sixes} of 6, and none below 5 or hidden",
            "'<5' where the publisher hides a count",
            "a program changed '<5' into 5; download the file again",
            line=int(frame.at[at, LINE]),
            column=part.layout.columns[first],
        )
    )


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
    counts = [c.removesuffix("_low") for c in frame if c.endswith("_low")]
    key = [k for k in [*source.meta["key"], "year", *source.dimensions] if k in frame]
    group = frame.groupby([k for k in key if k not in over], sort=False, dropna=False).ngroup()
    result = frame.drop(columns=over).loc[~group.duplicated()].reset_index(drop=True)
    for count in counts:
        for end in ("_low", "_high"):
            bound = frame[count + end]
            total = np.bincount(group, weights=bound.fillna(0).astype(float))
            unknown = np.bincount(group, weights=bound.isna()) > 0
            result[count + end] = pd.array(total.astype("int64"), dtype="Int64")
            result.loc[unknown, count + end] = pd.NA
        exact = (result[f"{count}_low"] == result[f"{count}_high"]).fillna(False)
        result[count] = result[f"{count}_low"].where(exact)
    return result


def _fold(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Fold the raw columns of one unit into rows, one per value of the dimensions."""
    if not source.dimensions:
        return frame
    variables = source.variables
    folded = variables.index[variables["measure"] != ""]
    present = [name for name in folded if name in frame]
    keep = [c for c in frame if not any(c in (n, f"{n}_low", f"{n}_high") for n in folded)]
    pieces = []
    for cell, rows in variables.loc[present].groupby(source.dimensions, sort=False):
        piece = frame[keep].copy()
        piece[source.dimensions] = list(cell)
        for name, row in rows.iterrows():
            for end in ("", "_low", "_high"):
                if name + end in frame:
                    piece[row["measure"] + end] = frame[name + end]
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


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
                line=int(frame.at[at, LINE]),
            )
        )


def read(recognised: Recognised, told: int | None = None) -> tuple[list[pd.DataFrame], int]:
    """Read a recognised file into tidy frames, one per layout it holds.

    Parameters
    ----------
    recognised : Recognised
        The file and its parts.
    told : int, optional
        The school year that ``files.csv`` of the data folder gives.

    Returns
    -------
    frames : list of pandas.DataFrame
        Tidy, with ``year``; counts as nullable integers with ``_low`` and ``_high``. As fine as
        the file: nothing is added up yet.
    rows : int
        Rows of data in the file; of a workbook those of its longest sheet.

    Raises
    ------
    ExceptionGroup
        Of `Finding`, with everything that is wrong in this file.
    """
    source, file = recognised.source, recognised.path.name
    findings: list[Finding] = []
    by_layout: dict[str, list[pd.DataFrame]] = {}
    rows = 0
    for part in recognised.parts:
        before = len(findings)
        frames = _frames(part, source, file, findings)
        whole = len(findings) == before  # what could not be read contradicts nothing
        for number, frame in enumerate(frames):
            rows = max(rows, len(frame))
            first = number == 0  # the years of a wide part share their rows
            frame = _school(frame, file, findings if first else [])
            frame = _decode(frame, part, source, findings if first else [])
            frame = _wanted(frame, source)
            if first:
                _check_keys(frame, source, file, findings)
            if whole:
                _check_sums(frame, part, source, findings)
                _check_hidden(frame, part, source, findings)
            for total in source.meta.get("only_checked", []):
                frame = frame.drop(
                    columns=[total, f"{total}_low", f"{total}_high"], errors="ignore"
                )
            if "year" not in frame:
                year = _year_of(frame, part, source, file, told, findings)
                if year is None:
                    continue
                frame["year"] = year
            for column, constant in source.meta.get("constants", {}).items():
                frame[column] = pd.array([constant] * len(frame), dtype="str")
            frame = _fold(frame, source)
            if whole:
                _check_means(frame, source, file, findings)
            by_layout.setdefault(part.layout.name, []).append(frame)
    if findings:
        raise ExceptionGroup(file, findings)
    return [pd.concat(frames, ignore_index=True) for frames in by_layout.values()], rows
