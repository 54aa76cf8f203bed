"""The protocol file: what it may hold, that all of it acts, and that a change of it is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from kansen_analysis.edition.disclosure.supplied import RANGES
from kansen_analysis.errors import ProtocolError, UsageError
from kansen_analysis.goals import released
from kansen_analysis.goals.protocol import DEFAULT, Protocol, load_protocol
from kansen_analysis.goals.released import content, differences, digest
from kansen_analysis.goals.rule import judge
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.pages import verantwoording
from kansen_analysis.sources import feeding
from kansen_analysis.words.protocol import KEYS, say_differences, say_protocol
from kansen_analysis.words.verdicts import worded

PROTOCOL = load_protocol()


def drop(*path):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return change


def put(*path, value):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


def both(*changes):
    def change(content):
        for each in changes:
            each(content)

    return change


@pytest.fixture
def own(tmp_path):
    """Write a changed copy of the protocol and return where it is."""

    def write(*changes):
        content = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
        both(*changes)(content)
        path = tmp_path / "eigen.yml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return path

    return write


# --- what it may hold


def test_the_protocol_holds_what_the_documents_fixed():
    first = PROTOCOL.goal(1).outcome
    assert first.smallest_difference == 3.3  # 0.07 pupil SD of 46.8 points
    assert first.decides == "V4"
    assert all(2019 in goal.outcome.exclude_years for goal in PROTOCOL.goals)
    assert [goal.role for goal in PROTOCOL.goals] == ["toets", "toets", "toets", "context"]
    assert f"versie {PROTOCOL.version}" in say_protocol(PROTOCOL)


def test_each_change_after_data_were_seen_stands_on_a_line_of_its_own(edition):
    """They stood in one paragraph of 260 words."""
    late = [change for change in PROTOCOL.changes if change.after_data]
    assert len(late) > 1
    lines = verantwoording.protocol(edition).markdown.splitlines()
    assert all(any(line.startswith("- ") and c.what in line for line in lines) for c in late)
    assert len(lines[0].split()) < 40


def test_one_school_year_is_no_plural():
    levels = pd.DataFrame({"joined": ["solved", "solved", "contradiction"]})
    told = verantwoording._joined(levels)
    assert told[0].startswith("Bij 2 schooljaren ") and told[1].startswith("Bij 1 schooljaar ")


def test_a_test_that_rests_on_ranges_says_so_and_no_other_does(edition):
    levels = pd.DataFrame({"joined": ["solved"]})
    told = " ".join(verantwoording._joined(levels, ["goal 1", "goal 2"]))
    assert "Bij doel 1 en 2 doen minder dan 40 scholen mee" in told
    assert "doen minder dan" not in " ".join(verantwoording._joined(levels))
    # eighty take part in the demo
    assert RANGES not in {rule["rule"] for rule in edition.disclosure["rules"]}


def test_every_table_an_outcome_can_rest_on_is_a_table():
    for kind in OUTCOMES.values():
        for name in (*kind.needs, *kind.uses):
            assert feeding(name)


FIRST = ("goals", 0, "outcome")
WRONG = {
    "no version": (drop("version"), "version: found nothing, expected a text."),
    "difference as text": (
        put(*FIRST, "smallest_difference", value="3,3"),
        "goals[0].outcome.smallest_difference: found '3,3', expected a number above 0.",
    ),
    "negative difference": (
        put(*FIRST, "smallest_difference", value=-1),
        "goals[0].outcome.smallest_difference: found -1, expected a number above 0.",
    ),
    "yes for a number": (
        put(*FIRST, "smallest_difference", value=True),
        "goals[0].outcome.smallest_difference: found True, expected a number above 0.",
    ),
    "unknown role": (
        put("goals", 1, "role", value="test"),
        "goals[1].role: found 'test', expected one of toets, context.",
    ),
    "unknown version": (
        put(*FIRST, "decides", value="V9"),
        "goals[0].outcome.decides: found 'V9', expected one of V1, V2",
    ),
    "unknown outcome": (
        put(*FIRST, "measure", value="happiness"),
        "goals[0].outcome.measure: found 'happiness', expected one of target_levels, ",
    ),
    "a source that does not exist": (
        put(*FIRST, "sources", value=["leerresultaten", "toverbal"]),
        "goals[0].outcome.sources: found ['leerresultaten', 'toverbal'], expected a list of "
        "tables that kansen_analysis.load knows.",
    ),
    "a source of something else": (
        put(*FIRST, "sources", value=["vsv"]),
        "goals[0].outcome.sources: found ['vsv'], expected one or more of leerresultaten, "
        "referentieniveaus, for target_levels.",
    ),
    "a source twice": (
        put(*FIRST, "sources", value=["leerresultaten"] * 2),
        "goals[0].outcome.sources: found ['leerresultaten', 'leerresultaten'], expected one or",
    ),
    "no source": (put(*FIRST, "sources", value=[]), "goals[0].outcome.sources: found []"),
    "a source that is needed is not there": (
        put("goals", 1, "outcome", "sources", value=["eindscores"]),
        "goals[1].outcome.sources: found ['eindscores'], expected schooladviezen with none or ",
    ),
    "sources of a second outcome": (
        put("goals", 0, "secondary", 0, "sources", value=["leerresultaten"]),
        "goals[0].secondary[0].sources: found ['leerresultaten'], expected eindscores, for test_",
    ),
    "a unit of something else": (
        put(*FIRST, "unit", value="adviesniveau"),
        "goals[0].outcome.unit: found 'adviesniveau', expected procentpunt, the unit of target_",
    ),
    "typing error in a key": (
        put("goals", 2, "contxt", value=[]),
        "goals[2]: found the key 'contxt', expected one of context, guard, id, ",
    ),
    "a key at the top": (put("alpha", value=0.2), "found the key 'alpha', expected one of changes"),
    "no key of the file": (put("own", value=False), "found the key 'own', expected one of"),
    "sentence without number": (
        put("goals", 0, "sentences", "more", value="Meer."),
        "goals[0].sentences.more: found 'Meer.', expected a text with {n}.",
    ),
    "range without an end": (
        put("goals", 0, "sentences", "range", value="Tot {high}."),
        "goals[0].sentences.range: found 'Tot {high}.', expected a text with {low} and {high}.",
    ),
    "goal without sentences": (
        drop("goals", 0, "sentences"),
        "goals[0].sentences: found nothing, expected a mapping of keys and values.",
    ),
    "the region, which moved": (
        put("own_region", value={"province": "Drenthe"}),
        "found the key 'own_region', expected one of changes, date, goals, verdict, version.",
    ),
    "date as text": (
        put("date", value="november"),
        "date: found 'november', expected a date like 2026-11-21.",
    ),
    "two goals with one id": (
        put("goals", 1, "id", value=1),
        "goals: found [1, 1, 3, 4], expected goals with an id of their own.",
    ),
    "two second outcomes": (
        lambda content: content["goals"][0]["secondary"].append(
            content["goals"][0]["secondary"][0]
        ),
        "expected a list of at most one.",
    ),
    "no goals": (put("goals", value=[]), "goals: found [], expected a list that is not empty."),
    "goals that are no list": (put("goals", value=3), "goals: found 3, expected a list."),
    "a goal that is no mapping": (
        put("goals", 1, value="Eindtoets"),
        "goals[1]: found 'Eindtoets', expected a mapping of keys and values.",
    ),
    "yes for a flag": (
        put(*FIRST, "higher_is_better", value="ja"),
        "goals[0].outcome.higher_is_better: found 'ja', expected true or false.",
    ),
    "a window that ends before it begins": (
        put(*FIRST, "window", value=[2020, 2016]),
        "goals[0].outcome.window: found [2020, 2016], expected a list of two school years",
    ),
    "a window of one year": (put(*FIRST, "window", value=[2020]), "window: found [2020], expected"),
    "alpha of 5": (
        put("verdict", "alpha", value=5),
        "verdict.alpha: found 5, expected a number above 0 and below 0.5.",
    ),
    "another version without a line": (
        put("version", value="9.0"),
        f"changes: found 'version {PROTOCOL.version} of {PROTOCOL.date}', expected its last line "
        f"to be about version 9.0 of {PROTOCOL.date}.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_protocol_is_refused_by_key_in_one_line(case, own):
    change, message = WRONG[case]
    with pytest.raises(ProtocolError) as error:
        load_protocol(own(change))
    assert str(error.value).startswith("eigen.yml: ") and message in str(error.value)
    assert str(error.value).count("\n") == 0
    assert "pydantic" not in str(error.value) and "http" not in str(error.value)


def test_every_mistake_has_a_line_of_its_own(own):
    path = own(
        put("verdict", "alpha", value="x"),
        drop("goals", 0, "question"),
        put("goals", 1, "outcome", "window", value=3),
        put("goals", 3, "colour", value="red"),
    )
    with pytest.raises(ProtocolError) as error:
        load_protocol(path)
    places = [line.split(": ")[1] for line in str(error.value).splitlines()]
    assert places == ["verdict.alpha", "goals[0].question", "goals[1].outcome.window", "goals[3]"]


def test_a_file_that_is_no_protocol_is_refused(tmp_path):
    with pytest.raises(ProtocolError, match="no such file"):
        load_protocol(tmp_path / "weg.yml")
    path = tmp_path / "lijst.yml"
    path.write_text("- 1\n- 2\n", encoding="utf-8")
    with pytest.raises(ProtocolError, match="a mapping of keys"):
        load_protocol(path)
    path.write_text("a: [1\n", encoding="utf-8")
    with pytest.raises(ProtocolError, match="not yaml"):
        load_protocol(path)


def test_a_programme_has_goals_of_its_own(own):
    def three(content):
        first, second, _, fourth = content["goals"]
        content["goals"] = [second | {"id": 12}, first | {"id": 5}, fourth | {"id": 2}]

    protocol = load_protocol(own(three))
    table = worded(judge({}, protocol), protocol)
    assert table["goal"].tolist() == [12, 5, 2]  # in the order of the file
    assert table["verdict"].eq("niet toetsbaar").all()
    assert table["reason"].tolist() == [goal.missing for goal in protocol.goals]
    with pytest.raises(UsageError, match="no goal 1; the goals are 12, 5, 2"):
        protocol.goal(1)


# --- which one it is


def test_the_protocol_of_the_package_is_the_one_that_was_released():
    """Red after a change of goals.yml: it needs a new version, a line under changes, a release."""
    assert differences(PROTOCOL) == ()
    assert PROTOCOL.version == released.releases()[-1]


def test_a_release_is_never_written_twice(monkeypatch, tmp_path):
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    path = released.release()
    assert json.loads(path.read_text(encoding="utf-8")) == content(PROTOCOL)
    with pytest.raises(ProtocolError, match=r"was released. Give goals.yml another version"):
        released.release()


def test_releases_are_in_order_of_their_numbers(monkeypatch, tmp_path):
    for version in ("1.10", "1.9", "2.0"):
        (tmp_path / f"{version}.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    assert released.releases() == ("1.9", "1.10", "2.0")


def test_the_digest_is_of_what_is_said_and_not_of_how(tmp_path):
    text = DEFAULT.read_text(encoding="utf-8")
    other = tmp_path / "zelfde.yml"
    other.write_text("# ours\n" + yaml.safe_dump(yaml.safe_load(text)), encoding="utf-8")
    assert digest(load_protocol(other)) == digest(PROTOCOL)
    assert say_protocol(load_protocol(other)) == say_protocol(PROTOCOL)
    other.write_text(text.replace("alpha: 0.05", "alpha: 0.06"), encoding="utf-8")
    assert digest(load_protocol(other)) != digest(PROTOCOL)


def page(protocol: Protocol) -> str:
    return verantwoording.protocol(
        SimpleNamespace(protocol=protocol, settings=SimpleNamespace(goals=None))
    ).markdown


TAMPERED = {
    "margin": (
        put(*FIRST, "smallest_difference", value=9.9),
        "Doel 1, kleinste verschil dat ertoe doet: 3,3 in de uitgave, hier 9,9.",
    ),
    "alpha": (
        put("verdict", "alpha", value=0.20),
        "Grens voor toeval: 0,05 in de uitgave, hier 0,2.",
    ),
    "deciding version": (
        put(*FIRST, "decides", value="V1"),
        "Doel 1, versie die beslist: V4 in de uitgave, hier V1.",
    ),
    "direction": (
        put(*FIRST, "higher_is_better", value=False),
        "Doel 1, hoger is beter: ja in de uitgave, hier nee.",
    ),
    "window": (
        put(*FIRST, "window", value=[2018, None]),
        "Doel 1, eerste en laatste schooljaar: 2016-2017, open in de uitgave, hier 2018-2019, "
        "open.",
    ),
    "guard": (
        drop("goals", 2, "guard"),
        "Doel 3, voorwaarde kleinste verschil dat ertoe doet: 3,3 in de uitgave, hier niets.",
    ),
    "a goal": (
        lambda content: content["goals"].pop(2),
        "Doel 3 (Afstroom) staat in de uitgave, maar hier niet.",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_changed_protocol_is_told_key_by_key(case, own):
    change, line = TAMPERED[case]
    shown = page(load_protocol(own(change)))
    assert f"- {line}\n" in shown
    assert "Dit is niet het protocol dat met kansen_analysis is uitgegeven" in shown
    assert "niet gewijzigd" not in shown.lower()


def test_all_that_was_changed_is_told_at_once(own):
    cases = ("margin", "alpha", "deciding version")
    protocol = load_protocol(own(*(TAMPERED[case][0] for case in cases)))
    assert set(say_differences(protocol)) == {TAMPERED[case][1] for case in cases}
    assert f"3 verschillen met versie {PROTOCOL.version}" in say_protocol(protocol)


def test_a_users_version_says_what_changed_and_that_it_is_no_release(own):
    line = {"version": "7.0", "date": PROTOCOL.date, "after_data": True, "what": "Andere drempel."}
    protocol = load_protocol(
        own(
            put("version", value="7.0"),
            lambda content: content["changes"].append(line),
            put(*FIRST, "smallest_difference", value=5),
        )
    )
    shown = page(protocol)
    assert shown.startswith("Eigen protocol, versie 7.0")
    assert "nadat gegevens waren geladen" in shown and "Andere drempel." in shown
    assert "3,3 in de uitgave, hier 5." in shown


def test_the_released_protocol_is_not_told_to_differ():
    shown = page(PROTOCOL)
    assert shown.startswith(f"Protocol, versie {PROTOCOL.version} van ")
    assert digest(PROTOCOL)[:12] in shown
    assert "uitgave" not in shown and "uitgegeven" not in shown


def test_unchanged_after_data_is_said_only_of_a_release_that_was(monkeypatch):
    first = replace(PROTOCOL.changes[0], version=PROTOCOL.version, date=PROTOCOL.date)
    quiet = replace(PROTOCOL, changes=(first,))
    assert "Niet gewijzigd" not in say_protocol(quiet)  # it is not what was released
    monkeypatch.setattr("kansen_analysis.words.protocol.say_differences", lambda protocol, own: [])
    assert "Niet gewijzigd nadat er gegevens waren geladen." in say_protocol(quiet)


def test_every_key_of_the_protocol_has_a_dutch_name():
    names = re.findall(r'"(\w+)":', json.dumps(content(PROTOCOL)))
    used = {name for name in names if not name.isdigit()} - {"id", "goals"}
    assert used <= set(KEYS)


def test_the_documentation_names_every_key_and_every_outcome():
    page = (Path(__file__).parents[1] / "docs" / "goals.md").read_text(encoding="utf-8")
    named = {word for key in re.findall(r"`([\w.]+)`", page) for word in key.split(".")}
    assert set(KEYS) <= named
    for name, kind in OUTCOMES.items():
        assert f"| `{name}` | {kind.value} | {kind.unit} | {kind.wanted} |" in page
