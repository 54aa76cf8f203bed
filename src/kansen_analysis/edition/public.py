"""The one gate between what is worked out and what pages, files and notebooks read.

What passes it unchanged is what publishers print. Counts that schools supply pass as decided in
`released`, estimates that rest on them as far as their error carries, and where the Inspectie and
DUO together would solve a hidden count a range stands in the place of a share (`levels`). Nothing
behind the gate can give away what it never saw. Verdicts and estimates on the files of publishers
keep all digits, so that who has the same files can check them; pages and exports round them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from kansen_analysis.edition import released
from kansen_analysis.edition.disclosure import supplied
from kansen_analysis.edition.disclosure.supplied import RANGES, Rule, decimals
from kansen_analysis.edition.levels import made_of_ranges
from kansen_analysis.edition.shown import rounded, rounded_verdicts, shown, shown_share
from kansen_analysis.errors import Reason
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.sources import get, names

OPEN = {
    "schools": (
        *("participants", "schools", "pools", "region", "others"),
        *("over_time", "left_out", "unexplained"),
    ),
    "outcomes": (
        *("advice_low", "advice_high", "advice_levels", "standard_scores", "raised_advices"),
        "obstacles",
    ),
    "estimates": ("attenuation", "detectable"),
    "verdicts": ("protocol",),
    "sensitivity": ("advice_check", "by_step", "nearby"),
    "beside": ("programme", "settings", "truth"),
    "answers": ("seen", "moved", "standing", "outlook", "needs"),
    "place": (
        *("region_facts", "region_told", "region_spread", "region_schools", "region_places"),
        "printed",
    ),
    "neighbourhoods": ("area_schools", "area_homes", "area_care"),
    "tidy": ("years", "unmatched"),
}
SUPPLIED_BY_SCHOOLS = tuple(name for name in names() if get(name).supplied)


def run(inputs: Mapping) -> dict[str, object]:
    """Let through what may be published.

    Returns
    -------
    dict
        What `kansen_analysis.edition.open.Edition` reads, by name; ``disclosure``, what was hidden
        by which rule; and the file ``dictionary.csv``.
    """
    limits, tidy = inputs["limits"], inputs["tidy"]
    told: list[dict] = []
    out = {name: inputs[stage][name] for stage, names_ in OPEN.items() for name in names_}
    out |= _tables(tidy)
    out |= _files(inputs, told)
    out["target_levels"] = inputs["levels"]["target_levels"]
    told += inputs["levels"]["told"]
    # Not the panel: level and value of a school together give its exact share back, and a count
    # with it, because one is the other minus a line through the shares.
    advices = inputs["outcomes"]["advices"]
    out["advice_basis"] = None if advices is None else advices.basis
    out["places"] = _places(inputs["released"]["cells"], told)
    out |= _estimates(inputs, limits, told)
    out["previous_verdicts"] = None
    if "before/verdicts" in inputs:
        earlier = inputs["before/verdicts"]["verdicts"]
        errors, goals = _errors(inputs["before/estimates"]), _supplied(inputs)
        out["previous_verdicts"] = _verdicts(earlier, errors, goals)
    out["dated"] = inputs["dated"]
    out["disclosure"] = {"limits": vars(limits), "rules": told}
    out["dictionary.csv"] = _dictionary(out, tidy)
    return out


# Files and tables of publishers ----------------------------------------------------------------


def _tables(tidy) -> dict[str, object]:
    """Return the tables of publishers as they are written."""
    kept = [name for name in tidy if name not in (*SUPPLIED_BY_SCHOOLS, *REPORTS)]
    return {name: tidy.folder / f"{name}.parquet" for name in kept}


REPORTS = ("years", "files", "coverage", "unmatched", "folder")


def _files(inputs: Mapping, told: list[dict]) -> dict[str, object]:
    """Leave out name, size and checksum of what schools supplied; keep a digest with a key."""
    tidy = inputs["tidy"]
    files, coverage, folder = (tidy[name] for name in ("files", "coverage", "folder"))
    ours = files["source"].isin(SUPPLIED_BY_SCHOOLS)
    files = files.assign(keyed="")
    files["rows"] = files["rows"].astype("Int64")
    files.loc[ours, "keyed"] = [inputs["keyed"](sha) for sha in files.loc[ours, "sha256"]]
    files.loc[ours, ["file", "sha256", "note"]] = ""
    files.loc[ours, "rows"] = pd.NA
    if ours.any():
        told.append({"rule": "supplied files", "output": "files", "hidden": int(ours.sum())})
    known = [(kind, source) for _, kind, source in folder["aside"]]
    public = [source not in ("", *SUPPLIED_BY_SCHOOLS) for _, source in known]
    # The name of a file that nobody publishes can say anything, also who is in it.
    aside = [
        (file if open_ else "", kind, source if open_ else "")
        for (file, kind, source), open_ in zip(folder["aside"], public, strict=True)
    ]
    if not all(public):
        hidden = len(public) - sum(public)
        told.append({"rule": "names of unknown files", "output": "aside", "hidden": hidden})
    coverage = coverage[~coverage["source"].isin(SUPPLIED_BY_SCHOOLS)].reset_index(drop=True)
    return {"files": files, "coverage": coverage, "aside": aside}


# Supplied counts -------------------------------------------------------------------------------


def _places(cells: pd.DataFrame, told: list[dict]) -> pd.DataFrame:
    """Return the cells that may be shown, without the schools they are made of."""
    for rule, rows in cells.groupby("rule", sort=True):
        entry = {"output": released.PLACES, "rule": rule or "rounded", "cells": len(rows)}
        told.append(entry | {"hidden": int(rows["low"].isna().sum()), "step": supplied.STEP})
    # Why a cell is not shown would tell how many are in it.
    shown_ = cells.assign(
        rule=cells["rule"].where(cells["rule"].isin(["", str(Rule.EARLIER)]), "few")
    )
    return shown_.drop(columns=["schools", "output"])


def _supplied(inputs: Mapping) -> set[int]:
    """Return the goals whose outcome rests on supplied figures."""
    return {
        goal.id
        for goal in inputs["verdicts"]["protocol"].goals
        if {*goal.outcome.sources} & {*SUPPLIED_BY_SCHOOLS}
    }


def _errors(made: Mapping) -> dict[int, float]:
    return {
        goal: each.std_error
        for goal, each in made["estimates"].items()
        if isinstance(each, EffectEstimate)
    }


def _estimates(inputs: Mapping, limits: supplied.Limits, told: list[dict]) -> dict[str, object]:
    """Round all that rests on supplied counts, and drop what they could be worked out from.

    Under other choices everything is rounded to its error: pages show it as it stands.
    """
    goals = _supplied(inputs)
    made, other, judged = inputs["estimates"], inputs["sensitivity"], inputs["verdicts"]
    errors = _errors(made)
    estimates, guards, choices = (
        dict(made["estimates"]),
        dict(made["guards"]),
        dict(other["choices"]),
    )
    detectable = dict(made["detectable"])
    for goal, error in errors.items():
        places = decimals(error)
        if goal in goals:
            estimates[goal] = shown(estimates[goal], limits)
            if goal in guards:
                guards[goal] = shown(guards[goal], limits)
        if isinstance(choices.get(goal), pd.DataFrame):
            choices[goal] = rounded(choices[goal], places)
        if goal in detectable:
            detectable[goal] = round(detectable[goal], places)
        told.append({"rule": "rounded to its error", "output": f"goal {goal}", "decimals": places})
    for name in made_of_ranges(inputs):
        if int(name) in errors:
            told.append({"rule": RANGES, "output": f"goal {name}"})
    check = other["share_check"]
    reasons = {
        goal: _rounded_reasons(why, decimals(errors[goal])) if goal in goals & set(errors) else why
        for goal, why in judged["reasons"].items()
    }
    return {
        "estimates": estimates,
        "guards": guards,
        "detectable": detectable,
        "choices": choices,
        "secondary": {
            goal: shown(each, limits) if goal in goals else each
            for goal, each in other["secondary"].items()
        },
        # The change of a single school is a figure of a single school.
        "changes": {goal: each for goal, each in other["changes"].items() if goal not in goals},
        "share_check": None if check is None else shown_share(check),
        "verdicts": _verdicts(judged["verdicts"], errors, goals),
        "reasons": reasons,
    }


def _verdicts(table: pd.DataFrame, errors: Mapping[int, float], goals: set[int]) -> pd.DataFrame:
    return rounded_verdicts(table, {g: error for g, error in errors.items() if g in goals})


def _rounded_reasons(reasons: tuple[Reason, ...], places: int) -> tuple[Reason, ...]:
    return tuple(
        replace(
            each,
            numbers={
                n: round(v, places) if isinstance(v, float) else v for n, v in each.numbers.items()
            },
        )
        for each in reasons
    )


# What the columns are --------------------------------------------------------------------------


def _dictionary(out: Mapping[str, object], tidy) -> bytes:
    """Describe every column of every table."""
    text = io.StringIO(newline="")
    write = csv.writer(text, lineterminator="\n")
    write.writerow(["table", "column", "type", "label", "unit", "decimals", "kind"])
    for name in sorted(out):
        table = tidy[name] if name in tidy and name not in REPORTS else out[name]
        if not isinstance(table, pd.DataFrame):
            continue
        about = get(name).variables if name in names() else pd.DataFrame()
        for column in table.columns:
            of = next((e for e in (column, column.rpartition("_")[0]) if e in about.index), None)
            told = {} if of is None else about.loc[of].to_dict()
            end = f" ({column.rpartition('_')[2]})" if of not in (None, column) else ""
            label = f"{told.get('label', '')}{end}" if of is not None else ""
            rest = [
                "" if pd.isna(v := told.get(n, "")) else v for n in ("unit", "decimals", "kind")
            ]
            write.writerow([name, column, str(table[column].dtype), label, *rest])
    return text.getvalue().encode("utf-8")
