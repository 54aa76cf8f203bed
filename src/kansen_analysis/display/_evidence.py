"""Figures about how sure we are: estimates, intervals, comparability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kansen_analysis.display._canvas import (
    NARROW,
    WIDE,
    Board,
    colour,
    role,
    spread,
    ticks,
    wrap,
)
from kansen_analysis.display._figure import Figure, describe, flags, make, need
from kansen_analysis.display._parts import (
    between,
    fit,
    shade_zone,
    texts_of,
    with_unit,
    write_unit,
)
from kansen_analysis.errors import UsageError
from kansen_analysis.words import numbers

SIGNS = {
    "Beter": "▲",
    "Slechter": "▼",
    "Geen verschil dat ertoe doet": "=",
    "Onbeslist": "?",
    "Niet toetsbaar": "–",
}
UNTESTABLE = "Niet toetsbaar"
_MOST_LINES = 4  # of a reason in the overview
_FARTHEST = 6  # margins; an interval that goes farther is cut and gets an arrow


def versions(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    margin: float,
    decimals: int = 1,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the four versions of an estimate as dots with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``version`` (V1 …), ``label`` (what it does, in Dutch), ``estimate``, ``low``, ``high``;
        optional ``n`` (schools). A version that could not be fitted has no estimate.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the difference.
    margin : float
        The smallest difference that matters.
    decimals : int
        Of the difference.

    Returns
    -------
    Figure
        One row per version, in the order of the frame.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("version", "label", "estimate", "low", "high"), "versions")
    reach = _symmetric(frame, margin)

    def painter(board: Board) -> None:
        left = 14 if board.narrow else 250
        ax = board.axes(left, 16, 26, 52)
        ax.set(xlim=reach, ylim=(len(frame), 0))
        ax.set_yticks([])
        ticks(ax.xaxis, 4 if board.narrow else 6)
        ax.grid(axis="x")
        _scale(board, ax, margin, unit)
        for i, row in enumerate(frame.itertuples()):
            words = f"{row.version}  {row.label}"
            if board.narrow:
                board.write(
                    ax, (reach[0], i + 0.26), words, size=board.size, back=True, shift=(2, 0)
                )
            else:
                lines = wrap(words, left - 20, board.size)
                board.write(
                    ax, (0, i + 0.5), lines, coords=ax.get_yaxis_transform(), shift=(-left + 2, 0)
                )
            _dot(ax, i + (0.68 if board.narrow else 0.5), row.estimate, row.low, row.high)
            if pd.isna(row.estimate):
                board.write(
                    ax,
                    (0, i + 0.6),
                    "niet te schatten",
                    color=colour("quiet"),
                    back=True,
                    ha="center",
                )

    known = frame.dropna(subset=["estimate"])
    alt = ["Geen van de versies kon worden geschat."]
    if len(known):
        clear = int(((known["low"] > 0) | (known["high"] < 0)).sum())
        alt = [
            f"De schattingen liggen {between(known['estimate'], decimals)} {unit}.",
            f"Bij {clear} van de {len(known)} versies ligt nul buiten het interval.",
            f"De intervallen lopen van {numbers.number(known.low.min(), decimals)} tot "
            f"{numbers.number(known.high.max(), decimals)}.",
        ]
    return make(
        painter,
        lambda narrow: 78 + len(frame) * (62 if narrow else 50),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind=f"{len(frame)} punten met intervallen.",
        frame=frame,
        variables=describe(
            ("version", "Versie", "", 0, "text"),
            ("label", "Wat deze versie doet", "", 0, "text"),
            ("estimate", "Verschil", unit, decimals, "difference"),
            ("low", "Ondergrens", unit, decimals, "difference"),
            ("high", "Bovengrens", unit, decimals, "difference"),
            ("n", "Scholen", "aantal", 0, "count"),
        ),
        notes=["Punt: schatting. Streep: 95%-interval."],
    )


def goals_overview(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw the verdict on each goal on one common scale.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per goal: ``goal`` (number), ``label`` (short, Dutch), ``verdict`` (one of
        `SIGNS`), ``estimate``, ``low``, ``high`` (higher is better, in ``unit``), ``margin`` (the
        smallest difference that matters, in ``unit``), ``unit``; optional ``decimals`` and
        ``reason`` (what is missing, for a goal that cannot be tested).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.

    Returns
    -------
    Figure
        Every estimate is divided by its margin, so that the shaded zone means the same in every
        row. A goal that cannot be tested says so and has no mark.

    Raises
    ------
    UsageError
        For a verdict that does not exist, or a missing column.
    """
    columns = ("goal", "label", "verdict", "estimate", "low", "high", "margin", "unit")
    frame = need(frame, columns, "goals_overview")
    strange = sorted(set(frame["verdict"]) - set(SIGNS))
    if strange:
        raise UsageError(f"not a verdict: {', '.join(map(str, strange))}")
    scaled = (
        frame[["estimate", "low", "high"]].astype(float).div(frame["margin"].astype(float), axis=0)
    )
    untestable = frame["verdict"] == UNTESTABLE
    scaled = scaled.mask(untestable)
    far = scaled.abs().to_numpy()[~scaled.isna().to_numpy()]
    edge = min(_FARTHEST, max(2.5, 1.12 * far.max())) if far.size else 2.5
    reach = (-edge, edge)
    decimals = frame["decimals"] if "decimals" in frame else pd.Series(1, index=frame.index)

    def stacks(board: Board) -> tuple[list[list[tuple]], float, list[float]]:
        """Break the words of every row into lines; return them with their width and heights."""
        room = board.width - 8 if board.narrow else 282
        rows = []
        for i, row in enumerate(frame.itertuples()):
            head = wrap(f"{row.goal}. {row.label}", room, board.size + 1, "bold")
            words = wrap(_size_words(row, int(decimals.iloc[i])), room, board.small)
            if len(words) > _MOST_LINES:  # the whole reason stands in the table
                words = [
                    *words[: _MOST_LINES - 1],
                    fit(words[_MOST_LINES - 1] + " …", room, board.small),
                ]
            rows.append(
                [(line, board.size + 1, "bold", "text") for line in head]
                + [(f"{SIGNS[row.verdict]} {row.verdict}", board.size, "bold", "text")]
                + [(line, board.small, "normal", "quiet") for line in words]
            )
        scale = scaled["estimate"].notna() * (44 if board.narrow else 0)
        return (
            rows,
            room,
            [16 + 19 * len(row) + room_ for row, room_ in zip(rows, scale, strict=True)],
        )

    def height(narrow: bool) -> float:
        return top_edge + 6 + sum(stacks(Board(NARROW if narrow else WIDE, 9, narrow=narrow))[2])

    top_edge = 40

    def painter(board: Board) -> None:
        narrow = board.narrow
        rows, room, heights = stacks(board)
        left = 12 if narrow else room + 18
        top = board.whole()
        ax = board.axes(left, 12, top_edge, 6)
        ax.set(xlim=reach, ylim=(sum(heights), 0))
        ax.axis("off")
        for i, tall in enumerate(heights):
            y = sum(heights[:i])
            top.plot([0, board.width], [top_edge + y] * 2, color=colour("grid"), lw=1)
            for k, (line, size, weight, ink) in enumerate(rows[i]):
                board.write(
                    top,
                    (2, top_edge + y + 17 + 19 * k),
                    line,
                    size=size,
                    weight=weight,
                    color=colour(ink),
                )
            low, high = (y + tall - 44, y + tall - 8) if narrow else (y + 8, y + tall - 8)
            middle = (low + high) / 2
            if pd.isna(scaled.loc[i, "estimate"]):
                if not narrow:
                    board.write(
                        ax,
                        (0, middle),
                        "geen toets",
                        ha="center",
                        size=board.small,
                        color=colour("quiet"),
                    )
                continue
            ax.fill_between([-1, 1], low, high, color=colour("zone"), lw=0, zorder=0.4)
            for side in (-1, 1):
                ax.plot(
                    [side, side], [low, high], color=colour("zone_edge"), lw=0.9, ls=(0, (2, 2))
                )
            ax.plot([0, 0], [low, high], color=colour("axis"), lw=1.2)
            _dot(ax, middle, *scaled.loc[i, ["estimate", "low", "high"]], reach=reach)
        box = ax.transAxes
        for x, ha, words in ((0, "left", "◄ slechter"), (1, "right", "beter ►")):
            board.write(
                ax,
                (x, 1),
                words,
                coords=box,
                ha=ha,
                va="bottom",
                shift=(0, 5),
                size=board.small,
                color=colour("quiet"),
            )
        board.write(
            ax,
            (0.5, 1),
            ["verschil dat", "er niet toe doet"],
            coords=box,
            ha="center",
            va="bottom",
            shift=(0, 4),
            size=11.5,
            color=colour("quiet"),
        )

    said = [f"Doel {row.goal}: {row.verdict.lower()}." for row in frame.itertuples()]
    tested = scaled.dropna(subset=["estimate"])
    alt = [" ".join(said)]
    if len(tested):
        alt.append(
            f"Getoetst: {len(tested)} van de {len(frame)} doelen; de schattingen liggen "
            f"{numbers.interval(tested.estimate.min(), tested.estimate.max())} keer het "
            "kleinste verschil dat ertoe doet."
        )
    return make(
        painter,
        height,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Punten met intervallen op één schaal.",
        frame=frame,
        variables=describe(
            ("goal", "Doel", "", 0, "code"),
            ("label", "Uitkomst", "", 0, "text"),
            ("verdict", "Oordeel", "", 0, "text"),
            ("estimate", "Verschil", "in de eenheid van de rij", 1, "difference"),
            ("low", "Ondergrens", "", 1, "difference"),
            ("high", "Bovengrens", "", 1, "difference"),
            ("margin", "Kleinste verschil dat ertoe doet", "", 1, "mean"),
            ("unit", "Eenheid", "", 0, "text"),
            ("reason", "Wat ontbreekt", "", 0, "text"),
        ),
        notes=[
            "Punt: schatting. Streep: 95%-interval. Elke rij is gedeeld door het kleinste verschil "
            "dat bij dat doel ertoe doet. Een pijl: het interval loopt verder door."
        ]
        if len(tested)
        else [],
        shown=frame[["goal", "label", "verdict"]].assign(
            size=[
                _size_words(row, int(d))
                for row, d in zip(frame.itertuples(), decimals, strict=True)
            ]
        ),
        shown_variables=describe(
            ("goal", "Doel", "", 0, "code"),
            ("label", "Uitkomst", "", 0, "text"),
            ("verdict", "Oordeel", "", 0, "text"),
            ("size", "Verschil, of wat ontbreekt", "", 0, "text"),
        ),
    )


