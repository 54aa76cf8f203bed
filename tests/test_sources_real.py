"""What we read from the published files, against a plain count with the csv module.

The golden numbers were counted by hand or stand in the publisher's own files; none comes from the
code under test.
"""

import csv
import statistics
from collections import Counter

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kansen_analysis import load
from kansen_analysis.schools.coverage import check
from kansen_analysis.sources import DataFolder

pytestmark = pytest.mark.real

ADVICES = (
    *("VSO", "PRO", "VMBO_B", "VMBO_B_K", "VMBO_K", "VMBO_K_GT", "VMBO_GT", "VMBO_GT_HAVO"),
    *("HAVO", "HAVO_VWO", "VWO", "ADVIES_NIET_MOGELIJK"),
)
ADVICE_FILE = "04-leerlingen-bo-sbo-schooladviezen-{}-{}.csv"


@pytest.fixture(scope="module")
def raw(real_data):
    return real_data / "raw"


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


def test_every_file_of_the_folder_is_read_or_named(raw, coverage):
    folder = DataFolder(raw)
    folder.scan()
    assert folder.findings == []
    # has no line in files.csv
    assert [aside.file for aside in folder.aside] == ["02-alle-vestigingen-vo.csv"]
    read = {name for names in coverage[0]["files"] for name in names}
    here = {p.name for p in raw.iterdir()} - {"files.csv"}
    assert here - read == {"02-alle-vestigingen-vo.csv"}


@pytest.mark.parametrize(
    ("year", "schools", "masked"),
    [(2019, 6282, 0), (2021, 6183, 0), (2022, 6251, 29569), (2023, 6255, 29573)],
)
def test_schools_and_masked_cells_of_the_advices(raw, coverage, year, schools, masked):
    found = at(coverage, "schooladviezen", f"{year}-{year + 1}")
    assert (found["rows"], found["masked_cells"]) == (schools, masked)
    counted = rows(raw / ADVICE_FILE.format(year, year + 1))
    assert len(counted) == schools
    assert sum(row[a] == "<5" for row in counted for a in ADVICES) == masked


def test_national_advices_are_exact_before_masking_and_a_range_after(raw):
    table = load("schooladviezen", raw)
    for year in (2021, 2022):
        low, high = Counter(), Counter()
        for row in rows(raw / ADVICE_FILE.format(year, year + 1)):
            for advice in ADVICES:
                hidden = row[advice] == "<5"
                low[advice] += 1 if hidden else int(row[advice])
                high[advice] += 4 if hidden else int(row[advice])
        ours = table[table["year"] == year].groupby("advice")[["pupils_low", "pupils_high"]].sum()
        assert ours["pupils_low"].to_dict() == dict(low)
        assert ours["pupils_high"].to_dict() == dict(high)
    exact = table.loc[table["year"] == 2021, "pupils"].sum()
    assert exact == 178_097  # LAYOUTS.md 3a


def test_masked_cells_per_year_of_the_reference_levels(raw, coverage):
    for year, expected in ((2022, 14254), (2023, 13388), (2024, 13401)):
        name = f"10.-leerlingen-bo-referentieniveaus-{year}-{year + 1}.csv"
        counted = sum(value == "<5" for row in rows(raw / name) for value in row.values())
        assert counted == expected
        assert at(coverage, "referentieniveaus", f"{year}-{year + 1}")["masked_cells"] == counted


def test_pupils_by_kind_of_school_in_2021(raw):
    low, high = Counter(), Counter()
    name = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
    for row in rows(raw / name):
        count = row["LEERLINGEN_2021"]
        kind = row["SOORT_VESTIGING"].capitalize().replace("/vso", "/Vso")
        low[kind] += 1 if count == "<5" else int(count)
        high[kind] += 4 if count == "<5" else int(count)
    table = load("leerlingen_historisch", raw)
    ours = table[table["year"] == 2021].groupby("kind")[["pupils_low", "pupils_high"]].sum()
    assert ours["pupils_low"].to_dict() == dict(low)
    assert ours["pupils_high"].to_dict() == dict(high)
    assert ours.loc["Bo", "pupils_low"] == 1_370_816


