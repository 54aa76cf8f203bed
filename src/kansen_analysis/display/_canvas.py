"""The drawing board under every figure: style, palette, pixels, labels, and SVG that stays equal.

One unit is one CSS pixel. Every figure is painted twice, for a desk and for a phone, because text
that shrinks with its picture cannot be read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

import matplotlib as mpl
import numpy as np
import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kansen_analysis.words import numbers

WIDE, NARROW = 680, 350
LINE = 1.25  # line height, times the size of the text

_FILES = resources.files("kansen_analysis.display")


@cache
def palette() -> dict:
    """Return the palette, as it stands in palette.yml."""
    return yaml.safe_load((_FILES / "palette.yml").read_text("utf-8"))


@cache
def _style() -> dict:
    # The defaults first: a notebook or a user's own settings may not change a figure.
    with resources.as_file(_FILES / "kansen.mplstyle") as path:
        own = mpl.rc_params_from_file(path, use_default_template=False)
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")}
    return {**defaults, **own}


def colour(name: str) -> str:
    """Return a colour of the palette by its name."""
    return palette()[name]


def role(name: str) -> dict:
    """Return line, text, width, dash and marker of a role."""
    return palette()["roles"][name]


class Board:
    """A figure of a given size in pixels, with helpers that measure text before they draw it."""

    def __init__(self, width: int, height: float, *, narrow: bool):
        self.width, self.height, self.narrow = width, height, narrow
        self.size = 12 if narrow else 13  # of labels
        self.small = 11.5 if narrow else 12  # of axes
        self.figure = MplFigure(figsize=(width / 72, height / 72))
        self._whole: Axes | None = None

    def axes(self, left: float, right: float, top: float, bottom: float, **options) -> Axes:
        """Add axes with margins in pixels from the four edges."""
        box = (
            left / self.width,
            bottom / self.height,
            (self.width - left - right) / self.width,
            (self.height - top - bottom) / self.height,
        )
        ax = self.figure.add_axes(box, **options)
        ax.tick_params(labelsize=self.small)
        return ax

    def whole(self) -> Axes:
        """Return axes over the whole figure: one unit a pixel, y downwards, nothing drawn."""
        if self._whole is None:
            self._whole = self.figure.add_axes((0, 0, 1, 1))
            self._whole.set(xlim=(0, self.width), ylim=(self.height, 0))
            self._whole.axis("off")
        return self._whole

    def write(
        self,
        ax: Axes,
        at: tuple[float, float],
        text: str | Sequence[str],
        *,
        size: float | None = None,
        color: str | None = None,
        weight: str = "normal",
        ha: str = "left",
        va: str = "center",
        shift: tuple[float, float] = (0, 0),
        coords="data",
        back: bool = False,
        rotation: float = 0,
    ) -> None:
        """Write text, every line by itself so that it stays anchored in the reader's own font.

        `shift` is in pixels, upwards positive; `va` says where the block lies around the point.
        """
        lines = [text] if isinstance(text, str) else list(text)
        size = size or self.size
        step = size * LINE
        first = {"center": (len(lines) - 1) / 2, "bottom": len(lines) - 1, "top": 0}[va] * step
        box = {"boxstyle": "square,pad=0.12", "fc": colour("background"), "ec": "none"}
        for i, line in enumerate(lines):
            ax.annotate(
                line,
                at,
                xycoords=coords,
                xytext=(shift[0], shift[1] + first - i * step),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=size,
                color=color or colour("text"),
                fontweight=weight,
                rotation=rotation,
                annotation_clip=False,
                bbox=box if back else None,
                zorder=6,
            )


def paint(
    name: str,
    painter: Callable[[Board], None],
    height: Callable[[bool], float] | float,
    *,
    width: int = WIDE,
) -> tuple[str, str]:
    """Paint a figure for a desk and for a phone.

    Parameters
    ----------
    name : str
        Salt of the identifiers in the SVG.
    painter : callable
        Draws on a `Board`.
    height : float or callable
        In pixels; a callable gets whether the figure is narrow.
    width : int
        Of the wide figure.

    Returns
    -------
    tuple of str
        Two SVG documents, equal for equal input.
    """
    sheets = []
    for narrow in (False, True):
        tall = height(narrow) if callable(height) else height
        rc = {**_style(), "svg.hashsalt": f"{name}-{'smal' if narrow else 'breed'}"}
        with mpl.rc_context(rc):
            board = Board(NARROW if narrow else width, tall, narrow=narrow)
            painter(board)
            out = io.StringIO()
            board.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        sheets.append(_tidy(out.getvalue()))
    return sheets[0], sheets[1]


def _tidy(svg: str) -> str:
    """Make an SVG small, dateless and written in the reader's own font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', svg)
    svg = re.sub(
        r"(?<![#\w])-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), svg
    )
    svg = svg.replace("font-family: 'DejaVu Sans'; ", "")
    svg = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", svg)
    svg = svg.replace("</style>", f"text{{font-family: {palette()['fonts']}}}</style>", 1)
    return re.sub(r"\n\s*", "\n", svg).strip() + "\n"


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of one line of text in pixels.

    Examples
    --------
    >>> 50 < text_width("schooljaar", 12) < 80
    True
    """
    return sum(_advance(character, weight) for character in text) * size


@cache
def _advance(character: str, weight: str) -> float:
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(1000, 72)
    return (
        font.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 1000
    )


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break text into lines of at most a width in pixels: at spaces, hyphens and soft hyphens.

    Examples
    --------
    >>> wrap("Midden-Drenthe en Assen", 60, 12)
    ['Midden-', 'Drenthe', 'en Assen']
    >>> wrap("signalerings\u00adwaarde", 500, 12), wrap("signalerings\u00adwaarde", 90, 12)
    (['signaleringswaarde'], ['signalerings-', 'waarde'])
    """
    lines = [""]
    for word, before in _words(text):
        joined = lines[-1].removesuffix("\u00ad") + before + word
        if lines[-1] and text_width(joined.removesuffix("\u00ad"), size, weight) > width:
            lines[-1] = lines[-1].replace("\u00ad", "-")
            lines.append(word)
        else:
            lines[-1] = joined if lines[-1] else word
    return [line.replace("\u00ad", "") for line in lines]


