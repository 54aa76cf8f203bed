"""Figures about what is there: ranges, parts, coverage, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kansen_analysis.display._canvas import (
    NARROW,
    Board,
    colour,
    on,
    palette,
    role,
    tell,
    text_width,
    ticks,
    wrap,
)
from kansen_analysis.display._figure import Figure, Texts, make, need
from kansen_analysis.display._parts import (
    MOST_SERIES,
    PUPILS,
    YEAR,
    between,
    box,
    legend,
    patch,
    pixels_of,
    row_axes,
    shown_counts,
    with_unit,
    write_counts,
    write_years,
    year_axes,
)
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

HIDDEN = "afgeschermd"
HATCH = "////"
_TILE = 118  # pixels of a municipality, at most


def ranges(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    unit: str,
    levels: Mapping[float, str] | None = None,
) -> Figure:
    """Draw per year a bar from the lowest to the highest possible value; exact years are dots.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``low``, ``high``, ``value`` (missing where only the range is known), ``n``
        (pupils, as a disclosed count).
    texts : Texts
    unit : str
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
    exact = frame.dropna(subset=["value"])
    hidden = frame[frame["value"].isna() & frame["low"].notna()]
    alt = []
    if len(hidden):
        last = hidden.iloc[-1]
        alt.append(
            f"In {numbers.school_year(last.year)} ligt de waarde "
            f"{numbers.interval(last.low, last.high)}; preciezer is niet te zeggen."
        )
    if len(exact):
        alt.append(f"Exact bekend in {len(exact)} jaren: {between(exact['value'], 1)}.")
    return make(
        texts,
        partial(_ranges, frame=frame, unit=unit, levels=levels or {}),
        alt=alt,
        kind="Balken van de laagste tot de hoogst mogelijke waarde per schooljaar.",
        frame=frame,
        variables=[
            YEAR,
            ("value", "Waarde", unit, 1, "mean"),
            ("low", "Laagst mogelijk", unit, 1, "mean"),
            ("high", "Hoogst mogelijk", unit, 1, "mean"),
            PUPILS,
        ],
        notes=["Punt: exact bekend. Gearceerde balk: de waarde ligt ergens in de balk."],
    )


def _ranges(board: Board, *, frame, unit, levels) -> None:
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    low, high = frame[["low", "value"]].min().min(), frame[["high", "value"]].max().max()
    pad = 0.16 * ((high - low) or 1)
    limits = (low - pad, high + pad)
    words = {at: word for at, word in levels.items() if limits[0] <= at <= limits[1]}
    left = 14 + max(text_width(w, board.small) for w in words.values()) if words else None
    ax = year_axes(board, years, limits, unit, tall=240, left=left, counts=True)
    if words:
        ax.set_yticks(list(words), list(words.values()))
    line, wide = role("participants")["line"], min(0.36, 56 / pixels_of(ax))
    for row in each_row(frame):
        year = numbers.school_year(row.year)
        if pd.notna(row.value):
            says = f"{year}: {with_unit(row.value, unit, 1)}"
            board.mark(ax, row.year, row.value, says, ms=10, color=line)
            labels = [(row.value, "bottom", 9)]
        elif pd.notna(row.low):
            says = f"{year}: {numbers.interval(row.low, row.high)}"
            look = {"fc": colour("zone"), "ec": line, "lw": 1.6, "hatchcolor": colour("axis")}
            [bar] = ax.bar(row.year, row.high - row.low, wide, row.low, hatch="///", **look)
            tell(bar, says)
            labels = [(row.high, "bottom", 4), (row.low, "top", -4)]
        else:
            continue
        for value, va, dy in labels:
            said = numbers.number(value)
            board.write(ax, (row.year, value), said, ha="center", va=va, shift=(0, dy), size=12.5)
    write_counts(board, ax, frame["year"], shown_counts(frame), "leerlingen")


