"""Readers who never stop asking while the warehouse is published again and again.

    python -m tests.faults.readers 50

Each publish adds an article. One reader opens the file anew for each question, one keeps it open for a while; both ask
several tables in one query, and say what does not fit together. The command prints what they saw.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.lake import Lake
from pipeline.warehouse import build_warehouse
from tests.desk import BODY, CONFIG, DAY, POSITIVE, Desk, report

ROOT = Path(__file__).resolve().parents[2]
QUESTION = """
SELECT
    (SELECT count(*) FROM articles),
    (SELECT sum(articles) FROM outlet_coverage_daily),
    (SELECT sum(articles) FROM stories),
    (SELECT count(*) FROM sentiments WHERE entity_id = 'per-mara-voss'),
    (SELECT sum(articles) FROM entity_sentiment_daily WHERE entity_id = 'per-mara-voss'),
    (SELECT articles FROM entities WHERE entity_id = 'per-mara-voss'),
    (SELECT sum(articles) FROM trending_daily WHERE entity_id = 'per-mara-voss')
"""
ASKED_BEFORE_REOPENING = 20


def read(path: Path, keeps_open: bool) -> None:
    """Ask until the standard input ends; print each answer when it is another, and fail on one that is a mixture."""
    import select

    con, seen = duckdb.connect(path, read_only=True), 0
    asked = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        if asked % (ASKED_BEFORE_REOPENING if keeps_open else 1) == 0:
            con.close()
            con = duckdb.connect(path, read_only=True)
        asked += 1
        [answer] = con.execute(QUESTION).fetchall()
        if len(set(answer)) != 1:
            raise SystemExit(f"a mixture: {answer}")
        if answer[0] < seen:
            raise SystemExit(f"{answer[0]} articles after {seen}: an older file")
        seen = answer[0]
        print(seen, flush=True)


def publish_while_they_read(folder: Path, publishes: int) -> int:
    """Publish so many times under readers; the number of different files that they saw.

    Raises:
        AssertionError: a reader failed, or saw a mixture.
    """
    desk, path = Desk(Lake(folder / "lake")), folder / "w.duckdb"
    desk.fetch()
    _publish(desk, path, 0)
    command = [sys.executable, "-m", "tests.faults.readers", "read", str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    readers = [subprocess.Popen([*command, how], cwd=ROOT, text=True, **pipes) for how in ("anew", "open")]  # type: ignore[call-overload]
    for reader in readers:
        reader.stdout.readline()  # it has begun
    for number in range(1, publishes + 1):
        _publish(desk, path, number)
    time.sleep(0.5)  # for the last file to be seen
    seen = Counter[int]()
    for reader in readers:
        out, err = reader.communicate("stop\n")
        assert reader.returncode == 0, err
        seen.update(map(int, out.split()))
    print(f"{publishes} publishes, {seen.total()} questions answered, {len(seen)} different files seen, no mixture")
    return len(seen)


def _publish(desk: Desk, path: Path, number: int) -> None:
    day = DAY - timedelta(days=number % 3)
    if not desk.rows["fetches"][day]:
        desk.fetch(day=day)
    report(desk, desk.article(BODY, f"a{number}", day=day), POSITIVE)
    desk.file(day)
    build_warehouse(
        desk.lake, path, CONFIG, threads=1, now=datetime(2026, 3, 9, tzinfo=UTC) + timedelta(minutes=number)
    )


def hold(folder: Path) -> None:
    """Read one file through three publishes; what it says before and after, and what the published one says then."""
    desk, path = Desk(Lake(folder / "lake")), folder / "w.duckdb"
    desk.fetch()
    _publish(desk, path, 0)
    code = "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True); print(1, flush=True); input(); " + (
        "print(con.execute('SELECT count(*) FROM articles').fetchall()[0][0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout
    print(reader.stdout.readline().strip())
    for number in range(1, 4):
        _publish(desk, path, number)
    out, _ = reader.communicate("\n")
    print(out.strip())
    with duckdb.connect(path, read_only=True) as con:
        print(con.execute("SELECT count(*) FROM articles").fetchall()[0][0])


def main() -> None:
    if sys.argv[1] == "read":
        read(Path(sys.argv[2]), keeps_open=sys.argv[3] == "open")
    elif sys.argv[1] == "hold":
        hold(Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            publish_while_they_read(Path(folder), int(sys.argv[1]))


if __name__ == "__main__":
    main()
