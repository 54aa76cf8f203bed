"""What a reader gets without a verdict: on published files, whole or with a source left out."""

import re
from itertools import chain
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kansen_analysis.display._time import _alt_lines, _pieces
from kansen_analysis.display.prose import Absent
from kansen_analysis.edition import (
    answers,
    estimates,
    levels,
    outcomes,
    place,
    public,
    schools,
    verdicts,
)
from kansen_analysis.edition.build import build
from kansen_analysis.edition.open import Edition
from kansen_analysis.edition.stages import RECORD
from kansen_analysis.goals.codes import Hurdle, Scenario, Verdict
from kansen_analysis.outcomes import around, printed, region
from kansen_analysis.pages import (
    deelnemers,
    gemeente,
    klopt,
    kort,
    netwerk,
    plan,
    regio,
    samenvatting,
    scholen,
    school,
    seen,
)
from kansen_analysis.publish import dialect, empty
from kansen_analysis.schools.over_time import read_transitions
from kansen_analysis.words import truth
from kansen_analysis.words.plan import in_short, of_hundred, own_figures, soonest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
GOALS = ("eindtoets", "schooladvies", "afstroom", "zorg")
READ = (*GOALS, "index", "in-het-kort", "wanneer", "regio", "wijkplan", "netwerk", "klopt")
READ += ("deelnemers", "gegevens", "uren-middelen", "verhalen", "voortgang", "scholen", "gemeenten")
# the tables that pages rest on; the registers of schools say where a school is
SOURCES = (
    *("leerresultaten", "referentieniveaus", "schooladviezen", "schoolweging", "vo_doorstroom"),
    *("leerlingen_historisch", "leerlingen", "vsv", "vestigingen", "vestigingen_vo", "eindscores"),
)
# what a page about a goal rests on, where the years to come can show nothing
ONLY = {("schooladviezen", "schooladvies"), ("vo_doorstroom", "afstroom")}
ABSENT = '<div class="kansen-block kansen-absent"><p><strong>Niet te maken.</strong> {}</p></div>'


def without(edition: Edition, source: str | None) -> Edition:
    """Work the answers out again as if the folder had no file of one source."""
    tidy = edition.work("tidy")
    years = tidy["years"]
    hidden = {source: tidy[source].iloc[:0]} if source else {}
    hidden["years"] = years[years["table"] != source]
    records = (edition.folder / "work").glob(f"*/{RECORD}")
    known = {path.parent.name: edition.work(path.parent.name) for path in records} | {
        "tidy": {**{name: tidy[name] for name in tidy}, **hidden},
        "participants": edition.participants,
        "region": edition.region,
        "others": edition.others,
        "transitions": read_transitions(""),
        "printed": printed.published(),
        "protocol": edition.protocol,
        "year": edition.year,
    }
    for name, stage in (
        ("schools", schools),
        ("outcomes", outcomes),
        ("levels", levels),
        ("estimates", estimates),
        ("verdicts", verdicts),
        ("answers", answers),
        ("place", place),
    ):
        known[name] = stage.run(known)
    passed = {name: known[stage][name] for stage, every in public.OPEN.items() for name in every}
    judged = {name: known["verdicts"][name] for name in ("verdicts", "reasons")}
    kept = [name for name in edition.public if name not in tidy and "." not in name]
    every = {name: edition.public[name] for name in kept}
    made = Edition.__new__(Edition)
    vars(made).update(vars(edition))
    made.public = {
        **every,
        **known["tidy"],
        **passed,
        **judged,
        "target_levels": known["levels"]["target_levels"],
        "estimates": known["estimates"]["estimates"],
        "coverage": edition.coverage,
    }
    return made


