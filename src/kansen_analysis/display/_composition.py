"""Figures about what is there: ranges, parts, coverage, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from kansen_analysis.display._canvas import (
    NARROW,
    WIDE,
    Board,
    colour,
    on,
    palette,
    role,
    text_width,
    ticks,
    wrap,
)
from kansen_analysis.display._figure import Figure, describe, make, need
from kansen_analysis.display._parts import (
    MOST_SERIES,
    between,
    shown_counts,
    texts_of,
    write_counts,
    write_unit,
    write_years,
)
from kansen_analysis.errors import UsageError
from kansen_analysis.words import numbers

HIDDEN = "afgeschermd"


def ranges(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    unit: str,
    decimals: int = 1,
    notes: Sequence[str] = (),
    levels: Mapping[float, str] | None = None,
) -> Figure:
    """Draw per year a bar from the lowest to the highest possible value; exact years are dots.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``low``, ``high``, ``value`` (missing where only the range is known), ``n``
        (pupils, as a disclosed count).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    unit : str
        Of the values.
    decimals : int
        Of the values.
    levels : mapping, optional
        Words for values on the axis, such as the advice levels.

    Returns
    -------
    Figure
        The number of pupils stands under the years.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("year", "low", "high", "value", "n"), "ranges")
    frame = frame.sort_values("year", kind="stable").reset_index(drop=True)
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    low, high = frame[["low", "value"]].min().min(), frame[["high", "value"]].max().max()
    pad = 0.16 * ((high - low) or 1)
    words = {at: word for at, word in (levels or {}).items() if low - pad <= at <= high + pad}

    def painter(board: Board) -> None:
        left = 44
        if words:
            left = 14 + max(text_width(word, board.small) for word in words.values())
        ax = board.axes(left, 14, 28, 76)
        ax.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(low - pad, high + pad))
        if words:
            ax.set_yticks(list(words), list(words.values()))
        else:
            ticks(ax.yaxis)
        ax.grid(axis="y")
        write_years(board, ax, years, board.width - left - 14)
        blue = role("participants")
        for row in frame.itertuples():
            if pd.notna(row.value):
                ax.plot(row.year, row.value, "o", ms=10, color=blue["line"])
                labels = [(row.value, "bottom", 9)]
            elif pd.notna(row.low):
                ax.bar(
                    row.year,
                    row.high - row.low,
                    bottom=row.low,
                    width=0.36,
                    fc=colour("zone"),
                    ec=blue["line"],
                    lw=1.6,
                    hatch="///",
                    hatchcolor=colour("axis"),
                )
                labels = [(row.high, "bottom", 4), (row.low, "top", -4)]
            else:
                continue
            for value, va, dy in labels:
                board.write(
                    ax,
                    (row.year, value),
                    numbers.number(value, decimals),
                    ha="center",
                    va=va,
                    shift=(0, dy),
                    size=11.5,
                )
        write_unit(board, unit)
        write_counts(board, ax, frame["year"], shown_counts(frame), "leerlingen", drop=40)

    exact = frame.dropna(subset=["value"])
    hidden = frame[frame["value"].isna() & frame["low"].notna()]
    alt = []
    if len(hidden):
        last = hidden.iloc[-1]
        alt.append(
            f"In {numbers.school_year(last.year)} ligt de waarde "
            f"{numbers.interval(last.low, last.high, decimals)}; preciezer is niet te zeggen."
        )
    if len(exact):
        alt.append(f"Exact bekend in {len(exact)} jaren: {between(exact['value'], decimals)}.")
    return make(
        painter,
        lambda narrow: 340,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Balken van de laagste tot de hoogst mogelijke waarde per schooljaar.",
        frame=frame,
        variables=describe(
            ("year", "Schooljaar", "", 0, "year"),
            ("value", "Waarde", unit, decimals, "mean"),
            ("low", "Laagst mogelijk", unit, decimals, "mean"),
            ("high", "Hoogst mogelijk", unit, decimals, "mean"),
            ("n", "Leerlingen", "aantal", 0, "count"),
        ),
        notes=["Punt: exact bekend. Gearceerde balk: de waarde ligt ergens in de balk."],
    )


