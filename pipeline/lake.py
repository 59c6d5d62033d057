"""Read and write one (table, day) partition of the lake, atomically.

Layout: `<lake>/table=<table>/day=<YYYY-MM-DD>/part-<part>.parquet`, zstd; a table of no day has no `day=` folder. The
lake is a folder or any URL that fsspec opens (`s3://bucket/lake`, with the matching fsspec driver installed).
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeVar

import dataframely as dy
import fsspec
import polars as pl

from pipeline.schemas import KNOWLEDGE, LAKE

S = TypeVar("S", bound=dy.Schema)

SHARD = re.compile(r"part-(\d+)-of-(\d+)\.parquet$")


class LakeError(Exception):
    """The lake cannot be read or written as asked: the message says what, where and what to do."""


class Lake:
    """The lake at one path or URL."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = str(root).rstrip("/")
        self._fs, self._path = fsspec.core.url_to_fs(self.root)
        self._is_local = "file" in _protocols(self._fs)

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
        frames = []
        for path in parts:
            try:
                with self._fs.open(path, "rb") as file:
                    frames.append(pl.read_parquet(io.BytesIO(file.read())))
            except (pl.exceptions.ComputeError, OSError) as error:
                raise LakeError(
                    f"cannot read {path}: {error}; delete the file and run that stage of {day} again"
                ) from error
        return schema.validate(pl.concat(frames), cast=True) if frames else schema.create_empty()

    def scan(self, schema: type[S]) -> pl.LazyFrame | None:
        """A table of no day, unread: a query takes from its parts only what it asks for. None where there is none."""
        if not (parts := self.parts(schema, None)):
            return None
        if self._is_local:
            return pl.scan_parquet(parts)
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
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=True)
        try:
            self._put(path, buffer.getvalue())
            if shard := SHARD.search(path):
                for other in self.parts(schema, day):
                    match = SHARD.search(other)
                    if match is None or match[2] != shard[2]:
                        with suppress(FileNotFoundError):  # another shard of the same run may have removed it
                            self._fs.rm_file(other)
        except OSError as error:
            raise LakeError(
                f"cannot write {path}: {error.strerror or error}; check that STANDPOINT_LAKE ({self.root}) is a place "
                "with free space where this user may write"
            ) from error
        return path

    def drop(self, schema: type[S], day: date | None, part: str) -> None:
        """Remove one part of the partition; none where it was never written."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(f"{self._folder(schema, day)}/part-{part}.parquet")

    def days(self, schema: type[S]) -> list[date]:
        """The days that have a partition of this table, in order."""
        names = self._list(f"{self._path}/table={_table(schema)}")
        return sorted(date.fromisoformat(m[1]) for name in names if (m := re.search(r"day=(\d{4}-\d\d-\d\d)$", name)))

    def _list(self, folder: str) -> list[str]:
        self._fs.invalidate_cache(folder)
        try:
            return list(self._fs.ls(folder, detail=False))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LakeError(
                f"cannot list {folder}: {error.strerror or error}; check that STANDPOINT_LAKE ({self.root}) is a place "
                "that this user may read"
            ) from error

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
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _table(schema: type[dy.Schema]) -> str:
    return next(name for name, contract in (LAKE | KNOWLEDGE).items() if contract is schema)
