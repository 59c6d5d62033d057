"""What happens to a day's files from outside: a disk that is full or read only, a part cut short, two runs at once.

After each the day is run again, as the message says, and everything is as in an undisturbed run.
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from pipeline import cli, runs
from pipeline.cli import Exit
from pipeline.reader import Reading
from pipeline.schemas import LAKE
from pipeline.settings import Settings
from tests.faults.newsroom import DAYS, SmallReader, set_up, settings
from tests.faults.test_kill import ROOT, lake, warehouse

DAY = DAYS[0]
TODAY = date(2026, 1, 31)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    set_up(folder)
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        assert run()[0] == Exit.OK
    return folder


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    set_up(tmp_path)
    enter(tmp_path, monkeypatch)
    return tmp_path


def enter(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for name, value in settings(folder).items():
        patch.setenv(name, value)
    patch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    patch.setattr(cli, "_today", lambda: TODAY)


def run(day: date = DAY) -> tuple[int, str]:
    """Run a day in this process; the exit code, and the error's line."""
    result = CliRunner().invoke(cli.app, ["run", "--day", str(day)])
    if isinstance(result.exception, Exception):
        kind = type(result.exception)
        assert kind.__module__.startswith("pipeline."), f"{kind.__name__} is no message: {result.exception}"
        return cli._explain(result.exception), str(result.exception)
    return result.exit_code, ""


def is_as(undisturbed: Path, folder: Path) -> bool:
    """Whether both have the same bytes and rows; what differs first is said."""
    assert lake(folder) == lake(undisturbed)
    found, expected = warehouse(folder), warehouse(undisturbed)
    for table in expected:
        assert found[table] == expected[table], table
    return True


# --- the disk --------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_is_said_and_with_room_again_the_day_is_whole(undisturbed: Path, newsroom: Path) -> None:
    """Every file is limited to a few kilobytes, at which the system ends a write in the middle."""
    assert run()[0] == Exit.OK
    before = warehouse(newsroom)
    for limit in (700, 4_000, 40_000):  # in the first part of the lake, in a longer one, in the warehouse
        with limited_files(limit):
            code, said = run(DAYS[1])
        assert code == Exit.FAILED
        assert "free space" in said
        assert warehouse(newsroom) == before
    assert run(DAYS[1])[0] == Exit.OK
    again = warehouse(newsroom)
    assert run()[0] == run(DAYS[1])[0] == Exit.OK
    assert warehouse(newsroom) == again
    assert {row[0] for row in again["days"]} == set(DAYS)
    assert lake(undisturbed).items() <= lake(newsroom).items()


class limited_files:
    """No file may grow beyond so many bytes."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


FULL_DISK = """
set -e
mount -t tmpfs -o size=$1 tmpfs "$2"
cp -r "$3"/. "$2"/
export STANDPOINT_CONFIG="$2/newsroom.toml" STANDPOINT_LAKE="$2/lake" STANDPOINT_WAREHOUSE="$2/warehouse.duckdb"
set +e
{python} -m tests.faults.program never "" 0 -- run --day {day}; echo "code $?"
rm -f "$2/ballast"
{python} -m tests.faults.program never "" 0 -- run --day {day}; echo "code $?"
cp -r "$2"/. "$4"/
"""


def test_a_file_system_without_room_is_said_and_with_room_again_the_day_is_whole(
    undisturbed: Path, tmp_path: Path
) -> None:
    """A real one, of 16 megabytes in memory, most of them taken by another file."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        pytest.skip("a file system of one's own cannot be mounted here")
    small, start, end = tmp_path / "small", tmp_path / "start", tmp_path / "end"
    set_up(start)
    (start / "ballast").write_bytes(os.urandom(16 * 2**20 - 40_000))
    small.mkdir()
    end.mkdir()
    script = FULL_DISK.format(python=sys.executable, day=DAY)
    env = os.environ | {"STANDPOINT_SHARD_ARTICLES": "2"}
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script, "bash", "16m", str(small), str(start), str(end)],
        cwd=ROOT, env=env, capture_output=True, text=True,
    )  # fmt: skip
    if "mount" in done.stderr and "permission" in done.stderr.lower():
        pytest.skip("a file system of one's own cannot be mounted here")
    assert done.stdout.count("code 1") == 1 and done.stdout.strip().endswith("code 0"), done.stdout + done.stderr
    assert "free space" in done.stderr
    assert is_as(undisturbed, end)


