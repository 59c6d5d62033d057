"""One file in the place of another, whole or not at all: the published file, and those that it was before.

A file that was published lies beside the published one as `<name>.until-<time>.<suffix>`, unchanged, for a set number
of days. After that it is not thrown away: the next publish brings it up to date, so that what a publish writes follows
from what has changed and nothing has to be copied. Readers of the published file never see it change.
"""

from __future__ import annotations

import fcntl
import glob
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

log = logging.getLogger(__name__)

# ioctl of Linux: the same blocks under a second name until one of them is written (XFS, btrfs).
FICLONE = 0x40049409


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock beside `path`, after any other holder has ended. A lock dies with its process; its file stays."""
    with path.with_name(f".{path.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("another publish of %s is running: waiting for it to end", path)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def old_files(path: Path) -> dict[Path, datetime]:
    """What `path` was before, and until when, newest first."""
    found = {}
    for file in path.parent.glob(f"{glob.escape(path.stem)}.until-*{glob.escape(path.suffix)}"):
        if match := re.search(r"\.until-(\d{8}T\d{12}Z)", file.name):
            found[file] = datetime.strptime(match[1], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    return dict(sorted(found.items(), key=lambda pair: pair[1], reverse=True))


def superfluous(path: Path, today: date, keep_days: int) -> list[Path]:
    """The old files that need not be kept: those of more than `keep_days` days ago, and of each day all but the last.

    Today will get another one, so none of today's has to be kept.
    """
    last: dict[date, Path] = {}
    for file, until in old_files(path).items():
        last.setdefault(until.date(), file)
    kept = {file for day, file in last.items() if today - timedelta(days=keep_days) < day < today}
    return [file for file in old_files(path) if file not in kept]


def clone(file: Path, new: Path) -> None:
    """The same bytes under another name: in no time where the file system can, else by copying."""
    with file.open("rb") as source, new.open("wb") as target:
        if sys.platform == "linux":
            try:
                fcntl.ioctl(target, FICLONE, source.fileno())
                return
            except OSError:
                pass
        shutil.copyfileobj(source, target, 1 << 24)


def swap(new: Path, path: Path, now: datetime, keep_days: int) -> None:
    """Put `new` in the place of `path` by one rename, and `path` among the old files; drop those that are superfluous
    but for the newest, which the next publish will bring up to date."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    # Someone who opened the published file to write may have left a log beside it; with it the new file would not open.
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    if path.exists():
        old = path.with_name(f"{path.stem}.until-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z{path.suffix}")
        old.unlink(missing_ok=True)
        try:
            os.link(path, old)
        except OSError as error:
            log.warning("cannot keep the old %s as %s (%s)", path, old.name, error.strerror)
    new.replace(path)
    for left in superfluous(path, now.date(), keep_days)[1:]:
        left.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_unfinished(path: Path) -> None:
    """Remove what a publish left that did not end. Only for the holder of the lock: whoever left it is dead."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.new*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
