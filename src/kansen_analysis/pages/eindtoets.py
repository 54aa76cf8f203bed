"""Eindtoets: goal 1, the results at the end of primary school."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.disclosure import disclose
from kansen_analysis.display import figures, numbers, tables
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.effects import VERSIONS, detectable_difference
from kansen_analysis.monitor import Monitor
from kansen_analysis.pages.common import estimate_or_reason, source_line, verdict_word

GOAL = 1
UNIT = "%"
WHAT = "Aandeel behaalde streefniveaus (1S/2F)"
SOURCES = ("leerresultaten", "referentieniveaus")


def answer(monitor: Monitor) -> Prose:
    """Give the verdict on this goal with its reason."""
    row = monitor.verdicts.set_index("goal").loc[GOAL]
    word = verdict_word(row)
    return Prose(f"**{word}.** {row['reason']}")


def _weighted(rows: pd.DataFrame) -> pd.Series:
    """Average a share over the pupils of all schools, per school year."""
    parts = rows.assign(part=rows["value"] * rows["n"]).groupby("year")[["part", "n"]].sum()
    return parts["part"] / parts["n"]


def over_the_years(monitor: Monitor) -> Figure | Absent:
    """Draw participants, comparable schools and all schools by school year."""
    levels = monitor.target_levels
    if not len(levels):
        return Absent("Er zijn geen leerresultaten en geen referentieniveaus in deze map.")
    look_alikes = monitor.pools.schools("B")
    groups = {
        "deelnemende scholen": levels["school"].isin(monitor.participants["school"]),
        "vergelijkbare scholen": levels["school"].isin(look_alikes),
        "alle scholen": levels["school"].notna(),
    }
    provisional = monitor.provisional(*SOURCES)
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "series": name,
                    "year": (means := _weighted(levels[inside])).index,
                    "value": means.to_numpy(),
                    "n": levels[inside].groupby("year")["school"].nunique().to_numpy(),
                }
            )
            for name, inside in groups.items()
            if inside.any()
        ],
        ignore_index=True,
    )
    frame["provisional"] = frame["year"].isin(provisional)
    last = frame[frame["year"] == frame["year"].max()].set_index("series")["value"]
    title = f"{schoolyear.label(int(frame['year'].max()))}: " + ", ".join(
        f"{name} {numbers.percent(last[name])}"
        for name in ("deelnemende scholen", "vergelijkbare scholen")
        if name in last
    )
    return figures.lines(
        frame,
        name="eindtoets-jaren",
        title=title,
        subtitle=f"{WHAT}, gemiddelde over alle leerlingen, per schooljaar, in procenten",
        source=source_line(*SOURCES),
        unit=UNIT,
        notes=("Vergelijkbare scholen: elders in het land, met ongeveer dezelfde schoolweging.",),
    )


def since_start(monitor: Monitor) -> Figure | Absent:
    """Draw the difference with comparable schools by years since the start."""
    estimate, reason = estimate_or_reason(monitor, GOAL)
    if estimate is None:
        return Absent(reason)
    panel = monitor.panel
    step = (panel["year"] - panel["cohort"]).dropna().astype(int)
    schools = panel.loc[step.index].groupby(step)["school"].nunique()
    after = estimate.by_exposure.reset_index(names="relative")
    parts = [after]
    if estimate.leads is not None:
        before = estimate.leads.table.reset_index(names="relative")
        parts = [before, pd.DataFrame({"relative": [-1], "effect": [0.0]}), after]
    frame = pd.concat(parts, ignore_index=True).rename(
        columns={"effect": "estimate", "ci_low": "low", "ci_high": "high"}
    )
    frame["n"] = frame["relative"].map(schools).fillna(0).astype(int)
    frame = frame[["relative", "estimate", "low", "high", "n"]]
    row = monitor.verdicts.set_index("goal").loc[GOAL]
    titles = {
        "beter": "Na de start ligt het aandeel hoger dan op vergelijkbare scholen",
        "slechter": "Na de start ligt het aandeel lager dan op vergelijkbare scholen",
        "geen verschil dat ertoe doet": "Na de start is er geen verschil dat ertoe doet",
    }
    return figures.event_study(
        frame,
        name="eindtoets-start",
        title=titles.get(row["verdict"], "Na de start is er geen duidelijk verschil"),
        subtitle="Verschil met vergelijkbare scholen in procentpunt, naar schooljaren voor en na "
        "de start van de kansencoach; jaar −1 is het ijkpunt",
        source=source_line(*SOURCES),
        unit="procentpunt",
        margin=monitor.protocol.goal(GOAL).outcome.smallest_difference,
        start="start coach",
    )


def four_versions(monitor: Monitor) -> Figure | Absent:
    """Draw whether the answer hangs on a choice."""
    estimate, reason = estimate_or_reason(monitor, GOAL)
    if estimate is None:
        return Absent(reason)
    figures_of = estimate.decision.reindex(list(VERSIONS))
    frame = pd.DataFrame(
        {
            "version": list(VERSIONS),
            "label": list(VERSIONS.values()),
            "estimate": figures_of["effect"].to_numpy(),
            "low": figures_of["ci_low"].to_numpy(),
            "high": figures_of["ci_high"].to_numpy(),
        }
    )
    known = frame["estimate"].dropna()
    clear = ((frame["low"] > 0) | (frame["high"] < 0)).sum()
    if (known > 0).all() or (known < 0).all():
        side = "boven" if (known > 0).all() else "onder"
        title = f"Alle {len(known)} berekeningen komen {side} nul uit, {clear} daarvan duidelijk"
    else:
        title = "De vier berekeningen wijzen niet dezelfde kant op"
    return figures.versions(
        frame,
        name="eindtoets-versies",
        title=title,
        subtitle="Verschil met vergelijkbare scholen na de start, in procentpunt, met 95%-interval,"
        " volgens vier vooraf vastgelegde berekeningen",
        source=source_line(*SOURCES),
        unit="procentpunt",
        margin=monitor.protocol.goal(GOAL).outcome.smallest_difference,
        notes=estimate.notes,
    )


def what_could_be_seen(monitor: Monitor) -> Figure | Absent:
    """Draw the smallest difference that could have been seen beside the one that matters."""
    estimate, reason = estimate_or_reason(monitor, GOAL)
    if estimate is None:
        return Absent(reason)
    outcome = monitor.protocol.goal(GOAL).outcome
    seen = detectable_difference(estimate).difference
    decides = estimate.decision.loc[outcome.decides]
    nan = float("nan")
    frame = pd.DataFrame(
        [
            ("detectable", "met 80% kans te zien", seen, nan, nan),
            ("matters", "kleinste verschil dat ertoe doet", outcome.smallest_difference, nan, nan),
            ("estimate", "geschat", decides["effect"], decides["ci_low"], decides["ci_high"]),
        ],
        columns=["kind", "label", "value", "low", "high"],
    )
    enough = seen <= outcome.smallest_difference
    return figures.ruler(
        frame,
        name="eindtoets-zicht",
        title=f"Een verschil vanaf {numbers.points(seen)} is met deze scholen meestal te zien",
        subtitle="Kleinste verschil dat met deze deelnemers en jaren met 80% kans wordt opgemerkt",
        source=source_line(*SOURCES),
        unit="procentpunt",
        notes=(
            "Dat is klein genoeg om het verschil te zien dat ertoe doet."
            if enough
            else "Een kleiner verschil, dat er wel toe doet, kan dus gemist zijn.",
        ),
    )


def _latest(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the newest values per school."""
    newest = table.dropna(subset="school").sort_values("year", kind="stable")
    return newest.groupby("school")[columns].last()


