"""An edition for who works in Excel, R, Stata or SPSS: its tables in one place, with a codebook."""

from __future__ import annotations

import io
from importlib import resources
from pathlib import Path

import pandas as pd

from kansen_analysis import __version__
from kansen_analysis.display.downloads import FORMULA
from kansen_analysis.edition.disclosure.supplied import decimals
from kansen_analysis.edition.open import Edition
from kansen_analysis.edition.shown import rounded, rounded_verdicts
from kansen_analysis.errors import UsageError
from kansen_analysis.goals.protocol import Protocol
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.schools.over_time import as_one, together
from kansen_analysis.sources import hand, schoolyear
from kansen_analysis.sources.reading import shown

FORMS = ("xlsx", "csv", "parquet")
JOINED = "target_levels"  # the outcome that two publishers print
SUPPLIED = "places"  # outcomes of figures that schools supplied: theirs, and in no export
NOTICE = (
    "NOT FOR PUBLICATION. For analysis inside the project: schools with few pupils are not hidden "
    "here, so do not publish"
)
PRIVATE, MARK = "panel", "not-for-publication"
_VERDICTS = [
    *("goal", "name", "verdict", "effect", "ci_low", "ci_high", "unit", "p_value", "p_holm"),
    *("agreeing_versions", "decides", "method", "n_treated", "n_schools", "reason"),
]
_VERSIONS = ["effect", "ci_low", "ci_high", "p_value", "method"]


def tables(edition: Edition) -> dict[str, pd.DataFrame]:
    """Return the tables of an edition that an analysis starts from.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``verdicts``; ``versions`` of every goal; a ``panel`` per goal and outcome; ``schools``,
        ``participants``, ``pools``; and ``files``, what it rests on. Figures that schools supplied
        themselves are not among them, and where two publishers together would solve a hidden count
        a panel holds the range that the pages show.
    """
    made = {goal: each for goal, each in edition.estimates.items() if not isinstance(each, tuple)}
    errors = {goal: each.std_error for goal, each in made.items()}
    found = {"verdicts": rounded_verdicts(edition.verdicts, errors)[_VERDICTS]}
    versions = [_versions(each).reset_index().assign(goal=goal) for goal, each in made.items()]
    if versions:
        found["versions"] = pd.concat(versions, ignore_index=True)
    measures = _measures(edition.protocol)
    for name, panel in edition.panels.items():
        if OUTCOMES[measures[name]].way == SUPPLIED:
            continue
        if measures[name] == JOINED:
            panel = ranges(panel, _levels(edition))
        found[f"panel-{name.replace(' ', '-')}"] = panel
    found |= {"schools": edition.schools, "participants": edition.participants}
    found |= {"pools": edition.pools.members, "files": edition.files}
    return found


def _versions(estimate) -> pd.DataFrame:
    """Return the figures of every version as far as their error carries, as pages show them."""
    figures = estimate.decision[_VERSIONS]
    figures = rounded(figures, decimals(estimate.std_error))
    about_ = getattr(estimate, "versions", pd.DataFrame(index=figures.index))
    return figures.join(about_.reindex(columns=["n_treated", "n_others", "lack"]))


def _measures(protocol: Protocol) -> dict[str, str]:
    """Return by name of a panel what it measures."""
    found: dict[str, str] = {}
    for goal in protocol.goals:
        name = str(goal.id)
        found |= dict.fromkeys((name, f"{name} in favour"), goal.outcome.measure)
        found |= {f"{name} second": each.measure for each in goal.secondary}
        if goal.guard is not None:
            found[f"{name} guard"] = goal.guard.measure
    return found


def _levels(edition: Edition) -> pd.DataFrame:
    """Return what may be shown per school over time; solved where one of its schools is."""
    levels, one = edition.target_levels, edition.over_time
    key = ["school", "year"]
    names = [*key, "value", "low", "high", "n", "joined"]
    whole = together(levels[names], one, ["value", "low", "high"])
    solved = levels.loc[levels["joined"] == "solved", key]
    solved = pd.MultiIndex.from_frame(solved.assign(school=as_one(solved["school"], one)))
    inside = pd.MultiIndex.from_frame(whole[key]).isin(solved)
    return whole.assign(joined=whole["joined"].mask(inside, "solved"))


def ranges(panel: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Put a range in the place of a share that would solve a hidden count.

    Parameters
    ----------
    panel : pandas.DataFrame
        Of shares of target levels.
    levels : pandas.DataFrame
        As they may be shown, with ``joined``.

    Returns
    -------
    pandas.DataFrame
        With ``low`` and ``high``: the range in such a row, in which ``value`` and ``n`` are where
        schools of that size are on average; elsewhere the value itself.
    """
    key = ["school", "year"]
    shown = panel[key].merge(levels, on=key, how="left", validate="many_to_one")
    solved = (shown["joined"] == "solved").to_numpy()
    sign = -1.0 if (panel["value"] < 0).any() else 1.0  # counted the other way round
    out = panel.copy()
    ends = [(sign * shown[end].astype(float)).to_numpy() for end in ("low", "high")]
    out["value"] = out["value"].mask(solved, sign * shown["value"].to_numpy(float))
    out["n"] = out["n"].mask(solved, shown["n"].to_numpy())
    for name, end in zip(("low", "high"), sorted(range(2), key=lambda at: sign * at), strict=True):
        out[name] = out["value"].mask(solved, ends[end])
    return out


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
            ("use", NOTICE),
            ("school_year", schoolyear.label(edition.year)),
            ("programme", str(edition.settings.name)),
            ("data", kind),
            ("protocol", str(edition.protocol.version)),
            ("kansen_analysis", __version__),
            ("edition", edition.digest),
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
        and decimal comma, as Excel opens it); ``parquet``: a file per table. A panel, which is
        private, says in its name that it is not for publication; a workbook in its first sheet.

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
    found = tables(edition)
    sheets = {"about": about(edition), "codebook": codebook(found)} | found
    if form == "xlsx":
        path = folder / f"kansen-{schoolyear.label(edition.year)}.xlsx"
        content = io.BytesIO()  # whole, before anything is written
        with pd.ExcelWriter(content, engine="openpyxl") as book:
            for name, frame in sheets.items():
                _plain(frame).to_excel(book, sheet_name=name, index=False)
                book.sheets[name].freeze_panes = "A2"
        return [hand.save(path, content.getvalue())]
    written = []
    for name, frame in sheets.items():
        mark = f".{MARK}" if name.startswith(PRIVATE) else ""  # a file goes round by itself
        path = folder / f"{name}{mark}.{form}"
        if form == "csv":
            content = _plain(frame).to_csv(index=False, sep=";", decimal=",").encode("utf-8-sig")
        else:
            content = frame.to_parquet(index=False)
        written.append(hand.save(path, content))
    return written


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep a spreadsheet from reading text as a formula."""

    def safe(cell: object) -> object:
        if not isinstance(cell, str):
            return cell
        cell = shown(cell)
        return f"'{cell}" if cell.lstrip(" \u00a0").startswith(FORMULA) else cell

    text = frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]
    return frame.assign(**{name: frame[name].map(safe) for name in text})
