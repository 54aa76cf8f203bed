"""Files as people hand them in: other channels, Excel in between, leftovers, and hostile ones.

Every layout of test_sources_layouts is written once more in the way another channel would give it,
and must load to the same table.
"""

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pandas as pd
import pytest
from test_sources_errors import NAME, REGISTER, REGISTER_TEXT, ROWS, changed, text
from test_sources_layouts import CASES, NAMES, YEAR, write

from kansen_analysis import load
from kansen_analysis.demo.files import write_ods
from kansen_analysis.errors import (
    DataErrors,
    DuplicateError,
    FileFormatError,
    LayoutError,
    PersonalDataError,
    UsageError,
)
from kansen_analysis.schools.coverage import check
from kansen_analysis.schools.participants import COLUMNS, read_participants
from kansen_analysis.sources import DataFolder, get, reading
from kansen_analysis.sources.folder import Why


def scanned(folder) -> DataFolder:
    data = DataFolder(folder)
    data.scan()
    return data


def cells(case) -> list[list[str]]:
    """The cells of a case, split as it is published."""
    separator = get(case.source).layouts[0].separator
    lines = [line.replace("'t Hoge", "’t Hoge") for line in case.lines]
    return [next(csv.reader([line], delimiter=separator)) for line in lines]


def csv_of(rows, separator, encoding="utf-8", newline="\r\n", quoting=csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=newline, quoting=quoting).writerows(rows)
    return out.getvalue().encode(encoding)


def as_excel_reads(cell: str, mark: str = ","):
    """What Excel makes of a cell of a csv: a number where it can."""
    if re.fullmatch(r"\s*\d+\s*", cell):
        return int(cell)
    if re.fullmatch(rf"-?\d+{re.escape(mark)}\d+", cell) and len(cell) < 16:
        return float(cell.replace(",", "."))
    return cell or None


def write_xlsx(path, rows, mark=","):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([as_excel_reads(cell, mark) for cell in row])
    book.save(path)


def same_table(folder, other, case):
    """The published form and another form give one table."""
    published = load(get(case.source).table, write(folder, case))
    columns = [c for c in published if not c.startswith(("post_", "phone", "house"))]
    pd.testing.assert_frame_equal(published[columns], load(get(case.source).table, other)[columns])


def notes_of(case, name) -> str:
    line = case.notes.replace(case.file, name)
    return f"file,source,school_year,note\n{line}\n" if line else ""


# ---------------------------------------------------------------- channels


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_csv_saved_as_a_workbook_gives_the_same_table(tmp_path, case, suffix):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    name = f"{case.file.rsplit('.', 1)[0]}.{suffix}"
    rows, mark = cells(case), get(case.source).meta.get("decimal", ",")
    if suffix == "xlsx":
        write_xlsx(tmp_path / "b" / name, rows, mark)
    else:
        sheet = [[as_excel_reads(cell, mark) for cell in row] for row in rows]
        sheet = [["" if c is None else float(c) if type(c) is int else c for c in r] for r in sheet]
        write_ods(tmp_path / "b" / name, {"Toelichting": [["Uitleg"]], "Blad1": sheet})
    if notes := notes_of(case, name):
        (tmp_path / "b" / "files.csv").write_text(notes)
    same_table(tmp_path / "a", tmp_path / "b", case)
    assert [file.unseen for file in scanned(tmp_path / "b").files] == [True]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_another_separator_gives_the_same_table(tmp_path, case, separator):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    (tmp_path / "b" / case.file).write_bytes(csv_of(cells(case), separator))
    if notes := notes_of(case, case.file):
        (tmp_path / "b" / "files.csv").write_text(notes)
    same_table(tmp_path / "a", tmp_path / "b", case)
    usual = separator == get(case.source).layouts[0].separator
    (file,) = scanned(tmp_path / "b").files
    assert usual or file.unseen


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_dump_with_row_numbers_gives_the_same_table(tmp_path, case):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    rows = [[str(n) if n else "_id", *row] for n, row in enumerate(cells(case))]
    (tmp_path / "b" / case.file).write_bytes(csv_of(rows, ","))
    if notes := notes_of(case, case.file):
        (tmp_path / "b" / "files.csv").write_text(notes)
    same_table(tmp_path / "a", tmp_path / "b", case)


def test_between_commas_a_mean_may_have_a_point(tmp_path):
    rows = [[c.replace(",", ".") for c in r] for r in [text().splitlines()[0].split(";"), *ROWS]]
    (tmp_path / NAME).write_bytes(csv_of(rows, ","))
    table = load("eindscores", tmp_path)
    assert table.loc[table["provider"] == "CET", "mean_score"].unique().tolist() == [535.5]
    rows[5][15] = "536,5"  # not both in one column
    (tmp_path / NAME).write_bytes(csv_of(rows, ","))
    (finding,) = scanned(tmp_path).findings
    assert (finding.line, finding.column) == (6, "CET_GEM")


