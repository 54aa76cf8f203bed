"""A notebook with every construct of the dialect shows the same content in each engine."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from kansen_analysis.errors import EngineError
from kansen_analysis.publish import embedded, links, project, quarto

# one pixel, white
PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=="
    )
).decode()
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<rect width="9" height="9"/></svg>'
)
HTML_TABLE = (
    '<div class="eigen"><table id="eigen-tabel"><caption>Scores per jaar</caption><thead><tr>'
    '<th scope="col">Jaar</th><th scope="col">Score</th></tr></thead><tbody><tr>'
    '<th scope="row">2024-2025</th><td>3,4</td></tr></tbody></table></div>'
)

ROOT = Path(__file__).parents[1]


def configuration():
    """Return the configuration of the repository, with the menu of the sample."""
    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    config["website"]["sidebar"]["contents"] = ["notebooks/index.ipynb", "notebooks/twee.ipynb"]
    return yaml.safe_dump(config)


FRONT = """---
title: "Alle *onderdelen*"
subtitle: Met ondertitel
description: Met beschrijving
number-sections: true
---"""

TEXT = """\
Zie @fig-html, [-@fig-html], [plaatje @fig-png], [@tbl-pijp; @tbl-html], @Fig-los, @fig-vak,
@sec-twee en @fig-weg. Een noot.[^een] Mail naar info@voorbeeld.nl.

[^een]: De *noot* met 12 woorden.

## Eerste deel {#sec-een}

