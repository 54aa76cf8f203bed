"""The protocol of the goals: what is tested, on what, and by which rule, fixed beforehand.

`load_protocol` reads `goals.yml`, or a user's file of the same form, and refuses what it does not
know: everything in the file either changes what is computed or shown, or is a mistake. What the
protocol leads to is in `rule`; whether it is the one that was released, in `released`.
"""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from kansen_analysis.errors import ProtocolError, UsageError
from kansen_analysis.outcomes import OUTCOMES, fixed
from kansen_analysis.programme.form import Expected, Text, one_of, read_form, unlike
from kansen_analysis.sources import feeding

DEFAULT = Path(__file__).with_name("goals.yml")
VERSIONS = fixed.VERSIONS


def _holding(*names: str) -> Expected:
    marks = [f"{{{name}}}" for name in names]
    return Expected(
        f"a text with {' and '.join(marks)}", lambda text: all(mark in text for mark in marks)
    )


def _table(name: str) -> str:
    try:
        feeding(name)
    except UsageError as error:
        raise ValueError from error
    return name


def _in_order(years: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    first, last = years
    if first is not None and last is not None and first > last:
        raise ValueError
    return years


Flag = Annotated[bool, Field(strict=True), Expected("true or false")]
Day = Annotated[datetime.date, Field(strict=True), Expected("a date like 2026-11-21")]
Year = Annotated[int, Field(strict=True, ge=1990, le=2100)]
AboveZero = Annotated[float, Field(strict=True, gt=0), Expected("a number above 0")]
Window = Annotated[
    tuple[Year | None, Year | None],
    AfterValidator(_in_order),
    Expected("a list of two school years (first years) in order, null for an open end"),
]
Years = Annotated[tuple[Year, ...], Expected("a list of school years (first years)")]
Sources = Annotated[
    tuple[Annotated[Text, AfterValidator(_table)], ...],
    Field(min_length=1),
    Expected("a list of tables that kansen_analysis.load knows"),
]
Share = Annotated[
    float, Field(strict=True, gt=0, lt=0.5), Expected("a number above 0 and below 0.5")
]
Measure = Annotated[str, one_of(*OUTCOMES)]
Second = Annotated[
    str, one_of(*(name for name, kind in OUTCOMES.items() if kind.way in ("plain", "advice")))
]
Role = Annotated[str, one_of("toets", "context")]
Version = Annotated[str, one_of(*VERSIONS)]

_form = dataclass(frozen=True, config=ConfigDict(extra="forbid"))


class _Measured:
    """Something with a ``measure`` and the ``sources`` it is made of."""

    measure: str
    sources: tuple[str, ...]

    @model_validator(mode="after")
    def _of_its_sources(self):
        kind = OUTCOMES[self.measure]
        if not kind.takes(self.sources):
            raise unlike(f"{kind.wanted}, for {self.measure}", "sources", list(self.sources))
        return self


@_form
class Outcome(_Measured):
    """What is measured for a goal.

    Attributes
    ----------
    measure : str
        One of `kansen_analysis.outcomes.OUTCOMES`.
    name, definition : str
        What a page calls it, and how it is made.
    sources : tuple of str
        The only tables it is made of.
    unit : str
        That of the measure.
    higher_is_better : bool
        False turns the value round, so that a positive difference is always the better one.
    window : tuple
        First and last school year (first years); None is open.
    exclude_years : tuple of int
        Left out of the window.
    smallest_difference : float
        The smallest difference that matters, in the unit.
    smallest_difference_note : str
        Where that comes from.
    pupil_sd : float
        Standard deviation among pupils, in the unit: what differences before the start are set
        against.
    decides : str
        The version whose figures are the goal's.
    size_by_year : bool
        Whether log(pupils before the programme) by year is in the model.
    """

    measure: Measure
    name: Text
    definition: Text
    sources: Sources
    unit: Text
    higher_is_better: Flag
    window: Window
    exclude_years: Years
    smallest_difference: AboveZero
    smallest_difference_note: Text
    pupil_sd: AboveZero
    decides: Version
    size_by_year: Flag

    @model_validator(mode="after")
    def _in_its_unit(self) -> Outcome:
        unit = OUTCOMES[self.measure].unit
        if self.unit != unit:
            raise unlike(f"{unit}, the unit of {self.measure}", "unit", self.unit)
        return self


@_form
class Secondary(_Measured):
    """A second outcome of a goal: estimated as the first is, never judged."""

    measure: Second
    name: Text
    sources: Sources
    note: Text


@_form
class Context:
    """What is shown beside a goal, without an estimate."""

    name: Text
    sources: Sources
    note: Text


@_form
class Guard:
    """An outcome that must not get worse for a goal to be met."""

    measure: Measure
    name: Text
    higher_is_better: Flag
    smallest_difference: AboveZero


@_form
class Sentences:
    """How the size of a difference is said in Dutch; ``per`` turns the unit into pupils of 100."""

    per: AboveZero
    more: Annotated[Text, _holding("n")]
    fewer: Annotated[Text, _holding("n")]
    equal: Text
    range: Annotated[Text, _holding("low", "high")]
    word_more: Text
    word_fewer: Text


@_form
class Goal:
    """One of the goals.

    Attributes
    ----------
    role : str
        ``toets``: judged; ``context``: shown, never judged.
    missing : str
        In Dutch, what there is to say when there are no data for it.
    """

    id: Annotated[int, Field(strict=True, ge=1), Expected("a whole number of 1 or more")]
    name: Text
    question: Text
    source_text: Text
    role: Role
    outcome: Outcome
    secondary: Annotated[tuple[Secondary, ...], Field(max_length=1)]
    context: tuple[Context, ...]
    sentences: Sentences
    missing: Text
    guard: Guard | None = None

    @model_validator(mode="after")
    def _testable(self) -> Goal:
        measure = self.outcome.measure
        if self.role == "toets" and not OUTCOMES[measure].way:
            raise unlike(f"context, because {measure} is hidden too often", "role", self.role)
        return self


@_form
class Change:
    """A dated change of the protocol."""

    version: Text
    date: Day
    after_data: Flag
    what: Text


def _rising(limits: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= sooner for sooner, later in pairwise(limits)):
        raise ValueError
    return limits


@_form
class Looks:
    """The editions that were planned, and how sure each must be.

    Attributes
    ----------
    first : int
        School year (first year) of the first of them; one follows every year.
    limits : tuple of float
        Per edition the largest p value that counts as sure, so that all together are wrong no more
        often than ``alpha`` says.
    """

    first: Year
    limits: Annotated[
        tuple[Annotated[float, Field(strict=True, gt=0, lt=0.5)], ...],
        Field(min_length=1),
        AfterValidator(_rising),
        Expected("a list of rising numbers between 0 and 0.5"),
    ]

    @property
    def planned(self) -> int:
        """How many editions were planned."""
        return len(self.limits)

    def of(self, year: int) -> int:
        """Return which of them the edition of a school year is; the first for earlier years."""
        return max(year - self.first + 1, 1)

    def limit(self, look: int) -> float:
        """Return the limit of a look; 0, which no p value is below, for one that is not planned."""
        return self.limits[look - 1] if look <= self.planned else 0.0


@_form
class Limits:
    """When a word may be used.

    Attributes
    ----------
    alpha : float
        Level of the test over all planned looks together.
    minimum_participants : int
        With fewer a goal is not testable.
    looks : Looks
    gate : float
        Level of the interval of V5, and of the mean against the last year before the start, that
        must leave zero out.
    spread : float
        Level of the test that participants differ more than chance makes schools differ.
    not_comparable : float
        Difference before the start, in pupil SD, above which nothing is said.
    adjusted : float
        The same below which nothing needs to be adjusted; between the two the estimate does.
    """

    alpha: Share
    minimum_participants: Annotated[
        int, Field(strict=True, ge=2), Expected("a whole number of 2 or more")
    ]
    looks: Looks
    gate: Annotated[
        float, Field(strict=True, gt=0.5, lt=1), Expected("a number above 0.5 and below 1")
    ]
    spread: Share
    not_comparable: AboveZero
    adjusted: AboveZero


@_form
class Protocol:
    """The whole protocol."""

    version: Text
    date: Day
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
    verdict: Limits
    goals: Annotated[tuple[Goal, ...], Field(min_length=1)]

    @property
    def alpha(self) -> float:
        """Level of the test of the deciding version, after Holm over the tested goals."""
        return self.verdict.alpha

    @property
    def minimum_participants(self) -> int:
        """With fewer participants a goal is not testable."""
        return self.verdict.minimum_participants

    def goal(self, number: int) -> Goal:
        """Return a goal by its number."""
        for goal in self.goals:
            if goal.id == number:
                return goal
        known = ", ".join(str(goal.id) for goal in self.goals)
        raise UsageError(f"There is no goal {number}; the goals are {known}.")

    @model_validator(mode="after")
    def _apart(self) -> Protocol:
        numbers = [goal.id for goal in self.goals]
        if len(set(numbers)) < len(numbers):
            raise unlike("goals with an id of their own", "goals", numbers)
        return self

    @model_validator(mode="after")
    def _said(self) -> Protocol:
        last = self.changes[-1]
        if (last.version, last.date) != (self.version, self.date):
            raise unlike(
                f"its last line to be about version {self.version} of {self.date}",
                "changes",
                f"version {last.version} of {last.date}",
            )
        return self


def load_protocol(path: str | Path | None = None) -> Protocol:
    """Read and check the protocol.

    Parameters
    ----------
    path : path, optional
        A file of the same form as the package's own goals.yml, to be used in its place.

    Raises
    ------
    ProtocolError
        With one line per mistake, naming the key, what was found and what was expected.

    Examples
    --------
    >>> protocol = load_protocol()
    >>> protocol.goal(1).outcome.smallest_difference
    3.3
    """
    file = DEFAULT if path is None else Path(path)
    return read_form(file, Protocol, ProtocolError, "a protocol in yaml")
