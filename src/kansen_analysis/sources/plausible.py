"""What every cell allows and the whole does not: files that cannot be right together.

A file can be read cell by cell and still be wrong: cut off between two rows, a column moved down a
row, ten rows filled down, every hidden count replaced by a number, one school's code typed as
another's. Other columns, other years and other files tell. Two kinds of checks are made:

- against limits, which stand under ``plausible`` in ``source.yml`` with the years they were learned
  from: how many schools the country has, how much may change between years;
- against the file itself moved by a row: where columns fit each other, or other files, better one
  row further, they were moved. These need no limit but the chance of a false alarm.

What a file of a few rows cannot tell is not doubted: each check asks for rows enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kansen_analysis.errors import PlausibilityError
from kansen_analysis.sources import schoolyear, spec, tidy
from kansen_analysis.sources.tidy import LINE, Wide

if TYPE_CHECKING:
    from kansen_analysis.sources.folder import FileRead

ENOUGH = 100  # rows below which a share or a number of schools says nothing
MOVED = 6.0  # standard errors by which columns must fit better one row further
FURTHER = 0.1  # and how much better, as a correlation
CHANCE = 8.0  # powers of ten by which a run of equal cells must be no chance ...
LONG, CHANCE_LONG = 9, 5.0  # ... and a long one, of which the real files have none
BELOW = 12  # rows that somebody fills down by mistake
SHOWN = 30  # counts of 5 to 9 after which a hidden one must have come
GROUPS = ("province", "municipality_code", "board")  # rows that somebody changes together
RUN = "rows below each other"
SAME = 0.5  # share of the schools with all counts as a year before; the real years have .06 at most
ENDS = 10, 0.01  # schools before the first or behind the last, and the share that a year adds
ELSEWHERE = {"name": 0.6, "postcode": 0.3, "place": 0.3}  # .31, .04 and .04 in the real files
_AGAIN = "compare with the publisher's file; download it again"


def _numbered(
    columns: list[pd.Series], letters: int | None = None, plain: bool = False
) -> tuple[list[np.ndarray], list[str]]:
    """Give the texts of columns of categories numbers, the same text the same number in all.

    Parameters
    ----------
    columns : list of pandas.Series
        Of categories.
    letters : int, optional
        How many of the first letters count.
    plain : bool, default False
        Whether only small letters and digits count.

    Returns
    -------
    numbers : list of numpy.ndarray
        Per column the number of each row; -1 for no text.
    texts : list of str
        What each number stands for.
    """
    found = [pa.array([], pa.string())]
    found += [pa.array(column.cat.categories.astype("str"), pa.string()) for column in columns]
    whole = pa.concat_arrays(found).dictionary_encode()
    texts = whole.dictionary
    if plain:
        texts = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^a-z0-9|]+", "")
    texts = pc.utf8_slice_codeunits(texts, 0, letters) if letters else texts
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    encoded = texts.dictionary_encode()
    own = np.append(encoded.indices.fill_null(-1).to_numpy().astype(np.int64), -1)
    every = own[whole.indices.fill_null(-1).to_numpy()]
    each = np.split(every, np.cumsum([*map(len, found)])[:-1])[1:]
    numbers = [
        np.append(own, -1)[column.cat.codes.to_numpy()]
        for own, column in zip(each, columns, strict=True)
    ]
    return numbers, encoded.dictionary.to_pylist()


def _key(frame: pd.DataFrame) -> str:
    return next(k for k in ("school", "ovt", "region") if k in frame)


@dataclass(frozen=True)
class Slice:
    """The rows of a file that are of one school year, in one layout.

    `numbers_of` has per row the number of its ``brin``, of its ``key``, and of its ``unit``: what
    names it within a year.
    """

    file: FileRead
    wide: Wide
    year: int
    frame: pd.DataFrame
    numbers_of: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def source(self) -> spec.Source:
        """The data set."""
        return spec.get(self.file.source)

    @property
    def rules(self) -> dict:
        """The limits of the data set."""
        return self.source.meta.get("plausible", {})

    @property
    def label(self) -> str:
        """The school year, or the calendar year where that is meant."""
        return str(self.year) if self.source.meta.get("calendar") else schoolyear.label(self.year)

    @property
    def key(self) -> str:
        """The column that names a school or region."""
        return _key(self.frame)

    @cached_property
    def counts(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each count the lowest and highest it can be."""
        ends = {}
        for name in tidy.counts(self.frame):
            low, high = (_floats(self.frame[f"{name}{end}"]) for end in tidy.ENDS)
            # Nearly half of the memory of all that is asked here, where nothing is hidden.
            ends[name] = (low, low if np.array_equal(low, high, equal_nan=True) else high)
        return ends

    @property
    def known(self) -> dict[str, np.ndarray]:
        """Of each count the number, where it is known."""
        return {n: np.where(low == high, low, np.nan) for n, (low, high) in self.counts.items()}

    @property
    def middle(self) -> dict[str, np.ndarray]:
        """Of each count the middle of what it can be."""
        return {
            name: (low + np.where(np.isnan(high), low, high)) / 2
            for name, (low, high) in self.counts.items()
        }

    @cached_property
    def means(self) -> dict[str, np.ndarray]:
        """The columns of means and shares."""
        frame = self.frame
        return {c: frame[c].to_numpy() for c in frame.columns if frame[c].dtype == float}

    @cached_property
    def numbers(self) -> dict[str, np.ndarray]:
        """All numeric columns, counts on a scale of ratios."""
        return {name: np.log1p(pupils) for name, pupils in self.middle.items()} | self.means

    @cached_property
    def pupils(self) -> list[str]:
        """The columns of pupils that together make the size of a school."""
        own = [names.get("pupils", "") for _, names in self.source.cells]
        return [name for name in own if name in self.counts]

    @cached_property
    def total(self) -> dict[str, np.ndarray]:
        """The pupils of each row, at least (``low``) and at most (``high``)."""
        return {
            end: np.nansum([self.counts[name][at] for name in self.pupils], axis=0)
            for at, end in enumerate(("low", "high"))
        }

    @cached_property
    def _sizes(self) -> dict[str, np.ndarray]:
        pupils = self.total["low"] + self.total["high"]
        sizes = {}
        for code in ("brin", "key"):
            known = np.bincount(self.numbers_of[code] + 1, pupils)[1:]
            # Behind the last number stands what has none.
            sizes[code] = np.append(np.where(known > 0, np.log1p(known), np.nan), np.nan)
        return sizes

    def size_of(self, code: str, numbers: np.ndarray) -> np.ndarray:
        """Return the pupils of BRINs or schools, on a scale of ratios; NaN where there are none."""
        sizes = self._sizes[code]
        return sizes[np.where(numbers < len(sizes), numbers, -1)]

    @cached_property
    def shares(self) -> dict[str, float]:
        """The share of each kind of school, in rows."""
        if "kind" not in self.frame:
            return {}
        shares = self.frame["kind"].value_counts(normalize=True)
        return dict(zip(shares.index.tolist(), shares.tolist(), strict=True))

    @cached_property
    def hidden(self) -> tuple[int, float]:
        """How many counts the publisher hid, and what share of them."""
        cells = sum(map(_hidden_in, self.counts.values()))
        return cells, cells / max(1, len(self.frame) * len(self.counts))

    @property
    def texts(self) -> tuple[pa.StringArray, np.ndarray]:
        """The distinct schools or regions, and per row that has one which it is."""
        column = self.frame[self.key].cat
        codes = column.codes.to_numpy()
        return pa.array(column.categories, pa.string()), codes[codes >= 0]

    @cached_property
    def schools(self) -> int:
        """How many schools or regions there are; of those with pupils where these are counted."""
        codes = self.frame[self.key].cat.codes.to_numpy()
        if self.file.source == "leerlingen_historisch":
            codes = codes[self.total["high"] > 0]
        return int(np.count_nonzero(np.bincount(codes[codes >= 0])))

    def doubt(
        self, check: str, found: str, expected: str, remedy: str, at=None, column: str | None = None
    ) -> PlausibilityError:
        """Make a finding about these rows."""
        lines = self.frame[LINE]
        line = int(lines.iloc[0] if at is None else lines[at]) if len(lines) else None
        name = self.file.path.name
        return PlausibilityError(
            name, found, expected, remedy, line=line, column=column, check=check
        )


