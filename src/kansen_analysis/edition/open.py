"""An edition: what was built, read from its folder when it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from kansen_analysis.edition import store
from kansen_analysis.edition.stages import FORMAT, Saved
from kansen_analysis.errors import UsageError
from kansen_analysis.schools.load import Until
from kansen_analysis.sources import schoolyear

MANIFEST = "manifest.json"
BEFORE = "before"  # below `work`: the same of the school year before, from the files of now
AGAIN = "run kansen build"
OPENS = "KANSEN_EDITION"  # the one thing a notebook is told: the folder of its edition


def _kept(stage: str, name: str, doc: str) -> property:
    return property(lambda self: self.stages[stage][name], doc=doc)


class Edition:
    """Everything that one edition shows; nothing is computed here, only read.

    Parameters
    ----------
    folder : pathlib.Path or str
        Where `build` wrote it.

    Raises
    ------
    UsageError
        When there is no edition, it was made by another version, or was not finished.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        try:
            manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            known = manifest["format"]
        except (OSError, ValueError, KeyError, TypeError):
            raise UsageError(f"There is no edition in {self.folder}; {AGAIN}.") from None
        if known != FORMAT:
            raise UsageError(f"{self.folder} was built by another version; {AGAIN}.")
        self.manifest = manifest
        self.year = schoolyear.parse(manifest["school_year"])
        self.demo: bool = manifest["demo"]
        self.stages = {name: Saved(self.folder / "work" / name) for name in manifest["stages"]}
        for name, told in manifest["stages"].items():
            if self.stages[name].key != told["key"]:
                raise UsageError(f"{self.folder} is not finished, stage {name} differs; {AGAIN}.")

    def __repr__(self) -> str:
        kind = "invented schools" if self.demo else "published files"
        return f"Edition({schoolyear.label(self.year)}, {kind})"

    participants = _kept("schools", "participants", "The register of participants.")
    schools = _kept("schools", "schools", "What the comparison is chosen on, by regular school.")
    region = _kept("schools", "region", "The region of the programme, from its settings.")
    pools = _kept("schools", "pools", "The schools that participants are compared with.")
    target_levels = _kept("outcomes", "target_levels", "%1S/2F per school and school year.")
    advice_levels = _kept("outcomes", "advice_levels", "Bounds of the mean advice.")
    standard_scores = _kept("outcomes", "standard_scores", "Test scores as z.")
    raised_advices = _kept("outcomes", "raised_advices", "Advices that could be raised, and were.")
    later_places = _kept("outcomes", "later_places", "Where former pupils are in leerjaar 3.")
    advices = _kept("outcomes", "advices", "What goal 2 rests on, or None.")
    obstacles = _kept("outcomes", "obstacles", "By goal why participants were left out.")
    panels = _kept("outcomes", "panels", "By name the panels that estimates rest on.")
    estimates = _kept("estimates", "estimates", "By goal its estimate, or why there is none.")
    guards = _kept("estimates", "guards", "By goal what must not get worse.")
    attenuation = _kept("estimates", "attenuation", "The part of a change in advices that is seen.")
    detectable = _kept("estimates", "detectable", "By goal the smallest difference to be seen.")
    verdicts = _kept("verdicts", "verdicts", "One row per goal with its verdict.")
    reasons = _kept("verdicts", "reasons", "By goal why its verdict is what it is, as codes.")
    protocol = _kept("verdicts", "protocol", "The protocol it was judged by.")
    secondary = _kept("sensitivity", "secondary", "By goal the estimate of its second outcome.")
    advice_check = _kept("sensitivity", "advice_check", "Goal 2 with other fillings.")
    share_check = _kept("sensitivity", "share_check", "Goal 3 from the counts themselves.")
    choices = _kept("sensitivity", "choices", "By goal the effect under other choices.")
    changes = _kept("sensitivity", "changes", "By goal the change of every participant.")
    by_step = _kept("sensitivity", "by_step", "By goal participants per year since the start.")
    nearby = _kept("sensitivity", "nearby", "By goal what moved around the schools.")
    seen = _kept("answers", "seen", "By goal the levels of participants, others and the country.")
    moved = _kept("answers", "moved", "By goal how participants moved, without a verdict.")
    standing = _kept("answers", "standing", "Participants beside their signaleringswaarde.")
    outlook = _kept("answers", "outlook", "Per goal and edition to come what could be seen.")
    needs = _kept("answers", "needs", "Per goal what is missing and who has it.")
    region_facts = _kept("place", "region_facts", "Facts of the region and its municipalities.")
    region_told = _kept("place", "region_told", "The facts that a rule chose to tell.")
    region_spread = _kept("place", "region_spread", "Schools by schoolweging, in fifths.")
    region_schools = _kept("place", "region_schools", "The vo schools of the region.")
    region_places = _kept("place", "region_places", "How many municipalities are the yardstick.")
    programme = _kept("beside", "programme", "What stands beside the figures.")
    truth = _kept("beside", "truth", "What was put into invented data; empty for published files.")
    files = _kept("tidy", "files", "The files it rests on, with their checksums.")
    coverage = _kept("tidy", "coverage", "Per source and school year what was read.")
    unmatched = _kept("tidy", "unmatched", "Schools that no register knows.")

    @property
    def digest(self) -> str:
        """Digest of the content of everything in it."""
        return store.digest({name: stage.files for name, stage in self.stages.items()})

    @property
    def facts(self) -> pd.DataFrame:
        """Name, place, municipality, province and board of every regular school."""
        names = ["name", "place", "municipality_code", "municipality", "province", "board"]
        return self.schools[["school", *names]]

    @property
    def aside_files(self) -> list[tuple[str, str, str]]:
        """Files of the data folder that were not recognised."""
        return self.stages["tidy"]["folder"]["aside"]

    @property
    def previous_verdicts(self) -> pd.DataFrame | None:
        """The verdicts on the school year before, from the files of now; None without results."""
        earlier = self.stages.get(f"{BEFORE}/verdicts")
        return None if earlier is None else earlier["verdicts"]

    @property
    def programme_start(self) -> int:
        """First school year in which any school had a coach; else the one after this edition."""
        starts = self.participants["coach_start"].dropna()
        return int(starts.min()) if len(starts) else self.year + 1

    @property
    def advice_cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Lowest and highest number of pupils per advice, by school and school year."""
        low, high = (self.stages["outcomes"][f"advice_{end}"] for end in ("low", "high"))
        return tuple(cells.set_index(["school", "year"]) for cells in (low, high))

    def panel(self, goal: int) -> pd.DataFrame:
        """Return the panel that the estimate of a goal rests on.

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
        return Until(self.stages["tidy"], self.year)

    def load(self, table: str) -> pd.DataFrame:
        """Return a tidy table up to and including the school year of this edition."""
        return self.tables[table]

    def provisional(self, *tables: str) -> list[int]:
        """School years of these tables that the publisher may still revise."""
        years = self.stages["tidy"]["years"]
        late = years[years["table"].isin(tables) & years["provisional"].astype(bool)]
        return sorted({int(year) for year in late["year"] if year <= self.year})

    def group_of(self, schools: pd.Series) -> pd.Series:
        """Tell for each school whether it takes part, is compared with, or neither."""
        group = pd.Series("overige scholen", index=schools.index, dtype="str")
        compared = schools.isin(self.pools.members["school"])
        group[compared] = "vergelijkbare scholen"
        group[schools.isin(self.participants["school"])] = "scholen in het register"
        return group


def open_edition(folder: Path | str) -> Edition:
    """Open an edition that was built.

    Parameters
    ----------
    folder : pathlib.Path or str
        Such as ``editions/2024-2025``.

    Returns
    -------
    Edition
        Tables are read when they are asked for.

    Raises
    ------
    UsageError
        When there is no finished edition.
    """
    return Edition(folder)
