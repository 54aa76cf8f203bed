"""Write docs/commands.md from the program itself: ``python tests/commands_page.py``."""

from collections.abc import Iterator
from pathlib import Path

import typer

from kansen_analysis import cli

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """# Commands

Every command and option, as `kansen COMMAND --help` shows them. Exit codes: 0 done, 1 mistakes in
the data, 2 wrong use; `--debug` on any command shows a traceback. How far a command is goes to
standard error: a line that moves on a terminal, a line at each quarter in a log, nothing with
`--quiet`; the answer goes to standard output, time and path last.

`kansen --install-completion` makes the Tab key complete commands and options in bash, zsh, fish and
PowerShell, from the next terminal on; `kansen --show-completion` prints what it would add, for who
keeps such lines in a file of her own. `python tests/commands_page.py` writes this page.
"""


def commands(group=None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Every command by its words."""
    for name, command in sorted((group or typer.main.get_command(cli.app)).commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def page() -> str:
    """The page as it must be."""
    parts = [HEAD]
    for name, command in commands():
        parts.append(f"## `kansen {name}`\n\n{' '.join((command.help or '').split())}\n")
        arguments = [p.name.upper() for p in command.params if p.param_type_name == "argument"]
        if arguments:
            parts.append(f"Takes {' '.join(arguments)}.\n")
        rows = [_row(p) for p in command.params if p.param_type_name == "option"]
        if rows := [row for row in rows if "`--help`" not in row]:
            parts.append("\n".join(["| option | meaning |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _row(option) -> str:
    [name] = [each for each in option.opts if each.startswith("--")]
    word = "" if option.is_flag else " " + name.removeprefix("--").upper()
    return f"| `{name}{word}` | {' '.join((option.help or '').split())} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
