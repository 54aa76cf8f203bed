"""The programme's tables: what the documents say, what is refused, and a new edition."""

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

from kansen_analysis.demo.programme import write_demo_programme
from kansen_analysis.errors import DataErrors
from kansen_analysis.programme.checks import check_programme
from kansen_analysis.programme.edition import new_edition
from kansen_analysis.programme.progress import states
from kansen_analysis.programme.reading import read_programme
from kansen_analysis.programme.schema import columns, tables
from kansen_analysis.schools.participants import COLUMNS

ROOT = Path(__file__).parents[1]
REAL = ROOT / "data" / "programme"
SPT = ROOT / "programmes" / "spt-groningen" / "data" / "programme"
DAY = "2025-01-01"
PEOPLE = f"""{",".join(COLUMNS)}
90AA00,De Proef,Zeewijk,0119,Kansen4Kinderen,2020-2021,2021-2022,120,verzonnen
90AB00,De Toets,Zeewijk,0119,Kansen4Kinderen,2021-2022,2021-2022,,verzonnen
90AC00,Het Bos,Landwijk,0120,Kansen4Kinderen,2022-2023,,,verzonnen
"""


@pytest.fixture
def folder(tmp_path):
    """An invented programme beside an invented register."""
    (tmp_path / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    return write_demo_programme(
        tmp_path / "programme", pd.read_csv(tmp_path / "participants.csv", dtype=str)
    )


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def change(path, line, column, value):
    rows = cells(path)
    rows[line - 1][rows[0].index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def test_coevorden_has_every_theme_with_its_number_of_activities():
    # the overview of August 2021, counted by hand
    activities = pd.read_csv(REAL / "activities.csv")
    own = activities[activities["programme"] == "Kansrijk Opgroeien"]
    assert own.groupby("theme", sort=False).size().to_dict() == {
        "Inwonersbetrokkenheid en bewustwording": 5,
        "Kansrijke start": 3,
        "Stimuleren talent": 2,
        "Leefstijl en bewegen": 4,
        "K4K Versterken gewone leven": 1,
        "Laaggeletterdheid en basisvaardigheden": 4,
        "Schoolverzuim": 2,
        "Minimabeleid": 3,
        "Monitoring": 3,
        "Communicatie": 2,
    }
    state = own.set_index("activity")["state"]
    assert state["Aanvraag Fonds Nuts Ohra"] == "gestopt"
    assert state["FC Emmen Noaberschap United"] == "afgerond"


def test_meppel_has_the_sums_of_its_agenda():
    budget = pd.read_csv(REAL / "budget.csv")
    assert budget["amount_planned"].tolist() == [500 * 90, 5000, 588 * 85]
    assert budget["note"].str.contains("€ 5 100", regex=False).sum() == 1


def test_spt_leaves_its_results_empty():
    goals = pd.read_csv(SPT / "goals.csv", keep_default_na=False)
    named = goals[goals["goal"] != ""]
    assert named.groupby("pillar", sort=False).size().to_dict() == {
        "Talentontwikkeling": 3,
        "Gezondheid": 3,
        "Inclusie": 3,
        "Veiligheid": 2,
    }
    assert (goals["result"] == "").all()


def test_every_row_of_the_real_tables_names_its_document():
    for table in tables():
        frame = pd.read_csv(REAL / f"{table}.csv", keep_default_na=False)
        assert (frame["source"].str.len() > 15).all(), table


@pytest.mark.parametrize("which", ["real", "demo"])
def test_what_we_ship_passes_its_own_checks(which, folder):
    assert check_programme(REAL if which == "real" else folder, day=DAY) == []


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("activities", "state", ""),
        ("activities", "state", "bezig"),
        ("activities", "date", "1-9-2024"),
        ("activities", "date", "2024-13"),
        ("activities", "school", "90AA"),
        ("activities", "sdg", "18"),
        ("activities", "source", ""),
        ("goals", "pillar", ""),
        ("budget", "amount_planned", "€ 500"),
        ("budget", "year", "2024-2023"),
        ("network", "precision", "vast"),
        ("lessons", "advice", "doorgaan"),
        ("lessons", "consent_until", "2030"),
    ],
)
def test_a_wrong_cell_names_file_line_and_column(folder, table, column, value):
    change(folder / f"{table}.csv", 3, column, value)
    with pytest.raises(DataErrors) as caught:
        read_programme(folder, DAY)
    [finding] = caught.value.findings
    assert (finding.file, finding.line, finding.column) == (f"{table}.csv", 3, column)
    assert finding.remedy


@pytest.mark.parametrize(
    ("table", "line", "column", "value"),
    [
        ("activities", 3, "school", "99ZZ00"),
        ("activities", 3, "programme", "Onbekend"),
        ("activities", 3, "since", "2024-12"),
        ("activities", 3, "date", "2023-09"),  # then the activity has two states on one day
        ("budget", 2, "hours_spent", "801"),
        ("budget", 2, "amount_spent", "68000,10"),
        ("budget", 2, "amount_planned", "67000"),
        ("budget", 3, "evaluations", "2025-06 eind; 2024-09 begin"),
        ("lessons", 2, "consent_by", ""),
        ("lessons", 2, "consent_until", "2024-12-31"),
        ("programmes", 2, "ended", "2019"),
    ],
)
def test_the_check_finds_what_contradicts(folder, table, line, column, value):
    change(folder / f"{table}.csv", line, column, value)
    findings = check_programme(folder, day=DAY)
    assert findings
    assert {f.file for f in findings} == {f"{table}.csv"}
    assert line in {f.line for f in findings}


