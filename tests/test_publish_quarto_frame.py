"""Quarto's pages in the frame that both engines share, tried on a page as Quarto writes it."""

import json
import os
import re
import subprocess
from pathlib import Path

import pypandoc
import pytest
from test_display_figures import draw

from kansen_analysis.publish import embedded
from kansen_analysis.words.frame import DUTCH

ASSETS = Path(embedded.__file__).parent / "assets"
SCHOOLS = [f"b{number}" for number in range(embedded.MENU_MOST + 1)]


def line(page: str, text: str, active: bool = False) -> str:
    return f"""<li class="sidebar-item">
  <div class="sidebar-item-container">
  <a href="../{page}.html" class="sidebar-item-text sidebar-link{" active" * active}">
 <span class="menu-text">{text}</span></a>
  </div>
</li>"""


def section(head: str, number: int, *lines: str) -> str:
    return f"""<li class="sidebar-item sidebar-item-section">
      <div class="sidebar-item-container">
            {head}
          <a class="sidebar-item-toggle text-start" data-bs-toggle="collapse" role="button">
            <i class="bi bi-chevron-right ms-2"></i>
          </a>
      </div>
      <ul id="quarto-sidebar-section-{number}" class="collapse list-unstyled sidebar-section">
          {"".join(lines)}
      </ul>
  </li>"""


MENU = "".join(
    [
        line("index", "Samenvatting"),
        section(
            '<a href="../scholen.html" class="sidebar-item-text sidebar-link">\n'
            ' <span class="menu-text">Scholen</span></a>',
            1,
            line("scholen/a", "De Eik &amp; zo", active=True),
            *(line(f"scholen/{name}", name) for name in SCHOOLS),
        ),
        section(
            '<a class="sidebar-item-text sidebar-link text-start collapsed" role="button">\n'
            ' <span class="menu-text">Het programma</span></a>',
            2,
            line("netwerk", "Het netwerk"),
        ),
        line("gegevens", "Gegevens"),
    ]
)
PAGE = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="nl" xml:lang="nl"><head>

<meta charset="utf-8">
<meta name="generator" content="quarto-1.10.18">
<meta name="description" content="Wat er te zien is.">
<title>De Eik &amp; zo – Monitor</title>
<script src="../site_libs/quarto-nav/quarto-nav.js"></script>
<script src="../site_libs/quarto-html/quarto.js" type="module"></script>
<link href="../site_libs/bootstrap/bootstrap.min.css" rel="stylesheet" id="quarto-bootstrap">
<script src="https://cdn.jsdelivr.net/npm/requirejs@2.3.6/require.min.js"></script>
<script type="text/javascript">window.a = 1;</script>
</head>
<body class="nav-sidebar docked">
<header id="quarto-header"><nav class="quarto-secondary-nav">x</nav></header>
<nav id="quarto-sidebar" class="sidebar">
<div class="pt-lg-2 mt-2 text-left sidebar-header">
<div class="sidebar-title mb-0 py-0">
  <a href="../">Monitor</a>
</div>
</div>
<div class="sidebar-menu-container">
<ul class="list-unstyled mt-1">{menu}</ul>
</div></nav>
<main class="content" id="quarto-document-content">

<header id="title-block-header" class="quarto-title-block default"><div class="quarto-title">
<h1 class="title">De Eik &amp; zo</h1>
<p class="subtitle lead">Een <em>school</em></p>
</div>
<div>
  <div class="description">
    Wat er te zien is.
  </div>
</div>
</header>

<nav id="TOC" role="doc-toc">
    <h2 id="toc-title">Op deze pagina</h2>
  <ul>
  <li><a href="#deel" id="toc-deel">Deel</a></li>
  </ul>
</nav>
<section id="deel" class="level2">
<h2 data-anchor-id="deel">Deel</h2>
<p>Een zin met <strong>nadruk</strong>, zie <a href="../gegevens.html">gegevens</a>.<a href="#fn1"
 class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a></p>
