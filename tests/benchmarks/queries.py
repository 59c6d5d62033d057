"""How long the cookbook's questions take in a published file, beside the same kind of question on raw Parquet.

    python -m tests.benchmarks.queries WAREHOUSE.duckdb [LAKE]

Every file of `sql/examples` is asked five times on two threads, in one connection, as an analyst does; the median
counts. Given the lake, polars answers four of them from its Parquet files, on two threads as well.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from pipeline.warehouse import SQL

TIMES = 5
SEARCHES = ("FROM search_articles('babab toll') LIMIT 20", "FROM search_statements('vodin limib') LIMIT 20")


def median(ask: Callable[[], object]) -> float:
    """Milliseconds."""
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took)


def raw(lake: Path) -> dict[str, Callable[[], pl.DataFrame]]:
    """Questions of the cookbook as one asks the lake itself."""

    def scan(table: str) -> pl.LazyFrame:
        return pl.scan_parquet(lake / f"table={table}" / "day=*" / "part-*.parquet", hive_partitioning=False)

    month = scan("sentiments").select(pl.col("day").max()).collect().item() - pl.duration(days=28)
    person = scan("entities").select("name").head(1).collect().item()
    return {
        "who was named most in four weeks": lambda: (
            scan("entities").filter(pl.col("day") > month).group_by("entity_id").len().top_k(20, by="len").collect()
        ),
        "one entity's sentiment by outlet, four weeks": lambda: (
            scan("sentiments")
            .filter((pl.col("day") > month) & (pl.col("name") == person))
            .join(scan("articles").select("day", "article_id", "outlet"), on=["day", "article_id"])
            .group_by("outlet")
            .agg((pl.col("positive") - pl.col("negative")).mean())
            .collect()
        ),
        "one entity's sentiment by day, all days": lambda: (
            scan("sentiments")
            .filter(pl.col("name") == person)
            .group_by("day")
            .agg((pl.col("positive") - pl.col("negative")).mean())
            .collect()
        ),
        "articles that say a word": lambda: (
            scan("articles")
            .filter(pl.col("body").str.contains("babab", literal=True))
            .select("title")
            .head(20)
            .collect()
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("lake", type=Path, nargs="?")
    given = parser.parse_args()
    with duckdb.connect(given.warehouse, read_only=True, config={"threads": 2}) as con:
        mentions = con.execute("SELECT count(*) FROM mentions").fetchall()[0][0]
        print(f"{mentions:,} mentions; median of {TIMES}, milliseconds")
        questions = {file.stem: file.read_text() for file in sorted((SQL / "examples").glob("*.sql"))}
        took = {name: median(lambda sql=sql: con.execute(sql).fetchall()) for name, sql in questions.items()}  # type: ignore[misc]
        for name, milliseconds in took.items():
            print(f"  {name:44} {milliseconds:8.1f}")
        print(f"  {'median of all':44} {statistics.median(took.values()):8.1f}")
        print(f"  {'slowest':44} {max(took.values()):8.1f}")
        for search in SEARCHES:
            print(f"  {search:44.44} {median(lambda sql=search: con.execute(sql).fetchall()):8.1f}")  # type: ignore[misc]
    if given.lake:
        print("polars on the lake's Parquet files")
        for name, ask in raw(given.lake).items():
            print(f"  {name:44} {median(ask):8.1f}")


if __name__ == "__main__":
    main()
