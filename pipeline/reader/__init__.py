"""The reader at run time: one small encoder that reads a text once and returns every span and polarity.

    reader = load_reader()
    reading = reader.read(["Ms Ode said the plan was 'a disgrace'."])
    reading.mentions, reading.statements          # polars frames, offsets in code points

Only this package imports onnxruntime. The weights and their card lie beside it; `load_reader` checks them first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tokenizers import Tokenizer

from pipeline.reader import decode
from pipeline.reader.decode import FloatArray
from pipeline.reader.tokens import IntArray, Tokens, tokenize, windows

SHIPPED = Path(__file__).parent / "weights"

# Padded pieces in one call of the encoder: enough to fill two cores, little enough to stay in their cache.
BATCH_PIECES = 2048

Score = Callable[[IntArray, IntArray, IntArray, IntArray], tuple[FloatArray, FloatArray]]

MENTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "probability": pl.Float32,
    "negative": pl.Float32, "neutral": pl.Float32, "positive": pl.Float32, "statement": pl.Int64,
}  # fmt: skip
STATEMENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "statement": pl.Int64, "kind": pl.String, "speaker_start": pl.Int64, "speaker_end": pl.Int64,
    "cue_start": pl.Int64, "cue_end": pl.Int64, "content": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64})),
    "probability": pl.Float32,
}  # fmt: skip


class ReaderError(Exception):
    """The reader cannot be loaded: the message says what, where and what to do."""


@dataclass(frozen=True)
class Reading:
    """What stands in some texts; `text` counts the texts from 0, offsets are half-open code points of that text.

    mentions: text, start, end, type (PER, ORG, LOC, MISC), probability, negative, neutral, positive, statement (its
    number in the text; null = the outlet's own voice).
    statements: text, statement, kind, speaker_start, speaker_end, cue_start, cue_end (null where absent), content (list
    of struct start, end), probability.
    """

    mentions: pl.DataFrame
    statements: pl.DataFrame


@dataclass(frozen=True)
class _Scored:
    tokens: Tokens
    scores: dict[str, FloatArray]
    links: FloatArray


class Reader:
    """One encoder with its tokenizer and card. `score` is the encoder: (ids, mask, segments, case), each (batch,
    length) -> scores (batch, length, heads), links (batch, length, 4 * width)."""

    def __init__(self, score: Score, tokenizer: Tokenizer, card: dict[str, Any]) -> None:
        self._score, self.tokenizer, self.card = score, tokenizer, card
        self._cls, self._sep = (tokenizer.token_to_id(piece) or 0 for piece in ("[CLS]", "[SEP]"))
        self._ends = [tokenizer.token_to_id(mark) or 0 for mark in ".!?"]
        self.revision: str = card["revision"]
        self.languages: tuple[str, ...] = tuple(card["languages"])

    def read(self, texts: Sequence[str]) -> Reading:
        """Mentions and statements of texts of any length, each read once, long ones in overlapping windows."""
        mentions: dict[str, list[Any]] = {name: [] for name in MENTIONS}
        statements: dict[str, list[Any]] = {name: [] for name in STATEMENTS}
        for index, (text, scored) in enumerate(zip(texts, self._scored(texts), strict=True)):
            if len(scored.tokens):
                self._read_one(index, text, scored, mentions, statements)
        return Reading(pl.DataFrame(mentions, schema=MENTIONS), pl.DataFrame(statements, schema=STATEMENTS))

    def polarity(self, texts: Sequence[str], targets: Sequence[Sequence[tuple[int, int]]]) -> list[FloatArray]:
        """Polarity toward targets given as code point spans: per text an array (targets, 3): negative, neutral,
        positive. A span without any word of the text is neutral.

        Raises:
            ValueError: a span does not lie in its text.
        """
        out = []
        for text, spans, scored in zip(texts, targets, self._scored(texts), strict=True):
            for start, end in spans:
                if not 0 <= start < end <= len(text):
                    raise ValueError(f"target {start}:{end} does not lie in its text of {len(text)} code points")
            out.append(np.array([_polarity(scored, s, e) for s, e in spans], dtype=np.float32).reshape(-1, 3))
        return out

    def stance(self, passages: Sequence[str], issues: Sequence[str]) -> FloatArray:
        """Stance of each passage toward the issue beside it: (n, 3): against, neutral, favour.

        A passage longer than the window is read in parts; the answer is their mean, weighted by length.
        """
        pieces, owners = [], []
        passage_tokens, issue_tokens = tokenize(self.tokenizer, passages), tokenize(self.tokenizer, issues)
        room = self.card["window"] + 2
        for i, (passage, issue) in enumerate(zip(passage_tokens, issue_tokens, strict=True)):
            issue = issue.slice(0, room // 2)
            size = max(8, room - 3 - len(issue))
            for start, end, _, _ in windows(len(passage), size, min(self.card["overlap"], size // 4)):
                pieces.append((passage.slice(start, end), issue))
                owners.append(i)
        total = np.zeros((len(passages), 3), dtype=np.float32)
        weight = np.zeros((len(passages), 1), dtype=np.float32)
        for at, scores, _ in self._batches(pieces):
            length = sum(len(p) for p in pieces[at]) + 3
            total[owners[at]] += scores["stance"][:length].mean(axis=0) * length
            weight[owners[at]] += length
        return decode.softmax((total / np.maximum(weight, 1)).astype(np.float32))

    def _read_one(
        self, index: int, text: str, scored: _Scored, mentions: dict[str, list[Any]], statements: dict[str, list[Any]]
    ) -> None:
        tokens, scores = scored.tokens, scored.scores
        starts = decode.word_starts(tokens)
        ends = np.append(starts[1:], len(tokens)) - 1
        begin, finish = tokens.offsets[starts, 0], tokens.offsets[ends, 1]
        words = {k: decode.word_means(scores[k], starts) for k in ("entity", "cue", "source", "content")}
        cues, sources, contents = (
            decode.tag_spans(words[k], self.card["thresholds"][k]) for k in ("cue", "source", "content")
        )
        sources = decode.unbroken(sources, begin, finish)
        inside = decode.quoted(text)
        # A quotation is of one piece, however many sentences it has.
        ends = np.isin(tokens.ids[starts], self._ends) & ~inside[begin]
        found = decode.statements(cues, sources, contents, starts, scored.links, ends)
        found = [s for s in found if s.probability >= self.card["thresholds"]["statement"]]
        voice = np.full(len(starts), -1, dtype=np.int64)
        for number, statement in enumerate(found):
            content = [(int(begin[c.start]), int(finish[c.end - 1])) for c in statement.content]
            for c in statement.content:
                voice[c.start : c.end] = number
            row: dict[str, Any] = {
                "text": index,
                "statement": number,
                "kind": decode.kind_of(content, inside, text),
                "content": [{"start": s, "end": e} for s, e in content],
                "probability": statement.probability,
            }
            for name, span in (("speaker", statement.speaker), ("cue", statement.cue)):
                row[f"{name}_start"] = None if span is None else int(begin[span.start])
                row[f"{name}_end"] = None if span is None else int(finish[span.end - 1])
            for name, value in row.items():
                statements[name].append(value)
        for span in decode.entity_spans(words["entity"]):
            start, end = int(begin[span.start]), int(finish[span.end - 1])
            negative, neutral, positive = _polarity(scored, start, end).tolist()
            number = int(voice[span.start])
            mention: dict[str, Any] = {
                "text": index,
                "start": start,
                "end": end,
                "type": span.type,
                "probability": span.probability,
            }
            mention |= {"negative": negative, "neutral": neutral, "positive": positive}
            mention["statement"] = None if number < 0 else number
            for name, value in mention.items():
                mentions[name].append(value)

    def _scored(self, texts: Sequence[str]) -> list[_Scored]:
        """Every piece of every text with the scores of the window in which it stands farthest from an edge."""
        all_tokens = tokenize(self.tokenizer, texts)
        heads, width = self.card["heads"], 4 * self.card["link_width"]
        scored = [
            _Scored(
                t,
                {head: np.empty((len(t), size), np.float32) for head, size in heads.items()},
                np.empty((len(t), width), np.float16),  # the widest of all, and the one that needs the fewest digits
            )
            for t in all_tokens
        ]
        pieces: list[tuple[Tokens, ...]] = []
        places: list[tuple[int, int, int, int]] = []
        for i, tokens in enumerate(all_tokens):
            for start, end, keep_from, keep_to in windows(len(tokens), self.card["window"], self.card["overlap"]):
                if end > start:
                    pieces.append((tokens.slice(start, end),))
                    places.append((i, start, keep_from, keep_to))
        for at, scores, links in self._batches(pieces):
            i, start, keep_from, keep_to = places[at]
            window = slice(1 + keep_from - start, 1 + keep_to - start)  # [CLS] stands first
            for head in heads:
                scored[i].scores[head][keep_from:keep_to] = scores[head][window]
            scored[i].links[keep_from:keep_to] = links[window]
        return scored

    def _batches(self, rows: Sequence[tuple[Tokens, ...]]) -> Any:
        """(index of the row, its scores by head, its links), rows of like length encoded together."""
        lengths = [sum(len(p) for p in row) + len(row) + 1 for row in rows]
        order = sorted(range(len(rows)), key=lambda i: lengths[i])
        temperature = self.card["temperatures"]
        splits = np.cumsum(list(self.card["heads"].values()))[:-1]
        while order:
            longest = lengths[order[-1]]
            batch = [order.pop() for _ in range(min(len(order), max(1, BATCH_PIECES // longest)))]
            ids, mask, segments, case = np.zeros((4, len(batch), longest), dtype=np.int64)
            for r, i in enumerate(batch):
                at = 1
                ids[r, 0], mask[r, : lengths[i]] = self._cls, 1
                for segment, part in enumerate(rows[i]):
                    n = len(part)
                    ids[r, at : at + n], ids[r, at + n] = part.ids, self._sep
                    case[r, at : at + n] = part.case
                    segments[r, at : at + n + 1] = segment
                    at += n + 1
            scores, links = self._score(ids, mask, segments, case)
            for r, i in enumerate(batch):
                parts = np.split(scores[r], splits, axis=-1)
                yield i, {h: p / temperature[h] for h, p in zip(self.card["heads"], parts, strict=True)}, links[r]


def _polarity(scored: _Scored, start: int, end: int) -> FloatArray:
    """(3,): the mean of the polarity scores of the pieces inside a code point span, as probabilities."""
    first, last = scored.tokens.pieces(start, end)
    if first >= last:
        return np.array([0, 1, 0], dtype=np.float32)
    return decode.softmax(scored.scores["polarity"][first:last].mean(axis=0))


def load_card(folder: Path | None = None) -> dict[str, Any]:
    """The card of the weights in a folder; the shipped ones where none is given.

    Raises:
        ReaderError: there is no card.
    """
    path = (folder or SHIPPED) / "card.json"
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReaderError(f"cannot read {path}: {error}; set STANDPOINT_READER to a folder with a reader") from error
    return card


def load_reader(folder: Path | None = None, *, threads: int = 2) -> Reader:
    """The reader in a folder (the shipped one where none is given), its files checked against the card's digests.

    Raises:
        ReaderError: a file is missing or is not the one that the card describes.
    """
    import onnxruntime  # only a process that reads pays for loading it

    folder = folder or SHIPPED
    card = load_card(folder)
    for name, digest in card["sha256"].items():
        path = folder / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ReaderError(f"cannot read {path}: {error}; install the package again") from error
        if found != digest:
            raise ReaderError(
                f"{path} is not the file that its card describes (sha256 {found}); install the package again"
            )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the core to others
    session = onnxruntime.InferenceSession(folder / "reader.onnx", options, providers=["CPUExecutionProvider"])

    def score(ids: IntArray, mask: IntArray, segments: IntArray, case: IntArray) -> tuple[FloatArray, FloatArray]:
        scores, links = session.run(None, {"ids": ids, "mask": mask, "segments": segments, "case": case})
        return scores, links

    return Reader(score, Tokenizer.from_file(str(folder / "tokenizer.json")), card)
