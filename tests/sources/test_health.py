"""A source that keeps failing rests, longer each time."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from pipeline.sources.health import HISTORY_DAYS, rests_until

DAY = date(2026, 1, 31)


def history(words: str) -> dict[date, str]:
    """Statuses of the days before `DAY`, the last one yesterday's: f(ailed), r(esting), o(k), or - for no run."""
    status = {"f": "failed", "r": "resting", "o": "fetched", "e": "empty"}
    return {DAY - timedelta(days=n): status[word] for n, word in enumerate(reversed(words), 1) if word != "-"}


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("", 0),
        ("off", 0),
        ("ffo", 0),
        ("ffe", 0),
        ("fff", 1),
        ("ffff", 1),
        ("f-f-f", 1),
        ("fffr", 0),
        ("fffrf", 2),
        ("fffrfr", 1),
        ("fffrfrr", 0),
        ("fffrfrrf", 4),
        ("rrrrf", 7),
        ("rrrrrrrf", 7),
        ("rrrrrrrfrrr", 4),
        ("rrrrrrrfrrrrrrr", 0),
        ("rrrrrrrfo", 0),
        ("rrof", 0),
    ],
)
def test_a_source_that_keeps_failing_rests_longer_each_time(words: str, days: int) -> None:
    assert len(words) <= HISTORY_DAYS
    assert rests_until(history(words), DAY) == (DAY + timedelta(days=days) if days else None)


def test_a_dead_source_is_asked_once_a_week_in_the_end() -> None:
    """Two years of an outlet that never answers, day by day."""
    past: dict[date, str] = {}
    for n in range(730):
        day = DAY + timedelta(days=n)
        seen = {d: s for d, s in past.items() if d >= day - timedelta(days=HISTORY_DAYS)}
        past[day] = "resting" if rests_until(seen, day) else "failed"
    last = [day for day, status in past.items() if status == "failed"][-10:]
    assert {(b - a).days for a, b in itertools.pairwise(last)} == {8}
