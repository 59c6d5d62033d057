"""The nightly DAG: its shape, its day, and whole runs of it with the stages' work left out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 1, 5)
EDGES = {
    "fetch": {"normalise"},
    "normalise": {"read"},
    "read": {"entities"},
    "entities": {"stance", "sentiment"},
    "stance": {"publish"},
    "sentiment": {"publish"},
    "publish": set(),
}


@pytest.fixture(scope="module")
def dag() -> Any:
    from dags.nightly import dag

    return dag


def test_the_folder_imports_cleanly_without_any_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    for name in ("LAKE", "WAREHOUSE", "CONFIG"):
        monkeypatch.delenv(f"STANDPOINT_{name}", raising=False)
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert not bag.import_errors
    assert list(bag.dags) == ["nightly"]


def test_the_tasks_are_the_stages_in_their_order(dag: Any) -> None:
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == EDGES


def test_every_stage_of_the_pipeline_is_a_task(dag: Any) -> None:
    from pipeline.runs import STAGES

    assert set(STAGES) == set(dag.task_ids)


def test_the_page_in_the_ui_is_the_docstring_and_names_every_task(dag: Any) -> None:
    import dags.nightly

    assert dag.doc_md == dags.nightly.__doc__
    assert all(f"`{task.task_id}`" in dag.doc_md for task in dag.tasks)


def test_the_form_explains_its_field(dag: Any) -> None:
    assert "UTC day" in dag.params.get_param("day").description


def test_publish_takes_the_pool_that_the_set_up_makes(dag: Any) -> None:
    from dags.nightly import PUBLISH_POOL

    assert dag.get_task("publish").pool == PUBLISH_POOL
    assert f'"pools", "set", "{PUBLISH_POOL}", "1"' in (ROOT / "ops" / "home.py").read_text()


def test_every_task_is_tried_again_later_and_later_and_not_for_ever(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries > 0
        assert task.retry_exponential_backoff > 1
        assert task.execution_timeout is not None


def test_every_table_of_the_lake_and_the_warehouse_are_assets(dag: Any) -> None:
    from pipeline.schemas import LAKE

    tables = set(LAKE) - {"fetches", "runs", "visits"}  # notes about the work, written along with it
    assert {outlet.name for task in dag.tasks for outlet in task.outlets} == tables | {"warehouse"}


def test_the_run_of_a_night_has_the_day_before_it_as_its_key(dag: Any) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable

    timetable: Any = coerce_to_core_timetable(dag.timetable)
    [info] = timetable.iter_partition_dagrun_infos(
        earliest=datetime(2026, 1, 5, tzinfo=UTC), latest=datetime(2026, 1, 5, 23, 59, tzinfo=UTC)
    )
    assert info.partition_key == "2026-01-05"
    assert timetable._get_partition_info(datetime(2026, 1, 6, 2, tzinfo=UTC))[1] == "2026-01-05"


@pytest.mark.parametrize(
    ("key", "param", "day"),
    [
        ("2026-01-05", None, DAY),
        (None, "2026-01-05", DAY),
        ("2026-01-05", "2026-01-05", DAY),
        (None, None, date(2026, 3, 9)),  # the last whole day before 00:30 UTC on 10 March
    ],
)
def test_the_day_is_the_key_or_the_param_or_the_last_whole_day(
    key: str | None, param: str | None, day: date, in_task: Callable[..., None]
) -> None:
    from dags.nightly import chosen_day

    in_task(partition_key=key, param=param, run_after=datetime.fromisoformat("2026-03-09T19:30:00-05:00"))
    assert chosen_day() == day


@pytest.mark.parametrize(
    ("key", "param", "message"),
    [
        ("2026-01-05", "2026-01-06", "the partition key is 2026-01-05 and the param day is 2026-01-06"),
        ("yesterday", None, "yesterday is not a day: write it as YYYY-MM-DD"),
    ],
)
def test_a_day_that_is_none_fails_at_once(
    key: str | None, param: str | None, message: str, in_task: Callable[..., None]
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from dags.nightly import chosen_day

    in_task(partition_key=key, param=param, run_after=datetime(2026, 3, 10, tzinfo=UTC))
    with pytest.raises(AirflowFailException, match=message):
        chosen_day()


@pytest.fixture
def in_task(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the context that a task would have."""

    def enter(*, partition_key: str | None, param: str | None, run_after: datetime) -> None:
        context = {"partition_key": partition_key, "params": {"day": param}}
        context["dag_run"] = SimpleNamespace(run_after=run_after)
        monkeypatch.setattr("dags.nightly.get_current_context", lambda: context)

    return enter


def test_parsing_the_dag_loads_no_library_that_owns_threads() -> None:
    code = "import sys, dags.nightly; print(sorted({'polars', 'duckdb', 'onnxruntime', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# --- whole runs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Puts a note in the place of every stage's work; the day is cut into three shards."""
    import pipeline.runs

    noted: list[tuple[Any, ...]] = []
    for stage in pipeline.runs.STAGES:

        def note(day: date, settings: object, *shard: int, stage: str = stage, today: date | None = None) -> list[str]:
            noted.append((stage, day, *shard))
            return ["a source: a problem"]

        monkeypatch.setattr(pipeline.runs, f"run_{stage}", note)
    monkeypatch.setattr(pipeline.runs, "plan_shards", lambda day, settings: 3)
    for name in ("LAKE", "WAREHOUSE", "CONFIG"):
        monkeypatch.setenv(f"STANDPOINT_{name}", str(tmp_path / name.lower()))
    return noted


@contextmanager
def no_retries(dag: Any) -> Iterator[None]:
    retries = {task.task_id: task.retries for task in dag.tasks}
    for task in dag.tasks:
        task.retries = 0
    yield
    for task in dag.tasks:
        task.retries = retries[task.task_id]


@pytest.mark.usefixtures("airflow_database")
def test_a_run_does_every_stage_of_its_partition_key(dag: Any, calls: list[tuple[Any, ...]]) -> None:
    from ops.run import run_day

    assert run_day(dag, DAY) == "success"
    assert [stage for stage, *_ in calls][:2] == ["fetch", "normalise"]
    assert sorted(call[2:] for call in calls if call[0] == "read") == [(0, 3), (1, 3), (2, 3)]
    assert {stage for stage, *_ in calls[6:8]} == {"stance", "sentiment"}
    assert calls[-1][0] == "publish"
    assert {day for _, day, *_ in calls} == {DAY}


@pytest.mark.usefixtures("airflow_database")
def test_airflows_own_test_command_takes_the_day_as_a_param(dag: Any, calls: list[tuple[Any, ...]]) -> None:
    run = dag.test(logical_date=datetime(2026, 2, 1, tzinfo=UTC), run_conf={"day": DAY.isoformat()})
    assert run.state == "success"
    assert {day for _, day, *_ in calls} == {DAY}
    assert dag.deadline, "the alarm is still there for the scheduler"


@pytest.mark.usefixtures("airflow_database")
def test_a_stage_that_fails_stops_its_day(
    dag: Any, calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ops.run import run_day

    def fail(day: date, settings: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("pipeline.runs.run_entities", fail)
    with no_retries(dag):
        assert run_day(dag, DAY) == "failed"
    assert {stage for stage, *_ in calls} == {"fetch", "normalise", "read"}


@pytest.mark.usefixtures("airflow_database")
def test_settings_that_cannot_be_used_are_not_tried_again(
    dag: Any, calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ops.run import run_day

    monkeypatch.delenv("STANDPOINT_LAKE")
    assert run_day(dag, DAY) == "failed"
    assert not calls
