"""Which vestiging an OVT is.

An OVT (object van toezicht) is not a vestiging. ``C1`` is nearly always vestiging ``00``, but the
numbers behind the C follow no rule, so they are never translated: an OVT is matched when its BRIN
has one OVT and one vestiging, else by name within the BRIN, else it is listed.
"""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

# Words that say what kind of school it is, and so do not tell two schools of one BRIN apart.
_KIND_WORDS = frozenset(
    (
        *("basisschool", "basisonderwijs", "school", "kindcentrum", "locatie", "openbare"),
        *("bijzondere", "christelijke", "katholieke", "rooms", "protestants", "gereformeerde"),
        *("obs", "cbs", "rkbs", "kbs", "pcb", "pcbs", "gbs", "bs", "rk", "pc", "kc", "ikc"),
        *("de", "het", "van", "voor"),
    )
)

ONE_TO_ONE, BY_NAME, UNMATCHED = "enige vestiging", "naam", "niet gekoppeld"


def name_key(name: str) -> str:
    """Reduce a school's name to what tells it apart within its BRIN.

    Examples
    --------
    >>> name_key("Openbare Basisschool 't Hoge Land") == name_key("OBS 't Hoge Land")
    True
    """
    plain = unicodedata.normalize("NFKD", str(name)).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    own = [word for word in words if word not in _KIND_WORDS]
    return " ".join(own or words)


def existing(historical: pd.DataFrame, register: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """List the regular primary schools that existed in at least one of the years.

    Parameters
    ----------
    historical, register : pandas.DataFrame
        Tidy tables ``leerlingen_historisch`` and ``vestigingen``; either may be empty.
    years : list of int
        School years.

    Returns
    -------
    pandas.DataFrame
        One row per school with ``school``, ``brin`` and ``name``.
    """
    names = [
        frame[["school", "name"]].drop_duplicates().astype("str")
        for frame in (historical, register)
        if len(frame)
    ]
    if not names:
        return pd.DataFrame({"school": [], "brin": [], "name": []}, dtype="str")
    listed = pd.concat(names, ignore_index=True).dropna().drop_duplicates()
    if len(historical):  # it has every year; a register only says how things were on one day
        alive = historical[
            (historical["kind"] == "Bo")
            & historical["year"].isin(years)
            & (historical["pupils_high"] > 0)
        ]
        listed = listed[listed["school"].isin(alive["school"].unique())]
    listed["brin"] = listed["school"].str[:4]
    return listed.reset_index(drop=True)


def match_ovt(ovts: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Match each OVT to a vestiging, or say that it cannot be.

    Parameters
    ----------
    ovts : pandas.DataFrame
        ``ovt`` and, where known, ``name``; an OVT may stand there under several names.
    schools : pandas.DataFrame
        As `existing` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per OVT: ``ovt``, ``school`` (NA when not matched) and ``match``, one of
        ``enige vestiging``, ``naam``, ``niet gekoppeld``.

    Examples
    --------
    >>> ovts = pd.DataFrame({"ovt": ["90AA|C1", "90AB|C1", "90AB|C4"],
    ...                      "name": ["De Aa", "Het Bos", "OBS De Zee"]})
    >>> schools = pd.DataFrame({"school": ["90AA00", "90AB00", "90AB01"],
    ...                         "brin": ["90AA", "90AB", "90AB"],
    ...                         "name": ["De Aa", "Het Bos", "De Zee"]})
    >>> match_ovt(ovts, schools)
           ovt  school            match
    0  90AA|C1  90AA00  enige vestiging
    1  90AB|C1  90AB00             naam
    2  90AB|C4  90AB01             naam
    """
    ovts = ovts[["ovt", "name"]].drop_duplicates().assign(brin=lambda f: f["ovt"].str[:4])
    result = ovts[["ovt"]].drop_duplicates(ignore_index=True)
    brin = result["ovt"].str[:4]

    alone = schools.drop_duplicates("school").set_index("brin")["school"]
    alone = alone[~alone.index.duplicated(keep=False)]
    single = ~brin.duplicated(keep=False)
    result["school"] = brin.map(alone).where(single)
    result["match"] = result["school"].notna().map({True: ONE_TO_ONE, False: UNMATCHED})

    by_name = set(brin[result["school"].isna()])
    named, known = (f[f["brin"].isin(by_name)].dropna(subset="name") for f in (ovts, schools))
    named, known = (f.assign(key=f["name"].map(name_key)) for f in (named, known))
    pairs = named.merge(known, on=["brin", "key"])[["ovt", "school"]].drop_duplicates()
    unique = pairs[
        ~pairs["ovt"].duplicated(keep=False) & ~pairs["school"].duplicated(keep=False)
    ].set_index("ovt")["school"]
    open_ = result["school"].isna() & result["ovt"].isin(unique.index)
    named_school = result["ovt"].map(unique).astype("str")
    result["school"] = result["school"].astype("str").where(~open_, named_school)
    result["match"] = result["match"].where(~open_, BY_NAME)
    return result
