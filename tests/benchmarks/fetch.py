"""How fast a night is fetched, and in how much memory: outlets on loopback, the politeness limits lifted.

    python -m tests.benchmarks.fetch [--articles 5000] [--outlets 50] [--day-after]

Prints articles a second of `fetch` and of `normalise`, and the resident memory of the process as the night goes on.
The outlets are served by a process of its own. `--day-after` fetches the next night too, when nothing has changed.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import re
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from unittest.mock import patch

import polars as pl

from pipeline import runs
from pipeline.lake import Lake
from pipeline.schemas import Articles, Fetches, Quarantine, Raw
from pipeline.settings import Settings

DAY = date(2026, 1, 5)
PAGE_BYTES = 60_000
"""Bytes of a page: the median of real news pages, scripts and styles included."""
WORDS = re.findall(
    r"\w+",
    "mayor council harbour vote school tram minister offer debate budget court river storm union strike market toll "
    "tunnel party treaty border bank price winter hospital teacher museum police judge company report leader",
)


def body(outlet: int, number: int) -> bytes:
    """A page of its own words; the same every time."""
    chance = random.Random(f"{outlet}/{number}")
    lines = (f"{chance.choice(WORDS).title()} {' '.join(chance.choices(WORDS, k=24))}." for _ in range(20))
    story = "".join(f"<p>{line}</p>" for line in lines)
    title = " ".join(chance.choices(WORDS, k=8))
    filler = f"<script>{'var a = 1; ' * (PAGE_BYTES // 11)}</script>"
    head = f"<head><title>{title}</title>{filler}</head>"
    return f"<!DOCTYPE html><html>{head}<body><article><h1>{title}</h1>{story}</article></body></html>".encode()


def feed(articles: int) -> bytes:
    items = "".join(
        f"<item><title>{n}</title><link>/{n}</link><pubDate>Mon, 05 Jan 2026 09:00:00 GMT</pubDate></item>"
        for n in range(articles)
    )
    return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, articles: int) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
            outlet = int(headers["host"].partition(".")[0].removeprefix("outlet"))
            status, content = "200 OK", b""
            if path == "/robots.txt":
                content = b"User-agent: *\nAllow: /\n"
            else:
                content = feed(articles) if path == "/feed" else body(outlet, int(path[1:]))
            etag = f'"{blake2b(content, digest_size=8).hexdigest()}"'
            if headers.get("if-none-match") == etag:
                status, content = "304 Not Modified", b""
            said = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nETag: {etag}\r\n"
            writer.write(f"{said}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def serve(sock: socket.socket, articles: int) -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: answer(r, w, articles), sock=sock)
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def serving(articles: int) -> Iterator[int]:
    """The outlets in a process of its own, on one port of loopback to which every name leads."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=512)
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(sock, articles), daemon=True)
    server.start()

    async def getaddrinfo(loop: object, host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    try:
        with patch.object(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo):
            yield int(sock.getsockname()[1])
    finally:
        server.kill()
        server.join()
        sock.close()


def resident() -> float:
    """Resident memory of this process now, in MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


@contextmanager
def watched(name: str, articles: int) -> Iterator[None]:
    """Prints the time of what is inside, and the resident memory at five points of it."""
    seen: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            seen.append(resident())

    thread = threading.Thread(target=watch)
    thread.start()
    start, cpu = time.perf_counter(), sum(os.times()[:4])
    try:
        yield
    finally:
        seconds, used = time.perf_counter() - start, sum(os.times()[:4]) - cpu
        ended.set()
        thread.join()
    points = [seen[int(share * (len(seen) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)] if seen else []
    print(
        f"{name:18} {articles} articles in {seconds:.1f} s ({used:.1f} s of CPU): {articles / seconds:.0f} articles/s; "
        f"resident MB at the start, the quarters and the end: {', '.join(f'{mb:.0f}' for mb in points)}; "
        f"most {max(seen, default=0):.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--outlets", type=int, default=50)
    parser.add_argument("--day-after", action="store_true")
    given = parser.parse_args()
    each = given.articles // given.outlets
    articles = each * given.outlets
    with tempfile.TemporaryDirectory() as folder, serving(each) as port:
        config = Path(folder) / "newsroom.toml"
        config.write_text(
            "".join(
                f'[[outlets]]\ndomain = "outlet{n}.example"\nname = "Outlet {n}"\n'
                f'sources = [{{ kind = "feed", url = "http://outlet{n}.example:{port}/feed" }}]\n'
                for n in range(given.outlets)
            )
            + '[web]\nallow = ["127.0.0.0/8"]\nseconds_between = 0\nat_once = 8\n'
        )
        settings = Settings(lake=f"{folder}/lake", warehouse=Path(folder) / "w.duckdb", config=config)
        lake = Lake(settings.lake)
        with watched("fetch", articles):
            problems = runs.run_fetch(DAY, settings, today=DAY)
        with watched("normalise", articles):
            runs.run_normalise(DAY, settings)
        print(
            f"{len(lake.parts(Raw, DAY))} raw parts, {lake.read(Articles, DAY).height} articles, "
            f"{lake.read(Quarantine, DAY).height} refused, {len(problems)} things to look at"
        )
        if given.day_after:
            after = DAY + timedelta(days=1)
            with watched("fetch, day after", articles):
                runs.run_fetch(after, settings, today=after)
            fetches = lake.read(Fetches, after)
            print(f"{fetches['records'].sum()} records, {fetches.filter(pl.col('status') == 'failed').height} failed")


if __name__ == "__main__":
    main()
