"""Judged rows hold no words of their texts, and teach the side toward one target."""

import gzip
import json
import random

import pytest

torch = pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")

from pipeline.reader import SIDES  # noqa: E402
from pipeline.reader.tokens import tokenize  # noqa: E402
from pipeline.training.annotated import ARGUABLE, Lesson, located  # noqa: E402
from pipeline.training.data import IGNORE, Document  # noqa: E402
from pipeline.training.labels import LabelError, digest  # noqa: E402
from pipeline.training.rows import judgements_of, read_rows  # noqa: E402
from pipeline.training.statements import judge_labels_of, judge_loss, windows_around  # noqa: E402
from tests.reader.conftest import tiny_tokenizer  # noqa: E402, F401  (a fixture)
from tests.training.annotated import TEXT  # noqa: E402


def at(words):
    start = TEXT.index(words)
    return [start, start + len(words)]


def row(**given):
    return {
        "url": "https://alder.example/1", "sha256": digest(TEXT), "speaker": at("She"), "cue": at("told"),
        "content": [at("that Tessel is good")], "nested": [], "target": [at("Tessel")], "side": "favour",
        "arguable": False,
    } | given  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "allsides_articles").mkdir()
    article = {"url": "https://alder.example/1", "title": "The plan", "content_original": TEXT}
    (tmp_path / "allsides_articles/1.jsonl.gz").write_bytes(gzip.compress(json.dumps(article).encode() + b"\n"))
    return tmp_path


def rows_of(folder, *rows):
    path = folder / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    return list(read_rows([path], folder))


def judged(folder, tokenizer, *rows):
    ((text, found),) = rows_of(folder, *rows)
    (tokens,) = tokenize(tokenizer, [text])
    return list(judgements_of(found, tokens, [tokenizer.token_to_id(".")])), tokens


def test_a_row_is_a_passage_with_one_target_and_its_side(folder, tiny_tokenizer):  # noqa: F811
    (clear, arguable), tokens = judged(folder, tiny_tokenizer, row(), row(side="against", arguable=True))
    ((places, side, weight),) = clear.targets
    assert [TEXT[tokens.offsets[s, 0] : tokens.offsets[e - 1, 1]] for s, e in places] == ["Tessel"]
    assert (SIDES[side], weight) == ("favour", 1.0)
    assert (SIDES[arguable.targets[0][1]], arguable.targets[0][2]) == ("against", ARGUABLE)


def test_a_row_teaches_nothing_of_commitment(folder, tiny_tokenizer):  # noqa: F811
    (one,), _ = judged(folder, tiny_tokenizer, row())
    labels = judge_labels_of([one])
    assert labels["commitment"].tolist() == [IGNORE]
    sides, commitment = torch.zeros(1, 3, requires_grad=True), torch.zeros(1, 5, requires_grad=True)
    judge_loss(sides, commitment, labels).backward()
    assert sides.grad.abs().sum() > 0
    assert commitment.grad.abs().sum() == 0


def test_a_target_outside_the_passage_teaches_nothing(folder, tiny_tokenizer):  # noqa: F811
    found, _ = judged(folder, tiny_tokenizer, row(), row(target=[[0, 0]]))
    assert len(found) == 1


@pytest.mark.parametrize("flaw", [{"side": "for"}, {"content": 3}, {"target": [[1]]}])
def test_a_line_that_is_no_row_is_named(folder, flaw):
    with pytest.raises(ValueError, match=r"rows\.jsonl\.gz:2 is not a judged row"):
        rows_of(folder, row(), row(**flaw))


def test_a_row_of_another_text_is_refused(folder):
    with pytest.raises(LabelError, match=r"the one that was judged of https://alder\.example/1"):
        rows_of(folder, row(sha256="0" * 64))


@pytest.mark.parametrize("size", [4, 12, 500])
def test_a_window_holds_the_passages_that_are_judged_whole(folder, tiny_tokenizer, size):  # noqa: F811
    others = row(content=[at("the plan is bad")], speaker=at("Mara Ode"), cue=at("said"), target=[at("plan")])
    found, tokens = judged(folder, tiny_tokenizer, row(), others)
    nothing = located({"url": "", "title": "", "text": TEXT, "entities": [], "statements": []})
    ranges = windows_around(Lesson(nothing, Document(TEXT, tokens), found, []), size, random.Random(1))
    assert all(any(s <= j.within[0] and j.within[2] <= e for s, e in ranges) for j in found)
    assert all(0 <= s < e <= len(tokens) for s, e in ranges)
