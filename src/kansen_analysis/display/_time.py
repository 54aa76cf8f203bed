"""Figures with years on the axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kansen_analysis.display._canvas import LINE, Board, colour, role, ticks, wrap
from kansen_analysis.display._figure import Figure, Texts, flags, make, need
from kansen_analysis.display._parts import (
    MOST_SERIES,
    PUPILS,
    SCHOOLS,
    YEAR,
    Break,
    between,
    cut,
    end_labels,
    end_room,
    estimate_columns,
    estimate_says,
    left_of,
    legend,
    pixels_of,
    reach,
    shown_counts,
    stroke,
    under,
    with_unit,
    within,
    write_counts,
    year_axes,
    zone,
)
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

ROLES = {
    "deelnemers": "participants",
    "deelnemende scholen": "participants",
    "scholen in het register": "participants",
    "alle scholen in het land": "national",
    "deze school": "participants",
    "vergelijkbare scholen": "comparison",
    "eerdere jaren": "earlier",
    "deelnemers, eerdere jaren": "earlier",
    "landelijk": "national",
    "Nederland": "national",
    "alle scholen": "national",
}
# kind: gap = no data that year; break = the line stops; rule = only a mark.
BREAKS = (
    (2019, "2019-2020: geen toets", "gap"),
    (2022, "vanaf hier <5 afgeschermd", "rule"),
    (2023, "nieuwe toets en adviesregel", "break"),
)
_COUNTRY = "Nederland"
_PROVISIONAL = "Open punt: voorlopig cijfer."


def lines(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    unit: str,
    decimals: int = 1,
    roles: Mapping[str, str] | None = None,
    breaks: Sequence[Break] = BREAKS,
    zero: bool | None = None,
) -> Figure:
    """Draw how it went over the school years: at most four lines, named where they end.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``series`` (Dutch name), ``year`` (first year of the school year), ``value``; optional
        ``low`` and ``high`` (interval, drawn as a bar), ``n`` (schools), ``provisional`` and
        ``segment`` (a number that changes where the line must not go on).
    texts : Texts
    unit : str
        Of the values.
    decimals : int
        Of the values in the table and the alt text.
    roles : mapping, optional
        Name of a series to its role in the palette, for names that `ROLES` does not know.
    breaks : sequence of (year, text, kind)
        Drawn where they lie within the years: ``gap`` a year without data, ``break`` where the
        line stops, ``rule`` only a mark. The mark stands before the year.
    zero : bool, optional
        Whether the axis begins at 0; by default it does where 0 is near.

    Returns
    -------
    Figure
        With one row per year in its table.

    Raises
    ------
    UsageError
        For more than four series, a series without a role, or a missing column.
    """
    frame = need(frame, ("series", "year", "value"), "lines")
    frame = frame.sort_values(["series", "year"], kind="stable").reset_index(drop=True)
    known = {**ROLES, **(roles or {})}
    series = _series(frame, known)
    years = _years(frame)
    breaks = within(breaks, years)
    limits = reach(frame, ("value", "low", "high"), zero)
    painter = partial(_lines, series=series, known=known, years=years, breaks=breaks, limits=limits)
    shown, about = _beside(frame, list(series), unit, decimals)
    return make(
        texts,
        partial(painter, unit=unit, decimals=decimals),
        alt=_alt_lines(series, unit, decimals, breaks),
        kind="Lijngrafiek per schooljaar.",
        frame=frame,
        variables=[
            ("series", "Groep", "", 0, "text"),
            YEAR,
            ("value", "Waarde", unit, decimals, "mean"),
            ("low", "Ondergrens", unit, decimals, "mean"),
            ("high", "Bovengrens", unit, decimals, "mean"),
            SCHOOLS,
        ],
        notes=[*_provisional(frame), *cut(*limits)],
        shown=shown,
        shown_variables=about,
    )


def _lines(board: Board, *, series, known, years, breaks, limits, unit, decimals) -> None:
    right = end_room(board, list(series))
    tall = 250 if board.narrow else 300
    ax = year_axes(board, years, limits, unit, tall=tall, right=right, breaks=breaks)
    for label, rows in reversed(series.items()):  # the participants on top
        _line(board, ax, rows, breaks, role(known[label]), (label, unit, decimals))
    ends = {label: _last(rows) for label, rows in series.items() if rows["value"].notna().any()}
    end_labels(board, ax, ends, known)


def event_study(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    unit: str,
    decimals: int = 1,
    margin: float | None = None,
    start: str = "start",
) -> Figure:
    """Draw the difference with comparable schools by years before and after the start.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``relative`` (whole years since the start, 0 the first year with a coach), ``estimate``;
        ``low`` and ``high`` (missing for a year that is 0 by definition), ``n`` (schools).
    texts : Texts
    unit : str
        Of the difference.
    decimals : int
        Of the difference.
    margin : float, optional
        The smallest difference that matters; draws the zone in which it does not.
    start : str
        What begins at 0, at the vertical rule.

    Returns
    -------
    Figure
        Open points before the start, filled points after it.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("relative", "estimate", "low", "high", "n"), "event_study")
    frame = frame.sort_values("relative", kind="stable").reset_index(drop=True)
    after = frame[frame["relative"] >= 0].dropna(subset=["estimate"])
    before = frame[frame["relative"] < 0].dropna(subset=["estimate"])
    alt = []
    if len(after):
        last = after.iloc[-1]
        size = with_unit(last.estimate, unit, decimals, True)
        at = numbers.signed(last.relative, 0)
        doubt = f" ({numbers.interval(last.low, last.high, decimals)})" * pd.notna(last.low)
        alt.append(f"Het verschil met vergelijkbare scholen is {size} in jaar {at}{doubt}.")
    if len(before):
        alt.append(f"Voor de start ligt het {between(before['estimate'], decimals)}.")
    if len(after) > 1:
        alt.append(f"Na de start {between(after['estimate'], decimals)}.")
    relative = ("relative", "Jaar na de start", "", 0, "difference")
    return make(
        texts,
        partial(
            _event_study, frame=frame, unit=unit, decimals=decimals, margin=margin, start=start
        ),
        alt=alt,
        kind="Punten met intervallen per jaar voor en na de start.",
        frame=frame,
        variables=[relative, *estimate_columns(unit, decimals), SCHOOLS],
        notes=["Open punt: voor de start. Dicht punt: erna. Streep: 95%-interval."],
        shown=frame.assign(
            interval=[
                "ijkjaar" if pd.isna(row.low) else numbers.interval(row.low, row.high, decimals)
                for row in each_row(frame)
            ]
        ),
        shown_variables=[
            relative,
            estimate_columns(unit, decimals)[0],
            ("interval", "95%-interval", unit, 0, "text"),
            SCHOOLS,
        ],
    )


