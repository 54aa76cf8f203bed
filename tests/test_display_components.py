"""Cards, key numbers, folds and sheets: the word is always there, nothing leaks into the page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kansen_analysis.display import check, components
from kansen_analysis.display._canvas import contrast
from kansen_analysis.display._figure import ALT_MAX, ALT_MIN
from kansen_analysis.errors import UsageError

CSS = Path(components.__file__).with_name("assets") / "kansen.css"
MADE = {
    "question": "1. Gaan de <resultaten> vooruit?",
    "word": "Beter",
    "size": "Van elke 100 leerlingen halen er 6 méér het streefniveau.",
    "sure": "Het kan ook 4 zijn, of 8.",
    "link": ("Eindtoets & meer", "eindtoets.ipynb"),
    "facts": {"Wat nodig is": "cijfers van 12 scholen"},
}


def card(look="better", **own):
    return components.Card(**MADE | {"look": look, "interval": (1.8, 1.2, 2.5)} | own)


def test_a_card_says_its_verdict_in_words_and_hides_the_sign():
    html = components.cards([card()]).html
    root = ElementTree.fromstring(html)  # well-formed and escaped
    said = "".join(root.itertext())
    for words in (MADE["question"], "Beter", MADE["size"], MADE["sure"], "Wat nodig is:"):
        assert words in said
    signs = [node.text for node in root.iter("span") if node.get("aria-hidden") == "true"]
    assert signs == ["▲"]
    assert root.find(".//a").get("href") == "eindtoets.ipynb"
    assert "\n\n" not in html and " style=" not in html


@pytest.mark.parametrize("look", components.LOOKS)
def test_every_look_has_a_colour_that_can_be_read(look):
    css = CSS.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css))
    named = dict(re.findall(r"\.kansen-is-(\w+) \{ --look: var\(--(\w+)\)", css))
    default = re.search(r"\.kansen-card \{ --look: var\(--(\w+)\)", css)[1]
    assert contrast(colours[named.get(look, default)], "#ffffff") >= 4.5


def test_a_card_with_another_look_or_a_question_twice_is_refused():
    with pytest.raises(UsageError, match="prachtig"):
        card("prachtig")
    with pytest.raises(UsageError, match="same question"):
        components.cards([card(), card("worse")])


@pytest.mark.parametrize(
    "interval", [(1.8, 1.2, 2.5), (0.0, -0.5, 0.5), (-2.0, -9.0, 1.0), (8.0, 4.0, 12.0)]
)
def test_the_scale_of_a_card_is_readable_and_ends_in_an_arrow_where_it_goes_on(interval):
    svg = components.scale(*interval)
    assert check.problems(svg) == []
    alt = re.search(r'aria-label="([^"]+)"', svg)[1]
    assert ALT_MIN <= len(alt) <= ALT_MAX
    _, low, high = interval
    arrows = svg.count(" 10 L ")
    assert arrows == (low < -components.FARTHEST) + (high > components.FARTHEST)
    # what lies outside the scale has no dot that would say it lies on its edge
    assert svg.count("<circle") == (abs(interval[0]) <= components.FARTHEST)


def test_better_is_right_of_the_zone_and_worse_left_of_it():
    def x(interval):
        return float(re.search(r'<circle cx="([\d.]+)"', components.scale(*interval))[1])

    assert x((-1.5, -2, -1)) < x((0, -1, 1)) < x((1.5, 1, 2))


def test_key_numbers_name_what_they_count_first_for_who_listens():
    html = components.key_numbers([("> 60", "scholen volgens de agenda")]).html
    assert re.findall(r"<(dt|dd)>(.*?)</", html) == [
        ("dt", "scholen volgens de agenda"),
        ("dd", "&gt; 60"),
    ]


def test_pieces_show_the_same_every_time_and_hold_no_markup_from_outside():
    for made in (
        components.cards([card()]),
        components.key_numbers([("<b>", "<i>")]),
        components.listed(["<script> was **onbeslist**"]),
        components.colophon([("Vragen", "<x>", "mailto:a@example.org")]),
    ):
        bundle = made._repr_mimebundle_()
        assert bundle == made._repr_mimebundle_()
        assert "<script>" not in bundle["text/html"] and "<x>" not in bundle["text/html"]
        ElementTree.fromstring(bundle["text/html"])


def test_a_sheet_holds_all_of_its_parts():
    row, goals = components.key_numbers([("80", "scholen")]), components.cards([card()])
    made = components.sheet("Kort.", row, goals, components.listed(["Een"]), foot="Bron: DUO")
    below_the_title = goals.html.replace("<h3 ", "<h2 ").replace("</h3>", "</h2>")
    assert "<h2 " in below_the_title  # no level is passed over
    for part in (row.html, below_the_title, "<li>Een</li>", "Bron: DUO"):
        assert part in made.html
    ElementTree.fromstring(made.html)
