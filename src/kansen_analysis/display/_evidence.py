"""Figures about how sure we are: estimates, intervals, comparability."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kansen_analysis.display._canvas import Board, colour, role, spread, ticks, wrap
from kansen_analysis.display._figure import Figure, Texts, flags, make, need
from kansen_analysis.display._parts import (
    INTERVAL,
    SCHOOLS,
    ZONE,
    between,
    dot,
    estimate_columns,
    estimate_says,
    left_of,
    reach,
    row_axes,
    with_unit,
    zone,
)
from kansen_analysis.edition.disclosure.supplied import carried
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

SIGNS = {
    "Beter": "▲",
    "Slechter": "▼",
    "Geen verschil dat ertoe doet": "=",
    "Onbeslist": "?",
    "Niet toetsbaar": "–",
}
UNTESTABLE = "Niet toetsbaar"
_FARTHEST = 6  # margins; an interval that goes farther is cut and gets an arrow
_SMALL = 0.1  # standardised difference up to which schools are alike
_BINS = 10  # bars in a panel of histograms


def versions(
    frame: pd.DataFrame, texts: Texts, *, unit: str, margin: float, decimals: int = 1
) -> Figure:
    """Draw the four versions of an estimate as dots with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``version`` (V1 …), ``label`` (what it does, in Dutch), ``estimate``, ``low``, ``high``;
        optional ``n`` (schools). A version that could not be fitted has no estimate.
    texts : Texts
    unit : str
        Of the difference.
    margin : float
        The smallest difference that matters; 0 when none was fixed.
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
        texts,
        partial(_versions, frame=frame, unit=unit, margin=margin, decimals=decimals),
        alt=alt,
        kind=f"{len(frame)} punten met intervallen.",
        frame=frame,
        variables=[
            ("version", "Versie", "", 0, "text"),
            ("label", "Wat deze versie doet", "", 0, "text"),
            *estimate_columns(unit, decimals),
            SCHOOLS,
        ],
        notes=[INTERVAL],
    )


def _versions(board: Board, *, frame, unit, margin, decimals) -> None:
    labels = [f"{row.version}  {row.label}" for row in each_row(frame)]
    limits = _around_zero(frame[["estimate", "low", "high"]], 1.5 * margin)
    below = f"{unit} verschil met vergelijkbare scholen"
    ax, middles = row_axes(board, labels, limits, unit=below)
    if margin:
        zone(board, ax, margin)
    else:
        ax.axvline(0, color=colour("axis"), lw=1.2)
    for row, y in zip(each_row(frame), middles, strict=True):
        dot(board, ax, y, row, f"{row.version}: {estimate_says(row, unit, decimals)}")
        if pd.isna(row.estimate):
            board.quiet(ax, (0, y), "niet te schatten", ha="center", back=True)