<ul><li>Punt</li><li>twee</li></ul>
<figure class="quarto-float quarto-float-fig figure">
<div aria-describedby="fig-x-caption-1">
{figure}
</div>
<figcaption class="quarto-float-caption-bottom quarto-float-caption" id="fig-x-caption-1">
Figuur&nbsp;1: Verschil per jaar.
</figcaption>
</figure>
<figure class="quarto-float quarto-float-fig figure">
<div><img src="a.png" alt="Een vierkant."></div>
<figcaption class="quarto-float-caption-bottom quarto-float-caption" id="fig-y-caption-1">
Figuur&nbsp;2: Een vierkant.
</figcaption>
</figure>
<figure class="quarto-float quarto-float-tbl figure">
<figcaption class="quarto-float-caption-top" id="tbl-z-caption-1">
Tabel&nbsp;1: Scores per <em>school</em>
</figcaption>
<div aria-describedby="tbl-z-caption-1">
<div class="table-scroll" role="group" aria-label="Tabel" tabindex="0">
<table class="caption-top table">
<thead><tr><th scope="col">School</th></tr></thead>
</table>
</div>
</div>
</figure>
</section>

<div id="quarto-appendix" class="default"><section id="footnotes" class="footnotes" \
role="doc-endnotes"><h2 class="anchored quarto-appendix-heading">Voetnoten</h2>
<ol>
<li id="fn1"><p>De noot.<a href="#fnref1" class="footnote-back" role="doc-backlink">↩︎</a></p></li>
</ol>
</section></div></main> <!-- /main -->
<script>
(() => {{ window.b = 2; }})();
</script>
<nav class="page-navigation">
  <div class="nav-page nav-page-previous">
      <a href="../scholen.html" class="pagination-link" aria-label="Scholen">
        <i class="bi bi-arrow-left-short"></i> <span class="nav-page-text">Scholen</span>
      </a>
  </div>
  <div class="nav-page nav-page-next">
      <a href="../scholen/b0.html" class="pagination-link" aria-label="b0">
        <span class="nav-page-text">b0</span> <i class="bi bi-arrow-right-short"></i>
      </a>
  </div>
</nav>
<footer class="footer"><div class="nav-footer">
    <div class="nav-footer-left">
<dl class="colophon"><div><dt>Van</dt><dd>een stichting</dd></div></dl>
<p>Gemaakt vandaag. <a href="../files/downloads/cijferbijlage.xlsx">Alle cijfers</a></p>
</div>
    <div class="nav-footer-center">
      &nbsp;
    </div></div></footer>
