"""What the lake may forget: pages that are read long since, and days beyond the policy.

Ages count from the last finished day, not from the clock: neither a clock that jumps nor a pipeline that stood still
for a year can make the lake forget its last good days. What is told of a day is dropped in one order, so that a day
that is half forgotten, after a kill, is an unfinished one, and the next night goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import takewhile

import dataframely as dy
import polars as pl

from pipeline.lake import Lake
from pipeline.schemas import LAKE, Articles, Raw, Sentiments
from pipeline.settings import Settings

PRUNED = "pruned: "
"""How the `problem` of a raw record begins whose bytes were given up."""


class PrunedError(Exception):
    """The bytes of the raw records were given up by policy."""


def prune(lake: Lake, settings: Settings, *, is_trial: bool = False) -> Iterator[str]:
    """Forget what the settings allow to; a line for each day says what. A trial only says it.

    The bytes of raw pages go first (`keep_raw_days`): their rows stay, so that everything can still be counted, and the
    day is never fetched again. Whole days go later (`keep_days`). The last finished day always stays, whole.
    """
    finished = sorted(set(lake.days(Articles)) & set(lake.days(Sentiments)))
    if not finished:
        return
    last = finished[-1]
    every = sorted({day for schema in LAKE.values() for day in lake.days(schema)})
    beyond = [day for day in every if _is_beyond(day, last, settings.keep_days)]
    for day in beyond:
        if not is_trial:
            _forget(lake, day)
        yield f"{day}: everything"
    old = [day for day in every if day not in beyond and _is_beyond(day, last, settings.keep_raw_days)]
    # They go oldest first, so all before one that is done are done: ten years need not be looked at every night.
    waiting = list(takewhile(lambda day: not _is_done(lake, day), reversed(old)))
    for day in reversed(waiting):
        if size := _forget_pages(lake, day, last, is_trial):
            yield f"{day}: {size / 2**20:.1f} MB of raw pages"


def unpruned(parts: Iterable[dy.DataFrame[Raw]]) -> Iterator[dy.DataFrame[Raw]]:
    """The parts of a day as they are.

    Raises:
        PrunedError: they lost their bytes.
    """
    for raw in parts:
        if is_pruned(raw):
            raise PrunedError
        yield raw


def is_pruned(raw: pl.DataFrame) -> bool:
    """Whether the records lost their bytes by policy."""
    return bool(raw["problem"].str.starts_with(PRUNED).any())


def _is_done(lake: Lake, day: date) -> bool:
    names = lake.part_names(Raw, day)
    return bool(names) and all(is_pruned(lake.read(Raw, day, name)) for name in names)


def _is_beyond(day: date, last: date, keep: int | None) -> bool:
    return keep is not None and day < last - timedelta(days=keep - 1)


def _forget(lake: Lake, day: date) -> None:
    # The results first, raw last: until it is gone, all else can be made again.
    for schema in reversed(LAKE.values()):
        lake.drop_day(schema, day)


def _forget_pages(lake: Lake, day: date, last: date, is_trial: bool) -> int:
    size = 0
    for part in lake.part_names(Raw, day):
        raw = lake.read(Raw, day, part)
        size += (held := int(raw["content"].bin.size().sum()))
        if held and not is_trial:
            problem = pl.coalesce("problem", pl.lit(f"{PRUNED}the bytes were kept until {last}"))
            lake.write(Raw, day, Raw.validate(raw.with_columns(content=pl.lit(b""), problem=problem)), part)
    return size
