"""Mutants: small errors put in by machine, one at a time, to see which of them the tests notice.

    make mutants                                     every mutant of every module; hours
    make mutants SAMPLE=60                           sixty of each module, always the same ones
    python tests/mutants.py --sample 60 goals/rule   one module

mutmut makes the mutants (another operator, a constant one higher, an argument left out, a text
changed). They are tried here and not with ``mutmut run``: that one maps tests to functions by what
each test calls, which misses a result that a fixture made for the test before, and it leaves
decorated functions and constants of a module alone. Each mutant is a process forked after NumPy and
its neighbours are loaded; it runs the doctests of the module and the test files that are about it.

What survives is explained in ``mutants.csv``: by the line as it was and as it became, so that a
reason holds as long as the line does. The table and all survivors go to ``docs/mutants.md``.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import matplotlib
import pytest
import scipy.optimize
import scipy.stats  # noqa: F401
import statsmodels.api  # noqa: F401
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src", "kansen_analysis")
REASONS = Path(__file__).with_suffix(".csv")
REPORT = ROOT / "docs" / "mutants.md"

# The modules that decide what a verdict is, and the tests that are about them, quickest first.
SORTS = "test_same_digits.py::test_every_sort_keeps_the_order_of_equals"
MODULES = {
    "sources/values": ["test_planted.py", "test_sources_errors.py", "test_sources_layouts.py"],
    "schools/match": ["test_schools.py", "test_planted.py", SORTS],
    "outcomes/intervals": ["test_masked.py", SORTS],
    "outcomes/panel": ["test_panel.py", "test_planted.py", SORTS],
    "outcomes/advice": ["test_advice.py", "test_planted.py", SORTS],
    "estimate/etwfe": ["test_effects_input.py", "test_planted.py", "test_effects_estimator.py"],
    "estimate/effects": ["test_planted.py", "test_effects_estimator.py", "test_effects_input.py"],
    "goals/rule": ["test_goals.py", "test_planted.py"],
    "edition/disclosure": ["test_disclosure.py"],
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
        tree.deep_replace(each.original_node, each.mutated_node).code: None for each in mutations
    }
    found.pop(code, None)
    mutants = [_described(module, code, changed) for changed in found]
    return made, sorted(mutants, key=lambda mutant: mutant.line)


def _described(module: str, code: str, changed: str) -> Mutant:
    old, new = code.splitlines(), changed.splitlines()
    spans = [
        opcode
        for opcode in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if opcode[0] != "equal"
    ]
    first, last = spans[0], spans[-1]
    before, after = old[first[1] : last[2]], new[first[3] : last[4]]
    words = (" ".join(line.strip() for line in lines) for lines in (before, after))
    return Mutant(module, first[1] + 1, *words, changed)


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
        os.environ["PYTHONPATH"] = str(self.source)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
        self.written = 0

    def put(self, module: str, code: str) -> None:
        """Write a module in such a way that no compiled file of another mutant is taken for it."""
        path = self.source / "kansen_analysis" / f"{module}.py"
        path.write_text(code, encoding="utf-8")
        self.written += 10
        os.utime(path, (self.written, self.written))

    def noticed(self, module: str, limit: float) -> tuple[bool, float]:
        """Run the tests that are about a module: do they fail, and in how much processor time?"""
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
            self._run(module)
        _, status, used = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1, 2, -signal.SIGXCPU, -signal.SIGKILL):  # 2: not even imported
            raise SystemExit(f"pytest ended with {code} on {module}")
        return code != 0, used.ru_utime + used.ru_stime

    def _run(self, module: str) -> None:
        """Be the process of one mutant."""
        sys.path.insert(0, str(self.source))
        out = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out, 1)
        os.dup2(out, 2)
        tests = [str(ROOT / "tests" / test) for test in MODULES[module]]
        own = self.source / "kansen_analysis" / f"{module}.py"
        flags = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:warnings"]
        flags += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
        flags += ["--hypothesis-profile=mutants", "--hypothesis-seed=0", "-k", "not fast"]
        os._exit(pytest.main([*flags, str(own), *tests]))


def try_all(module: str, mutants: list[Mutant], shop: Shop) -> list[Mutant]:
    """Return the mutants that no test notices."""
    original = (ROOT / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    shop.put(module, original)
    failed, seconds = shop.noticed(module, 600)
    if failed:
        raise SystemExit(f"The tests of {module} fail without a mutant; mend them first.")
    alive = []
    for at, mutant in enumerate(mutants, 1):
        shop.put(module, mutant.code)
        noticed, _ = shop.noticed(module, SLOWEST * seconds + 10)
        if not noticed:
            alive.append(mutant)
            print(f"  line {mutant.line}: {mutant.before}\n     now: {mutant.after}", flush=True)
        if sys.stderr.isatty():
            print(f"{module} {at}/{len(mutants)}", end="\r", file=sys.stderr)
    shop.put(module, original)
    return alive


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
