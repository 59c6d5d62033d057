"""Batches of annotated articles, and what the reader loses on them: tags, links, names meant, sides, commitment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from pipeline.reader.roles import Range
from pipeline.training.annotated import Judgement, Lesson, Referring
from pipeline.training.data import IGNORE, Document
from pipeline.training.model import LINK, LINK_KINDS, Judge

# What the parts weigh beside the tags of attribution.
SIDED, COMMITTED, NAMED = 1.5, 0.5, 0.3
# Nine statements of ten are asserted: the others weigh about the root of how much rarer they are.
RARITY = torch.tensor([1.0, 3.5, 6.0, 7.0, 7.0])
# What a link to a name loses with every piece between: a name is meant from farther away than a cue.
NAME_DECAY = 0.02


@dataclass
class Window:
    """A part of an annotated article: its pieces with their tags, and what lies whole inside. Ranges count from the
    window's first piece."""

    document: Document
    judgements: list[Judgement] = field(default_factory=list)
    references: list[Referring] = field(default_factory=list)


def window(lesson: Lesson, document: Document, start: int, end: int) -> Window:
    """Pieces `start` to `end` of a lesson; `document` is the cut of its document."""

    def moved(span: Range) -> Range:
        return span[0] - start, span[1] - start

    def is_inside(span: Range) -> bool:
        return start <= span[0] < span[1] <= end

    judgements = [
        Judgement(
            (j.within[0] - start, j.within[1] - start, j.within[2] - start),
            j.roles,
            j.commitment,
            tuple((tuple(map(moved, at)), side, weight) for at, side, weight in j.targets),
        )
        for j in lesson.judgements
        if is_inside((j.within[0], j.within[2]))
    ]
    references = [
        Referring(moved(r.at), tuple(moved(n) for n in r.names if is_inside(n)))
        for r in lesson.references
        if is_inside(r.at) and any(map(is_inside, r.names))
    ]
    return Window(document, judgements, references)


def judge_labels(windows: Sequence[Window]) -> dict[str, Tensor]:
    """What `judged` and `judge_loss` need: besides the labels, each passage's row and pieces (1 added for [CLS])."""
    rows = [(i, j) for i, w in enumerate(windows) for j in w.judgements]
    labels = judge_labels_of([j for _, j in rows])
    at = np.zeros(labels["roles"].shape, dtype=np.int64)
    for number, (_, j) in enumerate(rows):
        at[number, : len(j.roles)] = np.arange(j.within[0], j.within[2]) + 1
    return labels | {"row": torch.tensor([i for i, _ in rows], dtype=torch.int64), "at": torch.from_numpy(at)}


def judge_labels_of(judgements: Sequence[Judgement]) -> dict[str, Tensor]:
    """Roles of the pieces of each passage, commitment of each statement, and for each target where it stands, which
    side is taken toward it and how much that teaches."""
    longest = max((len(j.roles) for j in judgements), default=1)
    rows = list(enumerate(judgements))
    roles = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=bool)
    which, places, sides, weights = [], [], [], []
    for number, j in rows:
        n = len(j.roles)
        roles[number, :n] = j.roles
        mask[number, :n] = True
        for spans, side, weight in j.targets:
            place = np.zeros(longest, dtype=bool)
            for first, last in spans:
                place[first - j.within[0] : last - j.within[0]] = True
            which.append(number)
            places.append(place)
            sides.append(side)
            weights.append(weight)
    return {
        "roles": torch.from_numpy(roles),
        "inside": torch.from_numpy(mask),
        "commitment": torch.tensor([j.commitment for _, j in rows], dtype=torch.int64),
        "which": torch.tensor(which, dtype=torch.int64),
        "places": torch.from_numpy(np.stack(places) if places else np.zeros((0, longest), dtype=bool)),
        "side": torch.tensor(sides, dtype=torch.int64),
        "sure": torch.tensor(weights, dtype=torch.float32),
    }


