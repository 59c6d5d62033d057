"""Build the warehouse beside the old one, check it, swap it in.

Every table is made by one SELECT: `sql/details/<table>.sql` from the lake, `sql/marts/<table>.sql` from the tables
before it. What the columns must be, and what they mean, is in `pipeline.schemas.WAREHOUSE`.
"""

from __future__ import annotations

import fcntl
import glob
import inspect
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import takewhile, zip_longest
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl
from polars.datatypes import DataTypeClass

from pipeline.lake import SHARD, Lake
from pipeline.schemas import (
    LAKE,
    WAREHOUSE,
    Articles,
    Checks,
    Corrections,
    Days,
    Entities,
    EvalScores,
    Fetches,
    Headlines,
    Issues,
    Mentions,
    Merges,
    Printings,
    Quarantine,
    Raw,
    Roles,
    Sentiments,
    Stances,
    Statements,
    Tones,
)
from pipeline.settings import Config
from pipeline.stores import file_system, is_local, store_errors

log = logging.getLogger(__name__)

SQL = Path(__file__).parents[1] / "sql"
# What the oldest supported client, DuckDB 1.4 LTS, can open.
STORAGE_VERSION = "v1.4.0"
# DuckDB spills to disk beyond this; a publish shares its machine with the readers of other days.
MEMORY_LIMIT = "2GB"
# Characters of a check's example: enough for three rows without their texts.
EXAMPLE_CHARACTERS = 600
# Offending rows of a blocking check that go to the log: enough to see a pattern in, the count says how many there are.
LOGGED_ROWS = 50
# What a day must have, whole, before its rows count.
STAGED = (Articles, Quarantine, Mentions, Statements, Headlines, Entities, Roles, Stances, Sentiments, Tones)

