"""The command ``kansen``: init, fetch, check, build, goals, plan, render, demo."""

from __future__ import annotations

import errno
import io
import json
import shlex
import subprocess
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kansen_analysis import __version__
from kansen_analysis.errors import (
    DataErrors,
    EngineError,
    KansenError,
    MissingFileError,
    UsageError,
)

# What takes long to import (pandas, rich) is imported by the commands that need it: help and
# version answer at once.
DATA_ERRORS, WRONG_USE = 1, 2
# What a disk, or a place on it, can say when nothing is wrong with the data.
_ROOM = {
    errno.ENOSPC: "The disk, or the folder for temporary files (TMPDIR), is full: make room",
    errno.EDQUOT: "The quota of the disk is used up: make room",
    errno.EFBIG: "A file became larger than may be written here: choose another disk",
    errno.EROFS: "The disk can only be read: choose another folder with --output",
    errno.EACCES: "This may not be written or read here: choose another folder, or change rights",
    errno.EPERM: "This may not be written here: choose another folder, or change rights",
    errno.ELOOP: "A link leads to itself: name another file or folder",
    errno.ENOTDIR: "Something else stands where a folder is needed: name another",
    errno.EEXIST: "Something else stands where a folder is needed: name another",
    errno.EISDIR: "A folder stands where a file is needed: name another",
    errno.ENAMETOOLONG: "A name is too long: choose a shorter one",
}
app = typer.Typer(
    help="Monitor of a school programme: published school data, comparable schools, a verdict per "
    "goal. Add --debug to any command to see a traceback.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def say(text: str, *, err: bool = False, bold: bool = False) -> None:
    """Print text as it is: not by way of click, which writes UTF-8 to a terminal that has ASCII."""
    stream = sys.stderr if err else sys.stdout
    print(typer.style(text, bold=True) if bold and stream.isatty() else text, file=stream)


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


_quiet = False  # what the command that runs was asked; a process runs one


def _hush(quiet: bool) -> bool:
    """Remember whether a command was asked to say its result only."""
    global _quiet
    _quiet = quiet
    return quiet


QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_hush, help="No progress: only the result, or errors."),
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
    from kansen_analysis.programme import workspace

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
    if not _quiet:
        say(why, err=True)
    return folder


@contextmanager
def _progress(words: str):
    """Show a line that moves on a terminal, a few lines elsewhere, nothing when quiet.

    Yields a function of (text, done, all).
    """
    if _quiet:
        yield lambda text, done=None, total=None: None
        return
    if not sys.stderr.isatty():
        from kansen_analysis.fetch.progress import Log

        yield Log(words, lambda line: say(line, err=True))
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    words_column = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), words_column, BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda text, done=None, total=None: bar.update(
            task, description=f"{words}: {text}", completed=done or 0, total=total
        )


