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
from kansen_analysis.pages import published as page


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


@pytest.fixture
def monitor(tmp_path, monkeypatch):
    """An edition of 2024 that works 2023 out again as *beter*, in a project of its own."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(page.workspace, "root", lambda: tmp_path)
    now = edition(2024)
    now.previous_verdicts = edition(2023, word="beter", effect=3.5).verdicts
    return now


def test_last_year_is_what_was_published_and_not_what_now_comes_out(monitor, tmp_path):
    assert page.before(monitor)["verdict"].tolist() == ["beter", "niet toetsbaar"]
    assert page.told(monitor).startswith("Het oordeel over 2023-2024 is opnieuw berekend")
    publish(edition(2023), tmp_path / "data" / "published.csv", day="2024-12-03")
    then = page.before(monitor).set_index("goal")
    assert then["verdict"].to_dict() == {1: "onbeslist", 4: "niet toetsbaar"}
    assert then.loc[1, "effect"] == 1.25
    said = page.told(monitor)
    assert "op 3 december 2024 is gepubliceerd" in said
    assert "zou het zijn: eindtoets ‘beter’." in said


def test_what_still_holds_is_said_to_hold(monitor, tmp_path):
    publish(edition(2023, word="beter"), tmp_path / "data" / "published.csv", day="2024-12-03")
    assert page.told(monitor).endswith("van nu is het hetzelfde.")
    monitor.previous_verdicts = None  # the files of that year are gone, the record is not
    assert page.before(monitor)["verdict"].tolist() == ["beter", "niet toetsbaar"]
    assert page.told(monitor).endswith("is gepubliceerd.")


def test_invented_schools_have_no_published_year(monitor, tmp_path):
    publish(edition(2023), tmp_path / "data" / "published.csv", day="2024-12-03")
    monitor.demo = True
    assert page.before(monitor) is monitor.previous_verdicts
