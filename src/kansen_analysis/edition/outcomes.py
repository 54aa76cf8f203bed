"""Stage 3: what is measured per school and school year, and the panels that estimates rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pandas as pd

from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.outcomes import OUTCOMES, advice, panel
from kansen_analysis.outcomes.advice import AdvicePanel
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.schools.over_time import MERGER, follow, together

MORE = ("own_region", "board", "schoolweging_year")
LEERJAAR_3 = 3  # school years from the advice to leerjaar 3
LEVELS = {"advice_above_expectation": "value", "havo_vwo_share": "havo_up"}  # columns of advices
MIN_BEFORE = 2  # tested school years before a start, to see how a school moves by itself


def run(inputs: Mapping) -> dict[str, object]:
    """Measure every outcome up to the school year of the edition.

    Returns
    -------
    dict
        The outcomes of `kansen_analysis.outcomes.panel`, by school and school year; ``advices``,
        an `AdvicePanel` or None; ``panels``: by name the panels that can be tested, and
        ``obstacles``: by goal with data why participants were left out of its test.
    """
    tables, year = inputs["tidy"], inputs["year"]
    low, high = (cells[_until(cells, year)] for cells in panel.advice_cells(tables))
    levels, scores, raised, places = (
        each[each["year"] <= until].reset_index(drop=True)
        for each, until in (
            (panel.target_levels(tables), year),
            (panel.standard_scores(tables), year),
            (panel.raised_advices(tables), year),
            (panel.later_places(tables), year - LEERJAAR_3),
        )
    )

    places = _places_together(places, inputs["schools"]["over_time"])
    advices = advices_of(inputs, low, high, levels)
    measured = {"target_levels": levels, "test_score_z": scores} | measured_of(advices)
    choose = Chosen(inputs, measured, places)
    found: dict[str, tuple[pd.DataFrame, list[Reason]]] = {}
    for goal in inputs["protocol"].goals:
        if goal.role == "toets":
            found |= choose.of_goal(goal)
    panels = {name: rows for name, (rows, _) in found.items() if _treated(rows)}
    for goal in inputs["protocol"].goals:
        if str(goal.id) not in panels:  # what goes beside an estimate goes with it
            panels.pop(f"{goal.id} second", None)

    return {
        "target_levels": levels,
        "advice_low": low.reset_index(),
        "advice_high": high.reset_index(),
        "advice_levels": panel.advice_levels(low, high),
        "standard_scores": scores,
        "raised_advices": raised,
        "later_places": places,
        "advices": advices,
        "panels": panels,
        "obstacles": {int(name): why for name, (_, why) in found.items() if name.isdigit()},
    }


def _until(cells: pd.DataFrame, year: int):
    return cells.index.get_level_values("year") <= year


def _treated(rows: pd.DataFrame) -> bool:
    return bool(rows["cohort"].notna().any())


def _with(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return school-years with another of their columns as the value."""
    return rows if name == "value" else rows.assign(value=rows[name])


def measured_of(advices: AdvicePanel | None) -> dict[str, pd.DataFrame]:
    """Return the outcomes that advices give, by name."""
    if advices is None:
        return {}
    return {name: _with(advices.rows, value) for name, value in LEVELS.items()}


def advices_of(
    inputs: Mapping, low: pd.DataFrame, high: pd.DataFrame, levels: pd.DataFrame
) -> AdvicePanel | None:
    """Return what goals on advices rest on; None without one, or when no year is exact."""
    year = inputs["year"]
    rules = [
        goal.outcome
        for goal in inputs["protocol"].goals
        if goal.role == "toets" and OUTCOMES[goal.outcome.measure].way == "advice"
    ]
    years = sorted(
        {
            each
            for rule in rules
            for each in range(rule.window[0] or 0, min(rule.window[1] or year, year) + 1)
            if each not in rule.exclude_years
        }
    )
    if not len(low) or not rules:
        return None
    try:
        found = advice.advice_panel(
            low,
            high,
            years=years,
            schools=inputs["schools"]["schools"],
            tests=levels,
            provider=panel.main_provider(inputs["tidy"]),
        )
    except PanelError:  # the one reason: nothing to learn from what a hidden count is
        return None
    changed = inputs["schools"]["over_time"]["school"]
    # The second filling takes counts as one school prints them, and leaves sums of schools out.
    own = found.printed.index.get_level_values("school").isin(changed)
    return replace(found, printed=found.printed[~own]) if own.any() else found


