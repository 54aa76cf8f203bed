"""De regio in cijfers: what the published files say of the region, whoever takes part there."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import components, figures
from kansen_analysis.display.components import Html
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.region import COUNTRY, FACTS, REGION
from kansen_analysis.pages.common import published_table, source_line
from kansen_analysis.words import numbers
from kansen_analysis.words import region as words

ROW = ("scholen", "leerlingen", "leerlingen_per_school", "kleine_scholen", "schoolweging")
RECENT = 2  # school years; of what is older the title says when
FIFTHS = ("laagste", "lage", "middelste", "hoge", "hoogste")


def _latest(monitor: Edition, fact: str) -> pd.DataFrame:
    """Return the latest year of one fact: region first, then municipalities by name, country."""
    facts = monitor.region_facts
    rows = facts[facts["fact"] == fact]
    return rows[rows["year"] == rows["year"].max()].reset_index(drop=True)


def _own(rows: pd.DataFrame, kind: str) -> pd.Series | None:
    found = rows[rows["place_kind"] == kind]
    return found.iloc[0] if len(found) else None


def key_numbers(monitor: Edition) -> Html | Absent:
    """Put the size of the region in a row."""
    found = []
    for fact in ROW:
        row = _own(_latest(monitor, fact), REGION)
        if row is not None:
            found.append((words.value(fact, row["low"], row["high"]), words.counted(row)))
    return components.key_numbers(found) if found else Absent(words.NOTHING)


def told(monitor: Edition) -> Prose | Absent:
    """Tell the facts that the rule chose for the region, each with its source."""
    rows = monitor.region_told
    rows = rows[rows["place_kind"] == REGION]
    if not len(rows):
        return Absent("")
    lines = [f"- {words.sentence(row)} *{_source(row)}*" for row in rows.to_dict("records")]
    return Prose("\n".join([*lines, "", words.rule(monitor.region_places)]))


def _publishers(source: str) -> str:
    return source_line(*source.split("; "), made="").strip("; ")


def _source(row: dict) -> str:
    return f"({source_line(*row['source'].split('; '), made=_TABLE)})"


_TABLE = "tabel ‘Alle cijfers’ onderaan"


def per_place(monitor: Edition, fact: str) -> Figure | Absent:
    """Draw the latest figure of one fact for the region and each municipality."""
    rows = _latest(monitor, fact)
    inside = rows[rows["place_kind"] != COUNTRY]
    country, whole = _own(rows, COUNTRY), _own(rows, REGION)
    if len(inside) < 2:
        return Absent("")
    about_fact, own = words.WORDS[fact], set(monitor.participants["municipality_code"])
    frame = pd.DataFrame(
        {
            "place": inside["place"],
            "low": inside["low"],
            "high": inside["high"],
            "n": [words.over(row) for row in inside.to_dict("records")],
            "marked": inside["place_kind"] == REGION,
        }
    )
    first = inside.iloc[0] if whole is None else whole
    title = words.headline(first, country, dated=first["year"] < monitor.year - RECENT)
    notes = [about_fact.note] if about_fact.note else []
    if FACTS[fact].local and (inside["place_code"].isin(own)).any():
        names = inside.loc[inside["place_code"].isin(own), "place"]
        notes.append(f"In het register staan scholen in {numbers.listed(names)}.")
    return figures.places(
        frame,
        figures.Texts(
            name=f"regio-{fact.replace('_', '-')}",
            title=title,
            subtitle=f"{about_fact.label}, {words.when(fact, int(first['year']))}, per gemeente",
            source=source_line(*FACTS[fact].sources),
            notes=notes,
        ),
        unit=FACTS[fact].unit,
        decimals=about_fact.decimals,
        reference=None
        if country is None
        else ("Nederland", float(country["low"]), float(country["high"])),
    )


def early_leavers(monitor: Edition) -> Figure | Absent:
    """Draw early school leaving: by home where CBS tells it, else by place of the vo school."""
    found = per_place(monitor, "vsv")
    return per_place(monitor, "vsv_vo") if isinstance(found, Absent) else found


def over_the_years(monitor: Edition) -> Figure | Absent:
    """Draw the number of pupils in primary schools of the region by year."""
    facts = monitor.region_facts
    rows = facts[(facts["fact"] == "leerlingen") & (facts["place_kind"] == REGION)]
    if len(rows) < 3:
        return Absent("")
    first, last = rows.iloc[0], rows.iloc[-1]
    frame = pd.DataFrame(
        {"series": rows["place"], "year": rows["year"], "value": rows["low"], "n": rows["n"]}
    )
    return figures.lines(
        frame,
        figures.Texts(
            name="regio-leerlingen",
            title=words.grown(first, last),
            subtitle="Leerlingen op basisscholen op 1 oktober van het schooljaar, aantal",
            source=source_line("leerlingen_historisch"),
            notes=(words.LOWEST,) if (rows["low"] != rows["high"]).any() else (),
        ),
        unit="leerlingen",
        decimals=0,
        roles=dict.fromkeys(set(rows["place"]), "participants"),
        breaks=(),
        zero=False,
    )


def spread(monitor: Edition) -> Table | Absent:
    """List how the schools of each place are spread over the fifths of the country."""
    rows = monitor.region_spread
    if not len(rows):
        return Absent("")
    wide = rows.pivot(index=["place_kind", "place"], columns="fifth", values="schools")
    kinds = {REGION: 0, "municipality": 1, COUNTRY: 2}
    order = sorted(wide.index, key=lambda each: (kinds[each[0]], each[1].casefold()))
    wide = wide.loc[order]
    frame = pd.DataFrame({"place": [place for _, place in order]})
    for fifth in range(1, 6):
        frame[f"fifth_{fifth}"] = wide[fifth].astype("Int64").to_numpy()
    variables = about(
        ("place", "Waar", "", 0, "text"),
        *((f"fifth_{at}", name.capitalize(), "scholen", 0, "count")
          for at, name in enumerate(FIFTHS, 1)),
    )  # fmt: skip
    return published_table(
        frame,
        "regio-schoolweging-verdeling",
        caption="Basisscholen naar schoolweging, in vijf even grote groepen van alle scholen in "
        f"het land, {numbers.school_year(int(rows['year'].iloc[0]))}",
        variables=variables,
        source=source_line("schoolweging"),
        notes=("Laagste: de 20% van alle scholen in het land met de laagste schoolweging.",),
    )


def municipalities(monitor: Edition) -> Table | Absent:
    """List the facts that the rule chose for each municipality."""
    rows = monitor.region_told
    rows = rows[rows["place_kind"] == "municipality"]
    if not len(rows):
        return Absent("")
    frame = pd.DataFrame(
        {
            "place": rows["place"],
            "fact": [words.sentence(row) for row in rows.to_dict("records")],
            "source": [_publishers(each) for each in rows["source"]],
        }
    )
    return published_table(
        frame.reset_index(drop=True),
        "regio-gemeenten",
        caption="Wat opvalt per gemeente, gekozen door dezelfde regel",
        source="de bronnen in de tabel; bewerking kansen_analysis",
        notes=("Gemeenten staan op alfabet; een gemeente zonder feit valt nergens op.",),
    )


def secondary(monitor: Edition) -> Table | Absent:
    """List afstroom, opstroom and zittenblijvers per vo school, as a file."""
    rows = monitor.region_schools
    if not len(rows):
        return Absent("")
    names = monitor.region_facts.set_index("place_code")["place"].to_dict()
    frame = rows.assign(municipality=rows["municipality_code"].map(names), n=pd.NA)
    frame["n"] = frame["n_low"].where(frame["n_low"] == frame["n_high"]).astype("Int64")
    moves = {"afstroom": "Afstroom", "opstroom": "Opstroom", "zittenblijvers": "Zittenblijvers"}
    for move in moves:
        same = frame[f"{move}_low"] == frame[f"{move}_high"]
        frame[move] = frame[f"{move}_low"].where(same)
    variables = about(
        ("municipality", "Gemeente", "", 0, "text"),
        ("name", "Vo-school", "", 0, "text"),
        ("school", "BRIN en vestiging", "", 0, "code"),
        ("year", "Van schooljaar", "", 0, "year"),
        ("n", "Leerlingen", "leerlingen", 0, "count"),
        *((move, label, "%", 1, "share", "n") for move, label in moves.items()),
    )
    return published_table(
        frame,
        "regio-vo-scholen",
        caption="Afstroom, opstroom en zittenblijvers per vo-school in de regio",
        variables=variables,
        source=source_line("vo_doorstroom"),
        notes=("Vo-scholen staan per gemeente op alfabet: geen ranglijst.",),
    )


def everything(monitor: Edition) -> Table | Absent:
    """List every figure of the region, its municipalities and the country, as a file."""
    facts = monitor.region_facts
    if not len(facts):
        return Absent("")
    frame = words.table(facts)
    return published_table(
        frame.assign(source=[_publishers(each) for each in frame["source"]]),
        "regio-alles",
        caption="Alle cijfers van de regio, haar gemeenten en Nederland",
        source="de bronnen in de tabel; bewerking kansen_analysis",
    )