def stacked(
    frame: pd.DataFrame,
    *,
    order: Sequence[str],
    name: str,
    title: str,
    subtitle: str,
    source: str,
    decimals: int = 0,
    notes: Sequence[str] = (),
    hidden: str = HIDDEN,
) -> Figure:
    """Draw shares by category in a fixed order, one bar per year, the hidden part hatched.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``category``, ``share`` (0 to 100). The part that is hidden is a category of its
        own, named `hidden`.
    order : sequence of str
        The categories from left to right, at most four; the hidden part comes last.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    decimals : int
        Of the shares.
    hidden : str
        Name of the hidden part.

    Returns
    -------
    Figure
        With one row per year in its table.

    Raises
    ------
    UsageError
        For more than four categories, or one that is not in the order.
    """
    frame = need(frame, ("year", "category", "share"), "stacked")
    if len(order) > MOST_SERIES:
        raise UsageError(f"a figure shows at most {MOST_SERIES} series, {len(order)} were given")
    every = [*order, hidden]
    strange = sorted(set(frame["category"]) - set(every))
    if strange:
        raise UsageError(f"not in the order of categories: {', '.join(strange)}")
    table = frame.pivot_table(index="year", columns="category", values="share", sort=True)
    table = table.reindex(columns=every)
    every = [each for each in every if table[each].fillna(0).gt(0).any()]
    fills = dict(zip(order, palette()["sequence"], strict=False)) | {hidden: colour("background")}
    tall = 40

    def legend(board: Board) -> list[tuple[float, float, str]]:
        spots, x, y = [], 2.0, 12.0
        for label in every:
            wide = 24 + text_width(label, board.small) + 16
            if x + wide > board.width and x > 2:
                x, y = 2.0, y + 20
            spots.append((x, y, label))
            x += wide
        return spots

    def head(narrow: bool) -> float:
        return legend(Board(NARROW if narrow else WIDE, 9, narrow=narrow))[-1][1] + 16

    def painter(board: Board) -> None:
        top = board.whole()
        for x, y, label in legend(board):
            top.add_patch(_patch((x, y - 7), 16, 14, fills[label], label == hidden))
            board.write(top, (x + 22, y), label, size=board.small)
        left = 84
        ax = board.axes(left, 22, head(board.narrow), 26)
        ax.set(xlim=(0, 100), ylim=(len(table), 0))
        ax.set_yticks([])
        ticks(ax.xaxis, 4)
        ax.spines["bottom"].set_visible(False)
        pixel = (board.width - left - 22) / 100
        for i, (year, shares) in enumerate(table.iterrows()):
            board.write(
                ax,
                (0, i + 0.5),
                numbers.school_year(year),
                coords=ax.get_yaxis_transform(),
                shift=(-left + 2, 0),
                size=board.small,
            )
            edge = 0.0
            for label in every:
                share = shares[label]
                if pd.isna(share) or share <= 0:
                    continue
                ax.add_patch(_patch((edge, i + 0.12), share, 0.76, fills[label], label == hidden))
                words = numbers.percent(share, decimals)
                if share * pixel > text_width(words, board.small) + 6:
                    board.write(
                        ax,
                        (edge + share / 2, i + 0.5),
                        words,
                        ha="center",
                        size=board.small,
                        color=on(fills[label]),
                        back=label == hidden,
                    )
                edge += share
        ax.xaxis.set_major_formatter(lambda value, _: numbers.percent(value))

    last = table.iloc[-1].dropna()
    first = table.iloc[0].dropna()
    start = numbers.school_year(table.index[0])
    known = last.drop(hidden, errors="ignore")
    most = known.idxmax()
    alt = [
        f"In {numbers.school_year(table.index[-1])} is {most} het grootst: "
        f"{numbers.percent(known[most], decimals)}"
        + (
            f" (in {start} {numbers.percent(first.get(most), decimals)})."
            if len(table) > 1
            else "."
        )
    ]
    if hidden in last and last[hidden] > 0:
        alt.append(f"Afgeschermd is {numbers.percent(last[hidden], decimals)}.")
    alt.append(f"Kleinste: {known.idxmin()}, {numbers.percent(known.min(), decimals)}.")
    shown = table.reset_index()
    shown.columns = ["year", *[f"share{i}" for i in range(len(shown.columns) - 1)]]
    return make(
        painter,
        lambda narrow: head(narrow) + len(table) * tall + 26,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Gestapelde balken per schooljaar.",
        frame=frame,
        variables=describe(
            ("year", "Schooljaar", "", 0, "year"),
            ("category", "Categorie", "", 0, "text"),
            ("share", "Aandeel", "%", decimals, "share"),
        ),
        shown=shown,
        shown_variables=describe(
            ("year", "Schooljaar", "", 0, "year"),
            *[
                (f"share{i}", label[:1].upper() + label[1:], "%", decimals, "share")
                for i, label in enumerate(table.columns)
            ],
        ),
    )


