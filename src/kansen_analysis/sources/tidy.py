"""From a recognised file to one tidy table: canonical names, typed values, one unit per row."""

from __future__ import annotations

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.errors import (
    ConsistencyError,
    DuplicateError,
    FileFormatError,
    Finding,
    LayoutError,
    SchoolYearError,
)
from kansen_analysis.sources import values
from kansen_analysis.sources.recognise import Part, Recognised
from kansen_analysis.sources.spec import Source, header_year

LINE = "_line"  # kept while reading, so that every finding can name its line


def check_header(part: Part, file: str) -> list[Finding]:
    """Compare a header with its layout: nothing unknown, nothing missing, nothing twice."""
    layout, findings = part.layout, []
    tables = f"sources/{layout.source}/columns.csv (layout {layout.name})"
    line = part.grid.lines[part.header_at]
    where = f"{part.grid.sheet}: " if part.grid.sheet else ""
    filled = [(i, h) for i, h in enumerate(part.header) if h]
    known = {
        name: [h for _, h in filled if pattern.fullmatch(h)]
        for name, pattern in layout.patterns.items()
    }
    unknown = [h for _, h in filled if not any(h in hits for hits in known.values())]
    missing = [layout.columns[name] for name, hits in known.items() if not hits]
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


def _body(part: Part, file: str) -> tuple[list[list], list[int], list[Finding]]:
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
    rows, lines, broken = _body(part, file)
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
            year = header_year(raw, match) if "{" in raw else None
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
    if "brin" not in frame:
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
    if "sheet" in rule:
        named = schoolyear.find(part.grid.sheet)
        return named[0] if named else None
    if "date" in rule:
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
    named = schoolyear.find(file)
    if named:
        return named[-1]
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


def _check_means(frame: pd.DataFrame, source: Source, file: str, findings: list) -> pd.DataFrame:
    """Blank the mean of nobody; refuse a mean where nobody sat, or none where five or more did."""
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
    return frame


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
    key = [k for k in source.meta["key"] if k in frame]
    for at in frame.index[frame.duplicated(key)][:20]:
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
        Tidy, with ``year``; counts as nullable integers with ``_low`` and ``_high``.
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
        for number, frame in enumerate(_frames(part, source, file, findings)):
            rows = max(rows, len(frame))
            if number == 0:  # the years of a wide part share their rows
                frame = _school(frame, file, findings)
                _check_keys(frame, source, file, findings)
            else:
                frame = _school(frame, file, [])
            if "year" not in frame:
                year = _year_of(frame, part, source, file, told, findings)
                if year is None:
                    continue
                frame["year"] = year
            for column, constant in source.meta.get("constants", {}).items():
                frame[column] = pd.array([constant] * len(frame), dtype="str")
            frame = _check_means(_fold(frame, source), source, file, findings)
            by_layout.setdefault(part.layout.name, []).append(frame)
    if findings:
        raise ExceptionGroup(file, findings)
    return [pd.concat(frames, ignore_index=True) for frames in by_layout.values()], rows
