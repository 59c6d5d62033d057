"""Train the reader on all four tasks at once.

    python -m pipeline.training.train --data DATA --encoder ENCODER --run RUN [--epochs 8]

DATA holds the sets that docs/reader.md names; ENCODER is any folder with a Hugging Face encoder and its
`tokenizer.json`; RUN receives the configuration, the loss curve and a checkpoint. The same command on the same RUN goes
on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy

from pipeline.reader.tokens import CASES, IntArray, Tokens, tokenize
from pipeline.training.data import (
    IGNORE,
    PLAIN,
    Document,
    Pair,
    Targets,
    attribution_document,
    conll_documents,
    entity_document,
    read_crossner,
    read_gwsd,
    read_newsmtsc,
    read_perspectrum,
    read_polnear,
)
from pipeline.training.model import HEADS, LINK, ReaderModel

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """What a training run is; written to its folder."""

    epochs: float = 6.0
    seed: int = 13
    encoder_rate: float = 1.5e-4
    head_rate: float = 6e-4
    layer_decay: float = 0.9
    warm_up: float = 0.05
    weight_decay: float = 0.01
    average: float = 0.998
    """Decay of the running average of the weights, which is what is exported."""
    window: int = 254
    """Pieces of a training window: attention over longer ones costs more than it gives on a CPU."""
    batch_pieces: int = 2048
    checkpoint_steps: int = 200


@dataclass
class Batch:
    """Pieces of shape (batch, length) and what the loss needs."""

    task: str
    ids: Tensor
    mask: Tensor
    segments: Tensor
    case: Tensor
    labels: dict[str, Tensor]


class Sampler:
    """Batches of every task in random order, one epoch at a time, from a seeded generator."""

    def __init__(self, tokenizer: Tokenizer, data: Path, plan: Plan) -> None:
        self.plan, self.tokenizer = plan, tokenizer
        self.cls, self.sep = self._id("[CLS]"), self._id("[SEP]")
        self.plain = {self._id(k): self._id(v) for k, v in PLAIN.items()}
        self.conll = conll_documents(tokenizer, data / "conll2003/eng.train")
        crossner = read_crossner(data / "crossner_politics/train.txt")
        self.crossner = [entity_document(tokenizer, words) for words in crossner]
        self.polnear = [
            [attribution_document(text, tokens, a) for a in annotators]
            for _, text, annotators in read_polnear(data / "polnear/train")
            if annotators
            for tokens in tokenize(tokenizer, [text])
        ]
        # A handful of records are whole paragraphs: longer than any window, they are left out.
        targets = read_newsmtsc(tokenizer, data / "newsmtsc/train.jsonl")
        self.targets = [t for t in targets if len(t.tokens) <= plan.window]
        self.pairs, self.news_pairs = (
            [p for p in pairs if len(p.tokens[0]) + len(p.tokens[1]) <= plan.window]
            for pairs in (
                read_perspectrum(tokenizer, data / "perspectrum/train.jsonl"),
                read_gwsd(tokenizer, data / "gwsd/train.jsonl")[0],
            )
        )

    def epoch(self, rng: random.Random) -> list[Callable[[], Batch]]:
        """Makers of one epoch's batches, shuffled."""
        makers: list[Callable[[], Batch]] = []
        # The entity set is the smallest of the three and has the highest bar: it is seen one and a half times.
        windows = [
            *self._windows(self.conll, rng),
            *self._windows(rng.sample(self.conll, len(self.conll) // 2), rng),
            *self._windows([concat(rng.sample(self.crossner, len(self.crossner)))], rng),
        ]
        makers += self._token_batches("entity", windows, rng)
        makers += self._token_batches("attribution", self._windows([rng.choice(d) for d in self.polnear], rng), rng)
        targets = rng.sample(self.targets, len(self.targets))
        alone = int(len(targets) * 0.6)
        # At run time a target stands in a whole article: some sentences are read among others.
        packed = _pack(targets[alone:], self.plan.window)
        singles = sorted(([t] for t in targets[:alone]), key=lambda g: len(g[0].tokens) + rng.random() * 8)
        for rows in (singles, packed):
            for groups in _by_size(rows, self.plan.batch_pieces, _group_length):
                makers.append(partial(self._target_batch, groups, rng))
        # A passage with a proposition that is about something else takes no side.
        some, others = (rng.sample(self.pairs, len(self.pairs) // 12) for _ in range(2))
        strangers = [
            Pair(a.passage, b.proposition, (0.0, 1.0, 0.0), (a.tokens[0], b.tokens[1]))
            for a, b in zip(some, others, strict=True)
            if a.proposition != b.proposition
        ]
        pairs = [*self.pairs, *strangers, *self.news_pairs]
        pairs.sort(key=lambda p: len(p.tokens[0]) + len(p.tokens[1]) + rng.random() * 8)
        for group in _by_size(pairs, self.plan.batch_pieces, lambda p: len(p.tokens[0]) + len(p.tokens[1]) + 3):
            makers.append(partial(self._pair_batch, group))
        rng.shuffle(makers)
        return makers

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
                if key in ("content_cue", "cue_source"):
                    values = np.where(values >= 0, values + 1, values)  # [CLS] stands before the pieces
                labels[i, 1 : 1 + len(values)] = values
            batch.labels[key] = torch.from_numpy(labels)
        return batch

    def _target_batch(self, groups: Sequence[Sequence[Targets]], rng: random.Random) -> Batch:
        batch = self._pad("polarity", [[concat_tokens([t.tokens for t in g])] for g in groups], rng)
        rows, weights, polarity = [], [], []
        for i, group in enumerate(groups):
            at = 1
            for t in group:
                for (s, e), p in zip(t.spans, t.polarity, strict=True):
                    if s < e:
                        weight = np.zeros(batch.ids.shape[1], dtype=np.float32)
                        weight[at + s : at + e] = 1 / (e - s)
                        rows.append(i)
                        weights.append(weight)
                        polarity.append(p)
                at += len(t.tokens)
        batch.labels = {
            "row": torch.tensor(rows),
            "weight": torch.from_numpy(np.stack(weights)),
            "polarity": torch.tensor(polarity),
        }
        return batch

    def _pair_batch(self, group: Sequence[Pair]) -> Batch:
        batch = self._pad("stance", [list(p.tokens) for p in group], None)
        batch.labels = {"stance": torch.tensor([p.stance for p in group])}
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
        if key in ("content_cue", "cue_source"):
            inside = (window >= start) & (window < end)
            window = np.where(inside, window - start, IGNORE)
        labels[key] = window
    return Document(document.text, document.tokens.slice(start, end), labels)


def concat_tokens(parts: Sequence[Tokens]) -> Tokens:
    """Pieces one after the other; offsets and words keep the counting of their own text."""
    return Tokens(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("ids", "case", "offsets", "words")))


def concat(documents: Sequence[Document]) -> Document:
    """Tagged documents (without links) one after the other."""
    labels = {k: np.concatenate([d.labels[k] for d in documents]) for k in documents[0].labels}
    return Document("", concat_tokens([d.tokens for d in documents]), labels)


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


def loss_of(batch: Batch, scores: Tensor, links: Tensor) -> Tensor:
    """Cross-entropy of the batch's task; for attribution the sum over tags and links."""
    parts = dict(zip(HEADS, scores.float().split(list(HEADS.values()), dim=-1), strict=True))
    if batch.task == "entity":
        return _token_loss(parts["entity"], batch.labels["entity"])
    if batch.task == "polarity":
        target = torch.einsum("nt,ntc->nc", batch.labels["weight"], parts["polarity"][batch.labels["row"]])
        return cross_entropy(target, batch.labels["polarity"], label_smoothing=0.05)
    if batch.task == "stance":
        mask = batch.mask.unsqueeze(-1)
        return cross_entropy((parts["stance"] * mask).sum(1) / mask.sum(1), batch.labels["stance"])
    tags = sum(_token_loss(parts[k], batch.labels[k]) for k in ("cue", "source", "content"))
    asks_cue, is_cue, asks_source, is_source = links.float().split(LINK, dim=-1)
    absent = (1 - batch.mask).unsqueeze(1) * -1e4
    for key, query, keys in (("content_cue", asks_cue, is_cue), ("cue_source", asks_source, is_source)):
        link = query @ keys.transpose(1, 2) / LINK**0.5 + absent
        if (batch.labels[key] >= 0).any():
            tags = tags + 0.3 * _token_loss(link, batch.labels[key])
    return tags


def _token_loss(scores: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)


def parameter_groups(model: ReaderModel, plan: Plan) -> list[dict[str, object]]:
    """Lower layers learn more slowly (layer-wise decay); heads and the case feature at their own rate."""
    depth = model.encoder.config.num_hidden_layers
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            rate = plan.head_rate
        elif ".layer." in name:
            rate = plan.encoder_rate * plan.layer_decay ** (depth - 1 - int(name.split(".layer.")[1].split(".")[0]))
        else:
            rate = plan.encoder_rate * plan.layer_decay**depth
        groups.setdefault(rate, []).append(parameter)
    return [{"params": p, "lr": rate, "initial": rate} for rate, p in groups.items()]


def train(data: Path, encoder: Path, run: Path, plan: Plan) -> None:
    """Train and leave `checkpoint.pt` (with the averaged weights), `config.json` and `curve.jsonl` in `run`."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(asdict(plan) | {"encoder": encoder.name}, indent=1), encoding="utf-8")
    torch.manual_seed(plan.seed)
    tokenizer = load_tokenizer(encoder)
    sampler = Sampler(tokenizer, data, plan)
    model = ReaderModel(encoder)
    # Drawing random numbers for attention maps costs a tenth of the time on a CPU.
    for layer in model.encoder.encoder.layer:
        layer.attention.self.dropout.p = 0.0
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
    start = time.monotonic()
    losses: dict[str, list[float]] = {}
    print(f"{total} steps, {steps_an_epoch} an epoch; from step {done}", flush=True)
    while done < total:
        number = done // steps_an_epoch
        # Each epoch has its own generator, so that a run cut off goes on with the batches that it had not seen.
        makers = sampler.epoch(random.Random(plan.seed * 1000 + number))
        for maker in makers[done - number * steps_an_epoch :]:
            if done >= total:
                break
            share = done / total
            factor = min(share / plan.warm_up, (1 - share) / (1 - plan.warm_up))
            for group in optimizer.param_groups:
                group["lr"] = group["initial"] * factor
            batch = maker()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores, links = model(batch.ids, batch.mask, batch.segments, batch.case)
            loss = loss_of(batch, scores, links)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            done += 1
            keep = min(plan.average, done / (done + 10))
            for key, value in model.state_dict().items():
                if value.dtype.is_floating_point:
                    average[key].lerp_(value, 1 - keep)
            losses.setdefault(batch.task, []).append(loss.item())
            if done % 50 == 0 or done == total:
                means = {k: round(sum(v) / len(v), 4) for k, v in losses.items()}
                row = {"step": done, "seconds": round(time.monotonic() - start), **means}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=Plan.epochs)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    arguments = parser.parse_args()
    train(arguments.data, arguments.encoder, arguments.run, Plan(epochs=arguments.epochs, seed=arguments.seed))


if __name__ == "__main__":
    main()
