"""What may be shown of what people told: consent, until when, and the names it covers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

# A document that anybody can read needs nobody's consent.
PUBLIC = "openbaar document"

# Capitals in the middle of a sentence that are nobody's name, whatever the programme.
_NO_PERSONS = frozenset(
    (
        *("nederland", "nederlands", "nederlandse", "drenthe", "drents", "drentse", "overijssel"),
        *("groningen", "gronings", "europa", "engels", "duits", "frans", "arabisch", "turks"),
        *("pools", "oekraïne", "oekraïens", "syrië", "syrisch", "fries", "sinterklaas", "kerst"),
        *("pasen", "pinksteren", "hemelvaart", "ramadan", "suikerfeest", "koningsdag", "corona"),
        *("provincie", "inspectie", "hanze", "groep", "juf", "meester", "meneer", "mevrouw"),
    )
)
# Words a sentence may begin with before a verb in the singular, without being a name.
_OPENERS = frozenset(
    (
        *("hij", "zij", "ze", "het", "dat", "dit", "ik", "je", "jij", "wie", "wat", "er", "die"),
        *("niemand", "iedereen", "iemand", "alles", "niets", "daar", "hier", "toen", "nu", "dan"),
        *("ook", "zo", "waar", "hoe", "toch", "thuis", "school", "samen", "soms", "later", "eerst"),
        *("daarna", "daarom", "vandaag", "gisteren", "morgen", "wel", "niet", "lezen", "rekenen"),
        *("taal", "spelen", "praten", "luisteren", "helpen", "moeder", "vader", "oma", "opa"),
        *("zelf", "buiten", "binnen", "vaak", "meestal", "nog", "een", "één", "elk", "elke"),
    )
)
_VERBS = (
    "is|was|heeft|had|zegt|zei|vertelt|vertelde|komt|kwam|gaat|ging|wil|wilde|kan|kon|vindt|vond|"
    "doet|deed|ziet|zag|krijgt|kreeg|helpt|hielp|lacht|lachte|denkt|dacht|weet|wist|woont|woonde|"
    "werkt|werkte|belt|belde|vraagt|vroeg|leert|leerde|wordt|werd|durft|durfde|speelt|speelde"
)
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_ENDS_SENTENCE = re.compile(r"[.!?:;…][\"”’')\]]*\s*$|^\s*$|\n\s*[-*>]?\s*$|[\"“‘]\s*$")


def publication_day() -> str:
    """Return the day consent is judged on when nobody names another: today.

    Examples
    --------
    >>> len(publication_day())
    10
    """
    return date.today().isoformat()


def uncovered_names(text: str, known: Iterable[str], covered: Iterable[str]) -> list[str]:
    """Find words that look like somebody's name and that no consent covers.

    Every word with a capital inside a sentence counts, and a first word that goes with a verb in
    the singular ("Noor vertelt"). It errs on the side of asking: what is nobody's name is added to
    ``not_persons`` of the story. Abbreviations in capitals are left alone.

    Parameters
    ----------
    text : str
        What a reader would see.
    known : iterable of str
        Names that are nobody's: schools, municipalities, programmes, themes.
    covered : iterable of str
        Names that a consent covers.

    Returns
    -------
    list of str
        Each once, in the order of the text.

    Examples
    --------
    >>> uncovered_names("Noor vertelt dat juf Saar van De Eik hielp.", ["De Eik"], ["Saar"])
    ['Noor']
    """
    allowed = set(_NO_PERSONS)
    for phrase in (*known, *covered):
        allowed |= {word.lower() for word in _WORD.findall(phrase)}
    found = []
    for match in _WORD.finditer(text):
        word = re.sub(r"(?:[’']s|-)$", "", match[0])
        stem = re.split(r"[’'-]", word)[0]  # of IB’er
        if not word[0].isupper() or (len(stem) > 1 and stem.isupper()) or word.lower() in allowed:
            continue
        if _ENDS_SENTENCE.search(text[: match.start()]):
            after = text[match.end() :]
            another = re.match(r"\s+(?:(?:van|de|der|den|ten|ter)\s+)*[A-ZÀ-Ý][a-zà-ÿ]", after)
            verb = re.match(rf"\s+(?:{_VERBS})\b", after)
            if word.lower() in _OPENERS or not (another or verb):
                continue
        found.append(word)
    return list(dict.fromkeys(found))
