"""Write an invented world in the published layouts.

Headers, file names, separators and encodings come from the tables in `sources`; here stand only the
habits those tables do not hold: quoting, padding, how a hidden or missing value is written.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from kansen_analysis.demo import names
from kansen_analysis.demo.world import (
    ADVICES,
    HISTORY,
    NO_TEST,
    PROVIDERS,
    WEGING_YEARS,
    YEARS,
    World,
)
from kansen_analysis.schools.participants import COLUMNS as PARTICIPANT_COLUMNS
from kansen_analysis.sources import schoolyear, spec
from kansen_analysis.sources.rows import each_row

MASKED_FROM = 2022  # from this school year on DUO prints 1 to 4 pupils as "<5"
PROGRAMME = "Kansen4Kinderen"
STOPPED, LAST_WITH_COACH = 2, 2023  # schools where the coach left, and after which school year
INVENTED = "Verzonnen gegevens: geen enkele school, gemeente of bestuur in dit bestand bestaat."

# Percentage of 1S/2F below which the inspectorate looks closer, by schoolweging from 20 to 40.
SIGNAL_VALUES = (
    68.3, 65.0, 61.9, 58.9, 56.2, 53.8, 51.8, 50.1, 48.6, 47.1,
    45.5, 43.5, 41.2, 38.7, 36.3, 34.3, 32.8, 32.0, 31.7, 30.3,
)  # fmt: skip


class Bare(str):
    """A cell that is never put between quotation marks."""

    __slots__ = ()


# ---------------------------------------------------------------- csv


def _quoted(cell: str) -> str:
    if isinstance(cell, Bare):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def _where_needed(cell: str) -> str:
    return _quoted(cell) if '"' in cell or ";" in cell else cell


def write_csv(
    path: Path,
    rows: Iterable[list[str]],
    *,
    separator: str = ";",
    encoding: str = "utf-8",
    quote_all: bool = False,
    newline: str = "\r\n",
) -> None:
    """Write rows of text, the header first, in a publisher's manner."""
    write = _quoted if quote_all else _where_needed
    text = "".join(separator.join(map(write, row)) + newline for row in rows)
    path.write_bytes(text.encode(encoding))


def write_table(
    folder: Path,
    row: dict,
    columns: list[tuple[str, str]],
    records: list[dict],
    *,
    quote_all: bool = False,
    newline: str = "\r\n",
) -> None:
    """Write records by canonical name under the raw headers of a layout."""
    rows = [[raw for _, raw in columns]]
    rows += [[record[name] for name, _ in columns] for record in records]
    write_csv(
        folder / row["file"],
        rows,
        separator=row["separator"],
        encoding=row["encoding"],
        quote_all=quote_all,
        newline=newline,
    )


def layout_columns(source: str, name: str) -> list[tuple[str, str]]:
    """Return canonical name and raw header of every column of a layout."""
    raw = spec.get(source).columns.loc[name]
    return [(str(canonical), header) for canonical, header in raw.items() if header]


def _yearly_files(source: str) -> list[dict]:
    """Return the rows of ``files.csv`` that name one school year of the demo."""
    rows = spec.get(source).files.to_dict("records")
    wanted = {schoolyear.label(year) for year in YEARS}
    return [
        r | {"year": schoolyear.parse(r["school_year"])} for r in rows if r["school_year"] in wanted
    ]


# ---------------------------------------------------------------- values


def count_cell(number: int, year: int) -> str:
    """Write a count as DUO does in that school year."""
    return "<5" if year >= MASKED_FROM and 0 < number < 5 else str(number)


def _mean(pupils: int, total: int, year: int, provider: str) -> str:
    """Write a mean score as the file of that year does."""
    if year >= 2023:
        decimals = 13 if provider == "IEP" else 12
        if 0 < pupils < 5:
            return Bare("NA")
        return f"{total / pupils if pupils else 0:.{decimals}f}".replace(".", ",")
    if year >= MASKED_FROM and 0 < pupils < 5:
        return Bare("NA")
    if pupils >= 5:
        return Bare(f"{total / pupils:.15g}".replace(".", ","))
    if year >= 2021 and pupils == 0:
        return Bare("0")
    return "0,00" if year == 2014 and pupils == 0 else " "


