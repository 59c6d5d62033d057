"""From what a reader returns to rows: voices, commitments, headlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from pipeline.reader import MENTIONS, STATEMENTS
from pipeline.stages.read import commitment, read_articles
from tests.stages.marked import read as marked


@dataclass
class Found:
    """A reader that finds the words it is told to: names as people, and statements of (speaker, cue, content)."""

    names: tuple[str, ...] = ()
    said: tuple[tuple[str | None, str | None, str], ...] = ()
    kind: str = "direct"
    revision: str = "r1"
    languages: tuple[str, ...] = ("en",)
    mentions: pl.DataFrame = field(default_factory=pl.DataFrame)
    statements: pl.DataFrame = field(default_factory=pl.DataFrame)

    def read(self, texts: Any, /) -> Found:
        mentions, statements = [], []
        for number, text in enumerate(texts):
            spoken = [s for s in self.said if s[2] in text]
            for index, (speaker, cue, content) in enumerate(spoken):
                speaker_span, cue_span, content_span = (
                    (text.index(words), text.index(words) + len(words)) if words else (None, None)
                    for words in (speaker, cue, content)
                )
                statements.append((number, index, self.kind, *speaker_span, *cue_span, [content_span], 0.9))
            for name in self.names:
                if name in text:
                    start = text.index(name)
                    inside = [i for i, s in enumerate(spoken) if name in s[2]]
                    mentions.append((number, start, start + len(name), "PER", 0.9, 0.1, 0.8, 0.1, *(inside or [None])))
        contents = [(*row[:7], [{"start": s, "end": e} for s, e in row[7]], [], row[8]) for row in statements]
        return Found(
            mentions=pl.DataFrame(mentions, MENTIONS, orient="row"),
            statements=pl.DataFrame(contents, STATEMENTS, orient="row"),
        )


@pytest.mark.parametrize(
    ("before", "cue", "said", "expected"),
    [
        ("Ode ", "said", "that the bridge holds", "asserted"),
        ("Ode ", "according to", "the bridge holds", "asserted"),
        ("There is ", "no doubt", "that the bridge holds", "asserted"),
        ("Ode ", "denied", "that Lund is corrupt", "denied"),
        ("Ode ", "does not believe", "that Lund is fit", "denied"),
        ("Ode did not ", "think", "that Lund is fit", "denied"),
        ("Ode ", "rejected", "the claim that Lund lied", "denied"),
        ("Ode ", "rejected", "the budget", "asserted"),
        ("Ode ", "refused to endorse", "Lund", "denied"),
        ("Ode ", "declined", "to comment", "withheld"),
        ("Ode ", "refused to say", "whether Lund lied", "withheld"),
        ("Ode ", "is choosing not", "to respond to the charge", "withheld"),
        ("Ode ", "chose not to respond to", "the charge", "withheld"),
        ("Ode ", "would not say", "whether Lund lied", "withheld"),
        ("Ode didn’t ", "say", "when", "withheld"),
        ("Ode ", "would not rule out", "a second bridge", "hedged"),
        ("Ode ", "suggested", "that Lund lied", "hedged"),
        ("Ode might ", "say", "that Lund lied", "hedged"),
        ("Ode ", "asked", "whether Lund lied", "asked"),
        ("Ode ", "wondered", "“Did Lund lie?”", "asked"),
        ("Ode ", "asked", "the council to resign", "asserted"),
        ("Ode ", "said", "“I do not think so”", "asserted"),
        ("", None, "the bridge holds", "asserted"),
    ],
)
def test_a_cue_says_how_far_the_speaker_stands_behind_it(
    before: str, cue: str | None, said: str, expected: str
) -> None:
    row = pl.DataFrame(
        {"before": [before], "cue": [cue], "said": [said]}, dict.fromkeys(("before", "cue", "said"), pl.String)
    )
    assert row.select(commitment(pl.col("before"), pl.col("cue"), pl.col("said"))).item() == expected


@pytest.mark.parametrize(
    ("between", "goes_on"),
    [("\n\n", True), (" she said. ", True), (" she said. It rained all day. ", False), ("\n\nIt rained.\n\n", False)],
)
def test_a_quotation_without_a_speaker_goes_on_from_the_one_before(between: str, goes_on: bool) -> None:
    articles = marked(f"Ode spoke: “We build.”{between}“We never stop.”")[0]
    reader = Found(said=(("Ode", "spoke", "“We build.”"), (None, None, "“We never stop.”")))
    _, statements, _ = read_articles(articles, reader)
    assert statements.select("speaker", "is_continued").rows()[1] == (("Ode", True) if goes_on else (None, False))


def test_a_headline_has_its_own_mentions_and_they_say_whose_voice_it_is() -> None:
    articles = marked("Nothing here.")[0].with_columns(title=pl.lit("Ode: “Lund lied”"))
    reader = Found(names=("Ode", "Lund"), said=(("Ode", None, "“Lund lied”"),))
    mentions, statements, headlines = read_articles(articles, reader)
    assert mentions.is_empty() and statements.is_empty()
    assert headlines.select("text", "is_quoted").rows() == [("Ode", False), ("Lund", True)]


def test_an_article_in_a_language_that_the_reader_does_not_know_is_left_out() -> None:
    articles = marked("Ode sprach.")[0].with_columns(language=pl.lit("de"))
    assert all(frame.is_empty() for frame in read_articles(articles, Found(names=("Ode",))))
