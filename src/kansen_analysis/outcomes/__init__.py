"""What is measured: hidden counts as intervals, and per outcome one row per school and year.

`OUTCOMES` names what a goal can be about; a goals.yml that names anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What is known of an outcome before any file is read.

    Attributes
    ----------
    value : str
        What it is, per school and school year.
    unit : str
        Of its value, in Dutch.
    needs : tuple of str
        Tables it cannot do without.
    uses : tuple of str
        Tables it can rest on beside those; without `needs`, at least one of these.
    way : str
        How it is estimated: ``plain``; ``advice``, where hidden counts take part of a change away;
        ``places``, where they are read against the programme; or nothing, for what is hidden so
        often that it can only be shown.
    lower : bool
        Whether its value is counted the other way round: of pupils below their advice, those who
        are not.
    """

    value: str
    unit: str
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    way: str = "plain"
    lower: bool = False

    def takes(self, sources: tuple[str, ...]) -> bool:
        """Tell whether it can be made of these tables, and can use each of them."""
        return (
            bool(sources)
            and set(self.needs) <= set(sources) <= {*self.needs, *self.uses}
            and len(set(sources)) == len(sources)
        )

    @property
    def wanted(self) -> str:
        """What `takes` asks for, in words."""
        if not self.uses:
            return ", ".join(self.needs)
        if not self.needs:
            return f"one or more of {', '.join(self.uses)}"
        return f"{', '.join(self.needs)} with none or more of {', '.join(self.uses)}"


_TESTS = ("leerresultaten", "referentieniveaus")
OUTCOMES = {
    "target_levels": Kind("levels 1S/2F reached, of all that could be", "procentpunt", uses=_TESTS),
    "test_score_z": Kind("test score, standardised by year and provider", "z", ("eindscores",)),
    "advice_above_expectation": Kind(
        "mean advice above what test, schoolweging and provider lead one to expect",
        "adviesniveau",
        ("schooladviezen",),
        (*_TESTS, "eindscores"),
        way="advice",
    ),
    "havo_vwo_share": Kind(
        "advices havo or higher", "procentpunt", ("schooladviezen",), way="advice"
    ),
    "special_education": Kind("advices vso or pro", "procentpunt", ("schooladviezen",), way=""),
    "places_leerjaar3": Kind(
        "pupils below their advice", "procentpunt", ("leerjaar3",), way="places", lower=True
    ),
    "havo_vwo_leerjaar3": Kind(
        "pupils on havo or vwo", "procentpunt", ("leerjaar3",), way="places"
    ),
}
# What stands in a page of its own; any other goal gets a page that is made for it.
PAGES = {
    (1, "target_levels"): "eindtoets",
    (2, "advice_above_expectation"): "schooladvies",
    (3, "places_leerjaar3"): "afstroom",
    (4, "special_education"): "zorg",
}
