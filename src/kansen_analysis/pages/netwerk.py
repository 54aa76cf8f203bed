"""Het netwerk: does it grow, does it hold, and which schools does it reach."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kansen_analysis.display import figures, programme_figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.region import HIGH_FIFTHS, in_fifths
from kansen_analysis.pages._programme import last_year, period, sources, this_year
from kansen_analysis.pages.common import published_table, source_line
from kansen_analysis.pages.markdown import plain
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers
from kansen_analysis.words.numbers import many

REGISTER = "register van deelnemers (participants.csv)"
FEWEST = 5  # schools; of fewer no growth is drawn
_NO_YEAR = "Van geen enkele school in het register is een beginjaar bekend."


def _since(people: pd.DataFrame) -> pd.Series:
    """Return the first school year in the network; a school with a coach is in it."""
    return people[["network_start", "coach_start"]].min(axis=1).astype("Int64")


def _with_coach(people: pd.DataFrame, year: int) -> pd.Series:
    started = (people["coach_start"] <= year).fillna(False).astype(bool)
    ended = (people["coach_end"] < year).fillna(False).astype(bool)
    return started & ~ended


def _years(monitor: Edition) -> pd.DataFrame:
    """Count per school year what the register holds."""
    people = monitor.participants
    since = _since(people)
    known = [year for year in since.dropna() if year <= monitor.year]
    rows = [
        (
            year,
            int((since <= year).sum()),
            int(_with_coach(people, year).sum()),
            int((since == year).sum()),
            int((people["coach_end"] == year - 1).sum()),
        )
        for year in range(min(known, default=1), monitor.year + 1 if known else 1)
    ]
    return pd.DataFrame(rows, columns=["year", "network", "coach", "joined", "left"])


def size(monitor: Edition) -> Prose:
    """Say how many schools and coaches the register holds, and what it does not know."""
    people = monitor.participants
    coach = int(_with_coach(people, monitor.year).sum())
    if not len(people):
        return _told(monitor, "**Het register noemt nog geen scholen.**")
    unknown = int(_since(people).isna().sum())
    text = (
        f"**Het register telt {many(len(people), 'school', 'scholen')} in "
        f"{many(people['municipality'].nunique(), 'gemeente', 'gemeenten')}.** "
        f"Daarvan {'is' if coach == 1 else 'zijn'} er {coach} begonnen en nog bezig in "
        f"{this_year(monitor)}, voor zover een document het beginjaar noemt."
    )
    if unknown:
        text += f" Van {many(unknown, 'school', 'scholen')} is het beginjaar niet bekend."
    return _told(monitor, text)


def _told(monitor: Edition, text: str) -> Prose:
    """Set beside what the register holds how large documents say the programme is."""
    titles = {each.short: f"{each.title}, {each.date}" for each in monitor.settings.documents}
    lines = [
        f"- {plain(each.says)} ({plain(titles[each.document])})"
        for each in monitor.settings.network
    ]
    if lines:
        text += "\n\nDe omvang van het hele programma, zoals documenten die noemen:\n\n"
    return Prose(text + "\n".join(lines))


def _grows(frame: pd.DataFrame) -> bool:
    """Tell whether years differ; rows that are all alike say nothing that the text does not."""
    differ = len(frame[["network", "coach"]].drop_duplicates()) > 1
    return differ and frame["network"].max() >= FEWEST


def growth(monitor: Edition) -> Figure | Absent:
    """Draw schools and coaches per school year."""
    frame = _years(monitor)
    if not len(frame):
        return Absent(_NO_YEAR)
    if not _grows(frame):
        return Absent("")
    unknown = int(_since(monitor.participants).isna().sum())
    last = frame.iloc[-1]
    person = monitor.settings.person.one
    title = f"Het register heeft in {numbers.school_year(last.year)} "
    title += f"{many(last.network, 'school', 'scholen')} in het netwerk, "
    title += f"{numbers.number(last.coach, 0)} met een {person}"
    note = f"Niet in de figuur: {many(unknown, 'school', 'scholen')} zonder bekend beginjaar."
    return programme_figures.network_growth(
        frame,
        figures.Texts(
            name="netwerk-groei",
            title=title,
            subtitle=f"Scholen in het netwerk en scholen met een {person}, volgens het register, "
            "per schooljaar, aantal scholen",
            source=REGISTER,
            notes=(note,) if unknown else (),
        ),
        person,
    )


def documents(monitor: Edition) -> Table | Absent:
    """List what documents say about the size, beside what the register holds in that year."""
    frame = monitor.programme.network
    if not len(frame):
        return Absent("Er zijn geen documenten met getallen over het netwerk vastgelegd.")
    people, since = monitor.participants, _since(monitor.participants)
    started = f"scholen met een {monitor.settings.person.one}"
    held: dict[str, Callable[[int], int]] = {
        "scholen in het netwerk": lambda year: int((since <= year).sum()),
        started: lambda year: int(_with_coach(people, year).sum()),
    }
    number = frame["schools"].map(lambda value: numbers.number(value, 0))
    exact = frame["precision"] == "precies"
    shown = pd.DataFrame(
        {
            "what": frame["what"].str.capitalize(),
            "year": frame["year"].map(period),
            "said": number.where(exact, frame["precision"] + " " + number),
            "register": pd.array(
                [
                    held[row.what](last_year(row.year)) if row.what in held else pd.NA
                    for row in each_row(frame)
                ],
                dtype="Int64",
            ),
            "document": frame["source"],
        }
    )
    return published_table(
        shown,
        "netwerk-documenten",
        caption="De omvang van het netwerk volgens documenten, naast het register",
        source=sources(frame) + "; " + REGISTER,
        notes=(
            "In het register staan alleen scholen die een openbaar document bij naam noemt. "
            "Daarom kan het minder zijn dan een document telt.",
        ),
    )


def per_municipality(monitor: Edition) -> Table | Absent:
    """List schools that have begun per municipality and school year."""
    people = monitor.participants
    if not _grows(_years(monitor)):
        return Absent("")
    years = range(max(monitor.year - 4, monitor.programme_start), monitor.year + 1)
    groups = people["municipality"]
    frame = pd.DataFrame({"schools": groups.value_counts()}).sort_index(kind="stable")
    rows = [
        ("municipality", "Gemeente", "", 0, "text"),
        ("schools", "In het register", "scholen", 0, "count"),
    ]
    for year in years:
        frame[f"coach_{year}"] = _with_coach(people, year).groupby(groups).sum()
        rows.append((f"coach_{year}", numbers.school_year(year), "scholen", 0, "count"))
    frame["unknown"] = people["coach_start"].isna().groupby(groups).sum()
    rows.append(("unknown", "Beginjaar onbekend", "scholen", 0, "count"))
    return published_table(
        frame.rename_axis("municipality").reset_index(),
        "netwerk-gemeenten",
        caption=f"Scholen met een {monitor.settings.person.one} per gemeente en schooljaar",
        variables=about(*rows),
        source=REGISTER,
    )


def stopped(monitor: Edition) -> Table | Prose:
    """List the schools whose coach stopped."""
    people = monitor.participants
    frame = people[(people["coach_end"] < monitor.year).fillna(False)]
    if not len(frame):
        return Prose(
            f"Het register noemt geen school waar {monitor.settings.person.the} is gestopt."
        )
    return published_table(
        frame.sort_values(["coach_end", "name"], ignore_index=True, kind="stable"),
        "netwerk-gestopt",
        caption=f"Scholen waar {monitor.settings.person.the} is gestopt",
        source=REGISTER,
        notes=("Gestopt is niet mislukt: een school kan het werk zelf hebben overgenomen.",),
    )


def coverage(monitor: Edition) -> Table | Absent:
    """Count per municipality how many schools with a high schoolweging take part.

    High, and the schools of a municipality, are what *De regio in cijfers* tells of them.
    """
    tables = {name: monitor.load(name) for name in ("schoolweging", "leerlingen_historisch")}
    rows = in_fifths({**tables, "schools": monitor.schools})
    if not len(rows):
        return Absent("Er is in deze map geen schoolweging.")
    year, bound = int(rows["year"].iloc[0]), rows["schoolweging"].quantile(HIGH_FIFTHS)
    people = monitor.participants
    here = rows[rows["municipality_code"].isin(people["municipality_code"])]
    if not len(here):
        return Absent("Van geen enkele school in het register is de schoolweging bekend.")
    frame = pd.DataFrame(
        {
            "schools": 1,
            "participant": here["school"].isin(people["school"]),
            "high": here["fifth"] >= 4,
        }
    )
    frame["reached"] = frame["participant"] & frame["high"]
    name = people.drop_duplicates("municipality_code").set_index("municipality_code")
    frame = frame.groupby(here["municipality_code"].map(name["municipality"])).sum().astype(int)
    frame = frame.rename_axis("municipality").sort_index(kind="stable").reset_index()
    high, reached = int(frame["high"].sum()), int(frame["reached"].sum())
    share = f"{'staat' if reached == 1 else 'staan'} er {reached} in het register"
    label = schoolyear.label(year)
    return published_table(
        frame,
        "netwerk-bereik",
        caption="Scholen met een hoge schoolweging, en hoeveel daarvan in het register staan, per "
        f"gemeente, {label}",
        source=source_line("schoolweging", "vestigingen") + "; " + REGISTER,
        notes=(
            f"Hoog: hoger dan {numbers.number(bound, 1)}; dat hebben twee van de vijf scholen in "
            f"het land. Van de {high} in deze gemeenten {share}.",
            "Een hoge schoolweging betekent dat leerlingen gemiddeld minder kansen van huis uit "
            "meekrijgen. Bij kleine scholen zegt het getal minder.",
        ),
    )


def programmes(monitor: Edition) -> Table | Absent:
    """List the programmes this monitor follows."""
    frame = monitor.programme.programmes
    if not len(frame):
        return Absent("Er zijn geen programma’s vastgelegd.")
    shown = frame.assign(
        period=[
            " – ".join(part[:4] for part in (row.started, row.ended) if part) or "onbekend"
            for row in each_row(frame)
        ],
        sdg=frame["sdg"].str.replace(";", ", "),
    )
    return published_table(
        shown,
        "netwerk-programmas",
        caption="De programma’s die deze monitor volgt",
        source=sources(frame),
    )
