"""The region of the programme in figures, whoever takes part there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.outcomes import printed, region
from kansen_analysis.schools.load import Until

FEWEST = 3  # guarded schools of a municipality that may hide behind each other
CLOSE = 1e-6  # percent times pupils: sums of floats


def run(inputs: Mapping) -> dict[str, object]:
    """Work out the facts of the region, its municipalities and the country, and what is told.

    Returns
    -------
    dict
        ``region_facts``: as `region.region_facts`, of the region only; ``region_told``: as
        `region.notable`, chosen among all municipalities of the country; ``region_spread``: as
        `region.spread`; ``region_schools``: as `region.secondary_schools`; ``region_places``: how
        many municipalities are the yardstick; ``printed``: as `printed.beside`, what publications
        print of the country and of the provinces that the programme works in.
    """
    area, settings = inputs["schools"]["region"].area, inputs["schools"]["region"]
    exact, guarded = (inputs[stage]["target_levels"] for stage in ("outcomes", "levels"))
    made = {name: inputs["outcomes"][name] for name in ("advice_low", "advice_high")}
    tables = region.gather(
        Until(inputs["tidy"], inputs["year"]), inputs["year"], made | {"levels": exact}
    )
    tables["levels"] = summed(exact, guarded, region.municipality_of(tables))
    known = region.municipalities(tables)
    others = known[known["province"].isin(area.provinces[1:])]["municipality_code"]
    asked = inputs["printed"]
    asked = asked[(asked["place_kind"] == region.COUNTRY) | asked["place"].isin(area.provinces)]
    every = region.region_facts(
        tables,
        province=area.provinces[0] if area.provinces else "",
        also={*area.municipalities, *others},
        name=settings.name,
        everywhere=True,
        provinces=asked.loc[asked["place_kind"] == region.PROVINCE, "place"].unique(),
    )
    facts = every[every["place_kind"] != region.PROVINCE].reset_index(drop=True)
    inside = known["province"].isin(area.provinces) | known["municipality_code"].isin(
        list(area.municipalities)
    )
    codes = set(known.loc[inside, "municipality_code"])
    told = region.notable(facts)
    own = facts[_own(facts, codes)].reset_index(drop=True)
    return {
        "region_facts": own,
        "region_told": told[_own(told, codes)].reset_index(drop=True),
        "region_spread": region.spread(tables, own),
        "region_schools": region.secondary_schools(tables, codes).reset_index(drop=True),
        "region_places": int(facts.loc[facts["place_code"] != "", "place_code"].nunique()),
        "printed": printed.beside(every, asked),
    }


def summed(exact: pd.DataFrame, guarded: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    """Return the levels that sums over municipalities are made of.

    The schools of a municipality are printed, so its exact sum less these is what its guarded
    schools have together. Of one or two of them that is too much, and of more where it would leave
    any of them less than its range; region and country are sums of the same sums, so nothing is
    left to subtract.

    Parameters
    ----------
    exact, guarded : pandas.DataFrame
        Levels as the publishers print them and as they may be shown, of the same school-years.
    where : pandas.Series
        The municipality of each school.
    """
    hidden = guarded["joined"].eq("solved")
    rows = pd.DataFrame({end: guarded[end] * guarded[f"n_{end}"] for end in ("low", "high")})
    rows = rows.astype(float).assign(exact=exact["value"] * exact["n"], hidden=hidden)
    place = [guarded["school"].map(where), guarded["year"]]
    sums = rows.groupby(place).transform("sum")
    least = sums["exact"] - (sums["high"] - rows["high"])  # that is left for a school
    most = sums["exact"] - (sums["low"] - rows["low"])
    less = hidden & ((least > rows["low"] + CLOSE) | (most < rows["high"] - CLOSE))
    unsafe = less.groupby(place).transform("any") | sums["hidden"].between(1, FEWEST - 1)
    return exact.where(~unsafe.fillna(False).astype(bool), guarded[exact.columns])


def _own(rows: pd.DataFrame, codes: set[str]) -> pd.Series:
    """Tell which rows are about the region, one of its municipalities, or the country."""
    return (rows["place_kind"] != "municipality") | rows["place_code"].isin(codes)
