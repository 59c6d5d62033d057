"""What a process says while it works: events with run, day, stage and shard, as JSON lines where that is asked for.

Modules speak through `logging`; what belongs to every line is bound with `about`. Inside Airflow, which keeps its
context in the same place, the events are lines of the task's log and carry the same fields.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

SECRET = r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@|([?&](?:access_?token|api_?key|auth|key|password|secret|sig|signature|token)=)[^&\s]+"
"""What of an address is nobody's business: user and password before the host, and query fields that open doors."""


def discreet(text: str) -> str:
    """The text without what opens doors in its addresses."""
    return re.sub(SECRET, r"\1\2…", text)


def start_logging(run_id: str, *, is_json: bool) -> None:
    """Send what this process says to stderr: everything as JSON lines, or only warnings, in words."""
    last: Any = (
        structlog.processors.JSONRenderer() if is_json else structlog.processors.KeyValueRenderer(key_order=["event"])
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _all_discreet,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO if is_json else logging.WARNING, force=True)
    bind_contextvars(run_id=run_id)


def _all_discreet(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: discreet(value) if isinstance(value, str) else value for name, value in event.items()}


def about(**fields: Any) -> AbstractContextManager[None]:
    """Every event inside carries these fields."""
    return bound_contextvars(**fields)


def run_id() -> str | None:
    """The run that this process works for: Airflow's, the command line's, or none."""
    found = get_contextvars().get("run_id")
    return None if found is None else str(found)
