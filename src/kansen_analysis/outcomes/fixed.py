"""Choices fixed beforehand that both the estimates and the pages name."""

from __future__ import annotations

VERSIONS = ("V1", "V2", "V3", "V4", "V5")
FEW = 40  # participants, or comparison schools, below which cluster errors are too small
BREAK = 2023  # first school year of the new test, norm and advice rule

# One school at a time (docs/methods.md).
WINDOW = 3  # school years taken together
MINIMUM = 30  # pupils in those years
TOO_FEW, INSIDE, ABOVE, BELOW = (
    "te weinig leerlingen",
    "binnen de marge",
    "boven de marge",
    "onder de marge",
)
