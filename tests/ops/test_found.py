"""The end of `make run`."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ops.found import print_found


def test_it_shows_who_was_found_and_where_the_warehouse_is(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_found(warehouse)
    shown = capsys.readouterr().out
    with duckdb.connect(str(warehouse), read_only=True) as con:
        [(name,)] = con.sql("from entity_sentiment_daily select name order by articles desc, name limit 1").fetchall()
        [(articles,)] = con.sql("select count(*) from articles").fetchall()
    assert name in shown
    assert f"{articles} articles" in shown
    assert str(warehouse) in shown


def test_it_names_the_sources_that_failed(warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(copy)) as con:
        con.execute("update fetches set status = 'failed', problem = 'the feed is cut off'")
    print_found(copy)
    assert "the feed is cut off" in capsys.readouterr().out