def _answer(given, question: str, option: str) -> str:
    """Return an option, or ask for it; without a terminal there is nobody to ask."""
    if given:
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"Nothing to ask on: give {option}.")
    return typer.prompt(question)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the programme.")] = None,
    what: Annotated[
        str | None, typer.Option("--what", help="What it does, one Dutch sentence.")
    ] = None,
    province: Annotated[
        list[str] | None, typer.Option("--province", help="Of its region; may be repeated.")
    ] = None,
    municipality: Annotated[
        list[str] | None,
        typer.Option("--municipality", help="Likewise, as code and name: 9001=Voorbeelddam."),
    ] = None,
    person: Annotated[
        str, typer.Option("--person", help="Who works at school: one, and several of them.")
    ] = "coördinator,coördinatoren",
    owner: Annotated[str | None, typer.Option("--owner", help="Who carries it.")] = None,
) -> None:
    """Write a working folder for a programme of your own; asks what no option says."""
    from kansen_analysis.programme.initialise import basic_settings, initialise, region_of

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name a folder that is new or empty.")
    name = _answer(name, "Name of the programme", "--name")
    what = _answer(what, "What it does, one Dutch sentence", "--what")
    places = [*(province or []), *(municipality or [])]
    if not places:
        told = _answer("", "Region: provinces, or municipalities as 9001=Name", "--province")
        places = told.split(",")
    provinces, municipalities = region_of(places)
    people = [each.strip() for each in person.split(",")]
    if len(people) != 2 or not all(people):
        raise UsageError(f"--person takes one and several, such as gids,gidsen; found {person!r}.")
    settings = basic_settings(
        name,
        what=what,
        person=people,
        provinces=provinces,
        municipalities=municipalities,
        owner=owner,
    )
    say(str(initialise(folder, settings)))
    say(
        f"Next, in {folder}: look over programme.yml and goals.yml, fill data/participants.csv, "
        "then kansen fetch, kansen check, kansen render.",
        err=True,
    )


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", help="Where the files go.")] = Path(
        "data/demo"
    ),
    seed: Annotated[int | None, typer.Option("--seed", help="Another invented country.")] = None,
    schools: Annotated[
        int | None,
        typer.Option(
            "--schools",
            min=1_000,
            max=12_000,
            help="How large it is; else 1048 schools. The Netherlands have about 6500.",
        ),
    ] = None,
) -> None:
    """Write the demo data: invented schools in the layouts of the published files."""
    from kansen_analysis.demo import SEED, write_demo

    folder = write_demo(output, SEED if seed is None else seed, schools=schools)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    say(f"Wrote {len(files)} files ({size:.0f} MB) to {folder}.")


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
    quiet: QuietOption = False,
) -> None:
    """Read every file and say per source and school year what is in it, or what is wrong."""
    from kansen_analysis.edition import answered
    from kansen_analysis.programme import workspace

    path = _data(data)
    # The answer names files as they were named.
    asked = answered.question(path, participants) | {"form": form, "unmatched": unmatched}
    asked["named"] = f"{path} {participants}"
    kept = workspace.root() / answered.CHECKED
    found = answered.again([kept], asked) if to is None else None
    if found is None:
        places = answered.places(path.resolve(), participants)
        before = answered.state(asked, places)
        found = {"check": {form.value: _check(path, participants, form, unmatched, to)}}
        answered.keep(kept, asked, places, before, found)
    print(found["check"][form.value], end="")


