"""Loads the annotated articles of the exam, with the place of every word that the annotation names.

    from exam.load import load
    articles = load("exam/dev.jsonl.gz")
    articles[0].statements[0].content          # (Span(start=…, end=…, text='…'),)

    python exam/load.py exam/train.jsonl.gz     checks a file and prints what it holds

A file is JSON Lines (gzip), one article a line. What a line holds:

    url, outlet, date, title, text
    entities    key (unique in the article), name, type (PER, ORG, LOC, MISC), qid (Wikidata id or null),
                forms (every surface form that refers to it; pronouns are left out)
    statements  id, speaker (the key of an entity, or "unnamed"), speaker_words, cue, kind (direct, mixed, indirect),
                content (pieces), core, commitment (asserted, hedged, denied, withheld, asked),
                toward (target, side: against or favour, arguable, why)
    voice       target, side (negative, positive), arguable, why
    issue       proposition, aliases, stands (holder: a key or "unnamed: words", side: against, neutral or favour,
                arguable, statement)

Forms, cues, speaker words and content pieces are exact substrings of `text`; the file holds no offsets. This module
finds them. Offsets are code points of `text`, half open:
- a content piece is the first occurrence after the piece before it (the scorer takes the same place);
- a cue is the whole-word occurrence nearest to the content, and the speaker's words are the one nearest to the cue;
- a form has every whole-word occurrence.

Needs only the standard library and this repository.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.evaluation.annotation import (
    AnnotationError,
    Article,
    Entity,
    Issue,
    Side,
    Statement,
    find_pieces,
    load_articles,
)


@dataclass(frozen=True)
class Span:
    """A place in the text, in code points, half open, and its words."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class PlacedEntity:
    """An entity and its mentions, in order; a mention inside a longer one of the same entity is left out."""

    entity: Entity
    mentions: tuple[Span, ...]


@dataclass(frozen=True)
class PlacedStatement:
    """A statement with the places of its content, cue and speaker; None = the annotation names no words."""

    statement: Statement
    content: tuple[Span, ...]
    cue: Span | None
    speaker: Span | None

    @property
    def toward(self) -> tuple[Side, ...]:
        """The sides that the speaker takes."""
        return self.statement.toward


@dataclass(frozen=True)
class PlacedArticle:
    """An article with places."""

    article: Article
    entities: tuple[PlacedEntity, ...]
    statements: tuple[PlacedStatement, ...]

    @property
    def issue(self) -> Issue | None:
        """The issue and who takes which side on it."""
        return self.article.issue


def load(path: str | Path) -> list[PlacedArticle]:
    """The articles of one file.

    Raises:
        AnnotationError: the file cannot be read, a line is not what this page says, or words are not in the text.
    """
    return [place(article, str(path)) for article in load_articles([Path(path)])]


def place(article: Article, file: str = "") -> PlacedArticle:
    """Finds the words of one article.

    Raises:
        AnnotationError: a form, a cue or the words of a speaker are not in the text.
    """
    where = f"{file}: {article.url}"
    return PlacedArticle(
        article,
        tuple(PlacedEntity(entity, _mentions(article.text, entity, where)) for entity in article.entities),
        tuple(_place_statement(article.text, statement, where) for statement in article.statements),
    )


def _mentions(text: str, entity: Entity, where: str) -> tuple[Span, ...]:
    found: list[Span] = []
    for form in sorted(set(entity.forms), key=len, reverse=True):
        places = _occurrences(text, form, f"{where}: entity {entity.key}: form")
        found += [span for span in places if not any(span.start < s.end and s.start < span.end for s in found)]
    return tuple(sorted(found, key=lambda span: span.start))


def _place_statement(text: str, statement: Statement, where: str) -> PlacedStatement:
    content = tuple(Span(start, end, text[start:end]) for start, end in find_pieces(text, statement.content))
    where = f"{where}: statement {statement.id}"

    def nearest(words: str, what: str, to: tuple[Span, ...]) -> Span | None:
        if not words:
            return None
        spans = _occurrences(text, words, f"{where}: {what}")
        return min(spans, key=lambda span: (min(_distance(span, other) for other in to), span.start))

    cue = nearest(statement.cue, "cue", content)
    speaker = nearest(statement.speaker_words, "speaker words", (cue,) if cue else content)
    return PlacedStatement(statement, content, cue, speaker)


def _occurrences(text: str, words: str, what: str) -> list[Span]:
    """Every whole-word occurrence; every occurrence if none is a whole word."""
    escaped = re.escape(words)
    for pattern in (rf"(?<!\w){escaped}(?!\w)", escaped):
        if spans := [Span(match.start(), match.end(), words) for match in re.finditer(pattern, text)]:
            return spans
    raise AnnotationError(f"{what}: not in the text: {words!r}")


def _distance(one: Span, other: Span) -> int:
    """Characters between two spans; overlapping spans are farther apart than adjacent ones."""
    if one.start < other.end and other.start < one.end:
        return min(one.end, other.end) - max(one.start, other.start)
    return max(other.start - one.end, one.start - other.end)


def main() -> None:
    """The command line."""
    if len(sys.argv) < 2:
        raise SystemExit("usage: python exam/load.py FILES…")
    try:
        articles = [article for path in sys.argv[1:] for article in load(path)]
    except AnnotationError as error:
        raise SystemExit(str(error)) from error
    statements = [statement for article in articles for statement in article.statements]
    sides = Counter(
        f"{side.side}, {'arguable' if side.is_arguable else 'clear'}" for s in statements for side in s.toward
    )
    print(f"articles    {len(articles)}")
    print(f"entities    {sum(len(article.entities) for article in articles)}")
    print(f"statements  {len(statements)}, core {sum(s.statement.is_core for s in statements)}")
    for name, counts in (
        ("kind", Counter(s.statement.kind for s in statements)),
        ("commitment", Counter(s.statement.commitment for s in statements)),
        ("sides", sides),
        ("stands", Counter(stand.side for a in articles if a.issue for stand in a.issue.stands)),
        ("voice", Counter(side.side for a in articles for side in a.article.voice)),
    ):
        print(f"{name:12}" + "; ".join(f"{value} {number}" for value, number in sorted(counts.items())))


if __name__ == "__main__":
    main()
