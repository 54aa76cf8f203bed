"""Mutants: small errors put in by machine, one at a time, to see which of them the tests notice.

    make mutants                                     every mutant of every module; hours
    make mutants SAMPLE=60                           sixty of each module, always the same ones
    python tests/mutants.py --sample 60 goals/rule   one module

mutmut makes the mutants (another operator, a constant one higher, an argument left out, a text
changed). They are tried here and not with ``mutmut run``: that one maps tests to functions by what
each test calls, which misses a result that a fixture made for the test before, and it leaves
decorated functions and constants of a module alone. Each mutant is a process forked when package
and tests are loaded; it runs the doctests of the module and the test files that are about it.

What survives is explained in ``mutants.csv``: by the line as it was and as it became, so that a
reason holds as long as the line does. The table and all survivors go to ``docs/mutants.md``.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import hashlib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import hypothesis
import matplotlib
import pytest
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src", "kansen_analysis")
REASONS = Path(__file__).with_suffix(".csv")
REPORT = ROOT / "docs" / "mutants.md"
DONE = ROOT / "reports" / "mutants.jsonl"  # so that an interrupted run goes on

# The modules that decide what a verdict is, and the tests that are about them, quickest first.
LAYOUTS = "test_sources_layouts.py::test_a_layout_loads_to_the_values_that_stand_in_it"
TWICE = "test_files.py::test_text_that_was_encoded_twice_is_read_and_named"
SORTS = "test_same_digits.py::test_every_sort_keeps_the_order_of_equals"
BESIDE = (
    "test_a_share_beside_hidden_counts_solves_none_of_them",
    "test_what_gives_nothing_away_stays_as_the_publisher_prints_it",
    "test_publishers_that_contradict_each_other_are_told",
    "test_our_solver_finds_what_an_integer_program_finds",
)
MODULES = {
    "sources/values": ["test_planted_tables.py", "test_sources_errors.py", TWICE, LAYOUTS],
    "schools/match": ["test_schools.py", "test_planted_tables.py", SORTS],
    "outcomes/intervals": ["test_masked.py", SORTS],
    "outcomes/panel": ["test_panel.py", "test_planted_tables.py", SORTS],
    "outcomes/advice": ["test_advice.py", SORTS],
    "estimate/etwfe": ["test_planted.py", "test_effects_estimable.py", "test_effects_estimator.py"],
    "estimate/effects": ["test_planted.py", "test_effects_estimator.py", "test_effects_input.py"],
    "goals/rule": ["test_goals.py", "test_planted.py"],
    "edition/disclosure/counts": ["test_disclosure.py"],
    "edition/disclosure/joined": [f"test_attack.py::{test}" for test in BESIDE],
}
HEAD = """# Mutants: which small errors the tests notice

