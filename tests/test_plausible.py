"""Files in which every cell can be read and that cannot be right: named; true ones are not.

One file of an invented country is changed at a time, in the ways files get changed by accident.
"""

import csv
import io
import random
import re
import shutil

import pandas as pd
import pytest
from test_sources_errors import HEADER, NAME, row

from kansen_analysis.errors import DataErrors, PlausibilityError
from kansen_analysis.schools.coverage import check
from kansen_analysis.sources import DataFolder, get, names, plausible

ADVICE = "04-leerlingen-bo-sbo-schooladviezen-2023-2024.csv"
LEVELS = "10.-leerlingen-bo-referentieniveaus-2023-2024.csv"
BEFORE = "04-leerlingen-bo-sbo-schooladviezen-2020-2021.csv"
PLACES = "03-alle-vestigingen-bo.csv"
SIZES = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
FILES = r"schooladviezen-20(19|2\d)|referentieniveaus-202|vestigingen|historisch|files\.csv"


@pytest.fixture(scope="module")
def country(demo, tmp_path_factory):
    """A part of the demo: six years of advices, registers, sizes of schools."""
    folder = tmp_path_factory.mktemp("country")
    for path in demo.iterdir():
        if path.is_file() and re.search(FILES, path.name):
            shutil.copy(path, folder)
    return folder


class Rows:
    """The rows of a file, to change and write back as they were written."""

    def __init__(self, path):
        self.path, raw = path, path.read_bytes()
        self.mark = raw.startswith(b"\xef\xbb\xbf")
        self.encoding = "utf-8" if self.mark or b"\xc3" in raw else "cp1252"
        text = raw.removeprefix(b"\xef\xbb\xbf").decode(self.encoding)
        self.quoting = csv.QUOTE_ALL if text.startswith('"') else csv.QUOTE_MINIMAL
        self.header, *self.body = csv.reader(io.StringIO(text, newline=""), delimiter=";")

    def at(self, pattern: str) -> int:
        """The first column with a name like this."""
        return next(i for i, name in enumerate(self.header) if re.fullmatch(pattern, name))

    def column(self, pattern: str, new) -> None:
        place = self.at(pattern)
        old = [cells[place] for cells in self.body]
        for cells, cell in zip(self.body, new(old), strict=True):
            cells[place] = cell

    def write(self) -> None:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=self.quoting)
        writer.writerows([self.header, *self.body])
        content = out.getvalue().encode(self.encoding)
        self.path.write_bytes(b"\xef\xbb\xbf" * self.mark + content)


@pytest.fixture
def change(country, tmp_path):
    """Change one file of the country and read the folder."""

    def run(name, function, notes=""):
        folder = tmp_path / "raw"
        shutil.copytree(country, folder)
        rows = Rows(folder / name)
        function(rows)
        rows.write()
        with (folder / "files.csv").open("a", encoding="utf-8") as handle:
            handle.write(notes)
        data = DataFolder(folder)
        data.scan()
        return data

    return run


def down(old: list) -> list:
    return [old[-1], *old[:-1]]


def fill(rows, at: int, places: list[int]) -> None:
    for cells in rows.body[at + 1 : at + 11]:
        for place in places:
            cells[place] = rows.body[at][place]


