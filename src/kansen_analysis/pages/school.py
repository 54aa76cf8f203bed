"""One school: what public figures say about it, and how little one school's figures can bear."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import Reason
from kansen_analysis.outcomes.fixed import ABOVE, BELOW, MINIMUM, TOO_FEW, WINDOW
from kansen_analysis.outcomes.intervals import HIGH
from kansen_analysis.pages.common import BEGUN, published_table, source_line
from kansen_analysis.pages.markdown import link, listed, plain
from kansen_analysis.pages.schooladvies import LEVELS
from kansen_analysis.schools.pools import CALIPER
from kansen_analysis.sources import get, schoolyear
from kansen_analysis.words import numbers
from kansen_analysis.words.columns import columns_of

SOURCES = ("leerresultaten", "referentieniveaus")
MATCHED = 8
FEWEST = 5  # matched schools below which there is no band
WIDE = 1.5  # steps between advices from which a range says too little
_NONE = "In deze bestanden staan van deze school geen resultaten."
_ALIKE = "Vergelijkbare scholen: {n} scholen elders in het land met ongeveer dezelfde schoolweging "
_ALIKE += "en evenveel leerlingen. Zij zijn niet op hun resultaten gekozen."


# What the edition has of a school --------------------------------------------------------------


def results(monitor: Edition, schools: Collection[str] | None = None) -> pd.DataFrame:
    """Return what may be shown of each school and school year.

    Parameters
    ----------
    monitor : Edition
    schools : collection of str, optional
        Only these.

    Returns
    -------
    pandas.DataFrame
        Index ``school`` and ``year``: ``value`` (percent of target levels, missing where only the
        range is known), ``low``, ``high``, ``best`` (the value, or its likely place in the range),
        ``n_low``, ``n_high`` (pupils), ``joined`` (see `edition.disclosure.joined`). School years
        with fewer than five pupils are left out: a total over years would give them away.
    """
    table = monitor.target_levels
    if schools is not None:
        table = table[table["school"].isin(list(schools))]
    table = table.astype({"n_low": "Int64", "n_high": "Int64"})
    table["best"] = table["value"]
    table["value"] = table["value"].mask(table["origin"] == "interval")
    kept = table[(table["n_low"] > HIGH).fillna(False)]
    columns = ["value", "low", "high", "best", "n_low", "n_high", "joined"]
    return kept.set_index(["school", "year"])[columns]


def years_tested(monitor: Edition) -> tuple[int, ...]:
    """Return the school years with results, oldest first."""
    return tuple(sorted(int(year) for year in monitor.target_levels["year"].unique()))


def provisional(monitor: Edition, *sources: str) -> tuple[int, ...]:
    """Return the school years of these sources that may still be revised."""
    return tuple(monitor.provisional(*sources))


def _own(monitor: Edition, school: str) -> pd.DataFrame:
    return results(monitor, [school]).droplevel("school")


def with_pupils(table: pd.DataFrame) -> pd.DataFrame:
    """Keep regular schools with pupils, one row per school year.

    A school that closed, or had not opened yet, stands in *leerlingen_historisch* with no pupils.
    """
    there = (table["kind"] == "Bo") & (table["pupils_high"] > 0).fillna(False)
    return (
        table[there]
        .drop_duplicates(["school", "year"])
        .sort_values(["school", "year"], kind="stable")
    )


def _table_of(monitor: Edition, name: str, school: str) -> pd.DataFrame:
    """Return the rows of a published table about one school."""
    table = monitor.load(name)
    return table[table["school"] == school] if len(table) else table


def _signals(monitor: Edition, school: str) -> dict:
    """Return the signaleringswaarde by school year, as the latest edition has it."""
    table = _table_of(monitor, "leerresultaten", school)
    if not len(table):
        return {}
    table = table.sort_values("edition", kind="stable").drop_duplicates("year", keep="last")
    return table.set_index("year")["signaleringswaarde_1s2f"].to_dict()


def _row(monitor: Edition, school: str) -> pd.Series:
    return monitor.participants.set_index("school").loc[school]


def matched_schools(monitor: Edition, school: str) -> list[str]:
    """Return the comparable schools of one participant.

    Those that were chosen for it; where they are too few for a band, the most alike of all that
    were chosen, within the same distance.
    """
    members = monitor.pools.members
    chosen = members.loc[(members["matched_to"] == school).fillna(False), "school"].tolist()
    own = monitor.schools.set_index("school")["schoolweging"].get(school, np.nan)
    if len(chosen) >= FEWEST or pd.isna(own):
        return chosen
    pool = members[members["pool"] == "B"]
    away = (pool["schoolweging"] - own).abs()
    near = pool.assign(away=away)[away <= CALIPER].sort_values(["away", "school"], kind="stable")
    return near["school"].head(MATCHED).tolist()


def _to(low, high) -> str:
    return f"{low}" if low == high else f"{low} tot {high}"


# The page, from top to bottom ------------------------------------------------------------------


def heading(monitor: Edition, school: str) -> tuple[str, str]:
    """Return title and description of the page; schools of one name are told apart by place."""
    people = monitor.participants
    row = _row(monitor, school)
    same = people.loc[people["name"] == row["name"]]
    title = row["name"]
    if len(same) > 1:
        title += f" ({row['municipality'] if same['municipality'].is_unique else school})"
    return title, f"Basisschool in {row['municipality']}: wat openbare cijfers zeggen en wat niet."


def opening(monitor: Edition, school: str) -> Prose:
    """Say first what the figures of this school can bear."""
    row = _row(monitor, school)
    mine = _own(monitor, school)
    recent = mine[mine.index.isin(years_tested(monitor)[-WINDOW:])]
    if len(recent):
        few, many = (int(recent[end].astype(float).mean() + 0.5) for end in ("n_low", "n_high"))
        least, most = numbers.number(100 / many, 0), numbers.number(100 / few, 0)
        bears = (
            f"**Deze school heeft ongeveer {_to(few, many)} leerlingen in groep 8. Eén leerling is "
            f"dan {_to(least, most)} procentpunt.** "
        )
    else:
        bears = "**Van deze school is niet openbaar hoeveel leerlingen er in groep 8 zitten.** "
    bears += (
        "Een verschil tussen twee jaren zegt dus weinig. Kijk liever naar drie jaar samen. "
        "Deze pagina is geen oordeel over de school, en geen ranglijst."
    )
    place = link(row["municipality"], f"../gemeenten/{row['municipality_code']}.ipynb")
    return Prose(f"{bears}\n\nGemeente: {place}. Alle deelnemers: [Scholen](../scholen.ipynb).")


def by_year(monitor: Edition, school: str) -> Figure | Absent:
    """Draw the results by year on the band of comparable schools."""
    mine = _own(monitor, school)
    if not len(mine):
        return Absent(_NONE)
    years = years_tested(monitor)
    alike = matched_schools(monitor, school)
    others = results(monitor, alike)["best"].groupby("year")
    enough = others.size() >= FEWEST
    frame = mine.reindex(years).rename_axis("year").reset_index()
    for name, share in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
        frame[name] = frame["year"].map(others.quantile(share)[enough])
    frame["signal"] = frame["year"].map(_signals(monitor, school)).astype(float)
    if frame["signal"].isna().all():
        frame = frame.drop(columns="signal")
    frame["provisional"] = frame["year"].isin(provisional(monitor, *SOURCES)) & frame["low"].notna()
    ranged = (frame["value"].isna() & frame["low"].notna()).any()
    for end in ("low", "high"):
        frame[f"value_{end}"] = frame[end].where(frame["value"].isna())
    frame["n"] = frame["n_low"].where(frame["n_low"] == frame["n_high"])
    variables = columns_of("school-jaren")
    shown = disclose(frame.drop(columns=["low", "high", "best", "joined"]), variables)
    if ranged:  # drawn as a bar: the result lies somewhere on it
        shown["low"], shown["high"] = shown["value_low"], shown["value_high"]
    notes = [_ALIKE.format(n=len(alike))] if alike else ["Er zijn geen vergelijkbare scholen."]
    if "signal" in shown:
        notes.append(
            "Signaleringswaarde: de grens die de Inspectie voor scholen met deze schoolweging "
            "naast drie schooljaren samen legt."
        )
    if ranged:
        notes.append(
            "Staande streep, of twee getallen: de uitkomst ligt daartussen; een deel van de "
            "aantallen is afgeschermd."
        )
    return figures.school_band(
        shown,
        figures.Texts(
            name=f"school-{school.lower()}-jaren",
            title=_results_title(monitor, school),
            subtitle=f"Aandeel behaalde streefniveaus (1S/2F) van {_row(monitor, school)['name']}, "
            "per schooljaar, in procenten",
            source=source_line(*SOURCES),
            notes=notes,
        ),
    )


def together(rows: pd.DataFrame) -> tuple[float, float]:
    """Bound the share over some school years together, weighted with their pupils.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``low``, ``high`` (percent), ``n_low``, ``n_high`` (pupils), one row per school year.

    Returns
    -------
    tuple of float
        Equal when everything is known.

    Examples
    --------
    >>> rows = pd.DataFrame({"low": [40.0, 60.0], "high": [40.0, 60.0],
    ...                      "n_low": [10, 30], "n_high": [10, 30]})
    >>> together(rows)
    (55.0, 55.0)
    """
    # A weighted mean is lowest and highest where every weight is at one of its ends.
    sizes = [sorted({int(a), int(b)}) for a, b in zip(rows["n_low"], rows["n_high"], strict=True)]
    means = [
        [float(np.average(rows[end], weights=weights)) for weights in product(*sizes)]
        for end in ("low", "high")
    ]
    return min(means[0]), max(means[1])


def _results_title(monitor: Edition, school: str) -> str:
    years = years_tested(monitor)[-WINDOW:]
    mine = _own(monitor, school)
    mine = mine[mine.index.isin(years)]
    if not len(mine):
        return "Over de laatste drie schooljaren zijn geen resultaten openbaar"
    if mine["n_low"].sum() < MINIMUM:
        return "Te weinig leerlingen voor een conclusie over de laatste drie schooljaren"
    low, high = together(mine)
    words = {1: f"In {schoolyear.label(int(mine.index[-1]))}", 2: "Twee schooljaren"}
    when = words.get(len(mine), "Drie schooljaren")
    middle, apart = (low + high) / 2, round(high) - round(low) > 1
    share = numbers.span(*(low, high) if apart else (middle, middle), 0)
    pupils = numbers.span(mine["n_low"].sum(), mine["n_high"].sum(), 0)
    start = f"{when}: {share}% van de streefniveaus bij {pupils} leerlingen"
    band = _alike_together(monitor, school, tuple(mine.index))
    if len(band) < FEWEST:
        return start
    least, most = band.quantile(0.1), band.quantile(0.9)
    if high < least:
        return f"{start}, onder de band van vergelijkbare scholen"
    if low > most:
        return f"{start}, boven de band van vergelijkbare scholen"
    if low < least or high > most:
        return start  # the range lies across an edge of the band
    return f"{start}, binnen de band van vergelijkbare scholen"


def _alike_together(monitor: Edition, school: str, years: tuple[int, ...]) -> pd.Series:
    """Return the share of each matched school over these years together."""
    table = results(monitor, matched_schools(monitor, school))
    rows = table[table.index.get_level_values("year").isin(list(years))]
    pupils = (rows["n_low"] + rows["n_high"]).astype(float) / 2
    parts = pd.DataFrame({"part": rows["best"] * pupils, "pupils": pupils}).groupby("school").sum()
    return parts["part"] / parts["pupils"]


def three_years(monitor: Edition, school: str) -> Table | Absent:
    """List three tested years at a time, beside the comparable schools."""
    mine = _own(monitor, school)
    if not len(mine):
        return Absent(_NONE)
    years = years_tested(monitor)
    rows: list[dict] = []
    for last in range(len(years), 0, -WINDOW):
        window = years[max(0, last - WINDOW) : last]
        here = mine[mine.index.isin(window)]
        if len(window) < WINDOW and rows:
            break  # what is left over is no window of three
        if not len(here):
            continue
        low, high = together(here)
        exact = low == high
        alike = _alike_together(monitor, school, tuple(here.index))
        n_low, n_high = int(here["n_low"].sum()), int(here["n_high"].sum())
        rows.append(
            {
                "window": f"{schoolyear.label(window[0])} t/m {schoolyear.label(window[-1])}"
                if len(here) == WINDOW
                else listed(here.index),
                "n": n_low if n_low == n_high else pd.NA,
                "n_low": n_low,
                "n_high": n_high,
                "value": low if exact else np.nan,
                "value_low": np.nan if exact else low,
                "value_high": np.nan if exact else high,
                "alike": alike.median() if len(alike) >= FEWEST else np.nan,
                "remark": TOO_FEW if n_low < MINIMUM else "–",
            }
        )
    if not rows:
        return Absent(_NONE)
    frame = pd.DataFrame(rows)
    few = (frame["remark"] == TOO_FEW).any()
    if not few:
        frame = frame.drop(columns="remark")
    return published_table(
        frame,
        f"school-{school.lower()}-drie-jaar",
        caption=f"Behaalde streefniveaus van {_row(monitor, school)['name']}, drie schooljaren "
        "samen",
        columns="school-drie-jaar",
        source=source_line(*SOURCES),
        notes=(
            *(
                [
                    f"‘{TOO_FEW}’: minder dan {MINIMUM} leerlingen in deze schooljaren. Het cijfer "
                    "hangt dan aan enkele leerlingen."
                ]
                if few
                else []
            ),
            "In 2023-2024 kwam er een nieuwe toets; vergelijk jaren daarvoor en daarna niet "
            "zonder de vergelijkbare scholen ernaast.",
        ),
    )


def position(monitor: Edition, school: str) -> Figure | Absent:
    """Draw the change since the start among all participants; only this school is named."""
    row = _row(monitor, school)
    if pd.isna(row["coach_start"]):
        return Absent(
            "Geen document noemt wanneer de school begon. Daarom is niet te zeggen wat er na de "
            "start veranderde."
        )
    start = int(row["coach_start"])
    begin, who = schoolyear.label(start), "De school"
    if start > monitor.year:
        return Absent(f"{who} begint in {begin}, na de jaren van deze uitgave.")
    mine = _own(monitor, school)
    if not (mine.index < start).any() or not (mine.index >= start).any():
        side = "vóór" if not (mine.index < start).any() else "sinds"
        return Absent(
            f"{who} begon in {begin}. In deze bestanden staan van deze school geen "
            f"resultaten van {side} die start."
        )
    found = monitor.changes.get(monitor.goal_of("target_levels"))
    known = None if found is None or isinstance(found, Reason) else found.table.set_index("school")
    if known is None or school not in known.index:
        return Absent("Er zijn te weinig jaren van vóór de start om toeval te kunnen meten.")
    own = known.loc[school]
    if own["mark"] == TOO_FEW:
        return Absent(
            f"Te weinig leerlingen: in de drie schooljaren voor of na de start ({begin}) deden "
            f"minder dan {MINIMUM} leerlingen de toets."
        )
    seen = known.dropna(subset=["change"])
    frame = pd.DataFrame(
        {
            "n": seen["n"],
            "value": seen["change"],
            "own": seen.index == school,
            "label": "deze school",
        }
    )
    titles = {
        ABOVE: "Vergeleken met andere scholen steeg het aandeel meer dan toeval meestal doet",
        BELOW: "Vergeleken met andere scholen daalde het aandeel meer dan toeval meestal doet",
    }
    return figures.funnel(
        frame,
        found.limits,
        figures.Texts(
            name=f"school-{school.lower()}-verandering",
            title=titles.get(own["mark"], "De verandering sinds de start past bij toeval"),
            subtitle="Verandering van het aandeel behaalde streefniveaus na de start, min die van "
            "vergelijkbare scholen, in procentpunt; elke stip is een school in het register",
            source=source_line(*SOURCES),
            notes=(
                f"Deze school: {numbers.signed(own['change'])} procentpunt. Daar zit toeval in. "
                "Wie ook op de andere deelnemers let, schat de verandering op "
                f"{numbers.signed(own['shrunken'])} procentpunt.",
                "Vergeleken zijn de laatste drie schooljaren vóór de start en de laatste drie "
                "erna. Aantal leerlingen: dat van beide perioden samen geteld als in een verschil.",
            ),
        ),
        unit="procentpunt",
    )


def advice(monitor: Edition, school: str) -> Figure | Absent:
    """Draw the mean advice by year, exact or as the range that the hidden counts leave."""
    levels = monitor.advice_levels
    mine = levels[levels["school"] == school].sort_values("year", kind="stable")
    if not len(mine):
        return Absent("In deze bestanden staan van deze school geen schooladviezen.")
    exact = mine["low"] == mine["high"]
    known = mine["pupils_low"] == mine["pupils_high"]
    frame = pd.DataFrame(
        {
            "year": mine["year"],
            "level": mine["low"].where(exact),
            "level_low": mine["low"],
            "level_high": mine["high"],
            "n": mine["pupils_low"].where(known).astype("Int64"),
            "n_low": mine["pupils_low"],
            "n_high": mine["pupils_high"],
        }
    )
    variables = columns_of("school-advies")
    shown = disclose(frame, variables).rename(
        columns={"level": "value", "level_low": "low", "level_high": "high"}
    )
    shown = shown.dropna(subset=["low"])
    if not len(shown):
        return Absent("Per jaar kregen minder dan 5 leerlingen een advies; dat is afgeschermd.")
    last = shown.iloc[-1]
    year = schoolyear.label(int(last["year"]))
    if pd.notna(last["value"]):
        title = f"Het gemiddelde advies was in {year} {numbers.number(last['value'])}"
    elif last["high"] - last["low"] >= WIDE:
        least = LEVELS[max(level for level in LEVELS if level <= last["low"])]
        most = LEVELS[min(level for level in LEVELS if level >= last["high"])]
        title = f"De adviezen van {year} liggen gemiddeld ergens tussen {least} en {most}"
    else:
        title = (
            f"Het gemiddelde advies ligt in {year} {numbers.interval(last['low'], last['high'])}"
        )
    return figures.ranges(
        shown,
        figures.Texts(
            name=f"school-{school.lower()}-advies",
            title=title,
            subtitle=f"Gemiddeld definitief advies van {_row(monitor, school)['name']}, van 0 "
            "(praktijkonderwijs) tot 9 (vwo), per schooljaar",
            source=source_line("schooladviezen"),
            notes=(
                "Vanaf 2022-2023 drukt DUO aantallen van 1 tot en met 4 af als ‘<5’.",
                "Zonder vso en zonder ‘advies niet mogelijk’.",
            ),
        ),
        unit="adviesniveau",
        levels=LEVELS,
    )


def _told_by(source: str) -> str:
    meta = get(source).meta
    return f"{meta['publisher']}, {meta['title']}"


def facts(monitor: Edition, school: str) -> Table:
    """List what is known of the school and of its part in the programme, each with its source."""
    row = _row(monitor, school)
    known = monitor.facts.set_index("school")
    register = _told_by("vestigingen")
    rows = [("BRIN en vestiging", school, "register van deelnemers")]
    if school in known.index and pd.notna(known["place"].loc[school]):
        place = str(known["place"].loc[school])
        rows.append(("Plaats", place.title() if place.isupper() else place, register))
    rows.append(("Gemeente", row["municipality"], "register van deelnemers"))
    counts = _table_of(monitor, "leerlingen_historisch", school)
    if len(counts) and len(counts := with_pupils(counts)):
        last = counts.iloc[-1]
        rows.append(
            (
                f"Leerlingen op 1 oktober {int(last['year'])}",
                numbers.masked(last["pupils_low"], last["pupils_high"]),
                _told_by("leerlingen_historisch"),
            )
        )
    weging = _table_of(monitor, "schoolweging", school)
    if len(weging) and len(weging := weging.dropna(subset="schoolweging")):
        last = weging.sort_values(["year", "edition"], kind="stable").iloc[-1]
        rows.append(
            (
                f"Schoolweging in {schoolyear.label(int(last['year']))}",
                numbers.number(last["schoolweging"], 2),
                _told_by("schoolweging"),
            )
        )
    unknown, person = "niet bekend", monitor.settings.person
    for name, label in (("network_start", "In het netwerk sinds"), ("coach_start", BEGUN)):
        year = row[name]
        text = unknown if pd.isna(year) else schoolyear.label(int(year))
        rows.append((label, text, "" if text == unknown else row["source"]))
    hours = row["hours"]
    text = unknown if pd.isna(hours) else numbers.number(hours, 0 if hours == int(hours) else 1)
    source = "" if text == unknown else row["source"]
    rows.append((f"Uren {person.one} per schooljaar", text, source))
    frame = pd.DataFrame(rows, columns=["what", "value", "source"])
    return published_table(
        frame,
        f"school-{school.lower()}-gegevens",
        caption=f"Wat er van {row['name']} bekend is",
        columns="school-gegevens",
        source="per regel in de tabel",
        notes=(
            "Schoolweging: een getal van ongeveer 20 tot 40 dat CBS en Inspectie berekenen. Hoe "
            "hoger, hoe meer kinderen thuis minder kans op een goede start hebben.",
        ),
    )


def missing(monitor: Edition, school: str) -> Prose:
    """List what the files do not say about this school."""
    mine = _own(monitor, school)
    lines = []
    absent = [year for year in years_tested(monitor) if year not in mine.index]
    if len(mine) and absent:
        lines.append(
            f"Van {listed(absent)} staan er geen resultaten van deze school in de bestanden, of "
            "deden minder dan 5 leerlingen de toets."
        )
    together_ = mine["joined"]
    solved = sorted(mine.index[together_ == "solved"])
    if solved:
        lines.append(
            f"In {listed(solved)} zou het percentage van de Inspectie naast de tabel van DUO een "
            "afgeschermd aantal verraden. Daarom staat er een bereik, en geen aantal leerlingen "
            "waar DUO er geen geeft."
        )
    apart = sorted(mine.index[together_ == "contradiction"])
    if apart:
        lines.append(
            f"In {listed(apart)} passen het percentage van de Inspectie en de aantallen van DUO "
            "niet bij elkaar. Wie van beide gelijk heeft, is niet te zien."
        )
    ranged = sorted(mine.index[mine["value"].isna() & (together_ == "")])
    if ranged:
        lines.append(
            f"In {listed(ranged)} zijn aantallen van 1 tot en met 4 leerlingen afgeschermd. Dan "
            "is alleen te zeggen waar het cijfer tussen ligt."
        )
    late = provisional(monitor, *SOURCES, "schooladviezen")
    if late:
        lines.append(f"De cijfers over {listed(late)} zijn voorlopig.")
    lines += [
        "In 2019-2020 is er geen eindtoets geweest.",
        "De cijfers gaan over groep 8. Over de andere groepen, over één kind of over één leraar "
        "zeggen zij niets.",
        "Wat het programma op deze school doet, staat niet in deze bestanden. Een verandering kan "
        "ook een andere oorzaak hebben.",
    ]
    return Prose("\n".join(f"- {plain(line)}" for line in lines))
