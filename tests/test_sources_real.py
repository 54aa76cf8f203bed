"""What we read from the published files, against a plain count with the csv module.

Every truth is tried on small invented files in the same layouts, and on the published ones where
these are beside the repository. Of the published ones some figures are known by heart: the golden
numbers were counted by hand or stand in the publisher's own files; none comes from the code under
test.
"""

import csv
import statistics

import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kansen_analysis import load
from kansen_analysis.schools.coverage import check
from kansen_analysis.sources import DataFolder

ADVICES = (
    *("VSO", "PRO", "VMBO_B", "VMBO_B_K", "VMBO_K", "VMBO_K_GT", "VMBO_GT", "VMBO_GT_HAVO"),
    *("HAVO", "HAVO_VWO", "VWO", "ADVIES_NIET_MOGELIJK"),
)
ADVICE_FILE = "04-leerlingen-bo-sbo-schooladviezen-{}-{}.csv"


@pytest.fixture(scope="module")
def raw(files):
    return files / "raw"


@pytest.fixture(scope="module")
def coverage(raw):
    return check(raw)


def rows(path, encoding="utf-8-sig") -> list[dict]:
    with path.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle, delimiter=";"))


def at(coverage, source, year):
    table = coverage[0]
    (row,) = table[(table["source"] == source) & (table["school_year"] == year)].to_dict("records")
    return row


def bounds(cells) -> tuple[int, int]:
    """Lowest and highest sum of cells as they are printed."""
    cells = list(cells)
    low = sum(1 if cell == "<5" else int(cell) for cell in cells)
    return low, low + 3 * sum(cell == "<5" for cell in cells)


def test_every_file_of_the_folder_is_read_or_named(raw, coverage):
    folder = DataFolder(raw)
    folder.scan()
    assert folder.findings == []
    # has no line in files.csv
    assert [aside.file for aside in folder.aside] == ["02-alle-vestigingen-vo.csv"]
    read = {name for names in coverage[0]["files"] for name in names}
    here = {p.name for p in raw.iterdir()} - {"files.csv"}
    assert here - read == {"02-alle-vestigingen-vo.csv"}


MASKED = {2019: (6282, 0), 2021: (6183, 0), 2022: (6251, 29569), 2023: (6255, 29573)}


@pytest.mark.parametrize("year", MASKED)
def test_schools_and_masked_cells_of_the_advices(raw, are_real, coverage, year):
    found = at(coverage, "schooladviezen", f"{year}-{year + 1}")
    counted = rows(raw / ADVICE_FILE.format(year, year + 1))
    masked = sum(row[a] == "<5" for row in counted for a in ADVICES)
    assert (found["rows"], found["masked_cells"]) == (len(counted), masked)
    assert (masked > 0) == (year >= 2022)
    if are_real:
        assert (len(counted), masked) == MASKED[year]


def test_national_advices_are_exact_before_masking_and_a_range_after(raw, are_real):
    table = load("schooladviezen", raw)
    for year in (2021, 2022):
        counted = rows(raw / ADVICE_FILE.format(year, year + 1))
        told = {advice: bounds(row[advice] for row in counted) for advice in ADVICES}
        ours = table[table["year"] == year].groupby("advice")[["pupils_low", "pupils_high"]].sum()
        assert {advice: tuple(ours.loc[advice]) for advice in ADVICES} == told
        assert any(low < high for low, high in told.values()) == (year == 2022)
        exact = table.loc[table["year"] == year, "pupils"]
        assert exact.notna().all() == (year == 2021)
    if are_real:
        assert table.loc[table["year"] == 2021, "pupils"].sum() == 178_097  # LAYOUTS.md 3a


def test_masked_cells_per_year_of_the_reference_levels(raw, are_real, coverage):
    for year, expected in ((2022, 14254), (2023, 13388), (2024, 13401)):
        name = f"10.-leerlingen-bo-referentieniveaus-{year}-{year + 1}.csv"
        counted = sum(value == "<5" for row in rows(raw / name) for value in row.values())
        assert counted == expected if are_real else counted > 0
        assert at(coverage, "referentieniveaus", f"{year}-{year + 1}")["masked_cells"] == counted


def test_pupils_by_kind_of_school_in_2021(raw, are_real):
    cells: dict[str, list[str]] = {}
    name = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
    for row in rows(raw / name):
        kind = row["SOORT_VESTIGING"].capitalize().replace("/vso", "/Vso")
        cells.setdefault(kind, []).append(row["LEERLINGEN_2021"])
    table = load("leerlingen_historisch", raw)
    ours = table[table["year"] == 2021].groupby("kind")[["pupils_low", "pupils_high"]].sum()
    assert {kind: tuple(ends) for kind, ends in ours.iterrows()} == {
        kind: bounds(counts) for kind, counts in cells.items()
    }
    assert set(cells) == {"Bo", "Sbo", "So", "So/Vso", "Vso"}
    if are_real:
        assert ours.loc["Bo", "pupils_low"] == 1_370_816


