"""What it costs to tell who is who, with a million names known and on days of 1, 10 and 100 times as many articles.

    python -m tests.benchmarks.entities LAKE [--names 1000000] [--times 1 10 100]

LAKE holds days that were read. All its articles as one day are the measure: `times 100` is a day of a hundred times as
many, copied. Prints, for each size, the microseconds a mention that one look-up takes among the names (wall), the
milliseconds an article that the stage takes as a run does it (wall and CPU, look-ups included), and the peak resident
memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.gazetteer import load_names
from pipeline.lake import Lake
from pipeline.names import IMPORTED, key
from pipeline.runs import pieces
from pipeline.schemas import Articles, Mentions, Names, References, Statements
from pipeline.stages.entities import resolve_entities

DAY = date(2026, 1, 5)


def write_names(lake: Lake, count: int) -> None:
    """Names of invented people, a tenth of them borne by two."""
    number = pl.int_range(count, eager=True).alias("number").to_frame()
    twin = pl.col("number") % (count * 9 // 10)
    names = number.select(
        key=pl.format("given{} surname{}", twin, twin * 7919 % 100_003),
        via=pl.lit("name"),
        entity_id=pl.format("Q9{}", "number"),
        starts_on=pl.lit(None, pl.Date),
        ends_on=pl.lit(None, pl.Date),
        name=pl.format("Given{} Surname{}", twin, twin * 7919 % 100_003),
        type=pl.lit("PER"),
        wikidata_id=pl.format("Q9{}", "number"),
        gender=pl.lit("f"),
        related=pl.concat_list(pl.format("Q{}", pl.col("number") % 200)),
        prominence=pl.col("number") % 300,
        rank=pl.lit(IMPORTED, pl.Int64),
    )
    lake.write(Names, None, Names.validate(names.sort("key"), cast=True), "benchmark")


def a_day(lake: Lake, articles: int) -> tuple[Any, Any, Any, Any]:
    """The first articles of the lake, as one day, over and over until there are so many."""
    tables: dict[Any, list[pl.DataFrame]] = {Articles: [], Mentions: [], Statements: [], References: []}
    have = 0
    for day in lake.days(Articles):
        if have >= articles:
            break
        for schema, frames in tables.items():
            frames.append(lake.read(schema, day).with_columns(day=pl.lit(DAY)))
        have += tables[Articles][-1].height
    whole = {schema: pl.concat(frames) for schema, frames in tables.items()}
    wanted = whole[Articles].select("article_id").unique(maintain_order=True).head(articles)
    rounds = -(-articles // wanted.height)
    out = []
    for schema, frame in whole.items():
        kept = frame.join(wanted, on="article_id", how="semi").unique(schema.primary_key(), maintain_order=True)
        copies = [kept.with_columns(pl.col("article_id") + f"-{n}") for n in range(rounds)]
        out.append(schema.validate(pl.concat(copies), cast=True))
    return out[0], out[1], out[2], out[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake")
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    arguments = parser.parse_args()
    lake = Lake(arguments.lake)
    have = sum(lake.read(Articles, day).height for day in lake.days(Articles))
    with tempfile.TemporaryDirectory() as folder:
        known = Lake(folder)
        write_names(known, arguments.names)
        size = sum(Path(part).stat().st_size for part in known.parts(Names, None))
        print(f"{arguments.names:,} names, {size / 1e6:.0f} MB; the lake has {have} articles")
        look_up = load_names((), known)
        for times in arguments.times:
            articles, mentions, *others = a_day(lake, have * times)
            keys = mentions.select(key=key(pl.col("text")))["key"]
            look_up(keys)  # the file is in the system's cache, as it is for every worker but the first
            start = time.perf_counter()
            look_up(keys)
            wall = time.perf_counter() - start
            start, cpu, spans = time.perf_counter(), time.process_time(), 0
            for piece in pieces(articles, mentions, *others):
                spans += resolve_entities(*piece, look_up)[0].height
            taken, cpu = time.perf_counter() - start, time.process_time() - cpu
            print(
                f"times {times:4}: {articles.height:6} articles, {mentions.height:8,} mentions: look-up "
                f"{1e6 * wall / mentions.height:8.2f} us a mention ({1e3 * wall:.0f} ms); stage "
                f"{1e3 * taken / articles.height:5.2f} ms an article ({1e3 * cpu / articles.height:.2f} CPU), "
                f"{spans:,} spans resolved; "
                f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
            )


if __name__ == "__main__":
    main()
