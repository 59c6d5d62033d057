"""Two invented articles with their annotation, and a published file made by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb

BRIDGE = (
    "Ina Moss said the old bridge is a danger to every child in town. The mayor praised Moss. "
    "Piet Lund may have denied that the Alder Council sold the bridge."
)
CLOCK = 'The clock stopped. "It was a fine clock," Rosa Vale told the Birch Post.'

ARTICLES: list[dict[str, Any]] = [
    {
        "url": "https://alder.example/bridge",
        "outlet": 'The "Alder" Post',
        "date": "2020-03-01",
        "title": "The bridge",
        "text": BRIDGE,
        "entities": [
            {"key": "moss", "name": "Ina Moss", "type": "PER", "qid": "Q4", "forms": ["Ina Moss", "Moss"]},
            {"key": "lund", "name": "Piet Lund", "type": "PER", "qid": None, "forms": ["Piet Lund"]},
            {"key": "council", "name": "Alder Council", "type": "ORG", "qid": None, "forms": ["the Alder Council"]},
        ],
        "statements": [
            {
                "id": "s1",
                "speaker": "moss",
                "speaker_words": "Ina Moss",
                "cue": "said",
                "kind": "indirect",
                "content": ["the old bridge is a danger to every child in town"],
                "core": True,
                "commitment": "asserted",
                "toward": [{"target": "council", "side": "against", "arguable": True, "why": "it owns the bridge"}],
            },
            {
                "id": "s2",
                "speaker": "unnamed",
                "speaker_words": "The mayor",
                "cue": "praised",
                "kind": "indirect",
                "content": ["Moss"],
                "core": False,
                "commitment": "asserted",
                "toward": [{"target": "moss", "side": "favour", "arguable": False, "why": "praises her"}],
            },
            {
                "id": "s3",
                "speaker": "lund",
                "speaker_words": "Piet Lund",
                "cue": "denied",
                "kind": "indirect",
                "content": ["the Alder Council sold the bridge"],
                "core": True,
                "commitment": "denied",
                "toward": [{"target": "council", "side": "favour", "arguable": False, "why": "defends it"}],
            },
        ],
        "voice": [],
        "issue": {
            "proposition": 'The "old" bridge should close.',
            "aliases": ["the old bridge", "the bridge"],
            "stands": [{"holder": "moss", "side": "favour", "arguable": False, "statement": "s1"}],
        },
    },
    {
        "url": "https://birch.example/clock",
        "outlet": "Birch Post",
        "date": "2020-03-02",
        "title": "The clock",
        "text": CLOCK,
        "entities": [{"key": "vale", "name": "Rosa Vale", "type": "PER", "qid": None, "forms": ["Rosa Vale"]}],
        "statements": [
            {
                "id": "s1",
                "speaker": "vale",
                "speaker_words": "Rosa Vale",
                "cue": "told",
                "kind": "direct",
                "content": ["It was a fine clock"],
                "core": True,
                "commitment": "asserted",
                "toward": [],
            }
        ],
        "voice": [{"target": "vale", "side": "positive", "arguable": False, "why": "invented"}],
        "issue": None,
    },
]

TABLES = """
    CREATE TABLE articles (article_id VARCHAR, url VARCHAR, body VARCHAR, is_latest BOOLEAN);
    CREATE TABLE statements (article_id VARCHAR, statement_id VARCHAR, content STRUCT("start" BIGINT, "end" BIGINT)[],
        speaker_id VARCHAR, speaker VARCHAR, speaker_name VARCHAR, cue VARCHAR, commitment VARCHAR, probability FLOAT,
        is_latest BOOLEAN);
    CREATE TABLE stances (article_id VARCHAR, statement_id VARCHAR, holder_id VARCHAR, holder VARCHAR,
        target_kind VARCHAR, target_id VARCHAR, target VARCHAR, stance VARCHAR, evidence VARCHAR, is_latest BOOLEAN);
    CREATE TABLE sentiments (article_id VARCHAR, entity_id VARCHAR, name VARCHAR, sentiment VARCHAR, is_latest BOOLEAN);
    CREATE TABLE {links} (article_id VARCHAR, entity_id VARCHAR, name VARCHAR, text VARCHAR, method VARCHAR,
        wikidata_id VARCHAR);
"""


def changed(number: int, path: tuple[str | int, ...], value: object) -> list[dict[str, Any]]:
    """The articles with another value at one place of one article; `path` ends in the field."""
    articles = deepcopy(ARTICLES)
    at: Any = articles[number]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return articles


def write_gold(path: Path, articles: list[dict[str, Any]] | None = None) -> Path:
    """The articles as JSON Lines."""
    path.write_text("".join(f"{json.dumps(a)}\n" for a in articles or ARTICLES), encoding="utf-8")
    return path


class Published:
    """A published file, filled a row at a time; article 0 is the bridge, article 1 the clock."""

    def __init__(self, path: Path, links: str = "entity_links") -> None:
        self.path, self._links = path, links
        self._rows: list[tuple[str, tuple[Any, ...]]] = []

    def article(self, number: int, body: str | None = None) -> Published:
        text = ARTICLES[number]["text"] if body is None else body
        return self._add("articles", f"a{number}", f"https://outlet{number}.example/{number}", text, True)

    def entity(self, name: str, text: str = "", *, method: str = "name", qid: str | None = None) -> Published:
        return self._add(self._links, "a0", f"e-{name}", name, text or name, method, qid)

    def statement(
        self, id: str, words: str, speaker: str | None = None, commitment: str = "asserted", probability: float = 0.9
    ) -> Published:
        """A statement about the bridge with these words; a speaker is an entity."""
        content = [{"start": BRIDGE.index(words), "end": BRIDGE.index(words) + len(words)}]
        speaker_id = speaker and f"e-{speaker}"
        row = ("a0", id, content, speaker_id, speaker, speaker, "said", commitment, probability, True)
        return self._add("statements", *row)

    def side(self, statement: str, holder: str, side: str, target: str) -> Published:
        row = ("a0", statement, f"e-{holder}", holder, "entity", f"e-{target}", target, side, "…", True)
        return self._add("stances", *row)

    def stand(self, statement: str, holder: str, side: str) -> Published:
        return self._add(
            "stances", "a0", statement, f"e-{holder}", holder, "issue", "issue-0", "Issue 0", side, "…", True
        )

    def voice(self, name: str, tone: str) -> Published:
        return self._add("sentiments", "a0", f"e-{name}", name, tone, True)

    def write(self) -> Path:
        """Write the rows; returns the file."""
        with duckdb.connect(str(self.path)) as con:
            con.execute(TABLES.format(links=self._links))
            for table, row in self._rows:
                con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        return self.path

    def _add(self, table: str, *row: Any) -> Published:
        self._rows.append((table, row))
        return self
