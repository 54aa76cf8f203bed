"""What changed in the participants' municipalities, and how often chance alone changes as much.

Afstroom, early school leaving, special education and youth care are published by municipality or by
secondary school, never by primary school. A handful of municipalities cannot carry a test, so there
is no verdict here and no star: the change is set beside the changes one finds when other
municipalities of the same size and region are drawn in their place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.etwfe import fit
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.randomisation import randomise

DRAWS = 999
FEWEST = 10  # places to draw from; with fewer a share of draws says nothing


@dataclass(frozen=True)
class Nearby:
    """How the participants' places changed, beside the others.

    Attributes
    ----------
    before, since, others_before, others_since : float
        Pupil-weighted shares (percent) in the participants' places and elsewhere, over the years
        before the first pupils with a coach can be counted there and since.
    difference : float
        The change in the participants' places less that elsewhere, in points, for places of the
        same size.
    as_large : float
        Share of draws (0 to 1) with a difference at least as large; a p value of randomisation
        inference.
    places, others : int
        How many places there are of either kind.
    years_before, years_since : tuple of int
        The years there are figures of.
    """

    before: float
    since: float
    others_before: float
    others_since: float
    difference: float
    as_large: float
    places: int
    others: int
    years_before: tuple[int, ...]
    years_since: tuple[int, ...]


def compare_places(
    shares: pd.DataFrame,
    starts: Mapping[str, int],
    own_region: Collection[str],
    *,
    unknown: Collection[str] = (),
    seed: int = 1,
) -> Nearby | str:
    """Compare places with participants with the other places.

    Parameters
    ----------
    shares : DataFrame
        One row per place and year: ``place``, ``year``, ``value`` (percent) and ``n`` (pupils; one
        constant when not known).
    starts : mapping of str to int
        Per place with participants the first year in which their pupils can be counted there.
    own_region : collection of str
        Places of the own region; draws stay inside and outside of it.
    unknown : collection of str
        Places with participants whose start nobody knows: on neither side.
    seed : int
        Of the draws.

    Returns
    -------
    Nearby or str
        In Dutch why there is no comparison.

    Notes
    -----
    The same regression as for schools (`etwfe.fit`), with places in the place
    of schools and the logarithm of their size in that of schoolweging; `randomise` redraws which
    places have participants 999 times.
    """
    rows = shares.dropna(subset=["value", "n"])
    rows = rows[(rows["n"] > 0) & ~rows["place"].isin(list(unknown))]
    if not starts or not rows["place"].isin(list(starts)).any():
        return "er zijn geen cijfers over gemeenten waarvan het startjaar bekend is"
    first = min(starts.values())
    years = tuple(sorted(int(year) for year in rows["year"].unique()))
    before = tuple(year for year in years if year < first)
    since = tuple(year for year in years if year >= first)
    if not before or not since:
        missing = "van vóór" if not before else "van ná"
        return f"er zijn geen jaren {missing} de eerste leerlingen na de start"
    size = rows[rows["year"] < first].groupby("place")["n"].mean()
    rows = rows[rows["place"].isin(size.index)].sort_values(
        ["place", "year"], ignore_index=True, kind="stable"
    )
    panel = pd.DataFrame(
        {
            "school": rows["place"],
            "year": rows["year"].astype(int),
            "value": rows["value"].astype(float),
            "n": rows["n"].astype(float),
            "cohort": rows["place"].map(dict(starts)).astype("Int64"),
            "schoolweging": np.log(rows["place"].map(size).astype(float)),
            "provider": pd.NA,
            "own_region": rows["place"].isin(list(own_region)),
        }
    )
    if panel["cohort"].isna().all() or panel["cohort"].notna().all():
        return "er is geen gemeente om mee te vergelijken"
    data, _ = to_data(panel)
    own = ~np.isnan(data.cohort)
    if data.schools() < FEWEST or not data.treated.any() or own.all():
        return "er zijn te weinig gemeenten met cijfers van vóór én ná de start"
    data = replace(data, weight=data.n)
    try:
        found = randomise(fit(data), DRAWS, seed)
    except PanelError:
        return "er zijn te weinig gemeenten en jaren om mee te rekenen"
    late = data.year >= np.where(own, data.cohort, first)

    def mean(inside: np.ndarray) -> float:
        return float(np.average(data.y[inside], weights=data.n[inside]))

    return Nearby(
        before=mean(own & ~late),
        since=mean(own & late),
        others_before=mean(~own & ~late),
        others_since=mean(~own & late),
        difference=found.effect,
        as_large=found.p_value(),
        places=data.schools(own),
        others=data.schools(~own),
        years_before=before,
        years_since=since,
    )
