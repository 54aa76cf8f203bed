"""Broken on purpose: every layout, in every way files get broken, loads right or is named.

Run alone, ``python tests/test_mutations.py 1000`` tries a thousand mutations per layout and prints
``mutations: N, right: A, named: B, wrong: 0, traceback: 0``; the test tries fewer, or as many as
the environment variable KANSEN_MUTATIONS says.

*right*: the same numbers under the same keys; *named*: at least one finding, each with the file and
a line or a column, or a note that says to look twice; *wrong*: other numbers, a file left aside
without a word, or a finding without a place.

What no reader can see in one small file, and so is not tried here: a digit that becomes another, a
file cut off between two lines or within its first words, few hidden counts replaced by 0 (also all
of them, in a file that shows fewer than thirty counts of 5 to 9), rows below each other that are
filled with a number that is common anyway, codes that were moved where no other file has them. What
more files together can tell is in test_plausible.
"""

import csv
import gzip
import io
import os
import random
import re
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from kansen_analysis.demo.files import write_ods
from kansen_analysis.sources import DataFolder, get, names

ROWS = 45
UNNAMED = "2022.csv"  # for a data set whose files have no fixed names
CI = 12  # mutations per layout when nobody asks for more


@dataclass
class Book:
    """A published file: rows of one csv, or of each sheet of a workbook."""

    name: str
    sheets: dict[str, list[list]]  # "" for a csv
    separator: str = ""
    encoding: str = "utf-8"
    quoted: bool = False
    newline: str = "\r\n"
    beside: dict[str, bytes] = field(default_factory=dict)  # other files it needs

    def content(self) -> bytes:
        if not self.separator:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.ods"
                write_ods(path, self.sheets)
                return path.read_bytes()
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL
        writer = csv.writer(
            text, delimiter=self.separator, quoting=quoting, lineterminator=self.newline
        )
        writer.writerows(self.sheets[""])
        return text.getvalue().encode(self.encoding, errors="replace")


# ---------------------------------------------------------------- invented files


def _year_of(layout_files: pd.DataFrame) -> int:
    found = re.search(r"\d{4}", layout_files["school_year"].iloc[-1])
    return int(found[0]) if found else 2024


@cache
def _variables(name: str) -> dict[str, dict]:
    return get(name).variables.to_dict("index")


@cache
def _codes(name: str) -> dict[str, list]:
    return get(name).codes.groupby("variable")["code"].agg(list).to_dict()


def _cell(source, layout, name: str, at: int, year: int, rng: random.Random):
    """An invented cell of one variable."""
    variable = _variables(source.name)[name]
    kind, raw = variable["kind"], layout.columns[name]
    brin = f"9{at % 10}{chr(65 + at // 26)}{chr(65 + at % 26)}"
    codes = _codes(source.name).get(name)
    if name == "brin":
        return brin
    if name == "branch":
        whole = source.name.startswith("vestigingen") or source.name == "leerlingen_historisch"
        return brin + "00" if whole else "00"
    if name == "school":
        return f"{at + 1}. 40001-{brin}-000" if "tSchool" in raw else brin + "00"
    if name == "ovt":
        return f"{brin}|C1"
    if name == "region":
        return f"GM{at + 100:04d}"
    if name == "municipality_code":
        return "0114" if year >= 2024 else " 114"
    if name == "period":
        return f"2022{source.meta['year']['period']}00"
    if name in ("board", "grade"):
        return {"board": 90001.0 if layout.sheet else "90001", "grade": "8"}[name]
    if codes:
        return codes[at % len(codes)]
    if kind == "date":
        april = year < 2019 and source.name != "schooladviezen" and "leerlingen" not in source.name
        day = f"{year + 1}0417" if april else f"{year}1001"
        return day if name == "count_date" else f"{year + 1}0725"
    if kind == "category":
        return ("Bo", "Sbo")[at % 9 == 0]
    if kind == "year":
        return str(2021 + at % 3)
    if kind == "count":  # where the Inspectie has fewer than five, all of a school is hidden
        few = [] if source.name == "leerresultaten" else [0, 1, 2, 3, 4]
        return rng.choice([*few, 5, 6, 7, 8, 9, 11, 12, 17, 23, 31])
    if kind in ("mean", "share"):
        low, high = float(variable["min"] or 10), float(variable["max"] or 90)
        return round(low + (high - low) * rng.uniform(0.05, 0.95), 2)
    return rng.choice(["De Zeeën", "'t Hoge Land", "Openbaar", "Hof", "Zuid-Holland"])


