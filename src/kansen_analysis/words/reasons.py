"""Reasons in Dutch: each code has one sentence, in the module of `words` that knows about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from kansen_analysis.errors import Code, Reason
from kansen_analysis.goals.protocol import Goal

Say = Callable[[Any, Mapping], str]  # of the goal, which few sentences need, and the numbers
SENTENCES: dict[Code, Say] = {}


def says(code: Code) -> Callable[[Say], Say]:
    """Make a function, of the goal and the numbers, the sentence of a code."""

    def keep(function: Say) -> Say:
        SENTENCES[code] = function
        return function

    return keep


def says_plainly(sentences: Mapping[Code, str]) -> None:
    """Give codes a sentence in which only the numbers stand, as they are."""
    for code, text in sentences.items():
        SENTENCES[code] = partial(_filled, text)


def _filled(text: str, goal: Goal, numbers: Mapping) -> str:
    return text.format_map(numbers)


def say(goal: Goal, *reasons: Reason) -> str:
    """Say why something is what it is.

    Examples
    --------
    >>> from kansen_analysis.goals.codes import Why
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> say(load_protocol().goal(1), Reason(Why.WITHIN_MARGIN, {"margin": 3.3}))
    'Een verschil van 3,3 op de 100 leerlingen of meer is onwaarschijnlijk.'
    """
    return " ".join(sentences(goal, reasons))


def sentences(goal: Goal, reasons: Iterable[Reason]) -> list[str]:
    """Return a sentence per reason."""
    return [SENTENCES[each.code](goal, each.numbers) for each in reasons]
