"""From states per date to where every activity stands now and stood before."""

from __future__ import annotations

import pandas as pd

KEY = ["programme", "theme", "activity"]


def states(activities: pd.DataFrame) -> pd.DataFrame:
    """Return every activity as it stands, beside how it stood in the overview before.

    An overview is a date on which a programme wrote down states. What a later overview does not
    mention keeps its last state, with its own date.

    Parameters
    ----------
    activities : pandas.DataFrame
        As `kansen_analysis.programme.Programme.activities`: a row per activity and date.

    Returns
    -------
    pandas.DataFrame
        One row per activity, in the order of the file: its newest row with ``overview`` and
        ``overview_before`` (dates of the last two overviews of the programme, the second empty when
        there is one), ``state_before`` (empty when it was not there yet) and ``moved``.

    Examples
    --------
    >>> rows = [("P", "T", "club", "voorbereiding", "2023"), ("P", "T", "club", "loopt", "2024")]
    >>> frame = pd.DataFrame(rows, columns=["programme", "theme", "activity", "state", "date"])
    >>> states(frame)[["state", "date", "state_before", "moved"]].values.tolist()
    [['loopt', '2024', 'voorbereiding', True]]
    """
    ordered = activities.assign(order=range(len(activities))).sort_values(
        ["date", "order"], kind="stable"
    )
    first = ordered.groupby(KEY)["order"].min().rename("first")
    now = ordered.drop_duplicates(KEY, keep="last").merge(first.reset_index(), on=KEY)
    dates = {
        programme: sorted(set(rows)) for programme, rows in activities.groupby("programme")["date"]
    }
    now["overview"] = [dates[name][-1] for name in now["programme"]]
    now["overview_before"] = [(["", *dates[name]])[-2] for name in now["programme"]]
    before = ordered[
        ordered["date"]
        <= ordered["programme"].map({name: (["", *days])[-2] for name, days in dates.items()})
    ].drop_duplicates(KEY, keep="last")
    before = before[[*KEY, "state"]].rename(columns={"state": "state_before"})
    now = now.merge(before, on=KEY, how="left")
    now["state_before"] = now["state_before"].fillna("")
    now["moved"] = (now["state_before"] != "") & (now["state_before"] != now["state"])
    return (
        now.sort_values("first", kind="stable")
        .drop(columns=["order", "first"])
        .reset_index(drop=True)
    )
