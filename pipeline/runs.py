"""One `run_<stage>(day, settings)` for each stage: read, transform, write. The DAG's tasks and the CLI call these."""

from __future__ import annotations

import logging
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
from dataframely.exc import ValidationError

from pipeline.child import ChildError, children
from pipeline.gazetteer import load_names, names_of
from pipeline.gazetteer.wikidata import merges_of, read_wikidata
from pipeline.lake import Lake
from pipeline.logs import SECRET, about, discreet, run_id
from pipeline.metrics import write_metrics
from pipeline.names import IMPORTED
from pipeline.reader import Reader, ReaderError, load_card, load_reader
from pipeline.report import NIGHTS, write_report
from pipeline.retention import PrunedError, is_pruned, prune, unpruned
from pipeline.schemas import (
    Articles,
    Corrections,
    Entities,
    Fetches,
    Gazetteer,
    Headlines,
    Mentions,
    Merges,
    Names,
    Printings,
    Quarantine,
    Raw,
    References,
    Roles,
    Runs,
    Sentiments,
    Sketches,
    Stances,
    Statements,
    Tones,
    Visits,
)
from pipeline.settings import Settings
from pipeline.sources import Fetched, Parse, SourceError, Visit, fetch, source_names, to_visits
from pipeline.sources.health import HISTORY_DAYS, rests_until
from pipeline.stages.entities import resolve_entities
from pipeline.stages.normalise import normalise
from pipeline.stages.read import read_articles
from pipeline.stages.sentiment import score_sentiment, score_tone
from pipeline.stages.stance import score_stance
from pipeline.stages.stories import CONTEXT, EarlierError, monday, sketch_articles, tell_stories
from pipeline.stores import download_missing, upload
from pipeline.warehouse import PublishError, build_warehouse, changed_days, finished_days

log = logging.getLogger(__name__)

STAGES = ("fetch", "normalise", "read", "entities", "stance", "sentiment", "publish")

REMEMBERED_DAYS = 4
"""Days back of which the versions of feeds and pages are remembered: as long as a live feed's entries are taken."""
SHARDS_MAX = 999
"""Of a day: Airflow maps a task 1,024 times at most, and three digits keep the parts in their order."""
ARTICLES_AT_ONCE = 1000
"""Articles that a stage after `read` takes at a time: what it holds does not grow with the day."""
LISTING_SECONDS = 60.0
"""Seconds that parsing one feed or sitemap may take: the largest that the protocol allows takes 10."""


class DayError(Exception):
    """The day cannot be run: the message says why and what to do."""


def run_fetch(day: date, settings: Settings, *, today: date) -> list[str]:
    """Fetch every source that has no raw part for the day yet (raw is write-once); returns what went wrong, by line.

    Raises:
        DayError: the day is in the future.
    """
    if day > today:
        raise DayError(f"{day} is in the future (today is {today}, UTC); choose a day up to today")
    lake, config = Lake(settings.lake), settings.newsroom()

    def store(fetched: Fetched) -> None:
        # What the source said comes before its pages: once they are there, it is not asked again.
        lake.write(Fetches, day, Fetches.validate(_with_discreet_problems(fetched.fetches)), fetched.source)
        if not fetched.raw.is_empty():
            lake.write(Raw, day, Raw.validate(_with_discreet_problems(fetched.raw)), fetched.source)
        if not fetched.visits.is_empty():  # after the pages: what is remembered as seen must be kept
            lake.write(Visits, day, fetched.visits, fetched.source)

    with _recorded(day, "fetch", settings) as rows:
        names = [name for name in source_names(config) if not lake.has(Raw, day, name)]
        fetch(
            config,
            names,
            day,
            store,
            today=today,
            known=lambda name: _known(lake, name, day),
            resting=_resting(lake, names, day),
            parse=parsing(settings),
        )
        fetches, refused = lake.read(Fetches, day), list[str]()
        records = 0
        for name in source_names(config):  # one at a time: the pages of a whole night are many
            raw = lake.read(Raw, day, name)
            records += raw.height
            if not is_pruned(raw):
                refused += [f"{name}: {problem}" for problem in raw["problem"].drop_nulls()]
        rows.update(rows_in=fetches.height, rows_out=records, articles_in=0, articles_out=records - len(refused))
        rows["quarantined"] = len(refused)
    failed = fetches.filter(pl.col("status").is_in(["failed", "resting"]))
    problems = failed.select("source", "problem").unique(maintain_order=True)
    return [*(f"{source}: {problem}" for source, problem in problems.iter_rows()), *refused]