def _event_study(board: Board, *, frame, unit, decimals, margin, start) -> None:
    x = frame["relative"].astype(int).to_numpy()
    limits = reach(frame, ("estimate", "low", "high"), True, extra=margin or 0)
    board.tall(350 if board.narrow else 390)
    ax = board.axes(
        left_of(board, limits), 14, 46, 92, xlim=(x.min() - 0.6, x.max() + 0.6), ylim=limits
    )
    ticks(ax.yaxis)
    ax.grid(axis="y")
    ax.spines["bottom"].set_visible(False)
    if margin:
        zone(board, ax, margin, flat=True)
    ax.axhline(0, color=colour("axis"), lw=1.2)
    line = role("participants")["line"]
    for row in each_row(frame):
        after = row.relative >= 0
        if pd.notna(row.low):
            ends = [row.low, row.high]
            ax.plot([row.relative] * 2, ends, color=line, lw=2.4 if after else 1.4)
        says = f"jaar {numbers.signed(row.relative, 0)}: {estimate_says(row, unit, decimals)}"
        fill = line if after else colour("background")
        board.mark(ax, row.relative, row.estimate, says, ms=8, mec=line, mew=1.8, mfc=fill)
    ax.axvline(-0.5, color=role("warning")["line"], lw=1.4)
    tail = "" if board.narrow else f" de {start}"
    for ha, dx, words in (("right", -7, "voor" + tail), ("left", 7, "na" + tail)):
        place = {"on": "x", "ha": ha, "va": "bottom", "shift": (dx, 4)}
        board.quiet(ax, (-0.5, 1), words, ink="warning", **place)
    board.quiet(None, (2, 10), unit)
    kept = under(board, ax, x, [numbers.signed(v, 0) for v in x], 7)
    ax.set_xticks([x[i] for i in kept], [""] * len(kept))
    below = f"jaren voor en na de {start}"
    board.quiet(ax, (0.5, 0), below, on="axes", ha="center", va="top", shift=(0, -26))
    write_counts(board, ax, x, [numbers.number(n, 0) for n in frame["n"]], "scholen")


