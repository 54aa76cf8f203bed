"""An edition for who works in Excel, R, Stata or SPSS: its tables in one place, with a codebook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pandas as pd

from kansen_analysis import __version__
from kansen_analysis.display.downloads import FORMULA
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import UsageError
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.sources import schoolyear

FORMS = ("xlsx", "csv", "parquet")
SUPPLIED = "places"  # outcomes of figures that schools supplied: theirs, and in no export
_VERDICTS = [
    *("goal", "name", "verdict", "effect", "ci_low", "ci_high", "unit", "p_value", "p_holm"),
    *("agreeing_versions", "decides", "method", "n_treated", "n_schools", "reason"),
]
_VERSIONS = ["effect", "ci_low", "ci_high", "p_value", "method"]


def tables(edition: Edition) -> dict[str, pd.DataFrame]:
    """Return the tables of an edition that an analysis starts from.

    Parameters
    ----------
    edition : Edition

    Returns
    -------
    dict of str to pandas.DataFrame
        ``verdicts``; ``versions`` of every goal; a ``panel`` per goal and outcome; ``schools``,
        ``participants``, ``pools``; and ``files``, what it rests on. Figures that schools supplied
        themselves are not among them.
    """
    found = {"verdicts": edition.verdicts[_VERDICTS]}
    versions = [
        each.decision[_VERSIONS]
        .join(each.versions[["n_treated", "n_others", "lack"]])
        .reset_index()
        .assign(goal=goal)
        for goal, each in edition.estimates.items()
        if not isinstance(each, tuple)
    ]
    if versions:
        found["versions"] = pd.concat(versions, ignore_index=True)
    goals = edition.protocol.goals
    own = {str(goal.id) for goal in goals if OUTCOMES[goal.outcome.measure].way == SUPPLIED}
    for name, panel in edition.panels.items():
        if name.partition(" ")[0] not in own:
            found[f"panel-{name.replace(' ', '-')}"] = panel
    found |= {"schools": edition.schools, "participants": edition.participants}
    found |= {"pools": edition.pools.members, "files": edition.files}
    return found


def codebook(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Describe every column of every table.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``column``, ``type``, ``meaning``, ``unit``, ``missing`` (number of rows).
    """
    with (resources.files(__package__) / "codebook.csv").open(encoding="utf-8") as handle:
        known = pd.read_csv(handle, dtype=str, keep_default_na=False)
    said = {(row.table, row.column): row for row in known.itertuples()}
    rows = []
    for table, frame in frames.items():
        for name in frame.columns:
            about = said.get((table.partition("-")[0], name)) or said.get(("*", name))
            meaning, unit = (about.meaning, about.unit) if about else ("", "")
            rows.append(
                (table, name, str(frame[name].dtype), meaning, unit, int(frame[name].isna().sum()))
            )
    return pd.DataFrame(rows, columns=["table", "column", "type", "meaning", "unit", "missing"])


def about(edition: Edition) -> pd.DataFrame:
    """Say what an export is of: the sheet with metadata."""
    kind = "invented schools" if edition.demo else "published files"
    return pd.DataFrame(
        [
            ("school_year", schoolyear.label(edition.year)),
            ("programme", str(edition.settings.name)),
            ("data", kind),
            ("protocol", str(edition.protocol.version)),
            ("kansen_analysis", __version__),
            ("edition", edition.digest),
            ("use", "for analysis; schools with few pupils are not hidden here, so do not publish"),
        ],
        columns=["name", "value"],
    )


def export(edition: Edition, folder: Path | str, form: str = "xlsx") -> list[Path]:
    """Write the tables of an edition with a codebook.

    Parameters
    ----------
    edition : Edition
    folder : pathlib.Path or str
        Where to; made when it is not there. Files of the same name are replaced.
    form : str
        ``xlsx``: one workbook, a sheet per table; ``csv``: a file per table (UTF-8 with BOM, ``;``
        and decimal comma, as Excel opens it); ``parquet``: a file per table.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    UsageError
        For another form.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from kansen_analysis import open_edition
    >>> [path.name for path in export(open_edition(), mkdtemp(), "xlsx")]
    ['kansen-2024-2025.xlsx']
    """
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}; choose from {', '.join(FORMS)}.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = tables(edition)
    sheets = {"about": about(edition), "codebook": codebook(found)} | found
    if form == "xlsx":
        path = folder / f"kansen-{schoolyear.label(edition.year)}.xlsx"
        with _whole(path) as new, pd.ExcelWriter(new, engine="openpyxl") as book:
            for name, frame in sheets.items():
                _plain(frame).to_excel(book, sheet_name=name, index=False)
                book.sheets[name].freeze_panes = "A2"
        return [path]
    written = []
    for name, frame in sheets.items():
        path = folder / f"{name}.{form}"
        with _whole(path) as new:
            if form == "csv":
                _plain(frame).to_csv(new, index=False, sep=";", decimal=",", encoding="utf-8-sig")
            else:
                frame.to_parquet(new, index=False)
        written.append(path)
    return written


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a file to write that takes its place when it is whole."""
    new = path.with_name(f".{path.name}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep a spreadsheet from reading text as a formula."""

    def safe(cell: object) -> object:
        return (
            f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell
        )

    text = frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]
    return frame.assign(**{name: frame[name].map(safe) for name in text})
