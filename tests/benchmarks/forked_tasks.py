"""Do forked tasks deadlock? Runs tasks with polars, DuckDB and onnxruntime under the real scheduler.

    .venv/bin/python -m tests.benchmarks.forked_tasks 100

Needs what `make up` needs. Prints the time of the tasks; exit code 1 if one failed or hung.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

PORT = 8097
HUNG_S = 10.0
"""Seconds a task may take on average, several times what it does: beyond that one has hung."""


def main(tasks: int) -> int:
    with tempfile.TemporaryDirectory(prefix="standpoint-") as state:
        os.environ["STANDPOINT_STATE"] = state
        Path(state).chmod(0o755)  # where root runs this, Postgres runs as another user
        from ops import up

        up.up(PORT, dags=Path(__file__).parent / "dags", dag="forked")
        try:
            return run(tasks)
        finally:
            up.down()


def run(tasks: int) -> int:
    from ops.up import call

    start = time.monotonic()
    run_id = call(PORT, "/api/v2/dags/forked/dagRuns", {"logical_date": None, "conf": {"tasks": tasks}})["dag_run_id"]
    state = "queued"
    while state in ("queued", "running") and time.monotonic() - start < tasks * HUNG_S:
        time.sleep(1)
        state = call(PORT, f"/api/v2/dags/forked/dagRuns/{run_id}")["state"]
    seconds = time.monotonic() - start
    path = f"/api/v2/dags/forked/dagRuns/{run_id}/taskInstances?task_id=work&limit=1000"
    done = [task for task in call(PORT, path)["task_instances"] if task["task_id"] == "work"]
    durations = sorted(task["duration"] for task in done if task["state"] == "success")
    print(f"{state}: {len(durations)} of {tasks} tasks succeeded in {seconds:.0f} s", end="")
    if durations:
        print(f"; a task took {durations[len(durations) // 2]:.1f} s (median), {durations[-1]:.1f} s (longest)")
    return 0 if state == "success" and len(durations) == tasks else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