def test_pupils_who_moved_down_in_2017(raw, are_real):
    table = load("vo_doorstroom", raw)
    year = table[table["year"] == 2017]
    path = raw / "05.-zittenblijvers-niveau-vestiging-2017-2018-tov-2018-2019.csv"
    counted = rows(path, "cp1252")
    names = {
        "pupils": "AANTAL_LEERLINGEN",
        "zittenblijvers": "AANTAL_ZITTENBLIJVERS",
        "afstromers": "AANTAL_AFSTROMERS",
        "opstromers": "AANTAL_OPSTROMERS",
    }
    told = {ours: sum(int(row[raw_name]) for row in counted) for ours, raw_name in names.items()}
    assert year[list(names)].sum().to_dict() == told
    if are_real:
        assert list(told.values()) == [962_015, 59_960, 29_583, 42_434]
    masked = table[(table["year"] == 2023) & table["afstromers"].isna()]
    assert len(masked) == (164 if are_real else 2)
    assert (masked["afstromers_high"] == 4).all()


def test_pupils_of_all_ages_are_an_interval(raw, are_real):
    table = load("leerlingen", raw)
    counted = rows(raw / "01.-leerlingen-po-soort-po-cluster-leeftijd-2024-2025.csv")
    ages = [name for name in counted[0] if name.startswith("LEEFTIJD_")]
    cells: dict[tuple[str, str], list[str]] = {}
    for row in counted:  # a vestiging can have a row per cluster
        key = row["INSTELLINGSCODE"] + row["VESTIGINGSCODE"], row["SOORT_PO"]
        cells.setdefault(key, []).extend(row[age] for age in ages)
    told = {key: bounds(values) for key, values in cells.items()}
    ours = table.set_index(["school", "kind"])[["pupils_low", "pupils_high"]]
    assert {key: tuple(ends) for key, ends in ours.iterrows()} == told
    hidden = sum(cell == "<5" for values in cells.values() for cell in values)
    assert (table["pupils_high"] - table["pupils_low"]).sum() == 3 * hidden
    assert hidden == 7354 if are_real else hidden > 20


def test_early_leavers_of_2015(raw, are_real):
    table = load("vsv", raw)
    known = (1270, [949_874, 4_522, 2_091, 61, 2_370]) if are_real else (3, [3871, 15, 7, 1, 7])
    sums = table[["pupils", "vsv", "vsv_vmbo", "vsv_mbo", "vsv_overig"]].sum().tolist()
    assert (len(table), sums) == known
    assert (table["year"] == 2014).all()  # the file is of 2015, its pupils of 2014-2015


def test_the_workbook_of_cbs_loads(raw, are_real):
    path = raw / "achterstandsscores-scholen-2019.xlsx"
    with pytest.raises(ValueError, match="could not read stylesheet"):
        openpyxl.load_workbook(path)
    table = load("achterstandsscores", raw).set_index("school")
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Tabel 1").to_python()
    listed = [r for r in sheet if len(str(r[0])) == 6 and str(r[0])[:2].isdigit()]
    assert len(table) == len(listed) == (6295 if are_real else 4)
    assert table["pupils"].sum() == sum(r[1] for r in listed)
    one, other = ("31MX00", "00AV00") if are_real else ("90AD00", "90AB00")
    assert table.loc[one, ["pupils", "achterstandsscore", "note"]].tolist() == [5, 18.32, "a"]
    assert table.loc[other, "note_zonder_drempel"] == "b, c"
    assert (table["year"] == 2019).all()
    # No backlog at all is a score of 0 and not an empty cell; a point is unknown.
    zero = [r[0] for r in listed if r[2] == 0]
    assert zero and (table.loc[zero, "achterstandsscore"] == 0).all()
    unknown = [r[0] for r in listed if r[2] == "."]
    assert table.loc[unknown, "achterstandsscore"].isna().all()


def cells_of(path, sheet: str) -> list[dict]:
    head, *body = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
    return [dict(zip(head, row, strict=True)) for row in body]