def _masks(source, layout, year: int) -> bool:
    return bool(source.masked) and (year >= 2022 or "lang" in layout.name or "wide" in layout.name)


def _write(source, layout, value, kind: str, year: int):
    """Write a number as this layout does."""
    symbol = next(iter(source.masked), None)
    if kind == "count":
        if symbol and symbol != "*" and _masks(source, layout, year) and 1 <= value <= 4:
            return symbol
        if layout.sheet:
            return float(value) if source.name != "leerresultaten" else str(value)
        return f"{value:,}".replace(",", ".") if layout.thousands else str(value)
    if layout.sheet and source.name != "leerresultaten":
        return float(value)
    return f"{value}".replace(".", source.meta.get("decimal", ","))


def _rows(source, layout, year: int, rng: random.Random) -> list[list]:
    """A header and rows, with totals and means that fit their parts."""
    variables = _variables(source.name)
    kinds = {name: variable["kind"] for name, variable in variables.items()}
    columns: list[tuple[str, str]] = []
    wide = {"{yyzz}": ("2223", "2324"), "{yyyy}": ("2022", "2023"), "{yy-zz}": ("21-22", "22-23")}
    for name, raw in layout.columns.items():
        first = raw.split("|")[0]
        for mark, years in wide.items():
            if mark in raw:
                columns += [(name, first.replace(mark, y)) for y in years]
                break
        else:
            plain = first.replace("{years}", "2021-2022, 2022-2023, 2023-2024")
            columns.append((name, plain.replace("{n}", "1").replace("{text}", "")))
    for at, (name, raw) in enumerate(columns):  # the number behind a measure is its position
        if (
            source.name.startswith("cbs_")
            and re.search(r"_1$", raw)
            and "{text}_1" not in (layout.columns[name])
        ):
            columns[at] = (name, re.sub(r"_1$", f"_{at}", raw))
    columns = [(n, "Leerlingen_1" if raw == "_1" else raw) for n, raw in columns]
    columns = [(n, "" if raw == "(zonder kop)" else raw) for n, raw in columns]
    rows = []
    for at in range(ROWS):
        values = {}
        row = []
        for name, _raw in columns:
            value = _cell(source, layout, name, at, year, rng)
            values[name] = value
            row.append(value)
        numbers = {n: i for i, (n, _) in enumerate(columns)}
        for measure, needs in source.meta.get("mean_needs", {}).items():
            for name in values:
                own = variables[name]
                if own["measure"] == measure or name == measure:
                    dims = [variables[name][d] for d in source.dimensions]
                    of = next(
                        n
                        for n in values
                        if n == needs
                        or (
                            variables[n]["measure"] == needs
                            and [variables[n][d] for d in source.dimensions] == dims
                        )
                    )
                    if values[of] == 0:
                        row[numbers[name]] = None
                    elif values[of] < 5 and _masks(source, layout, year):
                        row[numbers[name]] = "NA" if year >= 2022 else None
        for total, parts in source.meta.get("adds_up", {}).items():
            if total in values:
                row[numbers[total]] = sum(v for n, v in values.items() if re.fullmatch(parts, n))
        for part, total in source.meta.get("at_most", {}).items():
            row[numbers[part]] = min(values[part], row[numbers[total]])
        written = []
        for (name, _), value in zip(columns, row, strict=True):
            if value is None:
                zero = year >= 2022 and not layout.sheet
                written.append("0" if zero else " ")
            elif kinds[name] in ("count", "mean", "share") and not isinstance(value, str):
                written.append(_write(source, layout, value, kinds[name], year))
            else:
                written.append(value)
        if source.name == "leerresultaten" and at % 15 == 3:  # one small year hides all three
            hides = ("pct_1f", "pct_1s2f", "pupils")
            written = [
                "*" if name in hides else cell
                for (name, _), cell in zip(columns, written, strict=True)
            ]
        rows.append(written)
    return [[raw for _, raw in columns], *rows]


