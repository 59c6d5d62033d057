"""One file in the place of another: what is kept, what is brought up to date, what a reader sees."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.swap import clone, old_files, superfluous, swap
from tests.faults.readers import publish_while_they_read

TODAY = date(2026, 3, 9)


def at(day: int, hour: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def publish(path: Path, words: str, now: datetime, keep_days: int) -> None:
    new = path.with_name("new")
    new.write_text(words)
    swap(new, path, now, keep_days)


@pytest.mark.parametrize(
    ("keep_days", "spare"),
    [(0, ["5", "6", "7", "8", "9"]), (1, ["5", "6", "7", "8", "9"]), (2, ["5", "6", "7", "9"]), (9, ["9"])],
)
def test_what_was_published_is_kept_for_so_many_days(keep_days: int, spare: list[str], tmp_path: Path) -> None:
    for day in range(5, 10):
        (tmp_path / f"w.until-202603{day:02d}T020000000000Z.duckdb").write_text(str(day))
    assert sorted(file.read_text() for file in superfluous(tmp_path / "w.duckdb", TODAY, keep_days)) == spare


def test_of_a_day_the_last_is_kept(tmp_path: Path) -> None:
    for hour in (1, 3, 2):
        (tmp_path / f"w.until-20260308T{hour:02d}0000000000Z.duckdb").write_text(str(hour))
    assert sorted(file.read_text() for file in superfluous(tmp_path / "w.duckdb", TODAY, 7)) == ["1", "2"]


def test_a_swap_keeps_the_old_bytes_and_one_spare(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    for hour, words in enumerate(("one", "two", "three", "four")):
        publish(path, words, at(9, hour), keep_days=1)
    assert path.read_text() == "four"
    assert [file.read_text() for file in old_files(path)] == ["three"]


def test_another_file_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.until-20260301T020000000000Z.duckdb").touch()
    (tmp_path / "w.until-later.duckdb").touch()
    assert not superfluous(tmp_path / "w.duckdb", TODAY, 0)


def test_a_clone_has_the_same_bytes_and_is_another_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(100_000))
    clone(tmp_path / "file", tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == (tmp_path / "file").read_bytes()
    assert not (tmp_path / "new").samefile(tmp_path / "file")


def test_readers_see_one_publish_or_the_next_and_never_a_mixture(tmp_path: Path) -> None:
    assert publish_while_they_read(tmp_path, publishes=4) >= 4


def test_a_file_that_is_still_read_is_not_brought_up_to_date(tmp_path: Path) -> None:
    # A reader of the file that was published two publishes ago: it would be changed under its eyes.
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.readers", "hold", str(tmp_path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["1", "1", "4"], done.stderr
