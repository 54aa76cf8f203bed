"""From the report of pytest to the results that the page *Toegankelijkheid* shows.

``make accessibility`` runs it: ``python tests/accessibility_report.py report.xml results.json``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

from browser import program

# What each test looks at and how, for readers; all that look at the site, so that none that fails
# is left out.
CHECKS = {
    "test_axe_finds_nothing": (
        "Regels van WCAG 2.2 AA en goede gewoonten",
        "met axe, alles uitgeklapt",
    ),
    "test_axe_finds_nothing_on_a_phone": ("Dezelfde regels op een telefoon", "met axe, 320 breed"),
    "test_pages_are_in_dutch_with_one_title_and_headings_in_order": (
        "Taal, titel en volgorde van koppen",
        "eigen toets",
    ),
    "test_landmarks_are_named_once": ("Onderdelen van de pagina met een naam", "eigen toets"),
    "test_the_skip_link_leads_past_the_menu": ("Link naar de inhoud", "met het toetsenbord"),
    "test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is": (
        "Alles bereikbaar, in volgorde en zichtbaar",
        "met het toetsenbord, breed en smal",
    ),
    "test_pages_fit_a_phone_without_scrolling_sideways": (
        "Past zonder zijwaarts schuiven",
        "320 breed",
    ),
    "test_tables_that_scroll_sideways_can_be_reached_and_are_named": (
        "Brede tabellen bereikbaar en benoemd",
        "390 breed",
    ),
    "test_words_in_tables_are_not_broken": ("Geen afgebroken woord in een tabel", "390 breed"),
    "test_pages_survive_zooming_to_200_percent": ("Vergroten", "tot 200 procent"),
    "test_pages_survive_wider_text_spacing": (
        "Meer ruimte tussen letters en regels",
        "WCAG 1.4.12",
    ),
    "test_nothing_moves_for_who_asked_for_that": ("Geen beweging", "wie daarom vraagt"),
    "test_colours_of_the_reader_leave_everything_visible": ("Eigen kleuren", "hoog contrast"),
    "test_without_scripts_every_page_shows_the_same": ("Dezelfde inhoud", "zonder JavaScript"),
    "test_without_scripts_text_and_menu_are_visible": (
        "Tekst en menu zichtbaar",
        "zonder JavaScript, breed en smal",
    ),
    "test_the_search_finds_a_page_and_its_answers_are_accessible": ("Zoeken", "met axe"),
    "test_on_paper_no_table_is_cut": ("Geen afgesneden tabel", "op papier"),
    "test_the_summary_is_one_page_of_paper": ("Samenvatting op één vel", "op papier"),
    "test_a_page_weighs_at_most_600_kb": ("Hooguit 600 kB", "alles wat de pagina ophaalt"),
    "test_images_have_an_alternative_of_40_to_250_characters": (
        "Beschrijving bij elke figuur",
        "eigen toets",
    ),
    "test_pictures_hold_no_text_over_text_and_nothing_outside_their_frame": (
        "Leesbare tekst in elke figuur",
        "eigen toets",
    ),
    "test_tables_have_a_caption_and_headers_that_say_what_they_head": (
        "Titel en koppen bij elke tabel",
        "eigen toets",
    ),
    "test_addresses_lead_somewhere": ("Links die ergens heen gaan", "eigen toets"),
    "test_ids_are_used_once_and_what_refers_to_one_finds_it": (
        "Verwijzingen binnen de pagina",
        "eigen toets",
    ),
    "test_the_html_is_well_formed": ("Geldige HTML", "met tinyhtml5"),
    "test_every_number_of_the_summary_stands_in_a_file_beside_it": (
        "Getallen van Samenvatting in een bestand",
        "eigen toets",
    ),
    "test_nothing_is_asked_from_outside_the_folder": ("Niets van buiten", "eigen toets"),
}
ENGINES = {"embedded": "de ingebouwde engine", "quarto": "Quarto"}


def axe_version() -> str:
    """Return the version of the rules that were used."""
    script = next(resources.files("axe_playwright_python").rglob("axe.min.js"))
    return re.match(r"/\*! axe v([\d.]+)", script.read_text(encoding="utf-8"))[1]


def browser_version() -> str:
    """Return the name and version of the browser."""
    done = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[:2])


def summary(report: str) -> dict:
    """Turn the report of pytest (JUnit XML) into the results.

    Returns
    -------
    dict
        As `kansen_analysis.pages.toegankelijkheid.results` describes it.
    """
    suite = ElementTree.fromstring(report).find("testsuite")
    checks: dict[str, dict] = {}
    engines: dict[str, None] = {}
    for case in suite.iter("testcase"):
        name, _, settings = case.get("name").partition("[")
        if name not in CHECKS or case.find("skipped") is not None:
            continue
        noted = {each.get("name"): int(each.get("value")) for each in case.iter("property")}
        failed = case.find("failure") is not None or case.find("error") is not None
        what, how = CHECKS[name]
        check = checks.setdefault(name, {"what": what, "how": how, "pages": 0, "found": 0})
        check["pages"] = max(check["pages"], noted.get("pages", 0))
        check["found"] += max(noted.get("found", 0), int(failed))
        engines |= {text: None for engine, text in ENGINES.items() if engine in settings}
    return {
        "date": suite.get("timestamp")[:10],
        "engine": " en met ".join(engines),
        "tool": "axe",
        "tool_version": axe_version(),
        "browser": browser_version(),
        "pages": max(check["pages"] for check in checks.values()),
        "checks": list(checks.values()),
    }


if __name__ == "__main__":
    written = json.dumps(
        summary(Path(sys.argv[1]).read_text("utf-8")), ensure_ascii=False, indent=2
    )
    Path(sys.argv[2]).write_text(written + "\n", encoding="utf-8")
