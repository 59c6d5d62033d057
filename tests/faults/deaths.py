"""A day killed with SIGKILL at one write after the other, each time run again, until it lives.

    python -m tests.faults.deaths FOLDER DAY

Every change that the pipeline makes is a rename of a finished file, so a process that is killed right before one leaves
what any death since the rename before leaves. Each life ends before the first file that no life before it died at; the
half of its bytes is lost, as after a power cut. Prints a JSON object a line: at which file it died, and a digest of all
that a reader sees. The pipeline is imported in the children alone: once polars has done anything, a forked one hangs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sys
from pathlib import Path

MOST = 200
"""Writes of a day of three shards: far fewer; beyond this the day does not end."""


def digests(folder: Path) -> dict[str, str]:
    """Every file that a reader of the lake or the warehouse sees, but the notes on when the stages ran."""
    files = [*(folder / "lake").glob("table=*/**/part-*.parquet"), folder / "warehouse.duckdb"]
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.exists() and "table=runs" not in str(file)
    }


def live(folder: Path, day: str, died_at: set[str]) -> None:
    """In a child: the day, to its end or to a file below the folder that is none of those."""
    from pipeline import cli, runs
    from tests.faults.newsroom import SmallReader

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.rename" and str(arguments[0]).startswith(str(folder)):
            file, target = Path(str(arguments[0])), str(Path(str(arguments[1])).relative_to(folder))
            target = re.sub(r"\.\d+\.new$", ".new", target)  # named by the process, and every life is another
            if target not in died_at:
                (folder / "died at").write_text(target)
                os.truncate(file, file.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)

    runs.load_reader = lambda folder, threads: SmallReader()  # type: ignore[assignment,return-value]
    sys.addaudithook(watch)
    sys.argv = ["standpoint", "run", "--day", day]
    with (folder / "said").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    os._exit(code)


def main() -> None:
    folder, day = Path(sys.argv[1]), sys.argv[2]
    died_at: set[str] = set()
    while len(died_at) < MOST:
        if (child := os.fork()) == 0:
            live(folder, day, died_at)
        _, status = os.waitpid(child, 0)
        code, at = os.waitstatus_to_exitcode(status), None
        if code == -signal.SIGKILL:
            died_at.add(at := (folder / "died at").read_text())
        print(json.dumps({"code": code, "died_at": at, "files": digests(folder)}), flush=True)
        if code != -signal.SIGKILL:
            break


if __name__ == "__main__":
    main()
