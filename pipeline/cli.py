"""`standpoint …`: the verbs of the nightly DAG, without Airflow. Exit codes are `Exit`."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from unittest.mock import patch

import typer

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipeline.settings import Settings
    from pipeline.sources.check import Finding
    from pipeline.stages.normalise import Extracted


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    FAILED = 1
    USAGE = 2
    LOOK = 3


EXIT_CODES = (
    "Exit codes: 0 all well; 1 failed; 2 wrong usage or settings; 3 done, but a source failed or input was refused."
)
SETTINGS = (
    "Settings come from the environment: STANDPOINT_LAKE (folder or URL), STANDPOINT_WAREHOUSE (path of the DuckDB "
    "file), STANDPOINT_CONFIG (TOML file with outlets, issues and known entities)."
)
PROBLEMS_SHOWN = 20
"""Lines of what went wrong that are printed; the rest is in the tables `quarantine` and `fetches`."""
PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""

app = typer.Typer(
    help=f"Who said what about whom, and how they stand: every night, from the whole press, in SQL.\n\n{SETTINGS}",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


class UsageError(Exception):
    """What was asked cannot be done: the message says why and what to do."""


@app.callback()
def _options(debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False) -> None:
    """Read in `main`, which also takes it after the command."""


@app.command(epilog="Example: standpoint run --day 2026-01-05")
def run(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The UTC day to run.", show_default="yesterday, UTC", metavar="DAY"),
    ] = None,
) -> None:
    """Fetch, read and publish one day.

    Raw pages that the lake holds already are not fetched again; everything after them is done anew, so running a day
    twice gives the same result.
    """
    chosen = _today() - timedelta(days=1) if day is None else day.date()
    _run_days([chosen])


@app.command(epilog="Example: standpoint backfill 2026-01-01 2026-01-31")
def backfill(
    first: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="First UTC day.", metavar="FIRST")],
    last: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Last UTC day.", metavar="LAST")],
) -> None:
    """Run every day from FIRST to LAST, then publish once.

    A live feed has no past days: such a day ends as a gap in outlet_coverage_daily, unless an archive fills it.
    """
    if last < first:
        raise UsageError(f"the last day {last:%Y-%m-%d} is before the first day {first:%Y-%m-%d}")
    _run_days([(first + timedelta(days=n)).date() for n in range((last - first).days + 1)])


@app.command(epilog="Example: standpoint publish --day 2026-01-05")
def publish(
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Day of the front page.", show_default="the lake's last", metavar="DAY"
        ),
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make every row anew; the rows are the same.")] = False,
) -> None:
    """Bring the warehouse up to date with the lake, check it, swap it in, write the front page."""
    settings = _settings()
    from pipeline.lake import Lake
    from pipeline.runs import DayError, run_publish
    from pipeline.schemas import Sentiments

    days = Lake(settings.lake).days(Sentiments)
    if day is None and not days:
        raise DayError(f"the lake {settings.lake} holds no finished day; run one first: standpoint run --day DAY")
    _say_published(run_publish(day.date() if day else days[-1], settings, is_rebuild=rebuild))


class ExportFormat(StrEnum):
    """What an export is written as."""

    PARQUET = "parquet"
    CSV = "csv"


@app.command(epilog="Examples: standpoint export out | standpoint export out --format csv --table stance_daily")
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; those of the same name are replaced.")],
    format: Annotated[ExportFormat, typer.Option(help="Columnar, or for spreadsheets.")] = ExportFormat.PARQUET,
    table: Annotated[
        list[str] | None, typer.Option(help="A table; may be given many times.", show_default="all marts")
    ] = None,
) -> None:
    """Write tables of the warehouse as one file each.

    In CSV a text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    settings = _settings()
    from pipeline.warehouse import export_tables

    if not settings.warehouse.exists():
        raise UsageError(f"there is no warehouse at {settings.warehouse} yet; make one: standpoint run --day DAY")
    for file in export_tables(settings.warehouse, folder, format.value, table or ()):
        print(file)