def school_band(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw one school by year on the band of comparable schools, in percent.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``value`` (the school's own, missing where hidden), ``n`` (its pupils, as a
        disclosed count), ``p10``, ``median``, ``p90`` (comparable schools); optional ``signal``
        (own signaleringswaarde) and ``provisional``.
    texts : Texts

    Returns
    -------
    Figure
        The number of pupils stands under the years.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("year", "value", "n", "p10", "median", "p90"), "school_band")
    frame = frame.sort_values("year", kind="stable").reset_index(drop=True)
    years = _years(frame)
    ends = [name for name in ("value_low", "value_high") if name in frame]
    limits = reach(frame, ("value", *ends, "p10", "p90", "signal"))
    own = frame.dropna(subset=["value"])
    alt = ["Van deze school zijn in deze jaren geen cijfers openbaar."]
    if len(own):
        last = own.iloc[-1]
        here = f"In {numbers.school_year(last.year)} staat de school op "
        here += numbers.percent(last.value, 1)
        if pd.notna(last["p10"]) and pd.notna(last.p90):
            low, high = last.value < last["p10"], last.value > last.p90
            side = "onder" if low else "boven" if high else "binnen"
            here += f", {side} het gebied waarin 80% van de vergelijkbare scholen ligt"
        alt = [here + "."]
        if len(own) > 1:
            alt.append(f"Over de jaren {between(own['value'], 1)}.")
    columns = {
        "p10": "Vergelijkbaar: 10% ligt lager",
        "median": "Vergelijkbaar: midden",
        "p90": "Vergelijkbaar: 10% ligt hoger",
        "signal": "Signaleringswaarde",
    }
    return make(
        texts,
        partial(
            _school_band,
            frame=frame,
            years=years,
            breaks=within(BREAKS, years),
            limits=limits,
        ),
        alt=alt,
        kind="Lijngrafiek per schooljaar met een band.",
        frame=frame,
        variables=[
            YEAR,
            ("value", "Deze school", "%", 1, "mean"),
            PUPILS,
            *[(column, label, "%", 1, "mean") for column, label in columns.items()],
        ],
        notes=[
            "Gekleurd gebied: de middelste 80% van de vergelijkbare scholen.",
            *_provisional(frame),
            *cut(*limits),
        ],
    )


def _school_band(board: Board, *, frame, years, breaks, limits) -> None:
    ends = {
        "deze school": ("value", "participants"),
        "midden van vergelijkbare scholen": ("median", "comparison"),
        "signalerings\u00adwaarde": ("signal", "warning"),
    }
    ends = {label: end for label, end in ends.items() if end[0] in frame}
    ends = {label: end for label, end in ends.items() if frame[end[0]].notna().any()}
    right = end_room(board, list(ends))
    ax = year_axes(board, years, limits, "%", tall=240, right=right, breaks=breaks, counts=True)
    pixel, (start, end) = pixels_of(ax), ax.get_xlim()
    for piece in _pieces(frame, breaks, "p10"):
        at = piece[["year", "p10", "p90"]].astype(float)
        if len(at) == 1:  # a band of one year has a width
            at = pd.concat([at.assign(year=at["year"] + 16 / pixel * side) for side in (-1, 1)])
        ax.fill_between(at["year"], at["p10"], at["p90"], color=colour("band"), lw=0)
        for edge in ("p10", "p90"):
            ax.plot(at["year"], at[edge], color=colour("band_edge"), lw=0.8)
    if "signal" in frame:
        for row in each_row(frame.dropna(subset=["signal"])):
            look = {"color": role("warning")["line"], "lw": 1.8, "ls": (0, (4, 2))}
            step = [max(start, row.year - 0.5), min(end, row.year + 0.5)]
            ax.plot(step, [row.signal] * 2, **look)
    # On the band the teal of a line is too light; that of its text is not.
    dark = {**role("comparison"), "line": colour("comparison"), "marker": ""}
    middle = frame.assign(value=frame["median"], provisional=False)
    _line(board, ax, middle, breaks, dark, ("midden van vergelijkbare scholen", "%", 1))
    _line(board, ax, frame, breaks, role("participants"), ("deze school", "%", 1))
    write_counts(board, ax, frame["year"], shown_counts(frame), "leerlingen")
    spots = {label: _last(frame, column) for label, (column, _) in ends.items()}
    end_labels(board, ax, spots, {label: part for label, (_, part) in ends.items()})