def judged(judge: Judge, values: Tensor, labels: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """(targets, 3) scores of sides, (statements, 5) of commitment; `values` (batch, length, JUDGE)."""
    passages = values[labels["row"][:, None], labels["at"]]
    pieces, commitment = judge(passages, labels["roles"], labels["inside"])
    return toward(pieces[labels["which"]].float(), labels["places"]), commitment.float()


def toward(pieces: Tensor, places: Tensor) -> Tensor:
    """(targets, length, 4) scores and (targets, length) places to (targets, 3): the mean of the scores of sides of the
    target's pieces, weighted by how much each counts."""
    weight = pieces[..., 3].masked_fill(~places, -1e4).softmax(-1)
    return (weight.unsqueeze(-1) * pieces[..., :3]).sum(1)


def judge_loss(sides: Tensor, commitment: Tensor, labels: dict[str, Tensor]) -> Tensor:
    """Cross-entropy of the sides, arguable ones weighted less, and of the commitments that are known."""
    loss = commitment.sum() * 0
    if len(sides):
        each = cross_entropy(sides, labels["side"], reduction="none", label_smoothing=0.03)
        loss = loss + SIDED * (each * labels["sure"]).sum() / labels["sure"].sum()
    if len(commitment) and bool((labels["commitment"] != IGNORE).any()):
        loss = loss + COMMITTED * cross_entropy(
            commitment, labels["commitment"], weight=RARITY.to(commitment), ignore_index=IGNORE
        )
    return loss


def name_loss(links: Tensor, mask: Tensor, windows: Sequence[Window]) -> Tensor:
    """How far the attention of descriptions and pronouns is from lying on names of their entity."""
    asks, offers = links.float().split(LINK, dim=-1)[2 * LINK_KINDS.index("name") :]
    rows = [(i, r) for i, w in enumerate(windows) for r in w.references]
    loss = links.sum() * 0
    if not rows:
        return loss
    row = torch.tensor([i for i, _ in rows])
    query = torch.stack([asks[i, 1 + r.at[0] : 1 + r.at[1]].mean(0) for i, r in rows])
    position = torch.arange(links.shape[1])
    begins = torch.tensor([1 + r.at[0] for _, r in rows])[:, None]
    stops = torch.tensor([r.at[1] for _, r in rows])[:, None]
    away = torch.maximum(begins - position, position - stops).clamp(min=0)
    scores = torch.einsum("nd,nld->nl", query, offers[row]) / LINK**0.5 - NAME_DECAY * away
    scores = scores.masked_fill((away == 0) | (mask[row] == 0), -1e4)
    target = torch.zeros_like(scores, dtype=torch.bool)
    for number, (_, r) in enumerate(rows):
        for first, last in r.names:
            target[number, 1 + first : 1 + last] = True
    target &= away > 0
    known = target.any(1)
    each = scores.logsumexp(1) - scores.masked_fill(~target, -1e4).logsumexp(1)
    return loss + NAMED * each[known].mean() if known.any() else loss


def windows_of(lesson: Lesson, size: int, rng: random.Random) -> list[tuple[int, int]]:
    """Ranges that cover a lesson from a random start, so that no epoch cuts at the same places."""
    n = len(lesson.document.tokens)
    if n <= size:
        return [(0, n)]
    first = -rng.randrange(size)
    return [(max(s, 0), min(s + size, n)) for s in range(first, n, size) if min(s + size, n) - max(s, 0) > 8]


def windows_around(lesson: Lesson, size: int, rng: random.Random) -> list[tuple[int, int]]:
    """Ranges of `size` pieces, one around each passage of a lesson that is judged, wherever in it that stands; passages
    that the one before holds too have none of their own."""
    n = len(lesson.document.tokens)
    out: list[tuple[int, int]] = []
    for lead, _, high in sorted(j.within for j in lesson.judgements):
        if out and high <= out[-1][1]:
            continue
        first = max(0, min(lead - rng.randint(0, max(0, size - (high - lead))), n - size))
        out.append((min(first, lead), max(high, min(n, first + size))))
    return out