def _with_discreet_problems(frame: pl.DataFrame) -> pl.DataFrame:
    """Problems name addresses, and everybody may read them: in logs, in the warehouse, on the front page."""
    return frame.with_columns(pl.col("problem").str.replace_all(SECRET, "${1}${2}…"))


def _known(lake: Lake, name: str, day: date) -> dict[str, Visit]:
    """What the source's addresses were on the days before, the latest of each."""
    days = [day - timedelta(days=n) for n in range(REMEMBERED_DAYS, 0, -1)]
    return {url: visit for past in days for url, visit in to_visits(lake.read(Visits, past, name)).items()}


def _resting(lake: Lake, names: Sequence[str], day: date) -> dict[str, str]:
    """Of the sources, those that are not asked on the day, and why; a day that is run again asks them all."""
    history: dict[str, dict[date, str]] = {name: {} for name in names if not lake.has(Fetches, day, name)}
    said: dict[str, str] = {}
    waiting = set(history)
    for past in (day - timedelta(days=n) for n in range(1, HISTORY_DAYS + 1)):
        if not waiting:
            break
        seen = lake.read(Fetches, past).filter(pl.col("source").is_in(waiting) & (pl.col("kind") != "archive"))
        for name, status, problem in seen.select("source", "status", "problem").iter_rows():
            history[name][past] = status
            if status == "failed":
                said.setdefault(name, f"{past} ({problem})")
        # Most sources are well, and then the day before is all that has to be read.
        waiting = {name for name in waiting if history[name].get(past) in ("failed", "resting", None)}
    rests = {name: again for name in history if (again := rests_until(history[name], day))}
    return {
        name: f"rests until {again}, when it is asked again: it failed time after time, last on {said[name]}; mend its "
        "address in the configuration, see `standpoint check-source`, or run the day again to ask it now"
        for name, again in rests.items()
    }


