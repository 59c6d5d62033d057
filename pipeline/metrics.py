"""The figures of the last night as OpenMetrics text, for the textfile collector of a node exporter or any scraper.

They are read from the published warehouse, as the front page and `standpoint status` are: all three say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipeline.stores import replacing

STAGES_SQL = Path(__file__).parents[1] / "sql" / "report" / "stages.sql"
FIGURES = {
    "stage_seconds": "Wall time of the stage, its shards together.",
    "stage_articles_in": "Articles that the stage read; raw records before normalise.",
    "stage_articles_out": "Articles of which the stage wrote something; raw records of fetch.",
    "stage_quarantined": "Raw records that the stage refused.",
    "stage_peak_bytes": "Most memory that a process of the stage held.",
    "stage_shards": "Shards of the stage.",
    "day_timestamp_seconds": "The last finished day of the warehouse.",
    "published_timestamp_seconds": "When the warehouse was published: alert where this is older than a day and a bit.",
    "warehouse_bytes": "Size of the published file.",
    "warehouse_days": "Days in the warehouse.",
    "warehouse_articles": "Articles in the warehouse.",
    "gaps": "Outlets without an article on the last finished day.",
    "sources_failed": "Sources that failed or rested on the last finished day.",
    "checks_failed": "Checks that the warehouse did not pass.",
}


def metrics(warehouse: Path) -> str:
    """The text, ending in `# EOF`; all of it describes the file that is published now.

    Raises:
        duckdb.Error: the warehouse cannot be read.
    """
    with duckdb.connect(warehouse, read_only=True) as con:
        samples = list(_samples(con, warehouse))
    lines = []
    for figure, meaning in FIGURES.items():
        lines += [f"# TYPE standpoint_{figure} gauge", f"# HELP standpoint_{figure} {meaning}"]
        lines += [f"standpoint_{name}{labels} {value:.17g}" for name, labels, value in samples if name == figure]
    return "\n".join([*lines, "# EOF", ""])


def write_metrics(warehouse: Path, file: Path) -> None:
    """Write them to a file, in one rename: a collector never sees half of it.

    Raises:
        OSError: the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as new:
        new.write_text(metrics(warehouse), encoding="utf-8")


def _samples(con: duckdb.DuckDBPyConnection, warehouse: Path) -> Iterator[tuple[str, str, float]]:
    file = warehouse.stat()
    yield "published_timestamp_seconds", "", file.st_mtime
    yield "warehouse_bytes", "", file.st_size
    for name, query in {
        "warehouse_days": "SELECT count(*) FROM days WHERE is_finished",
        "warehouse_articles": "SELECT count(*) FROM articles",
    }.items():
        yield name, "", con.execute(query).fetchall()[0][0]
    for severity, failed in con.execute(
        "SELECT severity, count(*) FILTER (WHERE NOT is_passed) FROM checks GROUP BY severity ORDER BY severity"
    ).fetchall():
        yield "checks_failed", f'{{severity="{severity}"}}', failed
    [(day,)] = con.execute("SELECT max(day) FROM days WHERE is_finished").fetchall()
    if day is None:
        return
    yield "day_timestamp_seconds", "", _seconds(day)
    for name, query in {
        "gaps": "SELECT count(*) FROM outlet_coverage_daily WHERE day = ? AND is_gap",
        "sources_failed": "SELECT count(DISTINCT source) FROM fetches "
        "WHERE day = ? AND status IN ('failed', 'resting')",
    }.items():
        yield name, "", con.execute(query, [day]).fetchall()[0][0]
    found = con.execute(STAGES_SQL.read_text(encoding="utf-8"), {"day": day})
    names = [name for name, *_ in found.description or []]
    for row in found.fetchall():
        stage = dict(zip(names, row, strict=True))
        if stage["peak_megabytes"] is not None:
            stage["peak_bytes"] = stage["peak_megabytes"] * 2**20
        for name in FIGURES:
            if name.startswith("stage_") and (value := stage.get(name.removeprefix("stage_"))) is not None:
                yield name, f'{{stage="{stage["stage"]}"}}', value


def _seconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