def test_pupils_who_moved_down_in_2017(raw):
    table = load("vo_doorstroom", raw)
    year = table[table["year"] == 2017]
    path = raw / "05.-zittenblijvers-niveau-vestiging-2017-2018-tov-2018-2019.csv"
    counted = rows(path, "cp1252")
    assert year["afstromers"].sum() == sum(int(r["AANTAL_AFSTROMERS"]) for r in counted) == 29_583
    assert year["zittenblijvers"].sum() == 59_960
    assert year["opstromers"].sum() == 42_434
    assert year["pupils"].sum() == 962_015
    masked = table[(table["year"] == 2023) & table["afstromers"].isna()]
    assert len(masked) == 164
    assert (masked["afstromers_high"] == 4).all()


def test_pupils_of_all_ages_are_an_interval(raw):
    table = load("leerlingen", raw)
    counted = rows(raw / "01.-leerlingen-po-soort-po-cluster-leeftijd-2024-2025.csv")
    ages = [name for name in counted[0] if name.startswith("LEEFTIJD_")]
    low = {
        (r["INSTELLINGSCODE"] + r["VESTIGINGSCODE"], r["SOORT_PO"]): sum(
            1 if r[a] == "<5" else int(r[a]) for a in ages
        )
        for r in counted
    }
    ours = table.set_index(["school", "kind"])["pupils_low"].to_dict()
    assert ours == low
    width = (table["pupils_high"] - table["pupils_low"]).sum()
    assert width == 3 * 7354  # hidden cells, each 1 to 4


def test_early_leavers_of_2015(raw):
    table = load("vsv", raw)
    assert len(table) == 1270
    assert table[["pupils", "vsv", "vsv_vmbo", "vsv_mbo", "vsv_overig"]].sum().tolist() == [
        *(949_874, 4_522, 2_091, 61, 2_370)
    ]


def test_the_workbook_of_cbs_loads(raw):
    table = load("achterstandsscores", raw).set_index("school")
    book = CalamineWorkbook.from_path(raw / "achterstandsscores-scholen-2019.xlsx")
    sheet = book.get_sheet_by_name("Tabel 1").to_python()
    listed = [r for r in sheet if len(str(r[0])) == 6 and str(r[0])[:2].isdigit()]
    assert len(table) == len(listed) == 6295
    assert table["pupils"].sum() == sum(r[1] for r in listed)
    assert table.loc["31MX00", ["pupils", "achterstandsscore", "note"]].tolist() == [5, 18.32, "a"]
    assert table.loc["00AV00", "note_zonder_drempel"] == "b, c"
    assert (table["year"] == 2019).all()


def test_the_results_of_the_inspectorate_give_its_national_figures(raw):
    table = load("leerresultaten", raw)
    usable = table.dropna(subset=["pct_1s2f", "pupils"])
    # METHODS 0: 59.8, 56.6, 55.7 percent, each school counting once
    national = [statistics.mean(rows) for _, rows in usable.groupby("year")["pct_1s2f"]]
    assert [round(v, 1) for v in national] == [59.8, 56.6, 55.7]
    # METHODS T8: SD over schools
    spread = [statistics.stdev(rows) for _, rows in usable.groupby("year")["pct_1s2f"]]
    assert [round(v, 1) for v in spread] == [13.7, 15.1, 14.7]
    values = table.groupby("schoolwegingscategorie")["signaleringswaarde_1s2f"].unique()
    assert len(values) == 20
    assert values["[27,28)"].tolist() == [50.1]
    assert values["[39,40)"].tolist() == [30.3]
    assert (table["signaleringswaarde_1f"].dropna() == 85).all()
    # each OVT in three years; a star in one year hides all three
    hidden = table[table["pct_1s2f"].isna() & table["pupils_low"].notna()]
    assert hidden.groupby("ovt").size().max() <= 3


def test_schoolweging_by_sheet(raw):
    table = load("schoolweging", raw)
    assert table["ovt"].nunique() >= 6410
    book = CalamineWorkbook.from_path(raw / "schoolweging-2021-2024.ods")
    for year in (2021, 2022, 2023):
        sheet = book.get_sheet_by_name(f"{year}-{year + 1}").to_python()[1:]
        values = [r[3] for r in sheet if isinstance(r[3], float)]
        ours = table.loc[table["year"] == year, "schoolweging"].dropna()
        assert len(ours) == len(values)
        assert abs(ours.sum() - sum(values)) < 1e-6
    last = table[table["year"] == 2023]
    assert last["schoolweging_driejaars"].notna().sum() == 6314  # 6,338 less 24 without a mean
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


def test_an_ovt_number_is_never_taken_for_a_vestiging(raw):
    table = load("schoolweging", raw).drop_duplicates("ovt").set_index("ovt")
    # 03GE|C3 has no vestiging; De Posthoorn is C2 of 13AZ and not vestiging 01
    assert pd.isna(table["school"].get("03GE|C3"))
    assert table["school"].get("13AZ|C2") != "13AZ01"