def _check(
    path: Path, participants: Path | None, form: Form, unmatched: bool, to: Path | None
) -> str:
    """Read every file and return what is said of it; what is wrong is raised."""
    from kansen_analysis.goals.protocol import load_protocol
    from kansen_analysis.programme import workspace
    from kansen_analysis.programme.checks import check_programme
    from kansen_analysis.schools.coverage import check as run
    from kansen_analysis.schools.coverage import findings_frame
    from kansen_analysis.schools.load import open_folder, transitions
    from kansen_analysis.schools.over_time import read_transitions
    from kansen_analysis.schools.participants import check_participants, read_participants
    from kansen_analysis.sources import hand, schoolyear
    from kansen_analysis.sources.rows import each_row

    load_protocol(workspace.settings_of(path).path("goals"))  # which tells what is wrong in it
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
    try:
        read_transitions(transitions(path, beside=not workspace.is_demo(path)) or "")
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
        table = findings_frame(findings).to_csv(index=False, sep=";")
        hand.save(to, table.encode("utf-8-sig", "backslashreplace"))
        say(f"Wrote {len(findings)} mistakes to {to}.", err=True)
    aside = [
        {"file": a.file, "kind": a.kind, "why": a.why, "source": a.source} for a in folder.aside
    ]
    notices = [{"file": file, "text": text} for file, text in folder.notices]
    unseen = sorted(file.path.name for file in folder.files if file.unseen)
    if findings:
        if form == "json":
            told = {"findings": [f.as_dict() for f in findings], "left_aside": aside}
            print(_written(told), end="")
        elif form == "table":
            for left in folder.aside:
                say(f"{left}.")
        raise DataErrors(findings)
    coverage, lost = run(folder)
    if form == "json":
        return _written(
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
    if form == "csv":
        table = lost if unmatched else coverage.assign(files=coverage["files"].str.join(" | "))
        return table.to_csv(index=False, lineterminator="\n")
    line = "{:<22} {:<10} {:>7} {:>8} {:>13} {:>10}  {}".format
    lines = [line("source", "year", "rows", "schools", "masked cells", "unmatched", "")]
    for row in each_row(coverage):
        counts = (row.rows, row.schools, row.masked_cells, row.unmatched_schools)
        status = "provisional" if row.provisional else ""
        lines.append(line(row.source, row.school_year, *counts, status))
    lines += [f"{left}." for left in folder.aside]
    lines += [f"{notice['file']}: {notice['text']}." for notice in notices]
    if unseen:
        lines.append(f"Read in a layout not seen before, look twice: {', '.join(unseen)}.")
    if unmatched:
        for row in each_row(lost):
            name = row.name if isinstance(row.name, str) else ""
            lines.append(f"No match: {row.source} {schoolyear.label(row.year)} {row.key} {name}")
    elif len(lost):
        lines.append(f"{lost['key'].nunique()} schools have no match; --unmatched lists them.")
    lines.append(f"{people} participants in {register}. No mistakes found.")
    return "\n".join(lines) + "\n"


def _written(answer: dict) -> str:
    """Write an answer that any terminal can show and any program can read."""
    return json.dumps(answer, indent=1) + "\n"


@app.command()
def fetch(
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only this source; may be given more than once."),
    ] = None,
    school_year: Annotated[
        list[str] | None,
        typer.Option("--school-year", help="Only this school year, such as 2024-2025."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Where the files go; else data/raw.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Fetch the published files; run it again to go on after an interruption."""
    from kansen_analysis.fetch import fetch as run
    from kansen_analysis.fetch.progress import bars
    from kansen_analysis.programme import workspace

    folder = data or workspace.root() / "data" / "raw"
    with bars(quiet) as progress:
        report = run(folder, source, school_year, progress)
    say(f"{folder}: {report}")
    if quiet:
        report.raise_findings()
        return
    again = "the same command again takes up what failed; " if report.findings else ""
    look = f"kansen check --data {shlex.quote(str(folder))}"
    say(f"Next: {again}{look} says what is there.")
    report.raise_findings()


DayOption = Annotated[
    str | None,
    typer.Option("--day", help="Day on which consent for stories is judged; else today."),
]
EditionOption = Annotated[
    Path | None,
    typer.Option("--edition", help="Folder of the edition; else editions/ with the school year."),
]


def _edition(data, participants, school_year, protocol, day=None, folder=None):
    """Say which data, and bring an edition up to date."""
    return _bring(_data(data), participants, school_year, protocol, day, folder)


def _bring(path, participants, school_year, protocol, day=None, folder=None):
    """Bring an edition up to date."""
    from kansen_analysis.edition.build import build as bring
    from kansen_analysis.sources import schoolyear

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
    quiet: QuietOption = False,
) -> None:
    """Work out an edition: a folder of tables with all that the monitor shows."""
    made = _edition(data, participants, school_year, protocol, day, edition)
    say(str(made.folder))


@app.command()
def goals(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    form: FormOption = Form.table,
    quiet: QuietOption = False,
) -> None:
    """Give the verdict on each of the goals."""
    _tell("goals", form, data, participants, school_year, protocol)


def _tell(command: str, form: Form, data, *asked) -> None:
    """Print what an edition answers; one that did not change answers without being opened."""
    from kansen_analysis.edition import answered
    from kansen_analysis.programme import workspace

    path = _data(data)
    kept_in = workspace.root().glob(f"editions/*/{answered.FILE}")
    told = answered.again(kept_in, answered.question(path, *asked))
    if told is None:
        told = answered.answers(_bring(path, *asked))
    for line in told[command][form][:-1].split("\n"):
        say(line, bold=form == "table" and not line.startswith(" "))


@app.command()
def plan(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    form: FormOption = Form.table,
    quiet: QuietOption = False,
) -> None:
    """When will we know: per goal what is missing, who has it, what coming editions can show."""
    _tell("plan", form, data, participants, school_year, protocol)


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
    programmes: Annotated[
        str | None,
        typer.Option(
            "--programmes",
            help="Instead of that of this folder: folders with a programme.yml, or names of those "
            "that are shipped, separated by commas. Several make one site.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Build what is stale of an edition, draw its pages and publish the monitor."""
    from kansen_analysis.programme import workspace
    from kansen_analysis.publish import RenderConfig, site
    from kansen_analysis.sources import schoolyear

    site.choose_engine(engine.value)  # a missing engine is told before anything is read
    if programmes:
        if participants or protocol or edition:
            raise UsageError("--programmes says itself which register, goals and edition to use.")
        _several(programmes.split(","), data, school_year, day, engine, output)
        return
    made = _edition(data, participants, school_year, protocol, day, edition)
    label = schoolyear.label(made.year)
    target = output or workspace.root() / "reports" / (f"demo-{label}" if made.demo else label)
    with _progress("Rendering") as progress:
        config = RenderConfig(
            workspace.root(), made, target, engine.value, each=True, settings=made.settings
        )
        result = site.render(config, progress)
    _told(result)


def _several(names, data, school_year, day, engine, output) -> None:
    """Render the monitors of some programmes; of several, side by side."""
    from kansen_analysis.programme import workspace
    from kansen_analysis.publish import together
    from kansen_analysis.sources import schoolyear

    path = _data(data)
    year = schoolyear.parse(school_year) if school_year else None
    with _progress("Building") as progress:
        made = together.editions(path, names, year, day=day, progress=progress)
    with _progress("Rendering") as progress:
        _told(together.render(workspace.root(), made, output, engine.value, progress))


def _told(result) -> None:
    """Print what came of a rendering."""
    for warning in result.warnings:
        say(f"Warning: {warning}", err=True)
    if _quiet:
        say(str(result.index))
        return
    say(result.message)
    verb = "Still valid, nothing to do" if result.reused else f"Rendered {result.pages} pages"
    say(f"{verb}, in {result.seconds:.0f} s.")
    say(str(result.index))


@app.command()
def verify(
    edition: Annotated[Path, typer.Argument(help="Folder of an edition or of a rendered monitor.")],
) -> None:
    """Say whether an edition or a monitor is as it was made."""
    from kansen_analysis.edition.compare import verify as touched

    found = touched(edition)
    for line in found:
        say(line)
    say(f"{len(found)} files were touched." if found else "Untouched.")
    raise typer.Exit(DATA_ERRORS if found else 0)


@app.command()
def reproduce(
    edition: Annotated[Path, typer.Argument(help="Folder of an edition or of a rendered monitor.")],
    data: DataOption = None,
    quiet: QuietOption = False,
) -> None:
    """Build an edition again from files found by their checksum, and say whether it is the same."""
    from kansen_analysis.edition.reproduce import IDENTICAL
    from kansen_analysis.edition.reproduce import reproduce as again
    from kansen_analysis.programme import workspace
    from kansen_analysis.programme.settings import FILE

    root = workspace.root()
    places = [data] if data is not None else [root / "data"]
    # What is not published stands with the project: settings, register, programme.
    places += [root / "data" / "programme", root / "data" / "participants.csv", root / FILE]
    with _progress("Reproducing") as progress:
        answer = again(edition, [place for place in places if place.exists()], progress)
    for line in answer.lines():
        say(line)
    raise typer.Exit(0 if answer.word == IDENTICAL else DATA_ERRORS)


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="Folder of an edition.")],
    new: Annotated[Path, typer.Argument(help="Folder of another one.")],
    form: FormOption = Form.table,
) -> None:
    """Say what differs between two editions: files, method, participants, verdicts, numbers."""
    from dataclasses import asdict

    from kansen_analysis.edition.compare import compare as beside

    found = beside(old, new)
    if form == "json":
        say(json.dumps({"answer": found.answer} | asdict(found), indent=1, default=str))
        return
    for line in found.lines():
        say(line)