def _hundredths(part: int, whole: int) -> int:
    """Return a percentage in hundredths, half up, without floating point."""
    return (20000 * part + whole) // (2 * whole)


def percentage(hundredths: int) -> str:
    """Write 5556 as ``55,56`` and 7000 as ``70``."""
    text = f"{hundredths // 100},{hundredths % 100:02d}"
    return text.rstrip("0").rstrip(",")


def _school_cells(world: World, padded: Callable[[str], str]) -> list[dict]:
    """Return the columns that describe a school, as the yearly pupil files have them."""
    return [
        {
            "brin": s.brin,
            "branch": s.branch,
            "name": s.name,
            "postcode": s.postcode,
            "place": s.place.upper(),
            "municipality_code": padded(s.municipality_code),
            "municipality": s.municipality,
            "province": s.province,
            "kind": s.kind,
            "denomination": s.denomination,
            "board": s.board,
        }
        for s in each_row(world.schools)
    ]


def _padding(year: int, quoted: bool) -> Callable[[str], str]:
    """Return how a municipality code is written: `` 997``, ``997`` or ``0997``."""
    if year >= 2024:
        return lambda code: code
    if quoted:
        return lambda code: code.lstrip("0")
    return lambda code: code.lstrip("0").rjust(4)


def _there(world: World, year: int) -> np.ndarray:
    schools = world.schools
    return ((schools["opened"] <= year) & (schools["closed"] > year)).to_numpy()


# ---------------------------------------------------------------- DUO, one file a year

# Up to 2018-2019 PEILDATUM is the day of the test, later 1 October of the school year.
_TEST_DAYS = {
    2014: "20150421",
    2015: "20160419",
    2016: "20170415",
    2017: "20180417",
    2018: "20190417",
    2020: "20210420",
}
_SNAPSHOTS = {2018: "20190725", 2022: "20230601", 2023: "20240904", 2024: "20250904"}  # as seen
_LEVEL_COLUMNS = (
    ("rekenen_lager1f", "rekenen_1f", "rekenen_1s", "rekenen_2f"),
    ("lezen_lager1f", "lezen_1f", "lezen_2f"),
    ("taalverzorging_lager1f", "taalverzorging_1f", "taalverzorging_2f"),
)


def _write_yearly(world: World, folder: Path, source: str, cells: Callable, rows: Callable) -> None:
    """Write every yearly file of a source.

    `cells` gives a school's own columns, from (school, position of the year, year); `rows` the
    schools in the file, from (position of the year, year).
    """
    for file in _yearly_files(source):
        columns = layout_columns(source, file["layout"])
        year = file["year"]
        t = YEARS.index(year)
        quoted = file["encoding"] != "cp1252"
        base = _school_cells(world, _padding(year, quoted))
        records = [base[i] | cells(i, t, year) for i in rows(t, year)]
        write_table(folder, file, columns, records, quote_all=quoted)


def write_eindscores(world: World, folder: Path) -> None:
    """Write mean test scores, 2014-2015 to 2024-2025, no file for 2019-2020."""

    def cells(i: int, t: int, year: int) -> dict:
        record = {
            "count_date": _TEST_DAYS.get(year, f"{year}1001"),
            "snapshot_date": _SNAPSHOTS.get(year, f"{year + 1}0725"),
            "grade8_pupils": str(world.grade8[i, t]),
            "exempt": count_cell(int(world.exempt[i, t]), year),
        }
        for p, provider in enumerate(PROVIDERS):
            pupils, total = (int(n) for n in world.scores[i, t, p])
            record[f"{provider.lower()}_pupils"] = count_cell(pupils, year)
            record[f"{provider.lower()}_mean"] = _mean(pupils, total, year, provider)
        return record

    def rows(t: int, year: int) -> np.ndarray:
        return np.flatnonzero(_there(world, year) & (world.grade8[:, t] > 0))

    _write_yearly(world, folder, "eindscores", cells, rows)