def test_the_results_of_the_inspectorate_give_its_national_figures(raw, are_real):
    table = load("leerresultaten", raw)
    usable = table.dropna(subset=["pct_1s2f", "pupils"])
    printed = cells_of(raw / "leerresultaten-2023-2024-2025.ods", "Data")
    national, spread = [], []
    for year, found in usable.groupby("year")["pct_1s2f"]:
        cells = [row[f"Gemiddelde %1S/2F {year % 100}{year % 100 + 1}"] for row in printed]
        told = [float(str(c).replace(",", ".")) for c in cells if c not in ("", "*")]
        assert sorted(found) == sorted(told)
        # each school counts once
        national.append(round(statistics.mean(told), 1))
        spread.append(round(statistics.stdev(told), 1))
    if are_real:
        assert national == [59.8, 56.6, 55.7]  # docs/methods.md
        assert spread == [13.7, 15.1, 14.7]  # docs/methods.md
    values = table.groupby("schoolwegingscategorie")["signaleringswaarde_1s2f"].unique()
    assert (values.map(len) == 1).all()
    if are_real:
        assert len(values) == 20
        assert values["[27,28)"].tolist() == [50.1]
    assert values["[39,40)"].tolist() == [30.3]  # 40 and more stand in the last category
    assert (table["signaleringswaarde_1f"].dropna() == 85).all()
    # each OVT in three years; a star in one year hides all three
    hidden = table[table["pct_1s2f"].isna() & table["pupils_low"].notna()]
    assert len(hidden) and hidden.groupby("ovt").size().max() <= 3
    assert hidden["pupils_high"].isna().all()


def test_schoolweging_by_sheet(raw, are_real):
    table = load("schoolweging", raw)
    assert table["ovt"].nunique() >= 6410 if are_real else table["ovt"].nunique() == 41
    path = raw / "schoolweging-2021-2024.ods"
    for year in (2021, 2022, 2023):
        sheet = cells_of(path, f"{year}-{year + 1}")
        values = [r["schoolweging"] for r in sheet if isinstance(r["schoolweging"], float)]
        ours = table.loc[table["year"] == year, "schoolweging"].dropna()
        assert len(ours) == len(values)
        assert abs(ours.sum() - sum(values)) < 1e-6
    last = table[table["year"] == 2023].set_index("ovt")["schoolweging_driejaars"].dropna()
    means = [list(row.values()) for row in cells_of(path, "Driejaarsgemiddelde")]
    assert last.to_dict() == {row[0]: row[3] for row in means if isinstance(row[3], float)}
    assert (last.min(), last.max()) == (20, 40)
    if are_real:
        assert len(last) == 6314  # 6,338 less 24 without a mean
    assert table.loc[table["year"] < 2023, "schoolweging_driejaars"].isna().all()


def test_every_ovt_is_matched_or_listed(raw, coverage):
    lost = coverage[1]
    for source in ("schoolweging", "leerresultaten"):
        table = load(source, raw)
        listed = lost[lost["source"] == source]
        for year, rows_ in table.groupby("year"):
            unmatched = set(rows_.loc[rows_["school"].isna(), "ovt"])
            assert unmatched == set(listed.loc[listed["year"] == year, "key"])
            matched = rows_.dropna(subset="school")
            assert not matched["school"].duplicated().any()
            assert (matched["school"].str[:4] == matched["ovt"].str[:4]).all()


def test_an_ovt_number_is_never_taken_for_a_vestiging(raw, are_real):
    table = load("schoolweging", raw).drop_duplicates("ovt").set_index("ovt")
    if are_real:
        # 03GE|C3 has no vestiging; De Posthoorn is C2 of 13AZ and not vestiging 01
        assert pd.isna(table["school"].get("03GE|C3"))
        assert table["school"].get("13AZ|C2") != "13AZ01"
    else:
        assert pd.isna(table["school"]["90AE|C3"])
        assert table["school"]["90AE|C2"] == "90AE00"  # by its name, and not 90AE01
        assert table["school"]["90AB|C3"] == "90AB01"
        assert table["match"][["90AA|C1", "90AE|C2"]].tolist() == ["enige vestiging", "naam"]


def test_eindscores_of_2018(raw, are_real):
    table = load("eindscores", raw)
    counted = rows(raw / "05-gemiddelde-eindscores-bo-sbo-2018-2019.csv", "cp1252")
    assert table["school"].nunique() == len(counted) == (6579 if are_real else 42)
    assert (table["year"] == 2018).all()
    for provider in ("CET", "IEP", "ROUTE8", "DIA", "AMN"):
        ours = table[table["provider"] == provider]
        assert ours["pupils"].sum() == sum(int(r[f"{provider}_AANTAL"]) for r in counted)
        means = [float(v.replace(",", ".")) for r in counted if (v := r[f"{provider}_GEM"].strip())]
        assert ours["mean_score"].notna().sum() == len(means)
        assert abs(ours["mean_score"].sum() - sum(means)) < 1e-6
    used = table[table["pupils"] > 0].groupby("school").size()
    known = (51, 1, 146) if are_real else (1, 1, 1)  # LAYOUTS.md 2a
    found = (used == 2).sum(), (used == 3).sum(), table["school"].nunique() - len(used)
    assert found == known


