"""What can go wrong, one class per kind of mistake.

A mistake in a file is told as a *finding*: where it stands (file, line, column), what was found,
what was expected and what to do. Findings are exceptions, so one of them can be raised alone, but a
run collects them and raises them together as `DataErrors`.

What is no mistake but has to be told (why there is no figure, why a verdict is what it is) is a
`Reason`: a code with its numbers, which `words/` alone turns into Dutch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Base of the codes that a `Reason` of some room can have; each has a sentence in `words/`."""


@dataclass(frozen=True)
class Reason:
    """Why something is what it is.

    Attributes
    ----------
    code : Code
    numbers : mapping
        What its sentence needs: figures in the unit of the goal, counts, names of versions.
    """

    code: Code
    numbers: Mapping[str, Any] = field(default_factory=dict, hash=False)


class KansenError(Exception):
    """Base of every error this package raises on purpose."""


class UsageError(KansenError):
    """The command or function was called with words it does not know."""


class RenderError(KansenError):
    """A page could not be executed or rendered.

    Attributes
    ----------
    details : str
        All that was said, such as a traceback, for who asks for it.
    """

    details = ""


class EngineError(KansenError):
    """The asked-for rendering engine is missing or too old."""


class PanelError(KansenError):
    """A panel cannot be analysed as it is.

    Parameters
    ----------
    message : str
        For who made the panel: what is the matter and what to do about it.
    reason : Reason, optional
        For the reader of a page, who cannot do anything about it.
    """

    def __init__(self, message: str, reason: Reason | None = None):
        self.reason = reason
        super().__init__(message)


class SettingsError(KansenError):
    """The settings of the programme are not of the expected form."""


class ProtocolError(KansenError):
    """The protocol of the goals is not of the expected form."""


class Finding(KansenError):
    """One mistake in one place of one file.

    Parameters
    ----------
    file : str
        Name of the file, as it stands in the data folder.
    found, expected, remedy : str
        What stands there, what should, and what to do about it.
    line : int, optional
        Line in the file, counted from 1 with the header as line 1.
    column : str, optional
        Raw column header, or sheet and column for a workbook.

    Examples
    --------
    >>> print(CellError("a.csv", "'1x'", "a whole number", "mend the cell", line=7, column="HAVO"))
    a.csv, line 7, column HAVO: found '1x', expected a whole number; mend the cell
    """

    kind = "finding"

    def __init__(
        self,
        file: str,
        found: str,
        expected: str,
        remedy: str,
        *,
        line: int | None = None,
        column: str | None = None,
    ):
        self.file, self.found, self.expected, self.remedy = str(file), found, expected, remedy
        self.line, self.column = line, column
        super().__init__(str(self))

    def __reduce__(self):
        return _again, (type(self), dict(self.__dict__))

    @property
    def place(self) -> str:
        """File, line and column in words."""
        parts = [self.file]
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: found {self.found}, expected {self.expected}; {self.remedy}"

    def as_dict(self) -> dict:
        """Return the finding as a flat record, for CSV and JSON."""
        names = ("file", "line", "column", "found", "expected", "remedy")
        return {"kind": self.kind} | {name: getattr(self, name) for name in names}


def _again(kind: type[Finding], fields: dict) -> Finding:
    """Make a finding again from its fields; an exception forgets its keywords when pickled."""
    return kind(**fields)


class FileFormatError(Finding):
    """The file as a whole is not what it should be: HTML, empty, cut off, another encoding."""

    kind = "file"


class LayoutError(Finding):
    """A column is unknown, missing or doubled."""

    kind = "layout"


class CellError(Finding):
    """A cell holds something its column cannot hold."""

    kind = "cell"


class ConsistencyError(Finding):
    """Cells that belong together contradict each other."""

    kind = "consistency"


class SchoolYearError(Finding):
    """The school year of a file cannot be told, or is told in two ways."""

    kind = "school year"


class DuplicateError(Finding):
    """The same thing is there twice: two files for a year, two rows for a school."""

    kind = "duplicate"


class PersonalDataError(Finding):
    """A file holds data about persons. What was found is never repeated in the message."""

    kind = "personal data"


class PlausibilityError(Finding):
    """Every cell can be read, and together they cannot be: other files or years say otherwise.

    Parameters
    ----------
    check : str
        The check that found it, to be confirmed by this name in ``files.csv`` of the data folder.
    """

    kind = "plausibility"

    def __init__(self, *told, check: str = "", **more):
        self.check = check
        super().__init__(*told, **more)


class MissingFileError(Finding):
    """A file that is needed is not there."""

    kind = "missing file"


class ParticipantsError(Finding):
    """The register of participants has a mistake."""

    kind = "participants"


class DataErrors(KansenError):
    """All findings of one run, raised together.

    Examples
    --------
    >>> print(DataErrors([CellError("a.csv", "'x'", "a count", "mend it", line=2, column="PRO")]))
    1 mistake in the data:
    - a.csv, line 2, column PRO: found 'x', expected a count; mend it
    """

    SHOWN = 20

    def __init__(self, findings: Iterable[Finding]):
        self.findings = list(findings)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.findings)
        lines = [f"{count} mistake{'s' if count != 1 else ''} in the data:"]
        # a few are all told; of many, those of one column of a file are told once
        few = count <= self.SHOWN
        groups = [[each] for each in self.findings] if few else alike(self.findings)
        for first, *others in groups[: self.SHOWN]:
            lines.append(f"- {first}")
            if others:
                places = [str(other.line) for other in others[:5] if other.line is not None]
                where = f", on line {', '.join(places)}" if places else ""
                more = " and further" if places and len(others) > len(places) else ""
                lines.append(f"  ({len(others)} more like this{where}{more})")
        rest = sum(map(len, groups[self.SHOWN :]))
        if rest:
            lines.append(f"- … and {rest} more; kansen check --findings FILE writes all of them")
        return "\n".join(lines)


def alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Group findings of the same kind in the same column of a file, in the order they came.

    Examples
    --------
    >>> found = [CellError("a.csv", x, "a count", "mend it", column="PRO") for x in "xy"]
    >>> [len(group) for group in alike(found)]
    [2]
    """
    groups: dict[tuple, list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.kind, each.file, each.column, each.expected), []).append(each)
    return list(groups.values())


def raise_all(findings: Iterable[Finding]) -> None:
    """Raise `DataErrors` when there is at least one finding."""
    findings = list(findings)
    if findings:
        raise DataErrors(findings)
