"""Choices fixed beforehand that both the estimates and the pages name."""

from __future__ import annotations

VERSIONS = {
    "V1": "alle jaren vooraf, alle vergelijkbare scholen",
    "V2": "zonder de twee jaren vlak voor de eigen start",
    "V3": "zonder de twee jaren vlak voor de eerste start",
    "V4": "alleen vergelijkbare scholen uit de eigen regio",
}
FEW = 40  # below this many participants cluster errors are too small (METHODS 5.5)
BREAK = 2023  # first school year of the new test, norm and advice rule

# One school at a time (METHODS 3.6).
WINDOW = 3  # school years taken together
MINIMUM = 30  # pupils in those years
TOO_FEW, INSIDE, ABOVE, BELOW = (
    "te weinig leerlingen",
    "binnen de marge",
    "boven de marge",
    "onder de marge",
)
