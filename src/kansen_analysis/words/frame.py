"""What stands around every page, in Dutch; another site can say it otherwise, by the same keys."""

DUTCH = {
    "skip": "Naar de inhoud",
    "search": "Zoeken",
    "search-in": "Zoeken in de monitor",
    "menu": "Hoofdmenu",
    "way": "Kruimelpad",
    "contents": "Op deze pagina",
    "beside": "Vorige en volgende pagina",
    "before": "Vorige",
    "after": "Volgende",
    "notes": "Voetnoten",
    "back": "Terug naar de tekst",
    "annex": "Alle cijfers in één werkmap (xlsx)",
}
