"""How often does chance alone give a verdict? Registers drawn from the real files.

Schools that take no part are written into a register as if they did, and judged like participants:
the same pools, panel, estimate and rule. Nothing happened to them, so every *beter* or *slechter*
is a wrong one. Participants of the real register are left out of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.figures import Value, share
from kansen_analysis.edition import schools as schools_stage
from kansen_analysis.edition.outcomes import Chosen
from kansen_analysis.errors import PanelError
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.one_panel import judge_panel
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.outcomes import panel
from kansen_analysis.programme.settings import Region
from kansen_analysis.schools.over_time import read_transitions


@dataclass(frozen=True)
class Draw:
    """Which registers are drawn.

    Attributes
    ----------
    participants : int
        Schools in a register.
    provinces : tuple of str
        Where they lie; empty for the whole country.
    start : int
        First school year with a coach, for all of them.
    """

    participants: int
    provinces: tuple[str, ...] = ()
    start: int = 2024


def registers(
    tables: Mapping[str, pd.DataFrame],
    region: Region,
    draw: Draw,
    *,
    year: int,
    draws: int = 100,
    leave_out: frozenset[str] = frozenset(),
    seed: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Judge goal 1 for registers that chance wrote.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The published files, as `kansen_analysis.load` gives them.
    region : Region
        The own region, of programme.yml.
    draw : Draw
        What is drawn.
    year : int
        School year of the edition.
    draws : int
        Number of registers.
    leave_out : frozenset of str
        Schools that do take part.
    seed : int
        Of the draws.
    progress : callable
        Called after every register.

    Returns
    -------
    DataFrame
        What `judge_panel` says, a row per register; without a verdict where the panel cannot be
        analysed.
    """
    rng, protocol = np.random.default_rng(seed), load_protocol()
    levels = panel.target_levels(tables)
    levels = levels[(levels["year"] <= year) & ~levels["school"].isin(leave_out)]
    facts = panel.school_facts(tables)
    inside = facts["province"].isin(draw.provinces) if draw.provinces else facts["school"].notna()
    seen = levels.groupby("school")["year"].agg(["min", "max"])
    seen = seen.index[(seen["min"] < draw.start) & (seen["max"] >= draw.start)]
    candidates = np.sort(facts.loc[inside & facts["school"].isin(seen), "school"].to_numpy())
    rows = []
    for _ in range(draws):
        chosen = np.sort(rng.choice(candidates, draw.participants, replace=False))
        people = pd.DataFrame({"school": chosen, "coach_start": draw.start})
        inputs = {"tidy": tables, "participants": people, "region": region, "year": year}
        inputs |= {"others": {}, "transitions": read_transitions("")}
        inputs |= {"schools": schools_stage.run(inputs), "protocol": protocol}
        found, _ = Chosen(inputs).panel(levels, 1)
        try:
            said = judge_panel(found, look=protocol.verdict.looks.of(year), seed=seed)
            rows.append(said.iloc[0].to_dict())
        except PanelError as error:
            rows.append({"verdict": "", "reasons": (str(error),)})
        progress()
    return pd.DataFrame(rows)


def wrong(rows: pd.DataFrame) -> Value:
    """Return the percentage of registers with *beter* or *slechter*, with what chance leaves."""
    return share(rows["verdict"].isin([Verdict.BETTER, Verdict.WORSE]))
