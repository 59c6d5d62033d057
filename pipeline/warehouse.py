"""Build the warehouse beside the old one, check it, swap it in.

Every table is made by one SELECT: `sql/details/<table>.sql` from the lake, `sql/marts/<table>.sql` from the tables
before it. What the columns must be, and what they mean, is in `pipeline.schemas.WAREHOUSE`.

A publish brings an older file up to date: it asks which days of the lake have changed since that file was made, which
other days show it (a revision, a story, a merge, a new name), and makes the rows of those days anew, from the same
SELECTs, on views that hold these days only. A file made from nothing is one where every day has changed.
"""

from __future__ import annotations

import inspect
import logging
import os
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Literal

import dataframely as dy
import duckdb
import polars as pl
from polars.datatypes import DataTypeClass

from pipeline.gazetteer import joined, load_names
from pipeline.lake import SHARD, Lake, Part
from pipeline.schemas import (
    LAKE,
    WAREHOUSE,
    Corrections,
    Days,
    EvalScores,
    Issues,
    Merges,
    Printings,
    Publications,
    Raw,
)
from pipeline.settings import Config
from pipeline.stores import file_system, is_local, store_errors
from pipeline.swap import clone, only_one, remove_unfinished, superfluous, swap

log = logging.getLogger(__name__)

SQL = Path(__file__).parents[1] / "sql"
# What the oldest supported client, DuckDB 1.4 LTS, can open.
STORAGE_VERSION = "v1.4.0"
# DuckDB spills to disk beyond this; a publish shares its machine with the readers of other days.
MEMORY_LIMIT = "2GB"
# Bytes of Parquet, and articles, that are worked on at a time: a tenth of the memory, once they are rows.
BATCH_BYTES, BATCH_ARTICLES = 32 << 20, 20_000
# Characters of a check's example: enough for three rows without their texts.
EXAMPLE_CHARACTERS = 600
# Offending rows of a blocking check that go to the log: enough to see a pattern in, the count says how many there are.
LOGGED_ROWS = 50
# What a day must have, whole, before its rows count.
STAGED = (
    "articles",
    "quarantine",
    "mentions",
    "statements",
    "headlines",
    "entities",
    "roles",
    "stances",
    "sentiments",
    "tones",
)
# How DuckDB says that the older file that a publish began with is damaged.
SIGNS_OF_DAMAGE = ("Could not read enough bytes", "Corrupt database file")
# Every publish of a day writes this part of `runs`; the file that it makes says nothing of it.
OWN_PART = "part-publish-"

# sql/macros: what the marts are computed with, each after those that it uses …
FORMULAS = (
    "t975", "mean_margin", "mean_low", "mean_high", "wilson_low", "wilson_high", "within", "corrected",
    "corrected_variance", "corrected_low", "corrected_high", "is_called", "words_of",
)  # fmt: skip
# … and what an analyst asks the finished file with.
QUESTIONS = (
    "who_said",
    "said_for",
    "stance_of",
    "sentiment_toward",
    "outlets_toward",
    "trend",
    "evidence",
    "search_articles",
    "search_statements",
)

# Which rows of a table are made anew. By the day of a run: every row is of one day of the lake …
BY_RUN = (
    "fetches",
    "runs",
    "quarantine",
    "resolutions",
    "roles",
    "mentions",
    "statements",
    "stances",
    "sentiments",
    "tones",
)
# … by the day of publication, from rows that are published on that day …
BY_PUBLICATION = (
    "entity_sentiment_daily",
    "stance_daily",
    "speaker_share_daily",
    "co_mention_daily",
    "trending_daily",
)
# … or so many days before it; …
DAYS_BEFORE = {"trending_daily": 7}
# … and whole, at every publish: they are small. The others each have their own way.
WHOLE = ("days", "outlets", "issues", "eval_scores", "corrections")

_SQL_TYPES: dict[DataTypeClass, str] = {
    pl.Date: "DATE",
    pl.String: "VARCHAR",
    pl.Int64: "BIGINT",
    pl.UInt32: "UINTEGER",
    pl.Float32: "FLOAT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Binary: "BLOB",
    pl.Datetime: "TIMESTAMP WITH TIME ZONE",
}
# Blocking checks that compare a day with others.
ACROSS_DAYS = ("blind_reader",)
# What words are looked up in, a month at a time: large enough that a common word has few rows, small enough to be made
# anew every night.
BY_MONTH = ("article_documents", "article_words", "statement_documents", "statement_words")
# What the file remembers of how it was made; no table of an analyst's.
BUILD_TABLES = {
    "made_by": "(code VARCHAR NOT NULL)",
    "days": "(day DATE NOT NULL, stamp VARCHAR NOT NULL)",
}

Listing = dict[str, dict[date, list[Part]]]


# What DuckDB raises where a place cannot be read or written: a commit that finds no room is a TransactionException, and
# what comes after it a FatalException. An error of Python's own, a store's for one, comes as a bare duckdb.Error.
PLACE_ERRORS = (
    OSError,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InvalidInputException,
    duckdb.TransactionException,
    duckdb.FatalException,
)


class PublishError(Exception):
    """The warehouse was not published and the old one stays: the message says why and what to do."""


