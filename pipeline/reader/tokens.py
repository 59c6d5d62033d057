"""Texts to word pieces with their case, and over-long texts to overlapping windows of the encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

IntArray = npt.NDArray[np.int64]

# The encoder is uncased; how a word is written is added to each of its pieces as one of these.
CASES = ("other", "lower", "capitalised", "upper", "initial", "mixed", "digit")

SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Tokens:
    """The word pieces of one text, without special tokens. Every array has length n (pieces)."""

    ids: IntArray
    case: IntArray
    offsets: IntArray
    """(n, 2): half-open code point spans of the given text."""
    words: IntArray
    """Which word a piece belongs to, counted from 0 without gaps; a span begins and ends at words."""

    def __len__(self) -> int:
        return len(self.ids)

    def slice(self, start: int, end: int) -> Tokens:
        """Pieces `start` to `end`, words counted from 0 again."""
        words = self.words[start:end]
        first = words[0] if len(words) else 0
        return Tokens(self.ids[start:end], self.case[start:end], self.offsets[start:end], words - first)

    def pieces(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of pieces inside a code point span."""
        return (
            int(np.searchsorted(self.offsets[:, 1], start, side="right")),
            int(np.searchsorted(self.offsets[:, 0], end, side="left")),
        )


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Tokens]:
    """One `Tokens` per text, whatever its length. Offsets count code points of the text as given."""
    # An unpaired surrogate cannot be encoded; U+FFFD takes its place, one code point for one.
    encodings = tokenizer.encode_batch([SURROGATE.sub("\ufffd", text) for text in texts], add_special_tokens=False)
    return [_tokens(text, e) for text, e in zip(texts, encodings, strict=True)]


def _tokens(text: str, encoding: Encoding) -> Tokens:
    ids = np.array(encoding.ids, dtype=np.int64)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    if not len(ids):
        return Tokens(ids, ids, offsets, ids)
    words = np.array(encoding.word_ids, dtype=np.int64)
    words = np.concatenate([[0], np.cumsum(np.diff(words) != 0)])
    starts = np.flatnonzero(np.diff(words, prepend=-1))
    ends = np.append(starts[1:], len(words)) - 1
    cases = np.array(
        [case_of(text[s:e]) for s, e in zip(offsets[starts, 0].tolist(), offsets[ends, 1].tolist(), strict=True)],
        dtype=np.int64,
    )
    return Tokens(ids, cases[words], offsets, words)


@lru_cache(maxsize=65536)
def case_of(word: str) -> int:
    """Index into `CASES` of how the word is written."""
    if word.islower():
        return 1
    if word.isupper():
        return 4 if len(word) == 1 else 3
    if word[:1].isupper() and word[1:].islower():
        return 2
    if word.isdigit():
        return 6
    return 5 if word.isalpha() else 0


def windows(length: int, size: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """Cover `length` pieces by as few windows of one length, at most `size`, as neighbours sharing `overlap` allow.

    Yields (start, end, keep_from, keep_to): the window, and the pieces whose answers are taken from it, so that each
    piece is answered once, by the window in which it stands farthest from an edge.
    """
    count = max(1, -(-(length - overlap) // (size - overlap)))
    width = -(-(length + (count - 1) * overlap) // count)
    starts = [0, *((length - width) * i // (count - 1) for i in range(1, count))]
    edges = [0, *((starts[i] + starts[i - 1] + width) // 2 for i in range(1, count)), length]
    for start, keep_from, keep_to in zip(starts, edges, edges[1:], strict=False):
        yield start, start + width, keep_from, keep_to
