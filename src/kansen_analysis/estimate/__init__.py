"""Specifications, regression, inference, sensitivity and power; figures, no words."""
