"""Look over the pictures of a rendered monitor for what a reader would trip over.

``python -m kansen_analysis.display.check reports/2024-2025`` lists text over text, lines through
text, text and marks outside the picture, cut words and broken school years.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

from kansen_analysis.display._canvas import colour, text_width

SVG = "{http://www.w3.org/2000/svg}"
SLACK = 1.0  # pixels
_ASCENT, _DESCENT = 0.7, 0.18  # of the letters, times the size of the text
_PICTURE = re.compile(r'<svg class="kansen-(?:picture|mini).*?</svg>', re.S)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Drawn:
    """What is drawn: its box in pixels, y downwards, its words or its corners."""

    left: float
    top: float
    right: float
    bottom: float
    words: str = ""
    corners: tuple[tuple[float, float], ...] = ()
    filled: bool = False

    def meets(self, other: Drawn, slack: float = SLACK) -> bool:
        """Tell whether two boxes share more than a slack in both directions."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > slack
            and min(self.bottom, other.bottom) - max(self.top, other.top) > slack
        )

    def holds(self, other: Drawn, slack: float = SLACK) -> bool:
        """Tell whether another box lies within this one."""
        return (
            self.left - slack <= other.left
            and other.right <= self.right + slack
            and self.top - slack <= other.top
            and other.bottom <= self.bottom + slack
        )

    def crosses(self, other: Drawn) -> bool:
        """Tell whether this line runs through the middle part of another box."""
        tall = (other.bottom - other.top) / 5
        inner = Drawn(other.left + 1, other.top + tall, other.right - 1, other.bottom - tall)
        return any(_cuts(start, end, inner) for start, end in pairwise(self.corners))


def problems(svg: str) -> list[str]:
    """List what is wrong with one picture.

    Parameters
    ----------
    svg : str
        As `Figure.svg` holds it.

    Returns
    -------
    list of str
        Empty when every text can be read and nothing is cut.

    Examples
    --------
    >>> head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40">'
    >>> text = '<text x="{}" y="20" font-size="12">breed</text>'
    >>> problems(head + text.format(4) + "</svg>")
    []
    >>> problems(head + text.format(90) + "</svg>")
    ['text outside the picture: breed']
    >>> problems(head + text.format(4) + text.format(14) + "</svg>")
    ['text over text: breed / breed']
    >>> problems(head + '<path d="M 0 16 L 90 16" stroke="#000"/>' + text.format(4) + "</svg>")
    ['line through text: breed']
    """
    root = ElementTree.fromstring(svg)
    # Quarto writes names of attributes in small letters; a browser reads both alike.
    box = root.get("viewBox") or root.get("viewbox") or ""
    left, top, right, bottom = map(float, box.split())
    frame = Drawn(left, top, right, bottom)
    marks = {node.get("id"): node.get("d") for node in root.iter(f"{SVG}path") if node.get("id")}
    drawn = [each for node in _nodes(root) if (each := _measured(node, marks))]
    texts = [(i, each) for i, each in enumerate(drawn) if each.words]
    found = []
    for each in drawn:
        if not frame.holds(each):
            found.append(f"{'text' if each.words else 'mark'} outside the picture: {_name(each)}")
    for (_, one), (_, other) in combinations(texts, 2):
        if one.meets(other):
            found.append(f"text over text: {one.words} / {other.words}")
    for i, text in texts:
        for k, line in enumerate(drawn):
            hidden = any(each.filled and each.holds(text, 3) for each in drawn[k + 1 : i])
            if line.corners and line.crosses(text) and not hidden:
                found.append(f"line through text: {text.words}")
        if "…" in text.words:
            found.append(f"cut text: {text.words}")
        if re.search(r"\b\d{4}-$", text.words):
            found.append(f"broken school year: {text.words}")
    return found


def pictures(site: Path) -> Iterator[tuple[str, str]]:
    """Find the pictures in the pages of a rendered monitor.

    Parameters
    ----------
    site : Path
        Folder with pages, or one page.

    Yields
    ------
    str, str
        The page with the number of the picture on it, and the SVG.
    """
    site = Path(site)
    pages = sorted(site.rglob("*.html")) if site.is_dir() else [site]
    for page in pages:
        for number, svg in enumerate(_PICTURE.findall(page.read_text("utf-8")), 1):
            name = page.relative_to(site).as_posix() if site.is_dir() else page.name
            yield f"{name}, picture {number}", svg


def _nodes(node: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for child in node:
        if child.tag == f"{SVG}defs":
            continue
        if child.tag in (f"{SVG}text", f"{SVG}path", f"{SVG}use"):
            yield child
        yield from _nodes(child)


def _measured(node: ElementTree.Element, marks: dict) -> Drawn | None:
    if node.tag == f"{SVG}text":
        return _text(node)
    x = y = 0.0
    path = node.get("d", "")
    if node.tag == f"{SVG}use":
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        path = marks.get(node.get("href", "").removeprefix("#"), "")
    numbers = [float(number) for number in _NUMBER.findall(path)]
    points = [(x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    fill, stroke = (node.get(name, "none").upper() for name in ("fill", "stroke"))
    straight = "C" not in path and "Q" not in path and node.tag == f"{SVG}path"
    line = straight and fill == "NONE" and stroke not in ("NONE", colour("grid"))
    filled = node.tag == f"{SVG}path" and fill != "NONE"
    corners = tuple(points) if line else ()
    return Drawn(min(xs), min(ys), max(xs), max(ys), corners=corners, filled=filled)


def _text(node: ElementTree.Element) -> Drawn:
    size, words = float(node.get("font-size", "13").removesuffix("px")), "".join(node.itertext())
    bold = node.get("font-weight", "400") not in ("400", "normal")
    wide = text_width(words, size, bold)
    shift = {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor", "start")]
    left, base = float(node.attrib["x"]) - shift * wide, float(node.attrib["y"])
    return Drawn(left, base - _ASCENT * size, left + wide, base + _DESCENT * size, words)


def _cuts(start: tuple[float, float], end: tuple[float, float], box: Drawn) -> bool:
    """Tell whether a line from here to there enters a box (Liang and Barsky, 1984)."""
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    first, last = 0.0, 1.0
    for step, room in (
        (-dx, x - box.left),
        (dx, box.right - x),
        (-dy, y - box.top),
        (dy, box.bottom - y),
    ):
        if step == 0:
            if room < 0:
                return False
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    return first < last


def _name(each: Drawn) -> str:
    return each.words or f"at {each.left:.0f}, {each.top:.0f}"


def main(site: str) -> int:
    """Print what is wrong with the pictures of a site, and return how much that is."""
    wrong = seen = 0
    for name, svg in pictures(Path(site)):
        seen += 1
        for problem in dict.fromkeys(problems(svg)):
            wrong += 1
            print(f"{name}: {problem}")
    print(f"{seen} pictures, {wrong} problems")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1])))
