"""Goal 2 in Dutch: what was done about hidden counts, and how much of a change can be seen."""

from __future__ import annotations

import numpy as np

from kansen_analysis.estimate.attenuation import SIZES, Attenuation
from kansen_analysis.estimate.em_check import EmCheck
from kansen_analysis.outcomes.advice import Basis
from kansen_analysis.words import numbers as write

PLACES = {
    "bottom": "onderaan de schaal (tot en met vmbo kader)",
    "middle": "in het midden (tot en met vmbo gt/havo)",
    "top": "bovenaan (vanaf havo)",
}


def caveat() -> str:
    """Say how hidden counts are dealt with when groups of schools are compared."""
    return (
        "Vanaf 2022-2023 drukt DUO elk aantal van 1 tot en met 4 leerlingen af als ‘<5’. Wij "
        "behandelen daarom alle jaren, ook de jaren met exacte aantallen, alsof ze zo zijn "
        "afgedrukt, en vullen voor elk verborgen aantal het gemiddelde van die adviescategorie in. "
        "Zo zijn ‘voor’ en ‘na’ op dezelfde manier gemeten. Invullen trekt een gemiddelde naar het "
        "midden van de schaal, het meest bij weinig leerlingen. De jaren met exacte aantallen "
        "laten zien hoeveel; dat is teruggerekend."
    )


def basis(rests_on: Basis) -> list[str]:
    """Say what the value of goal 2 is, and what was left out for it.

    Examples
    --------
    >>> print(basis(Basis("none"))[0])
    Er zijn geen toetsresultaten bij deze adviezen; vergeleken wordt het adviesniveau zelf, niet het
    niveau boven wat de toets doet verwachten.
    """
    if rests_on.tests == "none":
        return [
            "Er zijn geen toetsresultaten bij deze adviezen; vergeleken wordt het adviesniveau "
            "zelf, niet het niveau boven wat de toets doet verwachten."
        ]
    years = ""
    if rests_on.missing:
        years = write.listed(map(write.school_year, rests_on.missing))
    if rests_on.tests == "few":
        return [
            f"Van {years} zijn er geen of te weinig toetsresultaten in deze map. Het verwachte "
            "advies is daarom niet te berekenen; vergeleken wordt het adviesniveau zelf, "
            "gecorrigeerd voor schoolweging en schoolgrootte."
        ]
    lines = [
        "De maat is het adviesniveau min het niveau dat het eigen toetsresultaat, de schoolweging "
        "en de aanbieder dat jaar doen verwachten. Stijgen de toetsresultaten door het programma, "
        "dan stijgt ook het verwachte advies: hogere adviezen die daarbij passen tellen hier niet "
        "mee. Eén toetsresultaat is voor een deel toeval. Hoeveel hoger het advies hoort te zijn, "
        "is daarom afgelezen aan het deel dat de school ook in andere jaren laat zien."
    ]
    if years:
        lines.append(f"Zonder toetsresultaten, daarom niet in de vergelijking: {years}.")
    if rests_on.dropped:
        lines.append(
            f"{write.number(rests_on.dropped, 0)} van de "
            f"{write.number(rests_on.rows, 0)} schooljaren "
            "hebben geen eigen toetsresultaat of schoolweging en tellen niet mee."
        )
    return lines


def attenuation(seen: Attenuation) -> str:
    """Say how much of a true change is seen, and what was done about the rest.

    Examples
    --------
    >>> import pandas as pd
    >>> parts = pd.DataFrame(
    ...     {"one": [0.9, 0.7, 1.0, 1.04], "two": [0.94, 0.9, 0.98, 1.0]},
    ...     ["all", "bottom", "middle", "top"],
    ... )
    >>> sizes = pd.DataFrame({"small": 0.5, "medium": 0.8, "large": 0.9}, parts.index)
    >>> print(attenuation(Attenuation(parts, sizes)))
    Door het afschermen meten wij van een echte verandering in de adviezen naar schatting 92%; het
    verschil is gedeeld door 0,92. Hoeveel het is, hangt af van de plaats van de verandering:
    onderaan de schaal (tot en met vmbo kader) 70 tot 90% (50% op scholen met minder dan 18
    schoolverlaters), in het midden (tot en met vmbo gt/havo) 98 tot 100%, bovenaan (vanaf havo) 100
    tot 104%. Die plaats is niet bekend. Het interval houdt daarom rekening met alle plaatsen, en
    ‘geen verschil dat ertoe doet’ met de plaats waar het minst te zien is. Of het verschil boven of
    onder nul ligt, hangt er niet van af.
    """
    places = []
    for name, place in PLACES.items():
        if name not in seen.parts.index:
            continue
        text = f"{place} {_percents(seen.parts.loc[name])}"
        small = seen.by_size["small"].loc[name]
        if name == "bottom" and np.isfinite(small):
            text += (
                f" ({write.percent(100 * small)} op scholen met minder dan {SIZES[0]} "
                "schoolverlaters)"
            )
        places.append(text)
    return (
        "Door het afschermen meten wij van een echte verandering in de adviezen naar schatting "
        f"{write.percent(100 * seen.mean)}; het verschil is gedeeld door "
        f"{write.number(seen.mean, 2)}. Hoeveel het is, hangt af van de plaats van de "
        f"verandering: {', '.join(places)}. Die plaats is niet bekend. Het interval houdt daarom "
        "rekening met alle plaatsen, en ‘geen verschil dat ertoe doet’ met de plaats waar het "
        "minst te zien is. Of het verschil boven of onder nul ligt, hangt er niet van af."
    )


def check(other: EmCheck) -> str:
    """Say what the same estimate with another filling found.

    Examples
    --------
    >>> print(check(EmCheck(0.21, 0.05, 0.111, 0.309, 0.001, 0.9, 60)))
    Controle met een andere invulling van de verborgen aantallen (per school en jaar geschat): +0,21
    niveau, tussen 0,11 en 0,31.
    """
    return (
        "Controle met een andere invulling van de verborgen aantallen (per school en jaar "
        f"geschat): {write.signed(other.effect, 2)} niveau, "
        f"{write.interval(other.ci_low, other.ci_high, 2)}."
    )


def _percents(parts) -> str:
    low, high = sorted(parts)
    return f"{write.to(100 * low, 100 * high)}%"