def write_referentieniveaus(world: World, folder: Path) -> None:
    """Write pupils by reference level, regular schools only; some rows hold nobody."""
    bo = (world.schools["kind"] == "Bo").to_numpy()

    def cells(i: int, t: int, year: int) -> dict:
        record = {"count_date": _TEST_DAYS.get(year, f"{year}1001")}
        for columns, counts in zip(_LEVEL_COLUMNS, world.levels, strict=True):
            for column, number in zip(columns, counts[i, t], strict=True):
                record[column] = count_cell(int(number), year)
        return record

    def rows(t: int, year: int) -> np.ndarray:
        return np.flatnonzero(_there(world, year) & bo)

    _write_yearly(world, folder, "referentieniveaus", cells, rows)


def write_schooladviezen(world: World, folder: Path) -> None:
    """Write advices, 2014-2015 to 2024-2025; exact up to 2021-2022."""

    def cells(i: int, t: int, year: int) -> dict:
        counts = world.advices[i, t]
        record = {
            "count_date": f"{year}1001",
            "snapshot_date": f"{year + 1}{'0904' if year >= 2023 else '0501'}",
            "advices_total": str(counts.sum()),
        }
        for advice, number in zip(ADVICES, counts, strict=True):
            record[advice.lower()] = count_cell(int(number), year)
        return record

    def rows(t: int, year: int) -> np.ndarray:
        return np.flatnonzero(_there(world, year) & (world.advices[:, t].sum(axis=1) > 0))

    _write_yearly(world, folder, "schooladviezen", cells, rows)


# ---------------------------------------------------------------- DUO, registers


def write_vestigingen(world: World, folder: Path) -> None:
    """Write the register as it was in 2020-2021 and in 2025-2026, and say so in ``files.csv``."""
    notes = [["file", "source", "school_year", "note"]]
    for row, year in zip(
        spec.get("vestigingen").files.to_dict("records"), (2020, 2025), strict=True
    ):
        columns = layout_columns("vestigingen", row["layout"])
        schools = world.schools[_there(world, year) & (world.schools["kind"] == "Bo")]
        records = [
            _register_cells(s)
            for s in each_row(schools.sort_values(["province", "board"], kind="stable"))
        ]
        # The file of 2020 ends its lines the Unix way.
        write_table(folder, row, columns, records, newline="\n" if year == 2020 else "\r\n")
        note = f"verzonnen register van {year}; het bestand noemt zelf geen datum"
        notes.append([row["file"], "vestigingen", schoolyear.label(year), note])
    write_csv(folder / "files.csv", notes, separator=",", newline="\n")


def _register_cells(s) -> dict:
    area = f"{list(names.PROVINCES).index(s.province) + 81}"
    record = {
        "province": s.province,
        "board": s.board,
        "brin": s.brin,
        "branch": s.school,
        "name": s.name,
        "street": s.street,
        "house_number": s.number,
        "postcode": f"{s.postcode[:4]} {s.postcode[4:]}",
        "place": s.place.upper(),
        "municipality_code": s.municipality_code,
        "municipality": s.municipality.upper(),
        "denomination": s.denomination,
        "phone": " ",
        "website": f"www.school-{s.school.lower()}.example" if int(s.number) % 8 else " ",
        "vacation_region": names.PROVINCES[s.province][1],
    }
    for part in ("street", "house_number", "postcode", "place"):
        record[f"post_{part}"] = record[part]
    for region in ("nodaal", "rpa", "wgr", "corop", "onderwijsgebied", "rmc"):
        record[f"{region}_code"] = area
        record[region] = f"Verzonnen gebied {area}"
    return record


