"""Control figures: printed beside found, with ranges, edges and the real publications."""

import csv
from types import SimpleNamespace
from urllib.parse import urlsplit

import pandas as pd
import pytest

from kansen_analysis.display.prose import Absent
from kansen_analysis.outcomes import printed, region
from kansen_analysis.pages import controlegetallen
from kansen_analysis.schools.load import Tables
from kansen_analysis.words import printed as words


def asked(value, *, fact="kleine_scholen", place="Drenthe", kind="province", year=2021):
    text = str(value)
    row = {"fact": fact, "place_kind": kind, "place": place, "year": year}
    row |= {"printed": float(value), "decimals": len(text.partition(".")[2])}
    row |= {"publisher": "Bureau", "title": "Cijfers", "address": "https://bureau.example/"}
    return row | {"note": "Met een ander bestand."}


def found(low, high=None, *, fact="kleine_scholen", place="Drenthe", kind="province", year=2021):
    row = {"fact": fact, "place_kind": kind, "place": place, "year": year}
    row |= {"low": low, "high": low if high is None else high, "n_low": 254, "n_high": 254}
    return row | {"source": "leerlingen_historisch"}


def beside(ours, theirs):
    return printed.beside(pd.DataFrame([ours]), pd.DataFrame([theirs])).iloc[0]


@pytest.mark.parametrize(
    ("value", "low", "high", "mark", "gap"),
    [
        ("12", 11.8, 11.8, "equal", 0),
        ("12", 11.5, 11.5, "equal", 0),  # the edge: rounds to it
        ("12", 12.5, 12.5, "equal", 0),  # half to even would print it so
        ("12", 11.49, 11.49, "different", -0.51),
        ("12", 13.1, 13.1, "different", 1.1),
        ("45.4", 45.39, 45.39, "equal", 0),
        ("45.4", 45.3, 45.3, "different", -0.1),
        ("12", 11.6, 12.4, "equal", 0),  # a range, wherever in it the truth lies
        ("12", 9.0, 30.0, "possible", 0),
        ("12", 11.6, 13.0, "possible", 0),
        ("12", 13.0, 15.0, "different", 1.0),  # from the nearest end
        ("12", 8.0, 10.0, "different", -2.0),
    ],
)
def test_a_figure_is_equal_when_it_rounds_to_what_was_printed(value, low, high, mark, gap):
    row = beside(found(low, high), asked(value))
    assert (row["mark"], row["gap"]) == (mark, pytest.approx(gap))


def test_only_what_the_files_hold_is_compared_and_every_key_counts():
    theirs = pd.DataFrame([asked("12"), asked("4", place="Nederland", kind="country")])
    for other in ({"year": 2020}, {"place": "Utrecht"}, {"kind": "region"}, {"fact": "scholen"}):
        assert not len(printed.beside(pd.DataFrame([found(12.0, **other)]), theirs))
    none = pd.DataFrame(columns=region.COLUMNS).astype({"year": int})
    assert not len(printed.beside(none, theirs))
    assert len(printed.beside(pd.DataFrame([found(12.0)]), theirs)) == 1


def test_the_table_of_printed_figures_is_whole():
    rows = printed.published()
    assert not rows.duplicated([*printed.KEYS, "publisher", "title"]).any()
    assert set(rows["fact"]) <= set(region.FACTS)
    assert set(rows["place_kind"]) == {region.PROVINCE, region.COUNTRY}
    assert set(rows.loc[rows["place_kind"] == region.COUNTRY, "place"]) == {"Nederland"}
    for row in rows.itertuples():
        assert urlsplit(row.address).scheme == "https" and urlsplit(row.address).path.strip("/")
        assert row.publisher and row.title and 2010 <= row.year <= 2030


def test_a_province_is_all_its_municipalities_whatever_the_region_is():
    history = pd.DataFrame(
        [("90AA00", "0991", 40), ("90BA00", "0992", 160), ("90CA00", "0993", 30)],
        columns=["school", "municipality_code", "pupils"],
    ).assign(year=2021, kind="Bo", provisional=False)
    for end in ("low", "high"):
        history[f"pupils_{end}"] = history["pupils"].astype("Int64")
    schools = history[["school", "municipality_code"]].assign(
        municipality=["A", "B", "C"], province=["Drenthe", "Drenthe", "Overijssel"]
    )
    tables = {"leerlingen_historisch": history, "schools": schools}
    facts = region.region_facts(
        tables, province="Drenthe", also=["0993"], name="Ons gebied", provinces=["Drenthe"]
    )
    small = facts[facts["fact"] == "kleine_scholen"].set_index("place_kind")
    assert small.loc["province", ["place", "low", "n"]].tolist() == ["Drenthe", 50.0, 2]
    assert small.loc["region", ["place", "n"]].tolist() == ["Ons gebied", 3]
    row = printed.beside(facts, pd.DataFrame([asked("50")])).iloc[0]
    assert row["mark"] == "equal"


