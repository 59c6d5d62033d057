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
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from pipeline.reader import decode
from pipeline.reader.decode import FloatArray
from pipeline.reader.roles import Range, passage, roles
from pipeline.reader.tokens import IntArray, Tokens, tokenize, windows

SHIPPED = Path(__file__).parent / "weights"

# The encoder reads one window at a time: (ids, segments, case), each (length,) -> scores (length, heads), links
# (length, 6 * width) and the judge's values (length, judge width). Nothing is padded, and a window's answer cannot
# depend on what else is read.
Score = Callable[[IntArray, IntArray, IntArray], tuple[FloatArray, FloatArray, FloatArray]]
# One statement's passage is judged on what the encoder computed of it: values (length, judge width) and the role of
# each piece (length,) -> (length, 4): against, neutral, favour toward what stands there and how much it counts; and
# commitment (5,).
Judge = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]

# Whose words a mention stands in: the outlet's or a speaker's. News is mostly neutral in the first and seldom in the
# second, so the card knows for each what the scores of polarity are worth there.
VOICES = ("own", "quoted")
POLARITIES = ("negative", "neutral", "positive")
SIDES = ("against", "neutral", "favour")
COMMITMENTS = ("asserted", "hedged", "denied", "withheld", "asked")

# A slope and three biases that leave the scores of three classes as they are.
AS_READ = (1.0, 0.0, 0.0, 0.0)

T = TypeVar("T")
R = TypeVar("R")

MENTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "probability": pl.Float32,
    "negative": pl.Float32, "neutral": pl.Float32, "positive": pl.Float32, "statement": pl.Int64,
}  # fmt: skip
STATEMENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "statement": pl.Int64, "kind": pl.String, "speaker_start": pl.Int64, "speaker_end": pl.Int64,
    "cue_start": pl.Int64, "cue_end": pl.Int64, "content": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64})),
    "targets": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "against": pl.Float32, "neutral": pl.Float32,
    "favour": pl.Float32, "weight": pl.Float32})), **dict.fromkeys(COMMITMENTS, pl.Float32), "probability": pl.Float32,
}  # fmt: skip
REFERENCES: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.Int64, "start": pl.Int64, "end": pl.Int64, "name_start": pl.Int64, "name_end": pl.Int64,
    "probability": pl.Float32,
}  # fmt: skip
# A target is worth keeping where it is a name, or from this much of a side on: most pronouns are nobody's target.
FAINT = 0.1


class ReaderError(Exception):
    """The reader cannot be loaded or gives nonsense: the message says what, where and what to do."""


@dataclass(frozen=True)
class Reading:
    """What stands in some texts; `text` counts the texts from 0, offsets are half-open code points of that text.

    mentions: text, start, end, type (PER, ORG, LOC, MISC), probability, negative, neutral, positive, statement (its
    number in the text; null = the outlet's own voice).
    statements: text, statement, kind, speaker_start, speaker_end, cue_start, cue_end (null where absent), content (list
    of struct start, end), targets (list of struct start, end, against, neutral, favour, weight: each name, description
    and pronoun of the third person in the statement's sentences, the side that the speaker takes toward it, and how
    much it counts beside the other places that mean the same), asserted, hedged, denied, withheld, asked (how the
    speaker stands to what is said: probabilities), probability.
    references: text, start, end, name_start, name_end, probability: each description and pronoun of the third person,
    and the name that it most likely means.
    """

    mentions: pl.DataFrame
    statements: pl.DataFrame
    references: pl.DataFrame


@dataclass(frozen=True)
class _Scored:
    tokens: Tokens
    scores: dict[str, FloatArray]
    links: FloatArray
    values: FloatArray
    """What the judge reads of each piece, as float16."""


@dataclass(frozen=True)
class Passage:
    """Where one statement is judged: see `pipeline.reader.roles`."""

    within: tuple[int, int, int]
    roles: IntArray
    targets: list[tuple[decode.Span, Range]]
    """What a side may be toward, and the pieces of the passage where it stands."""