READ_ONLY = [
    ("table=articles", "cannot write"),
    ("table=mentions", "cannot write"),
    ("warehouse.duckdb", "cannot build"),
]


@pytest.mark.parametrize(("words", "message"), READ_ONLY)
def test_a_place_that_cannot_be_written_is_said(
    words: str, message: str, undisturbed: Path, newsroom: Path, refused: dict[str, int]
) -> None:
    refused[words] = errno.EROFS
    code, said = run()
    assert code == Exit.FAILED
    assert message in said and "Read-only file system" in said
    assert "check that" in said
    refused.clear()
    assert run()[0] == Exit.OK
    assert is_as(undisturbed, newsroom)


@pytest.fixture(scope="module")
def hook() -> dict[str, int]:
    """Opening a file to write fails where its path holds the words; an audit hook cannot be taken off again."""
    words: dict[str, int] = {}

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if words and event in ("open", "os.rename"):
            is_write = event == "os.rename" or (
                isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            )
            for word, number in words.items() if is_write else ():
                if word in str(arguments[0]):
                    raise OSError(number, os.strerror(number), str(arguments[0]))

    sys.addaudithook(watch)
    return words


@pytest.fixture
def refused(hook: dict[str, int]) -> Iterator[dict[str, int]]:
    yield hook
    hook.clear()


# --- damaged parts ---------------------------------------------------------------------------------------------------


# What a source said when asked cannot be told again: a lost part of `fetches` costs its own rows, and no article.
@pytest.mark.parametrize("table", [name for name in LAKE if name not in ("runs", "fetches")])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_truncated_part_is_made_anew_or_named(table: str, share: float, undisturbed: Path, newsroom: Path) -> None:
    assert run()[0] == Exit.OK
    parts = sorted((newsroom / "lake" / f"table={table}" / f"day={DAY}").glob("part-*.parquet"))
    if not parts:
        pytest.skip("an archive leaves none")
    os.truncate(parts[0], int(parts[0].stat().st_size * share))
    before = warehouse(newsroom)
    code, said = run()
    if code != Exit.OK:  # raw is written once: only the operator takes it away
        assert table in ("raw", "fetches", "visits")
        assert f"cannot read {parts[0]}" in said and "delete the file" in said
        assert warehouse(newsroom) == before
        parts[0].unlink()
        assert run()[0] == Exit.OK
    assert is_as(undisturbed, newsroom)


