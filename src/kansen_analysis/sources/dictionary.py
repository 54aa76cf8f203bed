"""The data dictionary in data/README.md, made from what is written down about each source."""

from __future__ import annotations

from pathlib import Path

from kansen_analysis import sources

BEGIN, END = "<!-- dictionary: begin -->", "<!-- dictionary: end -->"


def dictionary() -> str:
    """Return the dictionary as markdown: per source its publisher, files and variables.

    Examples
    --------
    >>> "### eindscores" in dictionary().splitlines()
    True
    """
    blocks = []
    for name in sources.names():
        source = sources.get(name)
        meta, files = source.meta, source.files
        lines = [
            f"### {name}",
            "",
            f"{meta['title']}. {meta['publisher']}, <{meta['landing_page']}>. "
            f"Licence: {meta['licence']}. {meta['grain'][0].upper()}{meta['grain'][1:]}.",
            "",
            "| school year | file name as published | encoding | layout |",
            "|---|---|---|---|",
        ]
        for _, row in files.drop_duplicates(["school_year", "file", "layout"]).iterrows():
            year = "any" if row["school_year"] == "*" else row["school_year"]
            where = f", sheet {row['sheet']}" if row["sheet"] else ""
            lines.append(
                f"| {year} | `{row['file']}`{where} | {row['encoding'] or 'workbook'} | "
                f"{row['layout']} ({row['evidence']}) |"
            )
        lines += ["", "| variable | meaning (Dutch, as on the pages) | unit | kind |"]
        lines.append("|---|---|---|---|")
        for variable, row in source.variables.iterrows():
            unit = "" if row["unit"] != row["unit"] else row["unit"]
            lines.append(f"| `{variable}` | {row['label']} | {unit} | {row['kind']} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


_WEIGHT = ("seen", "own", "documented", "assumed")
# Forms in which a file reaches us besides the published one, and how we know of them.
_OTHER = {
    "workbook of a csv": "assumed",  # nobody of us has a file that DUO saved so
    "commas, tabs": "assumed",  # saved again by a spreadsheet
    "dump with `_id`": "documented",  # CKAN's own manual
    "StatLine, `;`": "documented",  # file names and separator in scripts that read them
    "sheet as csv": "assumed",
}


def channels() -> str:
    """Return a table of data sets and channels: how we know the form of a file.

    ``seen``: one of us has read such a file; ``documented``: somebody who reads it describes it;
    ``assumed``: it follows from the published form; ``–``: there is no such channel.

    Examples
    --------
    >>> channels().splitlines()[2].split("|")[1].strip()
    'achterstandsscores'
    """
    rows = [f"| data set | as published | {' | '.join(_OTHER)} |", "|---" * (len(_OTHER) + 2) + "|"]
    for name in sources.names():
        source = sources.get(name)
        text = any(layout.separator for layout in source.layouts)
        duo, cbs = source.meta["publisher"] == "DUO", name.startswith("cbs_")
        has = {
            "workbook of a csv": text,
            "commas, tabs": text,
            "dump with `_id`": duo,
            "StatLine, `;`": cbs,
            "sheet as csv": not text,
        }
        own = min(source.files["evidence"], key=_WEIGHT.index)
        cells = [word if has[channel] else "–" for channel, word in _OTHER.items()]
        rows.append(f"| {name} | {own} | {' | '.join(cells)} |")
    return "\n".join(rows)


def insert(text: str, make=dictionary) -> str:
    """Return a page with what is between its two marks renewed."""
    head, rest = text.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    return f"{head}{BEGIN}\n\n{make()}\n\n{END}{tail}"


PAGES = {"data/README.md": dictionary, "docs/sources.md": channels}

if __name__ == "__main__":
    for name, make in PAGES.items():
        page = Path(name)
        page.write_text(insert(page.read_text(encoding="utf-8"), make), encoding="utf-8")
