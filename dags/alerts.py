"""Who is told when a night goes wrong: whatever the Airflow connection `standpoint_alerts` leads to.

| connection | what is sent |
|---|---|
| `http`, `https` | a POST of `{"text": …}`, which Slack and Mattermost take as a message and any webhook can read |
| `smtp` | an e-mail from the connection's `from_email` to the addresses in its extra field `to` |
| none | nothing: the message is only a line of the log |

A message that cannot be sent is a line of the log too, and never fails anything.
"""

from __future__ import annotations

import html
import json
import logging
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)

CONNECTION = "standpoint_alerts"
SECONDS = 20
"""For the message to be taken: a night never waits longer for those who watch it."""
CHARACTERS = 1500
"""Of an error that are sent: its first lines say what to do."""


def task_failed(context: Any) -> None:
    """Airflow's callback for a task that was tried for the last time."""
    instance, error = context["task_instance"], context.get("exception")
    day = context.get("partition_key") or getattr(context.get("dag_run"), "partition_key", None) or "?"
    said = f"{type(error).__name__}: {error}" if error else "its process ended without a word"
    where = getattr(instance, "log_url", None) or "see the task's log in the UI"
    send(
        f"Standpoint: {instance.task_id} failed, day {day}, run {instance.run_id}",
        f"{said[:CHARACTERS]}\n{where}\nWhat was published before stays. Clear the task to run it again.",
    )


def night_is_late(**given: Any) -> None:
    """Airflow's callback for a run that is not over when it should be."""
    run = given.get("context", {}).get("dag_run") or {}
    run_id = run.get("run_id") if isinstance(run, dict) else getattr(run, "run_id", None)
    send(
        f"Standpoint: the night is late{f', run {run_id}' if run_id else ''}",
        "A run of the DAG nightly is not done by its deadline. The UI shows the task that it is at; what was published "
        "before stays.",
    )


def send(subject: str, text: str) -> None:
    """Send the message where the connection leads, and write it to the log."""
    log.warning("%s. %s", subject, text)
    try:
        if (connection := _connection()) is None:
            return
        if connection.conn_type in ("http", "https"):
            _post(connection, f"*{subject}*\n{text}")
        elif connection.conn_type == "smtp":
            _mail(connection, subject, text)
        else:
            log.error("connection %s is of type %s: make it http or smtp", CONNECTION, connection.conn_type)
    except Exception as error:  # the name alone: an address may hold a token
        log.error("the alert was not sent (%s): check the connection %s", type(error).__name__, CONNECTION)


def _connection() -> Connection | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(CONNECTION)  # type: ignore[no-any-return]
    except AirflowNotFoundException:
        return None


def _post(connection: Connection, text: str) -> None:
    """To `https://host:port/…`: a path that is secret stands in the password, a bearer token in the extra `token`."""
    host = connection.host or ""
    url = host if "://" in host else f"{connection.schema or connection.conn_type}://{host}"
    url += (f":{connection.port}" if connection.port else "") + (connection.password or "")
    headers = {"Content-Type": "application/json"}
    if token := connection.extra_dejson.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps({"text": text}).encode(), headers)
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass


def _mail(connection: Connection, subject: str, text: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(smtp_conn_id=CONNECTION) as server:
        server.send_email_smtp(
            to=connection.extra_dejson["to"], subject=subject, html_content=f"<pre>{html.escape(text)}</pre>"
        )
