"""Figures with years on the axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kansen_analysis.display._canvas import (
    LINE,
    Board,
    colour,
    role,
    spread,
    text_width,
    ticks,
    wrap,
)
from kansen_analysis.display._figure import Figure, describe, flags, make, need
from kansen_analysis.display._parts import (
    MOST_SERIES,
    between,
    fit,
    shade_zone,
    shown_counts,
    texts_of,
    with_unit,
    write_counts,
    write_unit,
    write_years,
)
from kansen_analysis.errors import UsageError
from kansen_analysis.words import numbers

ROLES = {
    "deelnemers": "participants",
    "deelnemende scholen": "participants",
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
_ZERO_UNITS = ("%", "leerlingen", "scholen", "coaches", "uren", "euro")
_PROVISIONAL = "Open punt: voorlopig cijfer."
_CUT = "De verticale as begint niet bij 0."


def lines(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    breaks: Sequence[tuple[int, str, str]] = BREAKS,
    zero: bool | None = None,
) -> Figure:
    """Draw how it went over the school years: at most four lines, named where they end.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``series`` (Dutch name), ``year`` (first year of the school year), ``value``; optional
        ``low`` and ``high`` (interval, drawn as a bar), ``n`` (schools) and ``provisional``.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
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
        Whether the axis begins at 0; by default it does for shares and counts.

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
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    breaks = [each for each in breaks if years[0] < each[0] <= years[-1]]
    zero = unit in _ZERO_UNITS if zero is None else zero
    low, high = _reach(frame, zero)
    pieces = {label: _pieces(rows, breaks) for label, rows in series.items()}
    ends = {label: _last(rows) for label, rows in series.items() if rows["value"].notna().any()}

    def painter(board: Board) -> None:
        ax, room = _year_axes(board, list(series), years, breaks, low, high, unit)
        for label, rows in reversed(series.items()):  # the participants on top
            _line(ax, rows, pieces[label], role(known[label]))
        _end_labels(board, ax, room, ends, known)

    notes_own = [_PROVISIONAL] if flags(frame, "provisional").any() else []
    notes_own += [] if low == 0 or (low < 0 < high) else [_CUT]
    variables = describe(
        ("series", "Groep", "", 0, "text"),
        ("year", "Schooljaar", "", 0, "year"),
        ("value", "Waarde", unit, decimals, "mean"),
        ("low", "Ondergrens", unit, decimals, "mean"),
        ("high", "Bovengrens", unit, decimals, "mean"),
        ("n", "Scholen", "aantal", 0, "count"),
    )
    shown, about = _wide(frame, list(series), unit, decimals)
    return make(
        painter,
        lambda narrow: (300 if narrow else 330) + _top(breaks),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=_alt_lines(series, unit, decimals, breaks),
        kind="Lijngrafiek per schooljaar.",
        frame=frame,
        variables=variables,
        notes=notes_own,
        shown=shown,
        shown_variables=about,
    )


