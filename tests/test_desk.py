"""The researcher's desk: what can be imported, and that an own analysis is the monitor's own."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import commands_page
import numpy as np
import openpyxl
import pandas as pd
import pytest

import kansen_analysis
from kansen_analysis import compare_schools, estimate_effect, power
from kansen_analysis.desk import export, lab
from kansen_analysis.desk.results import Effect, Outlook
from kansen_analysis.edition.disclosure.supplied import Limits
from kansen_analysis.edition.shown import rounded_verdicts, shown
from kansen_analysis.errors import PanelError, UsageError
from kansen_analysis.publish import site

ROOT = Path(__file__).parents[1]
OWN = ROOT / "docs" / "own-analysis.md"
FIGURES = ["effect", "ci_low", "ci_high", "p_value"]


def blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def test_docs_lead_to_a_group_of_schools_with_interval_and_figure_in_five_statements(
    edition, monkeypatch, capsys
):
    """The documentation, followed to the letter."""
    monkeypatch.chdir(ROOT)
    first, second = blocks(OWN)
    assert len(ast.parse(first).body) <= 5
    names: dict = {}
    exec(first, names)
    effect = names["effect"]
    assert 0 < effect.n_treated < edition.estimates[1].n_treated
    assert effect.ci_low < effect.effect < effect.ci_high
    assert "<svg" in effect.plot().html()
    exec(second, names)
    printed = capsys.readouterr().out
    assert "no verdict" in printed
    assert "chance" in printed


@pytest.mark.parametrize("goal", [1, 2])
def test_without_a_choice_the_figures_are_those_of_the_monitor(edition, goal):
    ours = compare_schools(edition, goal)
    pd.testing.assert_frame_equal(ours.decision, edition.estimates[goal].decision)
    assert ours.effect == edition.estimates[goal].effect


def test_two_analyses_on_one_page_have_names_and_titles_of_their_own(edition):
    """Three tables of *Een deelgroep* had one id, which a reader on a phone heard three times."""
    people = edition.participants["school"].tolist()
    made = [compare_schools(edition, 1, schools=people[:k])._table() for k in (40, 60)]
    assert len({each.name for each in made}) == len({each.caption for each in made}) == 2
    again = compare_schools(edition, 1, schools=people[:40])._table()
    assert again.name == made[0].name


def test_a_group_is_estimated_beside_the_same_comparison_schools(edition):
    panel = edition.panel(1)
    treated = panel.loc[panel["cohort"].notna(), "school"].unique()
    group = treated[::2]
    by_hand = panel[panel["cohort"].isna() | panel["school"].isin(group)].reset_index(drop=True)
    found = compare_schools(edition, 1, schools=group)
    rule = edition.protocol.goal(1).outcome
    own = estimate_effect(by_hand, decides=rule.decides, size_by_year=rule.size_by_year)
    pd.testing.assert_frame_equal(found.decision, own.decision)
    assert found.n_treated == len(group)
    assert found.n_schools - found.n_treated == (
        edition.estimates[1].n_schools - edition.estimates[1].n_treated
    )


def test_choices_are_made_and_said(edition):
    found = compare_schools(edition, 1, others="own region", since="2018-2019", without=[2021])
    labels = found.about.choices[-1]
    assert "2018-2019" in labels
    assert "2021-2022" not in labels
    assert "2017-2018" not in labels
    everywhere = compare_schools(edition, 1).versions["n_others"]
    assert found.versions.loc["V1", "n_others"] == everywhere["V4"] < everywhere["V1"]
    table = found._repr_html_()
    assert "eigen regio" in table
    assert "Andere schooljaren dan het protocol" in table
    elsewhere = compare_schools(edition, 1, others="elsewhere")
    assert np.isfinite(elsewhere.effect)
    assert elsewhere.decides == "V1"


def test_a_second_outcome_is_that_of_the_monitor(edition):
    found = compare_schools(edition, 1, outcome="second")
    theirs = edition.secondary[1].decision.loc[found.decides, "effect"]
    assert found.effect == pytest.approx(theirs)
    assert found.about.unit == "z"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schools": ["99ZZ99"]}, "None of these 1 schools"),
        ({"others": "anders"}, "own region"),
        ({"outcome": "third"}, "first, second"),
        ({"goal": 4}, "no panel '4'"),
        ({"goal": 9}, "9"),
        ({"since": "twintig"}, "twintig"),
    ],
)
def test_a_wrong_choice_says_what_there_is(edition, options, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        compare_schools(edition, **options)


def test_years_without_any_before_the_start_are_an_error_that_says_so(edition):
    with pytest.raises(PanelError):
        compare_schools(edition, 1, since=2024)


def test_a_result_shows_itself_and_explains_itself_in_two_languages(edition):
    found = compare_schools(edition, 1)
    effect = f"{found.effect:+.1f}"
    assert repr(found).startswith(f"Effect(Aandeel op streefniveau (1S/2F): {effect} procentpunt")
    assert found._repr_mimebundle_()["text/plain"] == repr(found)
    assert "0x" not in repr(found)
    dutch, english = found.explain(), found.explain("en")
    assert effect.replace(".", ",") in dutch
    assert "geen oordeel" in dutch
    assert effect in english
    assert "no verdict" in english
    with pytest.raises(UsageError, match="nl, en"):
        found.explain("fr")
    frame = found.to_frame()
    assert list(frame.index) == ["V1", "V2", "V3", "V4", "V5"]
    assert (frame["ci_low"] < frame["effect"]).all()
    assert (frame["n_treated"] + frame["n_others"]).max() == found.versions.iloc[0][
        ["n_treated", "n_others"]
    ].sum()
    assert found.plot("years").frame["relative"].min() < 0
    with pytest.raises(UsageError, match="versions, years"):
        found.plot("taart")


def test_a_panel_of_ones_own_needs_no_margin_and_no_edition():
    from kansen_analysis.demo.panels import simulate

    found = estimate_effect(simulate("S0", seed=1, effect=0.2), name="Toets", unit="SD")
    assert isinstance(found, Effect)
    assert "SD" in found.plot().html()
    assert "kleinste verschil" not in found.explain().lower()


def test_more_schools_see_a_smaller_difference_and_reach_it_more_often(edition):
    found = power(edition, 1, schools=[10, 20, 40])
    assert isinstance(found, Outlook)
    table = found.to_frame()
    assert table["schools"].tolist() == [10, 20, 40]
    assert table["difference"].is_monotonic_decreasing
    assert table["chance"].is_monotonic_increasing
    assert table["chance"].between(0, 1).all()
    more = power(edition, 1, schools=[20], years=5).to_frame()
    assert more["difference"].iloc[0] < table["difference"].iloc[1]
    assert "10 scholen" in found.explain()
    assert "10 schools" in found.explain("en")
    assert "<svg" in found.plot().html()
    with pytest.raises(PanelError, match="cannot join"):
        power(edition, 1, schools=[100_000])


def test_notebooks_that_teach_are_in_the_demo_and_in_no_other_site():
    teaching = {f"analyse/{path.stem}" for path in (ROOT / "notebooks" / "analyse").glob("*.ipynb")}
    assert len(teaching) == 7
    demo, real = (site.pages_of(ROOT / "notebooks", demo=demo) for demo in (True, False))
    assert set(demo) - set(real) == teaching


@pytest.mark.parametrize("name", kansen_analysis.__all__)
def test_every_public_name_says_what_it_takes_gives_and_raises_with_an_example(name):
    said = inspect.getdoc(getattr(kansen_analysis, name))
    for heading in ("Parameters\n", "Returns\n", "Raises\n", "Examples\n", ">>> "):
        assert heading in said, heading
    assert f"`{name}(" in OWN.read_text(encoding="utf-8")


# Other people's tools -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet"])
def test_an_export_holds_the_numbers_of_the_edition_and_says_what_they_are(edition, tmp_path, form):
    written = export.export(edition, tmp_path, form)
    if form == "xlsx":
        sheets = pd.read_excel(
            written[0], sheet_name=None, engine="calamine", dtype={"school": str}
        )
    elif form == "csv":
        options = {"sep": ";", "decimal": ",", "encoding": "utf-8-sig", "dtype": {"school": str}}
        sheets = {path.name.split(".")[0]: pd.read_csv(path, **options) for path in written}
    else:
        sheets = {path.name.split(".")[0]: pd.read_parquet(path) for path in written}
    panel = edition.panel(2)
    assert sheets["panel-2"]["school"].tolist() == panel["school"].tolist()
    assert np.allclose(sheets["panel-2"]["value"], panel["value"])
    assert sheets["verdicts"]["verdict"].tolist() == edition.verdicts["verdict"].tolist()
    book = sheets["codebook"]
    assert book["meaning"].notna().all()
    assert (book["meaning"] != "").all()
    told = {(row.table, row.column) for row in book.itertuples()}
    shown = {(t, c) for t, frame in sheets.items() if t not in ("about", "codebook") for c in frame}
    assert told == shown
    about = sheets["about"].set_index("name")["value"]
    assert about["school_year"] == "2024-2025"
    assert about.iloc[0].startswith("NOT FOR PUBLICATION")
    private = [path for path in written if path.name.startswith("panel")]
    assert all(".not-for-publication." in path.name for path in private)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_figures_that_schools_supplied_are_in_no_export(edition):
    class Supplied:
        panels = edition.panels | {"3": edition.panel(1), "3 in favour": edition.panel(1)}

        def __getattr__(self, name):
            return getattr(edition, name)

    assert not [name for name in export.tables(Supplied()) if name.startswith("panel-3")]


def test_an_export_joins_no_publishers_to_solve_a_hidden_count(edition):
    """The panel in the working folder has the Inspectie's exact share beside what DUO hides."""
    exact = edition.load("leerresultaten").dropna(subset=["school", "pct_1s2f"])
    levels = edition.target_levels
    key = ["school", "year"]
    secret = levels.loc[levels["joined"] == "solved", key].merge(exact[[*key, "pct_1s2f"]], on=key)
    own = edition.panel(1).merge(secret, on=key)
    assert len(own) > 100
    assert np.isclose(own["value"], own["pct_1s2f"]).all()
    found = export.tables(edition)
    for name, table in found.items():
        if not name.startswith("panel"):
            continue
        both = table.merge(secret, on=key)
        # On a range that is one number wide the place on average can be the share itself.
        same = np.isclose(both["value"], both["pct_1s2f"], atol=0.05)
        assert same.mean() < 0.1, name
    shown = found["panel-1"].merge(levels[[*key, "joined", "value", "low", "high"]], on=key)
    solved = shown["joined"] == "solved"
    assert np.allclose(shown["value_x"][solved], shown["value_y"][solved])
    assert np.allclose(shown["low_x"][solved], shown["low_y"][solved])
    # Of DUO alone a share can be one number while counts and pupils are not.
    assert (shown["low_x"][solved] < shown["high_x"][solved]).mean() > 0.99
    rest = edition.panel(1).merge(levels[[*key, "joined"]], on=key)["joined"] != "solved"
    assert np.array_equal(found["panel-1"]["value"][rest], edition.panel(1)["value"][rest])


