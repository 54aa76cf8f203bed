"""An attacker with a solver: what can be worked out from all that is published together.

Unknown counts are whole numbers; everything published is an inequality about them. For every hidden
cell the smallest and the largest value are asked for (HiGHS, by `scipy.optimize.milp`). A cell is
*pinned* when both are equal and *narrowed* when fewer values are left than the publisher leaves.

``python tests/attack.py reports/demo-2024-2025 editions/demo-2024-2025`` attacks a whole site.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

DOMAINS = {  # of the referentieniveaus: level, and whether it is the target
    "rekenen": {"<1F": False, "1F": False, "1S": True, "2F": True},
    "lezen": {"<1F": False, "1F": False, "2F": True},
    "taalverzorging": {"<1F": False, "1F": False, "2F": True},
}
FEWEST = 4  # values that a "<5" leaves


@dataclass
class Puzzle:
    """Whole numbers with bounds, and sums of them with bounds."""

    names: list = field(default_factory=list)
    low: list = field(default_factory=list)
    high: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def unknown(self, name, low, high) -> int:
        self.names.append(name)
        self.low.append(low)
        self.high.append(high)
        return len(self.names) - 1

    def told(self, terms: dict[int, float], low: float, high: float) -> None:
        """Add: the sum of factor times number lies between low and high."""
        self.rows.append((terms, low, high))

    def ends(self, at: int) -> tuple[int, int] | None:
        """Return the smallest and largest value of one number; None when nothing fits."""
        found = []
        matrix = np.zeros((len(self.rows), len(self.names)))
        for row, (terms, _, _) in enumerate(self.rows):
            for name, factor in terms.items():
                matrix[row, name] += factor
        lows, highs = ([row[end] for row in self.rows] for end in (1, 2))
        for sign in (1, -1):
            cost = np.zeros(len(self.names))
            cost[at] = sign
            result = milp(
                cost,
                constraints=LinearConstraint(matrix, lows, highs) if self.rows else (),
                bounds=Bounds(self.low, self.high),
                integrality=np.ones(len(self.names)),
            )
            if not result.success:
                return None
            found.append(round(sign * result.fun))
        return found[0], found[1]


@dataclass
class Score:
    """How an attack went."""

    tried: int = 0
    pinned: int = 0
    narrowed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.tried + other.tried, self.pinned + other.pinned, self.narrowed + other.narrowed
        )

    def __str__(self) -> str:
        return f"{self.tried} cells tried, {self.pinned} pinned, {self.narrowed} narrowed"


# Counts that schools supply --------------------------------------------------------------------


def supplied(
    editions: Iterable[pd.DataFrame], known: pd.DataFrame | None = None, most: int = 120
) -> Score:
    """Attack counts of single schools from the cells of one or more editions.

    Parameters
    ----------
    editions : iterable of pandas.DataFrame
        Cells as published, with the schools they are of: an attacker may know who supplies.
    known : pandas.DataFrame, optional
        ``school``, ``year``, ``count``, ``value``: what schools know of themselves.
    most : int
        More pupils no school has.
    """
    cells = pd.concat(list(editions)).dropna(subset="low")
    score = Score()
    for year, here in cells.groupby("year"):
        puzzle, at = Puzzle(), {}
        for school in sorted({s for told in here["schools"] for s in told.split()}):
            for count in ("pupils", "pupils_below", "pupils_havo_vwo"):
                at[school, count] = puzzle.unknown((school, count), 0, most)
            for part in ("pupils_below", "pupils_havo_vwo"):
                puzzle.told({at[school, "pupils"]: 1, at[school, part]: -1}, 0, most)
        for row in here.itertuples():
            slack = 2 if row.low == row.high else 0  # rounded to the nearest five
            terms = {at[school, row.count_]: 1 for school in row.schools.split()}
            puzzle.told(terms, row.low - slack, row.high + slack)
        own = known[known["year"] == year] if known is not None else ()
        mine = set()
        for row in own.itertuples() if len(own) else ():
            if (row.school, row.count_) in at:
                puzzle.told({at[row.school, row.count_]: 1}, row.value, row.value)
                mine.add(row.school)
        for (school, _), place in at.items():
            if school in mine:
                continue
            ends = puzzle.ends(place)
            assert ends is not None, "what was published contradicts itself"
            width = ends[1] - ends[0]
            score += Score(1, width == 0, 0 < width < FEWEST - 1)
    return score


# Two publishers --------------------------------------------------------------------------------


def row_of_duo(printed: pd.DataFrame) -> tuple[Puzzle, dict, int]:
    """Lay out one school-year of the referentieniveaus: cells, and the pupils of all domains."""
    puzzle, at = Puzzle(), {}
    pupils = puzzle.unknown("pupils", 0, 1000)
    for row in printed.itertuples():
        low, high = int(row.pupils_low), int(row.pupils_high)
        at[row.domain, row.level] = puzzle.unknown((row.domain, row.level), low, high)
    for domain, levels in DOMAINS.items():
        mine = [at[domain, level] for level in levels if (domain, level) in at]
        if any(puzzle.high[each] for each in mine):  # zeros only: not tested
            puzzle.told(dict.fromkeys(mine, 1) | {pupils: -1}, 0, 0)
    return puzzle, at, pupils


def tell_share(puzzle: Puzzle, at: dict, pupils: int, low: float, high: float) -> None:
    """Add a percentage of target levels: a range as it is, a number to the nearest whole level."""
    reached = {
        place: 100 for (domain, level), place in at.items() if DOMAINS.get(domain, {}).get(level)
    }
    slack = 50 if high - low < 0.1 else 1e-3
    puzzle.told(reached | {pupils: -3 * low}, -slack, np.inf)
    puzzle.told(reached | {pupils: -3 * high}, -np.inf, slack)


def attack_row(printed: pd.DataFrame, told: list[tuple]) -> tuple[Score, bool]:
    """Attack the hidden cells of one school-year.

    Parameters
    ----------
    printed : pandas.DataFrame
        Its rows of the referentieniveaus.
    told : list of (kind, low, high)
        What pages say: ``share`` in percent, ``pupils`` as a number.

    Returns
    -------
    Score, bool
        And whether publishers contradict each other, in which case nothing is learned.
    """
    alone, at, pupils = row_of_duo(printed)
    hidden = [place for place in at.values() if alone.low[place] < alone.high[place]]
    if not hidden or alone.ends(hidden[0]) is None:
        return Score(), True
    with_pages, at, pupils = row_of_duo(printed)
    for kind, low, high in told:
        if kind == "share":
            tell_share(with_pages, at, pupils, low, high)
        else:
            with_pages.told({pupils: 1}, low, high)
    score = Score()
    for place in hidden:
        before, after = alone.ends(place), with_pages.ends(place)
        if after is None:
            return Score(len(hidden)), True
        less = after[1] - after[0] < before[1] - before[0]
        score += Score(1, less and after[0] == after[1], less and after[0] < after[1])
    return score, False


def by_the_rule(publish, printed: pd.DataFrame, school: str) -> Score:
    """Attack a range with the rule itself: which shares would have been shown by this range?

    Parameters
    ----------
    publish : callable
        From rows of DUO, and shares and pupils of the Inspectie, to what may be shown.
    printed : pandas.DataFrame
        Rows of the referentieniveaus.
    school : str
        Of one year; the last of what `publish` gives for it is what stands on its page.
    """
    mine = printed[printed["school"] == school]
    alone, at, pupils = row_of_duo(mine)
    low, high = alone.ends(pupils)
    every = [(n, r) for n in range(low, high + 1) for r in range(3 * n + 1)]
    names = [f"{turn:04d}ZZ" for turn in range(len(every))]
    rows = pd.concat([mine.assign(school=name) for name in names])
    results = pd.DataFrame(
        {
            "school": names,
            "year": 2023,
            "pct_1s2f": [round(100 * r / (3 * n), 2) for n, r in every],
            "pupils": [n for n, _ in every],
        }
    )
    told = publish(rows, results, school)
    shown = ["low", "high", "n_low", "n_high", "origin", "joined"]
    mark = told[told["school"] == school].iloc[0][shown]
    alike = told[(told[shown] == mark).all(axis=1) & (told["school"] != school)]["school"]
    ends = {}
    for name in alike:  # the cells that each of them leaves, by whole numbers
        n, reached = every[int(name[:4])]
        puzzle, place, everybody = row_of_duo(mine)
        slack = 100 / (6 * n)
        tell_share(
            puzzle,
            place,
            everybody,
            100 * reached / (3 * n) - slack / 2,
            100 * reached / (3 * n) + slack / 2,
        )
        puzzle.told({everybody: 1}, n, n)
        for key, cell in place.items():
            found = puzzle.ends(cell)
            if found is not None:
                before = ends.get(key, found)
                ends[key] = min(before[0], found[0]), max(before[1], found[1])
    score = Score()
    for key, cell in at.items():
        if alone.low[cell] < alone.high[cell] and key in ends:
            before, after = alone.ends(cell), ends[key]
            less = after[1] - after[0] < before[1] - before[0]
            score += Score(1, less and after[0] == after[1], less and after[0] < after[1])
    return score


# Estimates -------------------------------------------------------------------------------------


def half_unit(value: float) -> float:
    """Return half of the last digit that a printed number has."""
    return 0.5 * 10.0 ** -len(repr(float(value)).partition(".")[2].removesuffix("0"))


def from_estimates(edition, goal: int = 1) -> Score:
    """Solve the shares of guarded participants from the estimates that pages show.

    The attacker knows all other schools, and the package: every estimate is a sum of shares with
    weights that follow from who takes part and how many pupils there are.
    """
    from kansen_analysis.estimate.effects import estimate_effect
    from kansen_analysis.pages import evidence

    pages = (evidence.four_versions, evidence.since_start, evidence.by_period)
    frames = [page(edition, goal).frame for page in pages]
    printed = pd.concat([f["estimate" if "estimate" in f else "effect"] for f in frames])
    named = set(frames[1]["relative"]), set(frames[2]["label"])
    panel, rule = edition.panel(goal), edition.protocol.goal(goal).outcome

    def figures(rows: pd.DataFrame) -> np.ndarray:
        made = estimate_effect(rows, decides=rule.decides, size_by_year=rule.size_by_year, draws=19)
        event = made.event.table["estimate"]
        starts = [f"Gestart in {year}-{year + 1}" in named[1] for year in made.by_cohort.index]
        parts = (
            made.decision["effect"],
            event[event.index.isin(named[0])],
            made.by_period["effect"],
            made.by_cohort["effect"][starts],
        )
        return np.concatenate([part.to_numpy(float) for part in parts])

    key = ["school", "year"]
    levels = edition.target_levels[[*key, "low", "high", "joined"]]
    both = panel.merge(levels, on=key, how="left")
    guarded = both.index[both["joined"].eq("solved") & both["cohort"].notna()]
    known = figures(panel)
    assert (np.abs(known - printed.to_numpy(float)) < 1).all(), "these are not the same figures"
    moved = [
        figures(panel.assign(value=panel["value"].mask(panel.index == row, value + 0.1)))
        for row, value in panel["value"].loc[guarded].items()
    ]
    factors = (np.array(moved) - known).T / 0.1
    half = np.array([half_unit(value) for value in printed])[:, None]
    value = panel["value"].loc[guarded].to_numpy(float)[:, None]
    told = factors @ value
    sides = np.vstack([factors, -factors]), np.vstack([told + half, half - told]).ravel()
    low, high = (both.loc[guarded, end].to_numpy(float) for end in ("low", "high"))
    bounds = np.c_[np.minimum(low, value.ravel()), np.maximum(high, value.ravel())]
    pupil = 100 / (3 * both.loc[guarded, "n"].to_numpy(float))
    score = Score()
    for at in range(len(guarded)):
        cost = np.eye(len(guarded))[at]
        ends = [sign * linprog(sign * cost, *sides, bounds=bounds).fun for sign in (1, -1)]
        width, before = ends[1] - ends[0], bounds[at][1] - bounds[at][0]
        less = width < before - pupil[at] / 2
        score += Score(1, less and width < pupil[at], less and width >= pupil[at])
    return score


# A whole site ----------------------------------------------------------------------------------


def number(text: str) -> float | None:
    text = text.strip().replace("\u2009", "").replace("\u202f", "").replace(",", ".")
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def tables(site: Path) -> dict[str, list[dict]]:
    """Read every CSV of a site, and every sheet of its workbook that says more than they do."""
    found = {}
    for path in sorted(site.rglob("*.csv")):
        if not path.stem.endswith("-toelichting"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                found[path.stem] = list(csv.DictReader(file, delimiter=";"))
    for path in site.rglob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path, read_only=True).worksheets:
            found[f"xlsx {sheet.title}"] = [
                {"cells": [c for c in row if c is not None]}
                for row in sheet.iter_rows(values_only=True)
            ]
    return found


def told_by_site(site: Path, schools: Iterable[str]) -> dict[tuple[str, int], list[tuple]]:
    """Collect what the files of a site say of a school in a year."""
    found: dict[tuple[str, int], list[tuple]] = {}
    half = 5e-7  # of the last of six decimals

    def add(school, year, kind, row, name):
        low, high = (number(row.get(f"{name}_{end}", "") or "") for end in ("low", "high"))
        value = number(row.get(name, "") or "")
        if value is not None:
            low = high = value
        if low is not None and high is not None:
            found.setdefault((school, year), []).append((kind, low - half, high + half))

    sheets = tables(site)
    for name, rows in sheets.items():
        if match := re.fullmatch(r"school-(\w{6})-jaren", name):
            for row in rows:
                year = int(next(iter(row.values()))[:4])
                add(match[1].upper(), year, "share", row, "value")
                add(match[1].upper(), year, "pupils", row, "n")
    for row in sheets.get("eindtoets-deelnemers", ()):
        for column in row:
            if match := re.fullmatch(r"(value|n)_(\d{4})", column):
                kind = "share" if match[1] == "value" else "pupils"
                add(row["school"], int(match[2]), kind, row, column)
    return {key: told for key, told in found.items() if key[0] in set(schools)}


def pages_that_say(site: Path, secrets: dict[tuple[str, int], float]) -> list[tuple]:
    """Find the exact share of a guarded school-year in text, alt texts or figures of its page.

    A number that stands in a file of that school as well is attacked there.
    """
    found = []
    cells: dict[str, set[float]] = {}
    for name, rows in tables(site).items():
        if match := re.match(r"school-(\w{6})-", name):
            values = [number(cell or "") for row in rows for cell in row.values()]
            cells.setdefault(match[1].upper(), set()).update(v for v in values if v is not None)
    for (school, year), value in secrets.items():
        path = site / "scholen" / f"{school}.html"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for file in sorted((site / "files").rglob(f"school-{school.lower()}-*.svg")):
            text += file.read_text(encoding="utf-8")
        for said in sorted(set(re.findall(r"\d+,\d+", text))):
            half = 0.5 * 10 ** -len(said.partition(",")[2]) + 1e-6
            plain = float(said.replace(",", "."))
            told = any(abs(cell - plain) <= half for cell in cells.get(school, ()))
            if abs(plain - value) <= half and not told:
                found.append((school, year, said))
    return found


def subtracted(edition) -> tuple[int, list[tuple]]:
    """Take all printed schools of a municipality off its figure: what is left is the guarded ones.

    Returns
    -------
    int, list of (school, year)
        Guarded school-years that a figure of their municipality was held against, and those of
        which it left less than the range.
    """
    facts = edition.region_facts
    facts = facts[(facts["fact"] == "streefniveau") & (facts["place_kind"] == "municipality")]
    rows = edition.target_levels.merge(
        edition.schools[["school", "municipality_code"]], on="school"
    )
    reached = {end: (rows[end] * rows[f"n_{end}"]).astype(float) for end in ("low", "high")}
    groups = dict(iter(rows.assign(**reached).groupby(["municipality_code", "year"])))
    tried, lost = 0, []
    for fact in facts.itertuples():
        here = groups.get((fact.place_code, fact.year))
        if here is None:
            continue
        sums = here[["low", "high"]].sum()
        low, high = fact.low * fact.n_low, fact.high * fact.n_high
        for row in here[here["joined"] == "solved"].itertuples():
            least = low - (sums["high"] - row.high)
            most = high - (sums["low"] - row.low)
            tried += 1
            left = min(most, row.high) - max(least, row.low)
            if left < row.high - row.low - 1e-3:
                lost.append((row.school, int(row.year)))
    return tried, lost


def main(site: Path, folder: Path, most: int | None = None) -> int:
    """Attack a rendered monitor; returns the number of cells that were lost."""
    from kansen_analysis.edition.open import open_edition
    from kansen_analysis.outcomes.fixed import FEW

    edition = open_edition(folder)
    people = set(edition.participants["school"])
    printed = edition.load("referentieniveaus")
    printed = printed[printed["school"].isin(people) & (printed["kind"] == "Bo")]
    told = told_by_site(site, people)
    score, apart = Score(), 0
    masked = printed[printed["pupils_low"] < printed["pupils_high"]]
    keys = sorted({(s, int(y)) for s, y in zip(masked["school"], masked["year"], strict=True)})
    groups = dict(iter(printed.groupby(["school", "year"])))
    for key in keys[:most]:
        found, contradicts = attack_row(groups[key], told.get(key, []))
        score += found
        apart += contradicts
    print(f"referentieniveaus: {score}; {apart} school-years contradict")
    alone, sums = subtracted(edition)
    print(f"sums of municipalities: {alone} school-years tried, {len(sums)} narrowed")
    solved = Score()
    if isinstance(estimate := edition.estimates.get(1), tuple) or estimate is None:
        print("estimates of goal 1: there is none")
    elif estimate.n_treated < FEW:
        print("estimates of goal 1: made of what may be shown")
    else:
        solved = from_estimates(edition)
        print(f"estimates of goal 1: {solved}")
    guarded = edition.target_levels
    guarded = guarded[(guarded["joined"] == "solved") & guarded["school"].isin(people)]
    exact = edition.load("leerresultaten").dropna(subset=["school", "pct_1s2f"])
    exact = exact.set_index(["school", "year"])["pct_1s2f"]
    secrets = {
        key: float(exact[key])
        for key in zip(guarded["school"], guarded["year"], strict=True)
        if key in exact.index
    }
    said = pages_that_say(site, secrets)
    print(f"pages, alt texts and figures: {len(secrets)} shares looked for, {len(said)} found")
    for each in said:
        print(" ", *each)
    score += solved
    return score.pinned + score.narrowed + len(sums) + len(said)


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]), Path(sys.argv[2]))))
