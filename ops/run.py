"""`make run`: the nightly DAG for the sample days, or for days of your own newsroom, through Airflow in this process.

No scheduler and no server: the DAG's own `test` works through the tasks one after the other, in runs that carry a
partition key as a scheduler's do. `make up` is the one with servers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from unittest.mock import patch

from ops import home

if TYPE_CHECKING:
    from airflow.sdk import DAG

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the days; 0 = all went well, 1 = a task failed, 2 = the settings or the days cannot be used."""
    from pipeline.settings import SettingsError, load_settings

    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("first", nargs="?", type=date.fromisoformat, help="first day, YYYY-MM-DD")
    parser.add_argument("last", nargs="?", type=date.fromisoformat, help="last day; the first one where left out")
    chosen = parser.parse_args(arguments)
    first, last, is_sample = chosen.first, chosen.last or chosen.first, home.is_sample()
    if first is None:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        first, last = map(date.fromisoformat, home.SAMPLE_DAYS) if is_sample else (yesterday, yesterday)
    if last < first:
        parser.error(f"the last day {last} is before the first day {first}")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    home.make_home()
    log = home.STATE / "run.log"
    log.write_text("")
    with ExitStack() as stack:
        os.environ |= home.newsroom()
        try:
            load_settings().newsroom()
        except SettingsError as error:
            print(error, file=sys.stderr)
            return USAGE
        proxy = None
        if is_sample:
            from sample.serve import serving

            proxy = stack.enter_context(serving())
        env = home.environment(proxy=proxy)
        try:
            home.prepare(env, home.HOME / "prepared", log)
        except subprocess.CalledProcessError:
            print(f"Airflow's database could not be set up: {log} says why", file=sys.stderr)
            return FAILED
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ |= env
        with quiet(log) as screen:
            done = run_days(days, screen)
    if not done:
        print(f"The whole log: {log}", file=sys.stderr)
        return FAILED
    from ops.found import print_found

    print_found(Path(os.environ["STANDPOINT_WAREHOUSE"]))
    return OK


def run_days(days: list[date], screen: TextIO) -> bool:
    """Run the DAG for each day, a line on the screen for each; stops at the first day that fails."""
    print("Starting Airflow ...", file=screen, flush=True)
    from airflow.sdk.listener import get_listener_manager

    from dags.nightly import dag

    for task in dag.tasks:
        task.retries = 0  # somebody is watching: a failure is better said now than tried again for minutes
    get_listener_manager().add_listener(progress(screen))  # type: ignore[no-untyped-call]
    for number, day in enumerate(days, start=1):
        print(f"[{number}/{len(days)}] {day} ", end="", file=screen, flush=True)
        start = time.perf_counter()
        try:
            state = run_day(dag, day)
        except Exception as error:
            traceback.print_exc()
            print(f"\n{type(error).__name__}: {error}", file=screen)
            return False
        if state != "success":
            return False
        print(f"  {time.perf_counter() - start:.1f} s", file=screen, flush=True)
    return True


def run_day(dag: DAG, day: date) -> str:
    """One run of the DAG with the day as its partition key; returns the state that it ended in."""
    from airflow.serialization.definitions.dag import SerializedDAG

    at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)  # the tick that a scheduler gives the partition
    # `DAG.test` makes runs without a partition key; the logical date is there so that a second run replaces the first.
    with_key = partialmethod(SerializedDAG.create_dagrun, partition_key=day.isoformat(), partition_date=at)
    with patch.object(SerializedDAG, "create_dagrun", with_key):
        return str(dag.test(logical_date=at).state)


def progress(screen: TextIO) -> object:
    """Airflow's listener that writes each task's name when it has ended, a mapped one's for each shard."""
    from airflow.listeners import hookimpl

    class Progress:
        @hookimpl
        def on_task_instance_success(self, task_instance: Any) -> None:
            print(f" {task_instance.task_id}", end="", file=screen, flush=True)

        @hookimpl
        def on_task_instance_failed(self, task_instance: Any, error: Any) -> None:
            kind = "" if type(error).__name__ == "AirflowFailException" else f"{type(error).__name__}: "
            print(f"\n{task_instance.task_id} failed: {kind}{error}", file=screen, flush=True)

    return Progress()


@contextmanager
def quiet(log: Path) -> Iterator[TextIO]:
    """Send all that this process prints to the log, whoever prints it; yields the screen."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("a") as file, os.fdopen(os.dup(1), "w") as screen:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield screen
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in enumerate(kept, start=1):
                os.dup2(copy, number)
                os.close(copy)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; what was done is kept: run it again to go on")
