"""In Dutch, several programmes on one page: what each does, whom it reaches, what is known."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd

from kansen_analysis.programme.settings import Settings
from kansen_analysis.words import numbers

START = """<!DOCTYPE html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Monitors van {count} programma’s, {year}</title>
<link rel="icon" href="assets/favicon.svg">
{styles}</head>
<body>
<a class="skip-link" href="#inhoud">Naar de inhoud</a>
<main id="inhoud" tabindex="-1" style="max-width: 68ch; margin: 0 auto; padding: 1rem">
<h1>Monitors van {count} programma’s</h1>
<p>{banner}Elk programma heeft een eigen monitor, met eigen scholen, doelen en vergelijking.
Een school van het ene programma is geen vergelijkingsschool van het andere.</p>
{programmes}
<h2>Scholen in meer dan één programma</h2>
{shared}
</main>
</body>
</html>
"""
INVENTED = "<strong>Voorbeeld met verzonnen scholen.</strong> "


def section(folder: str, settings: Settings, people: int, verdicts: pd.DataFrame) -> str:
    """Write what stands on the page to start from about one programme, as HTML.

    Examples
    --------
    >>> from kansen_analysis.programme import workspace
    >>> told = pd.DataFrame({"name": ["Eindtoets"], "verdict": ["onbeslist"]})
    >>> "Eindtoets: onbeslist" in section("a", workspace.settings_of("."), 2, told)
    True
    """
    reach = {0: "Het register noemt nog geen scholen.", 1: "Er doet 1 school mee."}
    count = reach.get(people, f"Er doen {numbers.number(people, 0)} scholen mee.")
    said = "".join(
        f"<li>{html.escape(goal)}: {html.escape(verdict)}</li>"
        for goal, verdict in zip(verdicts["name"], verdicts["verdict"], strict=True)
    )
    return (
        f'<h2><a href="{html.escape(folder)}/index.html">{html.escape(settings.name)}</a></h2>\n'
        f"<p>{html.escape(settings.what)} {count}</p>\n<ul>{said}</ul>"
    )


def shared(schools: Mapping[str, list[str]]) -> str:
    """Name the schools that take part in more than one programme, as HTML.

    Parameters
    ----------
    schools : mapping of str to list of str
        By name of the school the programmes it takes part in.

    Examples
    --------
    >>> shared({})
    '<p>Geen school staat in het register van meer dan één programma.</p>'
    """
    if not schools:
        return "<p>Geen school staat in het register van meer dan één programma.</p>"
    lines = [
        f"<li>{html.escape(school)}: {html.escape(numbers.listed(names))}</li>"
        for school, names in schools.items()
    ]
    return f"<ul>{''.join(lines)}</ul>"
