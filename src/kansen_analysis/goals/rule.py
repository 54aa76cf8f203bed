"""The protocol of the four goals, and the verdict that follows from it.

`goals.yml` says beforehand what is tested; `judge` applies it. The rule is METHODS 2.2 step 10:

- *beter*: the deciding version is above zero after Holm's correction over the tested goals, and the
  95% intervals of the other three versions lie above zero too;
- *slechter*: the same agreement of four versions below zero;
- *geen verschil dat ertoe doet*: the 90% interval of the deciding version lies within the smallest
  difference that matters;
- *onbeslist*: none of these;
- *niet toetsbaar*: no data for it, only context, or too few participants.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from statsmodels.stats.multitest import multipletests

from kansen_analysis.errors import ProtocolError, UsageError
from kansen_analysis.estimate.effects import EffectEstimate, detectable_difference, dutch

DEFAULT = Path(__file__).with_name("goals.yml")
BETTER, WORSE = "beter", "slechter"
SAME, OPEN, UNTESTABLE = "geen verschil dat ertoe doet", "onbeslist", "niet toetsbaar"
VERDICTS = (BETTER, WORSE, SAME, OPEN, UNTESTABLE)
ROLES = ("toets", "context")
VERSIONS = ("V1", "V2", "V3", "V4")
COLUMNS = [
    *("goal", "name", "verdict", "effect", "ci_low", "ci_high", "unit", "p_value", "p_holm"),
    *("agreeing_versions", "decides", "method", "n_treated", "n_schools", "reason"),
]


@dataclass(frozen=True)
class Outcome:
    """What is measured for a goal; see goals.yml."""

    name: str
    definition: str
    sources: tuple[str, ...]
    unit: str
    higher_is_better: bool
    window: tuple[int | None, int | None]
    exclude_years: tuple[int, ...]
    smallest_difference: float
    smallest_difference_note: str
    decides: str
    size_by_year: bool


@dataclass(frozen=True)
class Other:
    """A secondary outcome or context: shown, never judged."""

    name: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Guard:
    """An outcome that must not get worse for a goal to be met."""

    name: str
    smallest_difference: float


@dataclass(frozen=True)
class Sentences:
    """How the size of a difference is said in Dutch; ``per`` turns the unit into pupils of 100."""

    per: float
    more: str
    fewer: str
    equal: str
    range: str
    word_more: str
    word_fewer: str


@dataclass(frozen=True)
class Goal:
    """One of the four goals."""

    id: int
    name: str
    question: str
    source_text: str
    role: str
    outcome: Outcome
    secondary: tuple[Other, ...]
    context: tuple[Other, ...]
    sentences: Sentences
    missing: str
    guard: Guard | None = None


@dataclass(frozen=True)
class Change:
    """A dated change of the protocol."""

    version: str
    date: datetime.date
    after_data: bool
    what: str


@dataclass(frozen=True)
class OwnRegion:
    """Pool A: the province and the municipalities (code to name) that border on it."""

    province: str
    municipalities: Mapping[str, str]


@dataclass(frozen=True)
class Protocol:
    """The whole protocol.

    Attributes
    ----------
    own : bool
        True when a user's file took the place of the one in the package.
    """

    version: str
    date: datetime.date
    changes: tuple[Change, ...]
    own_region: OwnRegion
    alpha: float
    minimum_participants: int
    goals: tuple[Goal, ...]
    own: bool = False

    def goal(self, number: int) -> Goal:
        """Return a goal by its number."""
        for goal in self.goals:
            if goal.id == number:
                return goal
        raise UsageError(f"There is no goal {number}; the goals are 1 to 4.")

    def statement(self) -> str:
        """Say in Dutch which protocol this is, and whether it changed after data were seen."""
        name = "Eigen protocol" if self.own else "Protocol"
        text = f"{name}, versie {self.version} van {_date(self.date)}."
        late = [change for change in self.changes if change.after_data]
        for change in late:
            text += f" Gewijzigd nadat gegevens waren geladen ({_date(change.date)}): {change.what}"
        return text if late else f"{text} Niet gewijzigd nadat er gegevens waren geladen."


MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september"),
    *("oktober", "november", "december"),
)


def _date(day: datetime.date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


class _Reader:
    """Take keys out of one mapping of the file, naming the key when something is wrong."""

    def __init__(self, file: str, place: str, content):
        self.file, self.place = file, place
        if not isinstance(content, Mapping):
            self.fail("", content, "a mapping of keys and values")
        self.content, self.used = content, set()

    def fail(self, key: str, found, expected: str):
        at = ".".join(part for part in (self.place, key) if part) or "the file"
        raise ProtocolError(f"{self.file}: {at}: found {found!r}, expected {expected}.")

    def take(self, key: str, kind, expected: str, valid=lambda value: True):
        self.used.add(key)
        if key not in self.content:
            self.fail(key, "nothing", expected)
        value = self.content[key]
        wrong_bool = isinstance(value, bool) and kind is not bool
        if wrong_bool or not isinstance(value, kind) or not valid(value):
            self.fail(key, value, expected)
        return value

    def text(self, key: str) -> str:
        return self.take(key, str, "a text", lambda value: bool(value.strip())).strip()

    def flag(self, key: str) -> bool:
        return self.take(key, bool, "true or false")

    def above_zero(self, key: str, *, below: float = float("inf")) -> float:
        limit = "" if below == float("inf") else f" and below {below:g}"
        expected = f"a number above 0{limit}"
        return float(self.take(key, (int, float), expected, lambda v: 0 < v < below))

    def day(self, key: str) -> datetime.date:
        return self.take(key, datetime.date, "a date like 2026-11-21")

    def one_of(self, key: str, words: Sequence[str]) -> str:
        return self.take(key, str, f"one of {', '.join(words)}", lambda value: value in words)

    def texts(self, key: str) -> tuple[str, ...]:
        expected = "a list of texts"
        return tuple(
            self.take(key, list, expected, lambda v: v and all(isinstance(x, str) for x in v))
        )

    def inside(self, key: str) -> _Reader:
        value = self.take(key, Mapping, "a mapping of keys and values")
        return _Reader(self.file, ".".join(p for p in (self.place, key) if p), value)

    def each(self, key: str) -> list[_Reader]:
        items = self.take(key, list, "a list")
        place = ".".join(part for part in (self.place, key) if part)
        return [_Reader(self.file, f"{place}[{at}]", item) for at, item in enumerate(items)]

    def done(self) -> None:
        for key in self.content:
            if key not in self.used:
                expected = f"one of {', '.join(sorted(self.used))}"
                self.fail("", key, expected)


def load_protocol(path: str | Path | None = None) -> Protocol:
    """Read and check the protocol.

    Parameters
    ----------
    path : path, optional
        A file of the same form as the package's own goals.yml, to be used in its place.

    Returns
    -------
    Protocol

    Raises
    ------
    ProtocolError
        Naming the key, what was found and what was expected.

    Examples
    --------
    >>> protocol = load_protocol()
    >>> protocol.goal(1).outcome.smallest_difference
    3.3
    """
    file = DEFAULT if path is None else Path(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProtocolError(f"{file}: found no such file, expected a protocol in yaml.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProtocolError(f"{file.name}: found text that is not yaml ({error}).") from error
    top = _Reader(file.name, "", content)
    region = top.inside("own_region")
    verdict = top.inside("verdict")
    municipalities = region.take(
        "municipalities",
        Mapping,
        "four-digit municipality codes in quotes, each with a name",
        lambda v: all(_is_code(key) and isinstance(value, str) for key, value in v.items()),
    )
    protocol = Protocol(
        version=top.text("version"),
        date=top.day("date"),
        changes=tuple(_change(each) for each in top.each("changes")),
        own_region=OwnRegion(region.text("province"), dict(municipalities)),
        alpha=verdict.above_zero("alpha", below=0.5),
        minimum_participants=verdict.take(
            "minimum_participants", int, "a whole number of 2 or more", lambda value: value >= 2
        ),
        goals=tuple(_goal(each) for each in top.each("goals")),
        own=path is not None,
    )
    for reader in (top, region, verdict):
        reader.done()
    numbers = [goal.id for goal in protocol.goals]
    if numbers != [1, 2, 3, 4]:
        top.fail("goals", numbers, "the goals with id 1, 2, 3 and 4, in this order")
    return protocol


def _is_code(key) -> bool:
    return isinstance(key, str) and len(key) == 4 and key.isdigit()


def _change(reader: _Reader) -> Change:
    change = Change(
        reader.text("version"), reader.day("date"), reader.flag("after_data"), reader.text("what")
    )
    reader.done()
    return change


def _other(reader: _Reader) -> Other:
    other = Other(reader.text("name"), reader.texts("sources"), reader.text("note"))
    reader.done()
    return other


def _goal(reader: _Reader) -> Goal:
    guard = None
    if "guard" in reader.content:
        inner = reader.inside("guard")
        guard = Guard(inner.text("name"), inner.above_zero("smallest_difference"))
        inner.done()
    goal = Goal(
        id=reader.take("id", int, "a whole number from 1 to 4"),
        name=reader.text("name"),
        question=reader.text("question"),
        source_text=reader.text("source_text"),
        role=reader.one_of("role", ROLES),
        outcome=_outcome(reader.inside("outcome")),
        secondary=tuple(_other(each) for each in reader.each("secondary")),
        context=tuple(_other(each) for each in reader.each("context")),
        sentences=_sentences(reader.inside("sentences")),
        missing=reader.text("missing"),
        guard=guard,
    )
    reader.done()
    return goal


def _outcome(reader: _Reader) -> Outcome:
    window = reader.take(
        "window",
        list,
        "a list of two school years (first years), null for an open end",
        lambda v: len(v) == 2 and all(x is None or isinstance(x, int) for x in v),
    )
    excluded = reader.take(
        "exclude_years",
        list,
        "a list of school years (first years)",
        lambda v: all(isinstance(x, int) for x in v),
    )
    outcome = Outcome(
        name=reader.text("name"),
        definition=reader.text("definition"),
        sources=reader.texts("sources"),
        unit=reader.text("unit"),
        higher_is_better=reader.flag("higher_is_better"),
        window=(window[0], window[1]),
        exclude_years=tuple(excluded),
        smallest_difference=reader.above_zero("smallest_difference"),
        smallest_difference_note=reader.text("smallest_difference_note"),
        decides=reader.one_of("decides", VERSIONS),
        size_by_year=reader.flag("size_by_year"),
    )
    reader.done()
    return outcome


def _sentences(reader: _Reader) -> Sentences:
    def holding(key: str, *fields: str) -> str:
        marks = [f"{{{name}}}" for name in fields]
        expected = f"a text with {' and '.join(marks)}"
        return reader.take(key, str, expected, lambda v: all(mark in v for mark in marks))

    sentences = Sentences(
        per=reader.above_zero("per"),
        more=holding("more", "n"),
        fewer=holding("fewer", "n"),
        equal=reader.text("equal"),
        range=holding("range", "low", "high"),
        word_more=reader.text("word_more"),
        word_fewer=reader.text("word_fewer"),
    )
    reader.done()
    return sentences


def judge(
    estimates: Mapping[int, EffectEstimate | str],
    protocol: Protocol,
    guards: Mapping[int, EffectEstimate] | None = None,
) -> pd.DataFrame:
    """Give the verdict on every goal.

    Parameters
    ----------
    estimates : mapping of int to EffectEstimate or str
        Per goal its estimate, in the unit of the protocol and with higher better; or, in Dutch,
        why there is none. A goal that is not there gets the protocol's own reason.
    protocol : Protocol
        From `load_protocol`.
    guards : mapping of int to EffectEstimate, optional
        For goals with a guard (goal 3): the estimate of the outcome that must not get worse.

    Returns
    -------
    DataFrame
        One row per goal: ``goal, name, verdict, effect, ci_low, ci_high, unit, p_value, p_holm,
        agreeing_versions`` (for instance ``V1, V2, V4``: 95% interval on the side of the effect),
        ``decides`` (the version the figures are of), ``method, n_treated, n_schools, reason``.

    Raises
    ------
    UsageError
        When a goal is named that the protocol does not have.
    """
    guards = guards or {}
    for number in (*estimates, *guards):
        protocol.goal(number)
    tested: dict[int, EffectEstimate] = {}
    refused: dict[int, str] = {}
    for goal in protocol.goals:
        found = estimates.get(goal.id, goal.missing)
        reason = _refusal(goal, found, protocol)
        if reason is None:
            tested[goal.id] = found
        else:
            refused[goal.id] = reason
    raw = [
        tested[number].decision.loc[protocol.goal(number).outcome.decides, "p_value"]
        for number in tested
    ]
    adjusted = multipletests(raw, alpha=protocol.alpha, method="holm")[1] if raw else []
    holm = dict(zip(tested, adjusted, strict=True))
    rows = []
    for goal in protocol.goals:
        row = {"goal": goal.id, "name": goal.name, "unit": goal.outcome.unit}
        row["decides"] = goal.outcome.decides
        if goal.id in refused:
            row |= {"verdict": UNTESTABLE, "reason": refused[goal.id], "agreeing_versions": ""}
        else:
            row |= _judge_one(
                goal, tested[goal.id], float(holm[goal.id]), protocol, guards.get(goal.id)
            )
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return table.astype({"n_treated": "Int64", "n_schools": "Int64"})


def _refusal(goal: Goal, found: EffectEstimate | str, protocol: Protocol) -> str | None:
    """Why a goal is not testable, or None when it is."""
    if isinstance(found, str):
        return found
    if goal.role == "context":
        return goal.missing
    if found.n_treated < protocol.minimum_participants:
        return (
            f"Er doen {found.n_treated} scholen mee met gegevens van vóór en ná de start. Met "
            f"minder dan {protocol.minimum_participants} scholen is toeval niet uit te sluiten."
        )
    if np.isnan(found.decision.loc[goal.outcome.decides, "effect"]):
        return "De berekening die voor dit doel beslist, is met deze gegevens niet te maken."
    return None


@dataclass(frozen=True)
class Decision:
    """The rule applied to one estimate, before it is put into words.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`, never *niet toetsbaar*.
    agreeing : tuple of str
        Versions whose 95% interval lies on the side of the deciding version's effect.
    firm : bool
        The deciding version differs from zero, by the p value that was handed over.
    within : bool
        Its 90% interval lies within the smallest difference that matters.
    """

    verdict: str
    agreeing: tuple[str, ...]
    firm: bool
    within: bool


def decide(
    estimate: EffectEstimate,
    *,
    decides: str,
    p_value: float,
    smallest_difference: float,
    alpha: float = 0.05,
    guarded: bool = True,
) -> Decision:
    """Apply the rule of four versions to one estimate.

    Parameters
    ----------
    estimate : EffectEstimate
        Its `decision` table is used.
    decides : str
        The version that gives effect, interval and p value.
    p_value : float
        That version's p value, after Holm when several goals are tested.
    smallest_difference : float
        Smallest difference that matters, in the unit of the estimate.
    alpha : float
        Level of the test.
    guarded : bool
        False when an outcome that must not get worse was not shown to hold: no *beter* then.
    """
    table = estimate.decision
    row = table.loc[decides]
    side = 1 if row["effect"] > 0 else -1
    bound = table["ci_low"] if side > 0 else -table["ci_high"]
    agreeing = tuple(name for name in VERSIONS if bound[name] > 0)  # NaN does not agree
    firm = bool(p_value < alpha)
    within = bool(row["ci90_low"] > -smallest_difference and row["ci90_high"] < smallest_difference)
    if firm and agreeing == VERSIONS and (side < 0 or guarded):
        verdict = BETTER if side > 0 else WORSE
    else:
        verdict = SAME if within else OPEN
    return Decision(verdict, agreeing, firm, within)


def _judge_one(
    goal: Goal, found: EffectEstimate, holm: float, protocol: Protocol, guard: EffectEstimate | None
) -> dict[str, object]:
    row = found.decision.loc[goal.outcome.decides]
    guarded = goal.guard is None or (
        guard is not None and guard.decision.loc["V1", "ci90_low"] > -goal.guard.smallest_difference
    )
    decision = decide(
        found,
        decides=goal.outcome.decides,
        p_value=holm,
        smallest_difference=goal.outcome.smallest_difference,
        alpha=protocol.alpha,
        guarded=guarded,
    )
    why = _why(goal, found, decision)
    return {
        "verdict": decision.verdict,
        **row[["effect", "ci_low", "ci_high", "p_value"]].to_dict(),
        "p_holm": holm,
        "agreeing_versions": ", ".join(decision.agreeing),
        "method": found.method,
        "n_treated": found.n_treated,
        "n_schools": found.n_schools,
        "reason": f"{say_size(goal, row)} {why} Daarom: {decision.verdict}.",
    }


def say_size(goal: Goal, row: Mapping[str, float]) -> str:
    """Say the difference and its doubt in plain Dutch, in pupils of every hundred.

    Parameters
    ----------
    goal : Goal
        Holds the sentences.
    row : mapping
        ``effect, ci_low, ci_high`` in the goal's unit.

    Examples
    --------
    >>> goal = load_protocol().goal(1)
    >>> print(say_size(goal, {"effect": 3.1, "ci_low": -1.2, "ci_high": 7.4}))
    Van elke 100 leerlingen halen er naar schatting 3 méér het streefniveau dan op vergelijkbare
    scholen. Het kan ook 1 minder zijn, of 7 meer.
    """
    words = goal.sentences
    effect = row["effect"] * words.per
    count = _whole(effect)
    if count == 0:
        first = words.equal
    else:
        first = (words.more if effect > 0 else words.fewer).format(n=count)
    low, high = (_side(row[name] * words.per, words) for name in ("ci_low", "ci_high"))
    return f"{first.strip()} {words.range.format(low=low, high=high).strip()}"


def _whole(x: float) -> int:
    return int(np.floor(abs(x) + 0.5))


def _side(x: float, words: Sentences) -> str:
    count = _whole(x) if np.isfinite(x) else "onbekend hoeveel"
    word = words.word_more if x > 0 else words.word_fewer
    return f"{count or 'minder dan 1'} {word}"


def _why(goal: Goal, found: EffectEstimate, decision: Decision) -> str:
    """Say why this is the verdict."""
    small = goal.outcome.smallest_difference * goal.sentences.per
    size = f"{dutch(small, 0 if small == int(small) else 1)} op de 100 leerlingen"
    if decision.verdict in (BETTER, WORSE):
        text = (
            "Alle vier de berekeningen wijzen dezelfde kant op. Dit hangt samen met meedoen; het "
            "bewijst niet dat het daardoor komt."
        )
        if decision.within:
            text += f" Het verschil is wel klein: minder dan {size}."
        return text
    if decision.verdict == SAME:
        return f"Een verschil van {size} of meer is onwaarschijnlijk."
    decides = goal.outcome.decides
    if decides not in decision.agreeing:
        seen = detectable_difference(found, decides).difference * goal.sentences.per
        return (
            "Dat kan toeval zijn. Het is geen bewijs dat er niets veranderd is: een verschil van "
            f"minder dan ongeveer {_whole(seen)} op de 100 leerlingen is met deze scholen niet "
            "goed te zien."
        )
    if decision.firm and decision.agreeing == VERSIONS:
        return f"Maar niet is aangetoond dat het {goal.guard.name.lower()} gelijk bleef."
    if not decision.firm:
        return "Maar er zijn meer doelen tegelijk bekeken, en dan is dit niet zeker genoeg."
    unknown = found.decision.index[found.decision["effect"].isna()]
    if len(unknown):
        return f"Maar niet alle vier de berekeningen zijn te maken (niet: {', '.join(unknown)})."
    rest = ", ".join(name for name in VERSIONS if name not in decision.agreeing)
    return f"Maar niet alle vier de berekeningen laten dit zien (niet: {rest})."
