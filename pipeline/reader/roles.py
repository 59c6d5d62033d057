"""Where a statement is read again for its sides and its commitment: its passage, and the role of each piece there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.reader.tokens import IntArray

# What a piece is to the statement that is judged: NESTED is content that a statement inside this one says, BEFORE the
# text that leads up to the statement's own sentences.
NONE, SPEAKER, CUE, CONTENT, NESTED, BEFORE = range(6)
ROLES = 6

# Pieces that a passage has at most: a quotation of several paragraphs is judged by its beginning.
LONGEST = 224
# Pieces by which a passage is extended, at most, to the ends of its sentences.
SENTENCE_REACH = 40
# Pieces before a statement's own sentences that are read with them, from the beginning of a sentence on: whom or what a
# statement is about is often named there, and meant by nothing but a pronoun, or not at all, in the statement.
LEAD = 64
# A speaker or cue farther from the content than this many pieces is not part of the passage.
FARTHEST = 64

Range = tuple[int, int]


def passage(ends: npt.NDArray[np.bool_], content: Sequence[Range], others: Sequence[Range]) -> tuple[int, int, int]:
    """Where a statement is judged, in pieces: (first of what leads up to it, first of its own sentences, end).

    Args:
        ends: which pieces of the text end a sentence.
        content: ranges of pieces, in text order.
        others: ranges of the speaker and the cue.
    """
    low, high = content[0][0], min(content[-1][1], content[0][0] + LONGEST)
    for start, end in others:
        if start < end and start > low - FARTHEST and end < high + FARTHEST:
            low, high = min(low, start), max(high, end)
    low = _sentence(ends, low, SENTENCE_REACH)
    if not ends[high - 1]:
        after = np.flatnonzero(ends[high : high + SENTENCE_REACH])
        high = min(len(ends), high + (int(after[0]) + 1 if len(after) else SENTENCE_REACH))
    high = min(high, low + LONGEST)
    first = max(0, low - LEAD)
    ended = np.flatnonzero(ends[first : max(first, low - 1)])
    is_whole = first == 0 or bool(ends[first - 1])
    lead = first if is_whole else first + int(ended[0]) + 1 if len(ended) else first
    return lead, low, high


def _sentence(ends: npt.NDArray[np.bool_], at: int, reach: int) -> int:
    """Where the sentence of a piece begins, at most `reach` pieces before it."""
    first = max(0, at - reach)
    ended = np.flatnonzero(ends[first:at])
    return first + (int(ended[-1]) + 1 if len(ended) else 0)


def roles(
    within: tuple[int, int, int],
    content: Sequence[Range],
    speaker: Range | None,
    cue: Range | None,
    nested: Sequence[Range] = (),
) -> IntArray:
    """The role of each piece of a passage."""
    lead, low, high = within
    out = np.zeros(high - lead, dtype=np.int64)
    out[: low - lead] = BEFORE
    named = ((CONTENT, content), (NESTED, nested), (SPEAKER, [speaker]), (CUE, [cue]))
    for role, ranges in named:
        for start, end in (r for r in ranges if r is not None):
            out[max(0, start - lead) : max(0, end - lead)] = role
    return out