def write_leerlingen_historisch(world: World, folder: Path) -> None:
    """Write all pupils per school, 1996 to 2025, in one wide file."""
    row = spec.get("leerlingen_historisch").files.to_dict("records")[0]
    columns: list[tuple[str, str]] = []
    for name, raw in layout_columns("leerlingen_historisch", row["layout"]):
        years = HISTORY if "{yyyy}" in raw else [None]
        columns += [(f"{name}{y}" if y else name, raw.replace("{yyyy}", str(y))) for y in years]
    records = []
    now = zip(each_row(world.schools), world.history, strict=True)
    before = ((s, s.history) for s in each_row(world.closed_before))
    for s, counts in [*now, *before]:
        record = {
            "brin": s.brin,
            "branch": s.brin + s.branch,
            "name": s.name,
            "kind": s.kind.upper(),
            "denomination": s.denomination,
            "board": s.board,
            "municipality_code": s.municipality_code.lstrip("0"),
            "municipality": s.municipality.upper(),
        }
        for year, number in zip(HISTORY, counts, strict=True):
            record[f"pupils{year}"] = count_cell(int(number), MASKED_FROM)  # masked in every year
        records.append(record)
    records.sort(key=lambda record: record["branch"])
    write_table(folder, row, columns, records)


# ---------------------------------------------------------------- Inspectie, workbooks


def _cell(value) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, str):
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(value)}</text:p></table:table-cell>"
        )
    number = repr(float(value)).removesuffix(".0")
    return (
        f'<table:table-cell office:value-type="float" office:value="{number}">'
        f"<text:p>{number.replace('.', ',')}</text:p></table:table-cell>"
    )


def _sheet(name: str, rows: list[list]) -> str:
    body = "".join(f"<table:table-row>{''.join(map(_cell, r))}</table:table-row>" for r in rows)
    rest = 1_048_576 - len(rows)
    return (
        f'<table:table table:name="{escape(name, {chr(34): "&quot;"})}">'
        f'<table:table-column table:number-columns-repeated="16384"/>{body}'
        f'<table:table-row table:number-rows-repeated="{rest}">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )


def write_ods(path: Path, sheets: dict[str, list[list]]) -> None:
    """Write an OpenDocument workbook: text as text, numbers as numbers.

    The parts are stored, not compressed, and carry no date: compressors differ between machines,
    and the same seed must give the same bytes everywhere.

    Examples
    --------
    >>> import tempfile
    >>> from python_calamine import CalamineWorkbook
    >>> path = Path(tempfile.mkdtemp()) / "a.ods"
    >>> write_ods(path, {"Data": [["OVT", "weging"], ["90AA|C1", 31.47]]})
    >>> CalamineWorkbook.from_path(path).get_sheet_by_name("Data").to_python()
    [['OVT', 'weging'], ['90AA|C1', 31.47]]
    """
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<office:document-content xmlns:office="{urn}office:1.0" xmlns:table="{urn}table:1.0" '
        f'xmlns:text="{urn}text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        + "".join(_sheet(name, rows) for name, rows in sheets.items())
        + "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<manifest:manifest xmlns:manifest="{urn}manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    parts = {"mimetype": mime, "content.xml": content, "META-INF/manifest.xml": manifest}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as book:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # else it tells Windows from the rest
            book.writestr(entry, text)


def _editions(source: str) -> dict[str, list[dict]]:
    """Return the sheets of every workbook of a source."""
    books: dict[str, list[dict]] = {}
    for row in spec.get(source).files.to_dict("records"):
        books.setdefault(row["file"], []).append(row)
    return books


def three_year_mean(world: World, first: int) -> np.ndarray:
    """Return the mean schoolweging per OVT of three years, cut at 20 and 40; NaN where unknown."""
    start = WEGING_YEARS.index(first)
    values = world.weging[:, start : start + 3]
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0).sum(axis=1), known.sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    mean[world.ovt["newcomers"].to_numpy()] = np.nan
    return np.round(np.clip(mean, 20.0, 40.0), 2)


def _standing(world: World, year: int) -> np.ndarray:
    """Return which OVTs have a school that exists in this school year."""
    there = _there(world, year)
    return np.array([any(there[i] for i, _ in members) for members in world.ovt["members"]])


