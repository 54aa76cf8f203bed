"""Build an edition: every stage that is stale, one after the other, into one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import kansen_analysis
from kansen_analysis.edition import store
from kansen_analysis.edition.open import BEFORE, MANIFEST, Edition, open_edition
from kansen_analysis.edition.stages import FORMAT, Given, Saved, Stage, key_of, of_files, up_to_date
from kansen_analysis.errors import UsageError
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.programme import workspace
from kansen_analysis.programme.consent import publication_day
from kansen_analysis.schools.participants import read_participants
from kansen_analysis.sources import DataFolder, get, names, schoolyear

Progress = Callable[[str], None]
FOLDER = "editions"
TRUTH = "truth.json"  # beside the files of the demo
READING = ".reading"  # among the editions, while nothing says yet which one it will be

TIDY = Stage(
    "tidy",
    f"{__package__}.tidy",
    reads=("raw",),
    writes=None,
    reports=("years", "files", "coverage", "unmatched", "folder"),
)
SCHOOLS = Stage(
    "schools",
    f"{__package__}.schools",
    reads=("tidy", "participants", "region", "year"),
    writes=("participants", "schools", "pools", "region"),
)
OUTCOMES = Stage(
    "outcomes",
    f"{__package__}.outcomes",
    reads=("tidy", "schools", "protocol", "year"),
    writes=(
        *("target_levels", "advice_low", "advice_high", "advice_levels", "standard_scores"),
        *("raised_advices", "later_places", "advices", "panels", "obstacles"),
    ),
)
ESTIMATES = Stage(
    "estimates",
    f"{__package__}.estimates",
    reads=("schools", "outcomes", "protocol", "year"),
    writes=("estimates", "guards", "attenuation", "detectable"),
)
VERDICTS = Stage(
    "verdicts",
    f"{__package__}.verdicts",
    reads=("estimates", "protocol", "year"),
    writes=("verdicts", "reasons", "protocol"),
)
SENSITIVITY = Stage(
    "sensitivity",
    f"{__package__}.sensitivity",
    reads=("tidy", "schools", "outcomes", "estimates", "protocol", "year"),
    writes=(
        *("secondary", "advice_check", "share_check", "choices", "changes", "by_step", "nearby"),
    ),
)
ANSWERS = Stage(
    "answers",
    f"{__package__}.answers",
    reads=("tidy", "schools", "outcomes", "estimates", "protocol", "year"),
    writes=("seen", "moved", "standing", "outlook", "needs"),
)
PLACE = Stage(
    "place",
    f"{__package__}.place",
    reads=("tidy", "schools", "year"),
    writes=("region_facts", "region_told", "region_spread", "region_schools", "region_places"),
)
BESIDE = Stage(
    "beside",
    f"{__package__}.beside",
    reads=("programme", "day", "year", "truth"),
    writes=("programme", "truth"),
)
TESTED = (SCHOOLS, OUTCOMES, ESTIMATES, VERDICTS)  # what a verdict needs


def build(
    data: Path | str,
    participants: Path | str | None = None,
    school_year: int | None = None,
    protocol: Path | str | None = None,
    *,
    day: str | None = None,
    folder: Path | str | None = None,
    progress: Progress = lambda words: None,
) -> Edition:
    """Bring an edition up to date and open it.

    Parameters
    ----------
    data : pathlib.Path or str
        Folder with the published files.
    participants : pathlib.Path or str, optional
        Register of participants; by default the one that goes with the folder.
    school_year : int, optional
        First year of the school year the edition is about; later files are left aside. By default
        the latest school year with results.
    protocol : pathlib.Path or str, optional
        A file in the form of ``goals.yml``.
    day : str, optional
        Day of publication, on which consent is judged; by default today.
    folder : pathlib.Path or str, optional
        Where the edition stands; by default ``editions/<school year>`` in the project, or
        ``editions/demo-<school year>`` for invented schools.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Edition

    Raises
    ------
    DataErrors
        With everything that is wrong in the files, in the register or in the programme.
    UsageError
        When a folder or file is not there, or the data have nothing of the asked-for year.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> edition = build(demo_folder())
    >>> edition
    Edition(2024-2025, invented schools)
    >>> list(edition.verdicts["goal"])
    [1, 2, 3, 4]
    """
    raw = Path(data).resolve()
    files = DataFolder(raw).rests_on
    own = load_protocol(protocol)
    region = workspace.settings_of(raw).region
    people = read_participants(participants or workspace.default_participants(raw))
    beside = workspace.default_programme(raw)
    inputs: dict[str, Given | Saved] = {
        "raw": Given(raw, of_files(raw, files)),
        "participants": Given(people, store.digest_of(people)),
        "protocol": Given(own, store.digest_of(own)),
        "region": Given(region, store.digest_of(region)),
        "programme": Given(beside, _folder_digest(beside)),
        "truth": Given(truth := _truth(raw), store.digest(truth)),
        "day": Given(day := day or publication_day(), day),
    }
    home = Path(folder) if folder else workspace.root() / FOLDER
    with store.locked(home.parent if folder else home):
        target, year = _begin(inputs, home if folder else None, school_year, progress)
        inputs["year"] = Given(year, str(year))
        work = target / "work"
        done = {"tidy": Saved(work / TIDY.name)}

        def bring(stage: Stage, below: Path, known: Mapping) -> Saved:
            progress(stage.name)
            return up_to_date(stage, below / stage.name, known)

        for stage in (*TESTED, SENSITIVITY, ANSWERS, PLACE, BESIDE):
            done[stage.name] = bring(stage, work, inputs | done)
        if year - 1 in done["tidy"]["folder"]["years"]:
            earlier = {"year": Given(year - 1, str(year - 1)), "tidy": done["tidy"]}
            for stage in TESTED:
                earlier[stage.name] = bring(stage, work / BEFORE, inputs | earlier)
            done[f"{BEFORE}/{VERDICTS.name}"] = earlier[VERDICTS.name]
        _write_manifest(target, year, workspace.is_demo(raw), done)
    return open_edition(target)


def _begin(
    inputs: Mapping, target: Path | None, wanted: int | None, progress: Progress
) -> tuple[Path, int]:
    """Read the files unless an edition holds their tables; return the folder and the year."""
    raw = inputs["raw"].value
    key = key_of(TIDY, {"raw": inputs["raw"]})
    shelf = (target.parent if target else workspace.root() / FOLDER).resolve()
    held = sorted(path.parents[1] for path in shelf.glob(f"*/work/{TIDY.name}"))
    source = next((each for each in held if Saved(each / "work" / TIDY.name).key == key), None)
    if source is None:  # only the files themselves tell which school year they are of
        progress(f"reading {raw.name}")
        source = shelf / READING
        up_to_date(TIDY, source / "work" / TIDY.name, inputs, _variables)
    tidy = Saved(source / "work" / TIDY.name)
    year = _year(raw, tidy["folder"]["years"], wanted)
    kind = "demo-" if workspace.is_demo(raw) else ""
    target = target or shelf / f"{kind}{schoolyear.label(year)}"
    if source != target.resolve():
        with store.whole(target / "work" / TIDY.name) as new:
            shutil.copytree(tidy.folder, new, dirs_exist_ok=True)
    shutil.rmtree(shelf / READING, ignore_errors=True)
    return target, year


def _year(raw: Path, years: list[int], wanted: int | None) -> int:
    if not years:
        raise UsageError(f"{raw} holds no results of any school year.")
    if wanted is not None and wanted not in years:
        known = ", ".join(schoolyear.label(year) for year in years)
        raise UsageError(
            f"There are no results of {schoolyear.label(wanted)}; there are of {known}."
        )
    return wanted or years[-1]


def _truth(raw: Path) -> dict:
    """Return what was put into invented data; nothing is known of published files."""
    path = raw / TRUTH
    known = workspace.is_demo(raw) and path.is_file()
    return json.loads(path.read_text(encoding="utf-8")) if known else {}


def _variables(table: str):
    """Return what a source writes down about the columns of its table."""
    return get(table).variables if table in names() else None


def _folder_digest(folder: Path) -> str:
    paths = folder.rglob("*") if folder.is_dir() else ()
    return of_files(folder, (path for path in paths if path.is_file()))


def _write_manifest(target: Path, year: int, demo: bool, done: Mapping[str, Saved]) -> None:
    manifest = {
        "format": FORMAT,
        "kansen_analysis": kansen_analysis.__version__,
        "school_year": schoolyear.label(year),
        "demo": demo,
        "stages": {name: {"key": saved.key, "files": saved.files} for name, saved in done.items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    path = target / MANIFEST
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        store.write_text(path, text)
