"""One municipality: who takes part, how large that is, and what goes on around the schools."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.intervals import HIGH
from kansen_analysis.pages import school as school_page
from kansen_analysis.pages.common import BEGUN, published_table, source_line
from kansen_analysis.pages.markdown import link, linked_table, listed, plain
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers
from kansen_analysis.words.numbers import many

SOURCES = school_page.SOURCES
BACK = 10  # school years that the size is shown for
_COUNTRY = "NL"  # how CBS begins the code of the country
FEW_PUPILS = 100  # tested; of fewer a page says how many there were
_HERE, _COUNTRY_NAME = "deze gemeente", "Nederland"
_ROLES = {_HERE: "participants", "overige scholen hier": "national"}


def _people(monitor: Edition, code: str) -> pd.DataFrame:
    people = monitor.participants
    here = people[people["municipality_code"] == code]
    return here.sort_values("name", key=lambda names: names.str.casefold(), kind="stable")


def _name(monitor: Edition, code: str) -> str:
    return str(_people(monitor, code)["municipality"].iloc[0])


def _schools(monitor: Edition, code: str) -> pd.DataFrame:
    """Return pupils per regular school of this municipality and 1 October."""
    rows = monitor.load("leerlingen_historisch")
    if not len(rows):
        return pd.DataFrame(columns=["school", "year", "pupils", "participant"])
    # Where a school is now: municipalities merged, and the old ones are gone from the register.
    now = monitor.facts.set_index("school")["municipality_code"]
    place = rows["school"].map(now).fillna(rows["municipality_code"])
    takes_part = rows["school"].isin(_people(monitor, code)["school"])
    rows = school_page.with_pupils(rows[(place == code) | takes_part])
    return rows.assign(participant=takes_part)[["school", "year", "pupils", "participant"]]


def heading(monitor: Edition, code: str) -> tuple[str, str]:
    """Return title and description of the page."""
    name = _name(monitor, code)
    return name, f"Welke scholen in {name} meedoen, en wat cijfers over de gemeente zeggen."


def opening(monitor: Edition, code: str) -> Prose:
    """Say how many of the schools take part, and what this page is not."""
    people, rows = _people(monitor, code), _schools(monitor, code)
    name, count = plain(_name(monitor, code)), len(people)
    verb = "staat" if count == 1 else "staan"
    if len(rows):
        total = rows.loc[rows["year"] == rows["year"].max(), "school"].nunique()
        noun = "basisschool" if total == 1 else "basisscholen"
        text = f"**Van de {total} {noun} in {name} {verb} er {count} in het register.**"
    else:
        noun = "school" if count == 1 else "scholen"
        text = f"**In het register {verb} {count} {noun} in {name}.**"
    started = people["coach_start"].dropna()
    if len(started):
        who = "De eerste" if count > 1 else "Zij"
        text += f" {who} begon in {schoolyear.label(int(started.min()))}."
    if unknown := count - len(started):
        noun = "school" if unknown == 1 else "scholen"
        text += f" Van {unknown} {noun} is het beginjaar niet bekend."
    text += (
        " Deze pagina laat zien wat er in de gemeente gebeurt. Zij zegt niet of het door het "
        "programma komt: daarvoor zijn er hier te weinig scholen."
    )
    return Prose(f"{text}\n\nAlle gemeenten: [Gemeenten](../gemeenten.ipynb).")


def participants(monitor: Edition, code: str) -> Prose:
    """List the participants in the order of the alphabet, each with a link to its page."""
    rows = []
    for row in each_row(_people(monitor, code)):
        year = row.coach_start
        since = "niet bekend" if pd.isna(year) else schoolyear.label(int(year))
        rows.append([link(row.name, f"../scholen/{row.school}.ipynb"), row.school, since])
    header = ["School", "BRIN en vestiging", BEGUN]
    name = plain(_name(monitor, code))
    return Prose(linked_table(header, rows, f"Scholen in het register in {name}, op alfabet"))


def groups(monitor: Edition, code: str) -> Table | Absent:
    """Count schools and pupils: those that take part, and the others."""
    rows = _schools(monitor, code)
    if not len(rows):
        return Absent("In deze bestanden staan geen leerlingaantallen van scholen.")
    year = int(rows["year"].max())
    now = rows[rows["year"] == year]
    facts = monitor.schools.set_index("school")
    weging = facts["schoolweging"]
    years = facts.loc[facts.index.isin(now["school"]), "weging_year"].dropna()
    until = schoolyear.label(int(years.max())) if len(years) else ""
    parts = {
        "scholen in het register": now[now["participant"]],
        "overige basisscholen": now[~now["participant"]],
        "samen": now,
    }
    frame = pd.DataFrame(
        [
            {
                "group": name,
                "schools": len(part),
                "pupils": part["pupils"].sum() if part["pupils"].notna().all() else pd.NA,
                "weging": _mean(part["school"].map(weging), part["pupils"]),
            }
            for name, part in parts.items()
        ]
    )
    return published_table(
        frame,
        f"gemeente-{code}-scholen",
        caption=f"Basisscholen in {_name(monitor, code)} op 1 oktober {year}",
        columns="gemeente-scholen",
        source=source_line("leerlingen_historisch", "schoolweging"),
        notes=(
            f"Schoolweging: van de jaren tot en met {until}, gemiddeld over de leerlingen. "
            "Zo telt niet mee wat daarna veranderde. Hoe hoger, hoe meer kinderen thuis minder "
            "kans op een goede start hebben.",
        ),
    )


def _mean(values: pd.Series, weights: pd.Series) -> float:
    known = values.notna() & weights.notna() & (weights > 0)
    if not known.any():
        return np.nan
    return float(np.average(values[known].astype(float), weights=weights[known].astype(float)))


def size(monitor: Edition, code: str) -> Figure | Absent:
    """Draw the number of pupils over the years: participants and other schools."""
    rows = _schools(monitor, code)
    rows = rows[rows["year"] > monitor.year - BACK]
    if not len(rows):
        return Absent("In deze bestanden staan geen leerlingaantallen van scholen.")
    names = np.where(rows["participant"], "scholen in het register", "overige scholen hier")
    frame = (
        rows.assign(series=names)
        .groupby(["series", "year"])
        .agg(value=("pupils", "sum"), n=("school", "nunique"))
        .reset_index()
    )
    frame["value"] = frame["value"].astype(float).where(frame["value"] > HIGH)
    last = frame[frame["year"] == frame["year"].max()].set_index("series")["value"]
    share = 100 * last.get("scholen in het register", 0) / last.sum()
    year = schoolyear.label(int(frame["year"].max()))
    return figures.lines(
        frame,
        figures.Texts(
            name=f"gemeente-{code}-omvang",
            title=f"In {year} zat {numbers.percent(share)} van de {numbers.number(last.sum(), 0)} "
            "leerlingen op een school in het register",
            subtitle=f"Leerlingen van basisscholen in {_name(monitor, code)} op 1 oktober, per "
            "schooljaar; scholen in het register zijn die van nu, ook in de jaren voor zij "
            "begonnen",
            source=source_line("leerlingen_historisch"),
        ),
        unit="leerlingen",
        decimals=0,
        roles=_ROLES,
        breaks=(),
    )


def results(monitor: Edition, code: str) -> Figure | Absent:
    """Draw the results over the years: participants here, their matched schools, the others."""
    table = school_page.results(monitor).reset_index()
    people = set(_people(monitor, code)["school"])
    members = monitor.pools.members
    alike = members.loc[members["matched_to"].isin(people).fillna(False), "school"]
    here = monitor.facts.loc[monitor.facts["municipality_code"] == code, "school"]
    inside = {
        "scholen in het register": table["school"].isin(people),
        "vergelijkbare scholen": table["school"].isin(alike),
        "overige scholen hier": table["school"].isin(set(here) - people),
    }
    if not inside["scholen in het register"].any():
        return Absent("In deze bestanden staan van deze scholen geen resultaten.")
    parts = []
    for name, chosen in inside.items():
        rows = table[chosen]
        pupils = (rows["n_low"] + rows["n_high"]).astype(float) / 2
        sums = rows.assign(part=rows["best"] * pupils, size=pupils).groupby("year")
        sums = sums.agg(part=("part", "sum"), size=("size", "sum"), n=("school", "nunique"))
        value = sums["part"] / sums["size"]
        parts.append(pd.DataFrame({"series": name, "value": value, "n": sums["n"]}).reset_index())
    frame = pd.concat(parts, ignore_index=True)
    frame["provisional"] = frame["year"].isin(school_page.provisional(monitor, *SOURCES))
    year = int(frame.loc[frame["series"] == "scholen in het register", "year"].max())
    last = frame[frame["year"] == year].set_index("series")
    sat = table[inside["scholen in het register"] & table["year"].eq(year)]
    tested = [int(sat[end].sum()) for end in ("n_low", "n_high")]
    kinds = {
        "scholen in het register": ("school in het register", "scholen in het register"),
        "vergelijkbare scholen": ("vergelijkbare school", "vergelijkbare scholen"),
    }
    mine, *beside = (
        f"op {many(int(last['n'][name]), *words)}: {numbers.percent(last['value'][name])}"
        for name, words in kinds.items()
        if name in last.index
    )
    return figures.lines(
        frame,
        figures.Texts(
            name=f"gemeente-{code}-resultaten",
            title="; ".join([f"In {schoolyear.label(year)} {mine} van de streefniveaus", *beside]),
            subtitle="Aandeel behaalde streefniveaus (1S/2F), gemiddelde over alle leerlingen, per "
            f"schooljaar, {_name(monitor, code)}; context, geen toets",
            source=source_line(*SOURCES),
            notes=(
                *(
                    [
                        f"Op de scholen in het register ging het in {schoolyear.label(year)} om "
                        f"{numbers.to(*tested)} leerlingen: een verschil kan toeval zijn."
                    ]
                    if tested[1] < FEW_PUPILS
                    else []
                ),
                "Vergelijkbare scholen: elders in het land, met ongeveer dezelfde schoolweging en "
                "evenveel leerlingen als de scholen in het register hier.",
                "Schooljaren van een school met minder dan 5 leerlingen tellen niet mee.",
            ),
        ),
        unit="%",
        roles=_ROLES,
    )


# Around the schools: context, by where children live ------------------------------------------


def special_education(monitor: Edition, code: str) -> Figure | Absent:
    """Draw how many children who live here go to a school for special education."""
    rows = _cbs(monitor, "so_vso", "cbs_85490ned")
    if not len(rows):
        return _not_here(monitor)
    for column in ("cluster", "origin"):
        rows = rows[_total(rows[column])]
    mine = rows[rows["municipality_code"] == code]
    if mine.duplicated("year").any():
        mine = mine[_total(mine["school_type"])]
    if not len(mine) or mine.duplicated("year").any():
        return Absent(
            "De cijfers over speciaal onderwijs hebben voor deze gemeente geen totaal per jaar."
        )
    frame = mine.assign(series=_HERE, value=mine["pupils"].astype(float))
    frame["value"] = frame["value"].where(frame["value"] > HIGH)
    frame = frame[["series", "year", "value", "provisional"]].dropna(subset="value")
    if not len(frame):
        return Absent("De cijfers over speciaal onderwijs zijn voor deze gemeente afgeschermd.")
    frame = frame.sort_values("year", kind="stable")
    return _lines(
        frame,
        (frame.iloc[0], frame.iloc[-1]),
        ("gingen", " kinderen naar een speciale school"),
        lambda value: numbers.number(value, 0),
        name=f"gemeente-{code}-speciaal-onderwijs",
        subtitle=f"Kinderen die in {_name(monitor, code)} wonen en naar een speciale school gaan",
        dataset="cbs_85490ned",
        note="Ook regels en de plek van scholen bepalen hoeveel kinderen hierheen gaan.",
        unit="leerlingen",
        decimals=0,
    )


def youth_care(monitor: Edition, code: str) -> Table | Absent:
    """List the share of young people with youth care by calendar year, beside the country."""
    rows = _cbs(monitor, "jeugdhulp", "cbs_85098ned")
    if len(rows):
        rows = rows[rows["form"] == "jeugdhulp"]
    mine, country = _both(rows, code, "share")
    if not len(mine):
        return _not_here(monitor)
    frame = pd.DataFrame(
        {
            # calendar years, as CBS has them; a school year would be another year
            "when": [str(year) for year in mine.index],
            "value": mine.to_numpy(),
            "country": country.reindex(mine.index).to_numpy(),
        }
    )
    variables = about(
        ("when", "Kalenderjaar", "", 0, "text"),
        ("value", _name(monitor, code), "%", 1, "share"),
        ("country", _COUNTRY_NAME, "%", 1, "share"),
    )
    return published_table(
        frame,
        f"gemeente-{code}-jeugdhulp",
        caption=f"Jongeren met jeugdhulp in {_name(monitor, code)}, per kalenderjaar; context, "
        "geen toets",
        variables=variables,
        source=source_line("cbs_85098ned"),
        notes=(
            "Aandeel van alle jongeren die hier wonen. Vanaf 2021 telt CBS meer aanbieders mee: "
            "een hoger cijfer komt daar deels door.",
        ),
    )


def dropout(monitor: Edition, code: str) -> Figure | Absent:
    """Draw the share that left school early by where they live, beside the country."""
    rows = _cbs(monitor, "vsv", "cbs_84780ned")
    if len(rows):
        rows = rows[rows["sex"] == "totaal"]
    mine, country = _both(rows, code, "pct_vsv")
    if not len(mine):
        return _not_here(monitor)
    parts = {_HERE: mine, _COUNTRY_NAME: country[country.index.isin(mine.index)]}
    frame = pd.concat(
        [
            pd.DataFrame({"series": name, "value": part}).reset_index()
            for name, part in parts.items()
        ]
    )
    first, last = ({"year": y, "value": mine[y]} for y in (mine.index[0], mine.index[-1]))
    return _lines(
        frame,
        (first, last),
        ("ging", " voortijdig van school"),
        lambda value: numbers.percent(value, 1),
        name=f"gemeente-{code}-vsv",
        subtitle=f"Deel van de leerlingen die in {_name(monitor, code)} wonen en zonder "
        "startkwalificatie van school gingen",
        dataset="cbs_84780ned",
        note="Deze jongeren zaten jaren eerder in groep 8; meestal vóór het programma begon.",
        unit="%",
    )


def _lines(frame, ends, words, written, *, name, subtitle, dataset, note, **drawn) -> Figure:
    """Draw a series; its title says where it ends, and where it began if that is another year."""
    first, last = ends
    begin, end = (schoolyear.label(int(each["year"])) for each in ends)
    title = f"In {end} {words[0]} {written(last['value'])}{words[1]}"
    if begin != end:
        title += f", in {begin} {written(first['value'])}"
    texts = figures.Texts(
        name=name,
        title=title,
        subtitle=f"{subtitle}, per schooljaar; context, geen toets",
        source=source_line(dataset),
        notes=(note,),
    )
    return figures.lines(frame, texts, roles=_ROLES, breaks=(), **drawn)


def _cbs(monitor: Edition, table: str, dataset: str) -> pd.DataFrame:
    """Return the rows of one CBS data set within a table that several may feed."""
    rows = monitor.load(table)
    if not len(rows) or "region" not in rows:
        return rows.iloc[:0]
    return rows[rows["dataset"] == dataset] if "dataset" in rows else rows


def _not_here(monitor: Edition) -> Absent:
    """Say in one sentence what no file here tells by where children live."""
    parts = {
        "speciaal onderwijs": ("so_vso", "cbs_85490ned"),
        "jeugdhulp": ("jeugdhulp", "cbs_85098ned"),
        "voortijdig schoolverlaten": ("vsv", "cbs_84780ned"),
    }
    missing = [what for what, each in parts.items() if not len(_cbs(monitor, *each))]
    if not missing:
        return Absent("Niet elk bestand met cijfers naar woongemeente noemt deze gemeente.")
    return Absent(
        f"Cijfers naar woongemeente over {numbers.listed(missing)} zitten niet in deze map."
    )


def _total(values: pd.Series) -> pd.Series:
    """Tell which rows are about all categories together; at CBS those codes begin with a T."""
    text = values.fillna("totaal").astype(str)
    return text.eq("totaal") | text.str.fullmatch(r"T\d+")


def _both(rows: pd.DataFrame, code: str, column: str) -> tuple[pd.Series, pd.Series]:
    """Return a share by year, of this municipality and of the country."""
    if not len(rows):
        return pd.Series(dtype=float), pd.Series(dtype=float)
    country = rows["region"].astype(str).str.startswith(_COUNTRY)
    rows = rows.dropna(subset=column).sort_values("year", kind="stable")
    values = rows.set_index("year")[column].astype(float)
    own, country = ((rows["municipality_code"] == code).to_numpy(), country[rows.index].to_numpy())
    return values[own], values[country]


def missing(monitor: Edition, code: str) -> Prose:
    """List what the figures of this municipality do not say."""
    lines = []
    if provisional := school_page.provisional(monitor, *SOURCES):
        lines.append(f"De resultaten over {listed(provisional)} zijn voorlopig.")
    lines += [
        "Cijfers over een hele gemeente zeggen weinig over één wijk of één school.",
        "Kinderen gaan ook in een andere gemeente naar school. Speciaal onderwijs, jeugdhulp en "
        "voortijdig schoolverlaten tellen naar waar kinderen wonen, de resultaten naar waar de "
        "school staat.",
        "Verandert er iets, dan kan dat veel oorzaken hebben. De toets op de vier doelen staat op "
        "[Samenvatting](../index.ipynb).",
    ]
    return Prose("\n".join(f"- {line}" for line in lines))
