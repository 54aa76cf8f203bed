"""Digests of content: of bytes, of files, of the code that a stage runs.

Nothing heavy is imported here: a command that finds that nothing changed answers without pandas.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata, util
from pathlib import Path

ROOT = __name__.partition(".")[0]
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "pyarrow")
_IMPORT = re.compile(
    rf"^[ \t]*(?:from[ ]({ROOT}[\w.]*)[ ]import[ ](\([^)]*\)|[^\n]*)"
    rf"|import[ ]({ROOT}[\w.]*))",
    re.MULTILINE,
)


def digest(content: object) -> str:
    """Return the sha256 of bytes, or of a value as JSON.

    Examples
    --------
    >>> digest({"a": 1})[:8]
    '015abd7f'
    """
    if not isinstance(content, bytes):
        content = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest()


def checksum(path: Path) -> str:
    """Return the sha256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(folder: Path, paths: Iterable[Path]) -> str:
    """Digest files by their names below a folder and their content."""
    return digest({path.relative_to(folder).as_posix(): checksum(path) for path in sorted(paths)})


@cache
def packages() -> dict[str, str]:
    """Versions of what the numbers come from."""
    found = {name: metadata.version(name) for name in PACKAGES}
    return found | {"python": platform.python_version()}


@cache
def source() -> str:
    """Digest the files of this package."""
    package = Path(__file__).parents[1]
    return digest(
        {
            path.relative_to(package).as_posix(): checksum(path)
            for path in sorted(package.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
        }
    )


@cache
def code(module: str) -> str:
    """Digest the source of a module and of all of this package that it imports.

    Tables beside the source of a package, such as the layouts, are source as well.

    Parameters
    ----------
    module : str
        Its full name.
    """
    return _closure([module])


def code_of(source: str) -> str:
    """Digest what a piece of code imports of this package, such as the cells of a notebook."""
    return _closure(_imports(source))


def _closure(modules: Iterable[str]) -> str:
    found: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        path = _file(name)
        if path is None:  # what is imported is no module but a name in one
            continue
        found[name], imports = _read(name, path)
        todo += [*_parents(name), *imports]
    return digest(found)


@cache
def _read(name: str, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the digest of a module, of the tables beside it, and what it imports."""
    content = path.read_bytes()
    tables = {}
    if path.name == "__init__.py" and name != ROOT:
        tables = {str(at): checksum(path.parent / at) for at in _beside(path.parent)}
    return digest([digest(content), tables]), tuple(_imports(content.decode()))


def _imports(source: str) -> Iterable[str]:
    for package, names, module in _IMPORT.findall(source):
        if module:
            yield module
            continue
        yield package
        for name in names.strip("()").split(","):
            yield f"{package}.{name.split('#')[0].split(' as ')[0].strip()}"


def _parents(name: str) -> Iterable[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


@cache
def _file(name: str) -> Path | None:
    """Return the file of a module, without importing it."""
    if name.partition(".")[0] != ROOT:  # a stage of somebody else
        found = util.find_spec(name)
        return Path(found.origin) if found and found.origin else None
    path = Path(__file__).parents[1].joinpath(*name.split(".")[1:])
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((each for each in candidates if each.is_file()), None)


@cache
def _beside(folder: Path) -> tuple[Path, ...]:
    """Return the files of a package that are no modules."""
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple(
        path
        for path in paths
        if path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    )
