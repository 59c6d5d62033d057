"""A day killed with SIGKILL at one write after the other, each time run again, until it lives.

    python -m tests.faults.deaths FOLDER DAY

Every change that the pipeline makes is a rename of a finished file, so a process that is killed right before the Nth
rename leaves what any death between the renames N - 1 and N leaves. The file that was about to be renamed keeps half
of its bytes, as after a power cut. Prints a JSON object a line: at which rename it died, and a digest of every file
that a reader sees. Children are forked before polars does anything, so a death costs no start of the interpreter.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from pipeline import cli, runs
from tests.faults.newsroom import SmallReader

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


def live(folder: Path, day: str, death: int) -> None:
    """In a child: the day, to its end or to the given rename below the folder."""
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event == "os.rename" and str(arguments[0]).startswith(str(folder)):
            seen += 1
            if seen == death:
                file = Path(str(arguments[0]))
                (folder / "died at").write_text(str(Path(str(arguments[1])).relative_to(folder)))
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
    for death in range(1, MOST):
        if (child := os.fork()) == 0:
            live(folder, day, death)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        died_at = (folder / "died at").read_text() if code == -signal.SIGKILL else None
        print(json.dumps({"code": code, "died_at": died_at, "files": digests(folder)}), flush=True)
        if code != -signal.SIGKILL:
            break


if __name__ == "__main__":
    main()
