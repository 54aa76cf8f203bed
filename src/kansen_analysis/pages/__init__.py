"""What each page of the monitor shows: one module per notebook, functions from monitor to display.

The notebooks call these and hold no logic of their own.
"""
