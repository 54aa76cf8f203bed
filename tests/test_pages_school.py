"""The pages of one school and one municipality: true figures, nothing given away, plain words."""

import csv
import io
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent
from kansen_analysis.display.publication import Publication, drawn_for
from kansen_analysis.display.tables import Table
from kansen_analysis.pages import gemeente, gemeenten, scholen, school

NAMED = ("06GS00", "10HM00", "13PS00", "18QW00", "08CT00")
# PAGES: words that do not belong on these pages
AVOID = ("significant", "p-waarde", "regressie", "controlegroep", "effectgrootte", "statistisch")
AVOID += ("cohort", "interventie", "slechtste", "excellent", "zwak", "probleem")


@pytest.fixture(scope="module")
def demo_monitor(edition):
    return edition


@pytest.fixture(scope="module")
def real(real_edition):
    return real_edition


@pytest.fixture(scope="module")
def inspectorate(real_data):
    """The workbook of the Inspectie, read without our loader."""
    book = CalamineWorkbook.from_path(real_data / "raw" / "leerresultaten-2023-2024-2025.ods")
    head, *rows = book.get_sheet_by_name("Data").to_python()
    table = pd.DataFrame(rows, columns=head)
    return table.set_index("ovt")


def _number(text):
    return float(str(text).replace(",", "."))


@pytest.mark.real
@pytest.mark.parametrize("code", NAMED[:4])
def test_a_named_school_shows_the_figures_of_the_inspectorate(real, inspectorate, code):
    told = inspectorate.loc[f"{code[:4]}|C1"]
    frame = school.by_year(real, code).frame.set_index("year")
    for year, label in ((2022, "2223"), (2023, "2324"), (2024, "2425")):
        for name, what in (("value", "Gemiddelde %1S/2F"), ("n", "Aantal leerlingen")):
            published = _number(told[f"{what} {label}"])
            if pd.notna(frame.at[year, name]):
                assert frame.at[year, name] == published
            else:  # exact it would solve a count that DUO hides
                ends = frame.at[year, f"{name}_low"], frame.at[year, f"{name}_high"]
                assert ends[0] - 0.01 <= published <= ends[1] + 0.01 and ends[0] < ends[1]
        assert frame.at[year, "signal"] == told["Signaleringswaarde 1S/2F"]
    window = school.three_years(real, code).frame.iloc[0]
    published = _number(told["Gewogen driejaarsgemiddelde %1S/2F"])
    if pd.isna(window["value"]):  # one of its years is a range
        assert window["value_low"] <= published <= window["value_high"]
    else:  # from yearly shares rounded to .01
        assert window["value"] == pytest.approx(published, abs=0.02)
        assert window["n"] == int(told["Totaal aantal leerlingen 3 jaar"])


@pytest.mark.real
def test_a_small_school_shows_ranges_and_does_not_give_its_hidden_year_away(real, inspectorate):
    figure = school.by_year(real, "08CT00")
    frame = figure.frame.set_index("year")
    # DUO 2022-2023 by hand: rekenen <5, 5, 1S <5, 2F 0; lezen 0, <5, 2F 7; taal 0, <5, 2F 7:
    # 8 to 11 pupils, 14 levels plus 1 to 4, of which 16/24 is the most and 16/33 the least
    assert pd.isna(frame.at[2022, "value"])
    assert frame.at[2022, "value_low"] == pytest.approx(100 * 16 / 33)
    assert frame.at[2022, "value_high"] == pytest.approx(100 * 16 / 24)
    assert (frame.at[2022, "n_low"], frame.at[2022, "n_high"]) == (8, 11)
    # 2023-2024: (5 + z) of 3 x (5 + z), whatever is hidden
    assert frame.at[2023, "value"] == pytest.approx(100 / 3)
    # 2024-2025: a row of zeros is no result
    assert pd.isna(frame.at[2024, "value"]) and pd.isna(frame.at[2024, "value_high"])
    # the three years of the Inspectie minus the two that are known would give the third away
    three = inspectorate.loc["08CT|C1", "Totaal aantal leerlingen 3 jaar"]
    window = school.three_years(real, "08CT00").frame.iloc[0]
    assert int(three) == 20 and pd.isna(window["n"])
    assert window["remark"] == "te weinig leerlingen"
    assert "ongeveer 7 tot 10 leerlingen" in school.opening(real, "08CT00").markdown
    assert "53,3" not in figure.html() + school.three_years(real, "08CT00").html()


@pytest.mark.real
def test_a_named_school_shows_its_own_pupils_and_weging(real):
    """Read by hand from DUO's historical overview of 2024 and the schoolweging of 2023-2024."""
    told = {"06GS00": ("149", "31,01"), "10HM00": ("74", "33,66"), "08CT00": ("43", "33,01")}
    for code, (pupils, weging) in told.items():
        frame = school.facts(real, code).frame.set_index("what")["value"]
        assert frame["Leerlingen op 1 oktober 2024"] == pupils
        assert frame["Schoolweging in 2023-2024"] == weging


