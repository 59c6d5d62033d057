"""Scores per word piece to spans: entities, and statements with their cue, speaker and content."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.languages import at_names
from pipeline.reader.tokens import IntArray, Tokens

FloatArray = npt.NDArray[np.float32]

TYPES = ("PER", "ORG", "LOC", "MISC")

# A word that the reader holds to be outside any entity with at least this probability ends an entity; the best path is
# sought only between such words, which are nine in ten.
SURELY_OUTSIDE = 0.98
# A name means the same wherever it stands in a text: how far a word's types are drawn toward those of the other places
# where it is written alike, and how many such places pull half as hard as many do. Chosen on testa of CoNLL-2003.
DRAWN, HALF_DRAWN = 0.45, 0.5
# No type is held to be less likely than this (log probability) while they are drawn together.
UNLIKELY = -9.0
# Where among the nine scores those of outside and of each type begin.
TYPES_AT = (0, 1, 3, 5, 7)
# Pieces between content and its cue, or a cue and its source, beyond which the loss below leaves a link no chance.
LINK_REACH = 96
# The share of its attention that a link must give to what it is taken to mean. This and the next two were chosen on the
# development articles of PolNeAR.
SURE_LINK = 0.15
# What a link loses in log odds with every piece that lies between: content stands next to its cue more often than not.
LINK_DECAY = 0.2
# What a link loses besides with every sentence that ends between.
SENTENCE_DECAY = 1.0
# A source whose first words its tag missed begins at most so many words before the rest.
SOURCE_GAP = 2
# Content that is not cut by anything but this many words is one piece (a stray word between two sure ones).
CONTENT_GAP = 1

# Links ask and offer: for a cue, a source, a name.
LINK_VECTORS = 6
# Words between two speakers of one cue: "Lund and Moss", "Lund, Moss and Ode".
JOINED = 2
# Pieces around a description or pronoun in which the name that it means is sought, and what a link to it loses with
# every piece between (as in training).
NAME_REACH, NAME_DECAY = 254, 0.02

# What going into or out of a span costs, in log odds: a stray word neither breaks one nor makes one.
SWITCH = {"cue": 0.0, "source": 0.7, "content": 1.0, "reference": 0.0}

HYPHENS = ("-", "‐", "‑")
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


def scaled(scores: npt.NDArray[Any], line: Sequence[float]) -> FloatArray:
    """(…, classes) scores as probabilities under a slope and a bias for each class, of one line of the card."""
    slope, *bias = line
    return softmax(np.asarray(slope * scores + np.array(bias, dtype=scores.dtype), dtype=np.float32))


def calibrated(probability: float, line: Sequence[float]) -> float:
    """The probability under a slope and an intercept of its log odds (Platt 1999)."""
    certain = min(max(probability, 1e-6), 1 - 1e-6)
    return 1 / (1 + exp(-(line[0] * log(certain / (1 - certain)) + line[1])))


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


def consistent(scores: FloatArray, words: Sequence[str]) -> FloatArray:
    """(words, 9) scores as log probabilities in which capitalised words written alike agree more: each word's types
    (outside, and the four of `TYPES`) are averaged in part with those of the others (Krishnan & Manning, ACL 2006, in
    one step). Whether it begins a name or goes on with one is left to its own place."""
    log: FloatArray = np.log(softmax(scores) + 1e-9)
    places: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        if len(word) > 1 and word[0].isupper():
            places.setdefault(word, []).append(i)
    alike = [at for at in places.values() if len(at) > 1]
    if not alike:
        return log
    rows = np.concatenate(alike)
    group = np.repeat(np.arange(len(alike)), [len(at) for at in alike])
    types = np.log(np.add.reduceat(np.exp(log[rows]), TYPES_AT, axis=1))
    own = np.maximum(types, UNLIKELY)
    others = np.bincount(group)[group, None] - 1.0
    total = np.zeros((len(alike), types.shape[1]))
    np.add.at(total, group, own)
    drawn = DRAWN * others / (others + HALF_DRAWN)
    agreed = np.log(softmax((1 - drawn) * own + drawn * (total[group] - own) / others))
    log[rows] += np.repeat(agreed - types, np.diff([*TYPES_AT, log.shape[1]]), axis=1)
    return log


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


def tag_spans(scores: FloatArray, threshold: float = 0.5, switch: float = 0.0) -> list[Span]:
    """(words, 3) scores in the order O, B, I to spans of the words that are inside.

    A word is for being inside as far as its log odds are above those of `threshold`; going in or out costs `switch`, so
    that a stray word breaks no span and makes none. A span ends where another begins (B likelier than I).
    """
    probability = softmax(scores)
    inside = 1 - probability[:, 0]
    begins = (probability[:, 1] > probability[:, 2]).tolist()
    odds = np.log((inside + 1e-9) / (probability[:, 0] + 1e-9)) - np.log(threshold / (1 - threshold))
    spans = []
    start = None
    for i, is_inside in enumerate([*_smoothed(odds.tolist(), switch), False]):
        if start is not None and (not is_inside or begins[i]):
            spans.append(Span(start, i, float(inside[start:i].mean())))
            start = None
        if is_inside and start is None:
            start = i
    return spans


def _smoothed(odds: list[float], switch: float) -> list[bool]:
    """The likeliest run of in and out for log odds of being in, where every change costs `switch` (Viterbi)."""
    out, inn = 0.0, 0.0
    from_in: list[tuple[bool, bool]] = []  # whether the best way to be out, and to be in, comes from in
    for x in odds:
        from_in.append((inn - switch > out, inn >= out - switch))
        out, inn = max(out, inn - switch), max(inn, out - switch) + x
    states = []
    state = inn > out
    for step in reversed(from_in):
        states.append(state)
        state = step[state]
    return states[::-1]


def statements(
    cues: list[Span],
    sources: list[Span],
    contents: list[Span],
    starts: npt.NDArray[np.intp],
    links: FloatArray,
    ends: npt.NDArray[np.bool_],
) -> list[Statement]:
    """Tie content to the cue that it is said with, and each cue to its source.

    Args:
        cues, sources, contents: spans of words, in text order.
        starts: first piece of each word.
        links: (pieces, 6 * width): what a piece asks of its cue, what it offers as a cue, the same for source and name.
        ends: which words end a sentence.
    """
    asks_cue, is_cue, asks_source, is_source, *_ = np.split(links.astype(np.float32), LINK_VECTORS, axis=1)
    scale = asks_cue.shape[1] ** 0.5
    words = np.searchsorted(starts, np.arange(len(links)), side="right") - 1
    bounds = np.append(starts, len(links))
    cue_at = _span_at(cues, len(starts))
    source_at = _span_at(sources, len(starts))
    cues = list(cues)
    said: dict[int, list[tuple[Span, float]]] = {}
    floating: list[Span] = []
    sentence = np.concatenate([[0], np.cumsum(ends)[:-1]])
    for content in contents:
        first, last = int(bounds[content.start]), int(bounds[content.end])
        low, high = max(0, first - LINK_REACH), min(len(links), last + LINK_REACH)
        scores = asks_cue[first:last] @ is_cue[low:high].T / scale - LINK_DECAY * _outside(low, high, first, last)
        # Each sentence of it may be said with a cue of its own; a quotation, whatever its sentences, is of one piece.
        cuts = [content.start, *(i + 1 for i in range(content.start, content.end - 1) if ends[i]), content.end]
        for start, end in pairwise(cuts):
            away = np.abs(sentence[words[low:high]] - sentence[start])
            part = softmax(scores[bounds[start] - first : bounds[end] - first] - SENTENCE_DECAY * away).mean(axis=0)
            piece = Span(start, end, content.probability)
            own = _cue_of(part, cue_at[words[low:high]], len(cues))
            if own is None:
                top = int(part.argmax())
                word, sure = int(words[low + top]), float(part[top])
                if sure < SURE_LINK or start <= word < end:
                    floating.append(piece)
                    continue
                own = (len(cues), sure)  # the content itself points at a cue that its tag missed
                cue_at[word] = len(cues)
                cues.append(Span(word, word + 1, sure))
            said.setdefault(own[0], []).append((piece, own[1]))
    found = []
    for index, parts in said.items():
        cue = cues[index]
        head = int(bounds[cue.start])
        low, high = max(0, head - LINK_REACH), min(len(links), head + LINK_REACH)
        # A long source ("Ms Ode, minister of …,") begins far from its cue: what counts is where it ends.
        outside = _outside(low, high, head, head + 1)
        at = source_at[words[low:high]]
        for number in np.unique(at[at >= 0]):
            outside[at == number] = outside[at == number].min()
        offered = softmax(is_source[low:high] @ asks_source[head] / scale - LINK_DECAY * outside)
        mass = np.bincount(at + 1, weights=offered, minlength=len(sources) + 1)
        best = int(mass[1:].argmax()) if len(sources) else -1
        speaker = sources[best] if best >= 0 and mass[best + 1] >= SURE_LINK else None
        top = int(words[low + int(offered.argmax())])
        if offered.max() > mass[best + 1] and not cue.start <= top < cue.end:
            # The link leads to where a source begins; its tag may have missed the first word of it.
            after = [source for source in sources if top < source.start <= top + SOURCE_GAP]
            speaker = Span(top, after[0].end if after else top + 1, float(offered.max()))
        if speaker is None:  # a source that stands beside the cue is its own, whatever the link says
            beside = [x for x in sources if x.end in (cue.start, cue.start - 1) or x.start == cue.end]
            speaker = beside[0] if beside else None
        pieces = _joined([c for c, _ in parts])
        sure = cue.probability * float(np.mean([c.probability * p for c, p in parts]))
        found += [Statement(who, cue, pieces, sure) for who in _together(speaker, sources, cue, mass[1:])]
    for content in floating:
        found.append(Statement(None, None, (content,), content.probability / 2))
    return sorted(_whole(found), key=lambda s: s.content[0].start)


def _together(speaker: Span | None, sources: list[Span], cue: Span, mass: npt.NDArray[Any]) -> list[Span | None]:
    """The speaker and those who speak with them: "Lund and the union's leaders said" is a statement of each. `mass` is
    each source's share of the cue's link."""
    at = bisect_left(sources, speaker.start, key=_start) if speaker else len(sources)
    if speaker is None or at == len(sources) or sources[at] != speaker:
        return [speaker]
    first = last = at
    sure = mass >= SURE_LINK
    while first > 0 and sure[first - 1] and _is_joined(sources[first - 1], sources[first], cue):
        first -= 1
    while last + 1 < len(sources) and sure[last + 1] and _is_joined(sources[last], sources[last + 1], cue):
        last += 1
    return list(sources[first : last + 1])


def _is_joined(one: Span, other: Span, cue: Span) -> bool:
    """Whether little stands between two sources, and not the cue."""
    return 0 < other.start - one.end <= JOINED and not (cue.start < other.end and one.start < cue.end)


def _whole(found: list[Statement]) -> list[Statement]:
    """The statements with what is said inside them: where the cue of another one stands in a statement's content, that
    one's content is part of it. "Ode said | Lund denied | that the bridge holds": both say the last words."""
    grown = list(found)
    spoken = sorted((s.cue.start, s.cue.end, index) for index, s in enumerate(grown) if s.cue is not None)
    # Innermost first, so that what stands two deep comes along.
    for index in sorted(range(len(grown)), key=lambda i: grown[i].content[0].start, reverse=True):
        outer = grown[index]
        parts = [
            piece
            for c in outer.content
            for _, end, other in spoken[bisect_left(spoken, (c.start,)) : bisect_left(spoken, (c.end,))]
            if end <= c.end and grown[other].cue != outer.cue
            for piece in grown[other].content
        ]
        if parts:
            merged = _union([*outer.content, *parts])
            # A cue of its own inside would make a statement say that it is said.
            if outer.cue is None or not any(c.start <= outer.cue.start < c.end for c in merged):
                grown[index] = Statement(outer.speaker, outer.cue, merged, outer.probability)
    return grown


