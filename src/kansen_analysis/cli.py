"""The command ``kansen``: fetch, check, build, goals, plan, render, demo."""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kansen_analysis import __version__
from kansen_analysis.errors import (
    DataErrors,
    EngineError,
    KansenError,
    MissingFileError,
    UsageError,
)
from kansen_analysis.fetch.command import fetch
from kansen_analysis.programme import (
    check_programme,
    new_edition,
    programme_export,
    programme_import,
    workspace,
)
from kansen_analysis.sources import schoolyear

DATA_ERRORS, WRONG_USE = 1, 2
app = typer.Typer(
    help="Monitor of Kansen4Kinderen: published school data, comparable schools, a verdict per "
    "goal. Add --debug to any command to see a traceback.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# What is printed is text: a name with [brackets] or :colons: says nothing about how it looks.
_PLAIN = {"highlight": False, "soft_wrap": True, "markup": False, "emoji": False}
out = Console(**_PLAIN)
err = Console(stderr=True, **_PLAIN)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder with the published files; else data/raw, else the demo."),
]
ParticipantsOption = Annotated[
    Path | None,
    typer.Option("--participants", help="Register of participants; else the one of the data."),
]
YearOption = Annotated[
    str | None, typer.Option("--school-year", help="Edition, such as 2024-2025; else the latest.")
]
ProtocolOption = Annotated[
    Path | None, typer.Option("--protocol", help="A protocol in the form of goals.yml.")
]


class Form(StrEnum):
    """How an answer is written."""

    table = "table"
    json = "json"
    csv = "csv"


class Engine(StrEnum):
    """What renders the pages."""

    auto = "auto"
    quarto = "quarto"
    embedded = "embedded"


FormOption = Annotated[Form, typer.Option("--format", help="How the answer is written.")]


def _data(data: Path | None) -> Path:
    """Choose the data folder and say which on the first line."""
    from kansen_analysis.demo import default_data, demo_folder

    if data is None:
        folder, why = default_data()
    else:
        folder = data
        kind = "invented schools" if workspace.is_demo(folder) else "published files"
        if not folder.is_dir():
            if (workspace.root() / "data" / "demo").resolve() != folder.resolve():
                raise UsageError(f"There is no data folder {folder}.")
            folder, kind = demo_folder(), "invented schools"
        why = f"Data: {folder}, {kind}."
    err.print(why)
    return folder


@contextmanager
def _progress(words: str):
    """Show a bar on a terminal, plain lines elsewhere; yields a function of (text, done, all)."""
    if not err.is_terminal:
        yield lambda text, done=None, total=None: err.print(f"{words}: {text}")
        return
    words_column = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), words_column, BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda text, done=None, total=None: bar.update(
            task, description=f"{words}: {text}", completed=done or 0, total=total
        )


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", help="Where the files go.")] = Path(
        "data/demo"
    ),
    seed: Annotated[int | None, typer.Option("--seed", help="Another invented country.")] = None,
) -> None:
    """Write the demo data: invented schools in the layouts of the published files."""
    from kansen_analysis.demo import SEED, write_demo

    folder = write_demo(output, SEED if seed is None else seed)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    out.print(f"Wrote {len(files)} files ({size:.0f} MB) to {folder}.")


def _known(folder, participants) -> set[str]:
    """BRIN6 codes a table of the programme may name: the register's and the participants'."""
    if folder.findings:
        return set(participants["school"])
    return set(folder.read("vestigingen")["school"]) | set(participants["school"])