def event_study(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
    margin: float | None = None,
    start: str = "start",
) -> Figure:
    """Draw the difference with comparable schools by years before and after the start.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``relative`` (whole years since the start, 0 the first year with a coach), ``estimate``;
        ``low`` and ``high`` (missing for a year that is 0 by definition), ``n`` (schools).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
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
    x = frame["relative"].astype(int)
    reach = _reach(frame.rename(columns={"estimate": "value"}), zero=True, extra=margin)

    def painter(board: Board) -> None:
        left, right = _left(reach), 14
        ax = board.axes(left, right, 46, 84)
        ax.set(xlim=(x.min() - 0.6, x.max() + 0.6), ylim=reach)
        ticks(ax.yaxis)
        ax.grid(axis="y")
        ax.spines["bottom"].set_visible(False)
        if margin:
            shade_zone(board, ax, margin, horizontal=True)
        ax.axhline(0, color=colour("axis"), lw=1.2)
        blue = role("participants")
        for row in frame.itertuples():
            after = row.relative >= 0
            if pd.notna(row.low):
                ax.plot(
                    [row.relative] * 2,
                    [row.low, row.high],
                    color=blue["line"],
                    lw=2.4 if after else 1.4,
                )
            ax.plot(
                row.relative,
                row.estimate,
                "o",
                ms=8,
                mec=blue["line"],
                mew=1.8,
                mfc=blue["line"] if after else colour("background"),
            )
        ax.axvline(-0.5, color=role("warning")["line"], lw=1.4)
        top = ax.get_xaxis_transform()
        tail = "" if board.narrow else f" de {start}"
        for ha, dx, words in (("right", -7, "voor" + tail), ("left", 7, "na" + tail)):
            board.write(
                ax,
                (-0.5, 1),
                words,
                ha=ha,
                va="bottom",
                shift=(dx, 4),
                coords=top,
                color=role("warning")["text"],
                size=board.small,
            )
        write_unit(board, unit)
        _under(
            board,
            ax,
            x,
            [numbers.signed(v, 0) for v in x],
            frame["n"],
            "scholen",
            "jaren voor en na de " + start,
        )

    after = frame[frame["relative"] >= 0].dropna(subset=["estimate"])
    before = frame[(frame["relative"] < 0)].dropna(subset=["estimate"])
    alt = []
    if len(after):
        last = after.iloc[-1]
        alt.append(
            "Het verschil met vergelijkbare scholen is "
            f"{with_unit(last.estimate, unit, decimals, True)} "
            f"in jaar {numbers.signed(last.relative, 0)}"
            + (
                f" ({numbers.interval(last.low, last.high, decimals)})."
                if pd.notna(last.low)
                else "."
            )
        )
    if len(before):
        alt.append(f"Voor de start ligt het {between(before['estimate'], decimals)}.")
    if len(after) > 1:
        alt.append(f"Na de start {between(after['estimate'], decimals)}.")
    return make(
        painter,
        lambda narrow: 330 if narrow else 350,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Punten met intervallen per jaar voor en na de start.",
        frame=frame,
        variables=describe(
            ("relative", "Jaar na de start", "", 0, "difference"),
            ("estimate", "Verschil", unit, decimals, "difference"),
            ("low", "Ondergrens", unit, decimals, "difference"),
            ("high", "Bovengrens", unit, decimals, "difference"),
            ("n", "Scholen", "aantal", 0, "count"),
        ),
        notes=["Open punt: voor de start. Dicht punt: erna. Streep: 95%-interval."],
        shown=frame.assign(
            interval=[
                "ijkjaar" if pd.isna(row.low) else numbers.interval(row.low, row.high, decimals)
                for row in frame.itertuples()
            ]
        ),
        shown_variables=describe(
            ("relative", "Jaar na de start", "", 0, "difference"),
            ("estimate", "Verschil", unit, decimals, "difference"),
            ("interval", "95%-interval", unit, 0, "text"),
            ("n", "Scholen", "aantal", 0, "count"),
        ),
    )


def school_band(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
    breaks: Sequence[tuple[int, str, str]] = BREAKS,
    zero: bool | None = None,
) -> Figure:
    """Draw one school by year on the band of comparable schools.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``value`` (the school's own, missing where hidden), ``n`` (its pupils, as a
        disclosed count), ``p10``, ``median``, ``p90`` (comparable schools); optional ``signal``
        (own signaleringswaarde) and ``provisional``.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the values.
    decimals : int
        Of the values.
    breaks, zero
        As in `lines`.

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
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    breaks = [each for each in breaks if years[0] < each[0] <= years[-1]]
    zero = unit in _ZERO_UNITS if zero is None else zero
    columns = [c for c in ("value", "p10", "p90", "signal") if c in frame]
    low, high = _reach(frame, zero, columns=columns)
    has_signal = "signal" in frame and frame["signal"].notna().any()

    def painter(board: Board) -> None:
        ends = {
            "deze school": ("value", "participants"),
            "midden van vergelijkbare scholen": ("median", "comparison"),
        }
        if has_signal:
            ends["signalerings\u00adwaarde"] = ("signal", "warning")
        ax, room = _year_axes(board, list(ends), years, breaks, low, high, unit, bottom=76)
        for piece in _pieces(frame, breaks, "p10"):
            at = _stretch(piece)
            ax.fill_between(at["year"], at["p10"], at["p90"], color=colour("band"), lw=0)
            for edge in ("p10", "p90"):
                ax.plot(at["year"], at[edge], color=colour("band_edge"), lw=0.8)
        if has_signal:
            for row in frame.dropna(subset=["signal"]).itertuples():
                ax.plot(
                    [row.year - 0.5, row.year + 0.5],
                    [row.signal] * 2,
                    color=role("warning")["line"],
                    lw=1.8,
                    ls=(0, (4, 2)),
                )
        # On the band the teal of a line is too light; that of its text is not.
        dark = {**role("comparison"), "line": role("comparison")["text"], "marker": ""}
        middle = frame.assign(value=frame["median"], provisional=False)
        _line(ax, middle, _pieces(middle, breaks), dark)
        _line(ax, frame, _pieces(frame, breaks), role("participants"))
        write_counts(board, ax, frame["year"], shown_counts(frame), "leerlingen", drop=40)
        spots = {label: _last(frame, c) for label, (c, _) in ends.items() if frame[c].notna().any()}
        _end_labels(board, ax, room, spots, {label: part for label, (_, part) in ends.items()})

    own = frame.dropna(subset=["value"])
    alt = []
    if len(own):
        last = own.iloc[-1]
        here = f"In {numbers.school_year(last.year)} staat de school op "
        here += with_unit(last.value, unit, decimals)
        if pd.notna(last["p10"]) and pd.notna(last.p90):
            side = (
                "onder"
                if last.value < last["p10"]
                else "boven"
                if last.value > last.p90
                else "binnen"
            )
            here += f", {side} het gebied waarin 80% van de vergelijkbare scholen ligt"
        alt.append(here + ".")
        if len(own) > 1:
            alt.append(f"Over de jaren {between(own['value'], decimals)}.")
    else:
        alt.append("Van deze school zijn in deze jaren geen cijfers openbaar.")
    own_notes = ["Gekleurd gebied: de middelste 80% van de vergelijkbare scholen."]
    own_notes += [_PROVISIONAL] if flags(frame, "provisional").any() else []
    own_notes += [] if low == 0 else [_CUT]
    return make(
        painter,
        lambda narrow: (330 if narrow else 350) + _top(breaks),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Lijngrafiek per schooljaar met een band.",
        frame=frame,
        variables=describe(
            ("year", "Schooljaar", "", 0, "year"),
            ("value", "Deze school", unit, decimals, "mean"),
            ("n", "Leerlingen", "aantal", 0, "count"),
            ("p10", "Vergelijkbaar: 10% ligt lager", unit, decimals, "mean"),
            ("median", "Vergelijkbaar: midden", unit, decimals, "mean"),
            ("p90", "Vergelijkbaar: 10% ligt hoger", unit, decimals, "mean"),
            ("signal", "Signaleringswaarde", unit, decimals, "mean"),
        ),
        notes=own_notes,
    )