def participants(monitor: Monitor) -> Table | Absent:
    """List what is known of each participant: results beside its signaleringswaarde."""
    levels = monitor.target_levels
    if not len(levels):
        return Absent("Er zijn geen leerresultaten en geen referentieniveaus in deze map.")
    years = sorted(levels["year"].unique())[-3:]
    people = monitor.participants.sort_values(["municipality", "name"], ignore_index=True)
    frame = people[["school", "name", "municipality", "coach_start"]].copy()
    weging = ["schoolweging_driejaars", "signaleringswaarde_1s2f"]
    results = monitor.load("leerresultaten")
    known = _latest(results, weging) if len(results) else pd.DataFrame(columns=weging)
    frame = frame.merge(known, left_on="school", right_index=True, how="left")
    rows = [
        ("name", "School", "", 0, "text", ""),
        ("school", "BRIN en vestiging", "", 0, "code", ""),
        ("municipality", "Gemeente", "", 0, "text", ""),
        ("coach_start", "Coach sinds", "", 0, "year", ""),
        ("schoolweging_driejaars", "Schoolweging", "", 2, "mean", ""),
        ("signaleringswaarde_1s2f", "Signaleringswaarde", "%", 1, "mean", ""),
    ]
    look_alikes = monitor.pools.members.query("pool == 'B'")
    for year in years:
        here = levels[levels["year"] == year].set_index("school")
        exact = here["value"].where(here["origin"] != "interval")
        frame[f"value_{year}"] = frame["school"].map(exact)
        for end in ("low", "high"):
            masked = here[end].where(here["origin"] == "interval")
            frame[f"value_{year}_{end}"] = frame["school"].map(masked)
        frame[f"n_{year}"] = frame["school"].map(here["n"]).astype("Int64")
        label = schoolyear.label(int(year))
        rows.append((f"value_{year}", f"Streefniveau {label}", "%", 1, "share", f"n_{year}"))
        rows.append((f"n_{year}", f"Leerlingen {label}", "leerlingen", 0, "count", ""))
    last = levels[levels["year"] == years[-1]].set_index("school")
    pairs = look_alikes.assign(value=look_alikes["school"].map(last["value"]))
    frame["alike"] = frame["school"].map(pairs.groupby("matched_to")["value"].mean())
    rows.append(
        ("alike", f"Vergelijkbare scholen {schoolyear.label(int(years[-1]))}", "%", 1, "mean", "")
    )
    variables = _variables(rows)
    return tables.table(
        disclose(frame, variables),
        name="eindtoets-deelnemers",
        caption="Behaalde streefniveaus (1S/2F) van elke deelnemende school, naast de "
        "signaleringswaarde en het gemiddelde van vergelijkbare scholen",
        variables=variables,
        source=source_line("leerresultaten", "referentieniveaus"),
        notes=(
            "Twee getallen met een streep: de uitkomst ligt daartussen; de aantallen zijn deels "
            "afgeschermd.",
            "Geen ranglijst: bij kleine groepen verschuift één leerling het cijfer met meerdere "
            "procentpunten.",
        ),
    )


