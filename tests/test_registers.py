"""Registers drawn by chance are judged like the real one."""

import numpy as np
import pandas as pd

from bench.registers import Draw, registers, wrong
from kansen_analysis.programme import workspace
from kansen_analysis.schools.load import Tables
from kansen_analysis.schools.participants import read_participants


def test_a_drawn_register_is_judged_and_holds_no_real_participant(demo):
    tables = Tables(demo)
    people = read_participants(workspace.default_participants(demo))
    region = workspace.settings_of(demo).region
    told = []
    rows = registers(
        tables,
        region,
        Draw(20, ("Drenthe",), start=2021),
        year=2024,
        draws=2,
        leave_out=frozenset(people["school"]),
        progress=lambda: told.append(1),
    )
    assert len(rows) == len(told) == 2
    assert rows["n_treated"].between(10, 20).all()
    assert rows["effect"].nunique() == 2  # another register each time
    assert rows["look"].tolist() == [3, 3]
    # Nothing was put into schools that do not take part.
    assert (rows["effect"].abs() < 12).all() and np.isfinite(rows["p"]).all()


def test_wrong_verdicts_are_both_ways():
    rows = pd.DataFrame({"verdict": ["beter", "slechter", "onbeslist", ""]})
    assert wrong(rows).value == 50 and wrong(rows).runs == 4