def goals_overview(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw the verdict on each goal on one common scale.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per goal: ``goal`` (number), ``label`` (short, Dutch), ``verdict`` (one of
        `SIGNS`), ``estimate``, ``low``, ``high`` (higher is better, in ``unit``), ``margin`` (the
        smallest difference that matters, in ``unit``), ``unit``; optional ``decimals`` and
        ``reason`` (what is missing, for a goal that cannot be tested).
    texts : Texts

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
    decimals = frame["decimals"] if "decimals" in frame else [1] * len(frame)
    frame = frame.assign(
        size=[_size(row, int(d)) for row, d in zip(each_row(frame), decimals, strict=True)]
    )
    parts = frame[["estimate", "low", "high"]].astype(float)
    scaled = parts.div(frame["margin"].astype(float), axis=0).mask(frame["verdict"] == UNTESTABLE)
    tested = scaled.dropna(subset=["estimate"])
    alt = [" ".join(f"Doel {row.goal}: {row.verdict.lower()}." for row in each_row(frame))]
    if len(tested):
        alt.append(
            f"Getoetst: {len(tested)} van de {len(frame)} doelen; de schattingen liggen "
            f"{between(tested['estimate'], 1)} keer het kleinste verschil dat ertoe doet."
        )
    about = [
        ("goal", "Doel", "", 0, "code"),
        ("label", "Uitkomst", "", 0, "text"),
        ("verdict", "Oordeel", "", 0, "text"),
    ]
    return make(
        texts,
        partial(_goals_overview, frame=frame, scaled=scaled),
        alt=alt,
        kind="Punten met intervallen op één schaal.",
        frame=frame.drop(columns="size"),
        variables=[
            *about,
            ("estimate", "Verschil", "in de eenheid van de rij", 1, "difference"),
            ("low", "Ondergrens", "", 1, "difference"),
            ("high", "Bovengrens", "", 1, "difference"),
            ("margin", "Kleinste verschil dat ertoe doet", "", 1, "mean"),
            ("unit", "Eenheid", "", 0, "text"),
            ("reason", "Wat ontbreekt", "", 0, "text"),
        ],
        notes=[
            f"{INTERVAL} Elke rij is gedeeld door het kleinste verschil dat bij dat doel ertoe "
            "doet. Een pijl: het interval loopt verder door."
        ]
        if len(tested)
        else [],
        shown=frame[["goal", "label", "verdict", "size"]],
        shown_variables=[*about, ("size", "Verschil, of wat ontbreekt", "", 0, "text")],
    )


def _goals_overview(board: Board, *, frame, scaled) -> None:
    far = scaled.abs().to_numpy()
    edge = min(_FARTHEST, max(2.5, 1.12 * np.nanmax(far, initial=0)))
    narrow, room = board.narrow, board.width - 8 if board.narrow else 380
    left, head, step = 12 if narrow else room + 18, 44, 21
    stacks = []
    for row in each_row(frame):
        lines = wrap(f"{row.goal}. {row.label}", room, board.size + 1, True)
        stack = [(line, {"size": board.size + 1, "bold": True}) for line in lines]
        stack.append((f"{SIGNS[row.verdict]} {row.verdict}", {"bold": True}))
        small = {"size": board.small, "ink": "quiet"}
        stacks.append(stack + [(line, small) for line in wrap(row.size, room, board.small)])
    plots = scaled["estimate"].notna() * (44 if narrow else 0)
    heights = [16 + step * len(s) + plot for s, plot in zip(stacks, plots, strict=True)]
    board.tall(head + sum(heights) + 6)
    ax = board.axes(left, 12, head, 6, xlim=(-edge, edge), ylim=(sum(heights), 0))
    ax.axis("off")
    for i, (stack, tall) in enumerate(zip(stacks, heights, strict=True)):
        y = sum(heights[:i])
        board.whole().plot([0, board.width], [head + y] * 2, color=colour("grid"), lw=1)
        for k, (line, look) in enumerate(stack):
            board.write(None, (2, head + y + 18 + step * k), line, **look)
        low, high = (y + tall - 44, y + tall - 8) if narrow else (y + 8, y + tall - 8)
        middle = (low + high) / 2
        if pd.isna(scaled.loc[i, "estimate"]):
            if not narrow:
                board.quiet(ax, (0, middle), "geen toets", ha="center")
            continue
        ax.fill_between([-1, 1], low, high, color=colour("zone"), lw=0, zorder=0.4)
        for side in (-1, 1):
            ax.plot([side] * 2, [low, high], color=colour("zone_edge"), lw=0.9, ls=(0, (2, 2)))
        ax.plot([0, 0], [low, high], color=colour("axis"), lw=1.2)
        dot(board, ax, middle, scaled.loc[i], frame.loc[i, "size"], (-edge, edge))
    if scaled["estimate"].notna().any():
        for x, ha, words in ((0, "left", "◄ slechter"), (1, "right", "beter ►")):
            board.quiet(ax, (x, 1), words, on="axes", ha=ha, va="bottom", shift=(0, 5))
        words = wrap(ZONE, 110, board.small)
        board.quiet(ax, (0.5, 1), words, on="axes", ha="center", va="bottom", shift=(0, 5))


def _size(row, decimals: int) -> str:
    if row.verdict == UNTESTABLE or pd.isna(row.estimate):
        reason = getattr(row, "reason", "")
        return str(reason) if pd.notna(reason) else ""
    size = with_unit(row.estimate, row.unit, decimals, True)
    return f"{size} ({numbers.interval(row.low, row.high, decimals)})"


def ruler(frame: pd.DataFrame, texts: Texts, *, unit: str, decimals: int = 1) -> Figure:
    """Draw what could have been seen: sizes side by side on one ruler.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per mark: ``kind`` (``detectable``, ``matters`` or ``estimate``), ``label``
        (Dutch), ``value``; for the estimate also ``low`` and ``high``.
    texts : Texts
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
    frame = carried(frame.reindex(columns=list(dict.fromkeys([*frame, "low", "high"]))), "value")
    sizes = [
        "niet te schatten"
        if pd.isna(row.value)
        else with_unit(row.value, unit, decimals, row.kind == "estimate")
        for row in each_row(frame)
    ]
    labels = [f"{label}: {size}" for label, size in zip(frame["label"], sizes, strict=True)]
    said = "; ".join(
        f"{label.lower()} {size}" for label, size in zip(frame["label"], sizes, strict=True)
    )
    interval = [
        numbers.interval(row.low, row.high, decimals)
        if row.kind == "estimate"
        else "niet van toepassing"
        for row in each_row(frame)
    ]
    return make(
        texts,
        partial(_ruler, frame=frame, labels=labels, unit=unit),
        alt=[numbers.capital(said) + "."],
        kind="Balken op één liniaal.",
        frame=frame,
        variables=[
            ("label", "Maat", "", 0, "text"),
            ("value", "Waarde", unit, decimals, "mean"),
            ("low", "Ondergrens", unit, decimals, "mean"),
            ("high", "Bovengrens", unit, decimals, "mean"),
        ],
        shown=frame.assign(size=sizes, interval=interval),
        shown_variables=[
            ("label", "Maat", "", 0, "text"),
            ("size", "Grootte", "", 0, "text"),
            ("interval", "95%-interval", unit, 0, "text"),
        ],
    )


def _ruler(board: Board, *, frame, labels, unit) -> None:
    limits = reach(frame, ("value", "low", "high"), True)
    bold = list(frame["kind"] == "estimate")
    ax, middles = row_axes(board, labels, limits, unit=unit, bold=bold, side=400, head=8)
    ax.axvline(0, color=colour("axis"), lw=1.4)
    for row, words, y in zip(each_row(frame), labels, middles, strict=True):
        if row.kind == "estimate":
            dot(board, ax, y, frame.loc[row.Index].rename({"value": "estimate"}), words)
        elif pd.notna(row.value):
            style = role("warning" if row.kind == "detectable" else "context")
            dash = "-" if row.kind == "detectable" else (0, (1, 0.6))
            ax.plot([0, row.value], [y, y], color=style["line"], lw=5, ls=dash)


def balance(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw how much participants and comparison schools differ, before and after choosing.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (characteristic, Dutch), ``before`` and ``after`` (standardised difference).
    texts : Texts

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
    small = int((frame["after"].abs() <= _SMALL).sum())
    worst = frame.iloc[int(frame["after"].abs().argmax())]
    return make(
        texts,
        partial(_balance, frame=frame),
        alt=[
            f"Na het kiezen van vergelijkbare scholen is het verschil klein "
            f"bij {small} van de {len(frame)} kenmerken.",
            f"Het grootste verschil daarna: {worst.label}, {numbers.signed(worst.after, 2)} "
            f"(ervoor {numbers.signed(worst.before, 2)}).",
        ],
        kind="Puntenfiguur.",
        frame=frame,
        variables=[
            ("label", "Kenmerk", "", 0, "text"),
            ("before", "Verschil met alle scholen", "standaarddeviaties", 2, "difference"),
            ("after", "Verschil met gekozen scholen", "standaarddeviaties", 2, "difference"),
        ],
        notes=["Open punt: alle scholen. Dicht punt: de gekozen vergelijkbare scholen."],
    )


def _balance(board: Board, *, frame) -> None:
    limits = _around_zero(frame[["before", "after"]], 2 * _SMALL)
    unit = "gestandaardiseerd verschil"
    ax, middles = row_axes(board, list(frame["label"]), limits, unit=unit)
    zone(board, ax, _SMALL, "klein verschil")
    looks = {
        "before": ("alle scholen", role("context")["line"], colour("background")),
        "after": ("gekozen scholen", role("participants")["line"], role("participants")["line"]),
    }
    for row, y in zip(each_row(frame), middles, strict=True):
        ax.plot([row.before, row.after], [y, y], color=colour("axis"), lw=1)
        for column, (whom, edge, fill) in looks.items():
            value = getattr(row, column)
            if pd.notna(value):
                says = f"{row.label}, {whom}: {numbers.signed(value, 2)}"
                board.mark(ax, value, y, says, ms=8, mec=edge, mew=1.8, mfc=fill)


def histograms(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw how two groups of schools are spread, one upwards and one downwards.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per school: ``panel`` (characteristic with its unit, Dutch), ``series``
        (``deelnemers`` or ``vergelijkbare scholen``), ``value``.
    texts : Texts

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
    groups = {"deelnemers": "participants", "vergelijkbare scholen": "comparison"}
    strange = sorted(set(raw["series"]) - set(groups))
    if strange:
        raise UsageError(f"histograms compare {' and '.join(groups)}, not {', '.join(strange)}")
    panels = list(dict.fromkeys(raw["panel"]))
    made = [_bars(raw[raw["panel"] == panel], panel, list(groups)) for panel in panels]
    bars = pd.concat(made, ignore_index=True)
    said = []
    for panel in panels:
        middle = raw[raw["panel"] == panel].groupby("series")["value"].median()
        each = [f"{numbers.number(middle[g])} bij {g}" for g in groups if g in middle]
        said.append(f"{numbers.capital(panel)}: midden {' en '.join(each)}.")
    return make(
        texts,
        partial(_histograms, bars=bars, groups=groups),
        alt=said,
        kind="Gespiegelde histogrammen.",
        frame=bars,
        variables=[
            ("panel", "Kenmerk", "", 0, "text"),
            ("series", "Groep", "", 0, "text"),
            ("from", "Van", "", 1, "mean"),
            ("to", "Tot", "", 1, "mean"),
            ("share", "Deel van de scholen", "%", 0, "share"),
        ],
    )


def _histograms(board: Board, *, bars, groups) -> None:
    import seaborn  # here, because it takes a second and only this figure needs it

    panels = list(dict.fromkeys(bars["panel"]))
    across, tall, top = 1 if board.narrow else len(panels), 250, 1.15 * bars["share"].max()
    wide = board.width / across
    board.tall(tall * -(-len(panels) // across))
    for i, panel in enumerate(panels):
        rows = bars[bars["panel"] == panel]
        column, line = i % across, i // across
        ax = board.axes(
            column * wide + 36,
            board.width - (column + 1) * wide + 14,
            line * tall + 26,
            board.height - (line + 1) * tall + 36,
            ylim=(-top, top),
            xlim=(rows["from"].min(), rows["to"].max()),
        )
        ticks(ax.xaxis, 5)
        for (group, part), sign in zip(groups.items(), (1, -1), strict=True):
            own = rows[rows["series"] == group]
            seaborn.histplot(
                x=(own["from"] + own["to"]) / 2,
                weights=sign * own["share"],
                bins=[*own["from"], own["to"].iloc[-1]],
                color=role(part)["line"],
                alpha=1,
                edgecolor=colour("background"),
                linewidth=1.2,
                ax=ax,
            )
            place = {"on": "axes", "ha": "right", "back": True, "bold": sign > 0}
            board.quiet(ax, (1, 0.97 if sign > 0 else 0.06), group, ink=part, **place)
        ax.set(xlabel="", ylabel="")
        ax.set_yticks(
            [-20, 0, 20] if top >= 20 else [-10, 0, 10],
            ["20", "0", "20"] if top >= 20 else ["10", "0", "10"],
        )
        ax.axhline(0, color=colour("axis"), lw=1.2)
        place = {"on": "axes", "va": "bottom", "shift": (-32, 6)}
        board.quiet(ax, (0, 1), f"% van de scholen, naar {panel}", **place)


def _bars(rows: pd.DataFrame, panel: str, groups: Sequence[str]) -> pd.DataFrame:
    edges = np.histogram_bin_edges(rows["value"].astype(float), bins=_BINS)
    made = []
    for group in groups:
        values = rows.loc[rows["series"] == group, "value"].astype(float)
        count, _ = np.histogram(values, bins=edges)
        share = 100 * count / max(1, count.sum())
        bar = {"panel": panel, "series": group, "from": edges[:-1], "to": edges[1:]}
        made.append(pd.DataFrame(bar | {"share": share}))
    return pd.concat(made)


def funnel(
    frame: pd.DataFrame, limits: pd.DataFrame, texts: Texts, *, unit: str, decimals: int = 1
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
    texts : Texts
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
    ends = ("low95", "high95", "low998", "high998")
    limits = need(limits, ("n", *ends), "funnel limits").sort_values("n", kind="stable")
    if (frame["n"] < 5).any():
        raise UsageError("funnel: a change over fewer than 5 pupils may not be shown")
    low, high, low8, high8 = (np.interp(frame["n"], limits["n"], limits[c]) for c in ends)
    out95 = int(((frame["value"] < low) | (frame["value"] > high)).sum())
    out998 = int(((frame["value"] < low8) | (frame["value"] > high8)).sum())
    own = np.where(flags(frame, "own"), "ja", "nee")
    data = frame[["n", "value"]].assign(own=own).sort_values(["n", "value"], kind="stable")
    return make(
        texts,
        partial(_funnel, frame=frame, limits=limits, unit=unit, decimals=decimals),
        alt=[
            f"Van {len(frame)} scholen liggen er {out95} buiten de 95%-grenzen "
            f"en {out998} buiten de 99,8%-grenzen.",
            f"De verandering ligt {between(frame['value'], decimals)} {unit}; "
            "kleine scholen wisselen het meest.",
        ],
        kind="Trechterfiguur.",
        frame=data,
        variables=[
            ("n", "Leerlingen", "aantal", 0, "count"),
            ("value", "Verandering", unit, decimals, "difference"),
            ("own", "Deze school", "", 0, "text"),
        ],
        notes=[
            "Binnen de lijnen past de verandering bij toeval; ook zonder enige oorzaak valt "
            "1 op de 20 scholen buiten de streepjeslijn."
        ],
    )


def _funnel(board: Board, *, frame, limits, unit, decimals) -> None:
    own = flags(frame, "own")
    seen = limits[limits["n"] >= max(5, 0.6 * frame["n"].min())]
    every = pd.concat([frame["value"], seen["low998"], seen["high998"]])
    y = reach(pd.DataFrame({"value": every}), ("value",), True)
    board.tall(330 if board.narrow else 400)
    x = (0, 1.06 * max(frame["n"].max(), limits["n"].max()))
    ax = board.axes(left_of(board, y), 48, 40, 50, xlim=x, ylim=y)
    ticks(ax.yaxis)
    ticks(ax.xaxis, 4 if board.narrow else 7, whole=True)
    ax.axhline(0, color=colour("axis"), lw=1.2)
    line = role("comparison")["line"]
    for end, dash in (("95", (0, (5, 3))), ("998", "-")):
        for side in ("low", "high"):
            ax.plot(seen["n"], seen[side + end], color=line, lw=1.3, ls=dash)
    tail, tall = seen.iloc[-1], ax.get_window_extent().height
    scale = tall / (y[1] - y[0])
    want = [(tail[c] - y[0]) * scale for c in ("high95", "high998")]
    for words, pixel in zip(("95%", "99,8%"), spread(want, [16, 16], 0, tall), strict=True):
        board.quiet(ax, (tail["n"], y[0] + pixel / scale), words, shift=(5, 0), ink="comparison")

    def says(row) -> str:
        pupils = numbers.number(row.n, 0)
        return f"{pupils} leerlingen: {with_unit(row.value, unit, decimals, True)}"

    for row in each_row(frame[~own]):
        look = {"ms": 6, "mfc": "none", "mec": role("national")["line"], "mew": 1.2}
        board.mark(ax, row.n, row.value, says(row), **look)
    for row in each_row(frame[own]):
        board.mark(ax, row.n, row.value, says(row), ms=11, color=role("participants")["line"])
        _flag(board, ax, row.n, row.value, str(getattr(row, "label", "deze school")))
    board.quiet(None, (2, 10), unit)
    place = {"on": "axes", "ha": "center", "va": "top", "shift": (0, -26)}
    board.quiet(ax, (0.5, 0), "aantal leerlingen", **place)


def specification_curve(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    choices: Sequence[str],
    unit: str,
    margin: float | None = None,
    decimals: int = 1,
) -> Figure:
    """Draw every reasonable choice, sorted by its outcome, with the choices as a matrix below.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per specification: ``estimate``, ``low``, ``high``; ``main`` marks the one the
        protocol names; and the columns of `choices`, which hold Dutch words.
    texts : Texts
    choices : sequence of str
        Columns of the frame; their names are shown, so they are Dutch.
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
    positive = int((frame["estimate"] > 0).sum())
    clear = int(((frame["low"] > 0) | (frame["high"] < 0)).sum())
    return make(
        texts,
        partial(
            _specification_curve,
            frame=frame,
            choices=choices,
            unit=unit,
            margin=margin,
            decimals=decimals,
        ),
        alt=[
            f"Van {len(frame)} keuzes geven er {positive} een schatting boven nul; "
            f"bij {clear} ligt nul buiten het interval.",
            f"De schattingen liggen {between(frame['estimate'], decimals)} {unit}.",
        ],
        kind="Specificatiecurve met de keuzes eronder.",
        frame=frame,
        variables=[
            *estimate_columns(unit, decimals),
            *[(c, numbers.capital(c), "", 0, "text") for c in choices],
        ],
    )


def _specification_curve(board: Board, *, frame, choices, unit, margin, decimals) -> None:
    main, left, small, step = flags(frame, "main"), 142 if board.narrow else 260, 12.5, 17
    rows: list[tuple[str, str, list[str]]] = []
    for choice in choices:
        rows.append((choice, "", [choice]))
        for value in dict.fromkeys(frame[choice].astype(str).sort_values(kind="stable")):
            rows.append((choice, value, wrap(value, left - 22, small)))
    heights = [step * len(lines) + 2 for *_, lines in rows]
    head, below = 250, sum(heights) + 8
    board.tall(head + below)
    limits = reach(frame, ("estimate", "low", "high"), True, extra=margin or 0)
    ax = board.axes(left, 8, 44, below + 14, xlim=(-1, len(frame)), ylim=limits)
    ax.set_xticks([])
    ticks(ax.yaxis)
    ax.grid(axis="y")
    ax.spines["bottom"].set_visible(False)
    if margin:
        zone(board, ax, margin, flat=True)
    ax.axhline(0, color=colour("axis"), lw=1.2)
    thick, big = max(0.8, min(2.0, 160 / len(frame))), max(2.5, min(6.0, 340 / len(frame)))
    for row in each_row(frame):
        weight = 1.6 if main[row.Index] else 1
        ink = role("participants" if main[row.Index] else "context")["line"]
        ax.vlines(row.Index, row.low, row.high, color=ink, lw=thick * weight)
        says = estimate_says(row, unit, decimals)
        board.mark(ax, row.Index, row.estimate, says, ms=big * weight, color=ink)
        if main[row.Index]:
            _flag(board, ax, row.Index, row.high, "volgens protocol")
    board.quiet(None, (2, 10), unit)
    grid = board.axes(
        left, 8, board.height - below, 8, xlim=(-1, len(frame)), ylim=(sum(heights), 0)
    )
    grid.axis("off")
    for (choice, value, lines), end, tall in zip(rows, np.cumsum(heights), heights, strict=True):
        y = end - tall / 2
        if not value:
            shift = (2 - left, 0)
            board.write(grid, (0, y), lines, shift=shift, bold=True, on="y", size=small)
            continue
        board.quiet(grid, (0, y), lines, shift=(10 - left, 0), on="y", size=small)
        grid.plot([-1, len(frame)], [y, y], color=colour("grid"), lw=0.8, zorder=0.4)
        hit = frame.index[frame[choice].astype(str) == value]
        for part, spots in (("context", hit[~main[hit]]), ("participants", hit[main[hit]])):
            look = {"ms": min(6, big + 1), "color": role(part)["line"]}
            grid.plot(spots, [y] * len(spots), "s", **look)


# --- shared pieces ---------------------------------------------------------------------------


def _flag(board: Board, ax: Axes, x: float, y: float, words: str) -> None:
    """Name one point above the plot, where its name hides no other point."""
    first, last = ax.get_xlim()
    at = (x - first) / (last - first)
    ha = "left" if at < 0.25 else "right" if at > 0.75 else "center"
    line = role("participants")["line"]
    ax.plot([x, x], [y, ax.get_ylim()[1]], color=line, lw=0.9, ls=(0, (1, 2)))
    place = {"on": "x", "ha": ha, "va": "bottom", "shift": (0, 4)}
    board.quiet(ax, (x, 1), words, bold=True, ink="participants", **place)


def _around_zero(values: pd.DataFrame, least: float) -> tuple[float, float]:
    edge = 1.12 * np.nanmax(values.abs().to_numpy(dtype=float), initial=least)
    return -edge, edge
