"""Annotated articles: who says what about whom, and how they stand. Needs only the standard library.

A file is JSON Lines, plain or gzip, one article a line:

    {"url": "…", "outlet": "…", "date": "2020-03-01", "title": "…", "text": "…",
     "entities": [{"key": "moss", "name": "Ina Moss", "type": "PER", "qid": null, "forms": ["Ina Moss", "Moss"]}],
     "statements": [{"id": "s1", "speaker": "moss", "speaker_words": "Moss", "cue": "said", "kind": "indirect",
                     "content": ["the quay is unsafe"], "core": true, "commitment": "asserted",
                     "toward": [{"target": "harbour", "side": "against", "arguable": false, "why": "…"}]}],
     "voice": [{"target": "moss", "side": "positive", "arguable": true, "why": "…"}],
     "issue": {"proposition": "…", "aliases": ["…"],
               "stands": [{"holder": "moss", "side": "favour", "arguable": false, "statement": "s1"}]}}

The annotation names words, not places: `find_pieces` finds the places. A speaker is the key of an entity or
`unnamed`; a holder is the key of an entity or `unnamed: words`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

UNNAMED = "unnamed"
TYPES = ("PER", "ORG", "LOC", "MISC")
KINDS = ("direct", "mixed", "indirect")
COMMITMENTS = ("asserted", "hedged", "denied", "withheld", "asked")
SIDES = ("against", "favour")
STANDS = ("against", "neutral", "favour")
TONES = ("negative", "positive")


class AnnotationError(Exception):
    """A file cannot be used: the message says which file, which line and what is wrong."""


@dataclass(frozen=True)
class Entity:
    """An entity of one article, with every surface form that refers to it."""

    key: str
    name: str
    type: str
    qid: str | None
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """A side taken toward an entity: by a speaker (against, favour) or by the article itself (negative, positive)."""

    target: str
    side: str
    is_arguable: bool
    """A fair reader could leave this row out: a system may show it or not."""
    why: str = ""


@dataclass(frozen=True)
class Statement:
    """One attribution: speaker, cue, content pieces, and the sides that the speaker takes in it."""

    id: str
    speaker: str
    speaker_words: str
    cue: str
    kind: str
    content: tuple[str, ...]
    is_core: bool
    """Speech or writing that is reported as such; false for thoughts, plans, acts and documents."""
    commitment: str
    toward: tuple[Side, ...]


@dataclass(frozen=True)
class Stand:
    """The side that one holder takes on the article's issue, and the statement that shows it."""

    holder: str
    side: str
    is_arguable: bool
    statement: str | None


@dataclass(frozen=True)
class Issue:
    """A proposition that people in the article take sides on."""

    proposition: str
    aliases: tuple[str, ...]
    stands: tuple[Stand, ...]


@dataclass(frozen=True)
class Article:
    """One annotated article."""

    url: str
    outlet: str
    date: str
    title: str
    text: str
    entities: tuple[Entity, ...]
    statements: tuple[Statement, ...]
    voice: tuple[Side, ...]
    issue: Issue | None


def load_articles(paths: Iterable[Path]) -> list[Article]:
    """The articles of these files, in order.

    Raises:
        AnnotationError: a file cannot be read, or a line is not what the module's docstring says.
    """
    articles = []
    for path in paths:
        for fields in read_lines(path):
            article = _article(fields)
            _check(article, fields)
            articles.append(article)
    return articles


