"""The program `standpoint` with the small reader, killed at a chosen moment.

    python -m tests.faults.program EVENT WORDS COUNT -- run --day 2026-01-05

The process kills itself when the COUNTth of Python's audit events EVENT happens whose arguments hold WORDS. EVENT
`never` lets it live.
"""

from __future__ import annotations

import os
import signal
import sys

from pipeline import cli, runs
from tests.faults.newsroom import SmallReader


def main() -> None:
    event, words, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seen = 0

    def watch(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if name != event or not any(words in str(argument) for argument in arguments):
            return
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    runs.load_reader = lambda folder, threads: SmallReader()  # type: ignore[assignment,return-value]
    sys.addaudithook(watch)
    sys.argv[1:] = sys.argv[sys.argv.index("--") + 1 :]
    cli.main()


if __name__ == "__main__":
    main()