def test_shares_counted_the_other_way_round_get_their_range_the_other_way_round():
    panel = pd.DataFrame({"school": ["A", "B"], "year": 2024, "value": [-60.0, -50.0], "n": [9, 9]})
    levels = pd.DataFrame(
        {
            "school": ["A", "B"],
            "year": 2024,
            "value": [62.0, 50.0],
            "n": [10.0, 9.0],
            "low": [55.0, 50.0],
            "high": [65.0, 50.0],
            "joined": ["solved", ""],
        }
    )
    found = export.ranges(panel, levels)
    assert found[["value", "n", "low", "high"]].to_numpy().tolist() == [
        [-62.0, 10.0, -65.0, -55.0],
        [-50.0, 9.0, -50.0, -50.0],
    ]


def test_an_estimate_on_supplied_figures_is_exported_as_it_is_shown(edition):
    class Supplied:
        def __init__(self):
            self.estimates = {3: shown(edition.estimates[1], Limits())}

        def __getattr__(self, name):
            return getattr(edition, name)

    own = Supplied()
    versions = export.tables(own)["versions"]
    assert versions["n_treated"].isna().all()
    assert versions["effect"].tolist() == own.estimates[3].decision["effect"].tolist()


def test_a_verdict_is_rounded_to_its_error_whatever_stands_beside_it():
    """A text that is missing beside the figures stopped an edition."""
    text = pd.array(["board", None], dtype="str")
    table = pd.DataFrame({"goal": [1, 3], "clusters": text, "effect": [0.12345, 1.6789]})
    found = rounded_verdicts(table, {1: 0.03, 3: 0.4})
    assert found["effect"].tolist() == [0.123, 1.68]
    assert found.dtypes.equals(table.dtypes)