def test_excels_line_that_names_the_separator_is_passed_over(tmp_path):
    content = "sep=;\r\n" + text(changed(6, 14, "1x"))
    (tmp_path / NAME).write_text(content, newline="")
    (finding,) = scanned(tmp_path).findings
    assert (finding.line, finding.column) == (9, "CET_AANTAL")  # as the file has it


CBS = [
    ["ID", "RegioS", "VormenVanJeugdzorg", "Perioden", "JongerenMetJeugdzorg_1"],
    ["0", "GM0114", "A045560", "2022JJ00", "        140"],
    ["1", "GM0106", "A045560", "2022JJ00", "          ."],
]


@pytest.mark.parametrize("kind", ["TypedDataSet", "UntypedDataSet"])
def test_a_table_downloaded_from_statline(tmp_path, kind):
    rows = [[c.strip() for c in row] if kind == "TypedDataSet" else row for row in CBS]
    rows[-1][-1] = rows[-1][-1].replace(".", "") if kind == "TypedDataSet" else rows[-1][-1]
    name = f"85099NED_{kind}_20112026_101500.csv"
    content = csv_of(rows, ";", quoting=csv.QUOTE_NONNUMERIC)
    (tmp_path / name).write_bytes(content)
    table = load("jeugdhulp", tmp_path).set_index("region")["young_people"]
    assert table["GM0114"] == 140
    assert pd.isna(table["GM0106"])


def test_a_sheet_saved_as_csv_asks_for_its_school_year_and_is_read(tmp_path):
    rows = [YEAR, ["90AA|C1", "De Aa", "90001", "31,47", "98", "7,87"]]
    (tmp_path / "weging.csv").write_bytes(csv_of(rows, ";", "cp1252"))
    (finding,) = scanned(tmp_path).findings
    assert "weging.csv,schoolweging,2024-2025" in finding.remedy
    (tmp_path / "weging.csv").rename(tmp_path / "schoolweging 2023-2024.csv")
    (row,) = load("schoolweging", tmp_path).to_dict("records")
    assert (row["year"], row["schoolweging"], row["pupils"]) == (2023, 31.47, 98)


def test_sheets_that_libreoffice_saved_as_csv_are_of_the_year_behind_the_name(tmp_path):
    for year in (2022, 2023):
        rows = [YEAR, ["90AA|C1", "De Aa", "90001", f"3{year - 2020},47", "98", "7,87"]]
        path = tmp_path / f"schoolweging-2021-2024-{year}-{year + 1}.csv"
        path.write_bytes(csv_of(rows, ";"))
    table = load("schoolweging", tmp_path).set_index("year")
    assert table["schoolweging"].to_dict() == {2022: 32.47, 2023: 33.47}


def test_every_sheet_of_a_workbook_saved_as_csv_is_read_or_left_aside(tmp_path):
    mean = ["OVT", "Naam", "BGNR", "schoolweging 2021-2022, 2022-2023, 2023-2024"]
    sheets = {
        "2023-2024": [YEAR, ["90AA|C1", "De Aa", "90001", "31,47", "98", "7,87"]],
        "2022-2023": [YEAR, ["90AA|C1", "De Aa", "90001", "32,47", "99", "7,87"]],
        "Driejaarsgemiddelde": [mean, ["90AA|C1", "De Aa", "90001", "32,97"]],
        "Toelichting": [["Over dit bestand", "", ""], ["Een regel\nen nog een", "", ""]],
    }
    for sheet, rows in sheets.items():
        (tmp_path / f"schoolweging-2021-2024-{sheet}.csv").write_bytes(csv_of(rows, ";"))
    folder = scanned(tmp_path)
    assert folder.findings == []
    assert folder.unknown == ["schoolweging-2021-2024-Toelichting.csv"]
    last = load("schoolweging", tmp_path).set_index("year").loc[2023]
    assert (last["schoolweging"], last["schoolweging_driejaars"]) == (31.47, 32.97)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("eindscores.zip", "packed; unpack it"),
        (NAME + ".gz", "packed; unpack it"),
        (NAME.replace(".csv", ".dat"), "named like eindscores"),
        (NAME.removesuffix(".csv"), "named like eindscores"),
        ("photo.jpg", "not known"),
    ],
)
def test_a_file_that_would_be_read_in_another_form_is_told_with_how(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    (aside,) = scanned(tmp_path).aside
    assert words in aside.why


def test_an_open_quote_in_a_header_is_named_whatever_the_file_is_called(tmp_path):
    case = next(c for c in CASES if c.source == "cbs_jeugdzorg_wijken")
    header, *rows = cells(case)
    broken = ",".join([*header[:3], f'"{header[3]}', *header[4:]])
    text = "\r\n".join([broken, *map(",".join, rows), ""])
    (tmp_path / "2022.csv").write_text(text, newline="")
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.line) == (FileFormatError, 1)
    assert "not closed" in finding.found
    (tmp_path / "2022.csv").write_text('iets,"anders\r\nen meer', newline="")
    assert scanned(tmp_path).findings == []


