"""The pages around the goals: they show what the data bear, and say what is missing."""

import csv
import itertools
import json
import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

from kansen_analysis.demo.panels import simulate
from kansen_analysis.display.prose import Absent
from kansen_analysis.edition import sensitivity
from kansen_analysis.edition.build import build
from kansen_analysis.errors import PanelError, Reason, UsageError
from kansen_analysis.estimate.attenuation import Attenuation, corrected
from kansen_analysis.estimate.codes import Choice
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.estimate.specifications import vary
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.pages import (
    common,
    context,
    deelnemers,
    eindtoets,
    evidence,
    gegevens,
    methode,
    schooladvies,
    toegankelijkheid,
)
from kansen_analysis.programme.settings import read_settings
from kansen_analysis.words.choices import CHANGES, place

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def tested():
    """A goal that was tested, on a simulated panel, of whose effect 0.8 is seen."""
    panel = simulate("S0", seed=1, schools=60, treated=20, effect=0.2)
    parts = pd.DataFrame({"one": [0.8, 0.6], "two": [0.8, 1.0]}, ["all", "bottom"])
    seen = Attenuation(parts, parts)
    estimate = corrected(estimate_effect(panel, seed=1, draws=99, size_by_year=True), seen)
    protocol = load_protocol()
    verdicts = pd.DataFrame({"goal": [2], "verdict": ["onbeslist"], "reason": ["Reden."]})
    return SimpleNamespace(
        panels={"2": panel},
        estimates={2: estimate},
        attenuation={2: seen},
        choices={2: vary(panel, size_by_year=True)},
        detectable={2: detectable_difference(estimate).difference},
        by_step={2: {-1: 20, 0: 20, 1: 20}},
        protocol=protocol,
        verdicts=verdicts,
        disclosure={"limits": {"schools": 3}},
        participants=panel.drop_duplicates("school").rename(columns={"cohort": "coach_start"}),
        year=2024,
    )


# --- how sure --------------------------------------------------------------------------------


def test_every_choice_has_its_own_place_in_the_matrix():
    panel = simulate("S0", seed=1, schools=60, treated=20)
    panel["merged"] = panel["school"].isin(panel["school"].unique()[-5:])
    panel["cohort_network"] = panel["cohort"]
    panel["board"] = (pd.factorize(panel["school"])[0] % 25).astype(str)
    names = set(vary(panel).index) | set(vary(panel, size_by_year=True).index)
    assert names == {choice.value for choice in Choice} == {each.value for each in CHANGES}
    places = [tuple(place(name).values()) for name in names]
    assert len(set(places)) == len(places)


def test_choices_of_a_corrected_estimate_are_corrected_alike(tested):
    """One choice is the version that decides, so it must lie where that version lies."""
    frame = evidence.results_vary(tested, 2).frame
    plain = vary(tested.panels["2"], size_by_year=True)["effect"].dropna()
    assert sorted(frame["estimate"]) == pytest.approx(sorted(plain / 0.8), abs=0.0051)  # rounded
    decides = tested.protocol.goal(2).outcome.decides
    main, version = frame[frame["main"]], tested.estimates[2].versions.loc[decides]
    assert len(main) == 1
    for name, other in (("estimate", "effect"), ("low", "ci_low"), ("high", "ci_high")):
        assert main[name].item() == pytest.approx(version[other], abs=0.0051)


def test_an_undecided_goal_has_no_title_that_decides(tested):
    title = evidence.since_start(tested, 2).title
    assert "hoger" not in title
    assert "geen duidelijk verschil" in title


def test_the_ruler_speaks_of_the_version_that_decides(tested):
    shown = evidence.what_could_be_seen(tested, 2).frame.set_index("kind")["value"]
    decides = tested.protocol.goal(2).outcome.decides
    effect = tested.estimates[2].decision.loc[decides, "effect"]
    assert shown["estimate"] == pytest.approx(effect, abs=0.0051)  # as far as it is drawn
    assert shown["matters"] == 0.19


def test_without_an_estimate_every_figure_says_so():
    why = (Reason(Obstacle.NO_EXACT_YEARS),)
    monitor = SimpleNamespace(estimates={2: why}, protocol=load_protocol())
    for make in (
        evidence.since_start,
        evidence.four_versions,
        evidence.results_vary,
        evidence.what_could_be_seen,
        evidence.by_period,
        evidence.doubts,
        evidence.funnel,
    ):
        assert isinstance(make(monitor, 2), Absent)


