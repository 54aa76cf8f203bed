"""An edition: what the demo's known truth and the real files must give, and what makes it stale."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pyarrow.parquet as pq
import pytest

from kansen_analysis.edition import (
    answered,
    digests,
    manifest,
    outcomes,
    sensitivity,
    stages,
    store,
)
from kansen_analysis.edition.build import build
from kansen_analysis.edition.compare import verify
from kansen_analysis.edition.open import MANIFEST, OPENS, open_edition
from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.estimate import effects, etwfe, nearby, per_school, specifications
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.pages import common, eindtoets, samenvatting, schooladvies, verantwoording
from kansen_analysis.publish import generated
from kansen_analysis.sources import DataFolder

REPOSITORY = Path(__file__).parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))

NEEDED = ("02", "03", "05-gem", "05.-gem", "06", "schoolweging", "files", "participants", "truth")
DAY = "2025-06-01"


def test_the_effect_that_was_put_in_lies_inside_the_interval(edition, demo):
    truth = json.loads((demo / "truth.json").read_text(encoding="utf-8"))
    put_in = truth["goal1"]["realised"]
    row = edition.verdicts.set_index("goal").loc[1]
    assert row["ci_low"] < put_in < row["ci_high"]
    assert row["verdict"] == Verdict.BETTER


def test_nobody_without_a_known_start_is_in_the_panel(edition):
    unknown = edition.participants.loc[edition.participants["coach_start"].isna(), "school"]
    assert len(unknown) > 0
    assert not edition.panel(1)["school"].isin(unknown).any()


def test_the_year_without_a_test_is_absent_and_not_zero(edition):
    for table in (edition.target_levels, edition.standard_scores):
        assert 2019 not in set(table["year"])
        assert {2018, 2020} <= set(table["year"])
    assert 2019 not in set(edition.panel(1)["year"])
    assert 2018 in set(edition.panel(1)["year"])
    assert 2020 in set(edition.panel(1)["year"])


def test_special_primary_schools_are_in_no_pool(edition):
    advices = edition.load("schooladviezen")
    special = set(advices.loc[advices["kind"] == "Sbo", "school"])
    assert special
    assert not special & set(edition.pools.members["school"])
    assert not special & set(edition.panel(1)["school"])


def test_an_earlier_edition_does_not_see_later_years(demo, tmp_path):
    earlier = build(demo, school_year=2022, folder=tmp_path / "earlier")
    assert earlier.panel(1)["year"].max() == 2022
    assert earlier.load("schooladviezen")["year"].max() == 2022
    assert earlier.panel(1)["cohort"].max() <= 2022
    assert earlier.coverage["year"].max() > 2022, "the folder is read as a whole"


def test_a_year_without_results_is_wrong_use(demo, tmp_path):
    with pytest.raises(UsageError, match="2031-2032"):
        build(demo, school_year=2031, folder=tmp_path / "later")


def test_every_page_of_the_demo_says_first_that_its_schools_are_invented(edition):
    assert "verzonnen" in common.banner(edition).markdown


def test_pages_give_the_same_answer_twice(edition):
    for make in (samenvatting.cards, eindtoets.participants, schooladvies.compared):
        one, two = make(edition)._repr_mimebundle_(), make(edition)._repr_mimebundle_()
        assert one == two


def test_the_headline_never_says_more_than_the_verdicts():
    assert "beter" not in samenvatting._headline(["Onbeslist", "Niet toetsbaar"] * 2)
    assert "één beter" in samenvatting._headline(["Beter", "Onbeslist", "Onbeslist", "Onbeslist"])
    none = samenvatting._headline(["Niet toetsbaar"] * 4)
    assert none == "Nog geen van de vier doelen is te toetsen; dit is wat we wel zien"


@pytest.mark.real
def test_real_files_bear_no_verdict_and_say_why(real_edition):
    assert set(real_edition.verdicts["verdict"]) == {Verdict.UNTESTABLE}
    reason = real_edition.verdicts.set_index("goal").loc[1, "reason"]
    assert "2022-2023" in reason
    assert real_edition.verdicts["reason"].str.len().min() > 40


@pytest.mark.real
def test_real_schools_are_shown_with_their_published_figures(real_edition):
    """Read in the Inspectie's workbook by eye: 10HM|C1 has 33,29 and 38,7; 28,57 in 2024-2025."""
    shown = eindtoets.participants(real_edition).frame.set_index("school")
    school = shown.loc["10HM00"]
    assert school["schoolweging_driejaars"] == pytest.approx(33.29)
    assert school["signaleringswaarde_1s2f"] == pytest.approx(38.7)
    # Beside the table of DUO that percentage would solve a hidden count.
    assert np.isnan(school["value_2024"])
    assert school["value_2024_low"] < 28.57 < school["value_2024_high"]
    hidden = shown.loc["08CT00"]
    assert np.isnan(hidden["value_2022"])
    assert hidden["value_2022_low"] < hidden["value_2022_high"]


