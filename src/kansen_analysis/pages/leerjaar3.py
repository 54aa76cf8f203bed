"""Goal 3 where schools supply it: former pupils in leerjaar 3, against their advice and by itself.

A lower advice makes afstroom smaller without anybody getting further. So the place in leerjaar 3
always stands beside it, and the goal is met only when that place did not get lower.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.disclosure.supplied import ENDS, STEP, Rule
from kansen_analysis.edition.open import Edition
from kansen_analysis.edition.released import GROUPS, PLACES, WHOLE
from kansen_analysis.outcomes.intervals import share_of_total
from kansen_analysis.pages import evidence
from kansen_analysis.pages.common import estimate_or_reason, published_table, source_line
from kansen_analysis.words import numbers

GOAL = 3
SHARES = {"pupils_below": "Onder advies", "pupils_havo_vwo": "Op havo of vwo"}


def places(monitor: Edition) -> Table | Absent:
    """List who is below the advice and who is at havo or vwo, by group and year of the advice."""
    cells = monitor.places
    if not len(cells):
        return Absent(
            "Geen open bestand laat per basisschool zien waar oud-leerlingen in leerjaar 3 zitten, "
            "en er is niets aangeleverd."
        )
    if cells["low"].isna().all():
        return Absent(
            "Er zijn cijfers aangeleverd, maar van te weinig scholen of leerlingen: "
            + _rule(monitor)
        )
    frame, rows = _frame(cells)
    variables = about(*rows)
    notes = [
        "Het definitieve advies telt; bij een dubbel advies is het laagste al ‘op niveau’.",
        "Alleen scholen die cijfers hebben aangeleverd, zonder oordeel: het antwoord staat "
        "bovenaan.",
        f"Aantallen zijn afgerond op een veelvoud van {STEP}; de aandelen zijn daaruit berekend. "
        f"Niet getoond: te weinig scholen of leerlingen; {_rule(monitor)}",
    ]
    if (cells["rule"] == Rule.EARLIER).any():
        notes.append(
            "Sommige cijfers zijn die van een eerdere uitgave: met de nieuwe ernaast zou het "
            "verschil over te weinig leerlingen gaan."
        )
    return published_table(
        frame,
        PLACES,
        caption="Oud-leerlingen in leerjaar 3: onder hun advies, en op havo of vwo",
        variables=variables,
        source=source_line("leerjaar3"),
        notes=notes,
    )


def _rule(monitor: Edition) -> str:
    limits = monitor.disclosure["limits"]
    return (
        f"een cijfer, en wat er van het totaal overblijft, gaat over minstens {limits['schools']} "
        f"scholen en {limits['pupils']} leerlingen, en hoogstens "
        f"{numbers.number(limits['largest'], 0)} procent daarvan komt van één school."
    )


def _frame(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple]]:
    """Lay the cells out by year: per group two shares and the pupils they are of."""
    frame = pd.DataFrame({"year": sorted(cells["year"].unique())})
    rows: list[tuple] = [("year", "Schooljaar van het advies", "", 0, "year")]
    for name, label in GROUPS.items():
        mine = cells[cells["group"] == name]
        if not mine["low"].notna().any():
            continue
        by = {each: rows_.set_index("year") for each, rows_ in mine.groupby("count")}
        whole = by[WHOLE].reindex(frame["year"])
        for part, words in SHARES.items():
            ends = [each[end].astype(float) for each in (by[part], whole) for end in ENDS]
            low, high = share_of_total(*(each.reindex(frame["year"]).to_numpy() for each in ends))
            column, exact = f"{part}_{name}", low == high
            frame[column] = np.where(exact, low, np.nan)
            for end, values in zip(ENDS, (low, high), strict=True):
                frame[f"{column}_{end}"] = np.where(exact, np.nan, values)
            few = pd.Series("te weinig scholen of leerlingen", frame.index, dtype="str")
            frame[f"{column}_reason"] = few.where(np.isnan(low))
            rows.append((column, f"{words}: {label}", "%", 0, "share", ""))
        low, high = (whole[end].reset_index(drop=True) for end in ENDS)
        frame[f"n_{name}"] = low.where((low == high).fillna(False))
        frame[f"n_{name}_low"], frame[f"n_{name}_high"] = low, high
        rows.append((f"n_{name}", f"Leerlingen: {label}", "leerlingen", 0, "count"))
    return frame, rows


def since_start(monitor: Edition) -> Figure | Absent | None:
    """Draw the difference by years since the start; nothing where the goal is not tested."""
    return evidence.since_start(monitor, GOAL) if _tested(monitor) else None


def four_versions(monitor: Edition) -> Figure | Absent | None:
    """Draw the four versions; nothing where the goal is not tested."""
    return evidence.four_versions(monitor, GOAL) if _tested(monitor) else None


def what_could_be_seen(monitor: Edition) -> Figure | Absent | None:
    """Draw what could have been seen; nothing where the goal is not tested."""
    return evidence.what_could_be_seen(monitor, GOAL) if _tested(monitor) else None


def doubts(monitor: Edition) -> Prose | None:
    """Say how sure the answer is, and what the place itself and the counts say beside it."""
    if not _tested(monitor):
        return None
    said = evidence.doubts(monitor, GOAL)
    lines = [said.markdown] if isinstance(said, Prose) else []
    guard = monitor.protocol.goal(GOAL).guard
    place = monitor.guards.get(GOAL)
    if guard is not None and place is not None:
        row = place.decision.loc[place.decides]  # the one the rule looks at
        held = row["ci90_low"] > -guard.smallest_difference
        lines.append(
            f"- {guard.name}: {_written(row)} na de start, vergeleken met andere scholen. Dat het "
            f"niet {numbers.number(guard.smallest_difference, 1)} procentpunt of meer lager werd, "
            f"is {'' if held else 'niet '}aangetoond; zonder dat is het doel niet gehaald."
        )
    check = monitor.share_check
    if check is not None:
        row = {"effect": check.effect, "ci_low": check.ci_low, "ci_high": check.ci_high}
        lines.append(
            "- Een model voor de aantallen zelf (binomiaal) geeft voor het aandeel dat niet onder "
            f"zijn advies zit {_written(row)}, een lineair model {_written(check.linear)}."
        )
    return Prose("\n".join(lines))


def _tested(monitor: Edition) -> bool:
    return estimate_or_reason(monitor, GOAL)[0] is not None


def _written(row) -> str:
    size = numbers.signed(row["effect"], 1)
    low, high = (numbers.signed(row[end], 1) for end in ("ci_low", "ci_high"))
    return f"{size} procentpunt ({low} tot {high})"
