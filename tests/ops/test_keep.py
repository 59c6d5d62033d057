"""A server that ends by itself is started again; one that cannot start, or is told to end, is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFE = """
import pathlib, sys, time
lives = pathlib.Path(sys.argv[1])
lives.write_text(lives.read_text() + "x" if lives.exists() else "x")
time.sleep(60 if len(lives.read_text()) == 3 else 0)
"""
KEPT = "import sys; from ops.keep import keep; sys.exit(keep(sys.argv[1:], settled_s=0, pause_s=0))"


@pytest.fixture
def lives(tmp_path: Path) -> Path:
    return tmp_path / "lives"


def test_a_server_that_ends_is_started_again_until_it_is_told_to_end(lives: Path) -> None:
    command = [sys.executable, "-c", KEPT, sys.executable, "-c", LIFE, str(lives)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as keeper:
        try:
            while not lives.exists() or lives.read_text() != "xxx":
                assert keeper.poll() is None
                time.sleep(0.05)
            keeper.send_signal(signal.SIGTERM)
            assert keeper.wait(30) == -signal.SIGTERM % 256
        finally:
            keeper.kill()
    assert lives.read_text() == "xxx"


def test_a_server_that_cannot_start_is_not_tried_again(lives: Path) -> None:
    command = [sys.executable, "-m", "ops.keep", sys.executable, "-c", LIFE + "sys.exit(3)", str(lives)]
    assert subprocess.run(command, cwd=ROOT, timeout=30).returncode == 3
    assert lives.read_text() == "x"
