"""The command line: what it calls, what it prints, how it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from pipeline import cli, runs
from pipeline.cli import Exit
from pipeline.lake import LakeError
from pipeline.reader import REFERENCES, STATEMENTS, Reading
from sample.serve import serving

TODAY = date(2026, 1, 31)
NEWSROOM = """
[[outlets]]
domain = "harbourtimes.example"
name = "Harbour Times"
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "newsroom.toml").write_text(NEWSROOM)
    monkeypatch.setenv("STANDPOINT_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("STANDPOINT_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("STANDPOINT_CONFIG", str(tmp_path / "newsroom.toml"))
    monkeypatch.setattr(cli, "_today", lambda: TODAY)
    return tmp_path


@pytest.fixture
def calls(environment: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Puts a note in the place of every stage's work; a day is one shard."""
    noted: list[tuple[Any, ...]] = []
    for stage in runs.STAGES:

        def note(day: date, settings: Any, *shard: int, stage: str = stage, today: date | None = None) -> Any:
            noted.append((stage, day, *shard))
            return [] if stage == "fetch" else settings.warehouse

        monkeypatch.setattr(runs, f"run_{stage}", note)
    monkeypatch.setattr(runs, "plan_shards", lambda day, settings: 1)
    return noted


def standpoint(*arguments: str, input: str | None = None) -> Result:
    """Run the program in this process; its exit code as the shell would see it."""
    result = CliRunner().invoke(cli.app, list(arguments), input=input)
    if isinstance(result.exception, Exception):
        result.exit_code = cli._explain(result.exception)
    return result


def test_run_does_the_stages_in_their_order(calls: list[tuple[Any, ...]]) -> None:
    result = standpoint("run", "--day", "2026-01-05")
    assert result.exit_code == Exit.OK
    assert [stage for stage, *_ in calls] == list(runs.STAGES)
    assert {day for _, day, *_ in calls} == {date(2026, 1, 5)}
    assert "warehouse.duckdb" in result.stdout


def test_run_without_a_day_does_yesterday(calls: list[tuple[Any, ...]]) -> None:
    standpoint("run")
    assert {day for _, day, *_ in calls} == {date(2026, 1, 30)}


def test_a_day_of_many_articles_is_read_shard_by_shard(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "plan_shards", lambda day, settings: 2)
    standpoint("run", "--day", "2026-01-05")
    assert [call[2:] for call in calls if call[0] == "read"] == [(0, 2), (1, 2)]


def test_backfill_does_every_day_and_publishes_once(calls: list[tuple[Any, ...]]) -> None:
    assert standpoint("backfill", "2026-01-05", "2026-01-07").exit_code == Exit.OK
    assert [day.day for stage, day, *_ in calls if stage == "fetch"] == [5, 6, 7]
    assert [(stage, day.day) for stage, day, *_ in calls if stage == "publish"] == [("publish", 7)]


def test_progress_names_day_and_stage(calls: list[tuple[Any, ...]]) -> None:
    lines = standpoint("run", "--day", "2026-01-05").stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [["2026-01-05", stage] for stage in runs.STAGES]


def test_a_failed_source_is_named_and_the_rest_is_published(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "run_fetch", lambda day, settings, today: ["archive-0: cut off; fetch the file again"])
    result = standpoint("run", "--day", "2026-01-05")
    assert result.exit_code == Exit.LOOK
    assert "2026-01-05 archive-0: cut off; fetch the file again" in result.stderr
    assert calls[-1][0] == "publish"


def test_of_many_problems_only_the_first_are_printed(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "run_fetch", lambda day, settings, today: [f"line {n}" for n in range(1000)])
    result = standpoint("run", "--day", "2026-01-05")
    assert "1000 things to look at" in result.stderr
    assert f"and {1000 - cli.PROBLEMS_SHOWN} more" in result.stderr
    assert result.stderr.count("line ") == cli.PROBLEMS_SHOWN


@pytest.mark.parametrize("command", [("run", "--day", "2026-02-01"), ("backfill", "2026-01-30", "2026-02-01")])
def test_a_day_in_the_future_starts_nothing(
    command: tuple[str, ...], calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert standpoint(*command).exit_code == Exit.USAGE
    assert "2026-02-01 is in the future (today is 2026-01-31, UTC)" in capsys.readouterr().err
    assert not calls


def test_an_error_of_the_lake_is_one_line_and_a_failure(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(day: date, settings: object) -> None:
        raise LakeError("cannot write /lake: no space left; free some")

    monkeypatch.setattr(runs, "run_normalise", fail)
    assert standpoint("run", "--day", "2026-01-05").exit_code == Exit.FAILED
    assert capsys.readouterr().err == "standpoint: cannot write /lake: no space left; free some\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (NEWSROOM.replace("[[outlets]]", "[[outlet]]"), "outlet: not a name that the configuration knows"),
        ("outlets = [", "is not valid TOML"),
        (None, "set STANDPOINT_CONFIG to a TOML file"),
    ],
)
def test_a_wrong_configuration_is_said_before_anything_is_fetched(
    content: str | None,
    words: str,
    environment: Path,
    calls: list[tuple[Any, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = environment / "newsroom.toml"
    file.unlink() if content is None else file.write_text(content)
    assert standpoint("run", "--day", "2026-01-05").exit_code == Exit.USAGE
    message = capsys.readouterr().err
    assert words in message
    assert message.count("\n") == 1
    assert not calls


def test_a_missing_setting_is_named(environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.delenv("STANDPOINT_LAKE")
    assert standpoint("run").exit_code == Exit.USAGE
    assert "set STANDPOINT_LAKE in the environment" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("run", "--day", "5 January"), ("backfill", "2026-01-05"), ("dance",)])
def test_wrong_usage_has_its_own_exit_code(arguments: tuple[str, ...]) -> None:
    assert standpoint(*arguments).exit_code == Exit.USAGE


def test_a_backfill_that_runs_backwards_is_refused(calls: list[tuple[Any, ...]]) -> None:
    assert standpoint("backfill", "2026-01-07", "2026-01-05").exit_code == Exit.USAGE
    assert not calls


def test_publish_needs_a_finished_day(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert standpoint("publish").exit_code == Exit.USAGE
    assert "holds no finished day" in capsys.readouterr().err


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_without_a_warehouse_says_how_to_make_one(environment: Path, capsys: Any) -> None:
    assert standpoint("status").exit_code == Exit.USAGE
    assert "standpoint run --day" in capsys.readouterr().err


def test_status_shows_the_days_of_a_warehouse(
    environment: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDPOINT_WAREHOUSE", str(warehouse))
    result = standpoint("status")
    assert result.exit_code == Exit.OK
    with duckdb.connect(str(warehouse), read_only=True) as con:
        days = con.execute("select day from days").fetchall()
    assert days
    assert all(str(day) in result.stdout for (day,) in days)


# --- read ------------------------------------------------------------------------------------------------------------

TEXT = 'Mayor Ada Quill opposed the toll. "The toll is a disgrace," Quill said.'


class QuotingReader:
    """Finds the one name and the one quote of TEXT."""

    revision = "test"
    languages = ("en",)

    def read(self, texts: list[str]) -> Reading:
        [text] = texts
        if "Ada Quill" not in text:  # a headline without a name
            reading = self.read(['Ada Quill: "-" Quill'])
            return Reading(reading.mentions.clear(), reading.statements.clear(), reading.references)
        name, last = text.index("Ada Quill"), text.rindex("Quill")
        quote, end = text.index('"'), text.rindex('"') + 1
        both = {"text": [0, 0], "type": ["PER", "PER"], "statement": [None, None]}
        spans = {"start": [name, last], "end": [name + 9, last + 5]}
        scores = {"probability": [0.9, 0.8], "negative": [0.7, 0.1], "neutral": [0.2, 0.8], "positive": [0.1, 0.1]}
        statement = {"text": [0], "statement": [0], "kind": ["direct"], "content": [[{"start": quote, "end": end}]]}
        statement |= {"speaker_start": [last], "speaker_end": [last + 5]}
        statement |= {"cue_start": [last + 6], "cue_end": [last + 10], "probability": [0.75], "targets": [[]]}
        statement |= {"asserted": [0.2], "hedged": [0.1], "denied": [0.6], "withheld": [0.1], "asked": [0.0]}
        return Reading(
            pl.DataFrame(both | spans | scores, schema_overrides={"statement": pl.Int64}),
            pl.DataFrame(statement, schema_overrides={"targets": STATEMENTS["targets"]}),
            pl.DataFrame(schema=REFERENCES),
        )

    def stance(self, passages: list[str], issues: list[str], *, of_statements: bool) -> Any:
        import numpy as np

        return np.tile(np.array([[0.8, 0.1, 0.1]], dtype=np.float32), (len(passages), 1))


@pytest.fixture
def quoting_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.reader.load_reader", lambda folder, threads: QuotingReader())
    for name in ("LAKE", "WAREHOUSE", "CONFIG"):
        monkeypatch.delenv(f"STANDPOINT_{name}", raising=False)


@pytest.fixture
def give(tmp_path: Path) -> Callable[[str], tuple[str, str | None]]:
    """The same text as the file and the input of a command, one way or the other."""

    def give(how: str) -> tuple[str, str | None]:
        file = tmp_path / "article.txt"
        file.write_text(TEXT)
        return ("-", TEXT) if how == "input" else (str(file), None)

    return give


@pytest.mark.usefixtures("quoting_reader")
@pytest.mark.parametrize("how", ["file", "input"])
def test_read_shows_mentions_and_statements(how: str, give: Callable[[str], tuple[str, str | None]]) -> None:
    file, text = give(how)
    result = standpoint("read", file, input=text)
    assert result.exit_code == Exit.OK
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "Ada Quill PER 90% Ada Quill negative 70% outlet" in lines
    assert "Quill PER 80% Ada Quill neutral 80% outlet" in lines
    (statement,) = (line for line in lines if line.startswith("0 direct Quill Ada Quill said denied"))
    assert statement.endswith('"The toll is a disgrace," 75%')


@pytest.mark.usefixtures("quoting_reader")
def test_read_scores_stances_toward_the_configured_issues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "newsroom.toml"
    issue = '[[issues]]\nid = "toll"\nname = "the toll"\nproposition = "There should be a toll."\naliases = ["toll"]\n'
    config.write_text(NEWSROOM + issue)
    monkeypatch.setenv("STANDPOINT_CONFIG", str(config))
    result = standpoint("read", "-", input=TEXT)
    assert "Ada Quill against the toll against 80%" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no text"),
        (b"<!doctype html><html><body></body></html>", "no article was found"),
        (None, "cannot read"),
    ],
)
@pytest.mark.usefixtures("quoting_reader")
def test_read_says_what_is_wrong_with_the_file(
    content: bytes | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page"
    if content is not None:
        file.write_bytes(content)
    assert standpoint("read", str(file)).exit_code == Exit.USAGE
    assert words in capsys.readouterr().err


# --- the program itself ----------------------------------------------------------------------------------------------


def test_help_loads_no_library_that_is_slow_to_load() -> None:
    code = "import sys, pipeline.cli; print(sorted({'polars', 'duckdb', 'airflow', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["run", "backfill", "publish", "read"])
def test_help_shows_an_example(command: str) -> None:
    assert f"standpoint {command} " in standpoint(command, "--help").stdout


@pytest.mark.parametrize(("debug", "traceback"), [([], False), (["--debug"], True)])
def test_only_debug_shows_where_an_error_came_from(debug: list[str], traceback: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "read", str(tmp_path / "none"), *debug]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != Exit.OK
    assert ("Traceback" in done.stderr) is traceback
    assert "No such file or directory" in done.stderr


# --- check-source -----------------------------------------------------------------------------------------------------


def test_check_source_shows_what_would_be_fetched_and_what_to_configure(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.delenv("STANDPOINT_CONFIG", raising=False)
        result = standpoint("check-source", "http://harbourtimes.example/feed.xml", "--day", "2026-01-05")
    assert result.exit_code == Exit.OK, result.output
    assert "is a feed (rss20)" in result.output
    assert "2 pages for 2026-01-05" in result.output
    assert "characters of text" in result.output
    assert 'sources = [{ kind = "feed", url = "http://harbourtimes.example/feed.xml" }]' in result.output


def test_check_source_says_why_an_address_cannot_be_fetched(
    environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert standpoint("check-source", "http://127.0.0.1:9/feed").exit_code == Exit.FAILED
    assert "127.0.0.1 is 127.0.0.1, which is no address of the open web" in capsys.readouterr().err
