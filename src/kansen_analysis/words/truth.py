"""The truth of invented data beside what the monitor found, in plain Dutch."""

from __future__ import annotations

from kansen_analysis.goals.codes import Verdict

INTRODUCTION = (
    "De scholen in dit voorbeeld zijn verzonnen. Wie ze verzon, weet dus wat het programma deed. "
    "Hier staat die waarheid naast wat de monitor vond. De monitor zelf kende haar niet."
)
NOTHING = "niets"
NO_FILE = "niet te meten: geen bestand gaat erover"
NOT_ASKED = "geen oordeel gevraagd"


def fits(truth: float, low: float, high: float, verdict: str) -> str:
    """Say whether the truth lies in the interval, and whether the word is right.

    Parameters
    ----------
    truth, low, high : float
        In the unit of the goal; the truth is zero when nothing was put in.
    verdict : str
        Of the monitor.

    Examples
    --------
    >>> fits(6.8, 3.8, 8.3, "beter")
    'ja: de waarheid ligt in het interval, en het woord klopt'
    >>> fits(0.0, 1.0, 8.3, "beter")
    'nee: de waarheid ligt buiten het interval, en het woord klopt niet'
    """
    inside = low <= truth <= high
    wrong = (verdict == Verdict.BETTER and truth <= 0) or (verdict == Verdict.WORSE and truth >= 0)
    place = "in" if inside else "buiten"
    word = "het woord klopt niet" if wrong else "het woord klopt"
    if verdict == Verdict.OPEN:
        word = "het woord zegt niets verkeerds, maar ook niets"
    right = "ja" if inside and not wrong else "nee" if wrong else "deels"
    return f"{right}: de waarheid ligt {place} het interval, en {word}"


def covered(truth: float, low: float, high: float) -> str:
    """Say whether a truth lies in an interval.

    Examples
    --------
    >>> covered(3.0, -1.0, 8.3)
    'ja'
    """
    return "ja" if low <= truth <= high else "nee"
