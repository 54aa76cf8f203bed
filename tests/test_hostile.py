"""Names from the data are shown as text: nothing in them acts and nothing stops a page."""

import csv
import io
import json
import subprocess

import browser
import nbformat
import pandas as pd
import pypandoc
import pytest
from injection import HOSTILE
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from kansen_analysis.display import downloads, tables
from kansen_analysis.display.stories import Card
from kansen_analysis.pages.markdown import link, linked_table, plain
from kansen_analysis.publish import embedded, project
from kansen_analysis.publish.dialect import DialectError

# What markdown may make of text: nothing but words, spaces and quotes.
WORDS = {"Str", "Space", "SoftBreak", "Quoted", "Para", "Plain", "BulletList"}
# A list item, a sentence and a cell: the places where names stand.
PLACES = ("- {}", "Gemeente: {}.", "{}", "**In {}** x")


def kinds(node, found):
    """Collect the kinds of elements in pandoc's tree."""
    if isinstance(node, dict):
        if "t" in node:
            found.append(node["t"])
        for value in node.values():
            kinds(value, found)
    elif isinstance(node, list):
        for value in node:
            kinds(value, found)
    return found


def tree(markdown):
    run = subprocess.run(
        [pypandoc.get_pandoc_path(), "-f", embedded.READER, "-t", "json"],
        input=markdown.encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(run.stdout)


def said(node):
    """Return the text of a tree."""
    if isinstance(node, dict):
        if node.get("t") == "Str":
            return node["c"]
        if node.get("t") in ("Space", "SoftBreak"):
            return " "
        return said(node.get("c", ""))
    return "".join(said(each) for each in node) if isinstance(node, list) else ""


def test_the_list_is_long_enough():
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize("place", PLACES)
def test_no_name_becomes_anything_but_text(place):
    blocks = [place.format(plain(each)) for each in HOSTILE]
    made = tree("\n\nEINDE\n\n".join(blocks))["blocks"]
    allowed = WORDS | {"DoubleQuote", "SingleQuote"} | ({"Strong"} if "**" in place else set())
    strange = set(kinds(made, [])) - allowed
    assert not strange, strange
    # One block each: nothing opened, closed or swallowed what comes after it.
    assert sum(said(block) == "EINDE" for block in made) == len(HOSTILE) - 1
    assert len(made) == 2 * len(HOSTILE) - 1


def test_what_a_name_says_stays_readable():
    for name in ("De *Eik*", "Jan & Piet", "O.B.S. 't Kompas", "A. Schweitzer", "[x] $5 @ <5"):
        assert said(tree(plain(name))["blocks"]).replace("’", "'") == name


def test_a_link_to_a_page_of_ours_leads_there_only():
    for name in HOSTILE:
        found = kinds(tree(link(name, "scholen/90AA00.ipynb"))["blocks"], [])
        assert found.count("Link") == 1 and "Image" not in found and "RawInline" not in found


def test_a_table_of_markdown_keeps_its_cells():
    text = linked_table(["School", "Plaats"], [[plain(n), "x"] for n in HOSTILE], "Scholen")
    found = kinds(tree(text)["blocks"], [])
    assert found.count("Table") == 1
    assert not {"Link", "Image", "RawInline", "RawBlock", "Math", "Cite", "Note"} & set(found)


def site(tmp_path, *cells, title="Titel"):
    front = f"---\ntitle: {json.dumps(title)}\n---"
    work = tmp_path / "work"
    work.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_raw_cell(front), *cells]), work / "index.ipynb")
    embedded.build(work, tmp_path / "site", project.Project("M"), "x")
    return (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_a_title_is_text_in_the_page_and_in_the_menu(tmp_path):
    hostile = '[klik](javascript:alert(1)) <img src=x onerror=alert(1)> $x$ @x "q"'
    page = site(tmp_path, new_markdown_cell("Tekst."), title=plain(hostile))
    assert "<img" not in page and 'javascript:alert(1)"' not in page
    heading = page.split("<h1")[1].split("</h1>")[0]
    assert "[klik](javascript:alert(1))" in heading and "<a" not in heading
    assert "<title>[klik](javascript:alert(1)) &lt;img" in page


@pytest.mark.parametrize(
    "target",
    [
        *("javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x"),
        *("file:///etc/passwd", "java%0ascript:alert(1)", "&#106;avascript:alert(1)", "ftp://x.nl"),
    ],
)
def test_a_link_with_another_scheme_is_refused_with_its_cell(tmp_path, target):
    with pytest.raises(DialectError, match=r"cell 2.*a link to"):
        site(tmp_path, new_markdown_cell(f"[klik]({target})"))


@pytest.mark.parametrize("target", ["https://a.nl", "http://a.nl", "mailto:a@b.nl", "#titel"])
def test_the_usual_links_stay(tmp_path, target):
    page = site(tmp_path, new_markdown_cell(f"## Titel {{#titel}}\n\n[klik]({target})"))
    assert f'href="{target}"' in page


def hostile_outputs():
    """A table, a story and a download in which every text is hostile."""
    about = pd.DataFrame({"label": ["Naam"], "unit": [""], "decimals": [0], "kind": ["text"]})
    about.index = ["name"]
    frame = pd.DataFrame({"name": list(HOSTILE)})
    shown = tables.table(
        frame, name="t", caption=HOSTILE[0], variables=about, source=HOSTILE[11], notes=HOSTILE
    )
    cards = [
        Card(f"s{at}", t, t, [(t, t)], t, [(t, "index.ipynb")]) for at, t in enumerate(HOSTILE)
    ]
    return [shown._repr_mimebundle_()["text/html"], *(card.html() for card in cards)]


def test_a_browser_runs_nothing_and_reports_no_violation(tmp_path):
    """Every string in a table, in stories and in running text, under the page's own policy."""
    cells = [
        new_code_cell("x", outputs=[new_output("display_data", data={"text/html": html})])
        for html in hostile_outputs()
    ]
    prose = "\n\n".join(f"Gemeente: {plain(each)}." for each in HOSTILE)
    cells.append(
        new_code_cell("x", outputs=[new_output("display_data", data={"text/markdown": prose})])
    )
    page = site(tmp_path, *cells, title=plain(HOSTILE[0]))
    assert 'http-equiv="Content-Security-Policy"' in page
    ours = browser.Site(tmp_path / "site", "embedded")
    heard = []
    with browser.launched() as chromium, chromium.open(ours, "index.html") as tab:
        tab.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
        tab.on("console", lambda line: heard.append(line.text) if line.type == "error" else None)
        tab.reload(wait_until="load")
        for selector in ("main a", "main b", "main td"):
            for place in tab.query_selector_all(selector)[:50]:
                place.dispatch_event("mouseover")
        active = tab.evaluate(
            "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some("
            "a => a.name.startsWith('on') || /^\\s*(java|vb)script:/i.test(a.value))).length"
        )
    assert heard == []
    assert active == 0
    assert ours.outside == []


def test_a_cell_of_a_download_is_no_formula():
    about = pd.DataFrame({"kind": ["text"]}, index=["name"])
    made = downloads.encode(pd.DataFrame({"name": list(HOSTILE)}), about).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(made, newline=""), delimiter=";"))
    assert len(rows) == len(HOSTILE) + 1
    assert not [row for row in rows[1:] if row[0].lstrip().startswith(("=", "+", "-", "@"))]