def test_eindscores_of_2018(raw):
    table = load("eindscores", raw)
    counted = rows(raw / "05-gemiddelde-eindscores-bo-sbo-2018-2019.csv", "cp1252")
    assert table["school"].nunique() == len(counted) == 6579
    assert (table["year"] == 2018).all()
    for provider in ("CET", "IEP", "ROUTE8", "DIA", "AMN"):
        ours = table[table["provider"] == provider]
        assert ours["pupils"].sum() == sum(int(r[f"{provider}_AANTAL"]) for r in counted)
        means = [float(v.replace(",", ".")) for r in counted if (v := r[f"{provider}_GEM"].strip())]
        assert ours["mean_score"].notna().sum() == len(means)
        assert abs(ours["mean_score"].sum() - sum(means)) < 1e-6
    used = table[table["pupils"] > 0].groupby("school").size()
    assert (used == 2).sum() == 51  # LAYOUTS.md 2a
    assert (used == 3).sum() == 1
    assert table["school"].nunique() - len(used) == 146


def test_both_notations_of_a_vestiging_end_as_the_same_key(raw):
    # 00 in one file, 32JK00 in the other
    register = load("vestigingen", raw)
    assert "32JK00" in set(register["school"])
    for source in ("schooladviezen", "referentieniveaus", "eindscores", "leerlingen_historisch"):
        assert load(source, raw)["school"].str.fullmatch(r"\d\d[A-Z]{2}\d\d").all()


def test_the_register_of_2020_and_of_2026(raw):
    table = load("vestigingen", raw)
    drenthe = table[table["province"] == "Drenthe"].groupby("year")["school"].apply(set)
    assert (len(drenthe[2020]), len(drenthe[2025])) == (258, 253)  # LAYOUTS.md 6
    assert (len(drenthe[2020] - drenthe[2025]), len(drenthe[2025] - drenthe[2020])) == (8, 3)


def test_special_education_in_drenthe(raw):
    codes = ["0106", "0109", "0114", "0118", "0119", "1680"]
    codes += ["1681", "1690", "1699", "1701", "1730", "1731"]
    table = load("leerlingen_historisch", raw)
    drenthe = table[table["municipality_code"].isin(codes)]
    pupils = drenthe.groupby(["kind", "year"])["pupils_low"].sum()
    expected = {"Sbo": (1043, 878), "So": (152, 230), "So/Vso": (764, 922), "Vso": (287, 483)}
    for kind, (first, last) in expected.items():  # LAYOUTS.md 5
        assert (pupils[kind, 2019], pupils[kind, 2025]) == (first, last)


def test_the_excerpts_load(real_data):
    folder = DataFolder(real_data / "excerpts")
    folder.scan()
    assert folder.findings == []
    assert folder.unknown == []
    scores = load("eindscores", folder)
    one = scores[(scores["school"] == "00AP00") & (scores["provider"] == "CET")].iloc[0]
    assert (one["year"], one["pupils"], one["mean_score"]) == (2022, 18, 533.5)
    one = scores[(scores["school"] == "00AP00") & (scores["provider"] == "LIB")].set_index("year")
    assert one.loc[2024, ["pupils", "mean_score"]].tolist() == [12, 174.25]
    assert one.loc[2023, "exempt_high"] == 4


def test_results_of_secondary_schools_as_a_sector_body_gives_them(real_data):
    folder = DataFolder(real_data / "other")
    table = load("vo_resultaten", folder)
    one = table[(table["school"] == "01ET00") & (table["track"] == "VWO")].set_index("year")
    assert one["advies"].dropna().to_dict() == {2021: 0.0, 2022: -0.75, 2023: -0.76}
    assert one["onderbouwsnelheid"].dropna().to_dict() == {2019: 98.29, 2021: 92.91, 2022: 98.26}


def test_pupils_by_home_postcode_have_a_file_per_municipality(real_data):
    folder = DataFolder(real_data / "other" / "leerlingen-po-herkomst")
    table = load("leerlingen_herkomst", folder)
    assert folder.findings == []
    assert set(table["municipality_code"]) == {"0106", "0109"}
    counted = rows(real_data / "other" / "leerlingen-po-herkomst" / "Assen afgeschermd.csv")
    assert (table["municipality_code"] == "0106").sum() == len(counted)