def test_text_in_an_export_is_no_formula(edition, tmp_path):
    class Named:
        participants = edition.participants.assign(name="=1+1")

        def __getattr__(self, name):
            return getattr(edition, name)

    (path,) = export.export(Named(), tmp_path, "xlsx")
    sheet = openpyxl.load_workbook(path)["participants"]
    assert sheet["B2"].value == "'=1+1"
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


def kansen(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kansen_analysis", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_lab_says_in_one_line_what_to_install(monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=re.escape("kansen-analysis[lab]")) as told:
        lab.command(ROOT)
    assert "\n" not in str(told.value)


def test_lab_starts_jupyter_at_the_notebooks_and_tells_them_the_edition(edition, tmp_path):
    package = tmp_path / "jupyterlab"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import os, sys\nprint(sys.argv[1], os.environ['KANSEN_EDITION'])\nsys.exit(3)\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = kansen("lab", "--edition", edition.folder, PYTHONPATH=path)
    assert done.returncode == 3, done.stderr
    folder, told = done.stdout.split()
    assert Path(folder) == ROOT / "notebooks" / "analyse"
    assert Path(told) == edition.folder.absolute()


# The documentation --------------------------------------------------------------------------------

DOCS = [
    ROOT / "README.md",
    ROOT / "README.nl.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_no_link_of_the_documentation_is_dead(path):
    text = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads
            }
            assert anchor in slugs, target


def test_every_command_and_option_stands_in_the_documentation():
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.page(), (
        "run: python tests/commands_page.py"
    )
