"""Goal 3 in plain Dutch: how a school gets its own figures."""

from __future__ import annotations


def own_figures() -> str:
    """Say where a school finds where its former pupils are in leerjaar 3.

    Examples
    --------
    >>> "NCO" in own_figures() and "vo-scholen" in own_figures()
    True
    """
    return (
        "Een school kan haar eigen cijfers krijgen. Het Nationaal Cohortonderzoek Onderwijs (NCO) "
        "maakt elk jaar een rapport per vestiging, ook over oud-leerlingen in het voortgezet "
        "onderwijs; het schoolbestuur krijgt een brief om het op te halen. Daarnaast melden "
        "vo-scholen terug waar oud-leerlingen zitten. Er is een formulier om de cijfers in te "
        "vullen; vraag het aan wie deze monitor maakt."
    )


def needed() -> str:
    """Say in one sentence what goal 3 waits for.

    Examples
    --------
    >>> "formulier" in needed()
    True
    """
    return (
        "cijfers die scholen zelf hebben, zoals het rapport dat het NCO voor elke school maakt. "
        "Er is een formulier."
    )