def test_a_code_that_libreoffice_turned_into_a_time_is_named(tmp_path):
    book = cells(next(c for c in CASES if (c.source, c.layout) == ("eindscores", "2017")))
    book[1][book[0].index("BRIN_NUMMER")] = "15:00:00"  # was 15PM, or 03PM
    write_xlsx(tmp_path / "05-gemiddelde-eindscores-bo-sbo-2018-2019.xlsx", book)
    (finding,) = scanned(tmp_path).findings
    assert (finding.line, finding.column) == (2, "Sheet: BRIN_NUMMER")
    assert "AM or PM" in finding.expected


def test_a_table_with_a_title_and_notes_saved_as_csv(tmp_path):
    header = ["School (BRIN vestiging)", "Aantal bekostigde leerlingen", "Achterstandsscore", ""]
    rows = [
        ["Tabel 1", "", "", ""],
        ["Achterstandsscore per basisschoolvestiging, 1 oktober 2019", "", "", ""],
        ["", "", "", ""],
        header,
        ["", "", "", ""],
        ["90AA00", "100", "33,02", ""],
        ["90AB00", "5", ".", "a"],
        ["Bron: CBS", "", "", ""],
        ["a Onvoldoende betrouwbaar.", "", "", ""],
    ]
    (tmp_path / "achterstand.csv").write_bytes(csv_of(rows, ";"))
    table = load("achterstandsscores", tmp_path).set_index("school")
    assert table["year"].unique().tolist() == [2019]
    assert table["pupils"].to_dict() == {"90AA00": 100, "90AB00": 5}
    assert table.loc["90AA00", "achterstandsscore"] == 33.02


def test_a_form_known_from_documentation_only_is_said(tmp_path):
    (tmp_path / NAME).write_text(text(), newline="")
    assert [file.unseen for file in scanned(tmp_path).files] == [False]
    (tmp_path / NAME).unlink()
    write_xlsx(tmp_path / "eindscores.xlsx", [line.split(";") for line in text().splitlines()])
    assert [file.unseen for file in scanned(tmp_path).files] == [True]


# ---------------------------------------------------------------- what the file is like


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_a_last_line_without_an_end_is_read_when_it_is_whole_and_noted(tmp_path, newline):
    content = text().replace("\r\n", newline).removesuffix(newline)
    (tmp_path / NAME).write_text(content, newline="")
    folder = scanned(tmp_path)
    assert folder.findings == []
    assert folder.files[0].rows == len(ROWS)
    assert [file for file, words in folder.notices if "no line end" in words] == [NAME]


def test_a_last_line_that_lacks_cells_or_a_quote_is_refused(tmp_path):
    (tmp_path / NAME).write_text(text()[:-20], newline="")
    (finding,) = scanned(tmp_path).findings
    assert (finding.found, finding.line) == ("a last line without an end", 21)
    quoted = csv_of([line.split(";") for line in text().splitlines()], ";", quoting=csv.QUOTE_ALL)
    (tmp_path / NAME).write_bytes(quoted[:-3])  # within the quotes of the last cell
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.line) == (FileFormatError, 21)


def test_counts_written_with_decimals_are_counts(tmp_path):
    case = next(c for c in CASES if (c.source, c.layout) == ("eindscores", "2014"))
    line = case.lines[1].replace(";11;535,25;0;0,00;", ";11,00;535,25;0,00;0,00;")
    assert line != case.lines[1]
    table = load("eindscores", write(tmp_path, replace(case, lines=[case.lines[0], line])))
    assert table.set_index("provider").loc[["CET", "IEP"], "pupils"].tolist() == [11, 0]


@pytest.mark.parametrize("wrong", ["12,50", "12,000", "12.0.0", "1,1"])
def test_a_count_with_a_part_of_a_pupil_is_refused(tmp_path, wrong):
    (tmp_path / NAME).write_text(text(changed(6, 14, wrong)), newline="")
    (finding,) = scanned(tmp_path).findings
    assert (finding.line, finding.column) == (8, "CET_AANTAL")


