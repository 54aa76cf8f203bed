"""The look in a real browser: letters as measured, the script, what a page may load."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from browser import Site, launched
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from test_display_figures import draw

from kansen_analysis.display import _canvas, tables
from kansen_analysis.publish import embedded, pictures
from kansen_analysis.publish.project import Project

SAMPLES = (
    "Deelnemende scholen, 2024-2025: 56,4%",
    "‘Onbeslist’ is niet ‘geen effect’ – één op de 20",
    "Súdwest-Fryslân, Noard-Swintêradiel, ’t Plimmerland",
    "−1,2 ≤ +3,4 × € 1\u202f200; <5 … ▲▼",
)


def shown(piece) -> nbformat.NotebookNode:
    data = {"text/html": piece.html(), "text/plain": "x"}
    output = new_output("execute_result", data=data, execution_count=1)
    return new_code_cell("x", outputs=[output], execution_count=1)


def twenty_schools():
    names = ["De Eik", "De Wilg", "Het Anker", "’t Kofschip"]
    frame = pd.DataFrame(
        {
            "school": [f"{names[i % 4]} {i + 1}" for i in range(20)],
            "pupils": [(i * 7) % 20 + 5 for i in range(20)],
            "change": [(-1) ** i * i / 2 for i in range(20)],
        }
    )
    about = pd.DataFrame(
        {
            "label": ["School", "Leerlingen", "Verandering"],
            "unit": ["", "", "procentpunt"],
            "decimals": [0, 0, 1],
            "kind": ["text", "count", "difference"],
        },
        index=list(frame),
    )
    return tables.table(frame, name="s", caption="Twintig scholen", variables=about, source="DUO")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("look")
    (folder / "work").mkdir()
    cells = [
        new_raw_cell('---\ntitle: "Start"\n---'),
        new_markdown_cell("## Deel {#sec-deel}\n\nEen zin. De kansencoach helpt. Nog een zin."),
        shown(draw("lines")),
        shown(twenty_schools()),
        new_markdown_cell("::: {.voor-onderzoekers}\n\n### Hoe\n\nDe p-waarde is 0,03.\n\n:::"),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "work" / "index.ipynb")
    colophon = (("Vragen", "de coördinator", "mailto:vraag@example.org"),)
    project = Project("Monitor", echo=False, colophon=colophon)
    embedded.build(folder / "work", folder / "site", project, "nu")
    return Site(folder / "site")


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture
def page(chromium, site):
    told = []
    with chromium.open(site, "index.html", reduced_motion="reduce") as opened:
        opened.on("console", lambda message: told.append(message.text))
        opened.reload()
        yield opened
    assert told == []  # such as something that the policy of the page refused


def test_letters_are_as_wide_as_the_layout_of_figures_takes_them(page):
    for weight, bold in ((400, False), (600, True)):
        for text in SAMPLES:
            drawn = page.evaluate(
                """async ([text, weight]) => {
                  await document.fonts.load(`${weight} 100px "Kansen Sans"`, text);
                  const pen = document.createElement('canvas').getContext('2d');
                  pen.font = `${weight} 100px "Kansen Sans"`;
                  pen.fontKerning = 'none';
                  const apart = pen.measureText(text).width;
                  pen.fontKerning = 'normal';
                  return [apart, pen.measureText(text).width];
                }""",
                [text, weight],
            )
            measured = _canvas.text_width(text, 100, bold)
            assert drawn[0] == pytest.approx(measured, rel=0.002), text
            assert drawn[1] <= measured * 1.01, text  # kerning only brings letters together
    assert page.evaluate("document.fonts.check('16px \"Kansen Sans\"')")


def test_no_page_asks_for_anything_from_outside_or_runs_a_script_that_stands_in_it(page, site):
    assert site.outside == []
    html = site.read("index.html")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' file:"
    for rule, allowed in rules.items():
        assert not re.search(r"https?:|\*", allowed), rule
        assert "unsafe" not in allowed or rule == "style-src"
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.S)
    assert scripts and all("src=" in attributes and not inner for attributes, inner in scripts)
    assert not re.search(r"\son\w+=", html)


def test_the_policy_refuses_a_script_that_stands_in_the_page(chromium, site):
    with chromium.open(site, "index.html") as opened:
        ran = opened.evaluate(
            """() => {
              const script = document.createElement('script');
              script.textContent = 'window.ran = true';
              document.head.append(script);
              return Boolean(window.ran);
            }"""
        )
    assert not ran


def test_a_table_sorts_by_a_column_and_back(page):
    button = page.locator("th button", has_text="Verandering")
    rows = "[...document.querySelectorAll('.kansen-scroll:not(details *) tbody tr')]"
    column = f"{rows}.map((row) => row.cells[2].innerText)"
    given = page.evaluate(column)
    button.click()
    up = page.evaluate(column)
    number = {text: float(text.replace("−", "-").replace(",", ".")) for text in given}
    assert up == sorted(given, key=number.get)
    assert button.locator("..").get_attribute("aria-sort") == "ascending"
    button.click()
    assert page.evaluate(column) == up[::-1]


def test_a_table_finds_its_rows(page):
    page.get_by_label("Zoek in deze tabel").fill("kofschip 12")
    seen = page.locator(".kansen-scroll:not(details *) tbody tr:visible")
    assert seen.count() == 1
    assert page.locator(".kansen-filter [role=status]").inner_text() == "1 van de 20 rijen"
    page.get_by_label("Zoek in deze tabel").fill("")
    assert seen.count() == 20


def test_a_mark_tells_its_value_at_a_pointer_and_at_the_arrow_keys(page):
    tip = page.locator(".kansen-tip").first
    assert not tip.is_visible()
    mark = page.locator(".kansen-wide .kansen-value").first
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 6, box["y"] + box["height"] / 2)
    assert "2014-2015" in tip.inner_text()
    page.mouse.move(1, 1)
    assert not tip.is_visible()
    page.locator(".kansen-plot").focus()
    page.keyboard.press("ArrowRight")
    first = tip.inner_text()
    page.keyboard.press("End")
    assert "2014-2015" in first and "2024-2025" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_without_the_script_a_browser_shows_the_value_itself(chromium, site):
    with chromium.open(site, "index.html", scripts=False) as opened:
        titles = opened.locator(".kansen-wide .kansen-value > title").all_text_contents()
    assert "deelnemers, 2024-2025: 44,0%" in titles


def test_the_search_shows_the_sentence_and_keeps_its_place(page):
    box = page.locator("#zoek")
    before = box.bounding_box()
    box.fill("kansencoach")
    page.wait_for_selector(".search-results a")
    assert page.locator(".search-results span").first.inner_text() == "De kansencoach helpt."
    assert page.locator(".search-results mark").first.inner_text() == "kansencoach"
    assert box.bounding_box() == before
    box.fill("44,0")
    page.wait_for_function("document.querySelector('.search-state').textContent !== ''")
    assert "Niets gevonden" in page.locator(".search-state").inner_text()


def test_what_is_for_researchers_is_folded_and_is_printed_when_it_is_open(page):
    fold = page.locator(".kansen-research")
    assert fold.locator("summary").inner_text() == "Voor onderzoekers"
    page.emulate_media(media="print")
    assert not fold.is_visible()
    page.emulate_media(media="screen")
    fold.locator("summary").click()
    page.emulate_media(media="print")
    assert page.get_by_text("De p-waarde is 0,03.").is_visible()


def test_a_table_of_many_columns_is_printed_below_its_heading_and_takes_no_sheet(
    chromium, tmp_path
):
    columns = [f"c{i}" for i in range(9)]
    frame = pd.DataFrame({name: ["voorbereiding", "verkenning"] for name in columns})
    about = pd.DataFrame(
        {"label": [f"Kolom {i}" for i in range(9)], "unit": "", "decimals": 0, "kind": "text"},
        index=columns,
    )
    wide = tables.table(frame, name="w", caption="Negen kolommen", variables=about, source="DUO")
    cells = [
        new_raw_cell('---\ntitle: "Start"\n---'),
        new_markdown_cell("## Alle activiteiten\n\nEen zin."),
        shown(wide),
        new_markdown_cell("Nog een zin."),
    ]
    (tmp_path / "work").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "work" / "index.ipynb")
    embedded.build(tmp_path / "work", tmp_path / "site", Project("Monitor", echo=False), "nu")
    with chromium.open(Site(tmp_path / "site"), "index.html") as opened:
        paper = opened.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_a_table_of_seven_columns_fits_a_desk_and_breaks_no_school_year_on_paper(
    chromium, tmp_path
):
    """*Alle activiteiten* was 1 725 pixels wide in a column of 974."""
    row = {
        "Activiteit": "Verkenning van de kennisbehoefte over armoede en kansenongelijkheid",
        "Thema": "Inwonersbetrokkenheid en bewustwording",
        "Stand": "voorbereiding (augustus 2021)",
        "Partners": "MWC, gemeente Emmen, gemeente Hardenberg, RUG (onderzoek)",
        "Doelgroep": "inwoners die moeilijk te bereiken zijn",
        "Waar": "Parkschool, Willem Alexanderschool",
        "Toelichting": "Met ervaringsdeskundigen; een voorstel is in de maak",
    }
    years = {"Wat": "een zin van heel veel korte woorden " * 3, "Jaar": "2021-2022"}
    made = [
        tables.table(
            pd.DataFrame([each] * 3),
            name=f"t{len(each)}",
            caption="Een tabel",
            variables=tables.about(*((name, name, "", 0, "text") for name in each)),
            source="DUO",
        )
        for each in (row, years | dict.fromkeys("abc", "een zin van heel veel woorden " * 4))
    ]
    cells = [new_raw_cell('---\ntitle: "Start"\n---'), *map(shown, made)]
    (tmp_path / "work").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "work" / "index.ipynb")
    embedded.build(tmp_path / "work", tmp_path / "site", Project("Monitor", echo=False), "nu")
    with chromium.open(Site(tmp_path / "site"), "index.html", width=1280) as opened:
        over = """[...document.querySelectorAll('.kansen-scroll')].map(
            (each) => each.scrollWidth - each.clientWidth)"""
        assert opened.evaluate(over) == [0, 0]
        opened.set_viewport_size({"width": 680, "height": 900})
        opened.emulate_media(media="print")
        lines = """[...document.querySelectorAll('#tabel-t5 td .kansen-whole')].map(
            (each) => each.getClientRects().length)"""
        assert opened.evaluate(lines) == [1, 1, 1]


def test_every_page_of_which_a_picture_is_kept_is_there():
    made = {path.stem for path in (Path(__file__).parents[1] / "notebooks").glob("*.ipynb")}
    assert set(pictures.PAGES) <= made


def test_on_paper_a_heading_and_its_sentence_go_with_what_is_below(page):
    page.emulate_media(media="print")
    apart = page.eval_on_selector_all(
        "main p:has(+ :is(figure, .cell))",
        "all => all.filter((each) => getComputedStyle(each).breakAfter !== 'avoid').length",
    )
    page.emulate_media(media="null")
    assert apart == 0
    assert page.locator("main p:has(+ :is(figure, .cell))").count()


def test_pictures_of_whole_pages_are_taken_wide_and_narrow(site, tmp_path):
    pytest.importorskip("PIL", reason="Pillow is not installed")
    for_readme, pages = tmp_path / "readme", tmp_path / "pages"
    # in a process of its own, for a browser is open in this one
    command = [sys.executable, "-m", "kansen_analysis.publish.pictures"]
    folders = [site.folder, for_readme, pages, site.folder]
    subprocess.run([*command, *folders], check=True, capture_output=True)
    assert {path.name for path in for_readme.iterdir()} == {"samenvatting.png", "openbaar.png"}
    widths = {
        path.name: int.from_bytes(path.read_bytes()[16:20], "big") for path in pages.iterdir()
    }
    assert widths == {"index-1280.png": 1280, "index-390.png": 390}


@pytest.mark.parametrize("width", [1280, 900, 390])
def test_a_desk_and_a_phone_each_see_one_picture_of_a_figure(chromium, site, width):
    with chromium.open(site, "index.html", width=width) as opened:
        seen = opened.locator(".kansen-figure svg:visible")
        assert seen.count() == 1
        assert ("kansen-narrow" in seen.get_attribute("class")) == (width < 760)
        size = seen.bounding_box()
        letters = float(seen.locator("text").first.get_attribute("font-size").removesuffix("px"))
        # no letter is shown smaller than 10 pixels
        assert letters * size["width"] / float(seen.get_attribute("width")) >= 10


def test_text_is_68_characters_wide_and_figures_at_most_1000_pixels(page):
    lines = page.evaluate(
        """() => {
          const p = document.createElement('p');
          p.textContent = 'De school heeft vijftien leerlingen in groep acht en '.repeat(20);
          document.querySelector('.page-body').append(p);
          const range = document.createRange();
          const text = p.firstChild, ends = [];
          let top = null;
          for (let i = 0; i < text.length; i++) {
            range.setStart(text, i);
            range.setEnd(text, i + 1);
            const box = range.getClientRects()[0];
            if (box && top !== null && box.top > top + 5) ends.push(i);
            if (box) top = box.top;
          }
          return ends.map((end, i) => end - (ends[i - 1] ?? 0));
        }"""
    )
    assert 60 <= sum(lines) / len(lines) <= 70
    assert page.locator(".kansen-figure").bounding_box()["width"] <= 1000


class Ids(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name == "id"]


def test_names_in_pictures_do_not_meet_those_of_the_page(site):
    parser = Ids()
    parser.feed(site.read("index.html"))
    assert len(parser.found) == len(set(parser.found))


def test_the_foot_of_a_page_tells_whom_to_ask(site):
    html = site.read("index.html")
    assert '<dt>Vragen</dt><dd><a href="mailto:vraag@example.org">de coördinator</a></dd>' in html
    assert '<link rel="icon" href="assets/favicon.svg">' in html
    assert (site.folder / "assets" / "favicon.svg").exists()