@pytest.mark.real
def test_a_real_run_does_not_call_its_schools_invented(real_edition):
    assert "verzonnen" not in common.banner(real_edition).markdown
    assert "verzonnen" not in verantwoording.limits(real_edition).markdown


def test_one_school_that_began_early_does_not_take_the_figures_of_the_others_away(edition):
    """With one tested year before its start it cannot be tested; the others still can."""
    known = edition.changes[1].table
    early = known["school"].iloc[0]
    people = edition.participants.copy()
    people.loc[people["school"] == early, "coach_start"] = int(edition.panel(1)["year"].min()) + 1
    schools = dict(edition.work("schools")) | {"participants": people}
    inputs = {"tidy": edition.work("tidy"), "schools": schools}
    inputs |= {"protocol": edition.protocol, "year": edition.year}
    rows = outcomes.run(inputs)["panels"]["1"]
    changes = sensitivity._changes(rows, edition.protocol, 1)
    assert set(changes.table["school"]) == set(known["school"]) - {early}


# --- what is done again, and what is not -------------------------------------------------------


@pytest.fixture(scope="module")
def small(demo, tmp_path_factory):
    """A folder that is read in a second: what goal 1 rests on, in copies that may be changed."""
    data = tmp_path_factory.mktemp("small") / "data"
    data.mkdir()
    for path in demo.iterdir():
        if path.name.startswith(NEEDED):
            shutil.copyfile(path, data / path.name)
    shutil.copytree(demo / "programme", data / "programme")
    build(data, folder=data.parent / "edition", day=DAY)
    return data


@pytest.fixture
def copied(small, tmp_path):
    """The folder and its edition, to change at will."""
    shutil.copytree(small.parent, tmp_path / "copy")
    return tmp_path / "copy" / "data"


def again(data, **options):
    """Build the edition once more; return it and the stages that ran."""
    ran, run = [], stages.Stage.run

    def seen(stage, inputs):
        ran.append(stage.name)
        return run(stage, inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages.Stage, "run", seen)
        made = build(data, folder=data.parent / "edition", **{"day": DAY, **options})
    return made, ran


def test_an_unchanged_edition_runs_nothing_and_keeps_its_files(copied):
    before = {path: path.stat().st_mtime_ns for path in copied.parent.rglob("*") if path.is_file()}
    made, ran = again(copied)
    assert ran == []
    after = {path: path.stat().st_mtime_ns for path in copied.parent.rglob("*") if path.is_file()}
    assert after == before
    assert made.digest == open_edition(copied.parent / "edition").digest


def test_a_byte_in_a_file_makes_what_rests_on_it_run_again(copied):
    path = next(copied.glob("schoolweging-2022-2023-2024*"))
    other = next(copied.glob("06.-historisch*"))
    text = other.read_bytes()
    other.write_bytes(text.rstrip() + b"\r\n\r\n")  # an empty line at the end says nothing
    _, ran = again(copied)
    assert ran == ["tidy", "public"], "the tables are the same; only the checksum is shown"
    path.unlink()
    _, ran = again(copied)
    assert ran[:3] == ["tidy", "schools", "outcomes"]