# sql/macros: what the marts are computed with, each after those that it uses …
FORMULAS = (
    "t975", "mean_margin", "mean_low", "mean_high", "wilson_low", "wilson_high", "within", "corrected",
    "corrected_variance", "corrected_low", "corrected_high", "is_called",
)  # fmt: skip
# … and what an analyst asks the finished file with.
QUESTIONS = ("who_said", "stance_of", "sentiment_toward", "outlets_toward", "evidence")
_SQL_TYPES = {
    pl.Date: "DATE",
    pl.String: "VARCHAR",
    pl.Enum: "VARCHAR",  # clients in other languages know text better than DuckDB's own enums
    pl.Int64: "BIGINT",
    pl.UInt32: "UINTEGER",
    pl.Float32: "FLOAT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Binary: "BLOB",
    pl.Datetime: "TIMESTAMP",
}


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
) -> dict[str, int]:
    """Publish the whole lake as one DuckDB file at `path`, or leave what is there untouched.

    The new file is built beside the old, loaded, checked and swapped in by one rename: open readers keep the old file,
    new ones see the new. A second publish waits for the first. The same lake gives the same rows.

    Args:
        eval_scores: how accurate the reader is, as `EvalScores` says; None = not known.
        corrections: what is known of its mistakes, as `Corrections` says; None = nothing.

    Returns:
        `rows_in`, rows read from the lake (raw records counted, not read), and `rows_out`, rows of all tables.

    Raises:
        PublishError: a blocking check failed, a table is not what its contract says, the lake cannot be read, or the
            file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_publish(path), store_errors():
            return _publish(lake, path, config, threads, eval_scores, corrections)
    except (OSError, duckdb.Error) as error:
        if not isinstance(error, PLACE_ERRORS) and type(error) is not duckdb.Error:
            raise  # our own mistake
        raise PublishError(
            f"cannot build {path}: {str(error).splitlines()[0]}; check that its folder can be written and has free "
            "space (the lake's size, twice), that the lake can be read, then publish again"
        ) from error


def _publish(
    lake: Lake,
    path: Path,
    config: Config,
    threads: int,
    eval_scores: pl.DataFrame | None,
    corrections: pl.DataFrame | None,
) -> dict[str, int]:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    _remove_unfinished(path)  # we hold the lock: whoever left them is dead
    try:
        with duckdb.connect(config={"threads": threads, "memory_limit": MEMORY_LIMIT}) as con:
            con.execute("SET enable_progress_bar = false")
            con.execute("SET TimeZone = 'UTC'")
            con.execute(f"SET temp_directory = {_quoted(f'{new}.spill')}")
            rows_in = _attach_lake(con, lake, config, eval_scores, corrections)
            con.execute(f"ATTACH {_quoted(new)} AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
            con.execute("USE warehouse")
            con.execute("BEGIN")  # the log is written once, not at every statement
            _create_macros(con, FORMULAS, "MACRO")
            for table, contract in WAREHOUSE.items():
                if table != "checks":
                    _create_table(con, table, contract)
            _create_macros(con, QUESTIONS, "MACRO TABLE")
            _run_checks(con)
            for table, contract in WAREHOUSE.items():
                _describe(con, table, contract)
            rows_out = sum(_count(con, table) for table in WAREHOUSE)
            con.execute("COMMIT")
            con.execute("CHECKPOINT warehouse")
            con.execute("USE memory")
            con.execute("DETACH warehouse")
        _swap(new, path)
    finally:
        _remove_unfinished(path)
    return {"rows_in": rows_in, "rows_out": rows_out}


def finished_days(lake: Lake) -> list[date]:
    """The days whose stages are all done, in order."""
    return [day for day in lake.days(Articles) if all(_is_whole(lake.parts(schema, day)) for schema in STAGED)]


def _attach_lake(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    config: Config,
    eval_scores: pl.DataFrame | None = None,
    corrections: pl.DataFrame | None = None,
) -> int:
    """A database `lake` in memory: a view on the Parquet files of each table, and what the configuration gives.

    Returns the rows of the views. DuckDB reads the files itself, through fsspec where they are not on a local disk, and
    only as much of them at a time as it needs.
    """
    con.execute("ATTACH ':memory:' AS lake")
    fs, _ = file_system(lake.root)
    if not is_local(fs):
        con.register_filesystem(fs)
    days = sorted({day for schema in (Fetches, Raw, Articles) for day in lake.days(schema)})
    finished = finished_days(lake)
    rows = 0
    for table, schema in LAKE.items():
        columns = {name: _sql_type(column.dtype) for name, column in schema.columns().items()}
        if schema is Raw:
            del columns["content"]  # only to count the records: the pages stay in the lake
        parts = [part for day in (finished if schema in STAGED else days) for part in lake.parts(schema, day)]
        if parts:
            files = ", ".join(_quoted(part if is_local(fs) else fs.unstrip_protocol(part)) for part in parts)
            select = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in columns.items())
            # The folders say `day=…` as well; the column in the file is the one that was validated.
            source = f"read_parquet([{files}], hive_partitioning = false)"
            con.execute(f"CREATE VIEW lake.{table} AS SELECT {select} FROM {source}")
            rows += _count(con, f"lake.{table}")
        else:
            con.execute(f"CREATE TABLE lake.{table} ({', '.join(f'{_name(n)} {kind}' for n, kind in columns.items())})")
    issues = [{"issue_id": issue.id} | issue.model_dump(exclude={"id"}) for issue in config.issues]
    given: dict[str, pl.DataFrame] = {
        "days": pl.DataFrame({"day": days, "is_finished": [day in finished for day in days]}, _dtypes(Days)),
        "outlets": pl.DataFrame(
            {"outlet": [o.domain for o in config.outlets], "name": [o.name for o in config.outlets]}
        ),
        "issues": pl.DataFrame(issues, _dtypes(Issues)),
        "merges": _merges(lake, config),
        "printings": lake.read(Printings, None),
        "eval_scores": EvalScores.validate(
            pl.DataFrame(schema=_dtypes(EvalScores)) if eval_scores is None or eval_scores.is_empty() else eval_scores
        ),
        "corrections": Corrections.create_empty() if corrections is None else Corrections.validate(corrections),
    }
    for table, frame in given.items():
        con.register("given", frame)
        con.execute(f"CREATE TABLE lake.{table} AS FROM given")
        con.unregister("given")
    return rows


def _merges(lake: Lake, config: Config) -> pl.DataFrame:
    """The ids that turned out to be another's, with the id that stands for each after all merges.

    The operator's decision goes before an import's.

    Raises:
        PublishError: merges go in a circle.
    """
    ours = [{"old_id": m.old, "entity_id": m.entity, "merged_on": m.on, "reason": m.reason} for m in config.merges]
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


def _is_whole(parts: list[str]) -> bool:
    shards = [match for part in parts if (match := SHARD.search(part))]
    return bool(parts) and (not shards or len(shards) == len(parts) == int(shards[0][2]))


def _create_macros(con: duckdb.DuckDBPyConnection, names: tuple[str, ...], kind: str) -> None:
    for name in names:
        sql = (SQL / "macros" / f"{name}.sql").read_text(encoding="utf-8")
        con.execute(sql)
        con.execute(f"COMMENT ON {kind} {name} IS {_quoted(_header(sql))}")


def _create_table(con: duckdb.DuckDBPyConnection, table: str, contract: type[dy.Schema]) -> None:
    """The table as its SELECT gives it.

    Raises:
        PublishError: that is not what its contract says.
    """
    mart = SQL / "marts" / f"{table}.sql"
    select = mart if mart.exists() else SQL / "details" / f"{table}.sql"
    con.execute(f"CREATE TABLE {table} AS {select.read_text(encoding='utf-8')}")
    wanted = [f"{name} {_sql_type(column.dtype)}" for name, column in contract.columns().items()]
    found = [f"{name} {kind}" for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
    if found != wanted:
        odd = [f"{f} (contract: {w})" for f, w in zip_longest(found, wanted, fillvalue="nothing") if f != w]
        raise PublishError(f"{select} gives {'; '.join(odd)}; make it and pipeline/schemas.py say the same")


def _run_checks(con: duckdb.DuckDBPyConnection) -> None:
    """Every check of sql/checks, its result in the table `checks`.

    Raises:
        PublishError: a blocking check failed.
    """
    columns = ", ".join(f"{_name(name)} {_sql_type(column.dtype)}" for name, column in Checks.columns().items())
    con.execute(f"CREATE TABLE checks ({columns})")
    for file in sorted((SQL / "checks").glob("*.sql")):
        sql = file.read_text(encoding="utf-8")
        severity, meaning = _header(sql).split(" ", 2)[1:]
        con.execute(f"CREATE OR REPLACE TEMP TABLE offending AS {sql}")
        rows = _count(con, "offending")
        first = con.execute(f"FROM offending LIMIT {LOGGED_ROWS}")
        names = [name for name, *_ in first.description or []]
        offending = [", ".join(f"{k}={v}" for k, v in zip(names, row, strict=True)) for row in first.fetchall()]
        example = " | ".join(offending[:3])[:EXAMPLE_CHARACTERS]
        if severity == "blocking":
            for row in offending:
                log.error("check %s: %s", file.stem, row[:EXAMPLE_CHARACTERS])
        result = [file.stem, severity, meaning, rows == 0, rows, example or None]
        con.execute("INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?)", result)
    con.execute("DROP TABLE IF EXISTS temp.offending")
    failed = con.execute(
        "SELECT name, meaning, offending_rows, example FROM checks WHERE severity = 'blocking' AND NOT is_passed"
    ).fetchall()
    if failed:
        raise PublishError(
            "; ".join(
                f"check {name} failed on {rows} rows, which breaks: {meaning} First rows: {example}"
                for name, meaning, rows, example in failed
            )
            + "; the old warehouse stays; run the stages of those days again"
        )


def _describe(con: duckdb.DuckDBPyConnection, table: str, contract: type[dy.Schema]) -> None:
    """The contract in the file itself: the comments, and which columns are never null.

    Raises:
        PublishError: a column that may not be null is.
    """
    con.execute(f"COMMENT ON TABLE {table} IS {_quoted(inspect.cleandoc(contract.__doc__ or ''))}")
    for name, column in contract.columns().items():
        if not column.nullable:
            try:
                con.execute(f"ALTER TABLE {table} ALTER {_name(name)} SET NOT NULL")
            except duckdb.ConstraintException as error:
                raise PublishError(f"{table}.{name} is null in a row, which its contract forbids: {error}") from error
    for name, column in contract.columns().items():
        con.execute(f"COMMENT ON COLUMN {table}.{_name(name)} IS {_quoted((column.metadata or {})['doc'])}")


def _swap(new: Path, path: Path) -> None:
    with new.open("rb") as file:
        os.fsync(file.fileno())
    # Someone who opened the published file to write may have left a log beside it; with it the new file would not open.
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _only_publish(path: Path) -> Iterator[None]:
    """Hold the lock beside `path`, after any other publish has ended. A lock dies with its process; its file stays."""
    with path.with_name(f".{path.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("another publish of %s is running: waiting for it to end", path)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_unfinished(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.new*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


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
    return _SQL_TYPES[dtype.base_type()]


def _name(column: str) -> str:
    return f'"{column}"'


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
