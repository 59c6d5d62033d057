"""What every kind of source gives: records, or the reason why there are none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import blake2b
from urllib.parse import urlsplit

import dataframely as dy
import polars as pl

from pipeline.schemas import Raw

MAX_RECORD_BYTES = 20 * 2**20
"""Bytes of one page or one archive line: long news pages have 5 MB, and a day's records share the memory."""


class SourceError(Exception):
    """The source should have answered and did not: the message says what, where and what to do, in one line."""


class SourceGap(SourceError):
    """The source cannot give this day."""


class FetchError(SourceError):
    """An address could not be fetched; `status` is the HTTP status where the server gave one."""

    def __init__(self, message: str, status: int | None = None, *, is_forbidden: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_forbidden = is_forbidden
        """robots.txt does not want it, or the address is none of the open web: to ask again would be no use."""

    @property
    def problem(self) -> str:
        """As `Raw.problem` says it of a page."""
        return f"{'forbidden' if self.is_forbidden else 'not_fetched'}: {self}"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a source: the columns of `Raw` that the source knows."""

    outlet: str | None = None
    url: str | None = None
    media_type: str
    """With the charset where the server states one: `text/html; charset=windows-1251`."""
    content: bytes
    title: str | None = None
    published_at: datetime | None = None
    authors: list[str] | None = None
    problem: str | None = None


def to_raw(records: Iterable[Record], source: str, day: date) -> dy.DataFrame[Raw]:
    """The records as rows, in their order. `raw_id` hashes source, URL and bytes; a repeat also its number."""
    rows, repeats = [], Counter[str]()
    for record in records:
        raw_id = _hash(source.encode(), (record.url or "").encode(), record.content)
        if repeat := repeats[raw_id]:
            raw_id = _hash(raw_id.encode(), str(repeat).encode())
        repeats[raw_id] += 1
        rows.append({"day": day, "raw_id": raw_id, "source": source} | asdict(record))
    return Raw.validate(pl.DataFrame(rows, infer_schema_length=None), cast=True) if rows else Raw.create_empty()


def on_day(url: str, day: date) -> str:
    """A configured URL with its {day}, {year} and {month} filled in."""
    return url.replace("{day}", f"{day}").replace("{year}", f"{day:%Y}").replace("{month}", f"{day:%m}")


def is_dated(url: str) -> bool:
    """Whether a configured URL tells the day by itself, so that what it gives is of that day."""
    return "{day}" in url


def is_web_address(url: str) -> bool:
    """Whether the text is an absolute http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", parts.netloc)
    except ValueError:
        return False


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """An error's message without line breaks, at most `limit` characters; its type where it has no message."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _hash(*parts: bytes) -> str:
    """16 hex digits over the parts, each with its length, so that no two lists of parts read the same."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
