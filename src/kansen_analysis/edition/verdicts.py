"""Stage 5: the verdict on every goal, by the rule of the protocol."""

from __future__ import annotations

from collections.abc import Mapping

from kansen_analysis.goals.rule import judge
from kansen_analysis.words.verdicts import worded


def run(inputs: Mapping) -> dict[str, object]:
    """Judge the estimates.

    Returns
    -------
    dict
        ``verdicts``: one row per goal, as `kansen_analysis.goals.rule.judge`, with the reason in
        Dutch; ``reasons``: by goal the same as codes with numbers; and the ``protocol`` that they
        follow from.
    """
    made, protocol = inputs["estimates"], inputs["protocol"]

    look = protocol.verdict.looks.of(inputs["year"])
    judged = judge(made["estimates"], protocol, made["guards"], look)

    return {
        "verdicts": worded(judged, protocol),
        "reasons": dict(zip(judged["goal"].tolist(), judged["reason"], strict=True)),
        "protocol": protocol,
    }
