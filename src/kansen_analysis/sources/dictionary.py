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


def insert(text: str) -> str:
    """Return a page with the dictionary between its two marks renewed."""
    head, rest = text.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    return f"{head}{BEGIN}\n\n{dictionary()}\n\n{END}{tail}"


if __name__ == "__main__":
    page = Path("data", "README.md")
    page.write_text(insert(page.read_text(encoding="utf-8")), encoding="utf-8")