def test_the_register_the_protocol_and_the_programme_make_their_own_stages_run(copied, tmp_path):
    register = copied / "participants.csv"
    lines = register.read_text(encoding="utf-8").splitlines()
    register.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    made, ran = again(copied)
    assert "tidy" not in ran and "beside" not in ran
    assert ran[:1] == ["schools"]
    assert len(made.participants) == len(lines) - 2

    protocol = tmp_path / "own.yml"
    text = (Path(store.__file__).parents[1] / "goals" / "goals.yml").read_text(encoding="utf-8")
    protocol.write_text(text.replace("alpha: 0.05", "alpha: 0.04"), encoding="utf-8")
    made, ran = again(copied, protocol=protocol)
    assert "tidy" not in ran and "verdicts" in ran
    assert made.protocol.alpha == 0.04

    again(copied)
    lessons = copied / "programme" / "lessons.csv"
    lessons.write_text(lessons.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    _, ran = again(copied)
    assert ran == ["beside"]


def test_another_day_is_another_edition_only_when_consent_ended(copied):
    stories = copied / "programme" / "stories"
    story = next(path for path in stories.glob("[a-z]*.md") if "until: 2099" in path.read_text())
    text = re.sub(r"until: .*", "until: 2025-06-02", story.read_text(encoding="utf-8"))
    story.write_text(text, encoding="utf-8")
    one, ran = again(copied)
    assert ran == ["beside", "public"]
    withheld = one.programme.withheld
    other, ran = again(copied, day="2025-06-02")
    assert ran == ["beside"]
    assert one.digest == other.digest
    late, _ = again(copied, day="2025-06-03")
    assert late.programme.withheld == withheld + 1
    assert late.digest != one.digest
    with pytest.raises(UsageError, match="changed since it was opened"):
        _ = other.programme


def test_code_that_a_stage_runs_makes_it_run_again_and_other_code_does_not(copied, monkeypatch):
    """Every stage but the first two runs the code of estimates; no stage runs that of pages."""
    root = Path(store.__file__).parents[1]
    changed, read = set(), Path.read_bytes

    def other(path):
        return read(path) + (b"# changed" if path in changed else b"")

    monkeypatch.setattr(Path, "read_bytes", other)

    def ran_after(*names):
        changed.clear()
        changed.update(root / name for name in names)
        digests.code.cache_clear()
        digests._read.cache_clear()
        return again(copied)[1]

    assert ran_after("pages/school.py", "publish/site.py", "display/figures.py") == []
    assert ran_after("estimate/per_school.py") == ["sensitivity"]
    # the verdicts of this year and of the year before, and nothing between
    assert ran_after("words/verdicts.py") == ["verdicts", "sensitivity", "verdicts"]
    changed.clear()
    digests.code.cache_clear()
    digests._read.cache_clear()


@pytest.fixture
def asked(copied, monkeypatch):
    """A project whose edition was just built, and what it answers while nothing changed."""
    root = copied.parent
    (root / "notebooks").mkdir()
    (root / "_quarto.yml").touch()
    shutil.copy(REPOSITORY / "programme.yml", root)
    protocol = root / "goals.yml"
    shutil.copy(Path(store.__file__).parents[1] / "goals" / "goals.yml", protocol)
    (root / "editions").mkdir()
    (root / "edition").rename(root / "editions" / "demo-2024-2025")
    monkeypatch.chdir(root)
    edition = build(copied, protocol=protocol, day=DAY)

    def told(**other):
        answered.packages.cache_clear()
        answered.source.cache_clear()
        question = answered.question(copied, **{"protocol": protocol, "day": DAY} | other)
        return answered.again(root.glob(f"editions/*/{answered.FILE}"), question)

    yield edition, told
    answered.packages.cache_clear()
    answered.source.cache_clear()


def test_what_was_answered_is_told_again_only_while_nothing_it_hangs_on_changed(asked):
    edition, told = asked
    assert told() == answered.answers(edition)
    root = edition.folder.parents[1]
    data = root / "data"
    for path in (
        next(data.glob("schoolweging-2022-2023-2024*")),
        data / "participants.csv",
        next((data / "programme" / "stories").glob("*.md")),
        data / "truth.json",
        root / "goals.yml",
        root / "programme.yml",
        edition.folder / "manifest.json",
        edition.folder / "public" / stages.RECORD,
    ):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert told() is None, path
        path.write_bytes(content)
        assert told() is not None, path
    for path in (
        data / "a new file.csv",
        data / "participants.xlsx",  # a second register is a mistake
        data / "programme.yml",  # goes before that of the project
        data / "programme" / "stories" / "new.md",
        root / "overgangen.csv",
        root / ".kansen" / "released.json",
        root / ".kansen" / "key",
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        assert told() is None, path
        path.unlink()
        assert told() is not None, path


def test_other_code_packages_or_questions_are_not_answered_with_what_was_told(asked, monkeypatch):
    edition, told = asked
    assert told() is not None
    checksum, version = digests.checksum, digests.metadata.version
    for module in ("goals/rule.py", "goals/released/1.1.json", "words/verdicts.py"):
        changed = Path(store.__file__).parents[1] / module
        assert changed.is_file()
        with monkeypatch.context() as patch:
            patch.setattr(
                digests, "checksum", lambda p, c=changed: checksum(p) + "x" * (Path(p) == c)
            )
            assert told() is None, module
    for package in digests.PACKAGES:
        with monkeypatch.context() as patch:
            patch.setattr(
                digests.metadata, "version", lambda n, p=package: version(n) + ".1" * (n == p)
            )
            assert told() is None, package
    with monkeypatch.context() as patch:
        patch.setattr(digests.platform, "python_version", lambda: "3.99.0")
        assert told() is None
    assert told() is not None
    for other in (
        {"day": "2025-06-02"},
        {"protocol": None},
        {"school_year": "2023-2024"},
        {"participants": edition.folder.parents[1] / "data" / "participants.csv"},
    ):
        assert told(**other) is None, other


def test_a_build_killed_between_its_tables_and_its_manifest_leaves_an_edition(copied, monkeypatch):
    folder = copied.parent / "edition"
    other = next(copied.glob("06.-historisch*"))
    other.write_bytes(other.read_bytes().rstrip() + b"\r\n\r\n")
    before = open_edition(folder).digest

    write = manifest.write

    def killed(path, *about, **more):
        if path.name == MANIFEST:
            raise KeyboardInterrupt
        return write(path, *about, **more)

    monkeypatch.setattr(manifest, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        again(copied)
    assert verify(folder) == []
    assert open_edition(folder).digest != before
    monkeypatch.undo()
    again(copied)
    assert verify(folder) == []
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_mistake_leaves_the_edition_that_was_there(copied):
    before = open_edition(copied.parent / "edition").digest
    path = next(copied.glob("03-alle*"))
    path.write_bytes(path.read_bytes() + b"x;y;z\r\n")
    with pytest.raises(DataErrors):
        again(copied)
    assert open_edition(copied.parent / "edition").digest == before


def test_a_mistake_in_what_was_written_by_hand_is_told_before_anything_is_worked_out(copied):
    (copied / "programme" / "lessons.csv").write_text("wat\n1\n", encoding="utf-8")
    register = copied / "participants.csv"  # so that there is something to work out
    lines = register.read_text(encoding="utf-8").splitlines()
    register.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    said = []
    with pytest.raises(DataErrors, match=r"lessons\.csv"):
        again(copied, progress=said.append)
    assert said == ["beside"]


def test_half_an_edition_is_not_opened(copied):
    folder = copied.parent / "edition"
    record = folder / "public" / stages.RECORD
    told = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(told | {"key": "another"}), encoding="utf-8")
    with pytest.raises(UsageError, match="not finished, public differs; run kansen build"):
        open_edition(folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(UsageError, match="There is no edition"):
        open_edition(folder)


def test_a_stage_reads_only_what_it_declares(small):
    edition = open_edition(small.parent / "edition")
    stage = stages.Stage("verdicts", "kansen_analysis.edition.verdicts", ("protocol",), ())
    known = {"protocol": stages.Given(edition.protocol, "x"), "estimates": edition.work("tidy")}
    with pytest.raises(KeyError, match="estimates"):
        stages.up_to_date(stage, small.parent / "other", known)
    assert not (small.parent / "other").exists()


def test_two_builds_at_once_wait_for_each_other(copied):
    code = (
        "import sys; from kansen_analysis.edition.build import build\n"
        "print(build(sys.argv[1], folder=sys.argv[2]).digest)"
    )
    command = [sys.executable, "-c", code, str(copied), str(copied.parent / "new" / "edition")]
    (copied.parent / "new").mkdir()
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {child.communicate()[0] for child in both}
    assert [child.returncode for child in both] == [0, 0]
    assert len(told) == 1


# --- what others can do with it ----------------------------------------------------------------


def test_drawing_all_pages_needs_only_what_is_public(edition, demo, monkeypatch, tmp_path):
    """Every cell of every notebook, of a school and of a municipality; no file, no estimate."""
    shutil.copy(edition.folder / MANIFEST, tmp_path)
    shutil.copytree(edition.folder / "public", tmp_path / "public")
    monkeypatch.setenv(OPENS, str(tmp_path))
    made = generated.notebooks(edition)
    places = [name for name in made if name.startswith("gemeenten/")]
    pages = [nbformat.read(path, as_version=4) for path in NOTEBOOKS]
    pages += [made[next(iter(made))], made[places[0]]]
    raw, opened, watching = demo.resolve(), [], True

    def watch(event, arguments):
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.extend([arguments[0]] if Path(arguments[0]).is_relative_to(raw) else [])

    def refused(*args, **kwargs):
        raise AssertionError("a page reads the published files or computes an estimate")

    sys.addaudithook(watch)
    for module, name in (
        (DataFolder, "__init__"),
        (etwfe, "fit"),
        (effects, "fit"),
        (specifications, "fit"),
        (per_school, "to_data"),
        (nearby, "to_data"),
    ):
        monkeypatch.setattr(module, name, refused)
    shown = 0
    for page in pages:
        space: dict = {}
        for cell in page.cells:
            if cell.cell_type == "code":
                *lines, last = ast.parse(cell.source).body
                exec(compile(ast.Module(lines, []), "cell", "exec"), space)
                result = eval(compile(ast.Expression(last.value), "cell", "eval"), space)
                shown += result is not None and bool(result._repr_mimebundle_())
    watching = False
    assert shown > 120
    assert opened == []


def test_a_school_and_a_panel_are_found_by_name(edition):
    code = edition.participants["school"].iloc[0]
    assert edition.school(code)["name"] == edition.participants["name"].iloc[0]
    with pytest.raises(UsageError, match="00XX00"):
        edition.school("00XX00")
    assert set(edition.panel(1)["school"]) <= set(edition.schools["school"])
    with pytest.raises(UsageError, match="goal 4"):
        edition.panel(4)


def test_every_table_reads_without_this_package(edition):
    """Plain Parquet with columns only: what R and DuckDB see."""
    paths = sorted(edition.folder.glob("public/*.parquet"))
    assert len(paths) > 20
    for path in paths:
        names = pq.read_schema(path).names
        assert not any(name.startswith("__") for name in names), path.name
    told = store.about_table(edition.folder / "public" / "schooladviezen.parquet")
    assert told.loc["pupils", "label"]
