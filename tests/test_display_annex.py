"""The workbook with all figures says what the files say, and opens in a spreadsheet."""

import csv
import shutil
import subprocess

import openpyxl
import pandas as pd
import pytest

from kansen_analysis.display import annex, downloads
from kansen_analysis.display.publication import Publication, drawn_for

NOTES = ["=2+2 is geen som.", "Voorlopig."]


@pytest.fixture
def folder(tmp_path):
    """A folder with downloads, written as a render writes them."""
    frame = pd.DataFrame(
        {
            "code": ["0119", "1680"],
            "school": ["=HYPERLINK(1)", "De Eik; +1"],
            "mean": [-1.5, None],
            "n": [1234, 7],
            "year": [2023, 2024],
            "quote": ["'t Veld", "@school"],
        }
    )
    kinds = ["code", "text", "mean", "count", "year", "text"]
    about = pd.DataFrame(
        {
            "label": ["Gemeente", "School", "Gemiddelde", "Leerlingen", "Schooljaar", "Naam"],
            "unit": ["", "", "punten", "leerlingen", "", ""],
            "decimals": 1,
            "kind": kinds,
        },
        index=list(frame),
    )
    names = ("scores", "een-naam-die-veel-langer-is-dan-excel")
    with drawn_for(Publication(tmp_path)):
        for name in (*names, "een-naam-die-veel-langer-is-dan-calc"):
            downloads.link(name, frame, about, source="DUO; bewerking", notes=NOTES)
    return tmp_path / "downloads"


@pytest.fixture
def book(folder):
    return openpyxl.load_workbook(annex.write(folder))


def table(page):
    """Return the rows of a sheet below its head."""
    return list(page.iter_rows(min_row=7, max_col=6, values_only=True))


def test_text_stays_text_numbers_are_numbers_and_codes_keep_their_zeros(book):
    first, second = table(book["scores"])
    assert first == ("0119", "=HYPERLINK(1)", -1.5, 1234, "2023-2024", "'t Veld")
    assert second == ("1680", "De Eik; +1", None, 7, "2024-2025", "@school")
    formulas = [c for page in book for row in page.iter_rows() for c in row if c.data_type == "f"]
    assert formulas == []


def test_every_sheet_says_what_it_is_and_can_be_reached(book):
    page = book["scores"]
    assert page["A2"].value == "Bron: DUO; bewerking"
    assert page["A3"].value == "=2+2 is geen som. Voorlopig."
    assert [cell.value for cell in page[5]][2:4] == [
        "Gemiddelde (punten)",
        "Leerlingen (leerlingen)",
    ]
    assert [cell.value for cell in page[6]] == ["code", "school", "mean", "n", "year", "quote"]
    links = {
        cell.hyperlink.location.split("'")[1]
        for row in book["Inhoud"].iter_rows()
        for cell in row
        if cell.hyperlink
    }
    assert links == set(book.sheetnames) - {"Inhoud"}
    assert len(book.sheetnames) == 5
    explained = {row[:3] for row in book["Kolommen"].iter_rows(min_row=2, values_only=True)}
    assert ("scores", "mean", "Gemiddelde") in explained


def test_what_every_school_has_is_one_sheet(folder):
    head = "(hele bestand);;;DUO;Opmerking"
    about = "kolom;omschrijving;eenheid;bron;opmerkingen"
    for school, column in (("90aa00", "a"), ("90bb00", "b")):
        file = folder / f"school-{school}-jaren.csv"
        file.write_text(f"year;{column}\n2024-2025;1,5\n", "utf-8-sig")
        file = folder / f"school-{school}-jaren-toelichting.csv"
        file.write_text(f"{about}\n{head}\nyear;Jaar;;DUO;\n{column};Maat;;DUO;\n", "utf-8-sig")
    sheet = next(each for each in annex.read(folder) if each.name == "school-jaren")
    assert sheet.rows == [
        ["pagina", "year", "a", "b"],
        ["90AA00", "2024-2025", "1,5", ""],
        ["90BB00", "2024-2025", "", "1,5"],
    ]
    assert list(sheet.about) == ["pagina", "year", "b", "a"]


def test_the_same_downloads_give_the_same_bytes(folder, monkeypatch):
    first = annex.write(folder).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert annex.write(folder).read_bytes() == first


def test_without_downloads_there_is_no_workbook(tmp_path):
    assert annex.write(tmp_path / "downloads") is None


def test_libreoffice_reads_the_same(folder, tmp_path):
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not there; on Debian: apt install libreoffice-calc")
    file = annex.write(folder)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    # 4: the fourth sheet only
    sheet = openpyxl.load_workbook(file).sheetnames.index("scores") + 1
    kind = f"csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,{sheet}"
    done = subprocess.run(
        [program, profile, "--headless", "--convert-to", kind, "--outdir", tmp_path, file],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    (written,) = tmp_path.glob("*.csv")
    rows = list(csv.reader(written.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert done.returncode == 0
    assert rows[6][:2] == ["0119", "=HYPERLINK(1)"]
    assert rows[6][2].replace(",", ".") == "-1.5"