def test_a_fraction_that_a_spreadsheet_turned_into_a_date_is_refused(tmp_path):
    case = next(c for c in CASES if (c.source, c.layout) == ("leerlingen", "2016"))
    book = openpyxl.Workbook()
    for row in cells(case):
        book.active.append([as_excel_reads(cell) for cell in row])
    book.active["K4"] = datetime(2026, 4, 3)  # was 3/4
    assert cells(case)[3][10] == "3/4"
    book.save(tmp_path / "leerlingen.xlsx")
    (finding,) = scanned(tmp_path).findings
    assert (finding.line, finding.column) == (4, "Sheet: CLUSTER")
    assert "turned into a date" in finding.expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_text_that_was_encoded_twice_is_read_and_named(tmp_path, encoding):
    rows = changed(3, 8, "Mönster")
    twice = text(rows).encode().decode("cp1252").encode(encoding)
    (tmp_path / NAME).write_bytes(twice)
    folder = scanned(tmp_path)
    ((file, words),) = folder.notices
    assert file == NAME
    assert re.search(r"column GEMEENTENAAM: encoded twice, such as 'MÃ¶nster' on line 5", words)
    assert "Mönster" in set(load("eindscores", tmp_path)["municipality"])


def test_names_that_only_look_a_little_like_that_stay(tmp_path):
    (tmp_path / NAME).write_text(text(changed(3, 8, "FRYSLÂN Å Ão")), newline="", encoding="utf-8")
    folder = scanned(tmp_path)
    assert folder.notices == []
    assert "FRYSLÂN Å Ão" in set(load("eindscores", tmp_path)["municipality"])


# ---------------------------------------------------------------- what else lies in the folder


@pytest.mark.parametrize(
    "name",
    [
        "~$05.-gemiddelde-eindscores.xlsx",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
        ".~lock.leerresultaten.ods#",
        "eindscores.csv.part",
        "eindscores.csv.crdownload",
        "eindscores.csv~",
    ],
)
def test_what_programs_leave_behind_is_skipped(tmp_path, name):
    (tmp_path / NAME).write_text(text(), newline="")
    (tmp_path / name).write_bytes(b"\x00")
    folder = scanned(tmp_path)
    assert (folder.findings, folder.aside) == ([], [])


GEWICHT = (
    "PEILDATUM;BRIN_NUMMER;VESTIGINGSNUMMER;INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;"
    "PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;{}DENOMINATIE_VESTIGING;"
    "BEVOEGD_GEZAG_NUMMER;GEWICHT;LEEFTIJD_JONGER;"
    + "".join(f"LEEFTIJD_{age};" for age in range(4, 15))
    + "LEEFTIJD_OUDER;TOTAAL"
)


@pytest.mark.parametrize("kind", ["", "SOORT_PO;"])
def test_another_publication_that_looks_like_one_of_ours_is_left_aside(tmp_path, kind):
    header = GEWICHT.format(kind)
    place = "20161001;90AA;00;De Aa;7811AA;EMMEN;114;Emmen;Drenthe;"
    place += ("Bo;" if kind else "") + "Openbaar;90001;"
    lines = [header, *(f"{place}{weight};{'1;' * 13}13" for weight in ("0.00", "0.30", "1.20"))]
    (tmp_path / "01.-leerlingen-bo-gewicht,-leeftijd-2016-2017.csv").write_text("\n".join(lines))
    folder = scanned(tmp_path)
    assert folder.findings == []
    (aside,) = folder.aside
    assert (aside.kind, aside.source) == (Why.resembling, "leerlingen")
    assert aside.why.startswith("resembles leerlingen, is not leerlingen (has GEWICHT, lacks ")


def test_a_register_of_institutions_is_no_register_of_schools_and_no_list_of_persons(tmp_path):
    lines = REGISTER_TEXT.splitlines()
    header = lines[0].replace("VESTIGINGSNUMMER;VESTIGINGSNAAM", "INSTELLINGSNAAM")
    row = lines[1].replace("90AA00;De Aa", "De Aa")
    (tmp_path / "01.-hoofdvestigingen-basisonderwijs.csv").write_text(f"{header}\n{row}\n")
    folder = scanned(tmp_path)
    assert folder.findings == []
    (aside,) = folder.aside
    assert aside.why == (
        "resembles vestigingen, is not vestigingen (has INSTELLINGSNAAM, lacks VESTIGINGSNUMMER, "
        "VESTIGINGSNAAM)"
    )


