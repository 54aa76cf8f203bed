"""The register of participants: what it accepts, and how it says what is wrong."""

import pandas as pd
import pytest

from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.programme.workspace import root
from kansen_analysis.schools.participants import (
    COLUMNS,
    check_participants,
    read_participants,
)
from kansen_analysis.sources import DataFolder

HEADER = ",".join(COLUMNS)
ROW = "90AA00,De Proef,Verzonnen,9001,Kansen4Kinderen,2020-2021,2021-2022,120,overzicht 2021"


def write(folder, *rows, header=HEADER):
    path = folder / "participants.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def mistakes(path):
    with pytest.raises(DataErrors) as caught:
        read_participants(path)
    return caught.value.findings


def test_a_full_row_is_read(tmp_path):
    [row] = read_participants(write(tmp_path, ROW)).to_dict("records")
    assert row["school"] == "90AA00"
    assert (row["network_start"], row["coach_start"], row["hours"]) == (2020, 2021, 120)


def test_semicolons_and_a_byte_order_mark_of_excel_are_fine(tmp_path):
    path = tmp_path / "participants.csv"
    text = f"{HEADER}\n{ROW}\n".replace(",", ";")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_participants(path)["school"].tolist() == ["90AA00"]


def test_a_start_that_no_document_gives_stays_empty(tmp_path):
    row = ROW.replace("2020-2021,2021-2022,120", ",,")
    frame = read_participants(write(tmp_path, row))
    assert frame[["network_start", "coach_start", "hours"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("90AA00", "90AA", "school"),
        ("90AA00", "90aa00", "school"),
        ("9001", "Meer", "municipality_code"),
        ("2021-2022", "2021", "coach_start"),
        ("2021-2022", "2021-2023", "coach_start"),
        ("2021-2022", "2019-2020", "coach_start"),
        ("120", "veel", "hours"),
        ("120", "1.000", "hours"),  # one, or a thousand
        ("120", "12000", "hours"),
        ("2021-2022", "1021-1022", "coach_start"),
        ("De Proef", "", "name"),
        ("overzicht 2021", "", "source"),
    ],
)
def test_a_mistake_names_line_and_column(tmp_path, old, new, column):
    [finding] = mistakes(write(tmp_path, ROW.replace("90AA", "90AB"), ROW.replace(old, new)))
    assert (finding.file, finding.line, finding.column) == ("participants.csv", 3, column)
    assert finding.found
    assert finding.expected
    assert finding.remedy


def test_a_school_a_second_time_names_the_first_line(tmp_path):
    [finding] = mistakes(write(tmp_path, ROW, ROW))
    assert finding.line == 3
    assert "line 2" in finding.expected


def test_all_mistakes_are_told_at_once(tmp_path):
    wrong = ROW.replace("90AA00", "x").replace("120", "veel")
    assert {finding.column for finding in mistakes(write(tmp_path, wrong))} == {"school", "hours"}


def test_a_missing_column_is_named(tmp_path):
    [finding] = mistakes(write(tmp_path, header=HEADER.replace(",hours", "")))
    assert finding.column == "hours"


def test_a_row_with_a_lost_comma_is_refused(tmp_path):
    [finding] = mistakes(write(tmp_path, ROW.replace("De Proef,", "De Proef ")))
    assert finding.line == 2


def test_a_missing_file_is_wrong_use(tmp_path):
    with pytest.raises(UsageError):
        read_participants(tmp_path / "nergens.csv")


def test_the_project_names_the_five_schools_of_the_documents():
    frame = read_participants(root() / "data" / "participants.csv").set_index("school")
    assert sorted(frame.index) == ["06GS00", "08CT00", "10HM00", "13PS00", "18QW00"]
    meppel = frame[frame["municipality"] == "Meppel"]
    assert meppel["coach_start"].isna().all(), "no document gives a start for Meppel"
    coevorden = frame[frame["municipality"] == "Coevorden"]
    assert coevorden["coach_start"].tolist() == [2021, 2021]
    assert pd.Series(frame["source"]).str.len().min() > 20


# ---------------------------------------------------------------- beside a register of schools

SCHOOLS = (
    "INSTELLINGSCODE;VESTIGINGSCODE;NAAM_VESTIGING;SOORT_VESTIGING;DENOMINATIE_VESTIGING;"
    "BEVOEGD_GEZAG_NUMMER;GEMEENTECODE_VESTIGING;GEMEENTENAAM_VESTIGING;LEERLINGEN_2022\n"
    "90AA;90AA00;De Proef;BO;x;1;9001;VERZONNEN;88\n"
    "90AB;90AB00;De Hoek;BO;x;1;9002;'S ANDERE;88\n"
)
RESULTS = (
    "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,LEERJAAR,DOORSTROOMTOETS_PO,"
    "GEMIDDELDE_UITSLAG,AANTAL_LEERLINGEN,AANTAL_ONTHEFFINGEN\n90AA,00,BO,2022,8,CET,535.5,9,0\n"
)


NEAR = "90AC;90AC00;Het Dorp;BO;x;1;9001;VERZONNEN;88\n"


@pytest.fixture
def beside(tmp_path):
    """Check rows of a register beside two schools and results of 2022-2023."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "schools.csv").write_text(SCHOOLS + NEAR)
    (raw / "brin6_eindscores.csv").write_text(RESULTS)
    return lambda *rows: check_participants(write(tmp_path, *rows), DataFolder(raw))


def test_a_register_that_fits_the_register_of_schools_is_right(beside):
    other = ROW.replace("90AA00", "90AB00").replace("Verzonnen,9001", "'s-Andere,9002")
    assert beside(ROW, other) == []


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("90AA00", "99ZZ00", "school"),
        ("9001", "9002", "municipality_code"),
        ("Verzonnen", "Elders", "municipality"),
        ("2021-2022", "2023-2024", "coach_start"),
        ("2020-2021,2021-2022", "2023-2024,", "network_start"),
    ],
)
def test_what_no_register_of_schools_has_is_named(beside, old, new, column):
    second = ROW.replace("90AA00", "90AB00").replace("Verzonnen,9001", "'s-Andere,9002")
    (finding,) = beside(second, ROW.replace(old, new))
    assert (finding.file, finding.line, finding.column) == ("participants.csv", 3, column)
    assert finding.found
    assert finding.expected
    assert finding.remedy


def test_the_brin_of_another_school_of_the_same_place_is_named(beside):
    (finding,) = beside(ROW.replace("90AA00", "90AC00"))
    assert (finding.line, finding.column) == (2, "school")
    assert finding.found == "90AC00 beside the name of 90AA00"
    assert "Het Dorp" in finding.expected
    assert beside(ROW.replace("De Proef", "Basisschool met een nieuwe naam")) == []


def test_without_a_register_of_schools_nothing_is_said_of_schools(tmp_path):
    (tmp_path / "brin6_eindscores.csv").write_text(RESULTS)
    path = write(tmp_path, ROW.replace("90AA00", "99ZZ00"))
    assert check_participants(path, DataFolder(tmp_path)) == []