@pytest.mark.parametrize(
    ("made", "kept", "page"),
    [
        (sensitivity._choices, "choices", evidence.results_vary),
        (sensitivity._changes, "changes", evidence.funnel),
    ],
)
def test_a_panel_that_cannot_be_analysed_is_told_in_dutch(tested, made, kept, page):
    panel = tested.panels["2"].assign(n="twintig")
    with pytest.raises(PanelError, match="Column n"):
        vary(panel)
    found = made(panel, tested.protocol, 2)
    told = page(SimpleNamespace(**vars(tested) | {kept: {2: found}}), 2)
    assert isinstance(told, Absent)
    assert told.reason.endswith("Met deze scholen en jaren is dat niet te berekenen.")
    assert "Column" not in told.reason


def test_the_sign_of_a_verdict_is_not_read_aloud(tested):
    shown = common.verdict(tested, 2).html
    assert '<span aria-hidden="true">?</span> <strong>Onbeslist.</strong> Reden.' in shown


# --- editions --------------------------------------------------------------------------------


def test_last_years_verdicts_are_those_of_the_edition_that_would_be_made(edition, demo, tmp_path):
    made = build(demo, school_year=edition.year - 1, folder=tmp_path / "earlier")
    pd.testing.assert_frame_equal(edition.previous_verdicts, made.verdicts)


def test_the_first_year_has_no_earlier_edition(demo, tmp_path):
    first = build(demo, school_year=2014, folder=tmp_path / "first")
    assert first.previous_verdicts is None


# --- participants ----------------------------------------------------------------------------


