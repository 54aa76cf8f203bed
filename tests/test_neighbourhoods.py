"""A programme that works by neighbourhood: which schools, who lives there, which care."""

from types import SimpleNamespace

import pandas as pd
import pytest

from kansen_analysis.edition import answers
from kansen_analysis.errors import SettingsError
from kansen_analysis.pages import seen, wijkplan
from kansen_analysis.programme.form import check_form
from kansen_analysis.programme.settings import Neighbourhood
from kansen_analysis.schools.neighbourhoods import HOMES, areas, care, homes, schools_in


def hood(**content):
    content = {"name": "Oost", "municipality": "9001", **content}
    return check_form(content, Neighbourhood, SettingsError, "programme.yml")


WHERE = areas(
    [
        hood(postcodes=["9901"], codes=["WK900101"]),
        hood(name="West", postcodes=["9902", "9903"]),
        hood(name="Kade", postcodes=["9901"]),
    ]
)


def test_neighbourhoods_that_share_their_postcodes_are_one_area():
    assert {
        "Oost, Kade": (frozenset({"9901"}), frozenset({"WK900101"})),
        "West": (frozenset({"9902", "9903"}), frozenset()),
    } == WHERE


def test_a_school_stands_where_its_latest_register_says():
    register = pd.DataFrame(
        [
            ("90AA00", 2023, "Bo", "De Kade", "9901 AB"),
            ("90AA00", 2024, "Bo", "De Kade", "9903AB"),  # moved
            ("90AB00", 2024, "Sbo", "De Sluis", "9901 CD"),
            ("90AC00", 2024, "Bo", "Elders", "9999 ZZ"),
        ],
        columns=["school", "year", "kind", "name", "postcode"],
    )
    found = schools_in(register, WHERE)
    assert found[["area", "school"]].to_numpy().tolist() == [
        ["Oost, Kade", "90AB00"],
        ["West", "90AA00"],
    ]


def test_homes_are_counted_as_intervals_and_inside_apart():
    pupils = pd.DataFrame(
        [
            (2024, "9901", "9901 AB", 10, 10),  # lives and learns there
            (2024, "9901", "9999 ZZ", 1, 4),  # hidden, and goes elsewhere
            (2024, "9999", "9901 AB", 30, 30),  # comes from elsewhere
        ],
        columns=["year", "home_postcode", "postcode", "pupils_low", "pupils_high"],
    )
    row = homes(pupils, WHERE).iloc[0]
    assert row.tolist() == ["Oost, Kade", 2024, 11, 14, 10, 10]


def test_care_is_found_by_the_code_of_the_neighbourhood():
    table = pd.DataFrame(
        {
            "region": ["WK900101  ", "GM9001"],
            "year": [2024, 2024],
            "form": ["jeugdhulp"] * 2,
            "young_people": [55, 900],
            "share": [9.5, 10.0],
        }
    )
    assert care(table, WHERE)[["area", "young_people"]].to_numpy().tolist() == [["Oost, Kade", 55]]


def test_the_plan_of_a_neighbourhood_shows_what_stands_and_who_lives_there():
    register = pd.DataFrame(
        [("90AA00", 2024, "Bo", "De Kade", "9901 AB"), ("90AB00", 2024, "Sbo", "Sluis", "9901 CD")],
        columns=["school", "year", "kind", "name", "postcode"],
    )
    lived = pd.DataFrame([("Oost, Kade", 2024, 11, 14, 10, 10)], columns=list(HOMES))
    monitor = SimpleNamespace(
        region=SimpleNamespace(neighbourhoods=[1]),
        participants=pd.DataFrame({"school": ["90AA00"]}),
        area_schools=schools_in(register, WHERE),
        area_homes=lived,
        area_care=pd.DataFrame(),
    )
    said = wijkplan.neighbourhood(monitor).markdown
    assert "**Oost, Kade** (postcode 9901): 1 basisschool en 1 speciale school." in said
    assert "wonen tussen 11 en 14 leerlingen" in said and "daarvan gaan er 10 daar" in said
    part = wijkplan.schools(monitor).frame.set_index("school")["part"]
    assert part.to_dict() == {"90AA00": "ja", "90AB00": "niet genoemd"}
    assert wijkplan.care(monitor) is None
    monitor.region.neighbourhoods = []
    assert wijkplan.neighbourhood(monitor) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "expected postcodes (four digits in quotes), codes of CBS, or both"),
        ({"codes": ["1408"]}, "codes[0]: found '1408', expected a code of CBS such as WK001408"),
        ({"postcodes": ["97"]}, "postcodes[0]: found '97', expected four digits in quotes"),
    ],
)
def test_a_neighbourhood_that_is_nowhere_is_told(content, told):
    with pytest.raises(SettingsError) as error:
        hood(**content)
    assert told in str(error.value)


def test_without_a_register_the_schools_of_the_area_are_shown():
    """The site of a plan that names no school showed the country and nothing of its own."""
    facts = pd.DataFrame(
        {
            "school": ["90AA00", "90AC00"],
            "province": ["Oostland", "Westland"],
            "municipality_code": ["9001", "9002"],
        }
    )
    register = pd.DataFrame(
        [("90AA00", 2024, "Bo", "De Kade", "9901AB"), ("90AB00", 2024, "Sbo", "Sluis", "9901AB")],
        columns=["school", "year", "kind", "name", "postcode"],
    )
    by_hood = SimpleNamespace(neighbourhoods=(hood(postcodes=["9901"]),))

    def inside(region):
        known = {"schools": facts, "region": region, "over_time": pd.DataFrame()}
        return answers._in_area({"schools": known, "tidy": {"vestigingen": register}})

    assert inside(by_hood) == {"90AA00"}
    area = SimpleNamespace(provinces=(), municipalities={"9002": "West"})
    whole = SimpleNamespace(neighbourhoods=(), area=area)
    assert inside(whole) == {"90AC00"}

    row = {"group": "area", "year": 2024, "low": 54.0, "high": 54.0, "n_low": 66, "n_high": 66}
    edition = SimpleNamespace(
        participants=facts[:0], seen={1: pd.DataFrame([row | {"schools": 4}])}
    )
    assert "(66 leerlingen, 4 scholen in het werkgebied)" in seen.in_short(edition, 1)
