"""An invented country of schools, built pupil by pupil, with an effect that is known.

Everything a published file counts comes from one table of pupils: what they can do, which test they
sat, which levels they reached and which advice they got. National shares per year (levels, advices,
providers) are set to the published ones; the world only decides *who* is where. The effect of the
programme moves participants' pupils after those borders are drawn, and the same pupils without it
are kept beside them: the difference is the truth.

Sizes follow the calibration on the real files (shared by the methods of this monitor): a school
year's ``%1S/2F`` varies by about 14.5 points, 7 of them by schoolweging and 7 by school.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, product
from string import ascii_uppercase

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kansen_analysis.demo import names
from kansen_analysis.errors import UsageError
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row

YEARS = tuple(range(2014, 2025))
NO_TEST = 2019  # cancelled in March 2020
HISTORY = tuple(range(1996, 2026))
WEGING_YEARS = tuple(range(2021, 2025))

DEFAULT_EFFECTS = {
    # average over treated school years
    "goal1": 0.18,  # pupils' test ability, in pupil SD; shows as about 7 points of %1S/2F
    "goal2": 0.20,  # ambition of the advice, in levels, at equal ability
    "carry": 0.9,  # part of the gain of goal 1 that also reaches the advice
}
COHORTS = {2021: 16, 2022: 22, 2023: 22, 2024: 14}  # first school year with a coach; 6 without
NETWORK_ONLY = 6
_OUTSIDE = 5  # participants in the one municipality of Overijssel
_BY_COHORT = {2021: 1.2, 2022: 1.05, 2023: 0.95, 2024: 0.8}
_BY_EXPOSURE = (0.7, 1.0, 1.2, 1.3)

DOMAINS = ("rekenen", "lezen", "taalverzorging")
LEVELS = (4, 3, 3)  # <1F, 1F, 1S, 2F for rekenen; <1F, 1F, 2F for the other two
TARGET = (2, 2, 2)  # from this level on a pupil reached 1S/2F
PROVIDERS = ("CET", "IEP", "ROUTE8", "DIA", "CESAN", "AMN", "DREMPEL", "LIB", "DOE")
ADVICES = (
    "VSO", "PRO", "VMBO_B", "VMBO_B_K", "VMBO_K", "VMBO_K_GT", "VMBO_GT", "VMBO_GT_HAVO", "HAVO",
    "HAVO_VWO", "VWO", "ADVIES_NIET_MOGELIJK",
)  # fmt: skip
RANKED = ADVICES[1:-1]  # PRO = 0 … VWO = 9

# Percentages of pupils whose highest level is <1F, 1F, 1S, 2F (rekenen) or <1F, 1F, 2F.
_LEVEL_SHARES = {
    2015: ((8.0, 48.0, 31.0, 13.0), (2.5, 21.5, 76.0), (4.5, 40.5, 55.0)),
    2016: ((8.0, 45.0, 47.0, 0), (2.0, 25.0, 73.0), (3.5, 37.5, 59.0)),
    2017: ((7.5, 45.5, 47.0, 0), (2.0, 24.0, 74.0), (3.5, 39.0, 57.5)),
    2018: ((7.5, 46.0, 46.5, 0), (2.0, 21.5, 76.5), (3.5, 37.0, 59.5)),
    2020: ((8.5, 47.5, 44.0, 0), (2.5, 24.5, 73.0), (4.0, 38.5, 57.5)),
    2021: ((8.0, 47.0, 45.0, 0), (2.5, 24.5, 73.0), (3.5, 36.0, 60.5)),
    2022: ((7.2, 48.1, 44.7, 0), (2.6, 23.8, 73.6), (2.8, 34.2, 63.0)),
    2023: ((8.0, 47.1, 44.9, 0), (1.2, 24.0, 74.8), (4.2, 43.4, 52.4)),
    2024: ((7.1, 50.2, 42.7, 0), (1.7, 25.1, 73.2), (3.7, 42.2, 54.1)),
}
# Percentages of the advices VSO … VWO in regular schools, without "niet mogelijk".
_ADVICE_SHARES = {
    2014: (0.2, 1.3, 7.0, 3.5, 10.5, 4.0, 19.5, 8.5, 18.0, 9.0, 18.5),
    2019: (0.13, 1.2, 6.6, 4.1, 10.1, 4.8, 18.1, 9.65, 17.0, 10.2, 18.1),
    2020: (0.14, 1.1, 5.2, 4.0, 8.7, 5.2, 16.5, 10.4, 16.7, 11.6, 20.4),
    2021: (0.15, 1.1, 5.1, 4.1, 8.7, 5.5, 16.4, 11.0, 16.0, 11.7, 20.1),
    2022: (0.15, 1.1, 5.0, 4.3, 8.5, 6.0, 15.7, 10.9, 16.0, 11.9, 20.45),
    2023: (0.15, 1.1, 2.7, 5.6, 6.4, 8.4, 12.1, 14.3, 12.6, 15.6, 21.05),
}
_SBO_SHARES = {
    2014: (8.5, 42.5, 28.5, 5.5, 6.5, 1.5, 3.8, 1.0, 1.2, 0.5, 0.5),
    2023: (10.5, 39.5, 23.5, 9.0, 7.2, 2.6, 4.0, 1.3, 1.3, 0.5, 0.6),
}
_AVOID = {2014: 0.27, 2023: 0.2}  # chance that a school never gives a certain double advice
DOUBLE = tuple(n for n, a in enumerate(ADVICES) if a in RANKED[2::2] and a != "VWO")
_PROVIDER_SHARES = {  # percentages of schools, in the order of PROVIDERS
    2014: (84, 12, 3, 0, 0, 0, 1, 0, 0),
    2015: (74, 20, 6, 0, 0, 0, 0, 0, 0),
    2016: (62, 25, 9, 1.5, 1, 1.5, 0, 0, 0),
    2017: (55, 29, 12, 2.5, 0, 1.5, 0, 0, 0),
    2018: (47.5, 32.3, 15.2, 3.3, 0, 1.7, 0, 0, 0),
    2020: (42, 36, 16, 4, 0, 2, 0, 0, 0),
    2021: (38, 38, 17, 5, 0, 2, 0, 0, 0),
    2022: (34, 41, 17, 6, 0, 2, 0, 0, 0),
    2023: (0, 37.5, 12, 5.5, 0, 1.5, 0, 43, 0.5),
    2024: (0, 39.4, 7.7, 5.3, 0, 1.5, 0, 45.5, 0.6),
}
# Mean and pupil SD of every scale up to 2022-2023 and from 2023-2024, and its limits.
_SCALES = {
    "CET": ((536.2, 10.0), (536.2, 10.0), (501, 550)),
    "IEP": ((82.0, 12.0), (78.5, 15.0), (50, 100)),
    "ROUTE8": ((204.0, 30.0), (196.0, 62.0), (100, 300)),
    "DIA": ((360.0, 12.0), (358.6, 16.0), (321, 390)),
    "CESAN": ((55.0, 12.0), (55.0, 12.0), (20, 90)),
    "AMN": ((411.0, 62.0), (408.0, 62.0), (300, 520)),
    "DREMPEL": ((52.0, 10.0), (52.0, 10.0), (20, 80)),
    "LIB": ((176.5, 18.0), (176.5, 18.0), (150, 200)),
    "DOE": ((296.5, 45.0), (296.5, 45.0), (200, 380)),
}
_NATIONAL = {2020: -0.06, 2021: -0.05, 2022: -0.03, 2023: -0.08, 2024: -0.10}  # on raw scores


@dataclass(frozen=True)
class World:
    """Schools and everything the published files count about them.

    Attributes
    ----------
    schools : pandas.DataFrame
        One row per school (vestiging), in the order of its BRIN6.
    ovt : pandas.DataFrame
        One row per object van toezicht; `members` holds the rows of `schools` it covers.
    grade8, exempt : numpy.ndarray
        Pupils in groep 8, and those of them exempted, school x year.
    levels : list of numpy.ndarray
        Per domain: pupils by highest level, school x year x level.
    ovt_results : numpy.ndarray
        OVT x year x (pupils, levels 1F reached, levels 1S/2F reached), exempted pupils left out.
    scores : numpy.ndarray
        School x year x provider x (pupils, sum of the scores).
    advices : numpy.ndarray
        School x year x advice.
    weging, spreiding, pupils : numpy.ndarray
        OVT x `WEGING_YEARS`.
    history : numpy.ndarray
        School x `HISTORY`, all pupils.
    closed_before : pandas.DataFrame
        Schools of the historical overview that the other files never hold.
    truth : dict
        The effects that were put in, as they came out.
    """

    schools: pd.DataFrame
    ovt: pd.DataFrame
    grade8: np.ndarray
    exempt: np.ndarray
    levels: list[np.ndarray]
    ovt_results: np.ndarray
    scores: np.ndarray
    advices: np.ndarray
    weging: np.ndarray
    spreiding: np.ndarray
    pupils: np.ndarray
    history: np.ndarray
    closed_before: pd.DataFrame
    truth: dict


def build(seed: int, effects: dict | None = None, count: int = names.SCHOOLS) -> World:
    """Invent the schools and count their pupils.

    Parameters
    ----------
    seed : int
        The same seed gives the same world, whatever the effects are.
    effects : dict, optional
        ``goal1``, ``goal2`` and ``carry`` as in `DEFAULT_EFFECTS`; what is left out is zero.
        Without the argument the defaults.
    count : int
        How many schools there are in any year; as many take part, whatever the country.

    Raises
    ------
    UsageError
        When `effects` holds another name.
    """
    effects = DEFAULT_EFFECTS if effects is None else effects
    if unknown := set(effects) - set(DEFAULT_EFFECTS):
        known = ", ".join(DEFAULT_EFFECTS)
        raise UsageError(f"No such effect: {', '.join(sorted(unknown))}. Known: {known}.")
    effects = {name: float(effects.get(name, 0)) for name in DEFAULT_EFFECTS}

    # One stream per subject: a change in one leaves the others as they were.
    streams = np.random.SeedSequence(seed).spawn(6)
    where, who, which, able, later, old = (np.random.default_rng(s) for s in streams)
    schools = _schools(where, count)
    _choose_participants(schools, who)
    ovt, ovt_of = _ovts(schools)
    gains = _gains(schools, who)
    sizes = _sizes(schools, where)
    provider = _providers(schools, which)
    counts = _pupils(schools, sizes, provider, ovt_of, gains, effects, able)
    history = _history(schools, sizes, later)
    weging = _weging(schools, ovt, history, later)
    return World(
        schools=schools,
        ovt=ovt,
        **counts,
        **weging,
        history=history,
        closed_before=_closed_before(schools, old),
    )


def _brins(count: int, rng: np.random.Generator) -> list[str]:
    """Return codes from 90AA upward; real ones start with 00 to 34 (and 50, long closed)."""
    # What is older than the files starts with 93 and a vo school with 94: a larger country has 60
    # to 89 as well.
    firsts = range(90, 93) if count <= names.SCHOOLS else (*range(60, 90), *range(90, 93))
    codes = [f"{p}{a}{b}" for p in firsts for a, b in product(ascii_uppercase, repeat=2)]
    return [codes[i] for i in np.sort(rng.permutation(int(count * 1.2))[:count])]


def _schools(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Draw places, boards, schools, openings, closures and mergers."""
    sizes, times = names.spread(count), count / names.SCHOOLS
    schools = pd.DataFrame({"province": [p for p, n in sizes.items() for _ in range(n)]})
    towns = {p: 12 if p == "Drenthe" else max(3, n // 12) for p, n in sizes.items()}

    # Two codes of three digits, because the published files pad those in three ways.
    codes = ["0997", "0998"] + [f"{9001 + i}" for i in range(sum(towns.values()) - 2)]
    called = names.municipalities(rng, len(codes))
    places = iter(names.places(rng, 3 * len(codes)))
    villages = {code: [next(places) for _ in range(3)] for code in codes}
    first = 0
    board_number = 900001  # real numbers have five digits
    shares = np.array([share for share, _ in names.DENOMINATIONS.values()])
    for province, size in sizes.items():
        rows = schools.index[schools["province"] == province]
        own = codes[first : first + towns[province]]
        first += towns[province]
        town = _spread(rng, size, len(own))
        schools.loc[rows, "municipality_code"] = [own[i] for i in town]
        boards = max(4, size // 8)
        kinds = rng.choice(len(shares), size=boards, p=shares / shares.sum())
        board = _spread(rng, size, boards)
        schools.loc[rows, "board"] = [str(board_number + i) for i in board]
        schools.loc[rows, "denomination"] = [list(names.DENOMINATIONS)[kinds[i]] for i in board]
        board_number += boards
    schools["municipality"] = schools["municipality_code"].map(
        dict(zip(codes, called, strict=True))
    )
    schools["place"] = [villages[c][rng.integers(3)] for c in schools["municipality_code"]]
    schools["street"] = names.streets(rng, count)
    schools["number"] = rng.integers(1, 180, size=count).astype(str)
    letters = [a + b for a, b in product("BCDGHKLMNP", repeat=2)]
    schools["postcode"] = [  # no Dutch postcode starts with a zero
        f"0{int(c) % 1000:03d}{letters[i]}"
        for c, i in zip(schools["municipality_code"], rng.integers(100, size=count), strict=True)
    ]
    schools["kind"] = "Bo"
    schools.loc[rng.permutation(count)[: round(44 * times)], "kind"] = "Sbo"
    prefixes = [
        "SBO"
        if kind == "Sbo"
        else names.DENOMINATIONS[d][1][rng.integers(len(names.DENOMINATIONS[d][1]))]
        for kind, d in zip(schools["kind"], schools["denomination"], strict=True)
    ]
    schools["name"] = names.schools(rng, prefixes)

    # Groep 8 of a middling school holds 25 pupils, in Drenthe 19; schoolweging as nationally.
    middle = np.where(schools["province"] == "Drenthe", 19.0, 24.5)
    middle = np.where(schools["kind"] == "Sbo", 25.0, middle)
    spread = np.where(schools["kind"] == "Sbo", 0.4, 0.56)
    schools["size"] = np.clip(middle * np.exp(spread * rng.standard_normal(count)), 3, 110)
    skewed = rng.standard_normal(count) + 0.4 * (rng.standard_exponential(count) - 1)
    schools["need"] = skewed / np.sqrt(1.16)  # standardised schoolweging

    schools["brin"], schools["branch"], schools["ovt_kind"] = _codes(schools, rng)
    schools["school"] = schools["brin"] + schools["branch"]
    schools = schools.sort_values("school", ignore_index=True, kind="stable")

    schools["opened"], schools["closed"], schools["into"] = 0, 9999, -1
    plain = schools.index[(schools["kind"] == "Bo") & (schools["ovt_kind"] == "")]
    order = rng.permutation(plain)
    new = round(24 * times)
    schools.loc[order[:new], "opened"] = rng.integers(2016, 2025, size=new)
    schools.loc[order[new : new + 2], "ovt_kind"] = (
        "newcomers"  # no three-year mean is published for them
    )
    # Mostly small schools close; of every ten, seven go on as part of a school nearby.
    older = order[new + 2 :]
    chance = schools["size"].to_numpy()[older] * rng.random(len(older))
    closing = older[np.argsort(chance, kind="stable")][: round(72 * times)]
    schools.loc[closing, "closed"] = rng.integers(2015, 2025, size=len(closing))
    stays = (schools["kind"] == "Bo") & (schools["closed"] == 9999) & (schools["opened"] == 0)
    for gone in closing:
        here = schools["municipality_code"] == schools.loc[gone, "municipality_code"]
        if (stays & here).any() and rng.random() < 0.7:
            schools.loc[gone, "into"] = rng.choice(schools.index[stays & here])
    return schools


def _spread(rng: np.random.Generator, items: int, groups: int) -> np.ndarray:
    """Divide items over groups of uneven size, none of them empty."""
    weights = 0.3 + rng.standard_exponential(groups)
    drawn = rng.choice(groups, size=items - groups, p=weights / weights.sum())
    return rng.permutation(np.concatenate([np.arange(groups), drawn]))


def _codes(schools: pd.DataFrame, rng: np.random.Generator):
    """Give BRIN codes; a few boards keep two schools under one BRIN.

    The third answer says how the inspectorate divides the BRIN into OVTs, where that is not simply
    one to one: *two* (C1, C2), *gap* (C1, C3), *swapped* (C2, C1), *joined* (C1 holds both),
    *split* (one school, C1 and C2).
    """
    count = len(schools)
    kinds = np.array([""] * count, dtype=object)
    partner: dict[int, int] = {}
    bo = schools[schools["kind"] == "Bo"]
    pairs = [
        group.index[:2]
        for _, group in bo.groupby(["board", "municipality_code"], sort=False)
        if len(group) > 1
    ]
    times = count / names.SCHOOLS
    chosen = rng.permutation(len(pairs))[: round(20 * times)]
    for i, kind in zip(chosen, cycle(["two", "gap", "swapped", "joined", "gap"])):
        main, other = pairs[i]
        partner[other] = main
        kinds[[main, other]] = kind
    single = rng.permutation([i for i in bo.index if kinds[i] == ""])
    kinds[single[: round(34 * times)]] = "split"
    codes = iter(np.array(_brins(count - len(partner), rng))[rng.permutation(count - len(partner))])
    brin = {i: str(next(codes)) for i in schools.index if i not in partner}
    branch = ["01" if i in partner else "00" for i in schools.index]
    return [brin[partner.get(i, i)] for i in schools.index], branch, kinds


def _choose_participants(schools: pd.DataFrame, rng: np.random.Generator) -> None:
    """Let 80 schools take part: more often those with a high schoolweging."""
    fit = (schools["kind"] == "Bo") & (schools["closed"] == 9999) & (schools["opened"] == 0)
    plain = fit & (schools["ovt_kind"] == "")
    weight = np.exp(0.7 * schools["need"])

    def draw(among: pd.Series, count: int) -> list[int]:
        p = (weight * among).to_numpy()
        return list(rng.choice(len(schools), size=count, replace=False, p=p / p.sum()))

    drenthe = schools["province"] == "Drenthe"
    beside = schools.loc[plain & (schools["province"] == "Overijssel"), "municipality_code"]
    outside = schools["municipality_code"] == beside.value_counts(sort=True).index[0]
    # A few whose OVT cannot be joined on the code: the monitor must list them, not guess.
    odd = [k for k in ("gap", "split") if (fit & drenthe & (schools["ovt_kind"] == k)).any()]
    chosen = [i for k in odd for i in draw(fit & drenthe & (schools["ovt_kind"] == k), 1)]
    total = sum(COHORTS.values()) + NETWORK_ONLY
    chosen += draw(plain & drenthe, total - _OUTSIDE - len(chosen)) + draw(
        plain & outside, _OUTSIDE
    )

    cohort = rng.permutation([g for g, n in COHORTS.items() for _ in range(n)] + [0] * NETWORK_ONLY)
    lag = rng.integers(0, 2, size=total)
    hours = rng.integers(6, 30, size=total) * 10
    schools["participant"] = False
    schools["cohort"], schools["network"], schools["hours"] = 0, 0, 0
    for school, g, wait, paid in zip(chosen, cohort, lag, hours, strict=True):
        network = max(2020, (g if g else 2023) - wait)
        columns = ["participant", "cohort", "network", "hours"]
        schools.loc[school, columns] = [True, int(g), int(network), int(paid) if g else 0]
    schools[["cohort", "network", "hours"]] = schools[["cohort", "network", "hours"]].astype(int)
    schools["participant"] = schools["participant"].astype(bool)


def _ovts(schools: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the OVTs and, for every school, the OVT of its two possible locations."""
    numbers = {"two": (1, 2), "gap": (1, 3), "swapped": (2, 1), "joined": (1, 1)}
    rows: dict[str, dict] = {}
    of = np.zeros((len(schools), 2), dtype=int)
    place: list[tuple[int, int, str]] = []
    bo = schools[schools["kind"] == "Bo"]
    for i, s in zip(bo.index, each_row(bo), strict=True):
        number = numbers.get(s.ovt_kind, (1, 1))[int(s.branch)]
        parts = [(f"{s.brin}|C{number}", s.name)] * 2
        if s.ovt_kind == "split":
            parts[1] = (f"{s.brin}|C2", f"{s.name}, locatie {s.street}")
        for part, (code, name) in enumerate(parts):
            row = rows.setdefault(
                code, {"name": name, "board": s.board, "members": [], "newcomers": False}
            )
            if (i, part) not in row["members"]:
                row["members"].append((i, part))
            row["newcomers"] = s.ovt_kind == "newcomers"
            place.append((i, part, code))
    ovt = pd.DataFrame.from_dict(rows, orient="index").sort_index(kind="stable")
    position = {code: n for n, code in enumerate(ovt.index)}
    for i, part, code in place:
        of[i, part] = position[code]
    return ovt.rename_axis("ovt").reset_index(), of


def _gains(schools: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the shape of the effect, school x year: on average 1 over treated school years."""
    own = 1 + 0.2 * rng.standard_normal(len(schools))
    shape = np.zeros((len(schools), len(YEARS)))
    for i in schools.index[schools["cohort"] > 0]:
        start = schools.loc[i, "cohort"]
        for t, year in enumerate(YEARS):
            if year >= start:
                shape[i, t] = _BY_COHORT[start] * _BY_EXPOSURE[year - start] * own[i]
    return shape / shape[shape != 0].mean()


def _sizes(schools: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the expected size of groep 8, school x year; a merged school keeps the pupils."""
    drift = np.cumsum(0.04 * rng.standard_normal((len(schools), len(YEARS))), axis=1)
    trend = 1.04 - 0.008 * np.arange(len(YEARS))
    sizes = schools["size"].to_numpy()[:, None] * trend * np.exp(drift)
    years = np.array(YEARS)
    # A new school has no groep 8 in its first three years.
    sizes[years < np.where(schools["opened"] > 0, schools["opened"] + 3, 0)[:, None]] = 0
    for i in schools.index[schools["closed"] < 9999]:
        gone = years >= schools.loc[i, "closed"]
        if schools.loc[i, "into"] >= 0:
            sizes[schools.loc[i, "into"], gone] += sizes[i, gone]
        sizes[i, gone] = 0
    return sizes


def _providers(schools: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the provider of every school and year; schools switch as much as the shares need."""
    count = len(schools)
    chosen = np.zeros((count, len(YEARS)), dtype=int)
    now = None
    for t, year in enumerate(YEARS):
        if year == NO_TEST:
            chosen[:, t] = now
            continue
        share = np.array(_PROVIDER_SHARES[year]) / np.sum(_PROVIDER_SHARES[year])
        goal = np.diff(np.rint(np.concatenate([[0], np.cumsum(share)]) * count).astype(int))
        if now is None:
            now = rng.permutation(np.repeat(np.arange(len(PROVIDERS)), goal))
        if year == 2023:  # the Centrale Eindtoets ends; most of its schools stay with Cito
            now = np.where(now == PROVIDERS.index("CET"), PROVIDERS.index("LIB"), now)
        restless = rng.random(count) < 0.03
        leaving = restless.copy()
        for p in range(len(PROVIDERS)):
            of_p = rng.permutation(np.flatnonzero((now == p) & ~restless))
            leaving[of_p[goal[p] :]] = True
        free = goal - np.bincount(now[~leaving], minlength=len(PROVIDERS))
        now = now.copy()
        now[rng.permutation(np.flatnonzero(leaving))] = np.repeat(np.arange(len(PROVIDERS)), free)
        chosen[:, t] = now
    return chosen


def _school_means(schools: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what a school's pupils can do, and how high it advises at equal ability."""
    shape = (len(schools), len(YEARS))
    need = schools["need"].to_numpy()[:, None]
    years = np.array(YEARS)
    # Corona and the new test of 2023-2024 fall harder on schools with a high schoolweging.
    harder = np.where(years >= 2023, -0.035, np.where(years >= 2020, -0.02, 0.0))
    fixed = 0.17 * rng.standard_normal((shape[0], 1))
    slow = np.cumsum(0.025 * rng.standard_normal(shape), axis=1)
    shock = 0.095 * rng.standard_normal(shape)
    province = pd.factorize(schools["province"])[0]
    weather = np.cumsum(0.012 * rng.standard_normal((province.max() + 1, shape[1])), axis=1)
    weather[0] += np.select([years == 2023, years >= 2024], [-0.03, -0.05], 0.0)  # Drenthe
    mean = (-0.18 + harder) * need + fixed + slow + shock + weather[province]
    mean += 0.08 * np.log(schools["size"].to_numpy()[:, None] / 25)  # small schools score lower
    mean[(schools["kind"] == "Sbo").to_numpy()] -= 1.8

    habit = 0.13 * rng.standard_normal((shape[0], 1)) + 0.05 * rng.standard_normal(shape)
    # From 2023-2024 a higher test advice counts unless motivated: most often where need is high.
    ambition = habit + (-0.09 + np.where(years >= 2023, 0.01, 0.0)) * need
    return mean, ambition


def _pupils(schools, sizes, provider, ovt_of, gains, effects, rng) -> dict:
    """Draw every pupil of groep 8 and count what the published files count."""
    mean, ambition = _school_means(schools, rng)
    count, span = sizes.shape
    grade8 = rng.poisson(sizes)
    cell = np.repeat(np.arange(grade8.size), grade8.ravel())  # school x year, flat
    school, t = np.divmod(cell, span)
    pupils = len(cell)
    bo = (schools["kind"] == "Bo").to_numpy()[school]

    special = 0.03 * rng.standard_gamma(0.6, size=count) / 0.6  # some schools, many newcomers
    special[(schools["kind"] == "Sbo").to_numpy()] = 0.12
    exempt = rng.random(pupils) < np.minimum(special, 0.5)[school]
    sits = np.where(exempt, rng.random(pupils) < 0.25, rng.random(pupils) < 0.997)
    # Special schools had to test only later; a few school years lack results altogether.
    old_sbo = (schools["kind"] == "Sbo").to_numpy()[:, None] & (np.array(YEARS) < 2020)
    silent = rng.random(grade8.shape) < np.where(old_sbo, 0.45, 0.004)
    silent[:, YEARS.index(NO_TEST)] = True
    sits &= ~silent[school, t]

    able = 0.97 * rng.standard_normal(pupils) - 1.0 * exempt
    domain = 0.25 * rng.standard_normal((pupils, 3))
    taste = 0.45 * rng.standard_normal(pupils)
    gain = (effects["goal1"] * gains)[school, t]

    # Providers differ in what a pupil needs for a level, more so since 2023-2024.
    lean = (
        rng.standard_normal((len(PROVIDERS), span, 3))
        * np.where(np.array(YEARS) < 2023, 0.04, 0.08)[:, None]
    )
    lean[PROVIDERS.index("ROUTE8"), YEARS.index(2023) :, 0] -= 0.25
    test = provider[school, t]
    second = rng.random(grade8.shape) < np.where(np.array(YEARS) < 2022, 0.01, 0.035)
    other = np.where(np.array(YEARS) < 2023, PROVIDERS.index("ROUTE8"), PROVIDERS.index("LIB"))[t]
    test = np.where(second[school, t] & (rng.random(pupils) < 0.2), other, test)
    results = (mean[school, t] + able)[:, None] + domain
    without = results + lean[test, t]

    levels, reached = [], []
    for d, size in enumerate(LEVELS):
        level, level_without = np.zeros(pupils, dtype=int), np.zeros(pupils, dtype=int)
        for year, shares in _LEVEL_SHARES.items():
            here = np.flatnonzero((t == YEARS.index(year)) & sits)
            borders = _borders(without[here, d][bo[here]], shares[d])
            level_without[here] = np.searchsorted(borders, without[here, d])
            level[here] = np.searchsorted(borders, without[here, d] + gain[here])
        levels.append(
            _count((cell, level), (grade8.size, size), sits & bo).reshape(count, span, size)
        )
        reached.append((level >= 1, level >= TARGET[d], level_without >= TARGET[d]))
    counted = sits & ~exempt & bo & np.isin(t, [YEARS.index(y) for y in _LEVEL_SHARES])
    location = (rng.random(pupils) < 0.4).astype(int)
    ovt_cell = ovt_of[school, location] * span + t
    ovts = ovt_of.max() + 1
    first, target, target_without = (np.sum(r, axis=0) for r in zip(*reached, strict=True))
    ovt_results = np.stack(
        [
            np.bincount(ovt_cell[counted], weights=w[counted], minlength=ovts * span)
            for w in (np.ones(pupils), first, target)
        ],
        axis=1,
    ).astype(int)

    scores = np.zeros((grade8.size, len(PROVIDERS), 2), dtype=int)
    drift = 0.03 * rng.standard_normal((len(PROVIDERS), span))
    total = results.mean(axis=1) + gain
    for p, name in enumerate(PROVIDERS):
        old, new, (low, high) = _SCALES[name]
        middle = np.array([(new if y >= 2023 else old)[0] for y in YEARS])
        spread = np.array([(new if y >= 2023 else old)[1] for y in YEARS])
        middle = middle + spread * (drift[p] + [_NATIONAL.get(y, 0.0) for y in YEARS])
        mine = sits & (test == p)
        score = np.clip(np.rint(middle[t] + spread[t] * total), low, high)[mine]
        scores[:, p, 0] = np.bincount(cell[mine], minlength=grade8.size)
        scores[:, p, 1] = np.rint(np.bincount(cell[mine], weights=score, minlength=grade8.size))

    plain = mean[school, t] + ambition[school, t] + able + taste
    ambitious = plain + effects["carry"] * gain + effects["goal2"] / 2.4 * gains[school, t]
    follows = plain + gain  # an advice that rises with what pupils learned, and no more
    # "Niet mogelijk" is given by few schools, mostly to pupils who need not sit the test.
    gives = (rng.random(count) < 0.12)[school]
    impossible = rng.random(pupils) < np.where(gives, np.where(exempt, 0.6, 0.03), 0.0007)
    advice, advice_without, advice_follows = (np.zeros(pupils, dtype=int) for _ in range(3))
    # Many schools never give some of the double advices; the others give them more often.
    taste_for = rng.random((count, len(DOUBLE)))
    for (n, year), regular in product(enumerate(YEARS), (True, False)):
        shares = _latest(_ADVICE_SHARES if regular else _SBO_SHARES, year)
        rare = _latest(_AVOID, year)
        habits, habit = np.unique(taste_for < rare, axis=0, return_inverse=True)
        group = np.flatnonzero((t == n) & (bo == regular))
        ranked_group = np.sort(plain[group][~impossible[group]])
        for number, avoided in enumerate(habits):
            here = group[habit[school[group]] == number]
            borders = _borders(ranked_group, _with_habit(shares, avoided, rare))
            advice_without[here] = np.searchsorted(borders, plain[here])
            advice[here] = np.searchsorted(borders, ambitious[here])
            advice_follows[here] = np.searchsorted(borders, follows[here])
    advice = np.where(impossible, len(ADVICES) - 1, advice)
    advice_without = np.where(impossible, len(ADVICES) - 1, advice_without)
    advices = _count((cell, advice), (grade8.size, len(ADVICES)), np.ones(pupils, dtype=bool))

    ranked = (advice > 0) & (advice_without > 0) & ~impossible
    truth = _truth(
        schools,
        effects,
        pd.DataFrame({"school": school, "year": np.array(YEARS)[t]}),
        {
            "goal1": (counted, 100 * target / 3, 100 * target_without / 3),
            "goal2": (ranked & bo, advice - 1.0, advice_without - 1.0),
        },
        follows=advice_follows - 1.0,
    )
    return {
        "grade8": grade8,
        "exempt": np.bincount(cell[~sits & exempt], minlength=grade8.size).reshape(count, span),
        "levels": levels,
        "ovt_results": ovt_results.reshape(ovts, span, 3),
        "scores": scores.reshape(count, span, len(PROVIDERS), 2),
        "advices": advices.reshape(count, span, len(ADVICES)),
        "truth": truth,
    }


def _latest(table: dict, year: int):
    """Return what holds in a year: the entry of that year or of the last one before it."""
    return table[max(y for y in table if y <= year)]


def _with_habit(shares: tuple[float, ...], avoided: np.ndarray, rare: float) -> np.ndarray:
    """Return the shares of a school that avoids some double advices and gives the others."""
    own = np.array(shares)
    for double, avoid in zip(DOUBLE, avoided, strict=True):
        part = shares[double]
        more = -part if avoid else part * rare / (1 - rare)
        own[double] += more
        own[[double - 1, double + 1]] -= more / 2
    return own


def _borders(values: np.ndarray, shares: ArrayLike) -> np.ndarray:
    """Return the values that divide pupils in these shares; an empty last class gets no border."""
    cumulative = np.cumsum(shares)[:-1] / np.sum(shares)
    borders = np.quantile(values, np.minimum(cumulative, 1.0))
    borders[cumulative >= 1 - 1e-9] = np.inf
    return borders


def _count(index: tuple[np.ndarray, np.ndarray], shape: tuple[int, int], use: np.ndarray):
    flat = index[0][use] * shape[1] + index[1][use]
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)


def _truth(
    schools: pd.DataFrame,
    effects: dict,
    pupil: pd.DataFrame,
    outcomes: dict,
    follows: np.ndarray,
) -> dict:
    """Compare treated pupils with themselves without the effect."""
    cohort = schools["cohort"].to_numpy()[pupil["school"]]
    treated = (cohort > 0) & (pupil["year"] >= cohort)
    truth: dict = {}
    for goal, (use, value, without) in outcomes.items():
        frame = pupil.assign(cohort=cohort, difference=value - without)[use & treated]
        cells = frame.groupby(["cohort", "school", "year"])["difference"].agg(["mean", "size"])
        cells = cells.reset_index()
        cells["exposure"] = cells["year"] - cells["cohort"]
        unit = "points of %1S/2F" if goal == "goal1" else "advice levels (PRO 0 to VWO 9)"

        def average(by: str, cells: pd.DataFrame = cells) -> dict:
            means = cells.groupby(by)["mean"].mean()
            write = schoolyear.label if by != "exposure" else str
            means = zip(means.index.tolist(), means.tolist(), strict=True)
            return {write(key): round(mean, 3) for key, mean in means}

        pupil_sd = float(without[use].std())
        realised = float(cells["mean"].mean())
        truth[goal] = {
            "unit": unit,
            "zero": bool((cells["mean"] == 0).all()),
            "realised": round(realised, 3),
            "realised_pupil_weighted": round(
                float((cells["mean"] * cells["size"]).sum() / cells["size"].sum()), 3
            ),
            "pupil_sd": round(pupil_sd, 2),
            "realised_in_pupil_sd": round(realised / pupil_sd, 4),
            "school_years": len(cells),
            "by_cohort": average("cohort"),
            "by_exposure": average("exposure"),
            "by_year": average("year"),
        }
    truth["goal1"]["put_in"] = effects["goal1"]
    truth["goal2"]["put_in"] = effects["goal2"]
    truth["goal2"]["carried_from_goal1"] = effects["carry"]
    # The protocol asks whether advices lie above what the own test leads one to expect: what is
    # left when they had risen with the gain of goal 1 alone, and fully.
    use, value, _ = outcomes["goal2"]
    above = pupil.assign(above=value - follows)[use & treated]
    above = above.groupby(["school", "year"])["above"].mean().mean()
    truth["goal2"]["above_expected"] = round(float(above), 3)
    return truth


def _history(schools: pd.DataFrame, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return all pupils of a school on 1 October, 1996 to 2025."""
    years = np.array(HISTORY)
    noise = np.exp(
        np.cumsum(0.03 * rng.standard_normal((len(schools), len(years))), axis=1)[:, ::-1]
    )
    base = (
        np.where(schools["kind"] == "Sbo", 4.2, 8.1)[:, None] * schools["size"].to_numpy()[:, None]
    )
    first, last = years < YEARS[0], years > YEARS[-1]
    known = np.zeros((len(schools), len(years)))
    trend = 1.0 + 0.004 * (YEARS[0] - years)
    known[:, first] = (base * trend * noise)[:, first]
    inside = ~first & ~last
    whole = np.where(schools["kind"] == "Sbo", 4.2, 8.1)[:, None] * sizes
    known[:, inside] = whole * np.exp(0.04 * rng.standard_normal(sizes.shape))
    known[:, last] = known[:, inside][:, -1:] * 0.995
    opened = schools["opened"].to_numpy()[:, None]
    young = (opened > 0) & (years >= opened) & (years < opened + 3)
    known = np.where(young, np.maximum(3 + 20 * (years - opened), 3), known)
    earliest = 1990 if len(schools) <= names.SCHOOLS else 1975
    old = earliest + (2012 - earliest) * rng.random(len(schools)) ** 3  # some younger than the file
    started = np.where(opened[:, 0] > 0, opened[:, 0], old)
    known[years < started[:, None]] = 0
    known[years >= schools["closed"].to_numpy()[:, None]] = 0
    return np.rint(known).astype(int)


def _weging(schools, ovt, history, rng) -> dict:
    """Return schoolweging, spread and pupils per OVT, 2021-2022 to 2024-2025."""
    span = len(WEGING_YEARS)
    first = HISTORY.index(WEGING_YEARS[0])
    wander = np.cumsum(0.45 * rng.standard_normal((len(schools), span)), axis=1)
    own = (
        29.7
        + 3.7 * schools["need"].to_numpy()[:, None]
        + wander
        - wander.mean(axis=1, keepdims=True)
    )
    weging, spreiding, pupils = (np.zeros((len(ovt), span)) for _ in range(3))
    for n, members in enumerate(ovt["members"]):
        rows = np.array([i for i, part in members])
        split = len(members) == 1 and schools.loc[rows[0], "ovt_kind"] == "split"
        share = {0: 0.6, 1: 0.4}[members[0][1]] if split else 1.0
        off = {0: 0.5, 1: -0.75}[members[0][1]] if split else 0.0
        weights = np.maximum(history[rows, first : first + span], 1e-9)
        weging[n] = (own[rows] * weights).sum(axis=0) / weights.sum(axis=0) + off
        unique = sorted(set(rows))
        pupils[n] = np.rint(history[unique, first : first + span].sum(axis=0) * share)
    spreiding = (
        5.95
        + 0.74 * rng.standard_normal((len(ovt), 1))
        + 0.2 * rng.standard_normal((len(ovt), span))
    )
    unknown = (pupils == 0) | (rng.random((len(ovt), span)) < 0.008)
    weging = np.where(unknown, np.nan, np.round(np.clip(weging, 19.0, 42.4), 2))
    spreiding = np.where(unknown, np.nan, np.round(np.clip(spreiding, 1.8, 9.6), 2))
    return {"weging": weging, "spreiding": spreiding, "pupils": pupils.astype(int)}


def _closed_before(schools: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows that only the historical overview has: long closed, and special schools."""
    # A country as large as the real one had, as that, more schools than it has.
    more = max(len(schools) - names.SCHOOLS, 0)
    firsts = (93, *range(51, 60)) if more else (93,)
    free = [f"{first}{a}{b}" for first in firsts for a, b in product(ascii_uppercase, repeat=2)]
    kinds = ["BO"] * (80 + more // 3) + ["SBO"] * 6 + ["SO", "SO/VSO", "VSO"] * (8 + more // 25)
    twins = schools.iloc[rng.permutation(len(schools))[: len(kinds)]].reset_index(drop=True)
    rows = twins[["denomination", "board", "municipality_code", "municipality"]].copy()
    rows["brin"] = free[: len(kinds)]
    rows["branch"] = "00"
    rows["kind"] = kinds
    rows["name"] = [
        f"{kind if kind != 'BO' else 'Basisschool'} {a}{b}"
        for kind, a, b in zip(
            kinds,
            twins["street"].str.replace(r"er(laan|straat|weg|pad|plein|hof)$", "", regex=True),
            ["eburg"] * len(kinds),
            strict=True,
        )
    ]
    rows["name"] += [f" {n}" for n in range(1, len(kinds) + 1)]
    stays = np.array([k not in ("BO", "SBO") for k in kinds])
    last = np.where(stays, 9999, rng.integers(1998, 2014, size=len(kinds)))
    size = rng.integers(20, 180, size=len(kinds))
    wave = np.exp(np.cumsum(0.06 * rng.standard_normal((len(kinds), len(HISTORY))), axis=1))
    counts = np.rint(size[:, None] * wave).astype(int)
    counts[np.array(HISTORY) >= last[:, None]] = 0
    rows["history"] = list(counts)
    lost = rows.index[:3]  # of some the register has forgotten everything but the code
    rows.loc[lost, ["name", "denomination"]] = "onbekend"
    rows.loc[lost, "board"], rows.loc[lost, "municipality_code"] = "0", "9999"
    rows.loc[lost, "municipality"] = "ONBEKEND"
    return rows
