"""The figure as a reader meets it: finding, subtitle, picture, notes, source, table, file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from kansen_analysis.display import downloads, tables
from kansen_analysis.display._canvas import WIDE, Board, paint
from kansen_analysis.display._html import below, text, words
from kansen_analysis.edition.disclosure.supplied import carried
from kansen_analysis.errors import UsageError

ALT_MIN, ALT_MAX = 40, 250
DIGITS = 9  # significant ones of a figure; the last of a double differ between processors


@dataclass(frozen=True, repr=False)
class Texts:
    """What stands around a figure.

    Parameters
    ----------
    name : str
        Unique in the monitor; names the files.
    title : str
        The finding, as a sentence.
    subtitle : str
        What is measured, of whom, where, when, unit.
    source : str
        Publisher and data set.
    notes : sequence of str
        What else must be known to read it, in short sentences.
    """

    name: str
    title: str
    subtitle: str
    source: str
    notes: Sequence[str] = ()


@dataclass(frozen=True, repr=False, kw_only=True)
class Figure(Texts):
    """A figure that shows itself in a notebook.

    Parameters
    ----------
    alt : str
        What the picture shows, written from the data; 40 to 250 characters.
    frame, variables : pandas.DataFrame
        The disclosed frame it was drawn from, and its description.
    svg, svg_narrow : str
        The picture for a desk and for a phone.
    shown, shown_variables : pandas.DataFrame
        The same frame as its table shows it, if that is another shape.
    """

    alt: str
    frame: pd.DataFrame
    variables: pd.DataFrame
    svg: str = field(repr=False)
    svg_narrow: str = field(repr=False)
    shown: pd.DataFrame | None = None
    shown_variables: pd.DataFrame | None = None

    def __post_init__(self):
        """Refuse an alt text that says too little or too much."""
        if not ALT_MIN <= len(self.alt) <= ALT_MAX:
            raise UsageError(
                f"{self.name}: alt text of {len(self.alt)} characters, "
                f"{ALT_MIN} to {ALT_MAX} were expected: {self.alt}"
            )

    def html(self) -> str:
        """Return the figure with its table and files as HTML, without blank lines."""
        links = downloads.link(
            self.name, self.frame, self.variables, source=self.source, notes=self.notes
        )
        shown = self.frame if self.shown is None else self.shown
        about = self.variables if self.shown_variables is None else self.shown_variables
        return "\n".join(
            [
                f'<div class="kansen-block kansen-figure" id="figuur-{text(self.name)}">',
                f'<p class="kansen-title">{words(self.title)}</p>',
                f'<p class="kansen-subtitle">{words(self.subtitle)}</p>',
                '<div class="kansen-plot">',
                _inline(self.svg, "kansen-picture kansen-wide", self.alt),
                # hidden where no style sheet chooses between the two
                _inline(self.svg_narrow, "kansen-picture kansen-narrow", self.alt, "none"),
                "</div>",
                below(
                    self.source,
                    self.notes,
                    links,
                    self.name,
                    self.title,
                    tables.bare(f"bij-{self.name}", self.subtitle, shown, about),
                ),
                "</div>",
            ]
        )

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return f"Figuur {self.name}: {self.title}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}


def _inline(svg: str, classes: str, alt: str, display: str = "inline") -> str:
    told = f'<svg class="{classes}" display="{display}" role="img" aria-label="{text(alt)}"'
    return svg.strip().replace("<svg", told, 1)


def make(
    texts: Texts,
    painter: Callable[[Board], None],
    *,
    alt: Sequence[str],
    kind: str,
    frame: pd.DataFrame,
    variables: Sequence[tuple],
    notes: Sequence[str] = (),
    shown: pd.DataFrame | None = None,
    shown_variables: Sequence[tuple] = (),
    width: int = WIDE,
) -> Figure:
    """Paint a figure and put its texts around it.

    `notes` are added by the chart itself; `alt` are sentences, the most important first;
    variables are rows of (column, label, unit, decimals, kind).
    """
    svg, narrow = paint(texts.name, painter, width=width)
    return Figure(
        name=texts.name,
        title=texts.title,
        subtitle=texts.subtitle,
        source=texts.source,
        notes=(*notes, *texts.notes),
        alt=alt_text(alt, kind),
        frame=frame.reset_index(drop=True),
        variables=tables.described(frame, tables.about(*variables)),
        svg=svg,
        svg_narrow=narrow,
        shown=shown,
        shown_variables=tables.about(*shown_variables) if shown_variables else None,
    )


def alt_text(sentences: Sequence[str], kind: str) -> str:
    """Put sentences together while they fit, and say last what kind of figure it is.

    Examples
    --------
    >>> alt_text(["De deelnemers stijgen van 40 naar 50.", "x" * 300], "Lijngrafiek.")
    'De deelnemers stijgen van 40 naar 50. Lijngrafiek.'
    """
    said: list[str] = []
    for sentence in sentences:
        if len(" ".join([*said, sentence, kind])) <= ALT_MAX:
            said.append(sentence)
    return " ".join([*said, kind])


def need(frame: pd.DataFrame, columns: Sequence[str], chart: str) -> pd.DataFrame:
    """Return the frame with a fresh index, or say which columns are missing.

    An estimate comes back as far as its error carries it.

    Raises
    ------
    UsageError
        If a column is missing or there are no rows.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise UsageError(f"{chart}: the frame has no column {', '.join(missing)}")
    if frame.empty:
        raise UsageError(f"{chart}: the frame has no rows")
    # Charts calculate with plain floats; nullable ones would bring their own NA along.
    nullable = [c for c in frame if isinstance(frame[c].dtype, pd.Float32Dtype | pd.Float64Dtype)]
    frame = steady(frame.astype(dict.fromkeys(nullable, float))).reset_index(drop=True)
    return carried(frame) if {"estimate", "low", "high"} <= set(columns) else frame


def steady(frame: pd.DataFrame) -> pd.DataFrame:
    """Round to what every processor agrees on, so that a picture and its file stay the same.

    Examples
    --------
    >>> steady(pd.DataFrame({"a": [0.1 + 0.2, 1 / 3, float("nan")]}))["a"].tolist()
    [0.3, 0.333333333, nan]
    """
    floats = frame.select_dtypes(float).columns
    return frame.assign(**{c: [float(f"{v:.{DIGITS}g}") for v in frame[c]] for c in floats})


def flags(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a yes/no column, no where it is missing."""
    if name not in frame:
        return pd.Series(False, index=frame.index)
    return frame[name].astype("boolean").fillna(False).astype(bool)
