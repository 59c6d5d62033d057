"""Sources: feeds, sitemaps and archives, read by one guarded client. A bad source costs itself, never the day."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import dataframely as dy
import polars as pl

from pipeline.schemas import Fetches, Raw, Visits
from pipeline.settings import Archive, Config, Feed, Sitemap
from pipeline.sources import feeds, sitemaps
from pipeline.sources.archives import read_archive
from pipeline.sources.client import Client, Version
from pipeline.sources.pages import Entry, Given, Listing, Parse, Visit, fetch_listing, fetch_pages
from pipeline.sources.records import SourceError, SourceGap, on_day, one_line, to_raw

logger = logging.getLogger(__name__)

__all__ = ["Fetched", "Parse", "SourceError", "Visit", "fetch", "source_names", "to_visits"]

AT_ONCE = 64
"""Sources that are read at a time: a host's own pace is the limit, so it takes many to keep the line busy."""
RUN_SECONDS = 50 * 60.0
"""Seconds that all feeds and sitemaps together may take; what has had no turn then says so."""
MAX_SITEMAPS = 50
"""Sitemaps of one index that are read for a day: outlets with one for each section have about 20."""

Known = Callable[[str], Mapping[str, Visit]]
"""What is remembered of a source's addresses from the days before, by address."""


@dataclass(frozen=True)
class Fetched:
    """What one source gives for the day, and a row for each outlet that it serves, which says what came of it."""

    source: str
    raw: dy.DataFrame[Raw]
    fetches: dy.DataFrame[Fetches]
    visits: dy.DataFrame[Visits]


def source_names(config: Config) -> list[str]:
    """The configured sources, archives first: `archive-0`, `feed-harbourtimes.example-0`; `[a-z0-9.-]+`."""
    return list(_sources(config))


def fetch(
    config: Config,
    names: Sequence[str],
    day: date,
    store: Callable[[Fetched], None],
    *,
    today: date,
    known: Known = lambda source: {},
    resting: Mapping[str, str] | None = None,
    parse: Parse = lambda function, *arguments: function(*arguments),
) -> None:
    """Read the sources, many at a time, and hand each to `store` as soon as it is done, so that none waits in memory.

    A source that cannot be read gives no raw row at all, so that the day can be fetched again; `Fetches.status` and
    `Fetches.problem` tell why. `resting` are the sources that are not asked today, with the reason. `parse` is where
    feeds and sitemaps are parsed.
    """
    sources = _sources(config)
    asyncio.run(_fetch(config, {name: sources[name] for name in names}, day, store, today, known, resting or {}, parse))


async def _fetch(
    config: Config,
    sources: Mapping[str, _Source],
    day: date,
    store: Callable[[Fetched], None],
    today: date,
    known: Known,
    resting: Mapping[str, str],
    parse: Parse,
) -> None:
    deadline = asyncio.get_running_loop().time() + RUN_SECONDS
    places = asyncio.Semaphore(AT_ONCE)

    async def read(name: str) -> Given:
        outlet, source = sources[name]
        if isinstance(source, Archive):
            return await read_archive(source, config, day, client)
        if isinstance(source, Feed):
            feeds.check_day(source, day, today)
        seen = known(name)
        if isinstance(source, Feed):
            entries, notes, visits, where = await _read_feed(source, day, client, seen, parse)
        else:
            entries, notes, visits, where = await read_sitemap(source, day, client, seen, parse)
        given = await fetch_pages(entries, where, str(outlet), client, seen, deadline)
        note = "; ".join([*notes, *([given.note] if given.note else [])]) or None
        return replace(given, note=note, visits=[*visits, *given.visits])

    async def one(name: str) -> None:
        outlet, source = sources[name]
        async with places:
            given, status, problem = Given([], None), None, None
            try:
                if name in resting:
                    status, problem = "resting", resting[name]
                else:
                    given = await read(name)
                    problem = given.note
            except SourceGap as gap:
                status, problem = "gap", str(gap)
            except SourceError as error:
                status, problem = "failed", one_line(error, 1000)
            except Exception as error:  # what nobody foresaw in one source must not cost the others their night
                logger.exception("source %s failed", name)
                problem = f"{type(error).__name__}: {one_line(error)}; this is our fault, please report it"
                status = "failed"
            domains = [outlet] if outlet else [o.domain for o in config.outlets]
            store(_fetched(name, source.kind, domains, day, given, status, problem))

    async with Client(config.web) as client:
        # Archives one after the other: each may be as large as the disk and the memory allow.
        for name in [name for name, (_, source) in sources.items() if isinstance(source, Archive)]:
            await one(name)
        async with asyncio.TaskGroup() as tasks:
            for name in [name for name, (_, source) in sources.items() if not isinstance(source, Archive)]:
                tasks.create_task(one(name))