@dataclass(frozen=True)
class Parsed:
    """What the tags and links of a text say; spans are words, in text order, ranges are pieces."""

    scored: _Scored
    bounds: IntArray
    begin: IntArray
    finish: IntArray
    inside: npt.NDArray[np.bool_]
    """Which code points stand between quotation marks."""
    stops: npt.NDArray[np.bool_]
    """Which pieces end a sentence."""
    names: list[decode.Span]
    references: list[decode.Span]
    targets: list[decode.Span]
    statements: list[decode.Statement]
    contents: list[decode.Span]
    voice: IntArray
    meant: list[tuple[decode.Span, decode.Span, float]]

    @cached_property
    def faint(self) -> set[decode.Span]:
        """Targets that are mostly nobody's."""
        return set(self.references)

    def chars(self, span: decode.Span) -> tuple[int, int]:
        """Code points of a span."""
        return int(self.begin[span.start]), int(self.finish[span.end - 1])

    def pieces(self, span: decode.Span) -> Range:
        """Pieces of a span."""
        return int(self.bounds[span.start]), int(self.bounds[span.end])

    def passage(self, number: int) -> Passage:
        """Where statement `number` is judged."""
        statement, pieces = self.statements[number], self.pieces
        content = [pieces(c) for c in statement.content]
        speaker, cue = (None if s is None else pieces(s) for s in (statement.speaker, statement.cue))
        within = passage(self.stops, content, [x for x in (speaker, cue) if x])
        nested = [
            pieces(inner)
            for outer in statement.content
            for inner in decode.between(self.contents, outer.start, outer.end)
            if inner.end <= outer.end and self._is_anothers(inner, number)
        ]
        return Passage(within, roles(within, content, speaker, cue, nested), list(self.targets_in(within, speaker)))

    def targets_in(self, within: tuple[int, int, int], speaker: Range | None) -> Iterator[tuple[decode.Span, Range]]:
        """The targets that lie whole in a passage, outside its speaker, and their pieces counted from its first."""
        lead, _, high = within
        for span in decode.between(self.targets, *np.searchsorted(self.bounds, (lead, high)).tolist()):
            first, last = self.pieces(span)
            if last <= high and not (speaker and speaker[0] <= first and last <= speaker[1]):
                yield span, (first - lead, last - lead)

    def _is_anothers(self, content: decode.Span, number: int) -> bool:
        """Whether a span of content is said with another cue: those who speak together say the same."""
        other = int(self.voice[content.start])
        return other not in (-1, number) and self.statements[other].cue != self.statements[number].cue


