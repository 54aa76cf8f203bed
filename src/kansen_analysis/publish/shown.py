"""Which pages a programme shows."""

from __future__ import annotations

from collections.abc import Iterable

from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes import PAGES as GOAL_PAGES
from kansen_analysis.programme.settings import PAGES, Settings

FIRST = "index"
TRUTH = "klopt"  # what was put into the demo, beside the goals of the package
TEACHING = "analyse/"  # below the notebooks; who works on another edition runs them in Jupyter


def left_out(settings: Settings, edition: Edition, names: Iterable[str]) -> set[str]:
    """Return the pages that a programme does not show.

    Parameters
    ----------
    settings : Settings
        Its ``pages`` are shown; a page that they could not name, of the owner's own, is as well.
    edition : Edition
        A page about a goal that the programme does not have is not shown, nor one about tables
        that are empty.
    names : iterable of str
        The pages there are.
    """
    goals = {(goal.id, goal.outcome.measure) for goal in edition.protocol.goals}
    beside = edition.programme
    filled = {
        "wijkplan": len(beside.goals) + len(edition.region.neighbourhoods),
        "voortgang": len(beside.activities),
        "uren-middelen": len(beside.budget),
        "verhalen": len(beside.stories) + len(beside.lessons),
        "scholen": len(edition.participants),
        "gemeenten": len(edition.participants),
        "controlegetallen": len(edition.printed),
    }
    empty = {page for page, rows in filled.items() if not rows}
    absent = {page for goal, page in GOAL_PAGES.items() if goal not in goals}
    unwanted = {page for page in PAGES if page not in settings.pages}
    # Teaching, and the truth of the demo, are about the goals of the package.
    own = settings.goals is not None
    return {
        name
        for name in names
        if (name != FIRST and name in empty | absent | unwanted)
        or (own and (name == TRUTH or name.startswith(TEACHING)))
    }
