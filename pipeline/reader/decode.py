"""Scores per word piece to spans: entities, and statements with their cue, speaker and content."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.reader.tokens import Tokens

FloatArray = npt.NDArray[np.float32]

TYPES = ("PER", "ORG", "LOC", "MISC")

# A word that the reader holds to be outside any entity with at least this probability ends an entity; the best path is
# sought only between such words, which are nine in ten.
SURELY_OUTSIDE = 0.98
# A piece and its cue, or a cue and its source, were never farther apart in training than one window.
LINK_REACH = 254
# Content that is not cut by anything but this many words is one piece (a stray word between two sure ones).
CONTENT_GAP = 1

OPENING, CLOSING, STRAIGHT = "“«„", "”»", '"'


@dataclass(frozen=True)
class Span:
    """Half-open range of words, how sure it is, and its type where it has one."""

    start: int
    end: int
    probability: float
    type: str = ""


@dataclass(frozen=True)
class Statement:
    """One attribution, in words; `speaker` and `cue` are absent where the text has none."""

    speaker: Span | None
    cue: Span | None
    content: tuple[Span, ...]
    probability: float


def softmax(scores: FloatArray) -> FloatArray:
    """Over the last axis."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


def word_starts(tokens: Tokens) -> npt.NDArray[np.intp]:
    """Index of the first piece of each word."""
    return np.flatnonzero(np.diff(tokens.words, prepend=-1))


def word_means(values: FloatArray, starts: npt.NDArray[np.intp]) -> FloatArray:
    """(pieces, k) to (words, k): the mean over the pieces of each word."""
    counts = np.diff(np.append(starts, len(values)))
    return np.asarray(np.add.reduceat(values, starts, axis=0) / counts[:, None], dtype=np.float32)


def entity_spans(scores: FloatArray) -> list[Span]:
    """(words, 9) scores in the order O, B-PER, I-PER, … to the likeliest spans that are well formed."""
    probability = softmax(scores)
    unsure = np.flatnonzero(probability[:, 0] < SURELY_OUTSIDE)
    spans: list[Span] = []
    if not len(unsure):
        return spans
    cuts = np.flatnonzero(np.diff(unsure) > 1) + 1
    for run in np.split(unsure, cuts):
        first, last = int(run[0]), int(run[-1]) + 1
        tags = _best_path(np.log(probability[first:last] + 1e-9))
        at = 0
        while at < len(tags):
            if tags[at] == 0:
                at += 1
                continue
            end = at + 1
            while end < len(tags) and tags[end] == tags[at] + 1:
                end += 1
            kind = (tags[at] - 1) // 2
            inside = probability[first + at : first + end, [1 + 2 * kind, 2 + 2 * kind]].sum(axis=1)
            spans.append(Span(first + at, first + end, float(inside.mean()), TYPES[kind]))
            at = end
    return spans


def _best_path(log: FloatArray) -> list[int]:
    """Viterbi over BIO tags: I-X follows only B-X or I-X, and nothing stands before the first word."""
    tags = log.shape[1]
    allowed = np.zeros((tags, tags), dtype=np.float32)
    for inside in range(2, tags, 2):
        allowed[:, inside] = -np.inf
        allowed[[inside - 1, inside], inside] = 0
    best = np.where(np.arange(tags) % 2 == 0, -np.inf, log[0])
    best[0] = log[0, 0]
    back = []
    for row in log[1:]:
        paths = best[:, None] + allowed
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    path = [int(best.argmax())]
    for choice in reversed(back):
        path.append(int(choice[path[-1]]))
    return path[::-1]


def tag_spans(scores: FloatArray, threshold: float = 0.5) -> list[Span]:
    """(words, 3) scores in the order O, B, I to spans; a word is inside where B and I together reach the threshold."""
    probability = softmax(scores)
    inside = 1 - probability[:, 0]
    begins = (probability[:, 1] > probability[:, 2]) & (inside >= threshold)
    spans = []
    start = None
    for i, is_inside in enumerate((inside >= threshold).tolist()):
        if start is not None and (not is_inside or begins[i]):
            spans.append(Span(start, i, float(inside[start:i].mean())))
            start = None
        if is_inside and start is None:
            start = i
    if start is not None:
        spans.append(Span(start, len(inside), float(inside[start:].mean())))
    return spans


