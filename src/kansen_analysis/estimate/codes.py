"""Codes of the estimates: which choice was made, and why something cannot be estimated.

`words.choices` and `words.estimates` say them.
"""

from __future__ import annotations

from enum import StrEnum

from kansen_analysis.errors import Code, PanelError, Reason


class Problem(Code):
    """What a panel lacks."""

    PANEL = "panel"  # no more than that: the message of the error, in English, says what to mend
    FEW_YEARS = "few years"  # before the start, to measure chance per school
    NEVER_BOTH = "never both"  # no participant has years both before and after its start


def why(error: PanelError) -> Reason:
    """Return why a panel cannot be analysed, as far as a reader of a page is helped by it.

    Examples
    --------
    >>> why(PanelError("Column n is not numeric.")).code
    <Problem.PANEL: 'panel'>
    """
    return error.reason or Reason(Problem.PANEL)


class Lack(Code):
    """What a version lacks; it is not there then, or rests on less."""

    YEARS_BEFORE = "too few years before"  # the start, for this version
    OWN_REGION = "nobody in own region"  # to compare with
    PROVIDER = "provider"  # nobody else sat the same test that year
    YEAR = "year without comparison"  # nobody else was tested that year
    ROWS = "too few school years"  # for all that has to be told apart


class Note(Code):
    """What was left out of an estimate, or could not be made."""

    NO_BASE = "no base"  # schools: codes of participants without a usable year before the start
    ONE_YEAR = "one year"  # schools: number of schools with one year only
    USUAL_WEIGHT = "usual weight"  # k: of n / (n + k), for want of years before the start
    VERSION_MISSING = "version missing"  # version; lack: value of Lack
    LEFT_OUT = "left out"  # versions: names; cells: pairs of first programme year and year
    CELLS_LEFT_OUT = "cells left out"  # cells: how many such pairs, of a model of counts


class Choice(StrEnum):
    """What somebody could reasonably have chosen; the fixed specifications among them."""

    V1 = "V1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    V5 = "V5"
    OUTSIDE = "outside"  # only comparison schools from outside the own region
    LAST_YEAR = "last year"  # without the last tested year before the first start
    NO_PROVIDER = "no provider"  # without provider by year
    STAYERS = "stayers"  # only schools that kept their provider
    NO_WEGING = "no weging"  # without schoolweging by year
    EVERY_PUPIL = "every pupil"  # weighs the same
    EVERY_SCHOOL = "every school"  # weighs the same
    ONE_EFFECT = "one effect"  # for all years: two-way fixed effects
    SIZE = "size"  # with size by year
    BOARDS = "boards"  # error clustered by board
    NOT_MERGED = "not merged"  # without merged schools
    NETWORK = "network"  # from the start of the network