def coverage(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw what is known of which year: sources by years, words in the cells.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``source`` (Dutch name), ``year``, ``state`` (one of the words in palette.yml:
        aanwezig, voorlopig, deels afgeschermd, ontbreekt, bestond niet).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.

    Returns
    -------
    Figure
        Years with the same word are one cell. Where a word does not fit its first letters stand,
        and the legend explains them.

    Raises
    ------
    UsageError
        For another word, two words for one cell, or a missing column.
    """
    frame = need(frame, ("source", "year", "state"), "coverage")
    fills = palette()["coverage"]
    strange = sorted(set(frame["state"]) - set(fills))
    if strange:
        raise UsageError(f"not a word for what is known: {', '.join(strange)}")
    if frame.duplicated(["source", "year"]).any():
        raise UsageError("coverage: a source has two words for one year")
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    sources = list(dict.fromkeys(frame["source"]))
    used = [word for word in fills if (frame["state"] == word).any()]
    short = {word: "".join(piece[0] for piece in word.split()).upper() for word in fills}

    def layout(narrow: bool) -> tuple[float, float, float]:
        return (0, 52, 62) if narrow else (176, 38, 62)  # left, row height, head

    def painter(board: Board) -> None:
        left, tall, head = layout(board.narrow)
        top = board.whole()
        x, y = 2.0, 12.0
        for word in used:
            label = f"{short[word]} = {word}"
            wide = 24 + text_width(label, board.small) + 14
            if x + wide > board.width and x > 2:
                x, y = 2.0, y + 20
            top.add_patch(_patch((x, y - 7), 16, 14, fills[word], False))
            board.write(top, (x + 22, y), label, size=board.small)
            x += wide
        down = head + (14 if board.narrow else 0)
        ax = board.axes(left, 4, down, 40)
        ax.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(len(sources) * tall, 0))
        ax.set_yticks([])
        ax.spines["bottom"].set_visible(False)
        cell = (board.width - left - 4) / len(years)
        for i, each in enumerate(sources):
            rows = frame[frame["source"] == each].sort_values("year", kind="stable")
            if board.narrow:
                board.write(
                    ax,
                    (0, i * tall + 12),
                    each,
                    coords=ax.get_yaxis_transform(),
                    shift=(2, 0),
                    weight="bold",
                    size=board.small,
                )
                low, high = i * tall + 22, i * tall + 48
            else:
                board.write(
                    ax,
                    (0, i * tall + tall / 2),
                    wrap(each, left - 12, board.size),
                    coords=ax.get_yaxis_transform(),
                    shift=(-left + 2, 0),
                )
                low, high = i * tall + 4, i * tall + tall - 4
            for first, last, word in _runs(rows):
                span = last - first + 1
                ax.add_patch(_patch((first - 0.5, low), span, high - low, fills[word], False))
                fits = span * cell > text_width(word, 11.5) + 4
                board.write(
                    ax,
                    ((first + last) / 2, (low + high) / 2),
                    word if fits else short[word],
                    ha="center",
                    size=11.5,
                    color=on(fills[word]),
                )
        write_years(board, ax, years, board.width - left - 4)

    counts = frame["state"].value_counts()
    said = ", ".join(f"{counts[word]} {word}" for word in used)
    return make(
        painter,
        lambda narrow: (
            layout(narrow)[2] + (14 if narrow else 0) + len(sources) * layout(narrow)[1] + 40
        ),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=[
            f"Van {len(sources)} bronnen en {len(years)} schooljaren zijn de vakken: {said}.",
            f"Van {numbers.school_year(years[0])} tot en met {numbers.school_year(years[-1])}.",
        ],
        kind="Raster van bronnen en schooljaren.",
        frame=frame,
        variables=describe(
            ("source", "Bron", "", 0, "text"),
            ("year", "Schooljaar", "", 0, "year"),
            ("state", "Wat bekend is", "", 0, "text"),
        ),
        shown=frame.pivot_table(index="source", columns="year", values="state", aggfunc="first")
        .reindex(sources)
        .rename(columns=lambda year: f"y{year}")
        .reset_index(),
        shown_variables=describe(
            ("source", "Bron", "", 0, "text"),
            *[(f"y{year}", numbers.school_year(year), "", 0, "text") for year in years],
        ),
    )


def tile_map(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
    what: str = "scholen",
) -> Figure:
    """Draw one square per municipality in its rough place, with the number in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``code`` (municipality, 4 digits), ``municipality``, ``schools`` (how many take part).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.
    what : str
        What is counted.

    Returns
    -------
    Figure
        Municipalities that municipalities.csv does not place stand below, in the order of the
        frame.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("code", "municipality", "schools"), "tile_map")
    spots, known = _places(frame["code"])
    across = max(column for column, _ in spots) + 1
    down = max(line for _, line in spots) + 1
    fills = palette()["sequence"][::-1]
    most = max(1, frame["schools"].max())

    def side(narrow: bool) -> float:
        return min(118, ((NARROW if narrow else WIDE) - 4) / max(4, across))

    def painter(board: Board) -> None:
        one = side(board.narrow)
        top = board.whole()
        for (column, line), row in zip(spots, frame.itertuples(), strict=True):
            x, y = 2 + column * one, 2 + line * one
            share = row.schools / most
            fill = colour("background") if not row.schools else fills[min(3, int(share * 3.999))]
            top.add_patch(_patch((x + 2, y + 2), one - 4, one - 4, fill, False))
            ink = on(fill)
            lines = wrap(row.municipality, one - 10, 11.5)
            board.write(
                top, (x + one / 2, y + 10), lines, ha="center", va="top", size=11.5, color=ink
            )
            board.write(
                top,
                (x + one / 2, y + one - 20),
                numbers.number(row.schools, 0),
                ha="center",
                size=20,
                weight="bold",
                color=ink,
            )

    best = frame.loc[frame["schools"].idxmax()]
    with_any = int((frame["schools"] > 0).sum())
    none = list(frame.loc[frame["schools"] == 0, "municipality"])
    alt = [f"{numbers.number(frame['schools'].sum(), 0)} {what} in {with_any} gemeenten."]
    if with_any:
        alt.append(f"De meeste in {best.municipality}: {numbers.number(best.schools, 0)}.")
    if none:
        alt.append(f"Geen in {', '.join(none)}.")
    return make(
        painter,
        lambda narrow: 4 + down * side(narrow),
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Tegelkaart met een vierkant per gemeente.",
        frame=frame,
        variables=describe(
            ("municipality", "Gemeente", "", 0, "text"),
            ("code", "Gemeentecode", "", 0, "code"),
            ("schools", what[:1].upper() + what[1:], "aantal", 0, "count"),
        ),
        notes=[
            f"Een vierkant per gemeente{', ongeveer op zijn plaats' if known else ''}. Hoe "
            "donkerder, hoe meer."
        ],
    )


