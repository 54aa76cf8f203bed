"""A mistake in a file is told once, with file, line, column, what stands there and what to do."""

import gzip
import io
import zipfile

import openpyxl
import pytest

from kansen_analysis import load
from kansen_analysis.demo.files import write_ods
from kansen_analysis.errors import (
    CellError,
    ConsistencyError,
    DataErrors,
    DuplicateError,
    FileFormatError,
    LayoutError,
    MissingFileError,
    PlausibilityError,
    SchoolYearError,
    UsageError,
    alike,
)
from kansen_analysis.schools.coverage import check, findings_frame
from kansen_analysis.sources import DataFolder
from kansen_analysis.sources.values import read_year

NAME = "05.-gemiddelde-eindscores-bo-sbo-2022-2023.csv"
HEADER = (
    "PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;INSTELLINGSCODE;VESTIGINGSCODE;"
    "INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;"
    "SOORT_PO;DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER;ONTHEFFING_REDEN_ND;CET_AANTAL;CET_GEM;"
    "IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;AMN_AANTAL;AMN_GEM"
)
PUPILS, MEAN, BRIN = 14, 15, 2


def row(number: int) -> list[str]:
    brin = f"90A{chr(65 + number)}"
    return [
        *("20221001", "20230601", brin, "00", f"School {number}", "7811AA", "EMMEN", "114"),
        *("Emmen", "Drenthe", "Bo", "Openbaar", "90001", "0", str(10 + number), "535,5"),
        *("0", "0") * 4,
    ]


ROWS = [row(n) for n in range(20)]


def text(rows=ROWS, header=HEADER, separator=";") -> str:
    lines = [header.replace(";", separator), *(separator.join(r) for r in rows)]
    return "".join(line + "\r\n" for line in lines)


def changed(at: int, column: int, value: str) -> list[list[str]]:
    rows = [list(r) for r in ROWS]
    rows[at][column] = value
    return rows


def findings(folder, content: bytes | str, name: str = NAME) -> list:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    scanned = DataFolder(folder)
    scanned.scan()
    return scanned.findings


def one(folder, content, kind, **place):
    (finding,) = findings(folder, content)
    assert type(finding) is kind
    assert finding.file == NAME
    assert finding.found
    assert finding.expected
    assert finding.remedy
    for name, value in place.items():
        assert getattr(finding, name) == value, str(finding)
    return finding


def test_a_renamed_column(tmp_path):
    content = text(header=HEADER.replace("CET_AANTAL", "CET_AANTALLEN"))
    finding = one(tmp_path, content, LayoutError, line=1, column="CET_AANTALLEN")
    assert (finding.found, finding.expected) == ("a column 'CET_AANTALLEN'", "'CET_AANTAL'")
    assert "sources/eindscores/columns.csv (layout 2022)" in finding.remedy


def test_a_column_that_is_gone(tmp_path):
    rows = [r[:PUPILS] + r[PUPILS + 1 :] for r in ROWS]
    content = text(rows, HEADER.replace("CET_AANTAL;", ""))
    one(tmp_path, content, LayoutError, line=1, column="CET_AANTAL")


def test_a_column_that_is_there_twice(tmp_path):
    content = text([[*r, "0"] for r in ROWS], HEADER + ";CET_AANTAL")
    one(tmp_path, content, LayoutError, line=1, found="2 columns named 'CET_AANTAL'")


def test_a_column_nobody_knows(tmp_path):
    content = text([[*r, "0"] for r in ROWS], HEADER + ";NIEUW")
    one(tmp_path, content, LayoutError, line=1, column="NIEUW")


@pytest.mark.parametrize(
    "wrong", ["1x", "-1", "12,5", "12.5", "9999999", "1.001", "5-jan", "<6", "١٢"]
)
def test_what_no_count_can_be(tmp_path, wrong):
    content = text(changed(6, PUPILS, wrong))
    finding = one(tmp_path, content, CellError, line=8, column="CET_AANTAL", found=repr(wrong))
    assert finding.expected.startswith("a")
    assert "number of pupils" in finding.expected


def test_an_empty_count(tmp_path):
    one(tmp_path, text(changed(6, PUPILS, " ")), CellError, line=8, found="an empty cell")


