"""What the monitor must say of published files, held on small invented ones in their layouts.

The same truths are held on the real files, by the tests marked `real`; here every figure is counted
again from the cells as they are printed.
"""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from excerpts import ADVICES, MIDDLE, PARTICIPANTS, SMALL, STARTED
from python_calamine import CalamineWorkbook
from test_sources_real import rows
from typer.testing import CliRunner

from bench.placebo import placebo, summarise
from kansen_analysis.cli import app
from kansen_analysis.display.prose import Absent
from kansen_analysis.edition.build import build
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.outcomes import advice, panel
from kansen_analysis.pages import common, context, eindtoets, school, verantwoording
from kansen_analysis.schools.load import Tables

ADVICE_FILE = "04-leerlingen-bo-sbo-schooladviezen-{}-{}.csv"
LEVEL_FILE = "10.-leerlingen-bo-referentieniveaus-{}-{}.csv"


@pytest.fixture(scope="module")
def raw(invented):
    return invented / "raw"


@pytest.fixture(scope="module")
def edition(invented, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edition") / "2024-2025"
    with pytest.MonkeyPatch.context() as patch:
        # The invented schools stand in no province, so they are not of a programme's region.
        patch.setattr(f"{build.__module__}.check_region", lambda *given: None)
        return build(invented / "raw", invented / "participants.csv", 2024, folder=folder)


@pytest.fixture(scope="module")
def inspectorate(raw):
    """The workbook of the Inspectie, read without our loader."""
    book = CalamineWorkbook.from_path(raw / "leerresultaten-2023-2024-2025.ods")
    head, *body = book.get_sheet_by_name("Data").to_python()
    return pd.DataFrame(body, columns=head).set_index("ovt")


def number(text) -> float:
    return float(str(text).replace(",", "."))


# ---- advices


def test_hidden_counts_take_what_the_exact_years_of_the_files_have(raw):
    found = advice.advice_panel(*panel.advice_cells(Tables(raw)))
    small: dict[str, list[int]] = {name: [] for name in panel.RANKED_ADVICES}
    for year in (2019, 2020, 2021):
        for row in rows(raw / ADVICE_FILE.format(year, year + 1)):
            for name, counts in small.items():
                if row["SOORT_PO"] == "Bo" and 1 <= int(row[name]) <= 4:
                    counts.append(int(row[name]))
    assert advice.exact_years(*panel.advice_cells(Tables(raw))) == [2019, 2020, 2021]
    for name, counts in small.items():
        assert found.means[name] == pytest.approx(sum(counts) / len(counts))


def test_pretended_participants_of_exact_years_are_seldom_called_changed():
    """Nothing happened to them, and pupils who are raised are found back, wherever on the scale."""
    rng = np.random.default_rng(2)
    share = np.array([2, 6, 5, 10, 6, 16, 9, 17, 11, 18]) / 100
    counts, weging = {}, {}
    for at in range(300):
        own, size = 0.08 * rng.standard_normal(), rng.integers(12, 40)
        weging[f"90{at:04d}"] = 30 - 20 * own + rng.normal(0, 2)
        for year in (2019, 2020, 2021):
            chance = share * np.exp((own + 0.04 * rng.standard_normal()) * np.arange(10))
            counts[f"90{at:04d}", year] = rng.multinomial(size, chance / chance.sum())
    index = pd.MultiIndex.from_tuples(counts, names=["school", "year"])
    exact = pd.DataFrame(list(counts.values()), index, list(panel.RANKED_ADVICES))
    schools = pd.DataFrame({"school": list(weging), "schoolweging": list(weging.values())})
    raises = [("all", 0.2), ("bottom", 0.2)]
    draws = placebo(exact, exact, schools, draws=16, treated=60, raises=raises, repeats=20)
    found = summarise(draws)
    nothing, *raised = (found.loc[key] for key in [("none", 0.0), *raises])
    assert abs(nothing["bias"]) < 0.1
    assert 0.06 < nothing["sd"] < 0.15
    assert nothing["rejected"] <= 20
    for each in (nothing, *raised):
        assert each["coverage"] >= 85
    for each in raised:
        assert each["bias"] - nothing["bias"] == pytest.approx(0, abs=0.05)


def test_the_command_counts_the_advices_of_the_files(raw, invented, tmp_path):
    for path in (*raw.iterdir(), invented / "participants.csv"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "programme").mkdir()  # of its own, and nothing in it
    done = CliRunner().invoke(app, ["check", "--data", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.exception
    found = {
        row["school_year"]: (row["rows"], row["masked_cells"])
        for row in json.loads(done.stdout)["sources"]
        if row["source"] == "schooladviezen"
    }
    for year in range(2019, 2025):
        counted = rows(raw / ADVICE_FILE.format(year, year + 1))
        masked = sum(row[name] == "<5" for row in counted for name in ADVICES.split(";"))
        assert found[f"{year}-{year + 1}"] == (len(counted), masked)


# ---- the verdict


def test_files_that_begin_after_the_start_bear_no_verdict_and_say_why(edition):
    assert set(edition.verdicts["verdict"]) == {Verdict.UNTESTABLE}
    reason = edition.verdicts.set_index("goal").loc[1, "reason"]
    assert "beginnen in 2022-2023" in reason
    assert "Van 3 van de 5 scholen in het register" in reason
    assert edition.verdicts["reason"].str.len().min() > 40


def test_files_that_are_no_demo_are_not_called_invented(edition):
    assert "verzonnen" not in common.banner(edition).markdown
    assert "verzonnen" not in verantwoording.limits(edition).markdown


# ---- pages


def holds(row, name, published, close=0.01):
    """Tell whether a figure is shown, or a range around it where it would solve a hidden count."""
    if pd.notna(row[name]):
        return row[name] == pytest.approx(published, abs=close)
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return low < high and low - close <= published <= high + close


def test_participants_are_shown_with_the_figures_of_the_inspectorate(edition, inspectorate):
    shown = eindtoets.participants(edition).frame.set_index("school")
    assert set(shown.index) == set(PARTICIPANTS)
    for code in PARTICIPANTS:
        ovt = f"{code[:4]}|C2" if code == MIDDLE else f"{code[:4]}|C1"
        told = inspectorate.loc[ovt]
        row = shown.loc[code]
        assert row["schoolweging_driejaars"] == pytest.approx(told["Schoolweging"])
        assert row["signaleringswaarde_1s2f"] == told["Signaleringswaarde 1S/2F"]
        if code != SMALL:
            assert holds(row, "value_2024", number(told["Gemiddelde %1S/2F 2425"]))
    assert np.isnan(shown.loc[SMALL, "value_2022"])
    assert shown.loc[SMALL, "value_2022_low"] < shown.loc[SMALL, "value_2022_high"]


@pytest.mark.parametrize("code", [code for code in PARTICIPANTS if code != SMALL])
def test_the_page_of_a_school_has_the_figures_of_the_inspectorate(edition, inspectorate, code):
    told = inspectorate.loc[f"{code[:4]}|C2" if code == MIDDLE else f"{code[:4]}|C1"]
    frame = school.by_year(edition, code).frame.set_index("year")
    for year, label in ((2022, "2223"), (2023, "2324"), (2024, "2425")):
        assert holds(frame.loc[year], "value", number(told[f"Gemiddelde %1S/2F {label}"]))
        assert holds(frame.loc[year], "n", int(told[f"Aantal leerlingen {label}"]), 0)
        assert frame.at[year, "signal"] == told["Signaleringswaarde 1S/2F"]
    window = school.three_years(edition, code).frame.iloc[0]
    published = number(told["Gewogen driejaarsgemiddelde %1S/2F"])
    assert holds(window, "value", published, 0.02)  # from shares in two decimals
    assert holds(window, "n", int(told["Totaal aantal leerlingen 3 jaar"]), 0)


def shares_possible(row: dict) -> tuple[float, float, int, int]:
    """Lowest and highest share of target levels, and number of pupils, of one printed row."""
    domains = (
        (["REKENEN_LAGER1F", "REKENEN_1F"], ["REKENEN_1S", "REKENEN_2F"]),
        (["LV_LAGER1F", "LV_1F"], ["LV_2F"]),
        (["TV_LAGER1F", "TV_1F"], ["TV_2F"]),
    )
    by_pupils = []
    for rest, target in domains:
        found: dict[int, set[int]] = {}
        spans = [range(1, 5) if row[c] == "<5" else [int(row[c])] for c in (*rest, *target)]
        for cells in itertools.product(*spans):
            found.setdefault(sum(cells), set()).add(sum(cells[len(rest) :]))
        by_pupils.append(found)
    pupils = sorted(set.intersection(*map(set, by_pupils)))
    low = min(100 * sum(min(d[p]) for d in by_pupils) / (3 * p) for p in pupils)
    high = max(100 * sum(max(d[p]) for d in by_pupils) / (3 * p) for p in pupils)
    return low, high, pupils[0], pupils[-1]


def test_a_small_school_shows_ranges_and_does_not_give_its_hidden_year_away(
    edition, raw, inspectorate
):
    figure = school.by_year(edition, SMALL)
    frame = figure.frame.set_index("year")
    [row] = [r for r in rows(raw / LEVEL_FILE.format(2022, 2023)) if r["INSTELLINGSCODE"] == "90AD"]
    low, high, least, most = shares_possible(row)
    assert low < high and least < most
    assert pd.isna(frame.at[2022, "value"])
    assert (frame.at[2022, "value_low"], frame.at[2022, "value_high"]) == pytest.approx((low, high))
    assert (frame.at[2022, "n_low"], frame.at[2022, "n_high"]) == (least, most)
    # One to four pupils, and a year of zeros: no figure at all.
    assert frame.loc[[2023, 2024], ["value", "value_low", "value_high", "n"]].isna().all(axis=None)
    # Three years together minus the one that is known would give the hidden one away.
    told = inspectorate.loc["90AD|C1"]
    assert told["Gemiddelde %1S/2F 2223"] == "*" and told["Totaal aantal leerlingen 3 jaar"] == "12"
    window = school.three_years(edition, SMALL).frame.iloc[0]
    assert pd.isna(window["n"]) and pd.isna(window["value"])
    assert window["remark"] == "te weinig leerlingen"
    text = figure.html() + school.three_years(edition, SMALL).html()
    assert told["Gewogen driejaarsgemiddelde %1S/2F"] not in text


def test_the_page_of_a_school_has_its_own_pupils_and_weging(edition, raw):
    history = rows(raw / "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv")
    pupils = {row["VESTIGINGSCODE"]: row["LEERLINGEN_2024"] for row in history}
    book = CalamineWorkbook.from_path(raw / "schoolweging-2021-2024.ods")
    _, *body = book.get_sheet_by_name("2023-2024").to_python()
    weging = {row[0]: f"{row[3]:.2f}".replace(".", ",") for row in body if row[3] != ""}
    for code in ("90AA00", "90AB00", SMALL):
        frame = school.facts(edition, code).frame.set_index("what")["value"]
        assert frame["Leerlingen op 1 oktober 2024"] == pupils[code]
        assert frame["Schoolweging in 2023-2024"] == weging[f"{code[:4]}|C1"]


def test_the_page_of_a_school_says_what_the_documents_say_of_the_start_and_no_more(edition):
    for code in PARTICIPANTS:
        said = school.position(edition, code)
        assert isinstance(said, Absent)
        assert ("2021-2022" if code in STARTED else "Geen document") in said.reason


def test_the_schools_around_are_context_counted_from_the_file(edition, raw):
    table = context.beside_chance(edition, 3)
    shown = table.frame.set_index("what")
    assert len(shown) == 3  # afstroom, opstroom, zittenblijvers
    place = "05.-zittenblijvers-niveau-vestiging-{}-tov-{}.csv"
    old = rows(raw / place.format("2017-2018", "2018-2019"), "cp1252")
    new = rows(raw / place.format("2023-2024", "2024-2025"))
    # A count of 1 to 4 becomes the mean of those that are known, in all years alike.
    known = [int(r["AANTAL_AFSTROMERS"]) for r in [*old, *new] if r["AANTAL_AFSTROMERS"] != "<5"]
    usual = np.mean([count for count in known if 1 <= count <= 4])

    def afstromers(row):
        small = row["AANTAL_AFSTROMERS"] in ("<5", "1", "2", "3", "4")
        return usual if small else int(row["AANTAL_AFSTROMERS"])

    for column, table_rows in (("before", old), ("since", new)):
        here = [r for r in table_rows if r["GEMEENTENUMMER"] in ("9001", "0902")]
        pupils = sum(int(r["AANTAL_LEERLINGEN"]) for r in here)
        share = 100 * sum(map(afstromers, here)) / pupils
        assert shown[column].iloc[0] == pytest.approx(share)
