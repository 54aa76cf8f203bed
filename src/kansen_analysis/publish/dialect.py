"""The part of Quarto's notebook language that both engines speak.

`docs/dialect.md` describes it for writers. This module refuses what is not in it, with the notebook
and the cell, so that neither engine has to guess. What stands in markdown is judged by
`assets/dialect.lua` on pandoc's own reading of it, what stands around it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml
from nbformat import NotebookNode

from kansen_analysis.errors import RenderError

FRONT_MATTER = {
    "title",
    "subtitle",
    "description",
    "lang",
    "toc",
    "number-sections",
    "order",
}
# option -> the values it may have; str means any text
CELL_OPTIONS: dict[str, tuple] = {
    "label": (str,),
    "fig-cap": (str,),
    "fig-alt": (str,),
    "tbl-cap": (str,),
    "echo": (True, False),
    "include": (True, False),
    "output": (True, False, "asis"),
    "warning": (True, False),
    "code-fold": (True, False, "show"),
}
CELL_ATTRIBUTES = {"execution", "collapsed", "scrolled", "jupyter", "tags", "editable"}
SHOWN = ("text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain")

_LABEL = re.compile(r"[a-z][a-z0-9-]*")
_OPTION_LINE = re.compile(r"#\|\s?(?P<yaml>.*)")
_SHORTCODE = re.compile(r"\{\{<.*?>\}\}")
_EXECUTED_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*\{\s*(?P<language>[A-Za-z][\w+-]*)\b", re.M)


@dataclass(frozen=True)
class Breach:
    """One thing that is not in the dialect.

    Parameters
    ----------
    notebook : str
        Name of the notebook.
    cell : int
        Number of the cell, counted from 1.
    message : str
        What stands there and what may.

    Examples
    --------
    >>> print(Breach("index.ipynb", 3, "no"))
    index.ipynb, cell 3: no
    """

    notebook: str
    cell: int
    message: str

    def __str__(self) -> str:
        """Say where and what."""
        return f"{self.notebook}, cell {self.cell}: {self.message}"


class DialectError(RenderError):
    """A notebook holds something the two engines would not show alike.

    Parameters
    ----------
    breaches : iterable of Breach
        Everything found in the notebook.
    """

    def __init__(self, breaches: Iterable[Breach]):
        """Tell all of it at once."""
        self.breaches = list(breaches)
        super().__init__("\n".join(map(str, self.breaches)) + "\nSee docs/dialect.md.")


def front_matter(notebook: NotebookNode) -> dict:
    """Read the YAML of the first cell.

    Returns
    -------
    dict
        Empty when there is none.

    Raises
    ------
    yaml.YAMLError
        When it cannot be read.

    Examples
    --------
    >>> import nbformat
    >>> cell = nbformat.v4.new_raw_cell("---\\ntitle: Start\\n---")
    >>> front_matter(nbformat.v4.new_notebook(cells=[cell]))
    {'title': 'Start'}
    """
    if not notebook.cells or notebook.cells[0].cell_type != "raw":
        return {}
    text = notebook.cells[0].source.strip()
    match = re.fullmatch(r"---\n(.*?)\n?---", text, re.S)
    found = yaml.safe_load(match[1]) if match else None
    return found if isinstance(found, dict) else {}


def split_options(source: str) -> tuple[dict, str]:
    """Split a code cell into its options and its code.

    Returns
    -------
    dict, str
        The options of the ``#|`` lines at its head, and the rest.

    Raises
    ------
    yaml.YAMLError
        When the options cannot be read.

    Examples
    --------
    >>> split_options("#| label: fig-a\\n#| echo: true\\nplot()")
    ({'label': 'fig-a', 'echo': True}, 'plot()')
    """
    lines = source.split("\n")
    options = []
    while lines and (match := _OPTION_LINE.fullmatch(lines[0].rstrip())):
        options.append(match["yaml"])
        lines.pop(0)
    found = yaml.safe_load("\n".join(options)) if options else {}
    if not isinstance(found, dict):
        raise yaml.YAMLError("the #| lines are not 'name: value'")
    return found, "\n".join(lines).strip("\n")


def breaches(notebook: NotebookNode, name: str) -> list[Breach]:
    """Find what is not in the dialect, apart from what only reading the markdown can tell.

    Parameters
    ----------
    notebook : NotebookNode
        With or without outputs.
    name : str
        What to call it.
    """
    found: list[Breach] = []
    labels: dict[str, int] = {}
    found += [Breach(name, 1, message) for message in _in_front_matter(notebook)]
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "raw" and number > 1:
            messages = ["a raw cell may only be the first one, with the YAML"]
        elif cell.cell_type == "markdown":
            messages = _in_markdown(cell)
        elif cell.cell_type == "code":
            messages = _in_code(cell, labels, number)
        else:
            messages = []
        found += [Breach(name, number, message) for message in messages]
    return found


def check(pages: Mapping[str, NotebookNode]) -> None:
    """Refuse pages of which one is not in the dialect.

    Parameters
    ----------
    pages : mapping of str to NotebookNode
        By name, without suffix.

    Raises
    ------
    DialectError
        With what is wrong in all of them.
    """
    wrong = [each for name, page in pages.items() for each in breaches(page, f"{name}.ipynb")]
    if wrong:
        raise DialectError(wrong)


def _in_front_matter(notebook: NotebookNode) -> list[str]:
    try:
        found = front_matter(notebook)
    except yaml.YAMLError as error:
        return [f"the YAML cannot be read: {error}"]
    if not found.get("title"):
        return ["the first cell must be a raw cell with YAML between --- lines and a title"]
    unknown = sorted(set(found) - FRONT_MATTER)
    if unknown:
        known = ", ".join(sorted(FRONT_MATTER))
        return [f"{', '.join(unknown)} in the YAML; known are {known}"]
    return []


def _in_markdown(cell: NotebookNode) -> list[str]:
    messages = []
    if cell.get("attachments"):
        messages.append("an attached image; put the file beside the notebook")
    if match := _SHORTCODE.search(cell.source):
        messages.append(f"a shortcode, {match[0]}")
    if match := _EXECUTED_FENCE.search(cell.source):
        messages.append(f"a {{{match['language']}}} block; code stands in code cells")
    return messages


def _in_code(cell: NotebookNode, labels: dict[str, int], number: int) -> list[str]:
    try:
        options, _ = split_options(cell.source)
    except yaml.YAMLError as error:
        return [f"the #| options cannot be read: {error}"]
    messages = []
    for option, value in options.items():
        allowed = CELL_OPTIONS.get(option)
        if allowed is None:
            messages.append(f"option {option}; known are {', '.join(CELL_OPTIONS)}")
        elif allowed == (str,):
            if not isinstance(value, str):
                messages.append(f"{option} must be text between quotes, found {value!r}")
        # True == 1 in Python, not here
        elif not any(value == ok and type(value) is type(ok) for ok in allowed):
            words = ", ".join(str(ok).lower() for ok in allowed)
            messages.append(f"{option}: {value!r}; it may be {words}")
    if set(cell.metadata) - CELL_ATTRIBUTES:
        unknown = ", ".join(sorted(set(cell.metadata) - CELL_ATTRIBUTES))
        messages.append(f"cell metadata {unknown}; use #| options")
    messages += _in_label(options, labels, number)
    messages += _in_outputs(cell, options)
    return messages


def _in_label(options: dict, labels: dict[str, int], number: int) -> list[str]:
    label = str(options.get("label", ""))
    kind = label.split("-")[0] if "-" in label else ""
    messages = []
    if label and not _LABEL.fullmatch(label):
        messages.append(f"label {label!r}; use small letters, digits and hyphens")
    if label in labels:
        messages.append(f"label {label} is used before, in cell {labels[label]}")
    if label:
        labels.setdefault(label, number)
    for prefix in ("fig", "tbl"):
        if (f"{prefix}-cap" in options) != (kind == prefix):
            messages.append(f"a label that begins with {prefix}- and {prefix}-cap go together")
    if kind == "sec":
        messages.append("a label that begins with sec-; write it behind the heading")
    return messages


def _in_outputs(cell: NotebookNode, options: dict) -> list[str]:
    if options.get("include") is False or options.get("output") is False:
        return []
    messages = []
    shown = [output for output in cell.get("outputs", []) if output.output_type != "stream"]
    for output in shown:
        kinds = output.get("data", {})
        if output.output_type == "error":
            messages.append(f"an error as output, {output.ename}: {output.evalue}")
        elif not any(kind in kinds for kind in SHOWN):
            messages.append(f"output of type {', '.join(kinds)}; known are {', '.join(SHOWN)}")
        elif mime(kinds).startswith("image/") and not options.get("fig-alt"):
            messages.append("an image as output needs fig-alt")
    executed = bool(cell.get("execution_count"))
    asis = options.get("output") == "asis"
    numbered = str(options.get("label", "")).startswith(("fig-", "tbl-"))
    if numbered and executed and len(shown) != 1 and not asis:
        messages.append(f"{options['label']} must show one thing, it shows {len(shown)}")
    return messages


def mime(kinds: Iterable[str]) -> str:
    """Choose how an output is shown when it offers more ways, as Quarto does.

    Examples
    --------
    >>> mime({"text/plain": "…", "text/html": "…"})
    'text/html'
    """
    return next(kind for kind in SHOWN if kind in kinds)