def _words(text: str):
    for word in text.split():
        for k, piece in enumerate(re.findall(r"[^-\u00ad]*[-\u00ad]|[^-\u00ad]+", word)):
            yield piece, "" if k else " "


def spread(at: Sequence[float], gaps: Sequence[float], low: float, high: float) -> list[float]:
    """Move labels apart as little as needed.

    Parameters
    ----------
    at : sequence of float
        Where each label wants its middle.
    gaps : sequence of float
        The height of each label.
    low, high : float
        The room there is.

    Returns
    -------
    list of float
        Middles in the order given; no two labels overlap when there is room for all.

    Examples
    --------
    >>> spread([10, 11], [4, 4], 0, 100)
    [8.5, 12.5]
    """
    order = sorted(range(len(at)), key=lambda i: at[i])
    clusters: list[list] = []  # [members, middle]
    for i in order:
        clusters.append([[i], min(max(at[i], low + gaps[i] / 2), high - gaps[i] / 2)])
        while len(clusters) > 1 and _overlap(clusters[-2], clusters[-1], gaps):
            members = clusters[-2][0] + clusters.pop()[0]
            # Least squares: each member pulls the block towards its own wish.
            total, offset, pulls = sum(gaps[m] for m in members), 0.0, []
            for m in members:
                pulls.append(at[m] - (offset + gaps[m] / 2 - total / 2))
                offset += gaps[m]
            middle = float(np.mean(pulls))
            clusters[-1] = [members, min(max(middle, low + total / 2), high - total / 2)]
    placed = [0.0] * len(at)
    for members, middle in clusters:
        edge = middle - sum(gaps[m] for m in members) / 2
        for m in members:
            placed[m] = float(edge + gaps[m] / 2)
            edge += gaps[m]
    return placed


def _overlap(lower: list, upper: list, gaps: Sequence[float]) -> bool:
    room = sum(gaps[m] for m in lower[0]) / 2 + sum(gaps[m] for m in upper[0]) / 2
    return upper[1] - lower[1] < room - 1e-9


def ticks(axis, count: int = 5) -> None:
    """Put round numbers on an axis, written in Dutch."""
    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))

    def write(value, _):
        places = axis.get_majorticklocs()
        step = abs(places[1] - places[0]) if len(places) > 1 else 1
        decimals = next(
            d for d in (0, 1, 2, 3, 4, 5, 6) if d == 6 or abs(step - round(step, d)) < 1e-9
        )
        return numbers.number(value, decimals)

    axis.set_major_formatter(FuncFormatter(write))


def on(background: str) -> str:
    """Return white or black text, whichever reads better on a colour."""
    dark, light = colour("text"), colour("background")
    return max((dark, light), key=lambda ink: contrast(ink, background))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, from 1 to 21.

    Examples
    --------
    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    a, b = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def _luminance(hexadecimal: str) -> float:
    channels = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