def invented(name: str, layout) -> Book:
    """An invented file in one layout; of a workbook, with all its sheets."""
    source = get(name)
    rng = random.Random(f"{name} {layout.name}")
    files = source.files[source.files["layout"] == layout.name]
    year = _year_of(files)
    file = files["file"].iloc[-1].replace("*", "Emmen") or UNNAMED
    if layout.separator:
        needs = source.meta["year"].get("asked")
        encoding = next(iter(layout.encodings), "utf-8")
        book = Book(
            file,
            {"": _rows(source, layout, year, rng)},
            layout.separator,
            encoding,
            quoted=encoding.startswith("utf")
            and layout.separator == ";"
            and "wide" not in layout.name,
        )
        if needs:
            line = f"file,source,school_year,note\n{file},{name},2020-2021,x\n"
            book.beside["files.csv"] = line.encode()
        if name == "schooladviezen_ckan":
            book = _confirmed(book)
        return book
    sheets: dict[str, list[list]] = {"Toelichting": [["Toelichting"]]}
    for other in source.layouts:
        for label in ("2022-2023", "2023-2024") if "{year}" in other.sheet else ("",):
            rows = _rows(source, other, year, random.Random(f"{name} {other.name} {label}"))
            above = [["Tabel, 1 oktober 2019"], *[[""]] * (other.header_row - 2)]
            sheets[other.sheet.replace("{year}", label)] = [
                *above[: other.header_row - 1],
                *rows,
                *([[""], ["Bron: CBS"]] if "until" in source.meta else []),
            ]
    return Book(file, sheets)


def _confirmed(book: Book) -> Book:
    """Put the yearly file beside the long one that confirms its codes."""
    header = book.sheets[""][0]
    code = get("schooladviezen_ckan").codes.set_index("code")["advice"]
    wide_layout = next(x for x in get("schooladviezen").layouts if x.name == "2019")
    rows, wide = [header], []
    for at, row in enumerate(book.sheets[""][1:]):
        cells = dict(zip(header, row, strict=True))
        # every school with all twelve advices, in one year
        counts = [(at * 5 + i * 7 + i * i) % 19 for i in range(12)]
        for i, (number, _advice) in enumerate(code.items()):
            shown = "-1" if 1 <= counts[i] <= 4 else str(counts[i])
            rows.append(
                list(
                    (
                        cells | {"PEILJAAR": "2021", "ADVIES": number, "AANTAL_LEERLINGEN": shown}
                    ).values()
                )
            )
        own = {"INSTELLINGSCODE": cells["INSTELLINGSCODE"], "VESTIGINGSCODE": "00"}
        own |= {"SOORT_PO": cells["TYPE_PO"], "PEILDATUM_LEERLINGEN": "20211001"}
        own |= dict(zip(code, map(str, counts), strict=True))
        wide.append([own.get(raw, "") for raw in wide_layout.columns.values()])
    other = Book("a.csv", {"": [list(wide_layout.columns.values()), *wide]}, ";")
    name = "04-leerlingen-bo-sbo-schooladviezen-2021-2022.csv"
    return replace(book, sheets={"": rows[: 1 + 12 * 20]}, beside={name: other.content()})


# ---------------------------------------------------------------- ways to break a file

TABLE, BYTES = [], []


def on_table(function):
    """A mutation of the cells; gets a copy of the book and returns it, or None."""
    TABLE.append(function)
    return function


def on_bytes(function):
    """A mutation of the bytes."""
    BYTES.append(function)
    return function