def in_order(spans: Iterable[Span]) -> list[Span]:
    """The spans by where they begin."""
    return sorted(spans, key=lambda span: (span.start, span.end))


def between(spans: Sequence[Span], low: int, high: int) -> Sequence[Span]:
    """Those of spans in order that begin from `low` on and before `high`."""
    return spans[bisect_left(spans, low, key=_start) : bisect_left(spans, high, key=_start)]


def _start(span: Span) -> int:
    return span.start


def _union(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order; those that touch, overlap or leave a word between them as one."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if out and span.start - out[-1].end <= CONTENT_GAP:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end), min(out[-1].probability, span.probability))
        else:
            out.append(span)
    return tuple(out)


def toward(answers: FloatArray, places: Sequence[tuple[int, int]], line: Sequence[float]) -> FloatArray:
    """(pieces, 4) answers of the judge to (targets, 4): the probabilities of the sides toward each target, whose pieces
    are given as a range, and the log of its weight. It is the mean of the pieces' scores, weighted by how much each
    counts, `scaled` by a line."""
    if not places:
        return np.zeros((0, 4), dtype=np.float32)
    counts = answers[:, 3].astype(np.float64)
    share = np.exp(counts - counts.max())
    sums = np.zeros((len(share) + 1, 4))
    np.cumsum(np.column_stack([share[:, None] * answers[:, :3], share]), axis=0, out=sums[1:])
    first, last = np.array(places).T
    total = sums[last] - sums[first]
    sides = scaled(total[:, :3] / total[:, 3:], line)
    return np.column_stack([sides, np.log(total[:, 3]) + counts.max()]).astype(np.float32)


def repeated(names: Sequence[Span], written: Sequence[str], is_named: npt.NDArray[np.bool_]) -> list[Span]:
    """Where the words of a name stand again, and the reader saw no name."""
    by_first: dict[str, set[tuple[str, ...]]] = {}
    for name in names:
        words = tuple(written[name.start : name.end])
        if words[0][:1].isupper() and sum(map(len, words)) > 1:
            by_first.setdefault(words[0], set()).add(words)
    out: list[Span] = []
    for at, word in enumerate(written):
        for words in sorted(by_first.get(word, ()), key=len, reverse=True):
            end = at + len(words)
            free = not is_named[at:end].any() and (not out or out[-1].end <= at)
            if free and tuple(written[at:end]) == words:
                out.append(Span(at, end, 0.0))
                break
    return out


def names_meant(
    references: Sequence[Span], names: Sequence[Span], written: Sequence[str], bounds: IntArray, links: FloatArray
) -> list[tuple[Span, Span, float]]:
    """Each description and pronoun with the name that it most likely means, and how sure that is: the share of its
    attention on names that end in the same word."""
    if not references or not names:
        return []
    *_, asks, offers = np.split(links.astype(np.float32), LINK_VECTORS, axis=1)
    scale = asks.shape[1] ** 0.5
    first, last = (np.array([bounds[getattr(n, edge)] for n in names]) for edge in ("start", "end"))
    # What a name offers is what its pieces offer together.
    group_of: dict[str, int] = {}
    groups = [group_of.setdefault(written[n.end - 1].casefold(), len(group_of)) for n in names]
    out = []
    for reference in references:
        start, end = int(bounds[reference.start]), int(bounds[reference.end])
        low, high = max(0, start - NAME_REACH), min(len(links), end + NAME_REACH)
        scores = offers[low:high] @ asks[start:end].mean(axis=0) / scale - NAME_DECAY * _outside(low, high, start, end)
        scores[start - low : end - low] = -1e4
        share = softmax(scores)
        near = range(int(np.searchsorted(first, low)), int(np.searchsorted(last, high, side="right")))
        mass = {i: float(share[first[i] - low : last[i] - low].sum()) for i in near}
        together: dict[int, float] = {}
        for i in near:
            together[groups[i]] = together.get(groups[i], 0.0) + mass[i]
        if together:
            best = max(together, key=lambda group: together[group])
            name = max((i for i in near if groups[i] == best), key=lambda i: mass[i])
            out.append((reference, names[name], min(1.0, together[best])))
    return out


def _outside(low: int, high: int, first: int, last: int) -> FloatArray:
    """How many pieces each of `low` to `high` stands before or after the span `first` to `last`."""
    at = np.arange(low, high, dtype=np.float32)
    return np.maximum(0, np.maximum(first - at, at - last + 1))


def _cue_of(share: FloatArray, cue_at: npt.NDArray[np.int64], cues: int) -> tuple[int, float] | None:
    """The cue with the largest share of the link, where that is enough, and the share."""
    mass = np.bincount(cue_at + 1, weights=share, minlength=cues + 1)[1:]
    if not len(mass) or mass.max() < SURE_LINK:
        return None
    return int(mass.argmax()), float(min(1.0, mass.max()))


def _span_at(spans: list[Span], words: int) -> npt.NDArray[np.int64]:
    """Which span each word stands in; -1 where none."""
    at = np.full(words, -1, dtype=np.int64)
    for index, span in enumerate(spans):
        at[span.start : span.end] = index
    return at


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


def apart(found: list[Statement], names: list[Span], written: list[str]) -> list[Statement]:
    """The statements, one for each of the people whom one speaker span names side by side: "Mr. Berg and Ida Lund"."""
    out: list[Statement] = []
    for statement in found:
        out += [replace(statement, speaker=who) for who in _side_by_side(statement.speaker, names, written)]
    return out


def _side_by_side(speaker: Span | None, names: list[Span], written: list[str]) -> list[Span | None]:
    if speaker is None:
        return [None]
    people = [n for n in between(names, speaker.start, speaker.end) if n.type == "PER" and n.end <= speaker.end]
    if len(people) < 2:
        return [speaker]
    joins = set(at_names("joins"))
    ends = set(at_names("small")) - set(at_names("article"))
    cuts = []
    for one, other in pairwise(people):
        gap = [word.lower() for word in written[one.end : other.start]]
        before = {word.lower() for word in written[speaker.start : one.start]}
        # Of "a lawyer of Berg and Lund" neither speaks.
        if joins & set(gap) and not ends & (before | set(gap) - joins):
            cuts.append(one.end + max(i for i, word in enumerate(gap) if word in joins))
    starts = [speaker.start, *(cut + 1 for cut in cuts)]
    return [replace(speaker, start=s, end=e) for s, e in zip(starts, [*cuts, speaker.end], strict=True)]


# A letter that stands for a name, and what parts it from the next.
INITIAL = re.compile(r"[^\W\d_]\.[ \u00a0]")


def whole_names(names: list[Span], text: str, begin: IntArray, finish: IntArray) -> list[Span]:
    """The names cut where a line ends; a person's of two words that stops at a hyphen goes on to the end of the word,
    and an initial before it is its first: "Moon Jae-in", "F. Ola Berg"."""
    out: list[Span] = []
    for name in names:
        inside = range(name.start + 1, name.end)
        cuts = [name.start, *(i for i in inside if "\n" in text[finish[i - 1] : begin[i]]), name.end]
        out += [replace(name, start=start, end=end) for start, end in pairwise(cuts)]
    for i, name in enumerate(out):
        is_cut = name.end < len(begin) and text[finish[name.end - 1] - 1 : begin[name.end]] in HYPHENS
        is_free = i + 1 == len(out) or out[i + 1].start > name.end
        if name.type == "PER" and name.end - name.start > 2 and is_cut and is_free:
            out[i] = replace(name, end=name.end + 1)
    whole: list[Span] = []
    for name in out:
        first = whole[-1] if whole and name.type == "PER" else None
        if first and INITIAL.fullmatch(text[begin[first.start] : begin[name.start]]):
            whole[-1] = replace(name, start=first.start)
        else:
            whole.append(name)
    return whole


def unbroken(spans: list[Span], begin: IntArray, finish: IntArray) -> list[Span]:
    """Spans that only an apostrophe or a hyphen keeps apart, as one: "Orlo" + "s aides" is "Orlo's aides"."""
    out: list[Span] = []
    for span in spans:
        # No white space: the word between touches both.
        if (
            out
            and span.start - out[-1].end == 1
            and (finish[out[-1].end - 1 : span.start] == begin[out[-1].end : span.start + 1]).all()
        ):
            out[-1] = Span(out[-1].start, span.end, (out[-1].probability + span.probability) / 2)
        else:
            out.append(span)
    return out


def kind_of(content: list[tuple[int, int]], inside: npt.NDArray[np.bool_], text: str) -> str:
    """direct: every letter of the content stands in quotation marks; mixed: some do; indirect: none."""
    letters = np.concatenate([inside[s:e][[c.isalnum() for c in text[s:e]]] for s, e in content])
    if letters.size and letters.all():
        return "direct"
    return "mixed" if letters.any() else "indirect"