async def _read_feed(
    feed: Feed, day: date, client: Client, seen: Mapping[str, Visit], parse: Parse
) -> tuple[list[Entry], list[str], list[Visit], str]:
    url = on_day(feed.url, day)
    listing, visit = await _listing(url, feeds.parse_feed, client, seen, parse)
    entries, notes = feeds.choose(feed, listing, day)
    return entries, notes, [visit] if visit else [], url


async def read_sitemap(
    sitemap: Sitemap, day: date, client: Client, seen: Mapping[str, Visit], parse: Parse
) -> tuple[list[Entry], list[str], list[Visit], str]:
    """The day's entries of the sitemap, or of those of its index that can hold the day; an index may hold indexes."""
    first = on_day(sitemap.url, day)
    entries: dict[str, Entry] = {}
    waiting, asked, lost = [first], 0, list[str]()
    notes: Counter[str] = Counter()
    visits = []
    while waiting and asked < MAX_SITEMAPS:
        url, asked = waiting.pop(0), asked + 1
        try:
            listing, visit = await _listing(url, sitemaps.parse_sitemap, client, seen, parse)
        except SourceError as error:
            if url == first:
                raise
            lost.append(str(error))
            continue
        visits += [visit] if visit else []
        if listing.kind == "index":
            waiting += [url for url in sitemaps.choose_sitemaps(listing, day) if url not in waiting]
            notes.update(listing.notes)
            continue
        chosen, said = sitemaps.choose(listing, url, day)
        for entry in chosen:
            entries.setdefault(entry.url, entry)
        notes.update(said)
    if waiting:
        notes[f"{len(waiting)} more sitemaps may hold the day: only the first {MAX_SITEMAPS} were read"] += 1
    if lost:
        notes[f"{len(lost)} of {asked} sitemaps could not be read ({lost[0]})"] += 1
    if lost and len(lost) == asked - 1 and not entries:
        raise SourceError(f"no sitemap of {first} could be read ({lost[0]}); run the day again")
    return list(entries.values()), list(notes), visits, first


async def _listing(
    url: str, function: Callable[..., Listing], client: Client, seen: Mapping[str, Visit], parse: Parse
) -> tuple[Listing, Visit | None]:
    try:
        return await fetch_listing(url, function, client, seen.get(url), parse)
    except SourceError as error:
        hint = "check the source's address with `standpoint check-source`, then run the day again"
        raise SourceError(str(error) if "configuration" in str(error) else f"{error}; {hint}") from error


def _fetched(
    name: str, kind: str, domains: Sequence[str], day: date, given: Given, status: str | None, problem: str | None
) -> Fetched:
    count = Counter(record.outlet for record in given.records)
    rows = [
        {
            "day": day,
            "source": name,
            "outlet": domain,
            "kind": kind,
            "status": status or ("fetched" if count[domain] else "empty"),
            "records": count[domain],
            "problem": problem,
        }
        for domain in domains
    ]
    visits: dict[str, dict[str, Any]] = {
        visit.url: {
            "day": day,
            "source": name,
            "url": visit.url,
            "etag": visit.version.etag,
            "last_modified": visit.version.last_modified,
            "content": visit.content,
        }
        for visit in given.visits
    }
    return Fetched(
        name,
        to_raw(given.records, name, day),
        Fetches.validate(pl.DataFrame(rows), cast=True),
        Visits.validate(pl.DataFrame([*visits.values()], infer_schema_length=None), cast=True)
        if visits
        else Visits.create_empty(),
    )


def to_visits(rows: dy.DataFrame[Visits]) -> dict[str, Visit]:
    """The rows as what `fetch` knows; of one address the last."""
    return {
        row["url"]: Visit(row["url"], Version(row["etag"], row["last_modified"]), row["content"])
        for row in rows.iter_rows(named=True)
    }


_Source = tuple[str | None, Archive | Feed | Sitemap]


def _sources(config: Config) -> dict[str, _Source]:
    """Every source by name, with its outlet where it serves only one."""
    named: dict[str, _Source] = {}
    for number, archive in enumerate(config.archives):
        named[f"archive-{number}"] = (None, archive)
    for outlet in config.outlets:
        for number, source in enumerate(outlet.sources):
            named[f"{source.kind}-{outlet.domain}-{number}"] = (outlet.domain, source)
    return named