def build_warehouse(
    lake: Lake,
    path: Path,
    config: Config,
    *,
    threads: int,
    eval_scores: pl.DataFrame | None = None,
    corrections: pl.DataFrame | None = None,
    is_rebuild: bool = False,
    keep_days: int = 0,
    now: datetime | None = None,
) -> dict[str, int]:
    """Publish the whole lake as one DuckDB file at `path`, or leave what is there untouched.

    The new file is an older one brought up to date, or made from nothing; it is checked, and swapped in by one rename:
    open readers keep the old file, new ones see the new. A second publish waits for the first. The same lake gives the
    same rows, whatever was published before.

    Args:
        eval_scores: how accurate the reader is, as `EvalScores` says; None = not known.
        corrections: what is known of its mistakes, as `Corrections` says; None = nothing.
        is_rebuild: make every row anew from the lake.
        keep_days: days for which the files that were published before are kept.
        now: when this publish is; None = the lake's last day, noon.

    Returns:
        `rows_in`, rows read from the lake (raw records counted, not read), and `rows_out`, rows of all tables.

    Raises:
        PublishError: a blocking check failed, a table is not what its contract says, the lake cannot be read, or the
            file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with only_one(path), store_errors():
            remove_unfinished(path)
            publish = partial(_publish, lake, path, config, threads, eval_scores, corrections)
            try:
                return publish(is_rebuild, keep_days, now)
            except duckdb.Error as error:
                if is_rebuild or not any(sign in str(error) for sign in SIGNS_OF_DAMAGE):
                    raise
                log.warning("a file that was published before is damaged, all is made anew: %s", _in_one_line(error))
                remove_unfinished(path)
                return publish(True, keep_days, now)
            finally:
                remove_unfinished(path)
    except (OSError, duckdb.Error) as error:
        if not isinstance(error, PLACE_ERRORS) and type(error) is not duckdb.Error:
            raise  # our own mistake
        raise PublishError(
            f"cannot build {path}: {_in_one_line(error)}; check that its folder can be written and has free "
            "space (the lake's size, twice), that the lake can be read, then publish again"
        ) from error


def _in_one_line(error: Exception) -> str:
    """What it says; of an error of Python's own, a store's for one, DuckDB gives the whole traceback."""
    lines = str(error).splitlines()
    return next((line for line in lines if not line.startswith(("Traceback", " "))), lines[0])


def finished_days(listing: Listing) -> list[date]:
    """The days whose stages are all done, in order."""
    return [
        day for day in sorted(listing.get("articles", {})) if all(_is_whole(listing, table, day) for table in STAGED)
    ]


def changed_days(lake: Lake, path: Path) -> set[date] | None:
    """The days of the lake that have changed since the file at `path` was made; None = this code did not make it."""
    if _made_by(path) != _code():
        return None
    with duckdb.connect(path, read_only=True) as con:
        before = dict(con.execute("SELECT day, stamp FROM build.days").fetchall())
    return _differing(before, _stamps(lake.listing()))


def _differing(before: dict[date, str], now: dict[date, str]) -> set[date]:
    return {day for day in before.keys() | now.keys() if before.get(day) != now.get(day)}


def _known_days(listing: Listing) -> list[date]:
    return sorted({day for table in ("fetches", "raw", "articles") for day in listing.get(table, {})})


def _stamps(listing: Listing) -> dict[date, str]:
    """Of each day of the lake what tells whether it has changed."""
    finished = set(finished_days(listing))
    told: dict[date, list[str]] = {day: [str(day in finished)] for day in _known_days(listing)}
    for table in LAKE:
        for day, parts in listing.get(table, {}).items():
            if day in told:
                told[day] += [f"{part.path} {part.stamp}" for part in parts if OWN_PART not in part.path]
    return {day: blake2b("\n".join(parts).encode(), digest_size=16).hexdigest() for day, parts in told.items()}


def _is_whole(listing: Listing, table: str, day: date) -> bool:
    parts = listing.get(table, {}).get(day, [])
    shards = [match for part in parts if (match := SHARD.search(part.path))]
    return bool(parts) and (not shards or len(shards) == len(parts) == int(shards[0][2]))


def _publish(
    lake: Lake,
    path: Path,
    config: Config,
    threads: int,
    eval_scores: pl.DataFrame | None,
    corrections: pl.DataFrame | None,
    is_rebuild: bool,
    keep_days: int,
    now: datetime | None,
) -> dict[str, int]:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with duckdb.connect(config={"threads": threads, "memory_limit": MEMORY_LIMIT}) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET temp_directory = {_quoted(f'{new}.spill')}")
        build = _Build(con, lake, config, eval_scores, corrections, now)
        now = build.now
        is_begun = not is_rebuild and _begin_with_an_older(con, path, new, now.date(), keep_days)
        if not is_begun:
            _attach(con, new, f"STORAGE_VERSION '{STORAGE_VERSION}'")
            build.create()
        build.bring_up_to_date()
        build.check()
        if not is_begun:
            build.describe()
        rows_out = sum(_count(con, f"warehouse.main.{table}") for table in WAREHOUSE)
        con.execute("CHECKPOINT warehouse")
        con.execute("USE memory")
        con.execute("DETACH warehouse")
    lake.write(Publications, None, build.publications)
    swap(new, path, now, keep_days)
    return {"rows_in": build.rows_in, "rows_out": rows_out}


def _begin_with_an_older(con: duckdb.DuckDBPyConnection, path: Path, new: Path, today: date, keep_days: int) -> bool:
    """Attach, as `warehouse`, a file at `new` that this code made before: one that need not be kept, else a copy of the
    published one. False where there is neither."""
    code = _code()
    spare = superfluous(path, today, keep_days)
    for file in [*spare[:1], path]:
        if _made_by(file) != code:
            continue
        if file == path:
            clone(file, new)
        else:
            file.rename(new)
        try:
            _attach(con, new)
            return True
        except duckdb.IOException as error:
            # Somebody still reads it: it is theirs, and gone once they close it.
            log.info("%s is not brought up to date (%s)", file.name, str(error).splitlines()[0])
            new.unlink()
    return False


def _attach(con: duckdb.DuckDBPyConnection, file: Path, *options: str) -> None:
    # Nobody sees the file before it is whole, so that it needs no log.
    said = ", ".join(["RECOVERY_MODE 'NO_WAL_WRITES'", *options])
    con.execute(f"ATTACH {_quoted(file)} AS warehouse ({said})")
    con.execute("USE warehouse")


def _made_by(file: Path) -> str | None:
    try:
        with duckdb.connect(file, read_only=True) as con:
            return str(con.execute("SELECT code FROM build.made_by").fetchall()[0][0])
    except (duckdb.Error, IndexError):
        return None  # there is none, or another program's, or an older one's


def _code() -> str:
    """What a file depends on beside the lake and the configuration: our SQL, our contracts and this module."""
    made = blake2b(f"{STORAGE_VERSION} {duckdb.__version__}".encode(), digest_size=16)
    for file in sorted(SQL.glob("*/*.sql")):
        if file.parent.name not in ("examples", "report"):
            made.update(f"{file.parent.name}/{file.name}".encode() + file.read_bytes())
    for module in (Path(__file__), Path(inspect.getfile(LAKE["articles"]))):
        made.update(module.read_bytes())
    return made.hexdigest()


class _Build:
    """One file in the making: attached as `warehouse`, beside the lake as `lake`, a database in memory of views on the
    Parquet files of the days that are worked on.

    DuckDB reads the files itself, through fsspec where they are not on a local disk, and only as much of them at a time
    as it needs. Temporary views stand before the tables of the same name, and hold the rows that are worked on.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        lake: Lake,
        config: Config,
        eval_scores: pl.DataFrame | None = None,
        corrections: pl.DataFrame | None = None,
        now: datetime | None = None,
    ) -> None:
        self.con, self.lake, self.listing = con, lake, lake.listing()
        self.rows_in = 0
        self.finished = set(finished_days(self.listing))
        self.known = _known_days(self.listing)
        last = max(self.known, default=date(1, 1, 1))
        self.now = now or datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
        self.publications = Publications.create_empty()
        fs, _ = file_system(lake.root)
        self._is_local = is_local(fs)
        self._unstrip = fs.unstrip_protocol
        if not self._is_local:
            con.register_filesystem(fs)
        con.execute("ATTACH ':memory:' AS lake")
        self._give(config, eval_scores, corrections)
        self.dirty: list[date] = []  # days of runs whose rows are made anew
        self.touched: list[date] = []  # days of publication whose aggregates are
        self._is_bound: set[str] = set()
        self._shown_days: list[date] | None = None

    # --- what it is made from ---

    def _give(self, config: Config, eval_scores: pl.DataFrame | None, corrections: pl.DataFrame | None) -> None:
        """What the configuration gives, as tables of `lake`."""
        issues = [{"issue_id": issue.id} | issue.model_dump(exclude={"id"}) for issue in config.issues]
        scores = (
            pl.DataFrame(schema=_dtypes(EvalScores)) if eval_scores is None or eval_scores.is_empty() else eval_scores
        )
        printings = self.lake.scan(Printings)
        given: dict[str, pl.DataFrame] = {
            "outlets": pl.DataFrame(
                {"outlet": [o.domain for o in config.outlets], "name": [o.name for o in config.outlets]},
                {"outlet": pl.String, "name": pl.String},
            ),
            "issues": pl.DataFrame(issues, _dtypes(Issues)),
            "merges": _merges(self.lake, config),
            "printings": Printings.create_empty() if printings is None else printings.collect(),
            "eval_scores": EvalScores.validate(scores),
            "corrections": Corrections.create_empty() if corrections is None else Corrections.validate(corrections),
        }
        for table, frame in given.items():
            self.con.register("given", frame)
            self.con.execute(f"CREATE TABLE lake.{table} AS FROM given")
            self.con.unregister("given")

    def _give_days(self) -> None:
        """When each day was first and last published, this publish included; what tells is when its stages ran."""
        before = self.lake.scan(Publications)
        known = {} if before is None else {row[0]: row for row in before.collect().iter_rows()}
        ran = self.con.execute(
            "SELECT day, max(started_at + to_microseconds((1e6 * seconds)::BIGINT)) FROM runs GROUP BY day"
        )
        ran_at = dict(ran.fetchall())
        rows = [row for day, row in known.items() if day not in self.finished]
        for day in sorted(self.finished):
            _, first, restated, was = known.get(day, (day, self.now, None, ran_at.get(day)))
            rows.append((day, first, restated if was == ran_at.get(day) else self.now, ran_at.get(day)))
        self.publications = Publications.validate(pl.DataFrame(rows, _dtypes(Publications), orient="row"))
        days = (
            pl.DataFrame({"day": self.known}, {"day": pl.Date})
            .with_columns(is_finished=pl.col("day").is_in(sorted(self.finished)))
            .join(self.publications, on="day", how="left", maintain_order="left")
            .select(*Days.columns())
        )
        self.con.register("given", days)
        self.con.execute("CREATE OR REPLACE TABLE lake.days AS FROM given")
        self.con.unregister("given")

    def show_lake(self, days: Iterable[date]) -> None:
        """Views `lake.<table>` on the parts of these days."""
        wanted = sorted(days)
        if wanted == self._shown_days:
            return
        self._shown_days = wanted
        for table, schema in LAKE.items():
            columns = {name: _sql_type(column.dtype) for name, column in schema.columns().items()}
            if schema is Raw:
                del columns["content"]  # only to count the records: the pages stay in the lake
            files = [
                _quoted(part.path if self._is_local else self._unstrip(part.path))
                for day in wanted
                if table not in STAGED or day in self.finished
                for part in self.listing.get(table, {}).get(day, [])
                if OWN_PART not in part.path
            ]
            if files:
                select = ", ".join(f"{_name(name)}::{kind} AS {_name(name)}" for name, kind in columns.items())
                # The folders say `day=…` as well; the column in the file is the one that was validated.
                source = f"read_parquet([{', '.join(files)}], hive_partitioning = false)"
            else:
                select = ", ".join(f"NULL::{kind} AS {_name(name)}" for name, kind in columns.items())
                source = "range(0)"
            self.con.execute(f"CREATE OR REPLACE VIEW lake.{table} AS SELECT {select} FROM {source}")

    # --- how it is made ---

    def create(self) -> None:
        """The tables, empty, and the macros."""
        self.con.execute("CREATE SCHEMA warehouse.build")
        for table, columns in BUILD_TABLES.items():
            self.con.execute(f"CREATE TABLE build.{table} {columns}")
        self.con.execute("INSERT INTO build.made_by VALUES (?)", [_code()])
        _create_macros(self.con, FORMULAS, "MACRO")
        for table, contract in WAREHOUSE.items():
            columns = ", ".join(f"{_name(name)} {_sql_type(c.dtype)}" for name, c in contract.columns().items())
            self.con.execute(f"CREATE TABLE warehouse.main.{table} ({columns})")
        self._days_table("changed", [])
        self._run("CREATE TABLE lake.touched_entities (entity_id VARCHAR)")
        self.show_lake([])
        self._run(f"CREATE TABLE lake.printed AS {_sql('build', 'printed')}")
        for table in ("namings", "entity_days", *BY_MONTH):
            self._run(f"CREATE TABLE build.{table} AS {_sql('build', table)}")
        self._run("DROP TABLE lake.printed")
        self._run("DROP TABLE lake.touched_entities")
        _create_macros(self.con, QUESTIONS, "MACRO TABLE")

    def bring_up_to_date(self) -> None:
        """Make anew the rows of all days that show what has changed in the lake or in the configuration."""
        stamps = _stamps(self.listing)
        changed = _differing(dict(self._rows("SELECT day, stamp FROM build.days")), stamps)
        self._days_table("changed", changed)
        merged = self._changed_merges()

        self.show_lake(changed)
        self._run(f"CREATE OR REPLACE TABLE lake.printed AS {_sql('build', 'printed')}")
        dirty = changed | self._days_told_otherwise() | self._days_that_speak_of(merged)
        touched, stories, entities = self._shown(dirty)
        entities |= merged
        self._load(dirty, "articles", "build.namings")
        self._remake("merges")
        self._load(dirty, "build.entity_days")
        renamed = self._load_entities(entities | self._column("SELECT entity_id FROM build.entity_days", "day", dirty))
        dirty |= renamed
        self._load(dirty, *BY_RUN)
        self._give_days()
        outlets = self._rows("SELECT outlet FROM outlets ORDER BY outlet")
        touched |= self._days_of_changed_issues() | self._days_of_changed_corrections()
        for table in WHOLE:
            self._remake(table)

        after = self._shown(dirty)
        self.dirty, self.touched = sorted(dirty), sorted(touched | after[0])
        for chunk in self._chunks(self.touched):
            for table in BY_PUBLICATION:
                self._load_mart(table, chunk)
        self._load_stories(stories | after[1])
        self._load_index(dirty)
        is_new_outlet = self._rows("SELECT outlet FROM outlets ORDER BY outlet") != outlets
        self._load_coverage(set(self.known) | dirty if is_new_outlet else dirty)
        self._run("DELETE FROM build.days")
        self._insert("build.days", pl.DataFrame({"day": list(stamps), "stamp": list(stamps.values())}))
        log.info("%d days have changed, %d are made anew", len(changed), len(dirty))

    def _days_told_otherwise(self) -> set[date]:
        return self._set("""
            SELECT DISTINCT a.day FROM articles AS a INNER JOIN lake.printed AS p USING (day, article_id)
            WHERE (a.story_id, a.reprint_of, a.is_latest) IS DISTINCT FROM (p.story_id, p.reprint_of, p.is_latest)""")

    def _changed_merges(self) -> set[str]:
        """Ids that a merge has given up or taken since the file was made, or gives up now."""
        return self._set(f"SELECT unnest([old_id, current_id]) FROM {_changed('merges', 'old_id, current_id')}")

    def _days_that_speak_of(self, ids: set[str]) -> set[date]:
        if not ids:
            return set()
        self._run("CREATE OR REPLACE TABLE lake.ids (id VARCHAR)")
        self._insert("lake.ids", pl.DataFrame({"id": sorted(ids)}))
        columns = [
            (table, name)
            for table in ("resolutions", "roles", "stances", "sentiments")
            for name in WAREHOUSE[table].columns()
            if name
            in ("entity_id", "runner_up_id", "organisation_id", "country_id", "person_id", "holder_id", "target_id")
        ]
        return self._set(
            " UNION ".join(f"SELECT day FROM {t} WHERE {name} IN (SELECT id FROM lake.ids)" for t, name in columns)
        )

    def _days_of_changed_issues(self) -> set[date]:
        return self._set(f"""
            SELECT DISTINCT published_on FROM stances
            WHERE
                target_kind = 'issue'
                AND target_id IN (SELECT issue_id FROM {_changed("issues", "issue_id, name")})""")

    def _days_of_changed_corrections(self) -> set[date]:
        """All days of publication, where another is known of the reader's mistakes than when the file was made."""
        return self._set(
            f"SELECT DISTINCT published_on FROM articles WHERE EXISTS (FROM {_changed('corrections', '*')})"
        )

    def _shown(self, days: set[date]) -> tuple[set[date], set[str], set[str]]:
        """Days of publication and stories of the articles of these runs, and the entities that they speak of."""
        return (
            self._column("SELECT published_on FROM articles", "day", days),
            self._column("SELECT story_id FROM articles", "day", days),
            self._column("SELECT entity_id FROM build.entity_days", "day", days),
        )

    def _load(self, days: set[date], *tables: str) -> None:
        """Make the tables' rows of these days of runs anew, some days at a time."""
        for table in tables:
            self._delete(table, "day", days)
        for batch in self._batches(days):
            self.show_lake(batch)
            self._narrow("articles", "day", batch)
            for table in tables:
                self._insert_select(table)
            self._widen()

    def _load_mart(self, table: str, days: Sequence[date]) -> None:
        """Make the mart's rows of these days of publication anew, from what is published on them and so long before."""
        reach = DAYS_BEFORE.get(table, 0)
        made = sorted({day + timedelta(days=n) for day in days for n in range(reach + 1)})
        read = sorted({day - timedelta(days=n) for day in made for n in range(reach + 1)})
        self._delete(table, "day", made)
        for name in ("articles", "mentions", "statements", "stances", "sentiments", "tones"):
            self._narrow(name, "published_on", read)
        self._insert_select(table, _among("day", made) if reach else "")
        self._widen()

    def _load_stories(self, ids: set[str]) -> None:
        self._run("CREATE OR REPLACE TABLE lake.touched_stories (story_id VARCHAR)")
        self._insert("lake.touched_stories", pl.DataFrame({"story_id": sorted(ids)}, {"story_id": pl.String}))
        self._run("DELETE FROM stories WHERE story_id IN (SELECT story_id FROM lake.touched_stories)")
        self._view("articles", "story_id IN (SELECT story_id FROM lake.touched_stories)")
        self._insert_select("stories")
        self._widen()

    def _load_coverage(self, days: set[date]) -> None:
        self._delete("outlet_coverage_daily", "day", days)
        for batch in self._batches(days):
            for name in ("days", "fetches", "articles", "mentions", "statements", "quarantine"):
                self._narrow(name, "day", batch)
            self._insert_select("outlet_coverage_daily")
            self._widen()

    def _load_index(self, days: set[date]) -> None:
        for month in sorted({day.replace(day=1) for day in days}):
            whole = [month + timedelta(days=n) for n in range(monthrange(month.year, month.month)[1])]
            for table in ("articles", "statements"):
                self._narrow(table, "day", whole)
            for table in BY_MONTH:
                self._run(f"DELETE FROM build.{table} WHERE month = DATE '{month}'")
                self._insert_select(f"build.{table}")
            self._widen()

    def _load_entities(self, ids: set[str]) -> set[date]:
        """Make the rows of these entities anew; the days that speak of one whose name is another now."""
        self._run("CREATE OR REPLACE TABLE lake.touched_entities (entity_id VARCHAR)")
        self._insert("lake.touched_entities", pl.DataFrame({"entity_id": sorted(ids)}, {"entity_id": pl.String}))
        touched = "entity_id IN (SELECT entity_id FROM lake.touched_entities)"
        self._run(f"CREATE OR REPLACE TABLE lake.before AS FROM entities WHERE {touched}")
        self._run(f"DELETE FROM entities WHERE {touched}")
        self._insert_select("entities")
        return self._set("""
            SELECT DISTINCT d.day FROM build.entity_days AS d
            INNER JOIN lake.before AS b USING (entity_id)
            INNER JOIN entities AS e USING (entity_id)
            WHERE (b.name, b.type, b.wikidata_id) IS DISTINCT FROM (e.name, e.type, e.wikidata_id)""")

    def _remake(self, table: str) -> None:
        self._run(f"DELETE FROM {table}")
        self._insert_select(table)

    def _batches(self, days: set[date]) -> Iterator[list[date]]:
        """The days in order, cut where their parts are enough to be worked on."""
        batch: list[date] = []
        size = 0
        for day in sorted(days):
            batch.append(day)
            size += sum(part.size for table in STAGED for part in self.listing.get(table, {}).get(day, []))
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _chunks(self, days: Sequence[date]) -> Iterator[list[date]]:
        """The days of publication in order, cut where their articles are enough to be worked on."""
        counts: dict[date, int] = dict(
            self.con.execute("SELECT published_on, count(*) FROM articles GROUP BY published_on").fetchall()
        )
        chunk: list[date] = []
        size = 0
        for day in days:
            chunk.append(day)
            size += counts.get(day, 0)
            if size >= BATCH_ARTICLES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    # --- what is checked ---

    def check(self) -> None:
        """Every check of sql/checks, its result in the table `checks`.

        What blocks is asked of the rows that were made anew, but for what no day shows alone; what warns, of all rows.

        Raises:
            PublishError: a blocking check failed.
        """
        files = sorted((SQL / "checks").glob("*.sql"))
        found: dict[str, tuple[int, str]] = {file.stem: (0, "") for file in files}
        severity, meaning = {}, {}
        for file in files:
            severity[file.stem], meaning[file.stem] = _header(file.read_text(encoding="utf-8")).split(" ", 2)[1:]
        empty: list[date] = []
        for batch, chunk in zip_longest(self._batches(set(self.dirty)), self._chunks(self.touched), fillvalue=empty):
            self.show_lake(batch)
            for table in WAREHOUSE:
                self._narrow_for_checks(table, batch, chunk)
            for name in severity:
                if severity[name] == "blocking" and name not in ACROSS_DAYS:
                    rows, example = self._offending(name, is_logged=True)
                    found[name] = found[name][0] + rows, found[name][1] or example
            self._widen()
        if not self.dirty:
            self.show_lake([])
        for name in severity:
            if severity[name] == "warning" or name in ACROSS_DAYS or not self.dirty:
                found[name] = self._offending(name, is_logged=severity[name] == "blocking")
        self._run("DELETE FROM checks")
        for name, (rows, example) in found.items():
            result = [name, severity[name], meaning[name], rows == 0, rows, example or None]
            self.con.execute("INSERT INTO warehouse.main.checks VALUES (?, ?, ?, ?, ?, ?)", result)
        failed = [name for name, (rows, _) in found.items() if rows and severity[name] == "blocking"]
        if failed:
            raise PublishError(
                "; ".join(
                    f"check {name} failed on {found[name][0]} rows, which breaks: {meaning[name]} First rows: "
                    f"{found[name][1]}"
                    for name in failed
                )
                + "; the old warehouse stays; run the stages of those days again"
            )

    def _narrow_for_checks(self, table: str, batch: list[date], chunk: list[date]) -> None:
        """A temporary table of the rows of these runs, and all of these days of publication, in the table's place."""
        columns = WAREHOUSE[table].columns()
        if table in BY_PUBLICATION:
            later = DAYS_BEFORE.get(table, 0)
            where = [_among("day", sorted({day + timedelta(days=n) for day in chunk for n in range(later + 1)}))]
        elif "published_on" in columns:
            where = [
                _among("day", batch),
                f"{_among('published_on', chunk)} AND NOT ({_among('day', batch)})",
            ]
        elif "day" in columns and table not in ("days", "stories"):
            where = [_among("day", batch)]
        else:
            return
        source = f"SELECT * FROM warehouse.main.{table}"
        self._run(f"CREATE TEMP TABLE {table} AS {' UNION ALL '.join(f'{source} WHERE {part}' for part in where)}")

    def _offending(self, check: str, *, is_logged: bool = False) -> tuple[int, str]:
        self._run(f"CREATE OR REPLACE TEMP TABLE offending AS {_sql('checks', check)}")
        rows = _count(self.con, "temp.offending")
        first = self.con.execute(f"FROM temp.offending LIMIT {LOGGED_ROWS}")
        names = [name for name, *_ in first.description or []]
        offending = [", ".join(f"{k}={v}" for k, v in zip(names, row, strict=True)) for row in first.fetchall()]
        self._run("DROP TABLE temp.offending")
        for row in offending if is_logged else []:
            log.error("check %s: %s", check, row[:EXAMPLE_CHARACTERS])
        return rows, " | ".join(offending[:3])[:EXAMPLE_CHARACTERS]

    def describe(self) -> None:
        """The contracts in the file itself: the comments, and which columns are never null.

        Raises:
            PublishError: a column that may not be null is.
        """
        for table, contract in WAREHOUSE.items():
            self._run(f"COMMENT ON TABLE {table} IS {_quoted(comment(table))}")
            for name, column in contract.columns().items():
                if not column.nullable:
                    try:
                        self._run(f"ALTER TABLE {table} ALTER {_name(name)} SET NOT NULL")
                    except duckdb.ConstraintException as error:
                        raise _null_error(table, error) from error
            for name, column in contract.columns().items():
                self._run(f"COMMENT ON COLUMN {table}.{_name(name)} IS {_quoted((column.metadata or {})['doc'])}")
        for table in ("namings", "entity_days", *BY_MONTH):
            self._run(f"COMMENT ON TABLE build.{table} IS {_quoted(_header(_sql('build', table)))}")

    # --- its hands ---

    def _run(self, sql: str) -> None:
        self.con.execute(sql)

    def _rows(self, sql: str) -> list[tuple[date, str]]:
        return self.con.execute(sql).fetchall()

    def _set(self, sql: str) -> set:  # type: ignore[type-arg]  # of what the query selects
        return {value for (value,) in self.con.execute(sql).fetchall() if value is not None}

    def _column(self, select: str, column: str, days: Iterable[date]) -> set:  # type: ignore[type-arg]
        return self._set(f"SELECT DISTINCT * FROM ({select} WHERE {_among(column, sorted(days))})")

    def _insert(self, table: str, frame: pl.DataFrame) -> None:
        self.con.register("given", frame)
        self.con.execute(f"INSERT INTO {table} FROM given")
        self.con.unregister("given")

    def _days_table(self, name: str, days: Iterable[date]) -> None:
        self._run(f"CREATE OR REPLACE TABLE lake.{name} (day DATE)")
        self._insert(f"lake.{name}", pl.DataFrame({"day": sorted(days)}, {"day": pl.Date}))

    def _delete(self, table: str, column: str, days: Iterable[date]) -> None:
        schema = "" if "." in table else "warehouse.main."
        self._run(f"DELETE FROM {schema}{table} WHERE {_among(column, sorted(days))}")

    def _narrow(self, table: str, column: str, days: Sequence[date]) -> None:
        self._view(table, _among(column, days))

    def _view(self, table: str, condition: str) -> None:
        self._run(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM warehouse.main.{table} WHERE {condition}")

    def _widen(self) -> None:
        """Take away what stands before the tables."""
        for name, kind in self._rows(
            "SELECT view_name, 'VIEW' FROM duckdb_views() WHERE database_name = 'temp' AND NOT internal UNION ALL "
            "SELECT table_name, 'TABLE' FROM duckdb_tables() WHERE database_name = 'temp'"
        ):
            self._run(f"DROP {kind} temp.{name}")

    def _insert_select(self, table: str, condition: str = "") -> None:
        """Add what the table's SELECT gives.

        Raises:
            PublishError: that is not what its contract says.
        """
        if table.startswith("build."):
            self._run(f"INSERT INTO {table} {_sql('build', table.removeprefix('build.'))}")
            return
        file = _select_of(table)
        sql = file.read_text(encoding="utf-8")
        if table not in self._is_bound:
            self._hold_to_contract(table, file, sql)
            self._is_bound.add(table)
        if condition:
            sql = f"SELECT * FROM ({sql.rstrip().removesuffix(';')}) WHERE {condition}"
        try:
            done = self.con.execute(f"INSERT INTO warehouse.main.{table} {sql}")
        except duckdb.ConstraintException as error:
            raise _null_error(table, error) from error
        except duckdb.ConversionException as error:
            raise PublishError(f"{file}: {str(error).splitlines()[0]}; its contract knows no such value") from error
        if table in BY_RUN or table == "articles":
            self.rows_in += done.fetchall()[0][0]

    def _hold_to_contract(self, table: str, file: Path, sql: str) -> None:
        # Which names inside a type DuckDB puts in quotes is its own affair.
        wanted = [(n, _sql_type(column.dtype).replace('"', "")) for n, column in WAREHOUSE[table].columns().items()]
        found = [(n, kind.replace('"', "")) for n, kind, *_ in self.con.execute(f"DESCRIBE {sql}").fetchall()]
        odd = [
            f"{f[0]} {f[1]} (contract: {w[0]} {w[1]})"
            for f, w in zip_longest(found, wanted, fillvalue=("nothing", ""))
            # A word is taken for one of the contract's words, or refused when it comes.
            if f != w and not (f[0] == w[0] and f[1] == "VARCHAR" and w[1].startswith("ENUM"))
        ]
        if odd:
            raise PublishError(f"{file} gives {'; '.join(odd)}; make it and pipeline/schemas.py say the same")


def _merges(lake: Lake, config: Config) -> pl.DataFrame:
    """The ids that turned out to be another's, with the id that stands for each after all merges.

    The operator's decision goes before an import's; and whom the operator names in `[[entities]]` the world knows by a
    Wikidata id, which gives way to the operator's.

    Raises:
        PublishError: merges go in a circle.
    """
    ours = [{"old_id": m.old, "entity_id": m.entity, "merged_on": m.on, "reason": m.reason} for m in config.merges]
    given_up = {m.old for m in config.merges}
    ours += [
        {"old_id": item, "entity_id": own, "merged_on": None, "reason": "[[entities]] names who has this Wikidata id"}
        for own, item in joined(config.entities, load_names(lake=lake)).items()
        if own not in given_up and item not in given_up
    ]
    operators = pl.DataFrame([row | {"source": "operator"} for row in ours], _dtypes(Merges))
    imported = lake.scan(Merges)
    every = [operators, *([] if imported is None else [imported.collect().sort("merged_on")])]
    merges = pl.concat(every).unique("old_id", keep="first", maintain_order=True)
    into = dict(merges.select("old_id", "entity_id").iter_rows())
    current: dict[str, str] = {}
    for old in into:
        chain = [old]
        while chain[-1] in into:
            chain.append(into[chain[-1]])
            if chain[-1] in chain[:-1]:
                raise PublishError(f"merges go in a circle: {' -> '.join(chain)}; take one of them out")
        current[old] = chain[-1]
    return merges.with_columns(current_id=pl.col("old_id").replace(current)).sort("old_id")


def comment(table: str) -> str:
    """What the table's `COMMENT ON` says: its contract, and its key."""
    contract = WAREHOUSE[table]
    return f"{inspect.cleandoc(contract.__doc__ or '')} Key: {', '.join(contract.primary_key())}."


def _null_error(table: str, error: duckdb.ConstraintException) -> PublishError:
    said = str(error).splitlines()[0]
    return PublishError(f"{table}.{said.rsplit('.', 1)[-1]} is null in a row, which its contract forbids: {said}")


def _create_macros(con: duckdb.DuckDBPyConnection, names: tuple[str, ...], kind: str) -> None:
    for name in names:
        sql = _sql("macros", name)
        con.execute(sql)
        con.execute(f"COMMENT ON {kind} {name} IS {_quoted(_header(sql))}")


def export_tables(path: Path, folder: Path, kind: Literal["parquet", "csv"], tables: Sequence[str] = ()) -> list[Path]:
    """Write tables of the warehouse, all marts where none is named, as files of the folder, each in one rename.

    A text that a spreadsheet would run as a formula has an apostrophe before it in CSV, as OWASP advises.

    Raises:
        PublishError: there is no such table, or the folder cannot be written.
    """
    marts = [table for table in WAREHOUSE if (SQL / "marts" / f"{table}.sql").exists()]
    if unknown := [table for table in tables if table not in WAREHOUSE]:
        raise PublishError(f"there is no table {unknown[0]}; there are {', '.join(WAREHOUSE)}")
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path, read_only=True) as con:
            con.execute("SET TimeZone = 'UTC'")
            for table in tables or marts:
                file = folder / f"{table}.{kind}"
                columns = [_exported(name, c.dtype, kind) for name, c in WAREHOUSE[table].columns().items()]
                options = "FORMAT parquet, COMPRESSION zstd" if kind == "parquet" else "FORMAT csv, HEADER"
                new = file.with_name(f".{file.name}.{os.getpid()}")
                con.execute(f"COPY (SELECT {', '.join(columns)} FROM {table}) TO {_quoted(new)} ({options})")
                new.replace(file)
                files.append(file)
    except (OSError, duckdb.IOException) as error:
        raise PublishError(f"cannot export to {folder}: {str(error).splitlines()[0]}") from error
    return files


