"""The region in figures: sums done by hand, hidden counts, and what the region itself prints."""

import csv
import itertools

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kansen_analysis.outcomes import region
from kansen_analysis.outcomes.panel import RANKED_ADVICES
from kansen_analysis.schools.load import Tables
from kansen_analysis.words import region as words

A, B, C = "0991", "0992", "0993"  # two municipalities of the region, one elsewhere
NAMES = {A: "Aarle", B: "BORGE", C: "Cadier"}


def counts(rows, columns):
    """A tidy table with a count and its bounds; '<5' is hidden."""
    frame = pd.DataFrame(rows, columns=columns)
    for name in [
        c for c in columns if c in ("pupils", "afstromers", "opstromers", "zittenblijvers")
    ]:
        hidden = frame[name] == "<5"
        for end, value in (("low", 1), ("high", 4)):
            frame[f"{name}_{end}"] = frame[name].mask(hidden, value).astype("Int64")
        frame[name] = frame[name].mask(hidden, pd.NA).astype("Int64")
    return frame.assign(provisional=False)


@pytest.fixture
def tables():
    history = counts(
        [
            *(("90AA00", 2019, "Bo", A, 40), ("90AB00", 2019, "Bo", A, 160)),
            *(("90BA00", 2019, "Bo", B, 50), ("90SA00", 2019, "Sbo", B, 50)),
            *(("90CA00", 2019, "Bo", C, 300), ("90CB00", 2019, "Bo", C, 100)),
            *(("90AA00", 2024, "Bo", A, 0), ("90AB00", 2024, "Bo", A, 180)),
            *(("90BA00", 2024, "Bo", B, "<5"), ("90SA00", 2024, "Sbo", B, 20)),
            *(("90CA00", 2024, "Bo", C, 300), ("90CB00", 2024, "Bo", C, 100)),
        ],
        ["school", "year", "kind", "municipality_code", "pupils"],
    )
    schools = pd.DataFrame(
        {
            "school": ["90AA00", "90AB00", "90BA00", "90CA00", "90CB00"],
            "municipality_code": [A, A, B, C, C],
            "municipality": [NAMES[code] for code in (A, A, B, C, C)],
            "province": ["Drenthe"] * 3 + ["Utrecht"] * 2,
        }
    )
    moves = counts(
        [
            ("94AA00", "Zuid", 2023, A, "Aarle", "Drenthe", 100, 10, 6, 4),
            ("94AB00", "Noord", 2023, A, "Aarle", "Drenthe", 100, "<5", 5, 5),
            ("94CA00", "West", 2023, C, "Cadier", "Utrecht", 200, 10, 10, 10),
        ],
        ["school", "name", "year", "municipality_code", "municipality", "province", "pupils",
         "afstromers", "opstromers", "zittenblijvers"],
    )  # fmt: skip
    history["municipality"] = history["municipality_code"].map(NAMES)
    return {"leerlingen_historisch": history, "schools": schools, "vo_doorstroom": moves}


def figure(facts, fact, place, year):
    rows = facts[(facts["fact"] == fact) & (facts["place"] == place) & (facts["year"] == year)]
    assert len(rows) == 1, f"{fact} of {place} in {year}: {len(rows)} rows"
    return rows.iloc[0]


def test_schools_and_pupils_are_added_up(tables):
    facts = region.region_facts(tables, province="Drenthe")
    for place, schools, pupils, small in (
        ("Drenthe", 3, 250, 100 / 3),
        ("Aarle", 2, 200, 50.0),
        ("BORGE", 1, 50, 0.0),  # fifty is not fewer than fifty
        ("Nederland", 5, 650, 20.0),
    ):
        assert figure(facts, "scholen", place, 2019)["value"] == schools
        assert figure(facts, "leerlingen", place, 2019)["value"] == pupils
        assert figure(facts, "leerlingen_per_school", place, 2019)["value"] == pupils / schools
        found = figure(facts, "kleine_scholen", place, 2019)
        assert found["value"] == pytest.approx(small)
        assert found["n"] == schools
    assert "Cadier" not in set(facts["place"])  # another province