def third(rows):
    rows.body = rows.body[: len(rows.body) * 2 // 3]


def any_third(rows):
    chosen = random.Random(1)
    rows.body = [cells for cells in rows.body if chosen.random() > 0.33]


def column_down(pattern):
    return lambda rows: rows.column(pattern, down)


def codes_down(rows):
    for pattern in ("BRIN NUMMER|INSTELLINGSCODE|BRIN_NUMMER", "VESTIGINGS(CODE|NUMMER)"):
        rows.column(pattern, down)


def ten_rows(rows):
    fill(
        rows, 100, [i for i, n in enumerate(rows.header) if re.search("V(MBO|WO|SO)|HAVO|PRO$", n)]
    )


def ten_numbers(rows):
    place = rows.at("HAVO")
    large = (n for n in range(50, 400) if int(rows.body[n][place].replace("<5", "0")) > 8)
    fill(rows, next(large), [place])


def ten_postcodes(rows):
    fill(rows, 200, [rows.at("POSTCODE.*")])


def all_special(rows):
    rows.column("SOORT_PO", lambda old: ["Sbo"] * len(old))


def year_back(*patterns):
    def back(rows):
        for pattern in patterns:
            rows.column(pattern, lambda old: [str(int(day) - 10000) for day in old])

    return back


def typed(rows):
    """The code of a school that is gone stands in the place of another's."""
    there = {cells[rows.at("INSTELLINGSCODE")] for cells in rows.body}
    other = Rows(rows.path.with_name("04-leerlingen-bo-sbo-schooladviezen-2019-2020.csv"))
    code, place = other.at("INSTELLINGSCODE"), other.at("GEMEENTENUMMER")
    gone = [cells for cells in other.body if cells[code] not in there]
    here = rows.body[77][rows.at("GEMEENTENUMMER")]
    rows.body[77][rows.at("INSTELLINGSCODE")] = next(c for c in gone if c[place] != here)[code]


def instead(number):
    def replaced(rows):
        for cells in rows.body:
            cells[:] = [str(number()) if cell == "<5" else cell for cell in cells]

    return replaced


def shown_as_0(rows, which) -> None:
    for cells in rows.body:
        if which(cells):
            cells[:] = ["0" if cell == "<5" else cell for cell in cells]


def hidden_in_a_place(rows):
    place = rows.at("PROVINCIE")
    shown_as_0(rows, lambda cells: cells[place] == "Drenthe")


def hidden_in_a_column(rows):
    rows.column("VWO", lambda old: ["0" if cell == "<5" else cell for cell in old])


def hidden_in_rows(rows):
    some = rows.body[100:300]
    shown_as_0(rows, lambda cells: cells in some)


def headers_exchanged(one, other):
    def exchanged(rows):
        i, j = rows.at(one), rows.at(other)
        rows.header[i], rows.header[j] = rows.header[j], rows.header[i]

    return exchanged


def the_year_before(rows):
    """The content of another year under the dates of this one."""
    dates = rows.body[0][:2]
    rows.body = Rows(rows.path.with_name(rows.path.name.replace("2023-2024", "2022-2023"))).body
    for cells in rows.body:
        cells[:2] = dates


def sorted_alone(pattern):
    return lambda rows: rows.column(pattern, sorted)


def two_codes_exchanged(rows):
    code, place = rows.at("INSTELLINGSCODE"), rows.at("GEMEENTENUMMER")
    first = rows.body[77]
    other = next(cells for cells in rows.body if cells[place] != first[place])
    first[code], other[code] = other[code], first[code]


def the_end(rows):
    """The last of every fifteen are missing."""
    code = rows.at("INSTELLINGSCODE")
    rows.body = sorted(rows.body, key=lambda cells: cells[code])
    rows.body = rows.body[: -(len(rows.body) // 15)]


def the_begin(rows):
    code = rows.at("INSTELLINGSCODE")
    rows.body = sorted(rows.body, key=lambda cells: cells[code])[len(rows.body) // 15 :]


ANY = random.Random(2)
DOUBTED = {
    "hidden counts of one province are 0": (ADVICE, hidden_in_a_place, "hidden"),
    "hidden counts of one column are 0": (ADVICE, hidden_in_a_column, "hidden"),
    "hidden counts of two hundred rows are 0": (ADVICE, hidden_in_rows, "hidden"),
    "two headers changed places": (ADVICE, headers_exchanged("HAVO", "VWO"), "moved"),
    "two other headers changed places": (LEVELS, headers_exchanged("LV_2F", "TV_2F"), "moved"),
    "last year under the dates of this one": (ADVICE, the_year_before, "again"),
    "names sorted alone": (ADVICE, sorted_alone("INSTELLINGSNAAM.*"), "place"),
    "postcodes sorted alone": (ADVICE, sorted_alone("POSTCODE.*"), "place"),
    "two codes exchanged": (ADVICE, two_codes_exchanged, "place"),
    "the last schools are missing": (ADVICE, the_end, "schools"),
    "the first schools are missing": (ADVICE, the_begin, "schools"),
    "the last third is missing": (ADVICE, third, "schools"),
    "a third is missing": (LEVELS, any_third, "schools"),
    "a count column moved down a row": (ADVICE, column_down("VMBO_GT"), "moved"),
    "another count column moved down a row": (LEVELS, column_down("TV_2F"), "moved"),
    "a year moved down a row": (SIZES, column_down("LEERLINGEN_2019"), "moved"),
    "codes moved a row": (ADVICE, codes_down, "moved"),
    "codes of a register moved a row": (PLACES, codes_down, "moved"),
    "ten rows filled down": (ADVICE, ten_rows, "filled"),
    "ten numbers filled down": (ADVICE, ten_numbers, "filled"),
    "ten postcodes filled down": (LEVELS, ten_postcodes, "place"),
    "all Bo is Sbo": (ADVICE, all_special, "kinds"),
    "a date of counting a year back": (ADVICE, year_back("PEILDATUM.*"), "date"),
    "both dates a year back": (ADVICE, year_back("PEILDATUM.*", "PRIKDATUM.*"), "date"),
    "one code typed as another's": (ADVICE, typed, "place"),
    "hidden counts are 2": (ADVICE, instead(lambda: 2), "hidden"),
    "hidden counts are 3": (LEVELS, instead(lambda: 3), "hidden"),
    "hidden counts are 0": (ADVICE, instead(lambda: 0), "hidden"),
    "hidden counts are 5": (ADVICE, instead(lambda: 5), "hidden"),
    "hidden counts are drawn": (ADVICE, instead(lambda: ANY.randint(1, 4)), "hidden"),
}


def test_a_country_as_it_is_gives_no_doubt(country):
    folder = DataFolder(country)
    folder.scan()
    assert folder.findings == []


@pytest.mark.parametrize("accident", DOUBTED)
def test_an_accident_is_named_with_its_file(change, accident):
    name, function, kind = DOUBTED[accident]
    found = change(name, function).findings
    doubts = [finding for finding in found if isinstance(finding, PlausibilityError)]
    assert {finding.file for finding in doubts} == {name}, found
    assert kind in {finding.check for finding in doubts}
    for finding in doubts:
        assert finding.found
        assert finding.expected
        assert finding.line is not None
        assert f'"confirmed {finding.check}: ..."' in finding.remedy


def test_means_that_a_spreadsheet_rounded_are_named(tmp_path):
    chosen, lines = random.Random(4), {0: [HEADER], 2: [HEADER]}
    for number in range(150):
        cells = ["20221001", "20230601", code(number), *row(number % 20)[3:]]
        cells[13], cells[16], mean = "<5", "9", chosen.uniform(60, 95)
        for decimals, rows in lines.items():
            cells[17] = f"{mean:.{decimals}f}".replace(".", ",")
            rows.append(";".join(cells))
    for decimals, rows in lines.items():
        folder = tmp_path / f"{decimals} decimals"
        folder.mkdir()
        (folder / NAME).write_text("\r\n".join([*rows, ""]), newline="")
        data = DataFolder(folder)
        data.scan()
        found = [(finding.check, finding.column) for finding in data.findings]
        assert found == ([] if decimals else [("rounded", HEADER.split(";")[17])])


def test_years_before_the_publisher_hid_counts_may_show_them(change):
    assert change(BEFORE, lambda rows: None).findings == []


def test_what_the_owner_confirms_with_one_line_is_a_note(change):
    line = f'{ADVICE},schooladviezen,,"confirmed schools: DUO, 3 March 2027"\n'
    folder = change(ADVICE, third, line)
    assert folder.findings == []
    ((file, words),) = [note for note in folder.notices if "confirmed" in note[1]]
    assert file == ADVICE
    assert words.endswith("confirmed schools: DUO, 3 March 2027")
    assert len(check(folder)[0])


def test_a_note_confirms_no_more_than_it_says(change):
    line = f'{ADVICE},schooladviezen,,"confirmed kinds: DUO"\n'
    with pytest.raises(DataErrors):
        change(ADVICE, third, line).read("schooladviezen")


def code(number: int) -> str:
    return f"{10 + number // 676}{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}"


@pytest.mark.parametrize(("schools", "right"), [(6400, True), (4200, False), (2000, True)])
def test_alone_a_file_has_the_whole_country_or_less_than_half(tmp_path, schools, right):
    chosen = random.Random(3)
    lines = [HEADER]
    for number in range(schools):
        cells = ["20221001", "20230601", code(number), *row(number % 20)[3:]]
        cells[5], cells[10] = f"{1000 + number}AB", "Sbo" if number % 25 == 0 else "Bo"
        cells[14], cells[16], cells[17] = str(chosen.randint(5, 60)), "<5", "NA"
        lines.append(";".join(cells))
    (tmp_path / NAME).write_text("\r\n".join([*lines, ""]), newline="")
    folder = DataFolder(tmp_path)
    folder.scan()
    assert [finding.check for finding in folder.findings] == ([] if right else ["schools"])


def test_limits_are_written_down_with_the_years_they_come_from():
    limited = [name for name in names() if "plausible" in get(name).meta]
    assert {"eindscores", "referentieniveaus", "schooladviezen", "vestigingen"} <= set(limited)
    for name in limited:
        rules = get(name).meta["plausible"]
        assert re.search(r"\d.* in (19|20)\d\d", rules["because"])
        low, high = rules["country"]
        assert low < high < 2 * low


@pytest.mark.real
def test_no_real_file_is_doubted_alone_or_together(real_data, tmp_path):
    notes = (real_data / "raw" / "files.csv").read_text().splitlines()
    together = tmp_path / "together"
    together.mkdir()
    for path in [*(real_data / "raw").iterdir(), *(real_data / "more").iterdir()]:
        shutil.copyfile(path, together / path.name)
        alone = tmp_path / f"alone {path.name}"
        alone.mkdir()
        shutil.copyfile(path, alone / path.name)
        own = [line for line in notes if line.startswith(("file,", path.name))]
        (alone / "files.csv").write_text("\n".join(own))
        folder = DataFolder(alone)
        folder.scan()
        assert folder.findings == []
    folder = DataFolder(together)
    folder.scan()
    assert folder.findings == []
    # Counted by hand in the publisher's file.
    scores = folder.read("eindscores")
    cet = scores[(scores["provider"] == "CET") & (scores["year"] == 2015)]
    assert cet["pupils"].sum() == 139_653
    assert cet["mean_score"].count() == 4_912
    assert round(cet["mean_score"].mean(), 7) == 534.4504978


def test_the_same_text_has_the_same_number_in_every_file_and_no_text_has_none():
    columns = [
        pd.Series(["06GS00", None, "06GS01"], dtype="category"),
        pd.Series([None, None], dtype="category"),  # a column in which nothing stands
        pd.Series(["06GS01", "07AB00"], dtype="category"),
    ]
    (first, nothing, last), texts = plausible._numbered(columns)
    assert [texts[n] for n in (*first[[0, 2]], *last)] == ["06GS00", "06GS01", "06GS01", "07AB00"]
    assert first[1] == -1 and nothing.tolist() == [-1, -1]
    (first, _, last), texts = plausible._numbered(columns, letters=4)
    assert texts == ["06GS", "07AB"] and first.tolist() == [0, -1, 0] and last.tolist() == [0, 1]
    assert plausible._numbered([]) == ([], [])