def test_a_key_that_is_only_spelled_otherwise_is_no_other_publication(tmp_path):
    content = text().replace("VESTIGINGSCODE", "VESTIGINGSKODE")
    (tmp_path / "download.csv").write_text(content, newline="")
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.column) == (LayoutError, "VESTIGINGSKODE")


# ---------------------------------------------------------------- tables kept by hand


def excel_forms(rows: list[list[str]]) -> dict[str, bytes]:
    """A small table in every way Excel may save it."""
    out = io.BytesIO()
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([as_excel_reads(cell) for cell in row])
    book.save(out)
    return {
        "comma.csv": csv_of(rows, ","),
        "semicolon.csv": csv_of(rows, ";", "utf-8-sig"),
        "cp1252.csv": csv_of(rows, ";", "cp1252"),
        "tab.txt": csv_of(rows, "\t", "cp1252"),
        "tab.csv": csv_of(rows, "\t"),
        "sep.csv": b"sep=;\r\n" + csv_of(rows, ";"),
        "unicode text.txt": csv_of(rows, "\t", "utf-16"),
        "title.csv": csv_of([["Lijst 2026", *[""] * (len(rows[0]) - 1)], *rows], ";"),
        "capitals.csv": csv_of([[name.upper() for name in rows[0]], *rows[1:]], ";"),
        "book.xlsx": out.getvalue(),
    }


NOTES = [
    ["file", "source", "school_year", "note"],
    [REGISTER, "vestigingen", "2020-2021", "opgehaald in é 2020, zie mail"],
]


@pytest.mark.parametrize("form", excel_forms(NOTES))
def test_files_csv_as_excel_saves_it(tmp_path, form):
    (tmp_path / REGISTER).write_text(REGISTER_TEXT)
    (tmp_path / f"files.{form.split('.')[1]}").write_bytes(excel_forms(NOTES)[form])
    assert load("vestigingen", tmp_path)["year"].tolist() == [2020]
    assert scanned(tmp_path).files[0].note == NOTES[1][3]


REGISTERED = [
    list(COLUMNS),
    ["90AA00", "De Aa, ’t Hoge", "Emmen", "0114", "K4K", "2020-2021", "2021-2022", "120", "één"],
]
DASH = [REGISTERED[0], [*REGISTERED[1][:-1], "stand van 2022–2024"]]


@pytest.mark.parametrize("form", excel_forms(REGISTERED))
def test_a_register_as_excel_saves_it(tmp_path, form):
    path = tmp_path / f"participants.{form.split('.')[1]}"
    path.write_bytes(excel_forms(REGISTERED)[form])
    (row,) = read_participants(path).to_dict("records")
    assert (row["name"], row["municipality_code"]) == ("De Aa, ’t Hoge", "0114")
    assert (row["coach_start"], row["hours"], row["source"]) == (2021, 120, "één")


def test_a_dash_that_windows_wrote_is_no_letter_of_dos(tmp_path):
    path = tmp_path / "participants.csv"
    for encoding in ("cp1252", "utf-8"):
        path.write_bytes(csv_of(DASH, ";", encoding))
        assert read_participants(path)["source"].tolist() == ["stand van 2022–2024"]


def test_a_column_of_a_register_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "participants.csv"
    path.write_bytes(csv_of([[*REGISTERED[0], "coach_start"], [*REGISTERED[1], "2019-2020"]], ";"))
    with pytest.raises(DataErrors) as caught:
        read_participants(path)
    (finding,) = caught.value.findings
    assert (type(finding), finding.line, finding.column) == (LayoutError, 1, "coach_start")


def test_a_cell_of_a_register_may_have_more_lines(tmp_path):
    path = tmp_path / "participants.csv"
    rows = [REGISTERED[0], [*REGISTERED[1][:-1], "een\ntwee"], ["90ab00", *REGISTERED[1][1:]]]
    path.write_bytes(csv_of(rows, ";"))
    with pytest.raises(DataErrors) as caught:
        read_participants(path)
    (finding,) = caught.value.findings
    assert (finding.line, finding.column) == (4, "school")


def test_a_file_that_is_listed_twice_with_two_years_is_an_error(tmp_path):
    (tmp_path / REGISTER).write_text(REGISTER_TEXT)
    again = [*NOTES, [REGISTER, "vestigingen", "2021-2022", "?"]]
    (tmp_path / "files.csv").write_bytes(csv_of(again, ";"))
    with pytest.raises(DataErrors) as caught:
        load("vestigingen", tmp_path)
    (finding,) = caught.value.findings
    assert (type(finding), finding.line, finding.column) == (DuplicateError, 3, "file")
    assert "line 2" in finding.found