def test_a_school_without_pupils_is_no_school_and_a_hidden_count_stays_a_range(tables):
    facts = region.region_facts(tables, province="Drenthe")
    pupils = figure(facts, "leerlingen", "Drenthe", 2024)
    assert figure(facts, "scholen", "Drenthe", 2024)["value"] == 2
    assert (pupils["low"], pupils["high"]) == (181, 184)
    assert np.isnan(pupils["value"])
    assert figure(facts, "kleine_scholen", "Drenthe", 2024)["value"] == 50


def test_the_region_may_cross_the_border_of_the_province(tables):
    facts = region.region_facts(tables, province="Drenthe", also=[C], name="Regio")
    assert figure(facts, "scholen", "Regio", 2019)["value"] == 5
    assert figure(facts, "scholen", "Cadier", 2019)["value"] == 2


def test_shares_with_hidden_parts(tables):
    facts = region.region_facts(tables, province="Drenthe")
    found = figure(facts, "afstroom", "Drenthe", 2023)
    assert (found["low"], found["high"], found["n"]) == (
        pytest.approx(5.5),
        pytest.approx(7.0),
        200,
    )
    assert figure(facts, "opstroom", "Drenthe", 2023)["value"] == pytest.approx(5.5)
    listed = region.secondary_schools(tables, [A])
    assert listed["name"].tolist() == ["Noord", "Zuid"]  # by name: no order of merit
    assert listed["afstroom_low"].tolist() == [1.0, 10.0]


def test_bounds_hold_whatever_the_hidden_counts_were(tables):
    """Every way to fill in the hidden cells lies inside the bounds, and both ends occur."""
    keys = [("90AA00", 2024), ("90AB00", 2024)]
    index = pd.MultiIndex.from_tuples(keys, names=["school", "year"])
    low = pd.DataFrame(0, index, list(RANKED_ADVICES))
    low.loc[keys[0], ["PRO", "HAVO"]] = 1, 1
    low.loc[keys[1], ["VMBO_GT", "VWO"]] = 6, 1
    high = low.replace(1, 4)
    facts = region.region_facts(
        {**tables, "advice_low": low.reset_index(), "advice_high": high.reset_index()},
        province="Drenthe",
    )
    share, level = (figure(facts, name, "Aarle", 2024) for name in ("advies_havo", "advies"))
    ranks = {name: at for at, name in enumerate(RANKED_ADVICES)}
    shares, levels = [], []
    for pro, havo, vwo in itertools.product(range(1, 5), repeat=3):
        total = pro + havo + vwo + 6
        shares.append(100 * (havo + vwo) / total)
        sums = havo * ranks["HAVO"] + vwo * ranks["VWO"] + 6 * ranks["VMBO_GT"]
        levels.append(sums / total)
    assert (share["low"], share["high"]) == (pytest.approx(min(shares)), pytest.approx(max(shares)))
    assert (level["low"], level["high"]) == (pytest.approx(min(levels)), pytest.approx(max(levels)))
    assert (share["n_low"], share["n_high"]) == (9, 18)


def test_target_levels_are_weighed_by_pupils(tables):
    levels = pd.DataFrame(
        {
            "school": ["90AA00", "90AB00"],
            "year": 2024,
            "low": [50.0, 20.0],
            "high": [50.0, 40.0],
            "n_low": [30, 10],
            "n_high": [30, 10],
        }
    )
    facts = region.region_facts({**tables, "levels": levels}, province="Drenthe")
    found = figure(facts, "streefniveau", "Aarle", 2024)
    assert (found["low"], found["high"], found["n"]) == (42.5, 47.5, 40)


