"""What two warehouses of one lake have in common, however and whenever they were published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def rows(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that an analyst sees, but for `runs` and for when a day was published."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1").fetchall()
        found = {name: con.execute(f"FROM {name} ORDER BY ALL").fetchall() for (name,) in tables if name != "runs"}
        return found | {"days": con.execute("SELECT day, is_finished FROM days ORDER BY ALL").fetchall()}