@app.command()
def publish(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="The record; else data/published.csv.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write the verdicts of an edition that was published in the record; it is only added to."""
    from kansen_analysis.edition import record as published
    from kansen_analysis.programme import workspace
    from kansen_analysis.sources import schoolyear

    made = _edition(data, participants, school_year, protocol)
    path = record or workspace.root() / published.RECORD
    added = published.publish(made, path)
    label = schoolyear.label(made.year)
    say(
        f"Added {added} verdicts on {label} to {path}."
        if added
        else f"{path} holds these verdicts on {label} already."
    )


@app.command("new-edition")
def new(
    school_year: Annotated[str, typer.Argument(help="The new edition, such as 2025-2026.")],
) -> None:
    """Copy the tables of the programme forward and list what must be updated."""
    from kansen_analysis.programme import workspace
    from kansen_analysis.programme.edition import new_edition
    from kansen_analysis.sources import schoolyear

    folder = workspace.tables()
    for line in new_edition(folder, schoolyear.parse(school_year)):
        say(line)


programme = typer.Typer(help="Hand the tables of the programme out as one workbook, take it back.")
app.add_typer(programme, name="programme")
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Folder with the tables; else data/programme.")
]


@programme.command("export")
def export_workbook(workbook: Path, folder: FolderOption = None) -> None:
    """Write the tables to one xlsx, with lists to choose from."""
    from kansen_analysis.programme import workspace
    from kansen_analysis.programme.workbook import programme_export

    programme_export(folder or workspace.tables(), workbook)
    say(str(workbook))