def _variables(rows: list[tuple]) -> pd.DataFrame:
    names = ["column", "label", "unit", "decimals", "kind", "base"]
    return pd.DataFrame(rows, columns=names).set_index("column")


def standard_scores(monitor: Monitor) -> Table | Absent:
    """List the test scores as z within school year and provider."""
    scores = monitor.standard_scores
    mine = scores[scores["school"].isin(monitor.participants["school"])]
    if not len(mine):
        return Absent("Er zijn geen eindscores van deelnemende scholen in deze map.")
    years = sorted(mine["year"].unique())[-4:]
    people = monitor.participants.sort_values(["municipality", "name"], ignore_index=True)
    frame = people[["school", "name", "municipality"]].copy()
    rows = [
        ("name", "School", "", 0, "text", ""),
        ("school", "BRIN en vestiging", "", 0, "code", ""),
        ("municipality", "Gemeente", "", 0, "text", ""),
    ]
    members = monitor.pools.members.query("pool == 'B'")
    for year in years:
        here = scores[scores["year"] == year].set_index("school")
        label = schoolyear.label(int(year))
        frame[f"z_{year}"] = frame["school"].map(here["value"])
        frame[f"n_{year}"] = frame["school"].map(here["n"]).astype("Int64")
        pairs = members.assign(value=members["school"].map(here["value"]))
        frame[f"alike_{year}"] = frame["school"].map(pairs.groupby("matched_to")["value"].mean())
        rows += [
            (f"z_{year}", f"Score {label}", "z", 2, "mean", f"n_{year}"),
            (f"n_{year}", f"Leerlingen {label}", "leerlingen", 0, "count", ""),
            (f"alike_{year}", f"Vergelijkbare scholen {label}", "z", 2, "mean", ""),
        ]
    variables = _variables(rows)
    return tables.table(
        disclose(frame, variables),
        name="eindtoets-scores",
        caption="Eindscores van deelnemende scholen, vergeleken met alle scholen die in dat jaar "
        "dezelfde toets gebruikten",
        variables=variables,
        source=source_line("eindscores"),
        notes=(
            "0 is het landelijk gemiddelde van dezelfde toets in hetzelfde jaar; 1 is één "
            "standaardafwijking tussen scholen hoger.",
            "Een gemiddelde van minder dan 5 leerlingen wordt niet gepubliceerd.",
        ),
    )


def balance(monitor: Monitor) -> Figure | Absent:
    """Draw whether the comparison schools are comparable."""
    table = monitor.pools.balance
    labels = {"schoolweging": "Schoolweging", "log_pupils": "Aantal leerlingen (log)"}
    shown = table.loc[[name for name in labels if name in table.index]]
    if not np.isfinite(shown["before"]).all():
        return Absent("Er zijn te weinig deelnemende scholen met een bekende schoolweging.")
    frame = pd.DataFrame(
        {
            "label": [labels[name] for name in shown.index],
            "before": shown["before"].to_numpy(),
            "after": shown["after_b"].to_numpy(),
        }
    )
    worst = float(frame["after"].abs().max())
    title = (
        "De vergelijkbare scholen lijken op de deelnemers"
        if worst < 0.1
        else "De vergelijkbare scholen lijken op de deelnemers, maar niet helemaal"
    )
    return figures.balance(
        frame,
        name="eindtoets-balans",
        title=title,
        subtitle="Gestandaardiseerd verschil tussen deelnemende en andere scholen, voor en na het "
        "kiezen van vergelijkbare scholen; tussen −0,1 en 0,1 is goed",
        source=source_line("schoolweging", "leerlingen_historisch"),
    )
