"""Gegevens: what is known of which year, what is hidden, what is not matched, what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import groups_of, published_table, source_line, verdict_row
from kansen_analysis.pages.markdown import plain
from kansen_analysis.sources import feeding, get, schoolyear
from kansen_analysis.words import numbers

OWN = "kansen_analysis, uit de gelezen bestanden"
FIRST = 2014  # the test has been compulsory since 2014-2015; nothing before is compared
# What the goals rest on, in the order of the goals; the other sources only say who is who.
TABLES = {
    "leerresultaten": "Leerresultaten (Inspectie)",
    "referentieniveaus": "Referentieniveaus (DUO)",
    "eindscores": "Eindscores (DUO)",
    "schooladviezen": "Schooladviezen (DUO)",
    "heroverweging": "Heroverwogen adviezen (DUO)",
    "schoolweging": "Schoolweging (CBS)",
    "leerlingen_historisch": "Leerlingen per school (DUO)",
    "vo_doorstroom": "Afstroom vo (DUO)",
    "vsv": "Schoolverlaters (DUO, CBS)",
    "so_vso": "Speciaal onderwijs (CBS)",
    "jeugdhulp": "Jeugdhulp (CBS)",
}
HIDING = ("schooladviezen", "referentieniveaus", "eindscores", "leerresultaten", "vo_doorstroom")


def _coverage(monitor: Edition) -> pd.DataFrame:
    return monitor.coverage[monitor.coverage["year"] <= monitor.year]


def _states(monitor: Edition) -> pd.DataFrame:
    """Give one word for every source and school year from 2014-2015."""
    coverage = _coverage(monitor)
    rows = []
    for table, label in TABLES.items():
        sets = feeding(table)
        published = {year for name in sets for year in _published(name)}
        read = coverage[coverage["source"].isin(sets)]
        # A file with all years in one has no list of its years; a set that only fills gaps
        # does not add years.
        unread = [
            name
            for name in sets
            if "*" in get(name).files["school_year"].tolist()
            and not get(name).meta.get("fills")
            and not (read["source"] == name).any()
        ]
        known = read.groupby("year")[["provisional", "masked_cells"]].max()
        for year in range(FIRST, monitor.year + 1):
            if year in known.index:
                provisional, hidden = known.loc[year]
                state = "deels afgeschermd" if hidden else "aanwezig"
                state = "voorlopig" if provisional else state
            else:
                state = "ontbreekt" if year in published or unread else "bestond niet"
            rows.append({"source": label, "year": year, "state": state})
    return pd.DataFrame(rows)


def _published(name: str) -> set[int]:
    """School years of which the layouts of a source know a file."""
    found: set[int] = set()
    for text in get(name).files["school_year"]:
        ends = [
            int(part) if part.isdigit() else schoolyear.parse(part)  # calendar years of CBS
            for part in text.split("..")
            if part not in ("", "*")
        ]
        if ends:
            found.update(range(ends[0], ends[-1] + 1))
    return found


def coverage(monitor: Edition) -> Figure:
    """Draw what is known of which year."""
    frame = _states(monitor)
    missing = int((frame["state"] == "ontbreekt").sum())
    whole = (frame["state"] == "ontbreekt").groupby(frame["source"]).all()
    title = (
        f"Van {missing} bronjaren zit het bestand niet in deze map"
        if missing
        else "Van elk gepubliceerd schooljaar is het bestand er"
    )
    gone = whole.index[whole].tolist()
    return figures.coverage(
        frame,
        figures.Texts(
            name="gegevens-dekking",
            title=title,
            subtitle=f"Per bron en schooljaar, {schoolyear.label(FIRST)} tot en met "
            f"{schoolyear.label(monitor.year)}: wat er in de map met bestanden zit",
            source=OWN,
            notes=(
                "Bestond niet: van dat jaar kent deze monitor geen bestand (in 2019-2020 was er "
                "geen eindtoets). Een voorlopig jaar kan ook deels afgeschermd zijn. Jeugdhulp: "
                "per jaar.",
                *([f"Helemaal niet in de map: {', '.join(gone)}."] if gone else []),
            ),
        ),
    )


def hidden_share(monitor: Edition) -> Table:
    """List per source and year which share of the printed counts is hidden."""
    parts = {}
    for name in HIDING:
        table = monitor.load(name)
        table = table[table["year"] >= FIRST] if len(table) else table
        ends = [column for column in table.columns if column.endswith("_low")]
        if not len(table) or not ends:
            continue
        given = table[ends].notna().sum(axis=1)
        exact = [end.removesuffix("_low") for end in ends]
        hidden = (table[ends].notna() & table[exact].isna().to_numpy()).sum(axis=1)
        sums = pd.DataFrame({"given": given, "hidden": hidden}).groupby(table["year"]).sum()
        parts[name] = 100 * sums["hidden"] / sums["given"]
    frame = pd.DataFrame(parts).rename_axis("year").reset_index()
    variables = about(
        ("year", "Schooljaar", "", 0, "year"),
        *((name, TABLES[name], "%", 1, "share") for name in parts),
    )
    return published_table(
        frame,
        "gegevens-afgeschermd",
        caption="Deel van de gedrukte aantallen dat is afgeschermd (‘<5’), per schooljaar",
        variables=variables,
        source=source_line(*parts),
        notes=("Alle scholen in het land samen. Een punt: geen bestand van dat jaar gelezen.",),
    )


def unmatched(monitor: Edition) -> Table | Absent:
    """Count per source the schools of its last year that the register does not know."""
    coverage = _coverage(monitor)
    recent = coverage.sort_values("year", kind="stable").drop_duplicates("source", keep="last")
    recent = recent[recent["unmatched_schools"] > 0]
    if not len(recent):
        return Absent("Er is niets te noemen: elke school in deze bestanden staat in het register.")
    frame = pd.DataFrame(
        {
            "title": [get(name).meta["title"] for name in recent["source"]],
            "school_year": recent["school_year"].to_numpy(),
            "schools": recent["schools"].to_numpy(),
            "lost": recent["unmatched_schools"].to_numpy(),
        }
    )
    frame["share"] = 100 * frame["lost"] / frame["schools"]
    return published_table(
        frame,
        "gegevens-koppeling",
        caption="Scholen zonder koppeling in het laatste jaar van elke bron",
        source=OWN,
        notes=(
            "Zij staan niet in de lijst van vestigingen van DUO, of hun OVT past niet zeker bij "
            "één vestiging. Zij tellen nergens mee.",
        ),
    )


def unmatched_list(monitor: Edition) -> Table | Absent:
    """List every school without a match, for a file."""
    lost = monitor.unmatched
    lost = lost[(lost["year"] >= FIRST) & (lost["year"] <= monitor.year)]
    if not len(lost):
        return Absent("Er zijn geen scholen zonder koppeling.")
    frame = lost.assign(title=[get(name).meta["title"] for name in lost["source"]])
    return published_table(
        frame.reset_index(drop=True),
        "gegevens-niet-gekoppeld",
        caption="Alle scholen zonder koppeling, per bron en schooljaar",
        source=OWN,
    )


def breaks(monitor: Edition) -> Table:
    """List the breaks in the sources that were read."""
    coverage = _coverage(monitor)
    parts = [
        get(name).breaks.assign(title=get(name).meta["title"])
        for name in coverage["source"].unique()
        if len(get(name).breaks)
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["from"] = [schoolyear.label(int(y)) if y else "alle jaren" for y in frame["year"]]
    frame["effect"] = frame["effect"].map({"verbiedt": "Niet doen", "voorwaarde": "Let op"})
    frame["means"] = (
        frame["effect"]
        + ": "
        + frame["comparison"].str[:1].str.lower()
        + frame["comparison"].str[1:]
    )
    return published_table(
        frame,
        "gegevens-breuken",
        caption="Breuken in de gelezen bronnen",
        source="kansen_analysis, breaks.csv bij elke bron",
    )


def provisional(monitor: Edition) -> Prose:
    """Name the school years that the publisher may still revise."""
    coverage = _coverage(monitor)
    rows = coverage[coverage["provisional"]]
    if not len(rows):
        return Prose("Alle gelezen schooljaren zijn definitief.")
    lines = [
        f"- {label}: {', '.join(get(name).meta['title'] for name in part['source'])}"
        for label, part in rows.groupby("school_year")
    ]
    return Prose(
        "Een voorlopig jaar kan de uitgever nog veranderen. In tabellen staat er een `*` bij.\n\n"
        + "\n".join(lines)
    )


def _tested(monitor: Edition) -> pd.DataFrame:
    """Bound per school and year the share of pupils with an advice who also sat the test."""
    levels, advices = monitor.load("referentieniveaus"), monitor.load("schooladviezen")
    if not len(levels) or not len(advices):
        return pd.DataFrame()
    levels = levels[levels["kind"] == "Bo"]
    cells = levels.groupby(["school", "year", "domain"])[["pupils_low", "pupils_high"]].sum()
    cells = cells[cells["pupils_high"] > 0]
    # All three domains have the same pupils, so together they bound them closer.
    sat = cells.groupby(["school", "year"]).agg(
        sat_low=("pupils_low", "max"), sat_high=("pupils_high", "min")
    )
    advices = advices[advices["kind"] == "Bo"]
    left = advices.groupby(["school", "year"])[["pupils_low", "pupils_high"]].sum()
    left.columns = ["left_low", "left_high"]
    return sat.join(left[left["left_high"] > 0], how="inner").astype(int).reset_index()


def tested_share(monitor: Edition) -> Table | Absent:
    """List per year which share of the pupils sat the test, by group."""
    both = _tested(monitor)
    if not len(both):
        return Absent("Voor dit aandeel zijn referentieniveaus én schooladviezen nodig.")
    groups = dict(
        zip(("mine", "alike", "every"), groups_of(monitor, both["school"]).items(), strict=True)
    )
    parts: dict[str, pd.Series] = {}
    for name, (_, inside) in groups.items():
        sums = both[inside].groupby("year")[["sat_low", "sat_high", "left_low", "left_high"]].sum()
        low = 100 * sums["sat_low"] / sums["left_high"]
        high = (100 * sums["sat_high"] / sums["left_low"]).clip(upper=100)
        exact = (sums["sat_low"] == sums["sat_high"]) & (sums["left_low"] == sums["left_high"])
        parts |= {
            name: low.where(exact),
            f"{name}_low": low.mask(exact),
            f"{name}_high": high.mask(exact),
        }
    frame = pd.DataFrame(parts).rename_axis("year").reset_index()
    variables = about(
        ("year", "Schooljaar", "", 0, "year"),
        *((name, numbers.capital(label), "%", 1, "share") for name, (label, _) in groups.items()),
    )
    return published_table(
        frame,
        "gegevens-getoetst",
        caption="Leerlingen met een toetsresultaat als deel van de leerlingen met een advies",
        variables=variables,
        source=source_line("referentieniveaus", "schooladviezen"),
        notes=(
            "Zou dit aandeel bij deelnemers dalen, dan kan een hoger resultaat komen doordat "
            "minder leerlingen meededen aan de toets. Met afgeschermde aantallen (vanaf 2022-2023) "
            "is dat niet te zien: de grenzen liggen te ver uit elkaar.",
        ),
    )


def tested_schools(monitor: Edition) -> Table | Absent:
    """List the same share per participant, for a file."""
    both = _tested(monitor)
    both = both[both["school"].isin(monitor.participants["school"])] if len(both) else both
    if not len(both):
        return Absent("Voor dit aandeel zijn referentieniveaus én schooladviezen nodig.")
    low = 100 * both["sat_low"] / both["left_high"]
    high = (
        (100 * both["sat_high"] / both["left_low"].replace(0, np.nan)).clip(upper=100).fillna(100)
    )
    exact = (both["sat_low"] == both["sat_high"]) & (both["left_low"] == both["left_high"])
    names = monitor.participants.set_index("school")["name"]
    frame = pd.DataFrame(
        {
            "school": both["school"],
            "name": both["school"].map(names),
            "year": both["year"],
            "share": low.where(exact),
            "share_low": low.mask(exact),
            "share_high": high.mask(exact),
            "n": both["left_low"].where(both["left_low"] == both["left_high"]).astype("Int64"),
            "n_low": both["left_low"],
            "n_high": both["left_high"],
        }
    )
    return published_table(
        frame,
        "gegevens-getoetst-scholen",
        caption="Getoetste leerlingen per school in het register en schooljaar",
        source=source_line("referentieniveaus", "schooladviezen"),
    )


def lacking(monitor: Edition) -> Table:
    """List per goal which sources are there and what is still lacking."""
    rows = []
    for goal in monitor.protocol.goals:
        row = verdict_row(monitor, goal.id)
        if goal.role != "toets":
            lack = goal.missing
        elif row["verdict"] == "niet toetsbaar":
            lack = row["reason"]
        else:
            lack = "Niets voor de toets."
        rows.append(
            {
                "goal": f"{goal.id}. {goal.name} ({goal.role})",
                "sources": "; ".join(_named(name, monitor) for name in goal.outcome.sources),
                "lack": lack,
            }
        )
    return published_table(
        pd.DataFrame(rows),
        "gegevens-doelen",
        caption="Wat elk doel nodig heeft, en wat ontbreekt",
        source=f"protocol versie {monitor.protocol.version}; {OWN}",
    )


def _named(name: str, monitor: Edition) -> str:
    """Name a source with the school years that were read of it."""
    label = TABLES.get(name) or get(name).meta["title"]
    years = monitor.years_of(name)
    if not years:
        return f"{label}: niet in de map"
    if len(years) == 1:
        return f"{label}: alleen {schoolyear.label(years[0])}"
    return f"{label}: {schoolyear.label(years[0])} t/m {schoolyear.label(years[-1])}"


# Why a file was left aside, in Dutch; {} is the source it is of or looks like.
_ASIDE = {
    "not known": "niet herkend",
    "resembling": "lijkt op {}, maar is een ander bestand",
    "undated": "{} zonder schooljaar",
    "no file": "geen bestand",
}


def findings(monitor: Edition) -> Prose:
    """Say which files were left aside, and why; an unknown file is not named."""
    aside = monitor.aside_files
    if not aside:
        return Prose("Alle bestanden in de map zijn herkend en gelezen.")
    count = "1 bestand is" if len(aside) == 1 else f"{len(aside)} bestanden zijn"
    told = [
        f"{plain(file)} ({_ASIDE[kind].format(TABLES.get(source, source))})"
        for file, kind, source in aside
        if file
    ]
    other = len(aside) - len(told)
    if other:
        told.append(f"{other} {'bestand' if other == 1 else 'bestanden'} zonder bekende uitgever")
    return Prose(f"{count} niet gebruikt: {', '.join(told)}.")