class Reader:
    """One encoder with its tokenizer and card; `threads` texts are read side by side."""

    def __init__(
        self, score: Score, judge: Judge, tokenizer: Tokenizer, card: dict[str, Any], threads: int = 1
    ) -> None:
        self._score, self._judge = score, judge
        self.tokenizer, self.card, self._threads = tokenizer, card, threads
        self._cls, self._sep = (tokenizer.token_to_id(piece) or 0 for piece in ("[CLS]", "[SEP]"))
        self._ends = [tokenizer.token_to_id(mark) or 0 for mark in ".!?"]
        self._splits = np.cumsum(list(card["heads"].values()))[:-1]
        self._voices: dict[str | None, list[float]] = card.get("voices", {})
        self.revision: str = card["revision"]
        self.languages: tuple[str, ...] = tuple(card["languages"])

    def read(self, texts: Sequence[str]) -> Reading:
        """Mentions and statements of texts of any length, each read once, long ones in overlapping windows."""
        rows: tuple[list[tuple[Any, ...]], ...] = ([], [], [])
        for index, found in enumerate(self._each(self._read_one, texts)):
            for table, own in zip(rows, found, strict=True):
                table += [(index, *row) for row in own]
        schemas = (MENTIONS, STATEMENTS, REFERENCES)
        return Reading(*(pl.DataFrame(t, schema=s, orient="row") for t, s in zip(rows, schemas, strict=True)))

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

    def stance(self, passages: Sequence[str], issues: Sequence[str], *, of_statements: bool = False) -> FloatArray:
        """Stance of each passage toward the issue beside it: (n, 3): against, neutral, favour.

        A passage longer than the window is read in parts; the answer is their mean, weighted by length. With
        `of_statements` the probabilities are those of statements near an issue's name, as the stage `stance` asks
        (`pipeline.labels.issue_passage`); without it they are those of sentences on the issue.
        """
        answers = list(self._each(self._stance_one, list(zip(passages, issues, strict=True))))
        line = self.card["issues"] if of_statements else AS_READ
        return decode.scaled(np.array(answers, dtype=np.float32).reshape(-1, 3), line)

    def _stance_one(self, pair: tuple[str, str]) -> FloatArray:
        passage, issue = tokenize(self.tokenizer, pair)
        room = self.card["window"] + 2
        issue = issue.slice(0, room // 2)
        size = max(8, room - 3 - len(issue))
        total, weight = np.zeros(3, dtype=np.float32), 0
        for start, end, _, _ in windows(len(passage), size, min(self.card["overlap"], size // 4)):
            raw, _, _ = self._window(passage.slice(start, end), issue)
            scores = self._by_head(raw)["stance"]
            total += scores.sum(axis=0)
            weight += len(scores)
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

    def _read_one(self, text: str) -> tuple[list[tuple[Any, ...]], ...]:
        """Rows of mentions, statements and references, without the number of the text."""
        parsed = self.parse(text)
        if parsed is None:
            return [], [], []
        chars, scored = parsed.chars, parsed.scored
        statements: list[tuple[Any, ...]] = []
        for number, statement in enumerate(parsed.statements):
            content = [chars(c) for c in statement.content]
            speaker, cue = (
                (None, None) if span is None else chars(span) for span in (statement.speaker, statement.cue)
            )
            pieces = [{"start": s, "end": e} for s, e in content]
            kind = decode.kind_of(content, parsed.inside, text)
            sure = decode.calibrated(statement.probability, self.card["calibration"]["statement"])
            commitment, sides = self._judged(parsed, number)
            rows = [{"start": chars(t)[0], "end": chars(t)[1], **side} for t, side in sides]
            statements.append((number, kind, *speaker, *cue, pieces, rows, *commitment, sure))
        mentions: list[tuple[Any, ...]] = []
        for span in parsed.names:
            start, end = chars(span)
            number = int(parsed.voice[span.start])
            polarity = self._polarity(scored, start, end, VOICES[number >= 0]).tolist()
            sure = decode.calibrated(span.probability, self.card["calibration"]["entity"])
            mentions.append((start, end, span.type, sure, *polarity, None if number < 0 else number))
        return mentions, statements, [(*chars(r), *chars(n), sure) for r, n, sure in parsed.meant]

    def parse(self, text: str) -> Parsed | None:
        """Everything that the tags and links of one text say; None where it holds no word."""
        scored = self._scored(text)
        tokens, scores = scored.tokens, scored.scores
        if not len(tokens):
            return None
        starts = decode.word_starts(tokens)
        bounds = np.append(starts, len(tokens))
        begin, finish = tokens.offsets[starts, 0], tokens.offsets[bounds[1:] - 1, 1]
        words = {k: decode.word_means(scores[k], starts) for k in ("entity", "cue", "source", "content", "reference")}
        limits = self.card["thresholds"]
        cues, sources, contents, references = (
            decode.tag_spans(words[k], limits[k], decode.SWITCH[k]) for k in ("cue", "source", "content", "reference")
        )
        sources = decode.unbroken(sources, begin, finish)
        # A quotation is of one piece, however many sentences it has.
        inside, stops = decode.quoted(text), np.isin(tokens.ids, self._ends)
        ends = stops[starts] & ~inside[begin]
        found = decode.statements(cues, sources, contents, starts, scored.links, ends)
        found = [s for s in found if s.probability >= limits["statement"]]
        written = [text[s:e] for s, e in zip(begin.tolist(), finish.tolist(), strict=True)]
        names = decode.entity_spans(decode.consistent(words["entity"], written))
        names = decode.whole_names(names, text, begin, finish)
        found = decode.apart(found, names, written)
        voice = np.full(len(starts), -1, dtype=np.int64)
        # What a statement inside another one says is the inner speaker's.
        for number in sorted(range(len(found)), key=lambda n: -sum(c.end - c.start for c in found[n].content)):
            for c in found[number].content:
                voice[c.start : c.end] = number
        # A description inside a name is a part of it; one around a name is somebody else: "the Russian president".
        is_named = np.zeros(len(starts), dtype=bool)
        for name in names:
            is_named[name.start : name.end] = True
        references = [r for r in references if not is_named[r.start : r.end].all()]
        is_known = is_named.copy()
        for reference in references:
            is_known[reference.start : reference.end] = True
        speakers = {s.speaker for s in found if s.speaker and not is_known[s.speaker.start : s.speaker.end].any()}
        asked = {(r.start, r.end): r for r in [*speakers, *references]}
        meant = decode.names_meant(decode.in_order(asked.values()), names, written, bounds, scored.links)
        targets = decode.in_order([*names, *references, *decode.repeated(names, written, is_named)])
        return Parsed(
            scored, bounds, begin, finish, inside, stops, names, references, targets, found, contents, voice, meant
        )

    def _judged(self, parsed: Parsed, number: int) -> tuple[list[float], list[tuple[decode.Span, dict[str, float]]]]:
        """Commitment of statement `number`, and each target in its passage with its side and weight."""
        passage = parsed.passage(number)
        part = slice(passage.within[0], passage.within[2])
        answers, commitment = self._judge(parsed.scored.values[part], passage.roles)
        rows = decode.toward(answers, [place for _, place in passage.targets], self.card["sides"])
        sides = [
            (target, dict(zip((*SIDES, "weight"), row, strict=True)))
            for (target, _), row in zip(passage.targets, rows.tolist(), strict=True)
            if target not in parsed.faint or row[1] <= 1 - FAINT
        ]
        likely = decode.softmax(commitment + np.array(self.card["commitment"], dtype=np.float32))
        return likely.tolist(), sides

    def _polarity(self, scored: _Scored, start: int, end: int, voice: str | None) -> FloatArray:
        """(3,): the mean of the polarity scores of the pieces inside a code point span, as probabilities."""
        first, last = scored.tokens.pieces(start, end)
        if first >= last:
            return np.array([0, 1, 0], dtype=np.float32)
        scores = scored.scores["polarity"][first:last].mean(axis=0)
        return decode.scaled(scores, self._voices.get(voice, AS_READ))

    def _scored(self, text: str) -> _Scored:
        """Every piece of the text with the scores of the window in which it stands farthest from an edge."""
        (tokens,) = tokenize(self.tokenizer, [text])
        kept: list[tuple[FloatArray, ...]] = []
        for start, end, keep_from, keep_to in windows(len(tokens), self.card["window"], self.card["overlap"]):
            scores, links, values = self._window(tokens.slice(start, end))
            keep = slice(1 + keep_from - start, 1 + keep_to - start)  # [CLS] stands first
            # The widest of all need the fewest digits.
            kept.append((scores[keep], links[keep].astype(np.float16), values[keep].astype(np.float16)))
        raw, links, values = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        return _Scored(tokens, self._by_head(raw), links, values)

    def _by_head(self, scores: FloatArray) -> dict[str, FloatArray]:
        heads = zip(self.card["heads"], np.split(scores, self._splits, axis=-1), strict=True)
        return {h: s / np.float32(self.card["temperatures"][h]) for h, s in heads}

    def _window(self, *parts: Tokens) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scores, links and the judge's values of one window: [CLS], then each part with [SEP] after it."""
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
        return self._score(ids, segments, case)


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
    folder = folder or SHIPPED
    card = load_card(folder)
    if lacking := {"reader.onnx", "judge.onnx", "tokenizer.json"} - set(card["sha256"]):
        raise ReaderError(
            f"{folder} is a reader of an earlier version: its card has no {', '.join(sorted(lacking))}; export it "
            "again (docs/reader.md) or leave STANDPOINT_READER out"
        )
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
    encoder = open_session(folder / "reader.onnx")
    if "values" not in {output.name for output in encoder.get_outputs()}:
        raise ReaderError(
            f"{folder} is a reader of an earlier version: its encoder gives the judge no values; export it again "
            "(docs/reader.md) or leave STANDPOINT_READER out"
        )
    return Reader(
        encoder_of(encoder),
        judge_of(open_session(folder / "judge.onnx")),
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        card,
        threads,
    )


def open_session(path: Path) -> Any:
    """An onnxruntime session of one thread that gives the same numbers on every processor."""
    import onnxruntime  # only a process that reads pays for loading it

    options = onnxruntime.SessionOptions()
    # Windows side by side use the cores better than the threads of one matrix product.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The int8 products of a processor without VNNI overflow 16 bits where two neighbours are large, and its numbers
    # differ from those of one that has it. This costs a tenth of the time there, and two thirds where it is not needed.
    if not has_vnni():
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def has_vnni() -> bool:
    """Whether the processor says that it multiplies int8 without overflow; False where it does not say."""
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def encoder_of(session: Any) -> Score:
    """An onnxruntime session as the encoder."""

    def score(ids: IntArray, segments: IntArray, case: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        scores, links, values = session.run(None, {"ids": ids[None], "segments": segments[None], "case": case[None]})
        return scores[0], links[0], values[0]

    return score


def judge_of(session: Any) -> Judge:
    """An onnxruntime session as the judge of statements."""

    def judge(values: FloatArray, roles: IntArray) -> tuple[FloatArray, FloatArray]:
        pieces, commitment = session.run(None, {"values": values[None].astype(np.float32), "roles": roles[None]})
        return pieces[0], commitment[0]

    return judge
