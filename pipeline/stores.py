"""Where files lie: a folder, or an object store by its URL (`s3://…`, `gs://…`, `az://…`), through fsspec.

Credentials, region and endpoint come from the variables that the stores' own tools read (`AWS_ACCESS_KEY_ID`,
`GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME` …), or from the machine's role.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import fsspec
from obstore.exceptions import BaseError

SCHEMES = frozenset({"abfs", "abfss", "az", "gcs", "gs", "s3", "s3a"})
CLIENT = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "30min", "allow_http": True}
"""How a store is asked: one that says nothing for a minute is asked again, ten times within three minutes at most; a
large part may take its time. Without TLS only where the endpoint that is set says http."""


class StoreError(OSError):
    """An object store failed or refused: the message is its own, in one line."""


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for a path or URL, and the path within it.

    Raises:
        ValueError, ImportError: nothing is installed that opens such URLs.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        return fsspec.core.url_to_fs(url)  # type: ignore[no-any-return]
    from obstore.fsspec import register

    register(scheme)
    return fsspec.core.url_to_fs(url, client_options=CLIENT)  # type: ignore[no-any-return]


def is_local(fs: Any) -> bool:
    """Whether the file system is this machine's own."""
    return "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)


@contextmanager
def store_errors() -> Iterator[None]:
    """What an object store says against it comes as an `OSError`, like a disk's, in one line."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(str(error).partition("\n")[0]) from error
    except BaseError as error:
        raise StoreError(str(error).partition("\n")[0]) from error


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary name beside a local file: what the block writes there is synced and takes its place in one rename."""
    # By chance, not by process: workers in containers that share a folder have the same few process numbers.
    new = target.with_name(f".{target.name}.{token_hex(4)}.new")
    try:
        yield new
        _sync(new)
        new.replace(target)
        _sync(target.parent)
    finally:
        new.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def upload(file: Path, url: str) -> None:
    """Copy a finished file to a URL, where it is seen only once it is whole.

    Raises:
        OSError: the file cannot be read or the place not be written.
    """
    fs, path = file_system(url)
    if is_local(fs):  # a folder that other machines mount: whoever reads it must not find half a file
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as new:
            shutil.copyfile(file, new)
        return
    with store_errors():
        fs.put_file(str(file), path)


def download_missing(url: str, folder: Path) -> None:
    """Copy the files of a folder at a URL that the local folder lacks; none where there is no such folder yet.

    Raises:
        OSError: the place cannot be read or the folder not be written.
    """
    fs, path = file_system(url)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with store_errors():
            there = fs.ls(path, detail=False)
            for name in there:
                if not (folder / Path(name).name).exists():
                    fs.get_file(name, str(folder / Path(name).name))
    except FileNotFoundError:
        return
