"""A whole night, pages in and DuckDB out: articles a second and peak memory of every stage, and how both grow.

    python -m tests.benchmarks.night ARCHIVE [--articles 1000 2500 5000] [--threads 2] [--folder FOLDER]

ARCHIVE is a folder of .jsonl.gz files in the archive format, whose texts the night's are made of: each new one takes
its paragraphs from two of them in turn, under an address of its own, and is set as an HTML page of the usual size.
Three pages in four tell machines who wrote them and when, as 67 of 90 real ones do; the rest is looked for in the text.
Every stage runs in a process of its own, as Airflow's tasks do, and `read` shard by shard, one after the other. The
seconds are those of the table `runs`; core-seconds are what the process and its children had of the processor, their
start included, for each thousand articles; memory is what they held together, asked four times a second; `others` is
the share of the machine that other processes had meanwhile: where it is not near 0, the seconds are not the stage's
own. With --profile STAGE that stage runs once more under cProfile.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import psutil

from pipeline import runs
from pipeline.lake import Lake
from pipeline.schemas import Articles, Runs
from pipeline.settings import load_settings
from pipeline.threads import limits
from tests.faults.newsroom import PEOPLE

DAY = date(2026, 1, 5)
PAGE_BYTES = 60_000
"""Bytes of a page: the median of real news pages, scripts and styles included."""
FILLER = "window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments); }\n"
LINKS = "".join(f'<li><a href="/section/{n}">Section number {n} of this outlet</a></li>' for n in range(40))


def texts_of(folder: Path) -> list[dict[str, Any]]:
    """Every article of the archive, in the order of its files."""
    found = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    return [article for article in found if article.get("text")]


def night_of(articles: list[dict[str, Any]], count: int) -> Iterator[dict[str, object]]:
    """So many lines of an archive, each a page of paragraphs that two articles give in turn."""
    for number in range(count):
        turn, one = divmod(number, len(articles))
        other = articles[(one + 37 * turn) % len(articles)]
        own, theirs = (article["text"].splitlines() for article in (articles[one], other))
        paragraphs = own if turn == 0 else [(own if n % 2 else theirs)[n] for n in range(min(len(own), len(theirs)))]
        title = articles[one]["title"] if turn == 0 else f"{articles[one]['title']} ({turn})"
        story = "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text.strip())
        body = f"<nav><ul>{LINKS}</ul></nav><article><h1>{escape(title)}</h1>{story}</article><footer>{LINKS}</footer>"
        filler = FILLER * max(0, (PAGE_BYTES - len(body)) // len(FILLER))
        known: dict[str, object] = {"@type": "NewsArticle", "headline": title}
        known["datePublished"] = f"{DAY}T{number % 24:02d}:00:00Z"
        known["author"] = {"@type": "Person", "name": PEOPLE[number % len(PEOPLE)]}
        linked = f'<script type="application/ld+json">{json.dumps(known)}</script>' if number % 4 else ""
        page = f"<!DOCTYPE html><html><head><title>{escape(title)}</title>{linked}<script>{filler}</script></head>"
        yield {
            "url": f"https://outlet{number % 50}.example/{number}",
            "outlet": f"outlet{number % 50}.example",
            "title": title,
            "published_at": f"{DAY}T{number % 24:02d}:00:00Z",
            "html": f"{page}<body>{body}</body></html>",
        }


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def set_up(folder: Path, articles: list[dict[str, Any]], count: int) -> dict[str, str]:
    """The newsroom of one night in a folder; returns its environment."""
    (folder / "archive").mkdir(parents=True)
    with gzip.open(folder / "archive" / f"{DAY}.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as file:
        for line in night_of(articles, count):
            file.write(json.dumps(line) + "\n")
    outlets = "".join(f'[[outlets]]\ndomain = "outlet{n}.example"\nname = "Outlet {n}"\n' for n in range(50))
    issue = '[[issues]]\nid = "peace"\nname = "peace talks"\nproposition = "There should be peace talks."\n'
    (folder / "newsroom.toml").write_text(
        f'{outlets}[[archives]]\nurl = "archive/{{day}}.jsonl.gz"\n{issue}aliases = ["peace talks", "ceasefire"]\n'
    )
    return {
        "STANDPOINT_CONFIG": str(folder / "newsroom.toml"),
        "STANDPOINT_LAKE": str(folder / "lake"),
        "STANDPOINT_WAREHOUSE": str(folder / "warehouse.duckdb"),
    }


def stage(name: str, shard: int, shards: int) -> None:
    """In a process of its own: one stage of the night."""
    settings = load_settings()
    if name == "fetch":
        runs.run_fetch(DAY, settings, today=DAY)
    elif name == "read":
        runs.run_read(DAY, settings, shard, shards)
    else:
        getattr(runs, f"run_{name}")(DAY, settings)


class Watched(NamedTuple):
    """What a process and its children took: seconds by the clock and of the processor, megabytes at most."""

    seconds: float
    cores: float
    megabytes: float
    others: float
    """Seconds of the processor that everybody else had meanwhile."""


def watched(command: list[str], env: dict[str, str]) -> Watched:
    """Run the command to its end."""
    start, busy, own, most = time.perf_counter(), busy_seconds(), own_seconds(), 0.0
    with subprocess.Popen(command, env=env) as process:
        whole = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                family = [whole, *whole.children(recursive=True)]
                most = max(most, sum(member.memory_info().rss for member in family) / 2**20)
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.25)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    cores = own_seconds() - own
    return Watched(time.perf_counter() - start, cores, most, max(0.0, busy_seconds() - busy - cores))


def busy_seconds() -> float:
    """Of all cores, since the machine started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def own_seconds() -> float:
    """Of this process and of all its children that have ended."""
    return float(sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def a_night(articles: list[dict[str, Any]], count: int, threads: int, folder: Path, profile: str | None) -> None:
    env = os.environ | set_up(folder, articles, count)
    env |= limits(threads) | {"STANDPOINT_THREADS": str(threads)}
    lake = Lake(env["STANDPOINT_LAKE"])
    took: dict[str, list[Watched]] = {name: [] for name in runs.STAGES}
    for name in runs.STAGES:
        shards = 1
        if name == "read":
            shards = -(-lake.read(Articles, DAY).height // 250)
        for shard in range(shards):
            command = [sys.executable, "-m", "tests.benchmarks.night", "--stage", name, str(shard), str(shards)]
            took[name].append(watched(command, env))
    if profile:
        command = ["-m", "cProfile", "-s", "cumulative", "-m", "tests.benchmarks.night", "--stage", profile, "0", "1"]
        subprocess.run([sys.executable, *command], env=env, check=True)
    own = dict(lake.read(Runs, DAY).group_by("stage").agg(pl.col("seconds").sum()).iter_rows())
    total = sum(own.values())
    clock = sum(one.seconds for stage in took.values() for one in stage)
    peak = {name: max(one.megabytes for one in stage) for name, stage in took.items()}
    print(f"\n{count} articles, {threads} threads: {count / total:.1f} articles/s, {total:.0f} s in the stages,")
    print(f"{clock - total:.0f} s to start their processes; peak {max(peak.values()):.0f} MB")
    print("stage       seconds  share  articles/s  core-seconds  others  peak MB")
    for name in runs.STAGES:
        cores = 1000 * sum(one.cores for one in took[name]) / count
        others = sum(one.others for one in took[name]) / sum(one.seconds for one in took[name]) / psutil.cpu_count()
        print(
            f"{name:10} {own[name]:8.1f} {own[name] / total:6.1%} {count / own[name]:11.0f} {cores:13.1f} {others:7.0%}"
            f" {peak[name]:8.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--articles", type=int, nargs="+", default=[1000, 2500, 5000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the nights here")
    parser.add_argument("--profile", choices=runs.STAGES)
    parser.add_argument("--stage", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        stage(given.stage[0], int(given.stage[1]), int(given.stage[2]))
        return
    articles = texts_of(given.archive)
    for count in given.articles:
        with tempfile.TemporaryDirectory() as folder:
            place = (given.folder or Path(folder)) / str(count)
            a_night(articles, count, given.threads, place, given.profile)


if __name__ == "__main__":
    main()
