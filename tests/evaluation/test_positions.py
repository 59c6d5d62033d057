"""What counts as a right position, and as a change of side that was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.evaluation.positions import score_positions, summary

EXPECTED = """
[[positions]]
issue = "toll"
ina-moss = { "2026-01-05" = "against", "2026-01-08" = "favour" }
piet-lund = { "2026-01-05" = "neutral" }
"""

Row = tuple[str, str, str | None, int]


def positions(folder: Path, rows: list[Row]) -> list[tuple[bool, bool]]:
    """(right, whole) of each expected position; a row is holder, issue, stance, day of January."""
    with duckdb.connect(folder / "w.duckdb") as connection:
        connection.execute(
            "CREATE TABLE stances (target_kind VARCHAR, target_id VARCHAR, holder_id VARCHAR, stance VARCHAR, "
            "published_on DATE, is_latest BOOLEAN, is_reprint BOOLEAN)"
        )
        for holder, issue, stance, day in rows:
            connection.execute(
                "INSERT INTO stances VALUES ('issue', ?, ?, ?, ?, true, false)",
                [issue, holder, stance, date(2026, 1, day)],
            )
    (folder / "expected.toml").write_text(EXPECTED)
    found = score_positions(folder / "w.duckdb", folder / "expected.toml")
    return [(position.is_right, position.is_whole) for position in found]


@pytest.mark.parametrize(
    ("rows", "moss"),
    [
        ([("ina-moss", "toll", "against", 5), ("ina-moss", "toll", "favour", 8)], (True, True)),
        ([("ina-moss", "toll", "against", 7)], (True, False)),  # the change is not shown
        ([("ina-moss", "toll", "favour", 8)], (False, False)),
        ([("ina-moss", "bridge", "against", 5)], (False, False)),  # another issue
        ([("ina-moss", "toll", None, 5)], (False, False)),  # the reader abstains
        ([("ina-moss", "toll", side, 5) for side in ("against", "against", "favour")], (True, False)),
        ([("ina-moss", "toll", side, 5) for side in ("against", "neutral", "neutral")], (True, False)),
        ([("ina-moss", "toll", side, 5) for side in ("against", "favour")], (False, False)),  # no side prevails
    ],
)
def test_a_position_is_right_if_most_sides_of_its_days_are(
    tmp_path: Path, rows: list[Row], moss: tuple[bool, bool]
) -> None:
    assert positions(tmp_path, rows)[0] == moss


@pytest.mark.parametrize(("rows", "is_right"), [([], False), ([("piet-lund", "toll", "neutral", 9)], True)])
def test_no_side_has_to_be_shown_to_be_right(tmp_path: Path, rows: list[Row], is_right: bool) -> None:
    assert positions(tmp_path, rows)[1] == (is_right, is_right)


def test_the_summary_counts_positions_and_changes(tmp_path: Path) -> None:
    positions(tmp_path, [("ina-moss", "toll", "against", 5), ("ina-moss", "toll", "favour", 9)])
    text = summary(score_positions(tmp_path / "w.duckdb", tmp_path / "expected.toml"))
    assert text.endswith("1 of 2 positions right; 1 of 1 changes of side found")
