"""The form on which a school fills in places in leerjaar 3, and what is read back from it."""

import csv
from datetime import date

import openpyxl
import pytest
from typer.testing import CliRunner

from kansen_analysis import load
from kansen_analysis.cli import app
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.form import leerjaar3_template
from kansen_analysis.words.plan import own_figures

HEADER = ["SCHOOLJAAR_ADVIES", "BRINNUMMER", "VESTIGINGSNUMMER", "LEERLINGEN", "ONDER_ADVIES"]
HEADER += ["OP_ADVIES", "BOVEN_ADVIES", "HAVO_VWO"]
FILLED = [
    ["2020-2021", "90AA", "00", 22, 3, 14, 5, 11],
    ["2021-2022", "90AA", "00", 20, "<5", 12, 5, 9],
]


def test_the_command_writes_a_form_and_never_replaces_one(tmp_path):
    target = tmp_path / "new" / "form.xlsx"
    result = CliRunner().invoke(app, ["leerjaar3", "template", str(target)])
    assert result.exit_code == 0, result.output
    before = target.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        leerjaar3_template(target)
    assert target.read_bytes() == before
    with pytest.raises(UsageError, match="no xlsx"):
        leerjaar3_template(tmp_path / "form.csv")


def test_the_form_has_the_columns_codes_as_text_lists_and_an_explanation(tmp_path):
    book = openpyxl.load_workbook(leerjaar3_template(tmp_path / "form.xlsx", last=2022))
    page, guide = book.worksheets[:2]
    assert [cell.value for cell in page[1]] == HEADER
    assert page.max_row == 1, "no rows to take away"
    formats = {letter: page.column_dimensions[letter].number_format for letter in "ABCD"}
    assert formats == {"A": "@", "B": "@", "C": "@", "D": "General"}
    rules = {str(rule.sqref)[0]: rule for rule in page.data_validations.dataValidation}
    assert sorted(rules) == list("ABCDEFGH")
    assert (rules["A"].type, rules["A"].formula1) == ("list", "keuzes!$A$1:$A$12")
    assert (rules["B"].formula1, rules["C"].formula1) == ("4", "2")
    assert '"<5"' in rules["E"].formula1
    assert all(rule.errorStyle == "stop" for rule in rules.values())
    assert [cell.value for cell in guide["A"]][1:9] == HEADER
    assert all(row[2].value for row in guide.iter_rows(min_row=2, max_row=9))
    years = [cell.value for cell in book["keuzes"]["A"]]
    assert len(years) == 12
    assert "2019-2020" not in years


def test_the_latest_school_year_is_that_of_who_is_in_leerjaar_3_now(tmp_path):
    book = openpyxl.load_workbook(leerjaar3_template(tmp_path / "form.xlsx"))
    first = int(book["keuzes"]["A1"].value[:4])
    today = date.today()
    begun = today.year if today.month >= 8 else today.year - 1
    # Groep 8 in the year of the advice, then brugklas, leerjaar 2, leerjaar 3.
    assert begun - first == 3


def test_a_filled_form_goes_through_the_loader(tmp_path):
    target = leerjaar3_template(tmp_path / "form.xlsx", last=2022)
    book = openpyxl.load_workbook(target)
    for row in FILLED:
        book.worksheets[0].append(row)
    book.save(target)
    page = openpyxl.load_workbook(target).worksheets[0]
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "leerjaar3.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(page.iter_rows(values_only=True))
    table = load("leerjaar3", folder)
    assert table["school"].tolist() == ["90AA00", "90AA00"]
    assert table["year"].tolist() == [2020, 2021]
    assert table["pupils"].tolist() == [22, 20]
    assert table["pupils_below_low"].tolist() == [3, 1]
    assert table["pupils_below_high"].tolist() == [3, 4]


def test_the_page_can_say_where_a_school_finds_its_figures():
    text = own_figures()
    assert "Nationaal Cohortonderzoek Onderwijs (NCO)" in text
    assert len(text.split()) < 70