@app.command()
def check(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    form: FormOption = Form.table,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="List the schools without a match as well.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--findings", help="Write every mistake to this csv.")
    ] = None,
) -> None:
    """Read every file and say per source and school year what is in it, or what is wrong."""
    from kansen_analysis.schools.coverage import check as run
    from kansen_analysis.schools.coverage import findings_frame
    from kansen_analysis.schools.load import open_folder
    from kansen_analysis.schools.participants import check_participants, read_participants

    path = _data(data)
    folder = open_folder(path)
    with _progress("Reading") as progress:
        folder.scan(progress)
    findings = list(folder.findings)
    register = participants or workspace.default_participants(path)
    people = 0
    try:
        schools = read_participants(register)
        people = len(schools)
        if not findings:
            findings += check_participants(register, folder)
        beside = workspace.default_programme(path)
        if beside.is_dir():
            findings += check_programme(beside, schools=_known(folder, schools))
    except DataErrors as errors:
        findings += errors.findings
    if not folder.files and not folder.findings:
        findings.insert(
            0,
            MissingFileError(
                str(path),
                "no file that can be read",
                "published files",
                "kansen fetch brings those with a lasting address; data/README.md says what goes "
                "where",
            ),
        )
    if to is not None:
        findings_frame(findings).to_csv(
            to, index=False, encoding="utf-8-sig", sep=";", errors="backslashreplace"
        )
        err.print(f"Wrote {len(findings)} mistakes to {to}.")
    aside = [
        {"file": a.file, "kind": a.kind, "why": a.why, "source": a.source} for a in folder.aside
    ]
    notices = [{"file": file, "text": text} for file, text in folder.notices]
    unseen = sorted(file.path.name for file in folder.files if file.unseen)
    if findings:
        if form == "json":
            _json({"findings": [f.as_dict() for f in findings], "left_aside": aside})
        elif form == "table":
            for left in folder.aside:
                out.print(f"{left}.")
        raise DataErrors(findings)
    coverage, lost = run(folder)
    if form == "json":
        _json(
            {
                "data": str(path),
                "sources": coverage.to_dict("records"),
                "unmatched": lost.astype(object).where(lost.notna(), None).to_dict("records"),
                "unknown_files": folder.unknown,
                "left_aside": aside,
                "notices": notices,
                "layouts_not_seen_before": unseen,
                "participants": people,
                "findings": [],
            }
        )
        return
    if form == "csv":
        (lost if unmatched else coverage.assign(files=coverage["files"].str.join(" | "))).to_csv(
            sys.stdout, index=False
        )
        return
    line = "{:<22} {:<10} {:>7} {:>8} {:>13} {:>10}  {}".format
    out.print(line("source", "year", "rows", "schools", "masked cells", "unmatched", ""))
    for row in coverage.itertuples():
        counts = (row.rows, row.schools, row.masked_cells, row.unmatched_schools)
        out.print(
            line(row.source, row.school_year, *counts, "provisional" if row.provisional else "")
        )
    for left in folder.aside:
        out.print(f"{left}.")
    for notice in notices:
        out.print(f"{notice['file']}: {notice['text']}.")
    if unseen:
        out.print(f"Read in a layout not seen before, look twice: {', '.join(unseen)}.")
    if unmatched:
        for row in lost.itertuples():
            name = row.name if isinstance(row.name, str) else ""
            out.print(f"No match: {row.source} {schoolyear.label(row.year)} {row.key} {name}")
    elif len(lost):
        out.print(f"{lost['key'].nunique()} schools have no match; --unmatched lists them.")
    out.print(f"{people} participants in {register}. No mistakes found.")


def _json(answer: dict) -> None:
    """Print an answer that any terminal can show and any program can read."""
    print(json.dumps(answer, indent=1))


app.command()(fetch)


DayOption = Annotated[
    str | None,
    typer.Option("--day", help="Day on which consent for stories is judged; else today."),
]
EditionOption = Annotated[
    Path | None,
    typer.Option("--edition", help="Folder of the edition; else editions/ with the school year."),
]


def _edition(data, participants, school_year, protocol, day=None, folder=None):
    """Bring an edition up to date."""
    from kansen_analysis.edition.build import build as bring

    path = _data(data)
    year = schoolyear.parse(school_year) if school_year else None
    with _progress("Building") as progress:
        return bring(path, participants, year, protocol, day=day, folder=folder, progress=progress)


@app.command()
def build(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    day: DayOption = None,
    edition: EditionOption = None,
) -> None:
    """Work out an edition: a folder of tables with all that the monitor shows."""
    made = _edition(data, participants, school_year, protocol, day, edition)
    out.print(str(made.folder))


@app.command()
def goals(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    form: FormOption = Form.table,
) -> None:
    """Give the verdict on each of the four goals."""
    verdicts = _edition(data, participants, school_year, protocol).verdicts
    if form == "csv":
        verdicts.to_csv(sys.stdout, index=False)
    elif form == "json":
        plain = verdicts.astype(object).where(verdicts.notna(), None)
        print(json.dumps(plain.to_dict("records"), indent=1, default=float))
    else:
        for row in verdicts.itertuples():
            out.print(f"{row.goal}. {row.name}: {row.verdict}", style="bold")
            out.print(f"   {row.reason}")


