"""What of an annotated article lies in a window, and what the reader loses there."""

import random
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")

from pipeline.reader import decode  # noqa: E402
from pipeline.reader.roles import LEAD  # noqa: E402
from pipeline.reader.tokens import Tokens  # noqa: E402
from pipeline.training.annotated import Judgement, Referring, lesson, located  # noqa: E402
from pipeline.training.data import Document  # noqa: E402
from pipeline.training.model import LINK  # noqa: E402
from pipeline.training.statements import (  # noqa: E402
    Window,
    judge_labels,
    judge_loss,
    judged,
    name_loss,
    toward,
    window,
    windows_of,
)
from pipeline.training.train import cut  # noqa: E402
from tests.reader.conftest import tiny_tokenizer  # noqa: E402, F401  (a fixture)
from tests.training.annotated import TEXT, record  # noqa: E402

# More than what leads up to a statement stands before the first.
LONG = "It is bad. " * 30 + TEXT


@pytest.fixture(scope="module")
def whole(tiny_tokenizer):  # noqa: F811
    return lesson(tiny_tokenizer, located(record(LONG)), frozenset({tiny_tokenizer.token_to_id(".")}))


def between(whole, first, last):
    """The window from the words `first`, or so many pieces before the statements, to the end of the words `last`."""
    end = whole.document.tokens.pieces(0, LONG.index(last) + len(last))[1]
    start = whole.document.tokens.pieces(LONG.index("Mara Ode said" if isinstance(first, int) else first), len(LONG))[0]
    start -= first if isinstance(first, int) else 0
    return window(whole, cut(whole.document, start, end), start, end)


def words(part, span):
    offsets = part.document.tokens.offsets
    return LONG[offsets[span[0], 0] : offsets[span[1] - 1, 1]]


def test_a_window_has_the_statements_that_lie_whole_in_it(whole):
    assert between(whole, LEAD // 2, "Tessel is good.").judgements == []
    part = between(whole, LEAD, "Tessel is good.")
    assert [words(part, j.within[1:]) for j in part.judgements] == [
        "Mara Ode said the plan is bad.",
        "She told the minister that Tessel is good.",
    ]
    ((minister, *_), (tessel, *_)) = part.judgements[1].targets
    assert [words(part, span) for span in (*minister, *tessel)] == ["the minister", "Tessel"]


def test_a_window_has_the_references_whose_name_is_in_it_too(whole):
    assert [words(between(whole, "She", "said."), r.at) for r in between(whole, "She", "said.").references] == [
        "the minister",
        "the minister",
    ]
    part = between(whole, "Mara", "Tessel is good.")
    assert [(words(part, r.at), [words(part, n) for n in r.names]) for r in part.references] == [("She", ["Mara Ode"])]


@pytest.mark.parametrize("seed", range(20))
def test_windows_hold_all_of_a_long_article_but_a_few_pieces_at_its_edges(whole, seed):
    short = whole.document.tokens
    fields = ("ids", "case", "offsets", "words")
    tokens = Tokens(*(np.concatenate([getattr(short, f)] * 2)[:300] for f in fields))
    long = replace(whole, document=Document("", tokens, {}))
    ranges = windows_of(long, 64, random.Random(seed))
    held = np.zeros(len(tokens), dtype=bool)
    for start, end in ranges:
        assert 8 < end - start <= 64
        held[start:end] = True
    assert held[8:-8].all()


def test_a_short_article_is_one_window(whole):
    length = len(whole.document.tokens)
    assert windows_of(whole, length, random.Random(1)) == [(0, length)]


# --- the judge -------------------------------------------------------------------------------------------------------


def said(within, targets=(), commitment=0):
    return Judgement((within[0], *within), np.full(within[1] - within[0], 3), commitment, targets)


def windows(*parts):
    return [Window(None, list(part)) for part in parts]


def test_a_judgement_is_read_where_its_passage_stands_after_cls():
    labels = judge_labels(windows([said((2, 4))], [said((0, 3), ((((1, 2),), 2, 0.5),), 4)]))
    assert labels["row"].tolist() == [0, 1]
    assert labels["at"].tolist() == [[3, 4, 0], [1, 2, 3]]
    assert labels["inside"].tolist() == [[True, True, False], [True, True, True]]
    assert labels["commitment"].tolist() == [0, 4]
    assert labels["places"].tolist() == [[False, True, False]]
    assert (labels["which"].tolist(), labels["side"].tolist(), labels["sure"].tolist()) == ([1], [2], [0.5])


def test_windows_without_statements_cost_nothing():
    labels = judge_labels(windows([], []))
    assert judge_loss(torch.zeros(0, 3), torch.zeros(0, 5), labels).item() == 0


def test_the_side_toward_a_target_is_pooled_by_how_much_its_pieces_count():
    # The second piece counts three times as much as the first; the third is no piece of the target.
    pieces = torch.tensor([[[4, 0, 0, 0], [0, 0, 4, np.log(3)], [0, 90, 0, 9]]], dtype=torch.float32)
    pooled = toward(pieces, torch.tensor([[True, True, False]]))
    assert pooled.tolist() == [pytest.approx([1.0, 0.0, 3.0], abs=1e-5)]


def test_training_pools_as_reading_does():
    answers = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)
    pooled = toward(torch.from_numpy(answers)[None], torch.ones(1, 5, dtype=torch.bool))
    assert pooled.softmax(1)[0].tolist() == pytest.approx(
        decode.toward(answers, [(0, 5)], [1.0, 0.0, 0.0, 0.0])[0, :3].tolist(), abs=1e-6
    )