def pick_sheet(book, rng) -> tuple[list[list], int]:
    """A sheet with a table, and where its header is."""
    found = [
        (rows, at)
        for rows in book.sheets.values()
        for at, row in enumerate(rows)
        if sum(bool(str(c).strip()) for c in row) >= 3 and len(rows) > 10
    ]
    first = {}
    for rows, at in found:
        first.setdefault(id(rows), (rows, at))
    return rng.choice(list(first.values()))


def cells_like(rows, header_at, pattern) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, row in enumerate(rows[header_at + 1 :], header_at + 1)
        if len(row) > 3
        for j, cell in enumerate(row)
        if re.fullmatch(pattern, number(cell))
    ]


def number(cell) -> str:
    if isinstance(cell, float):
        return f"{cell:g}".replace(".", ",")
    return str(cell)


def count_columns(book, rows, header_at) -> list[int]:
    """Columns of counts of pupils, by their raw header."""
    headers = rows[header_at]
    words = r"(?i)aantal|leerl|nlln|nvak|rekenen_|[lt]v_|leeftijd_|totaal|vsv|youth|jongeren"
    words += r"|vmbo|havo|vwo|^pro$|^vso$|zittenbl|stromers|bekostigde|onbekend|advies_niet"
    not_counts = r"(?i)code|%|perc|gem|peildatum|naam|datum|tov|vestigings_nummer|LEERLING$|jaar$"
    not_counts += (
        r"|score|schoolweging|oordeel|norm|indicator|type|^leeftijd$|NatUra|jeugd|_leerling"
    )
    return [
        j
        for j, h in enumerate(headers)
        if re.search(words, str(h)) and not re.search(not_counts, str(h))
    ]


@on_table
def renamed_column(book, rng):
    rows, at = pick_sheet(book, rng)
    j = rng.choice([j for j, h in enumerate(rows[at]) if h])
    rows[at][j] = rng.choice(["NIEUW", rows[at][j] + "X", rows[at][j].swapcase() + "_", "x y"])
    return book


@on_table
def dropped_column(book, rng):
    rows, at = pick_sheet(book, rng)
    years = [j for j, h in enumerate(rows[at]) if re.fullmatch(r"LEERLINGEN_\d{4}", str(h))]
    # Without its first or last year it is an older file, and some columns may be absent.
    free = {*years[:1], *years[-1:]}
    free |= {j for j, h in enumerate(rows[at]) if str(h) in OPTIONAL}
    j = rng.choice([j for j, h in enumerate(rows[at]) if h and j not in free])
    for row in rows[at:]:
        del row[j : j + 1]
    return book


@on_table
def swapped_columns(book, rng):
    rows, at = pick_sheet(book, rng)
    a, b = rng.sample([j for j, h in enumerate(rows[at]) if h], 2)
    for row in rows[at:]:
        if len(row) > max(a, b):
            row[a], row[b] = row[b], row[a]
    return book


@on_table
def added_column(book, rng):
    rows, at = pick_sheet(book, rng)
    width = len([h for h in rows[at] if h])
    j = rng.randrange(width)
    for i, row in enumerate(rows[at:]):
        row.insert(j, "NIEUW" if i == 0 else "7")
    return book


@on_table
def doubled_column(book, rng):
    rows, at = pick_sheet(book, rng)
    j = rng.choice([j for j, h in enumerate(rows[at]) if h])
    for row in rows[at:]:
        if len(row) > j:
            row.insert(j, row[j])
    return book


@on_table
def shifted_header(book, rng):
    rows, at = pick_sheet(book, rng)
    header = rows[at]
    rows[at] = rng.choice([header[1:] + header[:1], header[-1:] + header[:-1], header[1:]])
    return book


@on_table
def line_above_header(book, rng):
    rows, at = pick_sheet(book, rng)
    rows.insert(at, rng.choice([["Titel"], ["WPO", "Peildatum:", "1-10-2016"], list(rows[at])]))
    return book


@on_table
def no_header(book, rng):
    if book.name == UNNAMED:  # neither its name nor its header says what it is
        return None
    rows, at = pick_sheet(book, rng)
    del rows[at]
    return book


