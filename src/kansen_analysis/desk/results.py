"""What an own analysis gives back: it prints, shows itself in a notebook, and explains itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kansen_analysis.display import figures, tables
from kansen_analysis.display.figures import Figure, Texts
from kansen_analysis.errors import UsageError
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import estimates, own_analysis
from kansen_analysis.words.numbers import many
from kansen_analysis.words.own_analysis import About

LANGUAGES = ("nl", "en")


class _Shown:
    """A result that shows itself as a table in a notebook and as one line elsewhere."""

    def _table(self) -> tables.Table:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self._table().html()

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise UsageError(f"There is no language {language!r}; choose from {', '.join(LANGUAGES)}.")
    return language


@dataclass(frozen=True, repr=False, eq=False)
class Effect(_Shown):
    """The difference after the start between participants and schools they are compared with.

    Attributes
    ----------
    estimate : EffectEstimate
        All there is; its attributes are attributes of this too: ``effect``, ``ci_low``,
        ``ci_high``, ``p_value``, ``n_treated``, ``versions``, ``by_cohort``, ``event``, ...
    about : About
        What was estimated, and what was chosen.

    Notes
    -----
    An own analysis gives no verdict: that asks for a rule that was fixed before anybody looked.
    """

    estimate: EffectEstimate
    about: About = field(default_factory=About)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name == "estimate":
            raise AttributeError(name)
        return getattr(self.estimate, name)

    def __repr__(self) -> str:
        return own_analysis.line(self.estimate, self.about)

    def to_frame(self) -> pd.DataFrame:
        """Return the difference in every fixed version.

        Returns
        -------
        pandas.DataFrame
            Index ``version`` (V1 to V5): ``effect``, ``ci_low``, ``ci_high`` (95%), ``p_value``,
            ``method`` (where the interval comes from), ``n_treated``, ``n_others`` (schools) and
            ``lack`` (why a version is not there; then its figures are missing).
        """
        decision = self.estimate.decision[["effect", "ci_low", "ci_high", "p_value", "method"]]
        return decision.join(self.estimate.versions[["n_treated", "n_others", "lack"]])

    def _table(self) -> tables.Table:
        frame = self.to_frame().reset_index()
        frame.insert(0, "label", [f"{v}: {estimates.VERSIONS[v]}" for v in frame["version"]])
        about, digits = self.about, self.about.decimals
        variables = tables.about(
            ("label", "Berekening", "", 0, "text"),
            ("effect", "Verschil", about.unit, digits, "difference"),
            ("ci_low", "Ondergrens", about.unit, digits, "difference"),
            ("ci_high", "Bovengrens", about.unit, digits, "difference"),
            ("p_value", "p", "", 3, "mean"),
            ("n_treated", "Deelnemende scholen", "scholen", 0, "count"),
            ("n_others", "Andere scholen", "scholen", 0, "count"),
        )
        # a page may hold several: each its own name, and a title that tells them apart
        told = hashlib.sha256(frame.to_csv(index=False, float_format="%.6g").encode()).hexdigest()
        schools = many(self.estimate.n_treated, "school", "scholen")
        return tables.table(
            frame,
            name=f"eigen-analyse-{told[:8]}",
            caption=f"{about.name}: verschil van {schools} met vergelijkbare scholen na de start",
            variables=variables,
            source=about.source,
            notes=(
                *own_analysis.rests_on(self.estimate),
                *about.choices,
                *estimates.noted(self.estimate.notes),
            ),
        )

    def plot(self, kind: str = "versions") -> Figure:
        """Draw it.

        Parameters
        ----------
        kind : str
            ``versions``: the five versions with intervals; ``years``: the difference by year
            before and after the start.

        Returns
        -------
        Figure
            Shows itself in a notebook; ``.svg`` is the picture, ``.frame`` what it was drawn from.

        Raises
        ------
        UsageError
            For another kind, or ``years`` where there are too few before the start.
        """
        kinds: dict[str, Callable[[], Figure]] = {"versions": self._versions, "years": self._years}
        if kind not in kinds:
            raise UsageError(f"There is no plot {kind!r}; choose from {', '.join(kinds)}.")
        return kinds[kind]()

    def _versions(self) -> Figure:
        decision = self.estimate.decision
        frame = pd.DataFrame(
            {
                "version": list(decision.index),
                "label": [estimates.VERSIONS[name] for name in decision.index],
                "estimate": decision["effect"].to_numpy(),
                "low": decision["ci_low"].to_numpy(),
                "high": decision["ci_high"].to_numpy(),
            }
        )
        texts = self._texts("versies", own_analysis.same_side(frame))
        about = self.about
        return figures.versions(
            frame, texts, unit=about.unit, margin=about.margin or 0.0, decimals=about.decimals
        )

    def _years(self) -> Figure:
        event = self.estimate.event
        if event is None:
            raise UsageError("There are too few years before the start to compare year by year.")
        frame = event.table[["estimate", "band_low", "band_high", "n"]].reset_index(
            names="relative"
        )
        frame = frame.rename(columns={"band_low": "low", "band_high": "high"})
        about = self.about
        return figures.event_study(
            frame,
            self._texts("jaren", own_analysis.finding(self.estimate, about)),
            unit=about.unit,
            decimals=about.decimals,
            margin=about.margin,
        )

    def _texts(self, kind: str, title: str) -> Texts:
        unit = f" ({self.about.unit})" if self.about.unit else ""
        return Texts(
            name=f"eigen-analyse-{kind}",
            title=title,
            subtitle=f"{self.about.name}: verschil met vergelijkbare scholen na de start{unit}, "
            "met 95%-interval",
            source=self.about.source,
            notes=(*own_analysis.rests_on(self.estimate), *self.about.choices),
        )

    def explain(self, language: str = "nl") -> str:
        """Say in a few sentences what was found, how sure it is, and what it is not.

        Parameters
        ----------
        language : str
            ``nl`` or ``en``.
        """
        return own_analysis.explained(self.estimate, self.about, _language(language))


@dataclass(frozen=True, repr=False, eq=False)
class Outlook(_Shown):
    """What a number of participating schools could show.

    Attributes
    ----------
    table : pandas.DataFrame
        As `to_frame` returns it.
    about : About
    share : float
        The chance that is asked for.
    """

    table: pd.DataFrame
    about: About
    share: float = 0.8

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of schools.

        Returns
        -------
        pandas.DataFrame
            ``schools`` (participants), ``others`` (schools they are compared with), ``difference``
            (smallest true difference that is seen with the asked-for chance, in the unit) and
            ``chance`` (0 to 1, of seeing the smallest difference that matters).
        """
        return self.table.copy()

    def __repr__(self) -> str:
        return own_analysis.outlook_line(self.table, self.about, self.share)

    def _table(self) -> tables.Table:
        about, frame = self.about, self.table.assign(chance=100 * self.table["chance"])
        return tables.table(
            frame,
            name="hoeveel-scholen",
            caption=f"{about.name}: wat een aantal scholen kan laten zien",
            variables=tables.about(
                ("schools", "Deelnemende scholen", "scholen", 0, "count"),
                ("others", "Andere scholen", "scholen", 0, "count"),
                ("difference", "Kleinste verschil", about.unit, about.decimals, "mean"),
                ("chance", "Kans op het verschil dat ertoe doet", "%", 0, "share"),
            ),
            source=about.source,
            notes=(own_analysis.outlook_note(about, self.share), *about.choices),
        )

    def plot(self) -> Figure:
        """Draw the smallest difference that is seen, by number of schools."""
        about, nan = self.about, np.nan
        rows = [
            ("detectable", f"{row.schools} scholen", row.difference, nan, nan)
            for row in each_row(self.table)
            if np.isfinite(row.difference)
        ]
        if not rows:
            raise UsageError("No number of schools that was asked for can show a difference.")
        if about.margin:
            rows.append(("matters", "kleinste verschil dat ertoe doet", about.margin, nan, nan))
        frame = pd.DataFrame(rows, columns=["kind", "label", "value", "low", "high"])
        texts = Texts(
            name="hoeveel-scholen",
            title=own_analysis.enough(self.table, about),
            subtitle=own_analysis.outlook_note(about, self.share),
            source=about.source,
            notes=about.choices,
        )
        return figures.ruler(frame, texts, unit=about.unit, decimals=about.decimals)

    def explain(self, language: str = "nl") -> str:
        """Say in a few sentences what it means; ``nl`` or ``en``."""
        return own_analysis.outlook_explained(
            self.table, self.about, self.share, _language(language)
        )
