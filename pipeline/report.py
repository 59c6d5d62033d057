"""The front page: one self-contained HTML file about a day and the week to it, made from the published warehouse."""

from __future__ import annotations

import os
import re
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import jinja2

SQL = Path(__file__).parents[1] / "sql" / "report"
# The page reads little at a time; the stages of other days need the machine.
THREADS = 1
# Holders shown on each side of an issue.
HOLDERS = 6
# A headline or quote beyond this is cut: the page is for skimming, the warehouse has the whole.
CHARACTERS = 320

Row = dict[str, Any]


def write_report(warehouse: Path, page: Path, day: date) -> None:
    """Write the front page of `day` to `page`, in one rename; the warehouse is only read.

    Texts of articles are shown as text, whatever they hold, and only http and https addresses become links. The page
    needs no script and fetches nothing.

    Raises:
        OSError: the page cannot be written.
        duckdb.Error: the warehouse cannot be read.
    """
    with duckdb.connect(warehouse, read_only=True) as con:
        con.execute(f"SET threads = {THREADS}")
        html = _template().render(day=day, **_Newsroom(con, day).sections())
    new = page.with_name(f".{page.name}.{os.getpid()}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        new.replace(page)
    finally:
        new.unlink(missing_ok=True)


class _Newsroom:
    """The sections of the page, each number with the sentences behind it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, day: date) -> None:
        self.con, self.day = con, day

    def sections(self) -> dict[str, Any]:
        top = [row | {"sentences": self._sentences(row["entity_id"])} for row in self._rows("top")]
        return {
            "totals": self._rows("totals")[0],
            "top": [
                (title, [row for row in top if row["type"] == type_])
                for type_, title in (("PER", "People"), ("ORG", "Organisations"))
            ],
            "issues": [
                self._issue(list(rows)) for _, rows in groupby(self._rows("sides"), key=lambda r: r["issue_id"])
            ],
            "entities": [
                (name, [row | {"sentences": self._sentences(row["entity_id"], row["outlet"])} for row in rows])
                for (_, name), rows in groupby(self._rows("outlets"), key=lambda r: (r["place"], r["name"]))
            ],
            "speakers": [
                row | {"sentences": self._rows("quotes", speaker_id=row["speaker_id"])}
                for row in self._rows("speakers")
            ],
            "stories": [
                row | {"printings": self._rows("printings", story_id=row["story_id"], is_dated=False)}
                for row in self._rows("stories")
            ],
            "coverage": [
                (name, list(rows)) for name, rows in groupby(self._rows("coverage"), key=lambda r: r["outlet_name"])
            ],
            "checks": self._rows("checks", is_dated=False),
            "accuracy": self._rows("accuracy", is_dated=False),
        }

    def _issue(self, rows: list[Row]) -> Row:
        """One issue: its named holders by side. A side needs most statements and the mean; else it is not clear."""
        sides: dict[str, list[Row]] = {"favour": [], "against": [], "unclear": []}
        for row in rows:
            if row["holder_id"] is not None:
                margin = row["favour"] - row["against"]
                side = "unclear" if margin * row["mean"] <= 0 else "favour" if margin > 0 else "against"
                sides[side].append(row)
        for side in ("favour", "against"):
            sides[side] = [row | {"sentences": self._words(row)} for row in sides[side][:HOLDERS]]
        unnamed = [row for row in rows if row["holder_id"] is None and row["holder"] is not None]
        return {
            "name": rows[0]["issue"],
            "proposition": rows[0]["proposition"],
            "unnamed_favour": sum(row["favour"] for row in unnamed),
            "unnamed_against": sum(row["against"] for row in unnamed),
            **sides,
        }

    def _words(self, row: Row) -> list[Row]:
        return self._rows("stance_words", **{key: row[key] for key in ("issue_id", "holder", "holder_id")})

    def _sentences(self, entity_id: str, outlet: str | None = None) -> list[Row]:
        return self._rows("sentences", entity_id=entity_id, outlet=outlet)

    def _rows(self, query: str, *, is_dated: bool = True, **given: Any) -> list[Row]:
        sql = (SQL / f"{query}.sql").read_text(encoding="utf-8")
        found = self.con.execute(sql, given | {"day": self.day} if is_dated else given)
        names = [name for name, *_ in found.description or []]
        return [_to_one_sentence(dict(zip(names, row, strict=True))) for row in found.fetchall()]


# The end of a sentence: a stop and what closes a quote, then white space; or a new line.
STOP = re.compile(r"[.!?…][\"'”’»)\]]*\s+|\n")


def _to_one_sentence(row: Row) -> Row:
    """The row with the text before and after its words cut to their sentence."""
    if "before" in row and "after" in row:
        start = max((match.end() for match in STOP.finditer(row["before"])), default=0)
        end = STOP.search(row["after"])
        row = row | {"before": row["before"][start:], "after": row["after"][: end.end() if end else None].rstrip()}
    return row


def _link(url: str) -> str | None:
    """The address where it is one that a reader may follow: hostile ones (`javascript:`) are only shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-0.00", "+0.00").replace("-", "−")


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _points(share: float) -> str:
    return f"{round(100 * share) + 0:+d}".replace("-", "−")


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1].rstrip() + "…"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(link=_link, signed=_signed, percent=_percent, points=_points, cut=_cut)
    return environment.get_template("report.html.j2")
