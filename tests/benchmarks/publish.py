"""What it costs to publish a day into years of history, beside making the whole file anew.

    python -m tests.benchmarks.publish FOLDER [--mentions 30000000]

Writes an invented press of that many mentions (`history.py`) into FOLDER where it is not there yet, then publishes in
one process after another and prints seconds and peak memory of each: the whole history anew; a new day, into a copy of
the file; the next day, into the file before, which is brought up to date; a day two years back, run again.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.lake import Lake
from pipeline.warehouse import build_warehouse
from tests.benchmarks.history import CONFIG, FIRST, SENTENCES, write_history, write_printings

ARTICLES = 205
"""A day."""
ROOT = Path(__file__).resolve().parents[2]


def publish(folder: Path, minutes: int, is_rebuild: bool) -> None:
    now = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(minutes=minutes)
    start = time.perf_counter()
    rows = build_warehouse(
        Lake(folder / "lake"), folder / "warehouse.duckdb", CONFIG, threads=2, is_rebuild=is_rebuild, now=now
    )
    seconds, memory = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = (folder / "warehouse.duckdb").stat().st_size / 1e6
    print(f"{seconds:8.1f} s {memory:6.0f} MB peak, {rows['rows_in']:,} rows read; the file has {size:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mentions", type=int, default=30_000_000)
    parser.add_argument("--publish", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rebuild", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.publish is not None:
        publish(given.folder, given.publish, given.rebuild)
        return
    lake, days = given.folder / "lake", given.mentions // (ARTICLES * SENTENCES)
    lake.mkdir(parents=True, exist_ok=True)
    there = len(list((lake / "table=mentions").glob("day=*")))
    if there < days:
        start = time.perf_counter()
        write_history(lake, there, days, ARTICLES)
        print(f"wrote {days - there} days in {time.perf_counter() - start:.0f} s", flush=True)
    days = max(there, days)
    write_printings(lake, days + 2, ARTICLES)

    def step(what: str, number: int, *options: str) -> None:
        print(f"{what:52}", end="", flush=True)
        command = [sys.executable, "-m", "tests.benchmarks.publish", str(given.folder), "--publish", str(number)]
        subprocess.run([*command, *options], cwd=ROOT, check=True)

    print(f"{days} days, {days * ARTICLES:,} articles, {days * ARTICLES * SENTENCES:,} mentions, 2 threads", flush=True)
    step("everything anew", 0, "--rebuild")
    write_history(lake, days, days + 1, ARTICLES)
    step("a new day, into a copy of the file", 1)
    write_history(lake, days + 1, days + 2, ARTICLES)
    step("a new day, into the file before", 2)
    back = max(0, days - 730)
    write_history(lake, back, back + 1, ARTICLES)
    step(f"day {back} run again, into the file before", 3)
    step("nothing has changed", 4)


if __name__ == "__main__":
    main()
