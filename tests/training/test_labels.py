"""Labels hold where things stand in a text and none of its words, and fit that text alone."""

import gzip
import json

import pytest

from pipeline.training.annotated import located
from pipeline.training.labels import LabelError, packed, read_labels
from tests.training.annotated import TEXT, record


@pytest.fixture
def folder(tmp_path):
    """A data folder with the text of the annotated article, and the labels of it."""
    (tmp_path / "data/allsides_articles").mkdir(parents=True)
    label = packed(located(record()))
    (tmp_path / "labels.jsonl.gz").write_bytes(gzip.compress(json.dumps(label).encode() + b"\n"))
    write_text(tmp_path, TEXT)
    return tmp_path


def write_text(folder, text):
    row = {"url": record()["url"], "title": "The plan", "content_original": text}
    path = folder / "data/allsides_articles/1.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode() + b"\n"))


def test_a_label_and_its_text_are_the_annotated_article(folder):
    (article,) = read_labels([folder / "labels.jsonl.gz"], folder / "data")
    given = located(record())
    for field in ("url", "title", "text", "types", "forms", "statements"):
        assert getattr(article, field) == getattr(given, field)
    assert {k: article.issue[k] for k in ("proposition", "aliases")} == {
        k: given.issue[k] for k in ("proposition", "aliases")
    }
    assert [(r["holder"], r["side"], r["statement"]) for r in article.issue["stands"]] == [("ode", "against", "s1")]


def test_a_holder_without_a_name_is_where_its_words_stand(folder):
    issue = record()["issue"] | {
        "stands": [{"holder": "unnamed: the minister", "side": "favour", "arguable": False, "statement": "s4"}]
    }
    label = packed(located(record(issue=issue)))
    assert "minister" not in json.dumps(label["issue"])
    (folder / "labels.jsonl.gz").write_bytes(gzip.compress(json.dumps(label).encode() + b"\n"))
    (article,) = read_labels([folder / "labels.jsonl.gz"], folder / "data")
    assert article.issue["stands"][0]["holder"] == "unnamed: the minister"


def test_a_label_holds_no_words_of_the_text_but_names():
    label = json.dumps(packed(located(record())) | {"issue": None})
    assert not [word for word in ("plan", "told", "minister", "good") if word in label]


def test_a_text_that_is_not_the_one_annotated_is_named(folder):
    write_text(folder, TEXT + " And more.")
    with pytest.raises(LabelError, match=r"no text in .* is the one that was annotated of https://alder\.example/1"):
        list(read_labels([folder / "labels.jsonl.gz"], folder / "data"))