def test_low_weging_is_the_lowest_fifth_of_the_country_and_places_a_location_by_its_brin(tables):
    rows = [("90CA", f"90CA|C{at}", 20.0 + at) for at in range(8)]
    rows += [("90AA", "90AA|C1", 19.0), ("90AB", "90AB|C7", 40.0)]
    weging = pd.DataFrame(
        {
            "ovt": [ovt for _, ovt, _ in rows],
            "school": pd.array([pd.NA] * len(rows), dtype="str"),
            "year": 2023,
            "schoolweging": [value for *_, value in rows],
            "pupils": pd.array([100] * len(rows), dtype="Int64"),
            "provisional": False,
        }
    )
    facts = region.region_facts({**tables, "schoolweging": weging}, province="Drenthe")
    assert figure(facts, "lage_schoolweging", "Nederland", 2023)["value"] == 20
    assert figure(facts, "lage_schoolweging", "Aarle", 2023)["value"] == 50
    assert figure(facts, "schoolweging", "Aarle", 2023)["value"] == 29.5
    spread = region.spread({**tables, "schoolweging": weging}, facts)
    aarle = spread[spread["place"] == "Aarle"]
    assert aarle["share"].tolist() == [50, 0, 0, 0, 50]


def test_the_country_is_the_publishers_own_row_where_it_has_one(tables):
    vsv = pd.DataFrame(
        {
            "region": [f"GM{A}", f"GM{C}", "NL01"],
            "municipality_code": [A, C, pd.NA],
            "year": 2023,
            "sex": "totaal",
            "pupils": pd.array([1000, 2000, 9000], dtype="Int64"),
            "vsv": pd.array([10, 60, 180], dtype="Int64"),
            "provisional": [False, False, True],
            "dataset": "cbs_84780ned",
        }
    )
    facts = region.region_facts({**tables, "vsv": vsv}, province="Drenthe")
    assert figure(facts, "vsv", "Aarle", 2023)["value"] == 1
    country = figure(facts, "vsv", "Nederland", 2023)
    assert (country["value"], country["n"], country["provisional"]) == (2, 9000, True)


def test_without_a_file_its_facts_are_absent_and_the_others_stay(tables):
    for left_out in ("leerlingen_historisch", "vo_doorstroom"):
        kept = {name: table for name, table in tables.items() if name != left_out}
        facts = region.region_facts(kept, province="Drenthe")
        assert len(facts)
        assert not any(left_out in source for source in facts["source"])
    assert not len(region.region_facts({}, province="Drenthe"))


def many(places=40, schools=12, seed=1):
    """Facts of invented places: one fact whose size differs by place."""
    rng = np.random.default_rng(seed)
    kinds = [("region", ""), ("country", "")] + [
        ("municipality", f"{n:04d}") for n in range(places)
    ]
    rows = []
    for kind, code in kinds:
        for year in (2019, 2024):
            for fact in ("kleine_scholen", "afstroom", "leerlingen"):
                value = 10 + rng.normal(0, 2)
                row = {"fact": fact, "place": f"P{code}", "place_code": code, "place_kind": kind}
                row |= {"year": year, "low": value, "high": value, "value": value}
                row |= {"n": schools, "n_low": schools, "n_high": schools}
                rows.append(row | {"per": "scholen" if fact != "afstroom" else "leerlingen"})
    facts = pd.DataFrame(rows)
    facts.loc[facts["per"] == "leerlingen", ["n", "n_low", "n_high"]] = 500
    return facts.reindex(columns=region.COLUMNS).assign(unit="%", source="x", provisional=False)


def put(facts, fact, kind, year, low, high=None, code=""):
    rows = (facts["fact"] == fact) & (facts["place_kind"] == kind) & (facts["year"] == year)
    rows &= facts["place_code"] == code
    facts.loc[rows, ["low", "high"]] = low, low if high is None else high
    return facts


def test_the_fact_furthest_from_the_country_is_told_first():
    facts = put(many(), "kleine_scholen", "country", 2024, 10)
    facts = put(facts, "afstroom", "country", 2024, 10)
    facts = put(facts, "kleine_scholen", "region", 2024, 30)
    facts = put(facts, "afstroom", "region", 2024, 14)
    told = region.notable(facts)
    own = told[(told["place_kind"] == "region") & (told["rule"] == "country")]
    assert own["fact"].tolist() == ["kleine_scholen", "afstroom"]
    assert own["gap_low"].tolist() == [20, 4]


