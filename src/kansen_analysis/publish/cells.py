"""An executed notebook as one text for pandoc, cell after cell."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from kansen_analysis.publish import dialect
from kansen_analysis.publish.project import Project

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOTEBOOK_LINK = re.compile(r'(<a\b[^>]*?\bhref="(?![a-z]+:)[^"#]*)\.ipynb(?=["#])')


@dataclass
class Text:
    """What the cell writer makes of a notebook.

    Parameters
    ----------
    markdown : str
        Front matter and cells; each cell is preceded by a raw block of format ``kansen`` with its
        number and kind, for the filter.
    images : dict
        File name to bytes, for images that came as output.
    """

    markdown: str = ""
    images: dict[str, bytes] = field(default_factory=dict)


def write(notebook: NotebookNode, project: Project, images: str) -> Text:
    """Write a notebook that keeps to the dialect.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    project : Project
        Says what is shown when a cell does not say so.
    images : str
        Folder, relative to the page, for images that came as output.
    """
    text = Text()
    parts = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "raw":
            parts.append(cell.source)
            continue
        parts.append(raw(f"{number} {cell.cell_type}", "kansen"))
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            parts += _code_cell(cell, project, f"{images}/cell-{number}", text.images)
    text.markdown = "\n\n".join(parts) + "\n"
    return text


def raw(text: str, kind: str = "html") -> str:
    """Fence text that pandoc must pass on as it is.

    Examples
    --------
    >>> print(raw("<b>```</b>"))
    ````{=html}
    <b>```</b>
    ````
    """
    fence = _fence(text)
    return f"{fence}{{={kind}}}\n{text}\n{fence}"


def _code_cell(
    cell: NotebookNode, project: Project, name: str, images: dict[str, bytes]
) -> list[str]:
    options, code = dialect.split_options(cell.source)
    if options.get("include") is False:
        return []
    parts = []
    if options.get("echo", project.echo) and code:
        parts.append(_source(code, options.get("code-fold", False)))
    if options.get("output") is not False:
        for number, output in enumerate(cell.outputs, 1):
            parts += _output(output, options, project, f"{name}-{number}", images)
    if "label" not in options and (not parts or options.get("output") == "asis"):
        return parts
    if caption := options.get("fig-cap") or options.get("tbl-cap"):
        parts.append(caption)
    label = f"#{options['label']} " if "label" in options else ""
    return [f"::::::: {{{label}.cell}}", *parts, ":::::::"]


def _source(code: str, fold: bool | str) -> str:
    fence = _fence(code)
    block = f"{fence}{{.python .cell-code}}\n{code}\n{fence}"
    if not fold:
        return block
    opening = f'<details class="code-fold"{" open" if fold == "show" else ""}>'
    return f"{raw(opening + '<summary>Code</summary>')}\n\n{block}\n\n{raw('</details>')}"


def _output(
    output: NotebookNode,
    options: dict,
    project: Project,
    name: str,
    images: dict[str, bytes],
) -> list[str]:
    asis = options.get("output") == "asis"
    if output.output_type == "stream":
        if output.name == "stderr":
            if not options.get("warning", project.warning):
                return []
            return [_wrapped("cell-output-stderr", _plain(output.text))]
        return [output.text if asis else _wrapped("cell-output-stdout", _plain(output.text))]
    kind = dialect.mime(output.data)
    content = output.data[kind]
    if kind == "text/html":
        return [_wrapped("cell-output-html", raw(_NOTEBOOK_LINK.sub(r"\1.html", content)))]
    if kind == "text/markdown":
        return [content if asis else _wrapped("cell-output-markdown", content)]
    if kind == "text/plain":
        return [_wrapped("cell-output-text", _plain(content))]
    suffix = "svg" if kind == "image/svg+xml" else "png"
    file = f"{name}.{suffix}"
    images[file] = content.encode() if suffix == "svg" else base64.b64decode(content)
    size = "".join(
        f' {side}="{pixels:.0f}"'
        for side, pixels in output.metadata.get(kind, {}).items()
        if side in ("width", "height")
    )
    alt = html.escape(options["fig-alt"])
    return [_wrapped("cell-output-image", raw(f'<img src="{file}" alt="{alt}"{size}>'))]


def _plain(text: str) -> str:
    text = _ANSI.sub("", text).rstrip("\n")
    fence = _fence(text)
    return f"{fence}\n{text}\n{fence}"


def _wrapped(kind: str, content: str) -> str:
    return f"::::: {{.cell-output .{kind}}}\n{content}\n:::::"


def _fence(text: str) -> str:
    """Return backticks, more of them than the text has in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
