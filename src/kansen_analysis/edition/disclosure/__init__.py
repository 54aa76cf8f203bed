"""What may be published about pupils: one rule for each kind of count, in one place.

- `counts`: printed counts, as the publisher's own ``<5``; the frame that charts and files share.
- `supplied`: counts that schools supply and nobody publishes.
- `joined`: two publishers whose figures together would give away what one of them hides.
"""

from kansen_analysis.edition.disclosure.counts import REASON, disclose

__all__ = ["REASON", "disclose"]
