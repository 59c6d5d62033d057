"""Which sources rest: one that fails day after day is asked less and less often, once a week at least."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import takewhile

PATIENCE = 3
"""Failures in a row after which a source rests: an outage over a weekend is no habit."""
MAX_REST_DAYS = 7
"""Days of the longest rest, so that an outlet which comes back is missed for a week at most."""
HISTORY_DAYS = 2 * MAX_REST_DAYS + PATIENCE + 1
"""Days back that are looked at: the rest that may be going on, the failure before it, and what came before that."""


def rests_until(history: Mapping[date, str], day: date) -> date | None:
    """The day on which a source is asked again; None where it does not rest on `day`.

    `history` is its status on days before. The first rest is of one day, after `PATIENCE` failures in a row; each
    failure after a rest doubles it.
    """
    days = sorted((past for past in history if past < day), reverse=True)
    tried = [past for past in days if history[past] != "resting"]
    if not tried or history[tried[0]] != "failed":
        return None
    before = [history[past] for past in days if past <= tried[0]]
    failures = len(list(takewhile(lambda status: status == "failed", before)))
    rested = len(list(takewhile(lambda status: status == "resting", before[failures:]))) if failures < PATIENCE else 0
    if failures < PATIENCE and not rested:
        return None
    again = tried[0] + timedelta(days=1 + min(2 * rested or 1, MAX_REST_DAYS))
    return again if day < again else None
