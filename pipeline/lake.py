"""Read and write one (table, day) partition of the lake, atomically.

Layout: `<lake>/table=<table>/day=<YYYY-MM-DD>/part-<part>.parquet`, zstd; a table of no day has no `day=` folder. The
lake is a folder or a URL (`s3://bucket/lake`).
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import dataframely as dy
import polars as pl

from pipeline.logs import discreet
from pipeline.schemas import KNOWLEDGE, LAKE
from pipeline.stores import file_system, is_local, replacing, store_errors
from pipeline.upgrades import UpgradeError, as_contract

ALL = LAKE | KNOWLEDGE

S = TypeVar("S", bound=dy.Schema)

SHARD = re.compile(r"part-(\d+)-of-(\d+)\.parquet$")
STAMPS = ("ETag", "etag", "e_tag", "version", "md5", "created", "mtime", "LastModified", "last_modified")
DATED = re.compile(r"table=(\w+)/day=(\d{4}-\d\d-\d\d)/part-[^/]+\.parquet$")


class LakeError(Exception):
    """The lake cannot be read or written as asked: the message says what, where and what to do."""


class Part(NamedTuple):
    """One part file: its path, its bytes, and what tells it from another that had its name."""

    path: str
    size: int
    stamp: str


class Lake:
    """The lake at one path or URL."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = str(root).rstrip("/")
        self._fs, self._path = file_system(self.root)
        self._is_local = is_local(self._fs)

    def parts(self, schema: type[S], day: date | None) -> list[str]:
        """Paths of the partition's part files, sorted by name; none where the partition was never written."""
        names = self._list(self._folder(schema, day))
        return sorted(name for name in names if re.search(r"/part-[^/]+\.parquet$", name))

    def has(self, schema: type[S], day: date | None, part: str | None = None) -> bool:
        """Whether the partition (or that part of it) was written."""
        parts = self.parts(schema, day)
        return bool(parts) if part is None else any(p.endswith(f"/part-{part}.parquet") for p in parts)

    def read(self, schema: type[S], day: date | None, part: str | None = None) -> dy.DataFrame[S]:
        """The partition, validated, in the order of its parts; an empty frame where it was never written.

        Raises:
            LakeError: a part cannot be read, or shards of the day are missing.
        """
        parts = self.parts(schema, day)
        if part is not None:
            parts = [p for p in parts if p.endswith(f"/part-{part}.parquet")]
        else:
            self._check_shards(schema, day, parts)
        frames = [self._read(schema, path) for path in parts]
        return schema.validate(pl.concat(frames), cast=True) if frames else schema.create_empty()

    def _read(self, schema: type[S], path: str) -> pl.DataFrame:
        try:
            with store_errors():
                frame = pl.read_parquet(io.BytesIO(self._fs.cat_file(path)))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise LakeError(
                f"cannot read {path}: {error}; delete the file and run the day again, which makes it anew"
            ) from error
        try:
            return as_contract(schema, frame)
        except UpgradeError as error:
            raise LakeError(f"{path} cannot be used: {error}; run the day again, which makes it anew") from error

    def upgrade(self) -> int:
        """Bring the parts that an earlier version wrote to the contracts of this one; returns how many there were.

        `contracts.json`, in the lake, says to which contracts that was done last. A part is replaced as a whole, so a
        kill or a second upgrade at the same time does no harm.

        Raises:
            LakeError: days lack what only their stages can give: they are named.
        """
        now = {table: {n: str(c.dtype) for n, c in schema.columns().items()} for table, schema in ALL.items()}
        file, then, upgraded = f"{self._path}/contracts.json", dict[str, dict[str, str]](), 0
        with suppress(FileNotFoundError):
            then = json.loads(self._fs.cat_file(file))
        lost: dict[date, UpgradeError] = {}
        for table, schema in ALL.items():
            if then.get(table) == now[table]:
                continue
            days = self.days(schema) if table in LAKE else [None]
            for day, path in ((of, path) for of in days for path in self.parts(schema, of)):
                with suppress(pl.exceptions.PolarsError), self._fs.open(path, "rb") as part:
                    if {n: str(kind) for n, kind in pl.read_parquet_schema(part).items()} == now[table]:
                        continue
                try:
                    self._put(path, _parquet(schema.validate(self._read(schema, path), cast=True)))
                    upgraded += 1
                except LakeError as error:
                    if day is None or not isinstance(error.__cause__, UpgradeError):
                        raise
                    lost[day] = error.__cause__
        if lost:
            first, last = min(lost), max(lost)
            raise LakeError(
                f"{len(lost)} days from {first} to {last} have to be run again, because {lost[last]}: "
                f"standpoint backfill {first} {last}"
            )
        if then != now:
            self._put(file, json.dumps(now, indent=1).encode())
        return upgraded

    def scan(self, schema: type[S]) -> pl.LazyFrame | None:
        """A table of no day, unread: a query takes from its parts only what it asks for. None where there is none."""
        if not (parts := self.parts(schema, None)):
            return None
        if self._is_local:
            return pl.scan_parquet(parts)
        with store_errors():
            files: list[IO[bytes]] = [io.BytesIO(self._fs.cat_file(part)) for part in parts]
        return pl.scan_parquet(files)

    def write(self, schema: type[S], day: date | None, frame: dy.DataFrame[S], part: str = "0") -> str:
        """Replace one part of the partition, atomically; returns its path.

        A shard `i` of `n` is the part `i-of-n`; writing it removes the shards that were cut in another number.

        Raises:
            LakeError: the lake cannot be written.
        """
        folder = self._folder(schema, day)
        path = f"{folder}/part-{part}.parquet"
        try:
            with store_errors():
                self._put(path, _parquet(frame))
            if shard := SHARD.search(path):
                for other in self.parts(schema, day):
                    match = SHARD.search(other)
                    if match is None or match[2] != shard[2]:
                        self._remove(other)  # another shard of the same run may have removed it
        except OSError as error:
            raise LakeError(
                f"cannot write {path}: {error.strerror or error}; check that STANDPOINT_LAKE "
                f"({discreet(self.root)}) is a place with free space where this user may write"
            ) from error
        return path

    def drop(self, schema: type[S], day: date | None, part: str) -> None:
        """Remove one part of the partition; none where it was never written."""
        self._remove(f"{self._folder(schema, day)}/part-{part}.parquet")

    def drop_day(self, schema: type[S], day: date) -> None:
        """Remove the partition; none where it was never written."""
        if self._list(folder := self._folder(schema, day)):
            self._fs.rm(folder, recursive=True)

    def part_names(self, schema: type[S], day: date | None) -> list[str]:
        """Names of the partition's parts, as `read` and `write` take them."""
        return [Path(path).stem.removeprefix("part-") for path in self.parts(schema, day)]

    def days(self, schema: type[S]) -> list[date]:
        """The days that have a partition of this table, in order."""
        names = self._list(f"{self._path}/table={_table(schema)}")
        return sorted(date.fromisoformat(m[1]) for name in names if (m := re.search(r"day=(\d{4}-\d\d-\d\d)$", name)))

    def listing(self) -> dict[str, dict[date, list[Part]]]:
        """Every part of the tables that have days, by table and day, sorted by path.

        One walk for all of them: asking table by table and day by day takes minutes for ten years.

        Raises:
            LakeError: the lake cannot be listed.
        """
        parts: dict[str, dict[date, list[Part]]] = {}
        try:
            with store_errors():
                for part in sorted(self._walk()):
                    if match := DATED.search(part.path):
                        parts.setdefault(match[1], {}).setdefault(date.fromisoformat(match[2]), []).append(part)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LakeError(
                f"cannot list {self.root}: {error.strerror or error}; check that STANDPOINT_LAKE is a place that this "
                "user may read"
            ) from error
        return parts

    def _walk(self) -> Iterator[Part]:
        if not self._is_local:
            self._fs.invalidate_cache(self._path)
            for path, info in self._fs.find(self._path, detail=True).items():
                # Object stores give an ETag, others a time.
                told = [info[key] for key in STAMPS if key in info]
                yield Part(path, info["size"], f"{info['size']}-{'-'.join(map(str, told))}")
            return
        folders = [self._path]
        while folders:
            with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders.append(entry.path)
                    else:
                        # A part is replaced by a new file, so that its inode tells, where two come in one tick.
                        found = entry.stat()
                        yield Part(entry.path, found.st_size, f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}")

    def _list(self, folder: str) -> list[str]:
        self._fs.invalidate_cache(folder)
        try:
            with store_errors():
                return list(self._fs.ls(folder, detail=False))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LakeError(
                f"cannot list {folder}: {error.strerror or error}; check that STANDPOINT_LAKE "
                f"({discreet(self.root)}) is a place that this user may read"
            ) from error

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError), store_errors():
            self._fs.rm_file(path)

    def _folder(self, schema: type[S], day: date | None) -> str:
        folder = f"{self._path}/table={_table(schema)}"
        return f"{folder}/day={day.isoformat()}" if day else folder

    def _check_shards(self, schema: type[S], day: date | None, parts: Sequence[str]) -> None:
        shards = [match for part in parts if (match := SHARD.search(part))]
        if not shards:
            return
        there, wanted = {int(m[1]) for m in shards}, int(shards[0][2])
        if {m[2] for m in shards} != {shards[0][2]} or there != set(range(wanted)):
            raise LakeError(
                f"{_table(schema)} of {day} is incomplete: shards {sorted(there)} of {wanted}; run read again"
            )

    def _put(self, path: str, data: bytes) -> None:
        if not self._is_local:
            self._fs.pipe_file(path, data)  # an object store shows an object only once it is whole
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as new:
            new.write_bytes(data)


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _table(schema: type[dy.Schema]) -> str:
    return next(name for name, contract in (LAKE | KNOWLEDGE).items() if contract is schema)