def test_each_target_is_judged_in_its_own_statements_passage():
    def judge(values, roles, mask):
        # Against by the value of the piece itself; commitment by how many pieces there are.
        pieces = torch.zeros(*values.shape[:2], 4)
        pieces[..., 0] = values[..., 0]
        return pieces, mask.sum(1, keepdim=True).float().expand(-1, 5)

    values = torch.arange(20.0).view(2, 10, 1)
    one, other = said((2, 4), ((((3, 4),), 0, 1.0),)), said((0, 3), ((((0, 1), (2, 3)), 1, 1.0),))
    sides, commitment = judged(judge, values, judge_labels(windows([one], [other])))
    assert sides[:, 0].tolist() == [4.0, 12.0]
    assert commitment[:, 0].tolist() == [2.0, 3.0]


@pytest.mark.parametrize(("weights", "costs_more"), [((1.0, 0.5), True), ((0.5, 1.0), False)])
def test_a_side_that_may_be_left_out_costs_less(weights, costs_more):
    targets = tuple((((i, i + 1),), 0, weight) for i, weight in enumerate(weights))
    labels = judge_labels(windows([said((0, 3), targets)]))
    commitment = torch.zeros(1, 5)
    wrong, right = [0.0, 0.0, 5.0], [5.0, 0.0, 0.0]
    first, second = (judge_loss(torch.tensor(s), commitment, labels) for s in ([wrong, right], [right, wrong]))
    assert bool(first > second) is costs_more


def test_a_commitment_that_is_right_costs_less():
    labels = judge_labels(windows([said((0, 3), commitment=2)]))
    right, wrong = (judge_loss(torch.zeros(0, 3), 5 * torch.eye(5)[i][None], labels) for i in (2, 0))
    assert right < wrong


# --- names -----------------------------------------------------------------------------------------------------------


def attention(length, asks, offers):
    """Links of one row in which the piece `asks` asks for what the pieces `offers` offer; [CLS] stands first."""
    links = torch.zeros(1, length, 6 * LINK)
    links[0, asks + 1, 4 * LINK] = 20
    for piece in offers:
        links[0, piece + 1, 5 * LINK] = 20
    return links


def test_attention_on_a_name_that_is_meant_costs_less_than_on_another():
    part = Window(None, [], [Referring((8, 9), ((0, 2), (5, 6)))])
    mask = torch.ones(1, 12)
    first, second, other, nothing = (
        name_loss(attention(12, 8, offers), mask, [part]).item() for offers in ([0, 1], [5], [3], [])
    )
    assert max(first, second) < 0.05 < nothing < other


def test_a_reference_does_not_mean_itself():
    part = Window(None, [], [Referring((4, 6), ((5, 6),))])
    assert name_loss(attention(12, 4, [5]), torch.ones(1, 12), [part]).item() == 0


def test_windows_without_references_cost_nothing():
    assert name_loss(attention(12, 4, [5]), torch.ones(1, 12), [Window(None)]).item() == 0