def write_schoolweging(world: World, folder: Path) -> None:
    """Write two editions, three school years each, two of them in both."""
    for file, layouts in _editions("schoolweging").items():
        first, last = (schoolyear.parse(y) for y in layouts[0]["school_year"].split(".."))
        labels = {year: schoolyear.label(year) for year in range(first, last + 1)}
        newest = last == WEGING_YEARS[-1]
        named = ", ".join(labels.values())
        here = np.flatnonzero(_standing(world, last)).tolist()
        mean = three_year_mean(world, first)
        sheets: dict[str, list[list]] = {}
        for row in layouts:
            header = [raw for _, raw in layout_columns("schoolweging", row["layout"])]
            if row["layout"] == "driejaars":  # the newest edition writes its years with slashes
                years = named.replace("-", "/") if newest else named
                sheets[row["sheet"]] = [[raw.replace("{years}", years) for raw in header]] + [
                    [*_ovt_cells(world, n), mean[n]] for n in here if not np.isnan(mean[n])
                ]
                continue
            for year, label in labels.items():
                body = [_weging_row(world, n, year) for n in here]
                sheets[row["sheet"].replace("{year}", label)] = [header, *body]
        about = {
            "Toelichting": [[f"Schoolweging {named}"], [""], [INVENTED]],
            "Veranderingen_in_'23-24": [["Veranderingen"], [""], [INVENTED]],
        }
        order = [*labels.values(), "Driejaarsgemiddelde", *about]
        if not newest:
            order = [*about, "Driejaarsgemiddelde", *reversed(labels.values())]
        sheets |= about
        write_ods(folder / file, {name: sheets[name] for name in order})


def _ovt_cells(world: World, n: int) -> list:
    ovt, name, board = (world.ovt[column].loc[n] for column in ("ovt", "name", "board"))
    return [ovt, name, int(board)]


def _weging_row(world: World, n: int, year: int) -> list:
    t = WEGING_YEARS.index(year)
    value, spread = world.weging[n, t], world.spreiding[n, t]
    pupils = int(world.pupils[n, t])
    if np.isnan(value):
        return [*_ovt_cells(world, n), "", 0 if pupils else "", ""]
    return [*_ovt_cells(world, n), value, pupils, spread]


def write_leerresultaten(world: World, folder: Path) -> None:
    """Write three years of results per OVT; one year of 1 to 4 pupils hides all three."""
    ((file, rows),) = _editions("leerresultaten").items()
    first, last = (schoolyear.parse(y) for y in rows[0]["school_year"].split(".."))
    years = [first, first + 1, last]
    raw = dict(layout_columns("leerresultaten", rows[0]["layout"]))
    key, *rest = raw.values()
    yearly = [h for h in rest if "{yyzz}" in h]
    header = [key]
    header += [h.replace("{yyzz}", f"{y % 100}{y % 100 + 1}") for y in years for h in yearly]
    header += [h for h in rest if "{yyzz}" not in h]

    weging = three_year_mean(world, first - 1)
    data: list[list] = [header]
    for n in np.flatnonzero(_standing(world, last)).tolist():
        results = world.ovt_results[n, [YEARS.index(y) for y in years]].tolist()
        if any(pupils for pupils, _, _ in results) and not world.ovt["newcomers"].loc[n]:
            data.append([world.ovt["ovt"].loc[n], *_results_row(results, float(weging[n]))])
    described = [
        [f"Bestandsbeschrijving leerresultaten primair onderwijs {file[15:-4]}"],
        [INVENTED],
        [""],
        [f"Aantal records in bestand: {len(data) - 1}"],
        ["Variabele", "", "", "", "", "Omschrijving"],
        ["Ovt", "", "", "", "", "Kenmerk van de school"],
    ]
    for y in years:  # the description names the columns otherwise than the data do
        for h in yearly:
            name = h.replace("Gemiddelde", "Gemiddeld").replace("{yyzz}", str(y + 1))
            described.append([name, "", "", "", "", f"{h.rsplit(' ', 1)[0]} in {y + 1}"])
    about = [["Toelichting leerresultaten primair onderwijs"], [""], [INVENTED]]
    write_ods(
        folder / file, {"Toelichting": about, "Bestandsbeschrijving": described, "Data": data}
    )


