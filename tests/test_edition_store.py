"""What is stored comes back as it was; a folder is there whole or not at all."""

import datetime
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from kansen_analysis.demo.panels import simulate
from kansen_analysis.edition import store
from kansen_analysis.errors import UsageError
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.per_school import school_changes
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.programme.settings import read_settings
from kansen_analysis.programme.workspace import root


def back(value, folder):
    store.put(folder, "value", value)
    return store.get(folder, "value")


def same(one, two, where="value"):
    """Compare to the last digit; a number of numpy may come back as one of Python."""
    one = one.item() if isinstance(one, np.generic) else one
    assert type(one) is type(two), where
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True, obj=where)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, two, check_exact=True, obj=where)
    elif isinstance(one, np.ndarray):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two, err_msg=where)
    elif hasattr(one, "__dataclass_fields__"):
        for name in store._fields(type(one)):
            same(getattr(one, name), getattr(two, name), f"{where}.{name}")
    elif isinstance(one, dict):
        assert list(one) == list(two), where
        for key in one:
            same(one[key], two[key], f"{where}[{key!r}]")
    elif isinstance(one, list | tuple):
        assert len(one) == len(two), where
        for at, (a, b) in enumerate(zip(one, two, strict=True)):
            same(a, b, f"{where}[{at}]")
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(two), where
    else:
        assert one == two, where


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("treated", [12, 60])  # redrawn start years, and errors by school
def test_an_estimate_comes_back_to_the_last_digit(tmp_path, seed, treated):
    panel = simulate("S0", seed=seed, schools=150, treated=treated)
    panel["board"] = panel["school"].str[:2]
    estimate = estimate_effect(panel, seed=seed)
    assert (estimate.inference["V1"].drawn is not None) == (treated == 12)
    same(estimate, back(estimate, tmp_path))


def test_changes_per_school_the_protocol_and_the_region_come_back(tmp_path):
    changes = school_changes(simulate("S0", seed=1))
    same(changes, back(changes, tmp_path))
    for settings in (load_protocol(), read_settings(root()).region):
        assert back(settings, tmp_path) == settings


@dataclass(frozen=True, eq=False)
class Later:
    """A class that got a field: nothing in the store names its fields."""

    table: pd.DataFrame
    new: dict[int, float] = field(default_factory=dict)


def test_a_new_field_of_a_class_is_stored_and_a_foreign_class_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROOT", __name__.partition(".")[0])
    later = Later(pd.DataFrame({"a": [1]}), {3: float("inf")})
    same(later, back(later, tmp_path))
    monkeypatch.undo()
    with pytest.raises(UsageError, match="not a class of this package"):
        store.get(tmp_path, "value")


@pytest.mark.parametrize("rows", [3, store.INLINE + 1])
def test_tables_keep_their_types_and_their_index_inside_and_beside_the_json(tmp_path, rows):
    table = pd.DataFrame(
        {
            "float": np.linspace(0, 1, rows) / 3,
            "count": pd.array([1, None] * rows, dtype="Int64")[:rows],
            "text": pd.array(["á", None] * rows, dtype="str")[:rows],
            "flag": np.arange(rows) % 2 == 0,
        },
        index=pd.MultiIndex.from_arrays(
            [pd.array(["a"] * rows, dtype="str"), range(rows)], names=["school", "year"]
        ),
    )
    table.loc[table.index[0], "float"] = -np.inf
    table.loc[table.index[1], "float"] = np.nan
    holder = {"frame": table, "series": table["count"], "array": np.arange(rows * 2).reshape(-1, 2)}
    same(holder, back(holder, tmp_path))
    assert (len(list(tmp_path.iterdir())) > 1) == (rows > store.INLINE)


def test_numbers_texts_dates_and_sequences_come_back(tmp_path):
    value = {
        "plain": [1, 2.5, None, True, "é", float("nan")],
        "tuple": (1, (2, 3)),
        "keys": {1: "a", (2, 3): "b"},
        "day": datetime.date(2024, 8, 1),
        "bytes": b"\x00\xff",
    }
    same(value, back(value, tmp_path))
    with pytest.raises(TypeError, match=r"value\.bad is a object"):
        store.put(tmp_path, "value", {"bad": object()})


def test_a_table_is_plain_for_others_and_says_what_its_columns_are(tmp_path):
    frame = pd.DataFrame({"school": ["90AA00"], "share": [45.25]})
    about = pd.DataFrame({"label": ["School", "Aandeel"], "unit": ["", "%"]}, list(frame))
    store.put(tmp_path, "levels", frame, about)
    schema = pq.read_schema(tmp_path / "levels.parquet")
    assert schema.names == ["school", "share"]  # no column of the index of pandas
    assert schema.field("share").metadata == {b"label": b"Aandeel", b"unit": b"%"}
    told = store.about_table(tmp_path / "levels.parquet")
    assert told.loc["share"].tolist() == ["double", "Aandeel", "%"]
    with pytest.raises(UsageError, match="index of this table"):
        store.write_table(frame.set_index("school"), tmp_path / "a.parquet")


def test_a_failed_folder_leaves_the_old_one_and_nothing_else(tmp_path):
    target = tmp_path / "public"
    with store.whole(target) as new:
        (new / "a").write_text("1")
    with pytest.raises(ZeroDivisionError), store.whole(target) as new:
        (new / "a").write_text("2")
        raise ZeroDivisionError
    assert (target / "a").read_text() == "1"
    with store.whole(target) as new:
        (new / "b").write_text("3")
    assert [path.name for path in tmp_path.iterdir()] == ["public"]
    assert [path.name for path in target.iterdir()] == ["b"]


KILLED = """
import pathlib, sys, time
from kansen_analysis.edition import store
target = pathlib.Path(sys.argv[1])
number = 0
print("ready", flush=True)
while True:
    number += 1
    with store.whole(target) as new:
        for name in "abcdefgh":
            (new / name).write_text(str(number))
"""


def test_a_kill_at_any_moment_leaves_a_whole_folder(tmp_path):
    """The folder is always one of the finished ones, and the next run removes what was left."""
    target = tmp_path / "public"
    for delay in (0.002, 0.005, 0.011, 0.02):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE, env=os.environ
        )
        assert child.stdout.readline() == b"ready\n"
        time.sleep(delay)
        child.kill()
        child.wait()
        store.mend(target)
        assert {path.name for path in tmp_path.iterdir()} <= {"public"}
        if target.exists():
            assert len(list(target.iterdir())) == 8
            assert len({path.read_text() for path in target.iterdir()}) == 1


def test_replacing_a_value_of_a_result_is_seen(tmp_path):
    changes = school_changes(simulate("S0", seed=1))
    other = back(replace(changes, spread=changes.spread + 1e-12), tmp_path)
    assert other.spread != changes.spread