def test_two_tables_of_one_name_are_not_chosen_between(tmp_path):
    (tmp_path / REGISTER).write_text(REGISTER_TEXT)
    for form in ("comma.csv", "book.xlsx"):
        (tmp_path / f"files.{form[-4:].strip('.')}").write_bytes(excel_forms(NOTES)[form])
    with pytest.raises(UsageError, match=r"files\.csv and files\.xlsx"):
        load("vestigingen", tmp_path)


# ---------------------------------------------------------------- names and terminals

STRANGE = "eindscores [bold] [x] ≥ é :smile: 2022-2023.csv"


def kansen(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kansen_analysis", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


def test_check_says_the_same_on_any_terminal_and_in_any_locale(tmp_path):
    (tmp_path / STRANGE).write_text(text(), newline="")
    (tmp_path / "onbekend [red] ≥.csv").write_text("naam;plaats;jaar\n")
    told = {}
    for encoding in ("utf-8", "ascii", "cp1252", "latin-1", "cp437"):
        done = kansen(
            "check",
            "--data",
            tmp_path,
            PYTHONIOENCODING=encoding,
            PYTHONUTF8="0",
            LC_ALL="C",
            LANG="C",
        )
        assert done.returncode == 0, done.stderr
        words = done.stdout.decode(encoding)
        assert "onbekend [red] " in words
        told[encoding] = re.sub(r"\\u2265|\\xe9|≥|é", "?", words)
    assert len(set(told.values())) == 1
    (tmp_path / STRANGE).write_text(text(changed(6, 14, "≥5 [x]")), newline="", encoding="utf-8")
    done = kansen("check", "--data", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert b"found '\\u22655 [x]'" in done.stderr
    assert b"Traceback" not in done.stderr


def test_json_is_json_on_any_terminal(tmp_path):
    (tmp_path / STRANGE).write_text(text(), newline="")
    done = kansen("check", "--data", tmp_path, "--format", "json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["sources"][0]["files"] == [STRANGE]


# ---------------------------------------------------------------- what is there


@pytest.mark.parametrize("inside", ["nothing", "folder", "unknown"])
def test_check_of_a_folder_without_data_says_what_to_do(tmp_path, inside):
    data = tmp_path / "raw"
    data.mkdir()
    if inside == "folder":
        (data / "2023").mkdir()
    if inside == "unknown":
        (data / "lijst.csv").write_text("naam;plaats;jaar\na;b;1\n")
    done = kansen("check", "--data", data)
    assert done.returncode == 1
    told = done.stdout.decode() + done.stderr.decode()
    assert "no file that can be read" in told
    assert "kansen fetch" in told
    assert "data/README.md" in told
    assert ("2023: a folder" in told) == (inside == "folder")
    assert ("lijst.csv: not known" in told) == (inside == "unknown")


def test_rows_add_up_over_the_files_of_a_year(tmp_path):
    case = next(c for c in CASES if c.source == "leerlingen_herkomst")
    for number, place in enumerate(("Emmen", "Assen")):
        code, brin = ("0114", "0106")[number], ("90AA", "90AB")[number]
        lines = [line.replace("0114", code).replace("90AA", brin) for line in case.lines]
        more = [lines[1].replace("7741", str(7800 + n)) for n in range(number * 5)]
        file = f"{place} afgeschermd.csv"
        write(tmp_path, replace(case, file=file, lines=[*lines, *more]))
    coverage, _ = check(tmp_path)
    assert coverage["rows"].tolist() == [1 + 6]
    assert coverage["masked_cells"].tolist() == [7]


def test_a_table_without_files_has_its_columns_and_their_types(tmp_path):
    case = next(c for c in CASES if (c.source, c.layout) == ("eindscores", "2023"))
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    full = load("eindscores", write(tmp_path / "a", case))
    none = load("eindscores", tmp_path / "b")
    assert len(none) == 0
    shared = [c for c in full if c != "dataset"]
    assert none[shared].dtypes.to_dict() == full[shared].dtypes.to_dict()
    assert none["mean_score"].quantile(0.5) != none["mean_score"].quantile(0.5)  # NaN, no error


# ---------------------------------------------------------------- persons

BSN = ["111222333", "123456782", "100000009", "999990019"]
PERSONS = {
    "a bsn": (["BRIN", "BSN", "ADVIES"], ["90AA", BSN[0], "HAVO"]),
    "a pgn": (["BRIN", "PGN", "ADVIES"], ["90AA", "12", "HAVO"]),
    "a birthday": (["BRIN", "Geboortedatum", "ADVIES"], ["90AA", "3-4-2012", "HAVO"]),
    "a pupil": (["BRIN", "leerlingnummer", "ADVIES"], ["90AA", "7", "HAVO"]),
    "a name": (["achternaam", "voornaam", "groep"], ["x", "y", "8"]),
    "mail": (["school", "e-mail", "groep"], ["x", "y", "8"]),
    "a telephone": (["school", "telefoonnummer ouder", "groep"], ["x", "y", "8"]),
}
LOOKS = {
    "bsn": [["a", "b", "c"], *([number, "x", "y"] for number in BSN)],
    "bsn without a header": [[number, "x", "y"] for number in BSN],
    "mail": [["a", "b", "c"], ["x", "iemand@example.org", "y"]],
    "telephones": [["a", "b", "c"], *(["x", f"06 1234567{n}", "y"] for n in range(4))],
    "birthdays": [["a", "b", "c"], *([f"{n}-3-2012", "x", "y"] for n in range(1, 15))],
}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", PERSONS)
def test_a_column_about_persons_is_refused_by_name(tmp_path, kind, suffix):
    header, row = PERSONS[kind]
    path = tmp_path / f"lijst.{suffix}"
    rows = [header, row, row]
    path.write_bytes(csv_of(rows, ";")) if suffix == "csv" else write_xlsx(path, rows)
    (tmp_path / NAME).write_text(text(), newline="")
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.file, finding.line) == (PersonalDataError, path.name, 1)
    assert finding.column in header
    assert finding.remedy == "personal data: remove this file"
    assert "columns.csv" not in str(finding)


@pytest.mark.parametrize("kind", LOOKS)
def test_cells_that_look_like_persons_are_refused_and_not_shown(tmp_path, kind):
    (tmp_path / "lijst.csv").write_bytes(csv_of(LOOKS[kind], ";"))
    (finding,) = scanned(tmp_path).findings
    assert type(finding) is PersonalDataError
    assert not any(cell in str(finding) for row in LOOKS[kind][1:] for cell in row if len(cell) > 1)


def test_persons_in_a_published_layout_are_refused_and_not_explained(tmp_path):
    extra = [[*row, BSN[n % 4]] for n, row in enumerate(ROWS)]
    header = text().splitlines()[0]
    for name in ("BSN", "KENMERK"):
        (tmp_path / NAME).write_text(text(extra, f"{header};{name}"), newline="")
        (finding,) = scanned(tmp_path).findings
        assert type(finding) is PersonalDataError
        assert "columns.csv" not in str(finding)
        assert BSN[0] not in str(finding)
    for wrong in (BSN[0], "iemand@example.org"):
        (tmp_path / NAME).write_text(text(changed(3, 4, wrong)), newline="")  # a school's name
        (finding,) = scanned(tmp_path).findings
        assert (type(finding), finding.line) == (PersonalDataError, 5)
        assert wrong not in str(finding)
    (tmp_path / NAME).write_text(text(changed(3, 14, BSN[0])), newline="")  # a count
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.line) == (PersonalDataError, 5)


def test_persons_in_a_register_are_refused(tmp_path):
    path = tmp_path / "participants.csv"
    rows = [[*REGISTERED[0], "e-mailadres"], [*REGISTERED[1], "iemand@example.org"]]
    path.write_bytes(csv_of(rows, ","))
    with pytest.raises(DataErrors) as caught:
        read_participants(path)
    (finding,) = caught.value.findings
    assert (type(finding), finding.column) == (PersonalDataError, "e-mailadres")


def test_schools_have_telephones_and_strange_names(tmp_path):
    rows = changed(3, 4, "de St@rtbaan")
    (tmp_path / NAME).write_text(text(rows), newline="")
    content = REGISTER_TEXT.replace(";x;x;", ";0591000000;info@example.org;", 1)
    (tmp_path / "alle-vestigingen-bo-2024-2025.csv").write_text(content)
    assert scanned(tmp_path).findings == []


# ---------------------------------------------------------------- hostile files


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "FILE_MAX", 1000)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("it was read"))
    with (tmp_path / NAME).open("wb") as handle:
        handle.truncate(10_000_000)
    (finding,) = scanned(tmp_path).findings
    assert (type(finding), finding.found) == (FileFormatError, "10 MB")