def stacked(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    order: Sequence[str],
) -> Figure:
    """Draw shares by category in a fixed order, one bar per year, the hidden part hatched.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``category``, ``share`` (0 to 100). The part that is hidden is a category of its
        own, `HIDDEN`.
    texts : Texts
    order : sequence of str
        The categories from left to right, at most four; the hidden part comes last.

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
    every = [*order, HIDDEN]
    strange = sorted(set(frame["category"]) - set(every))
    if strange:
        raise UsageError(f"not in the order of categories: {', '.join(strange)}")
    table = frame.pivot_table(index="year", columns="category", values="share", sort=True)
    table = table.reindex(columns=every)
    last, first = table.iloc[-1].dropna(), table.iloc[0].dropna()
    known = last.drop(HIDDEN, errors="ignore")
    most = known.index[int(known.argmax())]
    then = f" (in {numbers.school_year(table.index[0])} {numbers.percent(first.get(most))})"
    alt = [
        f"In {numbers.school_year(table.index[-1])} is {most} het grootst: "
        f"{numbers.percent(known[most])}{then if len(table) > 1 else ''}."
    ]
    if last.get(HIDDEN, 0) > 0:
        alt.append(f"Afgeschermd is {numbers.percent(last[HIDDEN])}.")
    alt.append(f"Kleinste: {known.idxmin()}, {numbers.percent(known.min())}.")
    names = [f"share{i}" for i in range(len(every))]
    return make(
        texts,
        partial(_stacked, table=table),
        alt=alt,
        kind="Gestapelde balken per schooljaar.",
        frame=frame,
        variables=[
            YEAR,
            ("category", "Categorie", "", 0, "text"),
            ("share", "Aandeel", "%", 0, "share"),
        ],
        shown=table.reset_index().set_axis(["year", *names], axis=1),
        shown_variables=[
            YEAR,
            *[
                (name, numbers.capital(label), "%", 0, "share")
                for name, label in zip(names, every, strict=True)
            ],
        ],
    )


def _stacked(board: Board, *, table) -> None:
    fills = dict(zip(table.columns, palette()["sequence"], strict=False))
    fills[HIDDEN] = colour("background")
    used = [each for each in table if table[each].fillna(0).gt(0).any()]
    looks = {each: (fills[each], HATCH if each == HIDDEN else None) for each in used}
    spots, head = board.flow(used)
    board.tall(head + 6 + len(table) * 40 + 26)
    legend(board, spots, {each: box(fill, "", hatch) for each, (fill, hatch) in looks.items()})
    ax = board.axes(84, 22, head + 6, 26, xlim=(0, 100), ylim=(len(table), 0))
    ax.set_yticks([])
    ticks(ax.xaxis, 4)
    ax.xaxis.set_major_formatter(lambda value, _: numbers.percent(value))
    ax.spines["bottom"].set_visible(False)
    pixel = (board.width - 106) / 100
    for i, (year, shares) in enumerate(table.iterrows()):
        said = numbers.school_year(year)
        board.write(ax, (0, i + 0.5), said, on="y", shift=(-82, 0), size=board.small)
        edge = 0.0
        for label, (fill, hatch) in looks.items():
            share = shares[label]
            if pd.isna(share) or share <= 0:
                continue
            words, middle = numbers.percent(share), (edge + share / 2, i + 0.5)
            part = patch((edge, i + 0.12), share, 0.76, fill, hatch)
            tell(ax.add_patch(part), f"{said}, {label}: {words}")
            if share * pixel > text_width(words, board.small) + 8:
                size, back = board.small, bool(hatch)
                board.write(ax, middle, words, ink=on(fill), ha="center", size=size, back=back)
            edge += share


def right_and_wrong(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw how often an answer is wrong, left open and right, one bar per case, the worst first.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (the case, Dutch), ``truth`` (what is so in it), ``wrong`` and ``right`` (0 to
        100, percent of ``runs``), ``low`` and ``high`` (what chance leaves of ``wrong``, 95%),
        ``runs``.
    texts : Texts

    Returns
    -------
    Figure
        Sorted by ``wrong``; what is neither wrong nor right is left open.

    Raises
    ------
    UsageError
        For a missing column, no rows, or parts of more than a whole.
    """
    columns = ("label", "truth", "wrong", "low", "high", "right", "runs")
    frame = need(frame, columns, "right_and_wrong")
    frame["open"] = 100 - frame["wrong"] - frame["right"]
    if frame["open"].lt(-1e-6).any():
        raise UsageError("right_and_wrong: wrong and right are more than 100% together")
    frame["open"] = frame["open"].clip(lower=0)
    frame = frame.sort_values("wrong", ascending=False, kind="stable").reset_index(drop=True)
    worst, best = frame.iloc[0], frame.iloc[int(frame["right"].argmax())]
    few = int((frame["wrong"] <= 2).sum())
    return make(
        texts,
        partial(_right_and_wrong, frame=frame),
        alt=[
            f"Het vaakst fout, {numbers.percent(worst.wrong, 1)}: {worst.label}.",
            f"Hoogstens {numbers.percent(2)} fout in {few} van de {len(frame)} gevallen.",
            f"Het vaakst goed, {numbers.percent(best.right, 1)}: {best.label}.",
        ],
        kind="Liggende balken met fout, open en goed.",
        frame=frame,
        variables=[
            ("label", "Wereld", "", 0, "text"),
            ("truth", "Waarheid", "", 0, "text"),
            ("wrong", "Fout oordeel", "%", 1, "share"),
            ("low", "Fout, met toeval minstens", "%", 1, "share"),
            ("high", "Fout, met toeval hoogstens", "%", 1, "share"),
            ("open", "Onbeslist gelaten", "%", 1, "share"),
            ("right", "Goed oordeel", "%", 1, "share"),
            ("runs", "Nabootsingen", "aantal", 0, "count"),
        ],
    )