def _hidden_in(ends: tuple[np.ndarray, np.ndarray]) -> int:
    low, high = ends
    return int(np.count_nonzero(~np.isnan(low) & (low != high)))


def _floats(series: pd.Series) -> np.ndarray:
    return series.to_numpy(dtype=float, na_value=np.nan)


def slices(files: list) -> list[Slice]:
    """Cut files into what is of one school year."""
    parts = [(file, wide) for file in files for wide in file.parts]
    numbers = _numbers_of([wide.frame for _, wide in parts], [file.source for file, _ in parts])
    found = []
    for (file, wide), own in zip(parts, numbers, strict=True):
        years = wide.frame["year"].to_numpy()
        distinct = sorted({*years.tolist()})
        for year in distinct:
            if len(distinct) == 1:
                found.append(Slice(file, wide, year, wide.frame, own))
                continue
            here = years == year
            cut = {name: codes[here] for name, codes in own.items()}
            found.append(Slice(file, wide, year, wide.frame[here], cut))
    return found


def _numbers_of(frames: list[pd.DataFrame], sources: list[str]) -> list[dict[str, np.ndarray]]:
    """Number what names the rows of frames: their BRIN, their key, and all that names a unit."""
    keys = [frame[_key(frame)] for frame in frames]
    brins, _ = _numbered(keys, letters=4)
    wholes, _ = _numbered(keys)
    units = list(wholes)
    more = [
        {*spec.get(source).meta["key"]} - {key.name}
        for source, key in zip(sources, keys, strict=True)
    ]
    for extra in sorted(set().union(*more)):
        there = [n for n, frame in enumerate(frames) if extra in more[n] and extra in frame]
        extras, texts = _numbered([frames[n][extra].astype("category") for n in there])
        for n, numbers in zip(there, extras, strict=True):
            units[n] = units[n] * (len(texts) + 1) + numbers + 1
    each = zip(brins, wholes, units, strict=True)
    return [{"brin": brin, "key": key, "unit": unit} for brin, key, unit in each]


def doubts(files: list) -> list[PlausibilityError]:
    """Find what cannot be right.

    Parameters
    ----------
    files : list of FileRead
        All files of a folder.

    Returns
    -------
    list of PlausibilityError
        Each names the check by which it can be confirmed.
    """
    every = slices(files)
    found: list[PlausibilityError] = []
    for file in files:
        found += _hidden([one for one in every if one.file is file])
    for one in every:
        found += [*_fives(one), *_dates(one), *_country(one), *_kinds(one), *_filled(one)]
        found += _rounded(one)
    found += _over_years(every)
    moved = [*_keys(every), *_places(files)]
    # Where codes were moved every column is beside another school.
    return [*found, *moved, *_columns(every, {d.file for d in moved if d.check == "moved"})]


# ---------------------------------------------------------------- one file


