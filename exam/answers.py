"""Writes what a published DuckDB file says as answers to the exam. Needs the project's Python.

python -m pipeline.evaluation.gold exam/dev.jsonl.gz --keep RUN
python exam/answers.py RUN/warehouse.duckdb exam/dev.jsonl.gz > answers.jsonl
python exam/score.py exam/dev.jsonl.gz answers.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.evaluation.annotation import AnnotationError, Article, load_articles
from pipeline.evaluation.gold import GoldError, read_answers
from pipeline.evaluation.measures import Answer, ShownSide


def to_lines(articles: list[Article], warehouse: Path) -> list[dict[str, Any]]:
    """One answer for each article that the published file holds.

    Raises:
        GoldError: the file cannot be read, or its texts are not those of the articles.
    """
    answers = zip(articles, read_answers(articles, warehouse), strict=True)
    return [_to_line(article, answer) for article, answer in answers if answer is not None]


def _to_line(article: Article, answer: Answer) -> dict[str, Any]:
    places = align(answer.text, article)
    sides: dict[int | None, list[ShownSide]] = {}
    for side in answer.sides:
        sides.setdefault(side.statement, []).append(side)
    return {
        "url": article.url,
        "entities": [
            {"name": entity.name, "forms": sorted(entity.forms), "qid": min(entity.qids, default=None)}
            for entity in answer.entities.values()
        ],
        "statements": [
            {
                "speaker": s.speaker.name if s.speaker and s.speaker.id else None,
                "speaker_words": s.words,
                "cue": s.cue,
                "content": [place for start, end in s.content if (place := _moved(places, start, end))],
                "commitment": s.commitment,
                "toward": [{"target": side.target.name, "side": side.side} for side in sides.get(number, [])],
            }
            for number, s in enumerate(answer.statements)
        ],
        "issue_stands": [{"holder": stand.holder.name, "side": stand.side} for stand in answer.stands],
        "voice": [{"target": voice.target.name, "side": voice.side} for voice in answer.voice],
    }


def align(body: str, article: Article) -> list[int | None]:
    """For each character of the stored body its place in the article's text; None for white space.

    The pipeline cleans white space, so that the two texts agree in all else.

    Raises:
        GoldError: they do not.
    """
    in_text = [place for place, c in enumerate(article.text) if not c.isspace()]
    in_body = [place for place, c in enumerate(body) if not c.isspace()]
    if [body[place] for place in in_body] != [article.text[place] for place in in_text]:
        raise GoldError(f"{article.url}: the published text is not the text of the exam")
    places: list[int | None] = [None] * len(body)
    for before, after in zip(in_body, in_text, strict=True):
        places[before] = after
    return places


def _moved(places: list[int | None], start: int, end: int) -> list[int] | None:
    inside = [place for place in places[start:end] if place is not None]
    return [inside[0], inside[-1] + 1] if inside else None


def main() -> None:
    """The command line."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python exam/answers.py WAREHOUSE GOLD > answers.jsonl")
    try:
        for line in to_lines(load_articles([Path(sys.argv[2])]), Path(sys.argv[1])):
            print(json.dumps(line, ensure_ascii=False))
    except (AnnotationError, GoldError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