def test_the_page_says_both_figures_the_mark_and_the_source():
    theirs = [asked("12"), asked("254", fact="scholen"), asked("6197", fact="leerlingen")]
    ours = [found(11.49), found(254.0, fact="scholen"), found(6190.0, 6200.0, fact="leerlingen")]
    rows = printed.beside(pd.DataFrame(ours), pd.DataFrame(theirs))
    monitor = SimpleNamespace(printed=rows)
    said = controlegetallen.introduction(monitor).markdown
    assert "3 cijfers" in said and "1 gelijk, 1 niet gelijk en 1 kan gelijk zijn" in said
    frame = controlegetallen.figures(monitor).frame
    assert frame["mark"].tolist() == [
        *("niet gelijk (−0,51 procentpunt)", "gelijk", "kan gelijk zijn"),
    ]
    assert frame["ours"].tolist()[:2] == ["11,49%", "254"]
    assert frame["printed"].tolist()[:2] == ["12%", "254"]
    told = controlegetallen.differences(monitor).markdown
    assert "gedrukt staat 12%, wij vinden 11,49%. Met een ander bestand." in told
    assert "[Cijfers](https://bureau.example/)" in controlegetallen.publications(monitor).markdown


def test_without_printed_figures_there_is_nothing_but_a_sentence():
    monitor = SimpleNamespace(printed=printed.published().iloc[:0])
    assert controlegetallen.introduction(monitor).markdown == words.NOTHING
    for part in ("figures", "differences", "publications"):
        assert isinstance(getattr(controlegetallen, part)(monitor), Absent)


def test_invented_schools_are_compared_with_nothing(edition):
    assert not len(edition.printed)


@pytest.fixture(scope="module")
def real(real_data):
    tables = Tables(real_data / "raw")
    kept = ("leerlingen_historisch", "vestigingen", "schoolweging")
    facts = region.region_facts(
        {name: tables[name] for name in kept}, province="Drenthe", provinces=["Drenthe"]
    )
    return printed.beside(facts, printed.published())


@pytest.mark.real
def test_real_files_give_what_was_printed(real):
    schools = real[real["fact"] == "scholen"]
    assert len(schools) == 9 and (schools["mark"] == "equal").all()
    apart = real[real["mark"] == "different"].set_index(["fact", "place", "year"])["gap"]
    assert apart.round(2).to_dict() == {
        ("leerlingen", "Drenthe", 2017): -4,
        ("leerlingen", "Drenthe", 2021): -2,
        ("leerlingen_per_school", "Nederland", 2019): 0.82,  # printed 221, of 221.8
        ("kleine_scholen", "Nederland", 2021): -0.51,  # printed 4%, of 3.49%
        ("lage_schoolweging", "Drenthe", 2021): 1.14,
    }
    assert (real["mark"] == "equal").sum() == 26


@pytest.mark.real
def test_printed_numbers_of_schools_against_a_plain_count_of_the_file(real, real_data):
    """Without our reader: rows of kind Bo with pupils on 1 October."""
    name = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
    counted = {}
    with (real_data / "raw" / name).open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file, delimiter=";"):
            for year in (2018, 2019, 2020, 2021):
                there = row["SOORT_VESTIGING"] == "BO" and row[f"LEERLINGEN_{year}"] not in (
                    "0",
                    "",
                )
                counted[year] = counted.get(year, 0) + there
    country = real[(real["fact"] == "scholen") & (real["place"] == "Nederland")]
    assert country.set_index("year")["printed"].astype(int).to_dict() == counted


def test_two_municipalities_of_one_name_stop_nothing():
    """The real files hold such names; no publication is asked for about a municipality."""
    ours = [found(12.0), *[found(9.0, place="Bergen", kind="municipality")] * 2]
    table = printed.beside(pd.DataFrame(ours), pd.DataFrame([asked("12")]))
    assert table["mark"].tolist() == ["equal"]