@app.command()
def plan(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    form: FormOption = Form.table,
) -> None:
    """When will we know: per goal what is missing, who has it, what coming editions can show."""
    from kansen_analysis.pages.plan import as_text

    made = _edition(data, participants, school_year, protocol)
    if form == "csv":
        made.outlook.to_csv(sys.stdout, index=False)
    elif form == "json":
        told = {name: getattr(made, name) for name in ("outlook", "needs")}
        _json({name: json.loads(t.to_json(orient="records")) for name, t in told.items()})
    else:
        out.print(as_text(made))


@app.command()
def render(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="auto takes Quarto when it is on PATH.")
    ] = Engine.auto,
    day: DayOption = None,
    edition: EditionOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Else reports/ with the school year.")
    ] = None,
) -> None:
    """Build what is stale of an edition, draw its pages and publish the monitor."""
    from kansen_analysis.publish import RenderConfig, site

    site.choose_engine(engine.value)  # a missing engine is told before anything is read
    made = _edition(data, participants, school_year, protocol, day, edition)
    label = schoolyear.label(made.year)
    target = output or workspace.root() / "reports" / (f"demo-{label}" if made.demo else label)
    with _progress("Rendering") as progress:
        config = RenderConfig(workspace.root(), made, target, engine.value, each=True)
        result = site.render(config, progress)
    for warning in result.warnings:
        err.print(f"Warning: {warning}")
    out.print(result.message)
    verb = "Still valid, nothing to do" if result.reused else f"Rendered {result.pages} pages"
    out.print(f"{verb}, in {result.seconds:.0f} s.")
    out.print(str(result.index))


@app.command("new-edition")
def new(
    school_year: Annotated[str, typer.Argument(help="The new edition, such as 2025-2026.")],
) -> None:
    """Copy the tables of the programme forward and list what must be updated."""
    folder = workspace.root() / "data" / "programme"
    for line in new_edition(folder, schoolyear.parse(school_year)):
        out.print(line)


programme = typer.Typer(help="Hand the tables of the programme out as one workbook, take it back.")
app.add_typer(programme, name="programme")
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Folder with the tables; else data/programme.")
]


@programme.command("export")
def export_workbook(workbook: Path, folder: FolderOption = None) -> None:
    """Write the tables to one xlsx, with lists to choose from."""
    programme_export(folder or workspace.root() / "data" / "programme", workbook)
    out.print(str(workbook))


@programme.command("import")
def import_workbook(
    workbook: Path,
    folder: FolderOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Take the tables back from an xlsx; what changes is shown before anything is written."""
    changes = programme_import(folder or workspace.root() / "data" / "programme", workbook)
    for line in changes.lines:
        out.print(line)
    if not changes.lines:
        out.print("Nothing changed.")
    elif yes or typer.confirm("Write these changes?"):
        out.print(f"Wrote {len(changes.write())} files.")


@app.command()
def notebooks() -> None:
    """For builders: run the notebooks on the demo and store their outputs in them."""
    from kansen_analysis.demo import demo_folder
    from kansen_analysis.edition.build import build as bring
    from kansen_analysis.publish import execute_in_place

    paths = sorted((workspace.root() / "notebooks").glob("*.ipynb"))
    with _progress("Running") as progress:
        execute_in_place(paths, bring(demo_folder()).folder, progress)
    out.print(f"Stored the outputs of {len(paths)} notebooks.")


leerjaar3 = typer.Typer(help="Goal 3: places in leerjaar 3, which schools supply themselves.")
app.add_typer(leerjaar3, name="leerjaar3")


@leerjaar3.command("template")
def leerjaar3_form(workbook: Path) -> None:
    """Write an xlsx form for a school to fill in; docs/leerjaar-3.md says where figures are."""
    from kansen_analysis.sources.form import leerjaar3_template

    out.print(str(leerjaar3_template(workbook)))


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


def main() -> None:
    """Run the command; a mistake ends with one message and exit code 1 or 2."""
    for stream in (sys.stdout, sys.stderr):
        # A sign that a terminal does not have is shown by its number, and stops nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except KansenError as error:
        if debug:
            err.print(getattr(error, "details", ""))
            raise
        err.print(str(error))
        sys.exit(WRONG_USE if isinstance(error, UsageError | EngineError) else DATA_ERRORS)