def _right_and_wrong(board: Board, *, frame) -> None:
    fills = {
        "fout oordeel": ("wrong", role("warning")["line"]),
        "onbeslist": ("open", palette()["sequence"][3]),
        "goed oordeel": ("right", role("participants")["line"]),
    }
    spots, head = board.flow(list(fills))
    labels = [f"{row.label}: {numbers.percent(row.wrong, 1)} fout" for row in each_row(frame)]
    ax, middles = row_axes(board, labels, (0, 100), tall=26, side=400, head=head + 8)
    ax.xaxis.set_major_formatter(lambda value, _: numbers.percent(value))
    legend(board, spots, {label: box(fill) for label, (_, fill) in fills.items()})
    pixel = pixels_of(ax)
    for row, y in zip(each_row(frame), middles, strict=True):
        edge = 0.0
        for label, (name, fill) in fills.items():
            share = getattr(row, name)
            if share <= 0:
                continue
            words = numbers.percent(share, 0)
            bar = patch((edge, y - 9), share, 18, fill)
            tell(ax.add_patch(bar), f"{row.label}, {label}: {numbers.percent(share, 1)}")
            if share * pixel > text_width(words, board.small) + 8:
                at, ink = (edge + share / 2, y), on(fill)
                board.write(ax, at, words, ha="center", size=board.small, ink=ink)
            edge += share


