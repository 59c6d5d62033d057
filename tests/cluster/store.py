"""An S3-compatible object store on this machine's loopback (moto), for as long as it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.up import free_port

BUCKET = "newsroom"
WAIT_S = 60.0


@contextmanager
def serving(log: Path) -> Iterator[dict[str, str]]:
    """Start the store with one empty bucket; yields the variables by which a process finds it."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + WAIT_S
        while not _has_bucket(address):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the object store does not answer: {log.read_text()[-1000:]}")
            time.sleep(0.1)
        yield {
            "AWS_ACCESS_KEY_ID": "desk",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": address,
            "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
        }
    finally:
        server.terminate()
        server.wait(timeout=10)


def _has_bucket(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(f"{address}/{BUCKET}", method="PUT"), timeout=5):
            return True
    except OSError:
        return False
