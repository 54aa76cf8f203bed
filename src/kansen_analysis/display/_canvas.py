"""The drawing board under every figure: style, palette, pixels, labels, and SVG that stays equal.

One unit is one CSS pixel. Every figure is painted twice, for a desk and for a phone, because text
that shrinks with its picture cannot be read. Text is measured in the font that pages are shown in.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import yaml
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.font_manager import fontManager, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kansen_analysis.sources.reading import shown
from kansen_analysis.words import numbers

WIDE, NARROW = 920, 350
LINE = 1.25  # line height, times the size of the text
VALUE = "value:"  # begins the id of a mark that tells its value

_FILES = Path(__file__).parent
_FONTS = {
    bold: _FILES / "fonts" / f"KansenSans-{name}.ttf"
    for bold, name in ((False, "Regular"), (True, "Semibold"))
}
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
# How a point in the plot is told: by data, by data along one axis, or by the box of the plot.
_ON = {
    "data": lambda ax: ax.transData,
    "x": lambda ax: ax.get_xaxis_transform(),
    "y": lambda ax: ax.get_yaxis_transform(),
    "axes": lambda ax: ax.transAxes,
}


@cache
def palette() -> dict:
    """Return the palette, as it stands in palette.yml."""
    return yaml.safe_load((_FILES / "palette.yml").read_text("utf-8"))


@cache
def _style() -> dict:
    for path in _FONTS.values():
        fontManager.addfont(path)
    # The defaults first: a notebook or a user's own settings may not change a figure.
    own = mpl.rc_params_from_file(_FILES / "kansen.mplstyle", use_default_template=False)
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")}
    return {**defaults, **own}


def colour(name: str) -> str:
    """Return a colour by its name in the palette, or of the text of a role."""
    roles = palette()["roles"]
    return roles[name]["text"] if name in roles else palette().get(name, name)


def role(name: str) -> dict:
    """Return line, text, width, dash and marker of a role."""
    return palette()["roles"][name]


class Board:
    """A figure in pixels, with helpers that measure text before they draw it.

    A painter first says how tall the figure is (`tall`), then draws.
    """

    def __init__(self, width: int, *, narrow: bool):
        self.width, self.height, self.narrow = width, 0.0, narrow
        self.size = 14 if narrow else 15  # of labels
        self.small = 13 if narrow else 13.5  # of axes
        self.figure = MplFigure()
        self._whole: Axes | None = None

    def tall(self, height: float) -> None:
        """Set the height of the figure."""
        self.height = height
        self.figure.set_size_inches(self.width / 72, height / 72)

    def axes(self, left: float, right: float, top: float, bottom: float, **limits) -> Axes:
        """Add axes with margins in pixels from the four edges, and their limits."""
        wide, high = self.width - left - right, self.height - top - bottom
        box = (left / self.width, bottom / self.height, wide / self.width, high / self.height)
        ax = self.figure.add_axes(box)
        ax.set(**limits)
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
        ax: Axes | None,
        at: tuple[float, float],
        text: str | Sequence[str],
        *,
        on: str = "data",
        shift: tuple[float, float] = (0, 0),
        ha: str = "left",
        va: str = "center",
        ink: str = "text",
        size: float | None = None,
        bold: bool = False,
        back: bool = False,
    ) -> None:
        """Write text at a point of the plot, or of the whole figure when there is no plot.

        Every line stands by itself, so that it stays anchored. `on` says how the point is told
        (data, x, y, axes), `shift` is in pixels, upwards positive; `va` says where the block lies
        around the point; `back` puts white behind it.
        """
        ax = ax or self.whole()
        lines = [text] if isinstance(text, str) else list(text)
        size = size or self.size
        step = size * LINE
        first = {"center": (len(lines) - 1) / 2, "bottom": len(lines) - 1, "top": 0}[va] * step
        box = {"boxstyle": "square,pad=0.12", "fc": colour("background"), "ec": "none"}
        for i, line in enumerate(lines):
            ax.annotate(
                line,
                at,
                xycoords=_ON[on](ax),
                xytext=(shift[0], shift[1] + first - i * step),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=size,
                color=colour(ink),
                fontweight=600 if bold else 400,
                annotation_clip=False,
                bbox=box if back else None,
                zorder=6,
            )

    def quiet(self, ax: Axes | None, at: tuple[float, float], text, **options) -> None:
        """Write as axes do: small and grey."""
        self.write(ax, at, text, **{"ink": "quiet", "size": self.small} | options)

    def mark(self, ax: Axes, x: float, y: float, says: str, look: str = "o", **style) -> None:
        """Draw a mark that tells its value to who points at it."""
        [drawn] = ax.plot([x], [y], look, **{"zorder": 4} | style)
        tell(drawn, says)

    def flow(
        self, labels: Sequence[str], top: float = 12
    ) -> tuple[list[tuple[float, float]], float]:
        """Place a legend: left edge and middle of each entry, and where the legend ends."""
        spots, x, y = [], 2.0, top
        for label in labels:
            wide = 22 + text_width(label, self.small) + 18
            if x > 2 and x + wide - 18 > self.width:
                x, y = 2.0, y + 20
            spots.append((x, y))
            x += wide
        return spots, y + 12


def tell(artist: Artist, says: str) -> None:
    """Let what is drawn tell its value to who points at it."""
    artist.set_gid(VALUE + says)


def paint(name: str, painter: Callable[[Board], None], *, width: int = WIDE) -> tuple[str, str]:
    """Paint a figure for a desk and for a phone.

    Parameters
    ----------
    name : str
        Salt of the identifiers in the SVG.
    painter : callable
        Draws on a `Board`.
    width : int
        Of the wide figure, in pixels.

    Returns
    -------
    tuple of str
        Two SVG documents, equal for equal input.
    """
    sheets = []
    for narrow in (False, True):
        rc = {**_style(), "svg.hashsalt": f"{name}-{'smal' if narrow else 'breed'}"}
        with mpl.rc_context(rc):
            board = Board(NARROW if narrow else width, narrow=narrow)
            painter(board)
            for artist in board.figure.findobj():  # all lies within; a mark on an edge is whole
                artist.set_clip_on(False)
            out = io.StringIO()
            board.figure.savefig(
                out, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
        sheets.append(_tidy(out.getvalue()))
    return sheets[0], sheets[1]


def _tidy(svg: str) -> str:
    """Make an SVG that can stand in a page: small, dateless, without styles and loose names."""
    root = ElementTree.fromstring(shown(svg))
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    for parent in list(root.iter()):
        for node in list(parent):
            if node.tag.endswith(("metadata", "style")):
                parent.remove(node)
    for node in root.iter():
        node.tail = None
        if not node.tag.endswith(("text", "title")):
            node.text = None
        for part in node.attrib.pop("style", "").split(";"):
            name, _, value = part.partition(":")
            if value and name.strip() != "font-family":
                node.set(name.strip(), value.strip())
        if _LINK in node.attrib:
            node.set("href", node.attrib.pop(_LINK))
        name = node.get("id", "")
        if name not in used:
            node.attrib.pop("id", None)
        if name.startswith(VALUE):
            node.set("class", "kansen-value")
            told = ElementTree.Element(f"{_SVG}title")
            told.text = name.removeprefix(VALUE)
            node.insert(0, told)
        if node.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
            del node.attrib["transform"]
        for name, value in node.attrib.items():
            node.set(name, " ".join(_ROUND.sub(_rounded, value).split()))
    _unwrap(root)
    for name in ("version", "{http://www.w3.org/2000/xmlns/}xlink"):
        root.attrib.pop(name, None)
    for side in ("width", "height"):
        root.set(side, root.get(side, "").removesuffix("pt"))
    root.set("font-family", palette()["fonts"])
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    ElementTree.register_namespace("", _SVG.strip("{}"))
    return ElementTree.tostring(root, encoding="unicode").replace("\n", "") + "\n"


_BREAKS = re.compile(r"(?<=\u00ad)|(?<=\D-)|(?<=-)(?!\d)")  # not within a school year
_ROUND = re.compile(r"(?<![#\w.])-?\d+\.\d{2,}")


def _rounded(number: re.Match) -> str:
    text = f"{float(number[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _unwrap(node: ElementTree.Element) -> None:
    """Take away groups that say nothing and shapes that are not seen."""
    for child in list(node):
        _unwrap(child)
    kept: list[ElementTree.Element] = []
    for child in node:
        group, defs = child.tag == f"{_SVG}g", child.tag == f"{_SVG}defs"
        unseen = child.get("fill") == "none" and child.get("stroke", "none") == "none"
        if group and not child.attrib:
            kept += child
        elif not unseen and (len(child) or not (group or defs)):
            kept.append(child)
    node[:] = kept


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of one line of text in pixels.

    Examples
    --------
    >>> 50 < text_width("schooljaar", 12) < 60
    True
    """
    return sum(_advance(character, bold) for character in text) * size