@app.command(epilog="Example: STANDPOINT_KEEP_DAYS=730 standpoint prune --dry-run")
def prune(
    is_trial: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
) -> None:
    """Forget what STANDPOINT_KEEP_RAW_DAYS and STANDPOINT_KEEP_DAYS allow to; every publish does it too.

    Days are counted back from the last finished one, which always stays.
    """
    settings = _settings()
    from pipeline.lake import Lake
    from pipeline.retention import prune as forget

    count = 0
    for line in forget(Lake(settings.lake), settings, is_trial=is_trial):
        count += 1
        print(line)
    print(f"{'would be forgotten' if is_trial else 'forgotten'}: {count} {'day' if count == 1 else 'days'}")


@app.command(epilog="Examples: standpoint read article.txt | standpoint read page.html | pbpaste | standpoint read -")
def read(
    file: Annotated[str, typer.Argument(help="A text or a web page; - reads the standard input.", metavar="FILE")],
) -> None:
    """Show what the reader sees in one text: mentions, statements and stances.

    Needs no lake and no warehouse. Issues and known entities are taken from STANDPOINT_CONFIG where it is set.
    """
    settings = _settings(lake="-", warehouse="-", **({} if "STANDPOINT_CONFIG" in os.environ else {"config": "-"}))
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    tables = _read_text(_text(content, file), settings)
    console = new_console()
    for table in tables:
        console.print(table)


@app.command(epilog="Examples: standpoint gazetteer latest-all.json.bz2 | standpoint gazetteer query.json")
def gazetteer(
    file: Annotated[Path, typer.Argument(help="A Wikidata dump (JSON) or a SPARQL result (JSON).", metavar="FILE")],
) -> None:
    """Bring the entities of a Wikidata file into the lake, where names are looked up from the next run on.

    A file of the same name replaces what it brought before. Days that have run keep their ids; ids that turn out to be
    one with those of the file are recorded in `merges`.
    """
    settings = _settings(warehouse="-", config="-")
    from pipeline.runs import run_gazetteer

    entities, merges = run_gazetteer(file, settings, on=_today())
    print(f"{entities:,} entities are known in {settings.lake} now; {merges:,} ids turned out to be theirs")


@app.command("check-source", epilog="Example: standpoint check-source https://harbourtimes.example/feed.xml")
def check_source(
    url: Annotated[str, typer.Argument(help="Address of a feed, a sitemap or an outlet's page.", metavar="URL")],
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The UTC day to look for.", show_default="yesterday, UTC", metavar="DAY"
        ),
    ] = None,
) -> None:
    """Show what a source would give for a day: its pages, what robots.txt says of them, the text of the first one.

    Nothing is stored. The manners and allowed networks under [web] are taken from STANDPOINT_CONFIG where it is set.
    """
    settings = _settings(lake="-", warehouse="-", **({} if "STANDPOINT_CONFIG" in os.environ else {"config": "-"}))
    from pipeline.runs import parsing
    from pipeline.settings import Web
    from pipeline.sources.check import check_source as look

    web = settings.newsroom().web if settings.config != Path("-") else Web()
    chosen = _today() - timedelta(days=1) if day is None else day.date()
    finding = look(url, web, chosen, parsing(settings))
    if not _show_finding(finding, url, chosen, settings):
        raise typer.Exit(Exit.LOOK)


@app.command(epilog="Examples: standpoint status | standpoint status --metrics")
def status(
    is_metrics: Annotated[bool, typer.Option("--metrics", help="Print the figures as OpenMetrics instead.")] = False,
) -> None:
    """Show the warehouse's days, row counts, gaps and failed checks, and how the stages of the last days ran."""
    settings = _settings()
    if not settings.warehouse.exists():
        raise UsageError(
            f"there is no warehouse at {settings.warehouse} yet; make one: standpoint run --day DAY, or check "
            "STANDPOINT_WAREHOUSE"
        )
    import duckdb

    from pipeline.logs import discreet

    if is_metrics:
        from pipeline.metrics import metrics

        print(metrics(settings.warehouse), end="")
        return
    console = new_console()
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        for title, query in STATUS.items():
            rows = warehouse.sql(query)
            console.print(new_table(title, rows.columns, rows.fetchall()))
    console.print(f"Warehouse: {settings.warehouse}   Lake: {discreet(settings.lake)}", soft_wrap=True)


