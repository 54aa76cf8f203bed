"""Pieces of a page that show already worded text and numbers: cards, key numbers, folds, a sheet.

They hold no sentence of their own but the names on the scale; what they say is written in words/.
Signs and colours come from the verdict and never stand alone: the word is always beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kansen_analysis.display._html import text, words
from kansen_analysis.errors import UsageError
from kansen_analysis.words import numbers

# look of a verdict: sign that is not read aloud, colour in kansen.css
LOOKS = {"better": "▲", "small": "▲", "worse": "▼", "same": "=", "open": "?", "none": "–"}
FARTHEST = 3  # margins on the scale of a card; what goes farther gets an arrow
_WIDE, _TALL, _PAD = 320, 50, 12  # of the scale of a card, in pixels


@dataclass(frozen=True)
class Html:
    """A piece of HTML that shows itself in a notebook, with a fixed text beside it.

    Parameters
    ----------
    html : str
        Escaped already, without blank lines.
    plain : str
        What stands where HTML is not shown.

    Examples
    --------
    >>> Html("<p>Ja</p>", "Ja")
    Ja
    """

    html: str
    plain: str

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return self.plain

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.plain}


@dataclass(frozen=True)
class Card:
    """One goal in one look: the verdict, its size, how sure, and where to read on.

    Parameters
    ----------
    question : str
        What the goal asks, as the heading of the card.
    look : str
        Of the verdict: better, small (better, but less than matters), worse, same, open or none.
    word : str
        The verdict, as the reader sees it.
    size : str
        The size in one short sentence, or why there is none.
    sure : str
        How sure that is, in one short sentence.
    link : (str, str)
        Words and address of the page behind it.
    interval : (float, float, float), optional
        Estimate, lowest and highest, divided by the smallest difference that matters; positive is
        better, whatever the goal counts.
    facts : mapping of str to str
        What is seen without a verdict, or what is needed: a short name and a sentence.
    """

    question: str
    look: str
    word: str
    size: str
    sure: str = ""
    link: tuple[str, str] = ("", "")
    interval: tuple[float, float, float] | None = None
    facts: Mapping[str, str] | None = None

    def __post_init__(self):
        """Refuse a look that does not exist."""
        if self.look not in LOOKS:
            raise UsageError(f"{self.look!r} is no look of a card; use one of {', '.join(LOOKS)}")


def cards(given: Sequence[Card]) -> Html:
    """Put cards beside each other, two in a row where there is room.

    Returns
    -------
    Html
        A section with a heading of the third level for each.

    Raises
    ------
    UsageError
        When two cards ask the same question.

    Examples
    --------
    >>> card = Card(
    ...     "1. Gaan de resultaten vooruit?", "better", "Beter",
    ...     "Van elke 100 leerlingen halen er 6 méér het streefniveau.",
    ...     "Het kan ook 4 zijn, of 8.", ("Eindtoets", "eindtoets.ipynb"), (1.8, 1.2, 2.5))
    >>> print(cards([card]).plain)
    1. Gaan de resultaten vooruit? Beter. Van elke 100 leerlingen halen er 6 méér ... of 8.
    >>> "kansen-is-better" in cards([card]).html
    True
    """
    names = [_name(card.question) for card in given]
    if len(set(names)) < len(names):
        raise UsageError("two cards ask the same question")
    made = [_card(card, name) for card, name in zip(given, names, strict=True)]
    html = '<div class="kansen-block kansen-cards">\n' + "\n".join(made) + "\n</div>"
    return Html(html, "\n".join(map(_plain, given)))


def _name(question: str) -> str:
    return "kaart-" + re.sub(r"\W+", "-", question.lower()).strip("-")


def _plain(card: Card) -> str:
    facts = [f"{name}: {said}" for name, said in (card.facts or {}).items()]
    parts = [card.question, f"{card.word}.", card.size, card.sure, *facts]
    return " ".join(part for part in parts if part)


def _card(card: Card, name: str) -> str:
    lines = [
        f'<section class="kansen-card kansen-is-{card.look}" aria-labelledby="{name}">',
        f'<h3 id="{name}">{words(card.question)}</h3>',
        f'<p class="kansen-word"><span aria-hidden="true">{LOOKS[card.look]}</span> '
        f"{text(card.word)}</p>",
        f'<p class="kansen-size">{words(card.size)}</p>',
    ]
    if card.interval:
        lines.append(scale(*card.interval))
    lines += [
        f'<p class="kansen-fact"><b>{words(name)}:</b> {words(said)}</p>'
        for name, said in (card.facts or {}).items()
    ]
    if card.sure:
        lines.append(f'<p class="kansen-sure">{words(card.sure)}</p>')
    if card.link[1]:
        label, address = map(text, card.link)
        lines.append(f'<p class="kansen-more"><a href="{address}">{label}</a></p>')
    return "\n".join([*lines, "</section>"])


def scale(estimate: float, low: float, high: float) -> str:
    """Draw an estimate with its interval on the scale that all goals share.

    Parameters
    ----------
    estimate, low, high : float
        Divided by the smallest difference that matters; positive is better.

    Returns
    -------
    str
        SVG in the colour of the text around it.

    Examples
    --------
    >>> "tussen 1,2 en 2,5" in scale(1.8, 1.2, 2.5)
    True
    """

    def x(value: float) -> str:
        inside = max(-FARTHEST, min(FARTHEST, value))
        return f"{_PAD + (inside + FARTHEST) / (2 * FARTHEST) * (_WIDE - 2 * _PAD):.1f}"

    said = (
        f"Schatting: {numbers.number(estimate)} keer het kleinste verschil dat ertoe doet, "
        f"{numbers.interval(low, high)}. Boven nul is beter."
    )
    ends = [
        ("start", -FARTHEST, "slechter"),
        ("middle", 0, "geen verschil"),
        ("end", FARTHEST, "beter"),
    ]
    line = f"M {x(low)} 16 L {x(high)} 16"
    for value, way in ((low, -1), (high, 1)):
        if way * value > FARTHEST:
            tip = float(x(value))
            line += f" M {tip - way * 7:.1f} 10 L {tip:.1f} 16 L {tip - way * 7:.1f} 22"
    dot = f'<circle cx="{x(estimate)}" cy="16" r="6.5"/>' if abs(estimate) <= FARTHEST else ""
    return (
        '<svg class="kansen-mini" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {_WIDE} {_TALL}" width="{_WIDE}" height="{_TALL}" role="img" '
        f'aria-label="{text(said)}">'
        f'<path class="kansen-zone" d="M {x(-1)} 3 L {x(1)} 3 L {x(1)} 29 L {x(-1)} 29 z"/>'
        f'<path class="kansen-zero" d="M {x(0)} 0 L {x(0)} 32"/>'
        f'<path class="kansen-range" d="{line}"/>{dot}'
        + "".join(
            f'<text x="{x(at)}" y="46" font-size="13" text-anchor="{anchor}">{word}</text>'
            for anchor, at, word in ends
        )
        + "</svg>"
    )


def key_numbers(given: Sequence[tuple[str, str]]) -> Html:
    """Put a few numbers in a row, each with what it counts.

    Parameters
    ----------
    given : sequence of (str, str)
        The number as it is written, and what it counts with its year.

    Examples
    --------
    >>> key_numbers([("80", "scholen in het register"), ("13", "gemeenten")])
    80 scholen in het register; 13 gemeenten
    """
    rows = [f"<div><dt>{words(what)}</dt><dd>{text(number)}</dd></div>" for number, what in given]
    html = '<dl class="kansen-block kansen-facts">\n' + "\n".join(rows) + "\n</dl>"
    return Html(html, "; ".join(f"{number} {what}" for number, what in given))


def listed(given: Sequence[str]) -> Html:
    """List short sentences under each other, with a line between them.

    Parameters
    ----------
    given : sequence of str
        What stands between ``**`` is bold.

    Examples
    --------
    >>> print(listed(["Schooladvies: was **onbeslist**, is nu **beter**."]).html)
    <ul class="kansen-lines">
    <li>Schooladvies: was <b>onbeslist</b>, is nu <b>beter</b>.</li>
    </ul>
    """
    items = [re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", words(said)) for said in given]
    html = "\n".join(['<ul class="kansen-lines">', *(f"<li>{i}</li>" for i in items), "</ul>"])
    return Html(html, "\n".join(said.replace("**", "") for said in given))


def sheet(lead: str, numbers_row: Html, goals: Html, *below: Html, foot: str = "") -> Html:
    """Put a summary on one sheet of paper, for a meeting.

    Parameters
    ----------
    lead : str
        Two or three sentences.
    numbers_row, goals : Html
        What `key_numbers` and `cards` give.
    *below : Html
        What follows, such as what `listed` gives; beside each other on paper.
    foot : str
        Source and date.

    Examples
    --------
    >>> sheet("Kort gezegd.", key_numbers([("80", "scholen")]), listed(["Een"]), foot="Bron: DUO")
    Kort gezegd.
    80 scholen
    Een
    Bron: DUO
    """
    parts = [
        '<div class="kansen-sheet">',
        f'<p class="kansen-lead">{words(lead)}</p>',
        numbers_row.html,
        goals.html.replace("<h3 ", "<h2 ").replace("</h3>", "</h2>"),  # right below the title
        '<div class="kansen-beside">',
        *(f"<div>\n{each.html}\n</div>" for each in below),
        "</div>",
        f'<p class="kansen-source">{words(foot)}</p>' if foot else "",
        "</div>",
    ]
    plain = [lead, numbers_row.plain, goals.plain, *(each.plain for each in below), foot]
    return Html("\n".join(part for part in parts if part), "\n".join(p for p in plain if p))


def colophon(given: Sequence[tuple[str, str, str]]) -> Html:
    """Tell at the foot of every page who made it and whom to ask.

    Parameters
    ----------
    given : sequence of (str, str, str)
        What (“Vragen”), who or how, and an address or nothing.

    Examples
    --------
    >>> colophon([("Vragen", "de coördinator", "mailto:vraag@example.org")])
    Vragen: de coördinator
    """
    rows = []
    for what, who, address in given:
        said = f'<a href="{text(address)}">{text(who)}</a>' if address else text(who)
        rows.append(f"<div><dt>{text(what)}</dt><dd>{said}</dd></div>")
    html = '<dl class="colophon">\n' + "\n".join(rows) + "\n</dl>"
    return Html(html, "; ".join(f"{what}: {who}" for what, who, _ in given))