def _hidden(of_file: list[Slice]) -> Iterator[PlausibilityError]:
    """Doubt counts below five, or none hidden at all, in years in which the publisher hides them.

    Whatever number is put for ``<5``, a sum of it is no longer at least and at most; so the file is
    refused, and not only the cell.
    """
    since = of_file[0].source.meta.get("masked_from") if of_file else None
    if since is None:
        return
    later = [one for one in of_file if one.year >= since]
    small: dict[int, int] = {}
    first: tuple[Slice, int, str] | None = None
    hides = shows = 0
    for one in later:
        for name, exact in one.known.items():
            hides += _hidden_in(one.counts[name])
            shows += int(((exact >= 5) & (exact < 10)).sum())
            below = (exact >= 1) & (exact < 5)
            if below.any():
                first = first or (one, one.frame.index[below][0], name)
                for number, times in zip(*np.unique(exact[below], return_counts=True), strict=True):
                    small[int(number)] = small.get(int(number), 0) + int(times)
    symbol = next(iter(of_file[0].source.masked))
    if small and first:
        one, at, name = first
        cells = sum(small.values())
        which = f"all {next(iter(small))}" if len(small) == 1 and cells > 1 else "1 to 4"
        yield one.doubt(
            "hidden",
            f"{cells} count{'s' if cells > 1 else ''} below 5 ({which}) beside {hides} hidden",
            f"{symbol!r} where the publisher hides a count, as it does since "
            f"{schoolyear.label(since)}",
            "another program put numbers in the place of hidden counts; download the file again",
            at,
            one.wide.header(name),
        )
    elif shows >= SHOWN and not hides:
        yield later[0].doubt(
            "hidden",
            f"no hidden count, beside {shows} of 5 to 9",
            f"{symbol!r} where the publisher hides a count, as it does since "
            f"{schoolyear.label(since)}",
            "another program put numbers in the place of hidden counts; download the file again",
            column=later[0].wide.header(next(iter(later[0].counts))),
        )
    elif hides and not small:
        for one in later:
            yield from islice(_shown(one, symbol), 1)


def _shown(one: Slice, symbol: str) -> Iterator[PlausibilityError]:
    """Doubt a part of a file in which nothing is hidden, and much in the rest of it.

    The part may be a column, the rows of one place or board, or rows below each other. As many
    counts of 5 to 9 as it has would be no chance beside none of 1 to 4.
    """

    def doubt(which: str, shows: int, at=None, column: str | None = None) -> PlausibilityError:
        return one.doubt(
            "hidden",
            f"no hidden count in {which}, beside {shows} of 5 to 9",
            f"{symbol!r} where the publisher hides a count, as in the rest of the file",
            "another program put numbers in the place of hidden counts; download the file again",
            at,
            column,
        )

    hidden = {n: ~np.isnan(low) & (low != high) for n, (low, high) in one.counts.items()}
    shown = {n: (exact >= 5) & (exact < 10) for n, exact in one.known.items()}
    for name in hidden if sum(h.any() for h in hidden.values()) > len(hidden) / 2 else ():
        if shown[name].sum() >= SHOWN and not hidden[name].any():
            header = one.wide.header(name)
            yield doubt(f"column {header}", int(shown[name].sum()), column=header)
            return
    hides, shows = (np.sum(list(each.values()), axis=0) for each in (hidden, shown))
    if not hides.any():
        return
    # By chance, a count below ten would be none below five so many times.
    chance = -np.log10(shows.sum() / (shows.sum() + hides.sum())) if shows.any() else 0
    groups = {c: one.frame[c].cat.codes.to_numpy() for c in GROUPS if c in one.frame}
    groups[RUN] = np.where(hides > 0, -1, np.cumsum(hides > 0))
    for name, codes in groups.items():
        there = codes >= 0
        few = np.bincount(codes[there], hides[there])
        many = np.bincount(codes[there], shows[there]) * (few == 0)
        worst = int(many.argmax()) if len(many) else 0
        if len(many) and many[worst] * chance > CHANCE:
            at = one.frame.index[codes == worst]
            column = None if name == RUN else one.wide.header(name)
            which = f"{len(at)} {RUN}" if name == RUN else f"{column} {one.frame[name].loc[at[0]]}"
            yield doubt(which, int(many[worst]), at[0], column)


