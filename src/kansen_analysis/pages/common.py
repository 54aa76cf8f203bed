"""What several pages share: the banner of the demo, source lines, the words of a verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kansen_analysis.demo import demo_folder
from kansen_analysis.display import downloads, tables
from kansen_analysis.display._html import below, text
from kansen_analysis.display._html import words as whole
from kansen_analysis.display.components import Html
from kansen_analysis.display.figures import SIGNS
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.build import build
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.edition.open import MANIFEST, OPENS, Edition, open_edition
from kansen_analysis.errors import Reason, UsageError
from kansen_analysis.goals.codes import Why
from kansen_analysis.sources import get, schoolyear
from kansen_analysis.words import numbers
from kansen_analysis.words.columns import columns_of
from kansen_analysis.words.reasons import say

if TYPE_CHECKING:
    from kansen_analysis.estimate.effects import EffectEstimate

__all__ = [
    "BEGUN",
    "Html",
    "banner",
    "by_name",
    "estimate_or_reason",
    "file_only",
    "glossary",
    "groups_of",
    "known_or_ends",
    "open_monitor",
    "published_table",
    "source_line",
    "table_or_file",
    "term",
    "verdict",
    "verdict_row",
    "verdict_word",
]


BEGUN = "Begonnen in"  # not "with a coach": documents name others too
PERSON = "persoon"  # the term that the programme itself gives


def open_monitor() -> Edition:
    """Open the edition a notebook was told about, else that of the demo.

    Returns
    -------
    Edition
        The one opened last when it is still the same: pages share what they rest on.
    """
    folder = os.environ.get(OPENS)
    return _opened(Path(folder)) if folder else _opened(build(demo_folder()).folder)


def _opened(folder: Path) -> Edition:
    return _kept(folder, (folder / MANIFEST).stat().st_mtime_ns if folder.is_dir() else 0)


@lru_cache(maxsize=1)
def _kept(folder: Path, written: int) -> Edition:
    return open_edition(folder)


def published_table(
    frame: pd.DataFrame,
    name: str,
    *,
    caption: str,
    source: str,
    notes: Sequence[str] = (),
    columns: str = "",
    variables: pd.DataFrame | None = None,
) -> Table:
    """Disclose a frame and show it: the one way to a table on a page.

    Its columns are `variables`, else those of columns.csv that go by `columns`, else by its name.
    """
    known = columns_of(columns or name) if variables is None else variables
    return tables.table(
        disclose(frame, known),
        name=name,
        caption=caption,
        variables=known,
        source=source,
        notes=notes,
    )


def banner(monitor: Edition) -> Prose:
    """Say first of all whether the schools exist, and which school year this is about."""
    edition = f"Uitgave over het schooljaar {schoolyear.label(monitor.year)}."
    if monitor.demo:
        return Prose(
            f"**Voorbeeld met verzonnen scholen: geen school, gemeente of bestuur op deze pagina "
            f"bestaat.** {edition}"
        )
    return Prose(edition)


def source_line(*sources: str, made: str = "bewerking kansen_analysis") -> str:
    """Name publisher and data set of each source, for below a figure."""
    named = [f"{get(s).meta['publisher']}, {get(s).meta['title']}" for s in sources]
    return "; ".join([*dict.fromkeys(named), made])


def groups_of(monitor: Edition, schools) -> dict[str, np.ndarray]:
    """Tell which rows are of schools in the register, of comparable ones, and of all."""
    return {
        "scholen in het register": np.asarray(schools.isin(monitor.participants["school"])),
        "vergelijkbare scholen": np.asarray(schools.isin(monitor.pools.schools("B"))),
        "alle scholen": np.asarray(schools.notna()),
    }


def known_or_ends(name: str, low: pd.Series, high: pd.Series) -> dict[str, pd.Series]:
    """Return a column where it is known, and its two ends where only those are."""
    exact = low == high
    ends = {f"{name}_low": low.mask(exact), f"{name}_high": high.mask(exact)}
    return {name: low.where(exact)} | ends


def by_name(monitor: Edition) -> pd.DataFrame:
    """Return the participants by municipality, and there by name."""
    return monitor.participants.sort_values(
        ["municipality", "name"], ignore_index=True, kind="stable"
    )


def verdict_word(row: pd.Series) -> str:
    """Return the verdict as the pages write it: *Beter*, *Onbeslist*, …"""
    word = numbers.capital(row["verdict"])
    assert word in SIGNS
    return word


def verdict_row(monitor: Edition, goal: int) -> pd.Series:
    """Return what was judged about one goal."""
    return monitor.verdicts.set_index("goal").loc[goal]


def verdict(monitor: Edition, goal: int) -> Html:
    """Give the verdict on a goal with its reason; the sign is not read aloud, the word is."""
    row = verdict_row(monitor, goal)
    word = verdict_word(row)
    return Html(
        f'<div class="kansen-block kansen-verdict"><p><span aria-hidden="true">{SIGNS[word]}'
        f"</span> <strong>{word}.</strong> {whole(row['reason'])}</p></div>",
        f"{word}. {row['reason']}",
    )


def estimate_or_reason(monitor: Edition, goal: int) -> tuple[EffectEstimate | None, str]:
    """Return the estimate of a goal, or None and why there is none."""
    found = monitor.estimates.get(goal, (Reason(Why.NO_DATA),))
    if isinstance(found, tuple):
        return None, say(monitor.protocol.goal(goal), *found)
    return found, ""


def file_only(table: Table | Absent) -> Html | Absent:
    """Offer a table as a file and do not print its rows.

    Parameters
    ----------
    table : Table or Absent
        A table that is too long to read on a page.

    Returns
    -------
    Html or Absent
        Its caption, its length, notes, source and links.
    """
    if isinstance(table, Absent):
        return table
    links = downloads.link(
        table.name, table.frame, table.variables, source=table.source, notes=table.notes
    )
    rows = f"{numbers.number(len(table.frame), 0)} rijen, {len(table.variables)} kolommen"
    return Html(
        f'<div class="kansen-block" id="bestand-{text(table.name)}">\n'
        f"<p><strong>{text(table.caption)}</strong> ({rows})</p>\n"
        f"{below(table.source, table.notes, links, table.name, table.caption)}\n</div>",
        f"Bestand {table.name}: {table.caption} ({rows})",
    )


def table_or_file(table: Table | Absent, most: int = 25) -> Table | Html | Absent:
    """Print a table of at most so many rows, and offer a longer one as a file."""
    if isinstance(table, Table) and len(table.frame) > most:
        return file_only(table)
    return table


@cache
def glossary() -> pd.DataFrame:
    """Read the glossary.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``anchor``: ``term``, ``definition`` (markdown), ``source``, in Dutch.

    Examples
    --------
    >>> "schoolweging" in glossary().index
    True
    """
    with resources.files("kansen_analysis.pages").joinpath("begrippen.csv").open() as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False).set_index("anchor")


def term(anchor: str, words: str | None = None) -> str:
    """Write a term as a link to the glossary, for its first use on a page.

    Parameters
    ----------
    anchor : str
        As in begrippen.csv.
    words : str, optional
        As the sentence needs it; by default the term itself.

    Raises
    ------
    UsageError
        When the glossary does not explain it.

    Examples
    --------
    >>> term("schoolweging")
    '[schoolweging](begrippen.ipynb#schoolweging)'
    """
    known = glossary()
    if anchor not in known.index:
        raise UsageError(f"{anchor!r} is not in begrippen.csv; explain it there first.")
    return f"[{words or known['term'].loc[anchor].lower()}](begrippen.ipynb#{anchor})"
