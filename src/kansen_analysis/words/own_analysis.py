"""An own analysis in words: Dutch, and English for a paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers as write
from kansen_analysis.words.estimates import WAYS

WAYS_EN = {
    "cluster": "clustered by school",
    "board": "clustered by school board",
    "randomisation": "redrawn start years",
}
NO_VERDICT = {
    "nl": "Dit is een eigen analyse en geen oordeel: een oordeel vraagt een regel die vooraf "
    "vastligt. Wie lang genoeg zoekt, vindt altijd een groep die afwijkt.",
    "en": "This is an analysis of one's own and no verdict: that asks for a rule that was fixed "
    "beforehand. Who looks long enough always finds a group that differs.",
}


@dataclass(frozen=True)
class About:
    """What was estimated.

    Attributes
    ----------
    name : str
        What the outcome is called, in Dutch.
    unit : str
        Of a difference.
    decimals : int
        Of a difference.
    source : str
        Publisher and data set.
    margin : float or None
        The smallest difference that matters, in the unit.
    choices : tuple of str
        What was chosen otherwise than in the monitor, in Dutch.
    """

    name: str = "Verschil"
    unit: str = ""
    decimals: int = 2
    source: str = "eigen analyse"
    margin: float | None = None
    choices: tuple[str, ...] = ()


def _unit(about: About) -> str:
    return f" {about.unit}" if about.unit else ""


def _others(estimate: EffectEstimate) -> int:
    return estimate.n_schools - estimate.n_treated


def line(estimate: EffectEstimate, about: About) -> str:
    """Return the result on one line, in English, the same on every machine."""
    if not np.isfinite(estimate.effect):
        return f"Effect({about.name}: {estimate.decides} cannot be estimated with these schools)"
    size = about.decimals
    return (
        f"Effect({about.name}: {estimate.effect:+.{size}f}{_unit(about)}, 95% interval "
        f"{estimate.ci_low:.{size}f} to {estimate.ci_high:.{size}f}; {estimate.n_treated} "
        f"participants, {_others(estimate)} others; {estimate.decides}, {estimate.method})"
    )


def rests_on(estimate: EffectEstimate) -> tuple[str, ...]:
    """Say how many schools it rests on and where the interval comes from."""
    if not np.isfinite(estimate.effect):
        return ()
    return (
        f"{estimate.n_treated} deelnemende en {_others(estimate)} andere scholen; grenzen: "
        f"95%-interval ({WAYS[estimate.method]}).",
    )


def same_side(frame: pd.DataFrame) -> str:
    """Say whether the versions point the same way: the title of their figure."""
    known = frame["estimate"].dropna()
    if not len(known):
        return "Geen van de berekeningen is met deze scholen te maken"
    if (known > 0).all() or (known < 0).all():
        side = "boven" if (known > 0).all() else "onder"
        return f"Alle {len(known)} berekeningen komen {side} nul uit"
    return f"De {len(known)} berekeningen wijzen niet dezelfde kant op"


def finding(estimate: EffectEstimate, about: About) -> str:
    """Say what was found: the title of a figure by year."""
    if estimate.ci_low > 0:
        return f"{about.name}: na de start hoger dan op vergelijkbare scholen"
    if estimate.ci_high < 0:
        return f"{about.name}: na de start lager dan op vergelijkbare scholen"
    return f"{about.name}: na de start geen duidelijk verschil"


def explained(estimate: EffectEstimate, about: About, language: str = "nl") -> str:
    """Say what was found, how sure it is, and what it is not."""
    others, size = _others(estimate), about.decimals
    if not np.isfinite(estimate.effect):
        return {
            "nl": f"{about.name}: met deze scholen en jaren is het niet te berekenen.",
            "en": f"{about.name}: this cannot be estimated with these schools and years.",
        }[language]
    known = estimate.decision["effect"].dropna()
    same = int((np.sign(known) == np.sign(estimate.effect)).sum())
    if language == "en":
        sentences = [
            f"{about.name}: {estimate.effect:+.{size}f}{_unit(about)} after the start, "
            f"{estimate.n_treated} participating schools against {others} comparable ones.",
            f"The difference may also lie between {estimate.ci_low:.{size}f} and "
            f"{estimate.ci_high:.{size}f} (95% interval, {WAYS_EN[estimate.method]}).",
            f"{same} of the {len(known)} fixed versions have the same sign.",
        ]
        if about.margin:
            sentences.append(
                f"The smallest difference that matters is {about.margin:.{size}f}{_unit(about)}."
            )
        return " ".join([*sentences, NO_VERDICT["en"]])
    low, high = (write.number(x, size) for x in (estimate.ci_low, estimate.ci_high))
    sentences = [
        f"{about.name}: {write.signed(estimate.effect, size)}{_unit(about)} na de start, "
        f"{estimate.n_treated} scholen in het register tegenover {others} vergelijkbare.",
        f"Het verschil kan ook liggen tussen {low} en {high} (95%-interval, "
        f"{WAYS[estimate.method]}).",
        f"{same} van de {len(known)} vastgelegde berekeningen wijzen dezelfde kant op.",
    ]
    if about.margin:
        least = f"{write.number(about.margin, size)}{_unit(about)}"
        sentences.append(f"Het kleinste verschil dat ertoe doet is {least}.")
    return " ".join([*sentences, *about.choices, NO_VERDICT["nl"]])


# How many schools are enough ----------------------------------------------------------------------


def outlook_line(table: pd.DataFrame, about: About, share: float) -> str:
    """Return an outlook on one line, in English."""
    parts = [
        f"{row.schools} schools {row.difference:.{about.decimals}f}"
        for row in each_row(table)
        if np.isfinite(row.difference)
    ]
    seen = ", ".join(parts) or "nothing"
    unit = f" in {about.unit}" if about.unit else ""
    return f"Outlook({about.name}: smallest difference seen with {100 * share:.0f}%{unit}: {seen})"


def outlook_note(about: About, share: float) -> str:
    """Say what the figures of an outlook are."""
    unit = f" ({about.unit})" if about.unit else ""
    return (
        f"Kleinste ware verschil{unit} dat met {write.number(100 * share, 0)}% kans in alle "
        "vastgelegde berekeningen te zien is"
    )


def enough(table: pd.DataFrame, about: About) -> str:
    """Say how many schools are enough for the difference that matters."""
    seen = table[table["difference"] <= (about.margin or 0)]
    if not about.margin:
        return "Hoe meer scholen, hoe kleiner het verschil dat te zien is"
    least = f"{write.number(about.margin, about.decimals)}{_unit(about)}"
    if len(seen):
        return f"Met {int(seen['schools'].min())} scholen is een verschil van {least} te zien"
    return f"Met {int(table['schools'].max())} scholen is {least} te klein om te zien"


def outlook_explained(table: pd.DataFrame, about: About, share: float, language: str) -> str:
    """Say what an outlook means."""
    rows = [row for row in each_row(table) if np.isfinite(row.difference)]
    size, chance = about.decimals, f"{100 * share:.0f}%"
    if language == "en":
        seen = "; ".join(f"{r.schools} schools {r.difference:.{size}f}" for r in rows)
        return (
            f"{about.name}: smallest true difference{_unit(about)} that shows in all fixed "
            f"versions with a chance of {chance}: {seen or 'none can be seen'}."
        )
    seen = "; ".join(f"{r.schools} scholen {write.number(r.difference, size)}" for r in rows)
    note = outlook_note(about, share)
    return f"{about.name}. {note}: {seen or 'geen'}. {enough(table, about)}."
