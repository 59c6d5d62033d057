"""The reader at run time: one small encoder that reads a text once and returns every span and polarity.

    reader = load_reader()
    reading = reader.read(["Ms Ode said the plan was 'a disgrace'."])
    reading.mentions, reading.statements          # polars frames, offsets in code points

Only this package imports onnxruntime. The weights and their card lie beside it; `load_reader` checks them first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from pipeline.reader import decode
from pipeline.reader.decode import FloatArray
from pipeline.reader.tokens import IntArray, Tokens, tokenize, windows

SHIPPED = Path(__file__).parent / "weights"

# The encoder reads one window at a time: (ids, segments, case), each (length,) -> scores (length, heads) and links
# (length, 4 * width). Nothing is padded, and a window's answer cannot depend on what else is read.
Score = Callable[[IntArray, IntArray, IntArray], tuple[FloatArray, FloatArray]]

# Whose words a mention stands in: the outlet's or a speaker's. News is mostly neutral in the first and seldom in the
# second, so the card knows for each what the scores of polarity are worth there.
VOICES = ("own", "quoted")
POLARITIES = ("negative", "neutral", "positive")

T = TypeVar("T")
R = TypeVar("R")

MENTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "probability": pl.Float32,
    "negative": pl.Float32, "neutral": pl.Float32, "positive": pl.Float32, "statement": pl.Int64,
}  # fmt: skip
STATEMENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "statement": pl.Int64, "kind": pl.String, "speaker_start": pl.Int64, "speaker_end": pl.Int64,
    "cue_start": pl.Int64, "cue_end": pl.Int64, "content": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64})),
    "pronouns": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "negative": pl.Float32, "neutral": pl.Float32,
    "positive": pl.Float32})), "probability": pl.Float32,
}  # fmt: skip
# Whom they stand for is found out later; how the speaker treats that person is read here.
PRONOUNS = frozenset({"he", "him", "himself", "his", "she", "her", "hers", "herself"})


class ReaderError(Exception):
    """The reader cannot be loaded or gives nonsense: the message says what, where and what to do."""


@dataclass(frozen=True)
class Reading:
    """What stands in some texts; `text` counts the texts from 0, offsets are half-open code points of that text.

    mentions: text, start, end, type (PER, ORG, LOC, MISC), probability, negative, neutral, positive, statement (its
    number in the text; null = the outlet's own voice).
    statements: text, statement, kind, speaker_start, speaker_end, cue_start, cue_end (null where absent), content (list
    of struct start, end), pronouns (list of struct start, end, negative, neutral, positive: each he or she
    in the content, and how the speaker treats that person), probability.
    """

    mentions: pl.DataFrame
    statements: pl.DataFrame


@dataclass(frozen=True)
class _Scored:
    tokens: Tokens
    scores: dict[str, FloatArray]
    links: FloatArray


class Reader:
    """One encoder with its tokenizer and card; `threads` texts are read side by side."""

    def __init__(self, score: Score, tokenizer: Tokenizer, card: dict[str, Any], threads: int = 1) -> None:
        self._score, self.tokenizer, self.card, self._threads = score, tokenizer, card, threads
        self._cls, self._sep = (tokenizer.token_to_id(piece) or 0 for piece in ("[CLS]", "[SEP]"))
        self._ends = [tokenizer.token_to_id(mark) or 0 for mark in ".!?"]
        self._splits = np.cumsum(list(card["heads"].values()))[:-1]
        self._voices: dict[str | None, list[float]] = card.get("voices", {})
        self.revision: str = card["revision"]
        self.languages: tuple[str, ...] = tuple(card["languages"])

    def read(self, texts: Sequence[str]) -> Reading:
        """Mentions and statements of texts of any length, each read once, long ones in overlapping windows."""
        mentions: list[tuple[Any, ...]] = []
        statements: list[tuple[Any, ...]] = []
        for index, (some, others) in enumerate(self._each(self._read_one, texts)):
            mentions += [(index, *row) for row in some]
            statements += [(index, *row) for row in others]
        return Reading(
            pl.DataFrame(mentions, schema=MENTIONS, orient="row"),
            pl.DataFrame(statements, schema=STATEMENTS, orient="row"),
        )

    def polarity(
        self, texts: Sequence[str], targets: Sequence[Sequence[tuple[int, int]]], *, voice: str | None = None
    ) -> list[FloatArray]:
        """Polarity toward targets given as code point spans: per text an array (targets, 3): negative, neutral,
        positive. A span without any word of the text is neutral. `voice`, own or quoted, reads the probabilities as
        those of a whole article's mentions; without it they are those of sentences chosen because they take sides.

        Raises:
            ValueError: a span does not lie in its text.
        """
        for text, spans in zip(texts, targets, strict=True):
            for start, end in spans:
                if not 0 <= start < end <= len(text):
                    raise ValueError(f"target {start}:{end} does not lie in its text of {len(text)} code points")

        def one(pair: tuple[str, Sequence[tuple[int, int]]]) -> FloatArray:
            scored = self._scored(pair[0])
            return np.array([self._polarity(scored, s, e, voice) for s, e in pair[1]], np.float32).reshape(-1, 3)

        return list(self._each(one, list(zip(texts, targets, strict=True))))

    def stance(self, passages: Sequence[str], issues: Sequence[str]) -> FloatArray:
        """Stance of each passage toward the issue beside it: (n, 3): against, neutral, favour.

        A passage longer than the window is read in parts; the answer is their mean, weighted by length.
        """
        answers = list(self._each(self._stance_one, list(zip(passages, issues, strict=True))))
        return decode.softmax(np.array(answers, dtype=np.float32).reshape(-1, 3))

    def _stance_one(self, pair: tuple[str, str]) -> FloatArray:
        passage, issue = tokenize(self.tokenizer, pair)
        room = self.card["window"] + 2
        issue = issue.slice(0, room // 2)
        size = max(8, room - 3 - len(issue))
        total, weight = np.zeros(3, dtype=np.float32), 0
        for start, end, _, _ in windows(len(passage), size, min(self.card["overlap"], size // 4)):
            scores, _ = self._window(passage.slice(start, end), issue)
            total += scores["stance"].sum(axis=0)
            weight += len(scores["stance"])
        return np.asarray(total / weight, dtype=np.float32)

    def _each(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """The work on every item, in order, on the reader's threads: the encoder leaves Python's lock to the others.

        The threads that numpy's own products would start wait for work by spinning, on the cores that the encoder
        needs: a quarter of the time."""
        with threadpool_limits(limits=1, user_api="blas"):
            if self._threads == 1 or len(items) < 2:
                yield from map(work, items)
                return
            with ThreadPoolExecutor(self._threads) as pool:
                yield from pool.map(work, items)

    def _read_one(self, text: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Rows of mentions and statements, without the number of the text."""
        scored = self._scored(text)
        tokens, scores = scored.tokens, scored.scores
        if not len(tokens):
            return [], []
        starts = decode.word_starts(tokens)
        last = np.append(starts[1:], len(tokens)) - 1
        begin, finish = tokens.offsets[starts, 0], tokens.offsets[last, 1]
        words = {k: decode.word_means(scores[k], starts) for k in ("entity", "cue", "source", "content")}
        limits = self.card["thresholds"]
        cues, sources, contents = (
            decode.tag_spans(words[k], limits[k], decode.SWITCH[k]) for k in ("cue", "source", "content")
        )
        sources = decode.unbroken(sources, begin, finish)
        inside = decode.quoted(text)
        # A quotation is of one piece, however many sentences it has.
        ends = np.isin(tokens.ids[starts], self._ends) & ~inside[begin]
        found = decode.statements(cues, sources, contents, starts, scored.links, ends)
        found = [s for s in found if s.probability >= limits["statement"]]
        voice = np.full(len(starts), -1, dtype=np.int64)
        statements: list[tuple[Any, ...]] = []
        for number, statement in enumerate(found):
            content = [(int(begin[c.start]), int(finish[c.end - 1])) for c in statement.content]
            for c in statement.content:
                voice[c.start : c.end] = number
            speaker, cue = (
                (None, None) if span is None else (int(begin[span.start]), int(finish[span.end - 1]))
                for span in (statement.speaker, statement.cue)
            )
            pieces = [{"start": s, "end": e} for s, e in content]
            kind = decode.kind_of(content, inside, text)
            sure = decode.calibrated(statement.probability, self.card["calibration"]["statement"])
            pronouns = [
                {
                    "start": s,
                    "end": e,
                    **dict(zip(POLARITIES, self._polarity(scored, s, e, "quoted").tolist(), strict=True)),
                }
                for c in statement.content
                for s, e in zip(begin[c.start : c.end].tolist(), finish[c.start : c.end].tolist(), strict=True)
                if text[s:e].lower() in PRONOUNS
            ]
            statements.append((number, kind, *speaker, *cue, pieces, pronouns, sure))
        mentions: list[tuple[Any, ...]] = []
        written = [text[s:e] for s, e in zip(begin.tolist(), finish.tolist(), strict=True)]
        for span in decode.entity_spans(decode.consistent(words["entity"], written)):
            start, end = int(begin[span.start]), int(finish[span.end - 1])
            number = int(voice[span.start])
            polarity = self._polarity(scored, start, end, VOICES[number >= 0]).tolist()
            sure = decode.calibrated(span.probability, self.card["calibration"]["entity"])
            mentions.append((start, end, span.type, sure, *polarity, None if number < 0 else number))
        return mentions, statements

    def _polarity(self, scored: _Scored, start: int, end: int, voice: str | None) -> FloatArray:
        """(3,): the mean of the polarity scores of the pieces inside a code point span, as probabilities."""
        first, last = scored.tokens.pieces(start, end)
        if first >= last:
            return np.array([0, 1, 0], dtype=np.float32)
        scores = scored.scores["polarity"][first:last].mean(axis=0)
        slope, *bias = self._voices.get(voice, (1.0, 0.0, 0.0, 0.0))
        return decode.softmax(slope * scores + np.array(bias, dtype=np.float32))

    def _scored(self, text: str) -> _Scored:
        """Every piece of the text with the scores of the window in which it stands farthest from an edge."""
        (tokens,) = tokenize(self.tokenizer, [text])
        kept: list[tuple[dict[str, FloatArray], FloatArray]] = []
        for start, end, keep_from, keep_to in windows(len(tokens), self.card["window"], self.card["overlap"]):
            scores, links = self._window(tokens.slice(start, end))
            keep = slice(1 + keep_from - start, 1 + keep_to - start)  # [CLS] stands first
            # Link vectors are the widest of all, and need the fewest digits.
            kept.append(({h: s[keep] for h, s in scores.items()}, links[keep].astype(np.float16)))
        scores = {h: np.concatenate([s[h] for s, _ in kept]) for h in self.card["heads"]}
        return _Scored(tokens, scores, np.concatenate([links for _, links in kept]))

    def _window(self, *parts: Tokens) -> tuple[dict[str, FloatArray], FloatArray]:
        """The scores by head, and the links, of one window: [CLS], then each part with [SEP] after it."""
        length = 1 + sum(len(part) + 1 for part in parts)
        ids, segments, case = np.zeros((3, length), dtype=np.int64)
        ids[0] = self._cls
        at = 1
        for segment, part in enumerate(parts):
            n = len(part)
            ids[at : at + n], ids[at + n] = part.ids, self._sep
            case[at : at + n] = part.case
            segments[at : at + n + 1] = segment
            at += n + 1
        scores, links = self._score(ids, segments, case)
        heads = zip(self.card["heads"], np.split(scores, self._splits, axis=-1), strict=True)
        return {h: s / np.float32(self.card["temperatures"][h]) for h, s in heads}, links


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
    # Windows side by side use the cores better than the threads of one matrix product.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "reader.onnx", options, providers=["CPUExecutionProvider"])
    return Reader(session_score(session), Tokenizer.from_file(str(folder / "tokenizer.json")), card, threads)


def session_score(session: Any) -> Score:
    """An onnxruntime session as the encoder."""

    def score(ids: IntArray, segments: IntArray, case: IntArray) -> tuple[FloatArray, FloatArray]:
        scores, links = session.run(None, {"ids": ids[None], "segments": segments[None], "case": case[None]})
        return scores[0], links[0]

    return score