def test_a_line_that_is_too_long_is_refused(tmp_path):
    (tmp_path / NAME).write_text(text() + "x" * 200_000)
    (finding,) = scanned(tmp_path).findings
    assert (finding.found, finding.line) == ("a line of 200,001 bytes", 22)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kansen_analysis.sources.folder.FILES_MAX", 3)
    for number in range(4):
        (tmp_path / f"{number}.csv").write_text("a;b;c\n")
    (finding,) = scanned(tmp_path).findings
    assert finding.found == "4 files"


def packed(path, members: dict[str, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_workbook_that_unpacks_to_very_much_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "UNPACKED_MAX", 100_000)
    monkeypatch.setattr("python_calamine.load_workbook", lambda data: pytest.fail("it was opened"))
    packed(tmp_path / "a.ods", {"content.xml": b"<x/>" * 100_000})
    (finding,) = scanned(tmp_path).findings
    assert "when unpacked" in finding.found


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path):
    path = tmp_path / "a.ods"
    packed(path, {"content.xml": b"<x/>" * 100_000})
    content = path.read_bytes()
    size = (400_000).to_bytes(4, "little")
    assert content.count(size) == 2  # in front of the member and in the list at the end
    path.write_bytes(content.replace(size, (400).to_bytes(4, "little")))
    (finding,) = scanned(tmp_path).findings
    assert finding.found.startswith("a workbook that cannot be opened")


