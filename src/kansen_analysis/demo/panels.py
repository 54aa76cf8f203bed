"""Invented worlds in which the truth is known, to see how often the method is wrong.

The set-up is that of docs/methods.md: schools of about twenty pupils, 2013-2014 to 2024-2025
without a test in 2019-2020, participants joining over four years. Values are in
pupil standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kansen_analysis.errors import UsageError

WORLDS: Mapping[str, str] = {
    "S0": "alles gaat zoals het model denkt",
    "S2": "de breuken van 2020-2021 en 2023-2024 zijn groter bij een hoge schoolweging",
    "S3": "scholen doen mee na een slecht 2018-2019",
    "S3b": "scholen doen mee na hun eigen slechte jaar",
    "S4": "de hele regio schommelt mee",
    "heavy": "toevalsschommelingen met uitschieters",
    "unbalanced": "scholen sluiten, openen en fuseren, en er ontbreken jaren",
    "steeper": "deelnemers gaan uit zichzelf elk jaar 0,01 meer vooruit",
    "steeper2": "deelnemers gaan uit zichzelf elk jaar 0,02 meer vooruit",
    "early": "deelnemers zijn al in het jaar voor de start vooruitgegaan",
    "intake": "deelnemers krijgen makkelijker leerlingen (schoolweging 1,5 lager)",
    "boards": "besturen schommelen mee; de deelnemers horen bij vier besturen",
    "small": "kleine deelnemers tussen grote scholen",
    "controls": "in de eigen regio zijn zes scholen om mee te vergelijken",
    "mixed": "de helft gaat vooruit, de andere helft evenveel achteruit",
    "spill": "scholen in de eigen regio krijgen een deel van het verschil mee",
}
YEARS = np.array([year for year in range(2013, 2025) if year != 2019])
COHORTS = np.array([2020, 2021, 2022, 2023])
SHARES = np.array([16, 24, 24, 16]) / 80
PUPIL, SCHOOL, SLOPE, SHOCK, RHO = 0.88, 0.22, 0.25, 0.12, 0.5
REGION_SHOCK = 0.06
OWN_REGION = 100 / 220  # comparison schools in the own region
PROVIDERS = ("A", "B", "C")
BAD_YEAR = {"S3": 0.65, "S3b": 1.2}  # how much it weighs in the decision to join
STEEPER = {"steeper": 0.01, "steeper2": 0.02}  # pupil SD a year
EARLY = 0.08  # what was gained before the start
WEGING_SD = 3.65  # points of schoolweging
EASIER = 1.5  # points, reached in the third programme year
BOARDS = 4  # of the participants, in the world where boards have shocks
BOARD_SHOCK = 0.12
SMALL, LARGE = 9, 45  # pupils
CONTROLS = 6
APART = 0.2
SPILL = 0.4  # part of the effect that schools in the own region get
WEGING_NOISE = 0.3  # points, of one year's schoolweging


def simulate(
    world: str = "S0",
    seed: int = 1,
    *,
    effect: float = 0.0,
    schools: int = 300,
    treated: int = 80,
    growing: bool = True,
) -> pd.DataFrame:
    """Draw one panel from a world.

    Parameters
    ----------
    world : str
        A key of `WORLDS`.
    seed : int
        The same seed gives the same panel.
    effect : float
        True mean effect over the participants' programme years, in pupil SD.
    schools, treated : int
        Number of schools, and of participants among them.
    growing : bool
        Effects that grow with the years and shrink by cohort, and differ by school; False gives
        the same effect everywhere.

    Returns
    -------
    DataFrame
        A panel for `estimate_effect`, with ``board``. ``attrs["truth"]`` is the true mean effect
        over the programme years that are in it.

    Examples
    --------
    >>> panel = simulate("S0", seed=1)
    >>> panel["school"].nunique(), panel["cohort"].dropna().nunique(), 2019 in set(panel["year"])
    (300, 4, False)
    """
    if world not in WORLDS:
        raise UsageError(f"There is no world {world!r}; choose from {', '.join(WORLDS)}.")
    rng = np.random.default_rng([seed, list(WORLDS).index(world)])
    calendar = np.arange(YEARS[0], YEARS[-1] + 1)  # shocks go on in the year without a test
    weging = rng.standard_normal(schools)
    size = np.exp(rng.normal(np.log(20), 0.45, schools))
    pupils = np.maximum(rng.poisson(size[:, None], (schools, len(calendar))), 5)
    shock = _shocks(rng, world, (schools, len(calendar)))
    chance = rng.standard_normal(shock.shape)
    noise = chance * PUPIL / np.sqrt(pupils)
    luck = (shock + noise) / np.hypot(SHOCK, PUPIL / np.sqrt(20))

    cohort = _join(rng, world, weging, luck, calendar, treated)
    takes_part = ~np.isnan(cohort)
    own_region = takes_part | (rng.random(schools) < OWN_REGION)
    other = np.random.default_rng([seed, list(WORLDS).index(world), 1])  # what came later
    if world == "controls":
        own_region = takes_part.copy()
        own_region[other.choice(np.flatnonzero(~takes_part), CONTROLS, replace=False)] = True
    if world == "small":
        usual = np.where(takes_part, SMALL, LARGE)[:, None]
        pupils = np.maximum(other.poisson(usual, pupils.shape), 5)
        noise = chance * PUPIL / np.sqrt(pupils)
    trend = -0.02 * (calendar - calendar[0]) - 0.10 * (calendar >= 2020) + 0.08 * (calendar >= 2023)
    value = SCHOOL * rng.standard_normal(schools)[:, None] - SLOPE * weging[:, None] + trend
    value = value + shock + noise
    provider = _providers(rng, schools, len(calendar))
    value += rng.normal(0, 0.05, (len(calendar), len(PROVIDERS)))[
        np.arange(len(calendar)), provider
    ]
    if world == "S2":
        steeper = 0.05 * (calendar >= 2020) + 0.04 * (calendar >= 2023)
        value -= weging[:, None] * steeper
    if world == "S4":
        value += own_region[:, None] * _ar(rng, (1, len(calendar)), REGION_SHOCK, RHO)
    planted = _effects(rng, cohort, calendar, effect, growing)
    board = rng.integers(0, max(schools // 10, 4), schools)
    yearly = np.clip(30 + WEGING_SD * weging, 20, 40)[:, None]
    yearly = yearly + WEGING_NOISE * other.standard_normal(shock.shape)
    exposure = calendar - cohort[:, None]
    value += STEEPER.get(world, 0.0) * takes_part[:, None] * (calendar - calendar[0])
    if world == "early":
        last = {g: max(year for year in YEARS if year < g) for g in COHORTS}
        since = np.array([last.get(g, np.inf) for g in cohort])
        value += EARLY * (calendar >= since[:, None])
    if world == "intake":
        easier = EASIER * np.interp(np.nan_to_num(exposure, nan=-1), [-1, 2], [0, 1])
        yearly, value = yearly - easier, value + SLOPE * easier / WEGING_SD
    if world == "boards":
        board = np.where(takes_part, other.permutation(schools) % BOARDS, BOARDS + board)
        value += _ar(other, (board.max() + 1, len(calendar)), BOARD_SHOCK, RHO)[board]
    if world == "mixed":
        side = np.zeros(schools)
        side[other.permutation(np.flatnonzero(takes_part))] = np.resize([APART, -APART], treated)
        planted["drawn"] += np.where(exposure >= 0, side[:, None], 0.0)
    if world == "spill":
        start = (calendar >= COHORTS[0]) & ~takes_part[:, None] & own_region[:, None]
        planted["drawn"] += SPILL * effect * start

    frame = pd.DataFrame(
        {
            "school": np.repeat([f"{at:04d}00" for at in range(schools)], len(calendar)),
            "year": np.tile(calendar, schools),
            "value": (value + planted["drawn"]).ravel(),
            "n": pupils.ravel(),
            "cohort": pd.array(np.repeat(cohort, len(calendar)), dtype="Float64").astype("Int64"),
            "schoolweging": np.repeat(np.clip(30 + 3.65 * weging, 20, 40), len(calendar)),
            "provider": np.array(PROVIDERS)[provider.ravel()],
            "own_region": np.repeat(own_region, len(calendar)),
            "schoolweging_year": yearly.clip(20, 40).ravel(),
            "board": np.repeat(board, len(calendar)),
            "planted": planted["mean"].ravel(),
        }
    )
    frame["cohort"] = frame["cohort"].mask(frame["cohort"] < 0)
    frame["board"] = "b" + frame["board"].astype(str)
    frame = frame[frame["year"].isin(YEARS)]
    if world == "unbalanced":
        frame = _unbalance(rng, frame)
    frame = frame.sort_values(["school", "year"], ignore_index=True, kind="stable")
    running = (frame["year"] >= frame["cohort"]).fillna(False)
    truth = float(frame.loc[running, "planted"].mean()) if running.any() else 0.0
    frame = frame.drop(columns="planted")
    frame.attrs["truth"] = truth
    return frame


def _ar(rng, shape, spread: float, rho: float, draw=None) -> np.ndarray:
    draw = rng.standard_normal if draw is None else draw
    fresh = draw(shape)
    result = fresh.copy()
    for at in range(1, shape[1]):
        result[:, at] = rho * result[:, at - 1] + np.sqrt(1 - rho**2) * fresh[:, at]
    return spread * result


def _shocks(rng, world: str, shape) -> np.ndarray:
    if world == "heavy":  # t with three degrees of freedom has variance three
        return _ar(rng, shape, SHOCK, RHO, lambda s: rng.standard_t(3, s) / np.sqrt(3))
    return _ar(rng, shape, SHOCK, RHO)


def _join(rng, world: str, weging, luck, calendar, treated: int) -> np.ndarray:
    """Choose who takes part, and from when: more often with a high weging, or after a bad year."""
    starts = rng.permutation(np.repeat(COHORTS, _split(treated)))
    draw = 0.4 * weging + np.sqrt(1 - 0.4**2) * rng.standard_normal(len(weging))
    cohort = np.full(len(weging), np.nan)
    tested = set(YEARS)
    if world == "S3b":
        for start in COHORTS:
            last = max(year for year in tested if year < start)
            want = draw - BAD_YEAR[world] * luck[:, last - calendar[0]]
            want[~np.isnan(cohort)] = -np.inf
            cohort[np.argsort(-want, kind="stable")[: (starts == start).sum()]] = start
        return cohort
    if world == "S3":
        draw = draw - BAD_YEAR[world] * luck[:, 2018 - calendar[0]]
    cohort[np.argsort(-draw, kind="stable")[:treated]] = starts
    return cohort


def _split(treated: int) -> np.ndarray:
    edges = np.round(np.cumsum(SHARES) * treated).astype(int)
    return np.diff(np.r_[0, edges])


def _providers(rng, schools: int, years: int) -> np.ndarray:
    provider = np.empty((schools, years), int)
    provider[:, 0] = rng.integers(0, len(PROVIDERS), schools)
    for at in range(1, years):
        switch = rng.random(schools) < 0.12
        fresh = rng.integers(0, len(PROVIDERS), schools)
        provider[:, at] = np.where(switch, fresh, provider[:, at - 1])
    return provider


def _effects(rng, cohort, calendar, effect: float, growing: bool) -> dict[str, np.ndarray]:
    """Plant the effect: the mean that is asked for, and with what schools differ in it."""
    exposure = calendar[None, :] - cohort[:, None]
    running = exposure >= 0
    shape = np.ones_like(exposure)
    own = np.zeros(len(cohort))
    if growing:
        shape = np.interp(np.nan_to_num(exposure), [0, 4], [0.5, 1.4])
        shape = shape * np.interp(np.nan_to_num(cohort), [2020, 2023], [1.3, 0.7])[:, None]
        own = 0.05 * rng.standard_normal(len(cohort)) * (effect != 0)
    shape = np.where(running, shape, 0.0)
    mean = effect * shape / shape[running].mean() if running.any() else shape
    return {"mean": mean, "drawn": mean + np.where(running, own[:, None], 0.0)}


def _unbalance(rng, frame: pd.DataFrame) -> pd.DataFrame:
    """Close, open and merge schools, and lose single years."""
    schools = frame["school"].unique()
    fate = pd.Series(rng.random(len(schools)), index=schools)
    when = pd.Series(rng.integers(2015, 2024, len(schools)), index=schools)
    luck, day = frame["school"].map(fate), frame["school"].map(when)
    closed = (luck < 0.12) & (frame["year"] > day)
    opened = (luck > 0.94) & (frame["year"] < day)
    joins = frame.groupby("school")["cohort"].first().notna()
    merging = fate.index[(fate > 0.12) & (fate < 0.30)]
    guests = [school for school in merging if not joins[school]][: len(merging) // 2]
    hosts = [school for school in merging if school not in set(guests)]
    into = frame["school"].map(dict(zip(guests, hosts, strict=False)))
    frame = frame.assign(school=into.where(into.notna() & (frame["year"] >= day), frame["school"]))
    frame["guest"] = into.notna() & (frame["school"] == into)
    frame = frame[~closed & ~opened & (rng.random(len(frame)) > 0.04)]
    # The host goes on with the pupils of both; a guest whose host is gone that year is lost.
    key = ["school", "year"]
    own = frame[~frame["guest"]].set_index(key)
    extra = frame[frame["guest"]].set_index(key)[["value", "planted", "n"]].reindex(own.index)
    added = extra["n"].fillna(0)
    total = own["n"] + added
    for name in ("value", "planted"):
        own[name] = (own[name] * own["n"] + extra[name].fillna(0) * added) / total
    return own.assign(n=total.astype(int)).reset_index().drop(columns="guest")