def shown(edition: Edition, name: str) -> nbformat.NotebookNode:
    """Run the cells of a page in this process."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    names = {"monitor": edition}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for line in cell.source.splitlines():
            if line.startswith("from kansen_analysis.pages import"):
                exec(line, names)
        _, code = dialect.split_options(cell.source)
        found = eval(code.splitlines()[-1], names)
        cell.outputs = []
        if found is not None:
            cell.outputs = [new_output("execute_result", found._repr_mimebundle_())]
    return notebook


def html_of(notebook) -> str:
    every = chain.from_iterable(cell.get("outputs", []) for cell in notebook.cells)
    return "\n".join(str(output.get("data", {})) for output in every)


@pytest.fixture(scope="module")
def small(invented):
    """An edition of small invented files in the published layouts, with five schools."""
    with pytest.MonkeyPatch.context() as patch:  # a handful of schools is no region
        patch.setattr("kansen_analysis.edition.build.check_region", lambda *given: None)
        folder = invented / "edition"
        return build(invented / "raw", invented / "participants.csv", 2024, folder=folder)


@pytest.fixture(params=["invented", pytest.param("real", marks=[pytest.mark.real])])
def published(request):
    """The edition of published files: the invented ones always, the real ones where they are."""
    return request.getfixturevalue("small" if request.param == "invented" else "real_edition")


@pytest.mark.parametrize("source", [None, *SOURCES])
def test_no_place_is_empty_whatever_single_source_is_missing(published, source):
    edition = without(published, source)
    kept = empty.without({name: shown(edition, name) for name in READ})
    assert "wijkplan" not in kept and "klopt" not in kept  # nothing to say here
    for name, page in kept.items():
        text = html_of(page)
        assert 'kansen-absent"' not in text, f"{name} without {source}"
        assert text.count("kansen-notice") <= 1, f"{name} without {source}"
        for cell in page.cells:  # what has a caption shows something
            if "#| label:" in cell.source:
                assert cell.outputs, f"{name} without {source}: {cell.source}"
    few = len(published.schools) < 100  # too few to join the register in the years to come
    for name in GOALS:
        assert name in kept
        if few and (source, name) in ONLY:
            continue
        text = html_of(kept[name])
        assert "kansen-picture" in text, f"{name} without {source} has no figure"
        headings = [c.source for c in kept[name].cells if "#sec-wanneer" in c.source]
        assert len(headings) == 1


def test_nothing_on_the_published_files_claims_a_verdict(published):
    words = [each.value for each in Verdict if each != Verdict.UNTESTABLE]
    for goal in (1, 2, 3, 4):
        text = " ".join(seen.in_words(published, goal)) + plan.block(published, goal).markdown
        assert not [word for word in words if re.search(rf"\b{word}\b", text, re.IGNORECASE)]


def test_what_is_seen_says_its_n_and_where_the_schools_stand(published):
    text = seen.block(published, 1).markdown
    assert text.startswith("*Beeld, geen oordeel.*")
    assert re.search(r"\d leerlingen op \d scholen in het register", text)
    assert re.search(r"toeval ook \d+ tot \d+% zijn", text)
    assert "vergelijkbare scholen" in text and "alle scholen in het land" in text


@pytest.mark.real
def test_the_real_register_against_a_plain_count(real_edition):
    """Levels of the five schools of 2024-2025, added up from the table of school-years."""
    own = real_edition.work("outcomes")["target_levels"]  # before the gate
    own = own[own["school"].isin(real_edition.participants["school"]) & (own["year"] == 2024)]
    share = np.average(own["low"], weights=own["n_low"])
    row = real_edition.seen[1].query("group == 'register' and year == 2024").iloc[0]
    assert (row["schools"], row["n_low"]) == (len(own), own["n_low"].sum())
    assert row["low"] <= share + 1e-9 and share <= row["high"] + 1e-9
    assert f"{row['low']:.0f}" in seen.block(real_edition, 1).markdown


def test_the_register_is_not_the_programme(published):
    text = samenvatting.lead(published).markdown
    assert "Het register telt 5 scholen" in text
    assert "Documenten noemen er meer dan 60" in text
    assert "De meeste" not in text


def test_what_began_is_not_said_to_have_begun_with_a_coach(real_edition):
    """The document of Coevorden names a preventief jeugdwerker."""
    told = [gemeente.opening(real_edition, "0109"), gemeente.participants(real_edition, "0109")]
    told += [scholen.index(real_edition), gemeente.results(real_edition, "0109").title]
    for code in ("18QW00", "08CT00"):
        told += [school.position(real_edition, code).reason, school.missing(real_edition, code)]
    text = " ".join(str(getattr(each, "markdown", each)) for each in told)
    assert "coach" not in text and "Begonnen in" in text and "doen 2" not in text
    assert "Van de 24 basisscholen in Coevorden staan er 2 in het register." in text
    assert re.search(r"op (1 school|2 scholen) in het register: \d+%", text)  # a share and its n
    assert "network_start" not in deelnemers.register(real_edition).variables.index


@pytest.mark.real
def test_a_share_of_a_few_schools_says_of_how_many_pupils(real_edition):
    """Of three schools of Meppel it rose from 44 to 59%, and nothing said that they were 39."""
    figure = gemeente.results(real_edition, "0119")
    rows = real_edition.target_levels.query("year == 2024")
    rows = rows[rows["school"].isin(["06GS00", "10HM00", "13PS00"])]
    low, high = rows["n_low"].sum(), rows["n_high"].sum()
    assert f"om {low} tot {high} leerlingen: een verschil kan toeval zijn." in figure.html()


@pytest.mark.parametrize("name", ["edition", pytest.param("real_edition", marks=pytest.mark.real)])
def test_pages_count_the_schools_of_a_municipality_alike(request, name):
    """Of Meppel *Netwerk* counted 12 schools with a schoolweging, *De regio* 13."""
    monitor = request.getfixturevalue(name)
    there = monitor.region_spread.set_index(["place", "fifth"])["schools"]
    rows = netwerk.coverage(monitor).frame.set_index("municipality")
    assert set(rows.index) == set(monitor.participants["municipality"])
    both = rows[rows.index.isin(monitor.region_spread["place"])]
    assert len(both) >= 2
    for where, row in both.iterrows():
        assert row["schools"] == there[where].sum()
        assert row["high"] == there[where].loc[[4, 5]].sum()
        assert row["reached"] <= min(row["participant"], row["high"])


def test_goal_three_and_the_region_find_secondary_schools_in_the_same_files():
    """One page said that nothing tells where they are, the other drew them on a map."""
    vsv = pd.DataFrame({"school": ["20AA00"], "year": [2014], "vsv": [3], "pupils": [90]})
    place = {"school": ["20AA00"], "municipality_code": ["0119"], "province": ["Drenthe"]}
    files = {"vsv": vsv, "vestigingen_vo": pd.DataFrame(), "vo_doorstroom": pd.DataFrame(place)}
    rows, whose = around.early_leavers(files)
    assert (rows["municipality_code"].tolist(), whose) == (["0119"], "school")
    assert around.early_leavers({**files, "vo_doorstroom": pd.DataFrame()}) is None
    other = pd.DataFrame({**place, "municipality_code": ["0106"]})  # a register goes before
    rows, _ = around.early_leavers({**files, "vestigingen_vo": other})
    assert rows["municipality_code"].tolist() == ["0106"]


def test_a_municipality_is_told_once_what_no_file_holds(published):
    codes = published.participants["municipality_code"]
    asked = (gemeente.special_education, gemeente.youth_care, gemeente.dropout)
    told = [page(published, codes.iloc[0]) for page in asked]
    reasons = {each.reason for each in told if isinstance(each, Absent)}
    assert len(reasons) <= 1


def test_the_file_of_the_summary_holds_what_a_card_promises(published):
    """In pupils of every hundred, as the card says it; goal 2 counts steps."""
    for goal in published.protocol.goals:
        rows = published.outlook[published.outlook["goal"] == goal.id]
        if (best := soonest(rows)) is None:
            continue
        held = {row[2] for row in samenvatting._without_verdict(published, goal.id)}
        said = re.search(r"verschil van (?:één stap bij )?(\d+)", in_short(goal, rows))
        assert said is None or int(said[1]) in held
        assert of_hundred(goal, best["difference"]) >= goal.sentences.per * best["difference"]


def test_five_schools_are_no_distribution(published):
    assert isinstance(deelnemers.spread(published), Absent)


def test_goal_three_says_how_a_school_gets_its_own_figures(published):
    assert own_figures() in plan.block(published, 3).markdown


# When will we know --------------------------------------------------------------------------------


def test_every_goal_that_is_tested_has_every_scenario(published):
    table = published.outlook
    for goal in (1, 2, 3):
        rows = table[table["goal"] == goal]
        assert set(rows.loc[rows["scenario"] == Scenario.REGISTER, "code"]) <= set(Hurdle)
        assert rows["year"].nunique() == 5
    assert not len(table[table["goal"] == 4])
    assert not table.loc[table["goal"] == 3, "supplied"].any()
    assert (table["limit"] < 0.05 / 3).all()


@pytest.mark.real
def test_ten_schools_more_would_show_only_a_large_difference(real_edition):
    rows = real_edition.outlook.query("goal == 1 and scenario == 'more schools'")
    ten, fifty = (rows[rows["more"] == more]["difference"].min() for more in (10, 50))
    assert 15 > fifty > 3.3  # what matters in points; ten schools show far less
    assert ten > 1.5 * fifty


def test_the_demo_says_with_how_many_schools_and_what_matters(edition):
    text = plan.block(edition, 1).markdown
    assert "scholen die meetellen" in text and "kans van 80%" in text
    assert edition.truth["participants"] == 80


# The region ---------------------------------------------------------------------------------------


def test_every_number_of_the_region_has_source_year_and_table(published):
    table = regio.everything(published).frame
    assert len(table) and (table[["what", "place", "when", "per", "source"]] != "").all(None)
    assert table["source"].str.match(r"(DUO|Inspectie|CBS)\b.*, ").all()  # no name of ours
    for name in ("low", "high", "n_low", "n_high"):  # what a spreadsheet can reckon with
        assert pd.api.types.is_numeric_dtype(table[name])
    for line in regio.told(published).markdown.splitlines() if len(published.region_told) else ():
        if line.startswith("- "):
            assert re.search(r"\d{4}", line) and "Alle cijfers" in line


def test_vo_schools_are_in_alphabetical_order(published):
    table = regio.secondary(published)
    rows = getattr(table, "frame", pd.DataFrame({"municipality": [], "name": []}))
    for _, part in rows.groupby("municipality"):
        names = [name.casefold() for name in part["name"].drop_duplicates()]
        assert names == sorted(names)


def test_places_are_drawn_in_the_order_of_the_alphabet(published):
    drawn = regio.per_place(published, "streefniveau")
    names = drawn.frame["place"].tolist()[1:]
    assert names == sorted(names)


def test_only_the_region_is_kept(published):
    kept = set(published.region_facts["place_kind"])
    assert kept == {region.REGION, "municipality", region.COUNTRY}
    known = set(published.region_facts["place_code"]) - {""}
    facts = published.facts.set_index("municipality_code")["province"]
    elsewhere = {code for code in known if code in facts and facts[[code]].iloc[0] != "Drenthe"}
    assert elsewhere <= set(published.region.area.municipalities)


# One sheet, the truth -----------------------------------------------------------------------------


def test_the_sheet_holds_what_the_summary_says(edition):
    text = kort.sheet(edition).plain
    assert samenvatting.headline(edition) in text
    for card in samenvatting.cards(edition).plain.splitlines():
        assert card.partition("? ")[0] in text
    assert len(text.split()) < 600  # one sheet


def test_the_demo_sets_its_truth_beside_what_was_found(edition):
    frame = klopt.goals(edition).frame.set_index("goal")
    assert frame.loc["Eindtoets", "truth"] == edition.truth["goal1"]["realised_pupil_weighted"]
    assert frame.loc["Schooladvies", "truth"] == edition.truth["goal2"]["above_expected"]
    for row in frame.dropna(subset=["effect"]).itertuples():
        inside = row.ci_low <= row.truth <= row.ci_high
        assert row.fits.startswith("ja") == inside
    assert len(klopt.cohorts(edition).frame)


def test_published_files_have_no_truth(published):
    assert published.truth == {}


@pytest.mark.parametrize(
    ("put_in", "low", "high", "verdict", "said"),
    [
        (5.0, 3.0, 8.0, "beter", "ja"),
        (0.0, -3.0, 8.0, "beter", "nee"),
        (9.0, 3.0, 8.0, "beter", "deels"),
        (5.0, -3.0, 8.0, "onbeslist", "ja"),
        (1.0, -8.0, -3.0, "slechter", "nee"),
    ],
)
def test_the_truth_is_in_or_out(put_in, low, high, verdict, said):
    assert truth.fits(put_in, low, high, verdict).startswith(said)


# What is empty goes -------------------------------------------------------------------------------


def code(call: str, html: str, label: str = ""):
    options = f'#| label: {label}\n#| fig-cap: "x"\n' if label else ""
    data = {"text/html": html, "text/plain": "x"}
    return new_code_cell(f"{options}{call}(monitor)", outputs=[new_output("display_data", data)])


def page_of(*cells):
    made = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(cells=made)


def sources(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells)


def test_a_heading_goes_with_what_was_below_it_and_its_reasons_are_told_once():
    page = page_of(
        "## Eén {#sec-een}\n\nUitleg.",
        code("a.b", ABSENT.format("Geen jaren."), "fig-een"),
        "Zie @fig-een voor meer.\n\n## Twee {#sec-twee}\n\nTekst zonder figuur.",
        "### Drie {#sec-drie}",
        code("a.c", "<p>er is iets</p>"),
        code("a.d", ABSENT.format("Geen jaren.")),
    )
    kept = empty.prune(page)
    assert kept.gone == {"sec-een", "fig-een"}
    text = sources(kept.notebook)
    assert "Eén" not in text and "@fig-een" not in text and "Tekst zonder figuur." in text
    assert html_of(kept.notebook).count("Geen jaren.") == 2  # once, as html and as plain text


def test_a_notice_breaks_no_school_year_and_hides_no_sign():
    reason = "De school begon in 2021-2022, met &lt;5 leerlingen."
    page = page_of("Tekst.", code("a.b", ABSENT.format(reason)), code("a.c", "<p>iets</p>"))
    told = html_of(empty.prune(page).notebook)
    assert 'in <span class="kansen-whole">2021-2022</span>, met &lt;5 leerlingen.' in told


def test_a_block_stays_whole_when_a_section_in_it_goes():
    page = page_of(
        "## Eén",
        code("a.a", "<p>iets</p>"),
        "## Verhalen",
        code("a.v", ABSENT.format("")),
        "::: {.voor-onderzoekers}\n### Weg {#sec-weg}",
        code("a.b", ABSENT.format("")),
        "### Blijft",
        code("a.c", "<p>iets</p>"),
        ":::\n\nNa het blok.",
    )
    text = sources(empty.prune(page).notebook)
    assert text.count(":::") == 2 and "Weg" not in text and "Verhalen" not in text
    assert text.index("::: {.voor") < text.index("### Blijft") < text.index("Na het blok.")
    assert "kansen-notice" not in html_of(page)  # an empty reason is not told


def test_a_page_with_nothing_to_say_goes_with_the_links_to_it():
    nothing = page_of("## Leeg {#sec-leeg}", code("a.b", ABSENT.format("Niets.")))
    link = (
        '<p><a href="../leeg.ipynb#sec-leeg">leeg</a> en <a href="../vol.ipynb#sec-weg">v</a></p>'
    )
    full = page_of(
        code("a.c", "<p>iets</p>"), "## Weg {#sec-weg}", code("a.d", ABSENT.format("Weg."))
    )
    school = page_of("[leeg](../leeg.ipynb) en [vol](../vol.ipynb#sec-weg)", code("a.e", link))
    kept = empty.without({"leeg": nothing, "vol": full, "scholen/1": school})
    assert set(kept) == {"vol", "scholen/1"}
    assert kept["scholen/1"].cells[0].source == "leeg en [vol](../vol.ipynb)"
    assert '<p>leeg en <a href="../vol.ipynb">v</a></p>' in html_of(kept["scholen/1"])


def test_a_page_that_is_whole_is_left_as_it_is():
    page = page_of("## Eén", code("a.a", "<p>iets</p>", "fig-een"), "Zie @fig-een.")
    before = nbformat.writes(page)
    assert nbformat.writes(empty.prune(page).notebook) == before


def test_a_line_stops_where_other_schools_begin():
    rows = pd.DataFrame(
        {"series": "a", "year": [2021, 2022, 2023], "value": [1.0, 2, 9], "segment": [1, 1, 2]}
    )
    assert [len(piece) for piece in _pieces(rows, ())] == [2, 1]
    said = " ".join(_alt_lines({"a": rows}, "%", 0, ()))
    assert "gestegen" not in said  # other schools are no rise


def test_every_page_of_the_menu_is_there():
    menu = (NOTEBOOKS.parent / "_quarto.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"notebooks/([\w-]+)\.ipynb", menu))
    assert named == {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
