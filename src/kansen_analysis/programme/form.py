"""A YAML file as a class of pydantic: every mistake told once, with key, found and expected."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import (
    AfterValidator,
    GetCoreSchemaHandler,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, core_schema

from kansen_analysis.errors import FileFormatError, KansenError
from kansen_analysis.sources.reading import read_small, shown
from kansen_analysis.sources.spec import YAML

T = typing.TypeVar("T")
_SHAPES = dict.fromkeys(
    ("model_type", "dataclass_type", "mapping_type", "dict_type"), "a mapping of keys and values"
)
_SHAPES |= dict.fromkeys(("list_type", "tuple_type"), "a list")
_SHAPES["too_short"] = "a list that is not empty"
_SHAPES["too_long"] = "a list of at most one"


@dataclass(frozen=True)
class Expected:
    """What a field expects, in words: the one message when its value is anything else.

    Parameters
    ----------
    words : str
        The end of "found …, expected …".
    holds : callable, optional
        What more the value must be, once it is of its type.

    Examples
    --------
    >>> Share = typing.Annotated[float, Expected("a number")]
    >>> TypeAdapter(Share).validate_python("x")
    Traceback (most recent call last):
    pydantic_core._pydantic_core.ValidationError: 1 validation error for ...
      a number [type=expected, input_value='x', input_type=str]
    """

    words: str
    holds: Callable[[typing.Any], bool] = lambda value: True

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler):
        """Replace whatever pydantic says of the value by our words."""

        def tell(value, inner):
            try:
                value = inner(value)
            except ValidationError:
                raise unlike(self.words) from None
            if not self.holds(value):
                raise unlike(self.words)
            return value

        return core_schema.no_info_wrap_validator_function(tell, handler(source))


# What markdown or a page could take for something else than text; a number that a sentence must
# name stands between braces, and a code has an underscore between letters.
_ACTS = re.compile(
    r"[\\`*\[\]<>|@$^~#{}]|&#?\w+;|(?<!\w)_|_(?!\w)|^[-+:=%]|^\(?\d+[.)]\s|"
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_NAMED = re.compile(r"\{[a-z]+\}")


def is_plain(text: str) -> bool:
    """Tell whether text is text wherever it is shown: no link, formula, reference or HTML in it.

    Examples
    --------
    >>> is_plain("Er zijn {n} méér (1S/2F), 't is waar"), is_plain("[klik](javascript:x)")
    (True, False)
    """
    return not _ACTS.search(_NAMED.sub("", text))


# As a publisher writes it; pages escape it as they do the names in his files.
Name = typing.Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, strict=True),
    Expected("a text"),
    AfterValidator(shown),
]


def _acts_nowhere(text: str) -> str:
    if not is_plain(text):
        raise unlike("a text on one line without signs that do something: []<>{}`*@$^~|#\\")
    return text


Text = typing.Annotated[Name, AfterValidator(_acts_nowhere)]
Address = typing.Annotated[
    Name,
    Expected(
        "an address that begins with https://, http:// or mailto:",
        re.compile(r"(https?://|mailto:)[^\s<>\[\]`\"'\\{}|^]+").fullmatch,
    ),
]


def one_of(*words: str) -> Expected:
    """Say of a text that it is one of these words."""
    return Expected(f"one of {', '.join(words)}", lambda value: value in words)


def unlike(words: str, key: str = "", found: object = None) -> PydanticCustomError:
    """Return the error of a value that is not what was expected.

    Parameters
    ----------
    words : str
        What was expected.
    key : str
        Of a check over several keys: the key, inside what is checked, that has to change.
    found : object
        What it holds.
    """
    return PydanticCustomError("expected", "{words}", {"words": words, "key": key, "found": found})


def read_form(path: Path, form: type[T], error: type[KansenError], what: str) -> T:
    """Read a YAML file and check it.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    form : type
        A class of pydantic.
    error : type
        Raised with one line per mistake.
    what : str
        What the file should be, for when it is not there: "a protocol in yaml".

    Returns
    -------
    object
        Of the class `form`.
    """
    return check_form(read_yaml(path, error, what), form, error, path.name)


def read_yaml(path: Path, error: type[KansenError], what: str) -> object:
    """Return what a YAML file holds."""
    try:
        return yaml.load(read_small(path).decode("utf-8"), YAML)
    except FileFormatError as problem:
        raise error(str(problem)) from None
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"{path}: found no such file, expected {what}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        told = " ".join(str(problem).split())
        raise error(f"{path.name}: found text that is not yaml ({told}).") from problem


def check_form(content: object, form: type[T], error: type[KansenError], file: str) -> T:
    """Turn what a file holds into a class; see `read_form`.

    Examples
    --------
    >>> from pydantic import BaseModel
    >>> class Size(BaseModel, extra="forbid"):
    ...     wide: typing.Annotated[int, Expected("a whole number")]
    >>> check_form({"wide": "x", "high": 2}, Size, KansenError, "size.yml")
    Traceback (most recent call last):
    kansen_analysis.errors.KansenError: size.yml: wide: found 'x', expected a whole number.
    size.yml: found the key 'high', expected one of wide.
    """
    if not isinstance(content, Mapping):
        raise error(f"{file}: found {content!r}, expected a mapping of keys and values.")
    try:
        return TypeAdapter(form).validate_python(content)
    except ValidationError as problem:
        told = [_told(file, form, each) for each in problem.errors(include_url=False)]
        raise error("\n".join(dict.fromkeys(told))) from None


def _told(file: str, form: type, mistake: Mapping) -> str:
    """Put one mistake into words: key, found, expected."""
    place, kind, more = mistake["loc"], mistake["type"], mistake.get("ctx", {})
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = ", ".join(sorted(_names(_inside(form, place[:-1]))))
        at = _written(place[:-1])
        return f"{file}: {at}found the key {place[-1]!r}, expected one of {known}."
    found = f"found {mistake['input']!r}, "
    if kind == "expected":
        expected = more["words"]
        if more["key"]:
            place, found = (*place, more["key"]), f"found {more['found']!r}, "
    elif kind == "value_error":  # of a check of our own, which says what it expects
        expected = str(more["error"])
        found = "" if isinstance(mistake["input"], Mapping) else found
    elif kind.startswith("missing"):
        expected, found = _expected(form, place) or "a value", "found nothing, "
    else:
        said = mistake["msg"]
        expected = _SHAPES.get(kind) or _expected(form, place) or said[0].lower() + said[1:]
    return f"{file}: {_written(place)}{found}expected {expected}."


def _written(place: tuple) -> str:
    parts = [part for part in place if part != "[key]"]  # of a mapping: the key says itself
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return f"{text.removeprefix('.')}: " if text else ""


def _names(form: typing.Any) -> list[str]:
    return [field.alias or name for name, field in form.__pydantic_fields__.items()]


def _field(form: typing.Any, name: str) -> FieldInfo | None:
    fields = form.__pydantic_fields__
    return fields.get(name) or next((f for f in fields.values() if f.alias == name), None)


def _inside(form: type, place: tuple) -> type:
    """Return the class that stands at a place of the form."""
    for part in place:
        if isinstance(part, str) and (field := _field(form, part)) is not None:
            form = _class_in(field.annotation) or form
    return form


def _class_in(annotation: typing.Any) -> type | None:
    """Return the class of pydantic inside an annotation such as ``tuple[Goal, ...]``."""
    if hasattr(annotation, "__pydantic_fields__"):
        return annotation
    return next(filter(None, map(_class_in, typing.get_args(annotation))), None)


def _expected(form: type, place: tuple) -> str:
    """Return what a field says it expects."""
    field = _field(_inside(form, place[:-1]), str(place[-1])) if place else None
    if field is None:
        return ""
    found = [each.words for each in field.metadata if isinstance(each, Expected)]
    if not found and _class_in(field.annotation):
        several = typing.get_origin(field.annotation) in (tuple, list)
        return "a list" if several else "a mapping of keys and values"
    return found[-1] if found else ""