def find_pieces(text: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """The place of each piece in the text: its first occurrence after the piece before it, else its first anywhere.

    Offsets are code points, half open. A piece that does not occur has no place.
    """
    places, after = [], 0
    for piece in pieces:
        start = text.find(piece, after) if piece else -1
        if start < 0:
            start = text.find(piece)
        if start >= 0:
            after = start + len(piece)
            places.append((start, after))
    return places


# --- reading JSON ----------------------------------------------------------------------------------------------------


class Fields:
    """The fields of one JSON object; a field that is missing or wrong raises an error that says where it is."""

    def __init__(self, value: object, file: str, path: str = "") -> None:
        self._file, self._path = file, path
        if not isinstance(value, dict):
            self.fail(f"an object is expected, not {_shown(value)}")
        self._value: dict[str, Any] = value

    def fail(self, problem: str, name: str = "") -> NoReturn:
        """Raises an error about the field `name`, or about the object itself."""
        at = ".".join(part for part in (self._path, name) if part)
        raise AnnotationError(f"{self._file}: {at}: {problem}" if at else f"{self._file}: {problem}")

    def has(self, name: str) -> bool:
        """True if the field is there and not null."""
        return self._value.get(name) is not None

    def text(self, name: str) -> str:
        """A string."""
        value = self._get(name)
        return value if isinstance(value, str) else self.fail(f"a string is expected, not {_shown(value)}", name)

    def optional_text(self, name: str) -> str | None:
        """A string, or None if the field is null or missing."""
        return self.text(name) if self.has(name) else None

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of the allowed strings."""
        value = self.text(name)
        return value if value in allowed else self.fail(f"{value!r} is none of {', '.join(allowed)}", name)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._get(name)
        return value if isinstance(value, bool) else self.fail(f"true or false is expected, not {_shown(value)}", name)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        values = self.items(name)
        if wrong := [value for value in values if not isinstance(value, str)]:
            self.fail(f"a list of strings is expected; it holds {_shown(wrong[0])}", name)
        return tuple(values)

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self._get(name)
        return value if isinstance(value, list) else self.fail(f"a list is expected, not {_shown(value)}", name)

    def object(self, name: str) -> Fields:
        """An object."""
        return Fields(self._get(name), self._file, ".".join(part for part in (self._path, name) if part))

    def objects(self, name: str) -> list[Fields]:
        """A list of objects."""
        at = ".".join(part for part in (self._path, name) if part)
        return [Fields(value, self._file, f"{at}[{number}]") for number, value in enumerate(self.items(name))]

    def _get(self, name: str) -> Any:
        return self._value[name] if name in self._value else self.fail("missing", name)


def read_lines(path: Path) -> Iterator[Fields]:
    """The objects of a JSON Lines file, plain or gzip.

    Raises:
        AnnotationError: the file cannot be read, or a line is not a JSON object.
    """
    try:
        content = path.read_bytes()
        lines = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise AnnotationError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise AnnotationError(f"{path}:{number}: not JSON: {error}") from error
            yield Fields(value, f"{path}:{number}")


def _shown(value: object) -> str:
    return "null" if value is None else repr(value)[:60]


def _article(fields: Fields) -> Article:
    return Article(
        url=fields.text("url"),
        outlet=fields.text("outlet"),
        date=fields.text("date"),
        title=fields.text("title"),
        text=fields.text("text"),
        entities=tuple(
            Entity(e.text("key"), e.text("name"), e.choice("type", TYPES), e.optional_text("qid"), e.texts("forms"))
            for e in fields.objects("entities")
        ),
        statements=tuple(_statement(s) for s in fields.objects("statements")),
        voice=tuple(_side(v, TONES) for v in fields.objects("voice")),
        issue=_issue(fields.object("issue")) if fields.has("issue") else None,
    )


def _statement(fields: Fields) -> Statement:
    return Statement(
        id=fields.text("id"),
        speaker=fields.text("speaker"),
        speaker_words=fields.text("speaker_words"),
        cue=fields.text("cue"),
        kind=fields.choice("kind", KINDS),
        content=fields.texts("content"),
        is_core=fields.flag("core"),
        commitment=fields.choice("commitment", COMMITMENTS),
        toward=tuple(_side(t, SIDES) for t in fields.objects("toward")),
    )


def _side(fields: Fields, sides: Sequence[str]) -> Side:
    why = fields.optional_text("why") or ""
    return Side(fields.text("target"), fields.choice("side", sides), fields.flag("arguable"), why)


def _issue(fields: Fields) -> Issue:
    stands = tuple(
        Stand(
            s.text("holder"),
            s.choice("side", STANDS),
            s.flag("arguable") if s.has("arguable") else False,
            s.optional_text("statement"),
        )
        for s in fields.objects("stands")
    )
    return Issue(fields.text("proposition"), fields.texts("aliases"), stands)


def _check(article: Article, fields: Fields) -> None:
    """What one field alone does not show: the date, unknown keys, content that the text does not hold."""
    try:
        date.fromisoformat(article.date)
    except ValueError as error:
        fields.fail(str(error), "date")
    keys = [entity.key for entity in article.entities]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        fields.fail(f"key given twice: {', '.join(twice)}", "entities")
    for number, statement in enumerate(article.statements):
        at = f"statements[{number}]"
        if statement.speaker not in {*keys, UNNAMED}:
            fields.fail(f"{statement.speaker!r} is no key of an entity, nor {UNNAMED!r}", f"{at}.speaker")
        if not statement.content:
            fields.fail("at least one piece is expected", f"{at}.content")
        for piece in statement.content:
            if not piece or piece not in article.text:
                fields.fail(f"not in the text: {piece[:80]!r}", f"{at}.content")
        for side in statement.toward:
            if side.target not in keys:
                fields.fail(f"{side.target!r} is no key of an entity", f"{at}.toward")
    for side in article.voice:
        if side.target not in keys:
            fields.fail(f"{side.target!r} is no key of an entity", "voice")
    for stand in article.issue.stands if article.issue else ():
        if stand.holder not in keys and not stand.holder.startswith(UNNAMED):
            fields.fail(f"{stand.holder!r} is no key of an entity, nor '{UNNAMED}: words'", "issue.stands")
