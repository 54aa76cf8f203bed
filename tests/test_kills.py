"""A run that is killed damages nothing, leaves nothing and nobody; `make test-long` kills more."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import kills
import pytest
from test_initialise import SAMEN

from kansen_analysis.edition import store
from kansen_analysis.programme import edition as begun
from kansen_analysis.programme import tables, workbook
from kansen_analysis.programme.initialise import initialise
from kansen_analysis.sources import hand


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_killed_render_leaves_the_site_that_was_there(tmp_path):
    kills.site(tmp_path, pages=1)
    made = tmp_path / "reports" / "2024-2025"
    found = kills.kill(kills.RENDER, tmp_path, made, 2)
    assert (found.damaged, found.leftovers, found.alive) == (0, 0, 0), found


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_killed_fetch_leaves_whole_files_and_the_next_takes_them_up(tmp_path):
    with kills.publisher() as (told, damaged):
        made = tmp_path / "fetch" / "data"
        found = kills.kill(kills.FETCH, made.parent, made, 2, told=told, damaged=damaged)
        assert (found.damaged, found.leftovers, found.alive) == (0, 0, 0), found
        (made / "manifest.json").write_text("{}")  # the judge itself
        assert damaged(made)


def test_a_folder_is_never_absent_while_it_is_replaced(tmp_path):
    """Another process looks all the time."""
    folder = tmp_path / "site"
    (folder).mkdir()
    (folder / "a").write_text("0")
    code = (
        "import sys, time; from pathlib import Path\n"
        "p, gone, end = Path(sys.argv[1]) / 'a', 0, time.monotonic() + 2\n"
        "while time.monotonic() < end: gone += not p.exists()\n"
        "print(gone)"
    )
    watching = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    for turn in range(300):
        if watching.poll() is not None:
            break
        with store.whole(folder) as new:
            (new / "a").write_text(str(turn))
    gone = int(watching.communicate()[0])
    if store._exchange(tmp_path / "x", tmp_path / "y") or sys.platform == "linux":
        assert gone == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


def test_what_a_killed_run_left_in_the_temporary_folder_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(store.tempfile, "tempdir", None)
    with store.scratch() as first:
        (first.parent / "left").mkdir()
        (first.parent / "left" / "tables").write_text("x")
        with store.scratch() as second:
            assert first.exists() and second.exists()  # of a run that is still busy
            assert not (first.parent / "left").exists()
    assert list(first.parent.iterdir()) == []


def killed(code, folder, ready):
    """Run code until a file is there, and kill it."""
    run = subprocess.Popen([sys.executable, "-c", code], cwd=folder)
    for _ in range(600):
        if list(folder.glob(ready)):
            break
        time.sleep(0.05)
    run.kill()
    run.wait()
    assert list(folder.glob(ready)), "it was killed before it wrote anything"


@pytest.mark.skipif(os.name == "nt", reason="no such locks")
def test_what_a_killed_demo_or_init_left_beside_its_folder_is_removed_by_the_next(tmp_path):
    """Never what a run that is alive writes in."""
    code = (
        "import time; from pathlib import Path; from kansen_analysis.sources import hand\n"
        "with hand.scratch(Path('.').absolute(), hand.NEW) as new:\n"
        "    (new / 'tables').write_text('x'); time.sleep({})"
    )
    killed(code.format(600), tmp_path, ".kansen-new-*/tables")
    (tmp_path / ".kansen-own").mkdir()  # somebody's, with such a name
    with hand.scratch(tmp_path, hand.NEW) as alive:
        initialise(tmp_path / "work", SAMEN)
        assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
            [".kansen-own", "work", alive.name]
        )
    assert sorted(each.name for each in tmp_path.iterdir()) == [".kansen-own", "work"]


@pytest.mark.skipif(os.name == "nt", reason="no such locks")
def test_what_a_killed_run_left_of_one_file_is_removed_by_the_next(tmp_path):
    """A form of leerjaar 3, a table, a key."""
    code = (
        "import sys, time; from pathlib import Path; from kansen_analysis.sources import hand\n"
        "write = Path.write_bytes\n"
        "Path.write_bytes = lambda path, what: (write(path, what[:1]), time.sleep(600))\n"
        "hand.save(Path('form[1].xlsx'), b'xx')"
    )
    killed(code, tmp_path, ".form*.new-*")
    hand.save(tmp_path / "form[1].xlsx", b"xx")
    assert [each.name for each in tmp_path.iterdir()] == ["form[1].xlsx"]


@pytest.mark.parametrize("copied", ["", ", None, '/x/y'"])
def test_a_full_disk_is_one_sentence(copied):
    """Of a device that is always full, without a traceback; of a copy its place is named."""
    of = "/data/file.ods" if copied else "/x/y"
    code = (
        "import errno, sys; from kansen_analysis import cli\n"
        f"def full(): raise OSError(errno.ENOSPC, 'No space left', '{of}'{copied})\n"
        "cli.app = full; sys.argv = ['kansen']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "full: make room (/x/y); what was there before is untouched." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="limits of another kind")
@pytest.mark.parametrize(
    ("words", "room"),
    [(("demo", "--output", "x"), 50_000), (("leerjaar3", "template", "x.xlsx"), 500)],
)
def test_a_command_without_room_leaves_nothing_half_written(tmp_path, words, room):
    """What was written before the disk was full would be taken for the whole by the next command.

    A workbook that a library was still writing told of itself in a traceback.
    """
    code = (
        "import resource, sys; from kansen_analysis import cli\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
        f"sys.argv = ['kansen', *{words!r}]; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_tables_that_are_kept_by_hand(tmp_path, monkeypatch):
    """A workbook is taken back, an edition is begun: neither cuts off what somebody typed."""
    path = tmp_path / "budget.csv"
    path.write_text("programme,part\nEen,uren\n", encoding="utf-8")
    before, sheet, write = path.read_bytes(), tables.open_sheet(path), Path.write_bytes
    sheet.rows.append(["Twee", "uren"])

    def full(self, content):
        write(self, content[:5])
        raise OSError(errno.ENOSPC, "No space left", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    for save in (workbook.Changes(files={path: sheet}).write, lambda: begun._write(path, sheet, 1)):
        with pytest.raises(OSError, match="No space"):
            save()
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]