@pytest.mark.real
def test_the_pages_say_what_the_documents_say_of_the_start_and_no_more(real):
    said = {code: school.position(real, code) for code in NAMED}
    assert all(isinstance(each, Absent) for each in said.values())
    assert all("Geen document" in said[code].reason for code in NAMED[:3])
    assert all("2021-2022" in said[code].reason for code in NAMED[3:])


def test_the_first_sentence_is_what_the_figures_can_bear(demo_monitor):
    results = demo_monitor.load("leerresultaten").dropna(subset="pupils")
    levels = demo_monitor.target_levels
    ranged = set(levels.loc[levels["joined"] != "", "school"])  # where two publishers meet
    code = next(
        s for s in demo_monitor.participants["school"] if s in {*results["school"]} - ranged
    )
    pupils = results.loc[results["school"] == code, "pupils"]
    count = int(pupils.mean() + 0.5)
    assert len(pupils) == 3
    first = school.opening(demo_monitor, code).markdown.split("**")[1]
    assert first == (
        f"Deze school heeft ongeveer {count} leerlingen in groep 8. "
        f"Eén leerling is dan {100 / count:.0f} procentpunt."
    )


def test_a_year_with_fewer_than_five_pupils_is_nowhere_on_the_page(demo_monitor):
    levels = demo_monitor.target_levels
    small = levels[(levels["n"] < 5) & levels["school"].isin(demo_monitor.participants["school"])]
    assert len(small)
    for row in small.head(4).itertuples():
        frame = school.by_year(demo_monitor, row.school).frame.set_index("year")
        assert frame.loc[row.year, ["value", "value_low", "n", "n_low"]].isna().all()
        known = levels[(levels["school"] == row.school) & (levels["n"] >= 5)]["n"].sum()
        assert school.three_years(demo_monitor, row.school).frame["n_high"].sum() <= known


def test_a_school_with_too_few_pupils_gets_no_place_in_the_funnel(demo_monitor):
    found = demo_monitor.changes[1].table
    few = found.loc[found["mark"] == "te weinig leerlingen", "school"]
    assert len(few)
    assert "Te weinig leerlingen" in school.position(demo_monitor, few.iloc[0]).reason


def test_the_funnel_marks_one_school_and_names_none(demo_monitor):
    found = demo_monitor.changes[1].table.dropna(subset=["change"])
    figure = school.position(demo_monitor, found["school"].iloc[0])
    assert (figure.frame["own"] == "ja").sum() == 1
    html = figure.html() + figure.svg
    names = demo_monitor.participants["name"]
    assert not any(name in html for name in names)
    assert not any(code in html for code in found["school"])


def test_titles_are_short_and_follow_the_data(demo_monitor):
    titles = [
        school._results_title(demo_monitor, code) for code in demo_monitor.participants["school"]
    ]
    assert max(len(title.split()) for title in titles) <= 15
    assert len(set(titles)) > 20
    shares = [title for title in titles if "%" in title]
    assert shares and all(re.search(r"\d% .* bij \d+(–\d+)? leerlingen", t) for t in shares)
    assert any("Te weinig leerlingen" in title for title in titles)


def test_the_band_is_that_of_schools_elsewhere_that_take_no_part(demo_monitor):
    people = set(demo_monitor.participants["school"])
    provinces = demo_monitor.facts.set_index("school")["province"]
    for code in sorted(people)[:10]:
        alike = school.matched_schools(demo_monitor, code)
        assert len(alike) >= school.FEWEST
        assert not people & set(alike)
        assert "Drenthe" not in set(provinces[alike])


def _place(monitor) -> str:
    return monitor.participants["municipality_code"].iloc[0]


def _shown(result) -> str:
    data = result._repr_mimebundle_()
    text = re.sub(r'data:[^"]*', "", data.get("text/html") or data["text/markdown"])
    return re.sub(r"<[^>]+>", " ", text)


def test_the_words_are_plain_and_neither_praise_nor_blame(demo_monitor):
    found = demo_monitor.changes[1].table.dropna(subset=["change"])
    code, place = found["school"].iloc[0], _place(demo_monitor)
    parts = [
        getattr(school, name)(demo_monitor, code)
        for name in ("opening", "by_year", "three_years", "position", "advice", "facts", "missing")
    ] + [
        getattr(gemeente, name)(demo_monitor, place)
        for name in ("opening", "groups", "size", "results", "missing")
    ]
    text = " ".join(map(_shown, parts)).lower()
    assert [word for word in AVOID if re.search(rf"\b{re.escape(word)}", text)] == []
    assert text.count("beste ") == text.count("beste schatting")