</body></html>"""
LEADS_ON = '<html><head><meta http-equiv="refresh" content="0;URL=a.html"></head></html>'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarto")
    page = folder / "scholen" / "a.html"
    page.parent.mkdir()
    page.write_text(PAGE.format(figure=draw("versions").html(), menu=MENU), encoding="utf-8")
    (folder / "index.html").write_text(LEADS_ON, encoding="utf-8")
    library = folder / "site_libs" / "bootstrap"
    library.mkdir(parents=True)
    (library / "bootstrap.min.css").write_text("a {}", encoding="utf-8")
    (folder / "search.json").write_text("[]", encoding="utf-8")
    frame(folder)
    return folder


def frame(folder):
    subprocess.run(
        [pypandoc.get_pandoc_path(), "lua", ASSETS / "quarto" / "scripts.lua"],
        env=os.environ | {"QUARTO_PROJECT_OUTPUT_DIR": str(folder)},
        check=True,
    )


@pytest.fixture(scope="module")
def html(site):
    return (site / "scholen" / "a.html").read_text(encoding="utf-8")


def test_a_page_loads_the_styles_and_the_script_of_both_engines_and_nothing_else(site, html):
    wanted = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', html)
    assert wanted == [
        *("../assets/favicon.svg", "../assets/fonts.css", "../assets/kansen.css"),
        *("../assets/site.css", "../assets/site.js"),
    ]
    for address in wanted:
        assert (site / "scholen" / address).exists()
    assert "<script>" not in html and "window.a" not in html
    assert not (site / "site_libs").exists() and not (site / "search.json").exists()


def test_both_engines_say_what_a_page_may_load(html):
    assert re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1] == embedded.POLICY


def test_the_head_and_the_title_are_those_of_the_page(html):
    assert '<html lang="nl">' in html and 'content="quarto-1.10.18"' in html
    assert "<title>De Eik &amp; zo – Monitor</title>" in html
    assert '<meta name="description" content="Wat er te zien is.">' in html
    assert '<a class="site-title" href="../index.html">Monitor</a>' in html
    assert html.count("<h1") == 1 and "<h1>De Eik &amp; zo</h1>" in html
    assert '<p class="subtitle">Een <em>school</em></p>' in html
    assert '<p class="description">Wat er te zien is.</p>' in html


def test_the_menu_keeps_its_order_and_shows_of_a_long_part_only_this_page(html):
    menu = html[html.index('<nav class="site-nav"') : html.index("<main")]
    assert re.findall(r"<(?:a|span)[^>]*>([^<]+)</(?:a|span)>", menu) == [
        *("Samenvatting", "Scholen", "De Eik &amp; zo"),
        *("Het programma", "Het netwerk", "Gegevens"),
    ]
    assert re.findall(r'href="([^"]+)" aria-current', menu) == ["../scholen/a.html"]
    assert menu.count("<ul>") == menu.count("</ul>") == 3
    assert "<li><span>Het programma</span><ul>" in menu


def test_where_a_page_stands_and_what_comes_before_and_after_it(html):
    assert (
        '<ol><li><a href="../scholen.html">Scholen</a></li>'
        '<li><span aria-current="page">De Eik &amp; zo</span></li></ol>'
    ) in html
    assert '<a rel="prev" href="../scholen.html"><span>Vorige</span> Scholen</a>' in html
    assert '<a rel="next" href="../scholen/b0.html"><span>Volgende</span> b0</a>' in html
    assert '<li><a href="#deel">Deel</a></li>' in html


def test_the_foot_tells_who_made_it_and_leads_to_all_figures(html):
    foot = html[html.index('<footer class="site-footer"') :]
    assert "<dt>Van</dt><dd>een stichting</dd>" in foot
    assert "<p>Gemaakt vandaag.</p>" in foot
    assert '<a href="../files/downloads/cijferbijlage.xlsx" download>' in foot


def test_the_frame_says_the_same_words_as_the_other_engine(html):
    """All words of the frame were empty: a link without a name, a search without a label."""
    template = (ASSETS / "page.html").read_text(encoding="utf-8")
    keys = set(re.findall(r"\$frame\.([\w-]+)\$", template))
    assert {"skip", "search", "menu", "contents", "annex"} <= keys
    for key in keys:
        assert f">{DUTCH[key]}<" in html or f'aria-label="{DUTCH[key]}"' in html, key


def test_notes_stand_in_the_text_with_a_heading(html):
    assert "quarto-appendix" not in html
    assert re.search(r'<section id="footnotes"[^>]* aria-labelledby="voetnoten">', html)
    assert html.count('<h2 id="voetnoten">Voetnoten</h2>') == 1
    assert 'role="doc-backlink" aria-label="Terug naar de tekst"' in html
    assert html.index("De noot.") < html.index('class="neighbours"') < html.index("</main>")


def test_a_figure_with_a_title_shows_its_number_above_it_and_another_its_caption(html):
    number = (
        '<figcaption id="fig-x-caption-1" class="kansen-number-only">Figuur&nbsp;1'
        '<span class="visually-hidden">: Verschil per jaar.</span></figcaption>'
    )
    assert html.index(number) < html.index('class="kansen-title"')
    assert html.count("fig-x-caption-1") == 2
    assert "Figuur&nbsp;2: Een vierkant." in html


def test_a_markdown_table_has_its_caption(html):
    assert '<div class="table-scroll" role="region" aria-label="Tabel 1" tabindex="0">' in html
    caption = '<caption id="tbl-z-caption-1">Tabel&nbsp;1: Scores per <em>school</em></caption>'
    assert re.search(r"<table[^>]*>\s*" + re.escape(caption), html)
    assert html.count("tbl-z-caption-1") == 2


def test_a_page_that_only_leads_on_is_left_alone(site):
    assert (site / "index.html").read_text(encoding="utf-8") == LEADS_ON


def test_a_page_that_is_in_its_frame_stays_as_it_is_and_is_found(site, html):
    index = (site / "assets" / "search-index.js").read_text(encoding="utf-8")
    frame(site)
    assert (site / "scholen" / "a.html").read_text(encoding="utf-8") == html
    assert (site / "assets" / "search-index.js").read_text(encoding="utf-8") == index


def test_the_index_holds_sentences_that_are_not_glued_and_no_figures(site):
    script = (site / "assets" / "search-index.js").read_text(encoding="utf-8")
    first, second, *_ = json.loads(script.removeprefix("window.kansenSearch=").rstrip(";\n"))
    assert first == ["scholen/a.html", "De Eik & zo", "", "Een school Wat er te zien is."]
    address, title, heading, text = second
    assert (address, title, heading) == ("scholen/a.html#deel", "De Eik & zo", "Deel")
    assert text.startswith("Een zin met nadruk, zie gegevens.")
    assert "Punt twee" in text
    assert "Aandeel dat het streefniveau haalt" in text
    assert "Bron:" not in text and "V1" not in text and "CSV" not in text


# Blocks that are written by one module -----------------------------------------------------------

BLOCKS = """\
::: {.callout-note title="Let op de *cijfers*"}
Tekst uit 2024-2025.

