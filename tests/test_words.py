"""Codes and numbers in Dutch: every code has one sentence, every number one writer."""

from __future__ import annotations

import ast
import re
from collections import Counter
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from kansen_analysis.display.tables import KINDS
from kansen_analysis.errors import Code, PanelError, Reason
from kansen_analysis.estimate.codes import Problem, why
from kansen_analysis.goals.codes import Why
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.words import numbers
from kansen_analysis.words.columns import columns_of
from kansen_analysis.words.obstacles import FIGURES, label
from kansen_analysis.words.reasons import SENTENCES, say
from kansen_analysis.words.verdicts import beside, say_size

SOURCE = Path(__file__).parents[1] / "src" / "kansen_analysis"
GOAL = load_protocol().goal(1)


def test_every_code_has_a_sentence():
    codes = {code for room in Code.__subclasses__() for code in room}
    assert {Why.CHANCE, Obstacle.ONLY_LATER, Problem.PANEL} <= codes
    assert set(SENTENCES) == codes
    values = [code.value for room in Code.__subclasses__() for code in room]
    assert len(values) == len(set(values))  # codes of two rooms are never the same key


OBSTACLES = {
    Obstacle.PARTICIPANTS: ({"schools": 1}, "Het register telt 1 school.", None),
    Obstacle.START_UNKNOWN: (
        {"schools": 3, "participants": 8},
        "Van 3 van de 8 scholen in het register noemt geen document het startjaar.",
        ("Scholen zonder bekend startjaar", 3),
    ),
    Obstacle.LATE_START: (
        {"schools": 1, "start": 2017, "needed": 2},
        "1 school met een start in 2017-2018 telt niet mee: er zijn minder dan 2 schooljaren van "
        "vóór de start.",
        ("Scholen met start in 2017-2018 en te weinig jaren van vóór de start", 1),
    ),
    Obstacle.ONLY_LATER: (
        {"first": 2020, "needed": 2},
        "De toetsresultaten uit deze bestanden die meetellen, beginnen in 2020-2021; voor een "
        "toets zijn minstens 2 schooljaren van vóór de start nodig.",
        ("Nodige schooljaren van vóór de start", 2),
    ),
    Obstacle.NOTHING_BESIDE: (
        {},
        "De toetsresultaten gaan alleen over scholen in het register; er is niets om mee te "
        "vergelijken.",
        ("Vergelijkbare scholen in deze bestanden", 0),
    ),
    Obstacle.HIDDEN_DECIDES: (
        {"hidden": 4, "rows": 90},
        "In 4 van de 90 schooljaren zijn aantallen afgeschermd, en het antwoord hangt af van wat "
        "daar verborgen is. Met exacte aantallen is dit doel wel te toetsen.",
        None,
    ),
}


@pytest.mark.parametrize("code", OBSTACLES)
def test_an_obstacle_is_said_with_its_numbers(code):
    figures, sentence, counted = OBSTACLES[code]
    assert say(GOAL, Reason(code, figures)) == sentence
    assert label(Reason(code, figures)) == counted


def test_several_obstacles_are_said_in_their_order():
    why = (Reason(Obstacle.PARTICIPANTS, {"schools": 12}), Reason(Obstacle.NOTHING_BESIDE))
    assert say(GOAL, *why).startswith(
        "Het register telt 12 scholen. De toetsresultaten gaan alleen"
    )


def test_every_outcome_has_a_name_for_its_figures():
    assert set(FIGURES) == set(OUTCOMES)


def test_a_panel_that_is_refused_says_in_dutch_what_its_error_says():
    error = PanelError("Too few years.", Reason(Problem.FEW_YEARS))
    told = say(GOAL, why(error))
    assert told == "Er zijn te weinig jaren van vóór de start om toeval per school te meten."
    assert str(error) == "Too few years."


@pytest.mark.parametrize("half", [0.5, 1.5, 2.5, 3.5, 12.5])
def test_a_half_goes_up_in_figures_and_in_sentences(half):
    whole = str(int(half + 0.5))
    assert numbers.signed(half, 0) == f"+{whole}"
    assert numbers.signed(-half, 0) == f"−{whole}"
    said = say_size(GOAL, {"effect": half, "ci_low": -half, "ci_high": half})
    assert said.count(f" {whole} ") == 3


