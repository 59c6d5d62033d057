"""A reader made in the test: a small vocabulary, and an encoder and a judge whose answers follow simple rules of the
words."""

import string

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from pipeline.reader import Reader
from pipeline.reader.roles import CONTENT, CUE

WORDS = [
    "said",
    "told",
    "she",
    "he",
    "the",
    "plan",
    "is",
    "good",
    "bad",
    "minister",
    "mara",
    "ode",
    "that",
    "in",
    "tessel",
]
HEADS = {"entity": 9, "cue": 3, "source": 3, "content": 3, "reference": 3, "polarity": 3, "stance": 3}


@pytest.fixture(scope="session")
def tiny_tokenizer():
    letters = list(string.ascii_lowercase + string.digits + string.punctuation + "“”‘’—–")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters), *WORDS]
    tokenizer = Tokenizer(WordPiece({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.decoder = WordPieceDecoder()
    return tokenizer


def judge(values, roles):
    """Neutral toward everything but for what the statement's own words say: 8 against where they have `bad`, 8 for it
    where they have `good`. A piece that is said counts 1, another 0. With a cue the speaker asserts, else asks."""
    bad, good = (bool(values[roles == CONTENT, i].any()) for i in (0, 1))
    pieces = np.zeros((len(roles), 4), dtype=np.float32)
    pieces[:, :3] = 8 * bad, 4, 8 * good
    pieces[:, 3] = roles == CONTENT
    has_cue = bool((roles == CUE).any())
    return pieces, np.array([2 * has_cue, 0, 0, 0, 2 * (not has_cue)], dtype=np.float32)


@pytest.fixture(scope="session")
def tiny_reader(tiny_tokenizer):
    """Mara Ode is a person, Tessel a place; `said` is a cue, what stands in straight quotes is content, `she`, `he` and
    `minister` mean Mara Ode, and a piece's polarity depends only on itself: names after `bad` do not matter, so that
    answers can be computed by hand. What the encoder computed of a piece is whether it is `bad`, and `good`."""
    ids_of = {w: tiny_tokenizer.token_to_id(w) for w in [*WORDS, '"', "[SEP]"]}

    def score(ids, segments, case):
        out = np.zeros((*ids.shape, 27), dtype=np.float32)
        out[..., [0, 9, 12, 15, 18]] = 4.0
        out[ids == ids_of["mara"], 1] = 9.0
        out[ids == ids_of["ode"], 2] = 9.0
        out[ids == ids_of["tessel"], 5] = 9.0
        out[ids == ids_of["said"], 10] = 9.0
        out[ids == ids_of["mara"], 13] = 9.0
        out[ids == ids_of["ode"], 14] = 9.0
        quotes = np.cumsum(ids == ids_of['"'], axis=0)
        out[(quotes % 2 == 1) | (ids == ids_of['"']), 17] = 9.0
        out[np.isin(ids, [ids_of[w] for w in ("she", "he", "minister")]), 19] = 9.0
        out[ids == ids_of["ode"], 21] = 3.0
        out[ids == ids_of["tessel"], 23] = 3.0
        out[ids == ids_of["good"], 26] = 6.0
        out[ids == ids_of["bad"], 24] = 6.0
        links = np.zeros((*ids.shape, 12), dtype=np.float32)
        links[..., 0:2] = 5.0
        links[ids == ids_of["said"], 2:6] = 5.0
        links[ids == ids_of["mara"], 6:8] = 5.0
        links[..., 8:10] = 5.0
        links[ids == ids_of["mara"], 10:12] = 5.0
        values = np.stack([ids == ids_of["bad"], ids == ids_of["good"]], axis=-1).astype(np.float32)
        return out, links, values

    card = {
        "revision": "tiny",
        "languages": ["en"],
        "heads": HEADS,
        "link_width": 2,
        "window": 30,
        "overlap": 8,
        "thresholds": {"cue": 0.5, "source": 0.5, "content": 0.5, "reference": 0.5, "statement": 0.25},
        "temperatures": dict.fromkeys(HEADS, 1.0),
        "calibration": {"entity": [1.0, 0.0], "statement": [1.0, 0.0]},
        "sides": [1.0, 0.0, 0.0, 0.0],
        "commitment": [0.0] * 5,
    }
    return Reader(score, judge, tiny_tokenizer, card)
