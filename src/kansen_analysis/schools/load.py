"""`load`: one tidy table per source, with the same school key in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from kansen_analysis.schools import match as schools
from kansen_analysis.schools import over_time
from kansen_analysis.sources import DataFolder, FileRead, feeding, get, hand, names

_OPEN: dict[Path, tuple[tuple, DataFolder]] = {}


@cache
def tables() -> tuple[str, ...]:
    """Return the names of all tables that sources feed."""
    return tuple(sorted({get(name).table for name in names()}))


def _state(folder: DataFolder) -> tuple:
    """Return what changes when a file of the folder changes."""
    candidates = (*folder.rests_on, *folder.path.glob("files.*"))
    return tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in candidates)


def open_folder(data: Path | str | DataFolder) -> DataFolder:
    """Open a data folder, or return the one already open when none of its files changed."""
    if isinstance(data, DataFolder):
        return data
    path = Path(data).resolve()
    folder = DataFolder(path)
    state = _state(folder)
    if path not in _OPEN or _OPEN[path][0] != state:
        _OPEN[path] = (state, folder)
    return _OPEN[path][1]


@cache
def ovt_match(folder: DataFolder) -> pd.DataFrame:
    """Match every OVT in a folder to a vestiging.

    Names come from the schoolweging; the file of leerresultaten has none.

    Returns
    -------
    pandas.DataFrame
        ``ovt``, ``school``, ``match``, as `schools.match_ovt`.
    """
    weging, results = folder.read("schoolweging"), folder.read("leerresultaten")
    if not len(weging) and not len(results):
        return pd.DataFrame({"ovt": [], "school": [], "match": []}, dtype="str")
    parts = [weging[["ovt", "name"]]] if len(weging) else []
    if len(results):
        unnamed = pd.Series(pd.NA, results.index, dtype=object)
        parts.append(results[["ovt"]].assign(name=unnamed))
    years = sorted({*weging["year"].unique(), *results["year"].unique()})
    historical = _listed(folder.of("leerlingen_historisch"), years)
    register = _listed(folder.of("vestigingen"), years)
    known = schools.existing(historical, register, years)
    return schools.match_ovt(pd.concat(parts, ignore_index=True), known)


def _listed(files: list[FileRead], years: list[int]) -> pd.DataFrame:
    """Put what tells which schools there are under each other, as far as it tells anything.

    The years of a file have the same names: of years that nobody asks for the first will do.
    """
    wanted = ("school", "name", "kind", "year", "pupils_high")
    parts = [part.frame for file in files for part in file.parts]
    firsts = {id(file.parts[0].frame) for file in files}
    frames = [
        part[[c for c in wanted if c in part]]
        for part in parts
        if id(part) in firsts or part["year"].isin(years).any()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def transitions(data: Path, *, beside: bool = True) -> Path | None:
    """Return the table of what became of schools: in the folder, else beside it."""
    stem = Path(over_time.FILE).stem
    return hand.find(data, stem) or (hand.find(data.parent, stem) if beside else None)


class Tables(Mapping):
    """The tidy tables of a data folder, each read when it is asked for.

    Parameters
    ----------
    data : pathlib.Path, str or DataFolder
        The folder that holds the published files.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> tables = Tables(demo_folder())
    >>> len(tables["schoolweging"]) > 0, "eindscores" in tables
    (True, True)
    """

    def __init__(self, data: Path | str | DataFolder):
        self.folder = open_folder(data)

    def __getitem__(self, table: str) -> pd.DataFrame:
        if table not in tables():
            raise KeyError(table)
        return load(table, self.folder)

    def __iter__(self) -> Iterator[str]:
        return iter(tables())

    def __len__(self) -> int:
        return len(tables())


class Until(Mapping):
    """Tidy tables up to and including a school year.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        As `Tables`.
    year : int
        The last first-year that counts.

    Examples
    --------
    >>> tables = {"eindscores": pd.DataFrame({"year": [2021, 2022]})}
    >>> Until(tables, 2021)["eindscores"]["year"].tolist()
    [2021]
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], year: int):
        self.tables, self.year = tables, year

    def __getitem__(self, table: str) -> pd.DataFrame:
        found = self.tables[table]
        return found[found["year"] <= self.year] if len(found) else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def load(source: str, data: Path | str | DataFolder) -> pd.DataFrame:
    """Load all years of one source from a data folder.

    Parameters
    ----------
    source : str
        ``schoolweging``, ``leerresultaten``, ``eindscores``, ``referentieniveaus``,
        ``schooladviezen``, ``heroverweging``, ``achterstandsscores``, ``leerlingen`` (its ages:
        ``leerlingen_leeftijd``), ``leerlingen_historisch``, ``vestigingen``, ``vo_doorstroom``,
        ``vo_resultaten``, ``vsv``, ``so_vso``, ``jeugdhulp``, ``leerjaar3`` (supplied by schools),
        or one data set that feeds one of these, such as ``cbs_84780ned``.
    data : pathlib.Path, str or DataFolder
        The folder that holds the published files.

    Returns
    -------
    pandas.DataFrame
        Tidy; ``school`` (BRIN6, text) and ``year`` (first year of the school year) in all. Counts
        are nullable integers with ``_low`` and ``_high``: a count printed as ``<5`` has no value,
        lowest 1 and highest 4. Empty when the folder holds no file of this source. A school of
        the Inspectie that matches no vestiging has an empty ``school``. Tables that several data
        sets feed have ``dataset``; those of CBS have ``region`` in the place of ``school``, and
        ``jeugdhulp`` calendar years in ``year``.

    Raises
    ------
    UsageError
        For an unknown source or folder.
    DataErrors
        With everything that is wrong in the files of the folder.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> advices = load("schooladviezen", demo_folder())
    >>> int(advices.loc[advices["year"] == 2024, "pupils_low"].min())
    0
    """
    folder = open_folder(data)
    feeding(source)  # an unknown name is told before anything is read
    table = folder.read(source)
    if "ovt" in table:
        match = ovt_match(folder).set_index("ovt")
        table.insert(0, "school", table["ovt"].map(match["school"]).astype("str"))
        table.insert(2, "match", table["ovt"].map(match["match"]).astype("str"))
    return table
