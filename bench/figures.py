"""Count the draws: every figure with its target, how sure it is, and on how many draws it rests.

A figure outside its target is written down as it is; nothing here looks at the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from bench.cases import CASES, GOALS, LOOKS, Case
from bench.peers import LABELS
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.rule import holm

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
    "wrong": Kind("fout oordeel"),
    "right": Kind("goed oordeel"),
    "wrong_better": Kind("ten onrechte ‘beter’"),
    "wrong_worse": Kind("ten onrechte ‘slechter’"),
    "wrong_either": Kind("ten onrechte ‘beter’ of ‘slechter’"),
    "wrong_same": Kind("ten onrechte ‘geen verschil dat ertoe doet’"),
    "found_better": Kind("terecht ‘beter’"),
    "found_small": Kind("daarvan ‘beter, maar klein’"),
    "said_same": Kind("‘geen verschil dat ertoe doet’"),
    "ever_better": Kind("minstens één keer ‘beter’"),
    "ever_worse": Kind("minstens één keer ‘slechter’"),
    "coverage": Kind("de waarheid ligt in het afgedrukte 95%-interval"),
    "bias": Kind("gemiddelde afwijking van de waarheid", "leerling-SD", 3),
    "error_ratio": Kind("gemiddelde standaardfout gedeeld door de echte spreiding", "", 2),
    "promised": Kind("verschil waarvoor 80% kans op ‘beter’ is beloofd", "leerling-SD", 3),
    "false_positives": Kind("ten onrechte een verschil, berekening V1 alleen"),
    "power": Kind("een verschil gevonden, berekening V1 alleen"),
    "v1_coverage": Kind("de waarheid ligt in het interval van V1"),
    "v1_bias": Kind("gemiddelde afwijking van V1", "leerling-SD", 3),
    "family_wrong_verdict": Kind("drie doelen: minstens één keer ten onrechte beter of slechter"),
    "family_false_positives": Kind("drie doelen, zonder correctie minstens één vals alarm"),
    "family_false_positives_holm": Kind("drie doelen, na Holm minstens één vals alarm"),
    **{
        f"found_better_{goal}": Kind(f"terecht ‘beter’ op doel {goal}, na Holm over drie doelen")
        for goal in GOALS
    },
    "school_flags": Kind("scholen buiten de marge terwijl er niets is veranderd"),
    "school_flags_pupils_only": Kind("hetzelfde als de marge alleen leerlingtoeval kent"),
    **{
        f"seconds_{what}_{size}": Kind(f"{label}, {size} scholen", "s", 3)
        for what, label in (
            ("fit", "één berekening"),
            ("estimate", "alle berekeningen en controles"),
            ("diff_diff", "diff-diff (WooldridgeDiD), één berekening"),
            ("did2s", "did2s (pyfixest), één berekening"),
        )
        for size in (300, 1000, 6500)
    },
    "seconds_draws_999": Kind("999 keer loten van startjaren, 300 scholen", "s", 2),
}
UNSELECTED = tuple(case.name for case in CASES if not case.selected and case.kind == "one")
# By case and figure: the figures that protocol 2.0 was made to reach.
TARGETS: Mapping[tuple[str, str], Range] = {
    **{(case, "coverage"): (92, 98) for case in UNSELECTED},
    **{(case, "wrong_better"): (None, 7.5) for case in ("steeper", "intake")},
    **{(case, "wrong_better"): (None, 10) for case in ("steeper2", "early")},
    **{(case, "wrong_better"): (None, 1.5) for case in ("S0", "S2")},
    **{(case, "wrong_better"): (None, 2) for case in ("S3b", "S4")},
    ("S3", "wrong_better"): (None, 8),
    **{(case, "wrong_either"): (None, 7.5) for case in ("boards", "small-12", "controls")},
    ("mixed", "wrong_same"): (None, 5),
    ("S0-looks", "ever_better"): (None, 1.5),
    ("S0-0.1", "found_better"): (78, None),
    ("S0-0.2", "found_better"): (97, None),
    ("S0-promise", "found_better"): (75, 85),
    ("S0-0.2", "v1_bias"): (-0.005, 0.005),
    ("S0-family", "family_wrong_verdict"): (None, 7.5),
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


def families(rows: pd.DataFrame) -> dict[str, Value]:
    """Count draws of all goals together.

    Parameters
    ----------
    rows : DataFrame
        Draws of one case of families, with ``verdict_<goal>`` and ``p_<goal>``.

    Returns
    -------
    dict
        How often at least one goal of a family is wrongly judged by the whole rule, and by the
        deciding version alone without and with Holm's correction.
    """
    p = rows[[f"p_{goal}" for goal in GOALS]].to_numpy(float)
    words = rows[[f"verdict_{goal}" for goal in GOALS]]
    wrong = words.isin([Verdict.BETTER, Verdict.WORSE]).any(axis=1)
    return {
        "wrong": share(wrong),
        "right": share((words == Verdict.SAME).all(axis=1)),
        "family_wrong_verdict": share(wrong),
        "family_false_positives": share((p < ALPHA).any(axis=1)),
        "family_false_positives_holm": share((holm(p) < ALPHA).any(axis=1)),
    }


def _of_method(rows: pd.DataFrame, case: Case) -> dict[str, Value]:
    if case.kind == "looks":
        words = rows[[f"verdict_{look}" for look in range(1, len(LOOKS) + 1)]]
        better, worse = ((words == word).any(axis=1) for word in (Verdict.BETTER, Verdict.WORSE))
        return {
            "wrong": share(better | worse),
            "right": share((words.iloc[:, -1] == Verdict.SAME) & ~better & ~worse),
            "ever_better": share(better),
            "ever_worse": share(worse),
        }
    if case.kind == "family":
        if not case.effect:
            return families(rows)
        words = rows[[f"verdict_{goal}" for goal in GOALS]]
        return {
            "wrong": share(words.isin([Verdict.WORSE, Verdict.SAME]).any(axis=1)),
            "right": share((words == Verdict.BETTER).all(axis=1)),
        } | {
            f"found_better_{goal}": share(rows[f"verdict_{goal}"] == Verdict.BETTER)
            for goal in GOALS
        }
    words = rows["verdict"]
    better, worse, same = (words == word for word in (Verdict.BETTER, Verdict.WORSE, Verdict.SAME))
    if case.kind == "promise":
        return {"found_better": share(better), "promised": mean(rows["promised"])}
    if case.effect:
        found = {
            "wrong": share(worse | same),
            "right": share(better),
            "found_better": share(better),
            "found_small": share(better & rows["small"].astype(bool)),
            "wrong_worse": share(worse),
            "wrong_same": share(same),
            "power": share(rows["p_V1"] < ALPHA),
        }
    else:
        alike = case.world != "mixed"  # there schools differ, half up and half down
        found = {
            "wrong": share(better | worse | (same & ~alike)),
            "right": share(same & alike),
            "wrong_better": share(better),
            "wrong_worse": share(worse),
            "wrong_either": share(better | worse),
            "said_same" if alike else "wrong_same": share(same),
            "false_positives": share(rows["p_V1"] < ALPHA),
        }
    found["coverage"] = share(rows["covered"].astype(bool))
    found["bias"] = mean(rows["effect"] - rows["truth"])
    found["error_ratio"] = _ratio(rows["error"], rows["effect"])
    found["v1_coverage"] = share(rows["covered_V1"].astype(bool))
    found["v1_bias"] = mean(rows["effect_V1"] - rows["truth"])
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
        "truth": case.effect,
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
    speed: Mapping[str, tuple[float, float | None, int]] | None = None,
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
        ``world, figure`` (stable names), ``world_label, label`` (Dutch), ``truth`` (pupil SD),
        ``value``, ``chance_low,
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
