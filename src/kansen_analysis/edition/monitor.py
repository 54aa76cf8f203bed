"""One edition of the monitor: a data folder, participants, a school year, and what follows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from kansen_analysis.demo import demo_folder
from kansen_analysis.errors import PanelError, UsageError, raise_all
from kansen_analysis.estimate.attenuation import (
    Attenuation,
    estimate_advice,
    measure_attenuation,
)
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.em_check import EmCheck, em_check
from kansen_analysis.estimate.shares import ShareEffect, estimate_share_effect
from kansen_analysis.goals.rule import OPEN, Protocol, decide, judge, load_protocol
from kansen_analysis.outcomes import advice, panel
from kansen_analysis.outcomes.advice import AdvicePanel
from kansen_analysis.programme import workspace
from kansen_analysis.schools.load import load, open_folder
from kansen_analysis.schools.participants import read_participants
from kansen_analysis.schools.pools import Pools, choose_pools, in_region
from kansen_analysis.sources import names, schoolyear
from kansen_analysis.words.advice import no_exact_years

LEERJAAR_3 = 3  # school years from the advice to leerjaar 3
MIN_BEFORE = 2  # tested school years before a start, to see how a school moves by itself


@dataclass(frozen=True)
class Obstacle:
    """Why participants were left out of a test.

    Parameters
    ----------
    text : str
        A sentence in Dutch.
    what : str
        What the number in it counts.
    number : int
    """

    text: str
    what: str
    number: int


class Monitor:
    """Everything the pages of one edition show.

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

    Raises
    ------
    DataErrors
        With everything that is wrong in the files or in the register.
    UsageError
        When a folder or file is not there, or the folder has nothing of the asked-for year.
    """

    def __init__(
        self,
        data: Path | str,
        participants: Path | str | None = None,
        school_year: int | None = None,
        protocol: Path | str | None = None,
    ):
        self.folder = open_folder(data)
        self.folder.scan()
        raise_all(self.folder.findings)
        self.demo = workspace.is_demo(self.folder.path)
        self.participants = read_participants(
            participants or workspace.default_participants(self.folder.path)
        )
        self.protocol: Protocol = load_protocol(protocol)
        years = self.result_years
        if not years:
            raise UsageError(f"{self.folder.path} holds no results of any school year.")
        if school_year is not None and school_year not in years:
            known = ", ".join(schoolyear.label(year) for year in years)
            raise UsageError(
                f"There are no results of {schoolyear.label(school_year)}; there are of {known}."
            )
        self.year = school_year or years[-1]

    @classmethod
    def from_environment(cls) -> Monitor:
        """Open the edition that the command told a notebook about, else the demo."""
        data = os.environ.get("KANSEN_DATA") or demo_folder()
        year = os.environ.get("KANSEN_SCHOOL_YEAR")
        return cls(
            data,
            os.environ.get("KANSEN_PARTICIPANTS") or None,
            schoolyear.parse(year) if year else None,
            os.environ.get("KANSEN_PROTOCOL") or None,
        )

    def __repr__(self) -> str:
        kind = "invented schools" if self.demo else "published files"
        return f"Monitor({schoolyear.label(self.year)}, {kind})"

    def same(self, other: Monitor) -> bool:
        """Tell whether another monitor rests on the same: files, register, protocol, year."""
        return (
            self.folder is other.folder  # a folder of which a file changed is opened anew
            and self.year == other.year
            and self.protocol == other.protocol
            and self.participants.equals(other.participants)
        )

    @cached_property
    def result_years(self) -> list[int]:
        """School years of which there are results or advices."""
        tables = ("eindscores", "referentieniveaus", "leerresultaten", "schooladviezen")
        return sorted({year for table in tables for year in self.folder.years(table)})

    def load(self, source: str) -> pd.DataFrame:
        """Return a tidy source up to and including the school year of this edition."""
        table = load(source, self.folder)
        return table[table["year"] <= self.year] if len(table) else table

    def provisional(self, *sources: str) -> list[int]:
        """School years of these sources that the publisher may still revise."""
        years: set[int] = set()
        for source in sources:
            table = self.load(source)
            if len(table):
                years.update(table.loc[table["provisional"], "year"].unique().tolist())
        return sorted(years)

    @cached_property
    def files(self) -> pd.DataFrame:
        """The files this edition rests on: source, name, school years, checksum."""
        rows = [
            {
                "source": file.source,
                "file": file.path.name,
                "first_year": file.years[0],
                "last_year": file.years[-1],
                "rows": file.rows,
                "sha256": file.sha256,
                "note": file.note,
            }
            for source in names()
            for file in self.folder.of(source)
        ]
        return pd.DataFrame(rows)

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Name, place, municipality, province and board of every regular school."""
        return panel.school_facts(self.folder)

    @cached_property
    def programme_start(self) -> int:
        """First school year in which any school had a coach."""
        starts = self.participants["coach_start"].dropna()
        return int(starts.min()) if len(starts) else self.year + 1

    @cached_property
    def schools(self) -> pd.DataFrame:
        """All regular schools with what the comparison is chosen on, from before the programme."""
        weging = panel.fixed_weging(self.folder, self.programme_start)
        history = load("leerlingen_historisch", self.folder)
        schools = self.facts.merge(weging, on="school", how="left")
        schools["pupils"] = float("nan")
        if len(history):
            before = history[
                (history["kind"] == "Bo") & (history["year"] == self.programme_start - 1)
            ]
            size = before.drop_duplicates("school").set_index("school")["pupils"]
            schools["pupils"] = schools["school"].map(size).astype(float)
        schools["kind"] = "Bo"
        schools["participant"] = schools["school"].isin(self.participants["school"])
        region = self.protocol.own_region
        schools["own_region"] = in_region(schools, region.province, region.municipalities)
        return schools

    @cached_property
    def pools(self) -> Pools:
        """The schools the participants are compared with."""
        region = self.protocol.own_region
        return choose_pools(
            self.schools, province=region.province, municipalities=region.municipalities
        )

    @cached_property
    def target_levels(self) -> pd.DataFrame:
        """%1S/2F per school and school year, up to this edition."""
        levels = panel.target_levels(self.folder)
        return levels[levels["year"] <= self.year].reset_index(drop=True)

    @cached_property
    def advice_cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Lowest and highest number of pupils per advice, by school and school year."""
        low, high = panel.advice_cells(self.folder)
        inside = low.index.get_level_values("year") <= self.year
        return low[inside], high[inside]

    @cached_property
    def advice_levels(self) -> pd.DataFrame:
        """Lowest and highest possible mean advice per school and school year."""
        return panel.advice_levels(*self.advice_cells)

    @cached_property
    def standard_scores(self) -> pd.DataFrame:
        """Test scores as z within school year and provider."""
        scores = panel.standard_scores(self.folder)
        return scores[scores["year"] <= self.year].reset_index(drop=True)

    def group_of(self, schools: pd.Series) -> pd.Series:
        """Tell for each school whether it takes part, is compared with, or neither."""
        group = pd.Series("overige scholen", index=schools.index, dtype="str")
        compared = schools.isin(self.pools.members["school"])
        group[compared] = "vergelijkbare scholen"
        group[schools.isin(self.participants["school"])] = "deelnemende scholen"
        return group

    def _outcome_panel(self, outcome: pd.DataFrame, goal: int) -> pd.DataFrame:
        """Turn an outcome into the panel that the estimator takes."""
        rule = self.protocol.goal(goal).outcome
        first, last = rule.window
        inside = outcome["year"].between(first or 0, last or self.year)
        rows = outcome[inside & ~outcome["year"].isin(rule.exclude_years) & (outcome["n"] > 0)]
        starts = self.participants.set_index("school")["coach_start"]
        rows = rows.merge(
            self.schools[["school", "schoolweging", "own_region", "board"]], on="school"
        ).merge(panel.main_provider(self.folder), on=["school", "year"], how="left")
        takes_part = rows["school"].isin(self.participants["school"])
        compared = rows["school"].isin(self.pools.members["school"])
        rows["cohort"] = rows["school"].map(starts).astype("Int64")
        # A participant whose start is unknown, or still to come, is no comparison school either.
        usable = compared | (takes_part & (rows["cohort"] <= self.year).fillna(False))
        rows = rows[usable & rows["schoolweging"].notna()]
        return rows[
            [
                "school",
                "year",
                "value",
                "n",
                "cohort",
                "schoolweging",
                "provider",
                "own_region",
                "board",
            ]
        ].sort_values(["school", "year"], ignore_index=True, kind="stable")

    @cached_property
    def panel(self) -> pd.DataFrame:
        """The panel of goal 1: share of target levels reached, in percent."""
        return self._outcome_panel(self.target_levels, 1)

    @cached_property
    def advices(self) -> AdvicePanel | None:
        """What goal 2 rests on, or None when no year has exact advices."""
        rule = self.protocol.goal(2).outcome
        last = min(rule.window[1] or self.year, self.year)
        years = [
            year for year in range(rule.window[0] or 0, last + 1) if year not in rule.exclude_years
        ]
        low, high = self.advice_cells
        if not len(low):
            return None
        try:
            return advice.advice_panel(
                low,
                high,
                years=years,
                schools=self.schools,
                tests=self.target_levels,
                provider=panel.main_provider(self.folder),
            )
        except PanelError:  # the one reason: nothing to learn from what a hidden count is
            return None

    @cached_property
    def raised_advices(self) -> pd.DataFrame:
        """Advices that could be raised after the test, and those that were."""
        raised = panel.raised_advices(self.folder)
        return raised[raised["year"] <= self.year].reset_index(drop=True)

    @cached_property
    def later_places(self) -> pd.DataFrame:
        """Where former pupils are in leerjaar 3, of those who got there by this edition."""
        places = panel.later_places(self.folder)
        return places[places["year"] + LEERJAAR_3 <= self.year].reset_index(drop=True)

    def _places_panel(self, share: str, end: str) -> tuple[pd.DataFrame, list[Obstacle]]:
        """Turn a share of former pupils into a panel.

        Parameters
        ----------
        share : str
            ``not_below`` or ``havo_vwo``, of `panel.place_shares`.
        end : str
            ``low``: what is hidden is read against the programme (low where it runs, high
            elsewhere); ``high``: in its favour.
        """
        rows = panel.place_shares(self.later_places)
        runs = rows["school"].map(self.participants.set_index("school")["coach_start"])
        runs = (rows["year"] >= runs).fillna(False).astype(bool)
        other = "high" if end == "low" else "low"
        value = rows[f"{share}_{end}"].where(runs, rows[f"{share}_{other}"])
        rows = self._outcome_panel(rows.assign(value=value), 3)
        return self._testable(rows, "De aangeleverde cijfers over leerjaar 3")

    def _testable(self, rows: pd.DataFrame, what: str) -> tuple[pd.DataFrame, list[Obstacle]]:
        """Leave out participants without two years before and one after their start.

        Returns
        -------
        rows : pandas.DataFrame
            Comparison schools, and the participants that can be tested.
        obstacles : list of Obstacle
            Why participants were left out; ends with the first year there is when nobody is left.
        """
        total = len(self.participants)
        unknown = int(self.participants["coach_start"].isna().sum())
        obstacles = []
        if unknown:
            text = (
                f"Van {unknown} van de {total} deelnemende scholen noemt geen document het eerste "
                "schooljaar met een coach."
            )
            obstacles.append(Obstacle(text, "Scholen zonder bekend eerste jaar met coach", unknown))
        years = sorted(rows["year"].unique())
        cohorts = rows["cohort"].dropna().unique()
        late = [g for g in cohorts if sum(year < g for year in years) < MIN_BEFORE]
        for start in sorted(late):
            schools = rows.loc[rows["cohort"] == start, "school"].nunique()
            year = schoolyear.label(int(start))
            text = (
                f"{schools} {'school' if schools == 1 else 'scholen'} met een start in "
                f"{year} {'telt' if schools == 1 else 'tellen'} niet mee: "
                f"er zijn minder dan {MIN_BEFORE} schooljaren van vóór de start."
            )
            short = f"Scholen met start in {year} en te weinig jaren van vóór de start"
            obstacles.append(Obstacle(text, short, schools))
        treated = rows[rows["cohort"].notna() & ~rows["cohort"].isin(late)]
        after = treated["year"] >= treated["cohort"]
        both = after.groupby(treated["school"]).agg(["any", "all"])
        usable = both.index[both["any"] & ~both["all"]]
        kept = rows[rows["cohort"].isna() | rows["school"].isin(usable)].reset_index(drop=True)
        if not len(usable) and years:
            first = schoolyear.label(int(years[0]))
            text = (
                f"{what} uit deze bestanden die meetellen, beginnen in {first}; voor een toets "
                f"zijn minstens {MIN_BEFORE} schooljaren van vóór de start nodig."
            )
            obstacles.append(Obstacle(text, "Nodige schooljaren van vóór de start", MIN_BEFORE))
        if len(usable) and not kept["cohort"].isna().any():
            text = (
                f"{what} gaan alleen over deelnemende scholen; er is niets om mee te vergelijken."
            )
            obstacles.append(Obstacle(text, "Vergelijkbare scholen in deze bestanden", 0))
            kept = kept.iloc[:0]
        return kept, obstacles

    @cached_property
    def _tested(self) -> dict[int, tuple[pd.DataFrame, list[Obstacle]]]:
        """Per goal with data: the rows that can be tested, and why others cannot."""
        found = {1: self._testable(self.panel, "De toetsresultaten")}
        if self.advices is not None:
            rows = self._outcome_panel(self.advices.rows, 2)
            found[2] = self._testable(rows, "De adviezen")
        if len(self.later_places):
            found[3] = self._places_panel("not_below", "low")
        return found

    @property
    def panels(self) -> dict[int, pd.DataFrame]:
        """Per goal the panel its estimate rests on; absent where there is no estimate."""
        return {goal: rows for goal, (rows, _) in self._tested.items() if _treated(rows)}

    @property
    def obstacles(self) -> dict[int, list[Obstacle]]:
        """Per goal with data, why participants were left out of the test."""
        return {goal: why for goal, (_, why) in self._tested.items()}

    @cached_property
    def estimates(self) -> dict[int, EffectEstimate | str]:
        """Per goal the estimate, or in Dutch why there is none."""
        people = len(self.participants)
        count = "Er doet 1 school mee." if people == 1 else f"Er doen {people} scholen mee."
        found: dict[int, EffectEstimate | str] = {
            goal: " ".join([count, *(each.text for each in why)])
            for goal, why in self.obstacles.items()
        }
        if len(self.advice_cells[0]) and self.advices is None:
            found[2] = no_exact_years()
        if 1 in self.panels:
            found[1] = estimate_effect(self.panels[1], seed=1)
        if 2 in self.panels:
            found[2] = estimate_advice(self.panels[2], self.attenuation, seed=1)
        if 3 in self.panels:
            found[3] = self._estimate_places()
        return found

    def _estimate_places(self) -> EffectEstimate | str:
        """Estimate goal 3, or say why not; hidden counts may not make a difference to it."""
        rule = self.protocol.goal(3).outcome
        against, favour = self.panels[3], self._places_panel("not_below", "high")[0]
        hidden = int((against["value"] != favour["value"]).sum())
        try:
            found = [
                estimate_effect(rows, seed=1) for rows in (against, favour)[: 1 + (hidden > 0)]
            ]
        except PanelError:  # few schools, or few years: more unknowns than figures
            return "Met de aangeleverde scholen en jaren is geen berekening te maken."
        words = {
            decide(
                each,
                decides=rule.decides,
                p_value=each.decision.loc[rule.decides, "p_value"],
                smallest_difference=rule.smallest_difference,
            ).verdict
            for each in found
        }
        if hidden and (len(words) > 1 or OPEN in words):
            return (
                f"In {hidden} van de {len(against)} aangeleverde schooljaren zijn aantallen "
                "afgeschermd, en het antwoord hangt af van wat daar verborgen is. Met exacte "
                "aantallen is dit doel wel te toetsen."
            )
        return min(found, key=lambda each: abs(each.effect))

    @cached_property
    def guards(self) -> dict[int, EffectEstimate]:
        """What must not get worse for a goal to be met: for goal 3 the place in leerjaar 3."""
        if not isinstance(self.estimates.get(3), EffectEstimate):
            return {}
        rows, _ = self._places_panel("havo_vwo", "low")
        try:
            return {3: estimate_effect(rows, seed=1)}
        except PanelError:  # then nothing shows that the place held
            return {}

    @cached_property
    def share_check(self) -> ShareEffect | None:
        """Goal 3 once more, from the counts themselves; None where some are hidden."""
        rows = self.panels.get(3)
        if rows is None:
            return None
        counts = self.later_places.set_index(["school", "year"]).loc[
            pd.MultiIndex.from_frame(rows[["school", "year"]])
        ]
        if not (counts["pupils_below_low"] == counts["pupils_below_high"]).all():
            return None
        below = counts["pupils_below_low"].to_numpy()
        return estimate_share_effect(rows.assign(count=below), higher_is_better=False)

    @cached_property
    def secondary(self) -> dict[int, EffectEstimate]:
        """Per goal the estimate of its second outcome, which bears no verdict.

        Goal 1: test scores as z within school year and provider, on its own panel. Goal 2: percent
        havo or higher, hidden and corrected as the level is.
        """
        found: dict[int, EffectEstimate] = {}
        if 1 in self.panels:
            rows, _ = self._testable(self._outcome_panel(self.standard_scores, 1), "De eindscores")
            if _treated(rows):
                found[1] = estimate_effect(rows, seed=1, details=False)
        if 2 in self.panels:
            rows = self.panels[2]
            shares = self.advices.rows.set_index(["school", "year"])["havo_up"]
            keys = pd.MultiIndex.from_frame(rows[["school", "year"]])
            rows = rows.assign(value=shares.loc[keys].to_numpy())
            seen = measure_attenuation(self.advices, rows, outcome="havo_up", seed=1)
            found[2] = estimate_advice(rows, seen, seed=1, details=False)
        return found

    @cached_property
    def attenuation(self) -> Attenuation | None:
        """Part of a change in the advices that stays visible when counts are hidden."""
        if 2 not in self.panels:
            return None
        return measure_attenuation(self.advices, self.panels[2], seed=1)

    @cached_property
    def advice_check(self) -> EmCheck | None:
        """The same estimate with the hidden counts filled in another way."""
        if 2 not in self.panels:
            return None
        return em_check(self.advices, self.panels[2], seed=1)

    def previous(self) -> Monitor | None:
        """Return last year's edition of the same files and protocol; None without results."""
        if self.year - 1 not in self.result_years:
            return None
        # Nothing is read again; all else is worked out when asked for.
        earlier = object.__new__(type(self))
        for name in ("folder", "demo", "participants", "protocol"):
            setattr(earlier, name, getattr(self, name))
        earlier.year = self.year - 1
        return earlier

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row per goal with its verdict and the reason in Dutch."""
        return judge(self.estimates, self.protocol, self.guards)


def _treated(rows: pd.DataFrame) -> bool:
    return bool(rows["cohort"].notna().any())