def _exported(name: str, dtype: pl.DataType, kind: str) -> str:
    column, apostrophe = _name(name), _quoted("'")
    if kind == "parquet" or not isinstance(dtype, pl.String):
        return column
    return f"if(regexp_matches({column}, '^[=+@\\t\\r-]'), {apostrophe} || {column}, {column}) AS {column}"


def _select_of(table: str) -> Path:
    mart = SQL / "marts" / f"{table}.sql"
    return mart if mart.exists() else SQL / "details" / f"{table}.sql"


def _sql(folder: str, name: str) -> str:
    return (SQL / folder / f"{name}.sql").read_text(encoding="utf-8")


def _among(column: str, days: Sequence[date]) -> str:
    """A condition that holds on these days only, and lets whole row groups be passed over."""
    if not days:
        return "false"
    listed = ", ".join(f"DATE '{day}'" for day in days)
    return f"{column} BETWEEN DATE '{days[0]}' AND DATE '{days[-1]}' AND {column} IN ({listed})"


def _changed(table: str, columns: str) -> str:
    """A subquery of the rows that only one of them has: the file's table, or what the lake says now."""
    ours, lakes = (f"SELECT {columns} FROM {name}" for name in (table, f"lake.{table}"))
    return f"(({ours} EXCEPT {lakes}) UNION ALL ({lakes} EXCEPT {ours}))"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _header(sql: str) -> str:
    lines = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)


def _dtypes(schema: type[dy.Schema]) -> dict[str, pl.DataType]:
    return {name: column.dtype for name, column in schema.columns().items()}


def _sql_type(dtype: pl.DataType | DataTypeClass) -> str:
    if isinstance(dtype, pl.List):
        return f"{_sql_type(dtype.inner)}[]"
    if isinstance(dtype, pl.Struct):
        return f"STRUCT({', '.join(f'{_name(field.name)} {_sql_type(field.dtype)}' for field in dtype.fields)})"
    if isinstance(dtype, pl.Enum):
        return f"ENUM({', '.join(_quoted(word) for word in dtype.categories)})"
    return _SQL_TYPES[dtype.base_type()]


def _name(column: str) -> str:
    return f'"{column}"'


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
