"""Sources: feeds and archives, read by one guarded HTTP client. A bad source costs itself, never the day."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date

import dataframely as dy
import polars as pl

from pipeline.schemas import Fetches, Raw
from pipeline.settings import Archive, Config, Feed
from pipeline.sources.archives import read_archive
from pipeline.sources.client import Client
from pipeline.sources.feeds import read_feed
from pipeline.sources.records import Record, SourceError, SourceGap, one_line, to_raw

logger = logging.getLogger(__name__)

__all__ = ["fetch", "source_names"]


def source_names(config: Config) -> list[str]:
    """The configured sources, archives first: `archive-0`, `feed-harbourtimes.example-0`; `[a-z0-9.-]+`."""
    return list(_sources(config))


def fetch(config: Config, name: str, day: date, *, today: date) -> tuple[dy.DataFrame[Raw], dy.DataFrame[Fetches]]:
    """What one source gives for the day, and a row for each outlet that it serves, which says what came of it.

    A source that cannot be read gives no raw row at all, so that the day can be fetched again; `Fetches.status` and
    `Fetches.problem` tell why.
    """
    outlet, source = _sources(config)[name]
    records: list[Record] = []
    status, problem = None, None
    try:
        with Client() as client:
            if isinstance(source, Archive):
                records, problem = read_archive(source, config, day, client)
            else:
                records, problem = read_feed(source, str(outlet), day, client, today=today)
    except SourceGap as gap:
        status, problem = "gap", str(gap)
    except SourceError as error:
        status, problem = "failed", one_line(error, 1000)
    except Exception as error:  # what nobody foresaw in one source must not cost the others their night
        logger.exception("source %s failed", name)
        status, problem = "failed", f"{type(error).__name__}: {one_line(error)}; this is our fault, please report it"
    count = Counter(record.outlet for record in records)
    rows = [
        {
            "day": day,
            "source": name,
            "outlet": domain,
            "kind": source.kind,
            "status": status or ("fetched" if count[domain] else "empty"),
            "records": count[domain],
            "problem": problem,
        }
        for domain in ([outlet] if outlet else [o.domain for o in config.outlets])
    ]
    return to_raw(records, name, day), Fetches.validate(pl.DataFrame(rows), cast=True)


def _sources(config: Config) -> dict[str, tuple[str | None, Archive | Feed]]:
    """Every source by name, with its outlet where it serves only one."""
    named: dict[str, tuple[str | None, Archive | Feed]] = {}
    for number, archive in enumerate(config.archives):
        named[f"archive-{number}"] = (None, archive)
    for outlet in config.outlets:
        for number, feed in enumerate(outlet.sources):
            named[f"feed-{outlet.domain}-{number}"] = (outlet.domain, feed)
    return named