def ruler(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw what could have been seen: sizes side by side on one ruler.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per mark: ``kind`` (``detectable``, ``matters`` or ``estimate``), ``label``
        (Dutch), ``value``; for the estimate also ``low`` and ``high``.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the values.
    decimals : int
        Of the values.

    Returns
    -------
    Figure
        One row per mark, all from zero on the same scale.

    Raises
    ------
    UsageError
        For a kind that does not exist, or a missing column.
    """
    frame = need(frame, ("kind", "label", "value"), "ruler")
    strange = sorted(set(frame["kind"]) - {"detectable", "matters", "estimate"})
    if strange:
        raise UsageError(f"not a mark of the ruler: {', '.join(map(str, strange))}")
    ends = [c for c in ("value", "low", "high") if c in frame]
    values = frame[ends].astype(float).to_numpy()
    values = values[~np.isnan(values)]
    low, high = min(0.0, values.min()), max(0.0, values.max())
    pad = 0.06 * (high - low or 1)

    def size(row) -> str:
        if pd.isna(row.value):
            return "niet te schatten"
        return with_unit(row.value, unit, decimals, row.kind == "estimate")

    def painter(board: Board) -> None:
        ax = board.axes(12, 16, 8, 46)
        ax.set(xlim=(low - pad if low < 0 else 0, high + pad), ylim=(len(frame), 0))
        ax.set_yticks([])
        ticks(ax.xaxis, 4 if board.narrow else 8)
        ax.grid(axis="x")
        ax.axvline(0, color=colour("axis"), lw=1.4)
        for i, row in enumerate(frame.itertuples()):
            words = f"{row.label}: {size(row)}"
            lines = wrap(words, board.width - 40, board.size)
            board.write(
                ax,
                (0, i + 0.3),
                lines,
                coords=ax.get_yaxis_transform(),
                back=True,
                weight="bold" if row.kind == "estimate" else "normal",
                shift=(4, 0),
            )
            if pd.isna(row.value):
                continue
            if row.kind == "estimate":
                _dot(ax, i + 0.74, row.value, getattr(row, "low", None), getattr(row, "high", None))
            else:
                style = role("warning" if row.kind == "detectable" else "context")
                ax.plot(
                    [0, row.value],
                    [i + 0.74] * 2,
                    color=style["line"],
                    lw=5,
                    ls="-" if row.kind == "detectable" else (0, (1, 0.6)),
                )
        board.write(
            ax,
            (0.5, 0),
            unit,
            coords=ax.transAxes,
            ha="center",
            va="top",
            shift=(0, -24),
            size=board.small,
            color=colour("quiet"),
        )

    said = "; ".join(f"{row.label.lower()} {size(row)}" for row in frame.itertuples())
    return make(
        painter,
        lambda narrow: 54 + len(frame) * 62,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=[said[:1].upper() + said[1:] + "."],
        kind="Balken op één liniaal.",
        frame=frame,
        variables=describe(
            ("label", "Maat", "", 0, "text"),
            ("value", "Waarde", unit, decimals, "mean"),
            ("low", "Ondergrens", unit, decimals, "mean"),
            ("high", "Bovengrens", unit, decimals, "mean"),
        ),
        shown=frame.assign(
            size=[size(row) for row in frame.itertuples()],
            interval=[
                numbers.interval(getattr(row, "low", None), getattr(row, "high", None), decimals)
                if row.kind == "estimate"
                else "niet van toepassing"
                for row in frame.itertuples()
            ],
        ),
        shown_variables=describe(
            ("label", "Maat", "", 0, "text"),
            ("size", "Grootte", "", 0, "text"),
            ("interval", "95%-interval", unit, 0, "text"),
        ),
    )


def balance(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
    limit: float = 0.1,
) -> Figure:
    """Draw how much participants and comparison schools differ, before and after choosing.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (characteristic, Dutch), ``before`` and ``after`` (standardised difference).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    limit : float
        Up to here a difference counts as small.

    Returns
    -------
    Figure
        Open: all schools. Filled: the chosen comparison schools.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("label", "before", "after"), "balance")
    if frame["after"].isna().all():
        raise UsageError("balance: no difference is known")
    values = frame[["before", "after"]].abs().to_numpy(dtype=float)
    edge = 1.12 * max(np.nanmax(values), 2 * limit)

    def painter(board: Board) -> None:
        left = 14 if board.narrow else 210
        ax = board.axes(left, 14, 30, 48)
        ax.set(xlim=(-edge, edge), ylim=(len(frame), 0))
        ax.set_yticks([])
        ticks(ax.xaxis, 4 if board.narrow else 6)
        ax.grid(axis="x")
        shade_zone(board, ax, limit, horizontal=False)
        ax.axvline(0, color=colour("axis"), lw=1.2)
        teal, blue = role("context"), role("participants")
        for i, row in enumerate(frame.itertuples()):
            y = i + (0.7 if board.narrow else 0.5)
            if board.narrow:
                board.write(ax, (-edge, i + 0.28), row.label, back=True, shift=(2, 0))
            else:
                board.write(
                    ax,
                    (0, y),
                    wrap(row.label, left - 20, board.size),
                    coords=ax.get_yaxis_transform(),
                    shift=(-left + 2, 0),
                )
            ax.plot([row.before, row.after], [y, y], color=colour("axis"), lw=1)
            ax.plot(row.before, y, "o", ms=8, mfc=colour("background"), mec=teal["line"], mew=1.8)
            ax.plot(row.after, y, "o", ms=8, color=blue["line"])
        board.write(
            ax,
            (0, 1),
            "klein verschil",
            coords=ax.get_xaxis_transform(),
            ha="center",
            va="bottom",
            shift=(0, 4),
            size=board.small,
            color=colour("quiet"),
        )
        board.write(
            ax,
            (0.5, 0),
            "gestandaardiseerd verschil",
            coords=ax.transAxes,
            ha="center",
            va="top",
            shift=(0, -24),
            size=board.small,
            color=colour("quiet"),
        )

    small = int((frame["after"].abs() <= limit).sum())
    worst = frame.loc[frame["after"].abs().idxmax()]
    return make(
        painter,
        lambda narrow: 78 + len(frame) * (54 if narrow else 36),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=[
            f"Na het kiezen van vergelijkbare scholen is het verschil klein "
            f"bij {small} van de {len(frame)} kenmerken.",
            f"Het grootste verschil daarna: {worst.label}, {numbers.signed(worst.after, 2)} "
            f"(ervoor {numbers.signed(worst.before, 2)}).",
        ],
        kind="Puntenfiguur.",
        frame=frame,
        variables=describe(
            ("label", "Kenmerk", "", 0, "text"),
            ("before", "Verschil met alle scholen", "standaarddeviaties", 2, "difference"),
            ("after", "Verschil met gekozen scholen", "standaarddeviaties", 2, "difference"),
        ),
        notes=["Open punt: alle scholen. Dicht punt: de gekozen vergelijkbare scholen."],
    )