def small_multiples(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
    reference: str = "hele gebied",
    zero: bool | None = None,
) -> Figure:
    """Draw one small panel per municipality, all on one scale.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``panel`` (municipality), ``year``, ``value``, ``marked`` (whether schools there take
        part); optional ``reference`` (the same value for the whole area).
    name, title, subtitle, source, notes
        Texts, as in `Figure`; the subtitle says "context, geen toets".
    unit : str
        Of the values.
    decimals : int
        Of the values.
    reference : str
        Name of the reference line.
    zero : bool, optional
        As in `lines`.

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
    zero = unit in _ZERO_UNITS if zero is None else zero
    columns = ["value", *(["reference"] if "reference" in frame else [])]
    low, high = _reach(frame, zero, columns=columns)
    years = (int(frame["year"].min()), int(frame["year"].max()))
    marked = flags(frame, "marked")
    tall, foot = 128, 8

    def head(narrow: bool) -> int:
        return 46 if narrow else 30

    def grid(narrow: bool) -> tuple[int, int]:
        across = min(2 if narrow else 4, len(panels))
        return across, -(-len(panels) // across)

    def painter(board: Board) -> None:
        across, _ = grid(board.narrow)
        wide = board.width / across
        top = board.whole()
        x = 4.0
        entries = [
            ("met deelnemende scholen", role("participants"), 2.6, "-"),
            ("zonder", role("context"), 1.6, "-"),
        ]
        if "reference" in frame:
            entries.append((reference, role("national"), 1.4, "--"))
        y = 12.0
        for label, style, width, dash in entries:
            need_px = 30 + text_width(label, board.small) + 16
            if x + need_px > board.width and x > 4:
                x, y = 4.0, y + 18
            top.plot([x, x + 22], [y, y], color=style["line"], lw=width, ls=dash)
            board.write(top, (x + 28, y), label, size=board.small, color=style["text"])
            x += need_px
        for i, panel in enumerate(panels):
            rows = frame[frame["panel"] == panel].sort_values("year", kind="stable")
            column, line = i % across, i // across
            edge = head(board.narrow) + line * tall
            ax = board.axes(
                column * wide + 34,
                board.width - (column + 1) * wide + 10,
                edge + 22,
                board.height - edge - tall + 24,
            )
            ax.set(xlim=(years[0] - 0.4, years[1] + 0.4), ylim=(low, high))
            ticks(ax.yaxis, 2)
            ax.grid(axis="y")
            ax.set_xticks([])
            mine = bool(marked[rows.index].any())
            style = role("participants" if mine else "context")
            if "reference" in frame:
                ax.plot(
                    rows["year"], rows["reference"], color=role("national")["line"], lw=1.4, ls="--"
                )
            for piece in _pieces(rows, ()):
                ax.plot(
                    piece["year"],
                    piece["value"],
                    color=style["line"],
                    lw=2.6 if mine else 1.6,
                    marker="o" if mine or len(piece) == 1 else "",
                    ms=3.5,
                )
            box = ax.transAxes
            board.write(
                ax,
                (0, 1),
                fit(panel, wide - 44, board.small, "bold"),
                weight="bold" if mine else "normal",
                coords=box,
                va="bottom",
                shift=(-4, 4),
                size=board.small,
                color=style["text"],
            )
            for year, ha in ((years[0], "left"), (years[1], "right")):
                board.write(
                    ax,
                    (0 if ha == "left" else 1, 0),
                    numbers.short_year(year),
                    ha=ha,
                    va="top",
                    coords=box,
                    shift=(0, -3),
                    size=11,
                    color=colour("quiet"),
                )

    last = frame[frame["year"] == years[1]].dropna(subset=["value"])
    alt = []
    if len(last):
        most, least = last.loc[last["value"].idxmax()], last.loc[last["value"].idxmin()]
        alt.append(
            f"In {numbers.school_year(years[1])} loopt het van "
            f"{with_unit(least.value, unit, decimals)} in {least.panel} tot "
            f"{with_unit(most.value, unit, decimals)} in {most.panel}."
        )
    alt.append(f"Vanaf {numbers.school_year(years[0])}, op één schaal.")
    return make(
        painter,
        lambda narrow: head(narrow) + grid(narrow)[1] * tall + foot,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Lijngrafiek van één gemeente."
        if len(panels) == 1
        else f"{len(panels)} kleine lijngrafieken, een per gemeente.",
        frame=frame,
        variables=describe(
            ("panel", "Gemeente", "", 0, "text"),
            ("marked", "Met deelnemers", "", 0, "text"),
            ("year", "Schooljaar", "", 0, "year"),
            ("value", "Waarde", unit, decimals, "mean"),
            ("reference", reference[:1].upper() + reference[1:], unit, decimals, "mean"),
        ),
        notes=[] if low == 0 else [_CUT],
    )


# --- shared pieces ---------------------------------------------------------------------------


def _series(frame: pd.DataFrame, known: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    labels = list(dict.fromkeys(frame["series"]))
    if len(labels) > MOST_SERIES:
        raise UsageError(f"a figure shows at most {MOST_SERIES} series, {len(labels)} were given")
    strange = [label for label in labels if label not in known]
    if strange:
        raise UsageError(f"no role for the series {', '.join(strange)}; give it in roles")
    labels.sort(
        key=lambda label: (
            list(ROLES.values()).index(known[label]) if known[label] in ROLES.values() else 99
        )
    )
    return {label: frame[frame["series"] == label] for label in labels}


def _pieces(
    rows: pd.DataFrame, breaks: Sequence[tuple[int, str, str]], column: str = "value"
) -> list[pd.DataFrame]:
    """Cut a line where a year is missing and where a break says so."""
    rows = rows.dropna(subset=[column]).sort_values("year", kind="stable")
    stops = {year for year, _, kind in breaks if kind == "break"}
    year = rows["year"].astype(int)
    new = (year.diff() != 1) | year.isin(stops)
    return [piece for _, piece in rows.groupby(new.cumsum())]


def _stretch(piece: pd.DataFrame) -> pd.DataFrame:
    """Give a band of one year a width."""
    piece = piece[["year", "p10", "p90"]].astype(float)
    if len(piece) > 1:
        return piece
    return pd.concat(
        [piece.assign(year=piece["year"] - 0.3), piece.assign(year=piece["year"] + 0.3)]
    )


def _line(ax: Axes, rows: pd.DataFrame, pieces: list[pd.DataFrame], style: dict) -> None:
    for piece in pieces:
        ax.plot(
            piece["year"], piece["value"], color=style["line"], lw=style["width"], ls=style["dash"]
        )
    if {"low", "high"} <= set(rows.columns):
        known = rows.dropna(subset=["low", "high"])
        ax.vlines(known["year"], known["low"], known["high"], color=style["line"], lw=1.2)
    lonely = {piece["year"].iloc[0] for piece in pieces if len(piece) == 1}
    for (year, value), open_ in zip(
        rows[["year", "value"]].itertuples(index=False), flags(rows, "provisional"), strict=True
    ):
        if pd.isna(value) or not (style["marker"] or open_ or year in lonely):
            continue
        hollow = open_ or style["hollow"]
        ax.plot(
            year,
            value,
            style["marker"] or "o",
            ms=7 if hollow or style["width"] > 2 else 6,
            mec=style["line"],
            mew=1.8,
            mfc=colour("background") if hollow else style["line"],
            zorder=4,
        )


def _reach(
    frame, zero: bool, *, columns=("value",), extra: float | None = None
) -> tuple[float, float]:
    found = [frame[c].astype(float) for c in (*columns, "low", "high") if c in frame]
    values = pd.concat(found).dropna()
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if extra:
        low, high = min(low, -1.3 * extra), max(high, 1.3 * extra)
    room = 0.08 * ((high - low) or abs(high) or 1)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
        return (low - room if low < 0 else 0.0), (high + room if high > 0 else 0.0)
    return low - room, high + room


def _top(breaks) -> float:
    return 17 * len(breaks)


def _left(reach: tuple[float, float]) -> float:
    widest = max(abs(reach[0]), abs(reach[1]))
    return 50 if widest >= 1000 or reach[0] < 0 or widest < 2 else 38


def _year_axes(
    board: Board, labels, years: range, breaks, low, high, unit, *, bottom: float = 46
) -> tuple[Axes, float]:
    """Make axes with years and breaks, and room at the right for the names of the lines."""
    size = board.size
    room = 92 if board.narrow else 150
    longest = max(
        text_width(line, size, "bold") for label in labels for line in wrap(label, room, size)
    )
    left, right = _left((low, high)), longest + 18
    ax = board.axes(left, right, 26 + _top(breaks), bottom)
    ax.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(low, high))
    ticks(ax.yaxis)
    ax.grid(axis="y")
    write_years(board, ax, years, board.width - left - right)
    top = ax.get_xaxis_transform()
    pixels = board.height - 26 - _top(breaks) - bottom
    warning = role("warning")
    for i, (year, label, kind) in enumerate(breaks):
        up = 17 * i + 11  # later breaks higher: no rule runs through a text
        at = year if kind == "gap" else year - 0.5
        if kind == "gap":
            ax.axvspan(
                year - 0.4,
                year + 0.4,
                ymax=1 + (up - 8) / pixels,
                color=colour("zone"),
                lw=0,
                clip_on=False,
                zorder=0.5,
            )
        else:
            ax.plot(
                [at, at],
                [0, 1 + (up + 6) / pixels],
                transform=top,
                color=warning["line"],
                lw=1,
                clip_on=False,
                ls="-" if kind == "break" else (0, (3, 2)),
            )
        width = text_width(label, board.small)
        spot = (at - years[0] + 0.5) / len(years) * (board.width - left - right)
        to_left = spot > width - left + 6 and spot > (board.width - left - right) * 0.4
        if kind == "gap" and spot > width / 2 and spot + width / 2 < board.width - left:
            ha, dx = "center", 0
        else:
            ha, dx = ("right", -5) if to_left else ("left", 5)
        board.write(
            ax,
            (at, 1),
            label,
            ha=ha,
            coords=top,
            shift=(dx, up),
            size=board.small,
            color=warning["text"] if kind != "gap" else colour("quiet"),
            back=True,
        )
    write_unit(board, unit)
    return ax, right - 12


def _last(rows: pd.DataFrame, column: str = "value") -> tuple[int, float]:
    """Return year and value of the last point of a line."""
    end = rows.dropna(subset=[column]).sort_values("year", kind="stable").iloc[-1]
    return int(end["year"]), float(end[column])


def _end_labels(
    board: Board,
    ax: Axes,
    room: float,
    spots: Mapping[str, tuple[int, float]],
    roles: Mapping[str, str],
) -> None:
    """Write each name where its line ends, without overlap."""
    tall, (low, high) = ax.get_window_extent().height, ax.get_ylim()
    texts = {label: wrap(label, room, board.size, "bold") for label in spots}
    want = [(value - low) / (high - low) * tall for _, value in spots.values()]
    gaps = [len(lines) * board.size * LINE + 4 for lines in texts.values()]
    edge = ax.get_xlim()[1]
    for (label, (year, value)), pixel in zip(
        spots.items(), spread(want, gaps, -14, tall + 14), strict=True
    ):
        style, y = role(roles[label]), low + pixel / tall * (high - low)
        ax.plot([year + 0.2, edge], [value, y], color=style["line"], lw=0.8, clip_on=False)
        weight = "bold" if roles[label] == "participants" else "normal"
        board.write(ax, (edge, y), texts[label], color=style["text"], shift=(5, 0), weight=weight)


def _under(board: Board, ax: Axes, x, words, counts, what: str, label: str) -> None:
    step = 1 if ax.get_window_extent().width / len(x) >= 34 else 2
    keep = [i for i in range(len(x)) if (x.iloc[i] % step) == 0]
    ax.set_xticks([x.iloc[i] for i in keep], [""] * len(keep))
    at = ax.get_xaxis_transform()
    for i in keep:
        board.write(
            ax,
            (x.iloc[i], 0),
            words[i],
            coords=at,
            ha="center",
            va="top",
            shift=(0, -7),
            size=board.small,
            color=colour("quiet"),
        )
    board.write(
        ax,
        (0.5, 0),
        label,
        coords=ax.transAxes,
        ha="center",
        va="top",
        shift=(0, -25),
        size=board.small,
        color=colour("quiet"),
    )
    board.write(
        board.whole(),
        (2, board.height - 30),
        f"aantal {what}:",
        size=board.small,
        color=colour("quiet"),
    )
    for i in keep:
        board.write(
            ax,
            (x.iloc[i], 0),
            numbers.number(counts.iloc[i], 0),
            coords=at,
            ha="center",
            va="top",
            shift=(0, -67),
            size=board.small,
        )


def _wide(frame, labels, unit, decimals) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the series beside each other, one row per year, for the table."""
    table = frame.pivot_table(index="year", columns="series", values="value", sort=True)
    table = table.reindex(columns=labels).reset_index()
    table.columns = ["year", *[f"value{i}" for i in range(len(labels))]]
    if "provisional" in frame:
        late = set(frame.loc[flags(frame, "provisional"), "year"])
        table["provisional"] = [year in late for year in table["year"]]
    about = describe(
        ("year", "Schooljaar", "", 0, "year"),
        *[
            (f"value{i}", label[:1].upper() + label[1:], unit, decimals, "mean")
            for i, label in enumerate(labels)
        ],
    )
    return table, about


def _alt_lines(
    series: Mapping[str, pd.DataFrame],
    unit: str,
    decimals: int,
    breaks: Sequence[tuple[int, str, str]],
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
    name = label[:1].upper() + label[1:]
    # A direction only over years that can be compared: after the last break.
    since = max((at for at, _, kind in breaks if kind == "break"), default=-1)
    last, together = rows.iloc[-1], rows[rows["year"] >= since]
    if len(together) > 1:
        first = together.iloc[0]
        change = np.sign(round(last.value, decimals) - round(first.value, decimals))
        word = {1: "gestegen", -1: "gedaald", 0: "gelijk gebleven"}[int(change)]
        said.append(
            f"{name}: {word} sinds {numbers.school_year(first.year)} "
            f"(toen {with_unit(first.value, unit, decimals)})."
        )
    if len(rows) > 1:
        top = rows.loc[rows["value"].idxmax()]
        said.append(
            f"Hoogste: {with_unit(top.value, unit, decimals)} in {numbers.school_year(top.year)}."
        )
    return said
