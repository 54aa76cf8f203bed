"""The protocol of the four goals: what is tested, on what, and by which rule, fixed beforehand.

`load_protocol` reads `goals.yml`, or a user's file of the same form, and refuses what it does not
know. What the protocol leads to is in `rule`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from kansen_analysis.errors import ProtocolError, UsageError
from kansen_analysis.estimate import effects

DEFAULT = Path(__file__).with_name("goals.yml")
ROLES = ("toets", "context")
VERSIONS = tuple(effects.VERSIONS)


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
