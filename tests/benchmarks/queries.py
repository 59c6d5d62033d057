"""How long the cookbook's questions take in a published file, beside the same questions asked of raw Parquet.

    python -m tests.benchmarks.queries WAREHOUSE.duckdb [LAKE]

Every file of `sql/examples` is asked five times on two threads, in one connection, as an analyst does; the median
counts, and the first time is shown beside it. Given the lake, polars answers ten of them from its Parquet files, on two
threads as well, and is told which days' files to open; it leaves out what the questions do about revisions.
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


def times(ask: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds: the first time, and the median of all."""
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - start))
    return took[0], statistics.median(took)


def raw(lake: Path) -> dict[str, Callable[[], pl.DataFrame]]:
    """Questions of the cookbook, as one asks the lake itself."""
    days = sorted(path.name for path in (lake / "table=articles").iterdir())

    def scan(table: str, last: int = 28) -> pl.LazyFrame:
        """The last days of a table; 0 = all of them."""
        files = [lake / f"table={table}" / day / "part-*.parquet" for day in days[-last:]]
        return pl.scan_parquet(files, hive_partitioning=False)

    key = ["day", "article_id"]
    score = (pl.col("positive") - pl.col("negative")).alias("score")
    span = [*key, "start", "end"]
    outlets = scan("articles").select(*key, "outlet")
    who = scan("entities").select(*span, "entity_id", pl.col("name").alias("who"))
    issues = pl.col("target_kind") == "issue"
    is_for, is_against = (pl.col("stance") == side for side in ("favour", "against"))
    sentiments, mentions = scan("sentiments"), scan("mentions").join(who, on=span)
    printings = pl.scan_parquet(lake / "table=printings" / "part-*.parquet")
    told = scan("articles").select("article_id", "outlet", "title").join(printings, on="article_id")
    most_quoted = scan("stances").select("holder").collect().to_series().mode().sort()[0]

    def said(last: int) -> pl.LazyFrame:
        speakers = scan("entities", last).select(*key, pl.col("start").alias("speaker_start"), "name")
        return scan("statements", last).join(speakers, on=[*key, "speaker_start"])

    def together() -> pl.DataFrame:
        named = mentions.select("article_id", "entity_id").unique()
        often = named.group_by("entity_id").len("articles").top_k(100, by="articles")
        seen = named.join(often, on="entity_id")
        pairs = seen.join(seen, on="article_id").filter(pl.col("entity_id") < pl.col("entity_id_right"))
        return pairs.group_by("entity_id", "entity_id_right").len().top_k(20, by="len").collect()

    def treated() -> pl.DataFrame:
        people = sentiments.filter(pl.col("type") == "PER")
        top = people.group_by("name").len().top_k(5, by="len")
        groups = people.join(top, on="name").join(outlets, on=key).group_by("name", "outlet")
        return groups.agg(score.mean(), score.std().alias("spread"), pl.len().alias("n")).collect()

    def changed() -> pl.DataFrame:
        side = (pl.col("favour") - pl.col("against")).alias("side")
        by_day = scan("stances", 0).filter(issues & pl.col("holder_id").is_not_null())
        runs = by_day.group_by("holder_id", "target_id", "day").agg(side.sum(), pl.len().alias("n")).sort("day")
        sums = runs.with_columns(
            pl.col("side", "n").cum_sum().over("holder_id", "target_id").name.suffix("_before"),
            pl.col("side", "n").sum().over("holder_id", "target_id").name.suffix("_all"),
        )
        return sums.filter(pl.col("side_before") * (pl.col("side_all") - pl.col("side_before")) < 0).collect()

    return {
        "all_that_one_person_said": lambda: (
            said(0).filter(pl.col("name") == most_quoted).top_k(20, by="day").select("day", "text").collect()
        ),
        "biggest_stories": lambda: (
            told.group_by("story_id").agg(pl.col("outlet").n_unique(), pl.len()).top_k(10, by="outlet").collect()
        ),
        "for_and_against": lambda: (
            scan("stances")
            .filter(issues)
            .group_by("target", "holder")
            .agg(is_for.sum().alias("favour"), is_against.sum().alias("against"))
            .collect()
        ),
        "how_each_outlet_treats_one_person": treated,
        "most_reprinted_story": lambda: (
            told.drop_nulls("reprint_of").group_by("reprint_of").len().top_k(10, by="len").collect()
        ),
        "own_voice_or_speakers": lambda: (
            mentions.filter(pl.col("type") == "PER")
            .group_by("who", pl.col("statement_id").is_null().alias("is_own"))
            .agg(score.mean(), pl.len().alias("n"))
            .collect()
        ),
        "who_appears_with_whom": together,
        "who_attacks_whom": lambda: (
            scan("stances")
            .filter(~issues)
            .group_by("holder", "target")
            .agg(is_against.sum().alias("against"), is_for.sum().alias("favour"))
            .top_k(20, by="against")
            .collect()
        ),
        "who_gets_quoted_where": lambda: said(28).join(outlets, on=key).group_by("outlet", "name").len().collect(),
        "whose_stance_changed": changed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("lake", type=Path, nargs="?")
    given = parser.parse_args()
    peers = raw(given.lake) if given.lake else {}
    took = {}
    with duckdb.connect(given.warehouse, read_only=True, config={"threads": 2}) as con:
        mentions = con.execute("SELECT count(*) FROM mentions").fetchall()[0][0]
        print(f"{mentions:,} mentions; milliseconds: the first time, the median of {TIMES}, and polars on the lake")
        questions = {file.stem: file.read_text() for file in sorted((SQL / "examples").glob("*.sql"))}
        for name, sql in questions.items():
            first, took[name] = times(lambda sql=sql: con.execute(sql).fetchall())  # type: ignore[misc]
            peer = f"{times(peers[name])[1]:10.1f}" if name in peers else ""
            print(f"  {name:44} {first:8.1f} {took[name]:8.1f} {peer}", flush=True)
        print(f"  {'median of all':44} {'':8} {statistics.median(took.values()):8.1f}")
        print(f"  {'slowest':44} {'':8} {max(took.values()):8.1f}")
        for search in SEARCHES:
            first, again = times(lambda sql=search: con.execute(sql).fetchall())  # type: ignore[misc]
            print(f"  {search:44.44} {first:8.1f} {again:8.1f}")


if __name__ == "__main__":
    main()