Made by `make mutants` (tests/mutants.py): mutmut puts in one small error at a time, and the
doctests of the module or the test files that are about it must fail. Tried: {how}. A survivor is no
error of the package: it is a change that no test sees, with the reason it is let be
(tests/mutants.csv).
"""
SLOWEST = 4  # times as long as without a mutant, and it counts as noticed


@dataclass(frozen=True)
class Mutant:
    """One changed line, or several, of a module."""

    module: str
    line: int
    before: str
    after: str
    code: str
    deep: bool  # outside the functions: a constant, a field

    @property
    def key(self) -> tuple[str, str, str]:
        """What a reason is kept under; the number of the line moves."""
        return self.module, self.before, self.after


def mutants_of(module: str, sample: int | None = None, seed: int = 1) -> tuple[int, list[Mutant]]:
    """Make the mutants of a module, or some by chance: how many there are, and those, by line."""
    path = ROOT / PACKAGE / f"{module}.py"
    code = path.read_text(encoding="utf-8")
    tree, mutations, *_ = create_mutations(str(path), code)
    made = len(mutations)
    if sample and sample < made:
        mutations = random.Random(f"{seed} {module}").sample(mutations, sample)
    found = {
        tree.deep_replace(each.original_node, each.mutated_node).code: each for each in mutations
    }
    found.pop(code, None)
    mutants = [
        _described(module, code, changed, each.contained_by_top_level_function is None)
        for changed, each in found.items()
    ]
    return made, sorted(mutants, key=lambda mutant: mutant.line)


def _described(module: str, code: str, changed: str, deep: bool) -> Mutant:
    old, new = code.splitlines(), changed.splitlines()
    spans = [
        opcode
        for opcode in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if opcode[0] != "equal"
    ]
    first, last = spans[0], spans[-1]
    before, after = old[first[1] : last[2]], new[first[3] : last[4]]
    words = (" ".join(line.strip() for line in lines) for lines in (before, after))
    return Mutant(module, first[1] + 1, *words, changed, deep)


@dataclass(frozen=True)
class Tried:
    """What became of the mutants of one module."""

    module: str
    made: int
    tried: int
    survived: int
    alive: list[Mutant]

    @property
    def counts(self) -> tuple[int, int, int]:
        """The numbers, to be added up."""
        return self.made, self.tried, self.survived


class Shop:
    """A copy of the package in which one module at a time is replaced."""

    def __init__(self, folder: Path):
        self.source = folder / "src"
        shutil.copytree(ROOT / "src", self.source, ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, str(self.source))
        os.environ["PYTHONPATH"] = str(self.source)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
        self.written = 0

    def put(self, module: str, code: str) -> None:
        """Write a module in such a way that no compiled file of another mutant is taken for it."""
        self.written += 10
        path = self._path(module)
        path.write_text(code, encoding="utf-8")
        os.utime(path, (self.written, self.written))

    def _path(self, module: str) -> Path:
        return self.source / "kansen_analysis" / f"{module}.py"

    def warm(self, module: str) -> None:
        """Import the package and the tests of a module, so that each mutant need not."""
        importlib.import_module(_name(module))
        with _quiet():
            code = pytest.main(["--collect-only", *self._arguments(module)])
        if code:
            raise SystemExit(f"The tests of {module} cannot be collected.")

    def noticed(self, module: str, code: str, deep: bool, limit: float) -> tuple[bool, float]:
        """Try one mutant: do the tests fail, and in how much processor time?"""
        self.put(module, code)
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
            with _quiet():
                try:
                    if deep:
                        _forget()
                        importlib.import_module(_name(module))
                    else:
                        _transplant(module, code, self._path(module))
                except BaseException:  # not even imported
                    os._exit(1)
                os._exit(pytest.main(["-x", *self._arguments(module)]))
        _, status, used = os.wait4(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        if ended not in (0, 1, 2, -signal.SIGXCPU, -signal.SIGKILL):
            raise SystemExit(f"pytest ended with {ended} on {module}")
        return ended != 0, used.ru_utime + used.ru_stime

    def _arguments(self, module: str) -> list[str]:
        flags = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:warnings"]
        flags += ["-k", "not fast and not demo_effect", "-m", "not real"]
        flags += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
        flags += ["--hypothesis-profile=mutants", "--hypothesis-seed=0"]
        tests = [str(ROOT / "tests" / test) for test in MODULES[module]]
        return [*flags, str(self._path(module)), *tests]


def _name(module: str) -> str:
    """Name of a module; pytest loads one twice that a package above it imports and we do not."""
    return "kansen_analysis." + module.replace("/", ".")


@contextmanager
def _quiet():
    """Let nothing through of what pytest says."""
    sys.stdout.flush()
    kept, nowhere = [os.dup(stream) for stream in (1, 2)], os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    yield
    for stream, old in zip((1, 2), kept, strict=True):
        os.dup2(old, stream)


def _forget() -> None:
    """Have package and tests imported anew, for what is more than the body of a function."""
    places = (str(ROOT), tempfile.gettempdir())
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(places) and "site-packages" not in file and name != "__main__":
            del sys.modules[name]


def _transplant(module: str, code: str, path: Path) -> None:
    """Give the functions of a module the bodies of a mutant; who imported them has these too."""
    own = sys.modules[_name(module)]
    mutant = {"__name__": own.__name__, "__file__": str(path), "__package__": own.__package__}
    exec(compile(code, str(path), "exec"), mutant)
    for name, new in mutant.items():
        if getattr(new, "__module__", None) == own.__name__:
            _give(vars(own)[name], new)


def _give(old, new) -> None:
    if isinstance(new, type):
        for name, part in vars(new).items():
            _give(vars(old).get(name), part)
    for inner in ("__wrapped__", "__func__", "fget", "func"):  # cache, classmethod, property
        if hasattr(new, inner) and not isinstance(new, type):
            _give(getattr(old, inner), getattr(new, inner))
    if isinstance(new, FunctionType):
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__


def try_all(module: str, mutants: list[Mutant], shop: Shop) -> list[Mutant]:
    """Return the mutants that no test notices; what was tried before is not tried again."""
    original = (ROOT / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    digest = digest_of(module)
    known = tried_before(digest)
    if all(mutant.key in known for mutant in mutants):
        return [mutant for mutant in mutants if not known[mutant.key]]
    shop.put(module, original)
    shop.warm(module)
    failed, seconds = shop.noticed(module, original, True, 600)
    if failed:
        raise SystemExit(f"The tests of {module} fail without a mutant; mend them first.")
    DONE.parent.mkdir(exist_ok=True)
    with DONE.open("a", encoding="utf-8") as file:
        for mutant in mutants:
            if mutant.key in known:
                continue
            limit = SLOWEST * seconds + 10
            noticed, _ = shop.noticed(module, mutant.code, mutant.deep, limit)
            known[mutant.key] = noticed
            file.write(json.dumps([digest, *mutant.key, noticed]) + "\n")
            file.flush()
            if not noticed:
                print(
                    f"  line {mutant.line}: {mutant.before}\n     now: {mutant.after}", flush=True
                )
    shop.put(module, original)
    return [mutant for mutant in mutants if not known[mutant.key]]


def digest_of(module: str) -> str:
    """Tell a module with its tests from the same at another time."""
    files = [
        PACKAGE / f"{module}.py",
        *(Path("tests", test.split("::")[0]) for test in MODULES[module]),
    ]
    return hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in files)).hexdigest()[:16]


def tried_before(digest: str) -> dict[tuple[str, str, str], bool]:
    """Read what became of mutants in an earlier run of the same code and tests."""
    if not DONE.exists():
        return {}
    lines = map(json.loads, DONE.read_text(encoding="utf-8").splitlines())
    return {tuple(key): noticed for made, *key, noticed in lines if made == digest}


def reasons() -> dict[tuple[str, str, str], str]:
    """Read why survivors are let be."""
    if not REASONS.exists():
        return {}
    with REASONS.open(encoding="utf-8", newline="") as file:
        return {(r["module"], r["before"], r["after"]): r["reason"] for r in csv.DictReader(file)}


def table(rows: list[Tried]) -> str:
    """Say how many mutants of each module were noticed."""
    lines = ["| module | mutants | tried | noticed | survived |", "|---|---|---|---|---|"]
    for row in [
        *rows,
        Tried("all", *(sum(each) for each in zip(*(r.counts for r in rows), strict=True)), []),
    ]:
        noticed = row.tried - row.survived
        share = f"{noticed} ({100 * noticed / row.tried:.0f}%)"
        lines.append(f"| {row.module} | {row.made} | {row.tried} | {share} | {row.survived} |")
    return "\n".join(lines)


def write(rows: list[Tried], known: dict, how: str) -> None:
    """Write the table and every survivor with its reason."""
    parts = [HEAD.format(how=how), table(rows), ""]
    for row in rows:
        if row.alive:
            parts += [f"## {row.module}", ""]
        for mutant in row.alive:
            reason = known.get(mutant.key) or "**not explained yet**"
            parts += ["```diff", f"- {mutant.before}", f"+ {mutant.after}", "```", reason, ""]
    REPORT.write_text("\n".join(parts), encoding="utf-8")


def main() -> None:
    """Try mutants and write down what survived."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help=", ".join(MODULES))
    parser.add_argument("--sample", type=int, help="so many of each module")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    chosen = parser.parse_args()
    hypothesis.settings.register_profile(  # a failure need not be made smaller
        "mutants", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], deadline=None
    )
    matplotlib.use("Agg")
    os.chdir(ROOT)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for module in chosen.modules or MODULES:
            made, mutants = mutants_of(module, chosen.sample, chosen.seed)
            print(f"{module}: {len(mutants)} of {made} mutants", flush=True)
            alive = try_all(module, mutants, shop)
            rows.append(Tried(module, made, len(mutants), len(alive), alive))
    print(table(rows))
    known = reasons()
    for row in rows:
        for mutant in row.alive:
            if mutant.key not in known:
                print(f"no reason yet: {row.module}: {mutant.before}\n    now: {mutant.after}")
    if not chosen.modules:
        how = "every mutant" if not chosen.sample else f"{chosen.sample} of each module, by chance"
        write(rows, known, how)


if __name__ == "__main__":
    main()
