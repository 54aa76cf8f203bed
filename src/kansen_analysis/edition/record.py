"""What was published: one row per goal and publication, added and never changed.

A monitor that works last year out again, with the register, the files and the protocol of now, can
give last year another verdict than was printed. The record holds what was printed, with digests of
what it rested on. Every row holds a digest of all before it, so a row that was changed, moved or
taken out is noticed.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path
from typing import Any

import pandas as pd

from kansen_analysis.edition import digests, store
from kansen_analysis.edition.manifest import SUPPLIED
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import ConsistencyError, UsageError
from kansen_analysis.goals.released import digest
from kansen_analysis.sources import schoolyear

RECORD = Path("data", "published.csv")
FIGURES = ("effect", "ci_low", "ci_high", "p_value")
COLUMNS = (
    *("published", "school_year", "goal", "verdict", "small", *FIGURES, "look", "protocol"),
    *("protocol_sha256", "register_sha256", "files_sha256", "chain"),
)
AGAIN = ("goal", "verdict", "small", "protocol_sha256", "register_sha256", "files_sha256")


def read_record(path: Path) -> pd.DataFrame:
    """Read what was published.

    Parameters
    ----------
    path : pathlib.Path
        The record; a file that is not there is an empty record.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` in the order of publication: ``published`` (day, text), ``school_year`` (first
        year), ``goal``, ``verdict``, ``small``, the figures in the unit of the goal (NaN where
        there were none), ``look`` and ``protocol`` (version), and digests.

    Raises
    ------
    ConsistencyError
        When a row is not as it was written; the message names the line.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ",".join(COLUMNS) + "\n"
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise _broken(path, 1, ",".join(rows[0]) if rows else "", ",".join(COLUMNS))
    chain = ""
    for line, row in enumerate(rows[1:], 2):
        chain = _chain(chain, row[:-1])
        if row[-1] != chain:
            raise _broken(path, line, row[-1], chain)
    table = pd.DataFrame(rows[1:], columns=list(COLUMNS))
    table["school_year"] = table["school_year"].map(schoolyear.parse).astype("Int64")
    table["small"] = table["small"] == "yes"
    numbers = [*FIGURES, "goal", "look"]
    table[numbers] = table[numbers].apply(pd.to_numeric)
    return table.astype({"goal": "Int64", "look": "Int64"} | dict.fromkeys(FIGURES, float))


def _broken(path: Path, line: int, found: str, expected: str) -> ConsistencyError:
    return ConsistencyError(
        file=path.name,
        line=line,
        found=found or "nothing",
        expected=expected,
        remedy="what was published is not changed afterwards; take the file back from git",
    )


def _chain(before: str, cells: list[str]) -> str:
    return hashlib.sha256("\x1f".join([before, *cells]).encode()).hexdigest()[:16]


def of(edition: Edition, day: str) -> pd.DataFrame:
    """Return the rows that the record gets when an edition is published."""
    table = edition.verdicts
    # What schools supplied is not public, and a digest of a small table can be guessed.
    files = edition.files[~edition.files["source"].isin(SUPPLIED)]
    files = files.sort_values(["file", "sha256"], kind="stable")
    return table.assign(
        published=day,
        school_year=edition.year,
        protocol=edition.protocol.version,
        protocol_sha256=digest(edition.protocol)[:16],
        register_sha256=store.digest_of(edition.participants)[:16],
        files_sha256=digests.digest(files["sha256"].tolist())[:16],
    )


def publish(edition: Edition, path: Path, *, day: str | None = None) -> int:
    """Add the verdicts of an edition to the record.

    Parameters
    ----------
    edition : Edition
    path : pathlib.Path
        The record.
    day : str, optional
        Of publication (yyyy-mm-dd); by default today.

    Returns
    -------
    int
        Rows that were added: none when the same verdicts, from the same protocol, register and
        files, were the last to be published about that school year.

    Raises
    ------
    ConsistencyError
        When the record is not as it was written.
    UsageError
        For invented schools.
    """
    if edition.demo:
        raise UsageError("Invented schools are not published; the record is of real ones.")
    known = read_record(path)
    fresh = of(edition, day or dt.date.today().isoformat())
    last = published(known, edition.year)
    if last is not None and _same(last, fresh):
        return 0
    text = path.read_text(encoding="utf-8") if path.exists() else ",".join(COLUMNS) + "\n"
    chain = known["chain"].iloc[-1] if len(known) else ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for _, row in fresh.iterrows():
        cells = [_cell(name, row[name]) for name in COLUMNS[:-1]]
        chain = _chain(chain, cells)
        writer.writerow([*cells, chain])
    store.write_text(path, text + out.getvalue())
    return len(fresh)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    first, second = (each[list(AGAIN)].astype(str).to_numpy().tolist() for each in (one, other))
    return first == second


def _cell(name: str, value: Any) -> str:
    if name == "school_year":
        return schoolyear.label(int(value))
    if name == "small":
        return "yes" if value else "no"
    if pd.isna(value):
        return ""
    return f"{value:.8g}" if name in FIGURES else str(value)


def published(record: pd.DataFrame, year: int) -> pd.DataFrame | None:
    """Return the verdicts that were last published about a school year, None without."""
    rows = record[record["school_year"] == year]
    if not len(rows):
        return None
    return rows.drop_duplicates("goal", keep="last").sort_values(
        "goal", ignore_index=True, kind="stable"
    )
