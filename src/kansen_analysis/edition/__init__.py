"""An edition of the monitor: what was built from which files, and what may be published."""