# --- shared pieces ---------------------------------------------------------------------------


def _patch(corner, width: float, height: float, fill: str, hidden: bool) -> Rectangle:
    return Rectangle(
        corner,
        width,
        height,
        facecolor=fill,
        edgecolor=colour("axis"),
        lw=1,
        hatch="////" if hidden else None,
    )


def _runs(rows: pd.DataFrame) -> list[tuple[int, int, str]]:
    """Join following years with the same word."""
    new = (rows["state"] != rows["state"].shift()) | (rows["year"].diff() != 1)
    return [
        (int(run["year"].iloc[0]), int(run["year"].iloc[-1]), run["state"].iloc[0])
        for _, run in rows.groupby(new.cumsum())
    ]


def _places(codes: pd.Series) -> tuple[list[tuple[float, float]], bool]:
    """Return a column and line for each municipality, and whether that is near its place."""
    with resources.files("kansen_analysis.display").joinpath("municipalities.csv").open() as file:
        known = pd.read_csv(file, dtype={"code": str}).set_index("code")
    placed = {code: tuple(known.loc[code]) for code in codes if code in known.index}
    below = int(np.ceil(max((line for _, line in placed.values()), default=-1))) + 1
    rest = [code for code in codes if code not in placed]
    placed |= {code: (i % 4, below + i // 4) for i, code in enumerate(rest)}
    return [placed[code] for code in codes], not rest