def ods(path, table: str):
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    packed(
        path,
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest/>",
            "content.xml": (
                f"<office:document-content {names}><office:body><office:spreadsheet>"
                f'<table:table table:name="A">{table}</table:table></office:spreadsheet>'
                "</office:body></office:document-content>"
            ).encode(),
        },
    )


FILLED = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'
FAR = {
    "repeated rows": '<table:table-row table:number-rows-repeated="99000">'
    + FILLED.format(' table:number-columns-repeated="1000"')
    + "</table:table-row>",
    "a cell far to the right": "<table:table-row>" + FILLED.format("") + "</table:table-row>"
    '<table:table-row table:number-rows-repeated="5000">'
    '<table:table-cell table:number-columns-repeated="16000"/>'
    + FILLED.format("")
    + "</table:table-row>",
}


@pytest.mark.parametrize("kind", [*FAR, "xlsx"])
def test_a_cell_far_away_is_refused_before_room_is_made_for_all_between(
    tmp_path, kind, monkeypatch
):
    monkeypatch.setattr("python_calamine.load_workbook", lambda data: pytest.fail("it was opened"))
    if kind == "xlsx":
        book = openpyxl.Workbook()
        book.active["A1"], book.active["XFD1048576"] = 1, 2
        book.save(tmp_path / "a.xlsx")
    else:
        ods(tmp_path / "a.ods", FAR[kind])
    (finding,) = scanned(tmp_path).findings
    assert "cells from the first to the last" in finding.found


def test_rows_that_are_empty_to_the_end_of_a_sheet_are_none(tmp_path):
    end = '<table:table-row table:number-rows-repeated="1048000">'
    end += '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    ods(tmp_path / "a.ods", "<table:table-row>" + FILLED.format("") + "</table:table-row>" + end)
    folder = scanned(tmp_path)
    assert folder.findings == []
    assert folder.unknown == ["a.ods"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
@pytest.mark.parametrize("name", ["pijp.csv", "files.csv", "participants.csv", "manifest.json"])
def test_what_is_no_file_is_told_and_skipped_under_any_name(tmp_path, name):
    (tmp_path / NAME).write_text(text(), newline="")
    os.mkfifo(tmp_path / name)
    folder = scanned(tmp_path)
    assert folder.findings == []
    assert [(a.file, a.kind) for a in folder.aside] == [(name, Why.no_file)]
    assert len(load("eindscores", folder))


def test_links_and_sockets_and_devices_are_told_and_skipped(tmp_path, monkeypatch):
    (tmp_path / NAME).write_text(text(), newline="")
    (tmp_path / "niets.csv").symlink_to(tmp_path / "weg.csv")
    (tmp_path / "lus.csv").symlink_to(tmp_path / "lus.csv")
    (tmp_path / "nul.csv").symlink_to("/dev/zero")
    (tmp_path / "map.csv").mkdir()
    (tmp_path / "anders.ods").symlink_to(tmp_path / "map.csv")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the name of a socket is short
        server.bind("s.csv")
        folder = scanned(tmp_path)
    assert folder.findings == []
    told = {aside.file: aside.why for aside in folder.aside}
    assert set(told) == {"niets.csv", "lus.csv", "nul.csv", "map.csv", "anders.ods", "s.csv"}
    assert "link to nothing" in told["lus.csv"]
    assert "device" in told["nul.csv"]
    assert [file.path.name for file in folder.files] == [NAME]


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may read everything")
def test_a_file_this_user_may_not_read_is_one_finding(tmp_path):
    (tmp_path / NAME).write_text(text(), newline="")
    (tmp_path / NAME).chmod(0)
    (finding,) = scanned(tmp_path).findings
    assert "cannot be read" in finding.found
