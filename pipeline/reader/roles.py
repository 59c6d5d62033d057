"""Where a statement is read again for its sides and its commitment: its passage, and the role of each piece there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.reader.tokens import IntArray

# What a piece is to the statement that is judged: NESTED is content that a statement inside this one says.
NONE, SPEAKER, CUE, CONTENT, NESTED = range(5)
ROLES = 5

# Pieces that a passage has at most: a quotation of several paragraphs is judged by its beginning.
LONGEST = 224
# Pieces by which a passage is extended, at most, to the ends of its sentences.
SENTENCE_REACH = 40
# A speaker or cue farther from the content than this many pieces is not part of the passage.
FARTHEST = 64

Range = tuple[int, int]


def passage(ends: npt.NDArray[np.bool_], content: Sequence[Range], others: Sequence[Range]) -> Range:
    """The half-open range of pieces in which a statement is judged: content, speaker and cue, in whole sentences.

    Args:
        ends: which pieces of the text end a sentence.
        content: ranges of pieces, in text order.
        others: ranges of the speaker and the cue.
    """
    low, high = content[0][0], min(content[-1][1], content[0][0] + LONGEST)
    for start, end in others:
        if start < end and start > low - FARTHEST and end < high + FARTHEST:
            low, high = min(low, start), max(high, end)
    before = np.flatnonzero(ends[max(0, low - SENTENCE_REACH) : low])
    low = max(0, low - SENTENCE_REACH) + (int(before[-1]) + 1 if len(before) else 0)
    if not ends[high - 1]:
        after = np.flatnonzero(ends[high : high + SENTENCE_REACH])
        high = min(len(ends), high + (int(after[0]) + 1 if len(after) else SENTENCE_REACH))
    return low, min(high, low + LONGEST)


def roles(
    within: Range,
    content: Sequence[Range],
    speaker: Range | None,
    cue: Range | None,
    nested: Sequence[Range] = (),
) -> IntArray:
    """The role of each piece of a passage."""
    out = np.zeros(within[1] - within[0], dtype=np.int64)
    named = ((CONTENT, content), (NESTED, nested), (SPEAKER, [speaker]), (CUE, [cue]))
    for role, ranges in named:
        for start, end in (r for r in ranges if r is not None):
            out[max(0, start - within[0]) : max(0, end - within[0])] = role
    return out
