"""Scores the answers of a system.

    python exam/score.py exam/dev.jsonl.gz ANSWERS.jsonl [--json] [--errors]

ANSWERS is JSON Lines, plain or gzip, one article a line:

    {"url": "…",
     "entities": [{"name": "Ina Moss", "forms": ["Moss", "the harbour chief"], "qid": "Q4"}],
     "statements": [{"speaker": "Ina Moss", "speaker_words": "she", "cue": "said", "content": [[10, 42]],
                     "commitment": "asserted", "toward": [{"target": "Harbour Council", "side": "against"}]}],
     "issue_stands": [{"holder": "Ina Moss", "side": "favour"}],
     "voice": [{"target": "Harbour Council", "side": "negative"}]}

- `content`: spans of `text` in code points, half open.
- `speaker`: a name; null or "unnamed" if the system does not know who it is: then `speaker_words` has the words.
- `target` and `holder`: a name, or words.
- `entities` (optional): the names above with their other forms in the article, and a Wikidata id. A name is also right
  if more of its forms are forms of the annotated entity than of others.
- All but `url`, `statements` and `content` may be left out.

An article without a line counts as an empty answer. Every line of `statements` counts. Needs only the standard library
and this repository; the rules are in `pipeline/evaluation/measures.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.evaluation.annotation import (
    COMMITMENTS,
    SIDES,
    STANDS,
    TONES,
    UNNAMED,
    AnnotationError,
    Article,
    Fields,
    load_articles,
    read_lines,
)
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


def score(gold: Path, answers: Path) -> Scores:
    """Scores a file of answers.

    Raises:
        AnnotationError: a file cannot be used: which, which line, what is wrong.
    """
    articles = load_articles([gold])
    return score_answers(articles, load_answers(answers, articles))


def load_answers(path: Path, articles: Sequence[Article]) -> list[Answer | None]:
    """The answer to each article, None without one.

    Raises:
        AnnotationError: see `score`.
    """
    by_url = {article.url: article for article in articles}
    answers: dict[str, Answer] = {}
    for fields in read_lines(path):
        url = fields.text("url")
        if url not in by_url:
            fields.fail(f"no article of the exam: {url}", "url")
        if url in answers:
            fields.fail(f"answered twice: {url}", "url")
        answers[url] = to_answer(fields, by_url[url].text)
    return [answers.get(article.url) for article in articles]


def to_answer(fields: Fields, text: str) -> Answer:
    """One line of answers, checked."""
    answer = Answer(text)
    for entity in _objects(fields, "entities"):
        name = entity.text("name")
        shown = answer.entities.setdefault(name, ShownEntity(name))
        shown.forms |= set(entity.texts("forms")) if entity.has("forms") else set()
        shown.qids |= {entity.text("qid")} if entity.has("qid") else set()
    for number, statement in enumerate(fields.objects("statements")):
        holder = _speaker(statement)
        answer.statements.append(
            ShownStatement(
                content=tuple(_span(value, statement, text) for value in statement.items("content")),
                speaker=holder if holder.name else None,
                words=statement.optional_text("speaker_words") or "",
                cue=statement.optional_text("cue") or "",
                commitment=statement.choice("commitment", COMMITMENTS) if statement.has("commitment") else None,
            )
        )
        for side in _objects(statement, "toward"):
            target = _named(side.text("target"))
            answer.sides.append(ShownSide(number, holder, target, side.choice("side", SIDES)))
    for stand in _objects(fields, "issue_stands"):
        if (taken := stand.choice("side", STANDS)) in SIDES:
            words = stand.text("holder").removeprefix(f"{UNNAMED}:").strip()
            answer.stands.append(ShownStand(_named(words), taken))
    for voice in _objects(fields, "voice"):
        answer.voice.append(ShownVoice(_named(voice.text("target")), voice.choice("side", TONES)))
    return answer


def _objects(fields: Fields, name: str) -> list[Fields]:
    return fields.objects(name) if fields.has(name) else []


def _named(name: str) -> Who:
    """An entity; its name stands for its id."""
    return Who(name, name)


def _speaker(statement: Fields) -> Who:
    name = statement.optional_text("speaker")
    if name and name != UNNAMED:
        return _named(name)
    return Who(None, statement.optional_text("speaker_words") or "")


def _span(value: Any, statement: Fields, text: str) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == 2 and all(type(offset) is int for offset in value)):
        statement.fail(f"[start, end] is expected, not {value!r}", "content")
    start, end = value
    if not 0 <= start < end <= len(text):
        statement.fail(f"[{start}, {end}] is no span of the text, which has {len(text)} characters", "content")
    return start, end


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, metavar="GOLD")
    parser.add_argument("answers", type=Path, metavar="ANSWERS")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--errors", action="store_true", help="print every miss on stderr")
    arguments = parser.parse_args()
    try:
        scores = score(arguments.gold, arguments.answers)
    except AnnotationError as error:
        raise SystemExit(str(error)) from error
    if arguments.errors:
        for miss in scores.misses:
            print(miss, file=sys.stderr)
    print(json.dumps(scores.to_json()) if arguments.json else scores.to_table())


if __name__ == "__main__":
    main()