@programme.command("import")
def import_workbook(
    workbook: Path,
    folder: FolderOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Take the tables back from an xlsx; what changes is shown before anything is written."""
    from kansen_analysis.programme import workspace
    from kansen_analysis.programme.workbook import programme_import

    changes = programme_import(folder or workspace.tables(), workbook)
    for line in changes.lines:
        say(line)
    if not changes.lines:
        say("Nothing changed.")
    elif yes or typer.confirm("Write these changes?"):
        say(f"Wrote {len(changes.write())} files.")


class ExportForm(StrEnum):
    """In what an edition is handed on."""

    xlsx = "xlsx"
    csv = "csv"
    parquet = "parquet"


@app.command()
def export(
    edition: Annotated[Path, typer.Argument(help="Its folder, such as editions/2024-2025.")],
    form: Annotated[
        ExportForm, typer.Option("--format", help="xlsx for Excel, parquet for R and Python.")
    ] = ExportForm.xlsx,
    output: Annotated[Path, typer.Option("--output", help="Where the files go.")] = Path("export"),
) -> None:
    """Write the tables of an edition with a codebook; for analysis, not for publication."""
    from kansen_analysis.desk.export import export as write
    from kansen_analysis.edition.open import open_edition

    for path in write(open_edition(edition), output, form.value):
        say(str(path))


@app.command()
def lab(
    data: DataOption = None,
    participants: ParticipantsOption = None,
    school_year: YearOption = None,
    protocol: ProtocolOption = None,
    edition: Annotated[
        Path | None, typer.Option("--edition", help="An edition that is there; else it is built.")
    ] = None,
) -> None:
    """Open Jupyter Lab on an edition, at the notebooks that show how to analyse it."""
    from kansen_analysis.desk.lab import command, environment
    from kansen_analysis.edition.open import open_edition
    from kansen_analysis.programme import workspace

    words = command(workspace.root())  # a Jupyter that is missing is told before anything is built
    if edition is None:
        opened = _edition(data, participants, school_year, protocol)
    else:
        opened = open_edition(edition)
    say(f"Jupyter Lab on {opened.folder}; end it with Ctrl-C.", err=True)
    raise typer.Exit(subprocess.run(words, env=environment(opened.folder), check=False).returncode)


@app.command()
def notebooks(quiet: QuietOption = False) -> None:
    """For builders: run the notebooks on the demo and store their outputs in them."""
    from kansen_analysis.demo import demo_folder
    from kansen_analysis.edition.build import build as bring
    from kansen_analysis.programme import workspace
    from kansen_analysis.publish import execute_in_place

    folder = workspace.root() / "notebooks"
    paths = [
        path for place in (folder, folder / "analyse") for path in sorted(place.glob("*.ipynb"))
    ]
    with _progress("Running") as progress:
        execute_in_place(paths, bring(demo_folder()).folder, progress)
    say(f"Stored the outputs of {len(paths)} notebooks.")


leerjaar3 = typer.Typer(help="Goal 3: places in leerjaar 3, which schools supply themselves.")
app.add_typer(leerjaar3, name="leerjaar3")


@leerjaar3.command("template")
def leerjaar3_form(workbook: Path) -> None:
    """Write an xlsx form for a school to fill in; docs/leerjaar-3.md says where figures are."""
    from kansen_analysis.sources.form import leerjaar3_template

    say(str(leerjaar3_template(workbook)))


@app.command()
def version() -> None:
    """Print the version."""
    say(__version__)


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
            say(getattr(error, "details", ""), err=True)
            raise
        say(str(error), err=True)
        sys.exit(WRONG_USE if isinstance(error, UsageError | EngineError) else DATA_ERRORS)
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError):
            number, place = error.errno, error.filename2 or error.filename  # of a copy: where to
        else:  # so says Python 3.11 and 3.12 of a link
            loop = str(error).startswith("Symlink loop from ")
            number, place = errno.ELOOP if loop else None, str(error).partition(" from ")[2]
        if debug or number not in _ROOM:
            raise
        where = f" ({place})" if place else ""
        say(f"{_ROOM[number]}{where}; what was there before is untouched.", err=True)
        sys.exit(WRONG_USE)
