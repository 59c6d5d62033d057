"""The whole pipeline on annotated articles: figures for the card, and how often `stance` takes a side for another."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from pipeline.evaluation.annotation import Article, load_articles
from pipeline.evaluation.gold import read_answers, run_articles
from pipeline.evaluation.measures import Case, Scores, Who, score_answers
from pipeline.reader import SIDES
from pipeline.training.evaluate import correction


def measure(reader: Path, files: Sequence[Path]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of `eval_scores` and corrections of the sides that `stance` writes, of the reader in a folder."""
    articles = load_articles(files)
    before = os.environ.get("STANDPOINT_READER")
    os.environ["STANDPOINT_READER"] = str(reader.resolve())
    try:
        with TemporaryDirectory() as folder:
            warehouse = run_articles(articles, Path(folder))
            answers = read_answers(articles, warehouse)
            cases = [Case(article, answer) for article, answer in zip(articles, answers, strict=True)]
            return eval_rows(score_answers(articles, answers)), corrections(articles, cases, warehouse)
    finally:
        if before is None:
            del os.environ["STANDPOINT_READER"]
        else:
            os.environ["STANDPOINT_READER"] = before


def eval_rows(scores: Scores) -> list[dict[str, Any]]:
    """The main figures, as the rows of `eval_scores` are."""
    rows = []
    for reading, count in (
        ("sides", scores.sides),
        ("who toward whom", scores.triples),
        ("issues", scores.issues),
        ("statements", scores.statements),
        ("speakers", scores.speakers),
    ):
        figures = (("precision", count.precision, count.shown), ("recall", count.recall, count.wanted))
        for metric, value, size in (*figures, ("f1", count.f1, count.wanted)):
            rows.append({"reading": reading, "metric": metric, "value": round(value, 2), "size": size})
    core = scores.core
    rows.append({"reading": "statements", "metric": "core_recall", "value": round(core.recall, 2), "size": core.wanted})
    commitment = scores.commitments
    rows.append(
        {"reading": "commitment", "metric": "commitment_macro_f1", "value": round(commitment.macro_f1, 2)}
        | {"size": commitment.confusion.total()}
    )
    return [{"dataset": "annotated articles", "split": "dev", **row} for row in rows]


def corrections(articles: Sequence[Article], cases: Sequence[Case], warehouse: Path) -> dict[str, Any]:
    """What turns mean probabilities into shares, by target kind, measured on every row that `stance` wrote about a
    statement that is annotated: see `pipeline.training.evaluate.correction`. An arguable side counts as a side."""
    found: dict[str, list[tuple[tuple[float, float, float], int]]] = {"entity": [], "issue": []}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        order = connection.execute("SELECT article_id, statement_id FROM statements WHERE is_latest").fetchall()
        rows = connection.execute(
            "SELECT regexp_extract(a.url, '/([0-9]+)$', 1)::INT, statement_id, holder_id, holder, target_kind, "
            "target_id, target, against, neutral, favour FROM stances AS s JOIN articles AS a USING (article_id) "
            "WHERE s.is_latest AND a.is_latest"
        ).fetchall()
    # A case counts its article's statements in the order of the table.
    counts: Counter[str] = Counter()
    index: dict[str, int] = {}
    for article_id, statement_id in order:
        index[statement_id] = counts[article_id]
        counts[article_id] += 1
    annotated = [{j: i for i, j in case.pairs.items()} for case in cases]
    for number, statement_id, holder_id, holder, kind, target_id, target, *answer in rows:
        case, article = cases[number], articles[number]
        partner = annotated[number].get(index[statement_id])
        if partner is None:
            continue
        statement = article.statements[partner]
        side = "neutral"
        if kind == "entity":
            shown = Who(target_id, target)
            side = next((t.side for t in statement.toward if case.is_same(t.target, shown)), "neutral")
        elif target_id == f"issue-{number}" and article.issue:
            stands = [s for s in article.issue.stands if case.is_same(s.holder, Who(holder_id, holder))]
            side = stands[0].side if stands else "neutral"
        else:
            continue
        found[kind].append((tuple(answer), SIDES.index(side)))
    return {
        f"{kind}_stance": correction(np.array([a for a, _ in pairs]), np.array([g for _, g in pairs]))
        for kind, pairs in found.items()
    }
