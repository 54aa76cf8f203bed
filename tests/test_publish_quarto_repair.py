"""What is mended in Quarto's pages, tried on a page as Quarto writes it, without Quarto."""

import json
import os
import re
import subprocess
from pathlib import Path

import pypandoc
import pytest
from test_display_figures import draw

from kansen_analysis.publish import embedded

ASSETS = Path(embedded.__file__).parent / "assets"
PAGE = """<!DOCTYPE html>
<html lang="nl"><head>

<meta charset="utf-8">
<meta name="quarto:offset" content="../">
<title>A</title>
<script src="../site_libs/quarto-html/quarto.js"></script>
<script id="quarto-search-options" type="application/json">{{"language": {{}}}}</script>
<script type="text/javascript">window.a = 1;</script>
</head>
<body class="nav-sidebar docked">
<header id="quarto-header"><nav class="quarto-secondary-nav">x</nav></header>
<nav id="quarto-sidebar" class="sidebar">
<div id="quarto-search" class="" title="Zoeken"></div></nav>
<main class="content" id="quarto-document-content">
<h1 class="title">Titel</h1>
<h2 id="deel">Deel</h2>
<p>Een zin met <strong>nadruk</strong>.</p><ul><li>Punt</li><li>twee</li></ul>
<div class="callout"><div class="callout-title-container">
<span class="screen-reader-only">Opmerking</span>Let op</div></div>
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
</main>
<a class="skip-link" href="#quarto-document-content">Naar de inhoud</a>
<script>
(() => {{ window.b = 2; }})();
</script>
</body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarto")
    page = folder / "scholen" / "a.html"
    page.parent.mkdir()
    page.write_text(PAGE.format(figure=draw("versions").html()), encoding="utf-8")
    subprocess.run(
        [pypandoc.get_pandoc_path(), "lua", ASSETS / "quarto" / "scripts.lua"],
        env=os.environ
        | {"QUARTO_PROJECT_OUTPUT_DIR": str(folder), "QUARTO_PROJECT_OUTPUT_FILES": str(page)},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def html(site):
    return (site / "scholen" / "a.html").read_text(encoding="utf-8")


def test_no_script_stands_in_a_page_and_none_is_lost(site, html):
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.S)
    assert all("src=" in attributes and not inner for attributes, inner in scripts)
    moved = "".join(path.read_text() for path in (site / "assets").glob("inline-*.js"))
    assert "window.a = 1;" in moved and "window.b = 2;" in moved
    for path in (site / "assets").glob("inline-*.js"):
        assert f'src="../assets/{path.name}"' in html


def test_both_engines_say_what_a_page_may_load(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    # over http Quarto's own script reads files of the site
    assert policy.replace("connect-src 'self'; ", "") == embedded.POLICY


def test_the_search_stands_at_the_top_of_every_page_and_not_in_the_menu(html):
    assert html.count('id="zoek"') == 1
    assert html.index("skip-link") < html.index('id="zoek"') < html.index("quarto-header")
    assert 'class="search-found"' in (ASSETS / "page.html").read_text(encoding="utf-8")
    assert 'class="search-found"' in html


def test_a_callout_says_its_kind_before_its_title(html):
    assert '<span class="screen-reader-only">Opmerking: </span>Let op' in html


def test_a_figure_with_a_title_shows_its_number_above_it_and_another_its_caption(html):
    number = (
        '<figcaption id="fig-x-caption-1" class="kansen-number-only">Figuur&nbsp;1'
        '<span class="visually-hidden">: Verschil per jaar.</span></figcaption>'
    )
    assert html.index(number) < html.index('class="kansen-title"')
    assert html.count("fig-x-caption-1") == 2
    assert "Figuur&nbsp;2: Een vierkant." in html


def test_the_index_holds_sentences_that_are_not_glued_and_no_figures(site):
    script = (site / "assets" / "search-index.js").read_text(encoding="utf-8")
    [[address, title, heading, text]] = json.loads(
        script.removeprefix("window.kansenSearch=").rstrip(";\n")
    )
    assert (address, title, heading) == ("scholen/a.html#deel", "Titel", "Deel")
    assert text.startswith("Een zin met nadruk. Punt twee Let op")
    assert "Aandeel dat het streefniveau haalt" in text
    assert "Bron:" not in text and "V1" not in text and "CSV" not in text
