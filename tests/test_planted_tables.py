"""More errors that survived when they were planted: in panels, in schools and in cells.

Those in the rule and in the estimates are in test_planted.py.
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from excerpts import Tables

from kansen_analysis.errors import DataErrors
from kansen_analysis.outcomes import panel
from kansen_analysis.schools import match
from kansen_analysis.schools.load import load
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.values import read_count

# ---- the panel: which year, which test, how many pupils


def weging(**values):
    rows = [
        {"school": school, "year": year, "schoolweging": value}
        for school, by_year in values.items()
        for year, value in by_year.items()
    ]
    return Tables(schoolweging=pd.DataFrame(rows))


def test_the_schoolweging_leaves_the_first_year_of_the_programme_out():
    folder = weging(
        a={2019: 30.0, 2020: 31.0, 2021: 38.0, 2022: 39.0},
        b={2021: 26.0, 2022: 35.0},
    )
    found = panel.fixed_weging(folder, before=2021).set_index("school")
    assert found["schoolweging"].to_dict() == {"a": 30.5, "b": 26.0}
    assert found["weging_year"].to_dict() == {"a": 2020, "b": 2021}


def sat(*rows):
    frame = pd.DataFrame(rows, columns=["school", "year", "provider", "low", "high"])
    low, high = frame.pop("low").astype("Int64"), frame.pop("high").astype("Int64")
    pupils = low.where(low == high)
    return frame.assign(pupils=pupils, pupils_low=low, pupils_high=high, kind="Bo")


def test_the_main_provider_is_the_test_that_most_pupils_sat():
    table = sat(
        ("90AA00", 2022, "AMN", 30, 30),
        ("90AA00", 2022, "IEP", 6, 6),
        ("90AA00", 2022, "LIB", 0, 0),
        ("90AA00", 2023, "AMN", 1, 4),
        ("90AA00", 2023, "IEP", 9, 9),
        ("90AB00", 2022, "AMN", 0, 0),
        ("90AB00", 2022, "DIA", 1, 4),
        ("90AC00", 2022, "DIA", 0, 0),
    )
    found = panel.main_provider(Tables(eindscores=table)).to_numpy().tolist()
    assert found == [["90AA00", 2022, "AMN"], ["90AA00", 2023, "IEP"], ["90AB00", 2022, "DIA"]]
    turned = panel.main_provider(Tables(eindscores=table.iloc[::-1])).to_numpy().tolist()
    assert turned == found


def test_the_main_provider_is_that_of_regular_pupils():
    table = sat(("90AA00", 2022, "IEP", 6, 6), ("90AA00", 2022, "AMN", 30, 30))
    table.loc[1, "kind"] = "Sbo"
    assert panel.main_provider(Tables(eindscores=table))["provider"].tolist() == ["IEP"]


def levels(school, year, **cells):
    """Cells of the referentieniveaus; a pair is a hidden count."""
    rows = []
    for domain, counts in cells.items():
        names = ["<1F", "1F", "1S", "2F"] if domain == "rekenen" else ["<1F", "1F", "2F"]
        for level, count in zip(names, counts, strict=True):
            low, high = count if isinstance(count, tuple) else (count, count)
            rows.append((school, year, "Bo", domain, level, low, high))
    columns = ["school", "year", "kind", "domain", "level", "pupils_low", "pupils_high"]
    return pd.DataFrame(rows, columns=columns)


HIDDEN = (1, 4)


def test_the_number_of_pupils_is_the_middle_of_its_interval_with_a_half_rounded_up():
    eight_or_nine = levels(
        "90AA00",
        2022,
        rekenen=[0, 5, HIDDEN, 0],  # 6 to 9
        lezen=[0, HIDDEN, 7],  # 8 to 11
        taalverzorging=[0, HIDDEN, 7],
    )
    seven_to_ten = levels(
        "90AB00",
        2022,
        rekenen=[0, 6, HIDDEN, 0],
        lezen=[0, HIDDEN, 6],
        taalverzorging=[0, HIDDEN, 6],
    )
    table = pd.concat([eight_or_nine, seven_to_ten], ignore_index=True)
    found = panel.target_levels(Tables(referentieniveaus=table)).set_index("school")
    assert found[["n_low", "n_high", "n"]].to_numpy().tolist() == [[8, 9, 9], [7, 10, 9]]


def test_a_hidden_share_is_placed_where_schools_of_its_size_are_found():
    """Without enough schools to measure it: at .53 of its interval for 8 pupils, .75 for 20."""

    def one(school, pupils):
        rest = pupils - 4  # of each domain 1 to 4 pupils hidden below, and 1 to 4 at the target
        return levels(
            school,
            2022,
            rekenen=[HIDDEN, rest - 1, HIDDEN, 0],
            lezen=[0, 0, pupils],
            taalverzorging=[0, 0, pupils],
        )

    sizes = {"90AA00": 8, "90AB00": 14, "90AC00": 20, "90AD00": 60, "90AE00": 5}
    table = pd.concat([one(school, pupils) for school, pupils in sizes.items()], ignore_index=True)
    found = panel.target_levels(Tables(referentieniveaus=table)).set_index("school")
    place = (found["value"] - found["low"]) / (found["high"] - found["low"])
    assert found["n"].to_dict() == sizes
    assert (found["origin"] == "interval").all()
    assert place[list(sizes)].tolist() == pytest.approx([0.53, 0.64, 0.75, 0.75, 0.53])


@pytest.mark.parametrize(("schools", "standardised"), [(30, 30), (29, 0)])
def test_a_test_with_thirty_schools_has_a_scale(schools, standardised):
    table = sat(*((f"90{at:04d}", 2022, "IEP", 20, 20) for at in range(schools)))
    table["mean_score"] = [60.0 + at for at in range(schools)]
    assert len(panel.standard_scores(Tables(eindscores=table))) == standardised


# ---- schools: which existed


def history(*rows):
    frame = pd.DataFrame(rows, columns=["school", "year", "pupils"])
    return frame.assign(pupils_high=frame["pupils"], name="De " + frame["school"], kind="Bo")


def test_only_schools_with_pupils_in_one_of_the_years_exist():
    table = history(
        *(("90AA00", year, 80) for year in (2012, 2020, 2021)),
        *(("90AB00", 2012, 80), ("90AB00", 2021, 0)),  # closed long ago
        *(("90AC00", 2021, 0), ("90AC00", 2025, 90)),  # not yet there
        *(("90AD00", 2020, 3), ("90AD00", 2021, 0)),
    )
    special = history(("90AE00", 2021, 50)).assign(kind="Sbo")
    table = pd.concat([table, special], ignore_index=True)
    register = pd.DataFrame({"school": ["90AB00", "90AA00"], "name": ["Het Bos", "De Aa"]})
    found = match.existing(table, register, [2020, 2021])
    assert sorted(found["school"].unique()) == ["90AA00", "90AD00"]
    assert set(found["brin"]) == {"90AA", "90AD"}
    assert set(found.loc[found["school"] == "90AA00", "name"]) == {"De 90AA00", "De Aa"}


def test_a_school_that_closed_long_ago_does_not_stand_in_the_way_of_an_ovt():
    table = history(("90AA00", 2021, 80), ("90AA01", 2012, 80), ("90AA01", 2021, 0))
    known = match.existing(table, table.iloc[:0], [2020, 2021])
    found = match.match_ovt(pd.DataFrame({"ovt": ["90AA|C1"], "name": ["Iets anders"]}), known)
    assert found[["school", "match"]].to_numpy().tolist() == [["90AA00", "enige vestiging"]]


def test_without_a_history_every_school_of_the_register_exists():
    register = pd.DataFrame({"school": ["90AB00"], "name": ["Het Bos"]})
    found = match.existing(history(), register, [2020])
    assert found.to_numpy().tolist() == [["90AB00", "Het Bos", "90AB"]]
    nobody = match.existing(history(), register.iloc[:0], [2020])
    assert len(nobody) == 0 and set(nobody.columns) == set(found.columns)


@pytest.mark.parametrize(
    ("day", "year"),
    [("2022-07-31", 2021), ("2022-08-01", 2022), ("2022-12-31", 2022), ("2023-01-01", 2022)],
)
def test_a_school_year_begins_on_the_first_of_august(day, year):
    assert schoolyear.of_date(date.fromisoformat(day)) == year


# ---- cells: what a number is


def number(cell, *, thousands):
    """What a cell is read as; nothing when it is refused."""
    try:
        return read_count(cell, {}, thousands)[0]
    except ValueError as refused:
        assert "a whole number of pupils" in str(refused)
        return None


@pytest.mark.parametrize("thousands", [True, False])
@pytest.mark.parametrize(
    ("cell", "right"), [("1.0", 1), ("10.0", 10), ("1.00", 1), ("1,0", 1), ("1.", 1)]
)
def test_a_point_before_zeros_never_makes_a_count_ten_times_as_large(cell, right, thousands):
    assert number(cell, thousands=thousands) in (None, right)


@pytest.mark.parametrize(
    "cell", ["1.0001", "10.01", "1.5", "1.001.0", "1001.001", ".001", "1,001", "1.001,5", "-1.001"]
)
def test_a_point_stands_for_thousands_before_three_digits_only(cell):
    assert number(cell, thousands=True) is None


@pytest.mark.parametrize(
    ("cell", "right"),
    [("1.001", 1001), ("12.345", 12345), ("1.234.567", 1234567), ("999", 999), ("1001", 1001)],
)
def test_a_number_with_points_for_thousands_is_read_whole(cell, right):
    assert read_count(cell, {}, thousands=True) == (right,) * 3
    assert number(cell, thousands=False) == (None if "." in cell else right)


@pytest.mark.parametrize("cell", [1.001, 1.5])
def test_a_number_cell_of_a_workbook_has_no_thousands(cell):
    assert number(cell, thousands=True) is None
    assert read_count(1001.0, {}, thousands=True) == (1001,) * 3


MOVES = (
    "BRINNUMMER;VESTIGINGSNUMMER;INSTELLINGSNAAM VESTIGING;PLAATSNAAM VESTIGING;"
    "GEMEENTENUMMER VESTIGING;GEMEENTENAAM VESTIGING;PROVINCIE VESTIGING;TOTAAL LEERLINGEN;"
    "AANTAL ZITTENBLIJVERS;AANTAL AFSTROMERS;AANTAL OPSTROMERS;PERCENTAGE ZITTENBLIJVERS;"
    "PERCENTAGE AFSTROMERS;PERCENTAGE OPSTROMERS\r\n"
)


def test_a_count_with_a_decimal_in_a_file_with_thousands_is_named(tmp_path):
    row = "90ZA;7;College Aa;EMMEN;114;EMMEN;Drenthe;{};84;25;139;8,39;2,5;13,89\r\n"
    path = tmp_path / "05.-zittenblijven-vo-brinvest-1516-tov-1617.csv"
    path.write_text(MOVES + row.format("1.001"), encoding="utf-8", newline="")
    assert load("vo_doorstroom", tmp_path)["pupils"].tolist() == [1001]
    path.write_text(MOVES + row.format("10.01"), encoding="utf-8", newline="")
    with pytest.raises(DataErrors, match=r"TOTAAL LEERLINGEN: found '10\.01'"):
        load("vo_doorstroom", tmp_path)


SECONDARY = (
    "Type data;tSchool;Vergelijkingsgroep;Advies nlln 21-22;Advies gem 21-22;Advies gem 3jr;"
    "Advies norm;Advies oordeel;Obsnelheid nlln 19-20;Obsnelheid gem 19-20;Obsnelheid gem 3jr;"
    "Obsnelheid norm;Obsnelheid norm na cor;Obsnelheid oordeel;Bbsucces nlln 19-20;"
    "Bbsucces gem 19-20;Bbsucces gem 3jr;Bbsucces norm;Bbsucces norm na cor;Bbsucces oordeel;"
    "CE nvak 20-21;CE gem 20-21;CE gem 3jr;CE norm;CE norm na cor;CE oordeel;SECE nvak 20-21;"
    "SECE gem 20-21;SECE gem 3jr;SECE norm1;SECE norm2;SECE oordeel;Berekend oordeel\n"
)


def test_a_mean_of_zero_is_a_mean_where_nobody_writes_it_for_an_empty_cell(tmp_path):
    row = (
        "School;04. 90001-90ZA-001;VWO;127;0,0;-0,51;1,35;onder de norm;292;98,29;96,46;95,5;"
        "94,59;boven de norm;527;97,91;94,51;82,0;80,81;boven de norm;942;6,94;;6,3;;;942;"
        "0;;1,0;0,5;;voldoende\n"
    )
    path = tmp_path / "inspectie-vo-gymnasia-re-export.csv"
    path.write_text(SECONDARY + row, encoding="utf-8")
    found = load("vo_resultaten", tmp_path).set_index("year")
    assert found.loc[2021, "advies"] == 0
    assert found.loc[2020, "sece"] == 0
