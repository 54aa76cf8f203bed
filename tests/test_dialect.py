"""The notebooks keep to the dialect of docs/dialect.md, and what breaks it is refused."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)
from thin import thick

from kansen_analysis.publish import dialect, embedded, project

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
FRONT = new_raw_cell("---\ntitle: Proef\n---")


@pytest.fixture
def check(tmp_path):
    """Return a function that checks cells as a page, and gives the warnings."""

    def check(*cells, front=FRONT):
        nbformat.write(new_notebook(cells=[front, *cells]), tmp_path / "index.ipynb")
        return embedded.check(tmp_path, project.Project("Proef"))

    return check


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_the_notebooks_keep_to_the_dialect():
    warnings = embedded.check(ROOT / "notebooks", project.read(ROOT))
    assert warnings == []


# Those in analyse/ teach: they show their code, and may hold more of it.
@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.parent.name != "analyse"], ids=lambda path: path.stem
)
def test_the_notebooks_are_thin(path):
    notebook = nbformat.read(path, as_version=4)
    assert thick(notebook, path.name) == []


MARKDOWN = {
    "a heading of level 1": "# Kop",
    "a citation, @bron2020": "Zie [@bron2020].",
    "a shortcode, {{< pagebreak >}}": "{{< pagebreak >}}",
    "a {ojs} block": "```{ojs}\nx = 1\n```",
    "a {python} block": "```{python}\n1 + 1\n```",
    "a block ::: {.aside}": "::: {.aside}\ntekst\n:::",
    "a block ::: {.column-margin}": "::: {.column-margin}\ntekst\n:::",
    "a callout with attribute collapse": '::: {.callout-note collapse="true"}\ntekst\n:::',
    "a callout with attribute icon": "::: {.callout-note icon=false}\ntekst\n:::",
    "a tabset without headings": "::: {.panel-tabset}\ntekst\n:::",
    "text before the first heading of a tabset": "::: {.panel-tabset}\ntekst\n\n## A\n\na\n:::",
    "something beside the columns": "::: {.columns}\ntekst\n:::",
    "#fig-a with attribute layout-ncol": "::: {#fig-a layout-ncol=2}\ntekst\n\nbijschrift\n:::",
    "HTML in markdown, <div>": "<div>tekst</div>",
    "HTML in markdown, <b>": "Een <b>vet</b> woord",
    "raw latex": "```{=latex}\n\\newpage\n```",
    "a formula, $x$": "Dus $x$.",
    "image a.png has no fig-alt": "![bijschrift](a.png)",
    "an image with attribute fig-align": '![b](a.png){fig-alt="alt" fig-align=left}',
    "an image called #plaat": '![b](a.png){#plaat fig-alt="alt"}',
    "a table without a caption": "| a |\n|---|\n| 1 |",
    "a table called #cijfers": "| a |\n|---|\n| 1 |\n\n: Cijfers {#cijfers}",
    "a link with class .external": "[a](https://example.org){.external}",
    "a span with class .mark": "[a]{.mark}",
    "the sign .oordeel-beter at Onbeslist": "[Onbeslist]{.oordeel-beter}",
    "a verdict with class .mark": "[Beter]{.oordeel-beter .mark}",
    "#tbl-a is used before, in cell 2": "| a |\n|---|\n| 1 |\n\n: A {#tbl-a}\n\n"
    "| b |\n|---|\n| 2 |\n\n: B {#tbl-a}",
    "@sec-a refers to a number": "## Kop {#sec-a}\n\nZie @sec-a.",
}


@pytest.mark.parametrize(("message", "markdown"), MARKDOWN.items(), ids=MARKDOWN)
def test_markdown_outside_the_dialect_is_refused(check, message, markdown):
    with pytest.raises(dialect.DialectError, match=re.escape(f"index.ipynb, cell 2: {message}")):
        check(new_markdown_cell(markdown))


CODE = {
    "option eval": "#| eval: false\n1",
    "option fig-subcap": "#| fig-subcap: [a, b]\n1",
    "option layout-ncol": "#| layout-ncol: 2\n1",
    "echo: 'fenced'; it may be true, false": "#| echo: fenced\n1",
    "output: 1; it may be": "#| output: 1\n1",
    "fig-alt must be text": "#| label: fig-a\n#| fig-cap: a\n#| fig-alt: [a, b]\n1",
    "the #| options cannot be read": "#| label: [\n1",
    "label 'Fig A'": "#| label: Fig A\n1",
    "a label that begins with fig- and fig-cap go together": "#| label: fig-a\n1",
    "a label that begins with tbl- and tbl-cap go together": "#| tbl-cap: Tabel\n1",
    "a label that begins with sec-": "#| label: sec-a\n1",
}


@pytest.mark.parametrize(("message", "code"), CODE.items(), ids=CODE)
def test_options_outside_the_dialect_are_refused(check, message, code):
    with pytest.raises(dialect.DialectError, match=re.escape(f"index.ipynb, cell 2: {message}")):
        check(new_code_cell(code))


OUTPUTS = {
    "output of type application/javascript": [("application/javascript", "alert()")],
    "output of type text/latex": [("text/latex", "$x$")],
    "an image as output needs fig-alt": [("image/png", "aGFsbG8=")],
    "fig-a must show one thing, it shows 2": [("text/html", "<p>a</p>"), ("text/html", "<p>b</p>")],
    "fig-a must show one thing, it shows 0": [],
}


@pytest.mark.parametrize(("message", "shown"), OUTPUTS.items(), ids=OUTPUTS)
def test_outputs_outside_the_dialect_are_refused(check, message, shown):
    outputs = [new_output("display_data", data={kind: text}) for kind, text in shown]
    cell = new_code_cell(
        "#| label: fig-a\n#| fig-cap: a\nplot()", execution_count=1, outputs=outputs
    )
    with pytest.raises(dialect.DialectError, match=re.escape(f"index.ipynb, cell 2: {message}")):
        check(cell)


def test_a_label_is_used_once(check):
    cell = "#| label: fig-a\n#| fig-cap: a\n1"
    with pytest.raises(dialect.DialectError, match="cell 3: label fig-a is used before, in cell 2"):
        check(new_code_cell(cell), new_code_cell(cell))


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("---\ntitle: A\nbibliography: b.bib\n---", "bibliography in the YAML"),
        ("---\nsubtitle: A\n---", "the first cell must be a raw cell with YAML"),
        ("title: A", "the first cell must be a raw cell with YAML"),
        ("---\ntitle: [\n---", "the YAML cannot be read"),
    ],
)
def test_front_matter_outside_the_dialect_is_refused(check, front, message):
    with pytest.raises(dialect.DialectError, match=f"index.ipynb, cell 1: {message}"):
        check(front=new_raw_cell(front))


def test_a_raw_cell_stands_only_at_the_head(check):
    with pytest.raises(dialect.DialectError, match="cell 2: a raw cell may only be the first one"):
        check(new_raw_cell("<hr>"))


def test_an_attached_image_is_refused(check):
    cell = new_markdown_cell("tekst", attachments={"a.png": {"image/png": "aGFsbG8="}})
    with pytest.raises(dialect.DialectError, match="cell 2: an attached image"):
        check(cell)


def test_everything_wrong_is_told_at_once(check):
    with pytest.raises(dialect.DialectError) as caught:
        check(new_markdown_cell("# Een"), new_markdown_cell("# Twee\n\n[@drie]"))
    assert [breach.cell for breach in caught.value.breaches] == [2, 3, 3]


def test_a_reference_to_nothing_is_a_warning_with_its_place(check):
    warnings = check(new_markdown_cell("tekst"), new_markdown_cell("Zie @fig-weg."))
    assert warnings == ["index.ipynb, cell 3: unknown reference @fig-weg"]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("def f():\n    pass", "a function definition"),
        ("f = lambda: 1", "a function definition"),
        ("class A:\n    pass", "a class definition"),
        ("for i in x:\n    pass", "a loop"),
        ("while True:\n    break", "a loop"),
        ("[i for i in x]", "a loop"),
        ("a.merge(b)", "a merge"),
        ("pd.concat([a, b])", "a merge"),
        ("a.join(b)", "a merge"),
        ("%matplotlib inline", "not plain Python"),
    ],
)
def test_what_belongs_in_the_library_is_found(code, what):
    found = thick(new_notebook(cells=[new_code_cell(code)]), "a.ipynb")
    assert [breach.message.startswith(what) for breach in found] == [True]


def test_calling_and_showing_is_thin():
    cell = new_code_cell('import a\n\nb = a.monitor()\n", ".join(["x"])\nb.figure("y")')
    assert thick(new_notebook(cells=[cell]), "a.ipynb") == []


def test_the_page_on_the_dialect_names_every_option_and_callout():
    text = (ROOT / "docs" / "dialect.md").read_text(encoding="utf-8")
    names = [*dialect.CELL_OPTIONS, *dialect.FRONT_MATTER, *dialect.SHOWN]
    names += [f"callout-{kind}" for kind in ("note", "tip", "warning", "caution", "important")]
    filter_ = Path(embedded.__file__).with_name("assets") / "dialect.lua"
    names += re.findall(r'"(oordeel-[a-z-]+)"', filter_.read_text(encoding="utf-8"))
    missing = [name for name in names if f"`{name}" not in text and f".{name}" not in text]
    assert missing == []
