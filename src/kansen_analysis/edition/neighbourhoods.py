"""Stage 8: what is known of the neighbourhoods that a programme works in."""

from __future__ import annotations

from collections.abc import Mapping

from kansen_analysis.schools import neighbourhoods as by_area
from kansen_analysis.schools.load import Until


def run(inputs: Mapping) -> dict[str, object]:
    """Look up schools, homes of pupils and care; nothing where no neighbourhood is named.

    Returns
    -------
    dict
        ``area_schools``, ``area_homes`` and ``area_care``, see
        `kansen_analysis.schools.neighbourhoods`.
    """
    tables = Until(inputs["tidy"], inputs["year"])
    where = by_area.areas(inputs["region"].neighbourhoods)

    return {
        "area_schools": by_area.schools_in(tables["vestigingen"], where),
        "area_homes": by_area.homes(tables["leerlingen_herkomst"], where),
        "area_care": by_area.care(tables["jeugdhulp"], where),
    }
