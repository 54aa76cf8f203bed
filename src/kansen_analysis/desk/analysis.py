"""Three questions of one's own: an effect, an effect for other schools, how many are enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from kansen_analysis.desk.results import About, Effect, Outlook
from kansen_analysis.edition.estimates import SEED
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import PanelError, UsageError
from kansen_analysis.estimate import attenuation, effects
from kansen_analysis.estimate import power as powers
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.pages.common import source_line
from kansen_analysis.sources import schoolyear

OTHERS = {
    "all": "",
    "own region": "Alleen vergeleken met scholen uit de eigen regio.",
    "elsewhere": "Alleen vergeleken met scholen van buiten de eigen regio.",
}
DECIMALS = {"procentpunt": 1, "op de 100 leerlingen": 1}


def estimate_effect(
    panel: pd.DataFrame,
    seed: int = SEED,
    *,
    name: str = "Verschil",
    unit: str = "",
    decimals: int = 2,
    margin: float | None = None,
    decides: str = "V1",
    draws: int = 999,
    size_by_year: bool = False,
    details: bool = True,
) -> Effect:
    """Estimate what taking part goes together with, on a panel of one's own.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per school and school year, sorted by both: ``school`` (BRIN6, text), ``year`` (int,
        first year of the school year), ``value`` (float, higher is better), ``n`` (pupils behind
        it, above 0), ``cohort`` (Int64, first year with the programme, NA for comparison schools),
        ``schoolweging`` (float), ``provider`` (text or NA), ``own_region`` (bool), and when known
        ``board`` (text) and ``schoolweging_year`` (float). `Edition.panel` gives one.
    seed : int
        Of the redraws of start years; the same seed gives the same figures.
    name, unit : str
        What the outcome is called, and the unit of a difference, for tables and figures.
    decimals : int
        Of a difference.
    margin : float, optional
        The smallest difference that matters, in the unit.
    decides, draws, size_by_year, details
        As for `kansen_analysis.estimate.effects.estimate_effect`.

    Returns
    -------
    Effect
        In the unit of ``value``: ``effect``, ``ci_low``, ``ci_high``, ``p_value``, ``n_treated``;
        ``.to_frame()``, ``.plot()``, ``.explain()``.

    Raises
    ------
    PanelError
        When the panel cannot be analysed; the message says what to do.
    UsageError
        For a version that is not there.

    Notes
    -----
    Extended two-way fixed effects (Wooldridge, 2021) in five fixed versions; below 40 schools on
    either side by redrawn start years. See docs/methods.md.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> estimate_effect(simulate("S0", seed=1, effect=0.2), name="Toets", unit="SD")
    Effect(Toets: +0.22 SD, 95% interval 0.17 to 0.26; 80 participants, ... others; V1, cluster)
    """
    found = effects.estimate_effect(
        panel, seed, decides=decides, draws=draws, size_by_year=size_by_year, details=details
    )
    return Effect(found, About(name, unit, decimals, margin=margin))


def compare_schools(
    edition: Edition,
    goal: int = 1,
    *,
    schools: Iterable[str] | None = None,
    others: str = "all",
    since: int | str | None = None,
    until: int | str | None = None,
    without: Collection[int | str] = (),
    outcome: str = "first",
    decides: str | None = None,
    seed: int = SEED,
) -> Effect:
    """Estimate the effect of a goal for some of the participants, or with another choice.

    Parameters
    ----------
    edition : Edition
        Of `open_edition` or `build`.
    goal : int
        Its number in the protocol.
    schools : iterable of str, optional
        BRIN6 codes: of the participants only these count. Comparison schools always stay, so that
        the same schools are compared with. All participants when left out.
    others : str
        The schools they are compared with: ``all``, ``own region`` or ``elsewhere``.
    since, until : int or str, optional
        First and last school year that counts: ``2018`` or ``"2018-2019"``.
    without : collection of int or str
        School years left out.
    outcome : str
        ``first``, the one of the verdict, or ``second``.
    decides : str, optional
        The version that gives effect and interval; that of the protocol when left out, and V1 for
        schools from elsewhere.
    seed : int
        Of the redraws; the default is that of the monitor.

    Returns
    -------
    Effect
        In the unit of the outcome. Without any choice the figures of the monitor itself.

    Raises
    ------
    UsageError
        When the goal has no panel, or none of the schools is a participant in it.
    PanelError
        When these schools and years cannot be analysed.

    Examples
    --------
    >>> from kansen_analysis import build
    >>> from kansen_analysis.demo import demo_folder
    >>> edition = build(demo_folder())
    >>> heavy = edition.schools.query("schoolweging >= 32")["school"]
    >>> compare_schools(edition, 1, schools=heavy).n_treated < edition.estimates[1].n_treated
    True
    """
    rule = edition.protocol.goal(goal)
    panel, about = _panel(edition, rule, outcome)
    chosen: list[str] = []
    if others not in OTHERS:
        raise UsageError(f"There are no others {others!r}; choose from {', '.join(OTHERS)}.")
    takes_part = panel["cohort"].notna()
    if schools is not None:
        codes = {str(code) for code in schools}
        there = takes_part & panel["school"].isin(codes)
        if not there.any():
            raise UsageError(f"None of these {len(codes)} schools takes part with years to test.")
        every = panel.loc[takes_part, "school"].nunique()
        panel, takes_part = panel[there | ~takes_part], takes_part[there | ~takes_part]
        count = panel.loc[takes_part, "school"].nunique()
        chosen.append(f"Een deel van de deelnemers: {count} van de {every} scholen.")
    if others != "all":
        own = panel["own_region"].astype(bool)
        panel = panel[takes_part | (own if others == "own region" else ~own)]
        chosen.append(OTHERS[others])
    first, last = (None if year is None else _year(year) for year in (since, until))
    gone = {_year(year) for year in without}
    years = panel["year"]
    kept = years.between(first or 0, last or 9999) & ~years.isin(list(gone))
    if not kept.all():
        panel = panel[kept]
        labels = ", ".join(schoolyear.label(int(year)) for year in sorted(panel["year"].unique()))
        chosen.append(f"Andere schooljaren dan het protocol: {labels}.")
    panel = panel.reset_index(drop=True)
    # The version of the protocol, but for one that asks for schools that were left out.
    decides = decides or ("V1" if others == "elsewhere" else rule.outcome.decides)
    seen = edition.attenuation.get(goal) if outcome == "first" else None
    if seen is not None:
        found = attenuation.estimate_advice(panel, seen, seed, decides=decides)
    else:
        by_year = rule.outcome.size_by_year and outcome == "first"
        found = effects.estimate_effect(panel, seed, decides=decides, size_by_year=by_year)
    return Effect(found, About(**(about | {"choices": tuple(chosen)})))


def power(
    edition: Edition,
    goal: int = 1,
    *,
    schools: Sequence[int] = (10, 20, 40, 80),
    start: int | str | None = None,
    years: int = 3,
    share: float = powers.SHARE,
    limit: float = 0.05,
) -> Outlook:
    """Work out what a plan could show: so many schools, from a start, after some years.

    Parameters
    ----------
    edition : Edition
        Gives the schools, how many pupils they have, and how much results move by chance.
    goal : int
        Its number in the protocol.
    schools : sequence of int
        Numbers of participants to work out; they are taken from the own region, as large as schools
        are there. Today's participants are left out.
    start : int or str, optional
        First school year with the programme; the one after this edition when left out.
    years : int
        School years with results from the start on.
    share : float
        The chance that is asked for.
    limit : float
        The p value at which the deciding version is sure.

    Returns
    -------
    Outlook
        One row per number that the own region has; ``.to_frame()``, ``.plot()``, ``.explain()``.

    Raises
    ------
    UsageError
        When the goal has no panel.
    PanelError
        When the own region has too few schools for any of these numbers, or too few years.

    Notes
    -----
    The chance is that all five versions and the mean against the last year agree, as the word
    *beter* asks (docs/methods.md); worked out from the weights of the estimator, not by simulation.

    Examples
    --------
    >>> from kansen_analysis import build
    >>> from kansen_analysis.demo import demo_folder
    >>> found = power(build(demo_folder()), schools=[10, 20]).to_frame()
    >>> bool(found["difference"].is_monotonic_decreasing)
    True
    """
    rule = edition.protocol.goal(goal)
    panel, about = _panel(edition, rule, "first")
    begins = edition.year + 1 if start is None else _year(start)
    moved, _ = powers.measured_components(panel, goal)
    plain = panel[panel["cohort"].isna()].reset_index(drop=True)
    plain = powers.until(plain, begins + years - 1)
    seen = edition.attenuation.get(goal)
    rows, lack = [], None
    for count in schools:
        try:
            found = powers.power(
                powers.usable(powers.with_schools(plain, count, begins)),
                moved,
                decides=rule.outcome.decides,
                limit=limit,
                gate=edition.protocol.verdict.gate,
                share=share,
                attenuation=1.0 if seen is None else seen.mean,
                size_by_year=rule.outcome.size_by_year,
            )
        except PanelError as error:
            lack = error
            continue
        chance = found.chance(about["margin"])
        rows.append((count, found.n_schools - found.n_treated, found.difference, chance))
    if not rows:
        raise lack or UsageError("No number of schools was asked for.")
    table = pd.DataFrame(rows, columns=["schools", "others", "difference", "chance"])
    plan = f"Start in {schoolyear.label(begins)}, uitslagen van {years} schooljaren."
    return Outlook(table, About(**(about | {"choices": (plan,)})), share)


def _panel(edition: Edition, goal: Goal, outcome: str) -> tuple[pd.DataFrame, dict]:
    """Return the panel of an outcome of a goal, and what is known of it."""
    if outcome not in ("first", "second"):
        raise UsageError(f"There is no outcome {outcome!r}; choose from first, second.")
    measured = goal.outcome
    name = str(goal.id)
    if outcome == "second":
        name, measured = f"{name} second", (goal.secondary or (measured,))[0]
    if name not in edition.panels:
        known = ", ".join(edition.panels)
        raise UsageError(f"This edition has no panel {name!r}; it has {known or 'none'}.")
    unit = getattr(measured, "unit", OUTCOMES[measured.measure].unit)
    return edition.panels[name], {
        "name": measured.name,
        "unit": unit,
        "decimals": DECIMALS.get(unit, 2),
        "source": source_line(*measured.sources),
        "margin": goal.outcome.smallest_difference if outcome == "first" else None,
    }


def _year(year: int | str) -> int:
    return year if isinstance(year, int) else schoolyear.parse(year)