def histograms(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
    bins: int = 10,
) -> Figure:
    """Draw how two groups of schools are spread, one upwards and one downwards.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per school: ``panel`` (characteristic with its unit, Dutch), ``series``
        (``deelnemers`` or ``vergelijkbare scholen``), ``value``.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    bins : int
        Number of bars in a panel.

    Returns
    -------
    Figure
        Its frame holds the bars (share of the group per class), not the schools.

    Raises
    ------
    UsageError
        For other series, or a missing column.
    """
    raw = need(frame, ("panel", "series", "value"), "histograms").dropna(subset=["value"])
    groups = ["deelnemers", "vergelijkbare scholen"]
    strange = sorted(set(raw["series"]) - set(groups))
    if strange:
        raise UsageError(f"histograms compare {' and '.join(groups)}, not {', '.join(strange)}")
    panels = list(dict.fromkeys(raw["panel"]))
    bars = pd.concat(
        [_bars(raw[raw["panel"] == panel], panel, groups, bins) for panel in panels],
        ignore_index=True,
    )
    top = 1.15 * bars["share"].max()
    tall = 230

    import seaborn  # here, because it takes a second and only this figure needs it

    def painter(board: Board) -> None:
        across = 1 if board.narrow else len(panels)
        wide = board.width / across
        for i, panel in enumerate(panels):
            rows = bars[bars["panel"] == panel]
            column, line = i % across, i // across
            ax = board.axes(
                column * wide + 34,
                board.width - (column + 1) * wide + 12,
                line * tall + 26,
                board.height - (line + 1) * tall + 40,
            )
            ax.set(ylim=(-top, top), xlim=(rows["from"].min(), rows["to"].max()))
            ticks(ax.xaxis, 5)
            ticks(ax.yaxis, 4)
            ax.set_yticks([t for t in ax.get_yticks() if abs(t) <= top])
            ax.set_yticklabels([numbers.number(abs(t), 0) for t in ax.get_yticks()])
            for group, sign, part in zip(
                groups, (1, -1), ("participants", "comparison"), strict=True
            ):
                own = rows[rows["series"] == group]
                style = role(part)
                seaborn.histplot(
                    x=(own["from"] + own["to"]) / 2,
                    weights=sign * own["share"],
                    bins=[*own["from"], own["to"].iloc[-1]],
                    color=style["line"],
                    alpha=1,
                    edgecolor=colour("background"),
                    linewidth=1.2,
                    ax=ax,
                )
                board.write(
                    ax,
                    (0.99, 0.97 if sign > 0 else 0.03),
                    group,
                    coords=ax.transAxes,
                    ha="right",
                    size=board.small,
                    color=style["text"],
                    back=True,
                    weight="bold" if sign > 0 else "normal",
                )
            ax.set(xlabel="", ylabel="")
            ax.axhline(0, color=colour("axis"), lw=1.2)
            board.write(
                ax,
                (0, 1),
                f"% van de scholen, naar {panel}",
                coords=ax.transAxes,
                va="bottom",
                shift=(-30, 6),
                size=board.small,
                color=colour("quiet"),
            )

    said = []
    for panel in panels:
        middle = raw[raw["panel"] == panel].groupby("series")["value"].median()
        each = [f"{numbers.number(middle[g])} bij {g}" for g in groups if g in middle]
        said.append(f"{panel[:1].upper()}{panel[1:]}: midden {' en '.join(each)}.")
    return make(
        painter,
        lambda narrow: tall * (len(panels) if narrow else 1),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=said,
        kind="Gespiegelde histogrammen.",
        frame=bars,
        variables=describe(
            ("panel", "Kenmerk", "", 0, "text"),
            ("series", "Groep", "", 0, "text"),
            ("from", "Van", "", 1, "mean"),
            ("to", "Tot", "", 1, "mean"),
            ("share", "Deel van de scholen", "%", 0, "share"),
        ),
    )