def test_a_part_of_another_day_that_is_damaged_stops_the_publish_and_is_named(newsroom: Path) -> None:
    assert run()[0] == Exit.OK
    assert run(DAYS[1])[0] == Exit.OK
    before = warehouse(newsroom)
    part = newsroom / "lake" / "table=statements" / f"day={DAY}" / "part-000-of-003.parquet"
    os.truncate(part, part.stat().st_size // 2)
    config = newsroom / "newsroom.toml"
    config.write_text(config.read_text().replace("Harbour Times", "The Harbour Times"))
    code, said = run(DAYS[1])
    if code != Exit.OK:
        assert code == Exit.FAILED
        assert str(part) in said
        assert warehouse(newsroom) == before
    assert run()[0] == run(DAYS[1])[0] == Exit.OK
    assert warehouse(newsroom)["statements"] == before["statements"]


# --- who else is there -----------------------------------------------------------------------------------------------


def test_a_day_that_two_processes_run_at_once_is_as_if_one_had(undisturbed: Path, tmp_path: Path) -> None:
    set_up(tmp_path)
    command = [sys.executable, "-m", "tests.faults.program", "never", "", "0", "--", "run", "--day", str(DAY)]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=os.environ | settings(tmp_path), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(said)
    assert is_as(undisturbed, tmp_path)


def test_stages_that_run_twice_at_once_leave_what_one_would(undisturbed: Path, newsroom: Path) -> None:
    assert run()[0] == Exit.OK
    place = Settings()  # type: ignore[call-arg]
    shards = [partial(runs.run_read, shard=shard, shards=3) for shard in range(3)]
    later = [runs.run_entities, runs.run_stance, runs.run_sentiment, runs.run_publish]
    with ThreadPoolExecutor(4) as threads:
        for stage in [runs.run_normalise, *shards, *later]:
            for future in [threads.submit(stage, DAY, place) for _ in range(2)]:
                future.result()
    assert is_as(undisturbed, newsroom)


def test_an_analyst_who_holds_the_file_open_keeps_the_old_one_and_stops_nobody(newsroom: Path) -> None:
    assert run()[0] == Exit.OK
    code = (
        "import duckdb, sys\n"
        f"con = duckdb.connect({str(newsroom / 'warehouse.duckdb')!r}, read_only=True)\n"
        "count = lambda: con.execute('select count(*) from articles').fetchall()[0][0]\n"
        "print(count(), flush=True); sys.stdin.readline(); print(count(), flush=True)"
    )
    analyst = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert analyst.stdin and analyst.stdout
    assert analyst.stdout.readline() == "5\n"
    assert run(DAYS[1])[0] == Exit.OK
    assert len(warehouse(newsroom)["articles"]) == 10
    assert analyst.communicate("\n")[0] == "5\n"


@pytest.mark.parametrize("today", [date(2026, 1, 5), date(2036, 1, 1)])
def test_a_clock_that_jumped_changes_no_row(
    today: date, undisturbed: Path, newsroom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_today", lambda: today)
    assert run()[0] == Exit.OK
    assert is_as(undisturbed, newsroom)


def test_a_clock_that_jumped_back_refuses_the_day_and_changes_nothing(
    newsroom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run()[0] == Exit.OK
    before = lake(newsroom), warehouse(newsroom)
    monkeypatch.setattr(cli, "_today", lambda: DAY - timedelta(days=400))
    code, said = run()
    assert code == Exit.USAGE and "is in the future" in said
    assert (lake(newsroom), warehouse(newsroom)) == before


# --- an object store -------------------------------------------------------------------------------------------------


class Store(MemoryFileSystem):
    """An object store that answers one request with an error."""

    protocol = "shaky"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    failing = 0
    """The number of the request that fails; 0 = none."""
    asked = 0
    lock = threading.Lock()

    def _answer(self) -> None:
        with Store.lock:
            Store.asked += 1
            if Store.asked == Store.failing:
                raise OSError("503 Slow Down: please reduce your request rate")

    def pipe_file(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().pipe_file(*args, **kwargs)

    def _open(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super()._open(*args, **kwargs)

    def ls(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().ls(*args, **kwargs)


@pytest.fixture
def store() -> Iterator[type[Store]]:
    import fsspec

    fsspec.register_implementation("shaky", Store, clobber=True)
    Store.store.clear()
    Store.pseudo_dirs[:] = [""]
    Store.failing = Store.asked = 0
    yield Store
    Store.failing = 0


def test_errors_of_an_object_store_are_said_and_lose_nothing(
    undisturbed: Path, newsroom: Path, store: type[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDPOINT_LAKE", "shaky://bucket/lake")
    assert run()[0] == Exit.OK
    asked = Store.asked
    expected = warehouse(newsroom)
    assert {name: rows for name, rows in expected.items() if name not in ("days",)} == {
        name: rows for name, rows in warehouse(undisturbed).items() if name not in ("days",)
    }
    for failing in range(1, asked, max(1, asked // 15)):
        Store.asked, Store.failing = 0, failing
        code, said = run()
        if code != Exit.OK:
            assert "503 Slow Down" in said
            assert warehouse(newsroom) == expected
    Store.failing = 0
    assert run()[0] == Exit.OK
    assert warehouse(newsroom) == expected


# --- a bad new model -------------------------------------------------------------------------------------------------


class Blind(SmallReader):
    """A model that finds nothing."""

    revision = "blind"

    def read(self, texts: Any) -> Reading:
        return super().read([""] * len(texts))


class Broken(SmallReader):
    """A model whose scores are no numbers."""

    revision = "broken"

    def read(self, texts: Any) -> Reading:
        found = super().read(texts)
        mentions = found.mentions.with_columns(negative=pl.lit(float("nan"), pl.Float32))
        return Reading(mentions, found.statements, found.references)


@pytest.mark.parametrize(("model", "words"), [(Blind, "found no mention"), (Broken, "negative")])
def test_a_bad_new_model_publishes_nothing_and_the_old_one_mends_it(
    model: type[SmallReader], words: str, newsroom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in DAYS:
        assert run(day)[0] == Exit.OK
    before = lake(newsroom), warehouse(newsroom)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "load_reader", lambda folder, threads: model())
        code, said = run(DAYS[1])
    assert code == Exit.FAILED
    assert words in said
    assert warehouse(newsroom) == before[1]
    assert run(DAYS[1])[0] == Exit.OK
    assert (lake(newsroom), warehouse(newsroom)) == before
