"""From what a reader returns to rows: voices, targets, references, headlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from pipeline.reader import COMMITMENTS, MENTIONS, REFERENCES, SIDES, STATEMENTS
from pipeline.stages.read import read_articles
from tests.stages.marked import read as marked

# What the reader below holds of every statement, and of every target.
COMMITTED = (0.1, 0.2, 0.4, 0.05, 0.25)
TOWARD = (0.7, 0.2, 0.1)


@dataclass
class Found:
    """A reader that finds the words it is told to: names as people, each the target of every statement, statements of
    (speaker, cue, content), and what means which name."""

    names: tuple[str, ...] = ()
    said: tuple[tuple[str | None, str | None, str], ...] = ()
    meant: tuple[tuple[str, str], ...] = ()
    kind: str = "direct"
    revision: str = "r1"
    languages: tuple[str, ...] = ("en",)
    mentions: pl.DataFrame = field(default_factory=pl.DataFrame)
    statements: pl.DataFrame = field(default_factory=pl.DataFrame)
    references: pl.DataFrame = field(default_factory=pl.DataFrame)

    def read(self, texts: Any, /) -> Found:
        mentions, statements, references = [], [], []
        for number, text in enumerate(texts):

            def span(words: str | None, text: str = text) -> tuple[int | None, int | None]:
                return (text.index(words), text.index(words) + len(words)) if words else (None, None)

            spoken = [s for s in self.said if s[2] in text]
            names = [(name, *span(name)) for name in self.names if name in text]
            for index, (speaker, cue, content) in enumerate(spoken):
                pieces = [dict(zip(("start", "end"), span(content), strict=True))]
                keys = ("start", "end", *SIDES, "weight")
                targets = [dict(zip(keys, (start, end, *TOWARD, 0.3), strict=True)) for _, start, end in names]
                row = (number, index, self.kind, *span(speaker), *span(cue), pieces, targets, *COMMITTED, 0.9)
                statements.append(row)
            for name, start, end in names:
                inside = [i for i, s in enumerate(spoken) if name in s[2]]
                mentions.append((number, start, end, "PER", 0.9, 0.1, 0.8, 0.1, *(inside or [None])))
            for word, name in self.meant:
                if word in text:
                    references.append((number, *span(word), *span(name), 0.6))
        return Found(
            mentions=pl.DataFrame(mentions, MENTIONS, orient="row"),
            statements=pl.DataFrame(statements, STATEMENTS, orient="row"),
            references=pl.DataFrame(references, REFERENCES, orient="row"),
        )


def test_what_the_reader_holds_of_a_statement_is_in_its_row() -> None:
    articles = marked("Nothing here.", "Lund met her. Ode said “Lund lied”.")[0]
    reader = Found(names=("Lund",), said=(("Ode", "said", "“Lund lied”"),))
    _, statements, _, _ = read_articles(articles, reader)
    assert statements.select("article_id", *COMMITMENTS).rows() == [("a1", *map(pytest.approx, COMMITTED))]
    (target,) = statements["targets"].to_list()[0]
    assert target == {"start": 0, "end": 4, "weight": pytest.approx(0.3)} | {
        side: pytest.approx(share) for side, share in zip(SIDES, TOWARD, strict=True)
    }


def test_a_reference_has_its_words_and_the_name_that_it_means() -> None:
    articles = marked("Nothing here.", "Mara Ode spoke. She left.")[0]
    _, _, references, _ = read_articles(articles, Found(meant=(("She", "Mara Ode"),)))
    assert references.select("article_id", "text", "start", "end", "name_start", "name_end", "reader").rows() == [
        ("a1", "She", 16, 19, 0, 8, "r1")
    ]


def test_what_a_headline_says_of_names_is_no_reference_of_the_article() -> None:
    articles = marked("Nothing here.")[0].with_columns(title=pl.lit("Mara Ode says she will go"))
    assert read_articles(articles, Found(meant=(("she", "Mara Ode"),)))[2].is_empty()


@pytest.mark.parametrize(
    ("between", "goes_on"),
    [("\n\n", True), (" she said. ", True), (" she said. It rained all day. ", False), ("\n\nIt rained.\n\n", False)],
)
def test_a_quotation_without_a_speaker_goes_on_from_the_one_before(between: str, goes_on: bool) -> None:
    articles = marked(f"Ode spoke: “We build.”{between}“We never stop.”")[0]
    reader = Found(said=(("Ode", "spoke", "“We build.”"), (None, None, "“We never stop.”")))
    _, statements, _, _ = read_articles(articles, reader)
    assert statements.select("speaker", "is_continued").rows()[1] == (("Ode", True) if goes_on else (None, False))


def test_a_headline_has_its_own_mentions_and_they_say_whose_voice_it_is() -> None:
    articles = marked("Nothing here.")[0].with_columns(title=pl.lit("Ode: “Lund lied”"))
    reader = Found(names=("Ode", "Lund"), said=(("Ode", None, "“Lund lied”"),))
    mentions, statements, _, headlines = read_articles(articles, reader)
    assert mentions.is_empty() and statements.is_empty()
    assert headlines.select("text", "is_quoted").rows() == [("Ode", False), ("Lund", True)]


def test_an_article_in_a_language_that_the_reader_does_not_know_is_left_out() -> None:
    articles = marked("Ode sprach.")[0].with_columns(language=pl.lit("de"))
    assert all(frame.is_empty() for frame in read_articles(articles, Found(names=("Ode",))))
