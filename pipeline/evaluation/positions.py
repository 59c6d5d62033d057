"""Who stands where on the issues of the watch-list, day by day, against what a careful reader says.

    python -m pipeline.evaluation.positions WAREHOUSE EXPECTED.toml

EXPECTED holds tables `[[positions]]`: an issue, and for each holder (an entity id) the sides from each day on. The
sample newsroom's is `sample/expected.toml`.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

SIDES = ("against", "favour")


@dataclass(frozen=True)
class Position:
    """A holder's sides on an issue: from which day on which side is expected, and what the warehouse shows there."""

    issue: str
    holder: str
    expected: tuple[tuple[date, str], ...]
    shown: tuple[str | None, ...]

    @property
    def is_right(self) -> bool:
        """Whether the side that the holder is first expected to take is the one shown."""
        return self.shown[0] == self.expected[0][1]

    @property
    def is_change(self) -> bool:
        return len(self.expected) > 1

    @property
    def is_whole(self) -> bool:
        """Whether every side is right, from the first to the last."""
        return self.shown == tuple(side for _, side in self.expected)


def score_positions(warehouse: Path, expected: Path) -> list[Position]:
    """Every expected position with what the warehouse shows.

    What is shown from a day on, until the next side is expected, is the side that most labelled stances of those days
    take; neutral where none takes a side; None where there is no labelled stance.
    """
    tables = tomllib.loads(expected.read_text(encoding="utf-8"))["positions"]
    with duckdb.connect(warehouse, read_only=True) as connection:
        return [
            Position(
                table["issue"],
                holder,
                tuple(periods),
                tuple(_shown(connection, table["issue"], holder, *days) for days in _spans(periods)),
            )
            for table in tables
            for holder, sides in table.items()
            if holder != "issue"
            for periods in [sorted((date.fromisoformat(day), side) for day, side in sides.items())]
        ]


def _spans(periods: list[tuple[date, str]]) -> Iterator[tuple[date, date]]:
    """First and last day of each period."""
    for number, (first, _) in enumerate(periods):
        last = periods[number + 1][0] - timedelta(days=1) if number + 1 < len(periods) else date.max
        yield first, last


def _shown(connection: duckdb.DuckDBPyConnection, issue: str, holder: str, first: date, last: date) -> str | None:
    rows = connection.execute(
        "SELECT stance FROM stances WHERE target_kind = 'issue' AND target_id = ? AND holder_id = ? AND is_latest "
        "AND NOT is_reprint AND stance IS NOT NULL AND published_on BETWEEN ? AND ?",
        [issue, holder, first, last],
    ).fetchall()
    counts = Counter(stance for (stance,) in rows)
    if not counts:
        return None
    sides = {side: counts[side] for side in SIDES if counts[side]}
    if not sides or len(set(sides.values())) == 1 < len(sides):
        return "neutral"
    return max(sides, key=lambda side: sides[side])


def summary(positions: list[Position]) -> str:
    """A line for each position, and the two counts."""
    lines = [
        f"{'right' if p.is_whole else 'WRONG'}  {p.issue}  {p.holder}: "
        + ", ".join(f"{day} {side} (shown: {shown})" for (day, side), shown in zip(p.expected, p.shown, strict=True))
        for p in positions
    ]
    changes = [p for p in positions if p.is_change]
    right = f"{sum(p.is_right for p in positions)} of {len(positions)} positions right"
    return "\n".join([*lines, f"{right}; {sum(p.is_whole for p in changes)} of {len(changes)} changes of side found"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("expected", type=Path)
    arguments = parser.parse_args()
    print(summary(score_positions(arguments.warehouse, arguments.expected)))


if __name__ == "__main__":
    main()
