"""Stub."""


def doubts(files):
    """Stub."""
    return []
