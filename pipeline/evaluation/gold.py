"""How accurate the whole pipeline is, from text to the published DuckDB file, on annotated articles.

    python -m pipeline.evaluation.gold FILES… [--json] [--errors] [--keep FOLDER]

FILES are JSON Lines, plain or gzip: see `pipeline.evaluation.annotation`. All articles run as one day of an archive
through `standpoint run`; only the published file is read. The measures and their rules are in
`pipeline.evaluation.measures`. Prints a table, or one line of JSON; `--errors` prints every miss on stderr, one a line,
its kind first; `--keep` runs in an empty folder that stays, with the lake and `warehouse.duckdb`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipeline.evaluation.annotation import SIDES, TONES, AnnotationError, Article, load_articles
from pipeline.evaluation.measures import (
    Answer,
    Scores,
    ShownEntity,
    ShownSide,
    ShownStand,
    ShownStatement,
    ShownVoice,
    Who,
    score_answers,
)

DAY = date(2021, 6, 1)
"""The day of the run: after the last annotated article."""
PASSED_ON = ("STANDPOINT_READER", "STANDPOINT_THREADS")
"""Settings of the environment that the run takes over; others say where to publish, and this run does not publish."""
LINKS = ("entity_links", "resolutions")
"""Names of the table that links spans to entities, the newest first."""


class GoldError(Exception):
    """The pipeline cannot be scored: the message says why."""


# --- run -------------------------------------------------------------------------------------------------------------


def run_articles(articles: Sequence[Article], folder: Path) -> Path:
    """Runs all articles as one day through the stages; returns the published DuckDB file.

    Raises:
        GoldError: the run fails.
    """
    write_archive(articles, folder)
    write_newsroom(articles, folder)
    warehouse = folder / "warehouse.duckdb"
    settings = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    settings |= {
        "STANDPOINT_CONFIG": str(folder / "newsroom.toml"),
        "STANDPOINT_LAKE": str(folder / "lake"),
        "STANDPOINT_WAREHOUSE": str(warehouse),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STANDPOINT_")} | settings
    command = [sys.executable, "-m", "pipeline.cli", "run", "--day", str(DAY)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if not warehouse.exists():
        raise GoldError(f"the run published nothing (exit code {run.returncode}): {run.stderr[-400:].strip()}")
    return warehouse


def write_archive(articles: Sequence[Article], folder: Path) -> None:
    """One JSON Lines file for the day; an article's address ends in its number."""
    domains = _domains(articles)
    lines = [
        json.dumps(
            {
                "url": f"https://{domains[article.outlet]}/{number}",
                "outlet": domains[article.outlet],
                "title": article.title,
                "published_at": f"{article.date}T12:00:00Z",
                "text": article.text,
            }
        )
        for number, article in enumerate(articles)
    ]
    (folder / "archive").mkdir(parents=True, exist_ok=True)
    (folder / "archive" / f"{DAY}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_newsroom(articles: Sequence[Article], folder: Path) -> None:
    """The configuration: every outlet, the archive, and the issue of each article."""
    parts = [
        f"[[outlets]]\ndomain = {_toml(domain)}\nname = {_toml(outlet)}\n"
        for outlet, domain in _domains(articles).items()
    ]
    parts.append('[[archives]]\nurl = "archive/{day}.jsonl"\n')
    for number, article in enumerate(articles):
        if issue := article.issue:
            aliases = ", ".join(_toml(alias) for alias in issue.aliases)
            parts.append(
                f'[[issues]]\nid = "{_issue_id(number)}"\nname = "Issue {number}"\n'
                f"proposition = {_toml(issue.proposition)}\naliases = [{aliases}]\n"
            )
    (folder / "newsroom.toml").write_text("\n".join(parts), encoding="utf-8")


def _domains(articles: Sequence[Article]) -> dict[str, str]:
    """Outlet to an invented domain: an outlet in the annotation is a name, which need not be a domain."""
    outlets = dict.fromkeys(article.outlet for article in articles)
    return {outlet: f"outlet{number}.example" for number, outlet in enumerate(outlets)}


def _issue_id(number: int) -> str:
    return f"issue-{number}"


def _toml(text: str) -> str:
    # A JSON string is a TOML string, but for surrogate pairs.
    return json.dumps(text, ensure_ascii=False)


# --- read the published file -----------------------------------------------------------------------------------------


def read_answers(articles: Sequence[Article], warehouse: Path) -> list[Answer | None]:
    """What the published file says of each article; None for an article that it does not hold.

    Raises:
        GoldError: the file cannot be read, or lacks a table or column.
    """
    try:
        with duckdb.connect(str(warehouse), read_only=True) as con:
            answers, numbers = _read_articles(con, len(articles))
            _read_entities(con, answers)
            places = _read_statements(con, answers)
            _read_stances(con, answers, places, numbers)
            _read_voice(con, answers)
    except duckdb.Error as error:
        raise GoldError(f"cannot read {warehouse}: {error}") from error
    by_number = {number: answers[article_id] for article_id, number in numbers.items()}
    return [by_number.get(number) for number in range(len(articles))]


Answers = dict[str, Answer]
"""Article id to the answer."""


def _read_articles(con: duckdb.DuckDBPyConnection, count: int) -> tuple[Answers, dict[str, int]]:
    """An empty answer for each article, and the article's number, by article id."""
    answers, numbers = Answers(), dict[str, int]()
    for row in read_rows(
        con, "SELECT article_id, body, regexp_extract(url, '/([0-9]+)$', 1) AS number FROM articles WHERE is_latest"
    ):
        if row["number"] and int(row["number"]) < count:
            answers[row["article_id"]] = Answer(row["body"])
            numbers[row["article_id"]] = int(row["number"])
    return answers, numbers


def _read_entities(con: duckdb.DuckDBPyConnection, answers: Answers) -> None:
    """Every name that an entity has in an article; the words of a pronoun are no name."""
    for row in read_rows(con, f"SELECT article_id, entity_id, name, text, method, wikidata_id FROM {links_table(con)}"):
        if answer := answers.get(row["article_id"]):
            entity = answer.entities.setdefault(row["entity_id"], ShownEntity(row["name"]))
            entity.forms |= {row["name"]} if row["method"] == "pronoun" else {row["name"], row["text"]}
            entity.qids |= {row["wikidata_id"]} - {None}


def _read_statements(con: duckdb.DuckDBPyConnection, answers: Answers) -> dict[str, int]:
    """The statements, in the order of the table; their indexes by statement id."""
    places: dict[str, int] = {}
    for row in read_rows(
        con,
        "SELECT article_id, statement_id, content, speaker_id, speaker, speaker_name, cue, commitment, probability "
        "FROM statements WHERE is_latest",
    ):
        if answer := answers.get(row["article_id"]):
            places[row["statement_id"]] = len(answer.statements)
            name = row["speaker"] if row["speaker_id"] is None else row["speaker_name"]
            answer.statements.append(
                ShownStatement(
                    content=tuple((span["start"], span["end"]) for span in row["content"]),
                    speaker=None if name is None else Who(row["speaker_id"], name),
                    words=row["speaker"] or "",
                    cue=row["cue"] or "",
                    commitment=row["commitment"],
                    probability=row["probability"],
                )
            )
    return places


def _read_stances(
    con: duckdb.DuckDBPyConnection, answers: Answers, places: dict[str, int], numbers: dict[str, int]
) -> None:
    """The sides that holders take toward entities and toward the issue of their own article."""
    for row in read_rows(
        con,
        "SELECT article_id, statement_id, holder_id, holder, target_kind, target_id, target, stance, evidence "
        "FROM stances WHERE is_latest",
    ):
        answer = answers.get(row["article_id"])
        if answer is None or row["stance"] not in SIDES:
            continue
        holder, target = Who(row["holder_id"], row["holder"]), Who(row["target_id"], row["target"])
        if row["target_kind"] == "entity":
            statement = places.get(row["statement_id"])
            answer.sides.append(ShownSide(statement, holder, target, row["stance"], row["evidence"]))
        elif row["target_id"] == _issue_id(numbers[row["article_id"]]):
            answer.stands.append(ShownStand(holder, row["stance"], row["evidence"]))


def _read_voice(con: duckdb.DuckDBPyConnection, answers: Answers) -> None:
    """The outlet's own voice toward entities."""
    for row in read_rows(con, "SELECT article_id, entity_id, name, sentiment FROM sentiments WHERE is_latest"):
        if (answer := answers.get(row["article_id"])) and row["sentiment"] in TONES:
            answer.voice.append(ShownVoice(Who(row["entity_id"], row["name"]), row["sentiment"]))


def links_table(con: duckdb.DuckDBPyConnection) -> str:
    """The name that the table of links has in this file."""
    tables = {row["table_name"] for row in read_rows(con, "SELECT table_name FROM information_schema.tables")}
    return next((name for name in LINKS if name in tables), LINKS[0])


def read_rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    """The rows of a query, by column."""
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    for row in result.fetchall():
        yield dict(zip(names, row, strict=True))


# --- score -----------------------------------------------------------------------------------------------------------


def score(gold: Sequence[Article], warehouse: Path) -> Scores:
    """Scores a published file that was made from these articles, in this order, by `run_articles`.

    Raises:
        GoldError: see `read_answers`.
    """
    return score_answers(gold, read_answers(gold, warehouse))


@contextmanager
def new_folder(keep: Path | None) -> Iterator[Path]:
    """The folder of the run: the given one, which must be new or empty, or a temporary one."""
    if keep is None:
        with TemporaryDirectory(prefix="standpoint-gold-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise GoldError(f"{keep} is not empty: name a new folder, for raw pages are written once")
    yield keep.resolve()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILES")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--errors", action="store_true", help="print every miss on stderr")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="run in this empty folder, and keep it")
    arguments = parser.parse_args()
    try:
        articles = load_articles(arguments.files)
        with new_folder(arguments.keep) as folder:
            scores = score(articles, run_articles(articles, folder))
    except (AnnotationError, GoldError) as error:
        raise SystemExit(str(error)) from error
    if arguments.errors:
        for miss in scores.misses:
            print(miss, file=sys.stderr)
    print(json.dumps(scores.to_json()) if arguments.json else scores.to_table())


if __name__ == "__main__":
    main()
