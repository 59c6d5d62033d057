"""A lake that an earlier version wrote is read, brought up to date and published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from pipeline.lake import ALL, Lake, LakeError
from pipeline.schemas import LAKE, Entities, Mentions, Runs, Statements
from pipeline.warehouse import build_warehouse
from tests.desk import CONFIG, DAY, write_week
from tests.faults.test_kill import warehouse

# Columns that these tables did not have before, and one that another no longer has.
CAME = {
    "runs": ["articles_in", "articles_out", "quarantined", "peak_megabytes", "run_id"],
    "entities": ["is_metonym", "is_modifier", "runner_up_id"],
    "statements": ["asserted", "hedged", "denied", "withheld", "asked", "targets"],
    "printings": ["published_at", "days"],
}
WENT = {"articles": {"story_id": pl.lit("s1"), "is_reprint": pl.lit(False)}}


@pytest.fixture
def old(tmp_path: Path) -> Lake:
    """The week of `tests.desk`, as an earlier version would have left it."""
    lake = write_week(Lake(tmp_path / "lake"))
    lake.write(Runs, DAY, Runs.validate(pl.DataFrame([a_run()], schema=columns(Runs))), "read-000")
    for table in CAME | WENT:
        for path in Path(lake.root).glob(f"table={table}/**/part-*.parquet"):
            frame = pl.read_parquet(path).drop(CAME.get(table, [])).with_columns(**WENT.get(table, {}))
            frame.write_parquet(path)
    return lake


def columns(schema: type[dy.Schema]) -> dict[str, pl.DataType]:
    return {name: column.dtype for name, column in schema.columns().items()}


def a_run() -> dict[str, object]:
    row: dict[str, object] = {
        "day": DAY,
        "stage": "read",
        "shard": 0,
        "started_at": None,
        "seconds": 1.0,
        "rows_in": 4,
        "rows_out": 9,
    }
    return row | {"started_at": datetime(2026, 3, 3, tzinfo=UTC), "code": "0.0.9", "reader": "r1"}


def test_parts_of_an_earlier_version_are_read_as_the_contract_says(old: Lake) -> None:
    assert old.read(Entities, DAY)["is_metonym"].to_list() == [False] * old.read(Entities, DAY).height
    assert old.read(Runs, DAY)["articles_in"].to_list() == [None]
    assert "story_id" not in old.read(LAKE["articles"], DAY).columns
    assert set(old.read(Statements, DAY).select("asserted", "denied").rows()) == {(1.0, 0.0)}


def test_a_label_of_commitment_becomes_a_certain_one(old: Lake) -> None:
    [path] = Path(old.root).glob(f"table=statements/day={DAY}/part-*.parquet")
    frame = pl.read_parquet(path)
    labels = [["denied", "hedged"][n % 2] for n in range(frame.height)]
    frame.with_columns(commitment=pl.Series(labels)).write_parquet(path)
    read = old.read(Statements, DAY)
    assert read["denied"].to_list() == [float(label == "denied") for label in labels]
    assert read["hedged"].to_list() == [float(label == "hedged") for label in labels]
    assert read["asserted"].sum() == 0


def test_an_upgrade_brings_every_part_to_the_contract_once(old: Lake) -> None:
    changed = sum(len(list(Path(old.root).glob(f"table={table}/**/part-*.parquet"))) for table in CAME | WENT)
    assert old.upgrade() == changed
    for table, schema in ALL.items():
        for path in Path(old.root).glob(f"table={table}/**/part-*.parquet"):
            assert pl.read_parquet_schema(path) == columns(schema)
    assert old.upgrade() == 0


def test_an_upgraded_lake_publishes_the_rows_of_one_that_was_never_old(old: Lake, tmp_path: Path) -> None:
    new = write_week(Lake(tmp_path / "new"))
    new.write(Runs, DAY, old.read(Runs, DAY), "read-000")
    old.upgrade()
    for name, lake in (("a", old), ("b", new)):
        (tmp_path / name).mkdir()
        build_warehouse(lake, tmp_path / name / "warehouse.duckdb", CONFIG, threads=2)
    assert warehouse(tmp_path / "a") == warehouse(tmp_path / "b")


def test_an_upgrade_that_was_killed_goes_on(old: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    put, count = Lake._put, 0

    def die(self: Lake, path: str, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        put(self, path, data)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Lake, "_put", die)
        old.upgrade()
    assert old.upgrade() > 0
    assert old.upgrade() == 0


def test_what_only_its_stage_can_give_is_named(old: Lake) -> None:
    [path] = Path(old.root).glob(f"table=mentions/day={DAY}/part-*.parquet")
    pl.read_parquet(path).drop("negative", "reader").write_parquet(path)
    with pytest.raises(LakeError, match="without negative, reader; run the day again"):
        old.read(Mentions, DAY)
    with pytest.raises(LakeError, match=f"1 days from {DAY} to {DAY} .*: standpoint backfill {DAY} {DAY}"):
        old.upgrade()


def test_the_lake_says_to_which_contracts_it_was_brought(old: Lake) -> None:
    old.upgrade()
    said = json.loads((Path(old.root) / "contracts.json").read_text())
    assert set(said) == set(ALL)
    assert said["runs"]["run_id"] == "String"


def test_days_that_come_later_do_not_make_the_lake_look_old(old: Lake) -> None:
    old.upgrade()
    old.write(Runs, date(2026, 3, 9), Runs.create_empty())
    assert old.upgrade() == 0
