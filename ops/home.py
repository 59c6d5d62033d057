"""The local Airflow: where it lives, the environment of its processes, and its set-up."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DAGS = ROOT / "dags"
STATE = Path(os.environ.get("STANDPOINT_STATE", ROOT / ".standpoint"))
"""Airflow's home, its database, logs and secrets: safe to delete while nothing runs."""
HOME = STATE / "airflow"
SQLITE = f"sqlite:///{HOME / 'airflow.db'}"
USERS = {"ops": "admin", "desk": "user", "guest": "viewer"}
SAMPLE_DAYS = ("2026-01-05", "2026-01-11")


def is_sample() -> bool:
    """Whether the sample newsroom is run: so long as the environment names no configuration of the user's own."""
    return "STANDPOINT_CONFIG" not in os.environ


def newsroom() -> dict[str, str]:
    """The pipeline's settings: the user's own, and for what they leave out the sample's or a place in `data/`."""
    place = ROOT / "data" / ("sample" if is_sample() else "")
    defaults = {
        "STANDPOINT_CONFIG": str(ROOT / "sample" / "standpoint.toml"),
        "STANDPOINT_LAKE": str(place / "lake"),
        "STANDPOINT_WAREHOUSE": str(place / "warehouse.duckdb"),
    }
    return defaults | {key: value for key, value in os.environ.items() if key.startswith("STANDPOINT_")}


def environment(
    database: str = SQLITE, *, port: int = 8080, proxy: str | None = None, dags: Path = DAGS
) -> dict[str, str]:
    """The environment of every Airflow process: its own home, loopback only, nothing of another Airflow's.

    `proxy` is the address of the sample's web, for the outlets whose pages it holds.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    airflow = {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": _secret("api-secret"),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret("jwt-secret"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(max(2, os.cpu_count() or 2)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # a busy machine answers late: that is no reason to fail
        "PYTHONPATH": str(ROOT),
    }
    if database.startswith("postgresql"):
        airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = database  # psycopg does both; the default is asyncpg
    # Tasks talk to Airflow's own server too: that never goes through a proxy, neither the sample's nor the user's.
    direct = ",".join(filter(None, [inherited.get("no_proxy", inherited.get("NO_PROXY")), "127.0.0.1", "localhost"]))
    web = {"no_proxy": direct} | ({} if proxy is None else {"http_proxy": proxy})
    both_cases = web | {name.upper(): value for name, value in web.items()}
    return inherited | newsroom() | airflow | both_cases


def prepare(env: dict[str, str], stamp: Path, log: Path) -> None:
    """Create or migrate Airflow's database and create the pools, unless `stamp`, kept beside it, says that it is done.

    Raises:
        subprocess.CalledProcessError: Airflow said no; `log` says why.
    """
    if stamp.exists() and stamp.read_text() == version("apache-airflow"):
        return
    print("Setting up Airflow's database, once ...", flush=True)
    with log.open("a") as out:
        for command in (["db", "migrate"], ["pools", "set", "publish", "1", "The warehouse has one writer at a time."]):
            subprocess.run([*AIRFLOW, *command], env=env, cwd=ROOT, stdout=out, stderr=out, check=True)
    stamp.write_text(version("apache-airflow"))


AIRFLOW = [sys.executable, "-m", "airflow"]


def logins() -> dict[str, str]:
    """User names and passwords of the local Airflow, made once."""
    path = HOME / "passwords.json"
    if not path.exists():
        _write_private(path, json.dumps({name: secrets.token_urlsafe(12) for name in USERS}))
    return dict(json.loads(path.read_text()))


def make_home() -> None:
    """The folders, for their owner alone where they hold secrets."""
    HOME.mkdir(parents=True, exist_ok=True)
    HOME.chmod(0o700)


def _secret(name: str) -> str:
    path = HOME / name
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