def test_both_notations_of_a_vestiging_end_as_the_same_key(raw, are_real):
    # 00 in one file, 32JK00 in the other
    register = load("vestigingen", raw)
    assert ("32JK00" if are_real else "90AB01") in set(register["school"])
    for source in ("schooladviezen", "referentieniveaus", "eindscores", "leerlingen_historisch"):
        assert load(source, raw)["school"].str.fullmatch(r"\d\d[A-Z]{2}\d\d").all()


def test_the_register_of_2020_and_of_2026(raw, are_real):
    table = load("vestigingen", raw)
    drenthe = table[table["province"] == "Drenthe"].groupby("year")["school"].apply(set)
    gone, new = drenthe[2020] - drenthe[2025], drenthe[2025] - drenthe[2020]
    if are_real:
        assert (len(drenthe[2020]), len(drenthe[2025])) == (258, 253)  # LAYOUTS.md 6
        assert (len(gone), len(new)) == (8, 3)
    else:
        assert (gone, new) == ({"90AY00"}, {"90AB01"})
        assert len(drenthe[2020]) == len(drenthe[2025]) == 7


# LAYOUTS.md 5, and the four special schools of the invented file
SPECIAL = {"Sbo": (1043, 878), "So": (152, 230), "So/Vso": (764, 922), "Vso": (287, 483)}
INVENTED_SPECIAL = {"Sbo": (101, 95), "So": (1, 1), "So/Vso": (89, 95), "Vso": (34, 30)}


def test_special_education_in_drenthe(raw, are_real):
    codes = ["0106", "0109", "0114", "0118", "0119", "1680"]
    codes += ["1681", "1690", "1699", "1701", "1730", "1731", "9001", "0902"]
    table = load("leerlingen_historisch", raw)
    drenthe = table[table["municipality_code"].isin(codes)]
    pupils = drenthe.groupby(["kind", "year"])["pupils_low"].sum()
    for kind, (first, last) in (SPECIAL if are_real else INVENTED_SPECIAL).items():
        assert (pupils[kind, 2019], pupils[kind, 2025]) == (first, last)


def test_the_excerpts_load(files, are_real):
    folder = DataFolder(files / "excerpts")
    folder.scan()
    assert folder.findings == []
    assert folder.unknown == []
    scores = load("eindscores", folder)
    key = "00AP00" if are_real else "90AA00"
    one = scores[(scores["school"] == key) & (scores["provider"] == "CET")].iloc[0]
    assert (one["year"], one["pupils"], one["mean_score"]) == (2022, 18, 533.5)
    one = scores[(scores["school"] == key) & (scores["provider"] == "LIB")].set_index("year")
    assert one.loc[2024, ["pupils", "mean_score"]].tolist() == [12, 174.25]
    assert one.loc[2023, "exempt_high"] == 4
    # Nobody sat the others: a long row of zeros is no mean, and `NA` hides one of few pupils.
    assert scores.loc[scores["pupils"] == 0, "mean_score"].isna().all()
    few = scores[scores["pupils"].isna()]
    assert len(few) and few["mean_score"].isna().all() and (few["pupils_high"] == 4).all()


def test_results_of_secondary_schools_as_a_sector_body_gives_them(files, are_real):
    table = load("vo_resultaten", DataFolder(files / "other"))
    key = "01ET00" if are_real else "90ZA00"
    one = table[(table["school"] == key) & (table["track"] == "VWO")].set_index("year")
    # A mean of 0 is a mean here; years without a cell have none.
    assert one["advies"].dropna().to_dict() == {2021: 0.0, 2022: -0.75, 2023: -0.76}
    assert one["onderbouwsnelheid"].dropna().to_dict() == {2019: 98.29, 2021: 92.91, 2022: 98.26}


def test_pupils_by_home_postcode_have_a_file_per_municipality(files, are_real):
    homes = files / "other" / "leerlingen-po-herkomst"
    folder = DataFolder(homes)
    table = load("leerlingen_herkomst", folder)
    assert folder.findings == []
    codes = {"0106": "Assen", "0109": "Coevorden"}
    codes = codes if are_real else {"9001": "Verzandveen", "0902": "Sûd-Aast"}
    assert set(table["municipality_code"]) == set(codes)
    for code, name in codes.items():
        counted = rows(homes / f"{name} afgeschermd.csv")
        ours = table[table["municipality_code"] == code]
        assert len(ours) == len(counted)
        ages = [column for column in counted[0] if column.startswith("LEEFTIJD_")]
        told = bounds(row[age] for row in counted for age in ages)
        assert (ours["pupils_low"].sum(), ours["pupils_high"].sum()) == told