def _places_together(places: pd.DataFrame, over_time: pd.DataFrame) -> pd.DataFrame:
    """Add up the former pupils of schools that are one over time, hidden counts as intervals."""
    changed = places["school"].isin(over_time["school"])
    if not changed.any():
        return places
    sums = follow(places[changed], over_time)[[*places.columns]]
    both = pd.concat([places[~changed], sums.astype(places.dtypes.to_dict())])
    return both.sort_values(["school", "year"], ignore_index=True, kind="stable")


class Chosen:
    """Turns an outcome into a panel: the schools that count, with what goes with them.

    Parameters
    ----------
    inputs : mapping
        What the stage reads.
    measured : mapping of str to pandas.DataFrame
        By name of the outcome its value per school and school year.
    places : pandas.DataFrame
        As `panel.later_places`, for the outcomes that are made of them.
    """

    def __init__(
        self,
        inputs: Mapping,
        measured: Mapping[str, pd.DataFrame] = MappingProxyType({}),
        places: pd.DataFrame | None = None,
    ):
        self.measured = measured
        self.later = places if places is not None and len(places) else None
        self.year, self.protocol = inputs["year"], inputs["protocol"]
        self.people, self.schools = (inputs["schools"][n] for n in ("participants", "schools"))
        self.compared = inputs["schools"]["pools"].members["school"]
        self.provider = panel.main_provider(inputs["tidy"])
        self.weging = panel.yearly_weging(inputs["tidy"])
        self.over_time, self.left_out = (inputs["schools"][n] for n in ("over_time", "left_out"))
        starts = self.people.set_index("school")["coach_start"]
        changed = self.over_time.drop_duplicates("school_over_time")
        changed = changed.set_index("school_over_time")["start"]
        changed = changed[changed.index.isin(starts.index)]
        self.starts = pd.concat([starts[~starts.index.isin(self.over_time["school"])], changed])

    def of_goal(self, goal: Goal) -> dict[str, tuple[pd.DataFrame, list[Reason]]]:
        """Return the panels of a goal, by name, each with why participants are not in it.

        ``<id>`` is what is tested, ``<id> second`` its second outcome, ``<id> guard`` what must not
        get worse, and ``<id> in favour`` the panel with hidden counts read that way.
        """
        rule, name = goal.outcome, str(goal.id)
        found = {name: self.of(rule.measure, goal, rule.higher_is_better)}
        if OUTCOMES[rule.measure].way == "places":
            found[f"{name} in favour"] = self.of(
                rule.measure, goal, rule.higher_is_better, end="high"
            )
        for second in goal.secondary:
            found[f"{name} second"] = self.of(second.measure, goal, True)
        if goal.guard is not None:
            found[f"{name} guard"] = self.of(goal.guard.measure, goal, goal.guard.higher_is_better)
        return {name: panel for name, panel in found.items() if panel is not None}

    def of(
        self, measure: str, goal: Goal, higher_is_better: bool, end: str = "low"
    ) -> tuple[pd.DataFrame, list[Reason]] | None:
        """Return the panel of one outcome for a goal, higher better; None without data for it."""
        kind = OUTCOMES[measure]
        if kind.way == "places":
            if self.later is None:
                return None
            share = "not_below" if measure == "places_leerjaar3" else "havo_vwo"
            rows, why = self.places(self.later, share, end, goal.id)
        elif measure in self.measured:
            rows, why = self.panel(self.measured[measure], goal.id)
        else:
            return None
        if higher_is_better == kind.lower:
            rows = rows.assign(value=-rows["value"])
        return rows, why

    def panel(self, outcome: pd.DataFrame, goal: int) -> tuple[pd.DataFrame, list[Reason]]:
        """Return the panel that the estimator takes, and why participants are not in it."""
        return self._testable(self.rows(outcome, goal))

    def places(
        self, places: pd.DataFrame, share: str, end: str, goal: int
    ) -> tuple[pd.DataFrame, list[Reason]]:
        """Turn a share of former pupils into a panel.

        Parameters
        ----------
        places : pandas.DataFrame
            As `panel.later_places`.
        share : str
            ``not_below`` or ``havo_vwo``, of `panel.place_shares`.
        end : str
            ``low``: what is hidden is read against the programme (low where it runs, high
            elsewhere); ``high``: in its favour.
        goal : int
            Whose window it is.
        """
        rows = panel.place_shares(places)
        runs = rows["school"].map(self.starts)
        runs = (rows["year"] >= runs).fillna(False).astype(bool)
        other = "high" if end == "low" else "low"
        value = rows[f"{share}_{end}"].where(runs, rows[f"{share}_{other}"])
        return self.panel(rows.assign(value=value), goal)

    def rows(self, outcome: pd.DataFrame, goal: int, *, to_come: bool = False) -> pd.DataFrame:
        """Keep the school-years of the protocol and the schools that take part or are compared.

        With `to_come` also participants whose coach comes after this edition.
        """
        rule = self.protocol.goal(goal).outcome
        first, last = rule.window
        inside = outcome["year"].between(first or 0, last or self.year)
        rows = outcome[inside & ~outcome["year"].isin(rule.exclude_years) & (outcome["n"] > 0)]
        rows = rows.merge(self.provider, on=["school", "year"], how="left")
        rows = rows.merge(self.weging, on=["school", "year"], how="left")
        rows["schoolweging_year"] = rows["schoolweging_year"].astype(float)
        rows = rows[["school", "year", "value", "n", "provider", "schoolweging_year"]]
        rows = self._whole(rows)
        facts = self.schools[["school", "schoolweging", "own_region", "board"]]
        rows = rows.merge(facts, on="school")
        rows["cohort"] = rows["school"].map(self.starts).astype("Int64")
        takes_part = rows["school"].isin(self.people["school"])
        started = (rows["cohort"] <= self.year).fillna(False)
        # A participant whose start is unknown, or still to come, is no comparison school either.
        usable = rows["school"].isin(self.compared) | (
            takes_part & (rows["cohort"].notna() if to_come else started)
        )
        columns = ["school", "year", "value", "n", "cohort", "schoolweging", "provider", *MORE]
        if len(self.over_time):
            columns.append("merged")
        rows = rows.loc[usable & rows["schoolweging"].notna(), columns]
        return rows.sort_values(["school", "year"], ignore_index=True, kind="stable")

    def _whole(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Follow schools over mergers; leave out the years that are neither with nor without."""
        if not len(self.over_time):
            return rows
        rows = together(rows, self.over_time, ["value", "schoolweging_year"])
        left = pd.MultiIndex.from_frame(self.left_out)
        rows = rows[~pd.MultiIndex.from_frame(rows[["school", "year"]]).isin(left)]
        merged = self.over_time.loc[self.over_time["flag"] == MERGER, "school_over_time"]
        return rows.assign(merged=rows["school"].isin(merged))

    def _testable(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Reason]]:
        """Leave out participants without two years before and one after their start.

        Returns
        -------
        rows : pandas.DataFrame
            Comparison schools, and the participants that can be tested.
        obstacles : list of Reason
            Why participants were left out; ends with the first year there is when nobody is left.
        """
        unknown = int(self.people["coach_start"].isna().sum())
        obstacles = []
        if unknown:
            counts = {"schools": unknown, "participants": len(self.people)}
            obstacles.append(Reason(Obstacle.START_UNKNOWN, counts))
        years = sorted(rows["year"].unique())
        cohorts = rows["cohort"].dropna().unique()
        late = [g for g in cohorts if sum(year < g for year in years) < MIN_BEFORE]
        for start in sorted(late):
            schools = rows.loc[rows["cohort"] == start, "school"].nunique()
            figures = {"schools": schools, "start": int(start), "needed": MIN_BEFORE}
            obstacles.append(Reason(Obstacle.LATE_START, figures))
        treated = rows[rows["cohort"].notna() & ~rows["cohort"].isin(late)]
        after = treated["year"] >= treated["cohort"]
        both = after.groupby(treated["school"]).agg(["any", "all"])
        usable = both.index[both["any"] & ~both["all"]]
        kept = rows[rows["cohort"].isna() | rows["school"].isin(usable)].reset_index(drop=True)
        if not len(usable) and years:
            figures = {"first": int(years[0]), "needed": MIN_BEFORE}
            obstacles.append(Reason(Obstacle.ONLY_LATER, figures))
        if len(usable) and not kept["cohort"].isna().any():
            obstacles.append(Reason(Obstacle.NOTHING_BESIDE))
            kept = kept.iloc[:0]
        return kept, obstacles
