"""What stands beside the figures: the tables of the programme, stories and lessons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kansen_analysis.errors import SettingsError
from kansen_analysis.programme.reading import Programme, read_programme
from kansen_analysis.programme.settings import FILE, Settings


def run(inputs: Mapping) -> dict[str, object]:
    """Read the programme folder.

    Returns
    -------
    dict
        ``programme``: what may be shown on the day of publication, up to the school year in which
        the edition appears. What is withheld is counted and not in it. The ``settings``. And
        ``truth``: what was put into invented data; empty for published files.

    Raises
    ------
    DataErrors
        With every mistake in the tables.
    """
    programme = read_programme(inputs["programme"], inputs["day"])

    known = programme.activities["date"] < f"{inputs['year'] + 2}-08"
    shown = programme.activities[known].reset_index(drop=True)

    # The day shows in nothing but what was withheld: with that the same, it is the same edition.
    return {
        "programme": replace(programme, activities=shown, day=""),
        "truth": inputs["truth"],
        "settings": inputs["settings"],
    }


def check_shown(settings: Settings, programme: Programme) -> None:
    """Refuse what another programme does, unless the settings say why it is shown.

    Raises
    ------
    SettingsError
        With one line per programme that is neither this one nor one of ``shows``.
    """
    tables = ("activities", "goals", "budget", "network", "lessons")
    named = [(f"{table}.csv", getattr(programme, table)["programme"]) for table in tables]
    named.append(("stories", [story.programme for story in programme.stories]))
    found: dict[str, str] = {}
    for place, names in named:
        for name in names:
            found.setdefault(name, place)
    if told := [
        f"{FILE}: shows: found no reason to show {name!r}, which {place} names; expected {name!r} "
        "with a sentence that says why, or rows of this programme only."
        for name, place in found.items()
        if name not in (settings.name, settings.short, *settings.shows)
    ]:
        raise SettingsError("\n".join(told))