def test_what_hidden_counts_leave_open_is_not_told():
    facts = put(many(), "kleine_scholen", "country", 2024, 10)
    facts = put(facts, "kleine_scholen", "region", 2024, 9, 60)
    told = region.notable(facts)
    own = told[(told["place_kind"] == "region") & (told["rule"] == "country")]
    assert "kleine_scholen" not in set(own["fact"])


def test_nothing_is_told_about_a_handful_of_schools():
    facts = put(many(schools=3), "kleine_scholen", "country", 2024, 10)
    facts = put(facts, "kleine_scholen", "region", 2024, 90)
    assert "kleine_scholen" not in set(region.notable(facts)["fact"])


def test_a_change_is_not_told_over_a_break():
    facts = many().assign(fact="streefniveau").drop_duplicates(["place_code", "place_kind", "year"])
    assert not len(region.changes(facts))  # 2019 and 2024 lie on two sides of the new test
    assert len(region.changes(facts.assign(fact="afstroom")))


def test_the_choice_does_not_hang_on_the_order_of_the_rows():
    facts = many()
    again = facts.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(region.notable(facts), region.notable(again))


def test_every_fact_has_words_and_every_sentence_names_its_n_and_its_time():
    assert set(words.WORDS) == set(region.FACTS)
    for key, fact in region.FACTS.items():
        row = {"fact": key, "place": "Aarle", "year": 2023, "low": 31.0, "high": 34.0, "n_low": 21}
        row |= {"n_high": 23, "rule": "country", "other_year": 2018, "other_low": 20.0}
        row |= {"other_high": 20.0, "gap_low": 11.0, "gap_high": 14.0}
        for rule in ("country", "change"):
            text = words.sentence(row | {"rule": rule})
            assert "Aarle" in text and "31" in text and "2023" in text
            assert "{" not in text and "nan" not in text.lower()
            assert ("heel Nederland" in text) == (rule == "country")
            if fact.form != "count":
                assert "21 tot 23" in text, key


def test_none_is_said_as_none_and_a_little_is_not_none():
    row = {"fact": "kleine_scholen", "place": "Aarle", "year": 2023, "low": 0.0, "high": 0.0}
    row |= {"n_low": 51, "n_high": 51, "rule": "change", "other_year": 2018, "other_low": 7.0}
    row |= {"other_high": 7.0}
    assert words.sentence(row) == (
        "Op 1 oktober 2023 had geen van de 51 basisscholen in Aarle minder dan 50 leerlingen. Op 1 "
        "oktober 2018 was dat 7%."
    )
    turned = row | {"low": 7.0, "high": 7.0, "other_low": 0.0, "other_high": 0.0}
    assert words.sentence(turned).endswith("Op 1 oktober 2018 waren dat er geen.")
    little = words.sentence(row | {"low": 0.3, "high": 0.3, "n_low": 300, "n_high": 300})
    assert "had minder dan 1% van de 300 basisscholen" in little


def test_a_title_about_years_long_gone_says_when():
    row = {"fact": "vsv_vo", "place": "Aarle", "year": 2014, "low": 0.4, "high": 0.4}
    row |= {"n_low": 900, "n_high": 900}
    assert words.headline(row, None).startswith("In Aarle ging 0,4%")
    assert words.headline(row, None, dated=True).startswith("In 2014-2015 ging 0,4%")


def test_the_demo_gives_a_full_page(demo):
    tables = region.gather(Tables(demo), 2024)
    facts = region.region_facts(tables, province="Drenthe", everywhere=True)
    assert set(facts["fact"]) >= set(region.FACTS) - {"vsv_vo"}
    told = region.notable(facts)
    assert len(told[told["place_kind"] == "region"]) >= 3
    assert all(len(words.sentence(row)) > 40 for row in told.to_dict("records"))


# The printed figures of the region's own monitor ------------------------------------------------


@pytest.fixture(scope="module")
def real(real_data):
    tables = region.gather(Tables(real_data / "raw"))
    return tables, region.region_facts(tables, province="Drenthe", everywhere=True)


