"""The settings of a programme: its name, its region, its words, in one file, ``programme.yml``.

Everything a page says of the programme itself comes from here, so that another programme needs
another file and no other code.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from kansen_analysis.errors import SettingsError, UsageError
from kansen_analysis.programme.form import (
    Address,
    Expected,
    Name,
    Text,
    check_form,
    one_of,
    read_yaml,
)
from kansen_analysis.programme.workspace import FILE
from kansen_analysis.sources import schoolyear

PAGES = (
    *(
        "in-het-kort",
        "deelnemers",
        "eindtoets",
        "schooladvies",
        "afstroom",
        "zorg",
        "regio",
        "wanneer",
    ),
    *("scholen", "gemeenten", "netwerk", "voortgang", "uren-middelen", "wijkplan", "verhalen"),
    *("veranderd", "gegevens", "verantwoording", "methode", "klopt", "controlegetallen"),
    *("begrippen", "toegankelijkheid"),
)

PROVINCES = (
    *("Groningen", "Friesland", "Drenthe", "Overijssel", "Flevoland", "Gelderland", "Utrecht"),
    *("Noord-Holland", "Zuid-Holland", "Zeeland", "Noord-Brabant", "Limburg"),
)

Code = Annotated[str, StringConstraints(pattern=r"^\d{4}$"), Expected("four digits in quotes")]

AreaCode = Annotated[
    str,
    StringConstraints(pattern=r"^(WK\d{6}|BU\d{8})$"),
    Expected("a code of CBS such as WK001408"),
]


def _one_sentence(text: str) -> str:
    if not text.endswith((".", "!", "?")):
        raise ValueError("a sentence that ends with a full stop")
    return text


def _school_year(text: str) -> str:
    try:
        schoolyear.parse(text)
    except UsageError as error:
        raise ValueError("a school year like 2024-2025") from error
    return text


Sentence = Annotated[Text, AfterValidator(_one_sentence)]
SchoolYear = Annotated[Text, AfterValidator(_school_year)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(_Part):
    """What the person at school is called.

    Attributes
    ----------
    one, more : str
        One of them, and several: kansencoach, kansencoaches.
    article : str
        ``de`` or ``het``.
    what : str
        Who that is, for the list of terms: one sentence or more; None is not explained there.
    source : str
        Of that explanation; the programme by default.
    """

    one: Text
    more: Text
    what: Sentence | None = None
    source: Text | None = None
    article: Annotated[str, one_of("de", "het")] = "de"

    @property
    def the(self) -> str:
        """With the article: de kansencoach."""
        return f"{self.article} {self.one}"


class Area(_Part):
    """Schools by where they lie.

    Attributes
    ----------
    provinces : tuple of str
        Names as DUO writes them.
    municipalities : mapping of str to str
        Four-digit code to name.
    """

    provinces: tuple[Annotated[str, one_of(*PROVINCES)], ...] = ()
    municipalities: Mapping[Code, Name] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _not_empty(self) -> Area:
        if not self.provinces and not self.municipalities:
            raise ValueError("at least one province or municipality")
        return self


class Neighbourhood(_Part):
    """A neighbourhood.

    Attributes
    ----------
    name : str
    municipality : str
        Four-digit code.
    postcodes : tuple of str
        Four digits each; schools follow from theirs, and pupils from where they live.
    codes : tuple of str
        Of CBS, for its tables by neighbourhood: ``WK001408``.
    """

    name: Text
    municipality: Code
    postcodes: tuple[Code, ...] = ()
    codes: tuple[AreaCode, ...] = ()

    @model_validator(mode="after")
    def _somewhere(self) -> Neighbourhood:
        if not self.postcodes and not self.codes:
            raise ValueError("postcodes (four digits in quotes), codes of CBS, or both")
        return self


class Region(_Part):
    """Where the programme works, and where comparable schools come from.

    Attributes
    ----------
    name : str
        As a page says it: "Drenthe en Hardenberg".
    area : Area
        Where the programme works; the pages on the region and the municipalities are about it.
    neighbourhoods : tuple of Neighbourhood
        For programmes that work by neighbourhood.
    own : Area
        Pool A: comparison schools from the own region.
    elsewhere : Area or None
        Pool B: where matched comparison schools may come from; None is the whole country outside
        `own`.
    """

    name: Text
    area: Area
    neighbourhoods: tuple[Neighbourhood, ...] = ()
    own: Area
    elsewhere: Area | None = None


class Document(_Part):
    """A document that pages rest on."""

    short: Text
    title: Text
    date: Text
    address: Address | None = None


class Network(_Part):
    """How large the network is, in the words of a document."""

    says: Sentence
    document: Text


class Disclosure(_Part):
    """What a count of pupils that schools supply needs to be shown; never less than here.

    Attributes
    ----------
    schools, pupils : int
        At least so many of each in a cell.
    largest : float
        At most this percent of a cell from one school.
    """

    schools: Annotated[int, Field(ge=3), Expected("3 or more")] = 3
    pupils: Annotated[int, Field(ge=10), Expected("10 or more")] = 10
    largest: Annotated[float, Field(gt=0, le=80), Expected("a percentage of 80 or less")] = 80


class Settings(_Part):
    """What a programme is, as ``programme.yml`` states it.

    Attributes
    ----------
    name, short : str
        Full name, and what it is called in running text.
    what : str
        What it does, one Dutch sentence.
    aim : str
        What it is for, the end of a sentence that begins with "zodat".
    owner, contact, licence, citation : str
        Who is responsible, whom to ask, under what terms, and how to cite; None is not said.
    person : Person
        The person at school.
    region : Region
    unit : str
        ``school`` or ``neighbourhood``.
    documents : tuple of Document
    network : tuple of Network
        How large the programme is, as documents state it: the register need not hold all of it.
    pages : tuple of str
        Which pages are shown, of `PAGES`; a page with nothing to say is left out anyway.
    shows : tuple of str
        Names of other programmes whose activities are shown too, each with the reason.
    register, tables, goals : str
        Files and folder, relative to the settings.
    editions : mapping of str to date
        School year to the day its edition is dated; the newest input's day where it is not there.
    disclosure : Disclosure
        Stricter limits for counts that schools supply.
    """

    name: Text
    short: Text
    what: Sentence
    aim: Text | None = None
    owner: Text | None = None
    contact: Address | None = None
    licence: Text | None = None
    citation: Text | None = None
    person: Person
    region: Region
    unit: Annotated[str, one_of("school", "neighbourhood")] = "school"
    documents: tuple[Document, ...] = ()
    network: tuple[Network, ...] = ()
    pages: tuple[Annotated[str, one_of(*PAGES)], ...] = PAGES
    shows: Mapping[Text, Sentence] = Field(default_factory=dict)
    register_file: Text = Field("data/participants.csv", alias="register")
    tables: Text = "data/programme"
    goals: Text | None = None
    editions: Mapping[SchoolYear, datetime.date] = Field(default_factory=dict)
    disclosure: Disclosure = Disclosure()
    _folder: Path = PrivateAttr(Path())

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        known = [document.short for document in self.documents]
        if twice := {name for name in known if known.count(name) > 1}:
            raise ValueError(f"documents with their own short names; {min(twice)!r} is twice")
        for each in self.network:
            if each.document not in known:
                raise ValueError(f"a document of the list in network, not {each.document!r}")
        if self.unit == "neighbourhood" and not self.region.neighbourhoods:
            raise ValueError("region.neighbourhoods, because the unit is a neighbourhood")
        return self

    @property
    def folder(self) -> Path:
        """The working folder: where the settings were read."""
        return self._folder

    def path(self, name: str) -> Path | None:
        """Return where ``register``, ``tables`` or ``goals`` is, or None when it is not set."""
        value = self.register_file if name == "register" else getattr(self, name)
        return None if value is None else self.folder / value


def read_settings(path: Path | str) -> Settings:
    """Read and check ``programme.yml``.

    Parameters
    ----------
    path : path
        The file, or the folder it stands in.

    Raises
    ------
    SettingsError
        With one message per mistake: key, found, expected.

    Examples
    --------
    >>> read_settings("no-such-folder")
    Traceback (most recent call last):
    kansen_analysis.errors.SettingsError: no-such-folder: found no such file, expected ...
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE
    content = read_yaml(file, SettingsError, f"{FILE}; kansen init DIR writes one")
    if isinstance(content, Mapping) and list(content) == ["same_as"]:
        return read_settings(file.parent / str(content["same_as"]))
    settings = check_form(content, Settings, SettingsError, file.name)
    settings._folder = file.parent
    return settings
