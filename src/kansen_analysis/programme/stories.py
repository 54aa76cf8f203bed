"""Stories: markdown files with a head that says who gave consent, for what and until when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kansen_analysis.errors import (
    CellError,
    ConsistencyError,
    FileFormatError,
    Finding,
    LayoutError,
)
from kansen_analysis.programme.consent import uncovered_names
from kansen_analysis.programme.schema import EXPECTED, is_date, values
from kansen_analysis.programme.tables import no_file
from kansen_analysis.sources import persons
from kansen_analysis.sources.reading import decode, read_small

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
LARGEST = 200_000  # bytes of a picture: the whole page has to stay small
HEAD, DEEP, NAME = 10_000, 4, 100  # of a head: characters and depth; letters of a picture's name
_OPENS = (
    *(yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken),
    *(yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken),
)
_CLOSES = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
PICTURE = "foto"  # the word in `covers` for the picture itself

_NEEDED = ("title", "programme", "theme", "date", "source")
_OPTIONAL = (
    *("school", "neighbourhood", "goal", "tried", "happened", "advice"),
    *("picture", "alt", "consent", "not_persons"),
)
_CONSENT = ("by", "covers", "until")


@dataclass(frozen=True)
class Consent:
    """Who agreed, to what, until when.

    Parameters
    ----------
    by : str
        In a role: "ouder van de leerling".
    covers : tuple of str
        Names in the text, and ``foto`` for the picture.
    until : str
        Last day on which it may be shown.
    """

    by: str
    covers: tuple[str, ...]
    until: str


@dataclass(frozen=True)
class Picture:
    """The picture beside a story.

    Parameters
    ----------
    content : bytes
        The file.
    mime : str
        Its kind, as a browser calls it.
    """

    content: bytes = field(repr=False)
    mime: str


@dataclass(frozen=True)
class Story:
    """One story.

    Parameters
    ----------
    file : str
        Name of the file, without extension.
    title, text : str
        What a reader sees; the text is markdown, of which only paragraphs are used.
    programme, theme, date, source : str
        Where it belongs and who says so.
    school, neighbourhood, goal, tried, happened, advice : str
        Empty when not given.
    picture : Picture or None
        With `alt`.
    consents : tuple of Consent
        Empty when nobody agreed.
    """

    file: str
    title: str
    text: str
    programme: str
    theme: str
    date: str
    source: str
    school: str = ""
    neighbourhood: str = ""
    goal: str = ""
    tried: str = ""
    happened: str = ""
    advice: str = ""
    picture: Picture | None = None
    alt: str = ""
    consents: tuple[Consent, ...] = ()

    def may_be_shown(self, day: str) -> bool:
        """Tell whether everybody who had to agree still does on a day.

        Examples
        --------
        >>> story = Story("a", "T", "…", "K4K", "T", "2024-05", "coach",
        ...               consents=(Consent("ouder", (), "2025-07-31"),))
        >>> story.may_be_shown("2025-07-31"), story.may_be_shown("2025-08-01")
        (True, False)
        """
        return bool(self.consents) and all(each.until >= day for each in self.consents)


def read_stories(folder: Path, known: Iterable[str]) -> tuple[list[Story], list[Finding]]:
    """Read every story of a programme folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``stories/``; files that begin with ``_`` and ``README.md`` are left alone.
    known : iterable of str
        Names that are nobody's: schools, municipalities, themes.

    Returns
    -------
    stories : list of Story
        With and without consent, the oldest first.
    findings : list of Finding
        Mistakes in the head, pictures, and names that consent does not cover.
    """
    stories, findings, known = [], [], list(known)
    paths = sorted((Path(folder) / "stories").glob("*.md"))
    for path in paths:
        if path.name.startswith("_") or path.name == "README.md":
            continue
        if not path.is_file():
            findings += no_file(path, f"stories/{path.name}")
            continue
        try:
            story, wrong = _read(path, known)
        except Finding as finding:
            wrong = [finding]
        else:
            stories.append(story)
        findings += wrong
    return sorted(stories, key=lambda story: (story.date, story.file)), findings


def _read(path: Path, known: list[str]) -> tuple[Story, list[Finding]]:
    file = f"stories/{path.name}"
    head, text, raw = _split(path, file)
    findings: list[Finding] = []

    def add(key, found, expected, remedy, kind=CellError):
        begins = (i for i, line in enumerate(raw, 1) if line.lstrip("- ").startswith(f"{key}:"))
        findings.append(kind(file, found, expected, remedy, line=next(begins, 1), column=key))

    for key in head:
        if key not in (*_NEEDED, *_OPTIONAL):
            every = ", ".join((*_NEEDED, *_OPTIONAL))
            add(key, "a key that is not known", f"one of {every}", "rename it", LayoutError)
    plain = {key: _text(head.get(key)) for key in (*_NEEDED, *_OPTIONAL)}
    for key in _NEEDED:
        if not plain[key]:
            add(key, "nothing", "text", "fill it in")
    if plain["date"] and not is_date(plain["date"]):
        add("date", repr(plain["date"]), EXPECTED["date"][0], "correct it")
    if plain["school"] and not EXPECTED["schools"][1](plain["school"]):
        add("school", repr(plain["school"]), EXPECTED["schools"][0], "correct it")
    for key in ("goal", "advice"):
        words = values("lessons", key)
        if plain[key] and plain[key] not in words:
            add(key, repr(plain[key]), "one of " + ", ".join(words), "correct it")
    if not re.fullmatch(r"[a-z0-9-]+", path.stem):
        add("title", f"the file name {path.name}", "small letters, digits and hyphens", "rename it")
    consents = _consents(head.get("consent"), add)
    picture = _picture(path, plain, consents, add)
    shown = [plain[key] for key in ("title", "neighbourhood", "tried", "happened", "alt")]
    not_persons = _texts(head.get("not_persons") or [])
    if not_persons is None:
        add("not_persons", "something else", "a list of words", "write each word as text")
        not_persons = []
    for key, told in (*plain.items(), ("text", text)):
        if kind := persons.in_text(told):
            add_person(findings, file, kind, key, raw)
    names = uncovered_names(
        "\n".join([*shown, text]),
        [*known, *not_persons],
        [name for each in consents for name in each.covers],
    )
    for name in names:
        add(
            "consent",
            f"{name!r}, which looks like the name of a person",
            "only names that a consent covers",
            "take it out, add it to covers of who agreed, or to not_persons if it is nobody's name",
            ConsistencyError,
        )
    told = {key: plain[key] for key in plain if key not in ("consent", "not_persons", "picture")}
    return Story(file=path.stem, text=text, picture=picture, consents=consents, **told), findings


def add_person(findings: list[Finding], file: str, kind: str, key: str, raw: list[str]) -> None:
    """Add what was found about a person, with the line of its key; the text begins below."""
    begins = (at for at, line in enumerate(raw, 1) if line.lstrip("- ").startswith(f"{key}:"))
    findings.append(persons.finding(file, kind, next(begins, 1), key))


def _split(path: Path, file: str) -> tuple[dict, str, list[str]]:
    """Split a file into its head, its text, and its lines."""
    whole = decode(path, read_small(path), ("utf-8-sig",)).replace("\r\n", "\n")
    match = re.match(r"---\n(.*?)\n---\n(.*)", whole + "\n", re.S)
    remedy = "begin the file with the head of stories/_voorbeeld.md"
    if not match:
        raise FileFormatError(file, "no head", "YAML between two lines ---", remedy, line=1)
    try:
        head = _load(match[1], file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise FileFormatError(
            file, "a head that is not YAML", "key: text", remedy, line=line
        ) from None
    if not isinstance(head, dict):
        raise FileFormatError(file, "a head without keys", "key: text", remedy, line=1)
    if not match[2].strip():
        raise FileFormatError(file, "no text below the head", "the story", "write it")
    return head, match[2].strip(), whole.split("\n")


def _load(text: str, file: str):
    """Read a head: text only, so that no date or code becomes something else, and no surprises."""
    remedy = "write it as in stories/_voorbeeld.md"
    if len(text) > HEAD:
        found = f"a head of {len(text)} characters"
        raise FileFormatError(file, found, f"at most {HEAD}", remedy, line=1)
    depth = 0
    for token in yaml.scan(text, yaml.BaseLoader):  # no recursion: whatever the depth, it ends
        line = token.start_mark.line + 2
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            raise FileFormatError(file, "a reference (& or *)", "plain text", remedy, line=line)
        depth += isinstance(token, _OPENS) - isinstance(token, _CLOSES)
        if depth > DEEP:
            found = "lists or keys in each other"
            raise FileFormatError(file, found, f"at most {DEEP} deep", remedy, line=line)
    node = yaml.compose(text, yaml.BaseLoader)
    _once(node, file)
    return yaml.load(text, yaml.BaseLoader)


def _once(node, file: str) -> None:
    """Refuse a key that stands twice: the reader of YAML would silently take the last one."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _once(each, file)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                name = getattr(key, "value", "") if isinstance(key, yaml.ScalarNode) else "a list"
                raise LayoutError(
                    file,
                    f"the key {name!r}, twice" if name != "a list" else "a list as key",
                    "every key once",
                    "put what belongs together under one key",
                    line=key.start_mark.line + 2,
                )
            seen.add(key.value)
            _once(value, file)


