"""The exam: its files are whole, its words are found, its scorer knows right from wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exam.answers import align, to_lines
from exam.baselines.rules import answer
from exam.baselines.table import replace_rows
from exam.load import PlacedArticle, load, place
from exam.score import score
from pipeline.evaluation.annotation import AnnotationError, load_articles
from pipeline.evaluation.gold import GoldError
from tests.evaluation.gold import BRIDGE, Published, changed, write_gold

EXAM = Path(__file__).resolve().parents[2] / "exam"
SIZES = {"train": 126, "dev": 20}


@pytest.fixture(scope="module")
def articles() -> dict[str, list[PlacedArticle]]:
    return {part: load(EXAM / f"{part}.jsonl.gz") for part in SIZES}


def own_answer(placed: PlacedArticle) -> dict[str, Any]:
    """What the annotation itself says, as an answer."""
    article = placed.article
    names = {entity.key: f"{entity.key} {entity.name}" for entity in article.entities}
    return {
        "url": article.url,
        "entities": [{"name": names[e.key], "forms": [e.name, *e.forms], "qid": e.qid} for e in article.entities],
        "statements": [
            {
                "speaker": names.get(s.statement.speaker),
                "speaker_words": s.statement.speaker_words,
                "content": [[span.start, span.end] for span in s.content],
                "commitment": s.statement.commitment,
                "toward": [{"target": names[side.target], "side": side.side} for side in s.toward],
            }
            for s in placed.statements
        ],
        "issue_stands": [
            {"holder": names.get(stand.holder, stand.holder), "side": stand.side}
            for stand in (placed.issue.stands if placed.issue else ())
        ],
        "voice": [{"target": names[side.target], "side": side.side} for side in article.voice],
    }


def write_answers(path: Path, answers: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in answers), encoding="utf-8")
    return path


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_files_are_those_of_the_digests() -> None:
    digests = dict(line.split()[::-1] for line in (EXAM / "sha256sums").read_text().splitlines())
    assert digests == {
        f"{part}.jsonl.gz": hashlib.sha256((EXAM / f"{part}.jsonl.gz").read_bytes()).hexdigest() for part in SIZES
    }


def test_every_article_is_of_wikinews_and_in_one_part(articles: dict[str, list[PlacedArticle]]) -> None:
    assert {part: len(own) for part, own in articles.items()} == SIZES
    urls = [placed.article.url for own in articles.values() for placed in own]
    assert len(set(urls)) == len(urls)
    assert all(url.startswith("https://en.wikinews.org/wiki/") for url in urls)


def test_every_form_cue_and_content_is_at_its_place(articles: dict[str, list[PlacedArticle]]) -> None:
    for placed in (placed for own in articles.values() for placed in own):
        text = placed.article.text
        for entity in placed.entities:
            assert {span.text for span in entity.mentions} <= set(entity.entity.forms)
            assert all(text[span.start : span.end] == span.text for span in entity.mentions)
        for statement in placed.statements:
            assert tuple(span.text for span in statement.content) == statement.statement.content
            assert (statement.cue.text if statement.cue else "") == statement.statement.cue
            assert (statement.speaker.text if statement.speaker else "") == statement.statement.speaker_words
            spans = [*statement.content, *(span for span in (statement.cue, statement.speaker) if span)]
            assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("statements", 0, "cue"), "sang", r"gold.jsonl: .*bridge: statement s1: cue: not in the text: 'sang'"),
        (("statements", 0, "speaker_words"), "She", r"statement s1: speaker words: not in the text: 'She'"),
        (("entities", 0, "forms"), ["Mossy"], r"entity moss: form: not in the text: 'Mossy'"),
        (("statements", 0, "content"), ["a song"], r"gold.jsonl:1: statements\[0\].content: not in the text: 'a song'"),
    ],
)
def test_words_that_are_not_in_the_text_are_named(
    tmp_path: Path, path: tuple[str | int, ...], value: object, message: str
) -> None:
    with pytest.raises(AnnotationError, match=message):
        load(write_gold(tmp_path / "gold.jsonl", changed(0, path, value)))


def test_a_cue_is_the_occurrence_nearest_to_the_content(tmp_path: Path) -> None:
    text = "He said so. Ina Moss said the old bridge is a danger to every child in town. " + BRIDGE
    placed = load(write_gold(tmp_path / "gold.jsonl", changed(0, ("text",), text)))[0]
    cue, speaker = placed.statements[0].cue, placed.statements[0].speaker
    assert cue and text[cue.start - 9 : cue.end] == "Ina Moss said"
    assert speaker and speaker.end == cue.start - 1


# --- the scorer ------------------------------------------------------------------------------------------------------


def test_the_annotation_itself_scores_100(tmp_path: Path, articles: dict[str, list[PlacedArticle]]) -> None:
    for part, own in articles.items():
        scores = score(EXAM / f"{part}.jsonl.gz", write_answers(tmp_path / part, [own_answer(a) for a in own]))
        counts = [scores.statements, scores.speakers, scores.sides, scores.triples, scores.issues]
        assert [(count.precision, count.recall) for count in counts] == [(100, 100)] * len(counts)
        assert (scores.turned, scores.core.recall, scores.entities.recall, scores.links.recall) == (0, 100, 100, 100)
        assert scores.commitments.macro_f1 == 100
        assert scores.voice.right == scores.voice.shown


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_empty_answer_scores_0(tmp_path: Path, articles: dict[str, list[PlacedArticle]], is_listed: bool) -> None:
    empty = [{"url": placed.article.url, "statements": []} for placed in articles["dev"]] if is_listed else []
    scores = score(EXAM / "dev.jsonl.gz", write_answers(tmp_path / "answers", empty))
    counts = [scores.statements, scores.speakers, scores.sides, scores.triples, scores.issues, scores.voice]
    assert [(count.precision, count.recall, count.f1) for count in counts] == [(0, 0, 0)] * len(counts)
    assert len(scores.lost) == (0 if is_listed else 20)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"statements": []}, r"answers:1: url: missing"),
        ({"url": "https://elsewhere.example", "statements": []}, r"answers:1: url: no article of the exam"),
        ({"statements": [{"content": [[4, 2]]}]}, r"answers:1: statements\[0\].content: \[4, 2\] is no span"),
        ({"statements": [{"content": ["words"]}]}, r"statements\[0\].content: \[start, end\] is expected, not 'words'"),
        (
            {"statements": [{"content": [[0, 2]], "toward": [{"target": "A", "side": "for"}]}]},
            r"answers:1: statements\[0\].toward\[0\].side: 'for' is none of against, favour",
        ),
    ],
)
def test_a_wrong_answer_says_where_and_what(tmp_path: Path, line: dict[str, Any], message: str) -> None:
    gold = write_gold(tmp_path / "gold.jsonl")
    url = {} if "missing" in message else {"url": "https://alder.example/bridge"}
    with pytest.raises(AnnotationError, match=message):
        score(gold, write_answers(tmp_path / "answers", [url | line]))


def test_the_scorer_needs_only_the_standard_library(tmp_path: Path) -> None:
    gold, answers = write_gold(tmp_path / "gold.jsonl"), write_answers(tmp_path / "answers", [])
    command = [sys.executable, "-I", "-S", str(EXAM / "score.py"), str(gold), str(answers), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["articles"] == 2


# --- the baselines ---------------------------------------------------------------------------------------------------


def test_a_published_file_becomes_answers(tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.jsonl")
    published = Published(tmp_path / "warehouse.duckdb").article(0).entity("Piet Lund").entity("Alder Council")
    published.statement("s3", "the Alder Council sold the bridge", "Piet Lund", "denied")
    published.side("s3", "Piet Lund", "favour", "Alder Council").stand("s3", "Piet Lund", "against")
    lines = to_lines(load_articles([gold]), published.write())
    scores = score(gold, write_answers(tmp_path / "answers", lines))
    assert [(c.right, c.shown) for c in (scores.statements, scores.speakers, scores.sides)] == [(1, 1)] * 3
    assert (scores.issues.right, scores.issues.shown) == (0, 1)


def test_offsets_follow_the_text_through_cleaned_white_space(tmp_path: Path) -> None:
    first = load_articles([write_gold(tmp_path / "gold.jsonl")])[0]
    body = f" {first.text}".replace(". ", ".\n")
    places = align(body, first)
    assert places[0] is None
    assert places[body.index("danger")] == first.text.index("danger")
    with pytest.raises(GoldError, match="is not the text of the exam"):
        align("Other words", first)


def test_the_rules_find_who_said_what_with_which_polarity(tmp_path: Path) -> None:
    article = load_articles([write_gold(tmp_path / "gold.jsonl")])[0]
    said = answer(article, lambda text: -0.6 if "danger" in text else 0.6)
    first, *_, last = said["statements"]
    assert (first["speaker"], first["cue"], first["toward"]) == ("Ina Moss", "said", [])
    assert [article.text[start:end] for start, end in first["content"]] == [
        "the old bridge is a danger to every child in town"
    ]
    assert (last["speaker"], last["commitment"]) == ("Piet Lund", "denied")
    assert last["toward"] == [{"target": "Alder Council", "side": "favour"}]
    assert {"holder": "Ina Moss", "side": "against"} in said["issue_stands"]


def test_a_row_of_the_table_replaces_that_system_only() -> None:
    page = "a\n<!-- scores -->\n| system |\n|---|\n| Rules | 1 |\n| Product | 2 |\n<!-- end of scores -->\nb\n"
    lines = replace_rows(page, {"Product": "| Product | 3 |"}).splitlines()
    assert [line for line in lines if line.startswith("| R") or line.startswith("| P")] == [
        "| Rules | 1 |",
        "| Product | 3 |",
    ]
    assert (lines[0], lines[-1]) == ("a", "b")


def test_the_readme_has_a_row_for_each_baseline() -> None:
    page = (EXAM / "README.md").read_text(encoding="utf-8")
    assert "| Rules and VADER | 20" in page
    assert "| Standpoint | 20" in page


def test_places_of_an_article_need_no_file(articles: dict[str, list[PlacedArticle]]) -> None:
    assert place(articles["dev"][0].article) == articles["dev"][0]