@on_table
def doubled_row(book, rng):
    rows, at = pick_sheet(book, rng)
    body = [i for i in range(at + 1, len(rows)) if len(rows[i]) > 3]
    rows.insert(rng.choice(body), list(rows[rng.choice(body)]))
    return book


@on_table
def turned_rows(book, rng):
    rows, at = pick_sheet(book, rng)
    body = [i for i in range(at + 1, len(rows)) if len(rows[i]) > 3]
    rows[body[0] : body[-1] + 1] = rows[body[0] : body[-1] + 1][::-1]
    return book


@on_table
def empty_rows(book, rng):
    rows, at = pick_sheet(book, rng)
    rows.insert(rng.randrange(at + 1, len(rows)), [""] * len(rows[at]))
    return book


@on_table
def total_row(book, rng):
    rows, at = pick_sheet(book, rng)
    body = [i for i in range(at + 1, len(rows)) if len(rows[i]) > 3]
    rows.insert(body[-1] + 1, ["Totaal", *["999"] * (len(rows[at]) - 1)])
    return book


@on_table
def lost_or_extra_cell(book, rng):
    if not book.separator:
        return None
    rows, at = pick_sheet(book, rng)
    row = rng.choice(rows[at + 1 :])
    j = rng.randrange(len(row))
    if rng.random() < 0.5:
        del row[j]
    else:
        row.insert(j, rng.choice(["", "7", "x"]))
    return book


def in_count(book, rng, make):
    rows, at = pick_sheet(book, rng)
    columns = count_columns(book, rows, at)
    if not columns:
        return None
    spots = [(i, j) for i, j in cells_like(rows, at, r"\d+") if j in columns]
    if not spots:
        return None
    i, j = rng.choice(spots)
    rows[i][j] = make(rows[i][j])
    return book


@on_table
def wrong_count(book, rng):
    wrong = ["-12", "12,5", "12.5", "100000000", "123456789012", "1e3", "12x", "O", "l2", "#REF!"]
    wrong += ["12 345", "<6", "< 5", "&lt;5", "1-4", "?", "NULL", "nan", "True", "½", "١٢"]
    return in_count(book, rng, lambda cell: rng.choice(wrong))


@on_table
def wrong_number_cell(book, rng):
    if book.separator:
        return None
    return in_count(book, rng, lambda cell: rng.choice([-12.0, 12.5, 1e8, float(10**12)]))


@on_table
def spreadsheet_date_in_count(book, rng):
    dates = ["5-jan", "jan-05", "1-5-2023", "2023-01-05", "2023-01-05 00:00:00", "5/1/2023"]
    return in_count(book, rng, lambda cell: rng.choice(dates))


