"""Count the draws: every figure with its target, how sure it is, and on how many draws it rests.

A figure outside its target is written down as it is; nothing here looks at the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from bench.cases import CASES, GOALS, Case
from bench.peers import LABELS
from kansen_analysis.goals.codes import Verdict

ALPHA = 0.05
Range = tuple[float | None, float | None]
NONE: Range = (None, None)


@dataclass(frozen=True)
class Kind:
    """What a figure is called in Dutch, its unit, and decimals to show."""

    label: str
    unit: str = "%"
    decimals: int = 1


KINDS: Mapping[str, Kind] = {
    "wrong_better": Kind("ten onrechte ‘beter’"),
    "wrong_worse": Kind("ten onrechte ‘slechter’"),
    "found_better": Kind("terecht ‘beter’"),
    "false_positives": Kind("ten onrechte een verschil, berekening V1 alleen"),
    "false_positives_cluster": Kind("hetzelfde met de gewone fouten per school"),
    "power": Kind("een verschil gevonden, berekening V1 alleen"),
    "coverage": Kind("de waarheid ligt in het 95%-interval"),
    "bias": Kind("gemiddelde afwijking van de waarheid", "leerling-SD", 3),
    "error_ratio": Kind("gemiddelde standaardfout gedeeld door de echte spreiding", "", 2),
    "family_wrong_verdict": Kind("vier doelen: minstens één keer ten onrechte beter of slechter"),
    "family_false_positives": Kind("vier doelen, V1 alleen, zonder correctie"),
    "family_false_positives_holm": Kind("vier doelen, V1 alleen, na Holm"),
    "school_flags": Kind("scholen buiten de marge terwijl er niets is veranderd"),
    "school_flags_pupils_only": Kind("hetzelfde als de marge alleen leerlingtoeval kent"),
    "seconds_fit_300": Kind("één berekening, 300 scholen", "s", 3),
    "seconds_fit_1000": Kind("één berekening, 1000 scholen", "s", 3),
    "seconds_fit_6500": Kind("één berekening, 6500 scholen", "s", 3),
    "seconds_draws_999": Kind("999 keer loten van startjaren, 300 scholen", "s", 2),
}
# By case and figure; METHODS 3.7.
TARGETS: Mapping[tuple[str, str], Range] = {
    **{(case, "coverage"): (93, 97) for case in ("S0", "unbalanced", "S0-0.2", "unbalanced-0.2")},
    **{(case, "false_positives"): (3.5, 6.5) for case in ("S0", "S2")},
    **{(case, "false_positives"): (None, 7) for case in ("S0-20", "S0-12")},
    **{(case, "wrong_better"): (None, 1.5) for case in ("S0", "S2")},
    **{(case, "wrong_better"): (None, 2) for case in ("S3b", "S4")},
    ("S3", "wrong_better"): (None, 8),
    ("S0-0.1", "found_better"): (90, None),
    ("S0-0.2", "found_better"): (99, None),
    ("S0-0.2", "bias"): (-0.005, 0.005),
    ("S0", "family_wrong_verdict"): (None, 7.5),
    ("S0", "school_flags"): (None, 6),
}


@dataclass(frozen=True)
class Value:
    """A figure before it has a name: with the range that chance leaves (95%)."""

    value: float
    low: float
    high: float
    runs: int


def share(hits: pd.Series | np.ndarray) -> Value:
    """Return a percentage, with Wilson's interval.

    Examples
    --------
    >>> found = share(np.array([True] * 5 + [False] * 95))
    >>> found.value, round(found.low, 1), round(found.high, 1), found.runs
    (5.0, 2.2, 11.2, 100)
    """
    hits = np.asarray(hits, bool)
    low, high = proportion_confint(hits.sum(), len(hits), method="wilson")
    return Value(*(float(100 * each) for each in (hits.mean(), low, high)), len(hits))


def mean(values: pd.Series | np.ndarray) -> Value:
    """Return a mean, with the interval of its standard error."""
    values = np.asarray(values, float)
    centre, reach = values.mean(), 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return Value(*map(float, (centre, centre - reach, centre + reach)), len(values))


def _ratio(errors: pd.Series, effects: pd.Series) -> Value:
    ratio, runs = errors.mean() / effects.std(), len(errors)
    reach = 1.96 / np.sqrt(2 * (runs - 1))  # of the spread, relatively
    return Value(*map(float, (ratio, ratio * (1 - reach), ratio * (1 + reach))), runs)


def adjust(p: np.ndarray) -> np.ndarray:
    """Correct p values after Holm, row by row.

    statsmodels does one row at a time and clears memory every time; this is a thousand rows.

    Examples
    --------
    >>> adjust(np.array([[0.01, 0.04, 0.03]]))
    array([[0.03, 0.06, 0.06]])
    """
    order = p.argsort(axis=1, kind="stable")
    steps = np.take_along_axis(p, order, 1) * np.arange(p.shape[1], 0, -1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.maximum.accumulate(steps, axis=1).clip(max=1), 1)
    return corrected


def families(rows: pd.DataFrame) -> dict[str, Value]:
    """Take draws by four, as goals that are tested together.

    Parameters
    ----------
    rows : DataFrame
        Draws of one case, with ``seed, p_V1, verdict``; a family is four seeds in a row.

    Returns
    -------
    dict
        How often at least one goal of a family is wrongly judged, or wrongly found by V1 alone.
    """
    rows = rows.assign(family=rows["seed"] // GOALS).sort_values("seed", kind="stable")
    size = rows.groupby("family")["seed"].transform("size")
    rows = rows[size == GOALS]
    if rows.empty:
        return {}
    p = rows["p_V1"].to_numpy().reshape(-1, GOALS)
    worded = rows["verdict"].isin([Verdict.BETTER, Verdict.WORSE]).to_numpy().reshape(-1, GOALS)
    # The verdict of a draw knows one goal only. With Holm the deciding version must pass a stricter
    # bound, and nothing else in the rule changes.
    holm = adjust(p)
    return {
        "family_wrong_verdict": share((worded & (holm < ALPHA)).any(axis=1)),
        "family_false_positives": share((p < ALPHA).any(axis=1)),
        "family_false_positives_holm": share((holm < ALPHA).any(axis=1)),
    }


def _of_method(rows: pd.DataFrame, case: Case) -> dict[str, Value]:
    worded = rows["verdict"]
    if case.effect:
        found = {
            "found_better": share(worded == Verdict.BETTER),
            "power": share(rows["p_V1"] < ALPHA),
        }
    else:
        found = {
            "wrong_better": share(worded == Verdict.BETTER),
            "wrong_worse": share(worded == Verdict.WORSE),
            "false_positives": share(rows["p_V1"] < ALPHA),
        }
        if not np.allclose(rows["p_V1"], rows["cluster_p_V1"]):
            found["false_positives_cluster"] = share(rows["cluster_p_V1"] < ALPHA)
    found["coverage"] = share(rows["covered_V1"])
    found["bias"] = mean(rows["effect_V1"] - rows["truth"])
    found["error_ratio"] = _ratio(rows["error_V1"], rows["effect_V1"])
    if case.families == GOALS:
        found |= families(rows)
    if case.per_school and "seen" in rows:
        seen = rows.dropna(subset="seen")
        for name in ("flagged", "flagged_pupils_only"):
            figure = name.replace("flagged", "school_flags")
            found[figure] = mean(100 * seen[name] / seen["seen"])
    return found


def _of_peer(rows: pd.DataFrame, case: Case, peer: str) -> dict[str, Value]:
    names = {name: f"peer_{peer}_{name}" for name in ("effect", "error", "p", "covered")}
    if names["effect"] not in rows:
        return {}
    rows = rows.dropna(subset=names["effect"])
    if len(rows) < 2:
        return {}
    return {
        "power" if case.effect else "false_positives": share(rows[names["p"]] < ALPHA),
        "coverage": share(rows[names["covered"]].astype(bool)),
        "bias": mean(rows[names["effect"]] - rows["truth"]),
        "error_ratio": _ratio(rows[names["error"]], rows[names["effect"]]),
    }


def _row(case: Case, figure: str, value: Value, target: Range = NONE, **more) -> dict:
    kind = KINDS[figure]
    digits = max(kind.decimals, 2) + 1  # one more than any page shows
    row = {
        "world": case.name,
        "world_label": case.label,
        "figure": figure,
        "label": kind.label,
        "value": round(value.value, digits),
        "chance_low": round(value.low, digits),
        "chance_high": round(value.high, digits),
        "target_low": target[0],
        "target_high": target[1],
        "runs": value.runs,
        "unit": kind.unit,
        "decimals": kind.decimals,
    }
    return row | more


def count(
    rows: pd.DataFrame,
    speed: Mapping[str, tuple[float, float, int]] | None = None,
    cases: Sequence[Case] = CASES,
) -> list[dict]:
    """Count all figures of all cases.

    Parameters
    ----------
    rows : DataFrame
        From `bench.running.draw_all`.
    speed : mapping, optional
        From `bench.speed.measure`.
    cases : sequence of Case
        The cases, in the order of the answer.

    Returns
    -------
    list of dict
        ``world, figure`` (stable names), ``world_label, label`` (Dutch), ``value``, ``chance_low,
        chance_high`` (what chance leaves, 95%), ``target_low, target_high`` (None without), ``runs,
        unit, decimals``; ``peer, peer_label`` when it is of another method, ``failed`` with the
        runs that method did not finish.
    """
    found = []
    for case in cases:
        own = rows[rows["case"] == case.name]
        if len(own) < 2:
            continue
        for figure, value in _of_method(own, case).items():
            found.append(_row(case, figure, value, TARGETS.get((case.name, figure), NONE)))
        stopped = own["failed"].dropna() if "failed" in own else []
        for peer, label in LABELS.items():
            failed = sum(peer in each for each in stopped)
            more = {"peer": peer, "peer_label": label} | ({"failed": failed} if failed else {})
            for figure, value in _of_peer(own, case, peer).items():
                found.append(_row(case, figure, value, **more))
    base = Case("S0")
    for figure, (value, limit, runs) in (speed or {}).items():
        found.append(_row(base, figure, Value(value, value, value, runs), (None, limit)))
    return found


def met(row: Mapping) -> bool | None:
    """Tell whether a figure lies within its target; None when it has none."""
    low, high = row["target_low"], row["target_high"]
    if low is None and high is None:
        return None
    above = low is None or row["value"] >= low
    return above and (high is None or row["value"] <= high)
