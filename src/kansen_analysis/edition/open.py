"""An edition: what was built, read from its folder when it is asked for."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import pandas as pd

from kansen_analysis.edition import digests, released, secret
from kansen_analysis.edition.stages import FORMAT, Saved
from kansen_analysis.errors import UsageError
from kansen_analysis.schools.load import Until
from kansen_analysis.schools.over_time import as_one
from kansen_analysis.schools.participants import programme_start
from kansen_analysis.sources import schoolyear

MANIFEST = "manifest.json"
NEXT = ".manifest.next.json"  # of a `public` that is about to take its place, or just did
BEFORE = "before"  # below `work`: the same of the school year before, from the files of now
AGAIN = "run kansen build"
OPENS = "KANSEN_EDITION"  # the one thing a notebook is told: the folder of its edition


REACH = 10  # years back in which an earlier edition is looked for
PUBLIC, WORK = "public", "work"  # what pages read, and what stays in the working folder


def _kept(name: str, doc: str) -> property:
    return property(lambda self: self.public[name], doc=doc)


def _renamed(name: str, label: str, year: int) -> str:
    """Put another school year in the place of the last one in a name."""
    before, _, after = name.rpartition(label)
    return f"{before}{schoolyear.label(year)}{after}"


def _private(stage: str, name: str, doc: str) -> property:
    return property(lambda self: self.work(stage)[name], doc=f"{doc} Not for publication.")


def manifest_of(folder: Path) -> dict:
    """Return the manifest of what stands in the folder, an edition or a rendered monitor.

    A build that was killed right after its tables took their place left the manifest of those
    beside that of the tables before.

    Raises
    ------
    OSError, ValueError
        When there is none.
    """
    paths = [path for name in (MANIFEST, NEXT) if (path := folder / name).is_file()]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    if not found:
        raise FileNotFoundError(folder / MANIFEST)
    if len(found) == 1:
        return found[0]
    key = Saved(folder / PUBLIC).key
    return next((each for each in found if each.get("key") == key), found[0])


class Edition:
    """Everything that one edition shows; nothing is computed here, only read.

    Parameters
    ----------
    folder : pathlib.Path or str
        Where `build` wrote it; its folder ``public`` is enough for all that pages show.

    Raises
    ------
    UsageError
        When there is no edition, it was made by another version, or was not finished.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        try:
            manifest = manifest_of(self.folder)
            known = manifest["format"]
        except (OSError, ValueError, KeyError, TypeError):
            raise UsageError(f"There is no edition in {self.folder}; {AGAIN}.") from None
        if known != FORMAT:
            raise UsageError(f"{self.folder} was built by another version; {AGAIN}.")
        self.manifest = manifest
        self.year = schoolyear.parse(manifest["school_year"])
        self.demo: bool = manifest["demo"]
        self.public = Saved(self.folder / PUBLIC)
        if self.public.key != manifest["key"]:
            raise UsageError(f"{self.folder} is not finished, {PUBLIC} differs; {AGAIN}.")

    def __repr__(self) -> str:
        kind = "invented schools" if self.demo else "published files"
        return f"Edition({schoolyear.label(self.year)}, {kind})"

    participants = _kept("participants", "The register of participants.")
    schools = _kept("schools", "What the comparison is chosen on, by regular school.")
    region = _kept("region", "The region of the programme, from its settings.")
    others = _kept("others", "By school the other programme it takes part in.")
    pools = _kept("pools", "The schools that participants are compared with.")
    over_time = _kept("over_time", "Which schools are one school over time.")
    left_out = _kept("left_out", "Their school years that cannot be compared.")
    unexplained = _kept("unexplained", "Schools that begin or end, and nothing says why.")
    target_levels = _kept("target_levels", "%1S/2F per school and school year.")
    advice_levels = _kept("advice_levels", "Bounds of the mean advice.")
    standard_scores = _kept("standard_scores", "Test scores as z.")
    raised_advices = _kept("raised_advices", "Advices that could be raised, and were.")
    places = _kept("places", "Where former pupils are in leerjaar 3, by group, as may be shown.")
    advice_basis = _kept("advice_basis", "What goal 2 compares, and what was left out; or None.")
    obstacles = _kept("obstacles", "By goal why participants were left out.")
    estimates = _kept("estimates", "By goal its estimate, or why there is none.")
    guards = _kept("guards", "By goal what must not get worse.")
    attenuation = _kept("attenuation", "By goal the part of a change that is seen.")
    detectable = _kept("detectable", "By goal the smallest difference to be seen.")
    verdicts = _kept("verdicts", "One row per goal with its verdict.")
    reasons = _kept("reasons", "By goal why its verdict is what it is, as codes.")
    protocol = _kept("protocol", "The protocol it was judged by.")
    secondary = _kept("secondary", "By goal the estimate of its second outcome.")
    advice_check = _kept("advice_check", "Goal 2 with other fillings.")
    share_check = _kept("share_check", "Goal 3 from the counts themselves.")
    choices = _kept("choices", "By goal the effect under other choices.")
    changes = _kept("changes", "By goal the change of every participant.")
    by_step = _kept("by_step", "By goal participants per year since the start.")
    nearby = _kept("nearby", "By goal what moved around the schools.")
    seen = _kept("seen", "By goal the levels of participants, others and the country.")
    moved = _kept("moved", "By goal how participants moved, without a verdict.")
    standing = _kept("standing", "Participants beside their signaleringswaarde.")
    outlook = _kept("outlook", "Per goal and edition to come what could be seen.")
    needs = _kept("needs", "Per goal what is missing and who has it.")
    region_facts = _kept("region_facts", "Facts of the region and its municipalities.")
    region_told = _kept("region_told", "The facts that a rule chose to tell.")
    region_spread = _kept("region_spread", "Schools by schoolweging, in fifths.")
    region_schools = _kept("region_schools", "The vo schools of the region.")
    region_places = _kept("region_places", "How many municipalities are the yardstick.")
    printed = _kept("printed", "What publications print, beside what the files give.")
    truth = _kept("truth", "What was put into invented data; empty for published files.")
    programme = _kept("programme", "What stands beside the figures.")
    area_schools = _kept("area_schools", "Schools by neighbourhood.")
    area_homes = _kept("area_homes", "Pupils by the neighbourhood they live in.")
    area_care = _kept("area_care", "Young people with care by neighbourhood.")
    settings = _kept("settings", "What the programme is and what it is called.")
    files = _kept("files", "The files it rests on, with their checksums.")
    coverage = _kept("coverage", "Per source and school year what was read.")
    unmatched = _kept("unmatched", "Schools that no register knows.")
    aside_files = _kept("aside", "Files of the data folder that were not used: name, kind, source.")
    previous_verdicts = _kept(
        "previous_verdicts",
        "The verdicts on the school year before, from the files of now; None without results.",
    )
    dated = _kept("dated", "The day of the edition, such as 2026-03-12.")
    disclosure = _kept("disclosure", "What was hidden, and by which rule.")
    later_places = _private("outcomes", "later_places", "Former pupils in leerjaar 3 by school.")
    advices = _private("outcomes", "advices", "What goal 2 rests on, or None.")

    @property
    def panels(self) -> dict[str, pd.DataFrame]:
        """By name the panels that estimates rest on. Not for publication."""
        from kansen_analysis.edition.levels import panels_for_estimates  # which no page needs

        return panels_for_estimates({name: self.work(name) for name in ("outcomes", "levels")})

    @property
    def day(self) -> str | None:
        """The day of the edition, None where no setting and no fetched file says it."""
        return self.dated if self.dated != schoolyear.day_after(self.year) else None

    def work(self, stage: str) -> Saved:
        """Return what a stage worked out; it stays in the working folder.

        Raises
        ------
        UsageError
            When only the public part of the edition is here.
        """
        saved = Saved(self.folder / WORK / stage)
        if not saved.key:
            raise UsageError(f"{self.folder} holds no {WORK}/{stage}: only what is public is here.")
        return saved

    def published(self) -> None:
        """Remember what was published of supplied counts, for the editions that come."""
        cells = Saved(self.folder / WORK / "released")
        if cells.key:
            released.remember(secret.folder(self.folder.parent), cells["cells"])

    @property
    def digest(self) -> str:
        """Digest of the content of everything that may be shown."""
        return digests.digest(self.public.files)

    @cached_property
    def earlier(self) -> Edition | None:
        """The edition of the latest school year before this one that stands beside it.

        Its name is that of this one with another school year. None when there is no such folder,
        or it was not finished, is of another version, or of invented schools where this is not.
        """
        label = schoolyear.label(self.year)
        name = self.folder.absolute().name
        for year in range(self.year - 1, self.year - 1 - REACH, -1) if label in name else ():
            with suppress(UsageError):
                found = Edition(self.folder.absolute().with_name(_renamed(name, label, year)))
                if found.demo == self.demo and found.year == year:
                    return found
        return None

    @property
    def facts(self) -> pd.DataFrame:
        """Name, place, municipality, province and board of every regular school."""
        names = ["name", "place", "municipality_code", "municipality", "province", "board"]
        return self.schools[["school", *names]]

    @property
    def programme_start(self) -> int:
        """First school year in which any school had a coach; else the one after this edition."""
        return programme_start(self.participants, self.year)

    @property
    def advice_cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Lowest and highest number of pupils per advice, by school and school year."""
        low, high = (self.public[f"advice_{end}"] for end in ("low", "high"))
        return tuple(cells.set_index(["school", "year"]) for cells in (low, high))

    def goal_of(self, measure: str) -> int | None:
        """Return the first goal about an outcome, None when no goal is."""
        goals = self.protocol.goals
        return next((each.id for each in goals if each.outcome.measure == measure), None)

    def panel(self, goal: int) -> pd.DataFrame:
        """Return the panel that the estimate of a goal rests on; not for publication.

        Raises
        ------
        UsageError
            When the goal has none.
        """
        if str(goal) not in self.panels:
            raise UsageError(f"There is no panel of goal {goal} in this edition.")
        return self.panels[str(goal)]

    def school(self, code: str) -> pd.Series:
        """Return what is known of one school.

        Parameters
        ----------
        code : str
            BRIN6, such as ``"06GS00"``.

        Raises
        ------
        UsageError
            When no file knows it.
        """
        found = self.schools[self.schools["school"] == code]
        if not len(found):
            raise UsageError(f"No file of this edition knows a school {code}.")
        return found.iloc[0]

    @property
    def tables(self) -> Until:
        """The tidy tables by name, up to and including the school year of this edition."""
        return Until(self.public, self.year)

    def load(self, table: str) -> pd.DataFrame:
        """Return a tidy table up to and including the school year of this edition."""
        if table not in self.public:
            raise UsageError(f"{table} is not public; edition.work('tidy') has what was read.")
        return self.tables[table]

    def years_of(self, table: str) -> list[int]:
        """Return the school years of a table, up to and including that of this edition."""
        years = self.public["years"]
        return sorted(
            {int(y) for y in years.loc[years["table"] == table, "year"] if y <= self.year}
        )

    def provisional(self, *tables: str) -> list[int]:
        """School years of these tables that the publisher may still revise."""
        years = self.public["years"]
        late = years[years["table"].isin(tables) & years["provisional"].astype(bool)]
        return sorted({int(year) for year in late["year"] if year <= self.year})

    def group_of(self, schools: pd.Series) -> pd.Series:
        """Tell for each school whether it takes part, is compared with, or neither."""
        schools = as_one(schools, self.over_time)
        group = pd.Series("overige scholen", index=schools.index, dtype="str")
        compared = schools.isin(self.pools.members["school"])
        group[compared] = "vergelijkbare scholen"
        group[schools.isin(self.participants["school"])] = "scholen in het register"
        return group


def open_edition(folder: Path | str | None = None) -> Edition:
    """Open an edition that was built.

    Parameters
    ----------
    folder : pathlib.Path or str, optional
        Such as ``editions/2024-2025``. When left out, the folder that the environment variable
        ``KANSEN_EDITION`` names (as `kansen lab` sets it), else the demo, built when it is stale.

    Returns
    -------
    Edition
        Tables are read when they are asked for.

    Raises
    ------
    UsageError
        When there is no finished edition.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> from kansen_analysis.edition.build import build
    >>> edition = open_edition(build(demo_folder()).folder)
    >>> sorted(edition.panel(1).columns[:5])
    ['cohort', 'n', 'school', 'value', 'year']
    """
    if folder := folder or os.environ.get(OPENS):
        return Edition(folder)
    from kansen_analysis.demo import demo_folder
    from kansen_analysis.edition.build import build  # which opens what it built

    return build(demo_folder())