def coverage(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw what is known of which year: sources by years, words in the cells.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``source`` (Dutch name), ``year``, ``state`` (one of the words in palette.yml:
        aanwezig, voorlopig, deels afgeschermd, ontbreekt, bestond niet).
    texts : Texts

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
    counts = frame["state"].value_counts()
    said = ", ".join(f"{counts[word]} {word}" for word in fills if word in counts)
    wide = frame.pivot_table(index="source", columns="year", values="state", aggfunc="first")
    return make(
        texts,
        partial(_coverage, frame=frame, years=years, sources=sources),
        alt=[
            f"Van {len(sources)} bronnen en {len(years)} schooljaren zijn de vakken: {said}.",
            f"Van {numbers.school_year(years[0])} tot en met {numbers.school_year(years[-1])}.",
        ],
        kind="Raster van bronnen en schooljaren.",
        frame=frame,
        variables=[
            ("source", "Bron", "", 0, "text"),
            YEAR,
            ("state", "Wat bekend is", "", 0, "text"),
        ],
        shown=wide.reindex(sources).rename(columns=lambda year: f"y{year}").reset_index(),
        shown_variables=[
            ("source", "Bron", "", 0, "text"),
            *[(f"y{year}", numbers.school_year(year), "", 0, "text") for year in years],
        ],
    )


def _coverage(board: Board, *, frame, years, sources) -> None:
    fills = palette()["coverage"]
    short = {word: "".join(piece[0] for piece in word.split()).upper() for word in fills}
    states = set(frame["state"])
    used = {f"{short[word]} = {word}": fills[word] for word in fills if word in states}
    narrow, spots = board.narrow, board.flow(list(used))
    left, tall, head = 0 if narrow else 250, 52 if narrow else 34, spots[1] + 8
    board.tall(head + len(sources) * tall + 32)
    legend(board, spots[0], {label: box(fill) for label, fill in used.items()})
    size = (years[0] - 0.5, years[-1] + 0.5)
    ax = board.axes(left, 4, head, 32, xlim=size, ylim=(len(sources) * tall, 0))
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    cell = (board.width - left - 4) / len(years)
    for i, each in enumerate(sources):
        rows = frame[frame["source"] == each].sort_values("year", kind="stable")
        y = i * tall
        low, high = (y + 22, y + 48) if narrow else (y + 3, y + tall - 3)
        lines = wrap(each, board.width if narrow else left - 12, board.small)
        place = (0, y + 12) if narrow else (0, y + tall / 2)
        shift = (2 - left, 0)
        board.write(ax, place, lines, on="y", shift=shift, bold=narrow, size=board.small)
        for first, last, word in _runs(rows):
            span = last - first + 1
            ax.add_patch(patch((first - 0.5, low), span, high - low, fills[word]))
            fits = span * cell > text_width(word, 12.5) + 6
            middle = ((first + last) / 2, (low + high) / 2)
            said, ink = word if fits else short[word], on(fills[word])
            board.write(ax, middle, said, ha="center", size=12.5, ink=ink)
    write_years(board, ax, years)


def _runs(rows: pd.DataFrame) -> list[tuple[int, int, str]]:
    """Join following years with the same word."""
    new = (rows["state"] != rows["state"].shift()) | (rows["year"].diff() != 1)
    return [
        (int(run["year"].iloc[0]), int(run["year"].iloc[-1]), run["state"].iloc[0])
        for _, run in rows.groupby(new.cumsum())
    ]


def tile_map(frame: pd.DataFrame, texts: Texts) -> Figure:
    """Draw one square per municipality in its rough place, with the number in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``code`` (municipality, 4 digits), ``municipality``, ``schools`` (how many take part).
    texts : Texts

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
    best = frame.iloc[int(frame["schools"].argmax())]
    with_any = int((frame["schools"] > 0).sum())
    none = list(frame.loc[frame["schools"] == 0, "municipality"])
    alt = [f"{numbers.number(frame['schools'].sum(), 0)} scholen in {with_any} gemeenten."]
    if with_any:
        alt.append(f"De meeste in {best.municipality}: {numbers.number(best.schools, 0)}.")
    if none:
        alt.append(f"Geen in {', '.join(none)}.")
    near = ", ongeveer op zijn plaats" if known else ""
    return make(
        texts,
        partial(_tile_map, frame=frame, spots=spots),
        alt=alt,
        kind="Tegelkaart met een vierkant per gemeente.",
        frame=frame,
        variables=[
            ("municipality", "Gemeente", "", 0, "text"),
            ("code", "Gemeentecode", "", 0, "code"),
            ("schools", "Scholen", "aantal", 0, "count"),
        ],
        notes=[f"Een vierkant per gemeente{near}. Hoe donkerder, hoe meer."],
        width=max(NARROW, 4 + _TILE * (1 + int(max(column for column, _ in spots)))),
    )


def _tile_map(board: Board, *, frame, spots) -> None:
    across, down = (1 + max(place) for place in zip(*spots, strict=True))
    one, fills = min(_TILE, (board.width - 4) / max(4, across)), palette()["sequence"][::-1]
    board.tall(4 + down * one)
    most = max(1, frame["schools"].max())
    for (column, line), row in zip(spots, each_row(frame), strict=True):
        x, y = 2 + column * one, 2 + line * one
        fill = colour("background")
        if row.schools:
            fill = fills[min(3, int(row.schools / most * 3.999))]
        board.whole().add_patch(patch((x + 2, y + 2), one - 4, one - 4, fill))
        ink, lines = on(fill), wrap(_soft(row.municipality), one - 12, 12.5)
        write = partial(board.write, None, ha="center", ink=ink)
        write((x + one / 2, y + 9), lines, va="top", size=12.5)
        write((x + one / 2, y + one - 20), numbers.number(row.schools, 0), size=21, bold=True)


def _soft(name: str) -> str:
    """Let a long name break where its words meet."""
    for end in ("veld", "meer", "stede", "gouw", "land", "dorp", "deel"):
        if len(name) > 11 and name.endswith(end) and " " not in name and "-" not in name:
            return f"{name.removesuffix(end)}\u00ad{end}"
    return name


def _places(codes: pd.Series) -> tuple[list[tuple[float, float]], bool]:
    """Return a column and line for each municipality, and whether that is near its place."""
    table = pd.read_csv(Path(__file__).with_name("municipalities.csv"), dtype={"code": str})
    known = table.set_index("code")
    placed = {code: tuple(known.loc[code]) for code in codes if code in known.index}
    below = int(np.ceil(max((line for _, line in placed.values()), default=-1))) + 1
    rest = [code for code in codes if code not in placed]
    placed |= {code: (i % 4, below + i // 4) for i, code in enumerate(rest)}
    return [placed[code] for code in codes], not rest
