"""A day killed with SIGKILL and run again ends as if nothing had happened, and nothing half-written is ever seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.faults.deaths import digests
from tests.faults.newsroom import DAYS, set_up, settings
from tests.published import rows

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = map(str, DAYS)


def run(folder: Path, day: str, *death: str) -> int:
    """Run a day of the newsroom in the folder, to its end or to its death; returns the exit code."""
    command = [sys.executable, "-m", "tests.faults.program", *(death or ("never", "", "0")), "--", "run", "--day", day]
    env = os.environ | settings(folder)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def lake(folder: Path) -> dict[str, bytes]:
    """Every file of the lake that a reader of it sees; the notes on when the stages ran left out."""
    files = sorted((folder / "lake").glob("table=*/day=*/part-*.parquet"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "table=runs" not in str(path)}


def warehouse(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    return rows(folder / "warehouse.duckdb")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    set_up(folder)
    for day in (FIRST, SECOND):
        assert run(folder, day) == 0
    return folder


def test_the_undisturbed_days_have_rows_in_every_table_of_the_lake(undisturbed: Path) -> None:
    tables = {path.split("/")[1] for path in lake(undisturbed)}
    # Its headlines name nobody, and its reader links no pronouns.
    for table in tables - {"table=quarantine", "table=headlines", "table=references"}:
        assert pl.scan_parquet(undisturbed / "lake" / table / "*" / "part-*.parquet").select(pl.len()).collect().item()
    assert len([path for path in lake(undisturbed) if "table=mentions" in path]) == 6  # three shards a day


def test_a_publish_killed_while_the_new_file_is_built_leaves_the_old_one(undisturbed: Path, tmp_path: Path) -> None:
    set_up(tmp_path)
    assert run(tmp_path, FIRST) == 0
    before = warehouse(tmp_path)
    assert run(tmp_path, SECOND, "open", "stance_daily.sql", "1") == -signal.SIGKILL
    assert warehouse(tmp_path) == before
    assert run(tmp_path, SECOND) == 0
    assert lake(tmp_path) == lake(undisturbed)
    assert warehouse(tmp_path) == warehouse(undisturbed)


@pytest.mark.timeout(1200)  # some forty lives
def test_a_day_killed_at_every_write_and_run_again_is_as_if_undisturbed(undisturbed: Path, tmp_path: Path) -> None:
    set_up(tmp_path)
    assert run(tmp_path, FIRST) == 0
    published = digests(tmp_path)["warehouse.duckdb"]
    whole = {path: digest for path, digest in digests(undisturbed).items() if "day=" in path}
    command = [sys.executable, "-m", "tests.faults.deaths", str(tmp_path), SECOND]
    env = os.environ | settings(tmp_path)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert lives[-1]["code"] == 0, done.stderr + (tmp_path / "said").read_text()

    died_at = [life["died_at"] for life in lives[:-1]]
    written = {path.split("/")[1] for path in whole} | {"table=runs", "table=printings", "table=publications"}
    assert {path.split("/")[1] for path in died_at if path.startswith("lake/")} == written
    swap = next(n for n, path in enumerate(died_at) if path.endswith("warehouse.duckdb"))
    for life in lives[: swap + 1]:
        assert life["files"]["warehouse.duckdb"] == published, "the old warehouse stays until the new one is whole"
    for life in lives:
        seen = {path: digest for path, digest in life["files"].items() if "day=" in path}
        assert seen.items() <= whole.items(), "a part is seen only when it is whole"
    assert lake(tmp_path) == lake(undisturbed)
    assert warehouse(tmp_path) == warehouse(undisturbed)
