"""Links to Wikidata on two invented sets: what is unmasked, what is a name, what is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.evaluation import linking
from pipeline.evaluation.annotation import Article
from pipeline.evaluation.gold import DAY
from pipeline.evaluation.linking import (
    Document,
    LinkingError,
    Scores,
    Shown,
    Span,
    cost_of_entities,
    find_sets,
    load_set,
    places_in_body,
    read_shown,
    score_set,
    to_articles,
    to_table,
)
from pipeline.lake import Lake
from pipeline.schemas import Articles, Mentions, References, Statements
from tests.stages.marked import NO_LINKS, read

TEXT = "ALDER 1996-08-30 Ina Moss met the Corvanian president , and Rosa Vale left for Birch ."
MASKED = TEXT.replace("met the", "*** ***").replace("left", "****")
GOLD = {"ALDER": "Q1", "Ina Moss": "Q4", "Corvanian": "Q7", "Rosa Vale": "<NIL>", "Birch": "Q9"}
KNOWN = {"Q1", "Q4", "Q7"}


def label(words: str, id: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    start = text.index(words)
    return {"id": 0, "span": [start, start + len(words)], "entity_id": id, "name": words, "type": "OTHER", **more}


def line(text: str = MASKED, title: str = "", **more: Any) -> dict[str, Any]:
    labels = [label(words, id) for words, id in GOLD.items()]
    return {"id": 1, "title": title, "text": text, "evaluation_span": [0, len(text)], "labels": labels, **more}


def document(**more: Any) -> Document:
    return Document.model_validate(line(TEXT, **more))


def write(data: Path, *lines: dict[str, Any], name: str = "aida-conll-dev") -> Path:
    """The set, and the words of its texts in the other folder, after those of another document."""
    (data / "entity_linking").mkdir(exist_ok=True)
    (data / "conll2003").mkdir(exist_ok=True)
    file = data / "entity_linking" / f"{name}.benchmark.jsonl"
    file.write_text("".join(f"{json.dumps(own)}\n" for own in lines), encoding="utf-8")
    documents = ("x" * len(TEXT), TEXT)
    words = ["-DOCSTART- -X- O O\n\n" + "".join(f"{token} NN I-NP O\n" for token in own.split()) for own in documents]
    (data / "conll2003" / "eng.testa").write_text("\n".join(words), encoding="utf-8")
    return data


def span(words: str, id: str | None, method: str = "known", text: str = TEXT) -> Span:
    start = text.index(words)
    return Span(start, start + len(words), id, words, method)


def scores(*spans: Span, own: Document | None = None) -> Scores:
    return score_set("alder-dev", [own or document()], [Shown(TEXT, list(spans))], KNOWN)


def counts(found: Scores) -> tuple[int, int, int, int]:
    return found.links.right, found.links.shown, found.links.found, found.links.wanted


# --- counting --------------------------------------------------------------------------------------------------------


def test_a_name_is_found_by_a_span_with_its_id() -> None:
    found = scores(span("ALDER", "Q1"), span("Ina Moss", "Q5"), span("Birch", None, "name"))
    assert counts(found) == (1, 2, 1, 4)
    assert (found.linked, found.known, found.ids, found.known_ids, found.ceiling) == (2, 3, 4, 3, 75)
    assert [(miss.kind, miss.detail.split(" | ")[:3]) for miss in found.links.misses] == [
        ("missed", ["Corvanian", "no span", "Corvanian Q7"]),
        ("wrong", ["Ina Moss", "known Ina Moss Q5", "Ina Moss Q4"]),
    ]


def test_the_span_of_the_same_offsets_counts_before_a_longer_one() -> None:
    longer, same = span("Ina Moss met", "Q5"), span("Ina Moss", "Q4")
    assert counts(scores(longer, same)) == counts(scores(same, longer)) == (1, 1, 1, 4)
    assert counts(scores(longer)) == (0, 1, 0, 4)
    assert counts(scores(span("Moss", "Q4"))) == (1, 1, 1, 4)


def test_a_description_that_holds_a_name_is_not_judged_where_the_name_has_a_span() -> None:
    president = span("the Corvanian president", "Q8", "description")
    assert counts(scores(president, span("Corvanian", "Q7", "demonym"))) == (1, 1, 1, 4)
    assert counts(scores(president)) == (0, 1, 0, 4)


def test_a_span_over_two_names_is_one_link_and_right_with_either_id() -> None:
    both = span("Ina Moss met the Corvanian", "Q4")
    assert counts(scores(both)) == (1, 1, 1, 4)


def test_a_link_of_someone_without_an_id_is_wrong_and_wanted_by_nobody() -> None:
    found = scores(span("Rosa Vale", "Q5"))
    assert counts(found) == (0, 1, 0, 4)
    assert found.links.misses[-1].kind == "wrong-nil"
    assert found.linked == 0


@pytest.mark.parametrize(
    "change",
    [
        {"coref": True},
        {"optional": True},
        {"type": "QUANTITY"},
        {"entity_id": "<NO_MAPPING>"},
        {"entity_id": ""},
        {"name": "moss"},
        {"span": [TEXT.index("president"), TEXT.index("president") + 9]},
    ],
)
def test_what_is_no_name_does_not_count(change: dict[str, Any]) -> None:
    own = document(labels=[label("Ina Moss", "Q4") | change])
    assert counts(scores(span("Ina Moss", "Q5"), span("president", "Q5"), own=own)) == (0, 0, 0, 0)


def test_names_outside_the_evaluation_span_do_not_count() -> None:
    own = document(evaluation_span=[TEXT.index("Ina"), TEXT.index("Birch")])
    assert counts(scores(span("ALDER", "Q5"), own=own)) == (0, 0, 0, 2)


def test_names_of_a_document_that_is_not_published_are_missed() -> None:
    found = score_set("alder-dev", [document()], [None], KNOWN)
    assert counts(found) == (0, 0, 0, 4)
    assert "1 of 1 documents were not published" in to_table([found], 1)


def test_the_table_has_the_figures_and_the_cost() -> None:
    table = to_table([scores(span("ALDER", "Q1"), span("Ina Moss", "Q5"))], 2.345).split("\n")
    assert table[1].split() == ["alder-dev", "4", "2", "50.0", "25.0", "33.3", "3", "75.0", "4", "3"]
    assert table[-1] == "entities: 2.3 ms an article (CPU time)"


# --- places ----------------------------------------------------------------------------------------------------------


def test_places_follow_the_cleaning_of_the_text_and_the_loss_of_its_headline() -> None:
    text = "Moss leaves\n\n\n``I  go ,'' said  Ina Moss ."
    labels = [label("Moss", "Q4", text), label("Ina Moss", "Q4", text)]
    own = Document(title="Moss leaves", text=text, evaluation_span=(0, len(text)), labels=labels)  # type: ignore[arg-type]
    body = '"I go ," said Ina Moss .'
    ((start, end),) = places_in_body(own, body).values()
    assert body[start:end] == "Ina Moss"


def test_a_body_of_other_words_is_an_error() -> None:
    with pytest.raises(LinkingError, match=r"changed the text of 'ALDER 1996"):
        places_in_body(document(), "Another text.")


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_masked_text_gets_its_words_back(tmp_path: Path) -> None:
    assert [own.text for own in load_set(write(tmp_path, line()), "aida-conll-dev")] == [TEXT]


def test_asterisks_of_another_set_stay(tmp_path: Path) -> None:
    assert load_set(write(tmp_path, line(), name="alder-dev"), "alder-dev")[0].text == MASKED


def test_only_development_sets_are_read_unasked(tmp_path: Path) -> None:
    write(tmp_path, line(), name="rss")
    with pytest.raises(LinkingError, match="no development set"):
        find_sets(tmp_path)
    write(tmp_path, line(), name="birch-dev")
    write(tmp_path, line())
    assert find_sets(tmp_path) == ["aida-conll-dev", "birch-dev"]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (line("y" + MASKED[1:]), r"dev.benchmark.jsonl:2: no document of .*eng.testa has this text"),
        (line(labels=[{"span": [5, 900], "entity_id": "Q1"}]), r":2: .*the span \[5, 900\] is not in the text"),
        (line(labels=[{"span": [0, 5]}]), r":2: labels.0.entity_id: Field required"),
        ({"title": ""}, r":2: text: Field required"),
    ],
)
def test_a_bad_line_says_where_and_what(tmp_path: Path, second: dict[str, Any], message: str) -> None:
    with pytest.raises(LinkingError, match=message):
        load_set(write(tmp_path, line(), second), "aida-conll-dev")


def test_a_file_that_is_missing_empty_or_no_conll_says_so(tmp_path: Path) -> None:
    with pytest.raises(LinkingError, match="has no documents"):
        load_set(write(tmp_path), "aida-conll-dev")
    with pytest.raises(LinkingError, match=r"cannot read .*rss"):
        load_set(tmp_path, "rss")
    (tmp_path / "conll2003" / "eng.testa").write_text("Moss NNP\n")
    with pytest.raises(LinkingError, match=r"eng.testa:1: a document begins with -DOCSTART-, not with 'Moss'"):
        load_set(tmp_path, "aida-conll-dev")


# --- the run ---------------------------------------------------------------------------------------------------------


def test_an_article_has_the_day_of_its_title_or_dateline_else_that_of_the_one_before() -> None:
    texts = {"": TEXT, "20180306 - Moss leaves": TEXT, "Moss stays": "Ina Moss stays .", "99999999 - Moss": "Ina Moss"}
    documents = [Document(title=t, text=own, evaluation_span=(0, 1), labels=()) for t, own in texts.items()]
    articles = to_articles("alder-dev", documents)
    assert [article.date for article in articles] == ["1996-08-30", "2018-03-06", "2018-03-06", "2018-03-06"]
    assert [article.title for article in articles] == ["alder-dev 1", "Moss leaves", "Moss stays", "Moss"]


def published(file: Path) -> Path:
    moss = (TEXT.index("Ina"), TEXT.index("Ina") + 8)
    with duckdb.connect(str(file)) as con:
        con.execute(
            "CREATE TABLE articles AS SELECT 'a' AS article_id, ? AS body, 'https://o.example/0' AS url", [TEXT]
        )
        con.execute(
            "CREATE TABLE entity_links AS SELECT 'a' AS article_id, ?::BIGINT AS start, ?::BIGINT AS \"end\", "
            "'Q4' AS wikidata_id, 'Ina Moss' AS name, 'known' AS method",
            list(moss),
        )
    return file


def test_spans_come_from_the_published_file(tmp_path: Path) -> None:
    shown = read_shown(published(tmp_path / "warehouse.duckdb"), 2)
    assert shown == [Shown(TEXT, [span("Ina Moss", "Q4")]), None]


def write_lake(lake: Lake) -> Lake:
    articles, mentions, statements = read("<per>Ina Moss</per> left.", days=(DAY,))
    lake.write(Articles, DAY, articles)
    lake.write(Mentions, DAY, mentions)
    lake.write(Statements, DAY, statements)
    lake.write(References, DAY, NO_LINKS)
    return lake


def test_the_cost_of_the_stage_is_measured_on_the_run_s_lake(tmp_path: Path) -> None:
    assert cost_of_entities(write_lake(Lake(str(tmp_path)))) > 0


def test_a_set_goes_from_file_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, line())

    def run(articles: list[Article], folder: Path) -> Path:
        assert [(article.outlet, article.text) for article in articles] == [("aida-conll-dev", TEXT)]
        write_lake(Lake(str(folder / "lake")))
        return published(folder / "warehouse.duckdb")

    monkeypatch.setattr(linking, "run_articles", run)
    monkeypatch.setattr("sys.argv", ["linking", "--data", str(tmp_path), "--errors"])
    linking.main()
    assert capsys.readouterr().out.split("\n")[1].split()[:6] == ["aida-conll-dev", "4", "1", "100.0", "25.0", "40.0"]


def test_a_folder_without_sets_ends_with_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["linking", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match="no development set"):
        linking.main()
