"""From an edition to a site: execute notebooks, render with one of two engines, keep a manifest."""

from typing import Any

__all__ = ["RenderConfig", "RenderResult", "execute_in_place", "render"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: a process that only executes notebooks needs no engine."""
    if name == "execute_in_place":
        from kansen_analysis.publish.execute import execute_in_place

        return execute_in_place
    if name in __all__:
        from kansen_analysis.publish import site

        return getattr(site, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