def small_multiples(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw one small panel per municipality, all on one scale, in percent.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``panel`` (municipality), ``year``, ``value``, ``marked`` (whether schools there take
        part); optional ``reference`` (the same value for the country).
    texts : Texts
        The subtitle says "context, geen toets".

    Returns
    -------
    Figure
        Panels in the order of the frame.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("panel", "year", "value", "marked"), "small_multiples")
    panels = list(dict.fromkeys(frame["panel"]))
    limits = reach(frame, ("value", "reference"))
    years = _years(frame)
    last = frame[frame["year"] == years[-1]].dropna(subset=["value"])
    alt = []
    if len(last):
        most, least = (last.iloc[at] for at in (last["value"].argmax(), last["value"].argmin()))
        alt.append(
            f"In {numbers.school_year(years[-1])} loopt het van "
            f"{numbers.percent(least.value, 1)} in {least.panel} tot "
            f"{numbers.percent(most.value, 1)} in {most.panel}."
        )
    alt.append(f"Vanaf {numbers.school_year(years[0])}, op één schaal.")
    many = f"{len(panels)} kleine lijngrafieken, een per gemeente."
    return make(
        texts,
        partial(
            _small_multiples,
            panels=[frame[frame["panel"] == panel] for panel in panels],
            years=years,
            limits=limits,
        ),
        alt=alt,
        kind="Lijngrafiek van één gemeente." if len(panels) == 1 else many,
        frame=frame,
        variables=[
            ("panel", "Gemeente", "", 0, "text"),
            ("marked", "Met deelnemers", "", 0, "text"),
            YEAR,
            ("value", "Waarde", "%", 1, "mean"),
            ("reference", _COUNTRY, "%", 1, "mean"),
        ],
        notes=cut(*limits),
    )