def funnel(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw change against number of pupils, with limits that chance alone explains.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per school: ``n`` (pupils, 5 or more), ``value`` (change); optional ``own``
        (whether it is the school of the page) and ``label`` (its name). No other names are drawn
        or published.
    limits : pandas.DataFrame
        ``n`` with ``low95``, ``high95``, ``low998``, ``high998``, over-dispersed.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the change.
    decimals : int
        Of the change.

    Returns
    -------
    Figure
        Schools by size, without an order.

    Raises
    ------
    UsageError
        For a missing column, no rows, or a school of fewer than 5 pupils.
    """
    frame = need(frame, ("n", "value"), "funnel").dropna(subset=["n", "value"])
    limits = need(
        limits, ("n", "low95", "high95", "low998", "high998"), "funnel limits"
    ).sort_values("n", kind="stable")
    if (frame["n"] < 5).any():
        raise UsageError("funnel: a change over fewer than 5 pupils may not be shown")
    own = flags(frame, "own")
    wanted = [c for c in ("n", "value") if c in frame]
    data = (
        frame[wanted]
        .assign(own=np.where(own, "ja", "nee"))
        .sort_values(["n", "value"], kind="stable")
    )
    edge_x = 1.06 * max(frame["n"].max(), limits["n"].max())
    seen = limits[limits["n"] >= max(5, 0.6 * frame["n"].min())]
    span = [*frame["value"], *seen["low998"], *seen["high998"]]
    pad = 0.06 * (max(span) - min(span))

    def painter(board: Board) -> None:
        left, right = 44, 48
        ax = board.axes(left, right, 40, 48)
        ax.set(xlim=(0, edge_x), ylim=(min(span) - pad, max(span) + pad))
        ticks(ax.yaxis)
        ticks(ax.xaxis, 4 if board.narrow else 7)
        ax.axhline(0, color=colour("axis"), lw=1.2)
        for ends, dash in (("95", (0, (5, 3))), ("998", "-")):
            for side in ("low", "high"):
                ax.plot(
                    seen["n"], seen[side + ends], color=role("comparison")["line"], lw=1.3, ls=dash
                )
        tail, tall = seen.iloc[-1], ax.get_window_extent().height
        bottom, ceiling = ax.get_ylim()
        scale = tall / (ceiling - bottom)
        want = [(tail[c] - bottom) * scale for c in ("high95", "high998")]
        for words, pixel in zip(("95%", "99,8%"), spread(want, [14, 14], 0, tall), strict=True):
            board.write(
                ax,
                (tail["n"], bottom + pixel / scale),
                words,
                shift=(5, 0),
                size=11.5,
                color=role("comparison")["text"],
            )
        rest = frame[~own]
        ax.plot(
            rest["n"], rest["value"], "o", ms=6, mfc="none", mec=role("national")["line"], mew=1.2
        )
        for row in frame[own].itertuples():
            ax.plot(row.n, row.value, "o", ms=11, color=role("participants")["line"])
            _flag(board, ax, row.n, row.value, str(getattr(row, "label", "deze school")))
        write_unit(board, unit)
        board.write(
            ax,
            (0.5, 0),
            "aantal leerlingen",
            coords=ax.transAxes,
            ha="center",
            va="top",
            shift=(0, -24),
            size=board.small,
            color=colour("quiet"),
        )

    low, high, low8, high8 = (
        np.interp(frame["n"], limits["n"], limits[c])
        for c in ("low95", "high95", "low998", "high998")
    )
    out95 = int(((frame["value"] < low) | (frame["value"] > high)).sum())
    out998 = int(((frame["value"] < low8) | (frame["value"] > high8)).sum())
    return make(
        painter,
        lambda narrow: 320 if narrow else 360,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=[
            f"Van {len(frame)} scholen liggen er {out95} buiten de 95%-grenzen "
            f"en {out998} buiten de 99,8%-grenzen.",
            f"De verandering ligt {between(frame['value'], decimals)} {unit}; "
            "kleine scholen wisselen het meest.",
        ],
        kind="Trechterfiguur.",
        frame=data,
        variables=describe(
            ("n", "Leerlingen", "aantal", 0, "count"),
            ("value", "Verandering", unit, decimals, "difference"),
            ("own", "Deze school", "", 0, "text"),
        ),
        notes=[
            "Binnen de lijnen past de verandering bij toeval; ook zonder enige oorzaak valt "
            "1 op de 20 scholen buiten de streepjeslijn."
        ],
    )


def specification_curve(
    frame: pd.DataFrame,
    *,
    choices: Sequence[str],
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    margin: float | None = None,
    decimals: int = 1,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw every reasonable choice, sorted by its outcome, with the choices as a matrix below.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per specification: ``estimate``, ``low``, ``high``; ``main`` marks the one the
        protocol names; and the columns of `choices`, which hold Dutch words.
    choices : sequence of str
        Columns of the frame; their names are shown, so they are Dutch.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the difference.
    margin : float, optional
        The smallest difference that matters.
    decimals : int
        Of the difference.

    Returns
    -------
    Figure
        Sorted from the lowest to the highest estimate.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("estimate", "low", "high", *choices), "specification_curve")
    frame = (
        frame.dropna(subset=["estimate"])
        .sort_values(["estimate", *choices], kind="stable")
        .reset_index(drop=True)
    )
    main = flags(frame, "main")
    options = [
        (c, value)
        for c in choices
        for value in dict.fromkeys(frame[c].astype(str).sort_values(kind="stable"))
    ]
    lines: list[tuple[str, str | None]] = []
    for c in choices:
        lines += [(c, None), *[each for each in options if each[0] == c]]
    reach = _reach_of(frame, margin)
    line_height, head = 17, 240

    def painter(board: Board) -> None:
        left = 128 if board.narrow else 210
        below = len(lines) * line_height + 8
        ax = board.axes(left, 8, 44, below + 14)
        ax.set(xlim=(-1, len(frame)), ylim=reach)
        ax.set_xticks([])
        ticks(ax.yaxis)
        ax.grid(axis="y")
        ax.spines["bottom"].set_visible(False)
        if margin:
            shade_zone(board, ax, margin, horizontal=True)
        ax.axhline(0, color=colour("axis"), lw=1.2)
        thick = max(0.8, min(2.0, 160 / len(frame)))
        dot = max(2.5, min(6.0, 340 / len(frame)))
        for part, rows in (("context", frame[~main]), ("participants", frame[main])):
            ink = role(part)["line"]
            ax.vlines(
                rows.index,
                rows["low"],
                rows["high"],
                color=ink,
                lw=thick * (2 if part != "context" else 1),
            )
            ax.plot(
                rows.index,
                rows["estimate"],
                "o",
                ms=dot * (1.6 if part != "context" else 1),
                color=ink,
            )
        for i in frame.index[main]:
            _flag(board, ax, i, frame.loc[i, "high"], "volgens protocol")
        write_unit(board, unit)
        grid = board.axes(left, 8, board.height - below, 6)
        grid.set(xlim=(-1, len(frame)), ylim=(len(lines), 0))
        grid.axis("off")
        edge = grid.get_yaxis_transform()
        for y, (choice, value) in enumerate(lines):
            if value is None:
                board.write(
                    grid,
                    (0, y + 0.5),
                    choice,
                    coords=edge,
                    shift=(-left + 2, 0),
                    weight="bold",
                    size=11,
                    color=colour("text"),
                )
                continue
            words = fit(value, left - 18, 11, "normal")
            board.write(
                grid,
                (0, y + 0.5),
                words,
                coords=edge,
                shift=(-left + 10, 0),
                size=11,
                color=colour("quiet"),
            )
            grid.axhline(y + 0.5, color=colour("grid"), lw=0.8, zorder=0.4)
            hit = frame.index[frame[choice].astype(str) == value]
            for part, spots in (("context", hit[~main[hit]]), ("participants", hit[main[hit]])):
                grid.plot(
                    spots, [y + 0.5] * len(spots), "s", ms=min(6, dot + 1), color=role(part)["line"]
                )

    positive = int((frame["estimate"] > 0).sum())
    clear = int(((frame["low"] > 0) | (frame["high"] < 0)).sum())
    return make(
        painter,
        lambda narrow: head + len(lines) * line_height + 46,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=[
            f"Van {len(frame)} keuzes geven er {positive} een schatting boven nul; "
            f"bij {clear} ligt nul buiten het interval.",
            f"De schattingen liggen {between(frame['estimate'], decimals)} {unit}.",
        ],
        kind="Specificatiecurve met de keuzes eronder.",
        frame=frame,
        variables=describe(
            ("estimate", "Verschil", unit, decimals, "difference"),
            ("low", "Ondergrens", unit, decimals, "difference"),
            ("high", "Bovengrens", unit, decimals, "difference"),
            *[(c, c[:1].upper() + c[1:], "", 0, "text") for c in choices],
        ),
    )


# --- shared pieces ---------------------------------------------------------------------------


def _dot(ax: Axes, y: float, estimate, low, high, *, reach=None) -> None:
    """Draw an estimate with its interval; what lies outside the scale gets an arrow."""
    if estimate is None or pd.isna(estimate):
        return
    blue = role("participants")["line"]
    if low is not None and pd.notna(low):
        left, right = (low, high) if reach is None else (max(low, reach[0]), min(high, reach[1]))
        ax.plot([left, right], [y, y], color=blue, lw=2.4)
        if reach is not None:
            for end, edge, sign in ((low, reach[0], "<"), (high, reach[1], ">")):
                if (end < edge) if sign == "<" else (end > edge):
                    ax.plot(edge, y, sign, ms=9, color=blue, clip_on=False)
    if reach is None or reach[0] <= estimate <= reach[1]:
        ax.plot(estimate, y, "o", ms=10, color=blue)


def _flag(board: Board, ax: Axes, x: float, y: float, words: str) -> None:
    """Name one point above the plot, where its name hides no other point."""
    blue, (first, last) = role("participants"), ax.get_xlim()
    at = (x - first) / (last - first)
    ha = "left" if at < 0.25 else "right" if at > 0.75 else "center"
    ax.plot([x, x], [y, ax.get_ylim()[1]], color=blue["line"], lw=0.9, ls=(0, (1, 2)))
    board.write(
        ax,
        (x, 1),
        words,
        coords=ax.get_xaxis_transform(),
        ha=ha,
        va="bottom",
        shift=(0, 3),
        weight="bold",
        size=board.small,
        color=blue["text"],
    )


def _symmetric(frame: pd.DataFrame, margin: float) -> tuple[float, float]:
    values = frame[["estimate", "low", "high"]].astype(float).abs().to_numpy()
    values = values[~np.isnan(values)]
    edge = 1.1 * max([*values, 1.5 * margin])
    return -edge, edge


def _reach_of(frame: pd.DataFrame, margin: float | None) -> tuple[float, float]:
    low, high = min(0.0, frame["low"].min()), max(0.0, frame["high"].max())
    if margin:
        low, high = min(low, -1.3 * margin), max(high, 1.3 * margin)
    pad = 0.08 * (high - low)
    return low - pad, high + 2 * pad


def _scale(board: Board, ax: Axes, margin: float, unit: str) -> None:
    """Draw zero, the zone and the directions on a horizontal scale of differences."""
    shade_zone(board, ax, margin, horizontal=False)
    ax.axvline(0, color=colour("axis"), lw=1.2)
    at = ax.get_xaxis_transform()
    board.write(
        ax,
        (0, 1),
        "verschil dat er niet toe doet",
        coords=at,
        ha="center",
        va="bottom",
        shift=(0, 5),
        size=11,
        color=colour("quiet"),
    )
    board.write(
        ax,
        (0.5, 0),
        f"{unit} verschil met vergelijkbare scholen",
        coords=ax.transAxes,
        ha="center",
        va="top",
        shift=(0, -26),
        size=board.small,
        color=colour("quiet"),
    )


def _size_words(row, decimals: int) -> str:
    if row.verdict == UNTESTABLE or pd.isna(row.estimate):
        return str(getattr(row, "reason", "") or "") if pd.notna(getattr(row, "reason", "")) else ""
    return (
        f"{with_unit(row.estimate, row.unit, decimals, True)} "
        f"({numbers.interval(row.low, row.high, decimals)})"
    )


def _bars(rows: pd.DataFrame, panel: str, groups: Sequence[str], bins: int) -> pd.DataFrame:
    edges = np.histogram_bin_edges(rows["value"].astype(float), bins=bins)
    made = []
    for group in groups:
        values = rows.loc[rows["series"] == group, "value"].astype(float)
        count, _ = np.histogram(values, bins=edges)
        made.append(
            pd.DataFrame(
                {
                    "panel": panel,
                    "series": group,
                    "from": edges[:-1],
                    "to": edges[1:],
                    "share": 100 * count / max(1, count.sum()),
                }
            )
        )
    return pd.concat(made)