def _rounded(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt means without any decimal, and percentages that are fractions.

    A spreadsheet saves what it shows, and shows .94 as 94%.
    """
    for name, cells in one.means.items():
        values = cells[~np.isnan(cells) & (cells != 0)]
        if len(values) < ENOUGH or len(np.unique(values)) < 10:
            continue
        if values.max() <= 1 and one.source.variable[name]["max"] == "100":
            found, expected = f"{len(values)} numbers of at most 1", "percentages, from 0 to 100"
            why = "a spreadsheet saved them as fractions"
        elif not (values % 1).any():
            found, expected = f"{len(values)} whole numbers", "means with decimals"
            why = "a spreadsheet that shows no decimals saved none"
        else:
            continue
        at = one.frame.index[~np.isnan(cells)][0]
        yield one.doubt("rounded", found, expected, f"{why}; {_AGAIN}", at, one.wide.header(name))
        return


def _fives(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt many counts of 5 and none below where the publisher hides these."""
    if "<5" not in one.source.masked:
        return
    fives: dict[str, np.ndarray] = {}
    sixes = 0
    for name, exact in one.known.items():
        if ((exact >= 1) & (exact < 5)).any() or _hidden_in(one.counts[name]):
            continue  # hides some, or hides nothing
        five, six = int((exact == 5).sum()), int((exact == 6).sum())
        if five > 5 + 2 * six:  # without any of 1 to 4, so many are no chance
            fives[name] = exact == 5
            sixes += six
    if fives:
        name = next(iter(fives))
        yield one.doubt(
            "hidden",
            f"{sum(int(at.sum()) for at in fives.values())} cells of 5 against {sixes} of 6, "
            "and none below 5 or hidden",
            "'<5' where the publisher hides a count",
            "a program changed '<5' into 5; download the file again",
            one.frame.index[fives[name]][0],
            one.wide.header(name),
        )


def _dates(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt a date of counting of another school year than the name of the file says.

    And one that is not in the year before the file was made.
    """
    frame, rules = one.frame, one.source.meta["year"]
    if rules.get("date") not in frame:
        return
    named = schoolyear.find(one.file.path.name)
    if named and one.year not in named and not one.file.noted:
        yield one.doubt(
            "date",
            f"dates in {one.label}",
            f"{schoolyear.label(named[-1])}, as the name of the file says",
            "take the right file, or give it the right name",
            column=one.wide.header(rules["date"]),
        )
        return
    if "snapshot_date" not in frame:
        return
    counted, made = (frame[c].astype(object) for c in (rules["date"], "snapshot_date"))
    days = (pd.to_datetime(made) - pd.to_datetime(counted)).dt.days
    wrong = frame.index[((days < 0) | (days > 366)).fillna(False)]
    if len(wrong):
        at = wrong[0]
        yield one.doubt(
            "date",
            f"{counted[at]:%Y%m%d} beside {made[at]:%Y%m%d}" + _on(len(wrong)),
            "a file made within a year after its pupils were counted",
            _AGAIN,
            at,
            one.wide.header(rules["date"]),
        )


def _country(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt more than half of the country that is not the whole of it."""
    low, high = one.rules.get("country", (0, np.inf))
    if low / 2 < one.schools < low or one.schools > high:
        yield one.doubt(
            "schools",
            f"{one.schools} schools in {one.label}",
            f"{low} to {high}, the country ({one.rules['because'].strip()})",
            "the file is cut off, or holds more than one; download it again",
        )


def _kinds(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt a share of a kind of school that no year had, in a file of the whole country."""
    if one.schools < one.rules.get("country", (np.inf,))[0] / 2:
        return
    for kind, (low, high) in one.rules.get("kinds", {}).items():
        share = one.shares.get(kind, 0)
        if not low <= share <= high:
            yield one.doubt(
                "kinds",
                f"{100 * share:.0f}% {kind} in {one.label}",
                f"{100 * low:.0f} to {100 * high:.0f}%",
                _AGAIN,
                column=one.wide.header("kind"),
            )


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of equal values begin and how long they are; NaN equals nothing."""
    begins = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    return begins, np.diff(np.concatenate([begins, [len(values)]]))


def _filled(one: Slice) -> Iterator[PlausibilityError]:
    """Doubt equal cells below each other that are no chance: filled down in a spreadsheet."""
    frame = one.frame
    if len(frame) < ENOUGH:
        return
    for name, cells in (one.known | one.means).items():
        values = np.where(cells > 0, cells, np.nan)  # zeros below each other are usual
        begins, length = _runs(values)
        seen = ~np.isnan(values[begins]) & (length >= 4)
        if not seen.any():
            continue
        distinct, times = np.unique(values[~np.isnan(values)], return_counts=True)
        share = times[np.searchsorted(distinct, values[begins[seen]])] / len(frame)
        evidence = -length[seen] * np.log10(share) - np.log10(len(frame))
        evidence += np.where(length[seen] >= LONG, CHANCE - CHANCE_LONG, 0)
        best = int(evidence.argmax())
        if evidence[best] > CHANCE:
            yield one.doubt(
                "filled",
                f"{values[begins[seen][best]]:g} on {length[seen][best]} lines below each other",
                "cells that differ from school to school",
                f"they look filled down; {_AGAIN}",
                frame.index[begins[seen][best]],
                one.wide.header(name),
            )
            return
    if len(one.counts) >= 3:
        counts = np.nan_to_num(np.stack([low for low, _ in one.counts.values()]))
        same = (counts[:, 1:] == counts[:, :-1]).all(axis=0) & (counts[:, 1:] > 0).any(axis=0)
        begins, length = _runs(np.cumsum(~np.concatenate([[False], same])))
        best = int(length.argmax())
        share = max(float(same.mean()), 1 / len(frame))
        if length[best] >= 5 and -length[best] * np.log10(share) - np.log10(len(frame)) > 5:
            yield one.doubt(
                "filled",
                f"{length[best]} lines below each other with the same counts",
                "counts that differ from school to school",
                f"they look filled down; {_AGAIN}",
                frame.index[begins[best]],
            )


def _on(lines: int) -> str:
    return f" (on {lines} lines)" if lines > 1 else ""


# ---------------------------------------------------------------- over the years


def _over_years(every: list[Slice]) -> Iterator[PlausibilityError]:
    """Doubt a year that is too unlike most of the years beside it."""
    alike: dict[tuple, dict[int, Slice]] = {}
    for one in every:
        if one.rules and not one.source.meta.get("one_file_per"):
            kind = one.wide.layout.sheet  # the years of one source, whatever their layout
            alike.setdefault((one.file.source, kind), {}).setdefault(one.year, one)
    for years in alike.values():
        for year, one in years.items():
            others = sorted((y for y in years if y != year), key=lambda y: (abs(y - year), y))[:4]
            doubts = (_again, _schools, _ends, _pupils, _shares, _share_hidden)
            found = (f for doubt in doubts for f in doubt(one, [years[y] for y in others]))
            yield from [f for f in [next(found, None)] if f]  # what comes of it is not told twice


def _unlike(one: Slice, others: list[Slice], limit: str, differ) -> list[Slice]:
    """Return the years from which one differs too much, when these are most.

    Parameters
    ----------
    limit : str
        The name of the largest change from a year to the next; further away, more may change.
    differ : callable
        Gets another year and that change.
    """
    change = one.rules.get(limit, np.inf)
    unlike = [o for o in others if differ(o, change * (1 + (abs(o.year - one.year) - 1) / 4))]
    return unlike if len(unlike) > len(others) / 2 else []


def _beside(others: list[Slice]) -> str:
    return " and ".join(sorted(other.label for other in others))


def _schools(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    def differ(other: Slice, change: float) -> bool:
        few = one.schools < other.schools * (1 - change)
        # Of two years the one with fewer schools is doubted: rows get lost, they do not grow.
        many = len(others) > 1 and one.schools > other.schools * (1 + change)
        return other.schools >= ENOUGH and (few or many)

    unlike = _unlike(one, others, "schools", differ)
    if unlike:
        usual = np.median([other.schools for other in unlike])
        yield one.doubt(
            "schools",
            f"{one.schools} schools in {one.label}",
            f"about {usual:.0f}, as in {_beside(unlike)}",
            "the file is cut off, or others are; download it again",
        )


def _again(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    """Doubt a year with the counts of a year before, school by school."""
    own = np.array(list(one.counts.values())).reshape(-1, len(one.frame))
    filled = np.nan_to_num(own).any(axis=0)
    for other in others[:2]:
        # The years of one table may be told in columns; those of sheets are told in rows.
        aside = other.file is one.file and not one.wide.layout.sheet
        if (
            aside
            or other.year > one.year
            or not len(own)
            or one.counts.keys() != other.counts.keys()
        ):
            continue
        places = _beside_by_key(one, other)
        both = filled & (places >= 0)
        if both.sum() < ENOUGH:
            continue
        theirs = np.array([other.counts[name] for name in one.counts]).reshape(len(own), -1)
        same = np.isclose(own[:, both], theirs[:, places[both]], equal_nan=True).all(axis=0)
        if same.mean() > SAME:
            yield one.doubt(
                "again",
                f"the counts of {other.label} at {100 * same.mean():.0f}% of the schools",
                f"counts of {one.label}",
                f"it holds another year under this date; {_AGAIN}",
            )
            return


def _ends(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    """Doubt a sorted file that begins later, or stops earlier, than other years do.

    New schools get the last codes, so a later year has some behind the last one by right.
    """
    (texts, codes), (least, share) = one.texts, ENDS
    places = pc.array_sort_indices(pc.array_sort_indices(texts)).to_numpy()[codes]
    if len(codes) < ENOUGH or (places[1:] < places[:-1]).any():
        return
    first, last = (texts[codes[at]].as_py() for at in (0, -1))

    def differ(other: Slice, _: float) -> bool:
        theirs, of = other.texts if other.file is not one.file else one.texts
        new = least + share * len(of) * max(0, other.year - one.year)
        before, behind = (
            np.count_nonzero(each.to_numpy(zero_copy_only=False)[of])
            for each in (pc.less(theirs, first), pc.greater(theirs, last))
        )
        return bool(before > least or behind > new)

    unlike = _unlike(one, others, "", differ)
    if unlike:
        yield one.doubt(
            "schools",
            f"no school before {first} or behind {last} in {one.label}",
            f"all that {_beside(unlike)} have",
            "the file is cut off; download it again",
            column=one.wide.header(one.key),
        )


def _to_compare(one: Slice, others: list[Slice]) -> list[Slice]:
    """Return the years that are large enough; of two that differ the later is doubted."""
    large = [other for other in others if min(one.schools, other.schools) >= ENOUGH]
    return [] if len(large) == 1 and one.year < large[0].year else large


def _pupils(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    def each(of: Slice) -> tuple[float, float]:
        return of.total["low"].sum() / of.schools, of.total["high"].sum() / of.schools

    if not one.pupils:
        return
    low, high = each(one)

    def differ(other: Slice, change: float) -> bool:
        least, most = each(other)
        return low > most * (1 + change) or high < least * (1 - change)

    unlike = _unlike(one, [o for o in _to_compare(one, others) if o.pupils], "pupils", differ)
    if unlike:
        least, most = np.median([each(other) for other in unlike], axis=0)
        yield one.doubt(
            "pupils",
            f"{_span(low, high)} pupils a school in {one.label}",
            f"about {_span(least, most)}, as in {_beside(unlike)}",
            _AGAIN,
            column=one.wide.header(one.pupils[0]),
        )


def _span(low: float, high: float) -> str:
    return f"{low:.1f}" if abs(high - low) < 0.05 else f"{low:.1f} to {high:.1f}"


def _shares(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    others = [other for other in _to_compare(one, others) if other.shares and one.shares]
    for kind in sorted({kind for each in (one, *others) for kind in each.shares}):
        own = one.shares.get(kind, 0)

        def differ(other: Slice, change: float, own=own, kind=kind) -> bool:
            return abs(own - other.shares.get(kind, 0)) > change

        unlike = _unlike(one, others, "kinds_change", differ)
        if unlike:
            usual = np.median([other.shares.get(kind, 0) for other in unlike])
            yield one.doubt(
                "kinds",
                f"{100 * own:.1f}% {kind} in {one.label}",
                f"about {100 * usual:.1f}%, as in {_beside(unlike)}",
                _AGAIN,
                column=one.wide.header("kind"),
            )


def _share_hidden(one: Slice, others: list[Slice]) -> Iterator[PlausibilityError]:
    since = one.source.meta.get("masked_from", np.inf)
    (cells, own), others = one.hidden, [o for o in _to_compare(one, others) if o.year >= since]

    def differ(other: Slice, change: float) -> bool:
        number, usual = other.hidden
        return max(cells, number) >= ENOUGH and abs(own - usual) > change * usual

    unlike = _unlike(one, others, "hidden", differ) if one.year >= since else []
    if unlike:
        usual = np.median([other.hidden[1] for other in unlike])
        yield one.doubt(
            "hidden",
            f"{100 * own:.1f}% of the counts hidden in {one.label}",
            f"about {100 * usual:.1f}%, as in {_beside(unlike)}",
            "another program changed hidden counts; download the file again",
        )


# ---------------------------------------------------------------- moved by a row


def _fit(column: np.ndarray, partner: np.ndarray) -> tuple[float, int]:
    """Return how much better a column fits a partner moved up or down, in standard errors.

    Returns
    -------
    z : float
        Positive when it fits better one row further: the difference of the correlations times the
        square root of half the rows.
    rows : int
        By how many rows it fits best, -1 or 1.
    """

    there, theirs = np.isfinite(column).astype(float), np.isfinite(partner).astype(float)
    x = np.where(there > 0, column, 0.0)
    y = np.where(theirs > 0, partner, 0.0)
    x = (x - x.sum() / max(1, there.sum())) * there
    y = (y - y.sum() / max(1, theirs.sum())) * theirs

    def correlation(own: slice, other: slice) -> tuple[float, float]:
        size = (x[own] ** 2 @ theirs[other]) * (y[other] ** 2 @ there[own])
        both = float(there[own] @ theirs[other])
        if not size or both < ENOUGH:
            return 0.0, both
        return abs(float(x[own] @ y[other])) / float(np.sqrt(size)), both

    here, n = correlation(slice(None), slice(None))
    moved = {
        -1: correlation(slice(1, None), slice(None, -1))[0],
        1: correlation(slice(None, -1), slice(1, None))[0],
    }
    rows = max(moved, key=moved.__getitem__)
    better = moved[rows] - here
    return (better * float(np.sqrt(n / 2)) if better > FURTHER else 0.0), rows


def _beside_by_key(one: Slice, other: Slice) -> np.ndarray:
    """Return per row of a slice the place of the same unit in another, -1 for none."""
    own, theirs = one.numbers_of["unit"], other.numbers_of["unit"]
    distinct, first = np.unique(theirs, return_index=True)
    at = np.searchsorted(distinct, own).clip(max=len(distinct) - 1)
    return np.where(distinct[at] == own, first[at], -1)


def _moved(fits: list[tuple[float, int]]) -> int:
    """Return by how many rows something was moved, when most of what it is held against says so.

    What it is held against may be what was moved.
    """
    says = [rows for z, rows in fits if z]
    z = sum(z for z, _ in fits) / np.sqrt(max(1, len(fits)))
    agree = len(set(says)) == 1 and len(says) > len(fits) / 2
    return says[0] if agree and z > MOVED else 0


def _way(rows: int) -> str:
    return "one row " + ("higher" if rows < 0 else "lower")


def _neighbours(one: Slice, every: list[Slice]) -> list[Slice]:
    """Return the nearest two other years of the same source and sheet."""
    same: dict[int, Slice] = {}
    for other in every:
        alike = other.wide.layout.sheet == one.wide.layout.sheet
        if other.file.source == one.file.source and other.year != one.year and alike:
            same.setdefault(other.year, other)
    return [same[year] for year in sorted(same, key=lambda y: (abs(y - one.year), y))[:2]]


def _columns(every: list[Slice], not_in: set[str]) -> Iterator[PlausibilityError]:
    """Doubt a column that fits the others, and the years beside it, better one row further."""
    for one in every:
        if len(one.frame) < ENOUGH or one.file.path.name in not_in:
            continue
        others = [(other, _beside_by_key(one, other)) for other in _neighbours(one, every)]
        yield from islice(_exchanged(one, others), 1)
        middle = one.middle
        total = np.nansum(list(middle.values()), axis=0) if middle else None
        for name, column in one.numbers.items():
            fits = [
                _fit(column, np.append(other.numbers[name], np.nan)[places])
                for other, places in others
                if name in other.numbers
            ]
            if name in middle and len(middle) > 2:
                fits.append(_fit(column, np.log1p(total - np.nan_to_num(middle[name]))))
            if rows := _moved(fits):
                yield one.doubt(
                    "moved",
                    f"a column that fits the rest {_way(rows)}, in {one.label}",
                    "each number beside its own school",
                    f"it was moved by a row; {_AGAIN}",
                    column=one.wide.header(name),
                )
                break


def _exchanged(one: Slice, others: list) -> Iterator[PlausibilityError]:
    """Doubt two columns of numbers that fit the years beside them better in each other's place.

    The difference of two columns goes the same way at the same school in another year, and each is
    nearer to itself than to the other; where neither holds, their headers changed places. A column
    that is not used in one of the years tells nothing.
    """
    says: dict[tuple[str, str], list[float]] = {}
    for other, places in others:
        names = [name for name in one.numbers if name in other.numbers]
        both = places >= 0
        if both.sum() < ENOUGH or len(names) < 2:
            continue
        own, theirs = (
            np.nan_to_num([each.numbers[name][rows] for name in names])
            for each, rows in ((one, both), (other, places[both]))
        )
        fit = own @ theirs.T
        alike = np.diag(fit)[:, None] + np.diag(fit) - fit - fit.T
        used = own.any(axis=1) & theirs.any(axis=1)
        apart = (own**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * fit
        nearer = (apart < np.diag(apart)[:, None]) & (np.diag(apart) > apart.T)
        nearer &= used[:, None] & used
        for i, j in zip(*np.nonzero(np.triu((alike < 0) & nearer)), strict=True):
            size = np.linalg.norm((own[i] - own[j]) * (theirs[i] - theirs[j]))
            if alike[i, j] < -MOVED * size:
                says.setdefault((names[i], names[j]), []).append(alike[i, j] / size)
    for (name, second), found in sorted(says.items(), key=lambda pair: min(pair[1])):
        if len(found) > len(others) / 2:
            headers = one.wide.header(name), one.wide.header(second)
            yield one.doubt(
                "moved",
                f"columns {headers[0]} and {headers[1]} that fit other years in each other's "
                f"place, in {one.label}",
                "each number under its own header",
                f"their headers changed places; {_AGAIN}",
                column=headers[0],
            )


def _comparable(one: Slice, every: list[Slice]) -> list[tuple[Slice, str]]:
    """Return what has sizes of the same schools in other files, and by which code they agree.

    Three at most: the nearest years of the same source, then of others.
    """
    found: list[tuple[Slice, str]] = []
    sources = {one.file.source: 2}
    some = {c: np.unique(n[:: max(1, len(n) // 200)]) for c, n in one.numbers_of.items()}
    order = sorted(every, key=lambda o: (o.file.source != one.file.source, abs(o.year - one.year)))
    files = {one.file.path.name}
    for other in order:
        source, name = other.file.source, other.file.path.name
        if other.key == "region" or not other.pupils or name in files:
            continue
        if not sources.setdefault(source, 1) or len(found) == 3:
            continue
        code = "key" if one.key == other.key == "school" else "brin"
        if np.isfinite(other.size_of(code, some[code])).sum() >= len(some[code]) / 2:
            found.append((other, code))
            files.add(name)
            sources[source] -= 1
    return found


def _keys(every: list[Slice]) -> list[PlausibilityError]:
    """Doubt codes of schools that fit the sizes in other files better one row further."""
    found = []
    done = set()
    for one in reversed(every):  # the years of a file share their codes: its last will do
        which = (one.file.path.name, one.wide.layout.name)
        if len(one.frame) < ENOUGH or one.key == "region" or not one.pupils or which in done:
            continue
        done.add(which)
        own = np.log1p(one.total["low"] + one.total["high"])
        fits = []
        for other, code in _comparable(one, every):
            codes = one.numbers_of[code]
            once = np.bincount(codes + 1)[codes + 1] == 1
            fits.append(_fit(own, np.where(once, other.size_of(code, codes), np.nan)))
        if rows := _moved(fits):
            found.append(
                one.doubt(
                    "moved",
                    f"sizes that fit other files {_way(rows)}, in {one.label}",
                    "the code of each school in its own row",
                    f"the codes were moved by a row; {_AGAIN}",
                    column=one.wide.header(one.key),
                )
            )
    return found


# ---------------------------------------------------------------- names and places


class _Seen:
    """In which files a code stands.

    Parameters
    ----------
    codes, files : numpy.ndarray
        Per row its code, -1 for none, and the number of its file.
    """

    def __init__(self, codes: np.ndarray, files: np.ndarray):
        self._codes = codes
        many = int(files.max()) + 1
        pairs = np.unique((codes * many + files)[codes >= 0])
        self._distinct, self._files = np.unique(pairs // many, return_counts=True)

    def times(self, codes: np.ndarray) -> np.ndarray:
        """Return in how many files each code stands."""
        if not len(self._distinct):
            return np.zeros(len(codes), dtype=int)
        at = np.minimum(np.searchsorted(self._distinct, codes), len(self._distinct) - 1)
        return np.where(self._distinct[at] == codes, self._files[at], 0)

    @cached_property
    def elsewhere(self) -> np.ndarray:
        """Tell which rows have a code that stands in a file besides their own."""
        return self.times(self._codes) > 1


def _tells(file: FileRead) -> bool:
    """Tell whether a file says what the schools of one year are called, or where they are."""
    if not file.parts or spec.get(file.source).meta.get("one_file_per"):
        return False
    frame = file.parts[0].frame
    told = "school" in frame and {"name", "postcode"} & {*frame}
    return bool(told) and len(frame["year"].unique()) == 1


class _Told:
    """What all files tell of schools, as numbers: one row per file and row of it."""

    def __init__(self, files: list):
        self.of = [file for file in files if _tells(file)]  # the files
        frames = [file.parts[0].frame for file in self.of]
        sizes = [len(frame) for frame in frames]
        self._columns = {
            "file": np.repeat(np.arange(len(frames)), sizes),
            "year": np.repeat([int(frame["year"].iloc[0]) for frame in frames], sizes),
        }
        codes, self.schools = _numbered([frame["school"] for frame in frames])
        self._columns["school"] = np.concatenate(codes) if codes else np.zeros(0, int)
        for name, column, letters in (
            ("name", "name", None),
            ("postcode", "postcode", 6),
            ("area", "postcode", 4),
            ("place", "municipality_code", None),
            ("kind", "kind", None),
        ):
            # The kind in a historical overview is the last one.
            there = [
                column in frame and (name != "kind" or len(file.parts) == 1)
                for file, frame in zip(self.of, frames, strict=True)
            ]
            columns = [frame[column] for frame, has in zip(frames, there, strict=True) if has]
            numbers = iter(_numbered(columns, letters, plain=True)[0])
            own = [
                next(numbers) if has else np.full(size, -1)
                for has, size in zip(there, sizes, strict=True)
            ]
            self._columns[name] = np.concatenate(own) if own else np.zeros(0, int)
        self._more = 1 + max((int(c.max()) for c in self._columns.values() if len(c)), default=0)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def pair(self, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """Return one number for two, -1 where one is missing."""
        return np.where((one < 0) | (two < 0), -1, one * self._more + two)

    def alone(self, codes: np.ndarray) -> np.ndarray:
        """Tell which rows have a code that no other row has."""
        _, where, times = np.unique(codes, return_inverse=True, return_counts=True)
        return times[where] == 1

    def seen(self, codes: np.ndarray) -> _Seen:
        """Return in which files codes stand, one per row."""
        return _Seen(codes, self["file"])


def _places(files: list) -> Iterator[PlausibilityError]:
    """Doubt schools whose name, postcode or municipality no other file has beside their code."""
    told = _Told(files)
    if len(told.of) < 2:
        return
    pairs, asked, other = {}, {}, {}
    for name in ("name", "postcode", "place", "kind"):
        there = told[name] >= 0
        pairs[name] = told.seen(told.pair(told["school"], told[name]))
        asked[name] = there & told.seen(np.where(there, told["school"], -1)).elsewhere
        other[name] = asked[name] & ~pairs[name].elsewhere
    # Municipalities merge: doubtful is one that the neighbours in the same file do not have.
    area = told.pair(told["file"], told["area"])
    alone = told.alone(told.pair(area, told["place"])) & ~told.alone(area)
    strange = other["place"] & alone
    for number, file in enumerate(told.of):
        own = told["file"] == number
        wide = file.parts[0]
        one = Slice(file, wide, int(wide.frame["year"].iloc[0]), wide.frame)
        mark = "postcode" if asked["postcode"][own].sum() >= ENOUGH else "name"
        moved = list(_moved_keys(one, mark, told, own, pairs[mark], asked[mark][own]))
        if moved:
            yield from moved
            continue
        strangers = list(_strangers(one, own, asked, other))
        if strangers:
            yield from strangers
            continue
        yield from _misplaced(one, asked["postcode"][own], other["postcode"][own])
        elsewhere = other["name"] & other["postcode"] & other["place"]
        yield from _mistyped(one, told, own, elsewhere)
        yield from _together(one, strange[own], other["kind"][own])


def _moved_keys(one: Slice, mark: str, told: _Told, own, pairs: _Seen, asked: np.ndarray):
    """Doubt codes beside which another file has the name or postcode of the next row."""
    if asked.sum() < ENOUGH:
        return
    schools, marks = told["school"][own], told[mark][own]
    agree = {0: pairs.elsewhere[own][asked].mean()}
    for rows in (-1, 1):
        moved = told.pair(np.roll(schools, rows), marks)
        agree[rows] = (pairs.times(moved) > 0)[asked].mean()
    best = max((-1, 1), key=agree.__getitem__)
    if agree[best] > agree[0] + 0.3:
        yield one.doubt(
            "moved",
            f"codes that fit the {mark} of {100 * agree[best]:.0f}% of the schools {_way(best)}",
            "the code of each school in its own row",
            f"the codes were moved by a row; {_AGAIN}",
            column=one.wide.header("school"),
        )


def _strangers(one: Slice, own, asked: dict, other: dict) -> Iterator[PlausibilityError]:
    """Doubt a column that says of most schools what no other file says of them."""
    columns = {"place": "municipality_code"}
    for name, limit in ELSEWHERE.items():
        strange, rows = other[name][own], int(asked[name][own].sum())
        if rows >= ENOUGH and strange.sum() > limit * rows:
            yield one.doubt(
                "place",
                f"{strange.sum()} of {rows} schools with another {name} than in any other file",
                f"the {name} that belongs to each code",
                f"the column was sorted without the others; {_AGAIN}",
                one.frame.index[int(strange.argmax())],
                one.wide.header(columns.get(name, name)),
            )
            return


def _misplaced(one: Slice, asked: np.ndarray, other: np.ndarray) -> Iterator[PlausibilityError]:
    """Doubt schools below each other that all have another postcode than elsewhere."""
    share = max(other.sum() / max(1, asked.sum()), 0.01)
    begins, length = _runs(other.astype(int))
    length = np.where(other[begins], length, 0)
    best = int(length.argmax())
    if length[best] >= 6 and -length[best] * np.log10(share) - np.log10(len(other)) > 5:
        yield one.doubt(
            "place",
            f"{length[best]} schools below each other with another postcode than in any other file",
            "the postcode that belongs to each code",
            f"the column was filled down or moved; {_AGAIN}",
            one.frame.index[begins[best]],
            one.wide.header("postcode"),
        )


def _mistyped(one: Slice, told: _Told, own, doubted: np.ndarray) -> Iterator[PlausibilityError]:
    """Doubt a code beside which stands a school of another municipality that is not there itself.

    Or whose own code stands beside such a school too. Schools that merge or get another BRIN stay
    where they are; and over the years a school may become another, so only files of the years
    beside this one are asked.
    """
    there, schools = set(told["school"][own]) - set(told["school"][own & doubted]), told.schools
    near = ~own & (np.abs(told["year"] - one.year) <= 2)
    first = int(own.argmax())
    for row in np.flatnonzero(own & doubted):
        same = near & (told["name"] == told["name"][row])
        same &= told["postcode"] == told["postcode"][row]
        typed = schools[told["school"][row]]
        # One file may be the last before a change; two agree on which school this is.
        agree = {n: told["file"][same & (told["school"] == n)] for n in set(told["school"][same])}
        right = sorted(
            schools[n]
            for n, files in agree.items()
            if n not in there and len(set(files)) > 1 and schools[n][:4] != typed[:4]
        )
        if right:
            yield one.doubt(
                "place",
                f"{typed} beside the name and postcode of {right[0]}",
                "the code that belongs to this school",
                f"one code was typed as another's; {_AGAIN}",
                one.frame.index[int(row) - first],
                one.wide.header("school"),
            )


def _together(one: Slice, strange: np.ndarray, kind: np.ndarray) -> Iterator[PlausibilityError]:
    """Doubt schools in a municipality where their postcode never lies, or of another kind."""
    near = np.convolve(strange, np.ones(BELOW, int))[BELOW - 1 :]
    if near.max() >= 3:
        yield one.doubt(
            "place",
            f"{near.max()} schools below each other in a municipality where their postcode does "
            "not lie",
            "the municipality of each school",
            f"the column was filled down; {_AGAIN}",
            one.frame.index[int(near.argmax())],
            one.wide.header("municipality_code"),
        )
    if kind.sum() > max(5, 0.02 * len(kind)):
        yield one.doubt(
            "kinds",
            f"{kind.sum()} schools of another kind than in any other file",
            "the kind of each school",
            _AGAIN,
            one.frame.index[int(kind.argmax())],
            one.wide.header("kind"),
        )
