"""The front page: one self-contained HTML file about a day and the week to it, made from the published warehouse."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import jinja2

from pipeline import charts
from pipeline.stores import replacing

SQL = Path(__file__).parents[1] / "sql" / "report"
PAGES = Path(__file__).parent / "pages"
# The folder of all nights, beside the front page.
NIGHTS = "nights"
# The page reads little at a time; the stages of other days need the machine.
THREADS = 1
# Days of a sparkline: four weeks, so that each weekday is there four times.
SPARK_DAYS = 28
# Issues shown, those with the most statements first: a page of 100 issues is no page.
ISSUES = 10
# Holders shown on each side of an issue.
HOLDERS = 5
# Words beyond this are cut: the page is for skimming, the warehouse has the whole.
CHARACTERS = 300
# Of a headline, and of what a sentence says before and after its words.
SHORT_CHARACTERS = 180
# Where it only leads to the whole.
BRIEF_CHARACTERS = 90
# An address beyond this is shown as no link: no outlet's is as long, and the page has to stay light.
URL_CHARACTERS = 400

# The sides of an issue, and on which side of 0 their scores are.
SIGNS = {"favour": 1, "against": -1}

Row = dict[str, Any]

# What the scores are of, in the reader's words; a name that is not here is shown as it is.
READINGS = {
    "sides": "Which side a statement takes toward someone",
    "who toward whom": "Who is for or against whom, by article",
    "issues": "Who is for or against an issue, by article",
    "statements": "Statements found",
    "speakers": "Who speaks, by name",
    "commitment": "How far a speaker stands behind the words",
    "entities": "Names in a text",
    "attribution": "Who says what",
    "polarity": "How a voice treats somebody",
    "stance": "Whether words are for or against something",
    "name bias": "Whether a name alone changes the tone",
}
METRICS = {
    "precision": "of what is shown, what is right",
    "recall": "of what is clear to a careful reader, what is found",
    "core_recall": "of speech and writing reported as such, what is found",
    "f1": "both together (F1)",
    "commitment_macro_f1": "the five kinds told apart, each alike (F1)",
    "span_f1": "names found whole, of the right type (F1)",
    "content_f1": "words that are said by someone (F1)",
    "cue_f1": "words such as “said” (F1)",
    "source_f1": "words that name who speaks (F1)",
    "statement_f1": "whole statements, nearly every word right (F1)",
    "speaker_accuracy": "statements given to the right speaker",
    "macro_f1": "the three sides told apart, each side alike (F1)",
    "macro_f1_two_way": "for and against told apart (F1)",
    "ece": "how far off the stated probabilities are",
    "ece_chance": "how far off they would seem by chance, were they true",
    "mean_change": "how far the tone moves with the name",
}
# These are best at 0; the others are of 100.
ERRORS = frozenset({"ece", "ece_chance", "mean_change"})


def write_report(warehouse: Path, page: Path, day: date) -> None:
    """Write the page of `day` among its nights, the index of all nights, and, where it is the newest, the front page.

    The warehouse is only read, and each file is replaced in one rename. Texts of articles are shown as text, whatever
    they hold, and only http and https addresses become links. The pages need no script and fetch nothing.

    Args:
        page: the front page; the nights are in a folder beside it, `nights/2026-01-05.html` and `nights/index.html`.

    Raises:
        OSError: a page cannot be written.
        duckdb.Error: the warehouse cannot be read.
    """
    nights = page.with_name(NIGHTS)
    nights.mkdir(exist_ok=True)
    with duckdb.connect(warehouse, read_only=True) as con:
        con.execute(f"SET threads = {THREADS}")
        newsroom = _Newsroom(con, day)
        sections, days = newsroom.sections(), newsroom.rows("nights", is_dated=False)
    templates = _templates()
    report = templates.get_template("report.html.j2")
    _write(nights / f"{day}.html", report.render(day=day, index="index.html", **sections))
    written = {file.stem for file in nights.glob("????-??-??.html")}
    listed = [row for row in days if str(row["day"]) in written]
    quiet = written - {str(row["day"]) for row in days}  # nights on which nothing was published
    listed += [{"day": date.fromisoformat(name), "articles": 0, "outlets": 0, "title": None} for name in quiet]
    listed.sort(key=lambda row: row["day"], reverse=True)
    months = [(month, list(rows)) for month, rows in groupby(listed, key=lambda row: row["day"].replace(day=1))]
    _write(
        nights / "index.html", templates.get_template("nights.html.j2").render(months=months, front=f"../{page.name}")
    )
    if str(day) == max(written):
        _write(page, report.render(day=day, index=f"{NIGHTS}/index.html", **sections))


def _write(page: Path, html: str) -> None:
    with replacing(page) as new:
        new.write_text(html, encoding="utf-8")


class _Newsroom:
    """The sections of the page, each number with the sentences behind it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, day: date) -> None:
        self.con, self.day = con, day

    def sections(self) -> dict[str, Any]:
        top = self._top()
        checks = self.rows("checks", is_dated=False)
        speakers, stories = self.rows("speakers"), self.rows("stories")
        quotes = self._grouped("quotes", "speaker_id", speaker_ids=[row["speaker_id"] for row in speakers])
        printings = self._grouped("printings", "story_id", False, story_ids=[row["story_id"] for row in stories])
        return {
            "totals": self.rows("totals")[0],
            "top": [
                (title, [row for row in top if row["type"] == type_])
                for type_, title in (("PER", "People"), ("ORG", "Organisations"))
            ],
            "rising": max(
                (row for row in top if (row["change_unique_low"] or 0) > 0),
                key=lambda row: row["change_unique_low"],
                default=None,
            ),
            **self._issues(),
            **self._outlets(),
            "spread": [rows[0] | {"sentences": rows} for rows in self._grouped("spread", "run").values()],
            "speakers": [row | {"sentences": quotes[row["speaker_id"]]} for row in speakers],
            "stories": [row | {"printings": printings[row["story_id"]]} for row in stories],
            "coverage": [self._coverage(name, rows) for name, rows in self._grouped("coverage", "outlet_name").items()],
            "stages": self.rows("stages"),
            "failed": [check for check in checks if not check["is_passed"]],
            "passed": [check for check in checks if check["is_passed"]],
            "accuracy": self._accuracy(),
        }

    def _top(self) -> list[Row]:
        """The people and organisations of the day, with their sentences and their four weeks."""
        top = self.rows("top")
        ids = [row["entity_id"] for row in top]
        sentences = self._grouped("sentences", "entity_id", entity_ids=ids, is_own=False)
        counts = self._grouped("sparklines", "entity_id", entity_ids=ids)
        for row in top:
            by_day = {count["day"]: count["articles_unique"] for count in counts.get(row["entity_id"], [])}
            values = [by_day.get(day, 0) for day in self._days(SPARK_DAYS)]
            row |= {
                "sentences": sentences[row["entity_id"]],
                "chart": charts.sparkline(values),
                "peak": max(values),
            }
        return top

    def _issues(self) -> Row:
        issues = [self._issue(rows) for rows in self._grouped("sides", "issue_id").values()]
        issues.sort(key=lambda issue: -issue["statements"])
        shown, more = issues[:ISSUES], issues[ISSUES:]
        holders = [row for issue in shown for side in SIGNS for row in issue[side]]
        words = self._grouped(
            "stance_words",
            ("issue_id", "holder_id", "holder"),
            issue_ids=[issue["issue_id"] for issue in shown],
            holder_ids=[row["holder_id"] for row in holders],
        )
        for issue in shown:
            for side, sign in SIGNS.items():
                for row in issue[side]:
                    found = words[row["issue_id"], row["holder_id"], row["holder"]]
                    # For a quote the clearest of those that take the side: not everything that they say does.
                    quote = next((sentence for sentence in found if sign * sentence["score"] > 0), found[0])
                    row |= {"sentences": found, "quote": quote, "chart": _interval(row)}
        return {"issues": shown, "more_issues": more}

    def _issue(self, rows: list[Row]) -> Row:
        """One issue: its named holders by side. A side needs most statements and the mean; else it is not clear."""
        by_side: dict[str, list[Row]] = {"favour": [], "against": [], "unclear": []}
        for row in rows:
            if row["holder_id"] is not None:
                margin = row["favour"] - row["against"]
                side = "unclear" if margin * row["mean"] <= 0 else "favour" if margin > 0 else "against"
                by_side[side].append(row)
        dots = [(row["mean"], row["statements"], side) for side, holders in by_side.items() for row in holders]
        counts = {f"n_{side}": len(holders) for side, holders in by_side.items()}
        for side in SIGNS:
            del by_side[side][HOLDERS:]
        unnamed = [row for row in rows if row["holder_id"] is None and row["holder"] is not None]
        return {
            "issue_id": rows[0]["issue_id"],
            "name": rows[0]["issue"],
            "proposition": rows[0]["proposition"],
            "statements": sum(row["statements"] or 0 for row in rows),
            "chart": charts.sides(dots),
            "unnamed_favour": sum(row["favour"] for row in unnamed),
            "unnamed_against": sum(row["against"] for row in unnamed),
            **counts,
            **by_side,
        }

    def _outlets(self) -> Row:
        """The top entities, each with its outlets; and the outlets that the table of all of them has for columns."""
        entities = self._grouped("outlets", ("entity_id", "name"))
        ids = [entity_id for entity_id, _ in entities]
        own = self._grouped("sentences", ("entity_id", "of_outlet"), entity_ids=ids, is_own=True)
        rows = [row for group in entities.values() for row in group]
        for row in rows:
            row |= {"sentences": own[row["entity_id"], row["outlet"]], "chart": _interval(row)}
        columns = sorted({(row["outlet_name"], row["outlet"]) for row in rows})
        return {"entities": [(name, group) for (_, name), group in entities.items()], "columns": columns}

    def _accuracy(self) -> list[tuple[str, list[Row]]]:
        """The scores of each reading, in the order in which a text is read, what is best at 0 last."""
        order = [*READINGS]
        rows = [_score(row) for row in self.rows("accuracy", is_dated=False)]
        rows.sort(key=lambda r: (order.index(r["reading"]) if r["reading"] in order else len(order), r["is_error"]))
        return [
            (READINGS.get(reading, reading), list(group)) for reading, group in groupby(rows, lambda r: r["reading"])
        ]

    def _coverage(self, name: str, rows: list[Row]) -> Row:
        articles = {row["day"]: row["articles"] for row in rows}
        week = [row for row in rows if row["day"] > self.day - timedelta(days=7)]
        return {
            "name": name,
            "articles": sum(articles.values()),
            "days": len(rows),
            "gaps": sum(row["is_gap"] for row in rows),
            "chart": charts.columns([articles.get(day) for day in self._days(SPARK_DAYS)]),
            "week": week,
        }

    def _days(self, days: int) -> Sequence[date]:
        return [self.day - timedelta(days=back) for back in reversed(range(days))]

    def _grouped(
        self, query: str, by: str | tuple[str, ...], is_dated: bool = True, **given: Any
    ) -> dict[Any, list[Row]]:
        """The rows of a query by the value of a column, or of several."""
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in self.rows(query, is_dated=is_dated, **given):
            groups[row[by] if isinstance(by, str) else tuple(row[name] for name in by)].append(row)
        return groups

    def rows(self, query: str, *, is_dated: bool = True, **given: Any) -> list[Row]:
        sql = (SQL / f"{query}.sql").read_text(encoding="utf-8")
        found = self.con.execute(sql, given | {"day": self.day} if is_dated else given)
        names = [name for name, *_ in found.description or []]
        return [_to_one_sentence(dict(zip(names, row, strict=True))) for row in found.fetchall()]