### Kop in het vak
:::

::: {.panel-tabset}
### Een
Eerste.

### Twee
Tweede.
:::

::: {.voor-onderzoekers}
### Hoe
Derde.
:::

Na 2019-2020, niet 12024-20255.
"""
QUARTO = """
quarto = { utils = { resolve_path = function(name) return arg[1] .. "/quarto/" .. name end } }
local doc = pandoc.read(io.read("a"), "markdown")
dofile(arg[1] .. "/quarto/blocks.lua")
doc = doc:walk({ Div = Div })
dofile(arg[1] .. "/quarto/tables.lua")
io.write(pandoc.write(Pandoc(doc), "html", { section_divs = true }))
"""


def test_callouts_tabs_and_folds_are_the_same_in_both_engines(tmp_path):
    script = tmp_path / "as-quarto.lua"
    script.write_text(QUARTO, encoding="utf-8")
    pandoc = pypandoc.get_pandoc_path()
    run = {"input": BLOCKS, "capture_output": True, "text": True, "check": True}
    quarto = subprocess.run([pandoc, "lua", script, ASSETS], **run).stdout
    ours = subprocess.run(
        [pandoc, "--to=html", f"--lua-filter={ASSETS / 'dialect.lua'}"], **run
    ).stdout

    def shape(html: str) -> str:
        html = re.sub(r"</?section[^>]*>", "", html)
        html = re.sub(
            r'<(h\d)(?: data-number="[^"]*")?(?: id="[^"]*"| class="unn[^"]*")*>', r"<\1>", html
        )
        return " ".join(html.split())

    assert shape(quarto) == shape(ours)
    assert quarto.count('<span class="kansen-whole">') == 2
    opened = []  # what begins in a block ends in it
    for close, tag in re.findall(r"<(/?)(section|details|div)\b", quarto):
        if close:
            assert opened.pop() == tag
        else:
            opened.append(tag)
    assert opened == []
