"""How an edition is written: tables as Parquet, everything else as JSON, a folder whole or not.

R, DuckDB and Excel read the tables without this package. A result of the package itself (a frozen
dataclass such as an estimate) becomes JSON that names its class; the tables inside it stand in the
JSON while they are small, and in a Parquet file beside it when they are long. Fields are taken from
the class, so a new one is stored without a line here.
"""

from __future__ import annotations

import ctypes
import datetime
import getpass
import importlib
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from kansen_analysis.edition.digests import ROOT, digest
from kansen_analysis.errors import UsageError
from kansen_analysis.sources import hand

INLINE = 200  # rows of a table, or numbers of an array, that still stand in the JSON
_KIND = "$"  # the key that tells what a JSON object stands for
_ENDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


# Tables ----------------------------------------------------------------------------------------


def write_table(frame: pd.DataFrame, path: Path, about: pd.DataFrame | None = None) -> None:
    """Write a table as Parquet.

    Parameters
    ----------
    frame : pandas.DataFrame
        With numbered rows: what tells rows apart stands in columns, so that others can read it.
    path : pathlib.Path
        The file to write.
    about : pandas.DataFrame, optional
        Indexed by column name; what it says (label, unit, kind, …) goes with each column, as
        field metadata of the schema.

    Raises
    ------
    UsageError
        When the rows are not numbered from 0.
    """
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        raise UsageError(f"{path.stem}: put the index of this table in columns before writing it.")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if about is not None:
        told = about.astype("str").to_dict("index")
        schema = [field.with_metadata(told.get(field.name)) for field in table.schema]
        table = table.cast(pa.schema(schema, metadata=table.schema.metadata))
    pq.write_table(table, path, compression="zstd")


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table that `write_table` wrote, or only some of its columns."""
    return pq.read_table(path, columns=columns).to_pandas()


def about_table(path: Path) -> pd.DataFrame:
    """Return what a table says of its columns: ``type`` and whatever `write_table` was told."""
    rows = {
        field.name: {"type": str(field.type)}
        | {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        for field in pq.read_schema(path)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("column")


# Everything else -------------------------------------------------------------------------------


def put(folder: Path, name: str, value: object, about: pd.DataFrame | None = None) -> None:
    """Write a value under a name: ``<name>.parquet`` for a table, else ``<name>.json``.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    name : str
        What `get` will ask for.
    value : object
        A table, a dataclass of this package, or numbers, texts, dates, mappings and sequences of
        these; the path of a table that is written already; or the bytes of a file, whose name is
        then whole.
    about : pandas.DataFrame, optional
        As for `write_table`.
    """
    if isinstance(value, Path):  # a table that was written already
        shutil.copyfile(value, folder / f"{name}{value.suffix}")
        return
    if isinstance(value, bytes):  # a file as it is, under its whole name
        (folder / name).write_bytes(value)
        return
    if isinstance(value, pd.DataFrame):
        write_table(value, folder / f"{name}.parquet", about)
        return
    text = json.dumps(_Encoder(folder, name)(value), ensure_ascii=False, indent=1, allow_nan=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def get(folder: Path, name: str) -> object:
    """Read what `put` wrote.

    Raises
    ------
    UsageError
        When there is nothing of that name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     put(Path(there), "years", {2024: (1.5, float("nan"))})
    ...     get(Path(there), "years")
    {2024: (1.5, nan)}
    """
    table = folder / f"{name}.parquet"
    if table.exists():
        return read_table(table)
    try:
        text = (folder / f"{name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no {name}.") from None
    return _decode(json.loads(text), folder)


class _Encoder:
    """Turn a value into what JSON can hold; long tables go to files in the folder, if any."""

    def __init__(self, folder: Path | None, name: str):
        self.folder, self.name = folder, name

    def __call__(self, value, place: str = ""):
        if isinstance(value, Enum):
            return {_KIND: "enum", "class": _class(value), "value": value.value}
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, np.generic):
            return self(value.item(), place)
        if isinstance(value, float):
            if math.isfinite(value):
                return value
            return {_KIND: "number", "value": repr(value)}
        if value is pd.NA:
            return {_KIND: "unknown"}
        if isinstance(value, datetime.date):
            return {_KIND: "date", "value": value.isoformat()}
        if isinstance(value, bytes):
            if self.folder is not None:
                (self.folder / f"{self.name}{place}").write_bytes(value)
            return {_KIND: "bytes", "sha256": digest(value), "file": f"{self.name}{place}"}
        if isinstance(value, pd.DataFrame | pd.Series):
            return self._table(value, place)
        if isinstance(value, np.ndarray):
            inner = self._table(pd.DataFrame({"value": value.ravel()}), place)
            return {_KIND: "array", "shape": value.shape, "table": inner}
        if is_dataclass(value) or isinstance(value, BaseModel):
            told = {n: self(getattr(value, n), f"{place}.{n}") for n in _fields(type(value))}
            return {_KIND: "object", "class": _class(value), "fields": told}
        if isinstance(value, Mapping):
            if all(isinstance(key, str) and key != _KIND for key in value):
                return {key: self(each, f"{place}.{key}") for key, each in value.items()}
            items = [[self(key), self(each, f"{place}.{key}")] for key, each in value.items()]
            return {_KIND: "mapping", "items": items}
        if isinstance(value, list | tuple | set | frozenset):
            each = [self(item, f"{place}.{at}") for at, item in enumerate(value)]
            return each if isinstance(value, list) else {_KIND: type(value).__name__, "items": each}
        raise TypeError(f"{self.name}{place} is a {type(value).__name__}, which cannot be stored")

    def _table(self, table: pd.DataFrame | pd.Series, place: str):
        told: dict[str, Any] = {_KIND: "table"}
        if isinstance(table, pd.Series):
            told["series"], table = self(table.name), table.to_frame("value")
        if table.index.name is not None or not table.index.equals(pd.RangeIndex(len(table))):
            told["index"] = [self(name) for name in table.index.names]
            keys = table.index.to_frame(index=False)
            keys.columns = [f"index {at}" for at in range(keys.shape[1])]
            table = pd.concat([keys, table.reset_index(drop=True)], axis=1)
        if len(table) > INLINE and self.folder is not None:
            told["file"] = f"{self.name}{place}.parquet"
            write_table(table, self.folder / told["file"])
            return told
        told["rows"] = len(table)
        told["columns"] = [
            [self(name), str(column.dtype), self._cells(column)] for name, column in table.items()
        ]
        return told

    def _cells(self, column: pd.Series) -> list:
        unknown = column.isna()
        if pd.api.types.is_float_dtype(column.dtype):  # by far the most: plain numbers and null
            return [
                None if gone else x if math.isfinite(x) else repr(x)
                for x, gone in zip(column.to_numpy(object), unknown, strict=True)
            ]
        if column.dtype == object:
            return [self(each) for each in column]
        return [None if gone else self(each) for each, gone in zip(column, unknown, strict=True)]


def _decode(told, folder: Path):
    if isinstance(told, list):
        return [_decode(each, folder) for each in told]
    if not isinstance(told, dict):
        return told
    kind = told.get(_KIND)
    if kind is None:
        return {key: _decode(each, folder) for key, each in told.items()}
    if kind == "object":
        made = {key: _decode(each, folder) for key, each in told["fields"].items()}
        form = _named(told["class"])
        return form.model_validate(made, by_name=True) if _is_model(form) else form(**made)
    if kind == "enum":
        return _named(told["class"])(told["value"])
    if kind == "number":
        return _ENDS[told["value"]]
    if kind == "unknown":
        return pd.NA
    if kind == "date":
        return datetime.date.fromisoformat(told["value"])
    if kind == "bytes":
        return (folder / told["file"]).read_bytes()
    if kind == "mapping":
        return {_decode(key, folder): _decode(each, folder) for key, each in told["items"]}
    if kind == "array":
        return _frame(told["table"], folder)["value"].to_numpy().reshape(told["shape"])
    if kind == "table":
        return _frame(told, folder)
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](
        _decode(each, folder) for each in told["items"]
    )


def _frame(told: dict, folder: Path) -> pd.DataFrame | pd.Series:
    if "file" in told:
        table = read_table(folder / told["file"])
    else:
        index = pd.RangeIndex(told["rows"])
        columns = [
            pd.Series(_cells(cells, kind, folder), index, dtype=kind)
            for _, kind, cells in told["columns"]
        ]
        table = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
        table.columns = [_decode(name, folder) for name, _, _ in told["columns"]]
    if "index" in told:
        names = told["index"]
        keys = [table.iloc[:, at].array for at in range(len(names))]
        table = table.iloc[:, len(names) :]
        if len(names) == 1:
            table.index = pd.Index(keys[0], name=names[0])
        else:
            table.index = pd.MultiIndex.from_arrays(keys, names=names)
    if "series" in told:
        return table["value"].rename(_decode(told["series"], folder))
    return table


def _cells(cells: list, kind: str, folder: Path) -> list:
    if kind == "object":
        return [_decode(each, folder) for each in cells]
    if kind.lower().startswith("float"):
        return [_ENDS.get(each, each) if isinstance(each, str) else each for each in cells]
    return cells


def _is_model(form: type) -> TypeGuard[type[BaseModel]]:
    return issubclass(form, BaseModel)


def _fields(form: type) -> list[str]:
    """Name the fields to keep: not what is worked out, nor what a field says not to keep."""
    if _is_model(form):
        return list(form.model_fields)
    return [each.name for each in fields(form) if each.init and each.metadata.get("kept", True)]


def _class(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _named(name: str) -> type:
    module, _, qualified = name.partition(":")
    if module.partition(".")[0] != ROOT:  # nothing in an edition can have other code imported
        raise UsageError(f"{name} is not a class of this package; the edition is not ours.")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found


# Whole or not ----------------------------------------------------------------------------------


def digest_of(value: object) -> str:
    """Return the sha256 of whatever `put` can store.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1.0]})
    >>> digest_of(table) == digest_of(table.copy()), digest_of(table) == digest_of(table + 1)
    (True, False)
    """
    return digest(_Encoder(None, "")(value))


def write_text(path: Path, text: str) -> None:
    """Write a file at once: a reader sees the old one or the new one."""
    hand.save(path, text.encode("utf-8"))


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Make a folder at once: yields an empty one that takes its place when all went well.

    What an earlier attempt left behind when it was killed is removed, and a folder that was moved
    away but not yet replaced comes back.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    mend(folder)
    new = _beside(folder)
    new.mkdir()
    try:
        yield new
        swap(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def swap(new: Path, folder: Path) -> None:
    """Put a finished folder in the place of another one, in one step that no kill can split.

    Where a system has no such step, the old folder is put aside first, and `mend` brings it back.
    """
    if not folder.exists():
        new.rename(folder)
        return
    if _exchange(new, folder):
        shutil.rmtree(new, ignore_errors=True)
        return
    old = _aside(folder)
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders take each other's name at once; tells whether this system can."""
    call = {"linux": "renameat2", "darwin": "renameatx_np"}.get(sys.platform, "")
    with suppress(OSError, AttributeError, TypeError):
        here = -100 if sys.platform == "linux" else -2  # AT_FDCWD
        # The flag that asks for an exchange is 2 on both.
        paths = os.fsencode(one), os.fsencode(other)
        return getattr(ctypes.CDLL(None), call)(here, paths[0], here, paths[1], 2) == 0
    return False


def mend(folder: Path) -> None:
    """Undo what a killed `whole` or `swap` left: nothing is lost and nothing is left."""
    old = _aside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    for left in [old, *folder.parent.glob(f".{folder.name}.new-*")]:
        _remove(left)


def sweep(*folders: Path) -> None:
    """Remove what killed runs left half written in these folders; the caller has locked them."""
    for folder in folders:
        for left in folder.glob(".*.new-*"):
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new-{os.getpid()}")


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder, and remove those of runs that were killed."""
    base = Path(tempfile.gettempdir()) / f"kansen-{getpass.getuser()}"
    base.mkdir(mode=0o700, exist_ok=True)
    if os.name != "nt" and base.stat().st_uid != os.getuid():  # somebody put it there for us
        raise UsageError(f"{base} is not yours; set TMPDIR to another folder.")
    with hand.scratch(base) as own:
        yield own


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write in a folder; one that ends, however it ends, lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = hand.lock(folder)
    assert lock is not None  # it was waited for
    with lock:
        yield
