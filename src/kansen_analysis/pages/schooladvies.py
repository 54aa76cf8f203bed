"""Schooladvies: goal 2, how high the advices are, and how much of that is hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.fixed import BREAK
from kansen_analysis.outcomes.intervals import HIGH, LOW, share_of_total
from kansen_analysis.outcomes.panel import ENDS, RANKED_ADVICES, advice_levels
from kansen_analysis.pages.common import (
    by_name,
    groups_of,
    known_or_ends,
    published_table,
    source_line,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import advice, numbers

LEVELS: dict[float, str] = {
    0: "praktijkonderwijs",
    1: "vmbo basis",
    3: "vmbo kader",
    5: "vmbo gt",
    7: "havo",
    9: "vwo",
}
# Four groups of advices, lowest first: more than four colours cannot be told apart.
GROUPS = {
    "pro en vmbo basis of kader": RANKED_ADVICES[:5],
    "vmbo gt": RANKED_ADVICES[5:6],
    "vmbo gt/havo en havo": RANKED_ADVICES[6:8],
    "havo/vwo en vwo": RANKED_ADVICES[8:],
}
_NONE = "Er zijn geen schooladviezen van scholen in het register in deze map."


def all_participants(monitor: Edition) -> Figure | Absent:
    """Draw the lowest and highest possible mean advice of all participants together."""
    low, high = (
        cells[cells.index.get_level_values("school").isin(monitor.participants["school"])]
        for cells in monitor.advice_cells
    )
    if not len(low):
        return Absent(_NONE)
    levels = advice_levels(low.groupby("year").sum(), high.groupby("year").sum())
    exact = levels["low"] == levels["high"]
    frame = pd.DataFrame(
        {
            "year": levels["year"],
            "low": levels["low"],
            "high": levels["high"],
            "value": levels["low"].where(exact),
            "n": levels["pupils_low"].where(levels["pupils_low"] == levels["pupils_high"]),
            "n_low": levels["pupils_low"],
            "n_high": levels["pupils_high"],
        }
    )
    frame["n"] = frame["n"].astype("Int64")
    last = frame.iloc[-1]
    year = schoolyear.label(int(last["year"]))
    schools = low.index.get_level_values("school")[
        low.index.get_level_values("year") == last["year"]
    ].nunique()
    whose = f"({numbers.number(schools, 0)} scholen in het register)"
    if exact.iloc[-1]:
        title = f"Het gemiddelde advies was in {year} {numbers.number(last['value'], 1)} {whose}"
    else:
        title = f"Het gemiddelde advies ligt in {year} " + numbers.interval(
            last["low"], last["high"], 1
        )
        title += f" {whose}"
    return figures.ranges(
        frame,
        figures.Texts(
            name="schooladvies-deelnemers",
            title=title,
            subtitle="Gemiddeld definitief advies van alle scholen in het register samen, van 0 "
            "(praktijkonderwijs) tot 9 (vwo); stip: precies bekend, balk: laagst en hoogst "
            "mogelijk",
            source=source_line("schooladviezen"),
            notes=("Zonder vso en zonder ‘advies niet mogelijk’.",),
        ),
        unit="adviesniveau",
        levels=LEVELS,
    )


def per_school(monitor: Edition) -> Table | Absent:
    """List per participant the mean advice, exact or as lowest and highest possible."""
    levels = monitor.advice_levels
    mine = levels[levels["school"].isin(monitor.participants["school"])]
    if not len(mine):
        return Absent(_NONE)
    frame = by_name(monitor)[["school", "name", "municipality"]].copy()
    rows = [
        ("name", "School", "", 0, "text"),
        ("school", "BRIN en vestiging", "", 0, "code"),
        ("municipality", "Gemeente", "", 0, "text"),
    ]
    for year in sorted(mine["year"].unique())[-6:]:
        here = mine[mine["year"] == year].set_index("school")
        for column, level in known_or_ends(f"level_{year}", here["low"], here["high"]).items():
            frame[column] = frame["school"].map(level)
        rows.append((f"level_{year}", schoolyear.label(int(year)), "adviesniveau", 1, "mean"))
    variables = about(*rows)
    return published_table(
        frame,
        "schooladvies-scholen",
        caption="Gemiddeld advies per school in het register, van 0 (praktijkonderwijs) tot 9 "
        "(vwo)",
        variables=variables,
        source=source_line("schooladviezen"),
        notes=(
            "Twee getallen met een streep: het laagste en het hoogste gemiddelde dat mogelijk is, "
            "omdat DUO aantallen van 1 tot en met 4 vanaf 2022-2023 als ‘<5’ afdrukt.",
        ),
    )


def compared(monitor: Edition) -> Table | Absent:
    """Set participants beside comparable schools: lowest and highest possible mean advice."""
    low, high = monitor.advice_cells
    groups = groups_of(monitor, low.index.get_level_values("school"))
    parts = []
    for name, inside in groups.items():
        if not inside.any():
            continue
        levels = advice_levels(
            low[inside].groupby("year").sum(), high[inside].groupby("year").sum()
        )
        columns = known_or_ends(name, levels["low"], levels["high"])
        parts.append(pd.DataFrame({"year": levels["year"]} | columns).set_index("year"))
    if not parts:
        return Absent(_NONE)
    frame = pd.concat(parts, axis=1).reset_index()
    variables = about(
        ("year", "Schooljaar", "", 0, "year"),
        *(
            (name, numbers.capital(name), "adviesniveau", 2, "mean")
            for name in groups
            if name in frame
        ),
    )
    return published_table(
        frame,
        "schooladvies-vergelijking",
        caption="Gemiddeld advies van scholen in het register, vergelijkbare scholen en alle "
        "scholen, per schooljaar",
        variables=variables,
        source=source_line("schooladviezen"),
        notes=("Twee getallen met een streep: laagst en hoogst mogelijk gemiddelde.",),
    )


def which_advices(monitor: Edition) -> Figure | Absent:
    """Draw which advices the participants gave, and how many of them are hidden."""
    low, high = (
        cells[cells.index.get_level_values("school").isin(monitor.participants["school"])]
        for cells in monitor.advice_cells
    )
    if not len(low):
        return Absent(_NONE)
    exact = low.where(low == high, 0).groupby("year").sum()
    groups = pd.DataFrame({name: exact[list(cells)].sum(axis=1) for name, cells in GROUPS.items()})
    small = (groups >= LOW) & (groups <= HIGH)  # 1 to 4 pupils are not shown
    few = groups.where(small, 0).sum(axis=1)
    groups = groups.mask(small, 0)
    hidden = [
        cells.where(low != high, 0).groupby("year").sum().sum(axis=1) + few for cells in (low, high)
    ]
    # Of what is hidden only the bounds are known; the bar stands halfway, the note says how far.
    middle = (hidden[0] + hidden[1]) / 2
    total = groups.sum(axis=1) + middle
    parts = {name: 100 * groups[name] / total for name in groups}
    parts["afgeschermd"] = 100 * middle / total
    frame = pd.DataFrame(parts).reset_index()
    frame = frame.melt("year", var_name="category", value_name="share")
    last = exact.index[-1]
    known = groups.loc[last].sum()
    least, most = (100 * part[last] / (known + part[last]) for part in hidden)
    year = schoolyear.label(int(last))
    if most > 0:
        size = numbers.percent(parts["afgeschermd"][last])
        title = f"Van de adviezen in {year} is ongeveer {size} afgeschermd"
        notes: tuple[str, ...] = (
            f"Van het afgeschermde deel is alleen bekend dat het in {year} "
            f"{numbers.interval(least, most, 0)} procent is; de balk staat in het midden. De "
            "andere delen zijn daardoor te klein getekend: wat afgeschermd is hoort bij een van "
            "hen.",
        )
    else:
        top = parts["havo/vwo en vwo"][last]
        title = f"In {year} kreeg {numbers.percent(top)} een advies havo/vwo of vwo"
        notes = ()
    return figures.stacked(
        frame,
        figures.Texts(
            name="schooladvies-soorten",
            title=title,
            subtitle="Definitieve adviezen van alle scholen in het register samen, per "
            "schooljaar, in "
            "procenten van de leerlingen met een advies",
            source=source_line("schooladviezen"),
            notes=notes,
        ),
        order=list(GROUPS),
    )


def raised(monitor: Edition) -> Table | Absent:
    """List which part of the advices that could be raised was raised, by group and year."""
    if not len(monitor.load("heroverweging")):
        return Absent(
            "Het bestand met heroverwogen adviezen (DUO) zit niet in deze map. Daarom is niet te "
            "zien hoeveel adviezen na de toets zijn verhoogd."
        )
    counts = monitor.raised_advices
    if not len(counts):
        return Absent(
            "Het bestand met heroverwogen adviezen (DUO) noemt groepen met een nummer, en uit de "
            "aantallen blijkt niet welk nummer de verhoogde adviezen zijn."
        )
    frame, rows = _raised_by_group(monitor, counts)
    frame.insert(1, "rule", np.where(frame["year"] < BREAK, "oude regel", "nieuwe regel"))
    rows.insert(1, ("rule", "Regel", "", 0, "text"))
    variables = about(*rows)
    return published_table(
        frame,
        "schooladvies-bijgesteld",
        caption="Adviezen die na de toets zijn verhoogd, van alle adviezen die daarvoor in "
        "aanmerking kwamen",
        variables=variables,
        source=source_line("heroverweging"),
        notes=(
            f"Vanaf {schoolyear.label(BREAK)} is verhogen de regel. Vergelijk jaren vóór en "
            "vanaf dat schooljaar niet met elkaar.",
            "DUO noemt de twee aantallen met een nummer; het aantal dat nergens groter is dan het "
            "andere, is gelezen als de verhoogde adviezen.",
            "Leerlingen: zij die voor verhogen in aanmerking kwamen. Twee getallen met een streep: "
            "kleine aantallen zijn afgeschermd.",
        ),
    )


def _raised_by_group(monitor: Edition, counts: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple]]:
    """Give per year the share of advices that was raised, of participants and of schools alike.

    Returns
    -------
    frame : pandas.DataFrame
        ``year``; per group the share in percent and ``n``, the pupils it is of.
    variables : list of tuple
        Rows for `tables.about`, the year first.
    """
    group = monitor.group_of(counts["school"])
    years = sorted(int(year) for year in counts["year"].unique())
    frame = pd.DataFrame({"year": years})
    rows: list[tuple] = [("year", "Schooljaar van het advies", "", 0, "year")]
    raised, eligible = ([f"{count}_{end}" for end in ENDS] for count in ("raised", "eligible"))
    for name, label in {
        "mine": "scholen in het register",
        "alike": "vergelijkbare scholen",
    }.items():
        sums = counts[group == label].drop(columns="school").groupby("year").sum().reindex(years)
        if not len(sums.dropna()):
            continue
        sums = sums.astype(float).reset_index(drop=True)
        # An exact count of 1 to 4 would stand in the share as plainly as in a table.
        few = sums[raised[0]].between(LOW, HIGH) & (sums[raised[1]] <= HIGH)
        sums.loc[few, raised] = LOW, HIGH
        low, high = share_of_total(*(sums[column].to_numpy() for column in (*raised, *eligible)))
        share = known_or_ends(f"raised_{name}", pd.Series(low), pd.Series(high))
        low, high = (sums[column].astype("Int64") for column in eligible)
        number = {
            f"n_{name}": low.where((low == high).fillna(False)),
            f"n_{name}_low": low,
            f"n_{name}_high": high,
        }
        frame = frame.assign(**share, **number)
        rows.append((f"raised_{name}", f"Verhoogd: {label}", "%", 1, "share", f"n_{name}"))
        rows.append((f"n_{name}", f"Leerlingen: {label}", "leerlingen", 0, "count"))
    return frame, rows


def missing(monitor: Edition) -> Prose:
    """List what is not known about the advices."""
    low, high = monitor.advice_cells
    mine = low.index.get_level_values("school").isin(monitor.participants["school"])
    lines = []
    if mine.any():
        years = low.index.get_level_values("year")
        here = mine & (years == years[mine].max())
        wide = monitor.advice_levels.set_index(["school", "year"]).loc[low.index[here]]
        width = float(np.median(wide["high"] - wide["low"]))
        if width > 0:
            lines.append(
                f"Van een gewone school in het register is het gemiddelde advies in "
                f"{schoolyear.label(int(years[mine].max()))} bekend op {numbers.number(width)} "
                "adviesniveau na. Per school is een verandering daarom zelden te zien."
            )
        exact = (low == high).all(axis=1).groupby(level="year").all()
        known = [schoolyear.label(int(year)) for year in exact.index[exact]]
        lines.append(
            f"Zonder afscherming gepubliceerd: {known[0]} tot en met {known[-1]}."
            if known
            else "Er is geen schooljaar zonder afscherming in deze map."
        )
    if monitor.advice_basis is not None:
        lines += [advice.caveat(), *advice.basis(monitor.advice_basis)]
    lines += [
        "Een ambitieus advies is niet vanzelf een goed advies: of leerlingen het waarmaken staat "
        "bij [afstroom](afstroom.ipynb), en is met open gegevens niet te toetsen.",
        "Vanaf 2023-2024 verhogen alle scholen adviezen vaker. Wat deelnemers zonder die regel "
        "hadden gedaan, is niet te weten.",
    ]
    return Prose("\n".join(f"- {line}" for line in lines))
