"""Run a command, and again whenever it ends by itself: `python -m ops.keep COMMAND …`.

Airflow's scheduler, DAG processor and triggerer end when their database is away for a moment, and count on somebody to
start them again: Kubernetes, Docker, systemd, or this. SIGTERM ends the command, and then this.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from threading import Event

SETTLED_S = 60.0
"""A command that ends sooner than this after its first start cannot start: that is an error, and is not tried again."""
PAUSE_S = 5.0
"""Before it is started again."""


def keep(command: Sequence[str], settled_s: float = SETTLED_S, pause_s: float = PAUSE_S) -> int:
    """Keep the command running until SIGTERM; returns the exit code of its last life."""
    began, ended, child = time.monotonic(), Event(), subprocess.Popen(command)

    def end(*_: object) -> None:
        ended.set()
        child.terminate()

    signal.signal(signal.SIGTERM, end)
    while True:
        code = child.wait()
        if ended.is_set() or time.monotonic() - began < settled_s:
            return code
        print(f"It ended with code {code} and is started again in {pause_s:.0f} s: {' '.join(command)}", flush=True)
        ended.wait(pause_s)
        child = subprocess.Popen(command)
        if ended.is_set():  # meanwhile
            child.terminate()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
