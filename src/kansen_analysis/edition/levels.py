"""What of two publishers together may be shown, before any figure of few schools is worked out.

The Inspectie's exact share would give a count back that DUO hides, and so would whatever rests on
it: a sum over a municipality of which all other schools are known, or the change of one school. So
those are made of what is left here and cannot give away what they never saw; so are estimates over
few participants. Estimates over many rest on the exact shares.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.edition.disclosure import joined
from kansen_analysis.edition.outcomes import Chosen, advices_of, measured_of
from kansen_analysis.outcomes import panel
from kansen_analysis.outcomes.fixed import FEW
from kansen_analysis.schools.load import Until


def run(inputs: Mapping) -> dict[str, object]:
    """Show a range where a share of the Inspectie would solve a count that DUO hides.

    Returns
    -------
    dict
        ``target_levels``: as `joined.guard`; ``told``: how often which rule did so; ``panels``: by
        goal the panel that is tested, made of these levels.
    """
    tables = Until(inputs["tidy"], inputs["year"])
    made, goals = inputs["outcomes"], inputs["protocol"].goals
    known, both = made["target_levels"], panel.both_publishers(tables)
    names = {"low": "own_low", "high": "own_high", "placed": "placed"}
    names |= {"pupils_low": "own_n_low", "pupils_high": "own_n_high"}
    own = both[["school", "year", *names]].rename(columns=names)
    mine = inputs["schools"]["participants"]["school"]
    found = joined.guard(
        known.merge(own, on=["school", "year"], how="left"), tables["referentieniveaus"], mine
    )[[*known.columns, "joined"]]
    told = []
    for word in ("solved", "contradiction"):
        rows = found[found["joined"] == word]
        people = rows["school"].isin(mine)
        told.append(
            {
                "rule": f"two publishers: {word}",
                "output": "target_levels",
                "hidden": len(rows) if word == "solved" else 0,
                "school_years": len(rows),
                "participants": int(people.sum()),
            }
        )
    return {"target_levels": found, "told": told, "panels": _panels(inputs, made, found, goals)}


def _panels(inputs: Mapping, made: Mapping, levels: pd.DataFrame, goals) -> dict[str, pd.DataFrame]:
    """Make the panels that rest on the levels, or on advices beside them, once more."""
    low, high = (made[f"advice_{end}"].set_index(["school", "year"]) for end in ("low", "high"))
    measured = {"target_levels": levels} | measured_of(advices_of(inputs, low, high, levels))
    choose = Chosen(inputs, measured)
    tested = [g for g in goals if str(g.id) in made["panels"] and g.outcome.measure in measured]
    panels = {g: choose.of(g.outcome.measure, g, g.outcome.higher_is_better) for g in tested}
    return {str(goal.id): found[0] for goal, found in panels.items() if found is not None}


def panels_for_estimates(stages: Mapping) -> dict[str, pd.DataFrame]:
    """Return the panels to estimate on: where few take part, of what may be shown of a school.

    Reads the stages ``outcomes`` and ``levels``.

    The figures of an estimate are equations in the shares of its participants. Of fewer than
    `FEW` they give hidden shares back to who knows all other schools, rounded or not; what may be
    shown in their place brings an estimate nearer to zero (docs/methods.md).
    """
    shown, panels = stages["levels"]["panels"], stages["outcomes"]["panels"]
    return panels | {name: shown[name] for name in made_of_ranges(stages)}


def made_of_ranges(stages: Mapping) -> list[str]:
    """Name the panels of few participants, which `panels_for_estimates` makes of ranges."""
    panels = stages["outcomes"]["panels"]
    return [n for n in stages["levels"]["panels"] if participants_of(panels[n]) < FEW]


def participants_of(rows: pd.DataFrame) -> int:
    """Count the participants of a panel."""
    return rows.loc[rows["cohort"].notna(), "school"].nunique()
