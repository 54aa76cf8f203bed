"""The register of participants: what it accepts, and how it says what is wrong."""

import pandas as pd
import pytest

from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.programme.workspace import root
from kansen_analysis.schools.participants import COLUMNS, read_participants

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
