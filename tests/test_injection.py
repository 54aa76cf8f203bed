"""A hostile working folder, rendered whole: nothing acts or stops, and the bytes are the same."""

import filecmp
import os
import subprocess
import sys
from pathlib import Path

import injection
import pytest
from injection import HOSTILE

from kansen_analysis.programme.schema import REGISTER, columns, tables

pytestmark = pytest.mark.slow
# As the command does, with another number of processes.
ALONE = """
import sys
from kansen_analysis import cli
from kansen_analysis.publish import execute
execute.AT_ONCE = 1
sys.argv = ["kansen", *sys.argv[1:]]
cli.main()
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    made = injection.workspace(tmp_path_factory.mktemp("hostile") / "w", 8, 3)
    injection.render(made.folder)
    return made


def test_every_field_that_holds_text_was_tried(hostile):
    """They are read from the schema, and what refuses hostile text says so."""
    for table in (*tables(), REGISTER):
        texts = {column.name for column in columns(table) if column.kind in ("text", "list")}
        assert {(f"{table}.csv", name) for name in texts} <= hostile.fields
    assert len({name for file, name in hostile.fields if file == "programme.yml"}) > 10
    assert len({name for file, name in hostile.fields if file == "goals.yml"}) > 40
    raw = {(file, name) for file, name in hostile.fields if file[0].isdigit()}
    assert len(raw) > 60
    assert not raw & hostile.refused
    assert len(set(HOSTILE)) >= 60


def test_nothing_in_a_rendered_site_acts_and_every_page_has_its_policy(hostile):
    site = hostile.folder / "site"
    assert len(list(site.rglob("*.html"))) > 20
    assert injection.active(site) == []


def test_what_acts_is_found(hostile, tmp_path):
    """The search itself, held on a page with something in it."""
    (tmp_path / "a.html").write_text(
        "<p onclick=x><a href='JavaScript:x'>y</a><em>a</em><base href=x><script>alert(1)</script>"
    )
    found = injection.active(tmp_path)
    for words in ("p onclick", "JavaScript:x", "<em>a</", "<base>", "no policy", "script 'alert"):
        assert any(words in each for each in found), words


def test_a_second_render_gives_the_same_bytes(hostile, tmp_path):
    """Another time zone, locale, hash seed, number of processes, folder and order of files."""
    folder = tmp_path / "elsewhere"
    left = {hostile.folder / name for name in ("site", "editions", ".kansen")}
    paths = [p for p in hostile.folder.rglob("*") if not left & {p, *p.parents}]
    for path in sorted(paths, reverse=True):
        target = folder / path.relative_to(hostile.folder)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            os.utime(target, (1, 1))
        else:
            target.mkdir(parents=True, exist_ok=True)
    source = str(Path(__file__).parents[1] / "src")
    other = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    words = ["render", "--engine", "embedded", "--day", injection.DAY, "--output", "site"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": source} | other,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert different(hostile.folder / "site", folder / "site") == []


def different(one: Path, other: Path) -> list[str]:
    """List what differs between two folders, as `diff -r` does."""
    names = [
        {p.relative_to(f).as_posix() for p in f.rglob("*") if p.is_file()} for f in (one, other)
    ]
    found = sorted(names[0] ^ names[1])
    return found + [
        name
        for name in sorted(names[0] & names[1])
        if not filecmp.cmp(one / name, other / name, shallow=False)
    ]
