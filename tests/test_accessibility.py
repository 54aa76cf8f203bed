"""The demo monitor in a real browser: WCAG 2.2 AA, paper, no scripts, nothing from outside.

Of pages that are made alike, the lightest and the heaviest, and for what takes long fewer still;
`make accessibility` visits them all.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from inspect import signature
from itertools import pairwise
from pathlib import Path

import accessibility_report
import pytest
from browser import Site, launched

from kansen_analysis.display import check
from kansen_analysis.errors import EngineError
from kansen_analysis.pages import toegankelijkheid
from kansen_analysis.publish import links, quarto

ROOT = Path(__file__).parents[1]
PHONE, ZOOMED = 320, 640  # 1280 at 200%
UPRIGHT, LYING = 680, 1008  # A4 without its margins, at 96 dots per inch
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 600_000

# what a reader must set at once without losing anything (WCAG 1.4.12)
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }"""

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"

# the rows of a long table are alike, and looking at all of them takes most of the time
SHORTEN = "document.querySelectorAll('tbody tr:nth-child(n + 9)').forEach((row) => row.remove())"

# a name for an element, what is seen of it, and what sticks out of the window or is cut off
TOOLS = """
const named = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '')
  + [...e.classList].map((c) => '.' + c).join('') + ' ' + e.textContent.trim().slice(0, 30);
const up = (e) => { const all = []; for (; e; e = e.parentElement) all.push(e); return all; };
const seen = (e) => e.checkVisibility({ visibilityProperty: true })
  && e.getClientRects().length && !up(e).some((a) => {
    const box = a.getBoundingClientRect();
    return getComputedStyle(a).position === 'absolute' && box.width <= 2 && box.height <= 2;
  });
const scrolls = (e) => up(e.parentElement).some(
  (a) => ['auto', 'scroll'].includes(getComputedStyle(a).overflowX) && a !== document.body
    && a !== document.documentElement);
"""
STICKING_OUT = (
    "() => {"
    + TOOLS
    + """
const wide = innerWidth + 1;
const out = [...document.body.querySelectorAll('*')].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.right > wide && seen(e) && !scrolls(e) && !e.closest('svg');
}).map(named);
const page = document.scrollingElement.scrollWidth;
return out.length || page <= wide ? out : ['the page is ' + page + ' wide'];
}"""
)
CUT_OFF = (
    "() => {"
    + TOOLS
    + """
return [...document.body.querySelectorAll('*')].filter((e) => {
  const style = getComputedStyle(e);
  const hides = (way) => ['hidden', 'clip'].includes(way);
  return seen(e) && e.innerText && e.clientWidth > 2
    && ((hides(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
      || (hides(style.overflowY) && e.scrollHeight > e.clientHeight + 1));
}).map(named);
}"""
)
# tables of which something lies outside their box, without a box that scrolls, a stop or a name
SCROLLING = (
    "() => {"
    + TOOLS
    + """
return [...document.querySelectorAll('main table')].filter(seen).filter((table) => {
  const box = table.closest('.kansen-scroll, .table-scroll');
  if (!box) return true;
  const named = box.ariaLabel || document.getElementById(box.getAttribute('aria-labelledby'));
  const style = getComputedStyle(box);
  return box.scrollWidth > box.clientWidth + 1 && !(box.tabIndex === 0
    && box.getAttribute('role') === 'region' && named && style.overflowX === 'auto'
    && style.backgroundImage.includes('gradient'));
}).map(named);
}"""
)
# words in tables that stand on two lines
BROKEN_WORDS = (
    "() => {"
    + TOOLS
    + """
const broken = [];
for (const cell of document.querySelectorAll('main :is(th, td)')) {
  const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const word of node.data.matchAll(/\\d{4}-\\d{4}|[\\p{L}\\d]{3,}/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) {
        broken.push(word[0]);
      }
    }
  }
}
return broken;
}"""
)
NUMBER_FOCUSABLE = (
    "() => {"
    + TOOLS
    + """
const all = [...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((e) => seen(e) && !e.disabled && e.tabIndex >= 0);
all.forEach((e, i) => { e.dataset.stop = i; });
return all.length;
}"""
)
FOCUS = (
    "() => {"
    + TOOLS
    + """
const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
return {
  stop: e.dataset.stop === undefined ? null : Number(e.dataset.stop),
  name: named(e),
  outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  there: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
};
}"""
)


