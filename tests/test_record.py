"""The record of what was published: only added to, and a change is noticed."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kansen_analysis.cli import app
from kansen_analysis.edition.record import COLUMNS, publish, published, read_record
from kansen_analysis.errors import ConsistencyError, UsageError
from kansen_analysis.goals.protocol import load_protocol


def edition(year=2023, word="onbeslist", effect=1.25, register=("06GS00",), sha="aa"):
    verdicts = pd.DataFrame(
        {
            "goal": [1, 4],
            "verdict": [word, "niet toetsbaar"],
            "small": False,
            "effect": [effect, np.nan],
            "ci_low": [effect - 2, np.nan],
            "ci_high": [effect + 2, np.nan],
            "p_value": [0.21, np.nan],
            "look": pd.array([2, pd.NA], dtype="Int64"),
        }
    )
    files = pd.DataFrame(
        {
            "source": ["leerresultaten", "leerjaar3"],
            "file": ["a.ods", "b.csv"],
            "sha256": [sha, "secret"],
        }
    )
    people = pd.DataFrame({"school": list(register)})
    return SimpleNamespace(
        demo=False,
        year=year,
        verdicts=verdicts,
        files=files,
        participants=people,
        protocol=load_protocol(),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "published.csv"


def test_what_is_published_is_read_back(path):
    assert publish(edition(), path, day="2025-12-01") == 2
    rows = read_record(path)
    assert list(rows.columns) == list(COLUMNS)
    first, second = (row for _, row in rows.iterrows())
    assert (first["published"], first["school_year"], first["goal"]) == ("2025-12-01", 2023, 1)
    assert (first["verdict"], first["effect"], first["look"]) == ("onbeslist", 1.25, 2)
    assert second["verdict"] == "niet toetsbaar" and np.isnan(second["effect"])
    assert pd.isna(second["look"])
    assert first["protocol"] == load_protocol().version


def test_the_same_again_adds_nothing_and_anything_else_is_added_below(path):
    publish(edition(), path, day="2025-12-01")
    before = path.read_text(encoding="utf-8")
    assert publish(edition(), path, day="2026-01-05") == 0
    assert path.read_text(encoding="utf-8") == before
    changes = (
        {"word": "beter"},
        {"word": "beter", "register": ("06GS00", "10HM00")},
        {"word": "beter", "sha": "bb"},
        {"year": 2024},
    )
    for at, change in enumerate(changes, 2):
        assert publish(edition(**change), path, day=f"2026-01-0{at}") == 2
        now = path.read_text(encoding="utf-8")
        assert now.startswith(before)
        before = now
    rows = read_record(path)
    assert len(rows) == 10
    last = published(rows, 2023)
    assert last["verdict"].tolist() == ["beter", "niet toetsbaar"]
    assert last["published"].unique().tolist() == ["2026-01-04"]
    assert published(rows, 2020) is None


def test_files_that_schools_supplied_leave_no_digest_behind(path, tmp_path):
    publish(edition(), path, day="2025-12-01")
    other, away = edition(), tmp_path / "other.csv"
    other.files.loc[1, "sha256"] = "another secret"
    publish(other, away, day="2025-12-01")
    assert path.read_text(encoding="utf-8") == away.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (lambda rows: rows[1].__setitem__(3, "beter"), 2),  # another verdict
        (lambda rows: rows[3].__setitem__(0, "2024-01-01"), 4),  # another day
        (lambda rows: rows.pop(2), 3),  # a row taken out
        (lambda rows: rows.insert(1, rows.pop(2)), 2),  # rows moved
    ],
)
def test_a_row_that_was_changed_is_named_by_its_line(path, tamper, line):
    publish(edition(), path, day="2025-12-01")
    publish(edition(2024), path, day="2026-12-01")
    rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
    tamper(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    with pytest.raises(ConsistencyError, match=f"published.csv, line {line}: .*take the file back"):
        publish(edition(2025), path)


def test_another_header_is_refused(path):
    path.write_text("goal,verdict\n", encoding="utf-8")
    with pytest.raises(ConsistencyError, match="line 1: found goal,verdict"):
        read_record(path)


def test_invented_schools_are_not_published(path, demo):
    made = edition()
    made.demo = True
    with pytest.raises(UsageError, match="Invented schools"):
        publish(made, path)
    answer = CliRunner().invoke(app, ["publish", "--data", str(demo), "--record", str(path)])
    assert answer.exit_code != 0 and not path.exists()
