"""In Dutch, which schools were followed over mergers, splits and new numbers."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.words import numbers


def say_joined(
    over_time: pd.DataFrame, left_out: pd.DataFrame, unexplained: pd.DataFrame
) -> list[str]:
    """Say how many schools are one over time, and of how many nobody said what became of them.

    Parameters
    ----------
    over_time, left_out, unexplained : pandas.DataFrame
        Of an edition.

    Examples
    --------
    >>> one = pd.DataFrame({"school": ["90AA00", "90AB00"], "school_over_time": ["90AB00"] * 2})
    >>> none = pd.DataFrame({"school": []})
    >>> say_joined(one, none, none)[0]
    '2 schoolnummers zijn gevolgd als 1 school, want scholen gingen samen of kregen een ...'
    """
    sizes = over_time.groupby("school_over_time").size()
    joined = sizes[sizes > 1]
    lines = [
        "Geen school is samengevoegd met een andere: overgangen.csv noemt geen fusie en geen nieuw "
        "nummer."
    ]
    if len(joined):
        schools = "1 school" if len(joined) == 1 else f"{numbers.number(len(joined), 0)} scholen"
        lines = [
            f"{numbers.number(joined.sum(), 0)} schoolnummers zijn gevolgd als {schools}, want "
            "scholen gingen samen of kregen een ander nummer. Hun leerlingen zijn bij elkaar "
            "opgeteld, ook van de jaren ervoor."
        ]
    if len(left_out):
        lines.append(
            "Waar het programma liep voor een deel van de leerlingen van een gefuseerde school, of "
            "waar een school splitste, telt het schooljaar niet mee. Dat geldt voor "
            f"{numbers.number(left_out['school'].nunique(), 0)} van deze scholen."
        )
    if len(unexplained):
        lines.append(
            f"Bij {numbers.number(unexplained['school'].nunique(), 0)} deelnemers en vergelijkbare "
            "scholen beginnen of eindigen de cijfers zonder bekende fusie of nieuw nummer."
        )
    return lines