@pytest.mark.real
@pytest.mark.parametrize(
    ("year", "schools", "small", "mean"),
    [(2017, 262, 13, 154), (2019, 259, 12, 151), (2021, 254, 12, 149)],
)
def test_schools_as_the_drentse_onderwijsmonitor_prints_them(real, year, schools, small, mean):
    facts = real[1]
    assert figure(facts, "scholen", "Drenthe", year)["value"] == schools
    assert round(figure(facts, "kleine_scholen", "Drenthe", year)["value"]) == small
    assert round(figure(facts, "leerlingen_per_school", "Drenthe", year)["value"]) == mean
    assert round(figure(facts, "leerlingen_per_school", "Nederland", year)["low"]) in (221, 222)


@pytest.mark.real
def test_schoolweging_beside_the_drentse_onderwijsmonitor(real):
    """Printed for 2021-2022: 14% low and 45% above the middle, in the country 20% and 40%.

    Twenty and forty percent of the country: so *low* is its lowest fifth, and above the middle its
    highest two fifths. The file of the Inspectie in this folder is of 2025, two years younger than
    what was printed, and holds one year where the printed figure may be the mean of three; it gives
    38 of 251 locations (15.1%) in 2021-2022, where 36 would be 14%, and 14.0% in 2023-2024.
    """
    facts = real[1]
    low, high = (figure(facts, f"{n}_schoolweging", "Drenthe", 2021) for n in ("lage", "hoge"))
    assert low["n"] == 251
    assert low["value"] == pytest.approx(14, abs=1.5)
    assert round(high["value"]) == 45
    assert round(figure(facts, "lage_schoolweging", "Drenthe", 2023)["value"]) == 14
    for n, share in (("lage", 20), ("hoge", 40)):
        country = figure(facts, f"{n}_schoolweging", "Nederland", 2021)
        assert country["value"] == pytest.approx(share, abs=0.1)


@pytest.mark.real
def test_schools_below_the_signaleringswaarde_against_a_plain_count(real, real_data):
    facts = real[1]
    sheet = CalamineWorkbook.from_path(str(real_data / "raw" / "leerresultaten-2023-2024-2025.ods"))
    header, *rows = sheet.get_sheet_by_name("Data").to_python()
    outcome, ovt = header.index("Uitkomst indicator 1S/2F"), header.index("ovt")
    place = {}
    with (
        real_data / "raw" / "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
    ).open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file, delimiter=";"):
            place.setdefault(row["INSTELLINGSCODE"], set()).add(row["GEMEENTECODE_VESTIGING"])
    emmen = [r for r in rows if place.get(str(r[ovt])[:4]) == {"114"}]
    below = sum(str(r[outcome]).startswith("Onder") for r in emmen)
    judged = below + sum(str(r[outcome]).startswith("Boven") for r in emmen)
    found = figure(facts, "onder_signaal", "Emmen", 2024)
    assert (found["n"], found["value"]) == (judged, pytest.approx(100 * below / judged))


@pytest.mark.real
def test_afstroom_of_a_municipality_against_a_plain_count(real, real_data):
    name = "05.-zittenblijvers-niveau-vestiging-2023-2024-tov-2024-2025.csv"
    with (real_data / "raw" / name).open(encoding="utf-8-sig") as file:
        rows = [r for r in csv.DictReader(file, delimiter=";") if r["GEMEENTENUMMER"] == "0109"]
    down = sum(int(row["AANTAL_AFSTROMERS"]) for row in rows)
    pupils = sum(int(row["AANTAL_LEERLINGEN"]) for row in rows)
    found = figure(real[1], "afstroom", "Coevorden", 2023)
    assert (found["value"], found["n"]) == (pytest.approx(100 * down / pupils), pupils)


@pytest.mark.real
def test_the_region_is_full_whatever_single_source_is_missing(real):
    tables = real[0]
    for left_out in ("leerlingen_historisch", "schoolweging", "leerresultaten", "vo_doorstroom"):
        kept = {name: table for name, table in tables.items() if name != left_out}
        found = region.region_facts(kept, province="Drenthe")
        assert found.loc[found["place_kind"] == "region", "fact"].nunique() >= 6, left_out
