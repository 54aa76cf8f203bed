"""Which schools the participants are compared with, chosen before any result is looked at.

Two pools, always both (docs/methods.md): **B**, matched comparison schools elsewhere in the
country, eight to ten per participant, of the same kind of region, about the same schoolweging and
size; and **A**, every other school of the own region (its provinces and municipalities, as
programme.yml has them). Test results and advices play no part: choosing on them would make
regression to the mean look like an effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError

COLUMNS = (
    *("school", "schoolweging", "pupils", "province", "municipality_code", "kind", "participant"),
)
KIND = "Bo"  # sbo schools stand in the same files and score far lower
DIGITS = 9  # of a distance between schools
CALIPER = 2.0  # points of schoolweging
AIM = 0.1  # standardised difference that counts as balanced
FEWEST = 3  # matched schools per participant that are kept even when fewer would balance better


@dataclass(frozen=True, eq=False)
class Pools:
    """The chosen schools and how alike they are.

    Attributes
    ----------
    members : DataFrame
        One row per chosen school, ready to be exported: ``school, pool`` (``A`` or ``B``),
        ``matched_to`` (for B the participant it was chosen for), ``schoolweging, pupils, province,
        municipality_code``, sorted by pool and school.
    balance : DataFrame
        Index ``variable``: mean of the participants, of all other schools and of each pool, and
        the standardised differences before choosing and after (``before, after_b, after_a``).
    left_out : DataFrame
        Participants that could not be placed, with ``reason`` in Dutch.
    short : DataFrame
        Participants with fewer matched schools than `rounds`, and how many were ``matched``.
    rounds : int
        Matched schools per participant that were kept.
    """

    members: pd.DataFrame
    balance: pd.DataFrame
    left_out: pd.DataFrame
    short: pd.DataFrame
    rounds: int

    def __repr__(self) -> str:
        """Show the size, the same on every machine."""
        counts = self.members["pool"].value_counts()
        return f"Pools(A={counts.get('A', 0)}, B={counts.get('B', 0)})"

    def schools(self, pool: str) -> list[str]:
        """Return the codes of one pool."""
        return self.members.loc[self.members["pool"] == pool, "school"].tolist()


def in_region(
    schools: pd.DataFrame, provinces: Collection[str], municipalities: Collection[str] = ()
) -> pd.Series:
    """Tell which schools lie in one of the provinces or municipalities.

    Examples
    --------
    >>> schools = pd.DataFrame({"province": ["Drenthe", "Overijssel", "Overijssel"],
    ...                         "municipality_code": ["0119", "0160", "0193"]})
    >>> in_region(schools, ["Drenthe"], ["0160"]).tolist()
    [True, True, False]
    """
    return schools["province"].isin(list(provinces)) | schools["municipality_code"].isin(
        list(municipalities)
    )


def choose_pools(
    schools: pd.DataFrame,
    *,
    provinces: Collection[str] = (),
    municipalities: Collection[str] = (),
    per_participant: int = 8,
    caliper: float = CALIPER,
) -> Pools:
    """Choose both comparison pools.

    Parameters
    ----------
    schools : DataFrame
        One row per school: ``school``, ``schoolweging`` (fixed, from before the programme),
        ``pupils`` (likewise), ``province``, ``municipality_code`` (text), ``kind``,
        ``participant`` (bool), and when known ``region_kind`` (for instance stedelijkheid).
    provinces, municipalities : collection of str
        The own region, by name and by code: ``region.own`` of programme.yml.
    per_participant : int
        Matched schools per participant at most, eight to ten. Where the country has too few schools
        like the participants, later rounds make the pool less alike; then only as many rounds
        are kept as leave it balanced, but no fewer than `FEWEST`.
    caliper : float
        Largest difference in schoolweging, in points.

    Raises
    ------
    PanelError
        When a column is missing or a school occurs twice.

    Notes
    -----
    Matched schools lie outside the own region, so that the pools share no school. They are dealt
    out one round at a time, participants with the fewest candidates first; each takes the nearest
    school that is left (schoolweging and log pupils in standard deviations, ties by code), so the
    order of the rows does not matter. Where nobody takes part (yet), only A has schools.
    """
    _check(schools)
    schools = schools.sort_values("school", ignore_index=True, kind="stable")
    if "region_kind" not in schools.columns:
        schools = schools.assign(region_kind="")
    known = schools["schoolweging"].notna() & (schools["pupils"].fillna(0) > 0)
    regular = schools["kind"] == KIND
    participants = schools["participant"].astype(bool)
    left_out = schools.loc[participants & ~(known & regular), ["school"]].assign(
        reason=np.where(regular, "schoolweging of leerlingental onbekend", "geen basisschool (bo)")[
            participants & ~(known & regular)
        ]
    )
    usable = schools[known & regular].reset_index(drop=True)
    takes_part = usable["participant"].astype(bool).to_numpy()
    own = in_region(usable, provinces, municipalities).to_numpy()

    dealt = _deal(usable, takes_part, ~takes_part & ~own, per_participant, caliper)
    rounds = _balanced_rounds(usable, takes_part, dealt, per_participant)
    chosen = {at: participant for at, (participant, number) in dealt.items() if number < rounds}
    national = usable.loc[list(chosen)].assign(pool="B", matched_to=list(chosen.values()))
    regional = usable[~takes_part & own].assign(pool="A", matched_to=pd.NA)
    times = Counter(chosen.values())
    found = usable.loc[takes_part, ["school"]]
    found["matched"] = [times[school] for school in found["school"]]
    names = ["school", "pool", "matched_to", "schoolweging", "pupils", "province"]
    members = pd.concat([regional, national])[[*names, "municipality_code"]]
    return Pools(
        members=members.sort_values(["pool", "school"], ignore_index=True, kind="stable"),
        balance=_balance(usable, takes_part, national.index, regional.index),
        left_out=left_out.reset_index(drop=True),
        short=found[found["matched"] < rounds].reset_index(drop=True),
        rounds=rounds,
    )


def _check(schools: pd.DataFrame) -> None:
    if missing := [name for name in COLUMNS if name not in schools.columns]:
        raise PanelError(f"The frame of schools has no column {', '.join(missing)}; add it.")
    if schools["school"].duplicated().any():
        twice = schools.loc[schools["school"].duplicated(), "school"].iloc[0]
        raise PanelError(f"School {twice} occurs twice; keep one row per school.")


def _balanced_rounds(usable, takes_part, dealt: dict, most: int) -> int:
    """Return the most rounds that leave the pool balanced, else the ones that balance it best."""
    worst = {}
    for rounds in range(min(FEWEST, most), most + 1):
        kept = [at for at, (_, number) in dealt.items() if number < rounds]
        apart = _balance(usable, takes_part, kept, [])["after_b"].abs().max()
        worst[rounds] = np.inf if np.isnan(apart) else apart
    balanced = [rounds for rounds, apart in worst.items() if apart < AIM]
    return max(balanced) if balanced else min(worst, key=lambda rounds: worst[rounds])


def _deal(usable, takes_part, candidate, rounds: int, caliper: float) -> dict[int, tuple[str, int]]:
    """Deal candidates: row of the candidate -> code of the participant, and the round."""
    pool, people = np.flatnonzero(candidate), np.flatnonzero(takes_part)
    if not len(pool) or not len(people):
        return {}
    weging = usable["schoolweging"].to_numpy(float)
    size = np.log(usable["pupils"].to_numpy(float))
    kind = usable["region_kind"].fillna("").to_numpy()
    away = np.abs(weging[people, None] - weging[pool])
    apart = np.abs(size[people, None] - size[pool])
    # Rounded, because the last digits of a logarithm differ between processors: ties stay ties.
    distance = np.hypot(away / (weging.std() or 1), apart / (size.std() or 1)).round(DIGITS)
    distance[(away > caliper) | (kind[people, None] != kind[pool])] = np.inf
    choices = np.isfinite(distance).sum(1)
    code = usable["school"].to_numpy()
    order = sorted(range(len(people)), key=lambda at: (choices[at], code[people[at]]))
    chosen: dict[int, tuple[str, int]] = {}
    for number in range(rounds):
        for at in order:
            nearest = int(distance[at].argmin())  # the first of equals, so by code
            if np.isfinite(distance[at, nearest]):
                chosen[int(pool[nearest])] = (str(code[people[at]]), number)
                distance[:, nearest] = np.inf
    return chosen


def _balance(usable, takes_part, national, regional) -> pd.DataFrame:
    table = pd.DataFrame(
        {"schoolweging": usable["schoolweging"], "pupils": usable["pupils"].astype(float)}
    ).astype(float)
    table["log_pupils"] = np.log(table["pupils"])
    kinds = sorted(usable["region_kind"].dropna().unique())
    if len(kinds) > 1:
        for kind in kinds:
            table[f"region_kind: {kind}"] = (usable["region_kind"] == kind).astype(float)
    people, others = table[takes_part], table[~takes_part]
    pools = {"b": table.loc[national], "a": table.loc[regional]}
    balance = pd.DataFrame({"participants": people.mean(), "others": others.mean()})
    for name, part in pools.items():
        balance[f"pool_{name}"] = part.mean()
    # One yardstick before and after: otherwise a narrower pool would look worse for being narrow.
    spread = np.sqrt((people.var() + others.var()) / 2).replace(0, np.nan)
    balance["before"] = (people.mean() - others.mean()) / spread
    for name, part in pools.items():
        balance[f"after_{name}"] = (people.mean() - part.mean()) / spread
    balance.index.name = "variable"
    return balance