def _interval(row: Row) -> str:
    return charts.interval(float(row["mean"]), row["low"], row["high"])


def _score(row: Row) -> Row:
    return row | {"metric": METRICS.get(row["metric"], row["metric"]), "is_error": row["metric"] in ERRORS}


# The end of a sentence: a stop and what closes a quote, then white space; or a new line.
STOP = re.compile(r"[.!?…][\"'”’»)\]]*\s+|\n")


def _to_one_sentence(row: Row) -> Row:
    """The row with the text before and after its words cut to their sentence."""
    if "before" in row and "after" in row:
        start = max((match.end() for match in STOP.finditer(row["before"])), default=0)
        end = STOP.search(row["after"])
        before, after = row["before"][start:], row["after"][: end.end() if end else None].rstrip()
        if len(before) > SHORT_CHARACTERS:
            before = "…" + before[-SHORT_CHARACTERS:]
        row = row | {"before": before, "after": _short(after)}
    return row


def _link(url: str) -> str | None:
    """The address where it is one that a reader may follow: hostile ones (`javascript:`) are only shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_followed = parts.scheme in ("http", "https") and parts.hostname and len(url) <= URL_CHARACTERS
    return url if is_followed else None


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-0.00", "+0.00").replace("-", "−")


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _points(share: float) -> str:
    return f"{round(100 * share) + 0:+d}".replace("-", "−")


def _cut(text: str, characters: int = CHARACTERS) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def _short(text: str) -> str:
    return _cut(text, SHORT_CHARACTERS)


def _brief(text: str) -> str:
    return _cut(text, BRIEF_CHARACTERS)


def _anchor(entity_id: str) -> str:
    """An id for the element that holds the entity's sentences: letters, digits and hyphens, whatever the id holds."""
    return "who-" + re.sub(r"[^A-Za-z0-9-]", lambda m: f"_{ord(m[0]):x}", entity_id)


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (_link, _anchor, _signed, _percent, _points, _cut, _short, _brief)
    environment.filters.update({function.__name__.removeprefix("_"): function for function in filters})
    return environment
