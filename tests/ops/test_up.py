"""`make down` ends what `make up` started, all of it and nothing else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ops import up

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    if os.fork() != 0:
        os._exit(0)
    with open(sys.argv[1], "w") as file:  # an orphan now
        file.write(str(os.getpid()))
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(up, "RECORD", tmp_path / "up.json")
    monkeypatch.setattr(up, "LOGS", tmp_path)
    monkeypatch.setattr(up, "GRACE_S", 0.5)
    return tmp_path


def test_down_ends_children_and_orphans_that_will_not_go(state: Path) -> None:
    started = up.Started(8080)
    started.start("scheduler", [sys.executable, "-c", STUBBORN, str(state / "orphan")], dict(os.environ))
    started.wait_for("the orphan", lambda: (state / "orphan").exists() and (state / "orphan").read_text() != "")
    family = up._family(*_started(state)["scheduler"])
    assert int((state / "orphan").read_text()) in {process.pid for process in family}
    up.down()
    started.processes["scheduler"].wait()
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not up.RECORD.exists()


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(state: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        born = psutil.Process(bystander.pid).create_time()
        up.RECORD.write_text(json.dumps({"port": 8080, "processes": {"scheduler": [bystander.pid, born - 1000]}}))
        up.down()
        time.sleep(0.1)
        assert bystander.poll() is None
        bystander.kill()


def test_down_with_nothing_up_does_nothing() -> None:
    up.down()


def test_a_process_that_ends_while_it_is_waited_for_is_named_with_its_log(state: Path) -> None:
    started = up.Started(8080)
    started.start("api-server", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))
    with pytest.raises(up.UpError, match=r"api-server ended with code 3: .*api-server\.log says why"):
        started.wait_for("the API server", lambda: False)
    up.down()
    started.processes["api-server"].wait()


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(up.UpError, match=f"port {port} is taken"):
            up.up(port)


def _started(state: Path) -> dict[str, tuple[int, float]]:
    return dict(json.loads((state / "up.json").read_text())["processes"])
