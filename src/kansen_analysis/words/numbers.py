"""Numbers, intervals and dates as a Dutch reader writes them.

One place for text, tables, axes and alt texts. Nothing here asks the locale: it differs between
machines, and a monitor must not. Shares and percentages are on the scale 0 to 100, as the
publishers print them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from numbers import Integral

import pandas as pd

from kansen_analysis.sources import schoolyear

THIN = "\u202f"  # thin hard space: a number never breaks over two lines
MINUS = "\u2212"
DASH = "\u2013"
UNKNOWN = "."  # in a cell; the legend below a table says what it means
UNKNOWN_WORD = "onbekend"  # the same in a sentence
SMALL = "<5"
SMALL_LOW, SMALL_HIGH = 1, 4

_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_COUNTS = (
    *("nul", "één", "twee", "drie", "vier", "vijf"),
    *("zes", "zeven", "acht", "negen", "tien"),
)


def rounded(x, decimals: int = 1) -> Decimal | None:
    """Round half up, on the number as it is written and not on its binary neighbour.

    Parameters
    ----------
    x : number
        The value; a missing value gives None.
    decimals : int
        Digits behind the comma.

    Returns
    -------
    decimal.Decimal or None
        The rounded value; minus zero becomes zero.

    Raises
    ------
    ValueError
        If `x` is infinite.

    Examples
    --------
    >>> rounded(2.675, 2), rounded(-0.04, 1), rounded(None)
    (Decimal('2.68'), Decimal('0.0'), None)
    """
    if x is None or pd.isna(x):
        return None
    if isinstance(x, Decimal):
        exact = x
    else:
        exact = Decimal(int(x)) if isinstance(x, Integral) else Decimal(repr(float(x)))
    if not exact.is_finite():
        raise ValueError(f"cannot show {x!r} as a number")
    with localcontext() as context:  # the default holds 28 digits, too few for a large float
        context.prec = max(28, exact.adjusted() + decimals + 3)
        result = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(result) if result == 0 else result


def number(x, decimals: int = 1) -> str:
    """Write a number: decimal comma, thin hard space for thousands, half up, a true minus sign.

    Parameters
    ----------
    x : number
        The value; a missing value gives ``"."``.
    decimals : int
        Digits behind the comma.

    Returns
    -------
    str
        The number in Dutch notation.

    Raises
    ------
    ValueError
        If `x` is infinite.

    Examples
    --------
    >>> number(1234.25), number(-0.5, 0), number(float("nan"))
    ('1\u202f234,3', '−1', '.')
    """
    value = rounded(x, decimals)
    if value is None:
        return UNKNOWN
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN).replace(".", ",")
    return MINUS + text if value < 0 else text


def signed(x, decimals: int = 1) -> str:
    """Write a difference with its sign; zero has none.

    Examples
    --------
    >>> signed(3.25), signed(-3.25), signed(0.01)
    ('+3,3', '−3,3', '0,0')
    """
    value = rounded(x, decimals)
    return ("+" if value is not None and value > 0 else "") + number(x, decimals)


def percent(x, decimals: int = 0) -> str:
    """Write a share on the scale 0 to 100 with its sign.

    Examples
    --------
    >>> percent(56.4), percent(None)
    ('56%', '.')
    """
    text = number(x, decimals)
    return text if text == UNKNOWN else text + "%"


def interval(low, high, decimals: int = 1) -> str:
    """Write an interval in words.

    Parameters
    ----------
    low, high : number
        Its ends; when one is missing the interval is unknown.
    decimals : int
        Digits behind the comma.

    Returns
    -------
    str
        ``"tussen … en …"``, or ``"."``.

    Examples
    --------
    >>> interval(-1.2, 3.4)
    'tussen −1,2 en 3,4'
    """
    low, high = number(low, decimals), number(high, decimals)
    return UNKNOWN if UNKNOWN in (low, high) else f"tussen {low} en {high}"


def span(low, high, decimals: int = 1) -> str:
    """Write a range for a table cell or an axis, where there is no room for words.

    Examples
    --------
    >>> span(1.2, 3.4), span(-1, 2, 0), span(3, 3, 0)
    ('1,2–3,4', '−1 tot 2', '3')
    """
    first, last = number(low, decimals), number(high, decimals)
    if UNKNOWN in (first, last):
        return UNKNOWN
    if first == last:
        return first
    # A dash beside a minus sign cannot be read.
    return f"{first} tot {last}" if MINUS in first + last else f"{first}{DASH}{last}"


def to(low, high, decimals: int = 0) -> str:
    """Write a range in a sentence; one number where its ends are written alike.

    Examples
    --------
    >>> to(26.4, 59.3), to(3, 3)
    ('26 tot 59', '3')
    """
    first, last = number(low, decimals), number(high, decimals)
    return first if first == last else f"{first} tot {last}"


def masked(low, high) -> str:
    """Write a count that may be hidden: exact, ``<5``, or a range.

    Parameters
    ----------
    low, high : int
        The smallest and the largest the count can be.

    Returns
    -------
    str
        One number when both are equal.

    Examples
    --------
    >>> masked(1, 4), masked(7, 7), masked(7, 10), masked(None, None)
    ('<5', '7', '7–10', '.')
    """
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return UNKNOWN
    return SMALL if (low, high) == (SMALL_LOW, SMALL_HIGH) else span(low, high, 0)


def counted(count: int) -> str:
    """Write a small count in letters, a larger one in digits.

    Examples
    --------
    >>> counted(4), counted(12)
    ('vier', '12')
    """
    return _COUNTS[count] if count < len(_COUNTS) else number(count, 0)


def many(count, one: str, more: str) -> str:
    """Write a count with its word.

    Examples
    --------
    >>> many(1, "school", "scholen"), many(3, "school", "scholen")
    ('1 school', '3 scholen')
    """
    return f"{number(count, 0)} {one if count == 1 else more}"


def listed(parts: Iterable[str]) -> str:
    """Write names one after the other.

    Examples
    --------
    >>> listed(["Meppel"]), listed(["Meppel", "Coevorden"]), listed(["V1", "V2", "V3"])
    ('Meppel', 'Meppel en Coevorden', 'V1, V2 en V3')
    """
    *first, last = parts
    return f"{', '.join(first)} en {last}" if first else last


def capital(words: str) -> str:
    """Write words as a sentence begins.

    Examples
    --------
    >>> capital("de gids")
    'De gids'
    """
    return words[:1].upper() + words[1:]


def school_year(year) -> str:
    """Write a school year in full.

    Examples
    --------
    >>> school_year(2024)
    '2024-2025'
    """
    return UNKNOWN if year is None or pd.isna(year) else schoolyear.label(int(year))


def date(day) -> str:
    """Write a date.

    Parameters
    ----------
    day : datetime.date or str
        A date, a time stamp, or an ISO date as text.

    Returns
    -------
    str
        Day, month in letters, year.

    Raises
    ------
    ValueError
        If the text is not an ISO date.

    Examples
    --------
    >>> date("2024-10-01"), date(None)
    ('1 oktober 2024', '.')
    """
    if day is None or pd.isna(day):
        return UNKNOWN
    if isinstance(day, str):
        day = dt.date.fromisoformat(day[:10])
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