def _results_row(results: list[list[int]], weging: float) -> list[object]:
    """Return the cells of one OVT from (pupils, 1F reached, 1S/2F reached) per year."""
    hidden = any(0 < pupils < 5 for pupils, _, _ in results)
    cells: list[object] = []
    for pupils, reached, target in results:
        if not pupils:
            cells += ["", "", ""]
        elif hidden:
            cells += ["*", "*", "*"]
        else:
            percentages = [percentage(_hundredths(n, 3 * pupils)) for n in (reached, target)]
            cells += [*percentages, str(pupils)]
    known = not np.isnan(weging)
    place = min(int(weging), 39) - 20 if known else 0
    signal = SIGNAL_VALUES[place]
    group = f"[{place + 20},{place + 21})"
    cells += [weging, group, 85, signal] if known else ["", "", 85, ""]
    total, reached, target = (sum(column) for column in zip(*results, strict=True))
    shares = [_hundredths(part, 3 * total) for part in (reached, target)]
    few = total < 5
    cells += ["*", "*", "*"] if few else [*map(percentage, shares), str(total)]
    if few or not known or any(not pupils for pupils, _, _ in results):
        return [*cells, "Te weinig gegevens", "Te weinig gegevens"]
    if total < 15:
        return [*cells, *["Kleine school - Beoordeling over 5 jaar"] * 2]
    for share, border in zip(shares, (85, signal), strict=True):
        side = "Boven" if share >= round(100 * border) else "Onder"
        cells.append(f"{side} de signaleringswaarde")
    return cells


# ---------------------------------------------------------------- the programme and the truth


def write_participants(world: World, folder: Path) -> None:
    """Write the register of participants; a few have no coach yet, and a few no longer."""
    columns = list(PARTICIPANT_COLUMNS)
    columns.insert(columns.index("coach_start") + 1, "coach_end")
    rows = [columns]
    people = world.schools[world.schools["participant"]]
    first = people[people["cohort"] == people.loc[people["cohort"] > 0, "cohort"].min()]
    stopped = set(first.sort_values(["hours", "school"], kind="stable")["school"][:STOPPED])
    for s in each_row(people):
        rows.append(
            [
                s.school,
                s.name,
                s.municipality,
                s.municipality_code,
                PROGRAMME,
                schoolyear.label(s.network),
                schoolyear.label(s.cohort) if s.cohort else "",
                schoolyear.label(LAST_WITH_COACH) if s.school in stopped else "",
                str(s.hours) if s.hours else "",
                "verzonnen voor de demo",
            ]
        )
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    (folder / "participants.csv").write_bytes(buffer.getvalue().encode("utf-8"))


def write_truth(world: World, folder: Path, seed: int) -> None:
    """Write the effects that were put in."""
    participants = world.schools[world.schools["participant"]]
    truth = {
        "note": INVENTED,
        "seed": seed,
        "no_test": schoolyear.label(NO_TEST),
        "participants": len(participants),
        "participants_by_coach_start": {
            schoolyear.label(g) if g else "none": n
            for g, n in sorted(Counter(participants["cohort"].tolist()).items())
        },
        **world.truth,
        "goal3": {"zero": True, "note": "no file of this demo measures it"},
        "goal4": {"zero": True, "note": "no effect on vso or pro advices apart from goal 2"},
    }
    text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
    (folder / "truth.json").write_bytes(text.encode("utf-8"))


def write_all(world: World, folder: Path, seed: int) -> None:
    """Write every file of the demo."""
    folder.mkdir(parents=True, exist_ok=True)
    write_schoolweging(world, folder)
    write_leerresultaten(world, folder)
    write_eindscores(world, folder)
    write_referentieniveaus(world, folder)
    write_schooladviezen(world, folder)
    write_vestigingen(world, folder)
    write_leerlingen_historisch(world, folder)
    write_participants(world, folder)
    write_truth(world, folder, seed)
