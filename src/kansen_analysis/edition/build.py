"""Build an edition: every stage that is stale, one after the other, into one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from kansen_analysis.edition import answered, digests, manifest, released, secret, store
from kansen_analysis.edition.beside import check_shown
from kansen_analysis.edition.disclosure.supplied import Limits
from kansen_analysis.edition.open import BEFORE, MANIFEST, NEXT, WORK, Edition, open_edition
from kansen_analysis.edition.schools import check_region
from kansen_analysis.edition.stages import RECORD, Given, Saved, Stage, key_of, up_to_date
from kansen_analysis.errors import UsageError
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.outcomes.printed import published
from kansen_analysis.programme import workspace
from kansen_analysis.programme.consent import publication_day
from kansen_analysis.schools import over_time
from kansen_analysis.schools.load import transitions
from kansen_analysis.schools.over_time import read_transitions
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
    reads=("tidy", "participants", "region", "others", "transitions", "year"),
    writes=(
        *("participants", "schools", "pools", "region", "others"),
        *("over_time", "left_out", "unexplained"),
    ),
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
LEVELS = Stage(
    "levels",
    f"{__package__}.levels",
    reads=("tidy", "schools", "outcomes", "protocol", "year"),
    writes=("target_levels", "told", "panels"),
)
ESTIMATES = Stage(
    "estimates",
    f"{__package__}.estimates",
    reads=("schools", "outcomes", "levels", "protocol", "year", "limits"),
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
    reads=("tidy", "schools", "outcomes", "levels", "estimates", "protocol", "year"),
    writes=(
        *("secondary", "advice_check", "share_check", "choices", "changes", "by_step", "nearby"),
    ),
)
ANSWERS = Stage(
    "answers",
    f"{__package__}.answers",
    reads=("tidy", "schools", "outcomes", "levels", "estimates", "protocol", "year"),
    writes=("seen", "moved", "standing", "outlook", "needs"),
)
PLACE = Stage(
    "place",
    f"{__package__}.place",
    reads=("tidy", "schools", "outcomes", "levels", "printed", "year"),
    writes=(
        *("region_facts", "region_told", "region_spread", "region_schools", "region_places"),
        "printed",
    ),
)
BESIDE = Stage(
    "beside",
    f"{__package__}.beside",
    reads=("programme", "settings", "day", "year", "truth"),
    writes=("programme", "settings", "truth"),
)
AREAS = Stage(
    "neighbourhoods",
    f"{__package__}.neighbourhoods",
    reads=("tidy", "region", "year"),
    writes=("area_schools", "area_homes", "area_care"),
)
RELEASED = Stage(
    "released",
    f"{__package__}.released",
    reads=("schools", "outcomes", "limits", "earlier"),
    writes=("cells",),
)
PUBLIC = Stage(
    "public",
    f"{__package__}.public",
    reads=(
        *("tidy", "schools", "outcomes", "estimates", "verdicts", "sensitivity", "beside"),
        *("neighbourhoods", "levels"),
        *("answers", "place", "released", "limits", "keyed", "dated", "year", "reports"),
    ),
    writes=None,
)
TESTED = (SCHOOLS, OUTCOMES, LEVELS, ESTIMATES, VERDICTS)  # what a verdict needs


def build(
    data: Path | str,
    participants: Path | str | None = None,
    school_year: int | None = None,
    protocol: Path | str | None = None,
    *,
    programme: Path | str | None = None,
    others: Mapping[str, str] | None = None,
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
    programme : pathlib.Path or str, optional
        Folder with a ``programme.yml``, or the name of a programme that is shipped; its register,
        tables and goals go before those of the data folder. By default that of the data folder or
        of the project.
    others : mapping of str to str, optional
        Schools that take part in another programme, and which: they are no comparison schools.
    day : str, optional
        Day of publication, on which consent is judged; by default today.
    folder : pathlib.Path or str, optional
        Where the edition stands; by default ``editions/<school year>`` in the project, or
        ``editions/demo-<school year>`` for invented schools; with the name of the folder of
        `programme` before the year.
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
    settings = workspace.settings_of(raw, programme)
    own = load_protocol(protocol or settings.path("goals"))
    register, beside = workspace.places(raw, programme)
    register = Path(participants or register)
    home = Path(folder) if folder else workspace.root() / FOLDER
    private = secret.folder(home.parent if folder else home)
    day = day or publication_day()
    # Of an edition with a place or programme of its own no command asks what it answered.
    asked = None
    if not (programme or others or folder):
        year = None if school_year is None else schoolyear.label(school_year)
        asked = answered.question(raw, participants, year, protocol, day)
        places = [*answered.places(raw, participants, protocol), private / secret.FILE]
        places.append(private / released.FILE)
        state = answered.state(asked, places)
    people = read_participants(register)
    # Of invented schools nothing is known but what stands in their own folder.
    changes = transitions(raw, beside=not workspace.is_demo(raw))
    moved = read_transitions(changes or raw / over_time.FILE)
    region, others = settings.region, dict(sorted((others or {}).items()))
    limits = Limits(**settings.disclosure.model_dump())
    earlier = released.read(private)
    # Nobody prints anything about invented schools.
    printed = published().iloc[:0] if workspace.is_demo(raw) else published()
    inputs: dict[str, Given | Saved] = {
        "raw": Given(raw, digests.of_files(raw, files)),
        "participants": Given(people, store.digest_of(people)),
        "protocol": Given(own, store.digest_of(own)),
        "settings": Given(settings, store.digest_of(settings)),
        "region": Given(region, store.digest_of(region)),
        "others": Given(others, store.digest_of(others)),
        "transitions": Given(moved, store.digest_of(moved)),
        "printed": Given(printed, store.digest_of(printed)),
        "programme": Given(beside, _folder_digest(beside)),
        "truth": Given(truth := _truth(raw), digests.digest(truth)),
        "day": Given(day, day),
        "limits": Given(limits, digests.digest(asdict(limits))),
        "earlier": Given(earlier, store.digest_of(earlier)),
    }
    with store.locked(home.parent if folder else home):
        store.sweep(private, *((home,) if folder else home.glob("*")))
        called = "" if programme is None else workspace.programme_folder(programme).resolve().name
        target, year = _begin(inputs, home if folder else None, school_year, progress, called)
        inputs["year"] = Given(year, str(year))
        work = target / WORK
        done = {"tidy": Saved(work / TIDY.name)}

        def bring(stage: Stage, below: Path, known: Mapping) -> Saved:
            progress(stage.name)
            return up_to_date(stage, below / stage.name, known)

        # A mistake in what was written by hand is told before anything is worked out.
        for stage in (BESIDE, *TESTED, SENSITIVITY, ANSWERS, PLACE, AREAS, RELEASED):
            done[stage.name] = bring(stage, work, inputs | done)
            if stage is SCHOOLS and not workspace.is_demo(raw):
                check_region(settings, done[SCHOOLS.name]["schools"], done[SCHOOLS.name]["pools"])
            if stage is BESIDE and not workspace.is_demo(raw):
                check_shown(settings, done[BESIDE.name]["programme"])
        gate = PUBLIC
        if year - 1 in done["tidy"]["folder"]["years"]:
            given = inputs | {"year": Given(year - 1, str(year - 1))}
            before = {"tidy": done["tidy"]}
            for stage in TESTED:
                before[stage.name] = bring(stage, work / BEFORE, given | before)
            done |= {f"{BEFORE}/{n.name}": before[n.name] for n in (ESTIMATES, VERDICTS)}
            gate = replace(PUBLIC, reads=(*PUBLIC.reads, *done.keys() - set(PUBLIC.reads)))
            gate = replace(gate, reads=tuple(sorted(gate.reads)))

        # Nothing that is published may be a digest of what is not, unless a key goes with it.
        ours = done["tidy"]["files"]["source"].isin(manifest.SUPPLIED).any()
        keyed = partial(secret.digest, private=private) if ours else str
        dated = manifest.dated(settings, year, raw, done["tidy"]["files"])
        inputs["keyed"] = Given(keyed, keyed(""))
        inputs["dated"] = Given(dated, dated)
        # No stage rests on what only tells what was done; pages show it.
        # Where the files lie is no part of what they say.
        told = {n: v for n, v in done["tidy"]["folder"].items() if n != "name"}
        sums = done["tidy"].files | {"folder.json": store.digest_of(told)}
        inputs["reports"] = Given(None, digests.digest(sums))
        progress(gate.name)
        tell = partial(
            manifest.write,
            year=year,
            demo=workspace.is_demo(raw),
            raw=raw,
            settings=settings,
            protocol=own,
            register=register,
            transitions=changes if len(moved) else None,
            programme=beside,
        )
        # Tables and manifest take their places one after the other, with the new one beside the
        # old one in between: a kill leaves an edition that is whole.
        public = up_to_date(
            *(gate, target / gate.name, inputs | done, _variables, keyed),
            ready=lambda new: tell(target / NEXT, Saved(new)),
        )
        tell(target / MANIFEST, public)
        (target / NEXT).unlink(missing_ok=True)
        edition = open_edition(target)
        if asked:
            made = (target / MANIFEST, edition.public.folder / RECORD)
            told = answered.answers(edition)
            answered.keep(target / answered.FILE, asked, places, state, told, made)
    return edition


def _begin(
    inputs: Mapping, target: Path | None, wanted: int | None, progress: Progress, called: str
) -> tuple[Path, int]:
    """Read the files unless an edition holds their tables; return the folder and the year."""
    raw = inputs["raw"].value
    key = key_of(TIDY, {"raw": inputs["raw"]})
    shelf = (target.parent if target else workspace.root() / FOLDER).resolve()
    held = sorted(path.parents[1] for path in shelf.glob(f"*/{WORK}/{TIDY.name}"))
    source = next((each for each in held if Saved(each / WORK / TIDY.name).key == key), None)
    try:
        if source is None:  # only the files themselves tell which school year they are of
            progress(f"reading {raw.name}")
            source = shelf / READING
            up_to_date(TIDY, source / WORK / TIDY.name, inputs, _variables)
        tidy = Saved(source / WORK / TIDY.name)
        year = _year(raw, tidy["folder"]["years"], wanted)
        kind = [*(["demo"] if workspace.is_demo(raw) else []), *([called] if called else [])]
        target = target or shelf / "-".join([*kind, schoolyear.label(year)])
        if source != target.resolve():
            with store.whole(target / WORK / TIDY.name) as new:
                shutil.copytree(tidy.folder, new, dirs_exist_ok=True)
    finally:
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
    return digests.of_files(folder, (path for path in paths if path.is_file()))
