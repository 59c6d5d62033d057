"""What a run says to whoever watches it: the log, the row of `runs`, the metrics, the status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline.metrics import FIGURES, metrics, write_metrics
from tests.faults.newsroom import DAYS, set_up, settings

ROOT = Path(__file__).resolve().parents[1]
DAY = str(DAYS[0])


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsroom")
    set_up(folder)
    command = [sys.executable, "-m", "tests.faults.program", "never", "", "0", "--", "run", "--day", DAY]
    env = os.environ | settings(folder) | {"STANDPOINT_LOG": "json", "STANDPOINT_METRICS": str(folder / "night.prom")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder / "log").write_text(done.stderr)
    return folder


def test_every_line_of_the_log_is_json_with_run_day_stage_and_shard(newsroom: Path) -> None:
    events = [json.loads(line) for line in (newsroom / "log").read_text().splitlines()]
    assert {"run_id", "day", "stage", "shard", "event", "level", "timestamp"} <= set.intersection(*map(set, events))
    assert len({event["run_id"] for event in events}) == 1
    done = {(event["stage"], event["shard"]): event for event in events if event["event"] == "the stage is done"}
    assert set(done) == {("fetch", 0), ("normalise", 0), ("read", 0), ("read", 1), ("read", 2), ("entities", 0)} | {
        (stage, 0) for stage in ("stance", "sentiment", "publish")
    }
    assert done["read", 2]["articles_in"] == 1
    assert done["normalise", 0]["quarantined"] == 0


def test_the_row_of_runs_counts_articles_seconds_and_memory_and_names_the_run(newsroom: Path) -> None:
    with duckdb.connect(str(newsroom / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select stage, sum(articles_in), sum(articles_out), sum(quarantined), min(seconds) > 0, "
            "min(peak_megabytes) > 20, count(distinct run_id) from runs group by stage"
        ).fetchall()
    assert {stage: tuple(rest) for stage, *rest in rows} == {
        "fetch": (0, 5, 0, True, True, 1),
        "normalise": (5, 5, 0, True, True, 1),
        **dict.fromkeys(("read", "entities", "stance", "sentiment"), (5, 5, None, True, True, 1)),
    }


def test_the_publish_writes_the_figures_as_openmetrics(newsroom: Path) -> None:
    text = (newsroom / "night.prom").read_text()
    assert text.endswith("# EOF\n")
    assert "standpoint_warehouse_articles 5\n" in text
    assert 'standpoint_stage_articles_out{stage="read"} 5\n' in text
    assert 'standpoint_checks_failed{severity="blocking"} 0\n' in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert {line.removeprefix("standpoint_").split("{")[0].split(" ")[0] for line in lines} == set(FIGURES)


def test_the_figures_are_of_the_file_that_is_published(warehouse: Path, tmp_path: Path) -> None:
    write_metrics(warehouse, tmp_path / "folder" / "night.prom")
    assert (tmp_path / "folder" / "night.prom").read_text() == metrics(warehouse)
    assert f"standpoint_published_timestamp_seconds {warehouse.stat().st_mtime:.17g}\n" in metrics(warehouse)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["night.prom"]


def test_a_stage_that_fails_says_so_with_its_day(newsroom: Path, tmp_path: Path) -> None:
    set_up(tmp_path)
    env = os.environ | settings(tmp_path) | {"STANDPOINT_LOG": "json"}
    (tmp_path / "lake").touch()
    command = [sys.executable, "-m", "tests.faults.program", "never", "", "0", "--", "run", "--day", DAY]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    failed = [event for event in events if event["event"] == "the stage failed"]
    assert [(event["stage"], event["day"], event["level"]) for event in failed] == [("fetch", DAY, "error")]
    assert "check that STANDPOINT_LAKE" in failed[0]["error"]


def test_the_status_and_the_front_page_show_how_the_stages_ran(newsroom: Path) -> None:
    env = os.environ | settings(newsroom)
    command = [sys.executable, "-m", "pipeline.cli", "status"]
    shown = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1:5] for line in shown.splitlines() if f"{DAY}  " in line and " read " in line] == [
        ["read", "3", "5", "5"]
    ]
    page = (newsroom / "report.html").read_text()
    assert '<th scope="row">read, 3 shards</th>' in page