def test_the_indexes_link_only_when_the_pages_are_made(demo_monitor):
    assert "ipynb" not in scholen.index(demo_monitor).markdown
    assert "ipynb" not in gemeenten.index(demo_monitor).markdown
    with drawn_for(Publication(generated=True)):
        links = re.findall(r"\(scholen/(\w+)\.ipynb\)", scholen.index(demo_monitor).markdown)
    assert sorted(links) == sorted(demo_monitor.participants["school"])


def test_the_index_is_in_the_order_of_the_alphabet(demo_monitor):
    names = [line.split(" | ")[0][2:] for line in scholen.index(demo_monitor).markdown.split("\n")]
    names = names[2 : names.index("")]
    assert names == sorted(names, key=str.casefold)
    assert len(names) == len(demo_monitor.participants)


def test_a_municipality_counts_its_schools(demo_monitor, demo):
    path = next(demo.glob("06.-historisch*.csv"))
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig") if raw.startswith(b"\xef\xbb\xbf") else raw.decode("cp1252")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    code = _place(demo_monitor)
    columns = {name.upper(): name for name in rows[0]}
    place = next(columns[c] for c in columns if c.startswith("GEMEENTECODE"))
    kind = next(columns[c] for c in columns if "SOORT" in c)
    count = next(columns[c] for c in columns if c.endswith("2024") or "2024" in c)
    here = [
        int(row[count])
        for row in rows
        if row[place].zfill(4) == code and row[kind] == "BO" and row[count] not in ("", "0")
    ]
    frame = gemeente.groups(demo_monitor, code).frame.set_index("group")
    assert frame.at["samen", "schools"] == len(here)
    assert frame.at["samen", "pupils"] == sum(here)


# Context of CBS: not in the demo, so the tables are given here --------------------------------

HERE = "0119"


def _with(monitor, **tables):
    """A monitor that loads these tables and nothing else."""
    empty = pd.DataFrame(columns=["school", "year"])
    people = monitor.participants.assign(municipality_code=HERE)
    return SimpleNamespace(participants=people, load=lambda table: tables.get(table, empty))


def test_without_cbs_files_the_page_says_so(demo_monitor):
    monitor = _with(demo_monitor)
    for name in ("special_education", "youth_care", "dropout"):
        assert isinstance(getattr(gemeente, name)(monitor, HERE), Absent)


def test_dropout_is_that_of_the_municipality_beside_the_country(demo_monitor):
    rows = [
        ("GM" + HERE, HERE, "totaal", 2021, 2.1),
        ("GM" + HERE, HERE, "totaal", 2022, 1.8),
        ("GM" + HERE, HERE, "mannen", 2022, 9.9),
        ("NL01", None, "totaal", 2021, 2.3),
        ("NL01", None, "totaal", 2022, 2.4),
        ("GM0114", "0114", "totaal", 2022, 5.5),
    ]
    columns = ["region", "municipality_code", "sex", "year", "pct_vsv"]
    table = pd.DataFrame(rows, columns=columns).assign(dataset="cbs_84780ned")
    figure = gemeente.dropout(_with(demo_monitor, vsv=table), HERE)
    assert isinstance(figure, Figure)
    assert figure.title == "In 2022-2023 ging 1,8% voortijdig van school, in 2021-2022 2,1%"
    assert sorted(figure.frame["value"]) == [1.8, 2.1, 2.3, 2.4]
    assert "geen toets" in figure.subtitle


def test_youth_care_keeps_its_calendar_years(demo_monitor):
    rows = [("GM" + HERE, HERE, 2022, 12.5), ("NL01", None, 2022, 10.9)]
    columns = ["region", "municipality_code", "year", "share"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.assign(form="jeugdhulp", dataset="cbs_85098ned")
    shown = gemeente.youth_care(_with(demo_monitor, jeugdhulp=table), HERE)
    assert isinstance(shown, Table)
    row = shown.frame.iloc[0]
    assert (row["when"], row["value"], row["country"]) == ("2022", 12.5, 10.9)
    assert len(shown.frame) == 1


def test_special_education_takes_totals_and_hides_small_counts(demo_monitor):
    rows = [
        ("T001234", "T001040", 2021, 40),
        ("T001234", "T001040", 2022, 3),
        ("A041715", "T001040", 2021, 12),
        ("T001234", "H007933", 2021, 11),
    ]
    table = pd.DataFrame(rows, columns=["cluster", "origin", "year", "pupils"]).assign(
        region="GM" + HERE,
        municipality_code=HERE,
        school_type="A024735",
        provisional=False,
        dataset="cbs_85490ned",
    )
    figure = gemeente.special_education(_with(demo_monitor, so_vso=table), HERE)
    assert figure.frame["value"].tolist() == [40.0]
