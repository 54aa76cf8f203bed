"""What is drawn: worlds, true effects and numbers of participants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench import peers
from kansen_analysis.demo.panels import WORLDS, simulate
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.per_school import TOO_FEW, school_changes
from kansen_analysis.goals.rule import decide

RUNS = 1000
SCHOOLS = 300
GOALS = 4  # tested together: a family is four draws
PACKAGE_EVERY = 5  # packages are slow, so they get one draw in five


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
    families : int
        Draws per run; `GOALS` gives a whole family of goals per run.
    pace : int
        How many times slower than the others it goes on, because its draws are dear.
    peers, packages, per_school : bool
        On the same draws measure other methods, those of packages (on one draw
        in `PACKAGE_EVERY`), and single schools.
    """

    world: str
    effect: float = 0.0
    treated: int = 80
    families: int = 1
    pace: int = 1
    peers: bool = True
    packages: bool = False
    per_school: bool = False

    @property
    def name(self) -> str:
        """A stable name: the world, and what differs from no effect with 80 participants."""
        effect = f"-{self.effect:g}" if self.effect else ""
        return self.world + effect + (f"-{self.treated}" if self.treated != 80 else "")

    @property
    def label(self) -> str:
        """The same in Dutch."""
        text = WORLDS[self.world]
        if self.effect:
            text += f"; het verschil is {str(self.effect).replace('.', ',')}"
        if self.treated != 80:
            text += f"; {self.treated} deelnemende scholen"
        return text


CASES = (
    Case("S0", families=GOALS, packages=True, per_school=True),
    Case("S0", effect=0.1),
    Case("S0", effect=0.2, packages=True),
    Case("S2"),
    Case("S3", packages=True),
    *(Case(world) for world in ("S3b", "S4", "heavy", "unbalanced")),
    Case("unbalanced", effect=0.2),
    Case("S0", treated=20, pace=4, peers=False),
    Case("S0", treated=12, pace=4, peers=False),
)


def tasks(runs: int = RUNS, cases: Sequence[Case] = CASES) -> list[tuple[Case, int]]:
    """List every draw, in an order that lets all cases go on together.

    Returns
    -------
    list of (Case, int)
        The case and its seed.

    Examples
    --------
    >>> [(case.name, seed) for case, seed in tasks(1)][:2]
    [('S0', 0), ('S0-0.1', 0)]
    """
    found = [(case, seed) for case in cases for seed in range(runs * case.families)]
    return sorted(found, key=lambda task: task[1] * task[0].pace)  # stable: cases keep their order


def run(
    world: str,
    seed: int,
    *,
    effect: float = 0.0,
    treated: int = 80,
    schools: int = 300,
    draws: int = 999,
    smallest_difference: float = 0.07,
) -> dict[str, float | str | bool]:
    """Draw a panel, estimate and judge: one row for a table of how often the method is wrong.

    Returns
    -------
    dict
        ``world, seed, treated, truth``; per version ``effect_, error_, p_`` and ``covered_`` (by
        the figures that the verdict uses); ``verdict`` with V1 deciding and without Holm.

    Examples
    --------
    >>> run("S0", 1)["verdict"] in ("onbeslist", "geen verschil dat ertoe doet")
    True
    """
    panel = simulate(world, seed, effect=effect, treated=treated, schools=schools)
    estimate = estimate_effect(panel, seed, draws=draws, details=False)
    truth = panel.attrs["truth"]
    row = {"world": world, "seed": seed, "treated": treated, "truth": truth}
    for name, figures in estimate.decision.iterrows():
        row[f"effect_{name}"] = figures["effect"]
        row[f"error_{name}"] = estimate.versions.loc[name, "std_error"]
        row[f"p_{name}"] = figures["p_value"]
        row[f"covered_{name}"] = bool(figures["ci_low"] <= truth <= figures["ci_high"])
    row["cluster_p_V1"] = estimate.p_value
    row["model_error"] = estimate.model_errors["V1"]
    row["verdict"] = decide(
        estimate,
        decides="V1",
        p_value=estimate.decision.loc["V1", "p_value"],
        smallest_difference=smallest_difference,
    ).verdict
    return row


def draw(case: Case, seed: int, runs: int = RUNS) -> dict[str, object]:
    """Draw a panel, judge it, and measure on it what the case asks for.

    Parameters
    ----------
    case : Case
    seed : int
    runs : int
        Draws from this seed on only complete families of goals, without peers or single schools.

    Returns
    -------
    dict
        What `run` gives, with ``case``; per peer ``peer_<name>_effect,
        _error, _p, _covered``; ``flagged, flagged_pupils_only, seen`` (schools); ``failed`` (peers
        that stopped).
    """
    options = {"effect": case.effect, "treated": case.treated, "schools": SCHOOLS}
    row = {"case": case.name} | run(case.world, seed, **options)
    if seed >= runs or not (case.peers or case.per_school):
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