def _texts(given) -> list[str] | None:
    """Return a text or a list of texts as a list; None when it is something else."""
    given = [given] if isinstance(given, str) else given
    right = isinstance(given, list) and all(isinstance(each, str) for each in given)
    return given if right else None


def _consents(given, add) -> tuple[Consent, ...]:
    if not given:
        return ()
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        add("consent", "something else", "a list of by, covers and until", "see _voorbeeld.md")
        return ()
    found = []
    for each in given:
        covers = _texts(each.get("covers") or [])
        if covers is None:
            add("covers", "something else", "a list of names", "write each name as text")
            covers = []
        if unknown := sorted(set(each) - set(_CONSENT)):
            add("consent", ", ".join(unknown), "by, covers and until", "rename it", LayoutError)
        by, until = _text(each.get("by")), _text(each.get("until"))
        if not by:
            add("by", "nothing", "who agreed, in a role", "fill it in")
        expected, right = EXPECTED["day"]
        if not right(until):
            add("until", repr(until), expected, "write the last day of the consent")
            until = ""  # a consent without an end is no consent
        found.append(Consent(by, tuple(covers), until))
    return tuple(found)


def _picture(path: Path, head: dict, consents: tuple[Consent, ...], add) -> Picture | None:
    name = head["picture"]
    if not name:
        return None
    if len(name) > NAME:
        add("picture", f"a name of {len(name)} letters", f"at most {NAME}", "give it a short name")
        return None
    picture = path.parent / name
    if Path(name).name != name or picture.suffix.lower() not in PICTURES:
        add("picture", repr(name), "a png, jpg or webp beside the story", "put it there")
        return None
    if not picture.is_file():
        add("picture", f"{name!r}, which is not there", "a file beside the story", "add the file")
        return None
    if picture.stat().st_size > 10 * LARGEST:  # not even read
        add("picture", "a file far too large", f"at most {LARGEST // 1000} kB", "make it smaller")
        return None
    content = picture.read_bytes()
    if len(content) > LARGEST:
        size = f"{len(content) // 1000} kB"
        add("picture", size, f"at most {LARGEST // 1000} kB", "make the picture smaller")
    if b"Exif\x00" in content[:70_000] or b"eXIf" in content or b"EXIF" in content:
        add(
            "picture",
            "hidden data of the camera, such as the place",
            "a picture without",
            "export it again without metadata",
        )
    if not head["alt"]:
        add("alt", "nothing", "what there is to see, in words", "describe the picture")
    if consents and not any(PICTURE in each.covers for each in consents):
        add(
            "picture",
            "a picture that no consent covers",
            f"{PICTURE!r} in covers of who agreed",
            "ask for it, or leave the picture out",
            ConsistencyError,
        )
    return Picture(content, PICTURES[picture.suffix.lower()])


def _text(value) -> str:
    return value.strip() if isinstance(value, str) else ""