@pytest.mark.parametrize("wrong", ["535.5", "5355", "53,55", "x", "-535,5"])
def test_what_no_mean_of_this_test_can_be(tmp_path, wrong):
    content = text(changed(6, MEAN, wrong))
    one(tmp_path, content, CellError, line=8, column="CET_GEM", found=repr(wrong))


def test_the_same_mistake_on_many_lines_is_told_once_with_their_number(tmp_path):
    rows = [[*r[:MEAN], "535.5", *r[MEAN + 1 :]] for r in ROWS]
    finding = one(tmp_path, text(rows), CellError, line=2, column="CET_GEM")
    assert finding.found == "'535.5' (on 20 lines)"


@pytest.mark.parametrize("brin", ["90aa", "90A", "9.0E+01", "90A0"])
def test_a_code_that_is_no_brin(tmp_path, brin):
    one(tmp_path, text(changed(3, BRIN, brin)), CellError, line=5, column="INSTELLINGSCODE")


def test_a_vestiging_of_another_brin(tmp_path):
    finding = one(tmp_path, text(changed(3, 3, "90ZZ00")), ConsistencyError, line=5)
    assert finding.found == "vestiging 90ZZ00 under BRIN 90AD"


def test_a_file_cut_in_half(tmp_path):
    content = text()
    one(tmp_path, content[: len(content) // 2], FileFormatError, found="a last line without an end")


def test_a_row_with_a_cell_too_few(tmp_path):
    rows = [*ROWS[:4], ROWS[4][:-1], *ROWS[5:]]
    finding = one(tmp_path, text(rows), FileFormatError, line=6)
    assert (finding.found, finding.expected) == ("23 cells", "24 cells, as in the header")


@pytest.mark.parametrize(
    "page",
    ["<!DOCTYPE html><html><body>503</body></html>", "\n  <HTML><p>Weg</p></HTML>"],
)
def test_a_web_page_under_the_name_of_a_csv(tmp_path, page):
    finding = one(tmp_path, page, FileFormatError, line=1)
    assert finding.found == "a web page (probably an error message of the site)"


@pytest.mark.parametrize("name", [NAME, "2022.csv"])
def test_an_answer_to_a_program_under_the_name_of_a_csv(tmp_path, name):
    (tmp_path / name).write_text('{"error": "not found"}\n')
    folder = DataFolder(tmp_path)
    folder.scan()
    [finding] = folder.findings
    assert isinstance(finding, FileFormatError)
    assert (finding.file, finding.line) == (name, 1)
    assert finding.found == "an answer of an API (JSON)"


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path, content):
    one(tmp_path, content, FileFormatError, line=1, found="an empty file")


def test_a_header_without_rows(tmp_path):
    one(tmp_path, text([]), FileFormatError, line=1, found="a header without rows")


def test_nul_bytes_and_utf_16(tmp_path):
    one(tmp_path, text().encode().replace(b"School 3", b"School\x003"), FileFormatError, line=5)
    assert not findings(tmp_path, text().encode("utf-16"))  # what Excel calls Unicode text
    one(tmp_path, text().encode("utf-16-le"), FileFormatError, line=1)  # without its mark
    one(tmp_path, text().encode("utf-16")[:-1], FileFormatError, line=1)


def test_a_sign_that_no_picture_can_hold_is_a_space(tmp_path):
    """A name with U+0001 stopped the page that drew it: "not well-formed"."""
    names = {"School 3": "School\x013", "School 4": "School\ufffe4", "School 5": "School_x0001_5"}
    content = text()
    for name, odd in names.items():
        content = content.replace(name, odd)
    (tmp_path / NAME).write_text(content.replace("School_x0001_5", "School\x1b5"), encoding="utf-8")
    loaded = load("eindscores", tmp_path)["name"]
    book = openpyxl.Workbook()
    for line in content.replace("\x01", "_x0001_").split("\r\n"):
        if line:
            book.active.append(line.split(";"))
    (tmp_path / "xlsx").mkdir()
    book.save(tmp_path / "xlsx" / NAME.replace(".csv", ".xlsx"))
    for found in (loaded, load("eindscores", tmp_path / "xlsx")["name"]):
        assert {*names} <= {*found}
        assert not found.str.contains("[\x01\x1b\ufffe]").any()


def test_a_zip_under_the_name_of_a_csv(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(NAME, text())
    one(tmp_path, buffer.getvalue(), FileFormatError, found="a zip file or workbook")


def test_other_bytes_under_the_name_of_a_csv_are_refused(tmp_path):
    packed = gzip.compress(text().encode(), mtime=0)
    one(tmp_path, packed, FileFormatError, line=1, found="a packed file (gzip)")
    assert findings(tmp_path, bytes(range(1, 256)) * 30)


def test_a_csv_under_the_name_of_a_workbook(tmp_path):
    (finding,) = findings(tmp_path, text(), "schoolweging-2021-2024.ods")
    assert type(finding) is FileFormatError
    assert finding.found.startswith("a workbook that cannot be opened")


def test_a_decimal_comma_between_commas_makes_a_cell_too_many(tmp_path):
    finding = findings(tmp_path, text(separator=","))[0]
    assert (type(finding), finding.line, finding.found) == (FileFormatError, 2, "25 cells")


def test_a_line_above_the_header(tmp_path):
    finding = one(tmp_path, "Gemiddelde eindscores\r\n" + text(), LayoutError, line=2)
    assert finding.expected == "the header on line 1"


@pytest.mark.parametrize("name", ['School "3', '"School" 3'])
def test_a_stray_quote_is_refused_or_part_of_the_name(tmp_path, name):
    found = findings(tmp_path, text(changed(3, 4, name)))
    assert all(type(f) is FileFormatError and f.line == 5 for f in found)
    if not found:
        assert load("eindscores", DataFolder(tmp_path))["name"].isin([name]).any()


def test_a_quote_that_swallows_the_next_lines(tmp_path):
    one(tmp_path, text(changed(3, 4, '"School 3')), FileFormatError, line=5)


def test_a_row_that_is_there_twice(tmp_path):
    finding = one(tmp_path, text([*ROWS, ROWS[2]]), DuplicateError, line=22)
    assert finding.found == "90AC00 Bo a second time"


def test_a_mean_where_nobody_sat_the_test_and_none_where_they_did(tmp_path):
    one(tmp_path, text(changed(2, PUPILS, "0")), ConsistencyError, line=4, column="CET")
    one(tmp_path, text(changed(2, MEAN, "NA")), ConsistencyError, line=4, column="CET")


def test_two_school_years_in_one_file(tmp_path):
    finding = one(tmp_path, text(changed(2, 0, "20231001")), SchoolYearError, line=4)
    assert finding.found == "a date in 2023-2024"


def test_a_date_as_a_spreadsheet_writes_it(tmp_path):
    one(
        tmp_path,
        text(changed(2, 0, "1-10-2022")),
        CellError,
        line=4,
        column="PEILDATUM_LEERLINGEN",
    )


def test_five_where_the_publisher_hides(tmp_path):
    rows = [
        [*r[:PUPILS], "5" if n % 3 else str(12 + n), *r[PUPILS + 1 :]] for n, r in enumerate(ROWS)
    ]
    finding = one(tmp_path, text(rows), PlausibilityError, line=3, column="CET_AANTAL")
    assert finding.found == "13 cells of 5 against 0 of 6, and none below 5 or hidden"


def test_a_year_of_which_one_column_is_gone(tmp_path):
    header = "INSTELLINGSCODE;VESTIGINGSCODE;NAAM_VESTIGING;SOORT_VESTIGING;DENOMINATIE_VESTIGING;"
    header += "BEVOEGD_GEZAG_NUMMER;GEMEENTECODE_VESTIGING;GEMEENTENAAM_VESTIGING;LEERLINGEN_2022;"
    content = f"{header}LEERLINGEN_2024\r\n90AA;90AA00;De Aa;BO;x;1;114;EMMEN;7;8\r\n"
    (finding,) = findings(tmp_path, content, "leerlingen.csv")
    assert finding.found == "no such column of 2023-2024"
    assert (type(finding), finding.line) == (LayoutError, 1)


def test_a_sheet_without_its_header_is_not_passed_over(tmp_path):
    year = ["OVT", "Naam", "BGNR", "schoolweging", "aantal_leerlingen", "spreiding"]
    row = ["90AA|C1", "De Aa", 90001, 30, 98, 7.87]
    mean = ["OVT", "Naam", "BGNR", "schoolweging 2021-2022, 2022-2023, 2023-2024"]
    sheets = {"2021-2022": [year, row], "2022-2023": [row], "2023-2024": [["x"], year, row]}
    write_ods(tmp_path / "a.ods", sheets | {"Driejaarsgemiddelde": [mean, row[:4]]})
    folder = DataFolder(tmp_path)
    folder.scan()
    told = {(f.column, f.line): f.found for f in folder.findings}
    assert told == {("2022-2023", 1): "no header", ("2023-2024", 2): "the header on line 2"}


def test_a_workbook_with_a_known_name_and_strange_sheets_is_refused(tmp_path):
    write_ods(tmp_path / "schoolweging-2021-2024.ods", {"Blad1": [["a", "b"], [1, 2]]})
    folder = DataFolder(tmp_path)
    folder.scan()
    (finding,) = folder.findings
    assert (type(finding), finding.found) == (LayoutError, "sheets Blad1")


LONG = "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,TOETSEN_EN_ADVIEZEN,AANTAL_LEERLINGEN\n"


def test_long_files_that_look_alike_are_told_apart_by_their_name(tmp_path):
    name = "brin6_heroverweging.csv"
    content = LONG.replace("TOETSEN_EN_ADVIEZEN", "TOETS_EN_ADVIES") + "90AA,00,BO,2022,1,6\n"
    (finding,) = findings(tmp_path, content, name)
    assert (finding.column, finding.line) == ("TOETS_EN_ADVIES", 1)
    (tmp_path / name).unlink()
    # under another name it is a file nobody knows: DUO has many with these columns
    assert findings(tmp_path, content, "brin6_iets.csv") == []


def test_a_quote_within_a_key_is_refused(tmp_path):
    (finding,) = findings(tmp_path, LONG + '90AA,00,BO,2022,1"x,6\n', "a.csv")
    assert (finding.line, finding.column) == (2, "TOETSEN_EN_ADVIEZEN")


def test_a_quote_in_a_cell_that_says_whether_a_row_is_read_is_refused(tmp_path):
    header = "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,LEERJAAR,DOORSTROOMTOETS_PO,"
    header += "GEMIDDELDE_UITSLAG,AANTAL_LEERLINGEN,AANTAL_ONTHEFFINGEN\n"
    content = header + '90AA,00,BO,2023,8",LIB,174.25,12,0\n90AB,00,BO,2023,8,LIB,174.25,12,0\n'
    (finding,) = findings(tmp_path, content, "brin6_eindscores.csv")
    assert (finding.line, finding.column) == (2, "LEERJAAR")


def test_a_table_of_cbs_that_lost_a_column_is_not_taken_for_its_neighbour(tmp_path):
    content = "Onderwijssoort,Regiokenmerken,Perioden,Leerlingen_1\nA1,GM0114,2022SJ00,310\n"
    (finding,) = findings(tmp_path, content, "85490NED.csv")
    assert finding.column == "Cluster"


def test_a_file_cut_off_between_two_lines_has_too_few_rows(tmp_path):
    def year(year: int, schools: int) -> None:
        rows = []
        for n in range(schools):
            brin = f"{90 + n // 676}{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}"
            cells = [f"{year}1001", f"{year + 1}0601", brin, *row(0)[3:]]
            cells[PUPILS] = str(10 + (n + year) % 20)
            rows.append(cells)
        name = f"05.-gemiddelde-eindscores-bo-sbo-{year}-{year + 1}.csv"
        (tmp_path / name).write_text(text(rows), newline="")

    for number, schools in ((2020, 150), (2021, 148), (2022, 80)):
        year(number, schools)
    folder = DataFolder(tmp_path)
    folder.scan()
    print(*folder.findings, sep="\n")
    (finding,) = folder.findings
    assert (type(finding), finding.check) == (PlausibilityError, "schools")
    assert (finding.file, finding.found) == (NAME, "80 schools in 2022-2023")
    assert finding.expected == "about 149, as in 2020-2021 and 2021-2022"


def test_two_files_for_one_source_and_year_name_both(tmp_path):
    (tmp_path / "a.csv").write_text(text(), newline="")
    (finding,) = findings(tmp_path, text())
    assert type(finding) is DuplicateError
    assert (finding.file, finding.found) == (
        "a.csv",
        f"eindscores of 2022-2023, which {NAME} holds too",
    )


def test_a_file_is_known_by_its_header_under_any_name(tmp_path):
    assert findings(tmp_path, text(), "download (3).csv") == []
    assert load("eindscores", tmp_path)["year"].unique().tolist() == [2022]


def test_a_file_with_a_known_name_and_a_strange_header_is_refused(tmp_path):
    content = "KOLOM_1;KOLOM_2;KOLOM_3;KOLOM_4\r\n1;2;3;4\r\n"
    finding = one(tmp_path, content, LayoutError, line=1)
    assert finding.expected == "a header of eindscores"


def test_a_file_nobody_knows_is_named_and_left_aside(tmp_path):
    (tmp_path / "lijst.csv").write_text("naam;plaats;jaar\r\na;b;1\r\n")
    assert findings(tmp_path, text()) == []
    coverage, _ = check(tmp_path)
    assert coverage["source"].tolist() == ["eindscores"]
    folder = DataFolder(tmp_path)
    folder.scan()
    assert folder.unknown == ["lijst.csv"]


REGISTER = "03-alle-vestigingen-bo.csv"
REGISTER_HEADER = (
    "PROVINCIE;BEVOEGD GEZAG NUMMER;BRIN NUMMER;VESTIGINGSNUMMER;VESTIGINGSNAAM;STRAATNAAM;"
    "HUISNUMMER-TOEVOEGING;POSTCODE;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;DENOMINATIE;"
    "TELEFOONNUMMER;INTERNETADRES;STRAATNAAM CORRESPONDENTIEADRES;HUISNUMMER-TOEVOEGING "
    "CORRESPONDENTIEADRES;POSTCODE CORRESPONDENTIEADRES;PLAATSNAAM CORRESPONDENTIEADRES;"
    "NODAAL GEBIED CODE;NODAAL GEBIED NAAM;RPA-GEBIED CODE;RPA-GEBIED NAAM;WGR-GEBIED CODE;"
    "WGR-GEBIED NAAM;COROPGEBIED CODE;COROPGEBIED NAAM;ONDERWIJSGEBIED CODE;ONDERWIJSGEBIED NAAM;"
    "RMC-REGIO CODE;RMC-REGIO NAAM"
)
REGISTER_ROW = [
    *("Drenthe", "90001", "90AA", "90AA00", "De Aa", "x", "1", "7811 AA", "EMMEN", "0114", "EMMEN"),
    *["x"] * 19,
]
REGISTER_TEXT = f"{REGISTER_HEADER}\n{';'.join(REGISTER_ROW)}\n"


def test_a_register_asks_for_a_line_that_says_its_school_year(tmp_path):
    (finding,) = findings(tmp_path, REGISTER_TEXT, REGISTER)
    assert type(finding) is SchoolYearError
    assert "add a line to files.csv" in finding.remedy
    assert f"{REGISTER},vestigingen,2024-2025" in finding.remedy
    (tmp_path / "files.csv").write_text(
        f"file,source,school_year,note\n{REGISTER},vestigingen,2020-2021,x\n"
    )
    assert load("vestigingen", tmp_path)["year"].tolist() == [2020]


def test_a_name_can_say_the_year_of_a_register(tmp_path):
    assert findings(tmp_path, REGISTER_TEXT, "alle-vestigingen-bo-2024-2025.csv") == []
    assert load("vestigingen", tmp_path)["year"].tolist() == [2024]


def test_a_register_that_nothing_rests_on_is_left_aside_with_a_notice(tmp_path):
    lines = REGISTER_TEXT.splitlines()
    header = lines[0].replace("INTERNETADRES;", "INTERNETADRES;ONDERWIJSSTRUCTUUR;")
    content = f"{header}\n{lines[1]};x\n"
    assert findings(tmp_path, content, "02-alle-vestigingen-vo.csv") == []
    folder = DataFolder(tmp_path)
    folder.scan()
    assert folder.unknown == []
    (aside,) = folder.aside
    assert (aside.file, aside.source) == ("02-alle-vestigingen-vo.csv", "vestigingen_vo")
    assert "add a line to files.csv" in aside.why


@pytest.mark.parametrize(
    ("line", "kind", "column"),
    [
        (f"{NAME},eindscore,2022-2023,x", CellError, "source"),
        (f"{NAME},eindscores,2022-2024,x", CellError, "school_year"),
        ("weg.csv,eindscores,2022-2023,x", MissingFileError, "file"),
    ],
)
def test_a_mistake_in_files_csv(tmp_path, line, kind, column):
    (tmp_path / NAME).write_text(text(), newline="")
    (tmp_path / "files.csv").write_text(f"file,source,school_year,note\n{line}\n")
    with pytest.raises(DataErrors) as caught:
        load("eindscores", tmp_path)
    (finding,) = caught.value.findings
    assert (type(finding), finding.file, finding.line) == (kind, "files.csv", 2)
    assert finding.column == column


def test_files_csv_that_says_another_year_than_the_file(tmp_path):
    (tmp_path / "files.csv").write_text(
        f"file,source,school_year,note\n{NAME},eindscores,2021-2022,x\n"
    )
    finding = one(tmp_path, text(), SchoolYearError, line=2)
    assert finding.found == "dates in 2022-2023"


def test_all_mistakes_are_collected_and_told_by_column(tmp_path):
    rows = [[*r[:PUPILS], f"{n}x", *r[PUPILS + 1 :]] for n, r in enumerate(ROWS)]
    rows[0][MEAN] = "535.5"
    (tmp_path / NAME).write_text(text(rows), newline="")
    with pytest.raises(DataErrors) as caught:
        load("eindscores", tmp_path)
    assert len(caught.value.findings) == 21
    shown = str(caught.value)
    assert shown.count("\n- ") == 2  # two columns
    assert "(19 more like this, on line 3, 4, 5, 6, 7 and further)" in shown
    frame = findings_frame(caught.value.findings)
    assert len(frame) == 21
    assert sorted(frame["line"].unique()) == list(range(2, 22))
    assert sorted(map(len, alike(caught.value.findings))) == [1, 20]


def test_nothing_is_written_and_nothing_loads_while_a_file_is_wrong(tmp_path):
    content = text(changed(6, PUPILS, "1x"))
    one(tmp_path, content, CellError)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(DataErrors):
        check(tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_unknown_source_is_told_with_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match=r"no source 'cito'.*Known: .*eindscores"):
        load("cito", tmp_path)


def test_many_mistakes_are_grouped_and_none_is_lost():
    many = [
        CellError("a.csv", f"'{n}x'", "a count", "mend it", line=n, column="HAVO")
        for n in range(2, 32)
    ]
    many += [LayoutError(f"{n}.csv", "x", "y", "z") for n in range(25)]
    told = str(DataErrors(many))
    assert told.startswith("55 mistakes in the data:\n- a.csv, line 2, column HAVO: found '2x'")
    assert "(29 more like this, on line 3, 4, 5, 6, 7 and further)" in told
    assert "- 18.csv" in told
    assert "- 19.csv" not in told
    assert "… and 6 more" in told
    assert len(DataErrors(many).findings) == 55


def test_a_few_mistakes_are_all_told():
    few = [CellError("a.csv", f"'{n}x'", "a count", "mend it", column="HAVO") for n in range(20)]
    told = str(DataErrors(few))
    assert all(f"'{n}x'" in told for n in range(20))
    assert "more" not in told


@pytest.mark.parametrize("cell", ['2021"', "x2021", "20 21", "2021-2023", "2122", "202122", ""])
def test_a_year_is_the_whole_cell(cell):
    with pytest.raises(ValueError, match="a year such as 2024"):
        read_year(cell)
    assert read_year("2021") == read_year("2021-2022") == read_year("2021/2022") == 2021
