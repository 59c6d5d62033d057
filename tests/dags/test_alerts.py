"""Who is told when a night goes wrong, where to, and with which words."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from dags import alerts


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback: its address, and what it was told."""
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.append(body | {"path": self.path, "authorization": self.headers.get("Authorization")})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", told
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def failed(error: Exception | None = None) -> dict[str, Any]:
    instance = SimpleNamespace(task_id="read", run_id="scheduled__2026-01-06", log_url="http://127.0.0.1:8080/log")
    return {"task_instance": instance, "partition_key": "2026-01-05", "exception": error}


def test_a_failed_task_is_told_to_the_webhook_with_day_error_and_log(
    hook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, told = hook
    extra = "%7B%22token%22%3A%20%22t0ken%22%7D"
    monkeypatch.setenv("AIRFLOW_CONN_STANDPOINT_ALERTS", f"http://:%2Fservices%2Fhunter2@{address}/?__extra__={extra}")
    alerts.task_failed(failed(RuntimeError("cannot write x; check that there is free space")))
    [message] = told
    assert message["path"] == "/services/hunter2"
    assert message["authorization"] == "Bearer t0ken"
    for words in ("read failed", "2026-01-05", "check that there is free space", "http://127.0.0.1:8080/log"):
        assert words in message["text"]


def test_a_night_that_is_late_names_its_run(
    hook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, told = hook
    monkeypatch.setenv("AIRFLOW_CONN_STANDPOINT_ALERTS", f"http://{address}")
    alerts.night_is_late(context={"dag_run": {"run_id": "scheduled__2026-01-06"}})
    assert "scheduled__2026-01-06" in told[0]["text"]
    alerts.night_is_late()
    assert "late" in told[1]["text"]


def test_an_e_mail_goes_to_whom_the_connection_names(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class Hook:
        def __init__(self, smtp_conn_id: str) -> None:
            assert smtp_conn_id == alerts.CONNECTION

        def __enter__(self) -> Hook:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def send_email_smtp(self, **given: Any) -> None:
            sent.append(given)

    monkeypatch.setattr("airflow.providers.smtp.hooks.smtp.SmtpHook", Hook)
    connection = {
        "conn_type": "smtp",
        "host": "mail.example",
        "extra": {"to": "desk@a.example", "from_email": "n@a.example"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_STANDPOINT_ALERTS", json.dumps(connection))
    alerts.task_failed(failed(RuntimeError("<b>broken</b>")))
    assert sent[0]["to"] == "desk@a.example"
    assert "read failed" in sent[0]["subject"]
    assert "&lt;b&gt;broken" in sent[0]["html_content"]


def test_without_a_connection_the_message_is_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_STANDPOINT_ALERTS", raising=False)
    monkeypatch.setattr(alerts, "_connection", lambda: None)
    with caplog.at_level(logging.WARNING):
        alerts.task_failed(failed())
    assert "read failed" in caplog.text
    assert "ended without a word" in caplog.text


def test_an_alert_that_cannot_be_sent_fails_nothing_and_does_not_tell_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_STANDPOINT_ALERTS", "http://:%2Fservices%2Fhunter2@127.0.0.1:9")
    with caplog.at_level(logging.INFO):
        alerts.task_failed(failed(RuntimeError("broken")))
    assert "the alert was not sent" in caplog.text
    assert "hunter2" not in caplog.text


def test_every_task_and_the_night_itself_have_their_alarm() -> None:
    from dags.nightly import DEADLINE, dag

    for task in dag.tasks:
        called = task.on_failure_callback
        assert alerts.task_failed in (called if isinstance(called, list) else [called])
    [deadline] = dag.deadline
    assert deadline.interval == DEADLINE
    assert deadline.callback.path == "dags.alerts.night_is_late"