def test_a_missing_column_is_named_and_a_column_by_hand_is_kept(folder):
    path = folder / "network.csv"
    path.write_text(path.read_text("utf-8").replace("precision", "hoe"), encoding="utf-8")
    with pytest.raises(DataErrors) as caught:
        read_programme(folder, DAY)
    assert [f.column for f in caught.value.findings] == ["precision"]
    rows = cells(folder / "goals.csv")
    wider = [[*row, "wie"] for row in rows]
    with (folder / "goals.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(wider)
    path.write_text(path.read_text("utf-8").replace("hoe", "precision"), encoding="utf-8")
    assert read_programme(folder, DAY).goals["wie"].eq("wie").all()


def test_semicolons_and_a_byte_order_mark_of_excel_are_fine(folder):
    before = read_programme(folder, DAY).activities
    rows = cells(folder / "activities.csv")
    with (folder / "activities.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    pd.testing.assert_frame_equal(read_programme(folder, DAY).activities, before)


def test_a_folder_that_is_not_there_is_an_empty_programme(tmp_path):
    programme = read_programme(tmp_path / "nergens", DAY)
    assert len(programme.activities) == 0
    assert programme.stories == ()


def test_states_compare_the_last_two_overviews():
    rows = [
        ("P", "T", "a", "verkenning", "2022-09"),
        ("P", "T", "a", "voorbereiding", "2023-09"),
        ("P", "T", "a", "loopt", "2024-09"),
        ("P", "T", "b", "loopt", "2023-09"),  # not mentioned in 2024
        ("P", "T", "c", "verkenning", "2024-09"),  # new
        ("Q", "T", "a", "loopt", "2021-08"),  # another programme, one overview
    ]
    frame = pd.DataFrame(rows, columns=["programme", "theme", "activity", "state", "date"])
    now = states(frame.sample(frac=1, random_state=1)).set_index(["programme", "activity"])
    assert now["state_before"].to_dict() == {
        ("P", "a"): "voorbereiding",
        ("P", "b"): "loopt",
        ("P", "c"): "",
        ("Q", "a"): "",
    }
    assert now.index[now["moved"]].tolist() == [("P", "a")]


def test_a_new_edition_opens_states_and_overwrites_nothing(folder):
    before = cells(folder / "activities.csv")
    todo = new_edition(folder, 2025)
    after = cells(folder / "activities.csv")
    assert after[: len(before)] == before
    added = [dict(zip(after[0], row, strict=True)) for row in after[len(before) :]]
    now = [r for r in before[1:] if r[before[0].index("date")] == "2024-09"]
    going = [r for r in now if r[before[0].index("state")] not in ("afgerond", "gestopt")]
    assert len(added) == len(going) == 8
    assert {row["state"] for row in added} == {""}
    assert sum("activities.csv" in each for each in todo) == len(added)
    empty = [f for f in check_programme(folder, day=DAY) if f.column == "state"]
    assert len(empty) == len(added), "the check names each state that is still open"
    assert any("90AB00" in each for each in todo), "empty hours of a school are listed"


def test_a_second_new_edition_adds_nothing(folder):
    first = new_edition(folder, 2025)
    content = {path: path.read_bytes() for path in folder.glob("*.csv")}
    assert new_edition(folder, 2025) == first
    assert {path: path.read_bytes() for path in folder.glob("*.csv")} == content


def test_a_new_edition_copies_the_budget_with_nothing_spent(folder):
    new_edition(folder, 2025)
    rows = pd.read_csv(folder / "budget.csv", dtype=str, keep_default_na=False)
    fresh = rows[rows["year"] == "2025-2026"]
    assert sorted(fresh["part"]) == ["bijeenkomsten", "procesleider", "uren op school"]
    assert (fresh["amount_spent"] == "").all()
    assert (fresh["amount_planned"] != "").all()


def test_a_new_edition_refuses_tables_with_mistakes(folder):
    change(folder / "goals.csv", 2, "pillar", "")
    content = (folder / "activities.csv").read_bytes()
    with pytest.raises(DataErrors):
        new_edition(folder, 2025)
    assert (folder / "activities.csv").read_bytes() == content


def test_the_real_tables_can_start_a_new_edition(tmp_path):
    shutil.copytree(REAL, tmp_path / "programme")
    shutil.copy(REAL.parent / "participants.csv", tmp_path)
    todo = new_edition(tmp_path / "programme", 2025)
    assert sum(each.startswith("activities.csv") for each in todo) == 29 - 2 + 1


def test_the_schema_has_a_meaning_for_every_choice():
    for table in tables():
        names = [column.name for column in columns(table)]
        assert len(set(names)) == len(names)
        assert "source" in names
        for column in columns(table):
            assert bool(column.choices) == (column.kind == "choice"), (table, column.name)