@on_table
def spreadsheet_date_in_date(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = cells_like(rows, at, r"20\d{6}")
    if not spots:
        return None
    day = rng.choice(["1-10-2022", "2022-10-01", "44835", "20221301", "01/10/22", "20221001.0"])
    everywhere = rng.random() < 0.5
    for i, j in spots if everywhere else [rng.choice(spots)]:
        rows[i][j] = day
    return book


@on_table
def hidden_as_five(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = cells_like(rows, at, r"<5|-1|\*")
    spots = [(i, j) for i, j in spots if rows[i][j] == "<5"]
    if not spots:
        return None
    five = rng.choice(["5", "<6", "< 5", "<5 ", "4", "&lt;5"])
    if five == "4":
        five = "5"
    for i, j in spots:
        rows[i][j] = five
    return book


@on_table
def hidden_as_another_number(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = [(i, j) for i, j in cells_like(rows, at, r"<5|-1") if rows[i][j] in ("<5", "-1")]
    years = [int(y) for y in re.findall(r"(?<!\d)20[12]\d", book.name)] or [2022]
    if not spots or "leerjaar3" in book.name or max(years) < 2022:
        return None
    shown = len(cells_like(rows, at, r"[5-9]"))
    number = rng.choice(["1", "2", "3", "4", "any", *(["0"] if shown > 60 else [])])
    for i, j in spots:
        rows[i][j] = str(rng.randint(1, 4)) if number == "any" else number
    return book


@on_table
def counts_with_decimals(book, rng):
    rows, at = pick_sheet(book, rng)
    mark = "." if book.separator == "," else ","
    columns = count_columns(book, rows, at)
    spots = [(i, j) for i, j in cells_like(rows, at, r"\d+") if j in columns]
    for i, j in spots:
        if isinstance(rows[i][j], str):
            rows[i][j] += mark + "00"
    return book if spots else None


@on_table
def dates_a_year_back(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = cells_like(rows, at, r"20\d{6}")
    if not spots or not re.search(r"20\d\d-20\d\d", book.name):
        return None
    for i, j in spots:
        rows[i][j] = str(int(rows[i][j]) - 10000)
    return book


@on_table
def a_column_about_persons(book, rng):
    rows, at = pick_sheet(book, rng)
    name = rng.choice(["BSN", "leerlingnummer", "Geboortedatum", "KENMERK"])
    numbers = ["111222333", "123456782", "100000009", "999990019"]
    for n, row in enumerate(rows[at:]):
        if len(row) > 3:
            row.insert(0, name if n == 0 else rng.choice(numbers))
    return book


@on_table
def text_encoded_twice(book, rng):
    if not book.separator or not book.encoding.startswith("utf"):
        return None
    rows, at = pick_sheet(book, rng)
    for row in rows[at + 1 :]:
        row[:] = [cell.replace("Zeeën", "ZeeÃ«n") for cell in row]
    return book


@on_table
def other_decimal_mark(book, rng):
    rows, at = pick_sheet(book, rng)
    mark = "." if book.separator == "," else ","
    spots = [
        (i, j)
        for i, j in cells_like(rows, at, r"-?\d+[,.]\d+")
        if isinstance(rows[i][j], str) and mark in rows[i][j]
    ]
    if not spots:
        return None
    column = rng.choice(spots)[1]
    other = "." if mark == "," else ","
    for i, j in spots if rng.random() < 0.3 else [s for s in spots if s[1] == column]:
        rows[i][j] = rows[i][j].replace(mark, other)
    return book


@on_table
def lost_decimal_mark(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = [(i, j) for i, j in cells_like(rows, at, r"\d{2,3},\d{2}")]
    limits = [
        (i, j)
        for i, j in spots
        if float(number(rows[i][j]).replace(",", "")) > 1000 and book.separator != ","
    ]
    bounded = [s for s in limits if not re.search("(?i)achterstand", str(rows[at][s[1]]))]
    if not bounded:
        return None
    i, j = rng.choice(bounded)
    whole = number(rows[i][j]).replace(",", "")
    rows[i][j] = whole if isinstance(rows[i][j], str) else float(whole)
    return book


@on_table
def spaces_around_cells(book, rng):
    rows, at = pick_sheet(book, rng)
    for row in rows[at + 1 :]:
        for j, cell in enumerate(row):
            if isinstance(cell, str) and cell.strip() and len(row) > 3:
                row[j] = rng.choice([f" {cell}", f"{cell} ", cell])
    return book


@on_table
def codes_as_a_spreadsheet_leaves_them(book, rng):
    rows, at = pick_sheet(book, rng)
    for row in rows[at + 1 :]:
        for j, cell in enumerate(row):
            if isinstance(cell, str) and re.fullmatch(r"0\d+", cell):
                row[j] = str(int(cell))
    return book


@on_table
def code_that_is_no_code(book, rng):
    rows, at = pick_sheet(book, rng)
    spots = cells_like(rows, at, r"9\d[A-Z]{2}(00|\|C1)?|GM\d{4}")
    if not spots:
        return None
    i, j = rng.choice(spots)
    rows[i][j] = rng.choice(["9.0E+01", "90aa", "", "90A", "90AAA", "GM114x", "Totaal", "#N/A"])
    return book


@on_bytes
def truncated(book, content, rng):
    for _ in range(20):
        cut = rng.randrange(1, len(content))
        if book.separator and content[cut - 1 : cut] == b"\n":
            continue  # between two lines: told by the number of rows, see test_sources_errors
        return content[:cut]
    return None


@on_bytes
def stray_quote(book, content, rng):
    if not book.separator:
        return None
    at = rng.randrange(len(content))
    return content[:at] + b'"' + content[at:]


@on_bytes
def nul_bytes(book, content, rng):
    if not book.separator:
        return None
    at = rng.randrange(len(content))
    return content[:at] + b"\x00" * rng.randrange(1, 5) + content[at:]


@on_bytes
def other_encoding(book, content, rng):
    if not book.separator:
        return None
    text = content.decode(book.encoding)
    encoding = rng.choice(
        ["utf-16", "utf-16-le", "utf-8-sig", "utf-8", "cp1252", "cp850", "utf-32"]
    )
    return text.encode(encoding, errors="replace")


@on_bytes
def other_separator(book, content, rng):
    if not book.separator:
        return None
    separator = rng.choice([s for s in ",;\t|" if s != book.separator])
    return replace(book, separator=separator).content()


@on_bytes
def other_line_ends(book, content, rng):
    if not book.separator:
        return None
    return replace(book, newline=rng.choice(["\n", "\r\n", "\r"])).content()


@on_bytes
def lost_line_end(book, content, rng):
    ends = [m.start() for m in re.finditer(rb"\r\n", content)] if book.separator else []
    if len(ends) < 3:
        return None
    at = rng.choice(ends[1:-1])
    return content[:at] + content[at + 2 :]


@on_bytes
def no_last_line_end(book, content, rng):
    return content.removesuffix(b"\n").removesuffix(b"\r") if book.separator else None


@on_bytes
def a_line_that_names_the_separator(book, content, rng):
    if not book.separator or content.startswith(b"\xef\xbb\xbf"):
        return None
    return f"sep={book.separator}\r\n".encode() + content


@on_bytes
def quoted_otherwise(book, content, rng):
    if not book.separator:
        return None
    return replace(book, quoted=not book.quoted).content()


def halved(content: bytes) -> bytes:
    """Cut a file in half, not just between two lines: that is a shorter file, as good as whole."""
    half = content[: len(content) // 2]
    return half.rstrip(b"\r\n")[:-1] if half.endswith(b"\n") else half


@on_bytes
def other_file(book, content, rng):
    def zipped() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(book.name, content)
        return buffer.getvalue()

    return rng.choice(
        [
            b"",
            b"\r\n",
            b"\xef\xbb\xbf",
            zipped(),
            gzip.compress(content, mtime=0),
            rng.randbytes(3000),
            b"<!DOCTYPE html><html><head><title>404</title></head><body>Weg</body></html>",
            b"<html>\n<body>Service Unavailable</body></html>",
            b'{"error": "not found"}\n',
            b"%PDF-1.4\n" + rng.randbytes(500),
            b"\x89PNG\r\n" + rng.randbytes(500),
            halved(content),
            content * 2,
        ]
    )


@on_bytes
def flipped_bits(book, content, rng):
    if book.separator:  # a digit that becomes another digit cannot be told
        return None
    data = bytearray(content)
    for _ in range(rng.randrange(1, 30)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


MUTATIONS = [*TABLE, *BYTES]


def mutate(book: Book, rng: random.Random) -> tuple[str, bytes]:
    """Break a file in a random way that applies to it."""
    while True:
        mutation = rng.choice(MUTATIONS)
        if mutation in TABLE:
            copy = replace(
                book, sheets={n: [list(r) for r in rows] for n, rows in book.sheets.items()}
            )
            broken = mutation(copy, rng)
            content = None if broken is None else broken.content()
        else:
            content = mutation(book, book.content(), rng)
        if content is not None and content != book.content():
            return mutation.__name__, content


# ---------------------------------------------------------------- what comes of it


def numbers(folder: DataFolder, source: str) -> pd.DataFrame:
    """The numbers under their keys, in one order, without names and notes."""
    frames = [
        frame[
            sorted(
                c
                for c in frame
                if c not in ("_line",)
                and (
                    c in ("school", "ovt", "region", "year", "kind", *get(source).dimensions)
                    or c in get(source).meta["key"]
                    or pd.api.types.is_numeric_dtype(frame[c])
                )
            )
        ]
        for file in folder.of(source)
        for frame in file.frames
    ]
    frames.sort(key=lambda f: (sorted(f), str(f.iloc[0].tolist())))
    return pd.concat(
        [f.sort_values(list(f), ignore_index=True, key=lambda s: s.astype(str)) for f in frames]
    )


def read(folder: Path, book: Book, content: bytes) -> DataFolder:
    for path in folder.iterdir():
        path.unlink()
    for name, other in book.beside.items():
        (folder / name).write_bytes(other)
    (folder / book.name).write_bytes(content)
    scanned = DataFolder(folder)
    scanned.scan()
    return scanned


def judge(folder: Path, source: str, book: Book, content: bytes, right: pd.DataFrame) -> str:
    """Say whether a broken file is right, named, wrong, or ends in a traceback."""
    try:
        found = read(folder, book, content)
    except Exception as error:  # the very thing that must not happen
        return f"traceback: {type(error).__name__}: {error}"
    if found.findings:
        nowhere = [f for f in found.findings if f.line is None and f.column is None]
        return f"wrong: no place in {nowhere[0]}" if nowhere else "named"
    # A note that says to look twice, or what it looks like and is not.
    told = {name for name, _ in found.notices} | {aside.file for aside in found.aside}
    if not found.of(source):
        why = [aside.why for aside in found.aside if aside.file == book.name]
        return "named" if why and why != ["not known"] else "wrong: left aside"
    try:
        pd.testing.assert_frame_equal(
            numbers(found, source), right, check_dtype=False, check_like=True
        )
    except AssertionError as error:
        return "named" if book.name in told else f"wrong: {str(error).splitlines()[0]}"
    return "right"


OPTIONAL = {
    raw.rstrip("?").split("|")[0].replace("{n}", str(n)).replace("{text}", "")
    for name in names()
    for raw in get(name).columns.to_numpy().ravel()
    if str(raw).endswith("?")
    for n in range(10)
}
FAMILIES = [
    (name, layout)
    for name in names()
    for number_, layout in enumerate(get(name).layouts)
    if layout.separator or number_ == 0  # a workbook is one family with all its sheets
]


def run(name: str, layout, how_many: int) -> tuple[Counter, list[str]]:
    """Try a number of mutations of one layout; return the count of each outcome, and the bad."""
    book = invented(name, layout)
    counts, bad = Counter(), []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        whole = read(folder, book, book.content())
        assert not whole.findings, whole.findings[0]
        right = numbers(whole, name)
        assert len(right) >= 20
        for seed in range(how_many):
            rng = random.Random(f"{name} {layout.name} {seed}")
            kind, content = mutate(book, rng)
            outcome = judge(folder, name, book, content, right)
            counts[outcome.split(":")[0]] += 1
            if outcome not in ("right", "named"):
                bad.append(f"{name} {layout.name} seed {seed} {kind}: {outcome}")
    return counts, bad


def line(counts: Counter) -> str:
    parts = ("right", "named", "wrong", "traceback")
    return f"mutations: {counts.total()}, " + ", ".join(f"{p}: {counts[p]}" for p in parts)


@pytest.mark.parametrize(
    ("name", "layout"), FAMILIES, ids=[f"{n}-{layout.name}" for n, layout in FAMILIES]
)
def test_a_broken_file_loads_right_or_is_named(name, layout, record_property):
    counts, bad = run(name, layout, int(os.environ.get("KANSEN_MUTATIONS", CI)))
    record_property("mutations", line(counts))
    print(line(counts))
    assert bad == []


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    every = Counter()
    for family in FAMILIES:
        if len(sys.argv) > 2 and sys.argv[2] not in family[0]:
            continue
        found_, bad_ = run(*family, asked)
        every += found_
        print(f"{family[0]} {family[1].name}: {line(found_)}", flush=True)
        print("".join(f"  {b}\n" for b in bad_[:8]), end="")
    print(line(every))