STATUS = {
    "Days": """
        select day, is_finished as finished,
            (select count(*) from articles a where a.day = d.day) as articles,
            (select count(*) from quarantine q where q.day = d.day) as refused,
            (select count(*) from mentions m where m.day = d.day) as mentions,
            (select count(*) from statements s where s.day = d.day) as statements,
            (select count(*) from stances s where s.day = d.day) as stances,
            (select count(*) from outlet_coverage_daily c where c.day = d.day and c.is_gap) as gaps
        from days d order by day""",
    "Gaps: days without an article of an outlet": """
        select outlet, min(day) as first, max(day) as last, count(*) as days, arg_max(reason, day) as reason
        from outlet_coverage_daily where is_gap group by outlet order by outlet""",
    "Stages of the last three days": """
        select day, stage, count(*) as shards, sum(articles_in) as articles_in, sum(articles_out) as articles_out,
            sum(quarantined) as refused, round(sum(seconds), 1) as seconds, round(max(peak_megabytes)) as peak_mb,
            max(run_id) as run
        from runs where day > (select max(day) from days) - 3 group by day, stage order by day, min(started_at)""",
    "Checks that failed": """
        select name, severity, offending_rows as rows, meaning, example
        from checks where not is_passed order by name""",
}


# --- running days ----------------------------------------------------------------------------------------------------


def _run_days(days: list[date]) -> None:
    settings, today = _settings(), _today()
    settings.newsroom()  # a typing error in the configuration is said before anything is fetched
    from pipeline import runs

    if days[-1] > today:
        raise runs.DayError(f"{days[-1]} is in the future (today is {today}, UTC); choose days up to today")
    problems: list[str] = []
    with _progress(len(days)) as step:
        for day in days:
            for stage, do in _stages(day, settings, today, problems):
                with step(day, stage):
                    do()
        with step(days[-1], "publish"):
            warehouse = runs.run_publish(days[-1], settings)
    _say_published(warehouse)
    if problems:
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
        print(f"{count} to look at:", file=sys.stderr)
        for line in problems[:PROBLEMS_SHOWN]:
            print(f"  {line}", file=sys.stderr)
        if len(problems) > PROBLEMS_SHOWN:
            print(f"  and {len(problems) - PROBLEMS_SHOWN} more: see quarantine and fetches", file=sys.stderr)
        raise typer.Exit(Exit.LOOK)


