"""Errors that survived the whole suite when somebody planted them, each with a test that sees it.

A rule can be wrong in a way that no figure of the demo shows. What is held here are the places
where a small slip would change a verdict: which interval, which year, which school, which sign. The
numbers are hand counts, or those of scipy and numpy. `make mutants` looks for what is missing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from excerpts import Tables
from scipy import stats

from kansen_analysis.demo.panels import simulate
from kansen_analysis.edition.monitor import Monitor
from kansen_analysis.errors import DataErrors
from kansen_analysis.estimate import attenuation, em_check
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.rule import judge
from kansen_analysis.outcomes import advice, panel
from kansen_analysis.schools import match
from kansen_analysis.schools.load import load
from kansen_analysis.sources.values import read_count

PROTOCOL = load_protocol()
MARGIN = PROTOCOL.goal(1).outcome.smallest_difference
GUARD = PROTOCOL.goal(3).guard.smallest_difference


# ---- the rule: which interval, which limit


@pytest.fixture(scope="module")
def calm():
    """An estimate on a world in which nothing happened; its decision is filled in by the tests."""
    return estimate_effect(simulate("S0", seed=1))


def told(estimate, effect, half95, half90, p_value=0.001):
    """The same figures in every version."""
    figures = {
        "effect": effect,
        "p_value": p_value,
        "ci_low": effect - half95,
        "ci_high": effect + half95,
        "ci90_low": effect - half90,
        "ci90_high": effect + half90,
    }
    return replace(estimate, decision=pd.DataFrame(figures, index=estimate.decision.index))


def word(goal, estimate, **guards):
    table = judge({goal: estimate}, PROTOCOL, **guards).set_index("goal")
    return table.loc[goal, "verdict"]


@pytest.mark.parametrize(
    ("half95", "half90", "verdict"),
    [
        (1.15, 0.95, Verdict.SAME),  # the 95% interval sticks out, the 90% interval does not
        (1.25, 1.05, Verdict.OPEN),
    ],
)
def test_no_difference_is_judged_by_the_90_percent_interval(calm, half95, half90, verdict):
    found = told(calm, 0.0, half95 * MARGIN, half90 * MARGIN, p_value=0.9)
    assert word(1, found) == verdict


@pytest.mark.parametrize("side", [1, -1])
def test_one_end_outside_the_margin_is_enough(calm, side):
    """The middle may lie within it, and the other end."""
    found = told(calm, side * 0.5 * MARGIN, 0.7 * MARGIN, 0.6 * MARGIN, p_value=0.2)
    assert word(1, found) == Verdict.OPEN


@pytest.mark.parametrize(("side", "verdict"), [(1, Verdict.BETTER), (-1, Verdict.WORSE)])
def test_versions_agree_by_their_95_percent_interval(calm, side, verdict):
    large = 3 * MARGIN  # never "no difference"
    assert word(1, told(calm, side * large, 0.9 * large, 0.8 * large)) == verdict
    assert word(1, told(calm, side * large, 1.1 * large, 0.9 * large)) == Verdict.OPEN


@pytest.mark.parametrize(
    ("half90", "verdict"),
    [(0.98, Verdict.BETTER), (1.02, Verdict.OPEN), (1.5, Verdict.OPEN), (1.98, Verdict.OPEN)],
)
def test_the_guard_of_goal_three_is_no_more_lenient_than_the_protocol(calm, half90, verdict):
    fewer = told(calm, 4 * GUARD, 2 * GUARD, 1.7 * GUARD)
    held = told(calm, 0.0, 2.5 * GUARD, half90 * GUARD, p_value=0.9)
    assert word(3, fewer, guards={3: held}) == verdict


def test_the_guard_is_about_its_bound_and_not_about_its_effect(calm):
    fewer = told(calm, 4 * GUARD, 2 * GUARD, 1.7 * GUARD)
    unsure = told(calm, 2 * GUARD, 4 * GUARD, 3.5 * GUARD, p_value=0.5)
    assert word(3, fewer, guards={3: unsure}) == Verdict.OPEN


# ---- the estimate: intervals, leads, errors


def test_the_90_percent_interval_of_a_version_is_narrower_by_the_quantiles_of_t(calm):
    found = calm.decision
    half95, half90 = (
        (found[f"{ci}_high"] - found[f"{ci}_low"]).to_numpy() / 2 for ci in ("ci", "ci90")
    )
    free = calm.n_schools - 1
    expected = stats.t.ppf(0.95, free) / stats.t.ppf(0.975, free)
    assert half90 / half95 == pytest.approx(expected, abs=0.004)
    middle = (found["ci90_low"] + found["ci90_high"]) / 2
    assert middle.to_numpy() == pytest.approx(found["effect"].to_numpy())


def test_the_90_percent_interval_of_few_schools_holds_what_the_draws_do_not_reject_at_10():
    found = estimate_effect(simulate("S0", seed=6, treated=24), draws=199, details=False)
    assert found.method == "randomisation"
    for version, row in found.decision.iterrows():
        draws = found.randomisation[version]
        for low, high, alpha in (
            (row["ci_low"], row["ci_high"], 0.05),
            (row["ci90_low"], row["ci90_high"], 0.10),
        ):
            step = 1e-6 * (high - low)
            for end, inward in ((low, step), (high, -step)):
                assert draws.p_value(end + inward) > alpha >= draws.p_value(end - inward)


def moved(after: float, before: float) -> pd.DataFrame:
    """A world in which participants differ after their start, and in one year before it."""
    rows = simulate("S0", seed=1)
    tested = np.sort(rows["year"].unique())
    cohort = rows["cohort"]
    early = cohort.map({int(g): int(tested[tested < g][-3]) for g in cohort.dropna().unique()})
    running = (rows["year"] >= cohort).fillna(False)
    value = rows["value"] + after * running + before * (rows["year"] == early).fillna(False)
    return rows.assign(value=value)


@pytest.mark.parametrize("after", [1.5, -1.5])
@pytest.mark.parametrize("before", [0.6, -0.6])
def test_the_largest_lead_is_taken_off_on_the_side_that_makes_the_effect_smaller(after, before):
    found = estimate_effect(moved(after, before))
    leads = found.leads
    assert np.sign(leads.largest) == np.sign(before)
    assert leads.largest == pytest.approx(before, abs=0.1)
    assert leads.effect_minus_largest == pytest.approx(
        np.sign(after) * (abs(found.effect) - abs(leads.largest))
    )
    assert abs(leads.effect_minus_largest) < abs(found.effect)


def design(rows: pd.DataFrame, *, size: bool = False):
    """The regression of V1 with a dummy for everything; and what is asked of its coefficients."""
    running = (rows["year"] >= rows["cohort"]).fillna(False)
    cell = (rows["cohort"].astype(str) + "/" + rows["year"].astype(str)).where(running)
    year = pd.get_dummies(rows["year"], drop_first=True, dtype=float)
    parts = [
        pd.get_dummies(rows["school"], dtype=float),
        year,
        year.mul(rows["schoolweging"], axis=0),
        pd.get_dummies(rows["provider"] + rows["year"].astype(str), dtype=float),
    ]
    if size:
        first = int(rows["cohort"].min())
        before = rows[rows["year"] < first].groupby("school")["n"].mean()
        parts.append(year.mul(np.log(rows["school"].map(before)), axis=0))
    cells = pd.get_dummies(cell, dtype=float)
    x = np.column_stack([*(part.to_numpy(float) for part in parts), cells.to_numpy()])
    contrast = np.zeros(x.shape[1])
    contrast[-cells.shape[1] :] = cells.sum() / cells.to_numpy().sum()
    return x, contrast


def how_values_count(rows: pd.DataFrame, k: float, **options) -> np.ndarray:
    """Per row, how much its value counts in the effect, from the normal equations."""
    x, contrast = design(rows, **options)
    weight = (rows["n"] / (rows["n"] + k)).to_numpy()
    return contrast @ np.linalg.pinv(x.T @ (x * weight[:, None]), hermitian=True) @ (x.T * weight)


def test_the_model_error_is_that_of_shocks_that_go_together_over_the_years():
    rows = simulate("S0", seed=4, schools=120, treated=60)
    found = estimate_effect(rows, details=False)
    shocks = found.shocks
    assert shocks.rho > 0.2  # otherwise this says nothing
    counts = how_values_count(rows, shocks.k)
    assert counts @ rows["value"] == pytest.approx(found.effect)
    years = np.sort(rows["year"].unique())
    variance = shocks.pupil_sd**2 * (counts**2 / rows["n"]).sum()
    for _, part in rows.assign(counts=counts).groupby("school"):
        at = np.searchsorted(years, part["year"])
        together = shocks.rho ** np.abs(np.subtract.outer(at, at))  # tested years apart
        variance += shocks.shock_sd**2 * part["counts"] @ together @ part["counts"]
    assert found.model_errors["V1"] == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_size_is_that_of_the_years_before_anybody_started():
    rows = simulate("S0", seed=4, schools=120, treated=60, effect=0.2)
    found = estimate_effect(rows, size_by_year=True, details=False)
    counts = how_values_count(rows, found.shocks.k, size=True)
    assert found.effect == pytest.approx(counts @ rows["value"])
    plain = estimate_effect(rows, details=False)
    assert abs(found.effect - plain.effect) > 1e-6  # size does something here


def test_size_does_not_see_the_programme():
    """Schools that grow or shrink from the first start on are as large as they were."""
    rows = simulate("S0", seed=4, schools=60, treated=40)
    first = int(rows["cohort"].min())
    grown = rows.assign(n=rows["n"].mask(rows["year"] >= first, 3 * rows["n"]))
    one, other = (to_data(each, size_by_year=True)[0].size for each in (rows, grown))
    assert one == pytest.approx(other)


ADVICES = list(panel.RANKED_ADVICES)


def test_the_other_filling_of_hidden_advices_knows_that_participants_are_few():
    """Four participants that happen to move alike look more certain than four schools can be."""
    rng = np.random.default_rng(5)
    share = np.array([2, 6, 5, 10, 6, 16, 9, 17, 11, 18]) / 100
    few, years = 4, range(2019, 2024)
    alike = rng.multinomial(60, share)
    counts = {
        (f"90{school:04d}", year): alike if school < few else rng.multinomial(60, share)
        for school in range(120)
        for year in years
    }
    index = pd.MultiIndex.from_tuples(counts, names=["school", "year"])
    true = pd.DataFrame(list(counts.values()), index=index, columns=ADVICES)
    small = (true >= 1) & (true <= 4) & (index.get_level_values("year") >= 2022)[:, None]
    found = advice.advice_panel(true.mask(small, 1), true.mask(small, 4))
    code = found.rows["school"].str[2:].astype(int)
    rows = found.rows.assign(
        cohort=found.rows["school"].map({f"90{i:04d}": 2022 for i in range(few)}).astype("Int64"),
        schoolweging=np.where(code < few, 30.0, 25.0 + code % 10),
        provider=pd.NA,
        own_region=code % 2 == 0,
    )
    check = em_check.em_check(found, rows, attenuation.recovery(found, rows))
    assert check.n_treated == few
    # What the other schools move by themselves, from their counts before anything was hidden.
    level = (true @ np.arange(10.0) / true.sum(axis=1)).rename("level").reset_index()
    means = level.groupby(["school", level["year"] >= 2022])["level"].mean().unstack()
    change = (means[True] - means[False]).iloc[few:]
    assert check.std_error > 0.6 * change.std() / np.sqrt(few)
    assert check.ci_high - check.ci_low > 2 * 1.9 * check.std_error


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


def test_schools_are_described_by_the_years_before_the_first_coach(demo, tmp_path):
    """Counted again from the tables of the folder, with participants that start a year later on."""
    first = 2023  # the folder has a schoolweging of two earlier years
    register = pd.read_csv(demo / "participants.csv", dtype="str").assign(
        network_start=f"{first}-{first + 1}", coach_start=f"{first}-{first + 1}"
    )
    register.to_csv(tmp_path / "participants.csv", index=False)
    schools = Monitor(demo, tmp_path / "participants.csv").schools.set_index("school")

    history = load("leerlingen_historisch", demo)
    last = history[(history["year"] == first - 1) & (history["kind"] == "Bo")]
    size = last.set_index("school")["pupils"].reindex(schools.index).astype(float)
    pd.testing.assert_series_equal(schools["pupils"], size, check_names=False)

    table = load("schoolweging", demo).dropna(subset=["school", "schoolweging"])
    early = table[table["year"] < first].groupby("school")["schoolweging"].mean().clip(20, 40)
    both = schools.index.intersection(early.index)
    assert len(both) > 900
    assert schools.loc[both, "schoolweging"].to_numpy() == pytest.approx(early[both].to_numpy())


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
    assert len(match.existing(history(), register.iloc[:0], [2020])) == 0


# ---- cells: what a number is


@pytest.mark.parametrize(
    "cell", ["1.0", "10.0", "1.00", "1.0001", "10.01", "1.001.0", "1001.001", "1.", ".001", "1,001"]
)
def test_a_point_stands_for_thousands_before_three_digits_only(cell):
    with pytest.raises(ValueError, match="a whole number of pupils"):
        read_count(cell, {}, thousands=True)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1.001", 1001), ("12.345", 12345), ("1.234.567", 1234567), ("999", 999), ("1001", 1001)],
)
def test_a_number_with_points_for_thousands_is_read_whole(cell, number):
    assert read_count(cell, {}, thousands=True) == (number,) * 3
    if "." in cell:
        with pytest.raises(ValueError, match="a whole number of pupils"):
            read_count(cell, {}, thousands=False)


@pytest.mark.parametrize("cell", [1.001, 1.5])
def test_a_number_cell_of_a_workbook_has_no_thousands(cell):
    with pytest.raises(ValueError, match="a whole number of pupils"):
        read_count(cell, {}, thousands=True)
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
    path.write_text(MOVES + row.format("1.0"), encoding="utf-8", newline="")
    with pytest.raises(DataErrors, match=r"TOTAAL LEERLINGEN: found '1\.0'"):
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
