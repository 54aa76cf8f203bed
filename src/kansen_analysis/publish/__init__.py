"""From notebooks to a site: execute, render with one of two engines, keep a manifest."""

from kansen_analysis.publish.execute import execute_in_place
from kansen_analysis.publish.site import RenderConfig, RenderResult, render

__all__ = ["RenderConfig", "RenderResult", "execute_in_place", "render"]
