"""Train the judge by itself, on what an exported reader computes of annotated articles.

    python -m pipeline.training.judge --data DATA --reader READER --run RUN --annotated FILE … --labels FILE …
        [--rows FILE …] [--dev FILE …] [--epochs 3] [--seed 5] [--rate 0.0012] --start RUN …

The encoder stays as it is, and what it gives the judge of each piece. A passage's targets are the names, descriptions
and pronouns that the reader finds there. A place that is one of an annotated entity's forms, or that the reader links
to one, has the side that is annotated; every other place has none. RUN receives `judge.pt`, which `export --judge`
takes.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from pipeline.reader import COMMITMENTS, SIDES, Parsed, Reader, load_reader
from pipeline.reader.decode import FloatArray, Span
from pipeline.reader.roles import Range
from pipeline.training.annotated import (
    ARGUABLE,
    Annotated,
    Judgement,
    Said,
    judged_passage,
    read_annotated,
)
from pipeline.training.labels import read_labels
from pipeline.training.model import HEADS, Judge, mean_of
from pipeline.training.rows import judgements_of, read_rows
from pipeline.training.statements import judge_labels_of, judge_loss, toward

# A description or pronoun counts as the entity of its name from this probability of the link on.
LINKED = 0.85
# What a place that means none of the annotated entities teaches beside one that does.
NOBODY = 0.6
BATCH = 48


@dataclass
class Example:
    """One statement: the values of its passage (length, JUDGE), as float16, and what is to be said of it."""

    values: FloatArray
    judgement: Judgement


def examples(reader: Reader, articles: Iterable[Annotated]) -> Iterator[Example]:
    """Every annotated statement of the articles, as the reader sees its passage."""
    for article in articles:
        if parsed := reader.parse(article.text):
            for judgement in judgements_on(parsed, article):
                lead, _, high = judgement.within
                yield Example(parsed.scored.values[lead:high], judgement)


def row_examples(reader: Reader, files: Sequence[Path], data: Path) -> Iterator[Example]:
    """Every judged row of the files, as the reader sees its passage."""
    ends = [reader.tokenizer.token_to_id(mark) or 0 for mark in ".!?"]
    for text, rows in read_rows(files, data):
        if parsed := reader.parse(text):
            for judgement in judgements_of(rows, parsed.scored.tokens, ends):
                lead, _, high = judgement.within
                yield Example(parsed.scored.values[lead:high], judgement)


def judgements_on(parsed: Parsed, article: Annotated) -> Iterator[Judgement]:
    """Every annotated statement of an article with the targets that a reader finds in its passage."""
    keys = _keys(article, parsed)
    for said in article.statements:
        found = judged_passage(article, parsed.scored.tokens, parsed.stops, said)
        if found is None:
            continue
        within, roles, speaker = found
        places: dict[str, list[Range]] = {}
        for target, (first, last) in parsed.targets_in(within, speaker):
            places.setdefault(keys[target], []).append((first + within[0], last + within[0]))
        yield Judgement(within, roles, COMMITMENTS.index(said.commitment), tuple(_labelled(said, places)))


def _keys(article: Annotated, parsed: Parsed) -> dict[Span, str]:
    """The annotated entity of each target, or its own words where it is none of them."""
    forms = sorted((start, end, key) for key, spans in article.forms.items() for start, end in spans)
    names = {reference: name for reference, name, sure in parsed.meant if sure >= LINKED}

    def key_of(span: Span) -> str | None:
        start, end = parsed.chars(span)
        over = [(min(e, end) - max(s, start), key) for s, e, key in forms if s < end and start < e]
        return max(over)[1] if over else None

    keys = {}
    for target in parsed.targets:
        key = key_of(target) or (key_of(names[target]) if target in names else None)
        keys[target] = key or f"~{article.text[slice(*parsed.chars(target))].lower()}"
    return keys


def _labelled(said: Said, places: dict[str, list[Range]]) -> Iterator[tuple[tuple[Range, ...], int, float]]:
    for key, spans in places.items():
        if key == said.key:
            continue
        side, arguable = said.sides.get(key, ("neutral", False))
        weight = NOBODY if key.startswith("~") else ARGUABLE if arguable else 1.0
        yield tuple(spans), SIDES.index(side), weight


def train_judge(data: Sequence[Example], run: Path, *, epochs: float, seed: int, rate: float, start: Judge) -> Judge:
    """The mean of the judge's weights over the second half of its steps."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    judge = Judge(start.into.in_features)
    judge.load_state_dict(start.state_dict())
    judge.into.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in judge.parameters() if p.requires_grad], lr=rate, weight_decay=0.05)
    total = int(epochs * len(data) / BATCH)
    mean: dict[str, Tensor] = {}
    done = kept = 0
    judge.train()
    while done < total:
        order = sorted(rng.sample(range(len(data)), len(data)), key=lambda i: len(data[i].values) + rng.random() * 24)
        batches = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
        losses = []
        for batch in rng.sample(batches, len(batches)):
            share = done / total
            for group in optimizer.param_groups:
                group["lr"] = rate * min(share / 0.05, (1 - share) / 0.95)
            sides, commitment, labels = answers(judge, [data[i] for i in batch])
            loss = judge_loss(sides, commitment, labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            done += 1
            if done > total // 2:
                kept += 1
                for name, value in judge.state_dict().items():
                    mean[name] = mean[name].lerp(value, 1 / kept) if name in mean else value.clone()
            if done >= total:
                break
        print(f"step {done} of {total}: loss {np.mean(losses):.3f}", flush=True)
    judge.load_state_dict(mean)
    run.mkdir(parents=True, exist_ok=True)
    torch.save(judge.state_dict(), run / "judge.pt")
    return judge.eval()


def load_judge(*runs: Path) -> Judge:
    """The judge that a run left, of this module or of `pipeline.training.train`; of several the mean of the weights."""
    states = [_judge_of(run) for run in runs]
    judge = Judge(states[0]["into.weight"].shape[1])
    judge.load_state_dict(mean_of(states))
    return judge


def _judge_of(run: Path) -> dict[str, Tensor]:
    if (run / "judge.pt").exists():
        return cast(dict[str, Tensor], torch.load(run / "judge.pt", weights_only=True))
    whole = torch.load(run / "checkpoint.pt", weights_only=True)["average"]
    return {name.removeprefix("judge."): value for name, value in whole.items() if name.startswith("judge.")}


def answers(judge: Judge, batch: Sequence[Example]) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Scores of sides (targets, 3) and of commitments (statements, 5), and the labels."""
    labels = judge_labels_of([example.judgement for example in batch])
    values = torch.zeros((*labels["roles"].shape, batch[0].values.shape[1]))
    for i, example in enumerate(batch):
        values[i, : len(example.values)] = torch.from_numpy(example.values.astype(np.float32))
    pieces, commitment = judge(values, labels["roles"], labels["inside"])
    return toward(pieces[labels["which"]], labels["places"]), commitment, labels


def measure(judge: Judge, data: Sequence[Example]) -> None:
    """Print what a threshold buys, and how well commitments are told apart."""
    probabilities, gold, sure, said, meant = [], [], [], [], []
    with torch.inference_mode():
        for at in range(0, len(data), BATCH):
            sides, commitment, labels = answers(judge, data[at : at + BATCH])
            probabilities.append(sides.softmax(1))
            gold.append(labels["side"])
            sure.append(labels["sure"])
            said.append(commitment.argmax(1))
            meant.append(labels["commitment"])
    p, y, w = (torch.cat(part).numpy() for part in (probabilities, gold, sure))
    side, clear = np.where(p[:, 0] > p[:, 2], 0, 2), (y != 1) & (w == 1)
    for threshold in (0.4, 0.5, 0.6, 0.7, 0.8):
        shown = np.maximum(p[:, 0], p[:, 2]) >= threshold
        right = shown & (side == y)
        turned = (shown & (y != 1) & (side != y)).sum()
        print(
            f"from {threshold}: {shown.sum()} shown, {100 * right.sum() / max(1, shown.sum()):.1f} % right, "
            f"{(right & clear).sum()} of {clear.sum()} clear sides found, {turned} turned"
        )
    c, g = torch.cat(said).numpy(), torch.cat(meant).numpy()
    f1 = [200 * ((c == k) & (g == k)).sum() / max(1, (c == k).sum() + (g == k).sum()) for k in range(len(COMMITMENTS))]
    print("commitment:", ", ".join(f"{name} {value:.1f}" for name, value in zip(COMMITMENTS, f1, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reader", type=Path, required=True, help="folder of an exported reader")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--annotated", type=Path, nargs="+", default=[])
    parser.add_argument("--labels", type=Path, nargs="+", default=[])
    parser.add_argument("--rows", type=Path, nargs="+", default=[], help="files of judged rows")
    parser.add_argument("--dev", type=Path, nargs="+", default=[])
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1.2e-3, help="of learning, at its highest")
    parser.add_argument("--start", type=Path, nargs="+", required=True, help="runs whose mean judge to begin with")
    arguments = parser.parse_args()
    reader = load_reader(arguments.reader)
    articles = [*read_annotated(arguments.annotated), *read_labels(arguments.labels, arguments.data)]
    data = list(examples(reader, articles)) + list(row_examples(reader, arguments.rows, arguments.data))
    print(f"{len(articles)} articles, {len(data)} statements, {sum(HEADS.values())} scores a piece", flush=True)
    start = load_judge(*arguments.start)
    judge = train_judge(
        data, arguments.run, epochs=arguments.epochs, seed=arguments.seed, rate=arguments.rate, start=start
    )
    if arguments.dev:
        measure(judge, list(examples(reader, read_annotated(arguments.dev))))


if __name__ == "__main__":
    main()