def parsing(settings: Settings) -> Parse:
    """Parses what the web gave in a child: `parse(function, content, url, …)`."""
    own = children(settings.threads)

    def parse(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return own.call(function, *arguments, seconds=LISTING_SECONDS)
        except ChildError as error:
            if isinstance(error.__cause__, SourceError):
                raise error.__cause__ from None
            raise SourceError(f"{arguments[1]} cannot be parsed: {error}") from error

    return parse


def run_normalise(day: date, settings: Settings) -> None:
    """Raw records to articles, the rest to quarantine."""
    lake = Lake(settings.lake)
    with _recorded(day, "normalise", settings) as rows:
        raw = (lake.read(Raw, day, name) for name in lake.part_names(Raw, day))
        try:
            articles, quarantine = normalise(unpruned(raw), settings.newsroom(), children(settings.threads).map)
        except PrunedError:
            log.warning("the raw pages of the day were given up by policy: its articles stay as they are")
            articles, quarantine = lake.read(Articles, day), lake.read(Quarantine, day)
        else:
            lake.write(Articles, day, articles)
            lake.write(Quarantine, day, quarantine)
            lake.write(Sketches, day, sketch_articles(articles, settings.newsroom().outlets))
        rows["rows_in"] = rows["rows_out"] = rows["articles_in"] = articles.height + quarantine.height
        rows.update(articles_out=articles.height, quarantined=quarantine.height)


def plan_shards(day: date, settings: Settings) -> int:
    """Into how many shards the day is cut for `read`: at least one, so that an empty day leaves empty partitions."""
    articles = Lake(settings.lake).read(Articles, day).height
    return min(max(1, -(-articles // settings.shard_articles)), SHARDS_MAX)


def run_read(day: date, settings: Settings, shard: int = 0, shards: int = 1) -> None:
    """Mentions and statements of every `shards`-th article from `shard` on, by article_id."""
    lake, reader = Lake(settings.lake), _reader(settings)
    with _recorded(day, "read", settings, shard=shard, reader=reader.revision) as rows:
        articles = lake.read(Articles, day).sort("article_id").gather_every(shards, shard)
        try:
            mentions, statements, references, headlines = read_articles(Articles.validate(articles), reader)
        except ValidationError as error:
            raise ReaderError(
                f"the reader {reader.revision} gives what is no reading: {error}; go back to the weights before "
                "(STANDPOINT_READER) and run the day again"
            ) from error
        part = f"{shard:03d}-of-{shards:03d}"
        # Mentions last: their presence says that the shard is whole.
        lake.write(Headlines, day, headlines, part)
        lake.write(References, day, references, part)
        lake.write(Statements, day, statements, part)
        lake.write(Mentions, day, mentions, part)
        rows.update(rows_in=articles.height, rows_out=mentions.height + statements.height)
        rows.update(articles_in=articles.height, articles_out=_articles(mentions, statements))
    if shard == 0:  # the day may have been cut into more shards before
        old = [f"read-{n:03d}" for n in takewhile(lambda n: lake.has(Runs, day, f"read-{n:03d}"), count(shards))]
        for part in reversed(old):  # the last first: what a kill leaves behind is found the next time
            lake.drop(Runs, day, part)


def run_entities(day: date, settings: Settings) -> None:
    """Which entity each mention, speaker, description and pronoun refers to, and who has which role."""
    lake = Lake(settings.lake)
    with _recorded(day, "entities", settings) as rows:
        mentions, statements = lake.read(Mentions, day), lake.read(Statements, day)
        names = load_names(settings.newsroom().entities, lake)
        tables = (lake.read(Articles, day), mentions, statements, lake.read(References, day))
        resolved = [resolve_entities(a, m, s, r, names) for a, m, s, r in pieces(*tables)]
        entities, roles = (pl.concat(parts) for parts in zip(*resolved, strict=True))
        lake.write(Roles, day, Roles.validate(roles))
        lake.write(Entities, day, Entities.validate(entities))
        rows.update(rows_in=mentions.height + statements.height, rows_out=entities.height + roles.height)
        rows.update(articles_in=tables[0].height, articles_out=_articles(entities))


def pieces(articles: pl.DataFrame, *tables: pl.DataFrame) -> Iterator[Any]:
    """The day's articles, so many at a time and by id, each time with their own rows of the other tables."""
    articles = articles.sort("article_id")
    for start in range(0, max(articles.height, 1), ARTICLES_AT_ONCE):  # an empty day is a piece, too
        piece = articles.slice(start, ARTICLES_AT_ONCE)
        own = (table.join(piece, on="article_id", how="semi", maintain_order="left") for table in tables)
        yield [piece, *own]


def run_gazetteer(file: Path, settings: Settings, *, on: date) -> tuple[int, int]:
    """Bring the entities of a Wikidata file into the lake, in place of what a file of that name brought before.

    Returns how many entities, and how many ids of the shipped gazetteer turned out to be theirs.

    Raises:
        GazetteerError: the file cannot be imported.
    """
    lake, part = Lake(settings.lake), re.sub(r"[^A-Za-z0-9]+", "-", file.name.split(".")[0]).strip("-") or "import"
    entities = read_wikidata(file)
    merges = merges_of(entities, on)
    lake.write(Gazetteer, None, entities, part)
    lake.write(Merges, None, merges, part)
    # Names last: the look-up reads nothing else.
    lake.write(Names, None, names_of(entities, IMPORTED), part)
    return entities.height, merges.height


def run_stance(day: date, settings: Settings) -> None:
    """How each speaker stands toward the entities and issues that their statements speak of."""
    lake, reader = Lake(settings.lake), _reader(settings)
    with _recorded(day, "stance", settings, reader=reader.revision) as rows:
        articles, statements = lake.read(Articles, day), lake.read(Statements, day)
        issues = settings.newsroom().issues
        stances = pl.concat(
            score_stance(a, s, e, issues, partial(reader.stance, of_statements=True))
            for a, s, e in pieces(articles, statements, lake.read(Entities, day))
        ).sort("stance_id")
        lake.write(Stances, day, Stances.validate(stances))
        rows.update(rows_in=statements.height, rows_out=stances.height)
        rows.update(articles_in=articles.height, articles_out=_articles(stances))


def run_sentiment(day: date, settings: Settings) -> None:
    """The outlet's own polarity toward each entity of each article, and the tone of each article."""
    lake = Lake(settings.lake)
    with _recorded(day, "sentiment", settings) as rows:
        articles, mentions = lake.read(Articles, day), lake.read(Mentions, day)
        own = (lake.read(Statements, day), lake.read(Entities, day), lake.read(Headlines, day))
        scored = [
            (score_tone(a, m, s), score_sentiment(a, m, e, h)) for a, m, s, e, h in pieces(articles, mentions, *own)
        ]
        tones, sentiments = (pl.concat(parts) for parts in zip(*scored, strict=True))
        lake.write(Tones, day, Tones.validate(tones))
        lake.write(Sentiments, day, Sentiments.validate(sentiments))
        rows.update(rows_in=mentions.height, rows_out=tones.height + sentiments.height)
        rows.update(articles_in=articles.height, articles_out=_articles(sentiments))


def run_publish(day: date, settings: Settings, *, is_rebuild: bool = False) -> Path:
    """Bring the warehouse up to date beside the old one, check it, swap it in; write the day's front page.

    Then what the policy gives up is forgotten: never before there is a good warehouse of what is left.

    Args:
        is_rebuild: make every row anew from the lake; the rows are the same.
    """
    lake = Lake(settings.lake)
    with _recorded(day, "publish", settings) as rows:
        if upgraded := lake.upgrade():
            log.info("%d files of an earlier version were brought up to date", upgraded)
        card = load_card(settings.reader)
        scores = pl.DataFrame(card["eval_scores"]).with_columns(reader=pl.lit(card["revision"]))
        newsroom = settings.newsroom()
        changed = None if is_rebuild else changed_days(lake, settings.warehouse)
        _tell_stories(lake, changed)
        rows.update(
            build_warehouse(
                lake,
                settings.warehouse,
                newsroom,
                threads=settings.threads,
                eval_scores=scores,
                corrections=_corrections(card),
                is_rebuild=is_rebuild,
                keep_days=settings.keep_warehouse_days,
                now=datetime.now(UTC),
            )
        )
        page = settings.warehouse.with_name("report.html")
        if settings.publish_to is not None:
            with _copying(settings):  # the index of the nights names those that other machines wrote
                download_missing(f"{settings.publish_to.rstrip('/')}/{NIGHTS}", page.with_name(NIGHTS))
        write_report(settings.warehouse, page, day)
        if settings.publish_to is not None:
            with _copying(settings):
                for file in _published(settings.warehouse, page, day):
                    upload(file, f"{settings.publish_to.rstrip('/')}/{file.relative_to(page.parent)}")
        if settings.metrics:
            write_metrics(settings.warehouse, settings.metrics)
        for line in prune(lake, settings):
            log.info("forgotten: %s", line)
    return settings.warehouse


def _published(warehouse: Path, page: Path, day: date) -> list[Path]:
    """The files that a publish of the day wrote."""
    nights = page.with_name(NIGHTS)
    is_newest = str(day) == max(night.stem for night in nights.glob("????-??-??.html"))
    return [warehouse, nights / f"{day}.html", nights / "index.html", *([page] if is_newest else [])]


@contextmanager
def _copying(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise PublishError(
            f"{settings.warehouse} is published, but cannot be copied to {settings.publish_to}: {error}; check that "
            "STANDPOINT_PUBLISH_TO is a place where this user may read and write, then publish again"
        ) from error


def _corrections(card: dict[str, Any]) -> pl.DataFrame:
    """What the card says of the reader's mistakes, a row for each reading; none where it says nothing."""
    rows = [
        {"reading": reading, "reader": card["revision"], "sizes": known["sizes"]}
        | {f"{what}_{answer}": known[what][answer] for what in ("weights", "variances") for answer in known[what]}
        for reading, known in card.get("corrections", {}).items()
    ]
    return Corrections.cast(pl.DataFrame(rows)) if rows else Corrections.create_empty()


def _tell_stories(lake: Lake, changed: set[date] | None) -> None:
    """The stories of all days: a publish is the only writer, and the order of days makes no difference.

    Weeks before the first article of the changed days stay as they were told; None = everything is told anew.
    """
    finished = set(finished_days(lake.listing()))
    lazy = lake.scan(Printings)
    if changed is None or lazy is None:
        lake.write(Printings, None, tell_stories(*_sketched(lake, finished)))
        return
    told = lazy.collect()
    is_touched = pl.col("days").list.eval(pl.element().is_in(sorted(changed))).list.any()
    fresh, named = _sketched(lake, changed & finished)
    ids = {*fresh["article_id"], *told.filter(is_touched)["article_id"]}
    old, kept = told.filter(pl.col("article_id").is_in(ids)), told.filter(~pl.col("article_id").is_in(ids))
    if not ids:
        return
    # Other revisions of what has changed, and whatever was taken for copies of it.
    others, others_named = _sketched(lake, {day for days in old["days"] for day in days} - changed, ids)
    text = pl.coalesce("reprint_of", "article_id")
    copies = kept.filter(text.is_in(old.select(text.alias("text"))["text"]))
    since = monday(min(pl.concat([frame["published_at"] for frame in (fresh, others, old, copies)]).to_list()))
    while True:
        near = kept.filter(pl.col("published_at") >= since - CONTEXT)
        near = kept.filter(text.is_in(near.select(text.alias("text"))["text"]))
        around, around_named = _sketched(lake, {day for days in near["days"] for day in days}, {*near["article_id"]})
        try:
            printings = tell_stories(
                Sketches.validate(pl.concat([fresh, others, around])),
                pl.concat([named, others_named, around_named]),
                near.filter(pl.col("published_at") < since),
                since,
            )
        except EarlierError as error:
            since = monday(error.published_at)
            continue
        rest = kept.filter(~pl.col("article_id").is_in(near["article_id"].to_list()))
        every = pl.concat([rest.select(*Printings.columns()), printings]).sort("article_id")
        lake.write(Printings, None, Printings.validate(every, cast=True))
        return


def _sketched(lake: Lake, days: set[date], only: set[str] | None = None) -> tuple[dy.DataFrame[Sketches], pl.DataFrame]:
    """The sketches of these days, all or of some articles only, and the entities that these speak of."""
    sketches: list[pl.DataFrame] = [Sketches.create_empty()]
    named = [Entities.create_empty().select("article_id", "entity_id")]
    for day in sorted(days):
        own, spans = lake.read(Sketches, day), lake.read(Entities, day).select("article_id", "entity_id")
        is_wanted = pl.lit(True) if only is None else pl.col("article_id").is_in(sorted(only))
        sketches.append(own.filter(is_wanted))
        named.append(spans.filter(is_wanted))
    return Sketches.validate(pl.concat(sketches)), pl.concat(named)


@contextmanager
def _recorded(
    day: date, stage: str, settings: Settings, *, shard: int = 0, reader: str | None = None
) -> Iterator[dict[str, int]]:
    """Write the stage's row of `runs` when it has ended well; say in the log how it ended."""
    started_at, start = datetime.now(UTC), time.perf_counter()
    counts: dict[str, int] = {}
    with about(day=day.isoformat(), stage=stage, shard=shard):
        log.info("the stage begins")
        _forget_peak()
        try:
            yield counts
        except Exception as error:
            said = discreet(f"{type(error).__name__}: {error}")
            with about(seconds=round(time.perf_counter() - start, 3), error=said):
                log.error("the stage failed")
            raise
        found: dict[str, Any] = {"seconds": time.perf_counter() - start, "rows_in": 0, "rows_out": 0}
        found |= {"articles_in": None, "articles_out": None, "quarantined": None} | counts
        found["peak_megabytes"] = _peak_megabytes()
        row = {"day": day, "stage": stage, "shard": shard, "started_at": started_at} | found
        row |= {"run_id": run_id(), "code": version("standpoint"), "reader": reader}
        runs = Runs.validate(pl.DataFrame([row], schema_overrides={"run_id": pl.String}), cast=True)
        Lake(settings.lake).write(Runs, day, runs, f"{stage}-{shard:03d}")
        with about(**{name: round(value, 3) for name, value in found.items() if value is not None}):
            log.info("the stage is done")


def _forget_peak() -> None:
    """Let the peak of this process's memory be counted from now on, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_megabytes() -> float:
    """The most memory that this process held, since `_forget_peak` where the system can tell, else since its start."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]
    except (OSError, TypeError):
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _articles(*frames: pl.DataFrame) -> int:
    """How many articles the rows of the frames are of."""
    return pl.concat([frame["article_id"] for frame in frames]).n_unique()


def _reader(settings: Settings) -> Reader:
    return load_reader(settings.reader, threads=settings.threads)
