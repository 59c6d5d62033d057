"""What opens doors is never repeated: not in a log, not in a table, not on the front page, not between tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import Lake, LakeError
from pipeline.logs import discreet
from pipeline.schemas import Articles

ROOT = Path(__file__).resolve().parents[1]
SECRETS = ("hunter2", "s3cr3t-t0ken")
CONFIG = """
[[outlets]]
domain = "harbourtimes.example"
name = "Harbour Times"
sources = [
  { kind = "feed", url = "http://desk:hunter2@127.0.0.1:9/feed.xml?token=s3cr3t-t0ken" },
  { kind = "sitemap", url = "http://desk:hunter2@127.0.0.1:9/sitemap.xml?api_key=s3cr3t-t0ken" },
]

[[archives]]
url = "http://desk:hunter2@127.0.0.1:9/{day}.jsonl.gz?sig=s3cr3t-t0ken"
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot fetch https://me:hunter2@a.example/feed: 503", "cannot fetch https://…a.example/feed: 503"),
        ("s3://KEY:hunter2@bucket/lake", "s3://…bucket/lake"),
        ("https://a.example/f?day=1&token=hunter2&x=2", "https://a.example/f?day=1&token=…&x=2"),
        ("https://a.example/f?Api_Key=hunter2", "https://a.example/f?Api_Key=…"),
        ("https://a.example/@handle and desk@a.example", "https://a.example/@handle and desk@a.example"),
        ("https://a.example/f?monkey=1", "https://a.example/f?monkey=1"),
    ],
)
def test_what_opens_doors_is_left_out_of_an_address(text: str, shown: str) -> None:
    assert discreet(text) == shown


def test_a_day_of_sources_with_passwords_repeats_none(tmp_path: Path) -> None:
    (tmp_path / "newsroom.toml").write_text(CONFIG + '\n[web]\nallow = ["127.0.0.0/8"]\nseconds_between = 0\n')
    env = os.environ | {
        "STANDPOINT_CONFIG": str(tmp_path / "newsroom.toml"),
        "STANDPOINT_LAKE": str(tmp_path / "lake"),
        "STANDPOINT_WAREHOUSE": str(tmp_path / "out" / "warehouse.duckdb"),
        "STANDPOINT_METRICS": str(tmp_path / "out" / "night.prom"),
        "STANDPOINT_LOG": "json",
    }
    command = [sys.executable, "-m", "tests.faults.program", "never", "", "0", "--", "run", "--day", "2026-01-05"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert "127.0.0.1:9" in done.stderr, "the failed sources are named"
    command = [sys.executable, "-m", "pipeline.cli", "status"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True).stdout
    said += done.stdout + done.stderr
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file())
    for secret in SECRETS:
        assert secret not in said
        assert secret.encode() not in written
    assert (tmp_path / "out" / "report.html").exists()


def test_a_lake_that_cannot_be_written_is_named_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lake = Lake(tmp_path / "file" / "lake")
    lake.root = "sftp://desk:hunter2@store.example/lake"
    with pytest.raises(LakeError) as error:
        lake.write(Articles, date(2026, 1, 5), Articles.create_empty())
    assert "store.example" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_tasks_hand_on_nothing_but_the_plan_of_shards(tmp_path: Path) -> None:
    """A whole run of the DAG with the newsroom, every value that passes between its tasks, and all that it logs."""
    from tests.faults.newsroom import set_up, settings

    set_up(tmp_path)
    code = """
import json, os
import tests.dags.conftest as own
from airflow.utils.db import initdb
initdb()
from dags.nightly import dag
from ops.run import run_day
from datetime import date
from pipeline import runs
from tests.faults.newsroom import SmallReader
runs.load_reader = lambda folder, threads: SmallReader()
state = run_day(dag, date(2026, 1, 5))
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
with create_session() as session:
    print("FOUND", json.dumps([state, [[x.task_id, x.key, x.value] for x in session.query(XComModel).all()]]))
"""
    env = os.environ | settings(tmp_path) | {"AIRFLOW_CONN_STANDPOINT_ALERTS": "https://:hunter2@hooks.example"}
    env |= {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert found, done.stderr[-3000:]
    state, values = json.loads(found[0].removeprefix("FOUND "))
    assert state == "success"
    given: dict[str, Any] = {task: value for task, key, value in values if key == "return_value"}
    assert set(given) == {"normalise"}
    assert given["normalise"] == [{"shard": n, "shards": 3} for n in range(3)]
    assert "hunter2" not in done.stdout + done.stderr + json.dumps(values)
