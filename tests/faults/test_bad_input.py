"""Bad input costs itself: one clear line, an exit code that is not zero, and nothing of the rest is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline import cli, runs
from pipeline.cli import Exit
from tests.faults.newsroom import CONFIG, DAYS, SmallReader, archive, article, set_up, settings

DAY = DAYS[0]
GOOD = 5
"""Articles of a day of the newsroom."""


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    set_up(tmp_path)
    for name, value in settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    monkeypatch.setattr(cli, "_today", lambda: date(2026, 1, 31))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], day: object = DAY) -> tuple[int, list[str]]:
    """Run a day; its exit code, and what it says on stderr beside its progress."""
    result = CliRunner().invoke(cli.app, ["run", "--day", str(day)])
    code = cli._explain(result.exception) if isinstance(result.exception, Exception) else result.exit_code
    lines = result.stderr.splitlines() + capsys.readouterr().err.splitlines()
    return code, [line.strip() for line in lines if line.split()[1] not in runs.STAGES and line.split()[1] != "read"]


def count(newsroom: Path, table: str) -> int:
    with duckdb.connect(str(newsroom / "warehouse.duckdb"), read_only=True) as con:
        [(rows,)] = con.execute(f"select count(*) from {table}").fetchall()
    return int(rows)


@pytest.fixture
def file(newsroom: Path) -> Iterator[Path]:
    yield newsroom / "archive" / f"{DAY}.jsonl.gz"


def test_a_good_day_says_nothing(newsroom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys) == (Exit.OK, [])
    assert count(newsroom, "articles") == GOOD


def test_a_truncated_archive_is_named_and_read_once_it_is_whole(
    newsroom: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    code, lines = run(capsys)
    assert code == Exit.LOOK
    assert lines == [
        "1 thing to look at:",
        f"{DAY} archive-0: {file} is cut off: its stream ends too early; copy it again, then run the day again",
    ]
    file.write_bytes(whole)
    assert run(capsys) == (Exit.OK, [])
    assert count(newsroom, "articles") == GOOD


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"url": "https://harbourtimes.example/6", ', "line 6"),
        (article(DAY, 6, outlet="elsewhere.example"), "elsewhere.example"),
    ],
)
def test_a_line_that_is_refused_is_named_and_kept(
    line: object, words: str, newsroom: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(archive(DAY, [line]))
    code, lines = run(capsys)
    assert code == Exit.LOOK
    assert len(lines) == 2
    assert words in lines[1]
    assert count(newsroom, "articles") == GOOD
    assert count(newsroom, "quarantine") == 1


def test_an_outlet_that_is_added_later_has_its_articles_after_another_run(
    newsroom: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(archive(DAY, [article(DAY, 6, outlet="elsewhere.example", url="https://elsewhere.example/6")]))
    assert run(capsys)[0] == Exit.LOOK
    more = '\n[[outlets]]\ndomain = "elsewhere.example"\nname = "Elsewhere"\n'
    (newsroom / "newsroom.toml").write_text(CONFIG + more)
    run(capsys)
    assert count(newsroom, "articles") == GOOD + 1
    assert count(newsroom, "quarantine") == 0


def test_a_lake_that_cannot_be_written_is_one_line(
    newsroom: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (newsroom / "a file").touch()
    monkeypatch.setenv("STANDPOINT_LAKE", str(newsroom / "a file" / "lake"))
    code, [line] = run(capsys)
    assert code == Exit.FAILED
    assert "check that STANDPOINT_LAKE" in line


def test_a_warehouse_that_cannot_be_written_is_one_line_and_costs_only_the_publish(
    newsroom: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (newsroom / "a file").touch()
    with monkeypatch.context() as wrong:
        wrong.setenv("STANDPOINT_WAREHOUSE", str(newsroom / "a file" / "warehouse.duckdb"))
        code, [line] = run(capsys)
    assert code == Exit.FAILED
    assert "check that its folder can be written" in line
    assert CliRunner().invoke(cli.app, ["publish"]).exit_code == Exit.OK
    assert count(newsroom, "articles") == GOOD


def test_a_day_in_the_future_is_one_line(newsroom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "2026-02-01") == (
        Exit.USAGE,
        ["standpoint: 2026-02-01 is in the future (today is 2026-01-31, UTC); choose days up to today"],
    )
    assert not (newsroom / "lake").exists()


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("propositon =", "proposition =", "issues.0.propositon: not a name that the configuration knows"),
        ("[[outlets]", "[[outlets]]", "is not valid TOML"),
    ],
)
def test_a_typing_error_in_the_configuration_is_one_line(
    wrong: str, right: str, words: str, newsroom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (newsroom / "newsroom.toml").write_text(CONFIG.replace(right, wrong))
    code, [line] = run(capsys)
    assert code == Exit.USAGE
    assert words in line
    assert "newsroom.toml" in line