def test_participants_are_counted_as_in_the_register(edition, demo):
    with (demo / "participants.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    shown = deelnemers.by_municipality(edition).frame.set_index("municipality")
    assert shown.loc["Samen", "schools"] == len(rows)
    assert shown.loc["Samen", "unknown"] == sum(not row["coach_start"] for row in rows)
    starts = shown.drop(columns=["schools"]).sum(axis=1)
    assert (starts == shown["schools"]).all()


def test_every_comparison_school_stands_in_the_file_and_no_participant(edition):
    table = deelnemers.comparison_schools(edition)
    assert set(table.frame["school"]) == set(edition.pools.members["school"])
    assert not set(table.frame["school"]) & set(edition.participants["school"])


def test_a_long_table_is_offered_as_a_file_without_its_rows(edition):
    table = deelnemers.comparison_schools(edition)
    shown = common.table_or_file(table)
    assert f"{len(table.frame)} rijen" in shown.html
    assert "<table" not in shown.html
    assert "deelnemers-vergelijking.csv" in shown.html
    assert common.table_or_file(table, most=len(table.frame)) is table


# --- context ---------------------------------------------------------------------------------


def context_monitor(**extra):
    people = pd.DataFrame(
        {"school": ["01AA00"], "municipality": ["Meppel"], "municipality_code": ["0119"]}
    )
    region = read_settings(ROOT).region
    monitor = SimpleNamespace(
        participants=people, protocol=load_protocol(), region=region, year=2024, **extra
    )
    if "load" in extra:
        monitor.tables = defaultdict(lambda: extra["load"](""))
    return monitor


def test_a_share_around_the_schools_holds_every_value_the_hidden_counts_can_have():
    table = pd.DataFrame(
        {
            "municipality_code": "0119",
            "province": "Drenthe",
            "year": 2023,
            "pupils_low": [100, 50, 1],
            "pupils_high": [100, 50, 4],
            "afstromers_low": [1, 7, 1],
            "afstromers_high": [4, 7, 4],
        }
    )
    frame, years = context._by_place(context_monitor(), table, "afstromers")
    row = frame.set_index("place").loc["Meppel"]
    possible = [
        100 * (a + 7 + b) / (150 + n) for a, b, n in itertools.product(range(1, 5), repeat=3)
    ]
    assert years == [2023]
    assert row["share_2023_low"] <= min(possible)
    assert row["share_2023_high"] >= max(possible)
    assert pd.isna(row["share_2023"])


def test_raised_advices_equal_a_plain_count_in_the_file(edition, demo):
    """Per year and rule, against the csv module."""
    table = schooladvies.raised(edition)
    shown = table.frame.set_index("year")
    assert shown["rule"].to_dict()[2022] == "oude regel"
    assert shown["rule"].to_dict()[2023] == "nieuwe regel"
    mine = set(edition.participants["school"])
    least = {"1": 0, "2": 0}
    most = {"1": 0, "2": 0}
    with (demo / "brin6_heroverweging.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["PEILJAAR"] == "2022" and row["INSTELLINGSCODE"] + row["VESTIGINGSCODE"] in mine:
                number = int(row["AANTAL_LEERLINGEN"])
                least[row["TOETSEN_EN_ADVIEZEN"]] += 1 if number == -1 else number
                most[row["TOETSEN_EN_ADVIEZEN"]] += 4 if number == -1 else number
    assert shown.loc[2022, "n_mine_high"] == most["1"]
    assert shown.loc[2022, "raised_mine_low"] == pytest.approx(100 * least["2"] / most["1"])
    assert shown.loc[2022, "raised_mine_low"] < 28 < shown.loc[2022, "raised_mine_high"]
    assert shown.loc[2024, "raised_mine_low"] < 75 < shown.loc[2024, "raised_mine_high"]


def test_a_second_outcome_is_shown_without_a_verdict(edition):
    for goal in (1, 2):
        table = evidence.second_outcome(edition, goal)
        assert table.frame["label"].str[:2].tolist() == ["V1", "V2", "V3", "V4", "V5"]
        assert table.frame["effect"].iloc[0] > 0  # the demo has an effect on both
        assert "oordeel" in table.notes[0].lower()
        words = repr(table._repr_mimebundle_()).lower()
        assert "*" not in table.caption and "beter" not in words
    assert isinstance(evidence.second_outcome(edition, 3), Absent)


def test_context_is_called_context_where_it_is_shown():
    table = pd.DataFrame(
        {
            "municipality_code": ["0119"],
            "province": ["Drenthe"],
            "year": [2023],
            **{
                f"{name}_{end}": [value]
                for name, value in (("pupils", 200), ("afstromers", 10))
                for end in ("low", "high")
            },
        }
    )
    monitor = context_monitor(load=lambda source: table)
    shown = context.secondary_schools(monitor)
    assert "context, geen toets" in shown.caption
    assert shown.frame.loc[0, "share_2023"] == 5


def test_exact_special_advices_of_one_to_four_pupils_stay_hidden():
    counts = {"VSO": 1, "PRO": 1, "HAVO": 30, "VWO": 10}
    rows = pd.DataFrame(
        [
            {
                "school": "01AA00",
                "year": 2021,
                "kind": "Bo",
                "advice": advice,
                "pupils_low": n,
                "pupils_high": n,
            }
            for advice, n in counts.items()
        ]
    )
    monitor = context_monitor(
        load=lambda source: rows, pools=SimpleNamespace(schools=lambda pool: [])
    )
    frame = context.special_advice(monitor).frame
    assert frame["value"].isna().all()
    assert frame.loc[0, "low"] == pytest.approx(100 / 41)
    assert frame.loc[0, "high"] == pytest.approx(100 * 4 / 44)


def test_youth_care_shows_calendar_years_as_calendar_years():
    table = pd.DataFrame(
        {
            "dataset": "cbs_85098ned",
            "form": "jeugdhulp",
            "region": ["GM0119", "NL01", "GM0001"],
            "municipality_code": ["0119", None, "0001"],
            "year": 2022,
            "share": [12.5, 11.0, 9.0],
        }
    )
    shown = context.youth_care(context_monitor(load=lambda source: table))
    assert shown.variables.loc["y2022", "label"] == "2022"
    assert shown.frame["place"].tolist() == ["Meppel", "Nederland"]


def test_pupils_at_special_schools_are_a_share_of_all_pupils():
    table = pd.DataFrame(
        [
            {"dataset": dataset, "region": "GM0119", "year": year, "pupils": pupils}
            for year in (2021, 2022)
            for dataset, pupils in (
                ("cbs_85490ned", 20 + year - 2021),
                ("cbs_85490ned", 8),  # a part of the total beside it
                ("cbs_85489ned", 980),
            )
        ]
    )
    shown = context.special_schools(context_monitor(load=lambda source: table))
    assert shown.frame["value"].tolist() == pytest.approx([2.0, 100 * 21 / 1001])


# --- data page -------------------------------------------------------------------------------


def test_the_coverage_tells_apart_what_is_missing_and_what_never_was(edition):
    frame = gegevens._states(edition).set_index(["source", "year"])["state"]
    assert frame["Eindscores (DUO)", 2019] == "bestond niet"
    assert frame["Leerresultaten (Inspectie)", 2018] == "bestond niet"
    assert frame["Schooladviezen (DUO)", 2021] == "aanwezig"
    assert frame["Schooladviezen (DUO)", 2022] == "deels afgeschermd"
    assert frame["Schooladviezen (DUO)", 2024] == "voorlopig"


def test_the_masked_share_equals_a_plain_count_in_the_file(edition, demo):
    name = "04-leerlingen-bo-sbo-schooladviezen-2022-2023.csv"
    lines = (demo / name).read_text(encoding="utf-8-sig").splitlines()
    rows = list(csv.DictReader(lines, delimiter=";"))
    advices = [c for c in rows[0] if re.match(r"VSO|PRO$|VMBO|HAVO|VWO|ADVIES", c)]
    cells = [row[column] for row in rows for column in advices]
    shown = gegevens.hidden_share(edition).frame.set_index("year")["schooladviezen"]
    assert len(advices) == 12
    assert shown[2022] == pytest.approx(100 * cells.count("<5") / len(cells), abs=0.05)
    assert shown[2021] == 0


def test_the_tested_share_never_exceeds_all_pupils(edition):
    frame = gegevens.tested_share(edition).frame
    for name in ("mine", "alike", "every"):
        low = frame[name].fillna(frame[f"{name}_low"])
        high = frame[name].fillna(frame[f"{name}_high"])
        assert low.between(50, 100).all()
        assert (low <= high).all()
        assert (high <= 100).all()


# --- pages that wait for results -------------------------------------------------------------


def test_a_start_that_nobody_knows_is_not_told_as_a_year():
    """A programme whose documents give no first year said that it began in the year to come."""
    settings = read_settings(ROOT / "programme.yml")
    waiting = SimpleNamespace(
        target_levels=pd.DataFrame({"school": ["99AA00"], "year": [2022]}),
        participants=pd.DataFrame({"school": ["99AA00"], "coach_start": [float("nan")]}),
        settings=settings,
        year=2024,
        programme_start=2025,
    )
    told = eindtoets.before_and_since(waiting)
    assert isinstance(told, Absent)
    assert "is bekend wanneer zij begon" in told.reason
    assert "2025" not in told.reason


def test_without_results_nothing_is_claimed(monkeypatch):
    assert isinstance(methode.summary(None), Absent)
    assert isinstance(methode.right_and_wrong(None), Absent)
    assert isinstance(methode.every_figure(None), Absent)
    assert isinstance(toegankelijkheid.statement(None), Absent)
    assert isinstance(toegankelijkheid.checks(None), Absent)


def benched(*rows) -> pd.DataFrame:
    """Figures of the bench: world, truth, kind, value, chance, aim, and what else is the same."""
    columns = ["world", "truth", "kind", "value", "chance_low", "chance_high"]
    frame = pd.DataFrame(rows, columns=[*columns, "target_low", "target_high"])
    frame = frame.assign(figure=frame["kind"], runs=400, unit="%", peer="")
    return frame[methode.COLUMNS].astype({"target_low": float, "target_high": float})


def test_a_figure_of_the_bench_is_met_only_inside_its_bounds():
    frame = benched(
        ("S0", 0.0, "dekking", 95.0, 92.0, 97.0, 92.0, 98.0),
        ("S3", 0.0, "onterecht beter", 9.0, 6.5, 12.0, None, 8.0),
        ("S4", 0.0, "onterecht beter", 12.0, 9.0, 15.0, None, 8.0),
        ("S0", 0.0, "spreiding", 10.0, 9.0, 11.0, None, None),
        ("S0", 0.0, "dekking", 10.0, 5.0, 15.0, 92.0, 98.0),
    )
    frame.loc[4, ["peer", "runs"]] = "een andere berekening", 50
    said = methode.summary(frame).markdown
    assert "Van de 3 eisen vooraf haalt de methode er 1." in said
    assert (
        "- S3: onterecht beter 9,0% (eis: hoogstens 8,0; met het toeval van zo weinig "
        "nabootsingen kan hij gehaald zijn)." in said
    )
    assert "- S4: onterecht beter 12,0% (eis: hoogstens 8,0)." in said
    shown = methode.figures_per_world(frame).frame
    assert shown["met"].tolist() == ["ja", "nee", "nee", "geen eis", "geen eis"]
    assert shown["target"].tolist()[:2] == ["tussen 92,000 en 98,000", "hoogstens 8,000"]


def test_the_page_on_the_method_opens_with_its_worst_world():
    none = (None, None)
    frame = benched(
        ("rustig", 0.0, "wrong", 1.0, 0.4, 2.5, *none),
        ("rustig", 0.0, "right", 30.0, 26.0, 34.0, *none),
        ("steil", 0.0, "wrong", 9.5, 7.0, 12.8, *none),
        ("steil", 0.0, "right", 0.0, 0.0, 1.0, *none),
        ("echt", 0.1, "wrong", 0.5, 0.1, 1.8, *none),
        ("echt", 0.1, "right", 81.0, 77.0, 84.5, *none),
    )
    figure = methode.right_and_wrong(frame)
    assert figure.frame["label"].tolist() == ["steil", "rustig", "echt"]
    assert figure.frame["truth"].tolist()[1:] == ["geen verschil", "verschil van 0,1"]
    assert figure.frame["open"].tolist() == [90.5, 69.0, 18.5]
    assert "9,5%" in figure.title and "steil" in figure.alt
    said = methode.summary(frame).markdown
    assert "steil. Daar klopt het oordeel in 9,5% van de nabootsingen niet" in said
    assert "Niet gehaald" not in said


def test_the_stored_bench_gives_a_row_per_world_that_was_judged():
    stored = methode.results()
    shown = methode.right_and_wrong(stored).frame
    assert shown["label"].is_unique and shown["wrong"].is_monotonic_decreasing
    assert shown[["wrong", "open", "right"]].sum(axis=1).round(6).eq(100).all()
    assert len(methode.every_figure(stored).html) > 0
    every = methode.figures_per_world(stored).frame
    assert len(every) == len(stored) and len(set(every["peer"])) > 1
    beside = methode.peers(stored).frame.set_index("peer")
    assert beside.index.is_unique  # one row per calculation; single worlds are in the file
    alarms = stored[(stored["kind"] == "false_positives") & (stored["peer"] != "")]
    for peer, rows in alarms.groupby("peer"):
        ends = [rows["value"].min(), rows["value"].max()]
        assert beside.loc[peer, ["least", "most"]].tolist() == ends
    measured = json.loads((Path(methode.__file__).parent / methode.RESULTS).read_text("utf-8"))
    day = int(measured["meta"]["date"][-2:])
    assert f"Gemeten op {day} " in methode.summary(stored).markdown


def test_the_statement_repeats_what_the_tests_found():
    checks = [{"what": "axe", "how": "op elke pagina", "pages": 20, "found": 2}]
    found = json.loads(
        json.dumps(
            {
                "date": "2026-11-21",
                "engine": "de ingebouwde maker",
                "tool": "axe-core",
                "tool_version": "4.10",
                "browser": "Chromium 130",
                "pages": 20,
                "checks": checks,
            }
        )
    )
    text = toegankelijkheid.statement(found).markdown
    assert "21 november 2026" in text
    assert "2 keer iets gevonden" in text
    clean = found | {"checks": [checks[0] | {"found": 0}]}
    assert "niets gevonden dat niet voldoet" in toegankelijkheid.statement(clean).markdown


# --- glossary --------------------------------------------------------------------------------


def links_to_terms(path: Path) -> list[str]:
    """Anchors that the text of a page links to, in the order of the page."""
    cells = nbformat.read(path, as_version=4).cells
    return re.findall(r"begrippen\.ipynb#([\w-]+)", "\n".join(cell.source for cell in cells))


def test_every_term_has_a_definition_and_a_source():
    table = common.glossary()
    assert table.index.is_unique
    assert table["term"].str.lower().is_unique
    assert (table["definition"].str.len() > 20).all()
    assert (table["source"].str.len() > 2).all()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_link_to_the_glossary_finds_its_term(path):
    assert set(links_to_terms(path)) <= set(common.glossary().index)


@pytest.mark.parametrize("name", ["eindtoets", "schooladvies", "afstroom", "gegevens"])
def test_a_page_with_domain_terms_explains_them_once(name):
    links = links_to_terms(ROOT / "notebooks" / f"{name}.ipynb")
    assert links
    assert len(links) == len(set(links))


def test_definitions_link_to_terms_that_exist():
    table = common.glossary()
    inside = set(re.findall(r"\(#([\w-]+)\)", " ".join(table["definition"])))
    assert inside
    assert inside <= set(table.index)


def test_a_term_nobody_explained_cannot_be_linked():
    with pytest.raises(UsageError, match=r"begrippen\.csv"):
        common.term("toverwoord")