Naar [het tweede deel](twee.ipynb#sec-daar), [de andere pagina](twee.ipynb) en
[hierboven](#sec-een). Een [Engels woord]{lang=en} en een [anker]{#begrip}. Het oordeel:
[Geen verschil dat ertoe doet]{.oordeel-gelijk} of **[Beter.]{.oordeel-beter}**

### Onderdeel

| School | Score |
|:-------|------:|
| De Wilg, zie [twee](twee.ipynb) | 3,4 |
| De Eik | 2,1 |

: Scores per *school* {#tbl-pijp}

### Zonder nummer {.unnumbered}

![Een los plaatje](los.svg){#fig-los fig-alt="Een zwart vierkant van negen bij negen." width=50%}

::: {#fig-vak}

Een vak met 1 regel.

Bijschrift van het vak
:::
"""

BLOCKS = """\
## Tweede deel {#sec-twee}

::: {.panel-tabset}

### Tabblad een

Inhoud van het eerste, zie @sec-een.

### Tabblad twee
"""

REST = """\
Einde van het tweede.

:::

::: {.callout-note title="Let op de *cijfers*"}
Tekst met [een link](twee.ipynb).
:::

::: {.callout-warning}
### Kop als titel

Tekst van de waarschuwing.
:::

::: {.callout-tip}
Tekst van de tip.
:::

::: {.callout-caution}
Tekst van opgelet.
:::

::: {.callout-important}
Tekst van belangrijk.
:::

::: {.columns}
::: {.column width="40%"}
Links staat 40.
:::
::: {.column width="60%"}
Rechts staat 60.
:::
:::

Term
:   Uitleg van de term.

> Een citaat.

1. Een
2. Twee
"""


def shown(code, *outputs):
    return new_code_cell(code, execution_count=1, outputs=list(outputs))


def displayed(**kinds):
    data = {"html": "text/html", "md": "text/markdown", "svg": "image/svg+xml", "png": "image/png"}
    return new_output(
        "display_data",
        data={data[k]: v for k, v in kinds.items()} | {"text/plain": "<Onzichtbaar>"},
    )


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


EVERYTHING = new_notebook(
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    cells=[
        new_raw_cell(FRONT),
        new_markdown_cell(TEXT),
        shown("#| include: false\nprint('weg')", printed("onzichtbaar 1\n")),
        shown("#| output: false\nprint('weg')", printed("onzichtbaar 2\n")),
        shown("print('stil')", printed("waarschuwing 3\n", "stderr"), printed("gewone uitvoer\n")),
        shown("#| warning: true\nwarn()", printed("zichtbare waarschuwing\n", "stderr")),
        shown("#| echo: true\nzichtbaar = 1"),
        shown("#| echo: true\n#| code-fold: true\nopgevouwen = 2"),
        shown(
            "#| label: fig-html\n#| fig-cap: 'Een *figuur* uit HTML'\nplot()",
            displayed(html='<div><img src="los.svg" alt="Twee lijnen die uiteenlopen."></div>'),
        ),
        shown(
            "#| label: fig-png\n#| fig-cap: Een figuur uit PNG\n#| fig-alt: Een wit punt.\nplot()",
            displayed(png=PIXEL),
        ),
        shown("#| fig-alt: Een vierkant uit een cel.\nplot()", displayed(svg=SVG)),
        shown(
            "#| label: tbl-html\n#| tbl-cap: Een tabel uit HTML\ntabel()",
            displayed(html=HTML_TABLE),
        ),
        shown("#| output: asis\nprint(…)", printed("Zomaar **tekst**, zie @tbl-html.\n")),
        shown("md()", displayed(md="Uit *markdown* met [een link](twee.ipynb#sec-daar).")),
        shown("1 + 1", new_output("execute_result", data={"text/plain": "2"}, execution_count=1)),
        new_markdown_cell(BLOCKS),
        shown("html()", displayed(html="<p>Uit een cel in een tabblad: 7.</p>")),
        new_markdown_cell(REST),
    ],
)

OTHER = new_notebook(
    metadata=EVERYTHING.metadata,
    cells=[
        new_raw_cell("---\ntitle: Twee\n---"),
        new_markdown_cell("## Daar {#sec-daar}\n\nTerug naar [een](index.ipynb#tbl-pijp)."),
    ],
)

# written by hand from the notebook above
EXPECTED = {
    "title": "Alle onderdelen",
    "subtitle": "Met ondertitel",
    "description": "Met beschrijving",
    "headings": [
        (1, "Alle onderdelen"),
        (2, "1 Eerste deel"),
        (3, "1.1 Onderdeel"),
        (3, "Zonder nummer"),
        (2, "2 Tweede deel"),
        (2, "Voetnoten"),
    ],
    "tabs": ["Tabblad een", "Tabblad twee"],
    "captions": [
        "Tabel 1: Scores per school",
        "Figuur 1: Een los plaatje",
        "Figuur 2: Bijschrift van het vak",
        "Figuur 3: Een figuur uit HTML",
        "Figuur 4: Een figuur uit PNG",
        "Tabel 2: Een tabel uit HTML",
        "Scores per jaar",
    ],
    "alts": [
        "Een zwart vierkant van negen bij negen.",
        "Twee lijnen die uiteenlopen.",
        "Een wit punt.",
        "Een vierkant uit een cel.",
    ],
    "links": [
        ("#fig-html", "Figuur 3"),
        ("#fig-html", "3"),
        ("#fig-png", "plaatje 4"),
        ("#tbl-pijp", "Tabel 1"),
        ("#tbl-html", "Tabel 2"),
        ("#fig-los", "Figuur 1"),
        ("#fig-vak", "Figuur 2"),
        ("#sec-twee", "Paragraaf 2"),
        ("twee.html#sec-daar", "het tweede deel"),
        ("twee.html", "de andere pagina"),
        ("#sec-een", "hierboven"),
        ("twee.html", "twee"),
        ("#tbl-html", "Tabel 2"),
        ("twee.html#sec-daar", "een link"),
        ("#sec-een", "Paragraaf 1"),
        ("twee.html", "een link"),
    ],
    "callouts": [
        ("note", "Let op de cijfers", "Tekst met een link."),
        ("warning", "Kop als titel", "Tekst van de waarschuwing."),
        ("tip", "Tip", "Tekst van de tip."),
        ("caution", "Opgelet", "Tekst van opgelet."),
        ("important", "Belangrijk", "Tekst van belangrijk."),
    ],
    "cells": [
        *("School", "Score", "De Wilg, zie twee", "3,4", "De Eik", "2,1"),
        *("Jaar", "Score", "2024-2025", "3,4"),
    ],
    "code": [
        "gewone uitvoer",
        "zichtbare waarschuwing",
        "zichtbaar = 1",
        "opgevouwen = 2",
        "2",
    ],
    "details": ["Code"],
    "unknown": ["?@fig-weg"],
    "notes": ["De noot met 12 woorden."],
}
SENTENCES = [
    "Het oordeel: Geen verschil dat ertoe doet of Beter.",
    "Mail naar info@voorbeeld.nl.",
    "Een vak met 1 regel.",
    "Zomaar tekst, zie Tabel 2.",
    "Uit markdown met een link.",
    "Inhoud van het eerste, zie Paragraaf 1.",
    "Uit een cel in een tabblad: 7.",
    "Einde van het tweede.",
    "Links staat 40.",
    "Rechts staat 60.",
    "Uitleg van de term.",
    "Een citaat.",
]


KINDS = ("note", "tip", "warning", "caution", "important")


class Node:
    def __init__(self, tag, attrs=(), parent=None):
        self.tag, self.attrs, self.parent = tag, dict(attrs), parent
        self.children = []

    @property
    def classes(self):
        return (self.attrs.get("class") or "").split()

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags, cls=None):
        return [
            node
            for node in self.walk()
            if (not tags or node.tag in tags) and (cls is None or cls in node.classes)
        ]

    def text(self):
        hidden = {"visually-hidden", "screen-reader-only"}
        if hidden & set(self.classes) or self.tag in ("script", "style"):
            return ""
        blocks = ("p", "div", "td", "th", "li", "figcaption", "dd", "dt", "tr")
        text = "".join(c if isinstance(c, str) else c.text() for c in self.children)
        return f" {text} " if self.tag in blocks else text

    def words(self):
        return " ".join(self.text().replace("\xa0", " ").split())

    def inside(self, test):
        node = self
        while node is not None:
            if test(node):
                return True
            node = node.parent
        return False


class Tree(HTMLParser):
    VOID = frozenset({"img", "br", "hr", "meta", "link", "input", "source", "col", "wbr"})

    def __init__(self, text):
        super().__init__()
        self.root = self.here = Node("root")
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, attrs, self.here)
        self.here.children.append(node)
        if tag not in self.VOID:
            self.here = node

    def handle_startendtag(self, tag, attrs):
        self.here.children.append(Node(tag, attrs, self.here))

    def handle_endtag(self, tag):
        node = self.here
        while node.tag != tag and node.parent is not None:
            node = node.parent
        if node.parent is not None:
            self.here = node.parent

    def handle_data(self, data):
        self.here.children.append(data)


def content(text):
    """Extract what a reader meets, in terms that neither engine owns."""
    main = Tree(text).root.all("main")[0]
    return {
        "title": main.all("h1")[0].words(),
        "subtitle": main.all(cls="subtitle")[0].words(),
        "description": main.all(cls="description")[0].words(),
        "headings": [
            (int(node.tag[1]), node.words())
            for node in main.all("h1", "h2", "h3", "h4")
            if "tab-title" not in node.classes
        ],
        "tabs": [
            node.words()
            for node in main.walk()
            if node.attrs.get("role") == "tab" or (node.tag == "h3" and "tab-title" in node.classes)
        ],
        "captions": [node.words() for node in main.all("figcaption", "caption")],
        "alts": [node.attrs.get("alt") for node in main.all("img")],
        "links": [
            (node.attrs["href"].removeprefix("./"), node.words())
            for node in main.all("a")
            if node.attrs.get("href")
            and not node.attrs.get("role")
            and not {"email", "skip-link"} & set(node.classes)
            and not node.inside(_is_nav)
        ],
        "callouts": [
            (
                next(kind for kind in KINDS if f"callout-{kind}" in note.classes),
                next(node.words() for node in note.walk() if _is_callout_title(node)),
                " ".join(p.words() for p in note.all("p") if not p.inside(_is_callout_title)),
            )
            for note in main.all(cls="callout")
        ],
        "cells": [node.words() for node in main.all("th", "td")],
        "code": [node.words() for node in main.all("pre")],
        "details": [node.words() for node in main.all("summary") if not node.inside(_is_nav)],
        "unknown": [n.words() for n in main.all("strong") if n.words().startswith("?")],
        "notes": [
            re.sub(r"\s*↩︎?$", "", node.words())
            for node in main.all("li")
            if node.inside(_is_footnotes)
        ],
    }


def _is_nav(node):
    return node.tag == "nav"


def _is_footnotes(node):
    return node.attrs.get("id") == "footnotes"


def _is_callout_title(node):
    return bool({"callout-title", "callout-title-container"} & set(node.classes))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    (folder / "work").mkdir()
    (folder / "_quarto.yml").write_text(configuration(), encoding="utf-8")
    (folder / "work" / "los.svg").write_text(SVG, encoding="utf-8")
    nbformat.write(EVERYTHING, folder / "work" / "index.ipynb")
    nbformat.write(OTHER, folder / "work" / "twee.ipynb")
    return folder


@pytest.fixture(scope="module", params=["embedded", "quarto"])
def rendered(request, sample):
    engine = request.param
    if engine == "quarto":
        try:
            quarto.require()
        except EngineError as error:
            pytest.skip(str(error))
    output = sample / engine
    build = {"quarto": quarto.build, "embedded": embedded.build}[engine]
    warnings = build(sample / "work", output, project.read(sample), "Gemaakt vandaag.")
    return output, warnings


def test_every_construct_shows_the_same_content(rendered):
    output, _ = rendered
    found = content((output / "index.html").read_text(encoding="utf-8"))
    for part, expected in EXPECTED.items():
        assert found[part] == expected, part


def test_sentences_are_there_and_hidden_ones_are_not(rendered):
    output, _ = rendered
    text = Tree((output / "index.html").read_text(encoding="utf-8")).root.all("main")[0].words()
    for sentence in SENTENCES:
        assert sentence in text
    assert "nzichtbaar" not in text
    assert "waarschuwing 3" not in text


def test_a_verdict_keeps_the_class_that_gives_it_a_sign(rendered):
    output, _ = rendered
    tree = Tree((output / "index.html").read_text(encoding="utf-8")).root
    found = {cls: node.words() for node in tree.all("span") for cls in node.classes}
    assert found["oordeel-gelijk"] == "Geen verschil dat ertoe doet"
    assert found["oordeel-beter"] == "Beter."
    style = "".join(path.read_text(encoding="utf-8") for path in output.rglob("kansen.css"))
    # in the style sheet, with nothing to read aloud
    assert '.oordeel-beter::before { content: "▲ "; content: "▲ " / ""; }' in style


def test_html_of_a_cell_passes_unharmed(rendered):
    output, _ = rendered
    assert HTML_TABLE in (output / "index.html").read_text(encoding="utf-8")


def test_headers_of_a_table_say_which_way_they_point(rendered):
    output, _ = rendered
    headers = Tree((output / "index.html").read_text(encoding="utf-8")).root.all("th")
    assert headers
    assert all(header.attrs.get("scope") for header in headers)


def test_unknown_reference_is_told_with_its_place(rendered):
    _, warnings = rendered
    assert warnings == ["index.ipynb, cell 2: unknown reference @fig-weg"]


def test_footer_says_what_made_the_page(rendered):
    output, _ = rendered
    footer = Tree((output / "twee.html").read_text(encoding="utf-8")).root.all("footer")[0]
    assert "Gemaakt vandaag." in footer.words()


def test_files_beside_the_notebooks_come_along(rendered):
    output, _ = rendered
    assert (output / "los.svg").read_text(encoding="utf-8") == SVG


def test_the_search_leads_to_pages_and_places(rendered):
    output, _ = rendered
    script = (output / "assets" / "search-index.js").read_text(encoding="utf-8")
    entries = json.loads(script.removeprefix("window.kansenSearch=").rstrip(";\n"))
    found = {address: (page, heading) for address, page, heading, _ in entries}
    assert found["index.html#sec-twee"] == ("Alle onderdelen", "2 Tweede deel")
    assert found["twee.html#sec-daar"] == ("Twee", "Daar")
    for address in found:
        page, _, place = address.partition("#")
        html = (output / page).read_text(encoding="utf-8")
        assert not place or f'id="{place}"' in html


def test_every_page_has_one_title_a_way_past_the_menu_and_its_language(rendered):
    output, _ = rendered
    for name in ("index.html", "twee.html"):
        tree = Tree((output / name).read_text(encoding="utf-8")).root
        assert [node.attrs.get("lang") for node in tree.all("html")] == ["nl"]
        assert len(tree.all("h1")) == len(tree.all("main")) == len(tree.all("footer")) == 1
        skip = tree.all("a", cls="skip-link")[0]
        assert skip.words() == "Naar de inhoud"
        assert skip.attrs["href"] == f"#{tree.all('main')[0].attrs['id']}"


def test_nothing_is_fetched_and_no_link_is_broken(rendered):
    output, _ = rendered
    assert links.broken(output) == []


def test_plain_quarto_renders_the_stored_outputs(tmp_path, sample):
    if shutil.which("quarto") is None:
        pytest.skip("quarto is not on the path")
    shutil.copytree(sample / "work", tmp_path / "notebooks")
    for assets in ("publish/assets", "display/assets"):
        assets = Path("src/kansen_analysis", assets)
        shutil.copytree(ROOT / assets, tmp_path / assets)
    (tmp_path / "_quarto.yml").write_text(configuration(), encoding="utf-8")
    (tmp_path / "reports" / "2023-2024").mkdir(parents=True)
    run = subprocess.run(["quarto", "render"], cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    site = tmp_path / "reports" / "quarto"
    found = content((site / "notebooks" / "index.html").read_text(encoding="utf-8"))
    assert found["captions"] == EXPECTED["captions"]
    assert found["alts"] == EXPECTED["alts"]
    assert links.broken(site) == []
    assert (tmp_path / "reports" / "2023-2024").exists()