def statements(
    cues: list[Span], sources: list[Span], contents: list[Span], starts: npt.NDArray[np.intp], links: FloatArray
) -> list[Statement]:
    """Tie content to the cue that it is said with, and each cue to its source.

    Args:
        cues, sources, contents: spans of words, in text order.
        starts: first piece of each word.
        links: (pieces, 4 * width): what a piece asks of its cue, what it offers as a cue, the same for source.
    """
    asks_cue, is_cue, asks_source, is_source = np.split(links.astype(np.float32), 4, axis=1)
    scale = asks_cue.shape[1] ** 0.5
    heads = starts[[c.start for c in cues]] if cues else np.zeros(0, dtype=np.intp)
    said: dict[int, list[tuple[Span, float]]] = {}
    floating: list[Span] = []
    for content in contents:
        first = starts[content.start]
        last = starts[content.end] if content.end < len(starts) else len(links)
        near = np.flatnonzero((heads >= first - LINK_REACH) & (heads <= last + LINK_REACH))
        if not len(near):
            floating.append(content)
            continue
        share = softmax(asks_cue[first:last] @ is_cue[heads[near]].T / scale).mean(axis=0)
        said.setdefault(int(near[share.argmax()]), []).append((content, float(share.max())))
    source_heads = starts[[s.start for s in sources]] if sources else np.zeros(0, dtype=np.intp)
    found = []
    for index, parts in said.items():
        cue, head = cues[index], heads[index]
        near = np.flatnonzero(np.abs(source_heads - head) <= LINK_REACH)
        offered = np.append(source_heads[near], head)
        share = softmax(is_source[offered] @ asks_source[head] / scale)
        best = int(share.argmax())
        speaker = sources[near[best]] if best < len(near) else None
        pieces = _joined([c for c, _ in parts])
        sure = cue.probability * float(np.mean([c.probability * p for c, p in parts]))
        found.append(Statement(speaker, cue, pieces, sure))
    for content in floating:
        found.append(Statement(None, None, (content,), content.probability / 2))
    return sorted(found, key=lambda s: s.content[0].start)


def _joined(contents: list[Span]) -> tuple[Span, ...]:
    """Neighbouring pieces of one statement's content as one."""
    out = [contents[0]]
    for span in contents[1:]:
        if span.start - out[-1].end <= CONTENT_GAP:
            out[-1] = Span(out[-1].start, span.end, (out[-1].probability + span.probability) / 2)
        else:
            out.append(span)
    return tuple(out)


def quoted(text: str) -> npt.NDArray[np.bool_]:
    """Which code points stand between quotation marks (marks included); a paragraph ends an unclosed quotation."""
    inside = np.zeros(len(text), dtype=bool)
    at = 0
    for line in text.split("\n"):
        marks = [(i, c) for i, c in enumerate(line) if c in OPENING or c in CLOSING or c == STRAIGHT]
        opened: int | None = None
        for i, mark in marks:
            if opened is None and mark not in CLOSING:
                opened = i
            elif opened is not None and mark not in OPENING:
                inside[at + opened : at + i + 1] = True
                opened = None
        if opened is not None:
            inside[at + opened : at + len(line)] = True
        at += len(line) + 1
    return inside


def kind_of(content: list[tuple[int, int]], inside: npt.NDArray[np.bool_], text: str) -> str:
    """direct: every letter of the content stands in quotation marks; mixed: some do; indirect: none."""
    letters = np.concatenate([inside[s:e][[c.isalnum() for c in text[s:e]]] for s, e in content])
    if letters.size and letters.all():
        return "direct"
    return "mixed" if letters.any() else "indirect"