@cache
def _advance(character: str, bold: bool) -> float:
    font = get_font(str(_FONTS[bold]))
    if ord(character) not in font.get_charmap():  # a browser takes another font: at most an em
        return 0.0 if unicodedata.category(character) in ("Cc", "Cf", "Mn") else 1.0
    font.set_size(1000, 72)
    return (
        font.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 1000
    )


def wrap(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Break text into lines of at most a width in pixels: at spaces, hyphens and soft hyphens.

    A school year is never broken; of a word that would take more than two lines, letters are.

    Examples
    --------
    >>> wrap("x" * 30, 50, 12)[:2]
    ['xxxxxxxxx', 'xxxxxxxxx']
    >>> wrap("Midden-Drenthe en Assen", 54, 12)
    ['Midden-', 'Drenthe', 'en Assen']
    >>> wrap("signalerings\u00adwaarde", 500, 12), wrap("signalerings\u00adwaarde", 80, 12)
    (['signaleringswaarde'], ['signalerings-', 'waarde'])
    >>> wrap("vanaf 2016-2017", 60, 12)
    ['vanaf', '2016-2017']
    """
    lines = [""]
    fits = (part for word, gap in _words(text) for part in _short(word, gap, width, size, bold))
    for word, before in fits:
        joined = lines[-1].removesuffix("\u00ad") + before + word
        if lines[-1] and text_width(joined.removesuffix("\u00ad"), size, bold) > width:
            lines[-1] = lines[-1].replace("\u00ad", "-")
            lines.append(word)
        else:
            lines[-1] = joined if lines[-1] else word
    return [line.replace("\u00ad", "") for line in lines]


def _words(text: str):
    for word in text.split(" "):
        for k, piece in enumerate(filter(None, _BREAKS.split(word))):
            yield piece, "" if k else " "


def _short(word: str, before: str, width: float, size: float, bold: bool):
    """Cut a word that is wider than two lines into pieces of at most one."""
    if text_width(word, size, bold) > 2 * width:
        most = max(_advance(character, bold) for character in word) * size
        step = max(1, int(width / most)) if most else len(word)
        for at in range(0, len(word), step):
            yield word[at : at + step], "" if at else before
    else:
        yield word, before


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


def ticks(axis, count: int = 5, *, whole: bool = False) -> None:
    """Put round numbers on an axis, written in Dutch; whole ones where halves do not exist."""
    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10], integer=whole))

    def write(value, _):
        step = min((b - a for a, b in pairwise(axis.get_majorticklocs())), default=1)
        decimals = next((d for d in range(6) if abs(step - round(step, d)) < 1e-9), 6)
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
