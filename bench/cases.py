"""What is drawn: worlds, true effects and numbers of participants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from bench import peers
from kansen_analysis.demo.panels import COHORTS, WORLDS, simulate
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.per_school import TOO_FEW, school_changes
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Said
from kansen_analysis.goals.protocol import Protocol, load_protocol
from kansen_analysis.goals.rule import judge

FIRST = 30_000  # seed: those below were used to choose the thresholds of protocol 2.0
RUNS = 400
SCHOOLS = 300
GOALS = (1, 2, 3)  # tested together: a family is a panel for each
PACKAGE_EVERY = 5  # packages are slow, so they get one draw in five
REDRAWS = 199  # of start years where schools are few; p values in steps of half a percent
# Schools chose themselves, or others gained too: no interval can hold the truth there.
SELECTED = ("S3", "S3b", "steeper", "steeper2", "early", "intake", "spill")
LOOKS = tuple(int(year) for year in range(COHORTS[0], COHORTS[0] + 5))  # last years of editions


@dataclass(frozen=True)
class Case:
    """One world under one truth.

    Attributes
    ----------
    world : str
        A key of `kansen_analysis.demo.panels.WORLDS`.
    effect : float
        True mean effect, in pupil SD.
    treated : int
        Participants among the schools.
    kind : str
        ``one``: goal 1 alone, at the last look; ``family``: all goals, with Holm; ``looks``: goal 1
        in five editions; ``promise``: goal 1 with the difference for which the page promises 80%.
    pace : int
        How many times slower than the others it goes on, because its draws are dear.
    peers, packages, per_school : bool
        On the same draws measure other methods, those of packages (on one draw in
        `PACKAGE_EVERY`), and single schools.
    """

    world: str
    effect: float = 0.0
    treated: int = 80
    kind: str = "one"
    pace: int = 1
    peers: bool = False
    packages: bool = False
    per_school: bool = False

    @property
    def name(self) -> str:
        """A stable name: the world, and what differs from no effect with 80 participants."""
        effect = f"-{self.effect:g}" if self.effect else ""
        few = f"-{self.treated}" if self.treated != 80 else ""
        return self.world + effect + few + (f"-{self.kind}" if self.kind != "one" else "")

    @property
    def label(self) -> str:
        """The same in Dutch."""
        text = WORLDS[self.world]
        if self.effect:
            text += f"; het verschil is {str(self.effect).replace('.', ',')}"
        if self.treated != 80:
            text += f"; {self.treated} deelnemende scholen"
        more = {
            "family": "; drie doelen tegelijk",
            "looks": "; vijf edities na elkaar",
            "promise": "; het verschil waarvoor 80% is beloofd",
        }
        return text + more.get(self.kind, "")

    @property
    def selected(self) -> bool:
        """Whether the comparison itself is off, so that no interval can hold the truth."""
        return self.world in SELECTED


# Worst first: what a page shows starts where the method is weakest.
CASES = (
    Case("steeper2"),
    Case("steeper"),
    Case("early", peers=True, packages=True),
    Case("intake"),
    Case("S3", peers=True, packages=True),
    Case("S3b", peers=True),
    Case("boards"),
    Case("small", treated=12, pace=2),
    Case("controls", pace=2),
    Case("mixed"),
    Case("S0", kind="looks", pace=2),
    Case("S4", peers=True),
    Case("S2", peers=True),
    Case("spill", effect=0.2),
    Case("S0", peers=True, packages=True, per_school=True),
    Case("S0", effect=0.1),
    Case("S0", effect=0.2, peers=True, packages=True),
    Case("S0", kind="promise", pace=2),
    Case("S0", kind="family", pace=4),
    Case("S0", effect=0.1, kind="family", pace=4),
    Case("heavy"),
    Case("unbalanced", peers=True),
    Case("unbalanced", effect=0.2),
    Case("S0", treated=20, pace=2),
    Case("S0", treated=12, pace=2),
)


def tasks(
    runs: int = RUNS, cases: Sequence[Case] = CASES, first: int = FIRST
) -> list[tuple[Case, int]]:
    """List every draw, in an order that lets all cases go on together.

    Returns
    -------
    list of (Case, int)
        The case and its seed.

    Examples
    --------
    >>> [(case.name, seed) for case, seed in tasks(1, first=7)][:2]
    [('steeper2', 7), ('steeper', 7)]
    """
    found = [(case, first + at) for case in cases for at in range(runs)]
    # stable: cases keep their order
    return sorted(found, key=lambda task: (task[1] - first) * task[0].pace)


@cache
def _protocol() -> Protocol:
    return load_protocol()


def _estimate(panel: pd.DataFrame, goal: int, seed: int, draws: int) -> EffectEstimate:
    """Estimate a goal as the protocol says, on a panel in pupil SD."""
    outcome = _protocol().goal(goal).outcome
    return estimate_effect(
        panel.assign(value=outcome.pupil_sd * panel["value"]),
        seed,
        draws=draws,
        decides=outcome.decides,
        size_by_year=outcome.size_by_year,
        details=False,
    )


def _judge(
    estimates: dict[int, EffectEstimate], truth: dict[int, float], look: int | None = None
) -> Iterator[dict[str, object]]:
    """Give the verdicts, one row per goal, in pupil SD."""
    # What must not get worse for goal 3 is as it was: its own interval is taken for it.
    table = judge(estimates, _protocol(), estimates, look).set_index("goal")
    for goal, estimate in estimates.items():
        row, unit = table.loc[goal], _protocol().goal(goal).outcome.pupil_sd
        figures = {name: float(row[name]) / unit for name in ("effect", "ci_low", "ci_high")}
        yield {
            "goal": goal,
            "verdict": str(row["verdict"]),
            "small": bool(row["small"]),
            **figures,
            "error": estimate.std_error / unit,
            "p": float(row["p_value"]),
            "p_holm": float(row["p_holm"]) if pd.notna(row["p_holm"]) else 1.0,
            "covered": bool(figures["ci_low"] <= truth[goal] <= figures["ci_high"]),
            "truth": truth[goal],
            "way": str(row["method"]),
            "reasons": [each.code.value for each in row["reason"]],
            "blocks": [name for name in row.index if row[name] == Said.BLOCKS],
        }


def run(
    world: str,
    seed: int,
    *,
    effect: float = 0.0,
    treated: int = 80,
    schools: int = SCHOOLS,
    goal: int = 1,
    draws: int = REDRAWS,
) -> dict[str, object]:
    """Draw a panel, estimate and judge: one row for a table of how often the method is wrong.

    Returns
    -------
    dict
        ``world, seed, treated``; the verdict with its figures in pupil SD (``verdict, small,
        effect, ci_low, ci_high, error, p, covered, truth, way, reasons, blocks``); per version
        ``effect_, error_, p_`` and ``covered_`` by school clusters.

    Examples
    --------
    >>> run("S0", 1)["verdict"] in ("onbeslist", "geen verschil dat ertoe doet")
    True
    """
    panel = simulate(world, seed, effect=effect, treated=treated, schools=schools)
    truth = panel.attrs["truth"]
    estimate = _estimate(panel, goal, seed, draws)
    row = {"world": world, "seed": seed, "treated": treated}
    row |= next(_judge({goal: estimate}, {goal: truth}))
    unit = _protocol().goal(goal).outcome.pupil_sd
    for name, figures in estimate.versions.iterrows():
        row[f"effect_{name}"] = figures["effect"] / unit
        row[f"error_{name}"] = figures["std_error"] / unit
        row[f"p_{name}"] = figures["p_value"]
        row[f"covered_{name}"] = bool(figures["ci_low"] <= unit * truth <= figures["ci_high"])
    since = estimate.event and estimate.event.since
    row["effect_since"] = since.effect / unit if since else np.nan
    row["error_since"] = since.error / unit if since else np.nan
    row["model_error"] = np.sqrt(estimate.joint_model.loc["V1", "V1"]) / unit
    return row


def _family(case: Case, seed: int) -> dict[str, object]:
    """Judge all goals together, each on a panel of its own, in the same kind of world."""
    panels = {
        goal: simulate(
            case.world,
            len(GOALS) * seed + at,
            effect=case.effect,
            treated=case.treated,
            schools=SCHOOLS,
        )
        for at, goal in enumerate(GOALS)
    }
    estimates = {goal: _estimate(each, goal, seed, REDRAWS) for goal, each in panels.items()}
    truth = {goal: each.attrs["truth"] for goal, each in panels.items()}
    rows = list(_judge(estimates, truth))
    return {"seed": seed} | {
        f"{name}_{row['goal']}": row[name]
        for row in rows
        for name in ("verdict", "p", "p_holm", "covered")
    }


def _looks(case: Case, seed: int) -> dict[str, object]:
    """Judge goal 1 every year, as the editions come."""
    panel = simulate(case.world, seed, effect=case.effect, treated=case.treated, schools=SCHOOLS)
    found: dict[str, object] = {"seed": seed}
    for look, last in enumerate(LOOKS, 1):
        rows = panel[panel["year"] <= last]
        rows = rows[(rows["cohort"] <= last).fillna(True)].reset_index(drop=True)
        estimate = _estimate(rows, 1, seed, REDRAWS)
        row = next(_judge({1: estimate}, {1: case.effect}, look))
        found |= {f"verdict_{look}": row["verdict"], f"p_{look}": row["p"]}
    return found


def _promise(case: Case, seed: int) -> dict[str, object]:
    """Judge a panel with the difference that another panel of its kind promises to show."""
    options = {"treated": case.treated, "schools": SCHOOLS}
    limits = _protocol().verdict
    estimate = _estimate(simulate(case.world, seed, **options), 1, seed, REDRAWS)
    limit = limits.looks.limit(limits.looks.planned)
    seen = detectable_difference(estimate, limit=limit, gate=limits.gate)
    size = seen.difference / _protocol().goal(1).outcome.pupil_sd
    row = run(case.world, seed + 500_000, effect=size, **options)
    names = ("verdict", "effect", "covered", "truth")
    return {"seed": seed, "promised": size} | {name: row[name] for name in names}


def draw(case: Case, seed: int) -> dict[str, object]:
    """Draw what a case asks for.

    Parameters
    ----------
    case : Case
    seed : int

    Returns
    -------
    dict
        For one goal what `run` gives, with ``case``; per peer ``peer_<name>_effect,
        _error, _p, _covered``; ``flagged, flagged_pupils_only, seen`` (schools); ``failed`` (peers
        that stopped). For a family and for looks the verdicts by goal and by look.
    """
    special = {"family": _family, "looks": _looks, "promise": _promise}
    if case.kind in special:
        return {"case": case.name} | special[case.kind](case, seed)
    options = {"effect": case.effect, "treated": case.treated, "schools": SCHOOLS}
    row = {"case": case.name} | run(case.world, seed, **options)
    if not (case.peers or case.per_school):
        return row
    panel = simulate(case.world, seed, **options)
    if case.peers:
        row |= peers.measure(panel, packages=case.packages and seed % PACKAGE_EVERY == 0)
    if case.per_school:
        changes = school_changes(panel)
        table = changes.table[changes.table["mark"] != TOO_FEW]
        reach = table["high"] / 1.959964  # the limits hold chance and the spread seen
        alone = 1.959964 * np.sqrt(reach**2 - changes.spread**2)
        row["seen"] = len(table)
        row["flagged"] = int((~table["change"].between(table["low"], table["high"])).sum())
        row["flagged_pupils_only"] = int((table["change"].abs() > alone).sum())
    return row