def test_months_are_written_in_one_place():
    holds = [path for path in SOURCE.rglob("*.py") if "februari" in path.read_text("utf-8")]
    assert [path.name for path in holds] == ["numbers.py"]


def test_decimal_commas_are_written_in_one_place():
    """Files that others read write their own: the demo's, as publishers do, and our CSV."""
    files = {"demo/files.py", "demo/around.py", "display/downloads.py"}
    own = re.compile(r"""replace\(["']\.["'], ?["'],["']\)""")
    holds = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if own.search(path.read_text("utf-8"))
    }
    later = {"estimate/effects.py"}  # its summary
    assert holds - later <= {"words/numbers.py", *files}


def judged(**own) -> dict:
    """A row of a verdict that was tested, with some figures replaced."""
    row = {"look": 3, "limit": 0.00845, "p_holm": 0.012, "start_difference": -0.12}
    row |= {"participants_lost": 0.25, "intake_part": 0.8, "breakdown": 0.35}
    return row | own


def test_what_a_verdict_rests_on_is_said_with_its_limits():
    protocol = load_protocol()
    goal = protocol.goal(1)
    said = " ".join(beside(goal, judged(), protocol))
    assert "Dit is jaar 3 van 5 geplande edities." in said
    assert "een p-waarde onder 0,00845; zij is 0,0120, na correctie" in said
    assert "0,12 leerling-standaardafwijking uit elkaar: dat is vergelijkbaar omdat" in said
    assert "(grenzen 0,05 en 0,25)" in said
    assert "25% van de deelnemers met gegevens valt weg" in said
    assert "hoort +0,8 procentpunt van het verschil" in said
    assert "elk jaar 0,35 procentpunt of meer hun eigen kant op" in said


@pytest.mark.parametrize(
    ("own", "there", "absent"),
    [
        ({"look": 6, "limit": 0.0}, "Er waren 5 edities gepland; deze komt daarna.", "jaar 6"),
        ({"start_difference": 0.02}, "dat is goed vergelijkbaar", "corrigeert"),
        ({"start_difference": 0.31}, "dat is te veel om te vergelijken", "corrigeert"),
        ({"participants_lost": 0.0}, "Alle deelnemers met gegevens tellen mee.", "valt weg"),
        ({"breakdown": 0.0}, "jaar 3", "eigen kant op"),
        ({"intake_part": float("nan")}, "jaar 3", "schoolweging van deelnemers"),
        ({"limit": 0.000005, "p_holm": 1e-7}, "onder 0,000005; zij is kleiner dan 0,0001", "nan"),
    ],
)
def test_what_a_verdict_rests_on_follows_its_figures(own, there, absent):
    protocol = load_protocol()
    said = " ".join(beside(protocol.goal(1), judged(**own), protocol))
    assert there in said and absent not in said


def test_a_goal_that_was_not_tested_rests_on_nothing():
    protocol = load_protocol()
    assert beside(protocol.goal(1), judged(look=float("nan")), protocol) == ()


def _tables_asked_for(path):
    """Yield the tables of columns.csv that a page names."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
        if name not in ("columns_of", "published_table"):
            continue
        options = {each.arg: each.value for each in call.keywords}
        if "variables" not in options:
            named = options.get("columns", call.args[-1])
            if isinstance(named, ast.Constant):
                yield named.value


def test_every_table_that_has_columns_is_asked_for_by_one_page():
    with (resources.files("kansen_analysis.words") / "columns.csv").open(encoding="utf-8") as file:
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    assert not rows.duplicated(["table", "column"]).any()
    assert set(rows["kind"]) <= set(KINDS)
    asked = Counter(
        table for path in (SOURCE / "pages").glob("*.py") for table in _tables_asked_for(path)
    )
    assert asked == Counter(rows["table"].unique())
    with pytest.raises(KeyError):
        columns_of("geen-tabel")
