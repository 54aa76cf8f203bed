"""Goals of a programme's own: any number, by any outcome, each tested as its protocol says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kansen_analysis.demo.panels import simulate
from kansen_analysis.edition.outcomes import Chosen
from kansen_analysis.errors import ProtocolError, Reason
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.goals.protocol import DEFAULT, load_protocol
from kansen_analysis.goals.rule import judge
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.publish.empty import unlink
from kansen_analysis.words.reasons import say

PROTOCOL = load_protocol()


@pytest.fixture(scope="module")
def choose(edition):
    inputs = {"year": edition.year, "protocol": PROTOCOL}
    inputs |= {name: edition.work(name) for name in ("schools", "tidy")}
    measured = {
        "target_levels": edition.work("outcomes")["target_levels"],
        "test_score_z": edition.standard_scores,
    }
    return Chosen(inputs, measured, edition.later_places)


def of(choose, goal):
    """The panels of a goal that stands alone in a protocol."""
    choose.protocol = replace(PROTOCOL, goals=(goal,))
    return {name: rows for name, (rows, _) in choose.of_goal(goal).items()}


def test_a_goal_is_measured_by_its_outcome_whatever_its_number(choose, edition):
    found = of(choose, replace(PROTOCOL.goal(1), id=7))
    assert set(found) == {"7", "7 second"}
    assert found["7"].equals(edition.panel(1))
    assert found["7 second"].equals(edition.panels["1 second"])


def test_lower_is_better_turns_the_value_round(choose, edition):
    goal = PROTOCOL.goal(1)
    turned = replace(goal, outcome=replace(goal.outcome, higher_is_better=False))
    assert np.array_equal(of(choose, turned)["1"]["value"], -edition.panel(1)["value"])


def test_places_count_who_is_not_below_the_advice(choose, monkeypatch):
    """There lower is better as it stands, and the other way round turns it."""
    rows = pd.DataFrame({"value": [86.0, 90.0]})
    monkeypatch.setattr(choose, "later", rows)
    monkeypatch.setattr(choose, "places", lambda later, share, end, goal: (later, []))
    goal = PROTOCOL.goal(3)
    against = replace(goal, outcome=replace(goal.outcome, higher_is_better=True))
    assert of(choose, goal)["3"]["value"].tolist() == [86, 90]
    assert of(choose, against)["3"]["value"].tolist() == [-86, -90]
    assert set(of(choose, goal)) == {"3", "3 in favour", "3 guard"}


def test_an_outcome_without_data_gives_no_panel(choose):
    goal = replace(PROTOCOL.goal(2), id=4)  # no advices were given
    assert of(choose, goal) == {}


def test_holm_counts_the_goals_that_are_tested():
    panel = simulate("S0", seed=1, effect=0.2)
    found = estimate_effect(panel.assign(value=panel["value"] * 46.8), decides="V4", details=False)
    goal = PROTOCOL.goal(1)
    numbers = (11, 5, 8)
    own = replace(PROTOCOL, goals=tuple(replace(goal, id=number) for number in numbers))
    for tested in ((5,), (5, 8), numbers):
        table = judge(dict.fromkeys(tested, found), own).set_index("goal")
        assert table["p_holm"].count() == len(tested)
        assert table.loc[5, "p_holm"] == pytest.approx(min(1, len(tested) * found.p_value))
        assert table["verdict"].eq("niet toetsbaar").sum() == len(numbers) - len(tested)


def test_what_is_hidden_too_often_cannot_be_tested(tmp_path):
    text = DEFAULT.read_text(encoding="utf-8")
    assert text.count("role: context") == 1
    path = tmp_path / "eigen.yml"
    path.write_text(text.replace("role: context", "role: toets"), encoding="utf-8")
    with pytest.raises(ProtocolError) as error:
        load_protocol(path)
    told = "goals[3].role: found 'toets', expected context, because special_education is hidden"
    assert told in str(error.value)


def test_a_register_without_schools_is_said_so():
    assert say(PROTOCOL.goal(1), Reason(Obstacle.NOBODY)) == (
        "Het register noemt nog geen scholen."
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Zie [a](verhalen.ipynb) en [b](../verhalen.ipynb#x).", "Zie a en b."),
        ("[**les**](verhalen.ipynb)", "**les**"),
        (
            "[a](voortgang.ipynb), ![a](verhalen.ipynb)",
            "[a](voortgang.ipynb), ![a](verhalen.ipynb)",
        ),
        ('<p><a class="k" href="verhalen.ipynb#x">Les <b>1</b></a></p>', "<p>Les <b>1</b></p>"),
        ('<a href="meer-verhalen.ipynb">b</a>', '<a href="meer-verhalen.ipynb">b</a>'),
    ],
)
def test_a_link_to_a_page_that_is_not_shown_leaves_its_words(text, left):
    assert unlink(text, "index", {"verhalen"}, {}) == left
