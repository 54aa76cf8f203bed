"""Control figures in plain Dutch: what publications print, beside what the files give here."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.outcomes.printed import DIFFERENT, EQUAL, POSSIBLE
from kansen_analysis.outcomes.region import FACTS
from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers
from kansen_analysis.words import region as places

NOTHING = "Over deze scholen heeft niemand anders cijfers gedrukt. Er is dus niets te vergelijken."
_MARKS = {EQUAL: "gelijk", DIFFERENT: "niet gelijk", POSSIBLE: "kan gelijk zijn"}
_MORE = {"count": 0, "share": 2}  # digits behind those printed, by form; of others one
NOTES = (
    "Gelijk: ons cijfer is, afgerond zoals gedrukt, hetzelfde.",
    "Kan gelijk zijn: kleine aantallen zijn afgeschermd, en het gedrukte cijfer ligt ertussen.",
)


def introduction(rows: pd.DataFrame) -> str:
    """Say what is compared, and how often it is equal.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `outcomes.printed.beside` returns them.
    """
    counts = rows["mark"].value_counts()
    found = [f"{counts[each]} {word}" for each, word in _MARKS.items() if each in counts]
    return (
        f"Anderen maken cijfers van dezelfde openbare bestanden. Hier staan {len(rows)} cijfers "
        f"die zij drukten naast wat wij vinden: {numbers.listed(found)}."
    )


def mark(row: Row) -> str:
    """Say whether a figure is what was printed; if not, how far ours lies from it.

    Examples
    --------
    >>> mark({"fact": "kleine_scholen", "mark": "different", "gap": -0.51, "decimals": 0})
    'niet gelijk (−0,51 procentpunt)'
    >>> mark({"fact": "scholen", "mark": "different", "gap": 2.0, "decimals": 0})
    'niet gelijk (+2)'
    >>> mark({"fact": "scholen", "mark": "equal", "gap": 0.0, "decimals": 0})
    'gelijk'
    """
    if row["mark"] != DIFFERENT:
        return _MARKS[row["mark"]]
    form = FACTS[row["fact"]].form
    decimals = int(row["decimals"]) + _MORE.get(form, 1)
    unit = " procentpunt" if form == "share" else ""
    return f"niet gelijk ({numbers.signed(row['gap'], decimals)}{unit})"


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Write control figures as rows for a table.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `outcomes.printed.beside` returns them.
    """
    told = rows.to_dict("records")
    return pd.DataFrame(
        {
            "what": [places.WORDS[row["fact"]].label for row in told],
            "place": [row["place"] for row in told],
            "when": [places.when(row["fact"], int(row["year"])) for row in told],
            "printed": [_figure(row, row["printed"], row["printed"]) for row in told],
            "ours": [_ours(row) for row in told],
            "mark": [mark(row) for row in told],
            "by": [f"{row['publisher']}, {row['title']}" for row in told],
            "address": [row["address"] for row in told],
            "note": [row["note"] for row in told],
            "source": [row["source"] for row in told],
        }
    )


def _ours(row: Row) -> str:
    """Write our figure, with more digits than were printed when it is no count."""
    return _figure(row, row["low"], row["high"], _MORE.get(FACTS[row["fact"]].form, 1))


def _figure(row: Row, low: float, high: float, more: int = 0) -> str:
    text = numbers.to(low, high, int(row["decimals"]) + more)
    return text + ("%" if FACTS[row["fact"]].form == "share" else "")


def differences(rows: pd.DataFrame) -> list[str]:
    """Say of every figure that differs what both are, with what is known of why.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `outcomes.printed.beside` returns them.

    Returns
    -------
    list of str
        A sentence or two for each, as markdown.
    """
    said = table(rows[rows["mark"] == DIFFERENT]).to_dict("records")
    return [
        f"{each['what']}, {each['place']}, {each['when']}: gedrukt staat {each['printed']}, "
        f"wij vinden {each['ours']}. {each['note']}".strip()
        for each in said
    ]
