"""The workbook: out, through a spreadsheet program, and back without losing anything."""

import csv
import shutil
import subprocess

import openpyxl
import pandas as pd
import pytest

from kansen_analysis.demo.programme import write_demo_programme
from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.programme.reading import read_programme
from kansen_analysis.programme.workbook import programme_export, programme_import
from kansen_analysis.schools.participants import COLUMNS

PEOPLE = f"""{",".join(COLUMNS)}
90AA00,De Proef,Zeewijk,0119,Kansen4Kinderen,2020-2021,2021-2022,120,verzonnen
06GS00,De Toets,Zeewijk,0119,Kansen4Kinderen,2021-2022,2021-2022,,verzonnen
90AC00,Het Bos,Landwijk,0120,Kansen4Kinderen,2022-2023,,12.5,verzonnen
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    people = pd.read_csv(tmp_path / "participants.csv", dtype=str)
    folder = write_demo_programme(tmp_path / "programme", people)
    # what spreadsheets like to change: formulas, zeros, dates, quotes, lines, spaces, commas
    path = folder / "goals.csv"
    row = ["Kansrijk Plimmerland", "0012", "=1+1", '- plan; "nieuw" ', "2024-05-01", "a\nb", "1E5"]
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(row)
    return folder


def files(folder):
    return {
        path: path.read_bytes() for path in [*folder.glob("*.csv"), *folder.parent.glob("*.csv")]
    }


def assert_nothing_was_lost(folder, book, before):
    """Nothing differs, and tables written anew from the workbook alone are the same bytes."""
    assert programme_import(folder, book).lines == []
    for path, content in before.items():
        path.write_bytes(content.split(b"\n", 1)[0] + b"\n")
    changed = programme_import(folder, book).write()
    assert sorted(changed) == sorted(before)
    assert files(folder) == before


def test_nothing_changes_on_the_way_through_openpyxl(folder, tmp_path):
    before = files(folder)
    assert_nothing_was_lost(folder, programme_export(folder, tmp_path / "uit.xlsx"), before)


def test_nothing_changes_on_the_way_through_libreoffice(folder, tmp_path):
    soffice = shutil.which("soffice")
    if not soffice:
        pytest.skip("LibreOffice is not installed (apt install libreoffice-calc)")
    before = files(folder)
    book = programme_export(folder, tmp_path / "uit.xlsx")
    (tmp_path / "terug").mkdir()
    subprocess.run(
        [
            *(soffice, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"),
            *("--convert-to", "xlsx:Calc MS Excel 2007 XML"),
            *("--outdir", tmp_path / "terug", book),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    back = tmp_path / "terug" / "uit.xlsx"
    assert back.read_bytes() != book.read_bytes(), "LibreOffice wrote it again"
    assert_nothing_was_lost(folder, back, before)


def test_a_changed_cell_is_shown_before_it_is_written(folder, tmp_path):
    path = programme_export(folder, tmp_path / "uit.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["activities"]
    column = [cell.value for cell in page[1]].index("state") + 1
    page.cell(2, column).value = "loopt"
    book.save(path)
    before = files(folder)
    changes = programme_import(folder, path)
    assert changes.lines == ["activities.csv, line 2, state: 'voorbereiding' becomes 'loopt'"]
    assert files(folder) == before, "nothing is written yet"
    assert changes.write() == [folder / "activities.csv"]
    old = before[folder / "activities.csv"].decode().splitlines()
    new = (folder / "activities.csv").read_text("utf-8").splitlines()
    assert [k for k, (a, b) in enumerate(zip(old, new, strict=True)) if a != b] == [1]


def test_rows_added_and_removed_and_a_column_by_hand_are_shown_and_kept(folder, tmp_path):
    path = programme_export(folder, tmp_path / "uit.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["network"]
    page.cell(1, 7).value, page.cell(2, 7).value = "opmerking", "nagekeken"
    page.delete_rows(3)
    page.append(
        ["Kansen4Kinderen", "2024-2025", "scholen in het netwerk", "precies", 80, "telling"]
    )
    book.save(path)
    changes = programme_import(folder, path)
    text = "\n".join(changes.lines)
    assert "new column 'opmerking'" in text
    assert "scholen met een kansencoach" in text
    changes.write()
    frame = pd.read_csv(folder / "network.csv", dtype=str, keep_default_na=False)
    assert frame["opmerking"].tolist() == ["nagekeken", "", ""]
    assert frame["schools"].tolist() == ["10", "50", "80"]
    # the column travels along from now on
    again = programme_import(folder, programme_export(folder, path))
    assert again.lines == []


def test_codes_are_text_and_numbers_are_numbers(folder, tmp_path):
    book = openpyxl.load_workbook(programme_export(folder, tmp_path / "uit.xlsx"))
    people = [[cell.value for cell in row] for row in book["participants"].iter_rows()]
    assert people[1][3] == "0119"
    assert people[2][0] == "06GS00"
    assert people[1][7] == 120
    cell = book["goals"].cell(book["goals"].max_row, 3)
    assert (cell.value, cell.data_type) == ("=1+1", "s"), "text, not a formula"


def test_the_sheets_have_lists_to_choose_from(folder, tmp_path):
    book = openpyxl.load_workbook(programme_export(folder, tmp_path / "uit.xlsx"))
    page = book["activities"]
    header = [cell.value for cell in page[1]]
    letter = page.cell(1, header.index("state") + 1).column_letter
    [rule] = [r for r in page.data_validations.dataValidation if f"{letter}2" in str(r.sqref)]
    sheet, area = rule.formula1.replace("$", "").split("!")
    words = [row[0].value for row in book[sheet][area]]
    assert words == ["verkenning", "voorbereiding", "loopt", "afgerond", "gestopt"]


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "says"),
    [
        ("activities", "I2", "bezig", "state"),
        ("budget", "I2", "=8*85", "formula"),
        ("participants", "A2", "90A", "BRIN6"),
        ("network", "E1", "aantal", "schools"),
        ("network", "H2", "los", "right of the last column"),
    ],
)
def test_a_workbook_with_mistakes_is_refused(folder, tmp_path, sheet, cell, value, says):
    path = programme_export(folder, tmp_path / "uit.xlsx")
    book = openpyxl.load_workbook(path)
    book[sheet][cell].value = value
    book.save(path)
    before = files(folder)
    with pytest.raises(DataErrors, match=says):
        programme_import(folder, path)
    assert files(folder) == before


def test_a_sheet_that_was_left_out_leaves_its_table_alone(folder, tmp_path):
    path = programme_export(folder, tmp_path / "uit.xlsx")
    book = openpyxl.load_workbook(path)
    del book["budget"]
    book.save(path)
    assert programme_import(folder, path).lines == []
    assert len(read_programme(folder, "2025-01-01").budget) == 4


def test_an_empty_folder_has_nothing_to_hand_out(tmp_path):
    with pytest.raises(UsageError):
        programme_export(tmp_path, tmp_path / "uit.xlsx")
    with pytest.raises(UsageError):
        programme_import(tmp_path, tmp_path / "nergens.xlsx")