FACTS = """() => {
const all = (what) => [...document.querySelectorAll(what)];
const ids = all('[id]').map((e) => e.id);
const references = ['aria-labelledby', 'aria-describedby', 'for', 'headers'].flatMap(
  (name) => all(`[${name}]`).flatMap((e) => e.getAttribute(name).split(/\\s+/)));
return {
  lang: document.documentElement.lang,
  title: document.title,
  h1: all('h1').length,
  headings: all('main :is(h1, h2, h3, h4, h5, h6)').map((e) => Number(e.tagName[1])),
  main: all('main').length,
  landmarks: all('nav, [role=navigation], [role=search]').map((e) => e.ariaLabel || ''),
  alts: all('img, svg[role=img]').map((e) => e.alt ?? e.ariaLabel),
  captions: all('table').map((e) => e.caption?.textContent.trim() || ''),
  bare_tables: all('table:not(:has(th))').length,
  scopes: all('th').map((e) => e.scope),
  twice: ids.filter((id, i) => ids.indexOf(id) !== i),
  lost: references.filter((id) => id && !document.getElementById(id)),
};
}"""


@pytest.fixture(scope="module", params=["embedded", "quarto"])
def site(request, demo, tmp_path_factory) -> Site:
    """The demo monitor, rendered once by each engine that is there."""
    engine = request.param
    if engine == "quarto":
        try:
            quarto.require()
        except EngineError as error:
            pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("monitor") / engine
    render = [sys.executable, "-m", "kansen_analysis", "render", "--data", demo]
    done = subprocess.run(
        [*render, "--engine", engine, "--output", folder],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Site(folder, served=engine == "quarto")  # from disk and over http


@pytest.fixture(scope="module")
def chromium():
    # for this module only: a running Playwright keeps an event loop in this thread
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def facts(chromium, site) -> dict[str, dict]:
    """What stands in the pages, before any script."""
    visits = chromium.visit(site, site.sample, scripts=False)
    return {page: opened.evaluate(FACTS) for page, opened in visits}


NOTED = {"pages": 0, "found": 0}  # by the test that runs


@pytest.fixture(autouse=True)
def noted(request, record_property):
    """Put into the report on how many pages a test looked, and how much it found."""
    NOTED.update(pages=0, found=0)
    yield
    if not NOTED["pages"] and "facts" in request.fixturenames:
        NOTED["pages"] = len(request.getfixturevalue("facts"))
    for name, number in NOTED.items():
        record_property(name, number)


def on_every(chromium, site, pages, look, **settings) -> dict[str, list]:
    """Return, per page where there is something wrong, what `look` finds on it."""
    visits = chromium.visit(site, pages, **settings)
    wrong = {page: found for page, opened in visits if (found := look(opened))}
    NOTED["pages"] += len(pages)
    NOTED["found"] += sum(map(len, wrong.values()))
    return wrong


def axe(page) -> list[str]:
    """Return what axe finds, with everything unfolded: what is folded away is not looked at."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(OPEN_ALL)
    page.evaluate(SHORTEN)
    options = {
        "runOnly": {"type": "tag", "values": RULES},
        "resultTypes": ["violations"],
        "preload": False,  # it would fetch the style sheets, which a page from disk may not
    }
    result = Axe().run(page, options=options).response
    assert result["passes"]  # it did look
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def test_axe_finds_nothing(chromium, site):
    assert on_every(chromium, site, site.sample, axe) == {}


def test_axe_finds_nothing_on_a_phone(chromium, site):
    assert on_every(chromium, site, site.few, axe, width=PHONE) == {}


def test_axe_would_find_a_mistake(chromium, tmp_path):
    (tmp_path / "index.html").write_text("<title>x</title><img src='a.png'>", encoding="utf-8")
    found = on_every(chromium, Site(tmp_path), ["index.html"], axe)
    assert {each.split()[0] for each in found["index.html"]} >= {"image-alt", "html-has-lang"}


def test_pages_are_in_dutch_with_one_title_and_headings_in_order(facts):
    wrong = {}
    for page, found in facts.items():
        levels = found["headings"]
        jumps = [(a, b) for a, b in pairwise(levels) if b > a + 1]
        if jumps or levels[:1] != [1] or found["h1"] != 1 or found["lang"] != "nl":
            wrong[page] = (levels, found["h1"], found["lang"])
    assert wrong == {}
    titles = [found["title"] for found in facts.values()]
    assert [title for title in titles if titles.count(title) > 1] == []


def test_landmarks_are_named_once(facts):
    def wrong(found):
        names = found["landmarks"]
        return [name for name in names if not name or names.count(name) > 1]

    assert {page: wrong(found) for page, found in facts.items() if wrong(found)} == {}
    assert {found["main"] for found in facts.values()} == {1}


def test_the_skip_link_leads_past_the_menu(chromium, site):
    def look(page):
        page.keyboard.press("Tab")
        first = page.evaluate(FOCUS)
        page.keyboard.press("Enter")
        inside = page.evaluate("document.activeElement.closest('main') !== null")
        page.keyboard.press("Tab")
        # a page may have nothing in it to go to
        after = page.evaluate(
            """document.activeElement.closest('main') !== null
              || !document.querySelector('main :is(a[href], summary, [tabindex])')"""
        )
        right = "Naar de inhoud" in first["name"] and first["there"] and first["outlined"]
        return [] if right and inside and after else [first, inside, after]

    assert on_every(chromium, site, site.few, look) == {}


@pytest.mark.parametrize("width", [1280, PHONE])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(chromium, site, width):
    def look(page):
        number, stops, wrong = page.evaluate(NUMBER_FOCUSABLE), [], []
        for _ in range(number + 5):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            if not focus["there"]:  # a busy machine scrolls a moment later
                page.wait_for_timeout(100)
                focus = page.evaluate(FOCUS)
            if focus["stop"] is not None and focus["stop"] in stops:
                break  # round
            if focus["stop"] is not None:
                stops.append(focus["stop"])
                wrong += [] if focus["outlined"] and focus["there"] else [focus]
        return wrong + ([] if stops == list(range(number)) else [(number, stops)])

    # a page that glides to what has the focus would be judged half way
    settings = {"width": width, "reduced_motion": "reduce"}
    assert on_every(chromium, site, site.few, look, **settings) == {}


def test_pages_fit_a_phone_without_scrolling_sideways(chromium, site):
    def look(page):
        folded = page.evaluate(STICKING_OUT)
        page.evaluate(OPEN_ALL)
        return folded + page.evaluate(STICKING_OUT)

    assert on_every(chromium, site, site.sample, look, width=PHONE) == {}


def test_tables_that_scroll_sideways_can_be_reached_and_are_named(chromium, site):
    def look(page):
        page.evaluate(OPEN_ALL)
        page.wait_for_timeout(50)  # the script answers to the unfolding
        return page.evaluate(SCROLLING)

    assert on_every(chromium, site, site.sample, look, width=390) == {}


def test_words_in_tables_are_not_broken(chromium, site):
    def look(page):
        page.evaluate(OPEN_ALL)
        return page.evaluate(BROKEN_WORDS)

    assert on_every(chromium, site, site.sample, look, width=390) == {}


def test_pages_survive_zooming_to_200_percent(chromium, site):
    def look(page):
        zoomed = page.evaluate(STICKING_OUT) + page.evaluate(CUT_OFF)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.add_style_tag(content="html { font-size: 200% !important; }")
        return zoomed + page.evaluate(STICKING_OUT) + page.evaluate(CUT_OFF)

    settings = {"width": ZOOMED, "device_scale_factor": 2}
    assert on_every(chromium, site, site.few, look, **settings) == {}


@pytest.mark.parametrize("width", [1280, PHONE])
def test_pages_survive_wider_text_spacing(chromium, site, width):
    def look(page):
        page.add_style_tag(content=SPACING)
        return page.evaluate(STICKING_OUT) + page.evaluate(CUT_OFF)

    assert on_every(chromium, site, site.few, look, width=width) == {}


def test_nothing_moves_for_who_asked_for_that(chromium, site):
    def look(page):
        return page.evaluate(
            """[...document.querySelectorAll('*')].filter((each) => {
              const style = getComputedStyle(each);
              const long = (times) => times.split(',').some((time) => parseFloat(time) > 0.001);
              return long(style.transitionDuration) || long(style.animationDuration)
                || style.scrollBehavior === 'smooth';
            }).map((each) => each.outerHTML.slice(0, 80))"""
        )

    assert on_every(chromium, site, site.few, look, reduced_motion="reduce") == {}


def test_colours_of_the_reader_leave_everything_visible(chromium, site):
    def look(page):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        # axe measures contrast with the colours of the page, not with those of the reader
        pale = page.evaluate(
            """() => {
              const style = (each) => getComputedStyle(each);
              const all = (what) => [...document.querySelectorAll(what)];
              return [
                // figures are drawn on white, so they keep it under them
                ...all('.kansen-image, .kansen-picture').filter(
                  (each) => style(each).backgroundColor !== 'rgb(255, 255, 255)'),
                // backgrounds are gone: what they said, a border or the weight of a letter says
                ...all('.callout').filter((each) => !parseFloat(style(each).borderLeftWidth)),
                ...all('.site-nav [aria-current]').filter(
                  (each) => style(each).fontWeight < 600),
              ].map((each) => each.outerHTML.slice(0, 80));
            }"""
        )
        return pale + page.evaluate(CUT_OFF) + ([] if focus["outlined"] else [focus])

    settings = {"forced_colors": "active", "color_scheme": "dark"}
    assert on_every(chromium, site, site.few, look, **settings) == {}


# Without scripts, on paper -----------------------------------------------------------------------

# what the script adds to tables and takes from figures is extra
TEXT = """(() => {
  const main = document.querySelector('main').cloneNode(true);
  for (const extra of main.querySelectorAll('svg title, .kansen-filter, .kansen-tip')) {
    extra.remove();
  }
  return main.textContent.replace(/\\s+/g, ' ').trim();
})()"""
UNSEEN = (
    "() => {"
    + TOOLS
    + """
const away = (e) => e.closest('details:not([open])') || e.closest('script, style, noscript');
return [...document.querySelectorAll('main *, nav *')].filter(
  (e) => [...e.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
    && !away(e) && !e.checkVisibility({ visibilityProperty: true })
    // what folds and searches
    && !e.closest('summary, .search')
    // a figure is there once for a desk and once for a phone
    && !e.closest('.kansen-picture')).map(named);
}"""
)


def test_without_scripts_every_page_shows_the_same(chromium, site):
    different = []
    NOTED["pages"] += len(site.few)
    for page in site.few:
        with chromium.open(site, page) as opened:
            with_scripts = opened.evaluate(TEXT)
        with chromium.open(site, page, scripts=False) as opened:
            assert len(with_scripts) > 200
            if opened.evaluate(TEXT) != with_scripts:
                different.append(page)
    assert different == []


@pytest.mark.parametrize("width", [1280, PHONE])
def test_without_scripts_text_and_menu_are_visible(chromium, site, width):
    look = {"width": width, "scripts": False}
    assert on_every(chromium, site, site.few, lambda p: p.evaluate(UNSEEN), **look) == {}


def test_the_search_finds_a_page_and_its_answers_are_accessible(chromium, site):
    NOTED["pages"] += 1
    with chromium.open(site, "index.html") as page:
        page.locator("#zoek").click()
        page.keyboard.type("schooladvies", delay=20)
        page.wait_for_selector(".search-results a")
        targets = page.eval_on_selector_all(
            ".search-results a", "all => all.map((each) => each.href)"
        )
        assert any("schooladvies.html" in target for target in targets)
        assert axe(page) == []


def test_on_paper_no_table_is_cut(chromium, site):
    def look(page):
        page.evaluate(OPEN_ALL)
        page.emulate_media(media="print")
        rows = page.eval_on_selector_all(
            "tr", "all => all.filter((e) => getComputedStyle(e).breakInside !== 'avoid').length"
        )
        heads = page.eval_on_selector_all(
            "thead",
            "all => all.filter((e) => getComputedStyle(e).display !== 'table-header-group').length",
        )
        wrong = [f"{rows} rows break"] * (rows > 0) + [f"{heads} heads stay behind"] * (heads > 0)
        wrong += page.evaluate(CUT_OFF)
        # wide tables get paper that lies on its side
        page.set_viewport_size({"width": LYING, "height": 680})
        wrong += page.evaluate(STICKING_OUT)
        page.evaluate(
            """document.querySelectorAll('main *').forEach((each) => {
              if (getComputedStyle(each).page === 'liggend') each.remove();
            })"""
        )
        page.set_viewport_size({"width": UPRIGHT, "height": 1000})
        return wrong + page.evaluate(STICKING_OUT)

    assert on_every(chromium, site, site.sample, look, width=UPRIGHT) == {}


def test_the_summary_is_one_page_of_paper(chromium, site):
    sheets = {}
    for page in ("index.html", "in-het-kort.html"):
        NOTED["pages"] += 1
        with chromium.open(site, page) as opened:
            paper = opened.pdf(format="A4", prefer_css_page_size=True)
        sheets[page] = len(re.findall(rb"/Type\s*/Page\b", paper))
    assert set(sheets.values()) == {1}, sheets


# What is in the folder ---------------------------------------------------------------------------


def test_a_page_weighs_at_most_600_kb(chromium, site):
    heavy = {}
    NOTED["pages"] += len(site.sample)
    for page in site.sample:
        with chromium.open(site, page) as opened:
            opened.wait_for_load_state("networkidle")
            files = opened.weight  # without the search index, for who searches
        if sum(files.values()) > MOST_BYTES:
            heavy[page] = sorted(((size, path.name) for path, size in files.items()), reverse=True)
    assert heavy == {}


def test_addresses_lead_somewhere(site):
    NOTED["pages"] += len(site.pages)
    assert links.broken(site.folder) == []


def test_images_have_an_alternative_of_40_to_250_characters(facts):
    alts = [(page, alt) for page, found in facts.items() for alt in found["alts"]]
    assert alts
    assert [(page, alt) for page, alt in alts if not 40 <= len(alt) <= 250] == []


def test_pictures_hold_no_text_over_text_and_nothing_outside_their_frame(site):
    wrong: dict[str, list] = {}
    NOTED["pages"] += len(site.pages)
    for page in site.pages:
        for name, svg in check.pictures(site.folder / page):
            if found := check.problems(svg):
                wrong[f"{page}, {name}"] = found
    assert wrong == {}


def test_tables_have_a_caption_and_headers_that_say_what_they_head(facts):
    assert any(found["captions"] for found in facts.values())
    assert [page for page, found in facts.items() if not all(found["captions"])] == []
    assert [page for page, found in facts.items() if found["bare_tables"]] == []
    assert {scope for found in facts.values() for scope in found["scopes"]} == {"row", "col"}


def test_ids_are_used_once_and_what_refers_to_one_finds_it(facts):
    wrong = {page: found["twice"] + found["lost"] for page, found in facts.items()}
    assert {page: ids for page, ids in wrong.items() if ids} == {}


def test_the_html_is_well_formed(site):
    html5 = pytest.importorskip("tinyhtml5.parser", reason="tinyhtml5 is not installed")
    wrong = {}
    NOTED["pages"] += len(site.sample)
    for page in site.sample:
        parser = html5.HTMLParser()
        parser.parse(site.read(page))
        if parser.errors:
            wrong[page] = [(place, code) for place, code, _ in parser.errors]
    assert wrong == {}


# Every number of the summary ---------------------------------------------------------------------

SCHOOL_YEAR = re.compile(r"\b(20\d\d-20\d\d)\b")
NUMBER = re.compile(r"(?<![\w,])\d{1,3}(?:\u202f\d{3})*(?:,\d+)?(?!\w)")
# names, a convention and a symbol; everything else is a figure that somebody may ask about
NO_FIGURE = re.compile(
    r"(?:[Dd]oel|Figuur|Tabel)\s\d+|^\d$|95%-interval|(?:elke|op de) 100 leerlingen|<5"
)


def test_every_number_of_the_summary_stands_in_a_file_beside_it(chromium, site):
    NOTED["pages"] += 1
    with chromium.open(site, "index.html") as page:
        text = page.eval_on_selector(
            "main",
            """main => { main.querySelectorAll('nav').forEach((each) => each.remove());
               document.querySelectorAll('details').forEach((each) => { each.open = true; });
               return main.innerText; }""",
        )
        addresses = page.eval_on_selector_all(
            "main a[href$='.csv']", "all => all.map((each) => each.href)"
        )
    files = [site.file(url) for url in addresses if not url.endswith("-toelichting.csv")]
    assert files
    cells = [
        cell
        for path in files
        for row in csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";")
        for cell in row
    ]
    text = "\n".join(
        NO_FIGURE.sub(" ", line.strip()) for line in text.replace("\xa0", " ").splitlines()
    )
    years = set(SCHOOL_YEAR.findall(text))
    shown = set(NUMBER.findall(SCHOOL_YEAR.sub(" ", text)))
    known = [
        abs(Decimal(cell.replace(",", ".")))
        for cell in cells
        if re.fullmatch(r"-?\d+(,\d+)?", cell)
    ]

    def found(number: str) -> bool:
        value = Decimal(number.replace("\u202f", "").replace(",", "."))
        return any(each.quantize(value, ROUND_HALF_UP) == value for each in known)

    assert len(shown) > 3
    assert sorted(number for number in shown if not found(number)) == []
    assert sorted(year for year in years if not any(year in cell for cell in cells)) == []


def test_nothing_is_asked_from_outside_the_folder(chromium, site):
    def look(page):
        page.wait_for_load_state("networkidle")

    on_every(chromium, site, site.sample, look)
    # what the tests above opened counts too
    assert site.outside == []


# What the page on accessibility says -------------------------------------------------------------


def test_every_test_of_the_site_is_reported_and_no_other():
    tests = {name: each for name, each in globals().items() if name.startswith("test_")}
    looks = {n for n, each in tests.items() if {"site", "facts"} & set(signature(each).parameters)}
    assert set(accessibility_report.CHECKS) == looks


def test_the_report_counts_pages_and_what_was_found():
    def case(name, pages, found, inside=""):
        noted = f'<property name="pages" value="{pages}"/><property name="found" value="{found}"/>'
        return f'<testcase name="{name}"><properties>{noted}</properties>{inside}</testcase>'

    report = (
        '<testsuites><testsuite timestamp="2030-01-02T03:04:05">'
        + case("test_axe_finds_nothing[embedded]", 111, 0)
        + case("test_axe_finds_nothing[quarto]", 111, 3, '<failure message="x"/>')
        + case("test_the_html_is_well_formed[embedded]", 111, 0, '<failure message="x"/>')
        + '<testcase name="test_on_paper_no_table_is_cut[quarto]"><skipped/></testcase>'
        + case("test_axe_would_find_a_mistake", 1, 2)
        + "</testsuite></testsuites>"
    )
    found = accessibility_report.summary(report)
    assert found["date"] == "2030-01-02"
    assert found["engine"] == "de ingebouwde engine en met Quarto"
    assert [(each["pages"], each["found"]) for each in found["checks"]] == [(111, 3), (111, 1)]
    assert toegankelijkheid.statement(found).markdown.endswith(
        "Daarbij is 4 keer iets gevonden dat niet voldoet."
    )
