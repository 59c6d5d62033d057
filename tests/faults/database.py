"""Airflow's database is gone for a minute while a day is read: the Airflow of `make up`, with its Postgres killed.

    STANDPOINT_STATE=/tmp/state python -m tests.faults.database [--port 8190] [--seconds 60]

Runs the sample's second day, kills Postgres with -9 while a shard is read, starts it again after the given time, waits
for the run, and does the day again undisturbed: the lake has to have the same bytes. Prints what each task was tried,
and exits with 1 where the run did not end well or the bytes differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from ops import home, up

DAYS = ("2026-01-05", "2026-01-06")
LONGEST_S = 900.0
"""For a run to end: a day of the sample takes a few seconds, and half a minute to be scheduled."""


def trigger(port: int, day: str) -> str:
    body = {"logical_date": None, "conf": {"day": day}}
    return str(up.call(port, "/api/v2/dags/nightly/dagRuns", body)["dag_run_id"])


def tasks(port: int, run: str) -> list[tuple[str, str, int]]:
    found = up.call(port, f"/api/v2/dags/nightly/dagRuns/{run}/taskInstances?limit=100")["task_instances"]
    return [(task["task_id"], str(task["state"]), int(task["try_number"])) for task in found]


def wait(port: int, run: str) -> str:
    """The state in which the run ended; whatever does not answer meanwhile is asked again."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        try:
            state = str(up.call(port, f"/api/v2/dags/nightly/dagRuns/{run}")["state"])
        except OSError:
            state = "unknown"
        if state in ("success", "failed"):
            return state
        time.sleep(1)
    return "unknown"


def digests(lake: Path, day: str) -> dict[str, str]:
    files = sorted(lake.glob(f"table=*/day={day}/part-*.parquet"))
    return {
        str(file.relative_to(lake)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if "table=runs" not in str(file)
    }


def kill_postgres_for(seconds: float) -> None:
    record = up._record()
    assert record
    process = psutil.Process(record.processes["postgres"][0])
    command, user = process.cmdline(), process.uids().real
    data = Path(command[command.index("-D") + 1])
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=10)
    print(f"Postgres was killed; {seconds:.0f} s without it", flush=True)
    time.sleep(seconds)
    (data / "postmaster.pid").unlink(missing_ok=True)
    with (up.LOGS / "postgres.log").open("ab") as log:
        again = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, user=user, cwd="/")
    born = psutil.Process(again.pid).create_time()
    processes = record.processes | {"postgres": (again.pid, born)}
    up.RECORD.write_text(json.dumps(up.Record(record.port, processes)._asdict()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    lake = home.STATE / "lake"
    os.environ |= {"STANDPOINT_LAKE": str(lake), "STANDPOINT_WAREHOUSE": str(home.STATE / "warehouse.duckdb")}
    os.environ["STANDPOINT_SHARD_ARTICLES"] = "2"
    up.up(given.port)
    try:
        print(f"{DAYS[0]}: {wait(given.port, trigger(given.port, DAYS[0]))}", flush=True)
        run = trigger(given.port, DAYS[1])
        until = time.monotonic() + LONGEST_S
        while not any(task == "read" and state == "running" for task, state, _ in tasks(given.port, run)):
            if time.monotonic() > until:
                sys.exit("no shard was ever read")
            time.sleep(0.2)
        kill_postgres_for(given.seconds)
        state = wait(given.port, run)
        print(f"{DAYS[1]}, disturbed: {state}")
        for task, ended, tries in tasks(given.port, run):
            print(f"  {task:10} {ended:10} tried {tries} times")
        disturbed = digests(lake, DAYS[1])
        again = wait(given.port, trigger(given.port, DAYS[1]))
        is_same = bool(disturbed) and digests(lake, DAYS[1]) == disturbed
        print(f"{DAYS[1]}, again: {again}; {len(disturbed)} files {'are the same' if is_same else 'DIFFER'}")
    finally:
        up.down()
    sys.exit(0 if state == again == "success" and is_same else 1)


if __name__ == "__main__":
    main()
