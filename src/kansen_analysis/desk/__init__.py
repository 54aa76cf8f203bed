"""The researcher's desk: an analysis of one's own, with the estimator and figures of the monitor.

What this package offers to who imports it is what `kansen_analysis.__all__` lists, and no more:
`docs/own-analysis.md` has an example of each, and says what stays the same over versions.
"""
