"""Is what *Wanneer weten we het?* promises called *beter* in 80 of 100 draws?

``python -m bench.promises --runs 200``: registers of several sizes, the difference that the page of
a finished edition promises (`detectable_difference`) and the one that a plan made two editions
earlier promises (`goals.plan.outlook`); then the same schools with that true difference, judged by
the whole rule. Beside the word stands what each thing that is asked for said by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from bench.figures import share
from kansen_analysis.demo.panels import YEARS, simulate
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Said, Verdict
from kansen_analysis.goals.plan import outlook
from kansen_analysis.goals.protocol import VERSIONS, load_protocol
from kansen_analysis.goals.rule import decide, holm, judge

GOAL = 1
AHEAD = 2  # years from the plan to the edition it is about: the last planned one
OTHERS = 120  # comparison schools, of which about 54 in the own region
REDRAWS = 399  # of start years where schools are few
GUARDS = ("start", "intake", "boards")  # besides what `estimate.power.asked` names


@dataclass(frozen=True)
class Register:
    """What is promised, to whom.

    Attributes
    ----------
    treated : int
        Participants.
    plan : bool
        By the plan, two editions ahead; else by the finished edition.
    tested : int
        Goals tested together; nothing happens in the others.
    growing : bool
        An effect that grows with the years and differs by school; else the same everywhere, which
        is what is promised.
    """

    treated: int
    plan: bool = False
    tested: int = 1
    growing: bool = False

    @property
    def name(self) -> str:
        """Say it in a line."""
        way = "plan" if self.plan else "edition"
        goals = f", {self.tested} goals" if self.tested > 1 else ""
        return f"{self.treated} schools, {way}{goals}{', growing' if self.growing else ''}"


REGISTERS = (
    *(
        Register(treated, plan, tested)
        for treated in (80, 20, 12)
        for plan, tested in ((False, 1), (True, 1), (False, 3))
    ),
    Register(5),
    Register(5, plan=True),
)


def panel_of(register: Register, seed: int, difference: float = 0.0) -> pd.DataFrame:
    """Draw a register with its comparison schools, in points, with a true difference."""
    unit = load_protocol().goal(GOAL).outcome.pupil_sd
    panel = simulate(
        "S0",
        seed,
        effect=difference / unit,
        treated=register.treated,
        schools=register.treated + OTHERS,
        growing=register.growing,
    )
    return panel.assign(value=unit * panel["value"])


def estimate(panel: pd.DataFrame, seed: int, redraws: int = REDRAWS) -> EffectEstimate:
    """Estimate goal 1 as the protocol says."""
    decides = load_protocol().goal(GOAL).outcome.decides
    return estimate_effect(panel, seed, decides=decides, draws=redraws, details=False)


def promised(register: Register, seed: int) -> float:
    """Return the difference that is promised, in points; infinite when none is."""
    protocol = load_protocol()
    limits, panel = protocol.verdict, panel_of(register, seed)
    limit = limits.looks.limits[-1] / register.tested
    if not register.plan:
        found = estimate(panel, seed, redraws=0)  # the spread needs no redraws
        return detectable_difference(
            found, limit=limit, gate=limits.gate, minimum=limits.minimum_participants
        ).difference
    now = int(YEARS[-1]) - AHEAD
    table = outlook(
        GOAL,
        panel[panel["year"] <= now],
        latest=now,
        minimum=limits.minimum_participants,
        limits=limit,
        gate=limits.gate,
        decides=protocol.goal(GOAL).outcome.decides,
        editions=AHEAD,
        more=(),
    )
    return float(table["difference"].fillna(np.inf).iloc[AHEAD - 1])


def draw(register: Register, seed: int) -> dict[str, object]:
    """Promise, let it come true on the same schools, and judge.

    Returns
    -------
    dict
        ``register, seed, promised`` (points; None when no difference is), ``better``, and per thing
        that is asked for whether it was there: ``limit``, `VERSIONS`, ``since``, `GUARDS`.
    """
    protocol = load_protocol()
    size = promised(register, seed)
    kept = {"register": register.name, "seed": seed}
    if not np.isfinite(size):  # then no difference may do: one of two pupil SD is not called so
        unit = protocol.goal(GOAL).outcome.pupil_sd
        found = estimate(panel_of(register, seed, 2 * unit), seed)
        word = judge({GOAL: found}, protocol)["verdict"].iloc[0]
        return kept | {"promised": None, "better": bool(word == Verdict.BETTER)}
    found = estimate(panel_of(register, seed, size), seed)
    rng = np.random.default_rng([seed, register.tested])
    p_value = holm(np.array([found.p_value, *rng.random(register.tested - 1)]))[0]
    said = decide(found, protocol.goal(GOAL), protocol, p_value=p_value)
    return (
        kept
        | {"promised": size, "better": said.verdict == Verdict.BETTER, "limit": said.firm}
        | {name: name in said.agreeing for name in VERSIONS}
        | {"since": said.guards["last_year"] != Said.BLOCKS}
        | {name: said.guards[name] != Said.BLOCKS for name in GUARDS}
    )


def draws(
    registers: Sequence[Register], runs: int, first: int, path: Path | None = None
) -> Iterator[dict[str, object]]:
    """Draw all registers by turns; what stands in the file is not drawn again."""
    known: dict[tuple, dict] = {}
    if path and path.exists():
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        known = {(row["register"], row["seed"]): row for row in lines}
    for seed in range(first, first + runs):
        for register in registers:
            row = known.get((register.name, seed))
            if row is None:
                row = draw(register, seed)
                if path:
                    with path.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row, default=bool) + "\n")
            yield row


def table(rows: pd.DataFrame) -> str:
    """Say per register how often the word was said, and how often each thing asked for was not."""
    lines = ["| register | promised (points) | *beter* | draws | not there, by part |"]
    lines.append("|---|---|---|---|---|")
    for name, own in rows.groupby("register", sort=False):
        said = share(own["better"])
        size = own["promised"].astype(float).mean()
        parts = own.drop(columns=["register", "seed", "promised", "better"]).astype(float)
        lacking = (100 * (1 - parts.mean())).sort_values(ascending=False, kind="stable").round(1)
        told = ", ".join(f"{part} {each:g}%" for part, each in lacking.items() if each > 0)
        promise = "none" if np.isnan(size) else f"{size:.2f}"
        word = f"{said.value:.1f}% ({said.low:.0f}–{said.high:.0f})"
        lines.append(f"| {name} | {promise} | {word} | {said.runs} | {told} |")
    return "\n".join(lines)


def bench(
    runs: Annotated[int, typer.Option("--runs", min=1, help="Draws per register.")] = 200,
    first: Annotated[int, typer.Option("--first", help="First seed.")] = 60_000,
    treated: Annotated[
        list[int] | None, typer.Option("--treated", help="Registers of this size only.")
    ] = None,
    path: Annotated[
        Path | None, typer.Option("--draws", help="File to write draws to, and go on from.")
    ] = None,
) -> None:
    """Measure whether promised differences are seen as often as promised."""
    chosen = [each for each in REGISTERS if not treated or each.treated in treated]
    typer.echo(table(pd.DataFrame(list(draws(chosen, runs, first, path)))))


if __name__ == "__main__":
    typer.run(bench)
