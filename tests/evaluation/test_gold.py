"""The scores of a published file that is small enough to count by hand."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest

from pipeline.evaluation import gold
from pipeline.evaluation.annotation import AnnotationError, load_articles
from pipeline.evaluation.gold import GoldError, run_articles, score, write_archive, write_newsroom
from pipeline.evaluation.measures import Commitments, Count, Scores
from pipeline.settings import load_config
from tests.evaluation.gold import ARTICLES, BRIDGE, Published, changed, write_gold

DANGER = "the old bridge is a danger to every child in town"
SOLD = "the Alder Council sold the bridge"


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path / "warehouse.duckdb").article(0).article(1)


def scores(published: Published, tmp_path: Path, articles: list[dict[str, object]] | None = None) -> Scores:
    return score(load_articles([write_gold(tmp_path / "gold.jsonl", articles)]), published.write())


def counts(count: Count) -> tuple[int, int, int, int]:
    return count.right, count.shown, count.found, count.wanted


def kinds(scores: Scores, prefix: str) -> list[str]:
    return [miss.kind for miss in scores.misses if miss.kind.startswith(prefix)]


def test_a_statement_is_found_by_half_of_its_words(published: Published, tmp_path: Path) -> None:
    published.statement("s1", "danger to every child in town").statement("s3", "the bridge")
    found = scores(published, tmp_path)
    assert counts(found.statements) == (1, 2, 1, 4)
    assert counts(found.core) == (0, 0, 1, 3)
    assert kinds(found, "statement") == ["statement-missed", "statement-missed", "statement-wrong", "statement-missed"]


def test_an_unsure_statement_can_be_found_and_costs_no_precision(published: Published, tmp_path: Path) -> None:
    published.statement("s1", DANGER, probability=0.3).statement("s2", "Piet Lund may", probability=0.3)
    assert counts(scores(published, tmp_path).statements) == (0, 0, 1, 4)


def test_statements_are_paired_one_to_one_and_the_best_overlap_first(published: Published, tmp_path: Path) -> None:
    halves = changed(0, ("statements", 1, "content"), ["danger to every child in town"])
    # The first overlaps both annotated statements, and the second one most.
    published.statement("s1", "a danger to every child in town", "Rosa Vale").statement("s2", DANGER, "Ina Moss")
    found = scores(published, tmp_path, halves)
    assert counts(found.statements) == (2, 2, 2, 4)
    assert counts(found.speakers) == (1, 1, 1, 3)


def test_a_speaker_is_right_by_any_of_its_forms(published: Published, tmp_path: Path) -> None:
    published.entity("Councillor Moss", "Moss").statement("s1", DANGER, "Councillor Moss")
    published.entity("Piet Lunds").statement("s3", SOLD, "Piet Lunds")
    found = scores(published, tmp_path)
    assert counts(found.speakers) == (1, 2, 1, 3)
    assert found.speakers.misses[0].detail.startswith("lund | Piet Lunds")


def test_an_entity_that_has_more_forms_of_others_is_another_one(published: Published, tmp_path: Path) -> None:
    published.entity("Someone", "Moss").entity("Someone", "Piet Lund").statement("s1", DANGER, "Someone")
    assert counts(scores(published, tmp_path).speakers) == (0, 1, 0, 3)


def test_a_turned_side_is_a_miss_of_its_own_kind(published: Published, tmp_path: Path) -> None:
    published.statement("s3", SOLD, "Piet Lund").side("s3", "Piet Lund", "against", "Alder Council")
    published.side("s3", "Piet Lund", "against", "Ina Moss")
    found = scores(published, tmp_path)
    assert counts(found.sides) == (0, 2, 0, 2)
    assert found.turned == 1
    assert kinds(found, "side") == ["side-missed", "side-missed", "side-turned", "side-wrong"]
    assert str(next(miss for miss in found.misses if miss.kind == "side-turned")) == (
        "side-turned | The bridge | Piet Lund | against | Alder Council | …"
    )


@pytest.mark.parametrize(("is_shown", "expected"), [(True, (1, 1, 0, 2)), (False, (0, 0, 0, 2))])
def test_an_arguable_side_is_free(
    published: Published, tmp_path: Path, is_shown: bool, expected: tuple[int, int, int, int]
) -> None:
    published.statement("s1", DANGER, "Ina Moss")
    if is_shown:
        published.side("s1", "Ina Moss", "against", "Alder Council")
    found = scores(published, tmp_path)
    assert counts(found.sides) == expected
    assert counts(found.triples) == expected


def test_a_side_on_other_words_of_the_passage_is_right_for_the_same_speaker(
    published: Published, tmp_path: Path
) -> None:
    published.statement("s3", "sold the bridge.", "Piet Lund").side("s3", "Piet Lund", "favour", "Alder Council")
    published.statement("s4", "the Alder", "Ina Moss").side("s4", "Ina Moss", "favour", "Alder Council")
    found = scores(published, tmp_path)
    assert counts(found.statements) == (0, 2, 0, 4)
    assert counts(found.sides) == (1, 2, 0, 2)
    assert counts(found.triples) == (1, 2, 1, 2)


def test_issues_and_own_voice_are_scored(published: Published, tmp_path: Path) -> None:
    published.statement("s1", DANGER, "Ina Moss").stand("s1", "Ina Moss", "favour").stand("s1", "Rosa Vale", "favour")
    published.voice("Ina Moss", "negative").voice("Piet Lund", "neutral")
    found = scores(published, tmp_path)
    assert counts(found.issues) == (1, 2, 1, 1)
    assert counts(found.voice) == (0, 1, 0, 1)


def test_the_words_of_a_pronoun_are_no_name_of_an_entity(published: Published, tmp_path: Path) -> None:
    published.entity("Ina Moss", qid="Q4").entity("M.", "Moss").entity("Rosa", "Piet Lund", method="pronoun")
    found = scores(published, tmp_path)
    assert counts(found.entities)[2:] == (1, 4)
    assert counts(found.single)[2:] == (0, 4)
    assert counts(found.links)[2:] == (1, 1)


def test_commitment_is_scored_on_paired_statements(published: Published, tmp_path: Path) -> None:
    published.statement("s1", DANGER).statement("s3", SOLD, commitment="hedged")
    found = scores(published, tmp_path).commitments
    assert found.to_json() == {
        "macro_f1": 33.3,
        "n": 2,
        "confusion": {"asserted": {"asserted": 1}, "denied": {"hedged": 1}},
    }
    assert Commitments().macro_f1 == 0


def test_an_article_that_is_not_published_is_lost(tmp_path: Path) -> None:
    found = scores(Published(tmp_path / "warehouse.duckdb").article(0), tmp_path)
    assert [miss.detail for miss in found.lost] == ["https://birch.example/clock"]
    assert counts(found.statements) == (0, 0, 0, 4)


@pytest.mark.parametrize("links", ["entity_links", "resolutions"])
def test_the_table_of_links_may_have_either_name(tmp_path: Path, links: str) -> None:
    published = Published(tmp_path / "warehouse.duckdb", links).article(0).article(1).entity("Ina Moss")
    assert scores(published, tmp_path).entities.found == 1


def test_a_file_that_lacks_a_table_says_so(tmp_path: Path) -> None:
    published = Published(tmp_path / "warehouse.duckdb", "other_links").article(0)
    with pytest.raises(GoldError, match=r"cannot read .*entity_links"):
        scores(published, tmp_path)


def test_figures_are_computed_from_the_counts() -> None:
    count = Count(right=3, shown=4, found=1, wanted=2) + Count(misses=())
    assert count.to_json() == {"p": 75.0, "r": 50.0, "f1": 60.0, "n": [3, 4, 1, 2]}
    assert Count().to_json() == {"p": 0.0, "r": 0.0, "f1": 0.0, "n": [0, 0, 0, 0]}


def test_the_table_has_a_line_for_each_measure(published: Published, tmp_path: Path) -> None:
    table = scores(published.statement("s1", DANGER), tmp_path).to_table()
    assert "2 articles, 0 without an answer" in table
    assert table.count("\n") == 20


# --- files and the run -----------------------------------------------------------------------------------------------


def test_a_file_may_be_compressed(tmp_path: Path) -> None:
    plain = write_gold(tmp_path / "gold.jsonl")
    (tmp_path / "gold.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert load_articles([tmp_path / "gold.jsonl.gz"]) == load_articles([plain])


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("text",), None, r"gold.jsonl:2: text: a string is expected, not null"),
        (("date",), "2020-13-01", r"gold.jsonl:2: date: "),
        (("entities", 0, "forms"), "Vale", r"gold.jsonl:2: entities\[0\].forms: a list is expected"),
        (("entities", 0, "type"), "DOG", r"gold.jsonl:2: entities\[0\].type: 'DOG' is none of PER, ORG, LOC, MISC"),
        (("statements", 0, "core"), "yes", r"gold.jsonl:2: statements\[0\].core: true or false is expected"),
        (("statements", 0, "content"), ["A bell"], r"gold.jsonl:2: statements\[0\].content: not in the text: 'A bell'"),
        (("statements", 0, "content"), [], r"gold.jsonl:2: statements\[0\].content: at least one piece"),
        (("statements", 0, "speaker"), "who", r"gold.jsonl:2: statements\[0\].speaker: 'who' is no key"),
        (("voice", 0, "side"), "against", r"gold.jsonl:2: voice\[0\].side: 'against' is none of negative, positive"),
        (("issue",), [], r"gold.jsonl:2: issue: an object is expected, not \[\]"),
    ],
)
def test_a_broken_line_says_where_and_what(
    tmp_path: Path, path: tuple[str | int, ...], value: object, message: str
) -> None:
    with pytest.raises(AnnotationError, match=message):
        load_articles([write_gold(tmp_path / "gold.jsonl", changed(1, path, value))])


@pytest.mark.parametrize(
    ("content", "message"), [(b"{}\n{\n", r"gold:1: url: missing"), (b"\n{\n", "gold:2: not JSON"), (b"\xff", "cannot")]
)
def test_a_file_that_is_not_json_lines_says_where(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "gold").write_bytes(content)
    with pytest.raises(AnnotationError, match=message):
        load_articles([tmp_path / "gold"])


def test_the_newsroom_holds_every_outlet_and_issue(tmp_path: Path) -> None:
    articles = load_articles([write_gold(tmp_path / "gold.jsonl")])
    write_archive(articles, tmp_path)
    write_newsroom(articles, tmp_path)
    newsroom = load_config(tmp_path / "newsroom.toml")
    assert [outlet.name for outlet in newsroom.outlets] == [article["outlet"] for article in ARTICLES]
    assert [issue.proposition for issue in newsroom.issues] == ['The "old" bridge should close.']
    assert (tmp_path / "archive" / "2021-06-01.jsonl").read_text(encoding="utf-8").count(BRIDGE) == 1


def test_the_run_does_not_publish_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def run(command: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        seen.update(env)
        return subprocess.CompletedProcess(command, 1, "", "no reader")

    monkeypatch.setattr(gold.subprocess, "run", run)
    monkeypatch.setenv("STANDPOINT_PUBLISH_TO", "s3://press")
    monkeypatch.setenv("STANDPOINT_READER", "/weights")
    with pytest.raises(GoldError, match=r"published nothing \(exit code 1\): no reader"):
        run_articles(load_articles([write_gold(tmp_path / "gold.jsonl")]), tmp_path)
    assert "STANDPOINT_PUBLISH_TO" not in seen
    assert seen["STANDPOINT_READER"] == "/weights"
    assert seen["STANDPOINT_WAREHOUSE"] == str(tmp_path / "warehouse.duckdb")


def test_a_folder_to_keep_must_be_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_gold(tmp_path / "gold.jsonl")
    monkeypatch.setattr("sys.argv", ["gold", str(file), "--keep", str(tmp_path)])
    with pytest.raises(SystemExit, match="is not empty"):
        gold.main()