def _stages(
    day: date, settings: Settings, today: date, problems: list[str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The stages of a day but the last, in their order: a name to show and what to do."""
    from pipeline import runs

    yield "fetch", lambda: problems.extend(f"{day} {line}" for line in runs.run_fetch(day, settings, today=today))
    yield "normalise", lambda: runs.run_normalise(day, settings)
    shards = runs.plan_shards(day, settings)
    for shard in range(shards):
        name = "read" if shards == 1 else f"read {shard + 1}/{shards}"
        yield name, lambda shard=shard: runs.run_read(day, settings, shard, shards)  # type: ignore[misc]
    yield "entities", lambda: runs.run_entities(day, settings)
    yield "stance", lambda: runs.run_stance(day, settings)
    yield "sentiment", lambda: runs.run_sentiment(day, settings)


@contextmanager
def _progress(days: int) -> Iterator[Callable[[date, str], Any]]:
    """Shows the stage that runs: a bar over the days on a terminal, else a line for each stage."""
    if not sys.stderr.isatty():
        yield _plain_step
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TextColumn("days")]
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=days)
        seen: list[date] = []

        @contextmanager
        def step(day: date, stage: str) -> Iterator[None]:
            bar.update(task, description=f"{day} {stage}")
            yield
            if stage == "sentiment":
                seen.append(day)
                bar.update(task, completed=len(seen))

        yield step


@contextmanager
def _plain_step(day: date, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    if os.environ.get("STANDPOINT_LOG") == "json":  # the log says it, with more
        return
    print(f"{day} {stage} {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def _say_published(warehouse: Path) -> None:
    print(f"Warehouse:  {warehouse}\nFront page: {warehouse.with_name('report.html')}")


# --- looking at a source ---------------------------------------------------------------------------------------------


def _show_finding(finding: Finding, url: str, day: date, settings: Settings) -> bool:
    """Print what was found; whether the run would bring an article of the day."""
    console = new_console()
    say = partial(console.print, soft_wrap=True)
    if finding.kind in ("page", "archive"):
        say(f"{finding.url} is {'no feed and no sitemap' if finding.kind == 'page' else 'an archive'}")
    else:
        count = f"{finding.listed} entries" if finding.format != "index" else f"an index of {finding.listed}"
        say(f"{finding.url} is a {finding.kind} ({finding.format}): {count}; {len(finding.entries)} pages for {day}")
    for note in finding.notes:
        say(f"note: {note}")
    rows = [
        (
            _minute(entry.published_at or entry.changed_at),
            entry.title or "",
            entry.url,
            finding.forbidden.get(entry.url, ""),
        )
        for entry in finding.entries[:PROBLEMS_SHOWN]
    ]
    if rows:
        console.print(new_table(f"Would be fetched for {day}", ["published", "title", "address", "but"], rows))
    if (rest := len(finding.entries) - len(rows)) > 0:
        say(f"and {rest} more")
    for address in finding.elsewhere:
        say(f"named there: {address}")
    story = _first_story(finding, settings)
    if finding.first:
        first = f"{finding.first.url}: "
        say(
            first
            + (f"“{story.title}”, {len(story.body)} characters of text" if story else "no article was found on it")
        )
    if finding.kind in ("feed", "sitemap"):
        say(f'\n[[outlets]]\ndomain = "{finding.domain}"\nname = "…"')
        say(f'sources = [{{ kind = "{finding.kind}", url = "{url}" }}]')
    return story is not None


def _first_story(finding: Finding, settings: Settings) -> Extracted | None:
    from pipeline.runs import parsing
    from pipeline.sources import SourceError
    from pipeline.stages.normalise import extract

    if finding.first is None:
        return None
    try:
        story: Extracted | None = parsing(settings)(extract, finding.first.content, finding.first.url)  # type: ignore[assignment]
    except SourceError as error:
        print(error, file=sys.stderr)
        return None
    return story


def _minute(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else ""


# --- reading one text ------------------------------------------------------------------------------------------------


def _text(content: bytes, name: str) -> str:
    from pipeline.stages.normalise import clean, extract

    if re.match(rb"\s*<(!doctype|html|\?xml)", content, re.IGNORECASE):
        if (page := extract(content, name)) is None:
            raise UsageError(f"no article was found on the page {name}; give its text instead")
        return page.body
    if not (text := clean(content.decode("utf-8", errors="replace"))):
        raise UsageError(f"{name} holds no text")
    return text


def _read_text(text: str, settings: Settings) -> Iterator[Table | Text]:
    import polars as pl

    from pipeline.gazetteer import load_names
    from pipeline.reader import load_reader
    from pipeline.schemas import Articles
    from pipeline.stages.entities import resolve_entities
    from pipeline.stages.read import read_articles
    from pipeline.stages.stance import score_stance

    reader = load_reader(settings.reader, threads=settings.threads)
    newsroom = settings.newsroom() if settings.config != Path("-") else None
    at = datetime.combine(_today(), datetime.min.time(), UTC)  # one text alone has no day: who is president today?
    article: dict[str, Any] = {name: "-" for name, column in Articles.columns().items() if column.dtype == pl.String}
    article |= {"day": at.date(), "published_at": at, "published_on": at.date(), "published_at_origin": "day"}
    article |= {"body": text, "language": reader.languages[0], "authors": [], "is_reprint": False}
    articles = Articles.validate(pl.DataFrame([article]), cast=True)
    mentions, statements, references, _ = read_articles(articles, reader)
    known, issues = (newsroom.entities, newsroom.issues) if newsroom else ((), ())
    entities, _ = resolve_entities(articles, mentions, statements, references, load_names(known))
    stances = score_stance(articles, statements, entities, issues, partial(reader.stance, of_statements=True))

    names = entities.select("start", "end", "name")
    number = pl.col("statement_id").str.extract(r"(\d+)$").cast(pl.Int64)
    yield _frame_table(
        "Mentions",
        mentions.join(names, on=["start", "end"], how="left", maintain_order="left").select(
            "text",
            "type",
            _percent("probability"),
            pl.col("name").fill_null("").alias("entity"),
            _likeliest("negative", "neutral", "positive").alias("polarity"),
            pl.when(number.is_null())
            .then(pl.lit("outlet"))
            .otherwise(pl.format("statement {}", number))
            .alias("voice"),
        ),
    )
    speakers = names.rename({"start": "speaker_start", "end": "speaker_end", "name": "who"})
    yield _frame_table(
        "Statements",
        statements.join(speakers, on=["speaker_start", "speaker_end"], how="left", maintain_order="left").select(
            number.alias("no."),
            "kind",
            pl.col("speaker").fill_null(""),
            pl.col("who").fill_null("").alias("entity"),
            pl.col("cue").fill_null(""),
            _likeliest("asserted", "hedged", "denied", "withheld", "asked").alias("commitment"),
            pl.col("text").alias("content"),
            _percent("probability"),
        ),
    )
    yield _frame_table(
        "Stances",
        stances.select(
            number.alias("no."),
            "holder",
            pl.col("stance").cast(pl.String).fill_null("abstains"),
            pl.col("target"),
            _likeliest("against", "neutral", "favour").alias("likeliest"),
            "evidence",
        ),
    )


def _percent(column: str) -> pl.Expr:
    import polars as pl

    return pl.format("{}%", (pl.col(column) * 100).round().cast(pl.Int64)).alias(column)


def _likeliest(*columns: str) -> pl.Expr:
    """The name of the greatest of the columns, with its value in per cent."""
    import polars as pl

    top = pl.max_horizontal(*columns)
    name = pl.coalesce(*(pl.when(pl.col(column) == top).then(pl.lit(column)) for column in columns))
    return pl.format("{} {}%", name, (top * 100).round().cast(pl.Int64))


# --- printing --------------------------------------------------------------------------------------------------------


def new_console() -> Console:
    """The standard output, wide enough for tables where it is no terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, markup=False)


def _frame_table(title: str, frame: pl.DataFrame) -> Table | Text:
    return new_table(title, frame.columns, frame.rows())


def new_table(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Table | Text:
    """Rows as a table with a title; only the title where there are none."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return Text(f"{title}: none\n", style="italic")
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column, value in zip(columns, rows[0], strict=True):
        table.add_column(column, justify="right" if isinstance(value, int) else "left")
    for row in rows:
        # Text, so that a bracket in the press is not taken for markup.
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    return table


# --- start and end ---------------------------------------------------------------------------------------------------


def _today() -> date:
    """The UTC day: the one place of the pipeline's own code that asks the clock for it."""
    return datetime.now(UTC).date()


def _settings(**given: str) -> Settings:
    """The environment's settings; `given` stand for what this command does without."""
    from pipeline.settings import load_settings
    from pipeline.threads import cap_threads

    with patch.dict(os.environ, {f"STANDPOINT_{name.upper()}": value for name, value in given.items()}):
        settings = load_settings()
    cap_threads(settings.threads)
    return settings


def main() -> None:
    """The program: an error becomes one line on stderr and an exit code; `--debug` shows its traceback instead.

    STANDPOINT_LOG=json makes every event a JSON line on stderr.
    """
    from pipeline.logs import start_logging

    run_id = f"standpoint-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"
    start_logging(run_id, is_json=os.environ.get("STANDPOINT_LOG") == "json")
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(arguments)
    except Exception as error:
        if len(arguments) < len(sys.argv) - 1:
            raise
        sys.exit(_explain(error))


def _explain(error: Exception) -> Exit:
    from pipeline.logs import discreet

    kind, said = type(error), discreet(str(error))
    if not kind.__module__.startswith(("pipeline.", "__main__")):
        print(f"unexpected {kind.__name__}: {said}; see where it came from with --debug", file=sys.stderr)
        return Exit.FAILED
    print(f"standpoint: {said}", file=sys.stderr)
    return Exit.USAGE if kind.__name__ in ("SettingsError", "DayError", "UsageError") else Exit.FAILED


if __name__ == "__main__":
    main()
