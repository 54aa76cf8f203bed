"""Plain Dutch where everybody reads: short sentences, common words, no words of the method."""

import ast
import html
import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

from kansen_analysis.goals import plan
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.pages import samenvatting
from kansen_analysis.programme.settings import read_settings

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "src" / "kansen_analysis" / "pages"
# Pages that must be plain, and the modules that write them (PAGES.md, "How it speaks").
PLAIN = ("index", "scholen", "gemeenten")
MODULES = ("samenvatting", "school", "scholen", "gemeente", "gemeenten")
AVOID = (
    "significant",
    "p-waarde",
    "regressie",
    "controlegroep",
    "effectgrootte",
    "statistisch",
    "cohort",
    "interventie",
)
LONGEST = 15  # words a sentence, on average
EASIEST = 60  # Douma's scale: 60 and more is standard or easier
VOWELS = re.compile(r"aai|ooi|oei|eeu|ieu|aa|ee|oo|uu|ie|oe|eu|ui|ij|ei|au|ou|[aeiouyàáâèéêëïöüó]")


def syllables(word: str) -> int:
    """Count the vowel groups of a Dutch word; a trema begins a new one."""
    return max(1, len(VOWELS.findall(word.lower())))


def sentences(text: str) -> list[list[str]]:
    """Split plain text into sentences of words; numbers are no words to read."""
    found = re.split(r"(?<=[.?!:])\s+|\n+", text)
    words = [re.findall(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*", each) for each in found]
    return [each for each in words if each]


def reading_ease(text: str) -> float:
    """Score a text as W.H. Douma did (De leesbaarheid van landbouwbladen, Wageningen, 1960).

    Flesch's measure for Dutch: 206.84 - 0.77 times the syllables per 100 words - 0.93 times the
    words per sentence. Above 70 is fairly easy, 60 to 70 standard, below 50 hard.
    """
    parts = sentences(text)
    words = [word for part in parts for word in part]
    per_hundred = 100 * sum(map(syllables, words)) / len(words)
    return 206.84 - 0.77 * per_hundred - 0.93 * len(words) / len(parts)


def average_length(text: str) -> float:
    parts = sentences(text)
    return sum(map(len, parts)) / len(parts)


def plain(text: str) -> str:
    """Strip markdown and HTML to what is read."""
    text = re.sub(r"<[^>]+>", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\{[#.][^}]*\}|^:::.*$|^#+\s*", "", text, flags=re.M)
    return html.unescape(re.sub(r"[*`]|@fig-\w+|^- ", "", text, flags=re.M))


def words_to_avoid(text: str) -> list[str]:
    return [word for word in AVOID if re.search(rf"\b{word}", text, re.I)]


def summary_of(verdict: str, before: str | None = None):
    """An edition in which every goal has the same verdict, and had one the year before."""
    protocol = load_protocol()
    tested = verdict != "niet toetsbaar"
    rows = [
        {
            "goal": goal.id,
            "name": goal.name,
            "verdict": verdict,
            "effect": 3.1 / goal.sentences.per if tested else float("nan"),
            "ci_low": -1.2 / goal.sentences.per if tested else float("nan"),
            "ci_high": 7.4 / goal.sentences.per if tested else float("nan"),
            "reason": goal.missing,
        }
        for goal in protocol.goals
    ]
    people = pd.DataFrame(
        {
            "school": [f"0{n}AA00" for n in range(5)],
            "municipality": ["Meppel"] * 3 + ["Coevorden"] * 2,
            "coach_start": pd.array([2021, 2022, 2024, 2024, pd.NA], dtype="Int64"),
            "coach_end": pd.array([pd.NA] * 5, dtype="Int64"),
        }
    )
    return SimpleNamespace(
        verdicts=pd.DataFrame(rows),
        previous_verdicts=None if before is None else summary_of(before).verdicts,
        protocol=protocol,
        participants=people,
        year=2024,
        demo=True,
        others={},
        settings=read_settings(ROOT),
        seen={},
        outlook=pd.DataFrame(columns=[*plan.COLUMNS, "supplied"]),
        needs=pd.DataFrame(columns=["goal", "need", "number", "years", "holders"]),
        programme=SimpleNamespace(network=pd.DataFrame(columns=["what"])),
        provisional=lambda *sources: [2024],
    )


def summary_text(now: str, then: str) -> str:
    monitor = summary_of(now, then)
    shown = (samenvatting.cards, samenvatting.changes, samenvatting.next_steps)
    parts = [make(monitor).plain for make in shown]
    parts += [make(monitor).markdown for make in (samenvatting.lead, samenvatting.limits)]
    return plain("\n".join([*parts, *markdown_of("index")]))


def markdown_of(name: str) -> list[str]:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    if not path.exists():
        pytest.skip(f"there is no page {name} yet")
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def test_the_measure_agrees_with_a_count_by_hand():
    """Six words in one sentence; bank-je has two syllables, the others one."""
    text = "De kat zat op het bankje."
    assert [syllables(word) for word in sentences(text)[0]] == [1, 1, 1, 1, 1, 2]
    assert reading_ease(text) == pytest.approx(206.84 - 0.77 * 100 * 7 / 6 - 0.93 * 6)


@pytest.mark.parametrize(
    ("word", "count"),
    [("school", 1), ("schooladvies", 3), ("groei", 1), ("reünie", 3), ("kansencoach", 4)],
)
def test_syllables_are_vowel_groups(word, count):
    # "coach" has one syllable more here than when it is said: the rule knows no English.
    assert abs(syllables(word) - count) <= (word == "kansencoach")


def test_a_text_of_the_method_does_not_pass_as_plain():
    hard = (
        "De geclusterde standaardfouten van de regressiecoëfficiënten impliceren dat het "
        "geschatte behandelingseffect op het gemiddelde vaardigheidsniveau statistisch "
        "significant afwijkt van de nulhypothese."
    )
    assert average_length(hard) > LONGEST
    assert reading_ease(hard) < EASIEST
    assert set(words_to_avoid(hard)) == {"regressie", "statistisch", "significant"}


@pytest.mark.parametrize("now", [each.value for each in Verdict])
def test_the_summary_is_plain_whatever_the_verdict(now):
    text = summary_text(now, "onbeslist")
    assert average_length(text) <= LONGEST
    assert reading_ease(text) >= EASIEST
    assert words_to_avoid(text) == []


@pytest.mark.parametrize("now", [each.value for each in Verdict])
def test_the_summary_uses_no_verdict_word_but_its_own(monkeypatch, now):
    monitor = summary_of(now)
    said = samenvatting.cards(monitor).html
    words = re.findall(r'"kansen-word"><span aria-hidden="true">[▲▼=?–]</span> ([^<]+)</p>', said)
    asked = "Nog niet te toetsen" if now == "niet toetsbaar" else now[0].upper() + now[1:]
    assert [word.removesuffix(", maar klein") for word in words] == [asked] * 4


def test_the_summary_names_every_verdict_that_moved():
    text = samenvatting.changes(summary_of("beter", "onbeslist")).plain
    assert text.count("was onbeslist, is nu beter") == 4
    same = samenvatting.changes(summary_of("onbeslist", "onbeslist")).plain
    assert "hetzelfde oordeel als in 2023-2024" in same


def test_without_results_of_last_year_the_summary_says_so():
    text = samenvatting.changes(summary_of("beter")).plain
    assert "Over 2023-2024 zijn er geen resultaten" in text


@pytest.mark.parametrize("name", PLAIN)
def test_the_pages_for_everybody_are_plain(name):
    text = plain("\n".join(markdown_of(name)))
    assert words_to_avoid(text) == []
    assert average_length(text) <= LONGEST


@pytest.mark.parametrize("module", MODULES)
def test_no_module_of_these_pages_writes_a_word_of_the_method(module):
    path = PAGES / f"{module}.py"
    if not path.exists():
        pytest.skip(f"there is no {module}.py yet")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {ast.get_docstring(n, False) for n in ast.walk(tree) if isinstance(n, holders)}
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    # A text without a space is a name in the code, not something a reader sees.
    shown = [t for t in texts if isinstance(t, str) and " " in t and t not in docstrings]
    assert [text for text in shown if words_to_avoid(text)] == []


@pytest.mark.parametrize(
    ("goal", "effect", "low", "high", "said"),
    [
        (1, 6.1, 3.8, 8.4, ""),
        (
            1,
            5.0,
            2.0,
            8.0,
            " Het kan ook een klein verschil zijn: minder dan 3,3 van elke 100 leerlingen.",
        ),
        (2, 0.15, 0.06, 0.25, " Waarschijnlijk is het een klein verschil: minder dan 19 van"),
        (
            1,
            -5.0,
            -8.0,
            -2.0,
            " Het kan ook een klein verschil zijn: minder dan 3,3 van elke 100 leerlingen.",
        ),
    ],
)
def test_better_does_not_hide_that_the_difference_may_be_small(goal, effect, low, high, said):
    monitor = summary_of("beter" if effect > 0 else "slechter")
    figures = {"effect": effect, "ci_low": low, "ci_high": high}
    monitor.verdicts.loc[monitor.verdicts["goal"] == goal, list(figures)] = list(figures.values())
    text = samenvatting.cards(monitor).plain.splitlines()[goal - 1]
    assert ("klein verschil" in text) == bool(said)
    assert ("maar klein" in text) == ("Waarschijnlijk" in said)
    assert said in text