def _small_multiples(board: Board, *, panels, years, limits) -> None:
    across = min(2 if board.narrow else 4, len(panels))
    wide = board.width / across
    names = [wrap(rows["panel"].iloc[0], wide - 44, board.small, True) for rows in panels]
    room = max(map(len, names)) * board.small * LINE + 8
    tall = 106 + room
    styles = {
        "met deelnemende scholen": {**role("participants"), "width": 2.6},
        "zonder": {**role("context"), "width": 1.6},
    }
    if "reference" in panels[0]:
        styles[_COUNTRY] = role("national")
    spots, head = board.flow(list(styles))
    board.tall(head + 4 + -(-len(panels) // across) * tall)
    legend(board, spots, {label: stroke(style) for label, style in styles.items()})
    for i, (rows, name) in enumerate(zip(panels, names, strict=True)):
        rows = rows.sort_values("year", kind="stable")
        column, line = i % across, i // across
        edge = head + 4 + line * tall
        ax = board.axes(
            column * wide + 38,
            board.width - (column + 1) * wide + 12,
            edge + room,
            board.height - edge - tall + 28,
            xlim=(years[0] - 0.4, years[-1] + 0.4),
            ylim=limits,
        )
        ticks(ax.yaxis, 2)
        ax.grid(axis="y")
        ax.set_xticks([])
        mine = bool(flags(rows, "marked").any())
        style = list(styles.values())[0 if mine else 1]
        if "reference" in rows:
            national = role("national")
            ax.plot(rows["year"], rows["reference"], color=national["line"], lw=1.4, ls="--")
        for piece in _pieces(rows, ()):
            ax.plot(piece["year"], piece["value"], color=style["line"], lw=style["width"])
            for row in each_row(piece):
                says = f"{numbers.school_year(row.year)}: {numbers.percent(row.value, 1)}"
                size = 3.5 if mine or len(piece) == 1 else 1.6
                board.mark(ax, row.year, row.value, says, ms=size, color=style["line"])
        part = "participants" if mine else "context"
        place = {"on": "axes", "va": "bottom", "shift": (-34, 6)}
        board.quiet(ax, (0, 1), name, bold=mine, ink=part, **place)
        for year, x, ha in ((years[0], 0, "left"), (years[-1], 1, "right")):
            said = numbers.school_year(year)
            place = {"on": "axes", "ha": ha, "va": "top", "shift": (0, -4)}
            board.quiet(ax, (x, 0), said, size=12, **place)


# --- shared pieces ---------------------------------------------------------------------------


def _years(frame: pd.DataFrame) -> range:
    return range(int(frame["year"].min()), int(frame["year"].max()) + 1)


def _provisional(frame: pd.DataFrame) -> list[str]:
    return [_PROVISIONAL] if flags(frame, "provisional").any() else []


def _series(frame: pd.DataFrame, known: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    labels = list(dict.fromkeys(frame["series"]))
    if len(labels) > MOST_SERIES:
        raise UsageError(f"a figure shows at most {MOST_SERIES} series, {len(labels)} were given")
    strange = [label for label in labels if label not in known]
    if strange:
        raise UsageError(f"no role for the series {', '.join(strange)}; give it in roles")
    order = list(dict.fromkeys(ROLES.values()))
    labels.sort(key=lambda label: order.index(known[label]) if known[label] in order else 99)
    return {label: frame[frame["series"] == label] for label in labels}


def _pieces(
    rows: pd.DataFrame, breaks: Sequence[Break], column: str = "value"
) -> list[pd.DataFrame]:
    """Cut a line where a year is missing, where a break says so, and where a segment begins."""
    rows = rows.dropna(subset=[column]).sort_values("year", kind="stable")
    stops = {year for year, _, kind in breaks if kind == "break"}
    year = rows["year"].astype(int)
    new = (year.diff() != 1) | year.isin(stops)
    if "segment" in rows:
        new |= rows["segment"].diff().fillna(0) != 0
    return [piece for _, piece in rows.groupby(new.cumsum())]


def _line(board: Board, ax: Axes, rows, breaks, style: dict, about: tuple) -> None:
    label, unit, decimals = about
    pieces = _pieces(rows, breaks)
    line = style["line"]
    for piece in pieces:
        ax.plot(piece["year"], piece["value"], color=line, lw=style["width"], ls=style["dash"])
    if {"low", "high"} <= set(rows.columns):
        known = rows.dropna(subset=["low", "high"])
        ax.vlines(known["year"], known["low"], known["high"], color=line, lw=1.2)
    lonely = {piece["year"].iloc[0] for piece in pieces if len(piece) == 1}
    for row, open_ in zip(each_row(rows), flags(rows, "provisional"), strict=True):
        if pd.isna(row.value):
            continue
        said = with_unit(row.value, unit, decimals)
        hollow = open_ or style["hollow"]
        look = style["marker"] or ("o" if open_ or row.year in lonely else "")
        size = 7 if hollow or style["width"] > 2 else 6
        fill = colour("background") if hollow else line
        if not look:  # there to be pointed at
            look, size, fill = "o", style["width"], line
        board.mark(
            ax,
            row.year,
            row.value,
            f"{label}, {numbers.school_year(row.year)}: {said}",
            look,
            **{"ms": size, "mec": line, "mew": 1.8 if size > 3 else 0, "mfc": fill},
        )


def _last(rows: pd.DataFrame, column: str = "value") -> tuple[int, float]:
    """Return year and value of the last point of a line."""
    end = rows.dropna(subset=[column]).sort_values("year", kind="stable").iloc[-1]
    return int(end["year"]), float(end[column])


def _beside(frame, labels, unit, decimals) -> tuple[pd.DataFrame, list[tuple]]:
    """Put the series beside each other, one row per year, for the table."""
    table = frame.pivot_table(index="year", columns="series", values="value", sort=True)
    table = table.reindex(columns=labels).reset_index()
    names = [f"value{i}" for i in range(len(labels))]
    table.columns = ["year", *names]
    if "provisional" in frame:
        late = set(frame.loc[flags(frame, "provisional"), "year"])
        table["provisional"] = [year in late for year in table["year"]]
    described = zip(names, labels, strict=True)
    return table, [
        YEAR,
        *[(name, numbers.capital(of), unit, decimals, "mean") for name, of in described],
    ]


def _alt_lines(
    series: Mapping[str, pd.DataFrame], unit: str, decimals: int, breaks: Sequence[Break]
) -> list[str]:
    ends = {label: rows.dropna(subset=["value"]) for label, rows in series.items()}
    ends = {label: rows for label, rows in ends.items() if len(rows)}
    if not ends:
        return ["Er zijn in deze jaren geen cijfers bekend."]
    year = max(rows["year"].max() for rows in ends.values())
    now = [
        f"{label} {with_unit(rows['value'].iloc[-1], unit, decimals)}"
        for label, rows in ends.items()
        if rows["year"].iloc[-1] == year
    ]
    said = [f"In {numbers.school_year(year)}: {', '.join(now)}."]
    label, rows = next(iter(ends.items()))
    # A direction only over years that can be compared: after the last break.
    since = max((at for at, _, kind in breaks if kind == "break"), default=-1)
    last, together = rows.iloc[-1], rows[rows["year"] >= since]
    if "segment" in rows:  # nor over years of other schools
        together = together[together["segment"] == last.segment]
    if len(together) > 1:
        first = together.iloc[0]
        change = np.sign(round(last.value, decimals) - round(first.value, decimals))
        word = {1: "gestegen", -1: "gedaald", 0: "gelijk gebleven"}[int(change)]
        said.append(
            f"{numbers.capital(label)}: {word} sinds {numbers.school_year(first.year)} "
            f"(toen {with_unit(first.value, unit, decimals)})."
        )
    if len(rows) > 1:
        top = rows.iloc[int(rows["value"].argmax())]
        said.append(
            f"Hoogste: {with_unit(top.value, unit, decimals)} in {numbers.school_year(top.year)}."
        )
    return said
