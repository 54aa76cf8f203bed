"""The researcher's desk: what can be imported, and that an own analysis is the monitor's own."""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kansen_analysis
from kansen_analysis import compare_schools, estimate_effect, power
from kansen_analysis.desk.results import Effect, Outlook
from kansen_analysis.errors import PanelError, UsageError

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


@pytest.mark.parametrize("name", kansen_analysis.__all__)
def test_every_public_name_says_what_it_takes_gives_and_raises_with_an_example(name):
    said = inspect.getdoc(getattr(kansen_analysis, name))
    for heading in ("Parameters\n", "Returns\n", "Raises\n", "Examples\n", ">>> "):
        assert heading in said, heading
    assert f"`{name}(" in OWN.read_text(encoding="utf-8")
