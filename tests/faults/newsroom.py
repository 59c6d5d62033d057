"""A newsroom of one archive and a reader of a few lines, for whole days in a test without the shipped weights."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipeline.reader import MENTIONS, REFERENCES, STATEMENTS, Reading

DAYS = (date(2026, 1, 5), date(2026, 1, 6))
OUTLET = "harbourtimes.example"
CONFIG = f"""
[[outlets]]
domain = "{OUTLET}"
name = "Harbour Times"

[[archives]]
url = "archive/{{day}}.jsonl.gz"

[[issues]]
id = "toll"
name = "the tunnel toll"
proposition = "Cars should pay a toll in the tunnel."
aliases = ["toll"]
"""
PEOPLE = ("Ada Quill", "Bram Oster", "Cleo Marsh", "Dov Tarrant", "Edda Finch")
NAME = re.compile("|".join(f"{person}|{person.split()[1]}" for person in PEOPLE))
QUOTE = re.compile(r'("[^"]+") (\w+) (said)\.')


def article(day: date, number: int, **given: Any) -> dict[str, Any]:
    """One line of the archive."""
    one, other = PEOPLE[number % 5], PEOPLE[(number + 1) % 5]
    text = (
        f"Mayor {one} spoke against {other} in the harbour hall on day {number} of the debate about the tunnel. "
        f'"The toll that {other} wants is wrong for {number} reasons," {one.split()[1]} said. '
        f"{other} had asked for the toll last year, when the tunnel was opened and the ferry was sold to its crew."
    )
    return {
        "url": f"https://{OUTLET}/{day}/{number}",
        "outlet": OUTLET,
        "title": f"Debate on the toll, part {number}",
        "published_at": f"{day}T0{number}:00:00Z",
        "text": text,
    } | given


def archive(day: date, lines: Sequence[object] = ()) -> bytes:
    """The archive's file of a day: five articles and then the lines given, each an object or the words of a line."""
    all_lines = [*(article(day, number) for number in range(5)), *lines]
    return gzip.compress(
        b"".join((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in all_lines), mtime=0
    )


def set_up(folder: Path) -> None:
    """Write the newsroom's files into a folder."""
    (folder / "archive").mkdir(parents=True)
    for day in DAYS:
        (folder / "archive" / f"{day}.jsonl.gz").write_bytes(archive(day))
    (folder / "newsroom.toml").write_text(CONFIG)


def settings(folder: Path) -> dict[str, str]:
    """The environment for the newsroom in a folder; a day of five articles is three shards."""
    return {
        "STANDPOINT_CONFIG": str(folder / "newsroom.toml"),
        "STANDPOINT_LAKE": str(folder / "lake"),
        "STANDPOINT_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "STANDPOINT_SHARD_ARTICLES": "2",
    }


class SmallReader:
    """Finds the five people by their names, and quotes by their marks."""

    revision = "small"
    languages = ("en",)

    def read(self, texts: Sequence[str]) -> Reading:
        mentions: list[dict[str, Any]] = []
        statements: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            quotes = list(QUOTE.finditer(text))
            for number, quote in enumerate(quotes):
                row: dict[str, Any] = {"text": index, "statement": number, "kind": "direct", "probability": 0.9}
                row |= {"content": [{"start": quote.start(1), "end": quote.end(1)}]}
                row |= {"asserted": 0.9, "hedged": 0.1, "denied": 0.0, "withheld": 0.0, "asked": 0.0}
                row |= {
                    "targets": [
                        {"start": name.start(), "end": name.end(), "against": 0.7, "neutral": 0.2, "favour": 0.1}
                        | {"weight": 0.0}
                        for name in NAME.finditer(text, *quote.span(1))
                    ]
                }
                row |= {"speaker_start": quote.start(2), "speaker_end": quote.end(2)}
                row |= {"cue_start": quote.start(3), "cue_end": quote.end(3)}
                statements.append(row)
            for name in NAME.finditer(text):
                inside = [n for n, quote in enumerate(quotes) if quote.start(1) <= name.start() < quote.end(1)]
                row = {"text": index, "start": name.start(), "end": name.end(), "type": "PER", "probability": 0.9}
                row |= {"negative": 0.7, "neutral": 0.2, "positive": 0.1, "statement": inside[0] if inside else None}
                mentions.append(row)
        return Reading(
            pl.DataFrame(mentions, schema=MENTIONS),
            pl.DataFrame(statements, schema=STATEMENTS),
            pl.DataFrame(schema=REFERENCES),
        )

    def stance(self, passages: Sequence[str], issues: Sequence[str], *, of_statements: bool) -> Any:
        return np.tile(np.array([[0.8, 0.15, 0.05]], dtype=np.float32), (len(passages), 1))
